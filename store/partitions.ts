/**
 * Partitions: which tables have them, making them ahead or on demand, retiring them. A partition is made as a
 * table of its own and attached, and detached concurrently before it is dropped: both take a lock that neither
 * readers nor inserts wait for. `PARTITION OF`, plain DETACH and DROP of an attached leaf queue every insert
 * behind one open reader (P-12).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DAY, HOUR, LATE_MAX_MS } from '../model/time.ts';
import { type Pool, type Queryable, withTransaction } from './pool.ts';

interface PartitionSpec {
  column: string;
  /** Width of a partition, and of one unit of the column (1 for ms, 1000 for s). */
  widthMs: number;
  unitMs: 1 | 1000;
  /** Settings of a partition's own table; why is said where they are. */
  settings?: string;
}

/**
 * Rows that are written once and dropped with their partition a day later need neither vacuum nor analyze: both
 * would only read the log again.
 */
const NO_VACUUM = 'autovacuum_enabled = off';
const NO_VACUUM_TOAST = `${NO_VACUUM}, toast.autovacuum_enabled = off`;
/** Analyze is wanted (the planner), vacuum for inserts alone is not: no reader uses index-only scans here. */
const ANALYZE_ONLY = 'autovacuum_vacuum_insert_threshold = -1';

export const PARTITIONED = {
  frames: { column: 'slot_s', widthMs: 2 * HOUR, unitMs: 1000, settings: NO_VACUUM },
  chunks: { column: 'committed_at_ms', widthMs: HOUR, unitMs: 1, settings: NO_VACUUM_TOAST },
  // Comes with the chunks, for frames wait for it too. Emptied row by row within minutes: vacuum makes the room good again, and few rows are ever there.
  log_chunks: { column: 'committed_at_ms', widthMs: HOUR, unitMs: 1 },
  count_buckets_10s: { column: 'bucket_s', widthMs: 6 * HOUR, unitMs: 1000, settings: ANALYZE_ONLY },
  count_buckets_1m: { column: 'bucket_s', widthMs: DAY, unitMs: 1000 },
  count_buckets_1h: { column: 'bucket_s', widthMs: 30 * DAY, unitMs: 1000 },
  sample_buckets_10s: { column: 'bucket_s', widthMs: 6 * HOUR, unitMs: 1000, settings: ANALYZE_ONLY },
  sample_buckets_1m: { column: 'bucket_s', widthMs: DAY, unitMs: 1000 },
  sample_buckets_1h: { column: 'bucket_s', widthMs: 30 * DAY, unitMs: 1000 },
  request_details: { column: 'at_ms', widthMs: DAY, unitMs: 1, settings: ANALYZE_ONLY },
  events: { column: 'at_ms', widthMs: 7 * DAY, unitMs: 1 },
  // Hours of apps differ, and the oldest go when all are too large together: in pieces small enough for that.
  log_blocks: { column: 'to_ms', widthMs: 3 * HOUR, unitMs: 1, settings: ANALYZE_ONLY },
} as const satisfies Record<string, PartitionSpec>;

export type PartitionedTable = keyof typeof PARTITIONED;
export const PARTITIONED_TABLES = Object.keys(PARTITIONED) as PartitionedTable[];

/** One partition; bounds in units of its table's column, `to` exclusive. */
export interface Partition {
  table: PartitionedTable;
  name: string;
  from: number;
  to: number;
  /** A DETACH CONCURRENTLY was cancelled: no longer seen by new statements, to be finalized. */
  isPending: boolean;
}

/** More would make planning slow: retention has stopped, or a time is nonsense. */
export const PARTITIONS_MAX = 200;
/** How long a lock is waited for: whoever comes after waits as long. */
const LOCK_TIMEOUT_MS = 500;
const TRIES_MAX = 6;

export class TooManyPartitionsError extends Error {
  override name = 'TooManyPartitionsError';
}

interface Known {
  byTable: Map<PartitionedTable, Partition[]>;
  readAtMs: number;
}

/** What exists, per pool, so that asking costs nothing. */
const known = new WeakMap<Pool, Known>();
/** Another process may have retired one meanwhile: read again after this long. */
const KNOWN_MAX_MS = 60_000;

/** Forgets what exists: for after a row was refused for want of a partition that was thought to be there. */
export function forgetPartitions(pool: Pool): void {
  known.delete(pool);
}

/**
 * Makes what is missing of the current partition of every table and the `ahead` next ones (and the one before,
 * where late lines still belong to it). Reads the catalog once; gives the names it made.
 */
export async function ensurePartitions(
  pool: Pool,
  { nowMs, ahead }: { nowMs: number; ahead: number },
): Promise<string[]> {
  await reload(pool);
  const made: string[] = [];
  for (const table of PARTITIONED_TABLES) {
    const { widthMs, unitMs } = PARTITIONED[table];
    made.push(
      ...(await ensureRange(pool, table, (nowMs - LATE_MAX_MS) / unitMs, (nowMs + ahead * widthMs) / unitMs)),
    );
  }
  return made;
}

/** Makes the partition for a value of the table's column if there is none. */
export async function ensurePartitionFor(pool: Pool, table: PartitionedTable, value: number): Promise<void> {
  await ensurePartitionsFor(pool, table, [value]);
}

/** Makes the partitions for these values of the table's column; from memory when they are known to be there. */
export async function ensurePartitionsFor(
  pool: Pool,
  table: PartitionedTable,
  values: readonly number[],
): Promise<void> {
  if (values.length === 0 || areCovered(await read(pool, table), values)) return;
  for (const start of new Set(values.map((value) => alignedRange(table, value).from))) {
    await ensureRange(pool, table, start, alignedRange(table, start).to - 1);
  }
}

/** Makes every partition from the one that holds `from` to the one that holds `to` (units of the column). */
export async function ensurePartitionsForRange(
  pool: Pool,
  table: PartitionedTable,
  from: number,
  to: number,
): Promise<string[]> {
  await read(pool, table);
  return ensureRange(pool, table, from, to);
}

/**
 * Makes the partition that a failed statement lacked (P-20). False when the error is another one: SQLSTATE 23514
 * also stands for check constraints.
 */
export async function ensurePartitionForError(pool: Pool, error: unknown): Promise<boolean> {
  const { code, table, detail } = error as { code?: string; table?: string; detail?: string };
  if (code !== '23514' || table === undefined || !(table in PARTITIONED)) return false;
  // "Partition key of the failing row contains (committed_at_ms) = (1763711904000)."
  const value = /= \((-?\d+)\)/.exec(detail ?? '')?.[1];
  if (value === undefined) return false;
  forgetPartitions(pool);
  await ensurePartitionFor(pool, table as PartitionedTable, Number(value));
  missedListeners.get(pool)?.(table as PartitionedTable);
  return true;
}

const missedListeners = new WeakMap<Pool, (table: PartitionedTable) => void>();

/**
 * Calls the listener whenever a row of this pool had to wait for its partition, which is made by then. That does not
 * happen while a worker makes them ahead: somebody should be told (P-21).
 */
export function onPartitionMissed(pool: Pool, listener: (table: PartitionedTable) => void): void {
  missedListeners.set(pool, listener);
}

/**
 * For how long from now there are partitions for what arrives, ms: the least of the log's and the ledger's. Hours while
 * a worker makes them ahead; less than an hour when none does, 0 when none are left.
 */
export async function readPartitionLeadMs(db: Queryable, nowMs: number): Promise<number> {
  const partitions = (await listPartitions(db)).filter(({ isPending }) => !isPending);
  const leads = (['chunks', 'frames'] as const).map((table) => {
    const { unitMs } = PARTITIONED[table];
    const own = partitions.filter((partition) => partition.table === table);
    const end = firstUncovered(own, nowMs / unitMs, Number.MAX_SAFE_INTEGER) ?? 0;
    return Math.max(0, end * unitMs - nowMs);
  });
  return Math.min(...leads);
}

/** All partitions there are, by table and time. */
export async function listPartitions(db: Queryable): Promise<Partition[]> {
  const { rows } = await db.query<{ table: PartitionedTable; name: string; bound: string; pending: boolean }>(
    `SELECT p.relname AS table, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,
       i.inhdetachpending AS pending
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relname = ANY($1) AND p.relkind = 'p' AND p.relnamespace = current_schema()::regnamespace`,
    [PARTITIONED_TABLES],
  );
  const partitions = rows.flatMap((row) => {
    // "FOR VALUES FROM ('7200') TO ('14400')"
    const [from, to] = [...(row.bound ?? '').matchAll(/\('?(-?\d+)'?\)/g)].map((match) => Number(match[1]));
    if (from === undefined || to === undefined) return [];
    return [{ table: row.table, name: row.name, from, to, isPending: row.pending }];
  });
  return partitions.sort((a, b) => (a.table === b.table ? a.from - b.from : a.table < b.table ? -1 : 1));
}

/** Regular bounds around a value, `factor` times as wide as usual. */
export function alignedRange(
  table: PartitionedTable,
  value: number,
  factor = 1,
): { from: number; to: number } {
  const width = (PARTITIONED[table].widthMs / PARTITIONED[table].unitMs) * factor;
  const from = Math.floor(value / width) * width;
  return { from, to: from + width };
}

/**
 * New partitions get wider where a long retention has made many, so that any setting stays below PARTITIONS_MAX:
 * ten years of days end in about 115 partitions of 32.
 */
function widthFactor(count: number): number {
  if (count < 100) return 1;
  return count < 150 ? 4 : 32;
}

/** `chunks_p20261121_07`; with the hour only where partitions are shorter than a day or begin within one. */
export function partitionName(table: PartitionedTable, from: number): string {
  const { unitMs, widthMs } = PARTITIONED[table];
  const iso = new Date(from * unitMs).toISOString();
  const day = iso.slice(0, iso.indexOf('T')).replaceAll('-', '');
  const time = iso.slice(iso.indexOf('T') + 1, iso.indexOf('.')).replaceAll(':', '');
  if (time.endsWith('0000')) {
    return `${table}_p${day}${widthMs < DAY || time !== '000000' ? `_${time.slice(0, 2)}` : ''}`;
  }
  return `${table}_p${day}_${time}`;
}

async function reload(pool: Pool): Promise<Map<PartitionedTable, Partition[]>> {
  const byTable = new Map<PartitionedTable, Partition[]>(PARTITIONED_TABLES.map((table) => [table, []]));
  for (const partition of await listPartitions(pool)) byTable.get(partition.table)?.push(partition);
  known.set(pool, { byTable, readAtMs: performance.now() });
  return byTable;
}

async function read(pool: Pool, table: PartitionedTable): Promise<Partition[]> {
  const memory = known.get(pool);
  const isFresh = memory !== undefined && performance.now() - memory.readAtMs < KNOWN_MAX_MS;
  return (isFresh ? memory.byTable : await reload(pool)).get(table) ?? [];
}

function areCovered(partitions: readonly Partition[], values: readonly number[]): boolean {
  return values.every((value) =>
    partitions.some(({ from, to, isPending }) => value >= from && value < to && !isPending),
  );
}

async function ensureRange(pool: Pool, table: PartitionedTable, from: number, to: number): Promise<string[]> {
  const made: string[] = [];
  let tried = 0;
  for (;;) {
    const partitions = await read(pool, table);
    const value = firstUncovered(partitions, alignedRange(table, from).from, to);
    if (value === null) return made;
    tried++;
    const name = await makePartition(pool, table, missingPiece(partitions, table, value), tried);
    if (name !== null) {
      made.push(name);
      tried = 0;
    } else if (tried > 1) {
      await sleep(50 * 2 ** tried * (0.5 + Math.random()));
    }
    await reload(pool);
  }
}

/** The first value of a range that no partition holds. `partitions` are in order of time. */
function firstUncovered(partitions: readonly Partition[], from: number, to: number): number | null {
  let value = from;
  for (const partition of partitions)
    if (partition.from <= value && value < partition.to) value = partition.to;
  return value <= to ? value : null;
}

/** The regular range around a value, less what neighbours of another width already hold. */
function missingPiece(
  partitions: readonly Partition[],
  table: PartitionedTable,
  value: number,
): { from: number; to: number } {
  let { from, to } = alignedRange(table, value, widthFactor(partitions.length));
  for (const partition of partitions) {
    if (partition.to <= value) from = Math.max(from, partition.to);
    else to = Math.min(to, partition.from);
  }
  return { from, to };
}

const LOCK_NOT_AVAILABLE = '55P03';
/** A second process was quicker: its table, its row type, its bounds. */
const MADE_ELSEWHERE = new Set(['42P07', '42710', '23505', '42P17', '40P01']);

/** Gives the name; null when it has to be tried again (a lock, or another process made it). */
async function makePartition(
  pool: Pool,
  table: PartitionedTable,
  range: { from: number; to: number },
  tried: number,
): Promise<string | null> {
  const count = (await read(pool, table)).length;
  if (count >= PARTITIONS_MAX) throw new TooManyPartitionsError(`${table} has ${count} partitions already`);
  // A detached table of that name may still wait for its end: the next try takes another name.
  const name = partitionName(table, range.from) + (tried > 2 ? String.fromCharCode(0x60 + tried) : '');
  try {
    await createAndAttach(pool, table, name, range);
    return name;
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (tried >= TRIES_MAX || !(code === LOCK_NOT_AVAILABLE || MADE_ELSEWHERE.has(code))) throw error;
    return null;
  }
}

async function createAndAttach(
  pool: Pool,
  table: PartitionedTable,
  name: string,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const { column, ...spec }: PartitionSpec = PARTITIONED[table];
  const settings = spec.settings === undefined ? '' : ` WITH (${spec.settings})`;
  await withTransaction(pool, async (client) => {
    await client.query(
      `SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
       CREATE TABLE ${name} (
         LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE,
         CHECK (${column} >= ${from} AND ${column} < ${to})
       )${settings};
       ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`,
    );
  });
}

/** Marks a table that is on its way out, so that a rerun knows it from one an operator detached. */
const RETIRING = 'drainboard: retiring';

/**
 * Drops every partition that ends at or before `before` (units of the column). A reader that may still see one is
 * waited for up to `waitMs`, after which the partition stays pending and the next round finishes it. Gives the
 * names that are gone.
 */
export async function retirePartitions(
  pool: Pool,
  table: PartitionedTable,
  before: number,
  { waitMs = 5_000 }: { waitMs?: number } = {},
): Promise<string[]> {
  const gone = await finishRetirements(pool, table);
  const due = (await listPartitions(pool)).filter(
    (p) => p.table === table && (p.to <= before || p.isPending),
  );
  for (const partition of due) {
    // Only one partition of a table can be pending: the others wait for the next round.
    if (partition.isPending || !(await detach(pool, partition, waitMs))) break;
    if (await dropDetached(pool, partition.name)) gone.push(partition.name);
  }
  if (due.length > 0) forgetPartitions(pool);
  return gone;
}

/** Takes up where an earlier round was cut off: pending detachments, detached tables. */
async function finishRetirements(pool: Pool, table: PartitionedTable): Promise<string[]> {
  for (const partition of await listPartitions(pool)) {
    if (partition.table !== table || !partition.isPending) continue;
    await alterQuickly(pool, `ALTER TABLE ${table} DETACH PARTITION ${quoted(partition.name)} FINALIZE`);
  }
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
     WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
       AND c.relname ~ $1 AND obj_description(c.oid, 'pg_class') = $2
     ORDER BY c.relname`,
    [`^${table}_p\\d{8}(_\\d{2,6})?[a-z]?$`, RETIRING],
  );
  const gone: string[] = [];
  for (const { name } of rows) if (await dropDetached(pool, name)) gone.push(name);
  return gone;
}

/** True when the partition is detached; false when a reader held it up. */
async function detach(pool: Pool, { table, name }: Partition, waitMs: number): Promise<boolean> {
  if (!(await alterQuickly(pool, `COMMENT ON TABLE ${quoted(name)} IS '${RETIRING}'`))) return false;
  // Not in a transaction, and nothing may be set on a session (P-22): the wait is ended from outside. While it
  // waits it holds no lock on the table, only a connection.
  const statement = `ALTER TABLE ${table} DETACH PARTITION ${quoted(name)} CONCURRENTLY`;
  const timer = setTimeout(() => void cancel(pool, statement).catch(() => {}), waitMs);
  try {
    await pool.query(statement);
    return true;
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (code === QUERY_CANCELED || code === LOCK_NOT_AVAILABLE || code === ALREADY_PENDING) return false;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const QUERY_CANCELED = '57014';
const ALREADY_PENDING = '55000';

async function cancel(pool: Pool, statement: string): Promise<void> {
  await pool.query(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
     WHERE state = 'active' AND query = $1 AND datname = current_database() AND pid <> pg_backend_pid()`,
    [statement],
  );
}

/** Names come from the catalog: an operator may have attached one of any spelling. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function dropDetached(pool: Pool, name: string): Promise<boolean> {
  return alterQuickly(pool, `DROP TABLE IF EXISTS ${quoted(name)}`);
}

/** False when a lock was not to be had in time, or another process has done it. */
async function alterQuickly(pool: Pool, statement: string): Promise<boolean> {
  try {
    await withTransaction(pool, async (client) => {
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; ${statement}`);
    });
    return true;
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (code === LOCK_NOT_AVAILABLE || code === '42P01' || code === '55000' || code === '40P01') return false;
    throw error;
  }
}
