import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AlertMemory, initialMemory, isFiring, step } from './alert.ts';
import { type BacktestOptions, backtest, type FiringInterval } from './backtest.ts';
import { compileTier, readTier } from './burn.ts';
import type { Tier } from './slo.ts';
import { targetOf } from './target.ts';
import { type MinuteCount, MinuteSeries } from './window-sums.ts';

/**
 * The second evaluator: written from the text alone, naive on purpose. It shares no code with the engine: windows
 * are added up anew each time, targets are parts per billion, states are kept as a set of plain variables.
 */
interface NaiveRun {
  minutes: readonly MinuteCount[];
  targetPpb: number;
  factorMilli: number;
  long: number;
  short: number;
  wait: number;
  keep: number;
  minBad: number;
  coverage: boolean;
  hold: boolean;
}

function naiveAbove(run: NaiveRun, n: number, window: number, isLong: boolean): boolean {
  let [events, bad, present] = [0, 0, 0];
  for (let k = n - window; k < n; k++) {
    const minute = run.minutes[k];
    if (minute === undefined || minute.events === null) continue;
    events += minute.events;
    bad += minute.bad;
    present++;
  }
  if (events === 0 || (isLong && bad < run.minBad)) return false;
  const allowed = BigInt(1_000_000_000 - run.targetPpb) * BigInt(run.factorMilli) * BigInt(events);
  const seen = BigInt(bad) * 1_000_000_000n * 1000n;
  return isLong && run.coverage ? seen * BigInt(present) > allowed * BigInt(window) : seen > allowed;
}

function naiveFiring(run: NaiveRun): FiringInterval[] {
  const intervals: FiringInterval[] = [];
  let trueFor = 0; // evaluations, not counting held ones, since the condition became true; 0: it is not
  let falseFor = 0;
  let firing = false;
  for (let n = 1; n <= run.minutes.length; n++) {
    if (run.hold && run.minutes[n - 1]?.events === null) continue;
    const above = naiveAbove(run, n, run.long, true) && naiveAbove(run, n, run.short, false);
    trueFor = above ? trueFor + 1 : 0;
    falseFor = above ? 0 : falseFor + 1;
    if (!firing && above && trueFor - 1 >= run.wait) {
      firing = true;
      intervals.push([n, null]);
    } else if (firing && !above && falseFor - 1 >= run.keep) {
      firing = false;
      const last = intervals.at(-1);
      if (last) last[1] = n;
    }
  }
  return intervals;
}

/** Traffic with long good stretches, bad ones, holes, and quiet times, so that tiers do fire and end. */
const minutesArb: fc.Arbitrary<MinuteCount[]> = fc
  .array(
    fc.record({
      length: fc.integer({ min: 1, max: 25 }),
      events: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2000 })),
      badPercent: fc.oneof(fc.constant(0), fc.constant(100), fc.integer({ min: 0, max: 100 })),
      missingRoll: fc.integer({ min: 0, max: 4 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((stretches) =>
    stretches.flatMap(({ length, events, badPercent, missingRoll }) =>
      Array.from({ length }, () =>
        missingRoll === 0
          ? { events: null, bad: 0 }
          : { events, bad: Math.floor((events * badPercent) / 100) },
      ),
    ),
  );

const runArb: fc.Arbitrary<NaiveRun> = fc.record({
  minutes: minutesArb,
  targetPpb: fc.constantFrom(999_000_000, 990_000_000, 995_000_000, 900_000_000, 500_000_000, 999_999_999),
  factorMilli: fc.constantFrom(14_400, 6_000, 3_000, 1_000, 1_500, 2_000, 333),
  long: fc.integer({ min: 1, max: 60 }),
  short: fc.integer({ min: 1, max: 15 }),
  wait: fc.integer({ min: 0, max: 4 }),
  keep: fc.integer({ min: 0, max: 10 }),
  minBad: fc.constantFrom(0, 1, 5, 50),
  coverage: fc.boolean(),
  hold: fc.boolean(),
});

function tierOf(run: NaiveRun): Tier {
  return {
    severity: 'page',
    longMinutes: run.long,
    shortMinutes: run.short,
    factor: run.factorMilli / 1000,
    forMinutes: run.wait,
    keepFiringMinutes: run.keep,
    minBad: run.minBad,
  };
}

function optionsOf(run: NaiveRun): BacktestOptions {
  return {
    target: targetOf((run.targetPpb / 1e9).toFixed(9)),
    periodMinutes: 43_200,
    tiers: [tierOf(run)],
    useCoverage: run.coverage,
    holdOnMissing: run.hold,
  };
}

describe('the engine and a naive second one', () => {
  test('agree on every firing interval of random series', () => {
    let [fired, ended] = [0, 0];
    fc.assert(
      fc.property(runArb, (run) => {
        const { firing } = backtest(run.minutes, optionsOf(run));
        fired += firing[0]?.length ?? 0;
        ended += firing[0]?.filter(([, to]) => to !== null).length ?? 0;
        expect(firing[0]).toEqual(naiveFiring(run));
      }),
      { numRuns: 1500 },
    );
    // The series must be of the kind that fires and ends, or agreement says nothing.
    expect(fired).toBeGreaterThan(500);
    expect(ended).toBeGreaterThan(200);
  });

  test('agree exactly on the edge, where a float would not', () => {
    // 14.4 × 0.1 % of 100,000 is 1,440 sharp: not above; one more is. In floats 14.4 × (1 − 0.999) is 0.014400000000000013.
    const run = {
      targetPpb: 999_000_000,
      factorMilli: 14_400,
      long: 1,
      short: 1,
      wait: 0,
      keep: 0,
      minBad: 0,
    };
    const firing = (bad: number) =>
      backtest([{ events: 100_000, bad }], optionsOf({ ...run, coverage: false, hold: false, minutes: [] }))
        .firing[0];
    expect(firing(1440)).toEqual([]);
    expect(firing(1441)).toEqual([[1, null]]);
  });
});

test('stepping minute by minute, with the state stored between, is the same as starting from scratch at any minute', () => {
  fc.assert(
    fc.property(runArb, fc.nat(), (run, cut) => {
      const options = optionsOf(run);
      const at = cut % (run.minutes.length + 1);
      const whole = backtest(run.minutes, options).firing[0] ?? [];
      const part = backtest(run.minutes.slice(0, at), options).firing[0] ?? [];
      // What was said by minute `at` is what the whole run said of the time up to then.
      const until = whole
        .filter(([from]) => from <= at)
        .map(([from, to]): FiringInterval => [from, to !== null && to <= at ? to : null]);
      expect(part).toEqual(until);
      expect(isFiring(continued(run, at))).toBe(whole.at(-1)?.[1] === null);
    }),
    { numRuns: 300 },
  );
});

/** Memory at the end of a run that was interrupted at `cut`: stored as JSON and taken up by another process. */
function continued(run: NaiveRun, cut: number): AlertMemory {
  const series = new MinuteSeries(0, run.minutes);
  const compiled = compileTier(tierOf(run), targetOf((run.targetPpb / 1e9).toFixed(9)));
  const timing = { ...tierOf(run), holdOnMissing: run.hold };
  let memory = initialMemory(0);
  for (let n = 1; n <= run.minutes.length; n++) {
    if (n - 1 === cut) memory = JSON.parse(JSON.stringify(memory)) as AlertMemory;
    const { isAbove } = readTier(compiled, series, n, { useCoverage: run.coverage });
    const isMissing = run.minutes[n - 1]?.events === null ? 'noData' : null;
    memory = step(memory, { isAbove, isMissing }, n, timing).memory;
  }
  return memory;
}
