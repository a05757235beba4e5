/** What a benchmark asks the database server. */
import { readdirSync, readFileSync } from 'node:fs';
import { silentLog } from '../model/log.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { listSizes, readServerPid } from '../store/sizes.ts';

const TICKS_PER_SECOND = 100;

/** What the server did so far, or between two readings. */
export interface Counters {
  /** Of the server and all its children, dead ones included. */
  cpuSeconds: number;
  walBytes: number;
  transactions: number;
  /** Partitions' rows and TOAST slices count as rows of their own. */
  rowsInserted: number;
}

/** Counters of the server so far; null where /proc cannot tell its CPU. */
export async function readCounters(url: string): Promise<Counters | null> {
  const pool = buildPool({ url, max: 1, applicationName: 'bench-counters', log: silentLog });
  try {
    const cpuSeconds = serverCpuSeconds(await readServerPid(pool));
    if (cpuSeconds === null) return null;
    const { rows } = await pool.query<{ wal: number; transactions: number; inserted: number }>(
      `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS wal, xact_commit AS transactions,
         (SELECT sum(n_tup_ins)::bigint FROM pg_stat_all_tables) AS inserted
       FROM pg_stat_database WHERE datname = current_database()`,
    );
    const row = rows[0]!;
    return { cpuSeconds, walBytes: row.wal, transactions: row.transactions, rowsInserted: row.inserted };
  } catch {
    return null;
  } finally {
    await pool.end();
  }
}

/** CPU seconds of the server and all its children so far, dead ones included; null where /proc cannot tell. */
export async function readServerCpuSeconds(url: string): Promise<number | null> {
  return (await readCounters(url))?.cpuSeconds ?? null;
}

function serverCpuSeconds(backendPid: number): number | null {
  const postmaster = readParent(backendPid);
  if (postmaster === null) return null;
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = readStat(Number(entry));
    if (stat === null) continue;
    if (stat.pid === postmaster) ticks += stat.own + stat.deadChildren;
    else if (stat.parent === postmaster) ticks += stat.own;
  }
  return ticks / TICKS_PER_SECOND;
}

function readParent(pid: number): number | null {
  return readStat(pid)?.parent ?? null;
}

function readStat(pid: number): { pid: number; parent: number; own: number; deadChildren: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold anything; what counts comes after it.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return {
      pid,
      parent: fields[1]!,
      own: fields[11]! + fields[12]!,
      deadChildren: fields[13]! + fields[14]!,
    };
  } catch {
    return null;
  }
}

/** Lines on how large the tables became, with the bytes a message takes in the durable log. */
export async function tableSizes(pool: Pool): Promise<string[]> {
  const { tables, chunkMessages, chunkBytes } = await listSizes(pool);
  const lines = tables.map(
    ({ table, bytes, rows }) => `${table}: ${(bytes / 1024 / 1024).toFixed(1)} MiB, ${rows} rows`,
  );
  lines.push(`durable log: ${(chunkBytes / chunkMessages).toFixed(1)} bytes a message`);
  lines.push(await bucketLine(pool, 'count_buckets_10s'), await bucketLine(pool, 'sample_buckets_10s'));
  return lines;
}

/** Rows of a table of buckets for each series and bucket, and what one row takes. */
async function bucketLine(pool: Pool, table: 'count_buckets_10s' | 'sample_buckets_10s'): Promise<string> {
  const { rows } = await pool.query<{ n: number; cells: number; heap: number; width: number }>(
    `SELECT count(*) AS n, count(DISTINCT (series_id, bucket_s)) AS cells, coalesce(avg(pg_column_size(b.*)), 0)::float AS width,
       (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = '${table}'::regclass)::bigint AS heap
     FROM ${table} b`,
  );
  const { n, cells, heap, width } = rows[0]!;
  return (
    `${table}: ${(n / cells).toFixed(2)} rows a series and bucket, ${width.toFixed(0)} bytes a row, ` +
    `${(heap / cells).toFixed(0)} bytes a series and bucket with indexes`
  );
}
