import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readGaps } from '../test/account.ts';
import { addApp, type TestApp } from '../test/drain.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  insertSpoolEntries,
  listMissingSpoolEntries,
  markSpoolMoved,
  quarantineSpoolEntry,
  readSpoolQuarantine,
  type SpoolEntryRow,
  tellGivenUpSpoolEntries,
  tellSpoolGaps,
  trimSpoolTables,
} from './spool-accounts.ts';

let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await database.pool.query('DELETE FROM spool_entries');
  await database.pool.query('DELETE FROM spool_quarantine');
  app = await addApp(database.pool);
});
afterAll(async () => {
  await database.close();
});

const WRITER = 'abcdef0123456789';
const entry = (number: number, streamId: string, messages = 10): SpoolEntryRow => ({
  writer: WRITER,
  number,
  streamId,
  accounts: [{ appId: app.id, messages, fromMs: number * 1000, toMs: number * 1000 + 500 }],
});
const numbers = (rows: { number: number }[]): number[] => rows.map((row) => row.number);

test('D-05 D-06 missing is what waits and is older than the oldest entry of the stream; all of it when that is empty', async () => {
  const { pool } = database;
  await insertSpoolEntries(pool, [entry(1, '100-0'), entry(2, '100-1'), entry(3, '101-0'), entry(4, '9-0')]);
  await markSpoolMoved(pool, [{ writer: WRITER, number: 1 }]);
  expect(numbers(await listMissingSpoolEntries(pool, '100-1', 10))).toEqual([4]);
  expect(numbers(await listMissingSpoolEntries(pool, '101-0', 10))).toEqual([4, 2]);
  expect(numbers(await listMissingSpoolEntries(pool, null, 10))).toEqual([4, 2, 3]);
});

test('an entry that is moved before its account is told stays moved, and is never missing', async () => {
  const { pool } = database;
  await markSpoolMoved(pool, [
    { writer: WRITER, number: 1 },
    { writer: WRITER, number: 1 },
  ]);
  await insertSpoolEntries(pool, [entry(1, '100-0')]);
  expect(await listMissingSpoolEntries(pool, null, 10)).toEqual([]);
  expect(await tellSpoolGaps(pool, [{ writer: WRITER, number: 1 }])).toEqual([]);
});

test('R-04 a loss is told exactly once, as one gap with count and span, however many tell it at once', async () => {
  const { pool } = database;
  const entries = [1, 2, 3].map((number) => entry(number, `${number}-0`));
  await insertSpoolEntries(pool, entries);
  const told = await Promise.all([1, 2, 3, 4].map(() => tellSpoolGaps(pool, entries)));
  expect(told.flat()).toMatchObject([{ cause: 'spoolLost', appId: app.id, messages: 30 }]);
  await tellSpoolGaps(pool, entries);
  expect(await readGaps(pool, app.id)).toEqual([
    { cause: 'spoolLost', messages: 30, fromMs: 1000, toMs: 3500 },
  ]);
});

test('D-13 a damaged entry becomes a gap as soon as it is known what was in it, from whichever side', async () => {
  const { pool } = database;
  const bytes = Buffer.from('bytes');
  await quarantineSpoolEntry(pool, {
    name: { writer: WRITER, number: 1 },
    reason: 'damaged',
    accounts: [],
    bytes,
  });
  expect(await tellSpoolGaps(pool, [])).toEqual([]);
  await insertSpoolEntries(pool, [entry(1, '1-0')]);
  const { accounts } = entry(2, '2-0', 7);
  await quarantineSpoolEntry(pool, {
    name: { writer: WRITER, number: 2 },
    reason: 'refused',
    accounts,
    bytes,
  });
  await tellSpoolGaps(pool, []);
  await tellSpoolGaps(pool, []);
  expect(await readGaps(pool, app.id)).toMatchObject([{ cause: 'spoolDamaged', messages: 17 }]);
  expect(await readSpoolQuarantine(pool)).toEqual({ entries: 2, reasons: ['damaged', 'refused'] });
});

test('R-04 entries whose Redis never came back are told after a day', async () => {
  const { pool } = database;
  await insertSpoolEntries(pool, [entry(1, '1-0'), entry(2, '2-0')]);
  expect(await tellGivenUpSpoolEntries(pool)).toEqual([]);
  await pool.query("UPDATE spool_entries SET changed_at = changed_at - interval '25 hours' WHERE number = 1");
  expect(await tellGivenUpSpoolEntries(pool)).toMatchObject([{ messages: 10 }]);
  expect(await tellGivenUpSpoolEntries(pool)).toEqual([]);
});

test('R-18 settled rows go after a week, quarantine after its term and beyond its bound; what waits stays', async () => {
  const { pool } = database;
  await insertSpoolEntries(pool, [entry(1, '1-0'), entry(2, '2-0')]);
  await markSpoolMoved(pool, [{ writer: WRITER, number: 1 }]);
  const big = Buffer.alloc(4 * 1024 * 1024 + 1);
  for (let i = 0; i < 17; i++) {
    await quarantineSpoolEntry(pool, { name: null, reason: 'tooShort', accounts: [], bytes: big });
  }
  expect(await trimSpoolTables(pool, 3_600_000)).toBe(1);
  expect((await readSpoolQuarantine(pool)).entries).toBe(16);
  await pool.query("UPDATE spool_entries SET changed_at = changed_at - interval '8 days'");
  expect(await trimSpoolTables(pool, 0)).toBe(17);
  expect(numbers(await listMissingSpoolEntries(pool, null, 10))).toEqual([2]);
});
