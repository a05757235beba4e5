/** Drains: an app and the token its sender states (table drains); refused senders (table refused_senders). */
import type { Queryable } from './pool.ts';

export type DrainState = 'adopted' | 'new' | 'banned';

export interface DrainRow {
  id: number;
  appId: number;
  token: string;
  state: DrainState;
}

/**
 * The drain of an app and token, made when it is new: the first of an app is adopted, later ones are flagged
 * until somebody accepts them (S-25).
 */
export async function ensureDrain(
  db: Queryable,
  input: { appId: number; token: string; sender: string; labels: Record<string, string>; nowMs: number },
): Promise<DrainRow> {
  const { rows } = await db.query<{ id: number; state: DrainState }>(
    `INSERT INTO drains (app_id, token, sender, labels, state, first_received_at_ms, last_received_at_ms)
     SELECT $1, $2, $3, $4,
       CASE WHEN EXISTS (SELECT FROM drains WHERE app_id = $1) THEN 'new' ELSE 'adopted' END, $5, $5
     ON CONFLICT (app_id, token) DO UPDATE SET labels = excluded.labels, sender = excluded.sender
     RETURNING id, state`,
    [input.appId, input.token, input.sender, JSON.stringify(input.labels), input.nowMs],
  );
  const row = rows[0]!;
  return { id: row.id, appId: input.appId, token: input.token, state: row.state };
}

/** States of all drains, for the cache of the receiver. */
export async function listDrainStates(db: Queryable): Promise<{ id: number; state: DrainState }[]> {
  const { rows } = await db.query<{ id: number; state: DrainState }>('SELECT id, state FROM drains');
  return rows;
}

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
