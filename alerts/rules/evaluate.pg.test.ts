import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { MINUTE } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { RuleWorld } from '../../test/rule-world.ts';

/** A minute whose hour and five minutes begin with it. */
const T0 = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);

let database: TestDatabase;
let world: RuleWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = new RuleWorld(database.pool);
  await world.prepare(T0);
});
afterAll(() => database.close());
afterEach(async () => {
  await database.pool.query('TRUNCATE apps CASCADE; TRUNCATE events, gaps, series, compactions');
  for (const family of ['count', 'sample'])
    for (const width of ['10s', '1m', '1h']) await database.pool.query(`TRUNCATE ${family}_buckets_${width}`);
  world.told.length = 0;
});

test('failed requests fire at their share, keep firing through a hole, and end once seen to be over', async () => {
  const appId = await world.app('share', T0);
  const rule = await world.rule(appId, { kind: 'failedShare', settings: { ratio: 0.1, windowMinutes: 2 } });
  await world.lines(appId, T0 - 60, T0 + 10);
  await world.requests(appId, T0 - 10, T0 + 2, { count: 100, bad: 1 });
  await world.requests(appId, T0 + 2, T0 + 4, { count: 100, bad: 30 });
  await world.requests(appId, T0 + 4, T0 + 10, { count: 100 });
  await world.loss(appId, { cause: 'L10', from: T0 + 6, to: T0 + 6, messages: 9 });
  // A minute of 30 of 100 in two is 15.5 %; evaluation n sees minutes up to n − 1.
  expect(await world.rounds(T0, T0 + 12)).toEqual([
    [T0 + 3, 'ticket'],
    [T0 + 6, null],
  ]);
  const [fired] = world.told;
  expect(fired?.evidence).toMatchObject({ value: 15.5, threshold: 10, unit: '%', what: 'failedShare' });
  expect(fired?.evidence.windows).toEqual([{ minutes: 2, bad: 31, events: 200, burn: 0 }]);
  expect(await world.states(rule.id)).toEqual([]);
});
