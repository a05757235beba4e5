import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignRange,
  chooseStepS,
  coarsestForStep,
  KEPT_DEFAULT,
  POINTS_MAX,
  planSlices,
  STEPS_S,
  type UnitState,
} from './plan.ts';

const HOUR_S = 3600;
const BASE_S = 1_795_500_000 - (1_795_500_000 % HOUR_S);

const range = fc
  .tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 3000 }))
  .map(([start, length]) => ({ fromS: BASE_S + start * 10, toS: BASE_S + (start + length) * 10 }));
const coarsest = fc.constantFrom(10 as const, 60 as const, 3600 as const);
/** true done, false due, null missing; a number: due, but for so many minutes. */
const state = fc.constantFrom(true, true, true, false, null, 3, 10);
const unitOf = (resolutionS: number, unitS: number, done: boolean | number): UnitState =>
  typeof done === 'number'
    ? { resolutionS, unitS, done: false, partialToS: unitS + done * 60 }
    : { resolutionS, unitS, done };
const units = fc
  .tuple(
    fc.array(state, { minLength: 120, maxLength: 120 }),
    fc.array(fc.constantFrom(true, true, true, false, null), { minLength: 20, maxLength: 20 }),
  )
  .map(([minutes, hours]) => [
    ...minutes.flatMap((done, n): UnitState[] => (done === null ? [] : [unitOf(60, BASE_S + n * 600, done)])),
    ...hours.flatMap((done, n): UnitState[] =>
      done === null ? [] : [unitOf(3600, BASE_S + n * HOUR_S, done)],
    ),
  ]);

describe('slices of a range', () => {
  test('tile it: ascending, without hole or overlap, each on whole buckets of its width', () => {
    fc.assert(
      fc.property(range, coarsest, units, (asked, coarsestS, known) => {
        const slices = planSlices(asked, coarsestS, known);
        let atS = asked.fromS;
        for (const slice of slices) {
          expect(slice.fromS).toBe(atS);
          expect(slice.toS).toBeGreaterThan(slice.fromS);
          expect(slice.fromS % slice.resolutionS).toBe(0);
          expect(slice.toS % slice.resolutionS).toBe(0);
          expect(slice.resolutionS).toBeLessThanOrEqual(coarsestS);
          atS = slice.toS;
        }
        expect(atS).toBe(asked.toS);
      }),
    );
  });

  test('never read a coarser table where its unit is due, missing, or due below', () => {
    fc.assert(
      fc.property(range, coarsest, units, (asked, coarsestS, known) => {
        const done = new Map(known.map((unit) => [`${unit.resolutionS}:${unit.unitS}`, unit.done]));
        const ahead = new Map(
          known.flatMap((unit) => (unit.partialToS ? [[unit.unitS, unit.partialToS]] : [])),
        );
        for (const slice of planSlices(asked, coarsestS, known)) {
          for (let atS = slice.fromS; atS < slice.toS; atS += slice.resolutionS) {
            const tenMinutes = done.get(`60:${atS - (atS % 600)}`);
            if (slice.resolutionS === 60 && atS >= (ahead.get(atS - (atS % 600)) ?? 0))
              expect(tenMinutes).toBe(true);
            if (slice.resolutionS === 3600) {
              expect(done.get(`3600:${atS}`)).toBe(true);
              for (let unitS = atS; unitS < atS + HOUR_S; unitS += 600)
                expect(done.get(`60:${unitS}`)).not.toBe(false);
            }
          }
        }
      }),
    );
  });

  test('read what is left where finer rows are retired, although its units are forgotten', () => {
    const retired = { tenSecondsS: BASE_S + 2 * HOUR_S, minutesS: BASE_S + HOUR_S };
    const asked = { fromS: BASE_S, toS: BASE_S + 3 * HOUR_S };
    expect(planSlices(asked, 3600, [], retired)).toEqual([
      { resolutionS: 3600, fromS: BASE_S, toS: BASE_S + HOUR_S },
      { resolutionS: 60, fromS: BASE_S + HOUR_S, toS: BASE_S + 2 * HOUR_S },
      { resolutionS: 10, fromS: BASE_S + 2 * HOUR_S, toS: BASE_S + 3 * HOUR_S },
    ]);
  });

  test('read as coarse as they may: whole hours that are done come from hours, the rest from minutes', () => {
    const all: UnitState[] = [];
    for (let n = 0; n < 24; n++) all.push({ resolutionS: 60, unitS: BASE_S + n * 600, done: true });
    for (let n = 0; n < 3; n++) all.push({ resolutionS: 3600, unitS: BASE_S + n * HOUR_S, done: true });
    expect(planSlices({ fromS: BASE_S + 1750, toS: BASE_S + 3 * HOUR_S + 90 }, 3600, all)).toEqual([
      { resolutionS: 10, fromS: BASE_S + 1750, toS: BASE_S + 1800 },
      { resolutionS: 60, fromS: BASE_S + 1800, toS: BASE_S + 3600 },
      { resolutionS: 3600, fromS: BASE_S + 3600, toS: BASE_S + 3 * HOUR_S },
      { resolutionS: 60, fromS: BASE_S + 3 * HOUR_S, toS: BASE_S + 3 * HOUR_S + 60 },
      { resolutionS: 10, fromS: BASE_S + 3 * HOUR_S + 60, toS: BASE_S + 3 * HOUR_S + 90 },
    ]);
  });

  test('sum to the same total whatever was compacted, when each table is right where it is done', () => {
    fc.assert(
      fc.property(range, coarsest, units, (asked, coarsestS, known) => {
        // Every 10 s hold their own index; a coarser bucket is their sum. Only tiling can make totals equal.
        const value = (fromS: number, toS: number) => {
          let sum = 0;
          for (let atS = fromS; atS < toS; atS += 10) sum += atS % 977;
          return sum;
        };
        const total = planSlices(asked, coarsestS, known).reduce((sum, s) => sum + value(s.fromS, s.toS), 0);
        expect(total).toBe(value(asked.fromS, asked.toS));
      }),
      { numRuns: 30 },
    );
  });
});

test('a step is never finer than asked, than what is kept, or than the bound of points', () => {
  const nowS = BASE_S;
  const asked = fc.record({
    fromS: fc.integer({ min: nowS - 390 * 86_400, max: nowS - 10 }),
    lengthS: fc.integer({ min: 10, max: 390 * 86_400 }),
    stepS: fc.option(fc.integer({ min: 1, max: 86_400 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(asked, ({ fromS, lengthS, stepS }) => {
      const toS = fromS + lengthS;
      const step = chooseStepS({ fromS, toS, stepS }, nowS, KEPT_DEFAULT);
      expect(STEPS_S).toContain(step);
      if (stepS !== undefined) expect(step).toBeGreaterThanOrEqual(stepS);
      expect((toS - fromS) / step).toBeLessThanOrEqual(POINTS_MAX);
      if (fromS < nowS - 48 * 3600) expect(step % 60).toBe(0);
      if (fromS < nowS - 30 * 86_400) expect(step % 3600).toBe(0);
      const aligned = alignRange({ fromS, toS }, step);
      expect(aligned.fromS).toBeLessThanOrEqual(fromS);
      expect(aligned.toS).toBeGreaterThanOrEqual(toS);
      expect(aligned.fromS % coarsestForStep(step)).toBe(0);
    }),
  );
});
