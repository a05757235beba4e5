/** Drains of apps, and senders that were refused (tables drains, refused_senders). */
import { MINUTE } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';

export interface DrainInfo {
  id: number;
  appId: number;
  token: string;
  state: 'adopted' | 'new' | 'banned';
  sender: string;
  firstReceivedMs: number;
  lastReceivedMs: number;
  /** Newest line time taken over; null before the first line. */
  dataThroughMs: number | null;
}

/** Drains of these apps, newest sign of life first. */
export async function listDrains(db: Queryable, appIds: readonly number[]): Promise<DrainInfo[]> {
  const { rows } = await db.query<{
    id: number;
    app_id: number;
    token: string;
    state: DrainInfo['state'];
    sender: string;
    first_received_at_ms: number;
    last_received_at_ms: number;
    last_line_at_ms: number;
  }>(
    `SELECT id, app_id, token, state, sender, first_received_at_ms, last_received_at_ms, last_line_at_ms
     FROM drains WHERE app_id = ANY ($1::int[]) ORDER BY last_received_at_ms DESC, id`,
    [appIds],
  );
  return rows.map((row) => ({
    id: row.id,
    appId: row.app_id,
    token: row.token,
    state: row.state,
    sender: row.sender,
    firstReceivedMs: row.first_received_at_ms,
    lastReceivedMs: row.last_received_at_ms,
    dataThroughMs: row.last_line_at_ms > 0 ? row.last_line_at_ms : null,
  }));
}

/** Minute (epoch min) of the newest frame of each of these apps, of drains that are not banned. */
export async function readReceivedMinutes(
  db: Queryable,
  appIds: readonly number[],
): Promise<Map<number, number>> {
  if (appIds.length === 0) return new Map();
  const { rows } = await db.query<{ app_id: number; minute: number }>(
    `SELECT app_id, (max(last_received_at_ms) / ${MINUTE})::int AS minute FROM drains
     WHERE app_id = ANY ($1::int[]) AND state <> 'banned' GROUP BY app_id`,
    [appIds],
  );
  return new Map(rows.map((row) => [row.app_id, row.minute]));
}

/** Accepts or bans a drain of an app; gives its state before, null when the app has no such drain. */
export async function setDrainState(
  db: Queryable,
  appId: number,
  drainId: number,
  state: 'adopted' | 'banned',
): Promise<DrainInfo['state'] | null> {
  const { rows } = await db.query<{ state: DrainInfo['state'] }>(
    `UPDATE drains d SET state = $3 FROM (SELECT id, state FROM drains WHERE id = $2 AND app_id = $1 FOR UPDATE) old
     WHERE d.id = old.id RETURNING old.state`,
    [appId, drainId, state],
  );
  return rows[0]?.state ?? null;
}

/** An app that sent before and has been quiet for this long is called silent. */
export const SILENT_AFTER_MS = 3 * MINUTE;

export interface StreamHealth {
  state: 'receiving' | 'silent' | 'waiting';
  dataThroughMs: number | null;
  /** Arrival minus line time at the drain heard last. */
  lagMs: number | null;
}

/** Health of one app's stream from its drains (listDrains order or any). Pure. */
export function streamHealthOf(drains: readonly DrainInfo[], nowMs: number): StreamHealth {
  const heard = drains.filter((drain) => drain.state !== 'banned');
  const newest = heard.reduce<DrainInfo | null>(
    (best, drain) => (best === null || drain.lastReceivedMs > best.lastReceivedMs ? drain : best),
    null,
  );
  if (newest === null) return { state: 'waiting', dataThroughMs: null, lagMs: null };
  const through = heard.reduce((latest, drain) => Math.max(latest, drain.dataThroughMs ?? 0), 0);
  return {
    state: nowMs - newest.lastReceivedMs > SILENT_AFTER_MS ? 'silent' : 'receiving',
    dataThroughMs: through > 0 ? through : null,
    lagMs: newest.dataThroughMs === null ? null : Math.max(0, newest.lastReceivedMs - newest.dataThroughMs),
  };
}

export interface RefusedSender {
  userName: string;
  attempts: number;
  firstMs: number;
  lastMs: number;
  reason: string;
}

/** Senders refused since an instant, busiest first. */
export async function listRefusedSenders(
  db: Queryable,
  sinceMs: number,
  limit: number,
): Promise<RefusedSender[]> {
  const { rows } = await db.query<{
    user_name: string;
    attempts: number;
    first_at_ms: number;
    last_at_ms: number;
    reason: string;
  }>(
    `SELECT user_name, attempts, first_at_ms, last_at_ms, reason FROM refused_senders
     WHERE last_at_ms >= $1 ORDER BY attempts DESC, user_name LIMIT $2`,
    [sinceMs, limit],
  );
  return rows.map((row) => ({
    userName: row.user_name,
    attempts: row.attempts,
    firstMs: row.first_at_ms,
    lastMs: row.last_at_ms,
    reason: row.reason,
  }));
}

/** Attempts refused under an app's name, when the last was after sinceMs; else 0. */
export async function readRefusedFor(db: Queryable, appName: string, sinceMs: number): Promise<number> {
  const { rows } = await db.query<{ attempts: number }>(
    'SELECT attempts FROM refused_senders WHERE user_name = $1 AND last_at_ms >= $2',
    [appName, sinceMs],
  );
  return rows[0]?.attempts ?? 0;
}
