/** How wide a point of a chart is. */
import { MINUTE, SECOND } from '../../model/time.ts';

/** Widths the server has, seconds (store/reads/plan.ts). */
const STEPS_S = [10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
/** More points than this cannot be told apart on a screen. */
const POINTS_MAX = 400;
/** Fewer would hide the shape of what happened. */
const POINTS_MIN = 120;
/** A p95 of fewer requests is little more than their maximum. */
const REQUESTS_PER_POINT = 50;
/** Short ranges are for looking closely: they show what is stored. */
const CLOSE_MS = 15 * MINUTE;

/**
 * Width of a point in seconds: the finest at which a point holds enough requests for a p95 to mean something, within
 * 120 to 400 points. Without a known rate (requests per second) the widest of these.
 */
export function stepFor(spanMs: number, requestsPerS: number | null = null): number {
  const widest = STEPS_S.at(-1) ?? 86_400;
  const finest = STEPS_S.find((step) => spanMs / (step * SECOND) <= POINTS_MAX) ?? widest;
  if (spanMs <= CLOSE_MS) return finest;
  const allowed = STEPS_S.filter((step) => step >= finest && spanMs / (step * SECOND) >= POINTS_MIN);
  const enough = allowed.find((step) => step * (requestsPerS ?? 0) >= REQUESTS_PER_POINT);
  return enough ?? allowed.at(-1) ?? finest;
}
