import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogFields, silentLog } from '../model/log.ts';
import { DAY, HOUR } from '../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { alignedRange, ensurePartitions, ensurePartitionsForRange, partitionName } from './partitions.ts';
import { withTransaction } from './pool.ts';
import { mayInsert, RoomMaker, readSizeBytes, truncateOldest } from './room.ts';

let database: TestDatabase;
const NOW_MS = Date.UTC(2026, 10, 21, 12, 30);

beforeAll(async () => {
  database = await createTestDatabase();
  await ensurePartitions(database.pool, { nowMs: NOW_MS, ahead: 1 });
  await ensurePartitionsForRange(database.pool, 'request_details', NOW_MS - 3 * DAY, NOW_MS);
  await ensurePartitionsForRange(database.pool, 'chunks', NOW_MS - 5 * HOUR, NOW_MS);
});
afterAll(() => database.close());

/** About a megabyte of details at a time. */
async function addDetails(atMs: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, path)
     SELECT $1, 1, 'sample', 1, repeat(md5(n::text), 4) FROM generate_series(1, 5000) AS n`,
    [atMs],
  );
}

async function addChunks(atMs: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
     SELECT $1::bigint + n, 1, n, '{}', '{}', '{}', 1, decode(repeat(md5(n::text), 64), 'hex') FROM generate_series(1, 800) AS n`,
    [atMs],
  );
}

const nameAt = (table: 'request_details' | 'chunks', atMs: number): string =>
  partitionName(table, alignedRange(table, atMs).from);

test('P-07 C-06 the oldest details go first, only as many as are needed, then the log; what is young or not rolled up stays', async () => {
  const { pool } = database;
  for (const days of [3, 2, 1, 0]) await addDetails(NOW_MS - days * DAY);
  for (const hours of [5, 4, 3, 0]) await addChunks(NOW_MS - hours * HOUR);
  const full = await readSizeBytes(pool);
  const one = await truncateOldest(pool, { nowMs: NOW_MS, toBytes: full - 300_000 });
  expect(one.map(({ partition }) => partition)).toEqual([nameAt('request_details', NOW_MS - 3 * DAY)]);
  expect(await readSizeBytes(pool)).toBeLessThan(full - 300_000);
  // Nothing behind 4 h ago is in the roll-ups yet.
  await pool.query(
    `INSERT INTO writers (holder, seq, checkpoint_seq, checkpoint_at_ms) VALUES ('late', 9, 1, $1)`,
    [NOW_MS - 4 * HOUR],
  );
  const rest = await truncateOldest(pool, { nowMs: NOW_MS, toBytes: 0 });
  expect(rest.map(({ partition }) => partition)).toEqual([
    nameAt('request_details', NOW_MS - 2 * DAY),
    nameAt('request_details', NOW_MS - DAY),
    nameAt('chunks', NOW_MS - 5 * HOUR),
  ]);
  const { rows } = await pool.query(
    'SELECT (SELECT count(*) FROM request_details) AS details, (SELECT count(*) FROM chunks) AS chunks',
  );
  expect(rows).toEqual([{ details: 5000, chunks: 2400 }]);
  expect(await truncateOldest(pool, { nowMs: NOW_MS, toBytes: 0 })).toEqual([]);
  await pool.query('DELETE FROM writers');
});

test('P-12 a partition that somebody reads is left for the next round, without waiting for him', async () => {
  const { pool } = database;
  await addDetails(NOW_MS - 2 * DAY);
  await withTransaction(pool, async (reader) => {
    await reader.query(`SELECT count(*) FROM ${nameAt('request_details', NOW_MS - 2 * DAY)}`);
    const startedMs = performance.now();
    const gone = (await truncateOldest(pool, { nowMs: NOW_MS, toBytes: 0 })).map(
      ({ partition }) => partition,
    );
    expect(gone).not.toContain(nameAt('request_details', NOW_MS - 2 * DAY));
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });
});

test('P-07 a refusal is noticed by the right that is gone, of inserting or, further over the plan, of updating', async () => {
  const { pool } = database;
  const said: LogFields[] = [];
  const room = new RoomMaker(pool, { ...silentLog, warn: (_event, fields = {}) => void said.push(fields) });
  await room.round(NOW_MS);
  expect(said).toEqual([]);
  await pool.query('CREATE ROLE tenant_of_room; GRANT ALL ON ALL TABLES IN SCHEMA public TO tenant_of_room');
  expect(await mayInsert(pool)).toBe(true);
  // The superuser of tests may do anything; as one who may not, the same session says no.
  await withTransaction(pool, async (client) => {
    await client.query('REVOKE INSERT ON chunks FROM tenant_of_room; SET LOCAL ROLE tenant_of_room');
    expect(await mayInsert(client)).toBe(false);
    await client.query('RESET ROLE; GRANT INSERT ON chunks TO tenant_of_room');
    await client.query('REVOKE UPDATE ON writers FROM tenant_of_room; SET LOCAL ROLE tenant_of_room');
    expect(await mayInsert(client)).toBe(false);
    await client.query('RESET ROLE; GRANT UPDATE ON writers TO tenant_of_room');
  });
  await pool.query('DROP OWNED BY tenant_of_room; DROP ROLE tenant_of_room');
});
