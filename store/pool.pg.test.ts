import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { buildPool, type Pool, withTransaction } from './pool.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  pool = database.pool;
  await pool.query('CREATE TABLE boats (id int PRIMARY KEY)');
});
afterAll(() => database.close());

async function endBackend(pid: unknown): Promise<void> {
  const other = buildPool({ url: database.url, max: 1, applicationName: 'other', log: silentLog });
  await other.query('SELECT pg_terminate_backend($1)', [pid]);
  await other.end();
}

test('int8, sums and timestamptz are numbers, bytea a Buffer, and nothing loses digits', async () => {
  const { rows } = await pool.query(
    `SELECT 9007199254740991::bigint AS big, sum(x) AS total, '2026-01-02 03:04:05.678+00'::timestamptz AS at,
            '\\x0102'::bytea AS bytes, 0.25::numeric AS part
       FROM (VALUES (1::bigint), (2)) v (x)`,
  );
  expect(rows[0]).toEqual({
    big: 9007199254740991,
    total: 3,
    at: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    bytes: Buffer.from([1, 2]),
    part: 0.25,
  });
  await expect(pool.query('SELECT 9007199254740993::bigint')).rejects.toThrow('beyond 2^53');
  await expect(pool.query('SELECT 1')).resolves.toMatchObject({ rowCount: 1 });
});

test('a transaction commits what it returns from and rolls back what throws', async () => {
  const value = await withTransaction(pool, async (client) => {
    await client.query('INSERT INTO boats VALUES (1)');
    return 'done';
  });
  const failing = withTransaction(pool, async (client) => {
    await client.query('INSERT INTO boats VALUES (2)');
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  const { rows } = await pool.query('SELECT id FROM boats');
  expect([value, rows]).toEqual(['done', [{ id: 1 }]]);
});

test('a read-only transaction refuses to write', async () => {
  const writing = withTransaction(pool, (client) => client.query('INSERT INTO boats VALUES (3)'), {
    readOnly: true,
  });
  await expect(writing).rejects.toMatchObject({ code: '25006' });
});

test('P-14 a backend ended while idle is replaced unseen', async () => {
  const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
  await endBackend(rows[0].pid);
  await sleep(50);
  await expect(pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
});

test('P-15 a backend ended inside a transaction fails that transaction and no more', async () => {
  const failing = withTransaction(pool, async (client) => {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    await endBackend(rows[0].pid);
    await sleep(50);
    await client.query('SELECT 1');
  });
  await expect(failing).rejects.toThrow();
  await expect(pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
});

test('P-19 a statement over its time is ended by the server, and the next has the default again', async () => {
  const bounded = buildPool({
    url: database.url,
    max: 1,
    applicationName: 'bounded',
    statementTimeoutMs: 50,
    log: silentLog,
  });
  const slow = withTransaction(bounded, (client) => client.query('SELECT pg_sleep(5)'));
  await expect(slow).rejects.toMatchObject({ code: '57014' });
  await expect(bounded.query(`SELECT current_setting('statement_timeout') AS t`)).resolves.toMatchObject({
    rows: [{ t: '0' }],
  });
  await bounded.end();
});

test('P-17 a reply that never comes is given up, and its connection with it', async () => {
  const hasty = buildPool({
    url: database.url,
    max: 1,
    applicationName: 'hasty',
    queryTimeoutMs: 100,
    log: silentLog,
  });
  const startedMs = performance.now();
  await expect(withTransaction(hasty, (client) => client.query('SELECT pg_sleep(3)'))).rejects.toThrow(
    'timeout',
  );
  expect(performance.now() - startedMs).toBeLessThan(1_500);
  await expect(hasty.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
  await hasty.end();
});

test('K-15 a transaction in which nothing is said is ended by the server, and keeps its rows no longer', async () => {
  const quiet = buildPool({
    url: database.url,
    max: 1,
    applicationName: 'quiet',
    log: silentLog,
    idleLimitMs: 100,
  });
  await expect(
    withTransaction(quiet, async (client) => {
      await client.query('SELECT 1');
      await sleep(400);
      await client.query('SELECT 2');
    }),
  ).rejects.toThrow();
  await quiet.end();
});
