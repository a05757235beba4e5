import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  SERIES_ADDON_METRIC,
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_HOST,
  SERIES_MESSAGE,
  SERIES_PATH,
  SERIES_RELEASE,
} from '../model/series.ts';
import { createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  type CountSeed,
  compactUnit,
  insertCounts,
  insertSamples,
  makePartitions,
} from '../test/seed-buckets.ts';

let database: TestDatabase;
let api: TestApi;
let editor: TestBrowser;
let viewer: TestBrowser;
let appId = 0;

const MB = 2 ** 20;
/** The clock of the API stands at 10:42:17; the history goes back to 05:00. */
const START_S = Date.UTC(2026, 10, 20, 5) / 1000;
const NOW_S = Date.UTC(2026, 10, 20, 10, 42) / 1000;
/** Of H12: 10:20 to 10:30, on web.2 alone. */
const BAD_FROM_S = Date.UTC(2026, 10, 20, 10, 20) / 1000;
const BAD_TO_S = BAD_FROM_S + 600;
const HOUR = 'from=2026-11-20T09:42:00Z&to=2026-11-20T10:42:00Z&step=60';

/** A request a dyno and minute; in the bad minutes web.2 has another one that times out. */
function requests(): CountSeed[] {
  const seeds: CountSeed[] = [];
  const add = (bucketS: number, kind: number, key: string, more: Partial<CountSeed>) =>
    seeds.push({ appId, bucketS, kind, key, count: 1, ...more });
  for (let minuteS = NOW_S - 3600; minuteS < NOW_S; minuteS += 60) {
    for (const dyno of ['web.1', 'web.2', 'web.3']) {
      const isBad = dyno === 'web.2' && minuteS >= BAD_FROM_S && minuteS < BAD_TO_S;
      const release = minuteS < BAD_FROM_S ? '41' : '42';
      const cells: [number, string][] = [
        [SERIES_DYNO, dyno],
        [SERIES_PATH, dyno === 'web.1' ? 'GET /' : 'POST /orders'],
        [SERIES_HOST, 'shop.example.com'],
        [SERIES_RELEASE, release],
      ];
      for (const [kind, key] of cells) {
        const connectMs = kind === SERIES_DYNO ? { connectMs: [1] } : {};
        add(minuteS, kind, key, { bad: 0, excluded: 0, serviceMs: [40], ...connectMs });
        if (isBad) add(minuteS + 10, kind, key, { bad: 1, excluded: 0, serviceMs: [30_000], ...connectMs });
      }
      if (isBad) add(minuteS + 10, SERIES_CODE, 'H12', {});
    }
    add(minuteS, SERIES_MESSAGE, 'request', {});
  }
  return seeds;
}

async function insertDetails() {
  for (let minute = 0; minute < 10; minute++) {
    const atMs = (BAD_FROM_S + minute * 60 + 12) * 1000;
    await database.pool.query(
      `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, request_id, method, path, path_shape, host, client,
         dyno, release, connect_ms, service_ms, status, bytes, code)
       VALUES ($1, $2, 'bad', 1, $3, 'POST', '/orders', '/orders', 'shop.example.com', $4, 'web.2', 42, 1, 30000, 503, 0, 'H12')`,
      [atMs, appId, `r-${minute}`, minute < 8 ? '203.0.113.0/24' : '198.51.100.0/24'],
    );
  }
}

async function insertEvent(atS: number, kind: string, more: Record<string, unknown> = {}, ofApp = appId) {
  const { dyno = null, code = null, version = null, untilS = atS, count = 1, ...detail } = more;
  await database.pool.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, code, version, count, detail, dedupe_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      atS * 1000,
      (untilS as number) * 1000,
      ofApp,
      kind,
      dyno,
      code,
      version,
      count,
      JSON.stringify(detail),
      `${kind}${atS}${String(dyno)}${JSON.stringify(detail)}`,
    ],
  );
}

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  api.clock.nowMs = NOW_S * 1000 + 17_000;
  const { pool } = database;
  await makePartitions(pool, START_S - 86_400, NOW_S + 7200);
  appId = (await createApp(pool, { name: 'shop', key: TEST_KEY, nowMs: START_S * 1000 })).app.id;
  await createApp(pool, { name: 'blank', key: TEST_KEY, nowMs: START_S * 1000 });
  await insertCounts(pool, requests());
  await insertCounts(pool, [
    { appId, kind: SERIES_CODE, key: 'R14', bucketS: NOW_S - 1500, count: 30 },
    { appId, kind: SERIES_CODE, key: 'H10', bucketS: NOW_S - 2970, count: 2 },
  ]);
  await insertDetails();
  const metric = (dyno: string, name: string, bucketS: number, value: number) => ({
    appId,
    kind: SERIES_DYNO_METRIC,
    key: `${dyno}\t${name}`,
    bucketS,
    values: [value],
  });
  const samples = [];
  for (let atS = START_S; atS < NOW_S; atS += 60) {
    const hours = (atS - START_S) / 3600;
    samples.push(
      metric('web.1', 'memory_total', atS, 200 * MB),
      metric('web.1', 'memory_quota', atS, 512 * MB),
    );
    samples.push(metric('web.2', 'memory_total', atS, (100 + 40 * hours) * MB));
    samples.push(metric('web.2', 'memory_quota', atS, 512 * MB), metric('web.2', 'load_avg_1m', atS, 0.2));
    samples.push(metric('web.3', 'memory_total', atS, 210 * MB));
  }
  samples.push(metric('web.2', 'memory_swap', NOW_S - 600, 30 * MB));
  samples.push(metric('web.1', 'memory_swap', NOW_S - 600, 0));
  await insertSamples(pool, samples);
  await insertSamples(pool, [
    {
      appId,
      kind: SERIES_ADDON_METRIC,
      key: 'heroku-postgres\tpostgresql-shape-1\tactive-connections',
      label: 'DATABASE',
      bucketS: NOW_S - 120,
      values: [17],
    },
  ]);
  for (let unitS = START_S; unitS < NOW_S - 600; unitS += 600) await compactUnit(pool, appId, 60, unitS);
  await insertEvent(START_S, 'state', { dyno: 'web.2', from: 'up', to: 'starting' });
  await insertEvent(NOW_S - 3000, 'cycling', { dyno: 'web.1' });
  await insertEvent(NOW_S - 2999, 'state', { dyno: 'web.1', from: 'up', to: 'starting' });
  await insertEvent(NOW_S - 2990, 'exit', { dyno: 'web.1', exitStatus: 143 });
  await insertEvent(NOW_S - 2985, 'state', { dyno: 'web.1', from: 'starting', to: 'up' });
  await insertEvent(NOW_S - 1500, 'code', { dyno: 'web.2', code: 'R14', untilS: NOW_S - 900, count: 30 });
  await insertEvent(BAD_FROM_S, 'release', { version: 42 });
  await insertEvent(START_S, 'release', { version: 41 });
  await insertEvent(START_S + 60, 'scale', {
    formation: [{ type: 'web', quantity: 3, size: 'Standard-1X' }, { quantity: 1 }],
  });
  editor = (await api.signedIn('editor')).browser;
  viewer = (await api.signedIn('viewer')).browser;
}, 30_000);
afterAll(() => database.close());

describe('dynos', () => {
  test('each has its lane, quota and where that is from, life and leak', async () => {
    const { status, body } = await viewer.get(`/apps/shop/dynos?${HOUR}`);
    expect(status).toBe(200);
    expect(body.hasRuntimeMetrics).toBe(true);
    expect(body.dynos.map((one: { dyno: string }) => one.dyno)).toEqual(['web.1', 'web.2', 'web.3']);
    const [one, two, three] = body.dynos;
    expect(one).toMatchObject({ quotaSource: 'line', restarts: 1, crashes: 0, requests: 60, swap: [] });
    expect(one.memory).toHaveLength(body.t.length);
    expect(one.memory[0]).toBe(200 * MB);
    expect(one.marks).toEqual([
      { atMs: (NOW_S - 2999) * 1000, untilMs: (NOW_S - 2999) * 1000, kind: 'cycle', count: 1 },
    ]);
    expect(one.life).toMatchObject({
      boots: 1,
      cycles: 1,
      bootMs: 14_000,
      exits: [{ status: 143, count: 1 }],
    });
    expect(one.life.firstRequestMs).toBe(59_000);
    expect(one.leak.growth).toBeNull();
    expect(two.marks).toMatchObject([{ kind: 'R14', count: 30, untilMs: (NOW_S - 900) * 1000 }]);
    expect(two.swap.filter((value: number | null) => value !== null)).toEqual([30 * MB]);
    expect(two.leak).toMatchObject({ isEnough: true });
    expect(two.leak.growth.bytesPerHour / MB).toBeCloseTo(40, 0);
    expect(two.leak.growth.isLeak).toBe(true);
    expect(two.leak.growth.minutesToQuota).toBeGreaterThan(200);
    // Its lines have no quota: the formation's size does.
    expect(three).toMatchObject({ quotaSource: 'size', memoryQuotaBytes: 512 * MB });
    expect(body.types).toEqual([
      {
        processType: 'web',
        dynos: 3,
        size: 'Standard-1X',
        sizeSource: 'heroku',
        sizeAtMs: (START_S + 60) * 1000,
        cores: null,
        coresSource: null,
      },
    ]);
  });

  test('what a user says about a size holds before what Heroku’s line says, and is written into the audit log', async () => {
    const path = '/apps/shop/dyno-sizes/web';
    expect((await viewer.send('PUT', path, { size: null, cores: 2 })).status).toBe(403);
    expect((await editor.send('PUT', path, { size: 'Huge', cores: 2 })).status).toBe(422);
    expect((await editor.send('PUT', path, { size: null, cores: 0 })).status).toBe(422);
    expect((await editor.send('PUT', '/apps/shop/dyno-sizes/a%20b', { size: null, cores: 2 })).status).toBe(
      404,
    );
    expect((await editor.send('PUT', path, { size: 'Performance-M', cores: 2 })).status).toBe(204);
    const { types } = (await viewer.get(`/apps/shop/dynos?${HOUR}`)).body;
    expect(types[0]).toMatchObject({
      size: 'Performance-M',
      sizeSource: 'you',
      cores: 2,
      coresSource: 'you',
    });
    expect((await editor.send('DELETE', path)).status).toBe(204);
    expect((await editor.send('DELETE', path)).status).toBe(404);
    const { rows } = await database.pool.query(
      "SELECT action, subject, after FROM audit_log WHERE action LIKE 'dynoSize%' ORDER BY id",
    );
    expect(rows).toEqual([
      { action: 'dynoSize.set', subject: 'shop/web', after: { size: 'Performance-M', cores: 2 } },
      { action: 'dynoSize.delete', subject: 'shop/web', after: null },
    ]);
  });

  test('one beside its siblings: share, p95 and failures of its own, their median, least and most', async () => {
    const { body } = await viewer.get(`/apps/shop/dynos/web.2?${HOUR}`);
    expect(body.siblings).toEqual(['web.1', 'web.3']);
    const by = Object.fromEntries(body.comparisons.map((one: { of: string }) => [one.of, one]));
    expect(by.share.own).toBeCloseTo(70 / 190, 9);
    expect(by.share.median).toBeCloseTo(60 / 190, 9);
    expect(by.failed).toMatchObject({ own: 10 / 70, median: 0, high: 0 });
    expect(by.p95.own).toBeGreaterThan(29_000);
    expect(by.p95.high).toBeLessThan(45);
    expect(by.memory.low).toBe(200 * MB);
    expect(by.memory.high).toBe(210 * MB);
    expect(by.load.own).toBeCloseTo(0.2, 9);
    expect(by.load.median).toBeNull();
    const idsOf = (of: string) => by[of].columns.series.map((one: { id: string }) => one.id);
    expect(idsOf('p95')).toEqual(['own', 'median']);
    expect(idsOf('share')).toEqual(['own', 'median', 'low', 'high']);
    const p95 = by.p95.columns.series[1].values.filter((value: number | null) => value !== null);
    expect(Math.max(...p95)).toBeLessThan(45);
    expect(body.dyno.dyno).toBe('web.2');
    expect(body.events.map((one: { kind: string }) => one.kind)).toEqual(['release', 'code']);
    const unknown = (await viewer.get(`/apps/shop/dynos/web.9?${HOUR}`)).body;
    expect(unknown.dyno).toBeNull();
    expect(unknown.siblings).toHaveLength(3);
    expect((await viewer.get(`/apps/shop/dynos/%2e%2e%2f?${HOUR}`)).status).toBe(404);
  });

  test('one-off dynos, each with a new name, are one row: their exits added up, their newest state', async () => {
    const jobs = (await createApp(database.pool, { name: 'jobs', key: TEST_KEY, nowMs: START_S * 1000 })).app
      .id;
    for (const [at, name, exitStatus] of [
      [NOW_S - 900, 'scheduler.5654', 0],
      [NOW_S - 600, 'scheduler.8351', 1],
    ] as const) {
      await insertEvent(at, 'state', { dyno: name, from: 'starting', to: 'up' }, jobs);
      await insertEvent(at + 30, 'exit', { dyno: name, exitStatus }, jobs);
      await insertEvent(at + 31, 'state', { dyno: name, from: 'up', to: 'complete' }, jobs);
    }
    const { dynos } = (await viewer.get(`/apps/jobs/dynos?${HOUR}`)).body;
    expect(dynos).toHaveLength(1);
    expect(dynos[0]).toMatchObject({
      dyno: 'scheduler',
      state: 'complete',
      stateSinceMs: (NOW_S - 569) * 1000,
      life: {
        boots: 2,
        exits: [
          { status: 0, count: 1 },
          { status: 1, count: 1 },
        ],
      },
    });
  });

  test('R-05 thousands of events are counted to the last, and those of a calm dyno are not lost among them', async () => {
    const loop = (await createApp(database.pool, { name: 'loop', key: TEST_KEY, nowMs: START_S * 1000 })).app
      .id;
    // Every three seconds of the hour but its last minutes web.1 crashes and starts: 4,400 events in 55 minutes.
    const from = NOW_S - 3600;
    await database.pool.query(
      `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, detail, dedupe_key)
       SELECT at, at, $1, e.kind, 'web.1', e.detail::jsonb, 'loop' || at || e.kind || e.detail
       FROM generate_series(0, 1099) AS n,
         (VALUES ('state', '{"from":"crashed","to":"starting"}', 0), ('state', '{"from":"starting","to":"up"}', 500),
           ('exit', '{"exitStatus":1}', 900), ('state', '{"from":"up","to":"crashed"}', 1000)) AS e (kind, detail, ms),
         LATERAL (SELECT $2::bigint + n * 3000 + e.ms AS at) AS instant`,
      [loop, from * 1000],
    );
    await insertEvent(from + 3, 'code', { dyno: 'web.2', code: 'R14', untilS: from + 60, count: 5 }, loop);
    await insertEvent(from + 10, 'cycling', { dyno: 'web.2' }, loop);
    await insertEvent(from + 11, 'state', { dyno: 'web.2', from: 'up', to: 'starting' }, loop);
    await insertEvent(from + 12, 'exit', { dyno: 'web.2', exitStatus: 143 }, loop);
    await insertEvent(from + 20, 'state', { dyno: 'web.2', from: 'starting', to: 'up' }, loop);
    await insertEvent(from + 30, 'state', { dyno: 'web.3', from: 'created', to: 'starting' }, loop);
    const [one, two, three] = (await viewer.get(`/apps/loop/dynos?${HOUR}`)).body.dynos;
    expect(one).toMatchObject({ dyno: 'web.1', restarts: 1100, crashes: 1100 });
    expect(one.life).toMatchObject({
      boots: 1100,
      cycles: 0,
      exits: [{ status: 1, count: 1100 }],
      bootMs: 500,
    });
    const marks = (kind: string) => one.marks.filter((mark: { kind: string }) => mark.kind === kind);
    for (const kind of ['restart', 'crash']) {
      expect(marks(kind).length).toBeLessThan(250);
      expect(marks(kind).reduce((sum: number, mark: { count: number }) => sum + mark.count, 0)).toBe(1100);
    }
    expect(marks('crash').at(-1).atMs).toBe((from + 1099 * 3 + 1) * 1000);
    expect(two).toMatchObject({ dyno: 'web.2', restarts: 1, crashes: 0 });
    expect(two.life).toMatchObject({ boots: 1, cycles: 1, exits: [{ status: 143, count: 1 }] });
    expect(two.marks).toEqual([
      { atMs: (from + 3) * 1000, untilMs: (from + 60) * 1000, kind: 'R14', count: 5 },
      { atMs: (from + 11) * 1000, untilMs: (from + 11) * 1000, kind: 'cycle', count: 1 },
    ]);
    expect(three).toMatchObject({ dyno: 'web.3', restarts: 0, marks: [] });
  });

  test('an app without anything has no dynos, no metrics, no add-ons, and says so', async () => {
    expect((await viewer.get(`/apps/blank/dynos?${HOUR}`)).body).toMatchObject({
      hasRuntimeMetrics: false,
      dynos: [],
      types: [],
      health: { state: 'waiting' },
    });
    expect((await viewer.get(`/apps/blank/addons?${HOUR}`)).body).toMatchObject({
      everSeen: false,
      addons: [],
    });
  });
});

describe('codes', () => {
  test('H12: exact counts, releases before and after, shares beside all requests, dynos that wait', async () => {
    const { body } = await viewer.get(`/apps/shop/codes/H12?${HOUR}`);
    expect(body).toMatchObject({ count: 10, countBefore: null, requests: 190, shareOfRequests: 10 / 190 });
    expect(body.firstSeenMs).toBe(BAD_FROM_S * 1000);
    expect(body.releases).toMatchObject([
      { version: 41, count: 0, requests: 114 },
      { version: 42, count: 10, requests: 76 },
    ]);
    const by = Object.fromEntries(body.breakdowns.map((one: { by: string }) => [one.by, one]));
    expect(by.dyno.rows).toEqual([{ key: 'web.2', share: 1, count: 10, baseline: 70 / 190 }]);
    expect(by.path.rows).toEqual([{ key: 'POST /orders', share: 1, count: 10, baseline: 130 / 190 }]);
    expect(by.network.rows.map((row: { share: number }) => row.share)).toEqual([0.8, 0.2]);
    expect(by.network.rows[0].baseline).toBeNull();
    expect(body.kept).toEqual({ rows: 10, read: 10, clients: 2 });
    const service = body.durations.find((one: { of: string }) => one.of === 'service');
    expect(service).toMatchObject({ p50Ms: 30_000, maxMs: 30_000, allP50Ms: 40 });
    expect(body.samples).toHaveLength(10);
    expect(body.samples[0]).toMatchObject({ requestId: 'r-9', dyno: 'web.2' });
    expect(body.special).toMatchObject({ kind: 'concurrency', dynos: 3, cores: null });
    expect(body.special.during.points).toBe(10);
    // 30 s of service in one of sixty seconds and three dynos.
    expect(body.special.during.inFlight).toBeCloseTo((30_000 + 3 * 40) / 60_000 / 3, 6);
    expect(body.special.otherwise.inFlight).toBeCloseTo(40 / 60_000, 6);
    expect(body.special.during.load).toBeCloseTo(0.2, 9);
  });

  test('a code that never was has its page all the same, and so has one nobody knows', async () => {
    const never = (await viewer.get(`/apps/shop/codes/H13?${HOUR}`)).body;
    expect(never).toMatchObject({ count: 0, everFirstSeenMs: null, firstSeenMs: null, samples: [] });
    expect(never.special).toMatchObject({ kind: 'restarts', near: null, restarts: 1 });
    expect(never.counts.series[0].values.slice(0, 3)).toEqual([0, 0, 0]);
    const unknown = (await viewer.get(`/apps/shop/codes/H35?${HOUR}`)).body;
    expect(unknown.info.known).toBe(false);
    expect(unknown.guide.checks).toHaveLength(3);
    expect((await viewer.get(`/apps/shop/codes/X1?${HOUR}`)).status).toBe(400);
    const blank = (await viewer.get(`/apps/blank/codes/H12?${HOUR}`)).body;
    expect(blank).toMatchObject({ count: 0, requests: 0, shareOfRequests: null });
    expect(blank.counts.series[0].values.every((value: unknown) => value === null)).toBe(true);
  });

  test('R14 names the dynos of its episodes, H10 leads with what dynos did, L10 with what is missing', async () => {
    const memory = (await viewer.get(`/apps/shop/codes/R14?${HOUR}`)).body;
    expect(memory.special).toEqual({ kind: 'memory', dynos: ['web.2'] });
    expect(memory.kept).toBeNull();
    expect(memory.breakdowns).toEqual([
      {
        by: 'dyno',
        rows: [{ key: 'web.2', share: 1, count: 30, baseline: null }],
        others: { keys: 0, share: 0 },
      },
    ]);
    const boot = (await viewer.get(`/apps/shop/codes/H10?${HOUR}`)).body.special;
    expect(boot).toMatchObject({ kind: 'boot', dyno: 'web.1' });
    expect(boot.events.map((one: { title: string }) => one.title)).toContain('web.1 exited with status 143');
    expect((await viewer.get(`/apps/shop/codes/L10?${HOUR}`)).body.special).toEqual({
      kind: 'drain',
      lostMessages: 0,
      stretches: 0,
    });
  });

  test('R-05 points in which no line came are no points without traffic', async () => {
    const hours = 'from=2026-11-20T07:42:00Z&to=2026-11-20T10:42:00Z&step=60';
    const { special } = (await viewer.get(`/apps/shop/codes/H12?${hours}`)).body;
    // Lines came in the last of three hours alone; in ten minutes of it there was the code.
    expect(special.during).toMatchObject({ points: 10, requestsPerSecond: 4 / 60 });
    expect(special.otherwise).toMatchObject({ points: 50, requestsPerSecond: 3 / 60 });
  });

  test('R-05 a count of the time before is there only where nearly all of that time is known', async () => {
    const { pool } = database;
    const young = (await createApp(pool, { name: 'young', key: TEST_KEY, nowMs: START_S * 1000 })).app.id;
    const from = NOW_S / 60 - 60;
    const seeds: CountSeed[] = [];
    for (let minute = from - 60; minute < from + 60; minute++)
      seeds.push(
        { appId: young, kind: SERIES_CODE, key: 'H12', bucketS: minute * 60, count: 1 },
        { appId: young, kind: SERIES_MESSAGE, key: 'request', bucketS: minute * 60, count: 1 },
      );
    await insertCounts(pool, seeds);
    const counted = async () => (await viewer.get(`/apps/young/codes/H12?${HOUR}`)).body.countBefore;
    const since = (minute: number) =>
      pool.query(
        `INSERT INTO app_liveness (app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour)
         VALUES ($1, $2, $3, $2 - 1, 10, 0) ON CONFLICT (app_id) DO UPDATE SET first_line_minute = $3`,
        [young, from + 60, minute],
      );
    expect(await counted()).toBeNull();
    await since(from - 50);
    expect(await counted()).toBeNull();
    await since(from - 54);
    expect(await counted()).toBe(60);
    await since(from - 5000);
    await pool.query(
      'INSERT INTO quiet_spans (app_id, from_minute, to_minute, known_minute) VALUES ($1, $2, $3, $3)',
      [young, from - 30, from - 26],
    );
    expect(await counted()).toBe(60);
    // Of two minutes more it is known that lines are lost, and so of two that are silent anyway.
    await pool.query(
      `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
       VALUES ($1, 1, 'L10', $2, $3, 4, 'x')`,
      [young, (from - 28) * 60_000, (from - 25) * 60_000 + 30_000],
    );
    expect(await counted()).toBe(60);
    await pool.query('UPDATE gaps SET from_ms = $2, to_ms = $3 WHERE app_id = $1', [
      young,
      (from - 10) * 60_000,
      (from - 7) * 60_000 + 30_000,
    ]);
    expect(await counted()).toBeNull();
  });

  test('of more releases than are told apart the oldest are one stretch, and not the release before the range', async () => {
    const often = (await createApp(database.pool, { name: 'often', key: TEST_KEY, nowMs: START_S * 1000 }))
      .app.id;
    const from = NOW_S - 3600;
    await insertEvent(from - 600, 'release', { version: 1 }, often);
    for (let version = 2; version <= 51; version++)
      await insertEvent(from + version * 60, 'release', { version }, often);
    const seeds: CountSeed[] = [];
    for (let bucketS = from; bucketS < NOW_S; bucketS += 60)
      seeds.push(
        { appId: often, kind: SERIES_CODE, key: 'H12', bucketS, count: 1 },
        { appId: often, kind: SERIES_MESSAGE, key: 'request', bucketS, count: 1 },
      );
    await insertCounts(database.pool, seeds);
    const read = async () => (await viewer.get(`/apps/often/codes/H12?${HOUR}`)).body.releases;
    const fifty = await read();
    expect(fifty).toHaveLength(51);
    expect(fifty[0]).toMatchObject({ version: 1, count: 2 });
    expect(fifty[0].isSeveral).toBeUndefined();
    await insertEvent(from + 52 * 60, 'release', { version: 52 }, often);
    const more = await read();
    expect(more).toHaveLength(51);
    expect(more[0]).toMatchObject({ version: null, isSeveral: true, fromMs: from * 1000, count: 3 });
    expect(more.slice(1).map((one: { version: number }) => one.version)).toEqual(
      Array.from({ length: 50 }, (_, at) => at + 3),
    );
    expect(more.every((one: { isSeveral?: true }, at: number) => at === 0 || !one.isSeveral)).toBe(true);
  });

  test('R-05 of more events than are looked at only the requests after the oldest of them are judged, and it says so', async () => {
    const busy = (await createApp(database.pool, { name: 'busy', key: TEST_KEY, nowMs: START_S * 1000 })).app
      .id;
    const from = NOW_S - 3600;
    // web.1 restarts twice early on; from the 20th minute on web.9 crashes in a loop, 4,200 events in 35 minutes.
    await insertEvent(from + 300, 'state', { dyno: 'web.1', from: 'up', to: 'starting' }, busy);
    await insertEvent(from + 600, 'state', { dyno: 'web.1', from: 'up', to: 'starting' }, busy);
    await database.pool.query(
      `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, detail, dedupe_key)
       SELECT at, at, $1, 'state', 'web.9', detail::jsonb, 'busy' || at
       FROM generate_series(0, 2099) AS n,
         (VALUES ('{"from":"crashed","to":"starting"}', 0), ('{"from":"starting","to":"crashed"}', 500)) AS e (detail, ms),
         LATERAL (SELECT $2::bigint + n * 1000 + e.ms AS at) AS instant`,
      [busy, (from + 1200) * 1000],
    );
    const request = (atS: number) =>
      database.pool.query(
        `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, method, path, path_shape, dyno, status, code)
         VALUES ($1, $2, 'bad', 1, 'GET', '/', '/', 'web.1', 503, 'H13')`,
        [atS * 1000, busy],
      );
    // Both near restarts of web.1 that are not among the newest events: nothing can be said of them.
    await request(from + 305);
    await request(from + 605);
    const read = async () => (await viewer.get(`/apps/busy/codes/H13?${HOUR}`)).body.special;
    // 200 of 4,202 are left out with the two: the oldest that is read is of second 1300.
    const partMs = (3600 - 1300 - 30) * 1000 - 1;
    expect(await read()).toMatchObject({ near: null, partMs, restarts: 2102, crashes: 2100 });
    await request(from + 3500);
    expect(await read()).toMatchObject({ near: 0, byChance: 0, partMs });
    // With fewer events all of them are judged.
    await database.pool.query("DELETE FROM events WHERE app_id = $1 AND dyno = 'web.9' AND at_ms < $2", [
      busy,
      (from + 1400) * 1000,
    ]);
    const all = await read();
    expect(all).toMatchObject({ partMs: null, restarts: 1902, crashes: 1900 });
    expect(all.near).toBeCloseTo(2 / 3, 9);
  });

  test('the list has every code of the range with its share', async () => {
    const { body } = await viewer.get(`/apps/shop/codes?${HOUR}`);
    expect(body.requests).toBe(190);
    expect(body.codes.find((one: { code: string }) => one.code === 'H12')).toMatchObject({
      count: 10,
      shareOfRequests: 10 / 190,
    });
  });
});

describe('add-ons', () => {
  test('metrics over time and newest, by add-on', async () => {
    const { body } = await viewer.get(`/apps/shop/addons?${HOUR}`);
    expect(body.everSeen).toBe(true);
    expect(body.addons).toHaveLength(1);
    const [postgres] = body.addons;
    expect(postgres).toMatchObject({
      addon: 'postgresql-shape-1',
      source: 'DATABASE',
      service: 'heroku-postgres',
      latest: [{ metric: 'active-connections', value: 17, unit: 'count' }],
    });
    expect(postgres.metrics.series[0].values.filter((value: number | null) => value !== null)).toEqual([17]);
  });
});
