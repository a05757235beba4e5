import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  budgetByVersion,
  budgetOf,
  countSlices,
  crossLevels,
  exhaustedAt,
  isAtMost,
  leastHealthy,
  pooledBudget,
  projectedRemaining,
  rangesByVersion,
  recoveries,
  SLICE_UNITS,
} from './budget.ts';
import type { Period } from './slo.ts';
import { targetOf } from './target.ts';
import { MinuteSeries, withoutRanges } from './window-sums.ts';

const T999 = targetOf('0.999');
const MONTH: Period = { kind: 'rolling', days: 30 };

function budget(events: number, bad: number, target = T999) {
  return budgetOf([{ events, bad, target }]);
}

describe('remaining', () => {
  test('is 1 − bad ÷ (events × (1 − target)), null without events, below 0 when overspent', () => {
    expect(budget(2_016_989, 1140).remaining).toBeCloseTo(1 - 1140 / 2016.989, 12);
    expect(budget(1000, 1).remaining).toBe(0);
    expect(budget(1000, 3).remaining).toBe(-2);
    expect(budget(1000, 0).remaining).toBe(1);
    expect(budget(0, 0).remaining).toBeNull();
    // 1 − 7 × 0.1 is 0.29999999999999993 in floats.
    expect(budget(1000, 70, targetOf('0.9')).remaining).toBe(0.3);
  });

  test('levels are decided exactly', () => {
    expect(isAtMost(budget(1000, 1), 0)).toBe(true);
    expect(isAtMost(budget(1001, 1), 0)).toBe(false);
    expect(isAtMost(budget(100_000, 90), 10)).toBe(true);
    expect(isAtMost(budget(100_001, 90), 10)).toBe(false);
    expect(isAtMost(budget(0, 0), 50)).toBe(false);
  });
});

describe('versions', () => {
  const series = new MinuteSeries(
    0,
    Array.from({ length: 300 }, (_, minute) => ({ events: 100, bad: minute % 50 === 0 ? 3 : 0 })),
  );
  const versions = [
    { validFrom: 10, validTo: 100, target: targetOf('0.99') },
    { validFrom: 100, validTo: 200, target: targetOf('0.999') },
    { validFrom: 200, validTo: null, target: targetOf('0.9') },
  ];
  const sum = (from: number, to: number) => series.sum(from, to);

  test('each minute is judged by the version valid in it; what lies before the first belongs to it', () => {
    expect(rangesByVersion(versions, { from: 0, to: 250 }).map(({ from, to }) => [from, to])).toEqual([
      [0, 100],
      [100, 200],
      [200, 250],
    ]);
    const { events, bad, allowed } = budgetByVersion(versions, { from: 0, to: 300 }, sum);
    expect([events, bad]).toEqual([30_000, 18]);
    // 10,000 at 1 %, 10,000 at 0.1 %, 10,000 at 10 %.
    expect(Number(allowed.n) / Number(allowed.d)).toBe(100 + 10 + 1000);
  });

  test('a new target does not rewrite what was', () => {
    const before = budgetByVersion(versions, { from: 0, to: 200 }, sum);
    const stricter = [
      ...versions.slice(0, 2),
      { validFrom: 200, validTo: null, target: targetOf('0.99999') },
    ];
    expect(budgetByVersion(stricter, { from: 0, to: 200 }, sum)).toEqual(before);
  });

  test('naively, minute by minute, it is the same', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.nat(300), fc.nat(300), (a, b, c, d) => {
        const [from = 0, first = 0, second = 0, to = 0] = [a, b, c, d].sort((x, y) => x - y);
        const spans = [
          { validFrom: from, validTo: first, target: targetOf('0.99') },
          { validFrom: first, validTo: second, target: targetOf('0.5') },
          { validFrom: second, validTo: null, target: targetOf('0.9') },
        ];
        let allowed = 0;
        for (let minute = from; minute < to; minute++) {
          // In hundredths of an event.
          allowed += 100 * (minute < first ? 1 : minute < second ? 50 : 10);
        }
        const found = budgetByVersion(spans, { from, to }, sum).allowed;
        expect(Number(found.n * 100n) / Number(found.d)).toBe(allowed);
      }),
      { numRuns: 100 },
    );
  });

  test('corrected minutes leave both sides', () => {
    const corrected = withoutRanges(series, [{ from: 45, to: 55 }]);
    const { events, bad } = budgetByVersion(versions, { from: 0, to: 100 }, (from, to) =>
      corrected.sum(from, to),
    );
    expect([events, bad]).toEqual([9000, 3]);
  });
});

describe('budget alerts', () => {
  const LEVELS = [50, 25, 10, 0];
  /** A budget of 100 bad events with so many spent. */
  const spent = (bad: number) => budget(100_000, bad);

  test('each level is told once', () => {
    const first = crossLevels([], spent(60), LEVELS);
    expect(first).toEqual({ crossed: [50], told: [50] });
    expect(crossLevels(first.told, spent(61), LEVELS).crossed).toEqual([]);
    expect(crossLevels(first.told, spent(92), LEVELS)).toEqual({ crossed: [25, 10], told: [50, 25, 10] });
    expect(crossLevels([50, 25, 10], spent(120), LEVELS).crossed).toEqual([0]);
  });

  test('and again only after the budget was more than five points above it', () => {
    const told = crossLevels([], spent(50), LEVELS).told;
    expect(crossLevels(told, spent(45), LEVELS).told).toEqual([50]);
    expect(crossLevels(told, spent(44), LEVELS).told).toEqual([]);
    expect(crossLevels([], spent(50), LEVELS).crossed).toEqual([50]);
  });

  test('without events nothing changes; a level that is no longer wanted is forgotten', () => {
    expect(crossLevels([50], budget(0, 0), LEVELS)).toEqual({ crossed: [], told: [50] });
    expect(crossLevels([50, 25], spent(90), [50]).told).toEqual([50]);
  });
});

describe('looking ahead', () => {
  test('the budget is used up after remaining × period ÷ burn', () => {
    expect(exhaustedAt(MONTH, 1, 14.4, 1000, 1000)).toBe(1000 + 50 * 60);
    expect(exhaustedAt(MONTH, 0.5, 6, 1000, 1000)).toBe(1000 + 2.5 * 1440);
    expect(exhaustedAt(MONTH, -0.2, 6, 1000, 1000)).toBe(1000);
  });

  test('a rolling one lasts at a burn of 1, a calendar one when it ends first', () => {
    expect(exhaustedAt(MONTH, 0.5, 1, 0, 0)).toBeNull();
    expect(exhaustedAt(MONTH, null, 5, 0, 0)).toBeNull();
    const calendar: Period = { kind: 'calendar', unit: 'month', zone: 'UTC' };
    expect(exhaustedAt(calendar, 0.5, 1, 0, 14 * 1440)).toBeNull();
    expect(exhaustedAt(calendar, 0.5, 1, 0, 16 * 1440)).toBe(15 * 1440);
  });

  test('what remains of the projected volume is the calendar period’s second number', () => {
    expect(budget(10_000, 8).remaining).toBeCloseTo(0.2);
    expect(projectedRemaining({ events: 10_000, bad: 8 }, 100_000, T999)).toBeCloseTo(0.92);
    expect(projectedRemaining({ events: 10_000, bad: 8 }, 0, T999)).toBeCloseTo(0.2);
    expect(projectedRemaining({ events: 0, bad: 0 }, 0, T999)).toBeNull();
  });

  test('what was spent comes back when it has aged out: neighbours as one, crumbs not at all', () => {
    const day = (n: number, bad: number) => ({ from: n * 1440, to: (n + 1) * 1440, bad });
    const found = recoveries(
      [day(0, 100), day(1, 200), day(2, 0), day(3, 5), day(5, 400)],
      budget(1_000_000, 705).allowed,
      30,
    );
    expect(found).toEqual([
      { atMinute: 32 * 1440, share: 0.3 },
      { atMinute: 36 * 1440, share: 0.4 },
    ]);
  });
});

describe('composites', () => {
  test('pool their members’ counts, and are as healthy as the least healthy', () => {
    const pooled = pooledBudget(
      [
        { events: 900, bad: 0 },
        { events: 100, bad: 5 },
      ],
      targetOf('0.99'),
    );
    expect([pooled.events, pooled.bad, pooled.remaining]).toEqual([1000, 5, 0.5]);
    const worstFirst = ['page', 'ticket', 'noData', 'ok'] as const;
    expect(leastHealthy(['ok', 'page', 'ticket'], worstFirst)).toBe('page');
    expect(leastHealthy(['ok', 'noData'], worstFirst)).toBe('noData');
    expect(leastHealthy([], worstFirst)).toBeNull();
  });
});

describe('time slices', () => {
  const slices = { kind: 'timeslices', sliceMinutes: 5, sliceTarget: '0.95' } as const;
  const minutes = (events: number | null, bad: number, length = 5) =>
    Array.from({ length }, () => ({ events, bad }));

  test('a slice is bad when its good share is under the slice target, however busy it was', () => {
    const night = minutes(2, 1);
    const day = minutes(10_000, 500);
    const worse = minutes(10_000, 501);
    expect(countSlices([...night, ...day, ...worse], slices)).toEqual({ events: 3, bad: 2 });
  });

  test('without events it is good while the drain was alive, and left out while not', () => {
    expect(countSlices(minutes(0, 0), slices)).toEqual({ events: 1, bad: 0 });
    expect(countSlices(minutes(null, 0), slices)).toEqual({ events: 0, bad: 0 });
    expect(countSlices([...minutes(null, 0, 4), ...minutes(10, 10, 1)], slices)).toEqual({
      events: 1,
      bad: 1,
    });
  });

  test('the one that is still open is left out', () => {
    expect(countSlices(minutes(10, 10, 9), slices)).toEqual({ events: 1, bad: 1 });
  });

  test('a slice target of 1 allows no bad event at all', () => {
    const strict = { ...slices, sliceTarget: '1' };
    expect(countSlices([...minutes(1000, 0), ...minutes(1000, 1)], strict)).toEqual({ events: 2, bad: 1 });
  });

  test('ratio time slices are the mean of the slices’ shares', () => {
    const ratio = { ...slices, kind: 'ratioTimeslices' } as const;
    const count = countSlices([...minutes(2, 1), ...minutes(10_000, 1000)], ratio);
    expect(count).toEqual({ events: 2 * SLICE_UNITS, bad: 0.6 * SLICE_UNITS });
    // The mean is 70 % good; of a target of 50 % three fifths are spent.
    expect(budgetOf([{ ...count, target: targetOf('0.5') }]).remaining).toBe(0.4);
  });
});
