/** Fire drills (table fire_drills): made by people, brought on by whichever process evaluates, deleted but for their row. */
import type { DrillEnd, DrillFacts, DrillState, DrillTold } from '../model/fire-drill.ts';
import { NO_DRILL_FACTS } from '../model/fire-drill.ts';
import type { Severity } from '../model/slo.ts';
import type { Client, Queryable } from './pool.ts';

export interface FireDrillRow {
  id: string;
  appId: number;
  ruleId: number;
  incidentId: string | null;
  state: DrillState;
  severity: Severity;
  author: string;
  startedAtMs: number;
  endsAtMs: number;
  endReason: DrillEnd | null;
  endingAtMs: number | null;
  overAtMs: number | null;
  facts: DrillFacts;
}

interface DrillRecord {
  id: string;
  app_id: number;
  rule_id: number;
  incident_id: string | null;
  state: DrillState;
  severity: Severity;
  author: string;
  started_at_ms: number;
  ends_at_ms: number;
  end_reason: DrillEnd | null;
  ending_at_ms: number | null;
  over_at_ms: number | null;
  facts: Partial<DrillFacts>;
}

const COLUMNS = `id, app_id, rule_id, incident_id, state, severity, author, started_at_ms, ends_at_ms, end_reason,
  ending_at_ms, over_at_ms, facts`;

function toDrill(record: DrillRecord): FireDrillRow {
  return {
    id: record.id,
    appId: record.app_id,
    ruleId: record.rule_id,
    incidentId: record.incident_id,
    state: record.state,
    severity: record.severity,
    author: record.author,
    startedAtMs: record.started_at_ms,
    endsAtMs: record.ends_at_ms,
    endReason: record.end_reason,
    endingAtMs: record.ending_at_ms,
    overAtMs: record.over_at_ms,
    facts: { ...NO_DRILL_FACTS, ...record.facts },
  };
}

/** null when one is under way for the app already: its rule must not be kept then. */
export async function insertFireDrill(
  db: Queryable,
  drill: Pick<FireDrillRow, 'appId' | 'ruleId' | 'severity' | 'author' | 'startedAtMs' | 'endsAtMs'>,
): Promise<FireDrillRow | null> {
  const { rows } = await db.query<DrillRecord>(
    `INSERT INTO fire_drills (app_id, rule_id, severity, author, started_at_ms, ends_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (app_id) WHERE state <> 'over' DO NOTHING RETURNING ${COLUMNS}`,
    [drill.appId, drill.ruleId, drill.severity, drill.author, drill.startedAtMs, drill.endsAtMs],
  );
  return rows[0] ? toDrill(rows[0]) : null;
}

/** The one that is under way, else the last one; null when there was none. */
export async function readLastFireDrill(db: Queryable, appId: number): Promise<FireDrillRow | null> {
  const { rows } = await db.query<DrillRecord>(
    `SELECT ${COLUMNS} FROM fire_drills WHERE app_id = $1 ORDER BY started_at_ms DESC, id LIMIT 1`,
    [appId],
  );
  return rows[0] ? toDrill(rows[0]) : null;
}

/** Started since an instant, of one app. */
export async function countFireDrills(db: Queryable, appId: number, sinceMs: number): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM fire_drills WHERE app_id = $1 AND started_at_ms > $2',
    [appId, sinceMs],
  );
  return rows[0]?.n ?? 0;
}

/** Rules of drills that are under way: part of no configuration. */
export async function listDrillRuleIds(db: Queryable): Promise<Set<number>> {
  const { rows } = await db.query<{ rule_id: number }>(
    `SELECT rule_id FROM fire_drills WHERE state <> 'over'`,
  );
  return new Set(rows.map((row) => row.rule_id));
}

/** Those under way, locked until the transaction ends; what another process is at is left to it. */
export async function lockFireDrills(client: Client, limit: number): Promise<FireDrillRow[]> {
  const { rows } = await client.query<DrillRecord>(
    `SELECT ${COLUMNS} FROM fire_drills WHERE state <> 'over' ORDER BY started_at_ms, id LIMIT $1
     FOR UPDATE SKIP LOCKED`,
    [limit],
  );
  return rows.map(toDrill);
}

/** Waits for whoever brings it on right now; null when none is under way. */
export async function lockFireDrillOf(client: Client, appId: number): Promise<FireDrillRow | null> {
  const { rows } = await client.query<DrillRecord>(
    `SELECT ${COLUMNS} FROM fire_drills WHERE app_id = $1 AND state <> 'over' FOR UPDATE`,
    [appId],
  );
  return rows[0] ? toDrill(rows[0]) : null;
}

export interface DrillSight {
  incidentId: string | null;
  facts: DrillFacts;
  isResolvedByHand: boolean;
  isUnsettled: boolean;
}

/** How it stands now: its incident, who was told, what may still be written of it. */
export async function readDrillSight(db: Queryable, ruleId: number): Promise<DrillSight> {
  const { rows } = await db.query<{
    id: string;
    number: number;
    opened_at_ms: number;
    acknowledged_at_ms: number | null;
    acknowledged_by: string | null;
    resolved_at_ms: number | null;
    resolved_by: string | null;
    withheld: 'silence' | 'noRoute' | null;
  }>(
    `SELECT id, number, opened_at_ms, acknowledged_at_ms, acknowledged_by, resolved_at_ms, resolved_by, withheld
     FROM incidents WHERE subject = $1 ORDER BY opened_at_ms DESC LIMIT 1`,
    [`rule:${ruleId}:`],
  );
  const { rows: states } = await db.query('SELECT FROM rule_states WHERE rule_id = $1 LIMIT 1', [ruleId]);
  const incident = rows[0];
  if (incident === undefined) {
    const isUnsettled = states.length > 0;
    return { incidentId: null, facts: NO_DRILL_FACTS, isResolvedByHand: false, isUnsettled };
  }
  const { told, isUnderWay } = await readTold(db, incident.id);
  return {
    incidentId: incident.id,
    facts: {
      incidentNumber: incident.number,
      openedAtMs: incident.opened_at_ms,
      acknowledgedAtMs: incident.acknowledged_at_ms,
      acknowledgedBy: incident.acknowledged_by ?? '',
      resolvedAtMs: incident.resolved_at_ms,
      withheld: incident.withheld,
      told,
    },
    isResolvedByHand: incident.resolved_by !== null,
    isUnsettled: states.length > 0 || isUnderWay,
  };
}

/** Messages that one incident may make, in the longest of drills. */
const TOLD_MAX = 100;

async function readTold(
  db: Queryable,
  incidentId: string,
): Promise<{ told: DrillTold[]; isUnderWay: boolean }> {
  const { rows } = await db.query<{
    name: string;
    kind: string;
    state: string;
    reason: string;
    created_at_ms: number;
    finished_at_ms: number | null;
  }>(
    `SELECT r.name, n.kind, coalesce(m.state, n.state) AS state, coalesce(m.reason, n.reason) AS reason,
       n.created_at_ms, coalesce(m.finished_at_ms, n.finished_at_ms) AS finished_at_ms
     FROM notifications n JOIN receivers r ON r.id = n.receiver_id
     LEFT JOIN notifications m ON m.id = n.merged_into AND n.state = 'merged'
     WHERE n.incident_id = $1 ORDER BY n.id LIMIT ${TOLD_MAX}`,
    [incidentId],
  );
  const told = rows.map(
    (row): DrillTold => ({
      receiver: row.name,
      kind: KINDS[row.kind] ?? 'other',
      state: STATES[row.state] ?? 'waiting',
      atMs: row.finished_at_ms,
      tookMs: row.finished_at_ms === null ? null : row.finished_at_ms - row.created_at_ms,
      reason: row.reason,
    }),
  );
  return { told, isUnderWay: told.some(({ state }) => state === 'waiting') };
}

const KINDS: Record<string, DrillTold['kind']> = {
  trigger: 'trigger',
  acknowledge: 'acknowledge',
  acknowledged: 'acknowledge',
  resolve: 'resolve',
};
const STATES: Record<string, DrillTold['state']> = {
  delivered: 'delivered',
  dead: 'failed',
  dropped: 'failed',
};

export async function noteDrillSight(
  db: Queryable,
  id: string,
  { incidentId, facts }: Pick<DrillSight, 'incidentId' | 'facts'>,
): Promise<void> {
  await db.query(
    'UPDATE fire_drills SET incident_id = $2, facts = $3 WHERE id = $1 AND (incident_id, facts) IS DISTINCT FROM ($2, $3)',
    [id, incidentId, JSON.stringify(facts)],
  );
}

/** Takes its rule away: with the next evaluation its incident resolves, and receivers hear of it. */
export async function endFireDrill(
  db: Queryable,
  drill: FireDrillRow,
  why: DrillEnd,
  nowMs: number,
): Promise<void> {
  await db.query('UPDATE rules SET removed_at_ms = $2 WHERE id = $1 AND removed_at_ms IS NULL', [
    drill.ruleId,
    nowMs,
  ]);
  await db.query(
    `UPDATE fire_drills SET state = 'ending', end_reason = $2, ending_at_ms = $3 WHERE id = $1 AND state = 'running'`,
    [drill.id, why, nowMs],
  );
}

/** Deletes all that a drill left, but for its own row. */
export async function cleanFireDrill(client: Client, drill: FireDrillRow, nowMs: number): Promise<void> {
  await client.query(
    `DELETE FROM notifications WHERE incident_id IN (SELECT id FROM incidents WHERE subject = $1)`,
    [`rule:${drill.ruleId}:`],
  );
  // Its timeline and escalations go with it.
  await client.query('DELETE FROM incidents WHERE subject = $1', [`rule:${drill.ruleId}:`]);
  await client.query('DELETE FROM alert_transitions WHERE rule_id = $1', [drill.ruleId]);
  await client.query('DELETE FROM rules WHERE id = $1', [drill.ruleId]);
  await client.query(`UPDATE fire_drills SET state = 'over', over_at_ms = $2 WHERE id = $1`, [
    drill.id,
    nowMs,
  ]);
}

/** Rows about drills that are long over. */
export async function trimFireDrills(db: Queryable, beforeMs: number): Promise<void> {
  await db.query(`DELETE FROM fire_drills WHERE state = 'over' AND over_at_ms < $1`, [beforeMs]);
}
