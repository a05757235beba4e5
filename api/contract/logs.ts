/**
 * Lines of logs. All routes take the same filter (LogFilterQuery) and a range from, to (as in RangeAnswer's routes:
 * epoch s or ms, ISO 8601, now-1h; default: the last hour). Times are epoch ms unless a name says otherwise. Texts are
 * as they are kept: secrets masked at intake, long ones cut.
 */
import type { Columns } from './time.ts';

export type LogSourceName = 'app' | 'heroku' | 'router' | 'postgres' | 'redis' | 'other';
export type LogLevelName = 'error' | 'warn' | 'info' | 'debug';

/**
 * The filter, as it stands in an address. Every field may be repeated; those marked * may also carry several values
 * separated by commas. Values of one field are alternatives; fields are joined by "and". A value that begins with `-`
 * excludes what it names: `dyno=-web.3`.
 */
export interface LogFilterQuery {
  /** * Of LogSourceName. */
  source?: string | string[];
  /** * A dyno or any other procid, such as `web.1`, `router`, `heroku-postgres`; or a process type, such as `web`. */
  dyno?: string | string[];
  /** * Such as `H12`; `H`, `R` or `L` for all of the letter; `any` for every code. */
  code?: string | string[];
  /** * Of router lines: `504`, or `5xx`. */
  status?: string | string[];
  /** * Of LogLevelName, and `none` for lines that show no level. */
  level?: string | string[];
  /** Text in the line, in any case of its letters. Repeated: all of them must be in it. No commas are read. */
  q?: string | string[];
  /** Text that must not be in the line. Repeated: none of them may. */
  not?: string | string[];
  /** A request id: lines that belong to it or name it. */
  rid?: string;
  /** `id` of a pattern (LogPatternsAnswer): only its lines. */
  pattern?: string;
}

export interface LogLineAnswer {
  /** Stable for as long as the line is kept, also while it is moved in the store. Opaque; a cursor, too. */
  id: string;
  /** What the line says of its own time. */
  atMs: number;
  source: LogSourceName;
  /** `web.1`, `router`, `heroku-postgres` … */
  procid: string;
  level: LogLevelName | null;
  code: string | null;
  /** Of a router line. */
  status: number | null;
  requestId: string | null;
  text: string;
  /** The text was longer and its end was cut off at intake. */
  isCut: boolean;
}

/** Some of the lines of a source were not kept, because there were too many at once. */
export interface LogLeftOut {
  source: LogSourceName;
  /** Where in the range: first and last moment at which lines were left out. */
  fromMs: number;
  toMs: number;
  /** Lines of the source in that span, and how many of them are not kept. */
  seen: number;
  leftOut: number;
  /** "showing 1 in k": seen / kept in that span, rounded; lines with codes, 5xx and errors are kept in full first. */
  oneIn: number;
}

/** How far a search got. A page asks on with the cursor until `complete`. */
export interface LogSearch {
  /** Everything between the cursor (or the end of the range) and the other end of the range was looked at, and could be. */
  complete: boolean;
  /** Looked at back to here (forward to here with `after`); what lies beyond is not known. */
  reachedMs: number;
  /** Why it ended: `end` of the range, `limit` of lines, `time` or `bytes` of its budget. */
  stopped: 'end' | 'limit' | 'time' | 'bytes';
  scannedLines: number;
  /** Of text, uncompressed. */
  scannedBytes: number;
  tookMs: number;
  /** Pieces of the log, a minute or less each, that could not be read: damaged, or of a later release. Left out: none. */
  unread?: number;
}

/** How long and how much is kept of this app's lines. */
export interface LogRetention {
  /** 0: lines of this app are not kept (`empty: 'off'`). */
  hours: number;
  /** Start of the oldest that is kept; null when there is none. */
  keptFromMs: number | null;
  /** Stored, compressed, of this app; and the bound for all apps together. */
  bytes: number;
  bytesMax: number;
}

/**
 * Why there are no lines: `off` lines of this app are not kept · `notSetUp` no line ever arrived · `tooOld` the range
 * ends before what is kept · `silent` nothing arrived in the range · `none` lines arrived and none fits the filter ·
 * `unfinished` none so far, and the search is not complete. null: there are lines.
 */
export type LogEmpty = 'off' | 'notSetUp' | 'tooOld' | 'silent' | 'none' | 'unfinished' | null;

/**
 * GET /api/v1/apps/:app/logs?from&to&…filter&before&after&limit
 * The newest lines of the range that fit; with `before` (an `id` or a cursor) the newest ones before it, with `after`
 * the oldest ones after it; never both. limit: 1–500, default 200.
 */
export interface LogsAnswer {
  app: string;
  nowMs: number;
  fromMs: number;
  /** Exclusive. */
  toMs: number;
  /** Oldest first. */
  lines: LogLineAnswer[];
  /** Give as `before` for what comes before these lines, or to search on; null when there is nothing more. */
  older: string | null;
  /** Give as `after` for what comes after these lines; null only when nothing is known to be there or to come. */
  newer: string | null;
  search: LogSearch;
  /** In the part of the range that was looked at, whatever the filter says. */
  leftOut: LogLeftOut[];
  /** Secrets that were masked in the lines of this answer. */
  redactions: number;
  retention: LogRetention;
  /** Newest line of the app that was taken in; null when there was none ever. */
  dataThroughMs: number | null;
  empty: LogEmpty;
}

/**
 * GET /api/v1/apps/:app/logs/histogram?from&to&…filter&step
 * Columns with the series `source:app` … `source:other`, `level:error` … `level:none`, `status:5xx` and `code:any`; those
 * that are 0 all over are left out. Sources add up to all lines, levels too. null: not known (not looked at, or before
 * what is kept).
 */
export interface LogHistogramAnswer {
  app: string;
  fromMs: number;
  toMs: number;
  /** Width of a column, seconds. */
  step: number;
  columns: Columns;
  /** Lines that fit; an estimate when `estimated`. */
  total: number;
  /** The filter needed lines to be looked at and only some were: counts are scaled up from `lookedAtShare` of them. */
  estimated: boolean;
  /** 0–1; 1 when nothing is estimated. */
  lookedAtShare: number;
  /** Not all lines were read: counts of dynos, codes and statuses are estimates, also where the total is exact. */
  facetsEstimated: boolean;
  /** What the filter could still be narrowed to, most frequent first, at most 50 of each. */
  facets: {
    source: LogFacet[];
    level: LogFacet[];
    dyno: LogFacet[];
    code: LogFacet[];
    status: LogFacet[];
  };
  leftOut: LogLeftOut[];
  retention: LogRetention;
  empty: LogEmpty;
}

export interface LogFacet {
  value: string;
  /** Lines; as exact as the columns, but see `facetsEstimated`. */
  count: number;
}

/**
 * GET /api/v1/apps/:app/logs/context?rid=… or ?line=ID &around=30 (s, 1–300) &at=… (about when, a hint) &…filter
 * Everything the app, the platform and the router said around a request or a line. limit: 1–1000, default 500, nearest first.
 */
export interface LogContextAnswer {
  app: string;
  /** Asked for, or that of the line. */
  requestId: string | null;
  /** Of the line, or of the first line of the request; null: not found, see `search` and `empty`. */
  atMs: number | null;
  fromMs: number;
  toMs: number;
  /** Oldest first. */
  lines: LogContextLine[];
  /** There are more lines in the span than the answer holds, before or after those here. */
  cutBefore: boolean;
  cutAfter: boolean;
  search: LogSearch;
  leftOut: LogLeftOut[];
  empty: LogEmpty;
}

export interface LogContextLine extends LogLineAnswer {
  /** Of the request that was asked for, or the line itself. */
  isOwn: boolean;
}

/**
 * GET /api/v1/apps/:app/logs/patterns?from&to&…filter&limit
 * Lines grouped by what they have in common: numbers, ids, addresses, quoted values masked. Most frequent first; limit:
 * 1–200, default 50. Counted over what `search` reached, newest first.
 */
export interface LogPatternsAnswer {
  app: string;
  fromMs: number;
  toMs: number;
  patterns: LogPattern[];
  /** Lines that fit and were looked at. */
  lines: number;
  /** Lines in patterns that are not listed. */
  restLines: number;
  search: LogSearch;
  leftOut: LogLeftOut[];
  retention: LogRetention;
  empty: LogEmpty;
}

export interface LogPattern {
  /** Of the template alone: the same from day to day and from app to app. Usable as the filter `pattern`. */
  id: string;
  /** `GET /cart/<num> took <duration>`. Masks: <num> <hex> <uuid> <ip> <duration> <size> <time> <str> <email> <path> <*>. */
  template: string;
  count: number;
  /** Of `lines`, 0–1. */
  share: number;
  /** The worst level seen; null when no line showed one. */
  level: LogLevelName | null;
  sources: LogSourceName[];
  firstMs: number;
  lastMs: number;
  /** The newest line. */
  example: LogLineAnswer;
}

/**
 * GET /api/v1/apps/:app/logs/tail?…filter&rate : server-sent events. `rate`: lines a second a reader wants at most, 1–500,
 * default 50; above it other lines are sampled, never those with a code, a status of 5xx or the level error.
 * `lines` (LogTailLines, with an id: Last-Event-ID, or `after` in the address, goes on where a reader was, up to 500 lines
 * back), `sampled` (LogTailSampled) when sampling begins, changes or ends, `skipped` (LogTailSkipped) when a reader did
 * not read quickly enough, `ping` (LogTailPing) every 15 s and at once, `bye` (LogTailBye) with `retry`.
 * 429 with retry-after when too many read already (500 a process, 20 a caller); 503 while live tails give way.
 */
export interface LogTailLines {
  /** In the order of their time where they came together; late lines come late. */
  lines: LogLineAnswer[];
}

export interface LogTailSampled {
  /** "showing 1 in k" from now on; 1: all of them again. */
  oneIn: number;
  /** Since the last of these events: shown, and left out here. */
  shown: number;
  leftOut: number;
  /** Lines were left out already when they were taken in (LogLeftOut); null: none. */
  atIntake: { oneIn: number } | null;
}

export interface LogTailSkipped {
  /** Lines that were not sent since the last message; 0: some, and not known how many (after a long absence). */
  lines: number;
  fromMs: number;
  toMs: number;
}

/** With an id once everything that is committed from then on is told; another one every 15 s. */
export interface LogTailPing {
  atMs: number;
  dataThroughMs: number | null;
}

/** As ByeMessage; `off`: lines of this app are not kept any more. */
export interface LogTailBye {
  reason: 'stopping' | 'shed' | 'off';
}
