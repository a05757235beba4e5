/** Between rows of the table incidents and what model/incident.ts calls an incident. */
import type { HeldReason } from '../model/alert.ts';
import { type Evidence, type Subject, subjectText } from '../model/alert-change.ts';
import type { Incident, IncidentState } from '../model/incident.ts';
import type { Severity } from '../model/slo.ts';

export interface IncidentRow extends Incident {
  /** #214. */
  number: number;
}

export interface IncidentRecord {
  id: string;
  number: number;
  app_id: number;
  subject_kind: Subject['kind'];
  subject: string;
  slo_id: number | null;
  rule_id: number | null;
  key: string;
  title: string;
  severity: Severity;
  worst_severity: Severity;
  state: IncidentState;
  held_reason: HeldReason | null;
  held_since_ms: number | null;
  opened_at_ms: number;
  started_at_ms: number;
  reopened: number;
  reopened_at_ms: number[];
  acknowledged_at_ms: number | null;
  acknowledged_by: string | null;
  acknowledged_reason: string | null;
  snoozed_until_ms: number | null;
  snoozed_by: string | null;
  resolved_at_ms: number | null;
  resolved_by: string | null;
  resolve_reason: string | null;
  flapping_since_ms: number | null;
  changed_at_ms: number;
  detected_late_ms: number;
  is_over_before_told: boolean;
  sequence: number;
  told_severity: Severity | null;
  told_at_ms: number[];
  withheld: 'silence' | 'noRoute' | null;
  receiver_ids: number[];
  next_at_ms: number | null;
  evidence: Evidence;
  cause: Incident['cause'];
}

/** Every column but number, with its type: what is written by name from JSON. */
const TYPES: Record<Exclude<keyof IncidentRecord, 'number'>, string> = {
  id: 'uuid',
  app_id: 'int',
  subject_kind: 'text',
  subject: 'text',
  slo_id: 'int',
  rule_id: 'int',
  key: 'text',
  title: 'text',
  severity: 'text',
  worst_severity: 'text',
  state: 'text',
  held_reason: 'text',
  held_since_ms: 'bigint',
  opened_at_ms: 'bigint',
  started_at_ms: 'bigint',
  reopened: 'int',
  reopened_at_ms: 'bigint[]',
  acknowledged_at_ms: 'bigint',
  acknowledged_by: 'text',
  acknowledged_reason: 'text',
  snoozed_until_ms: 'bigint',
  snoozed_by: 'text',
  resolved_at_ms: 'bigint',
  resolved_by: 'text',
  resolve_reason: 'text',
  flapping_since_ms: 'bigint',
  changed_at_ms: 'bigint',
  detected_late_ms: 'bigint',
  is_over_before_told: 'boolean',
  sequence: 'int',
  told_severity: 'text',
  told_at_ms: 'bigint[]',
  withheld: 'text',
  receiver_ids: 'int[]',
  next_at_ms: 'bigint',
  evidence: 'jsonb',
  cause: 'jsonb',
};
export const NAMES = Object.keys(TYPES);
/** The driver leaves the elements of bigint[] as text; JSON has numbers. */
export const COLUMNS = ['number', ...NAMES]
  .map((name) =>
    TYPES[name as keyof typeof TYPES] === 'bigint[]' ? `to_jsonb(i.${name}) AS ${name}` : `i.${name}`,
  )
  .join(', ');
export const RECORDSET = NAMES.map((name) => `${name} ${TYPES[name as keyof typeof TYPES]}`).join(', ');

function subjectOf(record: IncidentRecord): Subject {
  if (record.subject_kind === 'rule') return { kind: 'rule', ruleId: record.rule_id ?? 0, key: record.key };
  if (record.subject_kind === 'slo') return { kind: 'slo', sloId: record.slo_id ?? 0 };
  return { kind: 'budget', sloId: record.slo_id ?? 0, remainingPercent: Number(record.key) };
}

/** What a subject has in the columns beside its text. */
function subjectColumns(subject: Subject): Pick<IncidentRecord, 'slo_id' | 'rule_id' | 'key'> {
  switch (subject.kind) {
    case 'rule':
      return { slo_id: null, rule_id: subject.ruleId, key: subject.key };
    case 'slo':
      return { slo_id: subject.sloId, rule_id: null, key: '' };
    case 'budget':
      return { slo_id: subject.sloId, rule_id: null, key: String(subject.remainingPercent) };
  }
}

export function toIncident(record: IncidentRecord): IncidentRow {
  const { acknowledged_at_ms: ackAtMs, snoozed_until_ms: untilMs, resolved_at_ms: resolvedAtMs } = record;
  return {
    id: record.id,
    number: record.number,
    appId: record.app_id,
    subject: subjectOf(record),
    title: record.title,
    severity: record.severity,
    worstSeverity: record.worst_severity,
    state: record.state,
    held: record.held_reason && { reason: record.held_reason, sinceMs: record.held_since_ms ?? 0 },
    openedAtMs: record.opened_at_ms,
    startedAtMs: record.started_at_ms,
    reopened: record.reopened,
    reopenedAtMs: record.reopened_at_ms,
    acknowledged:
      ackAtMs === null
        ? null
        : { atMs: ackAtMs, by: record.acknowledged_by ?? '', reason: record.acknowledged_reason ?? '' },
    snoozed: untilMs === null ? null : { untilMs, by: record.snoozed_by ?? '' },
    resolved:
      resolvedAtMs === null
        ? null
        : { atMs: resolvedAtMs, by: record.resolved_by, reason: record.resolve_reason ?? '' },
    flappingSinceMs: record.flapping_since_ms,
    changedAtMs: record.changed_at_ms,
    detectedLateMs: record.detected_late_ms,
    isOverBeforeTold: record.is_over_before_told,
    sequence: record.sequence,
    toldSeverity: record.told_severity,
    toldAtMs: record.told_at_ms,
    withheld: record.withheld,
    receiverIds: record.receiver_ids,
    nextAtMs: record.next_at_ms,
    evidence: record.evidence,
    cause: record.cause,
  };
}

export function toRecord(incident: Incident): Omit<IncidentRecord, 'number'> {
  const { acknowledged, snoozed, resolved, held } = incident;
  return {
    id: incident.id,
    app_id: incident.appId,
    subject_kind: incident.subject.kind,
    subject: subjectText(incident.subject),
    ...subjectColumns(incident.subject),
    title: incident.title,
    severity: incident.severity,
    worst_severity: incident.worstSeverity,
    state: incident.state,
    held_reason: held?.reason ?? null,
    held_since_ms: held?.sinceMs ?? null,
    opened_at_ms: incident.openedAtMs,
    started_at_ms: incident.startedAtMs,
    reopened: incident.reopened,
    reopened_at_ms: incident.reopenedAtMs,
    acknowledged_at_ms: acknowledged?.atMs ?? null,
    acknowledged_by: acknowledged?.by ?? null,
    acknowledged_reason: acknowledged?.reason ?? null,
    snoozed_until_ms: snoozed?.untilMs ?? null,
    snoozed_by: snoozed?.by ?? null,
    resolved_at_ms: resolved?.atMs ?? null,
    resolved_by: resolved?.by ?? null,
    resolve_reason: resolved?.reason ?? null,
    flapping_since_ms: incident.flappingSinceMs,
    changed_at_ms: incident.changedAtMs,
    detected_late_ms: incident.detectedLateMs,
    is_over_before_told: incident.isOverBeforeTold,
    sequence: incident.sequence,
    told_severity: incident.toldSeverity,
    told_at_ms: incident.toldAtMs,
    withheld: incident.withheld,
    receiver_ids: incident.receiverIds,
    next_at_ms: incident.nextAtMs,
    evidence: incident.evidence,
    cause: incident.cause,
  };
}

export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
