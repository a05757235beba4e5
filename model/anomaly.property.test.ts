import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Baseline,
  BUCKET_MINUTES,
  baselineOf,
  hasCollapsed,
  isLearning,
  isUnusual,
  medianOf,
  planBaseline,
  scoreOf,
} from './anomaly.ts';
import { MINUTE } from './time.ts';
import { wallClockAt } from './zone.ts';

const COUNT = { isCount: true, floor: 5 };
const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'America/St_Johns',
);
const bucket = fc
  .integer({ min: Date.UTC(2025, 0, 1) / MINUTE, max: Date.UTC(2027, 0, 1) / MINUTE })
  .map((minute) => minute - (minute % BUCKET_MINUTES));

/** Values for the whole of a plan's weeks (or days), from a list. */
function fill(groups: readonly (readonly number[])[], value: (at: number) => number): Map<number, number> {
  return new Map(groups.flat().map((start, at) => [start, value(at)]));
}

describe('baselines', () => {
  test('T-09 T-10 every point shows the bucket’s own time on the wall, give or take two buckets, whatever the clocks did', () => {
    fc.assert(
      fc.property(bucket, zone, (start, name) => {
        const wallMs = wallClockAt(start * MINUTE, name);
        const plan = planBaseline(start, name);
        const check = (points: readonly number[], days: number): void => {
          expect(points.length).toBeGreaterThanOrEqual(1);
          expect(points.length).toBeLessThanOrEqual(5);
          for (const point of points) {
            expect(point % BUCKET_MINUTES).toBe(0);
            const apartMinutes = (wallClockAt(point * MINUTE, name) - (wallMs - days * 86_400_000)) / MINUTE;
            // Where the clocks skip the time, the instant they do stands for it: an hour on at most.
            expect(apartMinutes).toBeGreaterThanOrEqual(-10);
            expect(apartMinutes).toBeLessThanOrEqual(70);
          }
        };
        for (const [back, points] of plan.weeks.entries()) check(points, (back + 1) * 7);
        for (const [back, points] of plan.days.entries()) check(points, back + 1);
      }),
      { numRuns: 60 },
    );
  });

  test('T-09 a skipped time is one instant, not five; T-10 a repeated one is taken once', () => {
    // Berlin went forward on 29 March 2026 at 2:00; a week later the hour is there.
    const skipped = planBaseline(Date.UTC(2026, 3, 5, 0, 30) / MINUTE, 'Europe/Berlin');
    expect(wallClockAt(Date.UTC(2026, 3, 5, 0, 30), 'Europe/Berlin')).toBe(Date.UTC(2026, 3, 5, 2, 30));
    expect(skipped.weeks[0]).toEqual([Date.UTC(2026, 2, 29, 1, 0) / MINUTE]);
    // It went back on 25 October at 3:00; 2:30 was at 0:30 and at 1:30 UTC.
    const repeated = planBaseline(Date.UTC(2026, 10, 1, 1, 30) / MINUTE, 'Europe/Berlin');
    expect(repeated.weeks[0]).toHaveLength(5);
    expect(repeated.weeks[0]).toContain(Date.UTC(2026, 9, 25, 0, 30) / MINUTE);
    expect(repeated.weeks[0]).not.toContain(Date.UTC(2026, 9, 25, 1, 30) / MINUTE);
  });

  test('twelve points from three weeks; else of three days; else it is learning, and says which day', () => {
    const start = Date.UTC(2026, 10, 18, 9, 0) / MINUTE;
    const plan = planBaseline(start, 'UTC');
    const of = (weeks: number, days: number) =>
      baselineOf(
        plan,
        new Map([
          ...fill(plan.weeks.slice(0, weeks), () => 100),
          ...fill(plan.days.slice(0, days), () => 50),
        ]),
        COUNT,
      );
    expect(of(3, 0)).toMatchObject({ of: 'weeks', points: 15, centre: 100 });
    expect(of(2, 3)).toMatchObject({ of: 'days', centre: 50 });
    expect(of(0, 2)).toEqual({ day: 2, of: 3 });
    expect(of(0, 0)).toEqual({ day: 0, of: 3 });
    // Eleven points of three weeks are not enough.
    const few = new Map([...fill(plan.weeks.slice(0, 3), () => 100)].slice(0, 11));
    expect(isLearning(baselineOf(plan, few, COUNT))).toBe(true);
  });

  test('a minority of wild points moves neither centre nor scale beyond the others', () => {
    const start = Date.UTC(2026, 10, 18, 9, 0) / MINUTE;
    const plan = planBaseline(start, 'UTC');
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 90, max: 110 }), { minLength: 30, maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 0, maxLength: 7 }),
        (usual, wild) => {
          const values = fill(plan.weeks, (at) => wild[at] ?? usual[at] ?? 100);
          const baseline = baselineOf(plan, values, COUNT) as Baseline;
          expect(baseline.centre).toBeGreaterThanOrEqual(90);
          expect(baseline.centre).toBeLessThanOrEqual(110);
          expect(baseline.scale).toBeLessThanOrEqual(1.4826 * 20);
          // The scale is never below what counts scatter by, nor its floor.
          expect(baseline.scale).toBeGreaterThanOrEqual(Math.sqrt(baseline.centre));
          expect(scoreOf(baseline.centre, baseline)).toBe(0);
        },
      ),
    );
  });

  test('the median is the middle of the sorted values', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), (values) => {
        const median = medianOf(values);
        const below = values.filter((value) => value < median).length;
        const above = values.filter((value) => value > median).length;
        expect(below).toBeLessThanOrEqual(values.length / 2);
        expect(above).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});

describe('verdicts', () => {
  const scores = fc.array(fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: null }), {
    maxLength: 6,
  });

  test('fires with three of the last four at the score, the newest known, and never otherwise', () => {
    fc.assert(
      fc.property(scores, (all) => {
        const last = all.slice(-4);
        const beyond = last.filter((score) => score !== null && score >= 4).length;
        const newest = last.at(-1) ?? null;
        expect(isUnusual(all, 4, false)).toBe(newest === null ? null : beyond >= 3);
      }),
    );
  });

  test('what fires ends only when four of four are below by one', () => {
    fc.assert(
      fc.property(scores, (all) => {
        const last = all.slice(-4);
        const isCalm = last.length === 4 && last.every((score) => score !== null && score < 3);
        const newest = last.at(-1) ?? null;
        expect(isUnusual(all, 4, true)).toBe(newest === null ? null : !isCalm);
      }),
    );
  });

  test('a collapse needs both: far below in its scatter, and below its share of what is usual', () => {
    const baseline = (centre: number, scale: number): Baseline => ({
      centre,
      scale,
      points: 20,
      of: 'weeks',
    });
    const bounds = { score: 6, ratio: 0.2 };
    const four = (value: number, of: Baseline) => Array.from({ length: 4 }, () => ({ value, baseline: of }));
    expect(hasCollapsed(four(10, baseline(500, 25)), bounds, false)).toBe(true);
    // A steady app at half: 10 of its scales away, and still half.
    expect(hasCollapsed(four(250, baseline(500, 25)), bounds, false)).toBe(false);
    // 30 requests a bucket scatter by more than five: none at all is no proof.
    expect(hasCollapsed(four(0, baseline(30, Math.sqrt(30))), bounds, false)).toBe(false);
    const [low, fine] = [
      { value: 0, baseline: baseline(500, 25) },
      { value: 500, baseline: baseline(500, 25) },
    ];
    expect(hasCollapsed([low, low, fine, low], bounds, false)).toBe(true);
    expect(hasCollapsed([low, low, low, fine], bounds, false)).toBe(false);
    expect(hasCollapsed([low, low, low, null], bounds, false)).toBeNull();
    expect(hasCollapsed([low, fine, fine, fine], bounds, true)).toBe(true);
    expect(hasCollapsed([fine, fine, fine, fine], bounds, true)).toBe(false);
  });
});
