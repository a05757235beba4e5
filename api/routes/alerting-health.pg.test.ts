import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECOND } from '../../model/time.ts';
import { readDatabaseNow } from '../../store/completeness.ts';
import { writeSign } from '../../store/watch.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { mountAlertingHealth } from './alerting-health.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

function serverAt(clock: { ms: number }, pool = database.pool) {
  const server = new Hono<{ Variables: object }>();
  mountAlertingHealth(server, { pool, nowMs: () => clock.ms });
  return async () => {
    const answer = await server.request('/health/alerting');
    return [answer.status, await answer.text()];
  };
}

test('R-13 SEC-60 it is late from the fourth minute without a finished round on, and says no more than that', async () => {
  const { pool } = database;
  const clock = { ms: 0 };
  const ask = serverAt(clock);
  expect(await ask()).toEqual([503, 'late']);
  const nowMs = await readDatabaseNow(pool);
  await writeSign(pool, 'evaluation', nowMs - 178 * SECOND);
  // Remembered for five seconds.
  expect(await ask()).toEqual([503, 'late']);
  clock.ms += 5 * SECOND;
  expect(await ask()).toEqual([200, 'ok']);
  await pool.query("UPDATE watch_signs SET at_ms = at_ms - 4000 WHERE name = 'evaluation'");
  clock.ms += 5 * SECOND;
  expect(await ask()).toEqual([503, 'late']);
});

test('R-13 without a database it is late', async () => {
  const other = await createTestDatabase();
  await writeSign(other.pool, 'evaluation', await readDatabaseNow(other.pool));
  const clock = { ms: 0 };
  const ask = serverAt(clock, other.pool);
  expect(await ask()).toEqual([200, 'ok']);
  await other.close();
  clock.ms += 5 * SECOND;
  expect(await ask()).toEqual([503, 'late']);
});
