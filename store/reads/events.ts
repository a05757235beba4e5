/** Events of one app (table events). */
import { HOUR } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';

export interface EventRow {
  id: number;
  atMs: number;
  /** End of an episode; equals atMs otherwise. */
  untilMs: number;
  kind: string;
  dyno: string | null;
  code: string | null;
  version: number | null;
  count: number;
  detail: Record<string, unknown>;
}

interface EventRecord {
  id: number;
  at_ms: number;
  until_ms: number;
  kind: string;
  dyno: string | null;
  code: string | null;
  version: number | null;
  count: number;
  detail: Record<string, unknown>;
}

const COLUMNS = 'id, at_ms, until_ms, kind, dyno, code, version, count, detail';
/** A dyno lives at most about 28 hours, and so does an episode: begun earlier it cannot reach into a range. */
const EPISODE_MAX_MS = 30 * HOUR;

function toEvent({ at_ms, until_ms, ...row }: EventRecord): EventRow {
  return { ...row, atMs: at_ms, untilMs: until_ms };
}

export interface EventQuery {
  appId: number;
  fromMs: number;
  /** Exclusive. */
  toMs: number;
  kinds?: readonly string[] | undefined;
  limit: number;
  /** Only what comes after this one in the order given (newest first). */
  after?: { atMs: number; id: number } | undefined;
}

/** Newest first. Episodes that began before the range and reach into it are in. */
export async function readEvents(db: Queryable, query: EventQuery): Promise<EventRow[]> {
  const { rows } = await db.query<EventRecord>(
    `SELECT ${COLUMNS} FROM events
     WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3 AND until_ms >= $4
       AND ($5::text[] IS NULL OR kind = ANY ($5))
       AND (at_ms, id) < ($6, $7)
     ORDER BY at_ms DESC, id DESC LIMIT $8`,
    [
      query.appId,
      query.fromMs - EPISODE_MAX_MS,
      query.toMs,
      query.fromMs,
      query.kinds ?? null,
      query.after?.atMs ?? Number.MAX_SAFE_INTEGER,
      query.after?.id ?? Number.MAX_SAFE_INTEGER,
      query.limit,
    ],
  );
  return rows.map(toEvent);
}

/** The newest release of each app since an instant, and the hash of who made it; apps without one are left out. */
export async function readLastReleases(
  db: Queryable,
  appIds: readonly number[],
  sinceMs: number,
  untilMs: number,
): Promise<Map<number, { version: number; atMs: number; byHash: string | null }>> {
  const { rows } = await db.query<{
    app_id: number;
    version: number;
    at_ms: number;
    by_hash: string | null;
  }>(
    `SELECT a.app_id, e.version, e.at_ms, e.by_hash FROM unnest($1::int[]) AS a (app_id), LATERAL (
       SELECT version, at_ms, detail ->> 'userHash' AS by_hash FROM events e
       WHERE e.app_id = a.app_id AND e.kind = 'release' AND e.version IS NOT NULL AND e.at_ms >= $2 AND e.at_ms < $3
       ORDER BY e.at_ms DESC LIMIT 1
     ) e`,
    [appIds, sinceMs, untilMs],
  );
  return new Map(
    rows.map((row) => [row.app_id, { version: row.version, atMs: row.at_ms, byHash: row.by_hash }]),
  );
}

/** Last state and number of restarts and crashes of each dyno in a range. */
export async function readDynoLives(
  db: Queryable,
  appId: number,
  fromMs: number,
  toMs: number,
): Promise<Map<string, { state: string | null; sinceMs: number | null; restarts: number; crashes: number }>> {
  const { rows } = await db.query<{
    dyno: string;
    state: string | null;
    since_ms: number | null;
    restarts: number;
    crashes: number;
  }>(
    `SELECT dyno, (array_agg(detail ->> 'to' ORDER BY at_ms DESC, id DESC) FILTER (WHERE kind = 'state'))[1] AS state,
       max(at_ms) FILTER (WHERE kind = 'state') AS since_ms,
       count(*) FILTER (WHERE kind = 'state' AND detail ->> 'to' = 'starting' AND detail ->> 'from' <> 'provisioning'
         AND detail ->> 'from' <> 'created') AS restarts,
       count(*) FILTER (WHERE kind = 'state' AND detail ->> 'to' = 'crashed') AS crashes
     FROM events WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3 AND dyno IS NOT NULL GROUP BY dyno`,
    [appId, fromMs, toMs],
  );
  return new Map(
    rows.map((row) => [
      row.dyno,
      { state: row.state, sinceMs: row.since_ms, restarts: row.restarts, crashes: row.crashes },
    ]),
  );
}
