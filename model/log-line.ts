/** A line of a log as it is kept, searched and shown: what Logplex sent, redacted and bounded. */

/** Who wrote a line. `heroku`: dynos' states, releases, R and L codes. `other`: add-ons without a name of their own here. */
export const LOG_SOURCES = ['app', 'heroku', 'router', 'postgres', 'redis', 'other'] as const;
export type LogSource = (typeof LOG_SOURCES)[number];

/** From worst to least. Read from the text's usual forms; most lines say none. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Longest that an app's lines may be kept, hours. */
export const LOG_HOURS_MAX = 744;

/** Longest text of a line in UTF-16 units; what is longer ends in `…`. */
export const LOG_TEXT_MAX = 4_000;

/** What a line is known by for ever, in the log's chunks as in its blocks. */
export interface LogLineKey {
  /** What it is filed under, epoch ms. */
  atMs: number;
  /** The writer that committed it, the number of its chunk there, and its place among the app's lines in that. */
  writerId: number;
  seq: number;
  index: number;
}

export interface LogLine extends LogLineKey {
  source: LogSource;
  /** `web.1`, `router`, `api`, `postgres.1234`; `-` where a sender gives none. */
  procid: string;
  level: LogLevel | null;
  /** `H12`, `R14`, `L10`. */
  code: string | null;
  /** 100–599, of router lines. */
  status: number | null;
  requestId: string | null;
  /** Redacted; may hold colour codes and line ends, as it came. */
  text: string;
}

/** Width of what lines are counted by, s. */
export const LOG_BUCKET_S = 10;

/** Lines of one source and level in ten seconds. */
export interface LogCount {
  /** Start, epoch s. */
  bucketS: number;
  source: LogSource;
  /** Lines that were left out beyond the bounds of a second may not have been looked at: null. */
  level: LogLevel | null;
  /** Lines there are. */
  kept: number;
  /** Lines there were besides and that the rate guard left out: never one with a code, nor an error within its bound. */
  leftOut: number;
}

/** Order of lines: by time, those of one instant by where they are stored. Negative when a comes first. */
export function compareLogLines(a: LogLineKey, b: LogLineKey): number {
  return a.atMs - b.atMs || a.writerId - b.writerId || a.seq - b.seq || a.index - b.index;
}

/** A line's place as one word, for cursors, links and keys of a list: `atMs.writer.seq.index`, each in base 36. */
export function formatLogKey({ atMs, writerId, seq, index }: LogLineKey): string {
  return [atMs, writerId, seq, index].map((number) => number.toString(36)).join('.');
}

/** The place that formatLogKey wrote; null for anything else. */
export function parseLogKey(text: string): LogLineKey | null {
  if (!/^[0-9a-z]{1,10}(?:\.[0-9a-z]{1,10}){3}$/.test(text)) return null;
  const [atMs = 0, writerId = 0, seq = 0, index = 0] = text
    .split('.')
    .map((part) => Number.parseInt(part, 36));
  return { atMs, writerId, seq, index };
}
