import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../model/log.ts';
import { MINUTE } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { clearRuleWorld, RuleWorld } from '../../test/rule-world.ts';
import { applyAlertChanges } from '../incident.ts';
import { evaluateRules } from './evaluate.ts';

const T0 = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);

let database: TestDatabase;
let world: RuleWorld;
beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  world = new RuleWorld(database.pool);
  await world.prepare(T0);
});
afterAll(() => database.close());
afterEach(() => clearRuleWorld(world));

/** Rounds of two workers at once, told to incidents as in the product. */
async function rounds(from: number, to: number): Promise<void> {
  for (let minute = from; minute < to; minute++) {
    const options = { nowMs: RuleWorld.atMs(minute), log: silentLog, tell: applyAlertChanges };
    const results = await Promise.all([
      evaluateRules(database.pool, options),
      evaluateRules(database.pool, options),
    ]);
    expect(results.map(({ failed }) => failed)).toEqual([0, 0]);
  }
}

async function incidents() {
  const { rows } = await database.pool.query(
    `SELECT i.state, i.severity, i.held_reason, i.key, r.kind,
       (i.opened_at_ms / ${MINUTE})::int - $1 AS opened, (i.resolved_at_ms / ${MINUTE})::int - $1 AS resolved
     FROM incidents i JOIN rules r ON r.id = i.rule_id ORDER BY i.number`,
    [T0],
  );
  return rows;
}

test('A-14 of a drain that falls silent one incident is opened; what fired before is held, and both end with the data', async () => {
  const appId = await world.app('shop', T0);
  await world.rule(appId, { kind: 'drainSilent' });
  await world.rule(appId, { kind: 'failedShare', settings: { ratio: 0.1, windowMinutes: 1 } });
  await world.lines(appId, T0 - 60, T0 + 3);
  await world.requests(appId, T0 - 10, T0 + 3, { count: 100, bad: 50 });
  await rounds(T0, T0 + 8);
  // Its last line is of T0 + 2: from there on nobody knows, and from T0 + 8 on that is an alert of its own.
  expect(await incidents()).toMatchObject([
    { kind: 'failedShare', state: 'open', severity: 'ticket', opened: 0, held_reason: 'noData' },
  ]);
  await rounds(T0 + 8, T0 + 12);
  expect(await incidents()).toMatchObject([
    { kind: 'failedShare', state: 'open', held_reason: 'noData' },
    { kind: 'drainSilent', state: 'open', severity: 'page', opened: 8 },
  ]);
  await world.lines(appId, T0 + 12, T0 + 20);
  await world.requests(appId, T0 + 12, T0 + 20, { count: 100 });
  await rounds(T0 + 12, T0 + 20);
  expect(await incidents()).toMatchObject([
    { kind: 'failedShare', state: 'resolved', resolved: 13, held_reason: null },
    { kind: 'drainSilent', state: 'resolved', resolved: 13 },
  ]);
});

test('A-15 a gap inside the window: what fires stays open, marked incomplete, until the gap has left it', async () => {
  const appId = await world.app('gap', T0);
  await world.rule(appId, { kind: 'failedShare', settings: { ratio: 0.1, windowMinutes: 2 } });
  await world.lines(appId, T0 - 60, T0 + 10);
  await world.requests(appId, T0 - 5, T0 + 1, { count: 100, bad: 50 });
  await world.requests(appId, T0 + 1, T0 + 10, { count: 100 });
  await world.loss(appId, { cause: 'L10', from: T0 + 2, to: T0 + 2, messages: 40 });
  await rounds(T0, T0 + 4);
  expect(await incidents()).toMatchObject([{ state: 'open', held_reason: 'gap', resolved: null }]);
  await rounds(T0 + 4, T0 + 6);
  expect(await incidents()).toMatchObject([{ state: 'resolved', held_reason: null, resolved: 5 }]);
});

test('a rule that is deleted while it fires resolves its incident once, and two workers change nothing about it', async () => {
  const appId = await world.app('deleted', T0);
  const rule = await world.rule(appId, { kind: 'failedShare', settings: { ratio: 0.1, windowMinutes: 1 } });
  await world.lines(appId, T0 - 60, T0 + 10);
  await world.requests(appId, T0 - 5, T0 + 10, { count: 100, bad: 50 });
  await rounds(T0, T0 + 3);
  await database.pool.query('UPDATE rules SET removed_at_ms = 1 WHERE id = $1', [rule.id]);
  await rounds(T0 + 3, T0 + 6);
  expect(await incidents()).toMatchObject([{ state: 'resolved', resolved: 3 }]);
  const { rows } = await database.pool.query('SELECT kind FROM incident_events ORDER BY id');
  expect(rows.filter(({ kind }) => kind === 'recovered')).toHaveLength(1);
});
