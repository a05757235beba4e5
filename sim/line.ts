/**
 * One log line before it is framed, and the mark that says what it must count as. The mark is set by
 * whoever makes the line up, never by reading it: so that the ledger's counts owe nothing to a parser.
 */
import type { Kind } from '../model/observation.ts';

export interface LineMark {
  kind: Kind;
  /** Exact status of a request; absent when the line's `status=` is empty. */
  status?: number;
  /** `H12`, `R14`, `L10`. */
  code?: string;
}

/**
 * How the producer writes its times (FORMATS 2.4): `micro` six digits; `cut` six digits without
 * trailing zeros; `seconds` none; `zero` seconds with `.000000`.
 */
export type TimePrecision = 'micro' | 'cut' | 'seconds' | 'zero';

export interface SimLine {
  /** Integer ms since the epoch. */
  atMs: number;
  /** 0–999, microseconds within `atMs`. */
  micros: number;
  precision: TimePrecision;
  /** PRI, 0–191. */
  priority: number;
  appname: string;
  procid: string;
  /** The message, without the newline at its end. */
  text: string;
  mark: LineMark;
  /** A scripted loss: the sender throws this line away as an overflowing buffer would. */
  dropped?: true;
}

/** PRI as observed on production since 2023 (FORMATS 2.3). */
export const PRIORITY_PLATFORM = 134;
export const PRIORITY_APP = 190;
export const PRIORITY_DATABASE_STATEMENT = 132;
export const PRIORITY_LOSS = 172;

/** A time in ms with a fraction, as whole ms and microseconds. */
export function splitMicros(timeMs: number): { atMs: number; micros: number } {
  const atMs = Math.floor(timeMs);
  return { atMs, micros: Math.min(999, Math.floor((timeMs - atMs) * 1000)) };
}

/** A line of the platform about one dyno (`heroku`, `web.1`). */
export function dynoLine(timeMs: number, dyno: string, text: string, code?: string): SimLine {
  return {
    ...splitMicros(timeMs),
    precision: 'micro',
    priority: PRIORITY_PLATFORM,
    appname: 'heroku',
    procid: dyno,
    text,
    mark: code === undefined ? { kind: 'dynoEvent' } : { kind: 'dynoEvent', code },
  };
}

/** A line of the platform's API (`app`, `api`). */
export function apiLine(timeMs: number, text: string, precision: TimePrecision = 'micro'): SimLine {
  return {
    ...splitMicros(timeMs),
    precision,
    priority: PRIORITY_PLATFORM,
    appname: 'app',
    procid: 'api',
    text,
    mark: { kind: 'apiEvent' },
  };
}

/** A line an application wrote to its standard output. */
export function outputLine(timeMs: number, dyno: string, text: string, kind: Kind = 'app'): SimLine {
  return {
    ...splitMicros(timeMs),
    precision: 'micro',
    priority: PRIORITY_APP,
    appname: 'app',
    procid: dyno,
    text,
    mark: { kind },
  };
}

/** By time; lines of one instant keep their order. */
export function byTime(a: SimLine, b: SimLine): number {
  return a.atMs - b.atMs || a.micros - b.micros;
}
