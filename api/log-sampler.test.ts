import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogLine } from '../model/log-line.ts';
import { logLine } from '../test/stored-logs.ts';
import { isNeverSampled, LogSampler } from './log-sampler.ts';

const quiet = (count: number): LogLine[] => Array.from({ length: count }, (_, n) => logLine({ atMs: n }));

describe('how much of a live log a reader is shown', () => {
  test('C-08 up to its rate a reader is shown everything', () => {
    const sampler = new LogSampler(50);
    for (let second = 0; second < 20; second++)
      expect(sampler.take(quiet(50), 1_000)).toMatchObject({ leftOut: 0 });
    expect(sampler.oneIn).toBe(1);
  });

  test('C-08 above it one in so many, at once, and all of them again some time after it is over', () => {
    const sampler = new LogSampler(50);
    const { shown, leftOut } = sampler.take(quiet(480), 1_000);
    expect([sampler.oneIn, shown.length, leftOut]).toEqual([10, 48, 432]);
    let batches = 0;
    while (sampler.oneIn > 1 && batches < 100) {
      sampler.take(quiet(10), 1_000);
      batches++;
    }
    expect(batches).toBeGreaterThan(10);
    expect(batches).toBeLessThan(30);
  });

  test('C-08 codes, 5xx and errors are never sampled out, and nobody is shown more than the rate besides', () => {
    const line = fc.record({
      code: fc.constantFrom(null, null, null, 'H12', 'R14'),
      status: fc.constantFrom(null, 200, 404, 503),
      level: fc.constantFrom(null, null, 'info', 'error'),
    });
    const batch = fc.tuple(fc.array(line, { maxLength: 300 }), fc.integer({ min: 1, max: 5_000 }));
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 12 }), fc.integer({ min: 1, max: 100 }), (batches, rate) => {
        const sampler = new LogSampler(rate);
        for (const [made, spanMs] of batches) {
          const lines = made.map((fields, atMs) => logLine({ atMs, ...(fields as Partial<LogLine>) }));
          const { shown, leftOut } = sampler.take(lines, spanMs);
          expect(shown.length + leftOut).toBe(lines.length);
          expect(shown.filter(isNeverSampled)).toEqual(lines.filter(isNeverSampled));
          expect(shown).toEqual(lines.filter((each) => shown.includes(each)));
          const allowed = Math.max(1, (rate * Math.min(spanMs, 2_000)) / 1_000);
          expect(shown.filter((each) => !isNeverSampled(each)).length).toBeLessThanOrEqual(allowed + 1);
        }
      }),
    );
  });
});
