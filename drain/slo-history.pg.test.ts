import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { addApp } from '../test/drain.ts';
import { bodyOf, frameId, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';
import { systemClock } from './clock.ts';
import { Committer } from './commit.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import { countLogged } from './slo-history.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await ensurePartitions(database.pool, { nowMs: Date.now(), ahead: 1 });
});
afterAll(() => database.close());

async function commit(appId: number, lines: string[], id = frameId()): Promise<void> {
  const intake = new Intake({ storeClientAddresses: false, hashUser: (user) => user });
  const committer = new Committer({
    pool: database.pool,
    clock: systemClock,
    log: silentLog,
    intake,
    holder: `t-${Math.random()}`,
    frameMemoryHours: 6,
    tickMs: 1,
  });
  const state = {
    appId,
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
  await new Promise((resolve) => committer.submit(state, body, Buffer.from(id, 'hex'), resolve));
}

test('every request of the log is counted by all its dimensions at once, a frame sent twice once', async () => {
  const app = await addApp(database.pool, 'shop');
  const id = frameId();
  const lines = [
    ...Array.from({ length: 5 }, () => requestLine({ path: '/cart' })),
    ...Array.from({ length: 2 }, () => requestLine({ path: '/cart', status: 503, code: 'H12' })),
    ...Array.from({ length: 4 }, () => requestLine({ path: '/about', status: 500 })),
  ];
  await commit(app.id, lines, id);
  await commit(app.id, lines, id);
  const nowMs = Date.now();
  const query = { appId: app.id, fromMs: nowMs - HOUR, toMs: nowMs + MINUTE, timeMs: 5_000 };
  const definition = exampleSlo({
    scope: { methods: ['GET'], processTypes: ['web'], pathShapes: ['/cart'] },
  });
  // The oldest chunk is of this minute, which may have begun before it: counted by the minute after.
  const { rows } = await database.pool.query<{ at: number }>('SELECT min(committed_at_ms) AS at FROM chunks');
  const { minutes, fromMinute } = await countLogged(database.pool, { ...query, definition });
  expect(fromMinute).toBe(Math.floor((rows[0]?.at ?? 0) / MINUTE) + 1);
  expect(minutes).toEqual([]);
  const other = await addApp(database.pool, 'blog');
  await agedChunk(other.id, nowMs - 10 * MINUTE);
  const whole = await countLogged(database.pool, { ...query, definition });
  const sum = whole.minutes.reduce((all, { events, bad }) => [all[0]! + events, all[1]! + bad], [0, 0]);
  expect(sum).toEqual([7, 2]);
});

/** As if the log had begun then. */
async function agedChunk(appId: number, atMs: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
     VALUES ($1, 1, -1, ARRAY[$2::int], ARRAY[0], '{}', 0, '')`,
    [atMs, appId],
  );
}

test('without time nothing is counted, and it says so', async () => {
  const app = await addApp(database.pool, 'late');
  await commit(app.id, [requestLine()]);
  const toMs = Math.ceil(Date.now() / MINUTE) * MINUTE + MINUTE;
  const none = await countLogged(database.pool, {
    appId: app.id,
    definition: exampleSlo(),
    fromMs: toMs - HOUR,
    toMs,
    timeMs: 0,
  });
  expect(none).toEqual({ minutes: [], fromMinute: toMs / MINUTE });
});
