import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leastDifference, wilson } from './proportion.ts';

const counted = fc
  .record({ of: fc.integer({ min: 1, max: 100_000 }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .map(({ of, share }) => ({ of, hits: Math.round(of * share) }));

test('the interval of a share holds the share and lies within 0 and 1', () => {
  fc.assert(
    fc.property(counted, ({ hits, of }) => {
      const [low, high] = wilson(hits, of);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(low).toBeLessThanOrEqual(hits / of + 1e-12);
      expect(high).toBeGreaterThanOrEqual(hits / of - 1e-12);
    }),
  );
});

test('ten times as many observations make the interval no wider', () => {
  fc.assert(
    fc.property(counted, ({ hits, of }) => {
      const [low, high] = wilson(hits, of);
      const [low10, high10] = wilson(hits * 10, of * 10);
      expect(high10 - low10).toBeLessThanOrEqual(high - low + 1e-12);
    }),
  );
});

test('the least difference is never above the difference, and one share is never more than itself', () => {
  fc.assert(
    fc.property(counted, counted, (a, b) => {
      expect(leastDifference(a, b)).toBeLessThanOrEqual(a.hits / a.of - b.hits / b.of + 1e-12);
      expect(leastDifference(a, a)).toBeLessThanOrEqual(0);
      // Not both can be more than the other.
      expect(Math.min(leastDifference(a, b), leastDifference(b, a))).toBeLessThanOrEqual(0);
    }),
  );
});

test('of 56 of 70 and 48 of 80 the difference is at least 0.0524 (Newcombe 1998, table II, method 10)', () => {
  expect(leastDifference({ hits: 56, of: 70 }, { hits: 48, of: 80 })).toBeCloseTo(0.0524, 4);
});
