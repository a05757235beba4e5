/** What people choose is what rounds of retention do: over the API, on real tables. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DAY, HOUR } from '../../model/time.ts';
import {
  ensurePartitionsFor,
  forgetPartitions,
  listPartitions,
  PARTITIONED,
  type PartitionedTable,
} from '../../store/partitions.ts';
import type { Pool } from '../../store/pool.ts';
import { applyRetention } from '../../store/retention.ts';
import { readOldestChunkMs } from '../../store/slo-backfills.ts';
import { buildTestApi, type TestApi, type TestBrowser } from '../../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';

let database: TestDatabase;
let pool: Pool;
let api: TestApi;
let admin: TestBrowser;
let now: number;
const CONFIG = {
  keep10sMs: 48 * HOUR,
  keep1minMs: 30 * DAY,
  keep1hMs: 396 * DAY,
  keepChunksMs: 24 * HOUR,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
  frameMemoryMs: 6 * HOUR,
};

beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  api = buildTestApi(pool);
  now = api.clock.nowMs;
  admin = (await api.signedIn('admin')).browser;
  for (const name of ['shop', 'blog']) expect((await admin.send('POST', '/apps', { name })).status).toBe(201);
});
afterAll(() => database.close());
beforeEach(() =>
  pool.query('TRUNCATE retention_settings, app_cuts, chunks, request_details, quarantine, writers CASCADE'),
);

const round = () => applyRetention(pool, { nowMs: now, config: CONFIG });
const appId = async (name: string) =>
  (await pool.query<{ id: number }>('SELECT id FROM apps WHERE name = $1', [name])).rows[0]?.id ?? 0;
const put = (body: object) => admin.send('PUT', '/retention', body);

async function makePartition(table: PartitionedTable, atMs: number): Promise<void> {
  await ensurePartitionsFor(pool, table, [Math.floor(atMs / PARTITIONED[table].unitMs)]);
}

async function addDetail(app: number, atMs: number): Promise<void> {
  await makePartition('request_details', atMs);
  await pool.query(
    `INSERT INTO request_details (at_ms, app_id, reason, sample_rate) VALUES ($1, $2, 'bad', 1)`,
    [atMs, app],
  );
}

async function addChunk(seq: number, atMs: number, sections: [app: number, body: string][]): Promise<void> {
  await makePartition('chunks', atMs);
  let end = 0;
  const ends = sections.map(([, body]) => (end += body.length));
  await pool.query(
    `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
     VALUES ($1, 1, $2, $3, $4, '{}', 1, $5)`,
    [atMs, seq, sections.map(([app]) => app), ends, Buffer.from(sections.map(([, body]) => body).join(''))],
  );
}

test('R-18 a tier chosen shorter for the instance is what the next round deletes by, and taking it back brings the limit back', async () => {
  await makePartition('count_buckets_10s', now - 30 * HOUR);
  await makePartition('count_buckets_10s', now - 2 * HOUR);
  const fine = async () =>
    (await listPartitions(pool)).filter(
      ({ table, to }) => table === 'count_buckets_10s' && to * 1000 < now - 12 * HOUR,
    ).length;
  await round();
  forgetPartitions(pool);
  expect(await fine()).toBe(1);
  const dry = await put({ tier: 'seconds', keepMs: 12 * HOUR, dryRun: true });
  expect(dry.body).toMatchObject({ dryRun: true, beforeMs: 48 * HOUR, afterMs: 12 * HOUR });
  expect(dry.body.says).toContain('cannot be undone');
  await round();
  forgetPartitions(pool);
  expect(await fine()).toBe(1);
  expect((await put({ tier: 'seconds', keepMs: 12 * HOUR })).status).toBe(200);
  await round();
  forgetPartitions(pool);
  expect(await fine()).toBe(0);
  const { body } = await admin.get('/retention');
  const seconds = body.tiers.find((one: { tier: string }) => one.tier === 'seconds');
  expect(seconds).toMatchObject({ keepMs: 12 * HOUR, mostMs: 48 * HOUR, chosen: { keepMs: 12 * HOUR } });
  expect((await put({ tier: 'seconds', keepMs: null })).body).toMatchObject({ afterMs: 48 * HOUR });
});

test('SEC-49 an app keeps its own requests and samples for less; another app, what is younger and the instance stay', async () => {
  const [shop, blog] = [await appId('shop'), await appId('blog')];
  for (const app of [shop, blog]) {
    await addDetail(app, now - 3 * DAY);
    await addDetail(app, now - HOUR);
    await pool.query(
      `INSERT INTO quarantine (app_id, drain_id, received_at_ms, reason, bytes, size_bytes) VALUES ($1, 1, $2, 'x', 'y', 1)`,
      [app, now - 3 * DAY],
    );
  }
  await addChunk(1, now - 20 * HOUR, [
    [shop, 'secret'],
    [blog, 'plain'],
  ]);
  await addChunk(2, now - HOUR, [[shop, 'young']]);
  for (const [tier, keepMs] of [
    ['details', DAY],
    ['quarantine', DAY],
    ['requests', 6 * HOUR],
  ]) {
    expect((await put({ tier, app: 'shop', keepMs })).status).toBe(200);
  }
  const { deleted } = await round();
  expect(deleted).toMatchObject({ request_details: 1, quarantine: 1, chunks: 1 });
  const { rows: details } = await pool.query(
    'SELECT app_id, count(*)::int AS n FROM request_details GROUP BY 1',
  );
  expect(new Map(details.map(({ app_id, n }) => [app_id, n]))).toEqual(
    new Map([
      [shop, 1],
      [blog, 2],
    ]),
  );
  const { rows: chunks } = await pool.query(
    `SELECT app_ids, convert_from(body, 'UTF8') AS body FROM chunks ORDER BY seq`,
  );
  expect(chunks).toEqual([
    { app_ids: [blog], body: 'plain' },
    { app_ids: [shop], body: 'young' },
  ]);
  // Whoever counts in the log begins where the app's own part of it begins: nothing is taken for zero requests.
  expect(await readOldestChunkMs(pool, shop)).toBe(now - 6 * HOUR);
  expect(await readOldestChunkMs(pool, blog)).toBe(now - 20 * HOUR);
  expect((await round()).deleted).toMatchObject({ request_details: 0, quarantine: 0, chunks: 0 });
  const { rows: log } = await pool.query(
    `SELECT subject FROM audit_log WHERE action = 'retention.change' AND subject LIKE 'shop%'`,
  );
  expect(log.map(({ subject }) => subject)).toEqual(['shop/details', 'shop/quarantine', 'shop/requests']);
});

test('R-03 what is not rolled up yet is not cut out, however short the app keeps it', async () => {
  const shop = await appId('shop');
  await pool.query(
    `INSERT INTO writers (seq, checkpoint_seq, checkpoint_at_ms, holder) VALUES (2, 1, $1, 'dead')`,
    [now - 15 * HOUR],
  );
  await addChunk(1, now - 20 * HOUR, [[shop, 'old']]);
  await addChunk(2, now - 10 * HOUR, [[shop, 'unrolled']]);
  await put({ tier: 'requests', app: 'shop', keepMs: 2 * HOUR });
  await round();
  const { rows } = await pool.query(`SELECT convert_from(body, 'UTF8') AS body FROM chunks ORDER BY seq`);
  expect(rows.map(({ body }) => body)).toEqual(['', 'unrolled']);
});

test('SEC-09 only admins choose; nonsense is refused at its field, in words; lines of the log are hours of the app', async () => {
  const editor = (await api.signedIn('editor')).browser;
  expect((await editor.send('PUT', '/retention', { tier: 'details', keepMs: DAY })).status).toBe(403);
  expect((await editor.get('/retention')).status).toBe(200);
  const refused = await put({ tier: 'hours', keepMs: DAY });
  expect([refused.status, refused.body.faults]).toEqual([
    422,
    [{ field: 'keepMs', message: expect.stringMatching(/^At least 93 d/) }],
  ]);
  expect((await put({ tier: 'details', app: 'nobody', keepMs: DAY })).status).toBe(404);
  expect((await admin.send('PUT', '/apps/shop/keep-logs', { hours: 0 })).status).toBe(204);
  const { body } = await editor.get('/retention');
  expect(
    body.apps.map((one: { app: string; keepLogsHours: number | null }) => [one.app, one.keepLogsHours]),
  ).toEqual([
    ['blog', null],
    ['shop', 0],
  ]);
  expect((await admin.send('PUT', '/apps/shop/keep-logs', { hours: null })).status).toBe(204);
});
