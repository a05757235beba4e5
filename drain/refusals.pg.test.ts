import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import type { Pool } from '../store/pool.ts';
import { addApp, startDrain, type TestDrain } from '../test/drain.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { head, sendRaw } from '../test/raw.ts';
import { Refusals } from './refusals.ts';

let database: TestDatabase;
let drain: TestDrain;
beforeAll(async () => {
  database = await createTestDatabase();
  drain = await startDrain(database, { refreshEveryMs: 100 });
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

async function rows(): Promise<{ user_name: string; attempts: number; reason: string }[]> {
  const { rows: found } = await database.pool.query<{ user_name: string; attempts: number; reason: string }>(
    'SELECT user_name, attempts, reason FROM refused_senders ORDER BY user_name',
  );
  return found;
}

test('S-23 a thousand requests of unknown senders: all 401, one log event, few rows, nothing read twice', async () => {
  const app = await addApp(database.pool);
  const statuses: number[] = [];
  // As many as a second brings, over as many connections as a small machine likes at once.
  for (let batch = 0; batch < 10; batch++) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        sendRaw(
          drain.port,
          [head({ name: `stranger-${batch * 100 + i}`, secret: 'x' }, { 'Content-Length': '100000' })],
          {
            waitMs: 3_000,
          },
        ),
      ),
    );
    statuses.push(...answers.flatMap((answer) => answer.statuses));
  }
  expect(statuses).toHaveLength(1_000);
  expect(new Set(statuses)).toEqual(new Set([401]));
  expect(drain.logged.filter((entry) => entry.event === 'drain.refused')).toHaveLength(1);
  expect(drain.drain.status().refused).toBe(1_000);
  // Meanwhile and afterwards an app that is known is served.
  const { statuses: own } = await sendRaw(drain.port, [head(app, { 'Content-Length': '0' })], {
    answers: 1,
    waitMs: 4_000,
  });
  expect(own).toEqual([204]);
  // It puts its counts down from time to time; the tests below look at the same table.
  await drain.stop();
});

test('refusals are counted by name, with a bound on names, and a secret in the wrong place is not kept', async () => {
  await database.pool.query('DELETE FROM refused_senders');
  const refusals = new Refusals(database.pool, silentLog);
  for (let i = 0; i < 500; i++) refusals.add(`stranger-${i}`, 'unknownUser', 1_000 + i);
  for (let i = 0; i < 3; i++) refusals.add('shop', 'wrongSecret', 2_000);
  for (const odd of ['S3cret_With_Capitals', '', 'a b', 'x'.repeat(64), '\0', '__proto__'])
    refusals.add(odd, 'unknownUser', 3_000);
  await refusals.flush();
  const found = await rows();
  expect(found.length).toBeLessThanOrEqual(202);
  expect(found.reduce((sum, row) => sum + row.attempts, 0)).toBe(509);
  expect(JSON.stringify(found)).not.toContain('S3cret');
  expect(refusals.total).toBe(509);
});

test('what could not be put down is put down later, and added to what is there', async () => {
  await database.pool.query('DELETE FROM refused_senders');
  let isAway = true;
  const pool = {
    query: (...args: unknown[]) =>
      isAway
        ? Promise.reject(new Error('away'))
        : (database.pool.query as (...all: unknown[]) => unknown)(...args),
  } as unknown as Pool;
  const refusals = new Refusals(pool, silentLog);
  for (let round = 0; round < 3; round++) {
    refusals.add('shop', 'wrongSecret', 1_000 + round);
    await refusals.flush();
  }
  isAway = false;
  refusals.add('shop', 'unknownUser', 2_000);
  await refusals.flush();
  await refusals.flush();
  expect(await rows()).toEqual([{ user_name: 'shop', attempts: 4, reason: 'unknownUser' }]);
});

test('S-22 one log event a minute, which tells how many there were', () => {
  const events: unknown[] = [];
  const log = {
    ...silentLog,
    warn: (event: string, fields?: object) => void events.push({ event, ...fields }),
  };
  const refusals = new Refusals(database.pool, log);
  for (let ms = 0; ms <= 120_000; ms += 100) refusals.add('shop', 'wrongSecret', ms);
  // The clock was set back: the next one is not put off for ever.
  refusals.add('shop', 'wrongSecret', 5_000);
  expect(events).toEqual([
    { event: 'drain.refused', attempts: 1, app: 'shop', reason: 'wrongSecret' },
    { event: 'drain.refused', attempts: 600, app: 'shop', reason: 'wrongSecret' },
    { event: 'drain.refused', attempts: 600, app: 'shop', reason: 'wrongSecret' },
    { event: 'drain.refused', attempts: 1, app: 'shop', reason: 'wrongSecret' },
  ]);
});

test('S-22 whoever tries names for days fills no table: the newest thousand are kept', async () => {
  await database.pool.query('DELETE FROM refused_senders');
  const refusals = new Refusals(database.pool, silentLog);
  for (let round = 0; round < 8; round++) {
    for (let i = 0; i < 190; i++) refusals.add(`guess-${round}-${i}`, 'unknownUser', 1_000 + round);
    await refusals.flush();
  }
  const found = await rows();
  expect(found).toHaveLength(1_000);
  expect(found.some((row) => row.user_name.startsWith('guess-0-'))).toBe(false);
  expect(found.filter((row) => row.user_name.startsWith('guess-7-'))).toHaveLength(190);
  // A month without a try is forgotten.
  refusals.add('later', 'unknownUser', 1_000 + 32 * 86_400_000);
  await refusals.flush();
  expect((await rows()).map((row) => row.user_name)).toEqual(['later']);
});
