/**
 * Room in a database that is over its plan's size. Heroku then takes INSERT away, later everything but SELECT, DELETE and
 * TRUNCATE, and allows one connection (P-07): retention cannot take its lease, and what is deleted row by row frees
 * nothing. So the oldest partitions of the least precious rows are truncated, one statement at a time on one
 * connection: lines of logs first, details of single requests next, then the durable log as far as it is rolled up. Buckets stay.
 */
import type { Log } from '../model/log.ts';
import { HOUR } from '../model/time.ts';
import { insertAudit } from './audit.ts';
import { listPartitions, PARTITIONED, type Partition } from './partitions.ts';
import { type Pool, type Queryable, withTransaction } from './pool.ts';

/** Share of the size at the refusal that is freed at once, and again with each hour it lasts. */
const FREED_SHARE = 0.1;
/** Never more than this, however long it lasts: then it is for people to decide. */
const FREED_SHARE_MAX = 0.5;
/** A partition without rows has pages of its indexes. */
const EMPTY_BYTES = 256 * 1024;
/** What is younger stays: look-ups of the last minutes, and lines still to be rolled up. */
const YOUNG_MS = HOUR;
/** Readers of old details are not waited for long: whoever comes after waits as long. */
const LOCK_TIMEOUT_MS = 500;

/** In this order. */
const TABLES = ['log_blocks', 'request_details', 'chunks'] as const;

const PARTIAL =
  'the user in DATABASE_URL may not write to every table: grant it what is missing, or use the user that owns the tables';

/** Tables of the first release: whoever takes INSERT away for the size of the plan takes it from all of them. */
const GUARDED = [
  'apps',
  'drains',
  'writers',
  'frames',
  'chunks',
  'series',
  'count_buckets_10s',
  'request_details',
  'leases',
];

/**
 * `overPlan`: the right to add rows is gone on every table, and from their very owner, as the guard of a plan does it.
 * `partial`: something is missing, but not so: a grant was forgotten, a user is another's or a table was frozen by hand.
 * That is a mistake which people put right; nobody's data is deleted for it.
 */
export type Rights = 'full' | 'overPlan' | 'partial';

/** What the user of the connection may do. */
export async function readRights(db: Queryable): Promise<Rights> {
  const { rows } = await db.query<{ may: boolean; over: boolean | null }>(
    `SELECT has_table_privilege('chunks', 'INSERT') AND has_table_privilege('writers', 'UPDATE') AS may,
       (SELECT count(*) = cardinality($1::text[])
          AND bool_and(pg_has_role(relowner, 'USAGE') AND NOT has_table_privilege(oid, 'INSERT'))
        FROM pg_class WHERE oid = ANY (SELECT to_regclass(name) FROM unnest($1::text[]) AS g (name))) AS over`,
    [GUARDED],
  );
  if (rows[0]?.may === true) return 'full';
  return rows[0]?.over === true ? 'overPlan' : 'partial';
}

export interface Truncated {
  partition: string;
  bytes: number;
}

/** Truncates partitions, oldest first, until the database is no larger than this; gives what it truncated. */
export async function truncateOldest(
  pool: Pool,
  { nowMs, toBytes }: { nowMs: number; toBytes: number },
): Promise<Truncated[]> {
  const truncated: Truncated[] = [];
  for (const partition of await listVictims(pool, nowMs)) {
    if ((await readSizeBytes(pool)) <= toBytes) break;
    const bytes = await truncate(pool, partition.name);
    if (bytes > 0) truncated.push({ partition: partition.name, bytes });
  }
  return truncated;
}

async function listVictims(pool: Pool, nowMs: number): Promise<Partition[]> {
  const partitions = await listPartitions(pool);
  const unrolledMs = await readUnrolledMs(pool);
  return TABLES.flatMap((table) =>
    partitions.filter((partition) => {
      const endMs = partition.to * PARTITIONED[table].unitMs;
      const neededMs = table === 'chunks' ? Math.min(unrolledMs, nowMs - YOUNG_MS) : nowMs - YOUNG_MS;
      return partition.table === table && endMs <= neededMs;
    }),
  );
}

/** Chunks from here on are not all in the roll-ups. */
async function readUnrolledMs(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ at_ms: number | null }>(
    'SELECT min(checkpoint_at_ms) AS at_ms FROM writers WHERE closed_at IS NULL AND checkpoint_seq < seq',
  );
  return rows[0]?.at_ms ?? Number.POSITIVE_INFINITY;
}

export async function readSizeBytes(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes');
  return rows[0]?.bytes ?? 0;
}

/** Bytes that were in it; 0 when it was empty, or a reader held it. */
async function truncate(pool: Pool, name: string): Promise<number> {
  // From the catalog: an operator may have attached one of any spelling.
  const quoted = `"${name.replaceAll('"', '""')}"`;
  try {
    return await withTransaction(pool, async (client) => {
      const { rows } = await client.query<{ bytes: number }>(
        'SELECT pg_total_relation_size(to_regclass($1)) AS bytes',
        [quoted],
      );
      const bytes = rows[0]?.bytes ?? 0;
      if (bytes <= EMPTY_BYTES) return 0;
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}; TRUNCATE ${quoted}`);
      return bytes;
    });
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (code === '55P03' || code === '40P01' || code === '42P01') return 0;
    throw error;
  }
}

/** Watches for the refusal, makes room while it lasts, and puts on record what went once that can be written. */
export class RoomMaker {
  readonly #pool: Pool;
  readonly #log: Log;
  #refused: { sinceMs: number; bytes: number } | null = null;
  #unrecorded: Truncated[] = [];
  #isPartial = false;

  constructor(pool: Pool, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  /** One look, and what it calls for. */
  async round(nowMs: number): Promise<void> {
    const rights = await readRights(this.#pool);
    if (rights === 'full') {
      await this.#record(nowMs);
      this.#refused = null;
    }
    if (rights !== 'overPlan') {
      if (rights === 'partial' && !this.#isPartial)
        this.#log.error('database.rightsMissing', { hint: PARTIAL });
      this.#isPartial = rights === 'partial';
      return;
    }
    this.#refused ??= { sinceMs: nowMs, bytes: await readSizeBytes(this.#pool) };
    const hours = 1 + Math.floor((nowMs - this.#refused.sinceMs) / HOUR);
    const share = Math.min(FREED_SHARE * hours, FREED_SHARE_MAX);
    const toBytes = Math.floor(this.#refused.bytes * (1 - share));
    const truncated = await truncateOldest(this.#pool, { nowMs, toBytes });
    if (truncated.length === 0) return;
    this.#unrecorded.push(...truncated);
    this.#log.warn('retention.madeRoom', {
      why: 'the database refuses new rows: it is over the size of its plan',
      truncated,
    });
  }

  /** R-18, C-06: what was deleted is on record. */
  async #record(nowMs: number): Promise<void> {
    if (this.#unrecorded.length === 0) return;
    await insertAudit(this.#pool, {
      atMs: nowMs,
      actor: 'worker',
      action: 'retention.madeRoom',
      subject: '',
      address: '',
      after: { partitions: this.#unrecorded.map(({ partition }) => partition) },
    });
    this.#unrecorded = [];
  }
}
