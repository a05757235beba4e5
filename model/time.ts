/** Spans of time in ms, and the starts of buckets. */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Widths of stored buckets in seconds, finest first. */
export const RESOLUTIONS_S = [10, 60, 3600] as const;
export type ResolutionS = (typeof RESOLUTIONS_S)[number];

/** Width of the finest buckets, seconds. */
export const BUCKET_S = 10;

/** Start of the bucket of `widthS` seconds that contains an instant, epoch seconds. */
export function bucketStartS(atMs: number, widthS: number): number {
  return Math.floor(atMs / 1000 / widthS) * widthS;
}

/** A line more than this ahead of its arrival is filed under the arrival (RELIABILITY T-01). */
export const FUTURE_MAX_MS = 5 * MINUTE;
/** A line more than this behind its arrival is filed under the arrival (T-03, T-04). */
export const LATE_MAX_MS = HOUR;
