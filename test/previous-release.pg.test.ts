import { readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../drain/clock.ts';
import { Takeover } from '../drain/takeover.ts';
import { silentLog } from '../model/log.ts';
import { SeriesNumbers } from '../store/series.ts';
import { readCounts } from './account.ts';
import { createTestDatabase, type TestDatabase } from './pg.ts';

interface Recorded {
  sql: string;
  values: unknown[];
  columns: string[];
  copied?: unknown[];
}

/** Written by record-statements.ts in a checkout of the release before. */
const { release, statements } = JSON.parse(
  readFileSync(new URL('fixtures/previous/statements.json', import.meta.url), 'utf8'),
) as { release: string; statements: Recorded[] };

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  const { $bytes: bytes } = (value ?? {}) as { $bytes?: string };
  return bytes === undefined ? value : Buffer.from(bytes, 'base64');
}

/** Only one statement of each text is kept, so that a row it refers to may be missing: it fits all the same. */
const FOREIGN_KEY = '23503';

/** Plays one statement; gives the names of its columns, or what the server says against it. */
async function play({ sql, values, columns, copied }: Recorded): Promise<string[] | string> {
  const client = await database.pool.connect();
  try {
    if (copied !== undefined) {
      const stream = client.query(copyFrom(sql));
      const done = finished(stream);
      for (const piece of copied) stream.write(decode(piece));
      stream.end();
      await done;
      return [];
    }
    const result = await client.query(sql, values.length === 0 ? undefined : values.map(decode));
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last.fields.map(({ name }: { name: string }) => name);
  } catch (error) {
    if ((error as { code?: string }).code === FOREIGN_KEY) return columns;
    return (error as Error).message;
  } finally {
    client.release();
  }
}

test(`U-01 U-02 R-15 every statement of the release before (${release}) fits this schema: frames, roll-ups, take-over, worker, pages`, async () => {
  const wrong: string[] = [];
  for (const statement of statements) {
    const answer = await play(statement);
    if (String(answer) !== String(statement.columns)) wrong.push(`${statement.sql}\n  → ${answer}`);
  }
  expect(wrong).toEqual([]);
  // It did what it was meant to do, too.
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*) FROM chunks) > 0 AS chunks, (SELECT count(*) FROM frames) > 0 AS frames,
       (SELECT count(*) FROM count_buckets_10s) > 10 AS counts, (SELECT count(*) FROM gaps) > 0 AS gaps,
       (SELECT count(*) FROM count_buckets_1m) > 0 AS minutes`,
  );
  expect(rows).toEqual([{ chunks: true, frames: true, counts: true, gaps: true, minutes: true }]);
});

test('U-01 S-20 what a process of the release before left behind is taken over and counted as it counted it itself', async () => {
  const { pool } = database;
  // Played above: its chunk, and what it rolled up from that.
  const before = await readCounts(pool, 1);
  expect(before.requests).toBeGreaterThan(5);
  await pool.query('TRUNCATE count_buckets_10s, sample_buckets_10s');
  await pool.query(
    "UPDATE writers SET checkpoint_seq = 0, closed_at = NULL, seen_at = seen_at - interval '1 hour'",
  );
  const damaged: string[] = [];
  const heir = new Takeover({
    pool,
    numbers: new SeriesNumbers(),
    clock: systemClock,
    log: { ...silentLog, error: (event) => damaged.push(event) },
    holder: 'heir',
    ownWriterId: () => null,
    onRolledUp: () => {},
  });
  while (await heir.takeOverOne());
  expect(damaged).toEqual([]);
  expect(await readCounts(pool, 1)).toEqual(before);
});

test('the statements of the release before are all kinds that matter', () => {
  const texts = statements.map(({ sql }) => sql).join('\n');
  for (const kind of [
    'INSERT INTO chunks',
    'INSERT INTO frames',
    'COPY count_buckets_10s',
    'COPY sample_buckets_10s',
  ])
    expect(texts).toContain(kind);
  for (const kind of [
    'UPDATE writers',
    'INSERT INTO leases',
    'ATTACH PARTITION',
    'FROM drain_secrets',
    'INTO compactions',
  ])
    expect(texts).toContain(kind);
});
