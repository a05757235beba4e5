import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { clearRuleWorld, RuleWorld } from '../../test/rule-world.ts';

const T0 = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);
const MB = 2 ** 20;

let database: TestDatabase;
let world: RuleWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = new RuleWorld(database.pool);
  await world.prepare(T0);
});
afterAll(() => database.close());
afterEach(() => clearRuleWorld(world));

test('memory: the worst dyno of a type fires for the type and is named; a type that was scaled away is over', async () => {
  const appId = await world.app('memory', T0);
  const rule = await world.rule(appId, { kind: 'memory', settings: { ratio: 0.9, windowMinutes: 1 } });
  await world.lines(appId, T0 - 60, T0 + 60);
  const fill = (dyno: string, to: number, mb: number) =>
    Promise.all([
      world.dyno(appId, [dyno, 'memory_total'], { from: T0 - 5, to, value: () => mb * MB }),
      world.dyno(appId, [dyno, 'memory_quota'], { from: T0 - 5, to, value: () => 512 * MB }),
    ]);
  await fill('web.1', T0 + 60, 100);
  await fill('web.2', T0 + 60, 300);
  await fill('worker.1', T0 + 3, 500);
  expect(await world.rounds(T0, T0 + 1)).toEqual([[T0, 'ticket']]);
  const [fired] = world.told;
  expect(fired?.subject).toEqual({ kind: 'rule', ruleId: rule.id, key: 'worker' });
  expect(fired?.evidence).toMatchObject({ key: 'worker.1', value: 97.6563, threshold: 90, unit: '%' });
  // Its samples end with T0 + 2: held as long as it may come back, then gone.
  expect(await world.rounds(T0 + 1, T0 + 5)).toEqual([[T0 + 4, 'ticket']]);
  expect(world.told.at(-1)?.held?.reason).toBe('noData');
  expect(await world.rounds(T0 + 5, T0 + 40)).toEqual([[T0 + 33, null]]);
});

test('swap and load are each their own: for a time, of the types that are watched', async () => {
  const appId = await world.app('swap', T0);
  const swap = await world.rule(appId, {
    kind: 'swap',
    forMinutes: 2,
    settings: { mb: 50, processTypes: ['web'], windowMinutes: 1 },
  });
  const load = await world.rule(appId, { kind: 'load', settings: { load: 4, windowMinutes: 2 } });
  await world.lines(appId, T0 - 60, T0 + 10);
  await world.dyno(appId, ['web.1', 'memory_swap'], {
    from: T0 - 5,
    to: T0 + 10,
    value: (minute) => (minute >= T0 && minute < T0 + 5 ? 60 : 0) * MB,
  });
  await world.dyno(appId, ['worker.1', 'memory_swap'], { from: T0 - 5, to: T0 + 10, value: () => 900 * MB });
  await world.dyno(appId, ['web.1', 'load_avg_1m'], {
    from: T0 - 5,
    to: T0 + 10,
    value: (minute) => (minute === T0 + 2 ? 8 : 1),
  });
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 10; minute++)
    for (const { subject, severity } of await world.round(minute))
      heard.push([minute, subject.kind === 'rule' ? subject.ruleId : 0, severity]);
  expect(heard).toEqual([
    [T0 + 3, swap.id, 'ticket'],
    [T0 + 3, load.id, 'ticket'],
    [T0 + 5, load.id, null],
    [T0 + 6, swap.id, null],
  ]);
});

test('crashes count by type; restarts leave out the daily cycle and what a release asked for', async () => {
  const appId = await world.app('lives', T0);
  const crashes = await world.rule(appId, { kind: 'crashes', settings: { count: 3, windowMinutes: 5 } });
  const restarts = await world.rule(appId, { kind: 'restarts', settings: { count: 2, windowMinutes: 5 } });
  await world.lines(appId, T0 - 60, T0 + 20);
  const state = (minute: number, dyno: string, from: string, to: string) =>
    world.event(appId, minute * MINUTE + 5 * SECOND, { kind: 'state', dyno, detail: { from, to } });
  for (const minute of [T0, T0 + 1, T0 + 2]) await state(minute, 'web.2', 'up', 'crashed');
  await state(T0 + 2, 'worker.1', 'up', 'crashed');
  // The cycle of the day, a release's restarts, a new dyno; then two unasked.
  await world.event(appId, (T0 + 4) * MINUTE, { kind: 'cycling', dyno: 'web.1' });
  await state(T0 + 4, 'web.1', 'up', 'starting');
  await world.event(appId, (T0 + 5) * MINUTE, { kind: 'release' });
  await state(T0 + 6, 'web.1', 'up', 'starting');
  await state(T0 + 7, 'web.2', 'up', 'starting');
  await state(T0 + 11, 'web.9', 'provisioning', 'starting');
  await state(T0 + 12, 'web.1', 'up', 'starting');
  await state(T0 + 13, 'web.2', 'crashed', 'starting');
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 20; minute++)
    for (const { subject, severity, evidence } of await world.round(minute))
      heard.push([
        minute,
        subject.kind === 'rule' ? [subject.ruleId, subject.key] : 0,
        severity,
        evidence.value,
      ]);
  expect(heard).toEqual([
    [T0 + 3, [crashes.id, 'web'], 'ticket', 3],
    [T0 + 6, [crashes.id, 'web'], null, 2],
    [T0 + 14, [restarts.id, 'web'], 'ticket', 2],
    [T0 + 18, [restarts.id, 'web'], null, 1],
  ]);
});

test('R14 fires when it lasts, R15 at once; silence holds what fires', async () => {
  const appId = await world.app('quota', T0);
  const rule = await world.rule(appId, { kind: 'memoryCode', settings: { minMinutes: 5 } });
  await world.lines(appId, T0 - 60, T0 + 12);
  await world.event(appId, (T0 - 6) * MINUTE, {
    kind: 'code',
    dyno: 'web.1',
    code: 'R14',
    untilMs: (T0 + 3) * MINUTE,
  });
  await world.event(appId, (T0 + 1) * MINUTE, { kind: 'code', dyno: 'worker.1', code: 'R14' });
  await world.event(appId, (T0 + 8) * MINUTE, { kind: 'code', dyno: 'worker.1', code: 'R15' });
  const heard: unknown[] = [];
  for (let minute = T0; minute < T0 + 22; minute++)
    for (const { subject, severity, held, evidence } of await world.round(minute))
      heard.push([minute - T0, subject.kind === 'rule' && subject.key, severity, held?.reason, evidence.key]);
  expect(heard).toEqual([
    [0, 'web', 'ticket', undefined, 'web.1 R14'],
    [6, 'web', null, undefined, 'web'],
    [9, 'worker', 'ticket', undefined, 'worker.1 R15'],
    // Its last line was in T0 + 11.
    [13, 'worker', 'ticket', 'noData', 'worker.1 R15'],
  ]);
  expect(await world.states(rule.id)).toEqual([{ key: 'worker', state: 'firing', held: 'noData' }]);
});

test('a failed release phase is told with its exit, and over with the next that succeeds', async () => {
  const appId = await world.app('phase', T0);
  await world.rule(appId, { kind: 'releasePhaseFailed', settings: { clearAfterMinutes: 10 } });
  await world.lines(appId, T0 - 60, T0 + 40);
  const exit = (minute: number, dyno: string, exitStatus: number) =>
    world.event(appId, minute * MINUTE, { kind: 'exit', dyno, detail: { exitStatus } });
  await exit(T0, 'run.1234', 1);
  await exit(T0 + 2, 'release.4410', 1);
  await exit(T0 + 5, 'release.4411', 0);
  await exit(T0 + 8, 'release.4412', 137);
  expect(await world.rounds(T0, T0 + 25)).toEqual([
    [T0 + 3, 'ticket'],
    [T0 + 6, null],
    [T0 + 9, 'ticket'],
    [T0 + 19, null],
  ]);
  expect(world.told[2]?.evidence).toMatchObject({ key: 'release.4412 exit 137', value: 137 });
});

test('a leak that reaches the quota before the daily restart fires, one that is too slow does not', async () => {
  const appId = await world.app('leak', T0);
  const rule = await world.rule(appId, { kind: 'memoryLeak' });
  await world.lines(appId, T0 - 60, T0 + 60);
  const grows = async (dyno: string, perHourMb: number) => {
    const started = T0 - 6 * 60;
    await world.event(appId, started * MINUTE, {
      kind: 'state',
      dyno,
      detail: { from: 'starting', to: 'up' },
    });
    const span = { from: started, to: T0 + 30, table: 'sample_buckets_1m' };
    await world.dyno(appId, [dyno, 'memory_quota'], { ...span, value: () => 512 * MB });
    await world.dyno(appId, [dyno, 'memory_total'], {
      ...span,
      value: (minute) => (200 + ((minute - started) * perHourMb) / 60 + (minute % 7)) * MB,
    });
  };
  // 200 MB, 36 MB/h: full in under 9 h of its 24; 5 MB/h: in 62 h.
  await grows('web.2', 36);
  await grows('worker.1', 5);
  const heard = await world.rounds(T0, T0 + 20);
  expect(heard).toHaveLength(1);
  expect(world.told[0]).toMatchObject({ severity: 'ticket', subject: { ruleId: rule.id, key: 'web' } });
  expect(world.told[0]?.evidence.value).toBeCloseTo(36, 0);
  expect(world.told[0]?.evidence.key).toMatch(
    /^web\.2 reaches 512 MB in \d+ (h|min), daily restart in 18 h$/,
  );
  // Started anew, what leaked is gone.
  await world.event(appId, (T0 + 20) * MINUTE, {
    kind: 'state',
    dyno: 'web.2',
    detail: { from: 'starting', to: 'up' },
  });
  const after = await world.rounds(T0 + 20, T0 + 42);
  expect(after.map(([, severity]) => severity)).toEqual([null]);
});
