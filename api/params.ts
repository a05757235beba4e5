/** What callers write into addresses: ranges of time, names, ids (RELIABILITY I-45, I-46, I-48). */
import { z } from 'zod';
import { DAY, HOUR, MINUTE, SECOND } from '../model/time.ts';
import type { Kept } from '../store/reads/plan.ts';
import { type ReadRange, understandRange } from '../store/reads/range.ts';
import { ApiError } from './error.ts';

/** Numbers below this are seconds: as milliseconds they would lie before March 1973. */
const SECONDS_BELOW = 100_000_000_000;
const SPAN_MAX_MS = 400 * DAY;
const STEP_MAX_S = 7 * 86_400;
/** Lines may be a few minutes ahead of us, a caller's clock too. */
const AHEAD_MAX_MS = DAY;

const UNIT_MS: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };

/** An instant in ms: epoch seconds or ms, `now`, `now-90m`, ISO 8601 with a zone. null when it is none. */
export function parseInstantMs(text: string, nowMs: number): number | null {
  if (/^\d{1,15}$/.test(text)) {
    const number = Number(text);
    return number < SECONDS_BELOW ? number * 1000 : number;
  }
  const relative = /^now(?:-(\d{1,5})([smhdw]))?$/.exec(text);
  if (relative) return nowMs - Number(relative[1] ?? 0) * (UNIT_MS[relative[2] ?? 's'] ?? 0);
  const isIso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = isIso ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

const instant = z
  .string()
  .max(40)
  .describe('Epoch seconds or milliseconds, ISO 8601 with a zone, now, or now-90m (s, m, h, d, w)');

/** from, to and step as they stand in an address. */
export const rangeQuery = z.strictObject({
  from: instant.optional().describe('Start, inclusive. Default: an hour before `to`.'),
  to: instant.optional().describe('End, exclusive. Default: now.'),
  step: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'is a whole number of seconds from 1 on')
    .optional()
    .describe('Width of a point in seconds; a wider one is used where there would be too many points.'),
});
export type RangeQuery = z.infer<typeof rangeQuery>;

/** from and to in ms. Refuses reversed, empty, endless and far-off ranges. */
export function readSpan(
  query: { from?: string | undefined; to?: string | undefined },
  nowMs: number,
  defaultMs = HOUR,
): { fromMs: number; toMs: number } {
  const toMs = query.to === undefined ? nowMs : parseInstantMs(query.to, nowMs);
  if (toMs === null)
    throw badRange('to', 'is no instant: use epoch seconds, ISO 8601 with a zone, or now-1h');
  const fromMs = query.from === undefined ? toMs - defaultMs : parseInstantMs(query.from, nowMs);
  if (fromMs === null)
    throw badRange('from', 'is no instant: use epoch seconds, ISO 8601 with a zone, or now-1h');
  if (fromMs >= toMs) throw badRange('from', 'must be before `to`');
  if (toMs - fromMs > SPAN_MAX_MS) throw badRange('from', 'and `to` may be 400 days apart at most');
  if (toMs > nowMs + AHEAD_MAX_MS) throw badRange('to', 'lies in the future');
  return { fromMs, toMs };
}

function badRange(field: string, message: string): ApiError {
  return new ApiError('badRange', { detail: `\`${field}\` ${message}.`, faults: [{ field, message }] });
}

/** The range a chart is drawn over. */
export function readRange(query: RangeQuery, nowMs: number, kept: Kept): ReadRange {
  const { fromMs, toMs } = readSpan(query, nowMs);
  const stepS = query.step === undefined ? undefined : Number(query.step);
  if (stepS !== undefined && (stepS < 1 || stepS > STEP_MAX_S)) {
    throw new ApiError('badRange', {
      detail: `\`step\` is a number of seconds from 1 to ${STEP_MAX_S}.`,
      faults: [{ field: 'step', message: `is not from 1 to ${STEP_MAX_S}` }],
    });
  }
  const asked = { fromS: Math.floor(fromMs / 1000), toS: Math.ceil(toMs / 1000), stepS };
  return understandRange(asked, Math.floor(nowMs / 1000), kept);
}

export const dynoName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/)
  .describe('Such as web.1');
export const processType = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .describe('Such as web');
export const codeName = z.string().regex(/^[HRL]\d{2}$/, 'is H, R or L and two digits');
export const uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const limit = (fallback: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,4}$/)
    .optional()
    .transform((text) => Math.min(Math.max(1, Number(text ?? fallback)), max));
