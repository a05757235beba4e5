import type { Log, LogFields } from '../model/log.ts';

export interface LogOptions {
  /** Where lines go; standard output's shape. */
  out: { write(text: string): unknown };
  /** For people at a terminal instead of machines. */
  readable: boolean;
  /** Facts of every line, such as the process's name. */
  base?: LogFields;
  now?: () => number;
}

type Level = 'info' | 'warn' | 'error';

/** How deep facts are followed, and how long a text may get: a log line is bounded whatever it is given. */
const DEPTH_LIMIT = 5;
const TEXT_LIMIT = 2_000;
const LIST_LIMIT = 50;
/** Names of facts whose value is not for a log, in whatever spelling (SEC-05, R-17). */
const SECRET_NAME =
  /secret|passw|token(?!s$|Count$)|authorization|cookie|credential|api_?key|databaseUrl|redisUrl|smtpUrl/i;

/**
 * One event a line (SEC-36): JSON for machines, `time event name=value` for people. Controls, line and
 * direction marks are escaped in both; values under secret names and credentials in URLs are left out.
 */
export function buildLog({ out, readable, base = {}, now = Date.now }: LogOptions): Log {
  const say = (level: Level, event: string, fields: LogFields = {}): void => {
    const facts = clean({ ...base, ...fields }, 0) as LogFields;
    const line = readable
      ? renderReadable(now(), level, event, facts)
      : renderJson(now(), level, event, facts);
    out.write(`${escapeControls(line)}\n`);
  };
  return {
    info: (event, fields) => say('info', event, fields),
    warn: (event, fields) => say('warn', event, fields),
    error: (event, fields) => say('error', event, fields),
  };
}

/** The log of a process: readable on a terminal, JSON into a pipe. `more`: facts of every line into a pipe. */
export function buildProcessLog(
  name: string,
  more: LogFields = {},
  stream: NodeJS.WriteStream = process.stdout,
): Log {
  return buildLog({
    out: stream,
    readable: stream.isTTY === true,
    base: stream.isTTY ? {} : { process: name, ...more },
  });
}

function renderJson(atMs: number, level: Level, event: string, facts: LogFields): string {
  return JSON.stringify({ at: new Date(atMs).toISOString(), level, event, ...facts });
}

function renderReadable(atMs: number, level: Level, event: string, facts: LogFields): string {
  const time = new Date(atMs).toISOString().slice(11, 19);
  const mark = level === 'info' ? '' : `${level.toUpperCase()} `;
  const pairs = Object.entries(facts).map(([name, value]) => ` ${name}=${renderValue(value)}`);
  return `${time} ${mark}${event}${pairs.join('')}`;
}

function renderValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value)
    ? value
    : (JSON.stringify(value) ?? 'undefined');
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return cleanError(value, depth);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Date || value instanceof URL) return cleanText(String(value.toJSON()));
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (depth >= DEPTH_LIMIT) return '…';
  if (Array.isArray(value)) return value.slice(0, LIST_LIMIT).map((item) => clean(item, depth + 1));
  const entries = Object.entries(value).slice(0, LIST_LIMIT);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, SECRET_NAME.test(name) ? '(left out)' : clean(item, depth + 1)]),
  );
}

function cleanText(text: string): string {
  const short = text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
  return short.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi, '$1(left out)@');
}

/** What an error is, not what it was about: drivers put row values into `detail` and `where`. */
function cleanError(error: Error, depth: number): unknown {
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    ...(code !== undefined && { code }),
    message: cleanText(error.message),
    ...(error.cause !== undefined && { cause: clean(error.cause, depth + 1) }),
  };
}

/** Controls of every kind, direction and zero-width marks, line and paragraph separators. */
function escapeControls(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => {
    const units = Array.from({ length: sign.length }, (_, index) => sign.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
