import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogGuard } from './log-guard.ts';

const bounds = fc.record({
  routerLinesPerSecond: fc.integer({ min: 1, max: 50 }),
  linesPerSecond: fc.integer({ min: 1, max: 50 }),
});

test('C-08 the first lines of a second are all kept; of what comes beyond, a number that grows with its logarithm', () => {
  fc.assert(
    fc.property(bounds, fc.integer({ min: 0, max: 200_000 }), (given, count) => {
      const guard = new LogGuard(given);
      guard.begin(5_000, false);
      const first = given.routerLinesPerSecond;
      let kept = 0;
      for (let n = 0; n < count; n++) {
        const isKept = guard.router.take();
        if (n < first) expect(isKept).toBe(true);
        if (isKept) kept++;
      }
      const tiers = Math.max(0, Math.ceil(Math.log10(Math.max(1, count / first))));
      expect(kept).toBeLessThanOrEqual(first + tiers * (first + 1));
      // One in ten to begin with: never fewer than a hundredth of ten times the bound.
      if (count > first) expect(kept).toBeGreaterThan(first);
    }),
    { numRuns: 30 },
  );
});

test('every second begins anew, and an open history has more room', () => {
  const guard = new LogGuard({ routerLinesPerSecond: 3, linesPerSecond: 3 });
  const keptOf = (atMs: number, isHistory: boolean): number => {
    guard.begin(atMs, isHistory);
    return Array.from({ length: 60 }, () => guard.others.take()).filter(Boolean).length;
  };
  const usual = keptOf(1_000, false);
  expect(usual).toBeLessThan(12);
  expect(keptOf(2_000, false)).toBe(usual);
  expect(keptOf(2_999, false)).toBeLessThan(usual);
  expect(keptOf(3_000, true)).toBe(60);
  expect(keptOf(4_000, false)).toBe(usual);
});

test('R-09 codes and errors have a bound in bytes each: one does not take the other’s room', () => {
  const guard = new LogGuard({ routerLinesPerSecond: 1, linesPerSecond: 1 });
  guard.begin(1_000, false);
  expect(guard.takeError(200_000)).toBe(true);
  expect(guard.takeError(200_000)).toBe(false);
  expect(guard.mayLook()).toBe(false);
  expect(guard.takeCode(200_000)).toBe(true);
  expect(guard.takeCode(200_000)).toBe(false);
  guard.begin(2_000, false);
  expect([guard.mayLook(), guard.takeError(1), guard.takeCode(1)]).toEqual([true, true, true]);
});
