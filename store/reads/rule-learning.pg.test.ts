import { afterAll, beforeAll, expect, test } from 'vitest';
import { MINUTE } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { RuleWorld } from '../../test/rule-world.ts';
import { readLearningApps } from './rule-learning.ts';

const NOW = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test('an app learns for three days from its first line, and one without a line has not begun to end', async () => {
  const world = new RuleWorld(database.pool);
  await world.prepare(NOW, 5);
  const ages = new Map<number, number | null>();
  for (const hours of [null, 0, 23, 25, 71, 72]) {
    const appId = await world.app(`app-${hours}`, NOW);
    ages.set(appId, hours);
    if (hours !== null) await world.lines(appId, NOW - hours * 60, NOW - hours * 60 + 1);
  }
  const learning = await readLearningApps(database.pool, [...ages.keys()], NOW * MINUTE);
  expect([...ages].map(([appId, hours]) => [hours, learning.get(appId)?.day])).toEqual([
    [null, 1],
    [0, 1],
    [23, 1],
    [25, 2],
    [71, 3],
    [72, undefined],
  ]);
});
