/**
 * Retention: what is older than its setting goes, a partition at a time. Nothing goes that is still needed: rows
 * before they are compacted, chunks before they are rolled up. Each step can be repeated and interrupted (K-08).
 */

import { LOG_HOURS_MAX } from '../model/log-line.ts';
import {
  type KeptSpans,
  keptNow,
  keptOfApp,
  RETENTION_TIERS,
  type RetentionSetting,
} from '../model/retention.ts';
import { DAY, HOUR } from '../model/time.ts';
import { insertAudit } from './audit.ts';
import { oldestDueUnitS, trimCompactions } from './compaction.ts';
import { cutSections, deleteInBatches, type Erased, eraseRemovedApps } from './erasure.ts';
import { type Lease, requireLease } from './leases.ts';
import { listPartitions, PARTITIONED, type PartitionedTable, retirePartitions } from './partitions.ts';
import type { Pool, Queryable } from './pool.ts';
import { listRetentionSettings, noteCut } from './retention-settings.ts';
import { trimSloTables } from './slo-retention.ts';
import { tellGivenUpSpoolEntries, trimSpoolTables } from './spool-accounts.ts';

/** How long rows are kept, ms; names as in the process's configuration. */
export interface RetentionConfig extends KeptSpans {
  frameMemoryMs: number;
}

export interface RetentionOptions {
  nowMs: number;
  /** The most that is kept: people may have chosen less. */
  config: RetentionConfig;
  /** Ends the round between two steps. */
  signal?: AbortSignal;
  /** Lease of the caller: looked at before each step. */
  fence?: Lease;
}

export interface RetentionResult {
  /** Partitions that are gone. */
  retired: string[];
  /** Rows deleted one by one, by table. */
  deleted: Record<string, number>;
  erased: Erased[];
  /** Tables whose oldest rows are kept beyond their time, and for what. */
  heldBack: { table: PartitionedTable; heldMs: number }[];
}

/** Unreadable bytes kept per app. */
export const QUARANTINE_MAX_BYTES = 10 * 1024 * 1024;
/** A stuck compaction or writer holds rows back no longer than this: the disk is finite. */
const HELD_MAX_MS = 7 * DAY;
/** The ledger looks back as long as it remembers, and a frame may be entered in two slots of two hours. */
const FRAME_SLOTS_MS = 2 * 2 * HOUR;
/** Rows about processes that are long gone. */
const CLOSED_WRITERS_MS = 31 * DAY;

/** How long each partitioned table is kept. */
export function keepMs(table: PartitionedTable, config: RetentionConfig): number {
  switch (table) {
    case 'frames':
      return config.frameMemoryMs + FRAME_SLOTS_MS;
    case 'chunks':
      return config.keepChunksMs;
    case 'count_buckets_10s':
    case 'sample_buckets_10s':
      return config.keep10sMs;
    case 'count_buckets_1m':
    case 'sample_buckets_1m':
      return config.keep1minMs;
    case 'request_details':
      return config.keepDetailsMs;
    case 'count_buckets_1h':
    case 'sample_buckets_1h':
    case 'events':
      return config.keep1hMs;
    // Each app has its own hours, and lines not in blocks yet have time: store/log-retention.ts.
    case 'log_chunks':
    case 'log_blocks':
      return LOG_HOURS_MAX * HOUR;
  }
}

/** One round over everything. Throws LeaseLostError when fenced off. */
export async function applyRetention(pool: Pool, given: RetentionOptions): Promise<RetentionResult> {
  const result: RetentionResult = { retired: [], deleted: {}, erased: [], heldBack: [] };
  const { nowMs, signal } = given;
  const settings = await listRetentionSettings(pool);
  const config = keptNow(given.config, settings);
  const options = { ...given, config };
  const steps: (() => Promise<unknown>)[] = [
    ...(Object.keys(PARTITIONED) as PartitionedTable[]).map(
      (table) => () => retireTable(pool, table, options, result),
    ),
    async () => {
      result.deleted.compactions = await trimCompactions(pool);
    },
    async () => {
      const values = [nowMs - config.keep1hMs];
      result.deleted.gaps = await deleteInBatches(pool, 'gaps', 'to_ms < $1', values, signal);
    },
    async () => {
      result.deleted.quarantine = await trimQuarantine(pool, options);
    },
    () => trimApps(pool, options, settings, result),
    async () => {
      const age = [CLOSED_WRITERS_MS / 1000];
      const closed = 'closed_at < clock_timestamp() - make_interval(secs => $1)';
      result.deleted.writers = await deleteInBatches(pool, 'writers', closed, age, signal);
    },
    async () => {
      Object.assign(result.deleted, await trimSloTables(pool, { nowMs, keepMs: config.keep1hMs, signal }));
    },
    () => tellGivenUpSpoolEntries(pool),
    async () => {
      result.deleted.spool = await trimSpoolTables(pool, config.keepQuarantineMs);
    },
    async () => {
      result.erased = await eraseRemovedApps(pool, { nowMs, signal });
    },
    () => record(pool, nowMs, result),
  ];
  for (const step of steps) {
    if (signal?.aborted === true) break;
    if (options.fence !== undefined) await requireLease(pool, options.fence);
    await step();
  }
  return result;
}

async function retireTable(
  pool: Pool,
  table: PartitionedTable,
  { nowMs, config }: RetentionOptions,
  result: RetentionResult,
): Promise<void> {
  const wantedMs = nowMs - keepMs(table, config);
  const neededMs = await neededSinceMs(pool, table);
  const cutoffMs = Math.max(Math.min(wantedMs, neededMs ?? wantedMs), wantedMs - HELD_MAX_MS);
  if (cutoffMs < wantedMs) result.heldBack.push({ table, heldMs: wantedMs - cutoffMs });
  const before = Math.floor(cutoffMs / PARTITIONED[table].unitMs);
  if (table.endsWith('10s') || table.endsWith('1m')) await noteRetired(pool, table, before);
  result.retired.push(...(await retirePartitions(pool, table, before)));
}

/** Since when rows of a table are needed for something else; null when they are not. */
async function neededSinceMs(pool: Pool, table: PartitionedTable): Promise<number | null> {
  if (table === 'chunks') return oldestUnrolledMs(pool);
  if (!table.endsWith('10s') && !table.endsWith('1m')) return null;
  const unitS = await oldestDueUnitS(pool, table.endsWith('10s') ? 60 : 3600);
  return unitS === null ? null : unitS * 1000;
}

/** Commit time behind which some writer's chunks are not in the roll-ups yet. */
async function oldestUnrolledMs(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ at_ms: number | null }>(
    `SELECT min(checkpoint_at_ms) AS at_ms FROM writers WHERE closed_at IS NULL AND checkpoint_seq < seq`,
  );
  return rows[0]?.at_ms ?? null;
}

/**
 * Says, before anything is dropped, up to where it will be: compaction looks there and from then on moves late rows
 * instead of computing the unit anew. Waits for units being computed now.
 */
async function noteRetired(pool: Pool, table: PartitionedTable, before: number): Promise<void> {
  const due = (await listPartitions(pool)).filter((p) => p.table === table && p.to <= before);
  if (due.length === 0) return;
  await pool.query(`UPDATE retired SET before_s = $2 WHERE table_name = $1 AND before_s < $2`, [
    table,
    Math.max(...due.map((partition) => partition.to)),
  ]);
}

async function trimQuarantine(pool: Pool, { nowMs, config, signal }: RetentionOptions): Promise<number> {
  const old = await deleteInBatches(
    pool,
    'quarantine',
    'received_at_ms < $1',
    [nowMs - config.keepQuarantineMs],
    signal,
  );
  // The newest bytes of each app stay.
  const surplus = `id IN (
    SELECT id FROM (
      SELECT id, sum(octet_length(bytes)) OVER (PARTITION BY app_id ORDER BY id DESC) AS total FROM quarantine
    ) AS q WHERE total > $1)`;
  return old + (await deleteInBatches(pool, 'quarantine', surplus, [QUARANTINE_MAX_BYTES], signal));
}

/** What apps keep for a shorter time than the instance does. */
async function trimApps(
  pool: Pool,
  { nowMs, config, signal }: RetentionOptions,
  settings: readonly RetentionSetting[],
  result: RetentionResult,
): Promise<void> {
  const unrolledMs = await oldestUnrolledMs(pool);
  const add = (table: string, rows: number) => {
    result.deleted[table] = (result.deleted[table] ?? 0) + rows;
  };
  for (const { appId, tier } of settings) {
    const spec = RETENTION_TIERS.find((one) => one.tier === tier);
    if (appId === null || spec?.perApp !== true || signal?.aborted === true) continue;
    const beforeMs = nowMs - keptOfApp(config, settings, appId, spec);
    if (beforeMs <= nowMs - config[spec.field]) continue;
    const values = [appId, beforeMs];
    if (tier === 'quarantine') {
      const old = 'app_id = $1 AND received_at_ms < $2';
      add('quarantine', await deleteInBatches(pool, 'quarantine', old, values, signal));
    } else if (tier === 'details') {
      for (const { table, name, from } of await listPartitions(pool)) {
        if (table !== 'request_details' || from >= beforeMs) continue;
        add(table, await deleteInBatches(pool, name, 'app_id = $1 AND at_ms < $2', values, signal));
      }
    } else if (tier === 'requests') {
      // What is not in the roll-ups yet is needed, whoever's it is.
      const cutMs = Math.min(beforeMs, unrolledMs ?? beforeMs);
      await noteCut(pool, appId, cutMs);
      add('chunks', await cutSections(pool, appId, { beforeMs: cutMs, signal }));
    }
  }
}

/** what was deleted is on record; a round with nothing to do leaves no trace. */
async function record(pool: Pool, nowMs: number, result: RetentionResult): Promise<void> {
  const { gaps = 0, quarantine = 0, request_details: details = 0, chunks = 0 } = result.deleted;
  if (result.retired.length === 0 && gaps + quarantine + details + chunks === 0) return;
  await insertAudit(pool, {
    atMs: nowMs,
    actor: 'worker',
    action: 'retention.delete',
    subject: '',
    address: '',
    after: {
      partitions: result.retired,
      gaps,
      quarantine,
      ...(details > 0 && { details }),
      ...(chunks > 0 && { chunks }),
    },
  });
}

export interface TableSize {
  table: string;
  /** With indexes and long values. */
  bytes: number;
  /** An estimate of the planner's; null before the first analyze. */
  rows: number | null;
  /** 0 for tables without. */
  partitions: number;
}

/** Live size of every table, largest first, partitions added up to theirs. */
export async function storageReport(pool: Pool): Promise<TableSize[]> {
  const { rows } = await pool.query<{
    table: string;
    bytes: number;
    rows: number | null;
    partitions: number;
  }>(
    `SELECT coalesce(p.relname, c.relname) AS table,
       coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS bytes,
       (sum(c.reltuples) FILTER (WHERE c.reltuples >= 0))::bigint AS rows,
       count(p.oid) AS partitions
     FROM pg_class c
     LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     LEFT JOIN pg_class p ON p.oid = i.inhparent
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
     GROUP BY 1 ORDER BY bytes DESC, 1`,
  );
  return rows;
}
