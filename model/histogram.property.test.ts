import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addStored,
  BIN_LOW_MS,
  BINS,
  binOf,
  binValueMs,
  compactStored,
  countOf,
  encodeBins,
  QUANTILE_ERROR_RATIO,
  quantileMs,
} from './histogram.ts';

/** First value that the last bin does not tell from greater ones. */
const END_MS = 524_288;
/** Durations as they come: mostly short, some up to the end. */
const durationMs = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 3_000 }),
  fc.integer({ min: 0, max: END_MS - 1 }),
);
const durations = fc.array(durationMs, { minLength: 1, maxLength: 200 });
const anyBins = fc
  .array(fc.tuple(fc.nat(BINS - 1), fc.oneof(fc.nat(10), fc.nat(300_000))), { maxLength: 30 })
  .map((entries) => {
    const bins = new Float64Array(BINS);
    for (const [bin, count] of entries) bins[bin]! += count;
    return bins;
  });

function observe(values: readonly number[]): Float64Array {
  const bins = new Float64Array(BINS);
  for (const ms of values) bins[binOf(ms)]!++;
  return bins;
}

function decode(stored: Uint8Array): Float64Array {
  const bins = new Float64Array(BINS);
  addStored(bins, stored);
  return bins;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** By definition: the bin whose edges hold the value. */
function naiveBinOf(ms: number): number {
  let bin = 0;
  while (bin < BINS - 1 && ms >= BIN_LOW_MS[bin + 1]!) bin++;
  return bin;
}

/** The ceil(q · n)-th smallest value. */
function nearestRank(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

describe('bins', () => {
  test('are exact below 32 ms, 16 an octave above, and end at 524,288 ms', () => {
    expect(BIN_LOW_MS[31]).toBe(31);
    for (let octave = 0; octave <= 14; octave++) {
      expect(BIN_LOW_MS[32 + octave * 16]).toBe(32 * 2 ** octave);
    }
    expect(BIN_LOW_MS[BINS]).toBe(END_MS);
  });

  test('every whole millisecond up to the end is in the bin whose edges hold it', () => {
    for (let ms = 0, bin = 0; ms < END_MS; ms++) {
      if (ms >= BIN_LOW_MS[bin + 1]!) bin++;
      if (binOf(ms) !== bin) expect({ ms, bin: binOf(ms) }).toEqual({ ms, bin });
    }
  });

  test('values out of range fall into the first and the last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (ms) => {
        expect(binOf(ms)).toBe(naiveBinOf(ms));
        expect(binOf(-ms)).toBe(0);
      }),
    );
  });

  test('a longer duration is never in a lower bin', () => {
    fc.assert(
      fc.property(durationMs, durationMs, (a, b) => {
        expect(binOf(Math.min(a, b))).toBeLessThanOrEqual(binOf(Math.max(a, b)));
      }),
    );
  });

  test('the value of every bin lies within it and within the stated error of each of its values', () => {
    for (let bin = 0; bin < BINS; bin++) {
      const value = binValueMs(bin);
      const [low, high] = [BIN_LOW_MS[bin]!, BIN_LOW_MS[bin + 1]! - 1];
      expect(value).toBeGreaterThanOrEqual(low);
      expect(value).toBeLessThanOrEqual(high);
      for (const edge of [low, high]) {
        expect(Math.abs(value - edge)).toBeLessThanOrEqual(edge * QUANTILE_ERROR_RATIO);
      }
    }
  });
});

describe('quantiles', () => {
  test('are within the stated error of the exact nearest rank', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const exact = nearestRank(values, q);
        expect(Math.abs(quantileMs(observe(values), q)! - exact)).toBeLessThanOrEqual(
          exact * QUANTILE_ERROR_RATIO,
        );
      }),
      { numRuns: 1000 },
    );
  });

  test('never fall as q grows, and a known maximum bounds them', () => {
    fc.assert(
      fc.property(
        durations,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, a, b) => {
          const bins = observe(values);
          const max = Math.max(...values);
          expect(quantileMs(bins, Math.min(a, b))!).toBeLessThanOrEqual(quantileMs(bins, Math.max(a, b))!);
          expect(quantileMs(bins, a, max)!).toBeLessThanOrEqual(max);
        },
      ),
    );
  });

  test('of durations beyond the end are at least 524 s, and the maximum where it is known', () => {
    const bins = observe([600_000, 3_600_000]);
    expect(quantileMs(bins, 0.5)).toBeGreaterThan(500_000);
    expect(quantileMs(bins, 1, 510_000)).toBe(510_000);
  });

  test('there is none without observations', () => {
    expect(quantileMs(new Float64Array(BINS), 0.5)).toBeNull();
  });
});

describe('the stored form', () => {
  test('read back is what was stored, counts beyond 65,535 included', () => {
    fc.assert(
      fc.property(anyBins, (bins) => {
        expect(decode(encodeBins(bins))).toEqual(bins);
        expect(countOf(decode(encodeBins(bins)))).toBe(countOf(bins));
      }),
    );
  });

  test('concatenated is merged', () => {
    fc.assert(
      fc.property(fc.array(anyBins, { maxLength: 6 }), (parts) => {
        const merged = new Float64Array(BINS);
        for (const part of parts) for (let bin = 0; bin < BINS; bin++) merged[bin]! += part[bin]!;
        const concatenated = concat(parts.map(encodeBins));
        expect(decode(concatenated)).toEqual(merged);
        expect(compactStored(concatenated)).toEqual(encodeBins(merged));
      }),
    );
  });

  test('of parts gives the quantiles of the whole', () => {
    fc.assert(
      fc.property(durations, durations, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, q) => {
        const merged = decode(concat([encodeBins(observe(a)), encodeBins(observe(b))]));
        expect(quantileMs(merged, q)).toBe(quantileMs(observe([...a, ...b]), q));
      }),
    );
  });

  test('cut anywhere or made of anything is read without failing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const whole = bytes.subarray(0, bytes.length - (bytes.length % 3));
        expect(decode(bytes)).toEqual(decode(whole));
      }),
    );
  });
});
