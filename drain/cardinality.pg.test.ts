import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  OTHER_KEY,
  OVERFLOW_KEY,
  PATH_SHAPES_MAX,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_PATH,
  SERIES_PER_APP_MAX,
} from '../model/series.ts';
import { readCounts } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain } from '../test/drain.ts';
import { postFrame } from '../test/faults/bounds.ts';
import { bodyOf, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let drain: TestDrain;
beforeAll(async () => {
  database = await createTestDatabase();
  drain = await startDrain(database);
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

async function send(app: TestApp, lines: string[]): Promise<void> {
  for (let at = 0; at < lines.length; at += 2_500) {
    const posted = await postFrame(drain.port, app, bodyOf(lines.slice(at, at + 2_500)));
    expect(posted.status).toBe(204);
  }
  await rolledUp(database.pool);
}

async function keysOf(app: TestApp, kind?: number): Promise<string[]> {
  const { rows } = await database.pool.query<{ key: string }>(
    'SELECT key FROM series WHERE app_id = $1 AND ($2::int IS NULL OR kind = $2)',
    [app.id, kind ?? null],
  );
  return rows.map((row) => row.key);
}

const many = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n));
/** A word of letters of its own for each number. */
const word = (n: number) => [...String(n)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
const sample = (procid: string) =>
  `<45>1 ${new Date().toISOString().replace('Z', '000+00:00')} host heroku ${procid} - source=${procid} dyno=heroku.1.a sample#load_avg_1m=0.5`;

test('C-01 ten thousand one-off dynos are one series', async () => {
  const app = await addApp(database.pool);
  await send(
    app,
    many(10_000, (n) =>
      n % 2 === 0 ? requestLine().replace('dyno=web.1', `dyno=run.${n}`) : sample(`run.${n}`),
    ),
  );
  expect(await keysOf(app, SERIES_DYNO)).toEqual(['run']);
  expect((await keysOf(app, SERIES_DYNO_METRIC)).every((key) => key.startsWith('run\t'))).toBe(true);
  expect((await readCounts(database.pool, app.id)).requests).toBe(5_000);
});

test('C-02 C-04 unbounded paths make 500 shapes, then “other”; endless keys of a line are not even read', async () => {
  const app = await addApp(database.pool);
  await send(
    app,
    many(3_000, (n) => `${requestLine({ path: `/${word(n)}/show` })} extra_${n}=1 key${n}="x y"`),
  );
  const shapes = await keysOf(app, SERIES_PATH);
  expect(shapes).toHaveLength(PATH_SHAPES_MAX + 1);
  expect(shapes).toContain(OTHER_KEY);
  expect((await readCounts(database.pool, app.id)).requests).toBe(3_000);
  expect((await keysOf(app)).some((key) => key.includes('extra_') || key.includes('key1'))).toBe(false);
});

test('C-05 a hundred thousand procids make 2,000 series, then “overflow”; those that were there go on, and it is named', async () => {
  const app = await addApp(database.pool);
  await send(app, [requestLine(), sample('web.1')]);
  const flood = many(100_000, (n) => sample(`kind${n}.1`));
  await send(app, flood);
  // In the midst of the flood the dyno that was there before is itself.
  await send(app, [...flood.slice(0, 2_400), requestLine(), sample('web.1'), sample('late.1')]);
  const keys = await keysOf(app);
  expect(keys.filter((key) => key !== OVERFLOW_KEY && key !== OTHER_KEY).length).toBeLessThanOrEqual(
    SERIES_PER_APP_MAX + 50,
  );
  expect(keys).toContain(OVERFLOW_KEY);
  const { rows } = await database.pool.query<{ key: string; count: number }>(
    `SELECT s.key, sum(b.count)::bigint AS count FROM sample_buckets_10s b JOIN series s ON s.id = b.series_id
     WHERE s.app_id = $1 AND (s.key = $2 OR s.key LIKE 'web.1%' OR s.key LIKE 'late.1%') GROUP BY 1`,
    [app.id, OVERFLOW_KEY],
  );
  const counted = Object.fromEntries(rows.map((row) => [row.key.split('\t')[0], row.count]));
  expect(counted['web.1']).toBe(2);
  expect(counted['late.1']).toBeUndefined();
  expect(counted[OVERFLOW_KEY]).toBeGreaterThan(98_000);
  expect(drain.drain.status().overflow[app.name]?.series).toBeGreaterThan(0);
});
