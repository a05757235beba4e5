import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKET_MINUTES } from '../anomaly.ts';
import { checkRule } from '../rule-check.ts';
import { emptyFacts, setLines } from '../rule-facts.ts';
import { type KeyMemory, type WalkedRule, walkRule } from '../rule-walk.ts';

/** A Monday, midnight UTC. */
const START = Math.floor(Date.UTC(2026, 8, 7) / 60_000);
const WEEK = 7 * 1440;
const JUDGED = { from: START + 4 * WEEK, to: START + 5 * WEEK };

/** Small and good enough: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A count of a Poisson process; of many, its normal approximation. */
function poisson(mean: number, next: () => number): number {
  if (mean > 60) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  let [count, product] = [0, next()];
  for (const limit = Math.exp(-mean); product > limit; product *= next()) count++;
  return count;
}

/** Five weeks of traffic with days, nights and weekends; `factor` for what is special. */
function traffic(perMinute: number, seed: number, factor: (minute: number) => number): Map<number, number> {
  const next = random(seed);
  const values = new Map<number, number>();
  for (let start = START; start < JUDGED.to; start += BUCKET_MINUTES) {
    const day = Math.floor((start - START) / 1440) % 7;
    const hour = ((start - START) % 1440) / 60;
    const shape = (1 - 0.7 * Math.cos((hour / 24) * 2 * Math.PI)) * (day >= 5 ? 0.5 : 1);
    values.set(start, poisson(perMinute * BUCKET_MINUTES * shape * factor(start), next));
  }
  return values;
}

function ruleOf(rule: object): WalkedRule {
  const checked = checkRule(rule);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return { ...checked.value, appId: 1 };
}

/** Evaluations of the fifth week at which the rule began to fire. */
function firings(rule: WalkedRule, values: Map<number, number>): number[] {
  const facts = emptyFacts(1, { from: JUDGED.from - 10, to: JUDGED.to });
  const minutes = Array.from({ length: WEEK + 10 }, (_, at) => JUDGED.from - 10 + at);
  setLines(facts, minutes, null);
  facts.buckets.set('requests', new Map([['', values]]));
  const transitions = walkRule(rule, facts, JUDGED, new Map<string, KeyMemory>());
  return transitions.filter(({ transition }) => transition.to === 'firing').map(({ minute }) => minute);
}

const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const rate = fc.constantFrom(0.05, 0.5, 5, 50, 1000);

test('a week of ordinary traffic, from three requests an hour to a thousand a minute, pages nobody', () => {
  const collapse = ruleOf({ kind: 'trafficCollapse' });
  const anomaly = ruleOf({ kind: 'anomaly', settings: { metric: 'requests' } });
  fc.assert(
    fc.property(seed, rate, (from, perMinute) => {
      const values = traffic(perMinute, from, () => 1);
      expect(firings(collapse, values)).toEqual([]);
      // Three of four buckets beyond four times the scatter: chance does that next to never.
      expect(firings(anomaly, values).length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 8 },
  );
});

test('an outage that leaves no failed request pages within 20 minutes where traffic is enough to tell, once', () => {
  const collapse = ruleOf({ kind: 'trafficCollapse' });
  fc.assert(
    fc.property(
      seed,
      fc.integer({ min: 10 * 60, max: 19 * 60 }),
      fc.constantFrom(60, 200),
      (from, at, perMinute) => {
        const begins = JUDGED.from + 1440 + at;
        const values = traffic(perMinute, from, (minute) =>
          minute >= begins && minute < begins + 60 ? 0.02 : 1,
        );
        const fired = firings(collapse, values);
        expect(fired).toHaveLength(1);
        expect((fired[0] ?? 0) - begins).toBeLessThanOrEqual(20);
        expect((fired[0] ?? 0) - begins).toBeGreaterThanOrEqual(10);
      },
    ),
    { numRuns: 8 },
  );
});

test('a past outage does not make the next one usual', () => {
  const collapse = ruleOf({ kind: 'trafficCollapse' });
  const begins = JUDGED.from + 1440 + 600;
  const isDown = (minute: number) => [begins, begins - WEEK].some((at) => minute >= at && minute < at + 60);
  const values = traffic(100, 7, (minute) => (isDown(minute) ? 0 : 1));
  expect(firings(collapse, values)).toEqual([begins + 15]);
});
