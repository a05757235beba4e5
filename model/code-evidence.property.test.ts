import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearnessOf, partsOf, weightedQuantile } from './code-evidence.ts';

const item = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e', ''),
  weight: fc.integer({ min: 1, max: 100 }),
});

describe('parts', () => {
  test('shares of what is listed and of the others add up to one, biggest first', () => {
    fc.assert(
      fc.property(
        fc.array(item, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (items, max) => {
          const { rows, others } = partsOf(items, undefined, max);
          const sum = rows.reduce((all, row) => all + row.share, others.share);
          expect(sum).toBeCloseTo(1, 9);
          expect(rows.length + others.keys).toBe(new Set(items.map((one) => one.key)).size);
          expect(rows.map((row) => row.share)).toEqual(rows.map((row) => row.share).sort((a, b) => b - a));
          expect(rows.every((row) => row.baseline === null)).toBe(true);
        },
      ),
    );
  });

  test('the baseline is a part’s share of all requests, none for a part that has no request', () => {
    const requests = new Map([
      ['a', 30],
      ['z', 10],
    ]);
    const { rows } = partsOf(
      [
        { key: 'a', weight: 1 },
        { key: 'b', weight: 3 },
      ],
      requests,
      8,
    );
    expect(rows).toEqual([
      { key: 'b', share: 0.75, baseline: 0 },
      { key: 'a', share: 0.25, baseline: 0.75 },
    ]);
    expect(partsOf([], requests, 8)).toEqual({ rows: [], others: { keys: 0, share: 0 } });
  });
});

describe('weighted quantile', () => {
  test('is the plain one of values repeated by their weight', () => {
    const values = fc.array(
      fc.record({ value: fc.integer({ min: 0, max: 500 }), weight: fc.integer({ min: 1, max: 9 }) }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.95, 1), (items, q) => {
        const all = items
          .flatMap(({ value, weight }) => new Array<number>(weight).fill(value))
          .sort((a, b) => a - b);
        expect(weightedQuantile(items, q)).toBe(all[Math.max(0, Math.ceil(q * all.length - 1e-9) - 1)]);
      }),
    );
    expect(weightedQuantile([], 0.5)).toBeNull();
  });
});

describe('nearness to restarts', () => {
  const range = { fromMs: 0, toMs: 1_000_000, withinMs: 30_000 };
  test('a restart of another dyno does not count', () => {
    const items = [
      { dyno: 'web.1', atMs: 100_000, weight: 3 },
      { dyno: 'web.2', atMs: 100_000, weight: 1 },
      { dyno: '', atMs: 100_000, weight: 50 },
    ];
    const { near, byChance } = nearnessOf(items, [{ dyno: 'web.1', atMs: 129_000 }], range);
    expect(near).toBe(0.75);
    expect(byChance).toBeCloseTo(0.75 * 0.06, 9);
  });

  test('chance is never above one, however many restarts there are, and near is within 0 and 1', () => {
    const instant = fc.record({
      dyno: fc.constantFrom('web.1', 'web.2'),
      atMs: fc.integer({ min: 0, max: 999_999 }),
      weight: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1 }), fc.array(instant), (items, events) => {
        const { near, byChance } = nearnessOf(items, events, range);
        for (const share of [near, byChance]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
    );
  });

  test('without a dyno nothing is said', () => {
    expect(nearnessOf([{ dyno: '', atMs: 5, weight: 1 }], [], range)).toEqual({ near: null, byChance: null });
  });
});
