/**
 * Latency histograms: 256 logarithmic bins, 16 an octave, exact below 32 ms, up to 524 s.
 *
 * Stored form: entries of three bytes, [bin u8][count u16 big-endian]; a bin may occur again, so that
 * concatenation is a correct merge, in SQL (`string_agg(hist, ''::bytea)`) as here.
 */

export const BINS = 256;
/** Bins below this one hold exactly one whole millisecond each. */
const EXACT_BINS = 32;
const BINS_PER_OCTAVE = 16;

/** Lowest value (ms, integer) of each bin; BIN_LOW_MS[256] is the end of the last: 524,288. */
export const BIN_LOW_MS: Float64Array = buildLows();

function buildLows(): Float64Array {
  const lows = new Float64Array(BINS + 1);
  for (let bin = 0; bin <= BINS; bin++) {
    lows[bin] =
      bin <= EXACT_BINS ? bin : Math.ceil(EXACT_BINS * 2 ** ((bin - EXACT_BINS) / BINS_PER_OCTAVE) - 1e-9);
  }
  return lows;
}

/**
 * Largest relative error of a quantile: half a bin, (h − l) / (h + l) with h = l · 2^(1/16) (2.17 %), stated
 * as 2.5 % to have room for whole-millisecond bin edges.
 */
export const QUANTILE_ERROR_RATIO = 0.025;

// Nearly every duration is below 32 s: one table look-up. The rest is searched.
const TABLE_MS = 32_768;
const BIN_OF_MS: Uint8Array = buildTable();

function buildTable(): Uint8Array {
  const table = new Uint8Array(TABLE_MS);
  let bin = 0;
  for (let ms = 0; ms < TABLE_MS; ms++) {
    while (bin < BINS - 1 && ms >= BIN_LOW_MS[bin + 1]!) bin++;
    table[ms] = bin;
  }
  return table;
}

/** Bin of a duration in whole ms ≥ 0; durations of 524 s and more fall into the last bin. */
export function binOf(ms: number): number {
  if (ms < TABLE_MS) return BIN_OF_MS[ms < 0 ? 0 : ms | 0]!;
  let low = BIN_OF_MS[TABLE_MS - 1]!;
  let high = BINS - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ms >= BIN_LOW_MS[middle]!) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The value (ms) that stands for a bin: the harmonic middle of its smallest and largest whole ms, which makes
 * the relative error the same at both ends.
 */
export function binValueMs(bin: number): number {
  const low = BIN_LOW_MS[bin]!;
  const high = BIN_LOW_MS[bin + 1]! - 1;
  if (high <= low) return low;
  return (2 * low * high) / (low + high);
}

/** Bins as counts. */
export type Bins = Uint32Array | Float64Array;

/** Stored form of bins; counts above 65,535 take several entries. Empty bins take none. */
export function encodeBins(bins: Bins): Uint8Array {
  let entries = 0;
  for (let bin = 0; bin < BINS; bin++) entries += Math.ceil(bins[bin]! / 0xffff);
  const bytes = new Uint8Array(entries * 3);
  let at = 0;
  for (let bin = 0; bin < BINS; bin++) {
    for (let left = bins[bin]!; left > 0; left -= 0xffff) {
      const count = Math.min(left, 0xffff);
      bytes[at] = bin;
      bytes[at + 1] = count >>> 8;
      bytes[at + 2] = count & 0xff;
      at += 3;
    }
  }
  return bytes;
}

/** Adds a stored form (or several concatenated) to bins; a trailing part of an entry is ignored. */
export function addStored(bins: Bins, stored: Uint8Array): void {
  for (let at = 0; at + 2 < stored.length; at += 3) {
    const bin = stored[at]!;
    bins[bin] = bins[bin]! + ((stored[at + 1]! << 8) | stored[at + 2]!);
  }
}

/** Adds up equal bins of a stored form, so that many concatenations do not grow it. */
export function compactStored(stored: Uint8Array): Uint8Array {
  const bins = new Float64Array(BINS);
  addStored(bins, stored);
  return encodeBins(bins);
}

/** Number of observations. */
export function countOf(bins: Bins): number {
  let count = 0;
  for (let bin = 0; bin < BINS; bin++) count += bins[bin]!;
  return count;
}

/**
 * Quantile q in [0, 1] by the nearest rank: the value of the bin with the ceil(q · n)-th smallest observation,
 * ms, within QUANTILE_ERROR_RATIO of that observation (524 s and more: at least 524 s). null without observations.
 * maxMs, where known, bounds the answer from above.
 */
export function quantileMs(bins: Bins, q: number, maxMs?: number): number | null {
  const count = countOf(bins);
  if (count === 0) return null;
  const rank = Math.max(1, Math.ceil(q * count));
  let seen = 0;
  for (let bin = 0; bin < BINS; bin++) {
    seen += bins[bin]!;
    if (seen >= rank) {
      const value = binValueMs(bin);
      return maxMs !== undefined && value > maxMs ? maxMs : value;
    }
  }
  return maxMs ?? binValueMs(BINS - 1);
}
