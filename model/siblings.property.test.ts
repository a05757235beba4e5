import fc from 'fast-check';
import { expect, test } from 'vitest';
import { besideColumns, besideSiblings } from './siblings.ts';

const values = fc.array(fc.option(fc.integer({ min: -1000, max: 1000 }), { nil: null }), { maxLength: 12 });

test('the median lies between least and most, whatever the order, and what is not known is left out', () => {
  fc.assert(
    fc.property(values, fc.integer(), (siblings, own) => {
      const known = siblings.filter((value) => value !== null);
      const beside = besideSiblings(own, siblings);
      expect(besideSiblings(own, [...siblings].reverse())).toEqual(beside);
      if (known.length === 0) expect(beside).toEqual({ own, median: null, low: null, high: null });
      else {
        expect([beside.low, beside.high]).toEqual([Math.min(...known), Math.max(...known)]);
        expect(beside.median).toBeGreaterThanOrEqual(Math.min(...known));
        expect(beside.median).toBeLessThanOrEqual(Math.max(...known));
        const below = known.filter((value) => value <= (beside.median ?? 0)).length;
        expect(below).toBeGreaterThanOrEqual(known.length / 2);
      }
    }),
  );
});

test('columns are judged point by point; short ones end in nothing', () => {
  expect(besideColumns([1], [[2, 5], [4]], 2)).toEqual({
    own: [1, null],
    median: [3, 5],
    low: [2, 5],
    high: [4, 5],
  });
});
