/**
 * What an evaluator hands over to incidents: how one alert stands now, and the numbers that decided it. Changes of one
 * call are in order of time; a change that says what is known already is taken for nothing, so an evaluator may
 * hand over the same twice (but for an edit, which is told each time).
 */
import type { HeldReason, TransitionReason } from './alert.ts';
import type { Severity } from './slo.ts';

/**
 * Whose alert it is. There is at most one open incident of a subject. `budget`: a share of an objective's budget
 * that is left has been crossed (a subject of its own, so that it neither lowers nor raises the burn's incident).
 */
export type Subject =
  | { kind: 'slo'; sloId: number }
  | { kind: 'rule'; ruleId: number; key: string }
  | { kind: 'budget'; sloId: number; remainingPercent: number };

export type SubjectKind = Subject['kind'];

/** The numbers of the deciding moment. What does not apply is null, or empty. */
export interface Evidence {
  /** 'burn', 'budget', or the kind of the rule. */
  what: string;
  /** Of the objective or rule, as people named it. */
  title: string;
  windows: { minutes: number; bad: number; events: number; burn: number }[];
  value: number | null;
  threshold: number | null;
  /** Of value and threshold: '%', 'ms', 'MB', …; empty for a plain number. */
  unit: string;
  /** Share of the long window's minutes with data, 0–1. */
  coverage: number;
  /** Share of the budget that is left; below 0 when overspent. */
  budgetRemaining: number | null;
  /** When the budget will be gone at the long window's rate. */
  exhaustedAtMs: number | null;
  sinceMs: number;
  /** What the alert is about in its app: a dyno, a code, an add-on; empty for the whole. */
  key: string;
  /** Exact decimal, '0.999'. */
  target: string | null;
}

export interface AlertChange {
  appId: number;
  subject: Subject;
  /** Evaluation that decided: floor(epoch s / 60). */
  minute: number;
  /** The instant the alert is said to have changed; a time of the past when evaluations are caught up. */
  atMs: number;
  /** Worst level that fires (or recovers) now; null: none. For overBeforeTold: the worst it was. */
  severity: Severity | null;
  /** Set while data is missing: nothing is resolved then, whatever severity says. */
  held: { reason: HeldReason; sinceMs: number } | null;
  reason: TransitionReason;
  evidence: Evidence;
  /** Over 0: the evaluation came that much late; only the net state of a call is told. */
  detectedLateMs: number;
  /** Fired and ended while nobody could evaluate: listed as an incident that is over, never told. */
  overBeforeTold: boolean;
}

/** A subject as one text: 'slo:12', 'rule:7:web.1', 'budget:12:25'. Unique per subject; keys may hold colons. */
export function subjectText(subject: Subject): string {
  switch (subject.kind) {
    case 'slo':
      return `slo:${subject.sloId}`;
    case 'budget':
      return `budget:${subject.sloId}:${subject.remainingPercent}`;
    case 'rule':
      return `rule:${subject.ruleId}:${subject.key}`;
  }
}
