import { describe, expect, test } from 'vitest';
import { bucketStartS, DAY, HOUR, MINUTE, RESOLUTIONS_S, SECOND } from './time.ts';

describe('the start of a bucket', () => {
  const at = Date.UTC(2026, 10, 21, 7, 58, 24, 999);

  test.each([
    [10, Date.UTC(2026, 10, 21, 7, 58, 20)],
    [60, Date.UTC(2026, 10, 21, 7, 58)],
    [3600, Date.UTC(2026, 10, 21, 7)],
    [86_400, Date.UTC(2026, 10, 21)],
  ])('of %i s is the last whole multiple of it', (widthS, startMs) => {
    expect(bucketStartS(at, widthS)).toBe(startMs / 1000);
  });

  test('at a start is that start, and a millisecond before is the one before', () => {
    const startMs = Date.UTC(2026, 10, 21, 8);
    expect(bucketStartS(startMs, 3600)).toBe(startMs / 1000);
    expect(bucketStartS(startMs - 1, 3600)).toBe(startMs / 1000 - 3600);
  });

  test('before 1970 is at or before the instant too', () => {
    expect(bucketStartS(-1, 10)).toBe(-10);
  });
});

test('every coarser width is a whole number of finer ones, so that buckets add up', () => {
  for (const [index, width] of RESOLUTIONS_S.entries()) {
    if (index > 0) expect(width % RESOLUTIONS_S[index - 1]!).toBe(0);
  }
  expect(DAY).toBe(24 * HOUR);
  expect(HOUR).toBe(60 * MINUTE);
  expect(MINUTE).toBe(60 * SECOND);
});
