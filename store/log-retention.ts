/**
 * How long lines stay (R-18, SEC-49): as many hours as their app says, and all of them together within a number of bytes:
 * beyond it the oldest go first, whoever's they are. Each step can be repeated and interrupted.
 */
import { DAY, HOUR } from '../model/time.ts';
import { insertAudit } from './audit.ts';
import { deleteInBatches } from './erasure.ts';
import { type Lease, requireLease } from './leases.ts';
import { listLogHours } from './log-hours.ts';
import { listPartitions, type Partition, retirePartitions } from './partitions.ts';
import type { Pool, Queryable } from './pool.ts';

export interface LogRetentionOptions {
  nowMs: number;
  /** Of apps that say nothing of it, hours; 0: none are kept. */
  hours: number;
  /** All blocks together, on disk. */
  bytesMax: number;
  signal?: AbortSignal;
  fence?: Lease;
}

export interface LogRetentionResult {
  /** Partitions that are gone. */
  retired: string[];
  /** Blocks deleted one by one. */
  deleted: number;
  /** Lines before this went for want of room, not of time; null when there was room. */
  shortenedToMs: number | null;
}

/** Chunks that nobody could make blocks of hold partitions of an hour each, of which there must not be too many. */
const CHUNKS_MAX_MS = 7 * DAY;
/** Chunks that nobody made blocks of are readable for as long as blocks are; empty partitions of them go soon. */
const CHUNKS_EMPTY_MS = 2 * HOUR;

/** One round. Throws LeaseLostError when fenced off. */
export async function trimLogs(pool: Pool, options: LogRetentionOptions): Promise<LogRetentionResult> {
  const { nowMs, signal, fence } = options;
  const result: LogRetentionResult = { retired: [], deleted: 0, shortenedToMs: null };
  const hours = await listLogHours(pool, options.hours);
  const longestMs = nowMs - Math.max(0, ...hours.values()) * HOUR;
  const steps = [
    async () => result.retired.push(...(await retirePartitions(pool, 'log_blocks', longestMs))),
    async () => {
      const oldestMs = await readOldestChunkMs(pool);
      const keptMs = Math.max(longestMs - CHUNKS_EMPTY_MS, nowMs - CHUNKS_MAX_MS);
      const before = Math.max(Math.min(nowMs - CHUNKS_EMPTY_MS, oldestMs), keptMs);
      result.retired.push(...(await retirePartitions(pool, 'log_chunks', before)));
    },
    () => trimApps(pool, hours, options, result),
    () => trimToSize(pool, options, result),
    () => record(pool, nowMs, result),
  ];
  for (const step of steps) {
    if (signal?.aborted === true) break;
    if (fence !== undefined) await requireLease(pool, fence);
    await step();
  }
  return result;
}

/** Blocks beyond their app's own hours, where those are fewer than another's, and all of apps that are not there any more. */
async function trimApps(
  pool: Pool,
  hours: ReadonlyMap<number, number>,
  { nowMs, signal }: LogRetentionOptions,
  result: LogRetentionResult,
): Promise<void> {
  for (const { name, from } of await listBlockPartitions(pool)) {
    const removed = 'NOT (app_id = ANY ($1::int[]))';
    result.deleted += await deleteInBatches(pool, name, removed, [[...hours.keys()]], signal);
    // One statement for all apps of the same hours: there are few different ones.
    for (const each of new Set(hours.values())) {
      const before = nowMs - each * HOUR;
      if (from >= before) continue;
      const appIds = [...hours].filter(([, own]) => own === each).map(([appId]) => appId);
      const condition = 'app_id = ANY ($1::int[]) AND to_ms < $2';
      result.deleted += await deleteInBatches(pool, name, condition, [appIds, before], signal);
    }
  }
}

/** Drops the oldest partitions while there is too much, and of the last one left its oldest blocks. */
async function trimToSize(
  pool: Pool,
  { bytesMax, signal }: LogRetentionOptions,
  result: LogRetentionResult,
): Promise<void> {
  const partitions = await listBlockPartitions(pool);
  const sizes = await readSizes(pool, partitions);
  let total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const filled = partitions.filter((_, index) => sizes[index]! > EMPTY_BYTES).length;
  let left = filled;
  for (const [index, partition] of partitions.entries()) {
    if (total <= bytesMax || signal?.aborted === true) return;
    if (sizes[index]! <= EMPTY_BYTES) continue;
    if (left-- > 1) {
      result.retired.push(...(await retirePartitions(pool, 'log_blocks', partition.to)));
      result.shortenedToMs = partition.to;
      total -= sizes[index]!;
    } else {
      result.deleted += await thin(pool, partition, bytesMax, result, signal);
    }
  }
}

/** What indexes of an empty partition take. */
const EMPTY_BYTES = 128 * 1024;

/** Deletes the oldest blocks of one partition until the rest is within bounds. */
async function thin(
  pool: Pool,
  { name }: Partition,
  bytesMax: number,
  result: LogRetentionResult,
  signal?: AbortSignal,
): Promise<number> {
  const table = `"${name.replaceAll('"', '""')}"`;
  const { rows } = await pool.query<{ before_ms: number | null }>(
    `SELECT max(to_ms) AS before_ms FROM (
       SELECT to_ms, sum(octet_length(body) + 400) OVER (ORDER BY to_ms DESC) AS total FROM ${table}
     ) AS t WHERE total > $1`,
    [bytesMax],
  );
  const before = rows[0]?.before_ms;
  if (before === null || before === undefined) return 0;
  result.shortenedToMs = before;
  return await deleteInBatches(pool, name, 'to_ms <= $1', [before], signal);
}

async function listBlockPartitions(pool: Pool): Promise<Partition[]> {
  return (await listPartitions(pool)).filter(({ table, isPending }) => table === 'log_blocks' && !isPending);
}

async function readSizes(pool: Pool, partitions: readonly Partition[]): Promise<number[]> {
  const { rows } = await pool.query<{ bytes: number }>(
    `SELECT coalesce(pg_total_relation_size(to_regclass(quote_ident(name))), 0)::bigint AS bytes
     FROM unnest($1::text[]) WITH ORDINALITY AS p (name, n) ORDER BY n`,
    [partitions.map((partition) => partition.name)],
  );
  return rows.map((row) => row.bytes);
}

async function readOldestChunkMs(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ at_ms: number | null }>(
    'SELECT min(committed_at_ms) AS at_ms FROM log_chunks',
  );
  return rows[0]?.at_ms ?? Number.MAX_SAFE_INTEGER;
}

/** what was deleted is on record; a round with nothing to do leaves no trace. */
async function record(
  pool: Pool,
  nowMs: number,
  { retired, deleted, shortenedToMs }: LogRetentionResult,
): Promise<void> {
  if (retired.every((name) => name.startsWith('log_chunks')) && deleted === 0) return;
  await insertAudit(pool, {
    atMs: nowMs,
    actor: 'worker',
    action: 'retention.delete',
    subject: 'logs',
    address: '',
    after: { partitions: retired, blocks: deleted, ...(shortenedToMs !== null && { shortenedToMs }) },
  });
}

/** What lines take, for people: on disk with everything, in all. */
export interface LogUsage {
  bytes: number;
  blocks: number;
  lines: number;
  /** End of the oldest block and of the newest, epoch ms; null without any. */
  oldestMs: number | null;
  newestMs: number | null;
}

/** What one app's blocks take; bytes are those of their bodies. */
export async function readAppLogUsage(db: Queryable, appId: number): Promise<LogUsage> {
  const { rows } = await db.query<LogUsage>(
    `SELECT coalesce(sum(octet_length(body)), 0)::bigint AS bytes, count(*) AS blocks,
       coalesce(sum(lines), 0)::bigint AS lines, min(from_ms) AS "oldestMs", max(to_ms) AS "newestMs"
     FROM log_blocks WHERE app_id = $1`,
    [appId],
  );
  return rows[0]!;
}

/** What all blocks and chunks of logs take on disk. */
export async function readLogsBytes(pool: Pool): Promise<number> {
  const partitions = (await listPartitions(pool)).filter(({ table }) => table.startsWith('log_'));
  return (await readSizes(pool, partitions)).reduce((sum, bytes) => sum + bytes, 0);
}
