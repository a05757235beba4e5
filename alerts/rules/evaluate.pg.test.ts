import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { RULE_DEFAULTS } from '../../model/rule-defaults.ts';
import { SERIES_DYNO_METRIC } from '../../model/series.ts';
import { MINUTE } from '../../model/time.ts';
import { removeApp } from '../../store/apps.ts';
import { withTransaction } from '../../store/pool.ts';
import { ensureProbeApp } from '../../store/probe.ts';
import { claimRounds } from '../../store/rule-rounds.ts';
import { listRules, removeRule, updateRule } from '../../store/rules.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { clearRuleWorld, RuleWorld } from '../../test/rule-world.ts';

const T0 = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);
const SHARE = { kind: 'failedShare', settings: { ratio: 0.1, windowMinutes: 1 } } as const;

let database: TestDatabase;
let world: RuleWorld;
beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  world = new RuleWorld(database.pool);
  await world.prepare(T0, 3);
});
afterAll(() => database.close());
afterEach(() => clearRuleWorld(world));

async function failing(name: string, from: number, to: number): Promise<{ appId: number }> {
  const appId = await world.app(name, T0);
  await world.lines(appId, T0 - 60, T0 + 60);
  await world.requests(appId, T0 - 10, from, { count: 100 });
  await world.requests(appId, from, to, { count: 100, bad: 50 });
  await world.requests(appId, to, T0 + 60, { count: 100 });
  return { appId };
}

test('every app is given the defaults once, those of before too; what people delete stays deleted', async () => {
  const old = await world.app('old', T0, true);
  await database.pool.query('DELETE FROM rule_rounds');
  await Promise.all([world.round(T0), world.round(T0), world.round(T0)]);
  const rules = await listRules(database.pool, [old]);
  expect(new Set(rules.map((rule) => rule.defaultKey))).toEqual(new Set(RULE_DEFAULTS.map(({ key }) => key)));
  expect(rules.every((rule) => rule.isDefault && rule.isOn)).toBe(true);
  const pages = rules.filter((rule) => rule.severity === 'page').map((rule) => rule.kind);
  expect(pages.sort()).toEqual(['drainSilent', 'trafficCollapse']);
  const [first] = rules;
  if (first === undefined) throw new Error('no rules');
  await removeRule(database.pool, { appId: old, publicId: first.publicId, nowMs: 1 });
  await world.round(T0 + 1);
  expect(await listRules(database.pool, [old])).toHaveLength(rules.length - 1);
});

test('A-22 our own probe is given no rules: nobody is called by it but through the watchman', async () => {
  const { appId } = await ensureProbeApp(database.pool, 'a key of the instance', 1);
  await world.round(T0);
  expect(await listRules(database.pool, [appId])).toEqual([]);
});

test('A-09 any number of workers at once tell each change once', async () => {
  const { appId } = await failing('many', T0 + 2, T0 + 5);
  await world.rule(appId, SHARE);
  for (let minute = T0; minute < T0 + 8; minute++)
    await Promise.all([world.round(minute), world.round(minute), world.round(minute)]);
  expect(world.told.map(({ minute, severity }) => [minute, severity])).toEqual([
    [T0 + 3, 'ticket'],
    [T0 + 6, null],
  ]);
});

test('K-09 a worker that dies before its commit leaves nothing; the next one tells it once', async () => {
  const { appId } = await failing('dies', T0 + 2, T0 + 9);
  const rule = await world.rule(appId, SHARE);
  await world.rounds(T0, T0 + 3);
  const dead = await world.roundResult(T0 + 3, () => Promise.reject(new Error('killed')));
  expect(dead).toMatchObject({ failed: 1, told: 0 });
  expect(await world.states(rule.id)).toEqual([]);
  expect(await world.transitions(rule.id)).toEqual([]);
  expect((await world.round(T0 + 3)).map(({ severity }) => severity)).toEqual(['ticket']);
  expect(await world.round(T0 + 3)).toEqual([]);
});

test('one app whose incidents cannot be written does not keep the others', async () => {
  const broken = await failing('broken', T0 + 1, T0 + 9);
  const sound = await failing('sound', T0 + 1, T0 + 9);
  await world.rule(broken.appId, SHARE);
  await world.rule(sound.appId, SHARE);
  await world.round(T0);
  const result = await world.roundResult(T0 + 2, async (_client, changes) => {
    if (changes.some(({ appId }) => appId === broken.appId)) throw new Error('no incident for you');
  });
  expect(result).toMatchObject({ failed: 1, told: 1 });
  expect(world.told.map(({ appId }) => appId)).toEqual([sound.appId]);
});

test('a database that goes away in the middle is nobody’s fault: the round ends at once, and the next one does it', async () => {
  const { appId } = await failing('away', T0 + 1, T0 + 9);
  await failing('other', T0 + 1, T0 + 9);
  await world.rule(appId, SHARE);
  await world.round(T0);
  const lost = new Error('connection lost');
  const query = database.pool.query.bind(database.pool);
  const round = world.roundResult(T0 + 2, () => {
    database.pool.query = () => Promise.reject(lost);
    throw lost;
  });
  await expect(round).rejects.toBe(lost);
  database.pool.query = query;
  expect((await world.round(T0 + 2)).map(({ severity }) => severity)).toEqual(['ticket']);
});

test('what another worker has claimed is left to it', async () => {
  await failing('claimed', T0, T0 + 9);
  await withTransaction(database.pool, async (client) => {
    const claim = { minute: T0 + 3, limit: 10, only: null, leaveOut: [] };
    expect(await claimRounds(client, claim)).toHaveLength(1);
    expect((await world.roundResult(T0 + 3)).apps).toBe(0);
  });
  expect((await world.roundResult(T0 + 3)).apps).toBe(1);
});

test('missed minutes are walked in order and only the net state is told; what is over is listed', async () => {
  const { appId } = await failing('late', T0 + 2, T0 + 5);
  await world.requests(appId, T0 + 20, T0 + 40, { count: 100, bad: 100 });
  const rule = await world.rule(appId, SHARE);
  const other = await world.rule(appId, {
    kind: 'requestRate',
    settings: { direction: 'over', perMinute: 150 },
  });
  const changes = await world.round(T0 + 30);
  expect(
    changes.map(({ subject, severity }) => [subject.kind === 'rule' && subject.ruleId, severity]),
  ).toEqual([
    [rule.id, 'ticket'],
    [other.id, 'ticket'],
  ]);
  expect(changes[0]).toMatchObject({
    minute: T0 + 21,
    detectedLateMs: 9 * MINUTE + 45_000,
    overBeforeTold: false,
  });
  // What fired from T0 + 3 to T0 + 6 is on the record, not told.
  expect((await world.transitions(rule.id)).map((text) => text.slice(text.indexOf('  ') + 2))).toEqual([
    'ok firing threshold',
    'firing ok recovered',
    'ok firing threshold',
  ]);
  await world.round(T0 + 39);
  world.told.length = 0;
  expect(
    (await world.round(T0 + 50)).map(({ severity, overBeforeTold }) => [severity, overBeforeTold]),
  ).toEqual([
    [null, false],
    [null, false],
  ]);
});

test('what fired and ended while nobody could evaluate is handed over as such, never as firing', async () => {
  const { appId } = await failing('over', T0 + 2, T0 + 5);
  const rule = await world.rule(appId, SHARE);
  const changes = await world.round(T0 + 30);
  expect(changes).toHaveLength(1);
  expect(changes[0]).toMatchObject({
    overBeforeTold: true,
    severity: 'ticket',
    minute: T0 + 3,
    subject: { ruleId: rule.id },
  });
  expect(await world.states(rule.id)).toEqual([]);
});

test('caught up at once or minute by minute, what stands at the end is the same', async () => {
  const [one, two] = [await failing('once', T0 + 2, T0 + 25), await failing('each', T0 + 2, T0 + 25)];
  const rules = [await world.rule(one.appId, SHARE), await world.rule(two.appId, SHARE)];
  await database.pool.query('UPDATE rule_rounds SET next_minute = 2000000000 WHERE app_id = $1', [one.appId]);
  await world.rounds(T0, T0 + 20);
  await database.pool.query('UPDATE rule_rounds SET next_minute = $2 WHERE app_id = $1', [one.appId, T0]);
  await world.round(T0 + 20);
  const { rows } = await database.pool.query(
    `SELECT state, since_minute, false_since_minute, told_severity FROM rule_states WHERE rule_id = ANY ($1)`,
    [rules.map(({ id }) => id)],
  );
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual(rows[1]);
  expect(await world.transitions(rules[0]?.id ?? 0)).toEqual(await world.transitions(rules[1]?.id ?? 0));
});

test('A-18 a rule edited while it fires is told once; A-19 deleted or switched off, it is resolved once', async () => {
  const { appId } = await failing('edited', T0, T0 + 30);
  const rule = await world.rule(appId, SHARE);
  const off = await world.rule(appId, SHARE);
  await world.rounds(T0, T0 + 3);
  world.told.length = 0;
  const edit = { appId, author: 'x', nowMs: 1 };
  await updateRule(database.pool, { ...edit, publicId: rule.publicId, draft: { ...rule, severity: 'page' } });
  expect((await world.round(T0 + 3)).map(({ severity, reason }) => [severity, reason])).toEqual([
    ['page', 'ruleChanged'],
  ]);
  expect(await world.round(T0 + 4)).toEqual([]);
  await removeRule(database.pool, { appId, publicId: rule.publicId, nowMs: 2 });
  await updateRule(database.pool, { ...edit, publicId: off.publicId, draft: { ...off, isOn: false } });
  expect((await world.round(T0 + 5)).map(({ severity, reason }) => [severity, reason])).toEqual([
    [null, 'removed'],
    [null, 'ruleChanged'],
  ]);
  expect(await world.round(T0 + 6)).toEqual([]);
});

test('an app that is removed has what fires resolved, and is not evaluated any more', async () => {
  const { appId } = await failing('gone', T0, T0 + 30);
  await world.rule(appId, SHARE);
  await world.rounds(T0, T0 + 3);
  await removeApp(database.pool, appId, T0 * MINUTE);
  expect((await world.round(T0 + 3)).map(({ severity, reason }) => [severity, reason])).toEqual([
    [null, 'removed'],
  ]);
  expect((await world.roundResult(T0 + 9)).apps).toBe(0);
});

test('T-06 a clock that ran an hour ahead and is set back stops nothing and tells nothing twice', async () => {
  const { appId } = await failing('clock', T0 + 2, T0 + 8);
  await world.rule(appId, SHARE);
  await world.rounds(T0, T0 + 5);
  await database.pool.query('UPDATE rule_rounds SET next_minute = next_minute + 60');
  await database.pool.query(
    'UPDATE rule_states SET since_minute = since_minute + 60, seen_minute = seen_minute + 60',
  );
  expect(await world.rounds(T0 + 5, T0 + 12)).toEqual([[T0 + 9, null]]);
});

test('C-03 a rule follows no more things than its bound, however many and long an app makes them up', async () => {
  const appId = await world.app('keys', T0);
  const rule = await world.rule(appId, { kind: 'load', settings: { load: 1, windowMinutes: 1 } });
  await world.lines(appId, T0 - 60, T0 + 5);
  await world.samples(
    Array.from({ length: 400 }, (_, at) => ({
      appId,
      kind: SERIES_DYNO_METRIC,
      key: `${at === 0 ? 'x'.repeat(300) : `type${at}`}.1\tload_avg_1m`,
      bucketS: T0 * 60,
      values: [9],
    })),
  );
  await world.round(T0 + 1);
  expect(await world.states(rule.id)).toHaveLength(50);
});

test('the number of statements of a round does not grow with its apps', async () => {
  const count = async (apps: number): Promise<number> => {
    await clearRuleWorld(world);
    for (let at = 0; at < apps; at++) {
      const appId = await world.app(`app-${apps}-${at}`, T0, true);
      await world.lines(appId, T0 - 10, T0 + 5);
      await world.rule(appId, SHARE);
      await world.rule(appId, { kind: 'memory' });
    }
    await world.round(T0);
    let statements = 0;
    const counting = (client: { query: unknown }): void => {
      const query = client.query as (...args: unknown[]) => unknown;
      Object.assign(client, {
        query: (...args: unknown[]) => {
          statements++;
          return query.apply(client, args);
        },
      });
    };
    const clients = new Set<unknown>();
    const listener = (client: { query: unknown }): void => {
      if (clients.has(client)) return;
      clients.add(client);
      counting(client);
    };
    database.pool.on('acquire', listener as never);
    await world.round(T0 + 5);
    database.pool.off('acquire', listener as never);
    // Connections go back as they were.
    for (const client of clients) delete (client as { query?: unknown }).query;
    return statements;
  };
  const [few, many] = [await count(2), await count(40)];
  expect(few).toBeGreaterThan(10);
  expect(many).toBeLessThanOrEqual(few + 2);
  expect(many).toBeLessThan(60);
});
