/** Known losses that touch a range (table gaps). */
import type { Queryable } from '../pool.ts';

export interface GapSpan {
  fromMs: number;
  toMs: number;
  /** Upper bound, null when unknown. */
  messages: number | null;
  cause: string;
}

/** A page never needs more; the sum of all is in the health summary. */
const GAPS_MAX = 500;

/** By start; of too many the newest. fromMs inclusive, toMs exclusive. */
export async function readGaps(
  db: Queryable,
  appId: number,
  fromMs: number,
  toMs: number,
): Promise<GapSpan[]> {
  const { rows } = await db.query<{ from_ms: number; to_ms: number; messages: number | null; cause: string }>(
    `SELECT from_ms, to_ms, messages, cause FROM gaps
     WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3 ORDER BY to_ms DESC, id DESC LIMIT ${GAPS_MAX}`,
    [appId, fromMs, toMs],
  );
  return rows
    .map((row) => ({ fromMs: row.from_ms, toMs: row.to_ms, messages: row.messages, cause: row.cause }))
    .reverse();
}

/** Messages reported lost in a range, an upper bound, by app; apps without loss are left out. */
export async function readLostMessages(
  db: Queryable,
  appIds: readonly number[],
  fromMs: number,
  toMs: number,
): Promise<Map<number, number>> {
  const { rows } = await db.query<{ app_id: number; messages: number }>(
    `SELECT app_id, coalesce(sum(messages::float8), 0) AS messages FROM gaps
     WHERE app_id = ANY ($1::int[]) AND to_ms >= $2 AND from_ms < $3 GROUP BY app_id`,
    [appIds, fromMs, toMs],
  );
  return new Map(rows.map((row) => [row.app_id, row.messages]));
}
