import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SERIES_CODE } from '../../model/series.ts';
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

test('A-15 failed requests fire at their share; a loss in the window ends nothing until it has left it', async () => {
  const appId = await world.app('share', T0);
  const rule = await world.rule(appId, { kind: 'failedShare', settings: { ratio: 0.1, windowMinutes: 2 } });
  await world.lines(appId, T0 - 60, T0 + 12);
  await world.requests(appId, T0 - 10, T0 + 2, { count: 100, bad: 1 });
  await world.requests(appId, T0 + 2, T0 + 4, { count: 100, bad: 30 });
  await world.requests(appId, T0 + 4, T0 + 12, { count: 100 });
  await world.loss(appId, { cause: 'L10', from: T0 + 5, to: T0 + 5, messages: 9 });
  // A minute of 30 in 100 beside one of 1 in 100 is 15.5 %; evaluation n sees minutes up to n − 1.
  expect(await world.rounds(T0, T0 + 6)).toEqual([[T0 + 3, 'ticket']]);
  expect(world.told[0]?.evidence).toMatchObject({
    value: 15.5,
    threshold: 10,
    unit: '%',
    what: 'failedShare',
  });
  expect(world.told[0]?.evidence.windows).toEqual([{ minutes: 2, bad: 31, events: 200, burn: 0 }]);
  const [held] = await world.round(T0 + 6);
  expect(held).toMatchObject({ severity: 'ticket', held: { reason: 'gap' }, reason: 'held' });
  expect(await world.rounds(T0 + 7, T0 + 8)).toEqual([]);
  expect(await world.rounds(T0 + 8, T0 + 12)).toEqual([[T0 + 8, null]]);
  expect(await world.states(rule.id)).toEqual([]);
  expect(await world.transitions(rule.id)).toEqual([
    `${T0 + 3}  ok firing threshold`,
    `${T0 + 6}  firing firing held`,
    `${T0 + 8}  firing ok recovered`,
  ]);
});

test('a share of few requests says nothing, and requests that do not count are left out', async () => {
  const appId = await world.app('few', T0);
  await world.rule(appId, {
    kind: 'failedShare',
    settings: { ratio: 0.5, minRequests: 20, windowMinutes: 1 },
  });
  await world.lines(appId, T0 - 60, T0 + 4);
  await world.requests(appId, T0, T0 + 1, { count: 19, bad: 19 });
  await world.requests(appId, T0 + 1, T0 + 2, { count: 50, bad: 20, excluded: 5 });
  await world.requests(appId, T0 + 2, T0 + 3, { count: 50, bad: 20, excluded: 10 });
  expect(await world.rounds(T0, T0 + 4)).toEqual([[T0 + 3, 'ticket']]);
});

test('a code fires by its rate and each code for itself; the alert of one ends while the other goes on', async () => {
  const appId = await world.app('codes', T0);
  const rule = await world.rule(appId, {
    kind: 'codeRate',
    settings: { codes: ['H12', 'R14'], perMinute: 10, windowMinutes: 2 },
  });
  await world.lines(appId, T0 - 60, T0 + 10);
  const code = (key: string, minute: number, count: number) => ({
    appId,
    kind: SERIES_CODE,
    key,
    bucketS: minute * 60 + 20,
    count,
  });
  await world.counts([
    code('H12', T0, 12),
    code('H12', T0 + 1, 8),
    code('H10', T0, 500),
    code('R14', T0 + 3, 30),
  ]);
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 8; minute++)
    for (const { subject, severity } of await world.round(minute)) heard.push([minute, subject, severity]);
  const of = (key: string) => ({ kind: 'rule', ruleId: rule.id, key });
  expect(heard).toEqual([
    [T0 + 2, of('H12'), 'ticket'],
    [T0 + 3, of('H12'), null],
    [T0 + 4, of('R14'), 'ticket'],
    [T0 + 6, of('R14'), null],
  ]);
});

test('response time: p95 over its window, of enough requests', async () => {
  const appId = await world.app('slow', T0);
  await world.rule(appId, {
    kind: 'latency',
    settings: { quantile: 'p95', ms: 1000, minRequests: 10, windowMinutes: 1 },
  });
  await world.lines(appId, T0 - 60, T0 + 6);
  const minute = (slow: number, all: number) => ({
    count: all,
    serviceMs: [...Array<number>(all - slow).fill(80), ...Array<number>(slow).fill(2000)],
  });
  await world.requests(appId, T0, T0 + 1, minute(0, 40));
  await world.requests(appId, T0 + 1, T0 + 2, minute(1, 40));
  await world.requests(appId, T0 + 2, T0 + 3, minute(9, 9));
  await world.requests(appId, T0 + 3, T0 + 4, minute(4, 40));
  await world.requests(appId, T0 + 4, T0 + 5, minute(0, 40));
  expect(await world.rounds(T0, T0 + 6)).toEqual([
    [T0 + 4, 'ticket'],
    [T0 + 5, null],
  ]);
  const value = world.told[0]?.evidence.value ?? 0;
  expect(Math.abs(value - 2000)).toBeLessThan(2000 * 0.025);
});

test('too few requests: a silent drain is no zero, and neither is a hole; a live drain without any is', async () => {
  const appId = await world.app('quiet', T0);
  const rule = await world.rule(appId, {
    kind: 'requestRate',
    settings: { direction: 'under', perMinute: 1, windowMinutes: 1 },
  });
  await world.lines(appId, T0 - 60, T0 + 2);
  await world.requests(appId, T0 - 10, T0 + 1, { count: 20 });
  expect(await world.rounds(T0, T0 + 2)).toEqual([]);
  expect(await world.rounds(T0 + 2, T0 + 3)).toEqual([[T0 + 2, 'ticket']]);
  // Not a line from here: what fires is held at once, long before the drain is called silent.
  expect(await world.rounds(T0 + 3, T0 + 10)).toEqual([[T0 + 3, 'ticket']]);
  expect(world.told.at(-1)?.held?.reason).toBe('noData');
  expect(await world.states(rule.id)).toEqual([{ key: '', state: 'firing', held: 'noData' }]);
  await world.lines(appId, T0 + 10, T0 + 12);
  await world.requests(appId, T0 + 10, T0 + 12, { count: 20 });
  expect(await world.rounds(T0 + 11, T0 + 12)).toEqual([[T0 + 11, null]]);
});

test('what no data does is the rule’s to say: it alerts, or all is well', async () => {
  const appId = await world.app('choice', T0);
  const settings = { direction: 'over', perMinute: 1000, windowMinutes: 1 };
  const alerting = await world.rule(appId, { kind: 'requestRate', onNoData: 'alert', settings });
  await world.rule(appId, {
    kind: 'requestRate',
    onNoData: 'ok',
    settings: { ...settings, direction: 'under', perMinute: 5 },
  });
  await world.lines(appId, T0 - 60, T0 + 2);
  await world.requests(appId, T0 - 10, T0 + 2, { count: 2 });
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 9; minute++) {
    for (const { subject, severity } of await world.round(minute))
      heard.push([minute, subject.kind === 'rule' && subject.ruleId === alerting.id, severity]);
  }
  expect(heard).toEqual([
    [T0, false, 'ticket'],
    // A pause holds whatever the rule says; only a silence is no data.
    [T0 + 3, false, 'ticket'],
    [T0 + 7, true, 'ticket'],
    [T0 + 7, false, null],
  ]);
});

test('lines on their way hold: what is not counted yet is neither zero nor over', async () => {
  const appId = await world.app('behind', T0);
  await world.rule(appId, {
    kind: 'requestRate',
    settings: { direction: 'under', perMinute: 1, windowMinutes: 1 },
  });
  await world.lines(appId, T0 - 60, T0 + 4);
  await database.pool.query(
    'INSERT INTO minute_deltas (app_id, slo_version_id, minute, events, bad) VALUES ($1, 0, $2, 1, 0)',
    [appId, T0 - 1],
  );
  expect(await world.rounds(T0, T0 + 3)).toEqual([]);
  await database.pool.query('DELETE FROM minute_deltas');
  expect(await world.rounds(T0 + 3, T0 + 4)).toEqual([[T0 + 3, 'ticket']]);
});
