import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BINS, binOf, quantileMs } from '../model/histogram.ts';
import {
  SERIES_ADDON_METRIC,
  SERIES_CODE,
  SERIES_CUSTOM,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_FRAME,
  SERIES_HOST,
  SERIES_MESSAGE,
  SERIES_PATH,
  SERIES_RELEASE,
  SERIES_SKIPPED,
  SERIES_STATUS,
} from '../model/series.ts';
import { createApp } from '../store/apps.ts';
import { KEPT_DEFAULT } from '../store/reads/plan.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  type CountSeed,
  compactUnit,
  insertCounts,
  insertSamples,
  makePartitions,
  markDue,
} from '../test/seed-buckets.ts';

let database: TestDatabase;
let api: TestApi;
let browser: TestBrowser;
let appId = 0;
let neighbourId = 0;

/** 10:42:17 on the API's clock; data begins at 10:00. */
const NOON_S = Date.UTC(2026, 10, 20, 10) / 1000;
const MB = 2 ** 20;

/** One request counted as the write side counts it: in each cut by itself. */
function requestSeeds(bucketS: number, request: RequestSeed): CountSeed[] {
  const {
    dyno,
    status,
    code,
    path,
    host = 'shop.example.com',
    release = '42',
    serviceMs,
    connectMs = 1,
  } = request;
  const bad = code === undefined ? status >= 500 : true;
  const statusClass =
    bad && code !== undefined ? 'platform' : (`status${Math.floor(status / 100)}xx` as const);
  const counted = {
    appId: request.appId ?? appId,
    bucketS,
    count: 1,
    bad: bad ? 1 : 0,
    excluded: 0,
    bytes: 100,
    [statusClass]: 1,
    ...(serviceMs !== undefined && { serviceMs: [serviceMs] }),
  };
  const bare = { appId: request.appId ?? appId, bucketS, count: 1 };
  return [
    { ...counted, kind: SERIES_DYNO, key: dyno, connectMs: [connectMs] },
    { ...counted, kind: SERIES_PATH, key: path },
    { ...counted, kind: SERIES_HOST, key: host },
    { ...counted, kind: SERIES_RELEASE, key: release },
    { ...bare, kind: SERIES_STATUS, key: String(status) },
    { ...bare, kind: SERIES_MESSAGE, key: 'request' },
    ...(code === undefined ? [] : [{ ...bare, kind: SERIES_CODE, key: code }]),
  ];
}

interface RequestSeed {
  appId?: number;
  dyno: string;
  status: number;
  code?: string;
  path: string;
  host?: string;
  release?: string;
  serviceMs?: number;
  connectMs?: number;
}

/** 40 minutes of 6 requests a minute; every tenth minute two H12, every fifth a 500. */
function history(): { bucketS: number; request: RequestSeed }[] {
  const all: { bucketS: number; request: RequestSeed }[] = [];
  for (let minute = 0; minute < 40; minute++) {
    for (let n = 0; n < 6; n++) {
      const isTimeout = minute % 10 === 0 && n < 2;
      const isBroken = minute % 5 === 0 && n === 5;
      const request: RequestSeed = {
        dyno: n % 2 === 0 ? 'web.1' : 'web.2',
        status: isTimeout ? 503 : isBroken ? 500 : n === 4 ? 404 : 200,
        path: n < 3 ? 'GET /cart/{id}' : 'POST /orders',
        release: minute < 20 ? '41' : '42',
        serviceMs: isTimeout ? 30_000 : 20 + n,
        ...(isTimeout && { code: 'H12' }),
      };
      all.push({ bucketS: NOON_S + minute * 60 + n * 10, request });
    }
  }
  return all;
}

const HISTORY = history();

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  const { pool } = database;
  await makePartitions(pool, NOON_S - 9 * 86_400, NOON_S + 7200);
  const nowMs = NOON_S * 1000;
  appId = (await createApp(pool, { name: 'shop', key: TEST_KEY, nowMs })).app.id;
  neighbourId = (await createApp(pool, { name: 'neighbour', key: TEST_KEY, nowMs })).app.id;
  await createApp(pool, { name: 'new-one', key: TEST_KEY, nowMs: api.clock.nowMs - 30_000 });
  await insertCounts(
    pool,
    HISTORY.flatMap(({ bucketS, request }) => requestSeeds(bucketS, request)),
  );
  // A second writer's row in the same buckets: readers add them up.
  await insertCounts(
    pool,
    requestSeeds(NOON_S, { dyno: 'web.1', status: 200, path: 'GET /', release: '41', serviceMs: 25 }),
    'count_buckets_10s',
    2,
  );
  await insertCounts(
    pool,
    requestSeeds(NOON_S + 60, {
      appId: neighbourId,
      dyno: 'web.1',
      status: 200,
      path: 'GET /',
      serviceMs: 5,
    }),
  );
  const bare = (kind: number, key: string, bucketS: number, count: number) => ({
    appId,
    kind,
    key,
    bucketS,
    count,
  });
  await insertCounts(pool, [
    bare(SERIES_MESSAGE, 'app', NOON_S, 7),
    bare(SERIES_MESSAGE, 'app', NOON_S + 41 * 60, 3),
    bare(SERIES_FRAME, 'accepted', NOON_S, 4),
    bare(SERIES_FRAME, 'accepted', NOON_S + 41 * 60, 1),
    bare(SERIES_FRAME, 'duplicate', NOON_S, 1),
    bare(SERIES_SKIPPED, 'badHeader', NOON_S, 2),
    bare(SERIES_SKIPPED, 'redacted', NOON_S, 5),
    bare(SERIES_CODE, 'R14', NOON_S + 600, 3),
    ...[...Array(40).keys()]
      .slice(1)
      .map((minute) => bare(SERIES_FRAME, 'accepted', NOON_S + minute * 60, 1)),
  ]);
  const dyno = (key: string, bucketS: number, values: number[]) => ({
    appId,
    kind: SERIES_DYNO_METRIC,
    key,
    bucketS,
    values,
  });
  await insertSamples(pool, [
    dyno('web.1\tmemory_total', NOON_S, [100 * MB, 300 * MB]),
    dyno('web.1\tmemory_total', NOON_S + 2400, [400 * MB]),
    dyno('web.1\tmemory_quota', NOON_S + 2400, [512 * MB]),
    dyno('web.2\tmemory_total', NOON_S + 2400, [600 * MB]),
    dyno('web.2\tmemory_quota', NOON_S + 2400, [512 * MB]),
    dyno('web.2\tmemory_swap', NOON_S + 2400, [88 * MB]),
    dyno('web.10\tload_avg_1m', NOON_S + 2400, [0.25, 0.75]),
    {
      appId,
      kind: SERIES_ADDON_METRIC,
      key: 'heroku-postgresql\tpostgresql-flat-1\tdb_size',
      label: 'DATABASE',
      bucketS: NOON_S + 60,
      values: [734003200],
    },
    {
      appId,
      kind: SERIES_CUSTOM,
      key: 'count\torders.created',
      label: 'orders',
      bucketS: NOON_S + 60,
      values: [2, 3],
    },
  ]);
  await pool.query(
    `INSERT INTO drains (app_id, token, state, sender, first_received_at_ms, last_received_at_ms, last_line_at_ms)
     VALUES ($1, 'd.1', 'adopted', 'logplex', $2, $3, $4), ($1, 'd.2', 'new', 'logplex', $2, $2, $2)`,
    [appId, nowMs, api.clock.nowMs - 6000, api.clock.nowMs - 8500],
  );
  await pool.query(
    `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
     VALUES ($1, 1, 'L10', $2, $3, 42, 'a'), ($1, 1, 'lostCount', $2, $3, NULL, 'b')`,
    [appId, nowMs + 60_000, nowMs + 120_000],
  );
  await pool.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, code, version, count, detail, dedupe_key) VALUES
     ($2, $2, $1, 'release', NULL, NULL, 41, 1, '{}', 'a'),
     ($3, $3, $1, 'release', NULL, NULL, 42, 1, '{}', 'b'),
     ($3, $3, $1, 'deploy', NULL, NULL, NULL, 1, '{"commit":"1a2b3c4d5e6f"}', 'c'),
     ($4, $5, $1, 'code', 'web.1', 'R14', NULL, 3, '{}', 'd'),
     ($4, $4, $1, 'state', 'web.2', NULL, NULL, 1, '{"from":"up","to":"crashed"}', 'e')`,
    [appId, nowMs, nowMs + 1_200_000, nowMs + 600_000, nowMs + 640_000],
  );
  await pool.query(
    `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, request_id, method, path, path_shape, host,
       dyno, connect_ms, service_ms, status, bytes, code)
     VALUES ($1, $2, 'bad', 1, 'req-1', 'GET', '/cart/7', 'GET /cart/{id}', 'h', 'web.1', 1, 30000, 503, 0, 'H12'),
            ($3, $2, 'sample', 0.1, 'req-2', 'GET', '/', 'GET /', 'h', 'web.2', 1, 20, 200, 100, NULL)`,
    [nowMs, appId, nowMs + 5000],
  );
  browser = (await api.signedIn('viewer')).browser;
});
afterAll(() => database.close());

const hour = `from=${NOON_S}&to=${NOON_S + 2520}`;

async function overview(query: string) {
  const answer = await browser.get(`/apps/shop/overview?${query}`);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
  return answer.body;
}

function column(
  columns: { series: { id: string; values: (number | null)[] }[] },
  id: string,
): (number | null)[] {
  return columns.series.find((series) => series.id === id)?.values ?? [];
}

const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

describe('overview', () => {
  test('adds up every request once, by class, whatever is compacted and whatever is due', async () => {
    const expected = {
      requests: 241,
      bad: 8 + 8,
      excluded: 0,
      status1xx: 0,
      status2xx: 241 - 8 - 8 - 40,
      status3xx: 0,
      status4xx: 40,
      status5xx: 8,
      platform: 8,
      bytes: 24_100,
    };
    const before = await overview(`${hour}&step=60`);
    expect(before.totals).toMatchObject(expected);
    await markDue(database.pool, appId, NOON_S);
    await compactUnit(database.pool, appId, 60, NOON_S);
    await compactUnit(database.pool, appId, 60, NOON_S + 600);
    const after = await overview(`${hour}&step=60`);
    expect({ ...after, nowMs: 0 }).toEqual({ ...before, nowMs: 0 });
    // Late data makes a unit due again: its stale minutes must not be read.
    await insertCounts(
      database.pool,
      requestSeeds(NOON_S + 610, { dyno: 'web.1', status: 200, path: 'GET /', release: '41', serviceMs: 25 }),
      'count_buckets_10s',
      3,
    );
    await markDue(database.pool, appId, NOON_S + 610);
    const late = await overview(`${hour}&step=60`);
    expect(late.totals.requests).toBe(242);
    await compactUnit(database.pool, appId, 60, NOON_S + 600);
    expect((await overview(`${hour}&step=60`)).totals).toEqual(late.totals);
    await database.pool.query('DELETE FROM count_buckets_10s WHERE writer_id = 3');
    await compactUnit(database.pool, appId, 60, NOON_S + 600);
    expect((await overview(`${hour}&step=60`)).totals).toMatchObject(expected);
  });

  test('draws points: counts by class, null where the stream was silent, zero where nobody came', async () => {
    const { throughput, range } = await overview(`${hour}&step=60`);
    expect(range).toEqual({ from: NOON_S, to: NOON_S + 2520, step: 60, resolution: 60, openFrom: null });
    expect(throughput.t).toHaveLength(42);
    expect(throughput.series.map((series: { id: string }) => series.id)).toEqual([
      'platform',
      'status_5xx',
      'status_4xx',
      'status_3xx',
      'status_2xx',
      'status_1xx',
      'none',
    ]);
    expect(column(throughput, 'platform').slice(0, 3)).toEqual([2, 0, 0]);
    expect(column(throughput, 'status_2xx').slice(0, 2)).toEqual([3, 5]);
    expect(column(throughput, 'status_2xx')[40], 'no frame came').toBeNull();
    expect(column(throughput, 'status_2xx')[41], 'a frame without requests').toBe(0);
    expect(sum(column(throughput, 'none'))).toBe(0);
  });

  test('says since when the range is kept at its width: by what was retired, of hours by how long they are kept', async () => {
    expect((await overview(`${hour}&step=60`)).retainedFrom).toBeNull();
    const retire = (beforeS: number) =>
      database.pool.query(`UPDATE retired SET before_s = $1 WHERE table_name = 'count_buckets_1m'`, [
        beforeS,
      ]);
    await retire(NOON_S + 600);
    expect((await overview(`${hour}&step=60`)).retainedFrom).toBe(NOON_S + 600);
    await retire(NOON_S + 7200);
    expect((await overview(`${hour}&step=60`)).retainedFrom).toBe(NOON_S + 7200);
    await retire(0);
    const year = await overview('from=now-400d&to=now');
    expect(year.range.resolution).toBe(3600);
    expect(year.retainedFrom).toBe(Math.floor((year.nowMs - KEPT_DEFAULT.keep1hMs) / 3_600_000) * 3600);
    expect((await overview('from=now-90d&to=now')).retainedFrom).toBeNull();
  });

  test('gives quantiles of the merged histograms, never of averages', async () => {
    const { totals, responseTime } = await overview(`${hour}&step=60`);
    const bins = new Float64Array(BINS);
    const all = [...HISTORY.map(({ request }) => request.serviceMs ?? 0), 25];
    for (const ms of all) bins[binOf(ms)] = (bins[binOf(ms)] ?? 0) + 1;
    const exact = [...all].sort((a, b) => a - b);
    for (const [name, q] of [
      ['p50Ms', 0.5],
      ['p95Ms', 0.95],
      ['p99Ms', 0.99],
    ] as const) {
      expect(totals[name]).toBe(Math.round(quantileMs(bins, q, 30_000) ?? -1));
      const truth = exact[Math.ceil(q * exact.length) - 1] ?? 0;
      expect(Math.abs(totals[name] - truth)).toBeLessThanOrEqual(truth * 0.025 + 0.5);
    }
    expect(column(responseTime, 'p50')[1]).toBe(22);
    expect(column(responseTime, 'p99')[1]).toBe(25);
    expect(column(responseTime, 'connect_p95')[1]).toBe(1);
    expect(column(responseTime, 'p50')[40]).toBeNull();
  });

  test('shows codes, memory, load, add-ons and custom metrics each as they were measured', async () => {
    const body = await overview(`${hour}&step=60`);
    expect(body.codes.series.map((series: { id: string }) => series.id)).toEqual(['H12', 'R14']);
    expect(column(body.codes, 'H12').slice(0, 12)).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
    expect(column(body.memory, 'web.1')[0]).toBe(200 * MB);
    expect(column(body.memory, 'web.1')[1]).toBeNull();
    expect(column(body.memory, 'web.2')[40]).toBe(600 * MB);
    expect(column(body.swap, 'web.2')[40]).toBe(88 * MB);
    expect(column(body.load, 'web.10')[40]).toBe(0.5);
    expect(body.quotas).toEqual({ 'web.1': 512 * MB, 'web.2': 512 * MB });
    expect(body.addons).toHaveLength(1);
    expect(body.addons[0]).toMatchObject({
      addon: 'postgresql-flat-1',
      source: 'DATABASE',
      service: 'heroku-postgresql',
    });
    expect(body.addons[0].metrics.series[0]).toMatchObject({ id: 'db_size', unit: 'bytes' });
    expect(body.addons[0].metrics.series[0].values[1]).toBe(734003200);
    expect(body.custom.series[0]).toMatchObject({
      id: 'count:orders.created',
      label: 'orders.created',
      unit: 'orders',
    });
    expect(body.custom.series[0].values[1], 'a count is a sum').toBe(5);
    expect(body.dynos).toEqual(['web.1', 'web.2', 'web.10']);
    expect(body.processTypes).toEqual(['web']);
    expect(body.hasRuntimeMetrics).toBe(true);
  });

  test('carries health, gaps and events of the range', async () => {
    const body = await overview(`${hour}&step=60`);
    expect(body.health).toEqual({
      state: 'receiving',
      dataThroughMs: api.clock.nowMs - 8500,
      lagMs: 2500,
      lostMessages: 42,
      messages: 241 + 7 + 3,
    });
    expect(body.gaps).toEqual([
      { from: NOON_S + 60, to: NOON_S + 120, messages: 42, cause: 'L10' },
      { from: NOON_S + 60, to: NOON_S + 120, messages: null, cause: 'lostCount' },
    ]);
    expect(body.events.map((event: { title: string }) => event.title)).toEqual([
      'Release v41',
      'web.1: R14 ×3',
      'web.2 crashed',
      'Release v42',
      'Deploy 1a2b3c4d',
    ]);
    expect(body.events.map((event: { lane: string }) => event.lane)).toEqual([
      'release',
      'dyno',
      'dyno',
      'release',
      'release',
    ]);
  });

  test('keeps to a dyno or a process type when asked to', async () => {
    const one = await overview(`${hour}&step=60&dyno=web.1`);
    expect(one.totals).toMatchObject({ requests: 121, platform: 4 });
    expect(one.memory.series.map((series: { id: string }) => series.id)).toEqual(['web.1']);
    expect((await overview(`${hour}&step=60&proc=web`)).totals.requests).toBe(241);
    expect((await overview(`${hour}&step=60&proc=worker`)).totals).toMatchObject({
      requests: 0,
      p95Ms: null,
    });
  });

  test('of an app that never sent anything is empty, not broken', async () => {
    const { status, body } = await browser.get('/apps/new-one/overview');
    expect(status).toBe(200);
    expect(body.health).toMatchObject({ state: 'waiting', dataThroughMs: null, lagMs: null });
    expect(body.totals).toMatchObject({ requests: 0, p50Ms: null });
    expect(body.hasRuntimeMetrics).toBe(false);
    expect(body.throughput.series[0].values.every((value: unknown) => value === null)).toBe(true);
  });
});

describe('counts', () => {
  const expected = {
    messages: 251,
    messagesByKind: { request: 241, app: 10 },
    requests: 241,
    bad: 16,
    excluded: 0,
    statuses: { 200: 185, 404: 40, 500: 8, 503: 8 },
    codes: { H12: 8, R14: 3 },
    framesAccepted: 44,
    framesDuplicate: 1,
    lossMessages: 42,
  };

  test('are exact over everything, over a range, and over ranges that make it up', async () => {
    const all = (await browser.get('/apps/shop/counts')).body;
    expect(all).toMatchObject({ app: 'shop', ...expected });
    const ranged = (await browser.get(`/apps/shop/counts?from=${NOON_S}&to=${NOON_S + 3600}`)).body;
    expect(ranged).toEqual({ ...expected, app: 'shop', from: NOON_S, to: NOON_S + 3600 });
    let requests = 0;
    const cuts = [0, 130, 600, 1270, 1800, 3600];
    for (let n = 0; n + 1 < cuts.length; n++) {
      const part = await browser.get(
        `/apps/shop/counts?from=${NOON_S + (cuts[n] ?? 0)}&to=${NOON_S + (cuts[n + 1] ?? 0)}`,
      );
      requests += part.body.requests;
    }
    expect(requests).toBe(241);
  });

  test('are the same when read from hours, and again after late data', async () => {
    for (let unitS = NOON_S; unitS < NOON_S + 3600; unitS += 600)
      await compactUnit(database.pool, appId, 60, unitS);
    await compactUnit(database.pool, appId, 3600, NOON_S);
    const query = `/apps/shop/counts?from=${NOON_S}&to=${NOON_S + 3600}`;
    expect((await browser.get(query)).body).toMatchObject(expected);
    await insertCounts(
      database.pool,
      requestSeeds(NOON_S + 3000, { dyno: 'web.1', status: 200, path: 'GET /', serviceMs: 1 }),
      'count_buckets_10s',
      4,
    );
    await markDue(database.pool, appId, NOON_S + 3000);
    expect((await browser.get(query)).body.requests).toBe(242);
    // Minutes done again, the hour not yet: the hour's row must still not be read.
    await compactUnit(database.pool, appId, 60, NOON_S + 3000);
    expect((await browser.get(query)).body.requests).toBe(242);
    await database.pool.query('DELETE FROM count_buckets_10s WHERE writer_id = 4');
    await compactUnit(database.pool, appId, 60, NOON_S + 3000);
    await compactUnit(database.pool, appId, 3600, NOON_S);
    expect((await browser.get(query)).body).toMatchObject(expected);
  });

  test('of a neighbour are its own', async () => {
    expect((await browser.get('/apps/neighbour/counts')).body).toMatchObject({
      requests: 1,
      messages: 1,
      codes: {},
    });
  });
});

describe('series', () => {
  async function series(query: string) {
    const answer = await browser.get(`/apps/shop/series?${hour}&step=60&${query}`);
    expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(200);
    return answer.body;
  }

  test.each([
    ['metric=requests', { all: 241 }],
    ['metric=bad', { all: 16 }],
    ['metric=bytes', { all: 24_100 }],
    ['metric=requests&by=dyno', { 'web.1': 121, 'web.2': 120 }],
    ['metric=requests&by=processType', { web: 241 }],
    ['metric=requests&by=status', { 200: 185, 404: 40, 500: 8, 503: 8 }],
    ['metric=requests&by=code', { H12: 8, R14: 3 }],
    ['metric=requests&by=path', { 'GET /cart/{id}': 120, 'POST /orders': 120, 'GET /': 1 }],
    ['metric=requests&by=method', { GET: 121, POST: 120 }],
    ['metric=requests&by=host', { 'shop.example.com': 241 }],
    ['metric=requests&by=release', { 41: 121, 42: 120 }],
    ['metric=requests&filter=dyno:web.2', { all: 120 }],
    ['metric=code:H12', { all: 8 }],
    ['metric=status:404', { all: 40 }],
    ['metric=messages:app', { all: 10 }],
    ['metric=custom:orders.created', { all: 5 }],
    ['metric=dyno:memory_total&by=dyno', { 'web.1': 600 * MB, 'web.2': 600 * MB }],
    ['metric=addon:postgresql-flat-1:db_size', { all: 734003200 }],
  ])('%s', async (query, expected) => {
    const body = await series(query);
    const sums = Object.fromEntries(
      body.series.map((s: { id: string; values: number[] }) => [s.id, sum(s.values)]),
    );
    expect(sums).toEqual(expected);
    expect(body.errorRatio).toBe(0);
  });

  test('of quantiles and ratios say their error, and are merged before the quantile is taken', async () => {
    const p95 = await series('metric=p95&by=method');
    expect(p95.errorRatio).toBe(0.025);
    expect(p95.series.map((s: { id: string }) => s.id)).toEqual(['GET', 'POST']);
    expect(column(p95, 'POST')[1]).toBe(25);
    const ratio = await series('metric=failed_ratio');
    expect(ratio.series[0].values.slice(0, 2)).toEqual([3 / 7, 0]);
    expect((await series('metric=connect_p95&by=dyno')).series).toHaveLength(2);
  });

  test('that are not stored are refused with what is', async () => {
    for (const query of [
      'metric=nonsense',
      'metric=__proto__',
      'metric=requests&by=dyno&filter=path:GET%20/',
      'metric=p95&by=code',
      'metric=connect_p95&by=path',
      'metric=code:',
      'metric=requests&filter=x',
    ]) {
      const answer = await browser.get(`/apps/shop/series?${hour}&${query}`);
      expect(answer.status, query).toBe(400);
    }
  });
});

test('codes tell what each means, when it was seen, and its share of requests', async () => {
  const { body } = await browser.get(`/apps/shop/codes?${hour}&step=60`);
  expect(body.codes[0]).toMatchObject({
    code: 'H12',
    title: 'Request timeout',
    count: 8,
    firstSeenMs: NOON_S * 1000,
    lastSeenMs: (NOON_S + 1860) * 1000,
    shareOfRequests: 8 / 241,
    known: true,
  });
  expect(body.codes[1]).toMatchObject({ code: 'R14', count: 3, shareOfRequests: null });
  const table = (await browser.get('/codes')).body.codes;
  expect(table.length).toBeGreaterThan(40);
});

test('dynos carry their requests, memory against quota, and crashes', async () => {
  const { body } = await browser.get(`/apps/shop/dynos?${hour}`);
  expect(body.dynos.map((dyno: { dyno: string }) => dyno.dyno)).toEqual(['web.1', 'web.2', 'web.10']);
  expect(body.dynos[1]).toMatchObject({
    processType: 'web',
    state: 'crashed',
    requests: 120,
    bad: 12,
    memoryBytes: 600 * MB,
    memoryQuotaBytes: 512 * MB,
    memoryRatio: 600 / 512,
    crashes: 1,
    restarts: 0,
    lastSeenMs: (NOON_S + 2400) * 1000 + 5000,
  });
  const addons = (await browser.get(`/apps/shop/addons?${hour}`)).body.addons;
  expect(addons[0].latest).toEqual([{ metric: 'db_size', value: 734003200, unit: 'bytes' }]);
});

test('events come newest first, page by page, by kind', async () => {
  const first = (await browser.get(`/apps/shop/events?${hour}&limit=2`)).body;
  expect(first.events).toHaveLength(2);
  const rest = (await browser.get(`/apps/shop/events?${hour}&limit=10&cursor=${first.cursor}`)).body;
  expect(rest.cursor).toBeNull();
  expect(new Set([...first.events, ...rest.events].map((event: { id: string }) => event.id)).size).toBe(5);
  const releases = (await browser.get(`/apps/shop/events?${hour}&kind=release`)).body.events;
  expect(releases.map((event: { version: number }) => event.version)).toEqual([42, 41]);
  // An episode that began before the range reaches into it.
  const late = (await browser.get(`/apps/shop/events?from=${NOON_S + 630}&to=${NOON_S + 660}`)).body.events;
  expect(late.map((event: { code: string }) => event.code)).toEqual(['R14']);
});

test('kept requests are found by code, status, dyno and request id, in the durable log too', async () => {
  const get = async (query: string) =>
    (await browser.get(`/apps/shop/requests?${hour}&${query}`)).body.requests;
  expect((await get('')).map((row: { requestId: string }) => row.requestId)).toEqual(['req-2', 'req-1']);
  expect((await get('code=H12'))[0]).toMatchObject({
    requestId: 'req-1',
    why: 'bad',
    serviceMs: 30_000,
    sampleRate: 1,
  });
  expect(await get('status=200&dyno=web.1')).toEqual([]);
  const asked: unknown[] = [];
  const own = buildTestApi(database.pool, {
    findRequestInChunks: async (query) => {
      asked.push(query);
      const row = {
        atMs: NOON_S * 1000,
        method: 'GET',
        path: '/cart/7',
        host: 'h',
        client: null,
        dyno: 'web.1',
      };
      const more = {
        connectMs: 1,
        serviceMs: 30_000,
        status: 503,
        bytes: 0,
        code: 'H12',
        release: 41,
        sampleRate: 1,
      };
      return [
        { ...row, ...more, requestId: 'req-1', why: 'log' },
        { ...row, ...more, requestId: 'req-1', why: 'log', atMs: NOON_S * 1000 + 10 },
      ];
    },
  });
  const machine = own.withToken(await own.token('viewer'));
  const found = (await machine.get('/apps/shop/requests?requestId=req-1')).body.requests;
  expect(found.map((row: { why: string }) => row.why)).toEqual(['log', 'bad']);
  expect(asked).toHaveLength(1);
});

test('health of an app tells frames, what was left out, gaps, drains and unknown tokens', async () => {
  const { body } = await browser.get(`/apps/shop/health?${hour}`);
  expect(body).toMatchObject({
    state: 'receiving',
    framesAccepted: 44,
    framesDuplicate: 1,
    messagesByKind: { request: 241, app: 10 },
    skipped: { badHeader: 2 },
    redactions: 5,
    unknownTokens: 1,
  });
  expect(body.drains.map((drain: { token: string }) => drain.token)).toEqual(['d.1', 'd.2']);
  expect(body.gaps).toHaveLength(2);
});

test('S-25 an editor accepts or bans a drain of the app, and of no other app', async () => {
  const editor = await api.signedIn('editor');
  const { drains } = (await browser.get('/apps/shop/health')).body;
  const fresh = drains.find((drain: { state: string }) => drain.state === 'new');
  expect(
    (await editor.browser.send('PATCH', `/apps/neighbour/drains/${fresh.id}`, { state: 'banned' })).status,
  ).toBe(404);
  expect(
    (await editor.browser.send('PATCH', `/apps/shop/drains/${fresh.id}`, { state: 'banned' })).status,
  ).toBe(204);
  const after = (await browser.get('/apps/shop/health')).body;
  expect(after.unknownTokens).toBe(0);
});

test('the fleet shows each app of the last 60 closed minutes', async () => {
  const { body } = await browser.get('/apps');
  expect(body.apps.map((row: { app: string }) => row.app)).toEqual(['neighbour', 'new-one', 'shop']);
  const shop = body.apps[2];
  expect(shop).toMatchObject({
    requests: 241,
    failedRatio: 16 / 241,
    failedRatioNow: null,
    failedRatioWeekAgo: null,
    lowTraffic: false,
    topCode: { code: 'H12', count: 8 },
    worstMemory: { dyno: 'web.2', ratio: 600 / 512 },
    lastRelease: { version: 42, atMs: (NOON_S + 1200) * 1000 },
  });
  expect(shop.health.messages).toBe(251);
  expect(shop.sparkline).toHaveLength(60);
  expect(shop.sparkline.slice(-3)).toEqual([6, null, 0]);
  expect(sum(shop.sparkline)).toBe(241);
  expect(shop.p95Ms).toBeGreaterThan(20);
  expect(body.apps[1]).toMatchObject({
    requests: 0,
    requestsPerMinute: null,
    failedRatio: null,
    lowTraffic: true,
  });
  expect(body.apps[1].health.state).toBe('waiting');
});

test('the checklist ticks step by step and tells a likely cause where it stalls', async () => {
  const shop = (await browser.get('/apps/shop/checklist')).body;
  expect(shop.steps.map((step: { state: string }) => step.state)).toEqual(Array(5).fill('done'));
  const young = (await browser.get('/apps/new-one/checklist')).body;
  expect(young.steps[0]).toMatchObject({ id: 'drain', state: 'waiting', doneAtMs: null });
  await database.pool.query(`INSERT INTO refused_senders VALUES ('new-one', 3, $1, $1, 'wrong secret')`, [
    api.clock.nowMs,
  ]);
  api.clock.nowMs += 60_000;
  const stalled = (await browser.get('/apps/new-one/checklist')).body;
  expect(stalled.refused).toBe(3);
  expect(stalled.steps[0].state).toBe('stalled');
  expect(stalled.steps[0].causes[0].says).toContain('3 requests were refused with 401');
  expect(stalled.steps[1].state, 'what comes after a missing step does not stall').toBe('waiting');
  api.clock.nowMs -= 60_000;
});

test('health of the instance lists writers, sizes, refused senders and what a banner should say', async () => {
  await database.pool.query(
    `INSERT INTO writers (holder, seq, checkpoint_seq, checkpoint_at_ms) VALUES ('web.1:4', 1500, 100, 0)`,
  );
  const { body } = await browser.get('/health');
  expect(body).toMatchObject({ database: 'ok', serverTimeMs: api.clock.nowMs, version: '0.0.0-test' });
  expect(body.writers[0]).toMatchObject({ holder: 'web.1:4', behindChunks: 1400 });
  expect(body.storage[0].bytes).toBeGreaterThan(0);
  expect(body.notices.some((notice: { text: string }) => notice.text.includes('1400 committed chunks'))).toBe(
    true,
  );
});

describe('hostile addresses', () => {
  test.each([
    ['from=now&to=now-1h', 'reversed'],
    [`from=${NOON_S}&to=${NOON_S}`, 'empty'],
    ['from=0&to=now', 'fifty years'],
    ['from=now-1h&to=now&step=0', 'step 0'],
    ['from=now-1h&to=now&step=-5', 'negative step'],
    ['from=now-1h&to=now&step=1e9', 'step in words'],
    ['from=yesterday', 'no instant'],
    ['from=2026-11-20T10:00:00', 'no zone'],
    ['from=2026-11-20T10:00:00+99:99', 'no such zone (I-48)'],
    ['to=4102444800', 'the year 2100'],
    ['from=NaN', 'no number'],
    ['from=999999999999999', 'far off'],
    ['tz=Europe/Nowhere', 'an unknown key'],
  ])('I-45 a range %s (%s) is refused', async (query) => {
    for (const path of ['overview', 'series', 'counts', 'codes', 'dynos', 'events', 'requests', 'health']) {
      const more = path === 'series' ? '&metric=requests' : '';
      const answer = await browser.get(`/apps/shop/${path}?${query}${more}`);
      expect([path, answer.status]).toEqual([path, 400]);
    }
  });

  test.each([
    '__proto__',
    'constructor',
    'toString',
    '..%2Fshop',
    '%00',
    '%FF',
    "';DROP",
    'a'.repeat(5000),
    '%F0%9F%98%80',
    'shop%20',
  ])('I-46 I-48 an app named %s is absent like any other', async (name) => {
    const answer = await browser.get(`/apps/${name}/overview`);
    expect(answer.status).toBe(404);
  });

  test('I-46 names that Heroku could not give are refused with the reason', async () => {
    const editor = await api.signedIn('editor');
    for (const name of [
      '',
      '<b>x</b>',
      '=cmd()',
      '\u202eshop',
      'x'.repeat(10_240),
      'Shop',
      'a_b',
      '__proto__',
    ]) {
      const answer = await editor.browser.send('POST', '/apps', { name });
      expect([name.slice(0, 20), answer.status]).toEqual([name.slice(0, 20), 422]);
      expect(answer.body.faults[0].field).toBe('name');
    }
    const own = buildTestApi(database.pool, {
      config: {
        keep10sMs: 1,
        keep1minMs: 1,
        keep1hMs: 1,
        keepDetailsMs: 1,
        secret: TEST_KEY,
        onHeroku: false,
        herokuAppName: 'us',
      },
    });
    const refused = await own.withToken(await own.token('editor')).send('POST', '/apps', { name: 'us' });
    expect([refused.status, refused.body.detail], 'S-21').toEqual([
      422,
      expect.stringContaining('the Heroku app this dashboard runs on'),
    ]);
  });
});

test('a range is understood in seconds, milliseconds, ISO 8601 and words alike', async () => {
  const ranges = [
    `from=${NOON_S}&to=${NOON_S + 600}`,
    `from=${NOON_S * 1000}&to=${(NOON_S + 600) * 1000}`,
    'from=2026-11-20T10:00:00Z&to=2026-11-20T11:10:00%2B01:00',
  ];
  for (const query of ranges) {
    expect((await browser.get(`/apps/shop/codes?${query}`)).body.range).toMatchObject({
      from: NOON_S,
      to: NOON_S + 600,
      step: 10,
    });
  }
  const live = (await browser.get('/apps/shop/codes?from=now-1h&to=now&step=60')).body.range;
  expect(live).toEqual({
    from: NOON_S - 1080,
    to: NOON_S + 2580,
    step: 60,
    resolution: 60,
    openFrom: NOON_S + 2520,
  });
  const month = (await browser.get('/apps/shop/codes?from=now-30d')).body.range;
  expect([month.step, month.resolution]).toEqual([3600, 3600]);
});

test('an answer of size is packed for who takes it, and one that was asked for with a change never is', async () => {
  const packed = await browser.raw('/api/v1/apps/shop/overview', {
    headers: { 'accept-encoding': 'gzip, br' },
  });
  expect([packed.status, packed.headers.get('content-encoding')]).toEqual([200, 'gzip']);
  const body = JSON.parse(gunzipSync(Buffer.from(await packed.arrayBuffer())).toString());
  expect(body.app).toBe('shop');
  const plain = await browser.raw('/api/v1/apps/shop/overview');
  expect(plain.headers.get('content-encoding')).toBeNull();
});

test('the description is OpenAPI 3.1 and names every route, its schema and who may use it', async () => {
  const { body } = await browser.get('/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths).length).toBeGreaterThan(25);
  const create = body.paths['/api/v1/apps'].post;
  expect(create.requestBody.content['application/json'].schema).toMatchObject({
    type: 'object',
    required: ['name'],
    additionalProperties: false,
  });
  const names = body.paths['/api/v1/apps/{app}/series'].get.parameters.map(
    (parameter: { name: string }) => parameter.name,
  );
  expect(names).toEqual(expect.arrayContaining(['app', 'metric', 'by', 'filter', 'from', 'to', 'step']));
  const ids = Object.values(body.paths).flatMap((path) =>
    Object.values(path as object).map((operation) => operation.operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
