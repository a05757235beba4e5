/** How often rules fired, and whether anybody cared (tables alert_transitions, incidents, incident_events). */
import type { Queryable } from '../pool.ts';

export interface RuleRecord {
  /** Newest beginning of firing, of any of its keys; null when it never fired. */
  lastFiredMs: number | null;
  /** Beginnings of firing since the instant given. */
  firings: number;
  /** Its incidents since then that somebody acknowledged. */
  acknowledged: number;
  /** Of its last five incidents, how many there are and how many were acknowledged. */
  lastFive: { incidents: number; acknowledged: number };
  /** Newest open one; null when there is none. */
  incidentId: string | null;
}

/** By rule; every rule asked for is in the answer. */
export async function readRuleRecords(
  db: Queryable,
  ruleIds: readonly number[],
  sinceMs: number,
): Promise<Map<number, RuleRecord>> {
  const { rows } = await db.query<{
    rule_id: number;
    last_fired_ms: number | null;
    firings: number;
    acknowledged: number;
    last_incidents: number;
    last_acknowledged: number;
    incident_id: string | null;
  }>(
    `SELECT r.rule_id, t.last_fired_ms, t.firings, i.acknowledged, f.last_incidents, f.last_acknowledged,
       (SELECT id FROM incidents WHERE rule_id = r.rule_id AND state <> 'resolved'
        ORDER BY started_at_ms DESC LIMIT 1) AS incident_id
     FROM unnest($1::int[]) AS r (rule_id)
     CROSS JOIN LATERAL (
       SELECT max(at_ms) AS last_fired_ms, count(*) FILTER (WHERE at_ms >= $2) AS firings FROM alert_transitions
       WHERE rule_id = r.rule_id AND to_state = 'firing' AND from_state IN ('ok', 'pending')
     ) AS t
     CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE ${WAS_ACKNOWLEDGED}) AS acknowledged FROM incidents i
       WHERE rule_id = r.rule_id AND opened_at_ms >= $2
     ) AS i
     CROSS JOIN LATERAL (
       SELECT count(*) AS last_incidents, count(*) FILTER (WHERE ${WAS_ACKNOWLEDGED}) AS last_acknowledged
       FROM (SELECT id FROM incidents WHERE rule_id = r.rule_id ORDER BY opened_at_ms DESC LIMIT 5) AS i
     ) AS f`,
    [ruleIds, sinceMs],
  );
  return new Map(
    rows.map((row) => [
      row.rule_id,
      {
        lastFiredMs: row.last_fired_ms,
        firings: row.firings,
        acknowledged: row.acknowledged,
        lastFive: { incidents: row.last_incidents, acknowledged: row.last_acknowledged },
        incidentId: row.incident_id,
      },
    ]),
  );
}

/** The timeline keeps it; the incident forgets it when it recovers. */
const WAS_ACKNOWLEDGED = `EXISTS (
  SELECT FROM incident_events e WHERE e.incident_id = i.id AND e.kind = 'acknowledged')`;
