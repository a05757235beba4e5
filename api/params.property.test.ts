import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KEPT_DEFAULT, POINTS_MAX } from '../store/reads/plan.ts';
import { isDeeperThan } from './body.ts';
import { ApiError } from './error.ts';
import { parseInstantMs, readRange, readSpan } from './params.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 10, 42, 17);

describe('a range from outside', () => {
  test('is either refused as an ApiError or gives at most the points a chart has, ascending', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.integer({ min: 0, max: 4_000_000_000_000 }).map(String),
      fc.integer({ min: 0, max: 99_999 }).map((n) => `now-${n}m`),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    const step = fc.option(fc.integer({ min: 1, max: 604_800 }).map(String), { nil: undefined });
    fc.assert(
      fc.property(text, text, step, (from, to, stepS) => {
        try {
          const range = readRange({ from, to, step: stepS }, NOW_MS, KEPT_DEFAULT);
          expect(range.t.length).toBeLessThanOrEqual(POINTS_MAX + 2);
          expect(range.toS).toBeGreaterThan(range.fromS);
          for (let n = 1; n < range.t.length; n++)
            expect((range.t[n] ?? 0) - (range.t[n - 1] ?? 0)).toBe(range.stepS);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect((error as ApiError).status).toBe(400);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is the same instant however it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200_000_000, max: 4_000_000_000 }), (seconds) => {
        const iso = new Date(seconds * 1000).toISOString();
        expect(parseInstantMs(String(seconds), NOW_MS)).toBe(seconds * 1000);
        expect(parseInstantMs(String(seconds * 1000), NOW_MS)).toBe(seconds * 1000);
        expect(parseInstantMs(iso, NOW_MS)).toBe(seconds * 1000);
      }),
    );
    expect(parseInstantMs('now-90m', NOW_MS)).toBe(NOW_MS - 5_400_000);
    expect(readSpan({}, NOW_MS)).toEqual({ fromMs: NOW_MS - 3_600_000, toMs: NOW_MS });
  });
});

test('SEC-52 the depth of JSON is told without parsing it, strings left alone', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const depthOf = (part: unknown): number =>
        typeof part === 'object' && part !== null ? 1 + Math.max(0, ...Object.values(part).map(depthOf)) : 0;
      const text = JSON.stringify(value);
      expect(isDeeperThan(text, depthOf(value))).toBe(false);
      if (depthOf(value) > 0) expect(isDeeperThan(text, depthOf(value) - 1)).toBe(true);
    }),
  );
  expect(isDeeperThan('{"a":"[[[[\\"[[["}', 1)).toBe(false);
});
