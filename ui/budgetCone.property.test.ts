import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProjectionAnswer } from '../api/contract/slos.ts';
import { sloDetail, sloRows } from './alertFixtures.ts';
import { coneOf } from './budgetCone.ts';

const NOW = 1_800_000_000;
const STEP = 3600;
const FROM = NOW - 30 * 86_400;
const [row] = sloRows(NOW * 1000).filter((one) => one.slug === 'answers' && one.app === 'shop');
if (!row) throw new Error('no such fixture');
const base = sloDetail(row, NOW * 1000, 'normal');
const range = { ...base.range, from: FROM, to: NOW, step: STEP };
const past = Array.from({ length: 720 }, (_, at) => FROM + at * STEP);

const projection = (window: '1h' | '24h', left: number, hours: number, end: number): ProjectionAnswer => ({
  ...{ window, burn: 2, exhaustedAtMs: end <= 0 ? (NOW + hours * 3600) * 1000 : null },
  ...{ t: [NOW, NOW + hours * 3600], remaining: [left, end] },
});
const detail = (projections: ProjectionAnswer[], remaining: number) => ({
  ...{ projections, range, nowMs: NOW * 1000 },
  slo: { ...row, budget: { ...row.budget, remaining } },
});

const left = fc.double({ min: 0.01, max: 1, noNaN: true });
const hours = fc.double({ min: 0.1, max: 2000, noNaN: true });

test('a cone begins at what is left, never rises while it burns, never falls below nothing, and leaves the past alone', () => {
  fc.assert(
    fc.property(left, hours, hours, (remaining, fast, slow) => {
      const cone = coneOf(
        detail([projection('1h', remaining, fast, 0), projection('24h', remaining, slow, 0)], remaining),
        past,
      );
      if (!cone) throw new Error('no cone');
      expect(cone.t.slice(0, past.length)).toEqual(past);
      expect(cone.endS).toBeLessThanOrEqual(NOW + 0.36 * 30 * 86_400);
      for (const { values } of cone.series) {
        expect(values).toHaveLength(cone.t.length);
        const ahead = values.flatMap((value) => (value === null ? [] : [value]));
        expect(values.findIndex((value) => value !== null)).toBeGreaterThanOrEqual(past.length - 1);
        expect(ahead[0]).toBeCloseTo(remaining, 1);
        for (const [at, value] of ahead.entries()) {
          expect(value).toBeGreaterThanOrEqual(0);
          if (at > 0) expect(value).toBeLessThanOrEqual((ahead[at - 1] ?? 0) + 1e-12);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('the edge that is spent stays at nothing to the end, so that the cone stays open until the other is spent', () => {
  const cone = coneOf(detail([projection('1h', 0.5, 10, 0), projection('24h', 0.5, 100, 0)], 0.5), past);
  const at = cone?.t.findIndex((start) => start >= NOW + 50 * 3600) ?? -1;
  expect(cone?.series.map((series) => series.values[at])).toEqual([0, expect.closeTo(0.25, 2)]);
});

test('there is none of the past alone, of a spent budget, or without projections', () => {
  const one = [projection('1h', 0.5, 10, 0)];
  expect(coneOf({ ...detail(one, 0.5), nowMs: (NOW + 10 * STEP) * 1000 }, past)).toBeNull();
  expect(coneOf(detail(one, -0.1), past)).toBeNull();
  expect(coneOf(detail([], 0.5), past)).toBeNull();
});
