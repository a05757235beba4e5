/** Timelines of incidents, which write themselves (table incident_events). */
import type { Incident, IncidentEvent, IncidentEventKind } from '../model/incident.ts';
import { HOUR } from '../model/time.ts';
import type { Queryable } from './pool.ts';

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
