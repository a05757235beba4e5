import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { DAY, HOUR } from '../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { alignedRange, ensurePartitions, ensurePartitionsForRange, partitionName } from './partitions.ts';
import { buildPool, type Pool, withTransaction } from './pool.ts';
import { RoomMaker, readRights, readSizeBytes, truncateOldest } from './room.ts';

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

/** Works as a user of its own, who owns the database's tables or does not, and may do anything with them at first. */
async function asTenant(
  isOwner: boolean,
  work: (tenant: Pool, change: (sql: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const { pool } = database;
  const role = `tenant_${database.name}`;
  const change = (sql: string): Promise<unknown> => pool.query(sql.replaceAll('tenant', role));
  await change('CREATE ROLE tenant LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO tenant');
  if (isOwner) {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
    );
    for (const { name } of rows) await change(`ALTER TABLE ${name} OWNER TO tenant`);
  }
  const url = new URL(database.url);
  url.username = role;
  const tenant = buildPool({ url: url.href, max: 1, applicationName: 'tenant', log: silentLog });
  try {
    await work(tenant, change);
  } finally {
    await tenant.end();
    await change('REASSIGN OWNED BY tenant TO CURRENT_USER; DROP OWNED BY tenant; DROP ROLE tenant');
  }
}

async function countDetails(): Promise<unknown> {
  const { rows } = await database.pool.query('SELECT count(*) AS n FROM request_details');
  return rows[0]?.n;
}

test('P-07 the right to add rows is gone from the owner on every table: then, and only then, room is made', async () => {
  const said: string[] = [];
  const say = (event: string): void => void said.push(event);
  const log = { ...silentLog, warn: say, error: say };
  await addDetails(NOW_MS - 3 * DAY);
  await asTenant(true, async (tenant, change) => {
    const room = new RoomMaker(tenant, log);
    await room.round(NOW_MS);
    expect(said).toEqual([]);
    await change('REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM tenant');
    expect(await readRights(tenant)).toBe('overPlan');
    // Further over the plan.
    await change('REVOKE UPDATE ON ALL TABLES IN SCHEMA public FROM tenant');
    const before = await countDetails();
    await room.round(NOW_MS);
    expect(said).toEqual(['retention.madeRoom']);
    expect(await countDetails()).toBeLessThan(Number(before));
  });
});

test('P-07 a grant that was forgotten, a table frozen by hand and a user who is not the owner are mistakes: nothing is truncated for them, and they are told once', async () => {
  const mistakes: { isOwner: boolean; sql: string }[] = [
    { isOwner: true, sql: 'REVOKE INSERT ON chunks FROM tenant' },
    { isOwner: true, sql: 'REVOKE UPDATE ON writers FROM tenant' },
    { isOwner: true, sql: 'REVOKE INSERT ON chunks, frames, request_details FROM tenant' },
    { isOwner: false, sql: 'REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM tenant' },
    { isOwner: false, sql: 'REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA public FROM tenant' },
  ];
  for (const { isOwner, sql } of mistakes) {
    await addDetails(NOW_MS - 3 * DAY);
    const before = await countDetails();
    const said: string[] = [];
    const say = (event: string): void => void said.push(event);
    await asTenant(isOwner, async (tenant, change) => {
      await change(sql);
      const room = new RoomMaker(tenant, { ...silentLog, warn: say, error: say });
      for (let round = 0; round < 3; round++) await room.round(NOW_MS + round * HOUR);
    });
    expect({ sql, said, left: await countDetails() }).toEqual({
      sql,
      said: ['database.rightsMissing'],
      left: before,
    });
  }
});
