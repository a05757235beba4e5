/** What a change of an alert makes of its incident, and what the timeline says of it. Pure; all instants are given. */
import type { AlertChange } from './alert-change.ts';
import {
  FLAPPING_WITHIN_MS,
  type Incident,
  type IncidentEvent,
  type IncidentEventKind,
  isOpen,
  rankOf,
  worseOf,
} from './incident.ts';
import type { Severity } from './slo.ts';
import { MINUTE } from './time.ts';

/** A re-fire within this time joins the incident that was resolved (SLO.md 1, 6). */
export const REOPEN_WITHIN_MS = 30 * MINUTE;

export interface IncidentStep {
  /** null: there is none, as before. The same object as before: nothing changed. */
  incident: Incident | null;
  events: IncidentEvent[];
}

/**
 * One change of an alert. `before`: the newest incident of its subject, open or not. Data that is missing neither
 * resolves nor lowers anything; what is known already changes nothing.
 */
export function step(
  before: Incident | null,
  change: AlertChange,
  { nowMs, newId }: { nowMs: number; newId: string },
): IncidentStep {
  if (before !== null && isOpen(before)) {
    return change.overBeforeTold ? unchanged(before) : continueOpen(before, change, nowMs);
  }
  if (change.severity === null) return unchanged(before);
  if (change.overBeforeTold) return listOver(change, change.severity, { nowMs, newId });
  if (before === null) return open(change, change.severity, { nowMs, newId });
  // Ended by a person although the alert fires on: only what fires anew brings it back.
  const isFresh = !['recovered', 'held', 'dataReturned'].includes(change.reason);
  if (before.resolved?.by != null && !isFresh) return unchanged(before);
  if (joins(before, change)) return reopen(before, change, change.severity, nowMs);
  return open(change, change.severity, { nowMs, newId });
}

function unchanged(incident: Incident | null): IncidentStep {
  return { incident, events: [] };
}

/** Also after longer, as long as receivers have not been told that it is over. */
function joins(before: Incident, change: AlertChange): boolean {
  if (before.isOverBeforeTold) return false;
  if (before.flappingSinceMs !== null || before.toldSeverity !== null) return true;
  return change.atMs - (before.resolved?.atMs ?? 0) <= REOPEN_WITHIN_MS;
}

function open(
  change: AlertChange,
  severity: Severity,
  { nowMs, newId }: { nowMs: number; newId: string },
): { incident: Incident; events: IncidentEvent[] } {
  const incident: Incident = {
    id: newId,
    appId: change.appId,
    subject: change.subject,
    title: change.evidence.title,
    severity,
    worstSeverity: severity,
    state: 'open',
    held: change.held,
    openedAtMs: change.atMs,
    startedAtMs: change.atMs,
    reopened: 0,
    reopenedAtMs: [],
    acknowledged: null,
    snoozed: null,
    resolved: null,
    flappingSinceMs: null,
    changedAtMs: nowMs,
    detectedLateMs: change.detectedLateMs,
    isOverBeforeTold: false,
    sequence: 0,
    toldSeverity: null,
    toldAtMs: [],
    withheld: null,
    receiverIds: [],
    nextAtMs: null,
    evidence: change.evidence,
    cause: null,
  };
  const detail = { severity, evidence: change.evidence, detectedLateMs: change.detectedLateMs };
  return { incident, events: [ours('opened', change.atMs, detail)] };
}

/** Fired and ended while nobody could evaluate: an incident that is over from the start. */
function listOver(
  change: AlertChange,
  severity: Severity,
  made: { nowMs: number; newId: string },
): IncidentStep {
  const sinceMs = Math.min(change.evidence.sinceMs, change.atMs);
  const { incident, events } = open({ ...change, atMs: sinceMs, held: null }, severity, made);
  return {
    incident: {
      ...incident,
      state: 'resolved',
      isOverBeforeTold: true,
      resolved: { atMs: change.atMs, by: null, reason: 'recovered' },
    },
    events: [...events, ours('recovered', change.atMs, { reason: 'recovered' })],
  };
}

function reopen(before: Incident, change: AlertChange, severity: Severity, nowMs: number): IncidentStep {
  const reopenedAtMs = [...before.reopenedAtMs, change.atMs].filter(
    (atMs) => change.atMs - atMs <= FLAPPING_WITHIN_MS,
  );
  const incident: Incident = {
    ...before,
    title: change.evidence.title,
    severity,
    worstSeverity: severity,
    state: 'open',
    held: change.held,
    startedAtMs: change.atMs,
    reopened: before.reopened + 1,
    reopenedAtMs,
    acknowledged: null,
    resolved: null,
    changedAtMs: nowMs,
    detectedLateMs: change.detectedLateMs,
    evidence: change.evidence,
  };
  const detail = { severity, evidence: change.evidence, reopened: incident.reopened };
  return endSnooze(before, incident, [ours('reopened', change.atMs, detail)], change.atMs);
}

/** Who put off a ticket has not put off a page: it is told, now or once a silence is over. */
function endSnooze(
  before: Incident,
  incident: Incident,
  events: IncidentEvent[],
  atMs: number,
): { incident: Incident; events: IncidentEvent[] } {
  if (incident.snoozed === null || incident.severity !== 'page' || before.severity === 'page')
    return { incident, events };
  return {
    incident: { ...incident, snoozed: null },
    events: [...events, ours('unsnoozed', atMs, { reason: 'raised' })],
  };
}

function continueOpen(before: Incident, change: AlertChange, nowMs: number): IncidentStep {
  const { incident: known, events } = stepHeld(before, change);
  const severity = change.held === null ? change.severity : worstKnown(before.severity, change.severity);
  let incident = known;
  if (severity === null) {
    const reason = change.reason === 'removed' ? 'removed' : 'recovered';
    incident = { ...incident, state: 'resolved', resolved: { atMs: change.atMs, by: null, reason } };
    if (reason === 'removed') incident = { ...incident, flappingSinceMs: null };
    events.push(ours('recovered', change.atMs, { reason: change.reason, evidence: change.evidence }));
  } else if (rankOf(severity) > rankOf(before.severity)) {
    incident = { ...incident, severity, evidence: change.evidence, state: 'open', acknowledged: null };
    events.push(ours('raised', change.atMs, { from: before.severity, severity, evidence: change.evidence }));
    // Who took care of a ticket has not taken care of a page.
    if (before.acknowledged !== null) events.push(ours('unacknowledged', change.atMs, { reason: 'raised' }));
  } else if (severity !== before.severity) {
    incident = { ...incident, severity, evidence: change.evidence };
    events.push(ours('lowered', change.atMs, { from: before.severity, severity, evidence: change.evidence }));
  } else if (EDITS.includes(change.reason)) {
    incident = { ...incident, evidence: change.evidence, title: change.evidence.title };
    events.push(ours('changed', change.atMs, { reason: change.reason, evidence: change.evidence }));
  }
  if (events.length === 0) return { incident, events };
  const worstSeverity = worseOf(incident.worstSeverity, incident.severity);
  return endSnooze(before, { ...incident, worstSeverity, changedAtMs: nowMs }, events, change.atMs);
}

/** Reasons that are told although the severity stays: somebody changed what is promised, or what counts. */
const EDITS: readonly AlertChange['reason'][] = ['sloChanged', 'ruleChanged', 'correction'];

/** While data is missing nothing gets better. */
function worstKnown(known: Severity, severity: Severity | null): Severity {
  return severity === null ? known : worseOf(known, severity);
}

function stepHeld(
  before: Incident,
  { held, atMs }: AlertChange,
): { incident: Incident; events: IncidentEvent[] } {
  if (held === null && before.held === null) return { incident: before, events: [] };
  if (held === null) {
    return {
      incident: { ...before, held: null },
      events: [ours('dataReturned', atMs, { sinceMs: before.held?.sinceMs })],
    };
  }
  if (before.held !== null) {
    const isSame = held.reason === before.held.reason;
    const incident = isSame ? before : { ...before, held: { ...before.held, reason: held.reason } };
    return { incident, events: [] };
  }
  return { incident: { ...before, held }, events: [ours('held', atMs, { ...held })] };
}

function ours(kind: IncidentEventKind, atMs: number, detail: Record<string, unknown>): IncidentEvent {
  return { kind, atMs, actor: '', detail };
}
