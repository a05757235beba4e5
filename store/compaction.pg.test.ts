import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addStored, BINS, binOf, encodeBins } from '../model/histogram.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { compactDue, markTouched, oldestDueUnitS, trimCompactions } from './compaction.ts';
import { claimLease, LeaseLostError } from './leases.ts';
import { ensurePartitionsForRange, PARTITIONED_TABLES } from './partitions.ts';
import { type Client, type Pool, withTransaction } from './pool.ts';

/** Start of an hour, 2026-11-21 06:00. */
const T = Date.UTC(2026, 10, 21, 6) / 1000;
const LATER = { nowMs: (T + 86_400) * 1000 };
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  pool = database.pool;
  for (const table of PARTITIONED_TABLES) {
    if (table.endsWith('10s')) await ensurePartitionsForRange(pool, table, T - 7200, T + 4 * 3600);
  }
  await insertSeries();
});
afterAll(() => database.close());
beforeEach(empty);

/** Three series each for apps 1, 2 and 3. */
async function insertSeries(): Promise<void> {
  await pool.query(
    `INSERT INTO series (id, app_id, kind, key, created_at_ms) OVERRIDING SYSTEM VALUE
     SELECT a * 10 + s, a, 1, s::text, 0 FROM generate_series(1, 3) AS a, generate_series(1, 3) AS s`,
  );
}

async function empty(): Promise<void> {
  await pool.query(`TRUNCATE compactions, leases, count_buckets_10s, count_buckets_1m, count_buckets_1h,
    sample_buckets_10s, sample_buckets_1m, sample_buckets_1h; UPDATE retired SET before_s = 0`);
}

interface Write {
  appId: number;
  bucketS: number;
  seriesId: number;
  writerId: number;
  /** Latencies of requests; null for a series that has none. */
  serviceMs: number[] | null;
  sample: number;
}

/** Every app has series of its own. */
const seriesIdOf = ({ appId, seriesId }: Write) => appId * 10 + seriesId;

async function insertWrite(client: Client, write: Write): Promise<void> {
  const { appId, bucketS, writerId, serviceMs, sample } = write;
  const seriesId = seriesIdOf(write);
  const bins = new Uint32Array(BINS);
  for (const ms of serviceMs ?? []) bins[binOf(ms)]!++;
  const sum = serviceMs?.reduce((a, b) => a + b, 0) ?? null;
  await client.query(
    `INSERT INTO count_buckets_10s (bucket_s, app_id, series_id, writer_id, count, bad, bytes, service_count,
       service_sum_ms, service_max_ms, service_hist)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      bucketS,
      appId,
      seriesId,
      writerId,
      serviceMs?.length ?? 1,
      serviceMs === null ? null : 1,
      sample,
      serviceMs?.length ?? null,
      sum,
      serviceMs === null ? null : Math.max(0, ...serviceMs),
      serviceMs === null ? null : encodeBins(bins),
    ],
  );
  await client.query(
    `INSERT INTO sample_buckets_10s (bucket_s, app_id, series_id, writer_id, count, sum, min, max, last, last_at_ms)
     VALUES ($1, $2, $3, $4, 2, $5, $6, $7, $5, $8)`,
    [bucketS, appId, seriesId, writerId, sample, sample - 1, sample + 1, bucketS * 1000 + (sample % 10_000)],
  );
}

/** What a writer's flush does: rows and marks in one transaction. */
async function flush(writes: Write[]): Promise<void> {
  await withTransaction(pool, async (client) => {
    for (const write of writes) await insertWrite(client, write);
    await markTouched(client, writes);
  });
}

const COUNTS = `sum(count) AS count, sum(bad) AS bad, sum(excluded) AS excluded, sum(bytes) AS bytes,
  sum(service_count) AS service_count, sum(service_sum_ms) AS service_sum_ms, max(service_max_ms) AS service_max_ms,
  string_agg(service_hist, ''::bytea) AS service_hist`;
const SAMPLES = `sum(count) AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
  (array_agg(last ORDER BY last_at_ms DESC, last DESC))[1] AS last, max(last_at_ms) AS last_at_ms`;

/** Rows of a table added up to a width: what any reader would see. */
async function addedUp(table: string, widthS: number): Promise<unknown[]> {
  const columns = table.startsWith('count') ? COUNTS : SAMPLES;
  const { rows } = await pool.query<Record<string, unknown> & { service_hist?: Buffer | null }>(
    `SELECT app_id, series_id, bucket_s / $1 * $1 AS bucket_s, ${columns} FROM ${table} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [widthS],
  );
  return rows.map((row) => {
    if (!row.service_hist) return row;
    const bins = new Float64Array(BINS);
    addStored(bins, row.service_hist);
    return { ...row, service_hist: Buffer.from(encodeBins(bins)).toString('hex') };
  });
}

async function expectEqualToRecomputation(): Promise<void> {
  for (const family of ['count_buckets', 'sample_buckets']) {
    for (const [coarser, widthS] of [
      ['1m', 60],
      ['1h', 3600],
    ] as const) {
      expect(await addedUp(`${family}_${coarser}`, widthS)).toEqual(await addedUp(`${family}_10s`, widthS));
    }
  }
}

/** A pool whose nth statement fails before it is sent, as if the process had died there. */
function dyingPool(nth: number): Pool {
  let statements = 0;
  const connect = async () => {
    const client = await pool.connect();
    return new Proxy(client, {
      get(target, name) {
        if (name !== 'query') {
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (...parameters: unknown[]) => {
          const isRollback = parameters[0] === 'ROLLBACK';
          if (!isRollback && ++statements === nth) throw new Error('killed');
          return Reflect.apply(target.query, target, parameters);
        };
      },
    });
  };
  return new Proxy(pool, {
    get: (target, name) => (name === 'connect' ? connect : Reflect.get(target, name, target)),
  });
}

const row = (over: Partial<Write> = {}): Write => ({
  appId: 1,
  bucketS: T,
  seriesId: 1,
  writerId: 7,
  serviceMs: [5, 900],
  sample: 10,
  ...over,
});

describe('compaction', () => {
  test('minutes and hours are the sums of the rows of 10 s, with one entry a bin', async () => {
    await flush([
      row(),
      row({ bucketS: T + 10, writerId: 8 }),
      row({ bucketS: T + 10 }),
      row({ bucketS: T + 3590 }),
    ]);
    expect(await compactDue(pool, LATER)).toEqual({ units: 3, isDone: true });
    await expectEqualToRecomputation();
    const { rows } = await pool.query('SELECT count, service_hist FROM count_buckets_1h');
    expect(rows).toHaveLength(1);
    expect(rows[0]!.service_hist).toHaveLength(6);
    expect(rows[0]!.count).toBe(8);
  });

  test('a unit is left alone until 30 s after its end, and an hour until its minutes are done', async () => {
    await flush([row()]);
    expect((await compactDue(pool, { nowMs: (T + 629) * 1000 })).units).toBe(0);
    expect((await compactDue(pool, { nowMs: (T + 630) * 1000 })).units).toBe(1);
    await flush([row({ bucketS: T + 3590 })]);
    expect((await compactDue(pool, { nowMs: (T + 3629) * 1000 })).units).toBe(0);
    expect((await compactDue(pool, { nowMs: (T + 3630) * 1000 })).units).toBe(2);
    await expectEqualToRecomputation();
  });

  test('T-03 late rows make their unit due again, and only theirs', async () => {
    await flush([row(), row({ bucketS: T + 600 }), row({ appId: 2 })]);
    await compactDue(pool, LATER);
    expect(await compactDue(pool, LATER)).toEqual({ units: 0, isDone: true });
    await flush([row({ writerId: 9 })]);
    expect((await compactDue(pool, LATER)).units).toBe(2);
    await expectEqualToRecomputation();
  });

  test('marks of a unit that is due anyway are not counted up; marks of one that was done are', async () => {
    const versions = async () => {
      const { rows } = await pool.query(
        'SELECT version, done_version FROM compactions WHERE resolution_s = 60',
      );
      return rows;
    };
    await flush([row(), row()]);
    await flush([row()]);
    expect(await versions()).toEqual([{ version: 1, done_version: 0 }]);
    await compactDue(pool, LATER);
    await flush([row()]);
    expect(await versions()).toEqual([{ version: 2, done_version: 1 }]);
  });

  test('a flush that is under way while its unit is computed makes it due again', async () => {
    await flush([row()]);
    const writer = await pool.connect();
    await writer.query('BEGIN');
    await insertWrite(writer, row({ writerId: 9 }));
    await compactDue(pool, LATER);
    await markTouched(writer, [row()]);
    await writer.query('COMMIT');
    writer.release();
    expect((await compactDue(pool, LATER)).units).toBe(2);
    await expectEqualToRecomputation();
  });

  test('a unit whose marks are not committed yet is passed over', async () => {
    await flush([row(), row({ appId: 2 })]);
    const writer = await pool.connect();
    await writer.query('BEGIN');
    await insertWrite(writer, row({ writerId: 9 }));
    await markTouched(writer, [row()]);
    // App 2 with its minutes and its hour; not app 1.
    expect((await compactDue(pool, LATER)).units).toBe(2);
    await writer.query('COMMIT');
    writer.release();
    await compactDue(pool, LATER);
    await expectEqualToRecomputation();
  });

  test('K-15 a holder whose lease was taken over changes nothing', async () => {
    await flush([row()]);
    const lease = await claimLease(pool, 'compaction', 'first');
    await pool.query('UPDATE leases SET expires_at = clock_timestamp()');
    const successor = await claimLease(pool, 'compaction', 'second');
    await expect(compactDue(pool, { ...LATER, fence: lease! })).rejects.toThrow(LeaseLostError);
    expect(await addedUp('count_buckets_1m', 60)).toEqual([]);
    expect((await compactDue(pool, { ...LATER, fence: successor! })).units).toBe(2);
  });

  test('T-04 rows that come after retention are moved in, and wipe nothing', async () => {
    await flush([row({ serviceMs: [5, 5] }), row({ bucketS: T + 70 })]);
    await compactDue(pool, LATER);
    await pool.query('TRUNCATE count_buckets_10s, sample_buckets_10s');
    await pool.query(`UPDATE retired SET before_s = $1 WHERE table_name LIKE '%10s'`, [T + 6 * 3600]);
    await flush([row({ serviceMs: [7] })]);
    await compactDue(pool, LATER);
    await compactDue(pool, LATER);
    const { rows } = await pool.query('SELECT sum(count) AS count FROM count_buckets_1m');
    expect(rows).toEqual([{ count: 5 }]);
    // The hour is computed from the minutes, which are all there.
    expect(await addedUp('count_buckets_1h', 3600)).toEqual(await addedUp('count_buckets_1m', 3600));
    expect(await addedUp('sample_buckets_1h', 3600)).toEqual(await addedUp('sample_buckets_1m', 3600));
    expect(await addedUp('count_buckets_10s', 10)).toEqual([]);
  });

  test('a call does no more than its limit, and says so', async () => {
    await flush([row(), row({ appId: 2 }), row({ appId: 3 })]);
    expect(await compactDue(pool, { ...LATER, limit: 2 })).toEqual({ units: 2, isDone: false });
    expect(await compactDue(pool, { ...LATER, limit: 10 })).toEqual({ units: 4, isDone: true });
  });

  test('done units are forgotten once their finer rows are retired, due ones never', async () => {
    await flush([row(), row({ bucketS: T + 3600 })]);
    expect(await oldestDueUnitS(pool, 60)).toBe(T);
    await compactDue(pool, LATER);
    expect(await oldestDueUnitS(pool, 60)).toBeNull();
    expect(await trimCompactions(pool)).toBe(0);
    await flush([row({ bucketS: T + 600 })]);
    await pool.query(`UPDATE retired SET before_s = $1 WHERE table_name LIKE '%10s'`, [T + 3600]);
    expect(await trimCompactions(pool)).toBe(1);
    const { rows } = await pool.query(
      'SELECT unit_s FROM compactions WHERE resolution_s = 60 ORDER BY unit_s',
    );
    expect(rows).toEqual([{ unit_s: T + 600 }, { unit_s: T + 3600 }]);
  });

  const write = fc.record({
    appId: fc.integer({ min: 1, max: 2 }),
    bucketS: fc.integer({ min: 0, max: 719 }).map((index) => T + index * 10),
    seriesId: fc.integer({ min: 1, max: 3 }),
    writerId: fc.integer({ min: 1, max: 3 }),
    serviceMs: fc.option(fc.array(fc.integer({ min: 0, max: 600_000 }), { maxLength: 5 })),
    sample: fc.integer({ min: -1000, max: 1000 }),
  });
  const steps = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('flush' as const),
        writes: fc.array(write, { minLength: 1, maxLength: 6 }),
      }),
      fc.record({
        kind: fc.constant('compact' as const),
        atS: fc.integer({ min: 0, max: 10_000 }),
        workers: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({ kind: fc.constant('killed' as const), nth: fc.integer({ min: 1, max: 25 }) }),
    ),
    { minLength: 3, maxLength: 14 },
  );

  test('K-08 whatever is late, repeated, killed or done by several at once, buckets equal recomputation', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        await empty();
        for (const step of sequence) {
          if (step.kind === 'killed') {
            await compactDue(dyingPool(step.nth), LATER).catch((error: Error) =>
              expect(error.message).toBe('killed'),
            );
          } else if (step.kind === 'compact') {
            const nowMs = (T + step.atS) * 1000;
            await Promise.all(Array.from({ length: step.workers }, () => compactDue(pool, { nowMs })));
          } else {
            // A flush meets a round of compaction.
            await Promise.all([flush(step.writes), compactDue(pool, LATER)]);
          }
        }
        await compactDue(pool, LATER);
        await expectEqualToRecomputation();
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('a unit that is still filling', () => {
  const write = (bucketS: number, sample = 100): Write => ({
    appId: 1,
    bucketS,
    seriesId: 1,
    writerId: 1,
    serviceMs: [20, 40],
    sample,
  });
  const at = (seconds: number) => ({ nowMs: (T + seconds) * 1000 });
  async function aheadToS(): Promise<number> {
    const { rows } = await pool.query<{ to_s: number }>(
      'SELECT partial_to_s AS to_s FROM compactions WHERE resolution_s = 60 AND unit_s = $1',
      [T],
    );
    return rows[0]!.to_s - T;
  }

  test('has its minutes that are over computed ahead, two or more at once, exactly', async () => {
    await flush([write(T), write(T + 50), write(T + 70), write(T + 130)]);
    await compactDue(pool, at(149));
    expect(await aheadToS()).toBe(0);
    await compactDue(pool, at(150));
    expect(await aheadToS()).toBe(120);
    const { rows } = await pool.query('SELECT bucket_s - $1 AS at, count FROM count_buckets_1m ORDER BY 1', [
      T,
    ]);
    expect(rows).toEqual([
      { at: 0, count: 4 },
      { at: 60, count: 2 },
    ]);
    await compactDue(pool, at(209));
    expect(await aheadToS()).toBe(120);
    await compactDue(pool, at(270));
    expect(await aheadToS()).toBe(240);
    expect(await addedUp('count_buckets_1m', 3600)).toEqual(await addedUp('count_buckets_10s', 3600));
  });

  test('takes minutes back that a late row falls into, and no others', async () => {
    await flush([write(T), write(T + 300)]);
    await compactDue(pool, at(400));
    expect(await aheadToS()).toBe(360);
    await flush([write(T + 370)]);
    expect(await aheadToS()).toBe(360);
    await flush([write(T + 365), write(T + 130)]);
    expect(await aheadToS()).toBe(120);
    await compactDue(pool, at(400));
    expect(await aheadToS()).toBe(360);
    expect(await addedUp('sample_buckets_1m', 60)).toEqual(
      (await addedUp('sample_buckets_10s', 60)).filter(
        (row) => (row as { bucket_s: number }).bucket_s < T + 360,
      ),
    );
  });

  test('is computed as a whole once it is over, also what an older version added unseen', async () => {
    await flush([write(T), write(T + 300)]);
    await compactDue(pool, at(400));
    // As version N−1 marks it: nothing about minutes computed ahead.
    await withTransaction(pool, async (client) => {
      await insertWrite(client, write(T + 10));
      await client.query(
        `INSERT INTO compactions AS c (app_id, resolution_s, unit_s) VALUES (1, 60, $1)
         ON CONFLICT (app_id, resolution_s, unit_s) DO UPDATE SET version = c.version + 1 WHERE c.done_version >= c.version`,
        [T],
      );
    });
    await compactDue(pool, LATER);
    expect(await aheadToS()).toBe(-T);
    for (const table of ['count_buckets', 'sample_buckets']) {
      expect(await addedUp(`${table}_1m`, 60)).toEqual(await addedUp(`${table}_10s`, 60));
    }
  });

  test('a roll-up waits for the minutes being computed, and takes back what it adds to', async () => {
    await flush([write(T)]);
    await pool.query('UPDATE compactions SET partial_to_s = 0');
    const holding = await pool.connect();
    try {
      await holding.query('BEGIN');
      await holding.query('SELECT FROM compactions WHERE resolution_s = 60 FOR UPDATE');
      const late = flush([write(T + 20)]);
      await holding.query('UPDATE compactions SET partial_to_s = $1 WHERE resolution_s = 60', [T + 120]);
      await holding.query('COMMIT');
      await late;
    } finally {
      holding.release();
    }
    expect(await aheadToS()).toBe(0);
  });
});
