import { afterAll, beforeAll, expect, test } from 'vitest';
import { armKillPoints } from '../model/kill-point.ts';
import { silentLog } from '../model/log.ts';
import { compareLogLines, type LogLine } from '../model/log-line.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { authorizationOf, openConnection } from '../sim/post.ts';
import { removeApp } from '../store/apps.ts';
import { eraseRemovedApps } from '../store/erasure.ts';
import { claimLease, LeaseLostError } from '../store/leases.ts';
import { linesOf, readLogBlockHeads, readLogBlocks } from '../store/log-blocks.ts';
import { readLogChunks } from '../store/log-chunks.ts';
import { compactLogs } from '../store/log-compaction.ts';
import { eraseLogLines } from '../store/log-erasure.ts';
import { setLogHours } from '../store/log-hours.ts';
import { trimLogs } from '../store/log-retention.ts';
import { ensurePartitionFor, forgetPartitions, listPartitions } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { addApp, startDrain, type TestApp, type TestDrain, until } from '../test/drain.ts';
import { appLine, bodyOf, frameId, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

const LOGS = { byDefault: true, linesPerSecond: 1_000, routerLinesPerSecond: 1_000 };
const KEEP = { hours: 24, bytesMax: 64 * 1024 * 1024 };
let database: TestDatabase;
let drain: TestDrain;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  pool = database.pool;
  drain = await startDrain(database, { logs: LOGS, refreshEveryMs: 50 });
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

async function post(app: TestApp, body: Buffer, id = frameId(), to: TestDrain = drain): Promise<void> {
  const url = to.urlOf(app);
  const connection = openConnection(url, {
    connectMs: 2_000,
    answerMs: 5_000,
    idleMs: 60_000,
    connections: 1,
  });
  const outcome = await connection.post(
    {
      'content-type': 'application/logplex-1',
      'logplex-frame-id': id,
      'logplex-drain-token': 'd.logs',
      authorization: authorizationOf(url) ?? '',
    },
    body,
  );
  connection.close();
  expect(outcome).toEqual({ kind: 'answered', status: 204 });
}

/** Lines of an app that are in no block yet. */
async function chunkLines(appId: number): Promise<LogLine[]> {
  const chunks = await readLogChunks(pool, { appId, fromMs: 0, limit: 1_000 });
  return chunks.flatMap(({ lines }) => lines);
}

async function blockLines(appId: number, db: Pool = pool): Promise<LogLine[]> {
  const blocks = await readLogBlocks(db, { appId, fromMs: 0, toMs: Date.now() + HOUR, limit: 1_000 });
  return blocks.flatMap(linesOf).sort(compareLogLines);
}

/** Makes blocks of everything there is. */
async function compactAll(
  db: Pool = pool,
  fence?: Parameters<typeof compactLogs>[1]['fence'],
): Promise<void> {
  for (let isDone = false; !isDone; ) {
    ({ isDone } = await compactLogs(db, {
      nowMs: Date.now(),
      hours: 24,
      settleMs: -MINUTE,
      ...(fence && { fence }),
    }));
  }
}

const texts = (lines: readonly LogLine[]): string[] => lines.map(({ text }) => text);

test('R-02 a frame delivered twice stores its lines once, in a row and at once on two processes', async () => {
  const app = await addApp(pool);
  const other = await startDrain(database, { logs: LOGS, holder: 'other' });
  const [id, twin] = [frameId(), frameId()];
  const body = bodyOf([appLine('first'), requestLine()]);
  await post(app, body, id);
  await post(app, body, id);
  const both = bodyOf([appLine('second')]);
  await Promise.all([post(app, both, twin), post(app, both, twin, other)]);
  await other.stop();
  const lines = await chunkLines(app.id);
  expect(lines.map(({ source }) => source).sort()).toEqual(['app', 'app', 'router']);
  expect(texts(lines).filter((text) => !text.startsWith('at='))).toEqual(['first', 'second']);
  await compactAll();
  expect(await chunkLines(app.id)).toEqual([]);
  expect(await blockLines(app.id)).toEqual(lines.sort(compareLogLines));
});

test('a reader that follows the log is given what is new, in the order of each writer', async () => {
  const app = await addApp(pool);
  await post(app, bodyOf([appLine('one')]));
  const [first] = await readLogChunks(pool, { appId: app.id, fromMs: Date.now() - MINUTE, limit: 10 });
  await post(app, bodyOf([appLine('two')]));
  const after = new Map([[first!.writerId, first!.seq]]);
  const next = await readLogChunks(pool, { appId: app.id, fromMs: Date.now() - MINUTE, after, limit: 10 });
  expect(next.map((chunk) => texts(chunk.lines))).toEqual([['two']]);
  expect(next[0]!.seq).toBeGreaterThan(first!.seq);
});

test('K-08 R-03 a worker that dies while it makes blocks, before or after its commit, loses no line and doubles none', async () => {
  const app = await addApp(pool);
  await post(app, bodyOf(Array.from({ length: 20 }, (_, n) => appLine(`line ${n}`))));
  const before = await chunkLines(app.id);
  expect(before).toHaveLength(20);
  armKillPoints('logs.compacting:1:throw');
  await expect(compactAll()).rejects.toThrow('kill point logs.compacting');
  armKillPoints('');
  expect(await chunkLines(app.id)).toEqual(before);
  // Its connection ends when all is written and nothing is committed.
  const dying = buildPool({ url: database.url, max: 1, applicationName: 'dying', log: silentLog });
  let died = 0;
  const cut = new Proxy(dying, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'connect') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return async () => {
        const client = await dying.connect();
        return new Proxy(client, {
          get: (own, property) => {
            const method: unknown = Reflect.get(own, property, own);
            if (property !== 'query')
              return typeof method === 'function' ? (method.bind(own) as unknown) : method;
            return async (...args: [string, unknown[]?]) => {
              if (args[0] === 'COMMIT') {
                died++;
                await pool.query(
                  'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
                  ['dying'],
                );
              }
              return await client.query(...args);
            };
          },
        });
      };
    },
  });
  await expect(compactAll(cut)).rejects.toThrow();
  await dying.end();
  expect(died).toBe(1);
  expect(await chunkLines(app.id)).toEqual(before);
  expect(await blockLines(app.id)).toEqual([]);
  // After the commit: another round finds nothing left of it.
  await compactAll();
  await compactAll();
  expect(await blockLines(app.id)).toEqual(before.sort(compareLogLines));
});

test('R-03 two workers at once make each block once; one whose lease was taken over makes none', async () => {
  const app = await addApp(pool);
  for (let n = 0; n < 10; n++) await post(app, bodyOf([appLine(`line ${n}`)]));
  const before = await chunkLines(app.id);
  const lease = await claimLease(pool, 'logs-test', 'former');
  await pool.query(`UPDATE leases SET epoch = epoch + 1 WHERE name = 'logs-test'`);
  await expect(compactAll(pool, lease!)).rejects.toThrow(LeaseLostError);
  expect(await chunkLines(app.id)).toHaveLength(10);
  await Promise.all([compactAll(), compactAll()]);
  expect(await blockLines(app.id)).toEqual(before.sort(compareLogLines));
});

test('R-03 R-15 what a worker cannot read stays in its commit until a release that can read it comes, and is counted', async () => {
  const [app, other] = [await addApp(pool), await addApp(pool)];
  await compactAll();
  await post(app, bodyOf([appLine('of a later release')]));
  await post(app, bodyOf([appLine('readable')]));
  await post(other, bodyOf([appLine('of a neighbour')]));
  const [first] = await readLogChunks(pool, { appId: app.id, fromMs: 0, limit: 10 });
  const place = [first!.committedAtMs, first!.writerId, first!.seq];
  const { rows } = await pool.query<{ body: Buffer }>(
    'SELECT body FROM log_chunks WHERE committed_at_ms = $1 AND writer_id = $2 AND seq = $3',
    place,
  );
  const known = rows[0]!.body;
  const later = Buffer.from(known);
  later[0] = 9;
  const setBody = (body: Buffer) =>
    pool.query('UPDATE log_chunks SET body = $4 WHERE committed_at_ms = $1 AND writer_id = $2 AND seq = $3', [
      ...place,
      body,
    ]);
  await setBody(later);
  const old = buildPool({ url: database.url, max: 2, applicationName: 'old', log: silentLog });
  const results: Awaited<ReturnType<typeof compactLogs>>[] = [];
  const round = async (db: Pool) => {
    results.push(await compactLogs(db, { nowMs: Date.now(), hours: 24, settleMs: -MINUTE }));
    return results.at(-1)!.isDone;
  };
  for (let rounds = 0; rounds < 20 && !(await round(old)); rounds++);
  expect(results.at(-1)).toEqual({ chunks: 0, blocks: 0, unread: 0, isDone: true });
  expect(results.reduce((sum, { unread }) => sum + unread, 0)).toBe(1);
  expect(texts(await blockLines(app.id))).toEqual(['readable']);
  expect(texts(await blockLines(other.id))).toEqual(['of a neighbour']);
  const left = await readLogChunks(pool, { appId: app.id, fromMs: 0, limit: 10 });
  expect(left).toMatchObject([{ seq: first!.seq, lines: [], isUnread: true }]);
  // What comes after it is moved all the same.
  await post(app, bodyOf([appLine('later')]));
  for (let rounds = 0; rounds < 20 && !(await round(old)); rounds++);
  expect(texts(await blockLines(app.id))).toEqual(['readable', 'later']);
  await old.end();
  await setBody(known);
  await compactAll();
  expect(texts(await blockLines(app.id)).sort()).toEqual(['later', 'of a later release', 'readable']);
  expect(await chunkLines(app.id)).toEqual([]);
});

test('C-08 what the rate guard left out is counted beside what is kept, through chunks and blocks', async () => {
  const app = await addApp(pool);
  const narrow = await startDrain(database, {
    logs: { byDefault: true, linesPerSecond: 5, routerLinesPerSecond: 5 },
    holder: 'narrow',
  });
  const atMs = Date.now();
  const flood = Array.from({ length: 200 }, () => requestLine({ atMs }));
  await post(app, bodyOf([...flood, requestLine({ atMs, code: 'H12', status: 503 })]), frameId(), narrow);
  await narrow.stop();
  const sum = (counts: { kept: number; leftOut: number }[]): [number, number] => [
    counts.reduce((total, { kept }) => total + kept, 0),
    counts.reduce((total, { leftOut }) => total + leftOut, 0),
  ];
  const [chunk] = await readLogChunks(pool, { appId: app.id, fromMs: 0, limit: 10 });
  const [kept, leftOut] = sum(chunk!.counts);
  expect(kept).toBe(chunk!.lines.length);
  expect(kept + leftOut).toBe(201);
  expect(leftOut).toBeGreaterThan(150);
  await compactAll();
  const heads = await readLogBlockHeads(pool, {
    appId: app.id,
    fromMs: atMs - HOUR,
    toMs: atMs + HOUR,
    limit: 10,
  });
  expect(sum(heads.flatMap(({ counts }) => counts))).toEqual([kept, leftOut]);
  expect(heads.flatMap(({ codes }) => codes)).toEqual(['H12']);
  const found = await readLogBlocks(pool, {
    appId: app.id,
    fromMs: 0,
    toMs: atMs + HOUR,
    code: 'H12',
    limit: 10,
  });
  expect(found.flatMap(linesOf).filter(({ code }) => code === 'H12')).toHaveLength(1);
  expect(
    await readLogBlocks(pool, { appId: app.id, fromMs: 0, toMs: atMs + HOUR, code: 'H10', limit: 10 }),
  ).toEqual([]);
});

test('P-20 no partition for the lines of a frame: it is made on demand, the frame is answered and counted once', async () => {
  const app = await addApp(pool);
  for (const { table, name } of await listPartitions(pool)) {
    if (table === 'log_chunks') await pool.query(`DROP TABLE ${name}`);
  }
  forgetPartitions(drain.commitPool);
  await post(app, bodyOf([appLine('here')]));
  expect(texts(await chunkLines(app.id))).toEqual(['here']);
});

test('SEC-49 R-18 hours of an app are its own: 0 keeps nothing more, and takes away what there was', async () => {
  const [silent, brief, usual] = [await addApp(pool), await addApp(pool), await addApp(pool)];
  const old = Date.now() - 3 * HOUR;
  for (const app of [silent, brief, usual]) {
    await pool.query('UPDATE apps SET history_open_until_ms = $2 WHERE id = $1', [app.id, Date.now() + HOUR]);
    await setLogHours(pool, app.id, app === brief ? 2 : null);
  }
  await until(async () => {
    await post(usual, bodyOf([appLine('probe', old)]));
    return (await chunkLines(usual.id)).some(({ atMs }) => atMs < old + MINUTE);
  });
  for (const app of [silent, usual]) await post(app, bodyOf([appLine('old', old), appLine('new')]));
  await setLogHours(pool, brief.id, 24);
  await post(brief, bodyOf([appLine('old', old), appLine('new')]));
  await compactAll();
  await setLogHours(pool, silent.id, 0);
  await setLogHours(pool, brief.id, 2);
  const { deleted } = await trimLogs(pool, { nowMs: Date.now(), ...KEEP });
  expect(deleted).toBeGreaterThan(0);
  // A block goes as a whole, when its last line is due.
  await trimLogs(pool, { nowMs: Date.now(), ...KEEP });
  expect(texts(await blockLines(silent.id))).toEqual([]);
  expect(texts(await blockLines(brief.id))).toEqual(['new']);
  expect(texts(await blockLines(usual.id)).filter((text) => text !== 'probe')).toEqual(['old', 'new']);
  await until(async () => {
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM log_chunks');
    await post(silent, bodyOf([appLine('unheard')]));
    const after = await pool.query('SELECT count(*)::int AS n FROM log_chunks');
    return rows[0].n === after.rows[0].n;
  });
  await expect(setLogHours(pool, usual.id, 745)).rejects.toThrow(RangeError);
  expect(await setLogHours(pool, 999_999, 1)).toBe(false);
});

test('R-18 SEC-49 an app that is removed takes its lines with it, in chunks and in blocks; its neighbours keep theirs', async () => {
  const [gone, neighbour] = [await addApp(pool), await addApp(pool)];
  for (const app of [gone, neighbour]) await post(app, bodyOf([appLine('in a block')]));
  await compactAll();
  await Promise.all([gone, neighbour].map((app) => post(app, bodyOf([appLine('in a chunk')]))));
  const nowMs = Date.now();
  await removeApp(pool, gone.id, nowMs);
  await pool.query('UPDATE writers SET checkpoint_seq = seq');
  await eraseRemovedApps(pool, { nowMs: nowMs + 10 * MINUTE });
  expect(await chunkLines(gone.id)).toEqual([]);
  expect(await blockLines(gone.id)).toEqual([]);
  expect(texts(await chunkLines(neighbour.id))).toEqual(['in a chunk']);
  const raw = await pool.query('SELECT body FROM log_chunks WHERE app_ids @> ARRAY[$1::int]', [gone.id]);
  expect(raw.rows).toEqual([]);
  await compactAll();
  expect(texts(await blockLines(neighbour.id))).toEqual(['in a block', 'in a chunk']);
  // A release that knew no lines may have erased an app: what is left of it goes with the next round.
  await pool.query('UPDATE log_blocks SET app_id = 999999 WHERE app_id = $1', [neighbour.id]);
  await trimLogs(pool, { nowMs, ...KEEP });
  expect(await blockLines(999_999)).toEqual([]);
});

test('SEC-49 lines with a text are erased wherever they are, and what is left is counted as it is', async () => {
  const [app, other] = [await addApp(pool), await addApp(pool)];
  const lines = [
    appLine('Mrs Jones called'),
    appLine('nobody called'),
    requestLine({ path: '/people/jones' }),
  ];
  for (const each of [app, other]) await post(each, bodyOf(lines));
  await compactAll();
  for (const each of [app, other]) await post(each, bodyOf([appLine('JONES again'), appLine('good night')]));
  const erasure = { app, text: 'jones', nowMs: Date.now(), actor: 'test' };
  expect(await eraseLogLines(pool, erasure)).toMatchObject({ lines: 3 });
  expect(texts(await chunkLines(app.id))).toEqual(['good night']);
  expect(texts(await chunkLines(other.id))).toEqual(['JONES again', 'good night']);
  const raw = await pool.query<{ body: Buffer }>(
    'SELECT body FROM log_chunks WHERE app_ids = ARRAY[$1::int]',
    [app.id],
  );
  expect(raw.rows.map(({ body }) => /jones/i.test(body.toString('latin1')))).toEqual([false]);
  await compactAll();
  expect(texts(await blockLines(app.id)).sort()).toEqual(['good night', 'nobody called']);
  expect(await chunkLines(app.id)).toEqual([]);
  const heads = await readLogBlockHeads(pool, {
    appId: app.id,
    fromMs: 0,
    toMs: Date.now() + HOUR,
    limit: 10,
  });
  const kept = heads.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count.kept, 0);
  expect(kept).toBe(2);
  expect((await blockLines(other.id)).filter(({ text }) => /jones/i.test(text))).toHaveLength(3);
  expect(await eraseLogLines(pool, erasure)).toEqual({ lines: 0, blocks: 0 });
  await expect(eraseLogLines(pool, { ...erasure, text: ' a ' })).rejects.toThrow(RangeError);
  const audit = await pool.query(
    `SELECT subject, after FROM audit_log WHERE action = 'logs.erase' ORDER BY id LIMIT 1`,
  );
  expect(audit.rows).toEqual([{ subject: app.name, after: { lines: 3, blocks: 2 } }]);
});

test('SEC-49 lines that are erased in a commit take nothing with them: no other line, no place in it, no commit of another app', async () => {
  const [app, other] = [await addApp(pool), await addApp(pool)];
  await compactAll();
  await post(other, bodyOf([appLine('Jones stays here')]));
  for (let n = 0; n < 6; n++) {
    await post(app, bodyOf([appLine(`before ${n}`), appLine(`Jones ${n}`), appLine(`after ${n}`)]));
  }
  const before = await chunkLines(app.id);
  const rowsBefore = await pool.query('SELECT writer_id, seq FROM log_chunks ORDER BY 1, 2');
  const erasure = { app, text: 'jones', nowMs: Date.now(), actor: 'test' };
  // A worker has read the commits, and writes its blocks only when the lines are erased.
  let isErased = false;
  const slow = new Proxy(pool, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'connect') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return async () => {
        if (!isErased) {
          isErased = true;
          expect(await eraseLogLines(pool, erasure)).toEqual({ lines: 6, blocks: 6 });
          expect(await chunkLines(app.id)).toEqual(before.filter(({ text }) => !text.startsWith('Jones')));
          const rows = await pool.query('SELECT writer_id, seq FROM log_chunks ORDER BY 1, 2');
          expect(rows.rows).toEqual(rowsBefore.rows);
        }
        return await target.connect();
      };
    },
  });
  await compactAll(slow);
  expect(isErased).toBe(true);
  expect(await chunkLines(app.id)).toEqual([]);
  expect(await blockLines(app.id)).toEqual(
    before.filter(({ text }) => !text.startsWith('Jones')).sort(compareLogLines),
  );
  expect(texts(await blockLines(other.id))).toEqual(['Jones stays here']);
  const { rows } = await pool.query<{ body: Buffer }>('SELECT body FROM log_blocks WHERE app_id = $1', [
    app.id,
  ]);
  expect(rows.flatMap((row) => linesOf(row)).some(({ text }) => text.includes('Jones'))).toBe(false);
  expect(await eraseLogLines(pool, erasure)).toEqual({ lines: 0, blocks: 0 });
});

test('R-09 C-06 beyond their size the oldest lines go first, those of now stay, and it is on record', async () => {
  const app = await addApp(pool);
  const nowMs = Date.now();
  for (const hours of [20, 10, 0]) {
    await pool.query(
      `INSERT INTO log_blocks (app_id, from_ms, to_ms, lines, counts, codes, procids, body)
       SELECT $1, $2::bigint - n, $2::bigint - n, 1, '{}', '{}', '{}', decode(repeat(md5(n::text), 512), 'hex')
       FROM generate_series(1, 60) AS n`,
      [app.id, await partitionedAt(nowMs - hours * HOUR)],
    );
  }
  const rest = await trimLogs(pool, { nowMs, hours: 24, bytesMax: 1_200_000 });
  expect(rest.retired.length).toBeGreaterThan(0);
  const { rows } = await pool.query<{ hours: number; n: number }>(
    'SELECT round(($2 - to_ms) / 3600000.0)::int AS hours, count(*)::int AS n FROM log_blocks WHERE app_id = $1 GROUP BY 1',
    [app.id, nowMs],
  );
  expect(rows).toEqual([{ hours: 0, n: 60 }]);
  expect(rest.shortenedToMs).toBeLessThan(nowMs - 5 * HOUR);
  // Within one partition: only as many as there must be.
  await trimLogs(pool, { nowMs, hours: 24, bytesMax: 400_000 });
  const left = await pool.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM log_blocks WHERE app_id = $1',
    [app.id],
  );
  expect(left.rows[0]!.n).toBeGreaterThan(20);
  expect(left.rows[0]!.n).toBeLessThan(60);
  const audit = await pool.query(
    `SELECT after FROM audit_log WHERE subject = 'logs' ORDER BY id DESC LIMIT 1`,
  );
  expect(audit.rows[0].after.blocks).toBeGreaterThan(0);
});

async function partitionedAt(atMs: number): Promise<number> {
  await ensurePartitionFor(pool, 'log_blocks', atMs);
  return atMs;
}
