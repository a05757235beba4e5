/** How fast one place may be told things: a bucket of tokens, and the pause the place asked for. Pure. */
import { MINUTE } from '../../model/time.ts';
import type { Rate } from './receiver.ts';

/** Of a place that says nothing: a message a second, some at once. */
export const DEFAULT_RATE: Omit<Rate, 'key'> = { burst: 5, perMinute: 60 };

/** What is missing of a token by rounding counts as there: whoever asks when told to gets one. */
const NEARLY = 0.999;

/** A bucket as it is stored. */
export interface Bucket {
  tokens: number;
  filledAtMs: number;
  /** Nothing goes there before: one refusal is for the whole bucket, or the next message is refused too. */
  blockedUntilMs: number;
}

/** A bucket nobody has used. */
export function newBucket(rate: Pick<Rate, 'burst'>, nowMs: number): Bucket {
  return { tokens: rate.burst, filledAtMs: nowMs, blockedUntilMs: 0 };
}

/** Takes a token: the bucket after it and `atMs` null; or when to ask again. */
export function takeToken(
  bucket: Bucket,
  rate: Pick<Rate, 'burst' | 'perMinute'>,
  nowMs: number,
): { bucket: Bucket; atMs: number | null } {
  const perMs = rate.perMinute / MINUTE;
  // A clock that was set back fills nothing, and takes nothing away (T-06).
  const passedMs = Math.max(0, nowMs - bucket.filledAtMs);
  const tokens = Math.min(rate.burst, bucket.tokens + passedMs * perMs);
  const filled = { ...bucket, tokens, filledAtMs: nowMs };
  if (bucket.blockedUntilMs > nowMs) return { bucket: filled, atMs: bucket.blockedUntilMs };
  if (tokens < NEARLY) return { bucket: filled, atMs: Math.ceil(nowMs + (1 - tokens) / perMs) };
  return { bucket: { ...filled, tokens: Math.max(0, tokens - 1) }, atMs: null };
}
