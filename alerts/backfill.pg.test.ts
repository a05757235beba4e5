import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Checkpointer } from '../drain/checkpoint.ts';
import { systemClock } from '../drain/clock.ts';
import { Committer } from '../drain/commit.ts';
import { Intake } from '../drain/intake.ts';
import { makeTerm } from '../drain/intern.ts';
import { countSections } from '../drain/slo-backfill.ts';
import { SloBook } from '../drain/slo-book.ts';
import { silentLog } from '../model/log.ts';
import { SERIES_DYNO } from '../model/series.ts';
import { ensurePartitions, ensurePartitionsFor } from '../store/partitions.ts';
import { type Pool, withTransaction } from '../store/pool.ts';
import { SeriesNumbers } from '../store/series.ts';
import { claimBackfill, writeBackfillStep } from '../store/slo-backfills.ts';
import { readSloMinutes, readWindowSums } from '../store/slo-hours.ts';
import { createSlo, readSloById, removeSlo, type SloRow } from '../store/slos.ts';
import { compareBuckets } from '../test/account.ts';
import { addApp, type TestApp } from '../test/drain.ts';
import { bodyOf, frameId, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo, latencyIndicator } from '../test/slos.ts';
import { backfillOne } from './backfill.ts';
import { foldMinutes } from './fold.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
  pool = database.pool;
  await ensurePartitions(pool, { nowMs: Date.now(), ahead: 1 });
});
afterAll(() => database.close());
// What an earlier test left open is nobody's to work at.
beforeEach(() => pool.query("UPDATE slo_backfills SET phase = 'done'"));

function buildProcess() {
  const slos = new SloBook(pool, systemClock);
  const base = { pool, clock: systemClock, log: silentLog, slos };
  const intake = new Intake({ storeClientAddresses: false, hashUser: (user) => user });
  const committer = new Committer({ ...base, intake, holder: 'a', frameMemoryHours: 6, tickMs: 1 });
  const checkpointer = new Checkpointer({
    ...base,
    committer,
    numbers: new SeriesNumbers(),
    onRolledUp: () => {},
  });
  const send = (app: TestApp, lines: string[], id = frameId()): Promise<unknown> => {
    const state = {
      appId: app.id,
      customMetrics: true,
      historyOpenUntilMs: 0,
      release: makeTerm(''),
      releaseAtMs: 0,
    };
    const body = {
      buf: bodyOf(lines),
      dialect: 'logplex' as const,
      receivedAtMs: Date.now(),
      drainId: 1,
      announced: -1,
      dropCount: 0,
      lostCount: 0,
      frameKey: id,
      drain: { lastLineMs: 0 },
      lossesOnly: false,
    };
    return new Promise((resolve) => committer.submit(state, body, Buffer.from(id, 'hex'), resolve));
  };
  return { checkpointer, send, slos };
}

const lines = (count: number, more: Parameters<typeof requestLine>[0] = {}): string[] =>
  Array.from({ length: count }, () => requestLine(more));

async function makeSlo(app: TestApp, nowMs: number, more = {}): Promise<SloRow> {
  const slo = await createSlo(pool, {
    appId: app.id,
    slug: `slo-${Math.random()}`,
    definition: exampleSlo(more),
    author: 'ada',
    nowMs,
  });
  return slo!;
}

const backfill = (nowMs = Date.now()) => backfillOne({ pool, countSections, nowMs: () => nowMs });

async function sumOf(slo: SloRow, days = 2) {
  await foldMinutes(pool);
  const minute = Math.floor(Date.now() / MINUTE);
  const window = { sloId: slo.id, fromMinute: minute - days * 1_440, toMinute: minute + 60 };
  return (await readWindowSums(pool, [window]))[0];
}

/** As if what was committed so far had been so a while ago. */
async function age(app: TestApp, ms: number): Promise<void> {
  const { rows } = await pool.query<{ at: number }>(
    'SELECT committed_at_ms AS at FROM chunks WHERE app_ids @> ARRAY[$1::int]',
    [app.id],
  );
  await ensurePartitionsFor(
    pool,
    'chunks',
    rows.map(({ at }) => at - ms),
  );
  await pool.query(
    'UPDATE chunks SET committed_at_ms = committed_at_ms - $2 WHERE app_ids @> ARRAY[$1::int]',
    [app.id, ms],
  );
}

test('R-03 what was committed before an SLO began is counted from the log, the rest as it comes, late lines too: each request once', async () => {
  const app = await addApp(pool);
  const { checkpointer, send, slos } = buildProcess();
  const id = frameId();
  await send(
    app,
    [...lines(5), ...lines(2, { status: 503, code: 'H12' }), ...lines(3, { path: '/other' })],
    id,
  );
  await send(app, lines(4), id);
  await checkpointer.roundOnce();
  await age(app, 3 * MINUTE);
  const slo = await makeSlo(app, Date.now() - 150_000, { scope: { pathShapes: ['/cart'] } });
  await slos.refresh();
  // Its lines say an earlier minute than the SLO's first.
  await send(app, lines(6, { atMs: Date.now() - 5 * MINUTE }));
  await checkpointer.roundOnce();
  expect(await sumOf(slo)).toEqual({ events: 6, bad: 0 });
  expect((await readSloById(pool, slo.id))?.history).toMatchObject({ phase: 'waiting' });

  await Promise.all([backfill(), backfill(), backfill()]);
  expect(await sumOf(slo)).toEqual({ events: 13, bad: 2 });
  expect((await readSloById(pool, slo.id))?.history).toMatchObject({ phase: 'done', note: '' });
  expect(await backfill()).toBe(false);
  expect(await compareBuckets(pool)).toEqual([]);
});

test('K-08 a step that was written by one who then died is not written again', async () => {
  const app = await addApp(pool);
  const { checkpointer, send } = buildProcess();
  await send(app, lines(5));
  await checkpointer.roundOnce();
  await age(app, 3 * MINUTE);
  const slo = await makeSlo(app, Date.now() - 150_000);
  const claimed = await claimBackfill(pool);
  expect(claimed).toMatchObject({ sloId: slo.id, phase: 'waiting' });
  // Claimed: nobody else has it, until its time is over.
  expect(await claimBackfill(pool)).toBeNull();
  await pool.query('UPDATE slo_backfills SET claimed_until = now() WHERE slo_id = $1', [slo.id]);
  await backfill();
  const minutes = [{ versionId: slo.version.id, minute: 1, events: 5, bad: 0 }];
  const late = await writeBackfillStep(pool, claimed!, { phase: 'exact', cursorMs: 5, minutes }, Date.now());
  expect(late).toBe(false);
  expect(await sumOf(slo)).toEqual({ events: 5, bad: 0 });
});

test('it waits for the first minute of an SLO, and for commits that may still be on their way', async () => {
  const app = await addApp(pool);
  const { checkpointer, send } = buildProcess();
  await send(app, lines(5));
  await checkpointer.roundOnce();
  const slo = await makeSlo(app, Date.now());
  await backfill();
  expect((await readSloById(pool, slo.id))?.history.phase).toBe('exact');
  expect(await sumOf(slo)).toEqual({ events: 0, bad: 0 });
  await pool.query('UPDATE slo_backfills SET claimed_until = now()');
  await backfill(Date.now() + 40_000);
  expect(await sumOf(slo)).toEqual({ events: 5, bad: 0 });
  await pool.query('UPDATE slo_backfills SET claimed_until = now()');
  await backfill(Date.now() + 4 * MINUTE);
  expect((await readSloById(pool, slo.id))?.history.phase).toBe('done');
  expect(await sumOf(slo)).toEqual({ events: 5, bad: 0 });
});

/** Requests of a dyno in one bucket, in a table of buckets. */
async function insertBucket(
  app: TestApp,
  table: 'count_buckets_1m' | 'count_buckets_1h',
  { atMs, dyno, count, bad }: { atMs: number; dyno: string; count: number; bad: number },
): Promise<void> {
  await ensurePartitionsFor(pool, table, [atMs / 1000]);
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO series (app_id, kind, key, created_at_ms) VALUES ($1, $2, $3, 0)
     ON CONFLICT (app_id, kind, key) DO UPDATE SET key = excluded.key RETURNING id`,
    [app.id, SERIES_DYNO, dyno],
  );
  await pool.query(
    `INSERT INTO ${table} (bucket_s, app_id, series_id, writer_id, count, bad, excluded) VALUES ($1, $2, $3, 0, $4, $5, 1)`,
    [atMs / 1000, app.id, rows[0]!.id, count, bad],
  );
}

test('before the log there are buckets of minutes, before those buckets of hours; what comes of them is marked approximate', async () => {
  const app = await addApp(pool);
  const now = Math.floor(Date.now() / HOUR) * HOUR;
  await pool.query(
    `INSERT INTO drains (app_id, token, first_received_at_ms, last_received_at_ms) VALUES ($1, 'd.x', $2, $2)`,
    [app.id, now - 60 * DAY],
  );
  const { checkpointer, send } = buildProcess();
  await send(app, lines(5));
  await checkpointer.roundOnce();
  await pool.query("UPDATE retired SET before_s = $1 WHERE table_name = 'count_buckets_1m'", [
    (now - 10 * DAY) / 1000,
  ]);
  await insertBucket(app, 'count_buckets_1m', { atMs: now - 3 * DAY, dyno: 'web.1', count: 11, bad: 2 });
  await insertBucket(app, 'count_buckets_1m', { atMs: now - 3 * DAY, dyno: 'api.1', count: 90, bad: 9 });
  await insertBucket(app, 'count_buckets_1h', { atMs: now - 3 * DAY, dyno: 'web.1', count: 999, bad: 2 });
  await insertBucket(app, 'count_buckets_1h', { atMs: now - 20 * DAY, dyno: 'web.2', count: 121, bad: 30 });
  await insertBucket(app, 'count_buckets_1h', { atMs: now - 120 * DAY, dyno: 'web.2', count: 77, bad: 0 });
  const slo = await makeSlo(app, Date.now(), { scope: { processTypes: ['web'] } });
  const several = await makeSlo(app, Date.now(), {
    scope: { processTypes: ['web'], hosts: ['a.example.com'] },
  });
  await backfill(Date.now() + 4 * MINUTE);
  await backfill(Date.now() + 4 * MINUTE);
  expect(await sumOf(slo, 90)).toEqual({ events: 5 + 10 + 120, bad: 2 + 30 });
  const { history } = (await readSloById(pool, slo.id))!;
  expect(history).toMatchObject({ phase: 'done', historyFromMinute: (now - 20 * DAY) / MINUTE });
  expect(history.exactFromMinute).toBeGreaterThan((now - 3 * DAY) / MINUTE);
  const from = (now - 20 * DAY) / MINUTE;
  const minutes = await readSloMinutes(pool, [slo.id], { fromMinute: from, toMinute: from + 60 });
  expect(minutes.get(slo.id)?.events).toEqual(Array.from({ length: 60 }, () => 2));
  expect((await readSloById(pool, several.id))?.history.note).toMatch(/one dimension at a time/);
});

test('an installation as new as its SLO: a history that comes before the SLO begins is counted whole, from the log', async () => {
  const fresh = await createTestDatabase({ max: 4 });
  try {
    await ensurePartitions(fresh.pool, { nowMs: Date.now(), ahead: 1 });
    const app = await addApp(fresh.pool);
    const nowMs = Date.now();
    const slo = await createSlo(fresh.pool, {
      appId: app.id,
      slug: 'availability',
      definition: exampleSlo(),
      author: 'test',
      nowMs,
    });
    expect(slo).not.toBeNull();
    const step = () => backfillOne({ pool: fresh.pool, countSections, nowMs: () => nowMs });
    const readPhase = async () =>
      (await fresh.pool.query('SELECT phase, exact_from_minute FROM slo_backfills')).rows[0];
    expect(await step()).toBe(true);
    expect(await readPhase()).toMatchObject({ phase: 'waiting' });
    // The frame arrived, and was committed, while nobody looked.
    await fresh.pool.query(
      `INSERT INTO drains (app_id, token, first_received_at_ms, last_received_at_ms) VALUES ($1, 'd.x', $2, $2)`,
      [app.id, nowMs + 1_000],
    );
    await fresh.pool.query(
      `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
       VALUES ($1, 1, 1, '{}', '{}', '{}', 0, '')`,
      [nowMs + 1_200],
    );
    await fresh.pool.query('UPDATE slo_backfills SET claimed_until = clock_timestamp() - interval $$1 s$$');
    expect(await step()).toBe(true);
    expect(await readPhase()).toMatchObject({ phase: 'exact', exact_from_minute: 0 });
  } finally {
    await fresh.close();
  }
});

test('one that was removed before it began has no past to count', async () => {
  const app = await addApp(pool);
  const slo = await makeSlo(app, Date.now());
  await withTransaction(pool, (client) => removeSlo(client, slo.id, Date.now()));
  await backfill();
  expect((await readSloById(pool, slo.id))?.history).toMatchObject({ phase: 'done' });
});

test('a latency SLO counts its past by its own threshold', async () => {
  const app = await addApp(pool);
  const { checkpointer, send } = buildProcess();
  await send(app, [...lines(5, { serviceMs: 100 }), ...lines(2, { serviceMs: 301 })]);
  await checkpointer.roundOnce();
  const slo = await makeSlo(app, Date.now(), { indicator: latencyIndicator(300) });
  await backfill(Date.now() + 4 * MINUTE);
  expect(await sumOf(slo)).toEqual({ events: 7, bad: 2 });
});
