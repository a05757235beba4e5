/**
 * What people are told, as facts: one notice, the same for every receiver. Words are made of it by notice-text.ts;
 * receivers only lay them out. Everything in it may come from a log (names, paths, titles), so every receiver
 * escapes every text (SEC-35).
 */
import type { HeldReason } from './alert.ts';
import type { Evidence, SubjectKind } from './alert-change.ts';
import type { NotificationKind } from './delivery.ts';
import type { Severity } from './slo.ts';

/**
 * How what the notice is about stands now: `held`: it fires as far as is known, and there is no data; `over`: it had
 * ended before anybody could be told; `info`: nothing fires (a release, a sign of life).
 */
export type NoticeState = 'firing' | 'held' | 'acknowledged' | 'snoozed' | 'resolved' | 'over' | 'info';

export interface Notice {
  /** Why it is sent. */
  kind: NotificationKind;
  state: NoticeState;
  /** null where there is none: a release. */
  severity: Severity | null;
  /** A person asked for it, to see whether it arrives; or it is of an incident made for a drill. */
  isTest: boolean;
  /** Drainboard itself, as it is reached: no slash at the end. */
  instance: NoticeInstance;
  /** Name of the app; '' when it is about none, or about several. */
  app: string;
  /** Of the objective or rule, of the release; never empty. */
  title: string;
  incident: NoticeIncident | null;
  /** Numbers of the deciding moment; null when nothing failed. */
  evidence: Evidence | null;
  /** null where there is no objective. */
  budget: NoticeBudget | null;
  /** The newest release before it began; null when none is known. */
  release: NoticeRelease | null;
  /** Codes seen since it began, most frequent first. */
  codes: NoticeCode[];
  /** Dynos that carry more of it than their share of requests; worst first. */
  dynos: NoticeDyno[];
  causes: NoticeCause[];
  checks: NoticeCheck[];
  /** '' for none. */
  runbookUrl: string;
  links: NoticeLink[];
  /** What happened since the last notice: null for the first. */
  change: NoticeChange | null;
  /** Several incidents in one message, and what is folded into this one; empty for one alone. */
  folded: NoticeFold[];
  /** A hint that the platform itself may be in trouble: more than half of the apps fire with codes of its own. */
  platformHint: boolean;
  /** Of kind `change`. */
  event: NoticeEvent | null;
  /** Of kind `watch`. */
  watch: NoticeWatch | null;
  /** Name of the receiver that could not be told, when it is told here for that; '' otherwise. */
  insteadOf: string;
  /** Instant the notice is made, ms. */
  atMs: number;
}

export interface NoticeInstance {
  /** `https://drains.example.com`. */
  url: string;
  /** Host of it: makes keys and message ids unique among instances. */
  host: string;
}

export interface NoticeIncident {
  /** uuid, the same over all its reopenings. */
  id: string;
  /** #214. */
  number: number;
  /** `slo:12`: stable name of what fires. */
  subject: string;
  subjectKind: SubjectKind;
  /** Dyno, code, add-on …; '' for the whole. */
  key: string;
  openedAtMs: number;
  /** Of this opening. */
  startedAtMs: number;
  resolvedAtMs: number | null;
  reopened: number;
  isFlapping: boolean;
  held: { reason: HeldReason; sinceMs: number } | null;
  acknowledged: { by: string; reason: string; atMs: number } | null;
  snoozedUntilMs: number | null;
  /** The person who resolved it; '' when it recovered. */
  resolvedBy: string;
  resolveReason: string;
  /** Worst since it was opened. */
  worstSeverity: Severity;
  /** Found that much later than it began; 0: in time. */
  detectedLateMs: number;
  /** Grows with everything that is told of it. */
  sequence: number;
}

export interface NoticeBudget {
  /** Exact decimal, '0.999'. */
  target: string;
  /** What counts as bad: failed, or also slower than the threshold; null when not known. */
  indicator:
    | { kind: 'availability' }
    | { kind: 'latency'; thresholdMs: number }
    | { kind: 'composite' }
    | null;
  /** `30 days`, `calendar month (Europe/Berlin)`; '' when not known. */
  period: string;
  /** Share that is left; below 0 when overspent; null when not known. */
  remaining: number | null;
  /** When it runs out at this rate; null when it does not. */
  exhaustedAtMs: number | null;
}

export interface NoticeRelease {
  version: number;
  atMs: number;
  /** What it was: `Deploy 1a2b3c4`; '' when not known. */
  what: string;
  /** Shortened, as events are stored; '' when not known. */
  by: string;
}

/** Requests with a code, or lines where the code is no request's. */
export interface NoticeCode {
  code: string;
  count: number;
  /** '' for a code that is not in the table. */
  title: string;
}

export interface NoticeDyno {
  dyno: string;
  bad: number;
  events: number;
}

/** A likely cause, each from numbers that can be looked at. */
export type NoticeCause =
  | {
      kind: 'release';
      version: number;
      releasedAtMs: number;
      before: Share;
      after: Share;
    }
  | { kind: 'code'; code: string; title: string; bad: number; ofBad: number }
  | { kind: 'dyno'; dyno: string; bad: number; ofBad: number; dynos: number }
  | { kind: 'path'; path: string; bad: number; ofBad: number }
  | { kind: 'crash'; dyno: string; atMs: number; count: number }
  | { kind: 'config'; what: string; atMs: number }
  | { kind: 'scale'; what: string; atMs: number }
  | { kind: 'said'; by: string; version: number };

export interface Share {
  bad: number;
  events: number;
}

/** One of the first things to look at. */
export interface NoticeCheck {
  text: string;
  /** Absolute; '' for none. */
  url: string;
}

export interface NoticeLink {
  kind: 'incident' | 'app' | 'slo' | 'code' | 'runbook' | 'settings';
  /** Absolute, with the time range it is about. */
  url: string;
}

/** What happened to an incident since it was told last. */
export type NoticeChange =
  | { kind: 'raised'; from: Severity; to: Severity }
  | { kind: 'lowered'; from: Severity; to: Severity }
  | { kind: 'reopened'; times: number }
  | { kind: 'held'; reason: HeldReason; sinceMs: number }
  | { kind: 'dataReturned' }
  | { kind: 'flapping' }
  | { kind: 'settled' }
  | { kind: 'escalated'; level: number; policy: string }
  | { kind: 'unacknowledged'; by: string }
  | { kind: 'snoozed'; by: string; untilMs: number }
  | { kind: 'unsnoozed'; by: string }
  | { kind: 'silenceEnded' }
  | { kind: 'note'; by: string; text: string }
  | { kind: 'cause'; by: string; version: number | null; text: string }
  | { kind: 'other'; text: string };

/** One of several incidents told together. */
export interface NoticeFold {
  app: string;
  title: string;
  severity: Severity;
  state: NoticeState;
  sinceMs: number;
  /** Of its incident. */
  url: string;
  incidentId: string;
}

/** A release, rollback, config change or scaling. */
export interface NoticeEvent {
  /** `release:42`: the same for the same event. */
  key: string;
  kind: 'release' | 'deploy' | 'rollback' | 'config' | 'scale';
  version: number | null;
  what: string;
  by: string;
  atMs: number;
}

/** A trouble of Drainboard's own alerting. */
export interface NoticeWatch {
  name: string;
  isFiring: boolean;
  /** One sentence of what is wrong, or that it is over. */
  text: string;
  sinceMs: number;
  /** Counted up at each change of it. */
  episode: number;
}
