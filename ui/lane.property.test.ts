import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bridge, laneCells, lanePaths, STEPS, stepOf } from './lane.ts';

const lane = fc.array(fc.option(fc.double({ min: 0, max: 3, noNaN: true }), { nil: null }), {
  maxLength: 60,
});

test('a share of the quota has one of five steps, and only more than the quota is over it', () => {
  expect([0, 0.49, 0.5, 0.75, 0.899, 0.9, 1, 1.0001].map(stepOf)).toEqual([0, 0, 1, 2, 2, 3, 3, 4]);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 5, noNaN: true }), (ratio) => {
      const step = stepOf(ratio);
      expect(ratio).toBeGreaterThanOrEqual(STEPS[step] ?? 9);
      expect(step).toBeLessThan(STEPS.length);
    }),
  );
});

test('joining points never hides a peak, and never makes a value of nothing', () => {
  fc.assert(
    fc.property(lane, fc.integer({ min: 1, max: 20 }), (values, max) => {
      const { per, values: cells } = laneCells(values, max);
      expect(cells.length).toBeLessThanOrEqual(max);
      const known = values.filter((value) => value !== null);
      expect(Math.max(-1, ...cells.map((cell) => cell ?? -1))).toBe(Math.max(-1, ...known));
      for (const [at, cell] of cells.entries())
        if (cell === null)
          expect(values.slice(at * per, (at + 1) * per).every((value) => value === null)).toBe(true);
    }),
  );
});

test('short pauses are bridged, longer holes stay, ends stay as they are', () => {
  expect(bridge([1, null, 2, null, null, 3, null], 1)).toEqual([1, 1, 2, null, null, 3, null]);
  fc.assert(
    fc.property(lane, (values) => {
      expect(bridge(values, 0)).toEqual(values);
    }),
  );
});

test('paths cover as much width as there are values, whatever the steps', () => {
  fc.assert(
    fc.property(lane, (values) => {
      const widths = lanePaths(values).flatMap((path) =>
        [...path.matchAll(/h([\d.]+)v/g)].map((found) => Number(found[1])),
      );
      const sum = widths.reduce((all, width) => all + width, 0);
      const known = values.filter((value) => value !== null).length;
      expect(sum).toBeCloseTo((known / Math.max(1, values.length)) * 1000, -1);
    }),
  );
});
