import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { Ledger } from '../sim/ledger.ts';
import { outputLine } from '../sim/line.ts';
import { LogplexNode } from '../sim/logplex.ts';
import { authorizationOf, openConnection, type PostOutcome } from '../sim/post.ts';
import { Shuttle } from '../sim/shuttle.ts';
import { type ChunkInput, commitChunk, FRAME_SLOT_S } from '../store/chunks.ts';
import { ensurePartitionFor } from '../store/partitions.ts';
import { buildPool } from '../store/pool.ts';
import { insertWriter, type Writer } from '../store/writers.ts';
import { compareBuckets, compareWithSender, readCounts, readGaps } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain, until } from '../test/drain.ts';
import { bodyOf, frameId, lossLine, requestLine, requests } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { type LinkProxy, startProxy } from '../test/proxy.ts';

/** Two processes on one database; `behindProxy` reaches it over a link that can be cut. */
let database: TestDatabase;
let one: TestDrain;
let two: TestDrain;
let proxy: LinkProxy;
let behindProxy: TestDrain;

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  proxy = await startProxy(database.url);
  [one, two, behindProxy] = await Promise.all([
    startDrain(database),
    startDrain(database),
    startDrain(database, { databaseUrl: proxy.url }),
  ]);
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop(), behindProxy.stop()]);
  await proxy.close();
  await database.close();
});

const TOKEN = 'd.00000000-0000-4000-8000-000000000001';
const LIMITS = { connectMs: 3_000, answerMs: 5_000, idleMs: 60_000, connections: 4 };
const OK: PostOutcome = { kind: 'answered', status: 204 };

function sender(drain: TestDrain, app: TestApp, more: Record<string, string> = {}, limits = LIMITS) {
  const url = drain.urlOf(app);
  const connection = openConnection(url, limits);
  return {
    send: (body: Buffer, id: string, headers: Record<string, string> = {}) =>
      connection.post(
        {
          Authorization: authorizationOf(url) ?? '',
          'Content-Type': 'application/logplex-1',
          'Logplex-Drain-Token': TOKEN,
          'Logplex-Frame-Id': id,
          'Content-Length': String(body.length),
          'User-Agent': 'Logplex/v72',
          ...more,
          ...headers,
        },
        body,
      ),
    close: () => connection.close(),
  };
}

async function counted(app: TestApp) {
  await rolledUp(database.pool);
  return await readCounts(database.pool, app.id);
}

describe('R-02 a frame delivered twice is counted once', () => {
  test('S-01 twice in a row: both are answered 204', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(one, app);
    const [id, body] = [frameId(), requests(7)];
    expect([await send(body, id), await send(body, id), await send(body, id)]).toEqual([OK, OK, OK]);
    expect(await counted(app)).toMatchObject({ requests: 7, frames: { accepted: 1, duplicate: 2 } });
  });

  test('S-02 at once on two processes, many times: each frame counts once, whoever is first', async () => {
    const app = await addApp(database.pool);
    const [a, b] = [sender(one, app), sender(two, app)];
    await a.send(requests(1), frameId());
    const outcomes: PostOutcome[] = [];
    for (let round = 0; round < 25; round++) {
      const [id, body] = [frameId(), requests(2)];
      outcomes.push(...(await Promise.all([a.send(body, id), b.send(body, id), a.send(body, id)])));
    }
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome)))).toEqual(
      new Set([JSON.stringify(OK)]),
    );
    expect(await counted(app)).toMatchObject({ requests: 51, frames: { accepted: 26, duplicate: 50 } });
  });

  test('the same frame id of two drains, or of two apps, is two frames', async () => {
    const [app, other] = [await addApp(database.pool), await addApp(database.pool)];
    const id = frameId();
    expect(await sender(one, app).send(requests(1), id)).toEqual(OK);
    expect(await sender(one, other).send(requests(2), id)).toEqual(OK);
    const elsewhere = { 'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000002' };
    expect(await sender(one, app, elsewhere).send(requests(4), id)).toEqual(OK);
    expect((await counted(app)).requests).toBe(5);
    expect((await counted(other)).requests).toBe(2);
  });

  test('S-17 a shuttle has no frame id: its request id is the identity, else drain and body', async () => {
    const app = await addApp(database.pool);
    const url = one.urlOf(app);
    const connection = openConnection(url, LIMITS);
    const send = (body: Buffer, more: Record<string, string>) =>
      connection.post(
        {
          Authorization: authorizationOf(url) ?? '',
          'Content-Type': 'application/logplex-1',
          'User-Agent': 'log-shuttle/0.18.0',
          'Content-Length': String(body.length),
          ...more,
        },
        body,
      );
    const [first, second] = [requests(1), requests(2)];
    const id = { 'X-Request-Id': '6b4a7fa4-0000-4000-8000-000000000001' };
    expect([await send(first, id), await send(first, id)]).toEqual([OK, OK]);
    expect([await send(first, {}), await send(first, {}), await send(second, {})]).toEqual([OK, OK, OK]);
    expect(await counted(app)).toMatchObject({ requests: 4, frames: { accepted: 3, duplicate: 2 } });
    connection.close();
  });

  test('S-06 a sender gives up while its commit is on its way: the retry meets its own frame and counts once', async () => {
    const app = await addApp(database.pool);
    await sender(one, app).send(Buffer.alloc(0), frameId());
    const [id, body] = [frameId(), requests(3)];
    const lock = await database.pool.connect();
    await lock.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
    const impatient = sender(one, app, {}, { ...LIMITS, answerMs: 200 });
    expect(await impatient.send(body, id)).toEqual({ kind: 'timedOut' });
    const retry = sender(one, app).send(body, id);
    await sleep(100);
    await lock.query('ROLLBACK');
    lock.release();
    expect(await retry).toEqual(OK);
    expect(await counted(app)).toMatchObject({ requests: 3, frames: { accepted: 2, duplicate: 1 } });
  });
});

describe('S-03 the frame ledger', () => {
  let writer: Writer;

  /** Commits one frame at an instant; true when it was fresh. */
  async function enter(committedAtMs: number, drainId: number, frame: Buffer): Promise<boolean> {
    for (const slot of [committedAtMs - 120_000, committedAtMs + 120_000]) {
      await ensurePartitionFor(database.pool, 'frames', Math.floor(slot / 1000));
    }
    await ensurePartitionFor(database.pool, 'chunks', committedAtMs);
    const input: ChunkInput = {
      writerId: writer.id,
      epoch: writer.epoch,
      seq: writer.seq + 1,
      committedAtMs,
      frameMemoryHours: 6,
      appIds: [],
      sectionEnds: [],
      messages: 0,
      body: Buffer.alloc(0),
      frames: [{ position: 0, drainId, frameId: frame }],
      knownDuplicates: [],
      logs: null,
    };
    const outcome = await commitChunk(database.pool, input);
    if (outcome.kind !== 'committed') throw new Error('refused');
    writer.seq++;
    return outcome.duplicates.length === 0;
  }

  beforeAll(async () => {
    ({ writer } = await insertWriter(database.pool, 'ledger'));
  });
  afterAll(async () => {
    // What it committed has no sections: nothing of it is to be rolled up or compared.
    await database.pool.query('DELETE FROM chunks WHERE writer_id = $1', [writer.id]);
    await database.pool.query('UPDATE writers SET closed_at = now(), checkpoint_seq = seq WHERE id = $1', [
      writer.id,
    ]);
  });

  const EDGE_S = Math.floor(Date.now() / 1000 / FRAME_SLOT_S) * FRAME_SLOT_S;
  let frames = 0;
  const freshFrame = (): Buffer => {
    const frame = Buffer.alloc(16);
    frame.writeUInt32BE(++frames, 12);
    return frame;
  };

  test('a frame comes again 5 h later: it is known', async () => {
    const frame = freshFrame();
    const atMs = EDGE_S * 1000 + 3_000_000;
    expect(await enter(atMs, 1, frame)).toBe(true);
    expect(await enter(atMs + 5 * 3_600_000, 1, frame)).toBe(false);
    expect(await enter(atMs + 6 * 3_600_000, 1, frame)).toBe(false);
  });

  test('whenever a frame comes, near the edge of a slot or not, it is known for 6 h, and to a slower clock too', async () => {
    const nearEdge = fc.integer({ min: -200, max: 200 }).map((s) => s * 1000);
    const anywhere = fc.integer({ min: 0, max: FRAME_SLOT_S * 1000 - 1 });
    const later = fc.oneof(
      fc.integer({ min: 0, max: 6 * 3_600_000 }),
      fc.integer({ min: 0, max: 300 }).map((s) => s * 1000),
      fc.integer({ min: 0, max: 3 }).map((slots) => slots * FRAME_SLOT_S * 1000),
      // Another process, whose idea of the database's clock is a little behind.
      fc.integer({ min: -100, max: 0 }).map((s) => s * 1000),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(nearEdge, anywhere), later, async (offsetMs, laterMs) => {
        const frame = freshFrame();
        const atMs = EDGE_S * 1000 + offsetMs;
        expect(await enter(atMs, 1, frame)).toBe(true);
        expect(await enter(atMs + laterMs, 1, frame)).toBe(false);
        expect(await enter(atMs + laterMs, 2, frame)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('S-02 two processes whose clocks differ by up to 2 min enter one frame at once around an edge: one is fresh', async () => {
    const writers = await Promise.all([insertWriter(database.pool, 'a'), insertWriter(database.pool, 'b')]);
    const pools = await Promise.all(
      writers.map(async () =>
        buildPool({ url: database.url, max: 1, applicationName: 'twin', log: silentLog }),
      ),
    );
    await ensurePartitionFor(database.pool, 'frames', EDGE_S - 1);
    await ensurePartitionFor(database.pool, 'frames', EDGE_S);
    await ensurePartitionFor(database.pool, 'chunks', EDGE_S * 1000 - 1);
    await ensurePartitionFor(database.pool, 'chunks', EDGE_S * 1000);
    const second = fc.integer({ min: -240, max: 240 });
    await fc.assert(
      fc.asyncProperty(second, fc.integer({ min: -119, max: 119 }), async (atS, skewS) => {
        const frame = freshFrame();
        const outcomes = await Promise.all(
          writers.map(({ writer: twin }, index) =>
            commitChunk(pools[index]!, {
              writerId: twin.id,
              epoch: twin.epoch,
              seq: ++twin.seq,
              committedAtMs: (EDGE_S + atS + index * skewS) * 1000,
              frameMemoryHours: 6,
              appIds: [],
              sectionEnds: [],
              messages: 0,
              body: Buffer.alloc(0),
              frames: [{ position: 0, drainId: 1, frameId: frame }],
              knownDuplicates: [],
              logs: null,
            }),
          ),
        );
        const fresh = outcomes.filter(
          (outcome) => outcome.kind === 'committed' && outcome.duplicates.length === 0,
        );
        expect(fresh).toHaveLength(1);
      }),
      { numRuns: 80 },
    );
    const ids = writers.map(({ writer: twin }) => twin.id);
    await database.pool.query('DELETE FROM chunks WHERE writer_id = ANY ($1)', [ids]);
    await database.pool.query(
      'UPDATE writers SET closed_at = now(), checkpoint_seq = seq WHERE id = ANY ($1)',
      [ids],
    );
    await Promise.all(pools.map((pool) => pool.end()));
  });
});

describe('R-04 losses become gaps', () => {
  test('S-04 a loss notice in front of a frame that is committed already still becomes a gap; the frame counts once', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(one, app);
    const [id, lines] = [frameId(), [requestLine(), requestLine()]];
    expect(await send(bodyOf(lines), id)).toEqual(OK);
    const sinceMs = Date.now() - 2_000;
    const notice = Buffer.from(lossLine(37, sinceMs));
    expect(await send(bodyOf([notice, ...lines]), id)).toEqual(OK);
    // Rebuilt at the next try, with a larger count: still the same loss.
    expect(await send(bodyOf([Buffer.from(lossLine(41, sinceMs)), ...lines]), id)).toEqual(OK);
    expect(await counted(app)).toMatchObject({ requests: 2, messages: { request: 2 } });
    expect(await readGaps(database.pool, app.id)).toMatchObject([{ cause: 'L10', messages: 41 }]);
  });

  test('S-04 the same while the first try still waits for its commit', async () => {
    const app = await addApp(database.pool);
    await sender(one, app).send(Buffer.alloc(0), frameId());
    const [id, lines] = [frameId(), [requestLine(), requestLine()]];
    const lock = await database.pool.connect();
    await lock.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
    const { send } = sender(one, app);
    const first = send(bodyOf(lines), id);
    await sleep(80);
    const second = send(bodyOf([Buffer.from(lossLine(5, Date.now() - 1_000)), ...lines]), id);
    await sleep(80);
    await lock.query('ROLLBACK');
    lock.release();
    expect([await first, await second]).toEqual([OK, OK]);
    expect(await counted(app)).toMatchObject({ requests: 2, frames: { accepted: 2, duplicate: 1 } });
    expect(await readGaps(database.pool, app.id)).toMatchObject([{ cause: 'L10', messages: 5 }]);
  });

  test('S-04 the same when the first try is on another process', async () => {
    const app = await addApp(database.pool);
    const [id, lines] = [frameId(), [requestLine()]];
    const notice = Buffer.from(lossLine(9, Date.now() - 1_000));
    expect(
      await Promise.all([
        sender(one, app).send(bodyOf(lines), id),
        sender(two, app).send(bodyOf([notice, ...lines]), id),
      ]),
    ).toEqual([OK, OK]);
    expect((await counted(app)).requests).toBe(1);
    expect(await readGaps(database.pool, app.id)).toMatchObject([{ cause: 'L10', messages: 9 }]);
  });

  test('S-15 an L10 message becomes a gap with count and span, and is counted as a message and a code', async () => {
    const app = await addApp(database.pool);
    const nowMs = Date.now();
    const { send } = sender(one, app);
    await send(bodyOf([requestLine({ atMs: nowMs - 20_000 })]), frameId());
    await send(bodyOf([Buffer.from(lossLine(12, nowMs - 8_000, nowMs - 1_000)), requestLine()]), frameId());
    expect(await counted(app)).toMatchObject({ codes: { L10: 1 }, messages: { request: 2, loss: 1 } });
    // Lost were lines between the last one that came and the notice.
    expect(await readGaps(database.pool, app.id)).toEqual([
      { cause: 'L10', messages: 12, fromMs: nowMs - 20_000, toMs: nowMs - 1_000 },
    ]);
  });

  test('I-38 L10 with 0, a negative and a huge count, and T-02 without a time, harm nothing', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(one, app);
    const said = (text: string) =>
      `<172>1 ${new Date().toISOString()} host heroku logplex - Error L10 (output buffer overflow): ${text}`;
    for (const text of [
      '0 messages dropped since 2026-01-01T00:00:00+00:00.',
      '-5 messages dropped since 2026-01-01T00:00:00+00:00.',
      '99999999999999999999 messages dropped since 2026-01-01T00:00:00+00:00.',
      '999999999999999 messages dropped since 2026-01-01T00:00:01+00:00.',
      '7 messages dropped since tomorrow.',
      'messages dropped',
    ]) {
      expect(await send(bodyOf([said(text), requestLine()]), frameId())).toEqual(OK);
    }
    expect((await counted(app)).requests).toBe(6);
    const gaps = await readGaps(database.pool, app.id);
    expect(gaps.every((gap) => gap.fromMs <= gap.toMs)).toBe(true);
    expect(Math.min(...gaps.map((gap) => gap.fromMs))).toBeGreaterThan(Date.now() - 400 * 86_400_000);
  });

  test('S-16 counts of drop and lost headers become gaps, once, however often the batch comes', async () => {
    const app = await addApp(database.pool);
    const shuttle = {
      'User-Agent': 'log-shuttle/0.18.0',
      'Logplex-Drop-Count': '31',
      'Logplex-Lost-Count': '500',
    };
    const { send } = sender(one, app, shuttle);
    const [id, body] = [frameId(), requests(2)];
    expect([await send(body, id), await send(body, id)]).toEqual([OK, OK]);
    expect((await counted(app)).requests).toBe(2);
    const gaps = await readGaps(database.pool, app.id);
    expect(gaps.map(({ cause, messages }) => ({ cause, messages }))).toEqual([
      { cause: 'dropCount', messages: 31 },
      { cause: 'lostCount', messages: 500 },
    ]);
  });

  test('S-16 the same from a whole shuttle: what its full queue dropped is sent − counted', async () => {
    const app = await addApp(database.pool);
    const ledger = new Ledger();
    const shuttle = new Shuttle({
      url: one.urlOf(app),
      app: app.name,
      ledger,
      limits: { queueLines: 40, batchLines: 20 },
    });
    for (let i = 0; i < 150; i++) shuttle.push(outputLine(Date.now(), 'web.1', `line ${i}`));
    await shuttle.drained();
    // The next batch tells of what was dropped before it.
    shuttle.push(outputLine(Date.now(), 'web.1', 'last'));
    await shuttle.drained();
    shuttle.stop();
    const sent = ledger.snapshot().apps[app.name];
    if (sent === undefined) throw new Error('nothing was sent');
    expect(sent.lost.messages).toBeGreaterThan(0);
    const counts = await counted(app);
    expect(compareWithSender(counts, sent)).toEqual([]);
    const lost = (await readGaps(database.pool, app.id)).reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
    expect((counts.messages.app ?? 0) + lost).toBe(sent.generated.messages);
  });
});

describe('order and time', () => {
  test('S-05 frames out of order, interleaved from several senders and processes, give the buckets of their order', async () => {
    const apps = [await addApp(database.pool), await addApp(database.pool)];
    const startMs = Date.now() - 60_000;
    const frames = Array.from({ length: 40 }, (_, i) => ({
      id: frameId(),
      body: bodyOf([
        requestLine({ atMs: startMs + i * 1_000, status: 200 + (i % 3) * 150, serviceMs: i * 7 }),
        `<134>1 ${new Date(startMs + i * 1_000).toISOString()} host heroku web.1 - source=web.1 dyno=heroku.1.a sample#memory_total=${i}.5MB`,
      ]),
    }));
    const [inOrder, shuffled] = apps as [TestApp, TestApp];
    const single = sender(one, inOrder);
    for (const { id, body } of frames) await single.send(body, id);
    const turns = [sender(one, shuffled), sender(two, shuffled), sender(one, shuffled)];
    const mixed = [...frames].sort(
      (a, b) => (a.id.at(-1) ?? '').localeCompare(b.id.at(-1) ?? '') || b.id.localeCompare(a.id),
    );
    await Promise.all(mixed.map(async ({ id, body }, i) => await turns[i % 3]?.send(body, id)));
    await rolledUp(database.pool);
    const buckets = async (app: TestApp) =>
      (
        await database.pool.query(
          `SELECT s.kind, s.key, b.bucket_s, sum(b.count) AS count, sum(b.bad) AS bad, sum(b.service_sum_ms) AS service,
             max(b.service_max_ms) AS slowest, NULL AS last
           FROM count_buckets_10s b JOIN series s ON s.id = b.series_id WHERE b.app_id = $1 AND s.kind NOT IN (7, 9)
           GROUP BY 1, 2, 3
           UNION ALL
           SELECT s.kind, s.key, b.bucket_s, sum(b.count), min(b.min), sum(b.sum), max(b.max),
             (array_agg(b.last ORDER BY b.last_at_ms DESC))[1]
           FROM sample_buckets_10s b JOIN series s ON s.id = b.series_id WHERE b.app_id = $1 GROUP BY 1, 2, 3
           ORDER BY 1, 2, 3`,
          [app.id],
        )
      ).rows;
    expect(await buckets(shuffled)).toEqual(await buckets(inOrder));
    expect((await buckets(inOrder)).length).toBeGreaterThan(20);
  });

  test('T-01 T-02 an event far ahead or without a readable time is filed under its arrival, and flagged', async () => {
    const app = await addApp(database.pool);
    const beforeMs = Date.now();
    const times = [
      new Date(beforeMs + 6 * 60_000).toISOString(),
      new Date(beforeMs + 4 * 60_000).toISOString(),
      '-',
      'yesterday',
      '0000-01-01T00:00:00Z',
      '294277-01-01T00:00:00Z',
    ];
    await sender(one, app).send(bodyOf(times.map((time) => requestLine({ time }))), frameId());
    expect(await counted(app)).toMatchObject({ requests: 6, skipped: { futureTime: 1, badTime: 4 } });
    const { rows } = await database.pool.query<{ bucket_s: number; n: number }>(
      `SELECT b.bucket_s, sum(b.count) AS n FROM count_buckets_10s b JOIN series s ON s.id = b.series_id
       WHERE b.app_id = $1 AND s.kind = 1 GROUP BY 1 ORDER BY 1`,
      [app.id],
    );
    const own = Math.floor((beforeMs + 4 * 60_000) / 10_000) * 10;
    expect(rows.at(-1)).toEqual({ bucket_s: own, n: 1 });
    expect(rows.slice(0, -1).reduce((sum, row) => sum + row.n, 0)).toBe(5);
    expect(rows[0]?.bucket_s).toBeGreaterThanOrEqual(Math.floor(beforeMs / 10_000) * 10);
  });

  test('T-03 T-04 an event up to an hour late is filed under its own time, a later one under its arrival, flagged', async () => {
    const app = await addApp(database.pool);
    const nowMs = Date.now();
    const [late, tooLate, week] = [nowMs - 59 * 60_000, nowMs - 61 * 60_000, nowMs - 7 * 86_400_000];
    await sender(one, app).send(
      bodyOf([late, tooLate, week].map((atMs) => requestLine({ atMs }))),
      frameId(),
    );
    expect(await counted(app)).toMatchObject({ requests: 3, skipped: { lateTime: 2 } });
    const { rows } = await database.pool.query<{ bucket_s: number; n: number }>(
      `SELECT b.bucket_s, sum(b.count) AS n FROM count_buckets_10s b JOIN series s ON s.id = b.series_id
       WHERE b.app_id = $1 AND s.kind = 1 GROUP BY 1 ORDER BY 1`,
      [app.id],
    );
    expect(rows[0]).toEqual({ bucket_s: Math.floor(late / 10_000) * 10, n: 1 });
    expect(rows[1]?.n).toBe(2);
    expect(rows[1]?.bucket_s).toBeGreaterThanOrEqual(Math.floor(nowMs / 10_000) * 10);
  });

  test('T-08 second 60 is counted in second 59', async () => {
    const app = await addApp(database.pool);
    // The last full minute, so that the line is neither late nor ahead.
    const minuteMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
    const leap = new Date(minuteMs).toISOString().replace(/00\.000Z$/, '60.250000+00:00');
    await sender(one, app).send(bodyOf([requestLine({ time: leap })]), frameId());
    expect(await counted(app)).toMatchObject({ requests: 1, skipped: {} });
    const { rows } = await database.pool.query<{ at_ms: number }>(
      'SELECT at_ms FROM request_details WHERE app_id = $1',
      [app.id],
    );
    expect(rows).toEqual([{ at_ms: minuteMs + 59_250 }]);
  });
});

describe('P-14 to P-20 the link to Postgres', () => {
  const end = (where: string): Promise<number> =>
    database.pool
      .query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'test-commit' AND pid <> pg_backend_pid() AND ${where}`,
      )
      .then(({ rowCount }) => rowCount ?? 0);

  test('P-14 a backend ended while idle in the pool: the next frame is taken, the process lives', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(one, app);
    expect(await send(requests(1), frameId())).toEqual(OK);
    expect(await end("state = 'idle'")).toBeGreaterThan(0);
    expect(await send(requests(2), frameId())).toEqual(OK);
    expect(await counted(app)).toMatchObject({ requests: 3, frames: { accepted: 2 } });
  });

  test('P-15 a backend ended in the middle of the commit: the frame is tried again and counted once', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(one, app);
    await send(Buffer.alloc(0), frameId());
    const lock = await database.pool.connect();
    await lock.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
    const sending = send(requests(4), frameId());
    await until(async () => (await end("state = 'active' AND wait_event_type = 'Lock'")) > 0);
    await lock.query('ROLLBACK');
    lock.release();
    expect(await sending).toEqual(OK);
    expect(await counted(app)).toMatchObject({ requests: 4, frames: { accepted: 2 } });
  });

  test('P-16 the link is cut after COMMIT was sent, before its reply: read back by frame id, counted once', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(behindProxy, app);
    expect(await send(requests(1), frameId())).toEqual(OK);
    for (let round = 0; round < 5; round++) {
      const fired = proxy.cutReplyTo('INSERT INTO chunks');
      expect(await send(requests(3), frameId())).toEqual(OK);
      await fired;
    }
    expect(await counted(app)).toMatchObject({ requests: 16, frames: { accepted: 6 } });
    expect(await counted(app)).not.toHaveProperty('frames.duplicate');
  });

  test('R-03 P-16 the same for a roll-up: the outcome is looked up, its deltas are there once', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(behindProxy, app);
    await send(Buffer.alloc(0), frameId());
    for (let round = 0; round < 3; round++) {
      await counted(app);
      const fired = proxy.cutReplyTo('COMMIT\0');
      expect(await send(requests(5), frameId())).toEqual(OK);
      await fired;
    }
    expect(await counted(app)).toMatchObject({ requests: 15 });
    expect(behindProxy.logged.filter((entry) => entry.event === 'rollup.waiting')).not.toEqual([]);
  });

  test('all links cut at any moment, again and again: sent = counted', async () => {
    const app = await addApp(database.pool);
    const ledger = new Ledger();
    const node = new LogplexNode({ url: behindProxy.urlOf(app), app: app.name, ledger });
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 20; i++) node.push(outputLine(Date.now(), 'web.1', `round ${round} line ${i}`));
      await sleep(20 + round * 9);
      proxy.cutAll();
    }
    await node.drained();
    node.stop();
    const sent = ledger.snapshot().apps[app.name];
    if (sent === undefined) throw new Error('nothing was sent');
    expect(sent.unknown.messages + sent.lost.messages).toBe(0);
    expect(compareWithSender(await counted(app), sent)).toEqual([]);
    expect(proxy.connections).toBeGreaterThan(8);
  });

  test('P-20 no partition for a row: it is made on demand, nothing is lost', async () => {
    const app = await addApp(database.pool);
    const { send } = sender(one, app);
    await send(requests(1), frameId());
    await rolledUp(database.pool);
    // One database, one partition of each: retention that went too far, or maintenance that never ran.
    const dropped = await database.pool.query<{ name: string; parent: string }>(
      `SELECT c.relname AS name, p.relname AS parent FROM pg_inherits i
       JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
       WHERE p.relname IN ('chunks', 'frames')
         AND NOT EXISTS (SELECT FROM writers WHERE checkpoint_seq < seq)`,
    );
    expect(dropped.rows.length).toBeGreaterThan(1);
    for (const { name, parent } of dropped.rows) {
      await database.pool.query(`ALTER TABLE ${parent} DETACH PARTITION ${name}`);
      await database.pool.query(`ALTER TABLE ${name} RENAME TO away_${name}`);
    }
    expect(await send(requests(2), frameId())).toEqual(OK);
    expect(await sender(two, app).send(requests(4), frameId())).toEqual(OK);
    expect((await counted(app)).requests).toBe(7);
  });
});

test('R-06 a bad message costs only itself: neighbours in its frame, and frames in its group, are counted', async () => {
  const [app, other] = [await addApp(database.pool), await addApp(database.pool)];
  const bad = [
    '<134>1 2026-01-01T00:00:00Z host app api - Release v999999999999999 created by user a@example.com',
    `<134>1 ${new Date().toISOString()} host app api - Release v999999999999999 created by user a@example.com`,
    `<134>1 ${new Date().toISOString()} host app api - Rollback to v99999999999 by user a@example.com`,
    `<134>1 ${new Date().toISOString()} host app api - Set \0\ud800, B config vars by user a\0@example.com`,
    `<134>1 ${new Date().toISOString()} host heroku web.1 - source=web.1 sample#memory_total=1e308MB sample#load_avg_1m=1e400`,
    `<134>1 ${new Date().toISOString()} host heroku web.1 - source=web.1 sample#memory_total=1e308MB`,
    `<190>1 ${new Date().toISOString()} host app web.1 - sample#a=1e308 measure#b=-1e308 count#c=99999999999999999999999`,
    `<190>1 ${new Date().toISOString()} host app web.1 - sample#a=1e308 measure#b=-1e308 count#c=99999999999999999999999`,
    requestLine({ serviceMs: 99_999_999_999_999 }).replace('bytes=345', 'bytes=99999999999999999999'),
    requestLine({ serviceMs: 2_147_483_648, status: 65_536 }),
    requestLine({ path: `/\0${'\u{1f600}'.repeat(3_000)}` }),
    requestLine().replace('service=12ms', 'service=1.5ms').replace('connect=1ms', 'connect=0.25ms'),
    requestLine().replace('host=shop.example.com', `host=${'\u{1f600}'.repeat(200)}`),
    requestLine().replace('dyno=web.1', `dyno=${'x'.repeat(5_000)}.1`),
    `<134>1 ${new Date().toISOString()} host heroku ${'\u{1f600}'.repeat(40)}.1 - State changed from up to down`,
    `<134>1 ${new Date().toISOString()} host heroku web.99999999999 - Error R14 (Memory quota exceeded)`,
    `<134>1 ${new Date().toISOString()} host heroku web.1 - Process exited with status 99999999999999999999`,
  ];
  const { send } = sender(one, app);
  const outcomes = await Promise.all([
    sender(one, other).send(requests(3), frameId()),
    ...bad.map((line) => send(bodyOf([requestLine(), line, requestLine()]), frameId())),
    sender(one, other).send(requests(4), frameId()),
  ]);
  expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome)))).toEqual(new Set([JSON.stringify(OK)]));
  await until(async () => (await readCounts(database.pool, other.id)).requests === 7, 5_000);
  const counts = await counted(app);
  expect(counts.frames).toEqual({ accepted: bad.length });
  expect(counts.statuses['200']).toBeGreaterThanOrEqual(bad.length * 2);
});

test('the account after all of this: buckets equal a fresh computation from the durable log', async () => {
  await rolledUp(database.pool);
  // P-20 took chunks away on purpose: they are put back for the account.
  const { rows } = await database.pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relname LIKE 'away_chunks%' AND relkind = 'r'",
  );
  for (const { name } of rows) await database.pool.query(`INSERT INTO chunks SELECT * FROM ${name}`);
  expect(await compareBuckets(database.pool)).toEqual([]);
});
