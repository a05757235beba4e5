import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_HOST,
  SERIES_PATH,
  SERIES_RELEASE,
  SERIES_STATUS,
} from '../model/series.ts';
import { createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { type CountSeed, insertCounts, makePartitions } from '../test/seed-buckets.ts';
import type { ExplainAnswer, ExplainRow } from './contract/explain.ts';
import type { LatencyAnswer } from './contract/latency.ts';
import type { ReleaseAnswer } from './contract/releases.ts';

let database: TestDatabase;
let api: TestApi;
let browser: TestBrowser;
let appId = 0;

/** The incident lasts from 10:20 to 10:40; the API's clock stands at 10:42:17. */
const START_S = Date.UTC(2026, 10, 20, 10, 20) / 1000;
const END_S = START_S + 1200;

interface Batch {
  count: number;
  dyno: string;
  path: string;
  release: string;
  /** Of the count. */
  timeouts: number;
  serviceMs: number;
}

/** A minute's requests of one kind in every cut. */
function seedsOf(bucketS: number, batch: Batch): CountSeed[] {
  const { count, timeouts } = batch;
  const slow = new Array<number>(timeouts).fill(30_000);
  const usual = new Array<number>(count - timeouts).fill(batch.serviceMs);
  const cell = {
    appId,
    bucketS,
    count,
    bad: timeouts,
    excluded: 0,
    platform: timeouts,
    status2xx: count - timeouts,
    serviceMs: [...usual, ...slow],
  };
  const bare = { appId, bucketS };
  return [
    { ...cell, kind: SERIES_DYNO, key: batch.dyno },
    { ...cell, kind: SERIES_PATH, key: batch.path },
    { ...cell, kind: SERIES_HOST, key: 'shop.example.com' },
    { ...cell, kind: SERIES_RELEASE, key: batch.release },
    { ...bare, kind: SERIES_STATUS, key: '200', count: count - timeouts },
    ...(timeouts === 0
      ? []
      : [
          { ...bare, kind: SERIES_STATUS, key: '503', count: timeouts },
          { ...bare, kind: SERIES_CODE, key: 'H12', count: timeouts },
        ]),
  ];
}

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  const { pool } = database;
  await makePartitions(pool, START_S - 6000, START_S + 3600);
  appId = (await createApp(pool, { name: 'shop', key: TEST_KEY, nowMs: START_S * 1000 })).app.id;
  await createApp(pool, { name: 'quiet', key: TEST_KEY, nowMs: START_S * 1000 });
  const seeds: CountSeed[] = [];
  for (let atS = START_S - 4 * 1200; atS < END_S; atS += 60) {
    const isBad = atS >= START_S;
    const release = isBad ? '214' : '213';
    for (const dyno of ['web.1', 'web.2', 'web.3']) {
      const fails = isBad && dyno === 'web.3';
      seeds.push(
        ...seedsOf(atS, { count: 20, dyno, path: 'GET /', release, timeouts: 0, serviceMs: 20 }),
        ...seedsOf(atS, {
          count: 10,
          dyno,
          path: 'POST /cart/{id}',
          release,
          timeouts: fails ? 8 : !isBad && atS % 1200 === 0 && dyno === 'web.1' ? 1 : 0,
          serviceMs: 40,
        }),
      );
    }
  }
  await insertCounts(pool, seeds);
  await pool.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, version, count, detail, dedupe_key)
     VALUES ($2, $2, $1, 'release', 214, 1, '{}', 'a')`,
    [appId, START_S * 1000 - 60_000],
  );
  await pool.query(
    `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, method, path, path_shape, host, dyno, connect_ms,
       service_ms, status, code)
     SELECT $1::bigint + n * 1000, $2, 'bad', 0.5, 'POST', '/cart/1', '/cart/{id}', 'h', 'web.3', 1, 30000, 503, 'H12'
     FROM generate_series(1, 80) n`,
    [START_S * 1000, appId],
  );
  browser = (await api.signedIn('viewer')).browser;
});
afterAll(() => database.close());

async function explain(query: string, app = 'shop'): Promise<ExplainAnswer> {
  const answer = await browser.get(`/apps/${app}/explain?${query}`);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  return answer.body as ExplainAnswer;
}

const incident = `from=${START_S}&to=${END_S}`;
const sentenceOf = (rows: ExplainRow[], value: string) => rows.find((row) => row.value === value)?.sentence;

test('an incident is explained by code, release, dyno, path and method, with the numbers of both sides', async () => {
  const answer = await explain(incident);
  expect([answer.range.requests, answer.range.bad]).toEqual([1800, 160]);
  expect([answer.baseline.from, answer.baseline.to]).toEqual([START_S - 4800, START_S]);
  expect([answer.baseline.requests, answer.baseline.bad]).toEqual([7200, 4]);
  expect(answer.bad.map((row) => row.value)).toEqual(
    expect.arrayContaining(['H12', '503', '214', 'web.3', 'POST /cart/{id}', 'POST']),
  );
  // The only host and the dynos that were well explain nothing.
  expect(answer.bad.map((row) => row.value)).not.toContain('shop.example.com');
  expect(answer.bad.map((row) => row.value)).not.toContain('web.1');
  expect(sentenceOf(answer.bad, 'web.3')).toBe(
    'web.3: none → 100 % of the bad requests; 27 % of its requests fail, others 0 %.',
  );
  expect(sentenceOf(answer.bad, '214')).toBe(
    'v214: none → 100 % of the bad requests; 8.9 % of its requests fail.',
  );
  expect(answer.releases).toEqual([{ version: 214, atMs: START_S * 1000 - 60_000 }]);
});

test('slow requests are those above the p95 of the baseline, exact by cut and estimated by code', async () => {
  const answer = await explain(incident);
  expect(answer.slowFromMs).toBeGreaterThan(40);
  expect(answer.range.slow).toBe(160);
  const dyno = answer.slow.find((row) => row.value === 'web.3');
  expect([dyno?.range.hits, dyno?.isEstimate]).toEqual([160, false]);
  const code = answer.slow.find((row) => row.value === 'H12');
  expect([Math.round(code?.range.hits ?? 0), code?.isEstimate]).toEqual([160, true]);
  const asked = await explain(`${incident}&slowMs=1000`);
  expect(asked.slowFromMs).toBeGreaterThanOrEqual(1000);
  expect(asked.range.slow).toBe(160);
});

test('a week ago is the same time a week before; without requests there shares are held against traffic', async () => {
  const answer = await explain(`${incident}&base=week`);
  expect(answer.baseline.to).toBe(END_S - 7 * 86_400);
  expect(answer.baseline.requests).toBe(0);
  expect(sentenceOf(answer.bad, 'web.3')).toContain('none → 100 % of the bad requests');
  expect(answer.bad.map((row) => row.value)).not.toContain('shop.example.com');
});

test('a calm range, and an app without requests, have nothing to explain', async () => {
  const calm = await explain(`from=${START_S - 1200}&to=${START_S}`);
  expect([calm.bad, calm.slow]).toEqual([[], []]);
  const quiet = await explain(incident, 'quiet');
  expect([quiet.range.requests, quiet.slowFromMs, quiet.bad, quiet.slow]).toEqual([0, null, [], []]);
});

test('the bucket that still fills is left out, and months are refused', async () => {
  const live = await explain('from=now-10m&to=now');
  expect(live.range.to).toBeLessThanOrEqual(Math.ceil(api.clock.nowMs / 10_000) * 10);
  expect((await browser.get('/apps/shop/explain?from=now-40d')).body.code).toBe('badRange');
  expect((await browser.get('/apps/shop/explain?slowMs=0')).status).toBe(400);
  expect((await api.browser().get('/apps/shop/explain')).status).toBe(401);
});

test('durations over time are counted by point and row, with the rows that have any', async () => {
  const { status, body } = await browser.get(`/apps/shop/latency?${incident}&step=60`);
  expect(status).toBe(200);
  const { t, lowMs, highMs, counts } = body as LatencyAnswer;
  expect([t.length, counts.length]).toEqual([20, 20]);
  // A minute holds 60 requests of 20 ms, 22 of 40 ms and 8 of 30 s.
  expect(counts[5]?.filter((count) => count > 0)).toEqual([60, 22, 8]);
  expect(lowMs[0]).toBeLessThanOrEqual(20);
  expect(highMs).toBeGreaterThan(30_000);
});

test('a release is held against the same length of time before it, up to the next one', async () => {
  const { status, body } = await browser.get('/apps/shop/releases/v214?spanMs=1200000');
  expect(status).toBe(200);
  const answer = body as ReleaseAnswer;
  expect(answer.after.to - answer.after.from).toBe(answer.before.to - answer.before.from);
  expect(answer.before.to).toBe(answer.after.from);
  expect([answer.before.bad, answer.after.bad > 100]).toEqual([1, true]);
  expect(answer.after.codes[0]?.code).toBe('H12');
  expect(answer.bad.map((row) => row.value)).toContain('web.3');
  expect(answer.bad.map((row) => row.attribute)).not.toContain('release');
  expect([answer.previous, answer.next]).toEqual([null, null]);
  expect((await browser.get('/apps/shop/releases/7')).status).toBe(404);
  expect((await browser.get('/apps/shop/releases/latest')).status).toBe(404);
});
