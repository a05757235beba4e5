import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closedEvaluation } from '../model/closing.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_PATH, SERIES_RELEASE } from '../model/series.ts';
import { type AppRow, createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { type CountSeed, insertCounts, makePartitions } from '../test/seed-buckets.ts';
import { chooseTarget, chooseThresholdMs } from './slo-proposals.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let editor: TestBrowser;
let shop: AppRow;
let minute: number;

/** Ten hours of 100 requests a minute; a total outage of 20 minutes, five hours ago, on POST /checkout and web.1. */
const HOURS = 10;
const OUTAGE = { from: 320, to: 300 };

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  minute = closedEvaluation(api.clock.nowMs);
  viewer = (await api.signedIn('viewer')).browser;
  editor = (await api.signedIn('editor')).browser;
  shop = (await createApp(database.pool, { name: 'shop', key: TEST_KEY, nowMs: api.clock.nowMs })).app;
  await database.pool.query(
    `INSERT INTO app_liveness (app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour)
     VALUES ($1, $2, $3, $2 - 1, 10, 0)`,
    [shop.id, minute, minute - HOURS * 60],
  );
  await makePartitions(database.pool, (minute - HOURS * 60) * 60 - 3600, minute * 60 + 3600);
  const seeds: CountSeed[] = [];
  for (let ago = HOURS * 60; ago >= 1; ago--) {
    const bucketS = (minute - ago) * 60;
    const isOut = ago <= OUTAGE.from && ago > OUTAGE.to;
    const bad = isOut ? 100 : 0;
    const one = { appId: shop.id, bucketS, count: 100, bad };
    seeds.push({ ...one, kind: SERIES_DYNO, key: 'web.1', platform: bad, serviceMs: [80, 90, 100, 400] });
    seeds.push({ ...one, kind: SERIES_RELEASE, key: isOut ? '214' : '213' });
    seeds.push({ ...one, kind: SERIES_PATH, key: isOut ? 'POST /checkout' : 'GET /' });
    if (isOut) seeds.push({ appId: shop.id, bucketS, kind: SERIES_CODE, key: 'H12', count: 90 });
  }
  await insertCounts(database.pool, seeds);
});
afterAll(() => database.close());

const SUCCESS = {
  title: 'Requests succeed',
  target: '0.999',
  indicator: { kind: 'availability', codes: {}, badStatuses: [] },
};

describe('back-test of an objective', () => {
  test('says when it would have paged, by the engine of evaluations, and saves nothing', async () => {
    const answer = await editor.send('POST', '/apps/shop/slos/preview', { definition: SUCCESS, days: 1 });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const { body } = answer;
    expect(body.sentence).toMatch(/^Would have paged once in 10 h/);
    expect(body).toMatchObject({ pages: 1, tickets: 0, method: 'exact' });
    const [fast] = body.tiers;
    const outageMs = (minute - OUTAGE.from) * 60_000;
    // One bad minute of 100 % is 14.4 times too much; with `for` of two minutes the third evaluation after it fires.
    expect(fast.firing[0].fromMs).toBe(outageMs + 3 * 60_000);
    expect(body.budget).toMatchObject({ events: 60_000, bad: 2000, allowed: 60 });
    expect(body.counting.bad[0]).toBe('Answers of 500 and more.');
    expect(body.budgetLine.series[0].values.at(-1)).toBeCloseTo(1 - 2000 / 60, 9);
    expect((await viewer.get('/slos?app=shop')).body.slos).toEqual([]);
  });

  test('one that counts a part of the requests is told as near, one that history cannot tell as such', async () => {
    const scoped = { ...SUCCESS, scope: { methods: ['POST'] } };
    const part = (await editor.send('POST', '/apps/shop/slos/preview', { definition: scoped, days: 1 })).body;
    expect(part).toMatchObject({ method: 'approximate', budget: { events: 2000, bad: 2000 } });
    const both = { ...SUCCESS, scope: { methods: ['POST'], processTypes: ['web'] } };
    const none = (await editor.send('POST', '/apps/shop/slos/preview', { definition: both, days: 1 })).body;
    expect(none.warnings[0]).toMatch(/^History cannot tell what this would have done: /);
    const latency = { ...SUCCESS, target: '0.7', indicator: { kind: 'latency', thresholdMs: 200 } };
    const slow = (await editor.send('POST', '/apps/shop/slos/preview', { definition: latency, days: 1 }))
      .body;
    // Four requests a minute have a duration, of which one takes 400 ms; those of the outage ended without one.
    expect(slow.budget).toMatchObject({ events: 2400 + 2000, bad: 600 + 2000 });
  });
});

test('R-05 minutes that retention took away are unknown to a back-test, not minutes without requests', async () => {
  const { pool } = database;
  const old = (await createApp(pool, { name: 'old', key: TEST_KEY, nowMs: api.clock.nowMs })).app;
  await pool.query(
    `INSERT INTO app_liveness (app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour)
     VALUES ($1, $2, $3, $2 - 1, 10, 0)`,
    [old.id, minute, minute - 5 * 1440],
  );
  const seeds: CountSeed[] = [];
  for (let ago = 120; ago >= 1; ago--)
    seeds.push({ appId: old.id, bucketS: (minute - ago) * 60, count: 10, kind: SERIES_DYNO, key: 'web.1' });
  await insertCounts(pool, seeds);
  const path = '/apps/old/slos/preview';
  const latency = { ...SUCCESS, indicator: { kind: 'latency', thresholdMs: 200 } };
  await pool.query("UPDATE retired SET before_s = $1 WHERE table_name = 'count_buckets_1m'", [
    (minute - 120) * 60,
  ]);
  try {
    for (const [definition, method] of [
      [SUCCESS, 'exact'],
      [latency, 'approximate'],
    ] as const) {
      const { body } = await editor.send('POST', path, { definition, days: 1 });
      expect(body).toMatchObject({ sentence: 'Would not have paged in 2 h.', method });
      expect(body.warnings).toContain(
        'Only the last 2 h are stored: how often a week that is cannot be told yet.',
      );
      expect(body.requests.series[0].values[0]).toBeNull();
    }
    const { body } = await editor.send('POST', path, { definition: SUCCESS, days: 1 });
    expect(body).toMatchObject({ exactFromMs: (minute - 120) * 60_000, budget: { events: 1200 } });
  } finally {
    await pool.query("UPDATE retired SET before_s = 0 WHERE table_name = 'count_buckets_1m'");
  }
});

test('the newest part is exact where the log of requests is at hand, and tells what buckets cannot', async () => {
  const asked: unknown[] = [];
  const own = buildTestApi(database.pool, {
    countInLog: async (query) => {
      asked.push(query.definition.scope.methods);
      const fromMinute = minute - 60;
      return { fromMinute, minutes: [{ minute: minute - 30, events: 50, bad: 5 }] };
    },
  });
  const browser = own.withToken(await own.token('editor'));
  const both = { ...SUCCESS, scope: { methods: ['POST'], processTypes: ['web'] } };
  const { body } = await browser.send(
    'POST',
    '/apps/shop/slos/preview',
    { definition: both, days: 1 },
    JSON_BODY,
  );
  expect(asked).toEqual([['POST']]);
  expect(body).toMatchObject({
    method: 'approximate',
    exactFromMs: (minute - 60) * 60_000,
    budget: { events: 50, bad: 5 },
  });
  expect(body.warnings[0]).toMatch(/^History before the last 1 h cannot tell/);
  const part = { ...SUCCESS, scope: { methods: ['POST'] } };
  const near = await browser.send(
    'POST',
    '/apps/shop/slos/preview',
    { definition: part, days: 1 },
    JSON_BODY,
  );
  // The outage from buckets, the last hour from the log.
  expect(near.body.budget).toMatchObject({ events: 2050, bad: 2005 });
});
const JSON_BODY = { 'content-type': 'application/json' };

describe('proposals', () => {
  test('three, from the traffic there is, each with what it would have spent', async () => {
    const { body } = await viewer.get('/apps/shop/slos/proposals');
    expect(body).toMatchObject({ requests: 60_000, isProvisional: true, note: '' });
    expect(body.proposals.map((one: { name: string }) => one.name)).toEqual([
      'availability',
      'latency',
      'platform',
    ]);
    const [availability, latency] = body.proposals;
    // 3.3 % failed: 90 % is the strictest target that this leaves half of.
    expect(availability.definition.target).toBe('0.9');
    expect(availability.spent).toBeCloseTo(2000 / 6000, 9);
    expect(latency.definition.indicator.thresholdMs).toBeGreaterThanOrEqual(500);
    expect(latency.why).toMatch(/^Your p95 of the last 7 days is \d+ ms/);
    const saved = await editor.send('POST', '/apps/shop/slos', { definition: availability.definition });
    expect(saved.status).toBe(201);
    const again = (await viewer.get('/apps/shop/slos/proposals')).body.proposals;
    expect(again.map((one: { existing: string | null }) => one.existing)).toEqual([
      saved.body.slug,
      null,
      null,
    ]);
    await editor.send('DELETE', `/apps/shop/slos/${saved.body.slug}`);
  });

  test('an app with too few requests gets none, and is told why', async () => {
    await createApp(database.pool, { name: 'quiet', key: TEST_KEY, nowMs: api.clock.nowMs });
    const { body } = await viewer.get('/apps/quiet/slos/proposals');
    expect(body.proposals).toEqual([]);
    expect(body.note).toContain('too few');
  });

  test('a target leaves half of its budget, a threshold some room', () => {
    expect(chooseTarget({ events: 1_000_000, bad: 0 })).toBe('0.9995');
    expect(chooseTarget({ events: 1_000_000, bad: 500 })).toBe('0.999');
    expect(chooseTarget({ events: 1_000_000, bad: 501 })).toBe('0.998');
    expect(chooseTarget({ events: 100, bad: 60 })).toBe('0.9');
    expect([1, 40, 90, 300, 640, 799, 4000].map(chooseThresholdMs)).toEqual([
      50, 50, 120, 400, 800, 1000, 5000,
    ]);
  });
});

describe('who burned it', () => {
  async function withCounts(definition: object, slug: string): Promise<void> {
    const made = await editor.send('POST', '/apps/shop/slos', { definition, slug });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    await database.pool.query(
      `INSERT INTO slo_hours
       SELECT s.id, h, array_fill(100, ARRAY[60]),
         CASE WHEN h = $2 / 60 THEN (SELECT array_agg(CASE WHEN h * 60 + m >= $2 AND h * 60 + m < $2 + 20 THEN 100 ELSE 0 END)
           FROM generate_series(0, 59) AS m) ELSE array_fill(0, ARRAY[60]) END,
         (h - $3) * 6000, CASE WHEN h > $2 / 60 THEN 2000 ELSE 0 END
       FROM slos s, generate_series($3::int, $4::int) AS h WHERE s.public_id = $1`,
      [made.body.id, minute - OUTAGE.from, Math.floor((minute - HOURS * 60) / 60), Math.floor(minute / 60)],
    );
  }

  test('by code, path, process type, release and day, exact where every request is counted by it', async () => {
    const hours = (minute - OUTAGE.from) % 60;
    expect(hours + 20, 'the outage lies within one hour').toBeLessThanOrEqual(60);
    await withCounts(SUCCESS, 'success');
    const { body } = await viewer.get('/apps/shop/slos/success/burned');
    expect(body.bad).toBe(2000);
    const rowsOf = (by: string) =>
      body.tables
        .find((table: { by: string }) => table.by === by)
        .rows.map((row: { name: string; bad: number; share: number }) => [row.name, row.bad, row.share]);
    expect(rowsOf('code')).toEqual([
      ['H12', 1800, 0.9],
      ['no code', 200, 0.1],
    ]);
    expect(rowsOf('pathShape')).toEqual([['/checkout', 2000, 1]]);
    expect(rowsOf('method')).toEqual([['POST', 2000, 1]]);
    expect(rowsOf('processType')).toEqual([['web', 2000, 1]]);
    expect(rowsOf('release')).toEqual([['v214', 2000, 1]]);
    expect(rowsOf('day')).toEqual([['2026-11-20', 2000, 1]]);
    const [code] = body.tables;
    const counted = minute - Math.floor((minute - HOURS * 60) / 60) * 60;
    expect(code.method).toBe('exact');
    expect(code.rows[0].budgetShare).toBeCloseTo(1800 / (counted * 100 * 0.001), 9);
    expect(code.rows[0].link).toMatch(/^\/a\/shop\/codes\/H12\?from=\d+&to=\d+$/);
  });

  test('of a part of the requests from those that were kept, scaled to what was counted, and said so', async () => {
    await withCounts({ ...SUCCESS, scope: { pathShapes: ['/checkout*'] } }, 'checkout');
    const atMs = (minute - OUTAGE.from + 5) * 60_000;
    await database.pool.query(
      `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, method, path_shape, dyno, status, code, release)
       VALUES ($1, $2, 'bad', 1, 'POST', '/checkout', 'web.1', 503, 'H12', 214),
         ($1, $2, 'bad', 1, 'POST', '/checkout/pay', 'web.2', 500, NULL, 214),
         ($1, $2, 'bad', 0.5, 'POST', '/checkout', 'web.1', 503, 'H12', 214),
         ($1, $2, 'bad', 1, 'GET', '/', 'web.1', 500, NULL, 214),
         ($1, $2, 'sample', 0.01, 'GET', '/checkout', 'web.1', 200, NULL, 214)`,
      [atMs, shop.id],
    );
    const { body } = await viewer.get('/apps/shop/slos/checkout/burned');
    const code = body.tables.find((table: { by: string }) => table.by === 'code');
    // H12 stands for 3 of 4: the front page and the sample that went well are none of it.
    expect(code).toMatchObject({
      method: 'sampled',
      rows: [
        { name: 'H12', bad: 1500, share: 0.75 },
        { name: 'no code', bad: 500, share: 0.25 },
      ],
    });
    expect(code.note).toMatch(/^From requests that were kept/);
    expect(body.tables.find((table: { by: string }) => table.by === 'status').rows).toHaveLength(2);
  });
});
