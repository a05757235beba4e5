/** Whether a figure differs from the same hour a week ago by more than chance. Pure. */

export type Change = 'up' | 'down' | null;

/** A difference this many times its own standard error is no chance: of 200 apps looked at all day, none. */
const SURE = 4;
/** Below these a true change is still none worth a glance. */
const RATIO_MIN = 0.001;
const RATIO_SHARE_MIN = 0.5;
const MS_MIN = 20;
const MS_SHARE_MIN = 0.25;
/** A p95 of fewer requests is little more than their maximum. */
const LATENCIES_MIN = 100;

/** Shares of two counts of requests: the two-proportion test, and at least 0.1 points and half of what was. */
export function ratioChange(
  now: number | null,
  before: number | null,
  requests: number,
  requestsBefore: number,
): Change {
  if (now === null || before === null || requests <= 0 || requestsBefore <= 0) return null;
  const delta = now - before;
  if (Math.abs(delta) < Math.max(RATIO_MIN, before * RATIO_SHARE_MIN)) return null;
  const pooled = (now * requests + before * requestsBefore) / (requests + requestsBefore);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / requests + 1 / requestsBefore));
  if (Math.abs(delta) < SURE * error) return null;
  return delta > 0 ? 'up' : 'down';
}

/** Two p95: a quarter and 20 ms apart, each of requests enough to mean something. */
export function latencyChange(
  nowMs: number | null,
  beforeMs: number | null,
  requests: number,
  requestsBefore: number,
): Change {
  if (nowMs === null || beforeMs === null) return null;
  if (Math.min(requests, requestsBefore) < LATENCIES_MIN) return null;
  const delta = nowMs - beforeMs;
  if (Math.abs(delta) < Math.max(MS_MIN, beforeMs * MS_SHARE_MIN)) return null;
  return delta > 0 ? 'up' : 'down';
}
