/** Latencies of a minute as rules need them: the bins of its requests, and the largest. */
import { BINS, quantileMs } from './histogram.ts';

export interface Latencies {
  bins: Float64Array;
  maxMs: number;
}

/** Quantile over some minutes, ms; null without requests. */
export function quantileOver(minutes: Iterable<Latencies | undefined>, q: number): number | null {
  const bins = new Float64Array(BINS);
  let maxMs = 0;
  for (const minute of minutes) {
    if (minute === undefined) continue;
    for (let bin = 0; bin < BINS; bin++) bins[bin] = (bins[bin] ?? 0) + (minute.bins[bin] ?? 0);
    maxMs = Math.max(maxMs, minute.maxMs);
  }
  const value = quantileMs(bins, q, maxMs);
  return value === null ? null : Math.round(value);
}
