/**
 * Writing incidents (table incidents). Everybody who changes one locks its row first, in the order of subjects; what
 * hangs on it (timeline, escalations, messages) is written under that lock.
 */
import type { Incident } from '../model/incident.ts';
import {
  COLUMNS,
  type IncidentRecord,
  type IncidentRow,
  NAMES,
  RECORDSET,
  toIncident,
  toRecord,
  UUID,
} from './incident-row.ts';
import type { Client, Queryable } from './pool.ts';

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

/** Deletes incidents that are over since before an instant, at most `limit`; gives how many. */
export async function deleteOldIncidents(db: Queryable, beforeMs: number, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM incidents WHERE id IN (
       SELECT id FROM incidents WHERE state = 'resolved' AND opened_at_ms < $1 AND resolved_at_ms < $1 LIMIT $2)`,
    [beforeMs, limit],
  );
  return rowCount ?? 0;
}
