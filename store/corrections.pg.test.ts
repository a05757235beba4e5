import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Recurrence } from '../model/recurrence.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';
import { createApp } from './apps.ts';
import {
  endCorrection,
  insertCorrection,
  listCorrections,
  rangesOf,
  readCorrected,
  readCorrection,
  undoCorrection,
} from './corrections.ts';
import type { Pool } from './pool.ts';
import { createSlo } from './slos.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
const MINUTE = NOW / 60_000;
const DAY = 24 * 60;

let database: TestDatabase;
let pool: Pool;
let appId: number;
let slos: { sloId: number; appId: number }[];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  appId = (await createApp(pool, { name: 'shop', key: 'k'.repeat(32), nowMs: NOW })).app.id;
  slos = [];
  for (const slug of ['checkout', 'search']) {
    const slo = await createSlo(pool, { appId, slug, definition: exampleSlo(), author: 'ada', nowMs: NOW });
    slos.push({ sloId: slo!.id, appId });
  }
});
afterAll(() => database.close());

const insert = (more: Partial<Parameters<typeof insertCorrection>[1]> = {}) =>
  insertCorrection(pool, {
    appId,
    sloId: null,
    fromMinute: MINUTE,
    toMinute: MINUTE + 30,
    recurrence: null,
    reason: 'new database',
    author: 'ada',
    nowMs: NOW,
    ...more,
  });
const read = async (range = { from: MINUTE - 60, to: MINUTE + 60 }) => {
  const corrected = await readCorrected(pool, slos, range);
  return slos.map(({ sloId }) => corrected.get(sloId) ?? []);
};

test('what is corrected is taken out of every SLO of the app, or of one, until it is taken back; it stays listed', async () => {
  const all = await insert();
  const one = await insert({ sloId: slos[1]!.sloId, fromMinute: MINUTE + 20, toMinute: MINUTE + 40 });
  expect(await read()).toEqual([[{ from: MINUTE, to: MINUTE + 30 }], [{ from: MINUTE, to: MINUTE + 40 }]]);
  expect(await undoCorrection(pool, { publicId: all.publicId, author: 'bob', nowMs: NOW + 5 })).toMatchObject(
    {
      undoneAtMs: NOW + 5,
      undoneBy: 'bob',
    },
  );
  expect(await undoCorrection(pool, { publicId: all.publicId, author: 'eve', nowMs: NOW + 6 })).toBeNull();
  expect(await read()).toEqual([[], [{ from: MINUTE + 20, to: MINUTE + 40 }]]);
  expect(await read({ from: MINUTE + 25, to: MINUTE + 26 })).toEqual([
    [],
    [{ from: MINUTE + 25, to: MINUTE + 26 }],
  ]);
  expect(await read({ from: MINUTE + 40, to: MINUTE + 90 })).toEqual([[], []]);
  expect((await listCorrections(pool, appId)).map((each) => each.publicId)).toEqual([
    one.publicId,
    all.publicId,
  ]);
  expect(await readCorrection(pool, all.publicId)).toMatchObject({ undoneBy: 'bob', reason: 'new database' });
  expect(await readCorrection(pool, 'x')).toBeNull();
});

const NIGHTLY: Recurrence = {
  weekdays: [0, 1, 2, 3, 4, 5, 6],
  at: '02:30',
  minutes: 20,
  zone: 'Europe/Berlin',
};

test('T-09 T-10 a recurring one keeps its local time over both changes of the clocks', () => {
  const startsOf = (fromMs: number): string[] =>
    rangesOf(
      { fromMinute: 0, toMinute: null, recurrence: NIGHTLY },
      { from: fromMs / 60_000, to: fromMs / 60_000 + 3 * DAY },
    ).map(({ from, to }) => `${new Date(from * 60_000).toISOString().slice(5, 16)}+${to - from}`);
  // On 29 March 02:30 does not exist; on 25 October it comes twice.
  expect(startsOf(Date.UTC(2026, 2, 28))).toEqual(['03-28T01:30+20', '03-29T01:00+20', '03-30T00:30+20']);
  expect(startsOf(Date.UTC(2026, 9, 24))).toEqual(['10-24T00:30+20', '10-25T00:30+20', '10-26T01:30+20']);
});

test('a recurring one that is ended leaves what is past taken out; bounds may cut a time short', async () => {
  await pool.query('DELETE FROM corrections');
  const midnight = Date.UTC(2026, 10, 21) / 60_000;
  const nightly = await insert({ fromMinute: midnight - DAY, toMinute: null, recurrence: NIGHTLY });
  const range = { from: midnight - 2 * DAY, to: midnight + 2 * DAY };
  const at = (day: number) => ({ from: midnight + day * DAY + 90, to: midnight + day * DAY + 110 });
  expect((await read(range))[0]).toEqual([at(-1), at(0), at(1)]);
  const ended = await endCorrection(pool, nightly.publicId, (midnight + 100) * 60_000);
  expect(ended?.toMinute).toBe(midnight + 100);
  expect((await read(range))[0]).toEqual([at(-1), { from: midnight + 90, to: midnight + 100 }]);
  expect(await endCorrection(pool, nightly.publicId, (midnight + 300) * 60_000)).toBeNull();
  const single = await insert();
  expect(await endCorrection(pool, single.publicId, NOW)).toBeNull();
});
