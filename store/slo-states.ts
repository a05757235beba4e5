/** Where the evaluation of each SLO stands, and every change of an alert (tables slo_states, alert_transitions). */
import type { AlertMemory } from '../model/alert.ts';
import { MINUTE } from '../model/time.ts';
import type { HourRow } from '../model/window-sums.ts';
import { parseIntArray } from './int-array.ts';
import type { Client, Queryable } from './pool.ts';

/** An SLO whose evaluation is due. A minute is floor(epoch s / 60). */
export interface SloStateRow {
  sloId: number;
  appId: number;
  /** The evaluation to be made next. */
  nextMinute: number;
  /** By number of the tier of the version that was evaluated last. */
  tiers: AlertMemory[];
  /** What else evaluations remember; {} at first. */
  memory: unknown;
  /** First minute whose counts changed after it was evaluated; null: none. */
  lateFromMinute: number | null;
  /** First minute with a count from before the SLO was made; null without, or while it is not known. */
  historyFromMinute: number | null;
  /** The app was removed then, and every SLO of it ends, epoch ms; null: it is there. */
  appRemovedAtMs: number | null;
}

interface StateRecord {
  removed_at_ms: number | null;
  slo_id: number;
  app_id: number;
  next_minute: number;
  tiers: AlertMemory[];
  memory: unknown;
  late_from_minute: number | null;
  history_from_minute: number | null;
}

export interface SloClaim {
  minute: number;
  limit: number;
  /** Only these; null: all. */
  only: readonly number[] | null;
  /** Not these: they failed in this round. */
  leaveOut: readonly number[];
}

/**
 * Takes SLOs whose evaluation is due, the longest due first; what another process is at is left to it. Due is what is not
 * evaluated up to `minute`, what late data changed, and what is more than two minutes ahead of `minute`: that was
 * written under a clock that went wrong.
 */
export async function claimSloStates(
  client: Client,
  { minute, limit, only, leaveOut }: SloClaim,
): Promise<SloStateRow[]> {
  const { rows } = await client.query<StateRecord>(
    `SELECT s.slo_id, o.app_id, s.next_minute, s.tiers, s.memory, s.late_from_minute, b.history_from_minute,
       a.removed_at_ms
     FROM slo_states s JOIN slos o ON o.id = s.slo_id JOIN apps a ON a.id = o.app_id LEFT JOIN slo_backfills b ON b.slo_id = s.slo_id
     WHERE (s.next_minute <= $1 OR s.late_from_minute IS NOT NULL
         OR (s.next_minute > $1 + 3 AND EXISTS (
           SELECT FROM slo_versions v WHERE v.slo_id = s.slo_id AND v.valid_from_s / 60 < s.next_minute)))
       AND ($3::int[] IS NULL OR s.slo_id = ANY ($3)) AND s.slo_id <> ALL ($4::int[])
     ORDER BY s.next_minute, s.slo_id LIMIT $2 FOR UPDATE OF s SKIP LOCKED`,
    [minute, limit, only, leaveOut],
  );
  return rows.map((row) => ({
    sloId: row.slo_id,
    appId: row.app_id,
    nextMinute: row.next_minute,
    tiers: row.tiers,
    memory: row.memory,
    lateFromMinute: row.late_from_minute,
    historyFromMinute: row.history_from_minute,
    appRemovedAtMs: row.removed_at_ms,
  }));
}

/** What an evaluation leaves behind. */
export type NextSloState = Pick<SloStateRow, 'sloId' | 'nextMinute' | 'tiers' | 'memory'>;

/** Writes states that were claimed in this transaction; what was late has been looked at. */
export async function updateSloStates(
  client: Client,
  states: readonly NextSloState[],
  nowMs: number,
): Promise<void> {
  if (states.length === 0) return;
  await client.query(
    `UPDATE slo_states s SET next_minute = n.next, tiers = n.tiers, memory = n.memory, evaluated_at_ms = $5,
       late_from_minute = NULL
     FROM unnest($1::int[], $2::int[], $3::jsonb[], $4::jsonb[]) AS n (slo, next, tiers, memory)
     WHERE s.slo_id = n.slo`,
    [
      states.map((state) => state.sloId),
      states.map((state) => state.nextMinute),
      states.map((state) => JSON.stringify(state.tiers)),
      states.map((state) => JSON.stringify(state.memory)),
      nowMs,
    ],
  );
}

/** Of SLOs that ended: nothing of them is due any more. */
export async function deleteSloStates(client: Client, sloIds: readonly number[]): Promise<void> {
  if (sloIds.length === 0) return;
  await client.query('DELETE FROM slo_states WHERE slo_id = ANY ($1::int[])', [sloIds]);
}

/** A change of one tier of an SLO. */
export interface TransitionRow {
  appId: number;
  sloId: number;
  tier: number;
  severity: string;
  minute: number;
  from: string;
  to: string;
  reason: string;
  numbers: unknown;
  atMs: number;
}

/** Records changes; one that is there already is said once. */
export async function insertSloTransitions(client: Client, rows: readonly TransitionRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO alert_transitions (app_id, slo_id, tier, severity, minute, from_state, to_state, reason, numbers, at_ms)
     SELECT t."appId", t."sloId", t.tier, t.severity, t.minute, t."from", t."to", t.reason, t.numbers, t."atMs"
     FROM jsonb_to_recordset($1::jsonb) AS t ("appId" int, "sloId" int, tier smallint, severity text, minute int,
       "from" text, "to" text, reason text, numbers jsonb, "atMs" bigint)
     ORDER BY t.minute
     ON CONFLICT (slo_id, tier, minute, reason) WHERE slo_id IS NOT NULL DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

/** Evaluations from `fromMinute` on at which a tier of an SLO began to fire. */
export async function listFirings(db: Queryable, sloId: number, fromMinute: number): Promise<number[]> {
  const { rows } = await db.query<{ minute: number }>(
    `SELECT minute FROM alert_transitions WHERE slo_id = $1 AND minute >= $2 AND to_state = 'firing'
       AND from_state <> 'firing' ORDER BY minute`,
    [sloId, fromMinute],
  );
  return rows.map(({ minute }) => minute);
}

/** An SLO and an hour, floor(epoch s / 3600). */
export interface HourPoint {
  sloId: number;
  hour: number;
}

/**
 * For each point the stored hour it lies in, else the last one before it, else the first one of the SLO: what running
 * sums at any minute of that hour are made from. By SLO, an hour once. One look-up of the primary key a point.
 */
export async function readHourRows(
  db: Queryable,
  points: readonly HourPoint[],
): Promise<Map<number, HourRow[]>> {
  const { rows } = await db.query<{
    slo_id: number;
    hour: number;
    events: string;
    bad: string;
    cum_events: number;
    cum_bad: number;
  }>(
    `SELECT h.slo_id, h.hour, h.events::text AS events, h.bad::text AS bad, h.cum_events, h.cum_bad
     FROM unnest($1::int[], $2::int[]) AS p (slo, hour)
     CROSS JOIN LATERAL (
       (SELECT * FROM slo_hours s WHERE s.slo_id = p.slo AND s.hour <= p.hour ORDER BY s.hour DESC LIMIT 1)
       UNION ALL
       (SELECT * FROM slo_hours s WHERE s.slo_id = p.slo AND s.hour > p.hour ORDER BY s.hour LIMIT 1)
       LIMIT 1
     ) AS h`,
    [points.map((point) => point.sloId), points.map((point) => point.hour)],
  );
  const hours = new Map<number, Map<number, HourRow>>();
  for (const row of rows) {
    let own = hours.get(row.slo_id);
    if (own === undefined) {
      own = new Map();
      hours.set(row.slo_id, own);
    }
    if (own.has(row.hour)) continue;
    own.set(row.hour, {
      hour: row.hour,
      events: parseIntArray(row.events),
      bad: parseIntArray(row.bad),
      cumEvents: row.cum_events,
      cumBad: row.cum_bad,
    });
  }
  return new Map([...hours].map(([sloId, own]) => [sloId, [...own.values()]]));
}

export interface MemberRow {
  sloId: number;
  appId: number;
  /** First minute that it has counts of. */
  startMinute: number;
  /** From here on it has none: it, or its app, was removed. null: it is there. */
  endMinute: number | null;
}

/** SLOs by their public ids, removed ones too: the members of composites. */
export async function listMembers(
  db: Queryable,
  publicIds: readonly string[],
): Promise<Map<string, MemberRow>> {
  if (publicIds.length === 0) return new Map();
  const { rows } = await db.query<{
    id: number;
    app_id: number;
    public_id: string;
    start_minute: number;
    end_minute: number | null;
  }>(
    `SELECT s.id, s.app_id, s.public_id, coalesce(b.history_from_minute,
       (SELECT min(valid_from_s) / 60 FROM slo_versions v WHERE v.slo_id = s.id)) AS start_minute,
       least((a.removed_at_ms + ${MINUTE - 1}) / ${MINUTE}, CASE WHEN s.removed_at_ms IS NOT NULL THEN
         (SELECT max(valid_to_s) / 60 FROM slo_versions v WHERE v.slo_id = s.id) END)::int AS end_minute
     FROM slos s JOIN apps a ON a.id = s.app_id LEFT JOIN slo_backfills b ON b.slo_id = s.id
     WHERE s.public_id = ANY ($1::uuid[])`,
    [publicIds],
  );
  return new Map(
    rows.map((row) => [
      row.public_id,
      {
        sloId: row.id,
        appId: row.app_id,
        startMinute: row.start_minute,
        endMinute: row.end_minute,
      },
    ]),
  );
}

/** How far behind `minute` the SLO is that was evaluated last the longest ago, minutes; 0 without one behind. */
export async function readLagMinutes(db: Queryable, minute: number): Promise<number> {
  const { rows } = await db.query<{ next_minute: number | null }>(
    `SELECT min(next_minute) AS next_minute FROM slo_states WHERE next_minute <= $1`,
    [minute],
  );
  const next = rows[0]?.next_minute;
  return next === null || next === undefined ? 0 : minute - next + 1;
}
