/** Cells of a heatmap of durations: where they lie and how dark they are. Pure. */
import type { LatencyAnswer } from '../../api/contract/latency.ts';

/** Shades from few to many requests. */
export const SHADES = 6;

type Rows = Pick<LatencyAnswer, 'lowMs' | 'highMs'>;

/** The largest count of any cell; at least 1. */
export function levelsOf({ counts }: Pick<LatencyAnswer, 'counts'>): { most: number } {
  let most = 1;
  for (const row of counts) for (const count of row ?? []) if (count > most) most = count;
  return { most };
}

/** 0 to SHADES − 1 on a logarithmic scale up to the largest cell. */
export function heatLevel(count: number, most: number): number {
  if (most <= 1) return SHADES - 1;
  return Math.min(SHADES - 1, Math.floor((Math.log(count + 1) / Math.log(most + 1)) * SHADES));
}

/** A duration of 0 has no place on a logarithmic scale; it stands with 1 ms. */
const logOf = (ms: number): number => Math.log(Math.max(1, ms));

/** Place of a duration between the lowest (0) and the end of the highest row (1). */
export function yOfMs({ lowMs, highMs }: Rows, ms: number): number {
  const [low, high] = [logOf(lowMs[0] ?? 1), logOf(highMs)];
  return high <= low ? 0 : Math.min(1, Math.max(0, (logOf(ms) - low) / (high - low)));
}

/** Row at a height, 0 to 1; null outside. */
export function rowAt(rows: Rows, share: number): number | null {
  if (share < 0 || share > 1) return null;
  const row = rows.lowMs.findLastIndex((ms) => yOfMs(rows, ms) <= share);
  return row < 0 ? null : row;
}

/** Powers of ten inside the rows, with their thirds where there are fewer than three, ms. */
export function tickDurations({ lowMs, highMs }: Rows): number[] {
  const low = Math.max(1, lowMs[0] ?? 1);
  const inside = (ms: number) => ms >= low && ms <= highMs;
  const tens = [1, 10, 100, 1000, 10_000, 100_000].filter(inside);
  if (tens.length >= 3) return tens;
  return [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000].filter(inside);
}
