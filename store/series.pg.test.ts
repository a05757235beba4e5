import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  OTHER_KEY,
  OVERFLOW_KEY,
  PATH_SHAPES_MAX,
  SERIES_CUSTOM,
  SERIES_HOST,
  SERIES_PATH,
  SERIES_PER_APP_MAX,
  SERIES_STATUS,
} from '../model/series.ts';
import { addApp } from '../test/drain.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import type { Pool, Queryable } from './pool.ts';
import { type SeriesName, SeriesNumbers } from './series.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.close();
});

const paths = (appId: number, from: number, to: number): SeriesName[] =>
  Array.from({ length: to - from }, (_, i) => ({ appId, kind: SERIES_PATH, key: `GET /${from + i}` }));

async function keys(appId: number): Promise<string[]> {
  const { rows } = await database.pool.query<{ key: string }>(
    'SELECT key FROM series WHERE app_id = $1 ORDER BY id',
    [appId],
  );
  return rows.map((row) => row.key);
}

test('the same name has the same number, in one process and in two', async () => {
  const [one, two] = [new SeriesNumbers(), new SeriesNumbers()];
  const names = paths(1001, 0, 30);
  const [a, b] = await Promise.all([
    one.resolve(database.pool, names, 0),
    two.resolve(database.pool, names, 0),
  ]);
  expect(a).toEqual(b);
  expect(await one.resolve(database.pool, [...names].reverse(), 0)).toEqual([...a].reverse());
});

test('C-02 of 500 path shapes and more the rest is one series, and kinds with few keys are never joined', async () => {
  const numbers = new SeriesNumbers();
  const ids = await numbers.resolve(database.pool, paths(1002, 0, PATH_SHAPES_MAX + 50), 0);
  expect(new Set(ids).size).toBe(PATH_SHAPES_MAX + 1);
  expect(await keys(1002)).toContain(OTHER_KEY);
  // Another process joins the same ones.
  const other = await new SeriesNumbers().resolve(database.pool, paths(1002, 0, PATH_SHAPES_MAX + 50), 0);
  expect(other).toEqual(ids);
});

test('C-05 of 2,000 series and more the rest of each kind is one series', async () => {
  const numbers = new SeriesNumbers();
  const hosts = Array.from({ length: SERIES_PER_APP_MAX + 20 }, (_, i) => ({
    appId: 1003,
    kind: SERIES_HOST,
    key: `h${i}`,
  }));
  const ids = await numbers.resolve(database.pool, hosts, 0);
  expect(new Set(ids).size).toBe(SERIES_PER_APP_MAX + 1);
  const more = await numbers.resolve(
    database.pool,
    [
      { appId: 1003, kind: SERIES_CUSTOM, key: 'count\ta' },
      { appId: 1003, kind: SERIES_CUSTOM, key: 'count\tb' },
      { appId: 1003, kind: SERIES_STATUS, key: '200' },
      { appId: 1003, kind: SERIES_STATUS, key: '201' },
    ],
    0,
  );
  expect(more[0]).toBe(more[1]);
  expect(more[2]).not.toBe(more[3]);
  expect((await keys(1003)).filter((key) => key === OVERFLOW_KEY)).toHaveLength(2);
});

test('names that could not be put down while the database was away do not use up the bounds', async () => {
  const numbers = new SeriesNumbers();
  let isAway = false;
  const refusing = (db: Queryable) => ({
    query: (...args: unknown[]) => {
      if (isAway && String(args[0]).startsWith('INSERT')) return Promise.reject(new Error('away'));
      return (db.query as (...all: unknown[]) => unknown).apply(db, args);
    },
  });
  const db = {
    ...refusing(database.pool),
    connect: async () => {
      const client = await database.pool.connect();
      return { ...refusing(client), release: () => client.release() };
    },
  } as unknown as Pool;
  await numbers.resolve(db, paths(1004, 0, 10), 0);
  isAway = true;
  // A minute of trying twice a second.
  for (let tried = 0; tried < 120; tried++) {
    await expect(numbers.resolve(db, paths(1004, 0, 30), 0)).rejects.toThrow('away');
  }
  isAway = false;
  const ids = await numbers.resolve(db, paths(1004, 0, 30), 0);
  expect(new Set(ids).size).toBe(30);
  expect(await keys(1004)).not.toContain(OTHER_KEY);
});

test('C-02 C-05 the bounds are of the app: processes that fill the last places at once, and new ones, stay within them together', async () => {
  const { id: appId } = await addApp(database.pool, 'crowded');
  const processes = Array.from({ length: 4 }, () => new SeriesNumbers());
  for (let round = 0; round < 8; round++) {
    await Promise.all(
      processes.map((numbers, n) =>
        numbers.resolve(
          database.pool,
          [
            ...names(appId, SERIES_HOST, `p${n}-${round}-`, 50),
            ...names(appId, SERIES_PATH, `GET /p${n}/${round}/`, 20),
          ],
          1_000,
        ),
      ),
    );
  }
  const found = await keys(appId);
  const single = found.filter((key) => key !== OTHER_KEY && key !== OVERFLOW_KEY);
  expect(found.filter((key) => key !== OVERFLOW_KEY)).toHaveLength(SERIES_PER_APP_MAX);
  expect(single.filter((key) => key.startsWith('GET '))).toHaveLength(PATH_SHAPES_MAX);
  const joined = processes.map((numbers) => numbers.joinedSince(1_000).get(appId));
  expect(joined.reduce((sum, one) => sum + (one?.series ?? 0) + (one?.paths ?? 0), 0)).toBe(
    4 * 8 * 70 - single.length,
  );
  // A process that begins now goes on with every series that is there, and adds none.
  const fresh = new SeriesNumbers();
  const again = await fresh.resolve(
    database.pool,
    single.map((key) => ({ appId, kind: key.startsWith('GET ') ? SERIES_PATH : SERIES_HOST, key })),
    2_000,
  );
  expect(new Set(again).size).toBe(single.length);
  expect(fresh.joinedSince(0).size).toBe(0);
  await fresh.resolve(database.pool, names(appId, SERIES_HOST, 'new-', 50), 2_000);
  expect(fresh.joinedSince(2_000).get(appId)).toEqual({ paths: 0, series: 50, atMs: 2_000 });
  expect(await keys(appId)).toEqual(found);
});

test('C-05 a series made by one process is found by another that thought the app was full', async () => {
  const { id: appId } = await addApp(database.pool, 'found');
  const [one, two] = [new SeriesNumbers(), new SeriesNumbers()];
  await two.resolve(database.pool, names(appId, SERIES_HOST, 'a', SERIES_PER_APP_MAX - 1), 0);
  const [made] = await one.resolve(database.pool, names(appId, SERIES_HOST, 'last', 1), 0);
  expect(await two.resolve(database.pool, names(appId, SERIES_HOST, 'last', 1), 0)).toEqual([made]);
});

const names = (appId: number, kind: number, prefix: string, count: number): SeriesName[] =>
  Array.from({ length: count }, (_, i) => ({ appId, kind, key: `${prefix}${i}` }));
