/**
 * Signs of life of alerting itself, what they say together, and which troubles have been told (tables watch_signs,
 * watch_alerts).
 */
import { DAY, HOUR, MINUTE } from '../model/time.ts';
import type { Queryable } from './pool.ts';
import { DATABASE_NOW_MS } from './writers.ts';

/**
 * `evaluation`: a whole round ended; `delivery`: a sender looked at the outbox; `heartbeat`: the outside watchdog was
 * told; `probe`: a line was sent through the whole path.
 */
export type SignName = 'evaluation' | 'delivery' | 'heartbeat' | 'probe';

export interface Sign {
  atMs: number;
  details: Readonly<Record<string, unknown>>;
}

/** Gives a sign; an older one never takes a newer one's place. */
export async function writeSign(
  db: Queryable,
  name: SignName,
  atMs: number,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await db.query(
    `INSERT INTO watch_signs (name, at_ms, details) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms, details = excluded.details
       WHERE watch_signs.at_ms <= excluded.at_ms`,
    [name, atMs, JSON.stringify(details)],
  );
}

/**
 * Takes on what one process at a time does every so often: false when another did it less than `everyMs` ago. A sign
 * from the future, of a clock that was set back since, does not stop it.
 */
export async function claimSign(
  db: Queryable,
  name: SignName,
  nowMs: number,
  everyMs: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO watch_signs (name, at_ms) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms
       WHERE watch_signs.at_ms <= excluded.at_ms - $3::bigint OR watch_signs.at_ms > excluded.at_ms + $3::bigint`,
    [name, nowMs, everyMs],
  );
  return rowCount === 1;
}

/** How alerting stands, from the tables alone. */
export interface WatchFacts {
  /** By the database's clock. */
  nowMs: number;
  signs: Partial<Record<SignName, Sign>>;
  /** First minute that an objective is not evaluated for, of the one that is farthest behind; null without any. */
  nextMinute: number | null;
  /** Since when the message that is due longest waits without a try; null: none does. */
  outboxSinceMs: number | null;
  /** Given up in the last 24 h. */
  deadDeliveries: number;
  /** Of those, pages of the last hour. */
  deadPages: number;
  /** Open incidents of which nobody is told: no route leads to a receiver that is there, or nobody was on call. */
  untold: { pages: number; tickets: number };
  /** Receivers that nothing is sent to. */
  brokenReceivers: string[];
  /** When compaction, which runs all the time, was last taken on; null: never. */
  upkeepAtMs: number | null;
}

interface FactsRecord {
  now_ms: number;
  signs: Record<string, { atMs: number; details: Record<string, unknown> }> | null;
  next_minute: number | null;
  outbox_since_ms: number | null;
  dead_deliveries: number;
  dead_pages: number;
  untold: { pages: number; tickets: number } | null;
  broken: string[] | null;
  upkeep_at_ms: number | null;
}

/** The first level of an escalation has told somebody by then. */
const UNTOLD_AFTER_MS = 3 * MINUTE;

/** One statement of a few index look-ups. */
export async function readWatchFacts(db: Queryable): Promise<WatchFacts> {
  const { rows } = await db.query<FactsRecord>(
    `WITH clock AS (SELECT ${DATABASE_NOW_MS} AS now_ms)
     SELECT now_ms,
       (SELECT jsonb_object_agg(name, jsonb_build_object('atMs', at_ms, 'details', details)) FROM watch_signs) AS signs,
       (SELECT min(next_minute) FROM slo_states) AS next_minute,
       (SELECT min(next_at_ms) FROM notifications n
        WHERE state IN ('waiting', 'sending') AND next_at_ms <= now_ms
          AND (state = 'waiting' OR claimed_until <= clock_timestamp())
          -- A receiver is told in order: what comes after a message that is tried again later waits with it.
          AND (incident_id IS NULL OR NOT EXISTS (
            SELECT FROM notifications e LEFT JOIN notifications m ON e.state = 'merged' AND m.id = e.merged_into
            WHERE e.incident_id = n.incident_id AND e.receiver_id = n.receiver_id
              AND (e.sequence, e.id) < (n.sequence, n.id)
              AND (e.state IN ('waiting', 'sending') OR m.state IN ('waiting', 'sending') AND m.id <> n.id)
          ))) AS outbox_since_ms,
       (SELECT count(*) FROM notifications
        WHERE state = 'dead' AND finished_at_ms > now_ms - ${DAY}) AS dead_deliveries,
       (SELECT count(*) FROM notifications
        WHERE state = 'dead' AND finished_at_ms > now_ms - ${HOUR} AND severity = 'page') AS dead_pages,
       (SELECT jsonb_build_object('pages', count(*) FILTER (WHERE severity = 'page'),
          'tickets', count(*) FILTER (WHERE severity = 'ticket'))
        FROM incidents i WHERE state <> 'resolved' AND state = 'open' AND coalesce(snoozed_until_ms, 0) <= now_ms
          AND (withheld = 'noRoute' OR told_severity IS NOT NULL AND started_at_ms < now_ms - ${UNTOLD_AFTER_MS}
            AND NOT EXISTS (SELECT FROM receivers r
              WHERE r.id = ANY (i.receiver_ids) AND r.is_enabled AND r.removed_at_ms IS NULL))) AS untold,
       (SELECT array_agg(name ORDER BY name) FROM receivers
        WHERE health = 'broken' AND is_enabled AND removed_at_ms IS NULL) AS broken,
       (SELECT (extract(epoch FROM expires_at) * 1000)::bigint FROM leases WHERE name = 'compaction') AS upkeep_at_ms
     FROM clock`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the database did not tell how alerting stands');
  return {
    nowMs: row.now_ms,
    signs: row.signs ?? {},
    nextMinute: row.next_minute,
    outboxSinceMs: row.outbox_since_ms,
    deadDeliveries: row.dead_deliveries,
    deadPages: row.dead_pages,
    untold: row.untold ?? { pages: 0, tickets: 0 },
    brokenReceivers: row.broken ?? [],
    upkeepAtMs: row.upkeep_at_ms,
  };
}

/** When a whole round of evaluation last ended, and the database's clock; for whoever asks from outside. */
export async function readLastRound(db: Queryable): Promise<{ nowMs: number; lastRoundMs: number | null }> {
  const { rows } = await db.query<{ now_ms: number; at_ms: number | null }>(
    `SELECT ${DATABASE_NOW_MS} AS now_ms, (SELECT at_ms FROM watch_signs WHERE name = 'evaluation') AS at_ms`,
  );
  return { nowMs: rows[0]?.now_ms ?? 0, lastRoundMs: rows[0]?.at_ms ?? null };
}

/** A trouble of alerting itself, as it was told. */
export interface WatchAlert {
  name: string;
  isFiring: boolean;
  /** Counted up at each change. */
  episode: number;
  sinceMs: number;
  /** One sentence. */
  text: string;
}

interface AlertRecord {
  name: string;
  is_firing: boolean;
  episode: number;
  since_ms: number;
  details: { text?: string };
}

function toAlert(row: AlertRecord): WatchAlert {
  return {
    name: row.name,
    isFiring: row.is_firing,
    episode: row.episode,
    sinceMs: row.since_ms,
    text: row.details.text ?? '',
  };
}

/**
 * Notes that a trouble is there; the alert when this call is the first to see it, which has to tell it, else null.
 * Inside the transaction that enqueues what is told.
 */
export async function raiseWatchAlert(
  tx: Queryable,
  name: string,
  text: string,
  nowMs: number,
): Promise<WatchAlert | null> {
  const { rows } = await tx.query<AlertRecord & { is_new: boolean }>(
    `WITH before AS (SELECT is_firing FROM watch_alerts WHERE name = $1 FOR UPDATE)
     INSERT INTO watch_alerts AS w (name, is_firing, since_ms, seen_at_ms, details)
     VALUES ($1, true, $3, $3, jsonb_build_object('text', $2::text))
     ON CONFLICT (name) DO UPDATE SET seen_at_ms = $3, details = excluded.details, is_firing = true,
       since_ms = CASE WHEN w.is_firing THEN w.since_ms ELSE $3 END,
       episode = w.episode + CASE WHEN w.is_firing THEN 0 ELSE 1 END
     RETURNING w.name, w.is_firing, w.episode, w.since_ms, w.details,
       (SELECT is_firing FROM before) IS NOT TRUE AND w.since_ms = $3 AS is_new`,
    [name, text, nowMs],
  );
  const [row] = rows;
  return row?.is_new === true ? toAlert(row) : null;
}

/** Notes that a trouble is over; the alert as it was when this call is the first to see it, else null. */
export async function clearWatchAlert(
  tx: Queryable,
  name: string,
  nowMs: number,
): Promise<WatchAlert | null> {
  const { rows } = await tx.query<AlertRecord>(
    `WITH before AS (SELECT since_ms FROM watch_alerts WHERE name = $1 AND is_firing FOR UPDATE)
     UPDATE watch_alerts w SET is_firing = false, episode = episode + 1, since_ms = $2, seen_at_ms = $2
     FROM before WHERE w.name = $1 RETURNING w.name, true AS is_firing, w.episode, before.since_ms, w.details`,
    [name, nowMs],
  );
  return rows[0] ? toAlert(rows[0]) : null;
}

/** Names of receivers' own troubles begin with this; they are told, and over, with what is sent there. */
export const RECEIVER_ALERT = 'receiver:';

/** Troubles of alerting that the watchman sees now, the oldest first: for banners. */
export async function listWatchAlerts(db: Queryable): Promise<WatchAlert[]> {
  const { rows } = await db.query<AlertRecord>(
    `SELECT name, is_firing, episode, since_ms, details FROM watch_alerts
     WHERE is_firing AND NOT starts_with(name, $1) ORDER BY since_ms, name`,
    [RECEIVER_ALERT],
  );
  return rows.map(toAlert);
}
