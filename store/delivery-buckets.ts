/** How fast places may be told things, over all processes (table delivery_buckets). */
import type { Queryable } from './pool.ts';

export interface BucketRow {
  tokens: number;
  filledAtMs: number;
  blockedUntilMs: number;
}

/** Locks buckets by name, in one order, for the caller's transaction; those that nobody used yet are absent. */
export async function lockBuckets(tx: Queryable, names: readonly string[]): Promise<Map<string, BucketRow>> {
  const { rows } = await tx.query<{
    name: string;
    tokens: number;
    filled_at_ms: number;
    blocked_until_ms: number;
  }>('SELECT * FROM delivery_buckets WHERE name = ANY ($1) ORDER BY name FOR UPDATE', [names]);
  return new Map(
    rows.map((row) => [
      row.name,
      { tokens: row.tokens, filledAtMs: row.filled_at_ms, blockedUntilMs: row.blocked_until_ms },
    ]),
  );
}

/** Writes buckets over. Of two that make the same new one at once, the second wins: a token more is no harm. */
export async function writeBuckets(tx: Queryable, buckets: ReadonlyMap<string, BucketRow>): Promise<void> {
  const sorted = [...buckets].sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length === 0) return;
  await tx.query(
    `INSERT INTO delivery_buckets (name, tokens, filled_at_ms, blocked_until_ms)
     SELECT * FROM unnest($1::text[], $2::real[], $3::bigint[], $4::bigint[])
     ON CONFLICT (name) DO UPDATE SET tokens = excluded.tokens, filled_at_ms = excluded.filled_at_ms,
       blocked_until_ms = greatest(delivery_buckets.blocked_until_ms, excluded.blocked_until_ms)`,
    [
      sorted.map(([name]) => name),
      sorted.map(([, bucket]) => bucket.tokens),
      sorted.map(([, bucket]) => Math.round(bucket.filledAtMs)),
      sorted.map(([, bucket]) => Math.round(bucket.blockedUntilMs)),
    ],
  );
}

/** Nothing goes to a place before an instant: it asked for a pause. */
export async function blockBucket(
  tx: Queryable,
  name: string,
  untilMs: number,
  nowMs: number,
): Promise<void> {
  await tx.query(
    `INSERT INTO delivery_buckets (name, tokens, filled_at_ms, blocked_until_ms) VALUES ($1, 0, $3, $2)
     ON CONFLICT (name) DO UPDATE
       SET blocked_until_ms = greatest(delivery_buckets.blocked_until_ms, excluded.blocked_until_ms)`,
    [name, Math.round(untilMs), nowMs],
  );
}

/** Buckets that are long full say nothing. */
export async function deleteIdleBuckets(db: Queryable, beforeMs: number): Promise<number> {
  const { rowCount } = await db.query(
    'DELETE FROM delivery_buckets WHERE filled_at_ms < $1 AND blocked_until_ms < $1',
    [beforeMs],
  );
  return rowCount ?? 0;
}
