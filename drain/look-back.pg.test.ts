import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import { readGaps } from '../test/account.ts';
import { addApp, type TestApp } from '../test/drain.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { LookBack } from './look-back.ts';

let database: TestDatabase;
let app: TestApp;
beforeAll(async () => {
  database = await createTestDatabase();
  app = await addApp(database.pool);
});
afterAll(() => database.close());
beforeEach(() => database.pool.query('TRUNCATE writers, gaps RESTART IDENTITY'));

/** A process that has been up for so long when the database first answers it. */
async function startAfter(upMs: number): Promise<number> {
  let monotonicMs = 1_000;
  const clock = { nowMs: () => Date.now(), monotonicMs: () => monotonicMs };
  const lookBack = new LookBack({ pool: database.pool, clock, log: silentLog, forget: () => {} });
  monotonicMs += upMs;
  await Promise.all([lookBack.atStart(), lookBack.atStart()]);
  return (await readGaps(database.pool, app.id)).length;
}

/** A writer whose newest sign of life is so old. */
async function addWriter(ageMs: number, isClosed: boolean): Promise<void> {
  await database.pool.query(
    `INSERT INTO writers (holder, checkpoint_at_ms, seen_at, closed_at) SELECT 'gone', 0, at, CASE WHEN $2 THEN at END
     FROM (SELECT clock_timestamp() - make_interval(secs => $1) AS at) AS a`,
    [ageMs / 1000, isClosed],
  );
}

test('P-23 nobody was alive for a while: a gap of every app; in a new database, after a stop in order and after a restart there is none', async () => {
  expect(await startAfter(0)).toBe(0);
  await addWriter(MINUTE, false);
  expect(await startAfter(0)).toBe(0);
  await database.pool.query('TRUNCATE writers');
  await addWriter(10 * MINUTE, true);
  expect(await startAfter(0)).toBe(0);
  await database.pool.query('TRUNCATE writers');
  await addWriter(10 * MINUTE, false);
  expect(await startAfter(5 * SECOND)).toBe(1);
});

test('P-03 R-04 a process that starts in an outage of the database finds old signs once it is back: that is no time without anybody', async () => {
  await addWriter(10 * MINUTE, false);
  expect(await startAfter(9 * MINUTE)).toBe(0);
  // It began long after the others were gone.
  expect(await startAfter(5 * MINUTE)).toBe(1);
});
