/** Apps that Heroku answers for itself, being in maintenance mode: their requests end in H80. */
import { SERIES_CODE } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';

export interface MaintenanceSeen {
  appId: number;
  /** Start of the first bucket with an H80 of the span, ms. */
  sinceMs: number;
  requests: number;
}

/** Apps with a request that ended in H80 in [fromMs, toMs), at most an hour. */
export async function readMaintenanceSeen(
  db: Queryable,
  fromMs: number,
  toMs: number,
): Promise<MaintenanceSeen[]> {
  const { rows } = await db.query<{ app_id: number; since_s: number; requests: number }>(
    `SELECT s.app_id, min(b.bucket_s) AS since_s, sum(b.count)::float8 AS requests
     FROM series s JOIN count_buckets_10s b ON b.app_id = s.app_id AND b.series_id = s.id
     WHERE s.kind = ${SERIES_CODE} AND s.key = 'H80' AND b.bucket_s >= $1 AND b.bucket_s < $2
     GROUP BY s.app_id HAVING sum(b.count) > 0 ORDER BY s.app_id`,
    [Math.floor(fromMs / 1000), Math.ceil(toMs / 1000)],
  );
  return rows.map((row) => ({ appId: row.app_id, sinceMs: row.since_s * 1000, requests: row.requests }));
}
