/**
 * What one message of a drain says: the closed vocabulary shared by the parsers, the durable log,
 * the roll-up, the API and `drainboard parse`.
 */

/** Every kind of message, in the order of their numbers in the durable log. Append only. */
export const KINDS = [
  'request',
  'dynoSample',
  'addonSample',
  'metric',
  'dynoEvent',
  'apiEvent',
  'loss',
  'app',
  'databaseLog',
  'other',
] as const;
export type Kind = (typeof KINDS)[number];

/**
 * Reasons why something in a message (or a body) was left out, changed or doubted. Append only: the
 * position is the number in the durable log. Charted and shown in drain health as "skipped by reason".
 */
export const NOTES = [
  /** The octet count of a message was unreadable; the rest of the body could not be framed. */
  'badFraming',
  /** The last message was cut: its octet count goes past the end of the body. */
  'cutBody',
  /** A message of zero bytes. */
  'emptyMessage',
  /** No `<PRI>1 TIMESTAMP HOST APPNAME PROCID -` in front. */
  'badHeader',
  /** PRI missing or out of 0–191. The message is read all the same. */
  'badPriority',
  /** A syslog version other than 1. The message is read all the same. */
  'badVersion',
  /** No readable time: filed under the arrival. */
  'badTime',
  /** More than 5 min ahead of the arrival: filed under the arrival. */
  'futureTime',
  /** More than 1 h behind the arrival: filed under the arrival. */
  'lateTime',
  /** `Logplex-Msg-Count` differs from what was framed. */
  'countMismatch',
  /** (`heroku`, `router`) without the tail of a router line. */
  'badRouterLine',
  /** A number that is no number or has more than 15 digits: taken as unknown. */
  'badNumber',
  /** A status outside 100–599: taken as unknown. */
  'badStatus',
  /** One metric of a line was unreadable; the others count. */
  'badMetric',
  /** A platform line whose form is known but whose content is not. */
  'badEvent',
  /** An unknown H, R or L code: counted under its own name. */
  'unknownCode',
  /** Bytes that are not UTF-8, shown as U+FFFD. */
  'badUtf8',
  /** A NUL byte or another control byte was taken out of a stored text. */
  'controlBytes',
  /** A stored text was longer than its bound and was cut. */
  'cutText',
  /** A secret or personal datum was replaced before storage. */
  'redacted',
  /** A series beyond the bound of its app: counted under `other` or `overflow`. */
  'overflow',
  /** The continuation of a database log entry; it belongs to the message before. */
  'continuation',
] as const;
export type Note = (typeof NOTES)[number];

export type Outcome = 'good' | 'bad' | 'excluded';
export type TimeSource = 'line' | 'arrival';

export interface DynoEvent {
  dyno: string;
  event:
    | 'state'
    | 'start'
    | 'exit'
    | 'stop'
    | 'restarting'
    | 'cycling'
    | 'idling'
    | 'unidling'
    | 'memory'
    | 'code'
    | 'oneOff';
  from?: string;
  to?: string;
  /** 0–255. */
  exitStatus?: number;
  /** `SIGTERM`, `SIGKILL`, `SIGHUP`. */
  signal?: string;
  /** `R10` … */
  code?: string;
  memoryBytes?: number;
  /** Memory in use as a fraction of the quota: 1.701 for `170.1%`. */
  quotaRatio?: number;
  /** First word of a started command; the rest may hold secrets and is not kept. */
  command?: string;
}

export interface ApiEvent {
  event:
    | 'release'
    | 'deploy'
    | 'rollback'
    | 'scale'
    | 'config'
    | 'build'
    | 'addon'
    | 'releasePhase'
    | 'start'
    | 'other';
  /** Release number without the `v`. */
  version?: number;
  commit?: string;
  /** Names of config vars, or of the add-on. */
  names?: string[];
  formation?: { type: string; quantity: number; size?: string }[];
  /** Personal data: shown by `parse`, stored as a keyed hash and a shortened form only. */
  user?: string;
  /** `started`, `succeeded`, `failed`, `attached` … where the event has an outcome. */
  result?: string;
  /** The text of an event of kind `other`, without the user. */
  text?: string;
  /** First word of a started command; the rest may hold secrets and is not kept. */
  command?: string;
}

export interface Loss {
  /** `L10`, `L11`, `L12`, `L13` … */
  code: string;
  /** Messages, an upper bound. Absent when the line gives no readable number. */
  dropped?: number;
  /** ms since the epoch. */
  sinceMs?: number;
}

export interface AddonSample {
  /** `postgresql-shape-12345`; absent before about 2016. */
  addon?: string;
  source?: string;
  /** Metric name as written → value in base units (bytes, seconds, fractions, counts). */
  values: Map<string, number>;
  skipped: string[];
}

export interface CustomMetric {
  name: string;
  type: 'count' | 'measure' | 'sample';
  /** As written, times nothing: unit stays beside it. */
  value: number;
  unit?: string;
}

export interface DatabaseLog {
  /** `[GREEN]` → `GREEN`. */
  source?: string;
  /** `LOG`, `ERROR`, `FATAL`, `WARNING`, `STATEMENT`, `DETAIL`, `HINT`. */
  level?: string;
  sqlErrorCode?: string;
  durationMs?: number;
}
