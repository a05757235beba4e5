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
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import type { Queryable } from './pool.ts';
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
  const names = paths(1, 0, 30);
  const [a, b] = await Promise.all([
    one.resolve(database.pool, names, 0),
    two.resolve(database.pool, names, 0),
  ]);
  expect(a).toEqual(b);
  expect(await one.resolve(database.pool, [...names].reverse(), 0)).toEqual([...a].reverse());
});

test('C-02 of 500 path shapes and more the rest is one series, and kinds with few keys are never joined', async () => {
  const numbers = new SeriesNumbers();
  const ids = await numbers.resolve(database.pool, paths(2, 0, PATH_SHAPES_MAX + 50), 0);
  expect(new Set(ids).size).toBe(PATH_SHAPES_MAX + 1);
  expect(await keys(2)).toContain(OTHER_KEY);
  // Another process joins the same ones.
  const other = await new SeriesNumbers().resolve(database.pool, paths(2, 0, PATH_SHAPES_MAX + 50), 0);
  expect(other).toEqual(ids);
});

test('C-05 of 2,000 series and more the rest of each kind is one series', async () => {
  const numbers = new SeriesNumbers();
  const hosts = Array.from({ length: SERIES_PER_APP_MAX + 20 }, (_, i) => ({
    appId: 3,
    kind: SERIES_HOST,
    key: `h${i}`,
  }));
  const ids = await numbers.resolve(database.pool, hosts, 0);
  expect(new Set(ids).size).toBe(SERIES_PER_APP_MAX + 1);
  const more = await numbers.resolve(
    database.pool,
    [
      { appId: 3, kind: SERIES_CUSTOM, key: 'count\ta' },
      { appId: 3, kind: SERIES_CUSTOM, key: 'count\tb' },
      { appId: 3, kind: SERIES_STATUS, key: '200' },
      { appId: 3, kind: SERIES_STATUS, key: '201' },
    ],
    0,
  );
  expect(more[0]).toBe(more[1]);
  expect(more[2]).not.toBe(more[3]);
  expect((await keys(3)).filter((key) => key === OVERFLOW_KEY)).toHaveLength(2);
});

test('names that could not be put down while the database was away do not use up the bounds', async () => {
  const numbers = new SeriesNumbers();
  let isAway = false;
  const db = {
    query: (...args: unknown[]) => {
      if (isAway && String(args[0]).startsWith('INSERT')) return Promise.reject(new Error('away'));
      return (database.pool.query as (...all: unknown[]) => unknown)(...args);
    },
  } as unknown as Queryable;
  await numbers.resolve(db, paths(4, 0, 10), 0);
  isAway = true;
  // A minute of trying twice a second.
  for (let tried = 0; tried < 120; tried++) {
    await expect(numbers.resolve(db, paths(4, 0, 30), 0)).rejects.toThrow('away');
  }
  isAway = false;
  const ids = await numbers.resolve(db, paths(4, 0, 30), 0);
  expect(new Set(ids).size).toBe(30);
  expect(await keys(4)).not.toContain(OTHER_KEY);
});
