/** Silences and maintenance: which alerts are not told, and when. Alerts and incidents go on as ever. */
import type { Subject } from './alert-change.ts';
import { listSpans, type Recurrence, type Span } from './recurrence.ts';
import type { Severity } from './slo.ts';

/** All that is given must fit; an empty list fits everything. Objectives and rules are alternatives of each other. */
export interface SilenceMatch {
  appIds: number[];
  severities: Severity[];
  sloIds: number[];
  ruleIds: number[];
  /** Dyno, code, add-on; a `*` at the end fits every rest. */
  keys: string[];
  /** Tags of objectives: one of them will do. */
  tags: string[];
}

export interface Silence {
  id: string;
  kind: 'silence' | 'maintenance';
  match: SilenceMatch;
  /** Bounds of the whole; a repeated one is active in its spans between them only. */
  startsAtMs: number;
  endsAtMs: number;
  recurrence: Recurrence | null;
  /** When a person ended it; null while nobody did. */
  endedAtMs: number | null;
}

/** What can be silenced. */
export interface SilenceTarget {
  appId: number;
  severity: Severity;
  subject: Subject;
  tags: readonly string[];
}

export const FITS_ALL: SilenceMatch = {
  appIds: [],
  severities: [],
  sloIds: [],
  ruleIds: [],
  keys: [],
  tags: [],
};

export function fits(match: SilenceMatch, target: SilenceTarget): boolean {
  const { subject } = target;
  return (
    isAmong(match.appIds, target.appId) &&
    isAmong(match.severities, target.severity) &&
    fitsSubject(match, subject) &&
    fitsKey(match.keys, subject.kind === 'rule' ? subject.key : '') &&
    (match.tags.length === 0 || match.tags.some((tag) => target.tags.includes(tag)))
  );
}

function isAmong<Value>(list: readonly Value[], value: Value): boolean {
  return list.length === 0 || list.includes(value);
}

function fitsSubject({ sloIds, ruleIds }: SilenceMatch, subject: Subject): boolean {
  if (sloIds.length === 0 && ruleIds.length === 0) return true;
  return subject.kind === 'rule' ? ruleIds.includes(subject.ruleId) : sloIds.includes(subject.sloId);
}

function fitsKey(keys: readonly string[], key: string): boolean {
  if (keys.length === 0) return true;
  return keys.some((form) => (form.endsWith('*') ? key.startsWith(form.slice(0, -1)) : key === form));
}

/** Its active spans that touch [fromMs, toMs), in order, cut to its bounds and to where it was ended. */
export function listActiveSpans(silence: Silence, fromMs: number, toMs: number): Span[] {
  const low = Math.max(fromMs, silence.startsAtMs);
  const high = Math.min(toMs, endOf(silence));
  if (low >= high) return [];
  if (silence.recurrence === null) return [{ fromMs: silence.startsAtMs, toMs: endOf(silence) }];
  return listSpans(silence.recurrence, low, high).map((span) => ({
    fromMs: Math.max(span.fromMs, silence.startsAtMs),
    toMs: Math.min(span.toMs, endOf(silence)),
  }));
}

function endOf({ endsAtMs, endedAtMs }: Silence): number {
  return Math.min(endsAtMs, endedAtMs ?? Number.POSITIVE_INFINITY);
}

export function isActive(silence: Silence, atMs: number): boolean {
  return listActiveSpans(silence, atMs, atMs + 1).length > 0;
}

/** A repeated one is `planned` between two of its spans. */
export function silenceState(silence: Silence, atMs: number): 'planned' | 'active' | 'over' {
  if (atMs >= endOf(silence)) return 'over';
  if (silence.recurrence === null) return atMs < silence.startsAtMs ? 'planned' : 'active';
  return isActive(silence, atMs) ? 'active' : 'planned';
}

/** Looked ahead for the next span of a repeated one: days of the week come within one. */
const LOOK_AHEAD_MS = 9 * 24 * 3_600_000;

/** The span that is active at an instant, else the next; null when none is to come. */
export function nextSpan(silence: Silence, atMs: number): Span | null {
  const fromMs = Math.max(atMs, silence.startsAtMs);
  return listActiveSpans(silence, fromMs, fromMs + LOOK_AHEAD_MS)[0] ?? null;
}

/** The silence that keeps an alert from being told at an instant; null when none does. */
export function silenceOf(silences: readonly Silence[], target: SilenceTarget, atMs: number): Silence | null {
  return silences.find((silence) => fits(silence.match, target) && isActive(silence, atMs)) ?? null;
}
