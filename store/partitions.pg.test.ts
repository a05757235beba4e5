import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { HOUR } from '../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  alignedRange,
  ensurePartitionForError,
  ensurePartitions,
  ensurePartitionsFor,
  ensurePartitionsForRange,
  forgetPartitions,
  listPartitions,
  onPartitionMissed,
  PARTITIONED,
  PARTITIONED_TABLES,
  partitionName,
  readPartitionLeadMs,
  retirePartitions,
  TooManyPartitionsError,
} from './partitions.ts';
import { buildPool, type Pool } from './pool.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  pool = database.pool;
});
afterAll(() => database.close());
beforeEach(async () => {
  forgetPartitions(pool);
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relname ~ '_p[0-9]{8}' AND c.relkind = 'r'`,
  );
  for (const { name } of rows) await pool.query(`DROP TABLE ${name}`);
});

const insertChunk = (db: Pick<Pool, 'query'>, atMs: number, seq = 1) =>
  db.query(
    `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
     VALUES ($1, 1, $2, '{}', '{}', '{}', 0, 'x')`,
    [atMs, seq],
  );

/** A reader with an open transaction and a snapshot of the whole table. */
async function openReader(): Promise<{ close(): Promise<void> }> {
  const client = await pool.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM chunks');
  return {
    close: async () => {
      await client.query('COMMIT');
      client.release();
    },
  };
}

async function tookMs(work: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

describe('making partitions', () => {
  test('P-21 every table gets its current partition and the next three', async () => {
    const made = await ensurePartitions(pool, { nowMs: NOW, ahead: 3 });
    expect(made).toContain('chunks_p20261121_07');
    expect(made).toContain('chunks_p20261121_10');
    expect(made).toContain('frames_p20261121_06');
    expect(made).toContain('count_buckets_10s_p20261121_06');
    expect(made).toContain('count_buckets_1m_p20261124');
    for (const table of PARTITIONED_TABLES) {
      const { widthMs, unitMs } = PARTITIONED[table];
      const partitions = (await listPartitions(pool)).filter((partition) => partition.table === table);
      const covers = (atMs: number) =>
        partitions.some((p) => p.from * unitMs <= atMs && atMs < p.to * unitMs);
      expect([0, 1, 2, 3].every((ahead) => covers(NOW + ahead * widthMs))).toBe(true);
    }
  });

  test('P-21 a second round finds nothing to do', async () => {
    await ensurePartitions(pool, { nowMs: NOW, ahead: 3 });
    expect(await ensurePartitions(pool, { nowMs: NOW, ahead: 3 })).toEqual([]);
  });

  test('what is known to be there is not asked for again', async () => {
    await ensurePartitionsFor(pool, 'chunks', [NOW]);
    const deaf = {
      query: () => Promise.reject(new Error('asked')),
      connect: () => Promise.reject(new Error('asked')),
    };
    const query = pool.query;
    Object.assign(pool, { query: deaf.query });
    try {
      await ensurePartitionsFor(pool, 'chunks', [NOW, NOW + 1]);
      await expect(ensurePartitionsFor(pool, 'chunks', [NOW + HOUR])).rejects.toThrow('asked');
    } finally {
      Object.assign(pool, { query });
    }
  });

  test('P-20 a row refused with 23514 gets its partition on demand', async () => {
    const error = await insertChunk(pool, NOW).then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ code: '23514' });
    expect(await ensurePartitionForError(pool, error)).toBe(true);
    await insertChunk(pool, NOW);
    expect(await ensurePartitionForError(pool, new Error('another'))).toBe(false);
  });

  test('P-20 two processes that make the same partitions at once both succeed', async () => {
    const other = buildPool({ url: database.url, max: 4, applicationName: 'other', log: silentLog });
    try {
      const results = await Promise.all([
        ensurePartitions(pool, { nowMs: NOW, ahead: 3 }),
        ensurePartitions(other, { nowMs: NOW, ahead: 3 }),
        ensurePartitionsForRange(pool, 'chunks', NOW - 5 * HOUR, NOW),
        ensurePartitionsForRange(other, 'chunks', NOW - 5 * HOUR, NOW),
      ]);
      const names = results.flat();
      expect(new Set(names).size).toBe(names.length);
      expect(await ensurePartitions(pool, { nowMs: NOW, ahead: 3 })).toEqual([]);
    } finally {
      await other.end();
    }
  });

  test('a partition keeps storage, defaults, checks and indexes of its table', async () => {
    await ensurePartitionsFor(pool, 'chunks', [NOW]);
    const { rows } = await pool.query(
      `SELECT attstorage AS storage, (SELECT count(*) FROM pg_index WHERE indrelid = a.attrelid) AS indexes
       FROM pg_attribute a WHERE attrelid = 'chunks_p20261121_07'::regclass AND attname = 'body'`,
    );
    const { rows: parent } = await pool.query(
      `SELECT count(*) AS n FROM pg_index WHERE indrelid = 'chunks'::regclass`,
    );
    expect(rows).toEqual([{ storage: 'e', indexes: parent[0]!.n }]);
  });

  test('an identity column of the table numbers the rows of every partition', async () => {
    await ensurePartitionsForRange(pool, 'events', NOW - 8 * 24 * HOUR, NOW);
    for (const atMs of [NOW, NOW - 8 * 24 * HOUR]) {
      await pool.query(
        `INSERT INTO events (at_ms, app_id, kind, until_ms, dedupe_key) VALUES ($1, 1, 'start', $1, 'k')`,
        [atMs],
      );
    }
    const { rows } = await pool.query('SELECT id FROM events');
    expect(new Set(rows.map((row) => row.id)).size).toBe(2);
  });

  test('where partitions of another width exist, only what is between them is made', async () => {
    const start = Date.UTC(2026, 10, 21, 7);
    await pool.query(`CREATE TABLE chunks_p20261121_071000 (LIKE chunks INCLUDING ALL)`);
    await pool.query(
      `ALTER TABLE chunks ATTACH PARTITION chunks_p20261121_071000 FOR VALUES FROM (${start + 600_000}) TO (${start + 1_200_000})`,
    );
    const made = await ensurePartitionsForRange(pool, 'chunks', start, start + HOUR - 1);
    expect(made).toEqual(['chunks_p20261121_07', 'chunks_p20261121_072000']);
    for (const minute of [0, 15, 59]) await insertChunk(pool, start + minute * 60_000);
  });

  test('P-12 making one waits for no reader, and inserts go on', async () => {
    await ensurePartitionsFor(pool, 'chunks', [NOW]);
    const reader = await openReader();
    try {
      expect(await tookMs(ensurePartitionsFor(pool, 'chunks', [NOW + HOUR]))).toBeLessThan(1_000);
      expect(await tookMs(insertChunk(pool, NOW + HOUR))).toBeLessThan(1_000);
    } finally {
      await reader.close();
    }
  });

  test('no more than 200 partitions a table are made', async () => {
    await pool.query(
      `CREATE FUNCTION pg_temp.many() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
         FOR i IN 0..199 LOOP
           EXECUTE format('CREATE TABLE frames_p%s (LIKE frames)', 10000000 + i);
           EXECUTE format('ALTER TABLE frames ATTACH PARTITION frames_p%s FOR VALUES FROM (%s) TO (%s)',
             10000000 + i, i * 7200, (i + 1) * 7200);
         END LOOP;
       END $$; SELECT pg_temp.many()`,
    );
    await expect(ensurePartitionsFor(pool, 'frames', [NOW / 1000])).rejects.toThrow(TooManyPartitionsError);
  });

  test('a long retention leads to wider partitions, not to too many', async () => {
    const start = Date.UTC(2026, 10, 10);
    await ensurePartitionsForRange(pool, 'chunks', start, start + 99 * HOUR);
    const made = await ensurePartitionsForRange(pool, 'chunks', start + 100 * HOUR, start + 108 * HOUR);
    expect(made).toEqual(['chunks_p20261114_04', 'chunks_p20261114_08', 'chunks_p20261114_12']);
  });

  test.each([
    ['chunks', Date.UTC(2026, 10, 21, 7), 'chunks_p20261121_07'],
    ['chunks', Date.UTC(2026, 10, 21, 7, 10), 'chunks_p20261121_071000'],
    ['frames', Date.UTC(2026, 10, 21) / 1000, 'frames_p20261121_00'],
    ['events', Date.UTC(2026, 10, 19), 'events_p20261119'],
  ] as const)('the partition of %s that begins at %i is %s', (table, from, name) => {
    expect(partitionName(table, from)).toBe(name);
  });
});

describe('retiring partitions', () => {
  const names = async () =>
    (await listPartitions(pool)).filter(({ table }) => table === 'chunks').map(({ name }) => name);

  test('R-18 what ends before the given time goes, the rest stays; again it is nothing', async () => {
    await ensurePartitionsForRange(pool, 'chunks', NOW - 3 * HOUR, NOW);
    expect(await retirePartitions(pool, 'chunks', NOW - HOUR)).toEqual([
      'chunks_p20261121_04',
      'chunks_p20261121_05',
    ]);
    expect(await names()).toEqual(['chunks_p20261121_06', 'chunks_p20261121_07']);
    expect(await retirePartitions(pool, 'chunks', NOW - HOUR)).toEqual([]);
  });

  test('P-12 K-08 beside a long reader nothing waits, and a later round finishes', async () => {
    await ensurePartitionsForRange(pool, 'chunks', NOW - 3 * HOUR, NOW);
    await insertChunk(pool, NOW - 3 * HOUR);
    const reader = await openReader();
    const retiring = retirePartitions(pool, 'chunks', NOW - HOUR, { waitMs: 700 });
    await sleep(200);
    const waits = [
      await tookMs(insertChunk(pool, NOW)),
      await tookMs(pool.query('SELECT count(*) FROM chunks')),
    ];
    waits.push(await tookMs(ensurePartitionsFor(pool, 'chunks', [NOW + HOUR])));
    expect(await retiring).toEqual([]);
    expect((await listPartitions(pool)).filter(({ isPending }) => isPending)).toHaveLength(1);
    // While the reader stays, rounds end in time and change nothing.
    expect(await retirePartitions(pool, 'chunks', NOW - HOUR, { waitMs: 300 })).toEqual([]);
    waits.push(await tookMs(insertChunk(pool, NOW, 2)));
    expect(Math.max(...waits)).toBeLessThan(1_000);
    await reader.close();
    expect(await retirePartitions(pool, 'chunks', NOW - HOUR)).toEqual([
      'chunks_p20261121_04',
      'chunks_p20261121_05',
    ]);
  });

  test('K-08 a table detached by a killed round is dropped by the next; one detached by an operator stays', async () => {
    await ensurePartitionsForRange(pool, 'chunks', NOW - 3 * HOUR, NOW);
    await pool.query(`COMMENT ON TABLE chunks_p20261121_04 IS 'drainboard: retiring'`);
    await pool.query('ALTER TABLE chunks DETACH PARTITION chunks_p20261121_04');
    await pool.query('ALTER TABLE chunks DETACH PARTITION chunks_p20261121_05');
    expect(await retirePartitions(pool, 'chunks', NOW - 2 * HOUR)).toEqual(['chunks_p20261121_04']);
    const { rows } = await pool.query(`SELECT to_regclass('chunks_p20261121_05') IS NOT NULL AS kept`);
    expect(rows).toEqual([{ kept: true }]);
    forgetPartitions(pool);
    // Its name being taken, a row of that time gets a partition of another name.
    await ensurePartitionsFor(pool, 'chunks', [NOW - 2 * HOUR]);
    await insertChunk(pool, NOW - 2 * HOUR);
  });
});

describe('P-21 whether partitions are made ahead', () => {
  test('the lead is what is covered from now without a hole', async () => {
    expect(await readPartitionLeadMs(pool, NOW)).toBe(0);
    await ensurePartitions(pool, { nowMs: NOW - 7 * 24 * HOUR, ahead: 3 });
    expect(await readPartitionLeadMs(pool, NOW)).toBe(0);
    await ensurePartitionsForRange(pool, 'frames', NOW / 1000, (NOW + 20 * HOUR) / 1000);
    await ensurePartitionsForRange(pool, 'chunks', NOW, NOW + HOUR);
    const endMs = alignedRange('chunks', NOW + HOUR).to;
    expect(await readPartitionLeadMs(pool, NOW)).toBe(endMs - NOW);
    await ensurePartitionsFor(pool, 'chunks', [NOW + 5 * HOUR]);
    expect(await readPartitionLeadMs(pool, NOW)).toBe(endMs - NOW);
  });

  test('who asked to be told hears of a row that had to wait, and of no other error', async () => {
    const missed: string[] = [];
    onPartitionMissed(pool, (table) => missed.push(table));
    const refused = await insertChunk(pool, NOW).catch((error: unknown) => error);
    expect(await ensurePartitionForError(pool, refused)).toBe(true);
    expect(await ensurePartitionForError(pool, new Error('another'))).toBe(false);
    expect(missed).toEqual(['chunks']);
  });
});
