/** Drains: an app and the token its sender states (table drains); refused senders (table refused_senders). */
import { DAY } from '../model/time.ts';
import type { Queryable } from './pool.ts';

export type DrainState = 'adopted' | 'new' | 'banned';

export interface DrainRow {
  id: number;
  appId: number;
  token: string;
  state: DrainState;
}

/** Rows of one app: a sender with ever new tokens makes no more (C-03). */
export const DRAINS_PER_APP_MAX = 100;
/** Token of the one row for all that come beyond. No token of Logplex looks like it. */
export const OTHERS_TOKEN = '(others)';
/** A drain that nobody accepted and nobody heard of for this long makes room for a new one. */
export const ARCHIVED_AFTER_MS = 7 * DAY;

/**
 * The drain of an app and token, made when it is new: the first of an app is adopted, later ones are flagged
 * until somebody accepts them (S-25). Where an app has its number of drains, unaccepted ones that are long silent go,
 * and without any the answer is the app's shared drain, whose token is OTHERS_TOKEN.
 */
export async function ensureDrain(
  db: Queryable,
  input: { appId: number; token: string; sender: string; labels: Record<string, string>; nowMs: number },
): Promise<DrainRow> {
  const { rows } = await db.query<{ id: number; token: string; state: DrainState }>(
    `WITH own AS (
       SELECT token, state = 'new' AND last_received_at_ms < $6 AND token <> $2 AS is_silent FROM drains WHERE app_id = $1
     ), gone AS (
       DELETE FROM drains WHERE app_id = $1 AND state = 'new' AND last_received_at_ms < $6 AND token <> $2
         AND (SELECT count(*) FROM own) >= $7
     )
     INSERT INTO drains (app_id, token, sender, labels, state, first_received_at_ms, last_received_at_ms)
     SELECT $1,
       CASE WHEN (SELECT count(*) FROM own WHERE NOT is_silent) >= $7 AND NOT EXISTS (SELECT FROM own WHERE token = $2)
         THEN $8 ELSE $2 END,
       $3, $4, CASE WHEN EXISTS (SELECT FROM own) THEN 'new' ELSE 'adopted' END, $5, $5
     ON CONFLICT (app_id, token) DO UPDATE SET labels = excluded.labels, sender = excluded.sender
     RETURNING id, token, state`,
    [
      input.appId,
      input.token,
      input.sender,
      JSON.stringify(input.labels),
      input.nowMs,
      input.nowMs - ARCHIVED_AFTER_MS,
      DRAINS_PER_APP_MAX,
      OTHERS_TOKEN,
    ],
  );
  const row = rows[0]!;
  return { ...row, appId: input.appId };
}

/** States of all drains, for the cache of the receiver. */
export async function listDrainStates(db: Queryable): Promise<DrainRow[]> {
  const { rows } = await db.query<{ id: number; app_id: number; token: string; state: DrainState }>(
    'SELECT id, app_id, token, state FROM drains',
  );
  return rows.map(({ app_id, ...row }) => ({ ...row, appId: app_id }));
}

/** Names of refused senders that are kept: whoever tries names by the thousand fills no table. */
const REFUSED_MAX = 1_000;
const REFUSED_KEPT_MS = 31 * DAY;

/** Adds counts of refused requests by the user name that was tried. */
export async function addRefusedSenders(
  db: Queryable,
  refused: { userName: string; attempts: number; atMs: number; reason: string }[],
): Promise<void> {
  await db.query(
    `INSERT INTO refused_senders (user_name, attempts, first_at_ms, last_at_ms, reason)
     SELECT n, a, t, t, r FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) AS x (n, a, t, r)
     ORDER BY n
     ON CONFLICT (user_name) DO UPDATE SET
       attempts = refused_senders.attempts + excluded.attempts,
       last_at_ms = greatest(refused_senders.last_at_ms, excluded.last_at_ms),
       reason = excluded.reason`,
    [
      refused.map((entry) => entry.userName),
      refused.map((entry) => entry.attempts),
      refused.map((entry) => entry.atMs),
      refused.map((entry) => entry.reason),
    ],
  );
  await db.query(
    `DELETE FROM refused_senders WHERE last_at_ms < $1
       OR user_name IN (SELECT user_name FROM refused_senders ORDER BY last_at_ms DESC, user_name OFFSET $2)`,
    [Math.max(0, ...refused.map((entry) => entry.atMs)) - REFUSED_KEPT_MS, REFUSED_MAX],
  );
}

/** Newest arrival and newest line of each app, over its drains. */
export async function listDrainTimes(
  db: Queryable,
): Promise<{ appId: number; lastReceivedAtMs: number; lastLineAtMs: number }[]> {
  const { rows } = await db.query<{ app_id: number; received: number; line: number }>(
    `SELECT app_id, max(last_received_at_ms) AS received, max(last_line_at_ms) AS line FROM drains GROUP BY app_id`,
  );
  return rows.map((row) => ({ appId: row.app_id, lastReceivedAtMs: row.received, lastLineAtMs: row.line }));
}
