/** What is known of blocks without their lines: how many there are by column, source and level (table log_blocks). */
import { LOG_BUCKET_S, LOG_LEVELS, LOG_SOURCES, type LogCount } from '../../model/log-line.ts';
import type { Queryable } from '../pool.ts';

export interface LogBlockPlace {
  id: number;
  fromMs: number;
  toMs: number;
  lines: number;
  codes: string[];
  procids: string[];
}

interface Ask {
  appId: number;
  fromMs: number;
  toMs: number;
}

/** Rows of blocks that one answer is made of: a list as long as this may be a part. */
export const BLOCKS_MAX = 50_000;

/** Lines by column of `stepS` (a multiple of ten), source and level; `bucketS` is the column's start. */
export async function readBlockCounts(
  db: Queryable,
  { appId, fromMs, toMs, stepS }: Ask & { stepS: number },
): Promise<LogCount[]> {
  const { rows } = await db.query<{
    bucket: number;
    source: number;
    level: number;
    kept: number;
    left_out: number;
  }>(
    `SELECT counts[i] / $5::int AS bucket, counts[i + 1] AS source, counts[i + 2] AS level,
       sum(counts[i + 3])::bigint AS kept, sum(counts[i + 4])::bigint AS left_out
     FROM log_blocks, generate_series(1, cardinality(counts), 5) AS i
     WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3 AND counts[i] >= $4 AND counts[i] < $6
     GROUP BY 1, 2, 3`,
    [
      appId,
      fromMs,
      toMs,
      Math.floor(fromMs / 1000 / LOG_BUCKET_S),
      stepS / LOG_BUCKET_S,
      Math.ceil(toMs / 1000 / LOG_BUCKET_S),
    ],
  );
  return rows.flatMap(({ bucket, source: sourceNumber, level: levelNumber, kept, left_out }) => {
    const source = LOG_SOURCES[sourceNumber];
    const level = levelNumber === 0 ? null : LOG_LEVELS[levelNumber - 1];
    if (source === undefined || level === undefined) return [];
    return [{ bucketS: bucket * stepS, source, level, kept, leftOut: left_out }];
  });
}

/** Blocks with lines that overlap [fromMs, toMs), the newest first. */
export async function listBlockPlaces(db: Queryable, { appId, fromMs, toMs }: Ask): Promise<LogBlockPlace[]> {
  const { rows } = await db.query<{
    id: number;
    from_ms: number;
    to_ms: number;
    lines: number;
    codes: string[];
    procids: string[];
  }>(
    `SELECT id, from_ms, to_ms, lines, codes, procids FROM log_blocks
     WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3 AND lines > 0 ORDER BY to_ms DESC, id DESC LIMIT $4`,
    [appId, fromMs, toMs, BLOCKS_MAX],
  );
  return rows.map(({ from_ms, to_ms, ...row }) => ({ ...row, fromMs: from_ms, toMs: to_ms }));
}

/** Bodies by id; those that are gone are left out. */
export async function readBlockBodies(
  db: Queryable,
  appId: number,
  blocks: readonly Pick<LogBlockPlace, 'id' | 'toMs'>[],
): Promise<Map<number, Buffer>> {
  const ends = blocks.map(({ toMs }) => toMs);
  const { rows } = await db.query<{ id: number; body: Buffer }>(
    // The span lets partitions be left out of the plan.
    `SELECT b.id, b.body FROM unnest($2::bigint[], $3::bigint[]) AS wanted (to_ms, id)
     JOIN log_blocks b ON b.app_id = $1 AND b.to_ms = wanted.to_ms AND b.id = wanted.id
     WHERE b.to_ms BETWEEN $4 AND $5`,
    [appId, ends, blocks.map(({ id }) => id), Math.min(...ends), Math.max(...ends)],
  );
  return new Map(rows.map((row) => [row.id, row.body]));
}
