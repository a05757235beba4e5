import { afterAll, beforeAll, expect, test } from 'vitest';
import { idleIngest } from '../model/ingest-health.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  deleteGoneProcesses,
  deleteProcess,
  listProcesses,
  type ProcessRow,
  upsertProcess,
} from './processes.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const row = (holder: string, more: Partial<ProcessRow> = {}): ProcessRow => ({
  holder,
  dyno: 'web.1',
  version: '1.0.0',
  roles: 'all',
  startedAtMs: 1_000,
  seenAtMs: 5_000,
  status: { ...idleIngest(), heldBytes: 7, overflow: { shop: { paths: 1, series: 2, drains: 3 } } },
  ...more,
});

test('a process writes its row over; of two that call themselves alike the one that began later stays', async () => {
  await upsertProcess(database.pool, row('web.1:4'));
  await upsertProcess(database.pool, row('web.1:4', { seenAtMs: 10_000 }));
  expect(await listProcesses(database.pool, 0, 10)).toEqual([row('web.1:4', { seenAtMs: 10_000 })]);
  const next = row('web.1:4', { startedAtMs: 9_000, seenAtMs: 11_000, version: '2.0.0', status: null });
  await upsertProcess(database.pool, next);
  await upsertProcess(database.pool, row('web.1:4', { seenAtMs: 12_000 }));
  await deleteProcess(database.pool, 'web.1:4', 1_000);
  expect(await listProcesses(database.pool, 0, 10)).toEqual([next]);
  await deleteProcess(database.pool, 'web.1:4', 9_000);
  expect(await listProcesses(database.pool, 0, 10)).toEqual([]);
});

test('newest sign of life first, as far back as asked; those unseen for a day are deleted', async () => {
  const day = 86_400_000;
  for (const [n, seenAtMs] of [day, 2 * day, 3 * day].entries()) {
    await upsertProcess(database.pool, row(`web.${n}:4`, { seenAtMs }));
  }
  const holders = async (sinceMs: number, limit = 10) =>
    (await listProcesses(database.pool, sinceMs, limit)).map(({ holder }) => holder);
  expect(await holders(0)).toEqual(['web.2:4', 'web.1:4', 'web.0:4']);
  expect(await holders(2 * day)).toEqual(['web.2:4', 'web.1:4']);
  expect(await holders(0, 1)).toEqual(['web.2:4']);
  expect(await deleteGoneProcesses(database.pool, 3 * day)).toBe(1);
  expect(await holders(0)).toEqual(['web.2:4', 'web.1:4']);
});
