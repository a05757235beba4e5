import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SERIES_ADDON_METRIC, SERIES_CUSTOM } from '../../model/series.ts';
import { MINUTE } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { clearRuleWorld, RuleWorld } from '../../test/rule-world.ts';

const T0 = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);

let database: TestDatabase;
let world: RuleWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = new RuleWorld(database.pool);
  await world.prepare(T0);
});
afterAll(() => database.close());
afterEach(() => clearRuleWorld(world));

test('A-14 a drain that usually writes each minute is silent after five: a page, and over with the next line', async () => {
  const appId = await world.app('silent', T0);
  await world.rule(appId, { kind: 'drainSilent' });
  await world.lines(appId, T0 - 60, T0 + 1);
  expect(await world.rounds(T0, T0 + 9)).toEqual([[T0 + 6, 'page']]);
  expect(world.told[0]?.evidence).toMatchObject({ value: 5, threshold: 5, unit: 'min' });
  await world.lines(appId, T0 + 9, T0 + 12);
  expect(await world.rounds(T0 + 9, T0 + 12)).toEqual([[T0 + 10, null]]);
});

test('an app that pauses by habit is silent after its own limit, and never a page', async () => {
  const appId = await world.app('habit', T0);
  await world.rule(appId, { kind: 'drainSilent' });
  await world.lines(appId, T0 - 60, T0 + 1, { limitMinutes: 15 });
  expect(await world.rounds(T0, T0 + 20)).toEqual([[T0 + 16, 'ticket']]);
});

test('a drain that delivers old lines now (a history that is sent) is not silent, and is once it stops', async () => {
  const appId = await world.app('history', T0);
  await world.rule(appId, { kind: 'drainSilent' });
  await world.lines(appId, T0 - 600, T0 - 300);
  const receive = (minute: number) =>
    database.pool.query(
      `INSERT INTO drains (app_id, token, first_received_at_ms, last_received_at_ms) VALUES ($1, 'd', 0, $2)
       ON CONFLICT (app_id, token) DO UPDATE SET last_received_at_ms = excluded.last_received_at_ms`,
      [appId, minute * MINUTE],
    );
  const told: unknown[] = [];
  for (let minute = T0; minute < T0 + 30; minute++) {
    if (minute < T0 + 10) await receive(minute - 1);
    for (const { severity } of await world.round(minute)) told.push([minute - T0, severity]);
  }
  // The last frame came in minute 8.
  expect(told).toEqual([[14, 'page']]);
});

test('dynos that all sleep are not expected to write; one that is up is', async () => {
  const appId = await world.app('asleep', T0);
  await world.rule(appId, { kind: 'drainSilent' });
  const other = await world.app('awake', T0);
  await world.rule(other, { kind: 'drainSilent' });
  for (const id of [appId, other]) {
    await world.lines(id, T0 - 60, T0 + 1);
    await world.event(id, (T0 - 20) * MINUTE, {
      kind: 'state',
      dyno: 'web.1',
      detail: { from: 'starting', to: 'up' },
    });
    await world.event(id, T0 * MINUTE, { kind: 'state', dyno: 'web.1', detail: { from: 'up', to: 'down' } });
  }
  await world.event(other, T0 * MINUTE, {
    kind: 'state',
    dyno: 'worker.1',
    detail: { from: 'starting', to: 'up' },
  });
  await world.rounds(T0, T0 + 10);
  expect(world.told.map(({ appId: id, severity }) => [id, severity])).toEqual([[other, 'page']]);
});

test('an app that never wrote a line is neither silent nor anything else', async () => {
  const appId = await world.app('never', T0, true);
  expect(await world.rounds(T0, T0 + 10)).toEqual([]);
  const { rows } = await database.pool.query('SELECT count(*) AS rules FROM rules WHERE app_id = $1', [
    appId,
  ]);
  expect(rows[0].rules).toBeGreaterThan(5);
});

test('silence in which lines are known to be lost counts from the loss', async () => {
  const appId = await world.app('lost', T0);
  await world.rule(appId, { kind: 'drainSilent' });
  await world.lines(appId, T0 - 60, T0 + 1);
  await world.loss(appId, { cause: 'down', from: T0 + 1, to: T0 + 4, messages: null });
  expect(await world.rounds(T0, T0 + 12)).toEqual([[T0 + 10, 'page']]);
});

test('a drain that drops lines is told with how many, and incomplete minutes with how many', async () => {
  const appId = await world.app('drops', T0);
  const dropping = await world.rule(appId, {
    kind: 'drainDropping',
    settings: { messages: 100, windowMinutes: 3 },
  });
  const incomplete = await world.rule(appId, {
    kind: 'incompleteData',
    settings: { minutes: 3, windowMinutes: 5 },
  });
  await world.lines(appId, T0 - 60, T0 + 20);
  await world.loss(appId, { cause: 'L10', from: T0, to: T0 + 1, messages: 70 });
  await world.loss(appId, { cause: 'L10', from: T0 + 2, to: T0 + 2, messages: 50 });
  await world.loss(appId, { cause: 'spoolLost', from: T0 + 2, to: T0 + 2, messages: 5000 });
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 12; minute++)
    for (const { subject, severity, evidence } of await world.round(minute))
      heard.push([
        minute - T0,
        subject.kind === 'rule' && subject.ruleId,
        severity,
        evidence.value,
        evidence.key,
      ]);
  expect(heard).toEqual([
    [3, dropping.id, 'ticket', 120, 'L10'],
    [3, incomplete.id, 'info', 3, 'L10, spoolLost'],
    [5, dropping.id, null, 50, 'L10'],
    [6, incomplete.id, null, 2, 'L10, spoolLost'],
  ]);
});

test('add-ons: a share as they tell it or from its parts, hits under a bound, keys evicted; without lines it is held', async () => {
  const appId = await world.app('addons', T0);
  const connections = await world.rule(appId, {
    kind: 'addon',
    settings: { measure: 'connections', value: 0.9, windowMinutes: 1 },
  });
  const hits = await world.rule(appId, {
    kind: 'addon',
    settings: { measure: 'cacheHits', direction: 'under', value: 0.9, windowMinutes: 1 },
  });
  const evicted = await world.rule(appId, {
    kind: 'addon',
    settings: { measure: 'evictions', value: 1, windowMinutes: 1 },
  });
  const lag = await world.rule(appId, {
    kind: 'addon',
    settings: { measure: 'metric', metric: 'follower_lag_commits', value: 500, windowMinutes: 1 },
  });
  await world.lines(appId, T0 - 60, T0 + 30);
  const sample = (key: string, minute: number, value: number) => ({
    appId,
    kind: SERIES_ADDON_METRIC,
    key,
    bucketS: minute * 60,
    values: [value],
  });
  const pg = (metric: string) => `heroku-postgresql\tpostgresql-flat-1\t${metric}`;
  const redis = (metric: string) => `heroku-redis\tredis-round-2\t${metric}`;
  const minutes = Array.from({ length: 4 }, (_, at) => T0 + at);
  await world.samples(
    minutes.flatMap((minute) => [
      sample(pg('active-connections'), minute, minute === T0 + 1 ? 19 : 5),
      sample(pg('max-connections'), minute, 20),
      // An empty database's rate is 0.
      sample(pg('index-cache-hit-rate'), minute, 0),
      sample(pg('table-cache-hit-rate'), minute, minute === T0 + 2 ? 0.5 : 0.99),
      sample(pg('follower-lag-commits'), minute, minute === T0 + 3 ? 900 : 3),
      sample(redis('connection-percentage-used'), minute, minute === T0 + 2 ? 0.95 : 0.1),
      sample(redis('evicted-keys'), minute, minute === T0 + 1 ? 7 : 0),
    ]),
  );
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 20; minute++)
    for (const { subject, severity, evidence, held } of await world.round(minute))
      heard.push([
        minute - T0,
        subject.kind === 'rule' ? [subject.ruleId, subject.key] : 0,
        severity,
        held === null ? evidence.value : held.reason,
      ]);
  expect(heard).toEqual([
    [2, [connections.id, 'postgresql-flat-1'], 'ticket', 95],
    [2, [evicted.id, 'redis-round-2'], 'ticket', 7],
    [3, [connections.id, 'postgresql-flat-1'], null, 25],
    [3, [connections.id, 'redis-round-2'], 'ticket', 95],
    [3, [hits.id, 'postgresql-flat-1'], 'ticket', 50],
    [3, [evicted.id, 'redis-round-2'], null, 0],
    [4, [connections.id, 'redis-round-2'], null, 10],
    [4, [hits.id, 'postgresql-flat-1'], null, 99],
    [4, [lag.id, 'postgresql-flat-1'], 'ticket', 900],
    // Its last line is of T0 + 3; ten minutes later it is without data.
    [14, [lag.id, 'postgresql-flat-1'], 'ticket', 'noData'],
  ]);
});

test('own metrics: counts by the minute, others on average; what is not written is unknown, a count is zero', async () => {
  const appId = await world.app('own', T0);
  const orders = await world.rule(appId, {
    kind: 'custom',
    settings: { metric: 'orders', direction: 'under', value: 1, windowMinutes: 2 },
  });
  const depth = await world.rule(appId, {
    kind: 'custom',
    settings: { metric: 'queue', direction: 'over', value: 100, windowMinutes: 1 },
  });
  await world.lines(appId, T0 - 60, T0 + 20);
  const sample = (key: string, minute: number, values: number[]) => ({
    appId,
    kind: SERIES_CUSTOM,
    key,
    bucketS: minute * 60 + 30,
    values,
  });
  await world.samples([
    sample('count\torders', T0 - 1, [1, 1]),
    sample('count\torders', T0, [1, 1]),
    sample('sample\tqueue', T0, [50, 60]),
    sample('sample\tqueue', T0 + 1, [90, 130]),
  ]);
  const heard: unknown[] = [];
  for (let minute = T0 + 1; minute < T0 + 6; minute++)
    for (const { subject, severity, evidence, held } of await world.round(minute))
      heard.push([
        minute - T0,
        subject.kind === 'rule' && subject.ruleId,
        severity,
        held?.reason ?? evidence.value,
      ]);
  expect(heard).toEqual([
    [2, depth.id, 'ticket', 110],
    [3, orders.id, 'ticket', 0],
    [3, depth.id, 'ticket', 'noData'],
  ]);
});
