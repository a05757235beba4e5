/**
 * What rules are judged by: the facts of one app over a run of minutes. Read for many apps at once by an evaluation, and
 * for one app and many days by a back-test; both are judged by the same readers (rule-reading.ts).
 */
import type { HeldReason } from './alert.ts';
import type { Latencies } from './rule-latency.ts';

/** A run of minutes, `to` exclusive; a minute is floor(epoch s / 60). */
export interface MinuteSpan {
  from: number;
  to: number;
}

/** An event of a dyno, or of the release phase (table events). */
export interface FactEvent {
  atMs: number;
  /** End of an episode; atMs otherwise. */
  untilMs: number;
  kind: string;
  dyno: string;
  code: string;
  /** New state of a dyno, '' for other events; and the one before. */
  to: string;
  from: string;
  exitStatus: number | null;
}

/** A known loss (table gaps). */
export interface FactLoss {
  fromMs: number;
  toMs: number;
  messages: number | null;
  cause: string;
}

/** A value a minute; NaN: none. */
export type Minutes = Float64Array;

export interface AddonFacts {
  /** `heroku-postgresql`. */
  service: string;
  /** By metric, as written but with `-` for `_`. */
  metrics: Map<string, Minutes>;
}

export interface CustomFacts {
  type: string;
  sums: Minutes;
  counts: Minutes;
}

/** Buckets of five minutes of one metric, by start minute: now, and at the same time of other weeks and days. */
export type Buckets = ReadonlyMap<number, number>;

/** A dyno's memory since it was started. */
export interface LeakFacts {
  dyno: string;
  /** When it was started last; null: before what is stored. */
  startedMinute: number | null;
  quotaBytes: number | null;
  points: { minute: number; bytes: number }[];
}

export interface AppFacts {
  appId: number;
  span: MinuteSpan;
  /** Of each minute of the span the newest minute with a line up to it; −1: none is known. */
  lastLine: Int32Array;
  /** Silent once the newest line is more than so many minutes ago. */
  silentAfterMinutes: number;
  /** All dynos sleep, are stopped or scaled away: silence is what is to be expected. */
  isAsleep: boolean;
  /** Minute of the newest frame, whatever the age of its lines; null: not looked for, since lines are not missed. */
  receivedMinute: number | null;
  /** 1: lines of this minute are known to be lost. */
  lossy: Uint8Array;
  /** From here on not everything that arrived is counted; null: everything is. */
  staleFromMinute: number | null;
  requests: Minutes;
  /** Of requests: bad, and not counted either way. */
  bad: Minutes;
  excluded: Minutes;
  /** By minute; empty where no rule asks. */
  latencies: Map<number, Latencies>;
  codes: Map<string, Minutes>;
  /** By dyno, then metric. */
  dynos: Map<string, Map<string, Minutes>>;
  /** By name. */
  addons: Map<string, AddonFacts>;
  /** By name of the metric. */
  customs: Map<string, CustomFacts[]>;
  /** By time. */
  events: FactEvent[];
  losses: FactLoss[];
  /** By anomaly metric, then key ('' or a process type). */
  buckets: Map<string, Map<string, Buckets>>;
  leaks: LeakFacts[];
  /** What is judged every few minutes is not known for evaluations before this one. */
  seldomFrom: number;
}

/** Facts of an app of which nothing is known: no line, no request. */
export function emptyFacts(appId: number, span: MinuteSpan): AppFacts {
  const length = Math.max(0, span.to - span.from);
  return {
    appId,
    span,
    lastLine: new Int32Array(length).fill(-1),
    silentAfterMinutes: 10,
    isAsleep: false,
    receivedMinute: null,
    lossy: new Uint8Array(length),
    staleFromMinute: null,
    requests: new Float64Array(length),
    bad: new Float64Array(length),
    excluded: new Float64Array(length),
    latencies: new Map(),
    codes: new Map(),
    dynos: new Map(),
    addons: new Map(),
    customs: new Map(),
    events: [],
    losses: [],
    buckets: new Map(),
    leaks: [],
    seldomFrom: span.from,
  };
}

/** Fills lastLine from the minutes with lines, ascending; `before`: the newest line before the span, if known. */
export function setLines(facts: AppFacts, lines: Iterable<number>, before: number | null): void {
  const { span, lastLine } = facts;
  const has = new Uint8Array(lastLine.length);
  let last = before ?? -1;
  for (const minute of lines) {
    if (minute < span.from) last = Math.max(last, minute);
    else if (minute < span.to) has[minute - span.from] = 1;
  }
  for (let at = 0; at < lastLine.length; at++) {
    if (has[at] === 1) last = span.from + at;
    lastLine[at] = last;
  }
}

/** Marks the minutes that losses touch. */
export function markLossy(facts: AppFacts): void {
  const { span, lossy } = facts;
  for (const { fromMs, toMs } of facts.losses) {
    const from = Math.max(Math.floor(fromMs / 60_000), span.from);
    const to = Math.min(Math.floor(toMs / 60_000), span.to - 1);
    for (let minute = from; minute <= to; minute++) lossy[minute - span.from] = 1;
  }
}

/** Newest minute with a line that evaluation `minute` knows of; null: none. */
export function lastLineBefore(facts: AppFacts, minute: number): number | null {
  const last = facts.lastLine[minute - 1 - facts.span.from] ?? -1;
  return last < 0 ? null : last;
}

/** Whether the drain is silent for evaluation `minute`. An app that never wrote a line is not. */
export function isSilent(facts: AppFacts, minute: number): boolean {
  const last = lastLineBefore(facts, minute);
  return last !== null && minute - last > facts.silentAfterMinutes;
}

/** Whether the newest minute has no line although the drain is not silent: a pause of which nobody can say more yet. */
export function isPausing(facts: AppFacts, minute: number): boolean {
  const last = lastLineBefore(facts, minute);
  return last !== null && last < minute - 1 && !isSilent(facts, minute);
}

/**
 * Minutes of a window in which having none is having none: not those of a silence, nor those since the newest line, of
 * which nobody knows yet. At least one.
 */
export function heardMinutes(facts: AppFacts, minute: number, windowMinutes: number): number {
  let heard = 0;
  let nextLine: number | null = null;
  for (let at = minute - 1; at >= minute - windowMinutes; at--) {
    const last = facts.lastLine[at - facts.span.from] ?? -1;
    if (last === at) nextLine = at;
    if (nextLine !== null && nextLine - last <= facts.silentAfterMinutes) heard++;
  }
  return Math.max(1, heard);
}

/** Whether lines of [from, to) are known to be lost. */
export function isLossy(facts: AppFacts, from: number, to: number): boolean {
  for (let minute = from; minute < to; minute++) if (facts.lossy[minute - facts.span.from] === 1) return true;
  return false;
}

/**
 * Why evaluation `minute` cannot judge a window of so many minutes; null: it can. A window without a single line is no
 * zero, also before its silence is unusual: nothing ends in it.
 */
export function missingOf(facts: AppFacts, minute: number, windowMinutes: number): HeldReason | null {
  if (facts.staleFromMinute !== null && facts.staleFromMinute < minute) return 'stale';
  const last = lastLineBefore(facts, minute);
  if (isSilent(facts, minute) || (last !== null && last < minute - windowMinutes)) return 'noData';
  return isLossy(facts, minute - windowMinutes, minute) ? 'gap' : null;
}

/** Sum over [from, to); minutes without a value, and those outside of the span, count nothing. */
export function sumOf(facts: AppFacts, values: Minutes | undefined, from: number, to: number): number {
  let sum = 0;
  for (let at = from - facts.span.from; at < to - facts.span.from; at++) {
    const value = values?.[at];
    if (value !== undefined && !Number.isNaN(value)) sum += value;
  }
  return sum;
}

/** Average and maximum over [from, to) of the minutes with a value; null when there are none. */
export function gaugeOf(
  facts: AppFacts,
  values: Minutes | undefined,
  from: number,
  to: number,
): { average: number; max: number; newest: number } | null {
  let [sum, count, max, newest] = [0, 0, Number.NEGATIVE_INFINITY, 0];
  for (let at = from - facts.span.from; at < to - facts.span.from; at++) {
    const value = values?.[at];
    if (value === undefined || Number.isNaN(value)) continue;
    sum += value;
    count++;
    max = Math.max(max, value);
    newest = value;
  }
  return count === 0 ? null : { average: sum / count, max, newest };
}
