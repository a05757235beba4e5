import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SERIES_RELEASE } from '../../model/series.ts';
import { MINUTE } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { clearRuleWorld, RuleWorld } from '../../test/rule-world.ts';

/** Ten in the morning in Berlin, a week after its clocks went back on 25 October. */
const T0 = Math.floor(Date.UTC(2026, 9, 28, 9, 0) / MINUTE);
const WEEK = 7 * 1440;

let database: TestDatabase;
let world: RuleWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = new RuleWorld(database.pool);
  await world.prepare(T0, 44);
});
afterAll(() => database.close());
afterEach(() => clearRuleWorld(world));

/** Minutes from the nearest nine o’clock UTC of T0’s day of the week; below 0: before it. */
const sinceNine = (minute: number): number => ((minute - T0 + 100.5 * WEEK) % WEEK) - WEEK / 2;
const usual = (minute: number): number => 100 + ((minute * 7919) % 11);

const request = (appId: number, minute: number, count: number) => ({
  appId,
  kind: SERIES_RELEASE,
  key: '1',
  bucketS: minute * 60,
  count,
});

/** Requests around the same UTC hour of other weeks, `shift` minutes apart from it. */
async function weeks(appId: number, count: number, { shift = 0, span = 40, of = usual } = {}): Promise<void> {
  const seeds = [];
  for (let week = 1; week <= count; week++) {
    const at = T0 - week * WEEK + shift;
    for (let minute = at - span; minute < at + span; minute++) seeds.push(request(appId, minute, of(minute)));
  }
  await world.counts(seeds, 'count_buckets_1m');
}

async function now(
  appId: number,
  from: number,
  to: number,
  count: (minute: number) => number,
): Promise<void> {
  const minutes = Array.from({ length: to - from }, (_, at) => from + at);
  await world.counts(minutes.map((minute) => request(appId, minute, count(minute))));
}

test('traffic collapse pages: three of four buckets far below the same time of other weeks, the drain alive', async () => {
  const appId = await world.app('collapse', T0 - 20);
  const rule = await world.rule(appId, {
    kind: 'trafficCollapse',
    severity: 'page',
    settings: { zone: 'UTC' },
  });
  await weeks(appId, 4, { span: 100 });
  await world.lines(appId, T0 - 60, T0 + 60);
  await now(appId, T0 - 60, T0, usual);
  await now(appId, T0 + 30, T0 + 60, usual);
  // Nothing from T0 on: buckets of T0, T0 + 5 and T0 + 10, seen by evaluation T0 + 15.
  expect(await world.rounds(T0 - 20, T0 + 31)).toEqual([[T0 + 15, 'page']]);
  expect(world.told[0]?.evidence).toMatchObject({ value: 0, unit: 'per min', what: 'trafficCollapse' });
  expect(world.told[0]?.evidence.threshold).toBeCloseTo(21, 0);
  expect(world.told[0]?.evidence.key).toMatch(/^usual 105 per min, 20 points of the last weeks$/);
  expect(await world.rounds(T0 + 31, T0 + 60)).toEqual([[T0 + 50, null]]);
  expect(await world.states(rule.id)).toEqual([]);
});

test('a drain that is silent is no collapse, and two weeks are no baseline', async () => {
  const silent = await world.app('silent', T0 - 5);
  const young = await world.app('young', T0 - 5);
  for (const id of [silent, young]) {
    await world.rule(id, { kind: 'trafficCollapse', settings: { zone: 'UTC' } });
    await weeks(id, id === silent ? 4 : 2);
    await now(id, T0 - 60, T0, usual);
  }
  await world.lines(silent, T0 - 60, T0);
  await world.lines(young, T0 - 60, T0 + 60);
  expect(await world.rounds(T0 - 5, T0 + 41)).toEqual([]);
});

test('T-10 the same hour of the week is that of the app’s clocks, also across the end of daylight saving', async () => {
  const berlin = await world.app('berlin', T0 - 5);
  const utc = await world.app('utc', T0 - 5);
  for (const [id, zone] of [
    [berlin, 'Europe/Berlin'],
    [utc, 'UTC'],
  ] as const) {
    await world.rule(id, { kind: 'anomaly', settings: { metric: 'requests', zone } });
    await world.lines(id, T0 - 60, T0 + 30);
    // Before the clocks went back, ten in the morning was 8:00 UTC; an hour later it was busier.
    await weeks(id, 4, {
      shift: -30,
      span: 60,
      of: (minute) => (sinceNine(minute) >= -35 ? 300 : usual(minute)),
    });
    await now(id, T0 - 60, T0 + 30, usual);
  }
  await world.rounds(T0 - 5, T0 + 21);
  expect(world.told.map(({ appId, severity }) => [appId, severity])).toEqual([[utc, 'ticket']]);
});

test('incidents, corrections and losses teach nothing', async () => {
  const clean = await world.app('clean', T0 - 5);
  const taught = await world.app('taught', T0 - 5);
  for (const id of [clean, taught]) {
    await world.rule(id, { kind: 'anomaly', settings: { metric: 'requests', zone: 'UTC' } });
    await world.lines(id, T0 - 60, T0 + 30);
    // In three of six weeks the app was down at this hour.
    await weeks(id, 6, { of: (minute) => (T0 - minute > 3.5 * WEEK ? 1 : 100) });
    await now(id, T0 - 60, T0 + 30, () => 60);
  }
  const [first, second] = [T0 - 4 * WEEK, T0 - 5 * WEEK];
  await database.pool.query(
    `INSERT INTO incidents (app_id, subject, subject_kind, title, severity, worst_severity, state, opened_at_ms,
       started_at_ms, resolved_at_ms, changed_at_ms, evidence)
     VALUES ($1, 'slo:1', 'slo', 'x', 'page', 'page', 'resolved', $2, $2, $3, $3, '{}')`,
    [clean, (first - 60) * MINUTE, (first + 60) * MINUTE],
  );
  await world.loss(clean, { cause: 'down', from: second - 60, to: second + 60, messages: null });
  await database.pool.query(
    `INSERT INTO corrections (app_id, from_minute, to_minute, reason, author, created_at_ms)
     VALUES ($1, $2, $3, 'planned', 'x', 0)`,
    [clean, T0 - 6 * WEEK - 60, T0 - 6 * WEEK + 60],
  );
  // 60 a minute against 100 in three weeks and nothing else: unusual. With the bad weeks the scatter hides it.
  await world.rounds(T0 - 5, T0 + 21);
  expect(world.told.map(({ appId, severity }) => [appId, severity])).toEqual([[clean, 'ticket']]);
});

test('p95 is compared with the last days while weeks are not known; the hour after a release is left out', async () => {
  const appId = await world.app('p95', T0 - 20);
  await world.rule(appId, { kind: 'anomaly', settings: { metric: 'p95', direction: 'over', zone: 'UTC' } });
  await world.lines(appId, T0 - 60, T0 + 60);
  const slow = (ms: number) => ({ count: 10, serviceMs: Array<number>(10).fill(ms) });
  for (let day = 1; day <= 5; day++) {
    const at = T0 - day * 1440;
    // Two of the five days were slow: after a release.
    await world.requests(appId, at - 60, at + 60, slow(day <= 2 ? 3000 : 200), 'count_buckets_1m');
    if (day <= 2) await world.event(appId, (at - 45) * MINUTE, { kind: 'release' });
  }
  await world.requests(appId, T0 - 60, T0 - 10, slow(210));
  await world.requests(appId, T0 - 10, T0 + 5, slow(1500));
  await world.requests(appId, T0 + 5, T0 + 60, slow(210));
  expect(await world.rounds(T0 - 20, T0 + 40)).toEqual([
    [T0 + 5, 'ticket'],
    [T0 + 25, null],
  ]);
  expect(world.told[0]?.evidence.key).toMatch(/points of the last days$/);
});

test('R-05 minutes that retention took away are unknown, not minutes without requests', async () => {
  const appId = await world.app('retired', T0 - 20);
  const rule = await world.rule(appId, {
    kind: 'trafficCollapse',
    severity: 'page',
    settings: { zone: 'UTC' },
  });
  const busy = await world.app('busy', T0 - 20);
  await world.rule(busy, {
    kind: 'anomaly',
    settings: { metric: 'requests', direction: 'over', zone: 'UTC' },
  });
  for (const id of [appId, busy]) {
    // Lines are known of every week; requests of a minute of the last seven days alone.
    for (let week = 1; week <= 6; week++)
      await world.lines(id, T0 - week * WEEK - 120, T0 - week * WEEK + 120);
    await world.lines(id, T0 - 60, T0 + 60);
    for (let day = 1; day <= 6; day++) {
      const at = T0 - day * 1440;
      await world.requests(id, at - 100, at + 100, { count: 100 }, 'count_buckets_1m');
    }
    await now(id, T0 - 60, T0, () => 100);
  }
  await now(busy, T0, T0 + 30, () => 100);
  const retired = (minute: number) =>
    database.pool.query("UPDATE retired SET before_s = $1 WHERE table_name = 'count_buckets_1m'", [
      minute * 60,
    ]);
  // A late row of a minute that is gone is no count of its bucket.
  await world.requests(appId, T0 - 2 * WEEK, T0 - 2 * WEEK + 1, { count: 1 }, 'count_buckets_1m');
  await retired(T0 - WEEK + 1440);
  try {
    expect(await world.rounds(T0 - 20, T0 + 21)).toEqual([[T0 + 15, 'page']]);
    expect(world.told[0]).toMatchObject({ appId, subject: { ruleId: rule.id } });
    expect(world.told[0]?.evidence.key).toMatch(/^usual 100 per min, \d+ points of the last days$/);
  } finally {
    await retired(0);
  }
});

test('memory and load are compared by process type', async () => {
  const appId = await world.app('types', T0 - 5);
  await world.rule(appId, { kind: 'anomaly', settings: { metric: 'load', direction: 'over', zone: 'UTC' } });
  await world.lines(appId, T0 - 60, T0 + 30);
  for (const dyno of ['web.1', 'worker.1']) {
    for (let week = 1; week <= 3; week++) {
      const at = T0 - week * WEEK;
      const span = { from: at - 40, to: at + 40, value: () => 1, table: 'sample_buckets_1m' };
      await world.dyno(appId, [dyno, 'load_avg_1m'], span);
    }
    const value = (minute: number) => (dyno === 'worker.1' && minute >= T0 ? 6 : 1);
    await world.dyno(appId, [dyno, 'load_avg_1m'], { from: T0 - 60, to: T0 + 30, value });
  }
  await world.rounds(T0 - 5, T0 + 21);
  expect(world.told.map(({ minute, subject }) => [minute, subject])).toEqual([
    [T0 + 15, expect.objectContaining({ key: 'worker' })],
  ]);
});
