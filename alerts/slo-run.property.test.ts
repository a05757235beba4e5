import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFiring } from '../model/alert.ts';
import { backtest, type FiringInterval } from '../model/backtest.ts';
import type { SloDefinition, Tier } from '../model/slo.ts';
import { type HourRow, HourSums, type MinuteCount } from '../model/window-sums.ts';
import { exampleSlo } from '../test/slos.ts';
import type { QuietSpan } from './liveness.ts';
import { compileVersion, type RunResult, type RunState, runMinutes, type SloCase } from './slo-run.ts';
import { SloSource } from './slo-source.ts';

/** Far from zero, and not at the start of an hour. */
const START = 29_000_017;
const FRESH: RunState = { tiers: [], versionId: null, episode: null };

/** Stored hours of a series; hours without events have no row, hours without bad ones an empty list. */
function hoursOf(minutes: readonly MinuteCount[]): HourRow[] {
  const rows = new Map<number, { events: number[]; bad: number[] }>();
  minutes.forEach(({ events, bad }, at) => {
    if (events === null || events === 0) return;
    const hour = Math.floor((START + at) / 60);
    const row = rows.get(hour) ?? { events: Array(60).fill(0), bad: Array(60).fill(0) };
    rows.set(hour, row);
    row.events[(START + at) % 60] = events;
    row.bad[(START + at) % 60] = bad;
  });
  let [cumEvents, cumBad] = [0, 0];
  return [...rows].map(([hour, row]) => {
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    const stored = {
      hour,
      cumEvents,
      cumBad,
      events: row.events,
      bad: sum(row.bad) === 0 ? [] : row.bad,
    };
    cumEvents += sum(row.events);
    cumBad += sum(row.bad);
    return stored;
  });
}

/** Missing minutes as silences that are known at once. */
function silencesOf(minutes: readonly MinuteCount[]): QuietSpan[] {
  const spans: QuietSpan[] = [];
  minutes.forEach(({ events }, at) => {
    const minute = START + at;
    if (events !== null) return;
    const last = spans.at(-1);
    if (last?.to === minute) last.to = minute + 1;
    else spans.push({ from: minute, to: minute + 1, known: minute + 1 });
  });
  return spans;
}

function caseOf(minutes: readonly MinuteCount[], definition: SloDefinition): SloCase {
  const source = new SloSource({
    sums: [new HourSums(hoursOf(minutes))],
    startMinute: START,
    quiet: silencesOf(minutes),
    gaps: [],
    staleFromMinute: null,
    corrected: [],
  });
  const version = { id: 1, validFromS: START * 60, validToS: null, definition };
  return { versions: [compileVersion(version)], source, corrected: [] };
}

const minute = fc.oneof(
  { weight: 6, arbitrary: fc.record({ events: fc.integer({ min: 0, max: 60 }), bad: fc.constant(0) }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
      .map(([a, b]) => ({ events: Math.max(a, b), bad: Math.min(a, b) })),
  },
);
const orMissing = fc.oneof(
  { weight: 9, arbitrary: minute },
  { weight: 1, arbitrary: fc.constant({ events: null, bad: 0 }) },
);
/** Runs of alike minutes, so that something fires and ends. */
const seriesOf = (one: fc.Arbitrary<MinuteCount>) =>
  fc
    .array(fc.tuple(one, fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 25 })
    .map((runs) => runs.flatMap(([count, times]) => Array.from({ length: times }, () => count)));
const tier: fc.Arbitrary<Tier> = fc.record({
  severity: fc.constantFrom('page', 'ticket'),
  longMinutes: fc.integer({ min: 5, max: 180 }),
  shortMinutes: fc.integer({ min: 1, max: 30 }),
  factor: fc.constantFrom(1, 3, 6, 14.4),
  forMinutes: fc.integer({ min: 0, max: 4 }),
  keepFiringMinutes: fc.integer({ min: 0, max: 12 }),
  minBad: fc.constantFrom(0, 1, 5),
});
const tiers = fc.array(tier, { minLength: 1, maxLength: 4 });

/** When each tier was firing, from its transitions. */
function firingOf(result: RunResult, count: number): FiringInterval[][] {
  const intervals: FiringInterval[][] = Array.from({ length: count }, () => []);
  for (const { tier: at, from, to, minute: n } of result.transitions) {
    const own = intervals[at] ?? [];
    if (isFiring({ state: to }) && !isFiring({ state: from })) own.push([n - START, null]);
    const last = own.at(-1);
    if (!isFiring({ state: to }) && isFiring({ state: from }) && last) last[1] = n - START;
  }
  return intervals;
}

describe('evaluations of an objective', () => {
  test('from stored hours they say what the engine says of the same minutes', () => {
    fc.assert(
      fc.property(seriesOf(orMissing), tiers, fc.boolean(), (minutes, list, useCoverage) => {
        const definition = exampleSlo({ target: '0.99', tiers: list, useCoverage, holdOnMissing: false });
        const through = START + minutes.length;
        const result = runMinutes(caseOf(minutes, definition), FRESH, START + 1, through);
        const options = { target: { n: 99n, d: 100n }, periodMinutes: 1, tiers: list, useCoverage };
        expect(firingOf(result, list.length)).toEqual(
          backtest(minutes, { ...options, holdOnMissing: false }).firing,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('minute by minute is the same as in one go, or in any pieces', () => {
    fc.assert(
      fc.property(
        seriesOf(orMissing),
        tiers,
        fc.array(fc.integer({ min: 1, max: 40 })),
        (minutes, list, sizes) => {
          const definition = exampleSlo({ target: '0.99', tiers: list });
          const slo = caseOf(minutes, definition);
          const through = START + minutes.length;
          const whole = runMinutes(slo, FRESH, START + 1, through);
          for (const pieces of [sizes, Array.from({ length: minutes.length }, () => 1)]) {
            const parts: RunResult[] = [];
            let state = FRESH;
            for (let from = START + 1, at = 0; from <= through; at++) {
              const to = Math.min(through, from + (pieces[at] ?? 1000) - 1);
              const part = runMinutes(slo, state, from, to);
              // As it is stored in between.
              state = JSON.parse(JSON.stringify(part.state)) as RunState;
              parts.push(part);
              from = to + 1;
            }
            expect(state).toEqual(whole.state);
            expect(parts.flatMap(({ transitions }) => transitions)).toEqual(whole.transitions);
            expect(parts.flatMap(({ ended }) => ended)).toEqual(whole.ended);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('R-05 nothing resolves while a minute of the windows that say so is missing', () => {
    fc.assert(
      fc.property(seriesOf(orMissing), tiers, (minutes, list) => {
        const definition = exampleSlo({ target: '0.99', tiers: list });
        const result = runMinutes(caseOf(minutes, definition), FRESH, START + 1, START + minutes.length);
        for (const { tier: at, to, minute: n, from } of result.transitions) {
          if (to !== 'ok' || !isFiring({ state: from })) continue;
          const { shortMinutes = 0, longMinutes = 0 } = list[at] ?? {};
          const isWhole = (window: number) =>
            minutes.slice(Math.max(0, n - START - window), n - START).every(({ events }) => events !== null);
          expect(isWhole(shortMinutes) || isWhole(longMinutes)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('an episode begins with the first tier that fires and ends with the last', () => {
    fc.assert(
      fc.property(seriesOf(minute), tiers, (minutes, list) => {
        const definition = exampleSlo({ target: '0.99', tiers: list });
        const slo = caseOf(minutes, definition);
        const result = runMinutes(slo, FRESH, START + 1, START + minutes.length);
        const intervals = firingOf(result, list.length).flat();
        const isOn = (n: number) => intervals.some(([from, to]) => from <= n && (to === null || n < to));
        const expected: FiringInterval[] = [];
        for (let n = 1; n <= minutes.length; n++) {
          if (isOn(n) && !isOn(n - 1)) expected.push([n, null]);
          const last = expected.at(-1);
          if (!isOn(n) && isOn(n - 1) && last) last[1] = n;
        }
        const found: FiringInterval[] = [
          ...result.ended.map(({ from, to }): FiringInterval => [from - START, to - START]),
          ...(result.state.episode === null
            ? []
            : [[result.state.episode.from - START, null] as FiringInterval]),
        ];
        expect(found).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
