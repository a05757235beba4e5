import { describe, expect, test } from 'vitest';
import { burnRate, compileTier, isAbove, judgeTier, readingOf } from './burn.ts';
import type { Tier } from './slo.ts';
import { targetOf } from './target.ts';
import type { WindowSum } from './window-sums.ts';

const TIER: Tier = {
  severity: 'page',
  longMinutes: 60,
  shortMinutes: 5,
  factor: 14.4,
  forMinutes: 0,
  keepFiringMinutes: 0,
  minBad: 5,
};
const compiled = compileTier(TIER, targetOf('0.999'));

function sum(events: number, bad: number, unknown = 0, covered = 60): WindowSum {
  return { events, bad, unknown, covered };
}

describe('above', () => {
  test('is strict, and exact beyond what a float can hold', () => {
    expect(isAbove(compiled, { events: 100_000, bad: 1440 })).toBe(false);
    expect(isAbove(compiled, { events: 100_000, bad: 1441 })).toBe(true);
    const events = 1_000_000_000_000_000;
    const exact = compileTier({ ...TIER, factor: 14.4 }, targetOf('0.999999999'));
    expect(isAbove(exact, { events, bad: 14_400_000 })).toBe(false);
    expect(isAbove(exact, { events, bad: 14_400_001 })).toBe(true);
  });

  test('no events are above nothing, not even a factor of 0', () => {
    expect(isAbove(compileTier({ ...TIER, factor: 0 }, targetOf('0.9')), { events: 0, bad: 0 })).toBe(false);
  });

  test('the burn rate that people read is 1 where the budget lasts the period exactly', () => {
    expect(burnRate({ events: 1000, bad: 1 }, targetOf('0.999'))).toBeCloseTo(1, 12);
    expect(burnRate({ events: 0, bad: 0 }, targetOf('0.999'))).toBeNull();
  });
});

describe('a tier', () => {
  test('needs both windows, and its least number of bad events in the long one', () => {
    const judge = (long: WindowSum, short: WindowSum) =>
      judgeTier(compiled, long, short, { useCoverage: false }).isAbove;
    expect(judge(sum(1000, 20), sum(100, 5))).toBe(true);
    expect(judge(sum(1000, 20), sum(100, 0))).toBe(false);
    expect(judge(sum(1000, 10), sum(100, 5))).toBe(false);
    expect(judge(sum(100, 4), sum(100, 4))).toBe(false);
  });

  test('says how much of its long window has data', () => {
    const reading = judgeTier(compiled, sum(1000, 20, 0, 15), sum(10, 10), { useCoverage: true });
    expect(reading).toMatchObject({ coverage: 0.25, isLongAbove: false, isAbove: false });
  });
});

describe('R-05 what a tier may conclude', () => {
  const reading = (long: WindowSum, short: WindowSum) =>
    readingOf(judgeTier(compiled, long, short, { useCoverage: false }), null);

  test('above is above, also over a hole', () => {
    expect(reading(sum(1000, 20, 10), sum(100, 5, 2))).toEqual({ isAbove: true, isMissing: null });
  });

  test('A-15 not above with a hole in both windows is not known: firing stays firing', () => {
    expect(reading(sum(1000, 0, 10), sum(100, 0, 2))).toEqual({ isAbove: false, isMissing: 'gap' });
  });

  test('a whole short window that is below is certain, whatever the long one has lost', () => {
    expect(reading(sum(1000, 20, 10), sum(100, 0))).toEqual({ isAbove: false, isMissing: null });
    expect(reading(sum(1000, 0, 10), sum(100, 5))).toEqual({ isAbove: false, isMissing: 'gap' });
    expect(reading(sum(1000, 0), sum(100, 5, 2))).toEqual({ isAbove: false, isMissing: null });
  });

  test('A-14 with the newest minute missing nothing is concluded', () => {
    const tier = judgeTier(compiled, sum(1000, 20), sum(100, 5), { useCoverage: false });
    expect(readingOf(tier, 'noData').isMissing).toBe('noData');
  });
});
