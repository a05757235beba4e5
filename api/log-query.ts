/** What callers ask of an app's log, as it stands in an address. */
import { z } from 'zod';
import {
  LOG_FILTER_FIELDS,
  type LogFilter,
  type LogFilterField,
  parseLogFilter,
} from '../model/log-filter.ts';
import { ApiError } from './error.ts';
import { type LogCursor, parseLogCursor } from './log-cursor.ts';
import { limit, rangeQuery } from './params.ts';

const value = z.string().max(2_000).optional();

/** Named here for what is known of an address; each may be repeated, and is read by readLogFilter. */
const filterFields = {
  source: value.describe('app, heroku, router, postgres, redis, other; several by commas; -app excludes'),
  dyno: value.describe('Dynos or process types: web.1,worker,-web.3'),
  code: value.describe('H12; H, R or L for all of them; any'),
  status: value.describe('Of router lines: 504, 5xx'),
  level: value.describe('error, warn, info, debug, none'),
  q: value.describe('Text in the line, in any case; repeated: all of them'),
  not: value.describe('Text that is not in the line; repeated: none of them'),
  rid: value.describe('A request id'),
  pattern: value.describe('Id of a pattern'),
} satisfies Record<LogFilterField, z.ZodType>;

const cursor = z.string().max(2_000).optional();
const bounds = { from: rangeQuery.shape.from, to: rangeQuery.shape.to };

export const logsQuery = z.strictObject({
  ...bounds,
  ...filterFields,
  before: cursor.describe('`older` of an answer, or the id of a line'),
  after: cursor.describe('`newer` of an answer, or the id of a line'),
  limit: limit(200, 500),
});
export const logHistogramQuery = z.strictObject({ ...bounds, ...filterFields, step: rangeQuery.shape.step });
export const logPatternsQuery = z.strictObject({ ...bounds, ...filterFields, limit: limit(50, 200) });
export const logContextQuery = z.strictObject({
  ...bounds,
  ...filterFields,
  line: z.string().max(64).optional().describe('Id of a line, instead of rid'),
  around: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'is a number of seconds')
    .optional()
    .describe('Seconds on either side, 1–300; default 30'),
  at: z.string().max(40).optional().describe('About when it was: a hint'),
  limit: limit(500, 1_000),
});
export const logTailQuery = z.strictObject({
  ...filterFields,
  after: cursor.describe('As in Last-Event-ID'),
  rate: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'is a number of lines a second')
    .optional()
    .describe('Lines a second that are not sampled, 1–500; default 50'),
});

/** The filter of an address, with every value of repeated fields. */
export function readLogFilter(url: string): LogFilter {
  const params = new URL(url).searchParams;
  const parsed = parseLogFilter((field) => params.getAll(field));
  if (parsed.ok) return parsed.value;
  throw badLogQuery(parsed.error.field, parsed.error.message);
}

/** The same filter as one text: readers with equal ones share work. */
export function logFilterKey(url: string): string {
  const params = new URL(url).searchParams;
  return LOG_FILTER_FIELDS.map((field) => params.getAll(field).join('\n')).join('\n\n');
}

export function readLogCursor(
  field: 'before' | 'after' | 'line',
  text: string | undefined,
): LogCursor | null {
  if (text === undefined || text === '') return null;
  const found = parseLogCursor(text);
  if (found === null)
    throw badLogQuery(field, 'is no place in a log: take `older`, `newer` or the id of a line');
  return found;
}

export function badLogQuery(field: string, message: string): ApiError {
  return new ApiError('badRequest', { detail: `\`${field}\` ${message}.`, faults: [{ field, message }] });
}
