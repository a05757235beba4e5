/** How far what arrived is counted, and where lines are known to be lost: what makes minutes uncertain. */

import { MINUTE } from '../model/time.ts';
import type { MinuteRange } from '../model/window-sums.ts';
import type { Queryable } from './pool.ts';
import { DATABASE_NOW_MS } from './writers.ts';

/** The database's clock, epoch ms: the one that decides (T-07). */
export async function readDatabaseNow(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now_ms: number }>(`SELECT ${DATABASE_NOW_MS} AS now_ms`);
  return rows[0]!.now_ms;
}

/** From which minute on counts may lack lines that have arrived. */
export interface Completeness {
  /** For every app; null: everything is counted. */
  fromMinute: number | null;
  /** For some apps, earlier than that. */
  byApp: ReadonlyMap<number, number>;
}

/** Lines come with the commit of their chunk, or some seconds before it. */
const BEFORE_COMMIT_MS = 10_000;
/** A process that was not heard of for so long tells nothing of what waits. */
const PROCESS_SEEN_MS = 60_000;

/**
 * What is on its way, before `minute`: chunks that are not rolled up (of a writer that lags or died), frames that wait in
 * the spool or in processes that cannot commit, counts that are not folded.
 */
export async function readCompleteness(
  db: Queryable,
  { minute, nowMs }: { minute: number; nowMs: number },
): Promise<Completeness> {
  const { rows } = await db.query<{ app_id: number | null; at_ms: number }>(
    `SELECT NULL::int AS app_id, min(first.at_ms) AS at_ms FROM writers w
     CROSS JOIN LATERAL (
       SELECT c.committed_at_ms - ${BEFORE_COMMIT_MS} AS at_ms FROM chunks c
       WHERE c.writer_id = w.id AND c.seq > w.checkpoint_seq AND c.committed_at_ms >= w.checkpoint_at_ms
       ORDER BY c.seq LIMIT 1
     ) AS first
     WHERE w.closed_at IS NULL AND w.seq > w.checkpoint_seq
     UNION ALL
     SELECT NULL, min(least(seen_at_ms - (status ->> 'failingForMs')::float8::bigint,
       (status -> 'spool' ->> 'oldestAtMs')::float8::bigint)) - ${BEFORE_COMMIT_MS}
     FROM processes WHERE seen_at_ms > $2
     UNION ALL
     SELECT a."appId", min(a."fromMs") FROM spool_entries e, jsonb_to_recordset(e.accounts) AS a ("appId" int, "fromMs" bigint)
     WHERE e.accounts IS NOT NULL AND e.fate IS NULL GROUP BY 1
     UNION ALL
     SELECT app_id, min(minute) * ${MINUTE}::bigint FROM minute_deltas WHERE minute < $1 GROUP BY 1`,
    [minute, nowMs - PROCESS_SEEN_MS],
  );
  let fromMinute: number | null = null;
  const byApp = new Map<number, number>();
  for (const { app_id: appId, at_ms: atMs } of rows) {
    if (atMs === null) continue;
    const at = Math.floor(atMs / MINUTE);
    if (at >= minute) continue;
    if (appId === null) fromMinute = Math.min(fromMinute ?? at, at);
    else byApp.set(appId, Math.min(byApp.get(appId) ?? at, at));
  }
  return { fromMinute, byApp };
}

/** Minutes of which lines are known to be lost, of apps that have any after `afterMinute`; merged. */
export async function listGapMinutes(
  db: Queryable,
  appIds: readonly number[],
  afterMinute: number,
): Promise<Map<number, MinuteRange[]>> {
  const { rows } = await db.query<{ app_id: number; from_minute: number; to_minute: number }>(
    `SELECT app_id, lower(span) AS from_minute, upper(span) AS to_minute FROM (
       SELECT app_id,
         unnest(range_agg(int4range((from_ms / ${MINUTE})::int, (to_ms / ${MINUTE})::int + 1))) AS span
       FROM gaps WHERE app_id = ANY ($1::int[]) AND to_ms >= $2 AND to_ms >= from_ms GROUP BY 1
     ) AS merged`,
    [appIds, afterMinute * MINUTE],
  );
  const gaps = new Map<number, MinuteRange[]>();
  for (const row of rows) {
    const range = { from: row.from_minute, to: row.to_minute };
    const known = gaps.get(row.app_id);
    if (known === undefined) gaps.set(row.app_id, [range]);
    else known.push(range);
  }
  return gaps;
}
