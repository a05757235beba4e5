/** How the things that rules watch stand (table rule_states), and what changed (table alert_transitions). */
import type { AlertState, HeldReason, TransitionReason } from '../model/alert.ts';
import type { Evidence } from '../model/alert-change.ts';
import type { Severity } from '../model/slo.ts';
import type { Client, Queryable } from './pool.ts';

/** A row; things that are well have none. Minutes are floor(epoch s / 60). */
export interface RuleState {
  ruleId: number;
  key: string;
  state: AlertState;
  sinceMinute: number;
  falseSinceMinute: number | null;
  held: { reason: HeldReason; sinceMinute: number } | null;
  /** What was last told to incidents. */
  toldSeverity: Severity | null;
  toldVersion: number;
  value: number | null;
  seenMinute: number;
}

interface StateRecord {
  rule_id: number;
  key: string;
  state: string;
  since_minute: number;
  false_since_minute: number | null;
  held_reason: string | null;
  held_since_minute: number | null;
  told_severity: string | null;
  told_version: number;
  value: number | null;
  seen_minute: number;
}

function toState(row: StateRecord): RuleState {
  const { held_reason: reason, held_since_minute: sinceMinute } = row;
  return {
    ruleId: row.rule_id,
    key: row.key,
    state: row.state as AlertState,
    sinceMinute: row.since_minute,
    falseSinceMinute: row.false_since_minute,
    held: reason === null || sinceMinute === null ? null : { reason: reason as HeldReason, sinceMinute },
    toldSeverity: row.told_severity as Severity | null,
    toldVersion: row.told_version,
    value: row.value,
    seenMinute: row.seen_minute,
  };
}

const COLUMNS = `rule_id, key, state, since_minute, false_since_minute, held_reason, held_since_minute, told_severity,
  told_version, value, seen_minute`;

/** Of these rules, by rule and key. */
export async function readRuleStates(db: Queryable, ruleIds: readonly number[]): Promise<RuleState[]> {
  const { rows } = await db.query<StateRecord>(
    `SELECT ${COLUMNS} FROM rule_states WHERE rule_id = ANY ($1::int[]) ORDER BY rule_id, key`,
    [ruleIds],
  );
  return rows.map(toState);
}

/** Writes states anew. The caller holds the rows of their apps in rule_rounds. */
export async function upsertRuleStates(client: Client, states: readonly RuleState[]): Promise<void> {
  if (states.length === 0) return;
  await client.query(
    `INSERT INTO rule_states (${COLUMNS})
     SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::int[], $6::text[], $7::int[],
       $8::text[], $9::int[], $10::float8[], $11::int[])
     ON CONFLICT (rule_id, key) DO UPDATE SET state = excluded.state, since_minute = excluded.since_minute,
       false_since_minute = excluded.false_since_minute, held_reason = excluded.held_reason,
       held_since_minute = excluded.held_since_minute, told_severity = excluded.told_severity,
       told_version = excluded.told_version, value = excluded.value, seen_minute = excluded.seen_minute`,
    [
      states.map((state) => state.ruleId),
      states.map((state) => state.key),
      states.map((state) => state.state),
      states.map((state) => state.sinceMinute),
      states.map((state) => state.falseSinceMinute),
      states.map((state) => state.held?.reason ?? null),
      states.map((state) => state.held?.sinceMinute ?? null),
      states.map((state) => state.toldSeverity),
      states.map((state) => state.toldVersion),
      states.map((state) => state.value),
      states.map((state) => state.seenMinute),
    ],
  );
}

export async function deleteRuleStates(
  client: Client,
  keys: readonly { ruleId: number; key: string }[],
): Promise<void> {
  if (keys.length === 0) return;
  await client.query(
    `DELETE FROM rule_states s USING unnest($1::int[], $2::text[]) AS g (rule_id, key)
     WHERE s.rule_id = g.rule_id AND s.key = g.key`,
    [keys.map((gone) => gone.ruleId), keys.map((gone) => gone.key)],
  );
}

/** A change of what a rule watches. */
export interface RuleTransitionRow {
  appId: number;
  ruleId: number;
  key: string;
  severity: Severity;
  minute: number;
  from: AlertState;
  to: AlertState;
  reason: TransitionReason;
  numbers: Evidence;
  atMs: number;
}

/** An evaluation made twice says what was said. */
export async function insertRuleTransitions(
  client: Client,
  transitions: readonly RuleTransitionRow[],
): Promise<void> {
  if (transitions.length === 0) return;
  await client.query(
    `INSERT INTO alert_transitions
       (app_id, rule_id, key, tier, severity, minute, from_state, to_state, reason, numbers, at_ms)
     SELECT a, r, k, 0, v, m, f, t, x, n::jsonb, i
     FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
       $9::text[], $10::bigint[]) AS g (a, r, k, v, m, f, t, x, n, i)
     ON CONFLICT DO NOTHING`,
    [
      transitions.map((row) => row.appId),
      transitions.map((row) => row.ruleId),
      transitions.map((row) => row.key),
      transitions.map((row) => row.severity),
      transitions.map((row) => row.minute),
      transitions.map((row) => row.from),
      transitions.map((row) => row.to),
      transitions.map((row) => row.reason),
      transitions.map((row) => JSON.stringify(row.numbers)),
      transitions.map((row) => row.atMs),
    ],
  );
}
