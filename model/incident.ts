/**
 * What people see of an alert: opened when it fires, raised and lowered with its severity, over when it recovers,
 * reopened when it comes back soon. What a change makes of it: incident-step.ts; who is told: incident-telling.ts;
 * what people do about it: incident-actions.ts.
 */
import type { HeldReason } from './alert.ts';
import type { Evidence, Subject } from './alert-change.ts';
import type { Severity } from './slo.ts';
import { HOUR } from './time.ts';

export type IncidentState = 'open' | 'acknowledged' | 'resolved';

export const INCIDENT_EVENT_KINDS = [
  'opened',
  'raised',
  'lowered',
  'held',
  'dataReturned',
  'recovered',
  /** By a person. */
  'resolved',
  'reopened',
  /** detail.isOver: it ended. */
  'flapping',
  'told',
  /** Nobody could be told: detail.reason. */
  'notTold',
  'escalated',
  'acknowledged',
  'unacknowledged',
  'snoozed',
  'unsnoozed',
  /** Not told because of a silence or maintenance: detail.silenceId. */
  'silenced',
  'note',
  'cause',
  /** The release before it. */
  'release',
  /** Its objective or rule was edited, or its past corrected. */
  'changed',
] as const;
export type IncidentEventKind = (typeof INCIDENT_EVENT_KINDS)[number];

/** One line of the timeline. */
export interface IncidentEvent {
  atMs: number;
  kind: IncidentEventKind;
  /** A person's or a receiver's name; '' for Drainboard itself. */
  actor: string;
  detail: Readonly<Record<string, unknown>>;
  /** What may be entered twice counts once in its incident. */
  dedupeKey?: string;
}

export interface Incident {
  id: string;
  appId: number;
  subject: Subject;
  title: string;
  /** Worst that fires; of a resolved one the last. */
  severity: Severity;
  /** Worst since it was opened, or reopened. */
  worstSeverity: Severity;
  state: IncidentState;
  held: { reason: HeldReason; sinceMs: number } | null;
  openedAtMs: number;
  /** Start of this opening. */
  startedAtMs: number;
  reopened: number;
  /** Reopenings of the last two hours. */
  reopenedAtMs: number[];
  acknowledged: { atMs: number; by: string; reason: string } | null;
  snoozed: { untilMs: number; by: string } | null;
  /** by: the person; null: it recovered, or its objective or rule is no more. */
  resolved: { atMs: number; by: string | null; reason: string } | null;
  /** Set while its coming and going is not told any more. */
  flappingSinceMs: number | null;
  /** Last change of its alert, by the clock that now was read from. */
  changedAtMs: number;
  detectedLateMs: number;
  isOverBeforeTold: boolean;
  /** Counted up with everything that is told. */
  sequence: number;
  /** What receivers believe: open with this severity; null: over, or never heard of. */
  toldSeverity: Severity | null;
  /** Messages of the last hour, and the last one. */
  toldAtMs: number[];
  withheld: 'silence' | 'noRoute' | null;
  receiverIds: number[];
  nextAtMs: number | null;
  evidence: Evidence;
  cause: { release: number | null; text: string; author: string; atMs: number } | null;
}

/** Reopenings are remembered this long: three make it flapping. */
export const FLAPPING_WITHIN_MS = 2 * HOUR;

const RANKS: Record<Severity, number> = { info: 0, ticket: 1, page: 2 };

/** Greater is worse; -1 for none. */
export function rankOf(severity: Severity | null): number {
  return severity === null ? -1 : RANKS[severity];
}

export function worseOf(one: Severity, other: Severity): Severity {
  return rankOf(one) >= rankOf(other) ? one : other;
}

export function isOpen(incident: Pick<Incident, 'state'>): boolean {
  return incident.state !== 'resolved';
}
