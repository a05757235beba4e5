/** Incidents and their timelines (tables incidents, incident_events). */
import type { HeldReason } from '../model/alert.ts';
import { type Evidence, type Subject, subjectText } from '../model/alert-change.ts';
import type { Incident, IncidentEvent, IncidentEventKind, IncidentState } from '../model/incident.ts';
import type { Severity } from '../model/slo.ts';
import { HOUR } from '../model/time.ts';
import type { Client, Queryable } from './pool.ts';

export interface IncidentRow extends Incident {
  /** #214. */
  number: number;
}

interface IncidentRecord {
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
const NAMES = Object.keys(TYPES);
/** The driver leaves the elements of bigint[] as text; JSON has numbers. */
const COLUMNS = ['number', ...NAMES]
  .map((name) =>
    TYPES[name as keyof typeof TYPES] === 'bigint[]' ? `to_jsonb(i.${name}) AS ${name}` : `i.${name}`,
  )
  .join(', ');
const RECORDSET = NAMES.map((name) => `${name} ${TYPES[name as keyof typeof TYPES]}`).join(', ');

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

function toIncident(record: IncidentRecord): IncidentRow {
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

function toRecord(incident: Incident): Omit<IncidentRecord, 'number'> {
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

/**
 * The newest incident of each subject that has one, locked in the order of subjects: two transactions that each lock
 * once meet without a deadlock. What was listed as over before it was told counts only where there is nothing else.
 */
export async function lockNewestIncidents(
  client: Client,
  subjects: readonly string[],
): Promise<Map<string, IncidentRow>> {
  const { rows } = await client.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i
     WHERE i.id IN (
       SELECT newest.id FROM unnest($1::text[]) AS s (subject)
       CROSS JOIN LATERAL (
         SELECT id FROM incidents WHERE subject = s.subject
         ORDER BY state <> 'resolved' DESC, is_over_before_told, opened_at_ms DESC LIMIT 1
       ) AS newest
     )
     ORDER BY i.subject FOR NO KEY UPDATE`,
    [subjects],
  );
  return new Map(rows.map((record) => [record.subject, toIncident(record)]));
}

/** One incident, locked; null when there is none. */
export async function lockIncident(client: Client, id: string): Promise<IncidentRow | null> {
  if (!UUID.test(id)) return null;
  const { rows } = await client.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i WHERE id = $1 FOR NO KEY UPDATE`,
    [id],
  );
  return rows[0] ? toIncident(rows[0]) : null;
}

/** Incidents that time alone may change now, locked; those that somebody else holds are left to them. */
export async function lockDueIncidents(client: Client, nowMs: number, limit: number): Promise<IncidentRow[]> {
  const { rows } = await client.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i WHERE next_at_ms <= $1
     ORDER BY next_at_ms LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
    [nowMs, limit],
  );
  return rows.map(toIncident);
}

/** Enters new ones; gives the ids that were. One whose subject has an open incident meanwhile is left out. */
export async function insertIncidents(client: Client, incidents: readonly Incident[]): Promise<Set<string>> {
  if (incidents.length === 0) return new Set();
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO incidents (${NAMES.join(', ')})
     SELECT ${NAMES.join(', ')} FROM jsonb_to_recordset($1::jsonb) AS n (${RECORDSET}) ORDER BY subject
     ON CONFLICT (subject) WHERE state <> 'resolved' DO NOTHING RETURNING id`,
    [JSON.stringify(incidents.map(toRecord))],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Writes incidents that the transaction has locked. */
export async function updateIncidents(client: Client, incidents: readonly Incident[]): Promise<void> {
  if (incidents.length === 0) return;
  await client.query(
    `UPDATE incidents i SET ${NAMES.filter((name) => name !== 'id')
      .map((name) => `${name} = n.${name}`)
      .join(', ')}
     FROM jsonb_to_recordset($1::jsonb) AS n (${RECORDSET}) WHERE i.id = n.id`,
    [JSON.stringify(incidents.map(toRecord))],
  );
}

export interface NewIncidentEvent extends IncidentEvent {
  incidentId: string;
}

/** Adds lines to timelines; one whose dedupe key its incident has already is left out. */
export async function insertIncidentEvents(
  db: Queryable,
  events: readonly NewIncidentEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await db.query(
    `INSERT INTO incident_events (incident_id, at_ms, kind, actor, detail, dedupe_key)
     SELECT n."incidentId", n."atMs", n.kind, n.actor, n.detail, n."dedupeKey"
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS ("incidentId" uuid, "atMs" bigint, kind text, actor text,
       detail jsonb, "dedupeKey" text)) WITH ORDINALITY AS n
     WHERE EXISTS (SELECT FROM incidents WHERE id = n."incidentId")
     ORDER BY n.ordinality
     ON CONFLICT (incident_id, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING`,
    [JSON.stringify(events)],
  );
}

export interface IncidentEventRow extends NewIncidentEvent {
  id: number;
}

/** The timeline of an incident, oldest first, at most `limit` of the newest. */
export async function listIncidentEvents(
  db: Queryable,
  incidentId: string,
  limit = 500,
): Promise<IncidentEventRow[]> {
  const { rows } = await db.query<{
    id: number;
    at_ms: number;
    kind: IncidentEventKind;
    actor: string;
    detail: Record<string, unknown>;
  }>(
    `SELECT id, at_ms, kind, actor, detail FROM incident_events WHERE incident_id = $1
     ORDER BY at_ms DESC, id DESC LIMIT $2`,
    [incidentId, limit],
  );
  return rows
    .reverse()
    .map(({ id, at_ms, kind, actor, detail }) => ({ id, incidentId, atMs: at_ms, kind, actor, detail }));
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** null when there is none. */
export async function readIncident(db: Queryable, id: string): Promise<IncidentRow | null> {
  return (await readIncidents(db, [id])).get(id.toLowerCase()) ?? null;
}

/** By id; those that are not there are left out. */
export async function readIncidents(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, IncidentRow>> {
  const { rows } = await db.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i WHERE id = ANY ($1::uuid[])`,
    [ids.filter((id) => UUID.test(id))],
  );
  return new Map(rows.map((record) => [record.id, toIncident(record)]));
}

export interface IncidentFilter {
  /** null: of all apps. */
  appIds: readonly number[] | null;
  states: readonly IncidentState[];
  severities: readonly Severity[];
  /** One that touches [fromMs, toMs): began before its end and was over after its start. */
  fromMs?: number;
  toMs?: number;
  sloId?: number;
  ruleId?: number;
}

/** Where the page before ended. */
export interface IncidentCursor {
  isOver: boolean;
  startedAtMs: number;
  number: number;
}

/** Open ones first, then the newest. Empty lists of states and severities take all. */
export async function listIncidents(
  db: Queryable,
  filter: IncidentFilter,
  { limit, after }: { limit: number; after?: IncidentCursor | undefined },
): Promise<IncidentRow[]> {
  const { rows } = await db.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i
     WHERE ($1::int[] IS NULL OR app_id = ANY ($1))
       AND (cardinality($2::text[]) = 0 OR state = ANY ($2))
       AND (cardinality($3::text[]) = 0 OR severity = ANY ($3))
       AND ($4::bigint IS NULL OR coalesce(resolved_at_ms, $4) >= $4)
       AND ($5::bigint IS NULL OR opened_at_ms < $5)
       AND ($6::int IS NULL OR slo_id = $6)
       AND ($7::int IS NULL OR rule_id = $7)
       AND ($8::boolean IS NULL
         OR ((state = 'resolved')::int, -started_at_ms, -number) > ($8::int, -$9::bigint, -$10::int))
     ORDER BY (state = 'resolved')::int, -started_at_ms, -number LIMIT $11`,
    [
      filter.appIds,
      filter.states,
      filter.severities,
      filter.fromMs ?? null,
      filter.toMs ?? null,
      filter.sloId ?? null,
      filter.ruleId ?? null,
      after?.isOver ?? null,
      after?.startedAtMs ?? null,
      after?.number ?? null,
      limit,
    ],
  );
  return rows.map(toIncident);
}

export interface OpenCounts {
  bySeverity: Record<Severity, number>;
  unacknowledged: number;
  /** Pages and tickets that no route leads from to anybody. */
  unrouted: number;
  /** Of the newest line of any timeline; null without any. */
  changedAtMs: number | null;
}

/** Of all apps when appIds is null. */
export async function countOpenIncidents(
  db: Queryable,
  appIds: readonly number[] | null,
): Promise<OpenCounts> {
  const { rows } = await db.query<{
    page: number;
    ticket: number;
    info: number;
    open: number;
    unrouted: number;
    changed_at_ms: number | null;
  }>(
    `SELECT count(*) FILTER (WHERE severity = 'page') AS page,
       count(*) FILTER (WHERE severity = 'ticket') AS ticket,
       count(*) FILTER (WHERE severity = 'info') AS info,
       count(*) FILTER (WHERE state = 'open') AS open,
       count(*) FILTER (WHERE withheld = 'noRoute' AND severity <> 'info') AS unrouted,
       (SELECT at_ms FROM incident_events ORDER BY id DESC LIMIT 1) AS changed_at_ms
     FROM incidents WHERE state <> 'resolved' AND ($1::int[] IS NULL OR app_id = ANY ($1))`,
    [appIds],
  );
  const row = rows[0];
  return {
    bySeverity: { page: row?.page ?? 0, ticket: row?.ticket ?? 0, info: row?.info ?? 0 },
    unacknowledged: row?.open ?? 0,
    unrouted: row?.unrouted ?? 0,
    changedAtMs: row?.changed_at_ms ?? null,
  };
}

/** The newest release in the two hours before each of the instants; incidents without one are left out. */
export async function readReleasesBefore(
  db: Queryable,
  incidents: readonly Pick<Incident, 'id' | 'appId' | 'startedAtMs'>[],
): Promise<NewIncidentEvent[]> {
  if (incidents.length === 0) return [];
  const { rows } = await db.query<{
    incident_id: string;
    at_ms: number;
    version: number | null;
    detail: Record<string, unknown>;
  }>(
    `SELECT i.id AS incident_id, e.at_ms, e.version, e.detail
     FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS i (id, app_id, at_ms)
     CROSS JOIN LATERAL (
       SELECT at_ms, version, detail FROM events
       WHERE app_id = i.app_id AND kind = 'release' AND at_ms > i.at_ms - $4::bigint AND at_ms <= i.at_ms
       ORDER BY at_ms DESC LIMIT 1
     ) AS e`,
    [
      incidents.map(({ id }) => id),
      incidents.map(({ appId }) => appId),
      incidents.map(({ startedAtMs }) => startedAtMs),
      RELEASE_BEFORE_MS,
    ],
  );
  return rows.map(({ incident_id, at_ms, version, detail }) => ({
    incidentId: incident_id,
    atMs: at_ms,
    kind: 'release',
    actor: '',
    detail: { ...detail, version },
    dedupeKey: `release:${at_ms}`,
  }));
}

/** A release longer ago is none of an incident's story. */
const RELEASE_BEFORE_MS = 2 * HOUR;

/** Deletes incidents that are over since before an instant, at most `limit`; gives how many. */
export async function deleteOldIncidents(db: Queryable, beforeMs: number, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM incidents WHERE id IN (
       SELECT id FROM incidents WHERE state = 'resolved' AND opened_at_ms < $1 AND resolved_at_ms < $1 LIMIT $2)`,
    [beforeMs, limit],
  );
  return rowCount ?? 0;
}
