/**
 * Compaction: rows of 10 s added up to 1 min, those to 1 h (tables *_buckets_*, compactions). A unit — ten minutes
 * of an app's minutes, one of its hours — is always computed anew from the finer table and replaces what was there,
 * so that it can be done any number of times, after late data too. Its row is locked meanwhile: who adds rows to
 * the unit (`markTouched`) waits, or was seen.
 */
import { compactStored } from '../model/histogram.ts';
import { MINUTE } from '../model/time.ts';
import { CopyRows, copyInto } from './copy.ts';
import { type Lease, requireLease } from './leases.ts';
import { ensurePartitionForError } from './partitions.ts';
import { type Client, type Pool, type Queryable, withTransaction } from './pool.ts';

/** From which table to which, and how much at once. */
interface Level {
  resolutionS: 60 | 3600;
  /** Length of a unit. */
  unitS: number;
  finer: '10s' | '1m';
  coarser: '1m' | '1h';
}

const MINUTES: Level = { resolutionS: 60, unitS: 600, finer: '10s', coarser: '1m' };
const HOURS: Level = { resolutionS: 3600, unitS: 3600, finer: '1m', coarser: '1h' };
const LEVELS = [MINUTES, HOURS];

/** Rows that compaction made carry this instead of a writer. */
export const COMPACTED = 0;
/** How long after its end a unit is left alone: lines and roll-ups on their way still come. */
export const SETTLE_MS = 30_000;
/** Minutes of a filling unit are computed from two on: singly they would cost more than they spare. */
const AHEAD_S = 120;
const STATEMENT_TIMEOUT_MS = MINUTE;

/** A bucket of 10 s of an app that rows were added to. */
export interface TouchedBucket {
  appId: number;
  bucketS: number;
}

/**
 * Notes, in the transaction that adds rows of 10 s, which units are to be computed (again). One statement, keys in
 * order (P-18). A unit that is due anyway is locked but not written, which is what happens nearly every time: only a
 * row within the minutes that were computed ahead takes those back. Of a unit that is new, minutes before its first
 * row are as good as computed: they hold nothing.
 */
export async function markTouched(db: Queryable, buckets: readonly TouchedBucket[]): Promise<void> {
  const units = touchedUnits(buckets);
  if (units.length === 0) return;
  await db.query(
    `INSERT INTO compactions AS c (app_id, resolution_s, unit_s, partial_to_s)
     SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) ORDER BY 1, 2, 3
     ON CONFLICT (app_id, resolution_s, unit_s) DO UPDATE SET
       version = CASE WHEN c.done_version >= c.version THEN c.version + 1 ELSE c.version END,
       partial_to_s = least(c.partial_to_s, excluded.partial_to_s)
       WHERE c.done_version >= c.version OR c.partial_to_s > excluded.partial_to_s`,
    [
      units.map((unit) => unit.appId),
      units.map((unit) => unit.resolutionS),
      units.map((unit) => unit.unitS),
      units.map((unit) => unit.firstMinuteS),
    ],
  );
}

interface UnitKey {
  appId: number;
  resolutionS: number;
  unitS: number;
  /** Minute of the first row; 0 for hours, which are never computed ahead. */
  firstMinuteS: number;
}

function touchedUnits(buckets: readonly TouchedBucket[]): UnitKey[] {
  const units = new Map<string, UnitKey>();
  for (const { appId, bucketS } of buckets) {
    for (const level of LEVELS) {
      const unitS = Math.floor(bucketS / level.unitS) * level.unitS;
      const key = `${appId} ${level.resolutionS} ${unitS}`;
      const minuteS = level === MINUTES ? floorTo(bucketS, MINUTES.resolutionS) : 0;
      const firstMinuteS = Math.min(minuteS, units.get(key)?.firstMinuteS ?? minuteS);
      units.set(key, { appId, resolutionS: level.resolutionS, unitS, firstMinuteS });
    }
  }
  return [...units.values()];
}

function floorTo(value: number, width: number): number {
  return Math.floor(value / width) * width;
}

export interface CompactOptions {
  nowMs: number;
  settleMs?: number;
  /** Most units of one call. */
  limit?: number;
  /** Lease of the caller: checked as the last thing in every unit's transaction. */
  fence?: Lease;
}

export interface CompactResult {
  units: number;
  /** False when the limit was reached. */
  isDone: boolean;
}

/**
 * Computes units that are due, oldest first, minutes before hours, each in a transaction of its own. Several
 * callers share the work. Throws LeaseLostError when fenced off; the units before stay done.
 */
export async function compactDue(pool: Pool, options: CompactOptions): Promise<CompactResult> {
  const limit = options.limit ?? 500;
  let units = 0;
  for (const level of LEVELS) {
    while (units < limit && (await inAnyPartition(pool, () => compactOne(pool, level, options)))) units++;
  }
  for (let ahead = 0; ahead < limit && (await inAnyPartition(pool, () => compactAhead(pool, options))); )
    ahead++;
  return { units, isDone: units < limit };
}

/** A partition of the coarser table that is missing is made, and the unit done then. */
async function inAnyPartition(pool: Pool, compact: () => Promise<boolean>): Promise<boolean> {
  for (let tried = 1; ; tried++) {
    try {
      return await compact();
    } catch (error) {
      // One for each of the two families.
      if (tried > 2 || !(await ensurePartitionForError(pool, error))) throw error;
    }
  }
}

function compactOne(pool: Pool, level: Level, options: CompactOptions): Promise<boolean> {
  return withTransaction(
    pool,
    async (client) => {
      const unit = await claimUnit(client, level, options);
      if (unit === null) return false;
      await computeSpan(client, level, { ...unit, fromS: unit.unitS, toS: unit.unitS + level.unitS });
      await client.query(
        `UPDATE compactions SET done_version = $4, partial_to_s = 0
         WHERE app_id = $1 AND resolution_s = $2 AND unit_s = $3`,
        [unit.appId, level.resolutionS, unit.unitS, unit.version],
      );
      if (options.fence !== undefined) await requireLease(client, options.fence);
      return true;
    },
    { statementTimeoutMs: STATEMENT_TIMEOUT_MS },
  );
}

/**
 * The minutes of a unit that are over are computed while it fills, so that readers of its tail find them. Later the unit
 * is computed as a whole all the same. Roll-ups of the app wait for it some hundredths of a second.
 */
function compactAhead(pool: Pool, options: CompactOptions): Promise<boolean> {
  const toS = floorTo(
    Math.floor((options.nowMs - (options.settleMs ?? SETTLE_MS)) / 1000),
    MINUTES.resolutionS,
  );
  return withTransaction(
    pool,
    async (client) => {
      await client.query(`SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL work_mem = '16MB'`);
      const { rows } = await client.query<{ appId: number; unitS: number; fromS: number }>(
        `SELECT app_id AS "appId", unit_s AS "unitS", greatest(partial_to_s, unit_s) AS "fromS" FROM compactions
         WHERE resolution_s = $1 AND done_version < version AND unit_s < $2 AND unit_s + ${MINUTES.unitS} > $2
           AND greatest(partial_to_s, unit_s) <= $2 - $3::int
         ORDER BY unit_s, app_id LIMIT 1 FOR UPDATE SKIP LOCKED`,
        [MINUTES.resolutionS, toS, AHEAD_S],
      );
      const [unit] = rows;
      if (unit === undefined) return false;
      await computeSpan(client, MINUTES, { ...unit, toS });
      await client.query(
        `UPDATE compactions SET partial_to_s = $4 WHERE app_id = $1 AND resolution_s = $2 AND unit_s = $3`,
        [unit.appId, MINUTES.resolutionS, unit.unitS, toS],
      );
      if (options.fence !== undefined) await requireLease(client, options.fence);
      return true;
    },
    { statementTimeoutMs: STATEMENT_TIMEOUT_MS },
  );
}

interface DueUnit {
  appId: number;
  unitS: number;
  version: number;
}

/** What of a unit is computed at once, epoch seconds on whole buckets of the coarser table. */
interface Span {
  appId: number;
  unitS: number;
  fromS: number;
  toS: number;
}

async function computeSpan(client: Client, level: Level, span: Span): Promise<void> {
  const retired = await lockRetired(client, level);
  await compactCounts(client, level, span, retired.count_buckets);
  await compactSamples(client, level, span, retired.sample_buckets);
}

/** Hours wait for their minutes. A process that is frozen meanwhile (K-15) loses its transaction, and the lock. */
async function claimUnit(client: Client, level: Level, options: CompactOptions): Promise<DueUnit | null> {
  const newestS = Math.floor((options.nowMs - (options.settleMs ?? SETTLE_MS)) / 1000) - level.unitS;
  const minutesDone =
    level === HOURS
      ? `AND NOT EXISTS (
           SELECT FROM compactions m WHERE m.app_id = c.app_id AND m.resolution_s = ${MINUTES.resolutionS}
             AND m.unit_s >= c.unit_s AND m.unit_s < c.unit_s + ${HOURS.unitS} AND m.done_version < m.version)`
      : '';
  await client.query(`SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL work_mem = '16MB'`);
  const { rows } = await client.query<DueUnit>(
    `SELECT app_id AS "appId", unit_s AS "unitS", version FROM compactions c
     WHERE resolution_s = $1 AND done_version < version AND unit_s <= $2 ${minutesDone}
     ORDER BY unit_s, app_id LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [level.resolutionS, newestS],
  );
  return rows[0] ?? null;
}

type Family = 'count_buckets' | 'sample_buckets';

/** Up to where the finer tables were retired; retention waits for the end of this transaction before it goes on. */
async function lockRetired(client: Client, level: Level): Promise<Record<Family, number>> {
  const { rows } = await client.query<{ table_name: string; before_s: number }>(
    `SELECT table_name, before_s FROM retired WHERE table_name = ANY($1) ORDER BY table_name FOR SHARE`,
    [[`count_buckets_${level.finer}`, `sample_buckets_${level.finer}`]],
  );
  const before = (family: Family) =>
    rows.find((row) => row.table_name === `${family}_${level.finer}`)?.before_s ?? 0;
  return { count_buckets: before('count_buckets'), sample_buckets: before('sample_buckets') };
}

/**
 * Rows of a unit. The series are listed so that the index (app_id, series_id, bucket_s) is entered once a series:
 * before Postgres 18 it is of no use without them, and every unit would read a whole partition.
 */
const WITHIN = `app_id = $1 AND series_id = ANY (ARRAY(SELECT id FROM series WHERE app_id = $1))
  AND bucket_s >= $2 AND bucket_s < $3`;

/**
 * Where the rows of a unit come from. Normally the finer table, and what was compacted before goes. Once part of
 * the finer rows may be retired, what was compacted stays, and rows that came late are moved over to it.
 */
async function openSource(
  client: Client,
  family: Family,
  level: Level,
  span: Span,
  retiredBeforeS: number,
): Promise<string> {
  if (span.unitS < retiredBeforeS) {
    return `WITH finer AS (DELETE FROM ${family}_${level.finer} WHERE ${WITHIN} RETURNING *)`;
  }
  await client.query(`DELETE FROM ${family}_${level.coarser} WHERE ${WITHIN} AND writer_id = ${COMPACTED}`, [
    span.appId,
    span.fromS,
    span.toS,
  ]);
  return `WITH finer AS (SELECT * FROM ${family}_${level.finer} WHERE ${WITHIN})`;
}

const SUMMED = [
  'count',
  'bad',
  'excluded',
  'status_1xx',
  'status_2xx',
  'status_3xx',
  'status_4xx',
  'status_5xx',
  'platform',
  'bytes',
  'connect_count',
  'connect_sum_ms',
] as const;
const COUNT_COLUMNS = `bucket_s, app_id, series_id, writer_id, ${SUMMED.join(', ')}, connect_max_ms, connect_hist,
  service_count, service_sum_ms, service_max_ms, service_hist`;

type CountRow = Record<(typeof SUMMED)[number] | 'service_count' | 'service_sum_ms', number | null> & {
  bucket_s: number;
  series_id: number;
  connect_max_ms: number | null;
  connect_hist: Buffer | null;
  service_max_ms: number | null;
  service_hist: Buffer | null;
};

const sumOf = (column: string) => `sum(${column})::bigint AS ${column}`;

/**
 * Histograms are concatenated by the database and added up here: concatenation alone is a correct merge but grows
 * sixfold and more at each level, and adding up bins in SQL is hundreds of times slower. Rows are written in the order
 * of their series, so that those of one lie together, as readers want them.
 */
async function compactCounts(
  client: Client,
  level: Level,
  span: Span,
  retiredBeforeS: number,
): Promise<void> {
  const source = await openSource(client, 'count_buckets', level, span, retiredBeforeS);
  const { rows } = await client.query<CountRow>(
    `${source}
     SELECT bucket_s / ${level.resolutionS} * ${level.resolutionS} AS bucket_s, series_id,
       ${[...SUMMED, 'service_count', 'service_sum_ms'].map(sumOf).join(', ')},
       max(connect_max_ms) AS connect_max_ms, string_agg(connect_hist, ''::bytea) AS connect_hist,
       max(service_max_ms) AS service_max_ms, string_agg(service_hist, ''::bytea) AS service_hist
     FROM finer GROUP BY 1, 2 ORDER BY 2, 1`,
    [span.appId, span.fromS, span.toS],
  );
  await copyInto(client, `count_buckets_${level.coarser} (${COUNT_COLUMNS})`, renderCounts(rows, span.appId));
}

function renderCounts(rows: readonly CountRow[], appId: number): CopyRows {
  const copy = new CopyRows();
  for (const row of rows) {
    copy.row(22);
    copy.int4(row.bucket_s);
    copy.int4(appId);
    copy.int4(row.series_id);
    copy.int4(COMPACTED);
    for (const column of SUMMED) copy.int8(row[column]);
    copy.int4(row.connect_max_ms);
    copy.bytes(shortened(row.connect_hist));
    copy.int8(row.service_count);
    copy.int8(row.service_sum_ms);
    copy.int4(row.service_max_ms);
    copy.bytes(shortened(row.service_hist));
  }
  return copy;
}

/** One entry a bin. A single entry, as rare series have, is left as it is. */
function shortened(stored: Buffer | null): Uint8Array | null {
  return stored === null || stored.length <= 3 ? stored : compactStored(stored);
}

async function compactSamples(
  client: Client,
  level: Level,
  span: Span,
  retiredBeforeS: number,
): Promise<void> {
  const source = await openSource(client, 'sample_buckets', level, span, retiredBeforeS);
  await client.query(
    `${source}
     INSERT INTO sample_buckets_${level.coarser}
       (bucket_s, app_id, series_id, writer_id, count, sum, min, max, last, last_at_ms)
     SELECT bucket_s / ${level.resolutionS} * ${level.resolutionS}, $1, series_id, ${COMPACTED},
       sum(count)::bigint, sum(sum), min(min), max(max),
       (array_agg(last ORDER BY last_at_ms DESC, last DESC))[1], max(last_at_ms)
     FROM finer GROUP BY 1, 3 ORDER BY 3, 1`,
    [span.appId, span.fromS, span.toS],
  );
}

/** Forgets done units whose finer rows are retired: they are kept in step with the data, not longer. */
export async function trimCompactions(db: Queryable): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM compactions c USING (
       SELECT CASE right(table_name, 3) WHEN '10s' THEN ${MINUTES.resolutionS} ELSE ${HOURS.resolutionS} END AS resolution_s,
         min(before_s) AS before_s
       FROM retired GROUP BY 1
     ) AS r
     WHERE c.resolution_s = r.resolution_s AND c.done_version >= c.version
       AND c.unit_s + CASE c.resolution_s WHEN ${MINUTES.resolutionS} THEN ${MINUTES.unitS} ELSE ${HOURS.unitS} END <= r.before_s`,
  );
  return rowCount ?? 0;
}

/** Start of the oldest unit that is still to be computed from a finer table, epoch seconds; null for none. */
export async function oldestDueUnitS(db: Queryable, resolutionS: 60 | 3600): Promise<number | null> {
  const { rows } = await db.query<{ unit_s: number | null }>(
    `SELECT min(unit_s) AS unit_s FROM compactions WHERE resolution_s = $1 AND done_version < version`,
    [resolutionS],
  );
  return rows[0]?.unit_s ?? null;
}
