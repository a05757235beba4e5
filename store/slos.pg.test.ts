import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';
import { createApp } from './apps.ts';
import { type Pool, withTransaction } from './pool.ts';
import {
  addSloVersion,
  createSlo,
  listSlos,
  listSloVersions,
  listVersionsSince,
  readSlo,
  removeSlo,
  type SloRow,
  versionStartS,
} from './slos.ts';

/** 07:30:00 */
const NOW = Date.UTC(2026, 10, 21, 7, 30);
const at = (minutes: number, seconds = 0): number => NOW / 1000 + minutes * 60 + seconds;

let database: TestDatabase;
let pool: Pool;
let appId: number;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  appId = (await createApp(pool, { name: 'shop', key: 'k'.repeat(32), nowMs: NOW })).app.id;
});
afterAll(() => database.close());

const create = (slug: string, nowMs = NOW): Promise<SloRow | null> =>
  createSlo(pool, { appId, slug, definition: exampleSlo(), author: 'ada', nowMs });
const change = (slo: SloRow, title: string, nowMs: number, ifVersion?: number) =>
  withTransaction(pool, (client) =>
    addSloVersion(client, {
      sloId: slo.id,
      definition: exampleSlo({ title }),
      author: 'bob',
      nowMs,
      ...(ifVersion !== undefined && { ifVersion }),
    }),
  );

test('a version begins at a whole minute, one minute ahead at the least and two at most', () => {
  expect([versionStartS(NOW), versionStartS(NOW + 1), versionStartS(NOW + 59_999)]).toEqual([
    at(1),
    at(2),
    at(2),
  ]);
});

test('an SLO is found by its public id, and listed with its newest version, until it is removed; its slug is free again', async () => {
  const slo = await create('checkout', NOW + 1);
  expect(slo).toMatchObject({
    appId,
    slug: 'checkout',
    removedAtMs: null,
    version: { version: 1, validFromS: at(2), validToS: null, author: 'ada' },
    history: { phase: 'waiting', exactFromMinute: null, historyFromMinute: null, note: '' },
  });
  expect(await create('checkout')).toBeNull();
  expect(await readSlo(pool, slo!.publicId)).toEqual(slo);
  expect([await readSlo(pool, 'no uuid'), await readSlo(pool, crypto.randomUUID())]).toEqual([null, null]);
  expect(await listSlos(pool, [appId])).toEqual([slo]);
  expect(await listSlos(pool, [appId + 1])).toEqual([]);
  const { rows } = await pool.query('SELECT next_minute FROM slo_states WHERE slo_id = $1', [slo!.id]);
  expect(rows).toEqual([{ next_minute: at(2) / 60 }]);

  const remove = () => withTransaction(pool, (client) => removeSlo(client, slo!.id, NOW + 600_000));
  expect([await remove(), await remove()]).toEqual([true, false]);
  expect(await listSlos(pool)).toEqual([]);
  expect(await readSlo(pool, slo!.publicId)).toMatchObject({
    removedAtMs: NOW + 600_000,
    version: { validToS: at(11) },
  });
  expect(await change(slo!, 'late', NOW + 700_000)).toEqual({ kind: 'gone' });
  expect(await create('checkout')).not.toBeNull();
});

test('versions follow one another without a hole; one that was replaced before it began has no time', async () => {
  const slo = (await create('versions'))!;
  expect(await change(slo, 'second', NOW + 300_000, 1)).toMatchObject({ kind: 'added' });
  expect(await change(slo, 'from an old page', NOW + 301_000, 1)).toEqual({ kind: 'conflict' });
  expect(await change(slo, 'third', NOW + 301_000, 2)).toMatchObject({ kind: 'added' });
  // A clock that runs behind must not put a version before the last one.
  expect(await change(slo, 'fourth', NOW)).toMatchObject({ kind: 'added' });
  const versions = await listSloVersions(pool, [slo.id]);
  expect(versions.map((each) => [each.definition.title, each.validFromS, each.validToS])).toEqual([
    ['Requests succeed', at(1), at(6)],
    ['second', at(6), at(7)],
    ['third', at(7), at(7)],
    ['fourth', at(7), null],
  ]);
});

test('two changes of one version at once: one is in, the other is told', async () => {
  const slo = (await create('race'))!;
  const outcomes = await Promise.all([change(slo, 'a', NOW, 1), change(slo, 'b', NOW, 1)]);
  expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['added', 'conflict']);
});

test('R-03 who reads what is new misses no change, in whatever order transactions end', async () => {
  const [slow, quick] = [(await create('slow'))!, (await create('quick'))!];
  let { generation } = await listVersionsSince(pool, -1);
  const client = await pool.connect();
  await client.query('BEGIN');
  await addSloVersion(client, { sloId: slow.id, definition: exampleSlo(), author: 'ada', nowMs: NOW });
  // The other waits: it would be seen first, and hide what came before it.
  let isDone = false;
  const later = change(quick, 'quick', NOW).then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(isDone).toBe(false);
  expect((await listVersionsSince(pool, generation)).versions).toEqual([]);
  await client.query('COMMIT');
  client.release();
  await later;
  const seen = await listVersionsSince(pool, generation);
  expect(new Set(seen.versions.map(({ sloId }) => sloId))).toEqual(new Set([slow.id, quick.id]));
  generation = seen.generation;
  expect((await listVersionsSince(pool, generation)).versions).toEqual([]);
});

test('a composite has no past of its own to count', async () => {
  const slo = await createSlo(pool, {
    appId,
    slug: 'all',
    definition: exampleSlo({ indicator: { kind: 'composite', members: [] } }),
    author: 'ada',
    nowMs: NOW,
  });
  expect(slo?.history.phase).toBe('done');
});
