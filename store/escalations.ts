/** Escalations under way (table escalations). Whoever changes one has locked its incident. */
import type { EscalationState } from '../model/escalation.ts';
import type { Client } from './pool.ts';

export interface EscalationRow extends EscalationState {
  incidentId: string;
  policyId: number;
}

interface EscalationRecord {
  incident_id: string;
  policy_id: number;
  level: number;
  round: number;
  next_at_ms: number;
}

/** Begins escalations, but those that are under way. */
export async function insertEscalations(client: Client, rows: readonly EscalationRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO escalations (incident_id, policy_id, level, round, next_at_ms)
     SELECT n."incidentId", n."policyId", n.level, n.round, n."nextAtMs"
     FROM jsonb_to_recordset($1::jsonb) AS n ("incidentId" uuid, "policyId" int, level int, round int, "nextAtMs" bigint)
     ON CONFLICT (incident_id, policy_id) DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

export async function updateEscalations(client: Client, rows: readonly EscalationRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `UPDATE escalations e SET level = n.level, round = n.round, next_at_ms = n."nextAtMs"
     FROM jsonb_to_recordset($1::jsonb) AS n ("incidentId" uuid, "policyId" int, level int, round int, "nextAtMs" bigint)
     WHERE e.incident_id = n."incidentId" AND e.policy_id = n."policyId"`,
    [JSON.stringify(rows)],
  );
}

/** Ends all escalations of incidents. */
export async function deleteEscalations(client: Client, incidentIds: readonly string[]): Promise<void> {
  if (incidentIds.length === 0) return;
  await client.query('DELETE FROM escalations WHERE incident_id = ANY ($1::uuid[])', [incidentIds]);
}

export async function deleteEscalation(
  client: Client,
  { incidentId, policyId }: Pick<EscalationRow, 'incidentId' | 'policyId'>,
): Promise<void> {
  await client.query('DELETE FROM escalations WHERE incident_id = $1 AND policy_id = $2', [
    incidentId,
    policyId,
  ]);
}

/**
 * Escalations that are due, their incidents locked; those of incidents that somebody else holds are left to them. Read
 * after the locks, so that what another changed meanwhile is seen.
 */
export async function lockDueEscalations(
  client: Client,
  nowMs: number,
  limit: number,
): Promise<EscalationRow[]> {
  const { rows: locked } = await client.query<{ id: string }>(
    `SELECT i.id FROM incidents i
     WHERE i.id IN (SELECT incident_id FROM escalations WHERE next_at_ms <= $1 ORDER BY next_at_ms LIMIT $2)
     ORDER BY i.subject FOR NO KEY UPDATE SKIP LOCKED`,
    [nowMs, limit],
  );
  const { rows } = await client.query<EscalationRecord>(
    `SELECT incident_id, policy_id, level, round, next_at_ms FROM escalations
     WHERE incident_id = ANY ($1::uuid[]) AND next_at_ms <= $2 ORDER BY next_at_ms, incident_id, policy_id`,
    [locked.map(({ id }) => id), nowMs],
  );
  return rows.map((record) => ({
    incidentId: record.incident_id,
    policyId: record.policy_id,
    level: record.level,
    round: record.round,
    nextAtMs: record.next_at_ms,
  }));
}
