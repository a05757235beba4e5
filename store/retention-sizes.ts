/** How much each tier holds, and how fast it grows, from the catalog and the newest hours. */
import type { RetentionTier } from '../model/retention.ts';
import { DAY, HOUR } from '../model/time.ts';
import { listPartitions, PARTITIONED, type PartitionedTable } from './partitions.ts';
import type { Pool, Queryable } from './pool.ts';

export interface TableGrowth {
  bytes: number;
  /** Of the time that the newest part covers; null while there is none to tell by. */
  bytesPerDay: number | null;
  /** Start of the oldest part with rows; null without any, or where rows go one by one. */
  oldestMs: number | null;
}

/** An empty partition has pages of its indexes. */
const EMPTY_BYTES = 64 * 1024;
/** With less behind it a rate says nothing. */
const TOLD_AFTER_MS = HOUR / 2;

/** By table. sinceMs: nothing is older than the installation. */
export async function readGrowth(
  pool: Pool,
  tables: readonly string[],
  { nowMs, sinceMs }: { nowMs: number; sinceMs: number },
): Promise<Map<string, TableGrowth>> {
  const parts = (await listPartitions(pool)).filter(({ table }) => tables.includes(table));
  const sizes = await readSizes(pool, [
    ...parts.map(({ name }) => name),
    ...tables.filter((table) => !isParted(table)),
  ]);
  const found = new Map<string, TableGrowth>();
  for (const table of tables) {
    if (!isParted(table)) {
      found.set(table, { bytes: sizes.get(table) ?? 0, bytesPerDay: null, oldestMs: null });
      continue;
    }
    const { unitMs } = PARTITIONED[table];
    const own = parts
      .filter((part) => part.table === table)
      .map((part) => ({
        fromMs: Math.max(part.from * unitMs, sinceMs),
        toMs: Math.min(part.to * unitMs, nowMs),
        bytes: sizes.get(part.name) ?? 0,
      }))
      .filter(({ fromMs, toMs, bytes }) => toMs > fromMs && bytes > EMPTY_BYTES)
      .sort((a, b) => b.toMs - a.toMs);
    found.set(table, {
      bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
      bytesPerDay: rateOf(own),
      oldestMs: own.at(-1)?.fromMs ?? null,
    });
  }
  return found;
}

/** Bytes a day over the newest parts: a day of them, or what there is. */
function rateOf(newestFirst: readonly { fromMs: number; toMs: number; bytes: number }[]): number | null {
  let spanMs = 0;
  let bytes = 0;
  for (const part of newestFirst) {
    spanMs += part.toMs - part.fromMs;
    bytes += part.bytes;
    if (spanMs >= DAY) break;
  }
  return spanMs < TOLD_AFTER_MS ? null : (bytes / spanMs) * DAY;
}

function isParted(table: string): table is PartitionedTable {
  return Object.hasOwn(PARTITIONED, table);
}

async function readSizes(db: Queryable, names: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ name: string; bytes: number }>(
    `SELECT relname AS name, pg_total_relation_size(oid)::bigint AS bytes FROM pg_class
     WHERE relname = ANY ($1::text[]) AND relnamespace = current_schema()::regnamespace`,
    [names],
  );
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}

/** What an app adds to a tier in a day, as far as the newest hours tell. */
export interface AppGrowth {
  appId: number;
  tier: RetentionTier;
  bytesPerDay: number;
}

/** Rows of details are much alike; measured with indexes. */
const DETAIL_BYTES = 320;

/** By app, for tiers that an app can have less of. Reads lengths and indexes, not what is kept. */
export async function readAppGrowth(db: Queryable, nowMs: number): Promise<AppGrowth[]> {
  const { rows } = await db.query<{ app_id: number; tier: RetentionTier; bytes: number }>(
    `SELECT a.app_id, 'requests' AS tier,
       24 * sum(c.section_ends[a.i] - coalesce(c.section_ends[a.i - 1], 0))::bigint AS bytes
     FROM chunks c CROSS JOIN LATERAL unnest(c.app_ids) WITH ORDINALITY AS a (app_id, i)
     WHERE c.committed_at_ms >= $1 AND c.committed_at_ms < $2 GROUP BY 1
     UNION ALL
     SELECT app_id, 'details', ${DETAIL_BYTES} * count(*) FROM request_details
     WHERE at_ms >= $3 AND at_ms < $2 GROUP BY 1
     UNION ALL
     SELECT app_id, 'quarantine', sum(octet_length(bytes))::bigint FROM quarantine
     WHERE received_at_ms >= $3 GROUP BY 1`,
    [nowMs - HOUR, nowMs, nowMs - DAY],
  );
  return rows.map(({ app_id: appId, tier, bytes }) => ({ appId, tier, bytesPerDay: bytes }));
}
