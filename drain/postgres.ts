/**
 * The server log of Heroku Postgres, (`app`, `postgres.<pid>`), to level, error code and duration (FORMATS 6.3).
 * The SQL in it is personal data and is not kept.
 *
 *   [GREEN] [14-1]  sql_error_code = 00000 LOG:  duration: 2688.600 ms  execute <unnamed>: SELECT …
 *   [YELLOW] [12-2] 	SELECT            (n-m with m ≥ 2: the same entry goes on; begins with a TAB)
 */
import type { DatabaseLog } from '../model/observation.ts';
import { NOTE_CONTINUATION } from './notes.ts';

/** A log entry and the notes that go with it. */
export interface ReadDatabaseLog {
  log: DatabaseLog;
  notes: number;
}

const PREFIX = /^\[([A-Za-z0-9_-]{1,64})\] \[(\d{1,10})-(\d{1,10})\]/;
const ERROR_CODE = /^\s*sql_error_code = ([0-9A-Z]{5})/;
/** One of the `key="value"` pairs that `log_line_prefix` puts before the level; values come from users. */
const PAIR = /\s*[a-z_]+\s?=\s?"[^"]*"/y;
const LEVEL =
  /\s*(LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION|DEBUG):\s+/y;
const DURATION = /duration: (\d{1,12}(?:\.\d{1,6})?) ms/y;
/** What is looked at of one message: the prefix ends long before. */
const MAX_PREFIX = 4_000;

/** Reads a server log message. Null when it does not begin with `[NAME] [n-m]`: then it is an application's. */
export function parseDatabaseLog(text: string): ReadDatabaseLog | null {
  const line = text.slice(0, MAX_PREFIX);
  const prefix = PREFIX.exec(line);
  if (prefix === null) return null;
  const log: DatabaseLog = { source: prefix[1] ?? '' };
  const notes = Number(prefix[3]) >= 2 ? NOTE_CONTINUATION : 0;
  const rest = line.slice(prefix[0].length);
  const errorCode = ERROR_CODE.exec(rest);
  if (errorCode === null) return { log, notes };
  log.sqlErrorCode = errorCode[1] ?? '';
  readLevel(log, rest, errorCode[0].length);
  return { log, notes };
}

function readLevel(log: DatabaseLog, text: string, start: number): void {
  let at = start;
  for (;;) {
    PAIR.lastIndex = at;
    if (!PAIR.test(text)) break;
    at = PAIR.lastIndex;
  }
  LEVEL.lastIndex = at;
  const level = LEVEL.exec(text);
  if (level === null) return;
  log.level = level[1] ?? '';
  DURATION.lastIndex = LEVEL.lastIndex;
  const duration = DURATION.exec(text)?.[1];
  if (duration !== undefined) log.durationMs = Number(duration);
}
