import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeLeak, slopeOf } from './leak.ts';
import type { LeakFacts } from './rule-facts.ts';

const MB = 2 ** 20;
const NOW = 30_000_000;

function dyno(
  hours: number,
  mbAt: (minute: number) => number,
  { quotaMb = 512, started = true } = {},
): LeakFacts {
  const start = NOW - hours * 60;
  const points: LeakFacts['points'] = [];
  for (let minute = start; minute < NOW; minute += 10)
    points.push({ minute, bytes: mbAt(minute - start) * MB });
  return {
    dyno: 'web.1',
    startedMinute: started ? start : null,
    quotaBytes: quotaMb * MB,
    points,
  };
}

describe('slope', () => {
  test('Theil–Sen: exact on a line, and a quarter of wild points does not move it far', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 12 }),
        fc.integer({ min: -1_000_000, max: 1_000_000 }),
        (perMinute, wild, size) => {
          const points = Array.from({ length: 60 }, (_, at) => ({
            minute: at * 10,
            bytes: 1000 + perMinute * at * 10,
          }));
          expect(slopeOf(points)).toBeCloseTo(perMinute, 6);
          const spoiled = points.map((point, at) =>
            wild.includes(at) ? { ...point, bytes: point.bytes + size } : point,
          );
          // Of pairs more than half have neither end spoiled: the median lies among them, or beside.
          const slope = slopeOf(spoiled) ?? Number.NaN;
          expect(Math.abs(slope - perMinute)).toBeLessThanOrEqual(1e-6 + Math.abs(perMinute) * 1e-6);
        },
      ),
    );
  });

  test('none of fewer than two times', () => {
    expect(slopeOf([])).toBeNull();
    expect(slopeOf([{ minute: 1, bytes: 2 }])).toBeNull();
  });
});

describe('verdict', () => {
  test('quota before cycle is a leak, cycle before quota is calm, for any slope and noise', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 20 }),
        fc.double({ min: 4, max: 60, noNaN: true }),
        fc.array(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { minLength: 200, maxLength: 200 }),
        (hours, mbPerHour, noise) => {
          const at = (minute: number) => 100 + (mbPerHour * minute) / 60 + (noise[minute / 10] ?? 0);
          const verdict = judgeLeak(dyno(hours, at), NOW);
          const fullAfterHours = (512 - 100) / mbPerHour;
          if (verdict === null) throw new Error('a steady slope was not seen');
          expect(verdict.bytesPerHour / MB).toBeCloseTo(mbPerHour, -0.5);
          if (Math.abs(fullAfterHours - 24) > 4) expect(verdict.isLeak).toBe(fullAfterHours < 24);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('level memory, with spikes or none, never leaks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 200, maxLength: 200 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 6 }),
        (noise, spikes) => {
          const at = (minute: number) =>
            300 + (noise[minute / 10] ?? 0) + (spikes.includes(minute / 10) ? 150 : 0);
          expect(judgeLeak(dyno(16, at), NOW)?.isLeak ?? false).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('caches that fill and stay full are no leak', () => {
    const fill = (minute: number) => 100 + 350 * (1 - Math.exp(-minute / 45));
    expect(judgeLeak(dyno(12, fill), NOW)?.isLeak ?? false).toBe(false);
  });

  test('too few points, too short a time, no quota, or memory before the last start: nothing is said', () => {
    const leaking = (minute: number) => 100 + minute;
    expect(judgeLeak(dyno(2, leaking), NOW)).toBeNull();
    expect(judgeLeak(dyno(6, leaking), NOW)?.isLeak).toBe(true);
    expect(judgeLeak({ ...dyno(6, leaking), quotaBytes: null }, NOW)).toBeNull();
    expect(judgeLeak({ ...dyno(6, leaking), startedMinute: NOW - 60 }, NOW)).toBeNull();
    expect(judgeLeak({ ...dyno(6, leaking), points: [] }, NOW)).toBeNull();
    // An evaluation knows nothing of what comes after it.
    expect(judgeLeak(dyno(6, leaking), NOW - 5 * 60)).toBeNull();
  });

  test('over its quota already, there is no time left', () => {
    expect(
      judgeLeak(
        dyno(6, (minute) => 500 + minute),
        NOW,
      ),
    ).toMatchObject({ minutesToQuota: 0, isLeak: true });
  });
});
