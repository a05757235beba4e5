/** Which lines of a log are asked for: read from the words of an address, and compiled into one question to a line. */
import { processTypeOf } from './heroku.ts';
import { LOG_LEVELS, LOG_SOURCES, type LogLevel, type LogLine, type LogSource } from './log-line.ts';
import { logTemplate, PATTERN_ID, patternId } from './log-pattern.ts';
import { err, ok, type Result } from './result.ts';

/** Values of one field: any of `only` (none: all), none of `not`. */
export interface Choice<Value> {
  only: readonly Value[];
  not: readonly Value[];
}

export interface LogFilter {
  sources: Choice<LogSource>;
  /** Procids, or process types: `web` is `web.1`, too. */
  procids: Choice<string>;
  /** Whole codes, a letter for all of its codes, or `any`. */
  codes: Choice<string>;
  /** `504` or `5xx`. */
  statuses: Choice<string>;
  /** `none`: lines that show no level. */
  levels: Choice<LogLevel | 'none'>;
  /** All of them are in the text, in any case. */
  texts: readonly string[];
  /** None of them is. */
  notTexts: readonly string[];
  /** Lines of this request, or that name it. */
  requestId: string | null;
  /** Lines of this pattern (patternId). */
  pattern: string | null;
}

/** What a filter looks at. */
export type FilteredLine = Pick<
  LogLine,
  'source' | 'procid' | 'level' | 'code' | 'status' | 'requestId' | 'text'
>;

/** Whether a choice lets a value through, taken as it stands. */
export function passesChoice<Value>({ only, not }: Choice<Value>, value: Value): boolean {
  return (only.length === 0 || only.includes(value)) && !not.includes(value);
}

const ALL = { only: [], not: [] } as const;

export const ALL_LINES: LogFilter = {
  sources: ALL,
  procids: ALL,
  codes: ALL,
  statuses: ALL,
  levels: ALL,
  texts: [],
  notTexts: [],
  requestId: null,
  pattern: null,
};

/** Names of the fields in an address. */
export const LOG_FILTER_FIELDS = [
  'source',
  'dyno',
  'code',
  'status',
  'level',
  'q',
  'not',
  'rid',
  'pattern',
] as const;
export type LogFilterField = (typeof LOG_FILTER_FIELDS)[number];

/** Of one field, and of all texts together: each is looked for in every line. */
const VALUES_MAX = 50;
const TEXTS_MAX = 10;
const TEXT_MAX = 200;

/** Whatever a client may have sent as its id and we kept (log-text, details): compared, never compiled. */
const REQUEST_ID = /^[\x21-\x7e]{1,200}$/;

export interface LogFilterFault {
  field: LogFilterField;
  message: string;
}

/**
 * Reads a filter from the values of an address, as often as each field stands there. Lists are separated by commas, a
 * value that begins with `-` is excluded.
 */
export function parseLogFilter(
  valuesOf: (field: LogFilterField) => readonly string[],
): Result<LogFilter, LogFilterFault> {
  const faults: LogFilterFault[] = [];
  const list = <Value extends string>(
    field: LogFilterField,
    read: (text: string) => Value | null,
    expected: string,
  ) => {
    const given = valuesOf(field)
      .flatMap((text) => text.split(','))
      .map((text) => text.trim())
      .filter((text) => text !== '');
    if (given.length > VALUES_MAX) faults.push({ field, message: `takes ${VALUES_MAX} values at most` });
    return readChoice(given, read, () => faults.push({ field, message: `is ${expected}` }));
  };
  const texts = (field: 'q' | 'not') => {
    const given = valuesOf(field).filter((text) => text !== '');
    if (given.length > TEXTS_MAX) faults.push({ field, message: `may stand ${TEXTS_MAX} times at most` });
    if (given.some((text) => text.length > TEXT_MAX)) {
      faults.push({ field, message: `is ${TEXT_MAX} characters long at most` });
    }
    return given;
  };
  const one = (field: 'rid' | 'pattern', form: RegExp, expected: string) => {
    const [given = ''] = valuesOf(field);
    if (given !== '' && !form.test(given)) faults.push({ field, message: expected });
    return given === '' ? null : given;
  };
  const filter: LogFilter = {
    sources: list('source', oneOf(LOG_SOURCES), `one of ${LOG_SOURCES.join(', ')}`),
    procids: list('dyno', matching(/^[^\s,]{1,128}$/), 'a dyno such as web.1, or a process type such as web'),
    codes: list('code', readCode, 'a code such as H12, a letter H, R or L, or any'),
    statuses: list('status', matching(/^[1-5](?:\d\d|xx)$/), 'a status such as 504, or 5xx'),
    levels: list('level', oneOf([...LOG_LEVELS, 'none'] as const), `one of ${LOG_LEVELS.join(', ')}, none`),
    texts: texts('q'),
    notTexts: texts('not'),
    requestId: one('rid', REQUEST_ID, 'is a request id'),
    pattern: one('pattern', PATTERN_ID, 'is the id of a pattern'),
  };
  const [fault] = faults;
  return fault ? err(fault) : ok(filter);
}

function readChoice<Value>(
  given: readonly string[],
  read: (text: string) => Value | null,
  refuse: () => void,
): Choice<Value> {
  const only: Value[] = [];
  const not: Value[] = [];
  for (const text of given) {
    const isNot = text.length > 1 && text.startsWith('-');
    const value = read(isNot ? text.slice(1) : text);
    if (value === null) {
      refuse();
      break;
    }
    (isNot ? not : only).push(value);
  }
  return { only, not };
}

function oneOf<Value extends string>(values: readonly Value[]): (text: string) => Value | null {
  return (text) => values.find((value) => value === text.toLowerCase()) ?? null;
}

function matching(form: RegExp): (text: string) => string | null {
  return (text) => (form.test(text) ? text : null);
}

function readCode(text: string): string | null {
  if (text.toLowerCase() === 'any') return 'any';
  const upper = text.toUpperCase();
  return /^[HRL](?:\d\d)?$/.test(upper) ? upper : null;
}

export type LineMatcher = (line: FilteredLine) => boolean;

/** One question for all of a filter, the cheapest part first. Parts that ask for nothing cost nothing. */
export function compileLogFilter(filter: LogFilter): LineMatcher {
  const parts: LineMatcher[] = [];
  const { sources, levels, procids, codes, statuses, requestId, pattern } = filter;
  if (isAsked(sources)) parts.push(choose(sources, (line) => line.source, same));
  if (isAsked(levels)) parts.push(choose(levels, (line) => line.level ?? 'none', same));
  if (isAsked(procids)) parts.push(choose(procids, (line) => line.procid, isOfProcid));
  if (isAsked(codes)) parts.push(choose(codes, (line) => line.code, isOfCode));
  if (isAsked(statuses)) parts.push(choose(statuses, (line) => line.status, isOfStatus));
  if (requestId !== null) {
    parts.push((line) => line.requestId === requestId || line.text.includes(requestId));
  }
  parts.push(...textParts(filter));
  if (pattern !== null) parts.push((line) => patternId(logTemplate(line.text)) === pattern);
  return (line) => parts.every((part) => part(line));
}

function isAsked(choice: Choice<unknown>): boolean {
  return choice.only.length + choice.not.length > 0;
}

/** Remembers what it said of each value: a field has few values, and a log has many lines of each. */
function choose<Line, Value, Asked>(
  { only, not }: Choice<Asked>,
  of: (line: Line) => Value,
  fits: (value: Value, asked: Asked) => boolean,
): (line: Line) => boolean {
  const known = new Map<Value, boolean>();
  return (line) => {
    const value = of(line);
    let answer = known.get(value);
    if (answer === undefined) {
      answer =
        (only.length === 0 || only.some((asked) => fits(value, asked))) &&
        !not.some((asked) => fits(value, asked));
      if (known.size < KNOWN_MAX) known.set(value, answer);
    }
    return answer;
  };
}

const KNOWN_MAX = 10_000;

function same(value: string, asked: string): boolean {
  return value === asked;
}

function isOfProcid(procid: string, asked: string): boolean {
  return procid === asked || processTypeOf(procid) === asked;
}

function isOfCode(code: string | null, asked: string): boolean {
  if (code === null) return false;
  return asked === 'any' || (asked.length === 1 ? code.startsWith(asked) : code === asked);
}

function isOfStatus(status: number | null, asked: string): boolean {
  if (status === null) return false;
  return asked.endsWith('xx') ? Math.floor(status / 100) === Number(asked[0]) : status === Number(asked);
}

function textParts({ texts, notTexts }: LogFilter): LineMatcher[] {
  if (texts.length + notTexts.length === 0) return [];
  const wanted = texts.map((text) => text.toLowerCase());
  const unwanted = notTexts.map((text) => text.toLowerCase());
  return [
    (line) => {
      const text = line.text.toLowerCase();
      return wanted.every((part) => text.includes(part)) && !unwanted.some((part) => text.includes(part));
    },
  ];
}

/** What must stand in the bytes of many lines for one of them to match; see mayContain. */
export interface Needles {
  /** Lower-case ASCII: in the bytes in any case. */
  anyCase: readonly string[];
  /** As it stands. */
  exact: readonly string[];
}

/** Parts of a filter that can be looked for in undecoded bytes. */
export function needlesOf({ texts, requestId }: LogFilter): Needles {
  return {
    anyCase: texts.map((text) => text.toLowerCase()).filter((text) => /^[ -~]+$/.test(text)),
    exact: requestId === null ? [] : [requestId],
  };
}

/**
 * Letters beyond ASCII whose lower case is, or begins with, an ASCII letter: the Kelvin sign and the I with a dot. As
 * escapes: normalised, the sign is a plain K, which is everywhere.
 */
const FOLDS_TO_ASCII = [Buffer.from('\u212a'), Buffer.from('\u0130')];

/**
 * Whether a line among these could match, judged by its bytes (UTF-8 texts with anything between them): false is sure,
 * true is not. A tenth of the time of decoding the lines.
 */
export function mayContain(bytes: Buffer, { anyCase, exact }: Needles): boolean {
  if (exact.some((needle) => !bytes.includes(needle))) return false;
  if (anyCase.length === 0) return true;
  const lower = bytes.toString('latin1').toLowerCase();
  return (
    anyCase.every((needle) => lower.includes(needle)) ||
    FOLDS_TO_ASCII.some((letter) => bytes.includes(letter))
  );
}
