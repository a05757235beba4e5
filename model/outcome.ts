/**
 * What one request means for availability and latency. The rules, in words:
 *
 * 1. Only the code decides, never its title; it comes before the status.
 * 2. A counted code makes the request bad whatever the status (H18 is logged with the 200 already sent).
 * 3. A code that is not counted takes the request out of the total, unless its status is 2xx or 3xx: good.
 * 4. An unknown code (H35) is bad when `at=error` or the status is 500 and more; otherwise as in 3.
 * 5. Without a code: bad from 500 on, 499 left out, everything else good; no status at all: left out.
 *
 * Everything is numbers, for this runs once per request; the words are in `OUTCOMES`.
 */
import { HEROKU_CODES } from './codes.ts';
import type { Outcome } from './observation.ts';

export const GOOD = 0;
export const BAD = 1;
export const EXCLUDED = 2;
/** By outcome number. */
export const OUTCOMES: readonly Outcome[] = ['good', 'bad', 'excluded'];

const FAMILY_H = 72;
/** No code: the same as NONE of the message reader. */
const NO_CODE = -1;
/** No status: likewise. */
const NO_STATUS = -1;

const CODE_UNKNOWN = 0;
const CODE_COUNTED = 1;
const CODE_LEFT_OUT = 2;

/** By number of an H code: unknown, counted or left out. */
export type CountedCodes = Uint8Array;

/** What an SLO counts that says nothing; `overrides` by code, for codes whose entry says `configurable`. */
export function countedCodes(overrides: ReadonlyMap<string, boolean> = new Map()): CountedCodes {
  const counted = new Uint8Array(100);
  for (const entry of HEROKU_CODES) {
    if (!entry.code.startsWith('H')) continue;
    const choice = entry.counts === 'configurable' ? overrides.get(entry.code) : undefined;
    counted[Number(entry.code.slice(1))] = (choice ?? entry.defaultCounted) ? CODE_COUNTED : CODE_LEFT_OUT;
  }
  return counted;
}

export const DEFAULT_COUNTED: CountedCodes = countedCodes();

/**
 * Outcome as a number. `codeFamily` is the character code of the letter, -1 without a code; `codeNumber` ≥ 0;
 * `status` 100–599 or -1; `isError` whether the line says `at=error` (asked for unknown codes only).
 */
export function outcomeOf(
  codeFamily: number,
  codeNumber: number,
  isError: boolean,
  status: number,
  counted: CountedCodes = DEFAULT_COUNTED,
): number {
  if (codeFamily === NO_CODE) return outcomeOfStatus(status);
  const verdict = codeFamily === FAMILY_H && codeNumber < 100 ? counted[codeNumber]! : CODE_UNKNOWN;
  if (verdict === CODE_COUNTED) return BAD;
  if (verdict === CODE_UNKNOWN && (isError || status >= 500)) return BAD;
  return status >= 200 && status < 400 ? GOOD : EXCLUDED;
}

function outcomeOfStatus(status: number): number {
  if (status >= 500) return BAD;
  return status === 499 || status === NO_STATUS ? EXCLUDED : GOOD;
}

/** Codes whose duration is not the app's: gone or idle visitors, pages the router serves itself. */
const WITHOUT_DURATION: ReadonlySet<number> = new Set([27, 28, 80, 81, 82, 83]);
const withoutDuration = new Uint8Array(100);
for (const number of WITHOUT_DURATION) withoutDuration[number] = 1;

const REQUEST_TIMEOUT = 12;
/** The router gives up after 30 s: a request with H12 waited at least that long, whatever its line says. */
export const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Whether a request belongs into latency: not a connection's lifetime (101), not H27, H28, H80–H83, not a line
 * without `service`. H12 always does. `serviceMs` -1 when the line has none.
 */
export function countsForLatency(
  codeFamily: number,
  codeNumber: number,
  status: number,
  serviceMs: number,
): boolean {
  if (status === 101) return false;
  if (codeFamily === FAMILY_H && codeNumber < 100) {
    if (codeNumber === REQUEST_TIMEOUT) return true;
    if (withoutDuration[codeNumber] === 1) return false;
  }
  return serviceMs >= 0;
}

/** Whether the duration of a line with this code can be the app's; false for H27, H28 and H80–H83. */
export function hasOwnDuration(codeFamily: number, codeNumber: number): boolean {
  return !(codeFamily === FAMILY_H && codeNumber < 100 && withoutDuration[codeNumber] === 1);
}

/**
 * What the visitor waited at the router in ms: connect + service (absent parts -1), 30 s at least for H12; -1
 * when the request does not belong into latency.
 */
export function latencyMsOf(
  codeFamily: number,
  codeNumber: number,
  status: number,
  connectMs: number,
  serviceMs: number,
): number {
  if (!countsForLatency(codeFamily, codeNumber, status, serviceMs)) return -1;
  const waitedMs = Math.max(connectMs, 0) + Math.max(serviceMs, 0);
  const timedOut = codeFamily === FAMILY_H && codeNumber === REQUEST_TIMEOUT;
  return timedOut ? Math.max(waitedMs, REQUEST_TIMEOUT_MS) : waitedMs;
}
