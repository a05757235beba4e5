/**
 * When a failed notification is tried again, when it is given up, and what an answer over HTTP means where a receiver
 * says nothing special. Pure.
 */
import type { NotificationKind } from '../../model/delivery.ts';
import type { Severity } from '../../model/slo.ts';
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import type { OutboundAnswer, OutboundResult } from '../outbound.ts';
import type { SendResult } from './receiver.ts';

/** The first waits, longest; each is drawn from its whole range, so that many do not come back together. */
const FIRST_WAITS_MS = [SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE];
const MINUTE_UNTIL_MS = 15 * MINUTE;
const LATER_WAIT_MS = 5 * MINUTE;
/** Age at which a notification is given up. */
export const GIVE_UP_MS = 6 * HOUR;
/** A person waits for a test: whether it arrives hours later is no answer. */
const TEST_GIVE_UP_MS = MINUTE;
/** A place may ask for any pause; a page does not take a longer one for an answer. */
const PAGE_PAUSE_MAX_MS = HOUR;
/** Waits of nothing would be a loop. */
const WAIT_MIN_MS = 200;

export interface Tries {
  /** Tries so far, the failed one included. */
  attempts: number;
  firstAttemptAtMs: number;
  nowMs: number;
  severity: Severity | null;
  kind: NotificationKind;
  /** What the place asked for, ms. */
  afterMs?: number | undefined;
  /** [0, 1) */
  random: number;
}

/** The instant of the next try, or null: given up. What the place asked for wins when it is later. */
export function nextTryMs(tries: Tries): number | null {
  const { firstAttemptAtMs, nowMs, kind } = tries;
  const askedMs =
    tries.severity === 'page' ? Math.min(tries.afterMs ?? 0, PAGE_PAUSE_MAX_MS) : (tries.afterMs ?? 0);
  const atMs = nowMs + Math.max(askedMs, WAIT_MIN_MS, tries.random * waitMs(tries));
  const giveUpMs = firstAttemptAtMs + (kind === 'test' ? TEST_GIVE_UP_MS : GIVE_UP_MS);
  return atMs > giveUpMs ? null : Math.round(atMs);
}

/** Upper end of the wait after so many tries. */
function waitMs({ attempts, firstAttemptAtMs, nowMs }: Tries): number {
  const ageMs = nowMs - firstAttemptAtMs;
  if (ageMs >= MINUTE_UNTIL_MS) return LATER_WAIT_MS;
  return FIRST_WAITS_MS[Math.max(0, attempts - 1)] ?? MINUTE;
}

/** Statuses that may pass by themselves. */
const PASSING = new Set([408, 425, 429]);

/**
 * What an exchange over HTTP means for every receiver that does not say otherwise: 2xx arrived; 3xx is never
 * followed; 408, 425, 429, 5xx and failures of the network pass; 410 says that the place is gone; other refusals stay,
 * and 401, 403, 404 are for people to look at.
 */
export function resultOf(result: OutboundResult, nowMs: number): SendResult {
  if (result.kind === 'failed') return failureResult(result);
  const { status } = result;
  const reason = `it answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (PASSING.has(status) || status >= 500) {
    return { kind: 'retry', reason, ...afterOf(retryAfterMs(result, nowMs)) };
  }
  if (status >= 300 && status < 400) {
    return { kind: 'permanent', reason: `${reason}, a redirect, which is not followed`, unhealthy: true };
  }
  if (status === 410) return { kind: 'disable', reason: `${reason}: the place is gone` };
  return { kind: 'permanent', reason, unhealthy: status === 401 || status === 403 || status === 404 };
}

function afterOf(afterMs: number | null): { afterMs?: number } {
  return afterMs === null ? {} : { afterMs };
}

function failureResult(result: Extract<OutboundResult, { kind: 'failed' }>): SendResult {
  const { failure, reason, mayHaveArrived } = result;
  // Refused by our own rules: it stays refused until somebody changes the address or the rules.
  if (failure === 'badUrl' || failure === 'scheme' || failure === 'port' || failure === 'address') {
    return { kind: 'permanent', reason, unhealthy: true };
  }
  return { kind: 'retry', reason, mayHaveArrived };
}

/**
 * The pause a place asks for, ms from now: `Retry-After` as seconds or date (RFC 9110, 10.2.3), or `retry_after`
 * seconds of a JSON body, whichever is longer. null for none, or one that cannot be read.
 */
export function retryAfterMs(answer: Pick<OutboundAnswer, 'headers' | 'body'>, nowMs: number): number | null {
  const asked = [readHeader(answer.headers['retry-after'], nowMs), readBodyPause(answer.body)];
  const known = asked.filter((ms): ms is number => ms !== null && Number.isFinite(ms) && ms >= 0);
  return known.length === 0 ? null : Math.max(...known);
}

function readHeader(text: string | undefined, nowMs: number): number | null {
  const value = text?.trim() ?? '';
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Math.ceil(Number(value) * SECOND);
  const atMs = /[A-Za-z]/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

function readBodyPause(body: Buffer): number | null {
  if (body.length > 4_096 || body[0] !== 0x7b) return null;
  try {
    const { retry_after: seconds } = JSON.parse(body.toString()) as { retry_after?: unknown };
    return typeof seconds === 'number' ? Math.ceil(seconds * SECOND) : null;
  } catch {
    return null;
  }
}
