import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AppDeltas } from '../model/deltas.ts';
import { silentLog } from '../model/log.ts';
import { ensurePartitions } from '../store/partitions.ts';
import type { Pool } from '../store/pool.ts';
import { SeriesNumbers } from '../store/series.ts';
import { insertWriter, readWriter } from '../store/writers.ts';
import { compareBuckets, readCounts, readGaps } from '../test/account.ts';
import { addApp, type TestApp, until } from '../test/drain.ts';
import { bodyOf, frameId, lossLine, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { Checkpointer } from './checkpoint.ts';
import { systemClock } from './clock.ts';
import { Committer } from './commit.ts';
import type { FrameOutcome } from './group.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import { Takeover } from './takeover.ts';
import type { AppState } from './target.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
  await ensurePartitions(database.pool, { nowMs: Date.now(), ahead: 1 });
});
afterAll(async () => {
  await database.close();
});

// What an earlier test left open is nobody's to take over.
beforeEach(async () => {
  await database.pool.query('UPDATE writers SET closed_at = now() WHERE closed_at IS NULL');
});

/** The pool with one method of the test's own. */
function poolWith(name: 'query' | 'connect', method: (...args: never[]) => unknown): Pool {
  return new Proxy(database.pool, {
    get: (pool, property) => {
      if (property === name) return method;
      const value: unknown = Reflect.get(pool, property, pool);
      return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
    },
  });
}

/** The parts of one process, driven by hand: nothing is rolled up unless the test says so. */
function buildProcess(holder: string, pool: Pool = database.pool) {
  const intake = new Intake({ storeClientAddresses: false, hashUser: (user) => user });
  const base = { pool, clock: systemClock, log: silentLog };
  const committer = new Committer({ ...base, intake, holder, frameMemoryHours: 6, tickMs: 1 });
  const rolledUp: AppDeltas[][] = [];
  const onRolledUp = (apps: AppDeltas[]): void => void rolledUp.push(apps);
  const checkpointer = new Checkpointer({ ...base, committer, numbers: new SeriesNumbers(), onRolledUp });
  const takeover = new Takeover({
    ...base,
    numbers: new SeriesNumbers(),
    holder,
    ownWriterId: () => committer.position?.writer.id ?? null,
    onRolledUp,
  });
  const send = async (app: TestApp, lines: (string | Buffer)[], id = frameId(), drainId = 1) => {
    const state: AppState = {
      appId: app.id,
      customMetrics: true,
      historyOpenUntilMs: 0,
      release: makeTerm(''),
      releaseAtMs: 0,
    };
    const buf = bodyOf(lines);
    const body = {
      buf,
      dialect: 'logplex' as const,
      receivedAtMs: Date.now(),
      drainId,
      announced: -1,
      dropCount: 0,
      lostCount: 0,
      frameKey: id,
      drain: { lastLineMs: 0 },
      lossesOnly: false,
    };
    return await new Promise<FrameOutcome>((resolve) => {
      committer.submit(state, body, Buffer.from(id, 'hex'), resolve);
    });
  };
  return { committer, checkpointer, takeover, rolledUp, send };
}

const lines = (count: number): string[] => Array.from({ length: count }, () => requestLine());

async function expire(writerId: number): Promise<void> {
  await database.pool.query("UPDATE writers SET seen_at = seen_at - interval '1 minute' WHERE id = $1", [
    writerId,
  ]);
}

test('R-03 what a dead writer left is rolled up exactly once, duplicates and gaps included, and its writer is closed', async () => {
  const app = await addApp(database.pool);
  const [dead, heir] = [buildProcess('dead'), buildProcess('heir')];
  const id = frameId();
  expect(await dead.send(app, lines(3), id)).toBe('counted');
  expect(await dead.send(app, lines(2))).toBe('counted');
  await dead.checkpointer.roundOnce();
  expect(await dead.send(app, lines(4))).toBe('counted');
  expect(await dead.send(app, [Buffer.from(lossLine(8, Date.now() - 1_000)), ...lines(3)], id)).toBe(
    'duplicate',
  );
  const writer = dead.committer.position!.writer;
  await expire(writer.id);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  expect(await heir.takeover.takeOverOne()).toBe(false);
  expect((await readCounts(database.pool, app.id)).requests).toBe(9);
  expect(await readGaps(database.pool, app.id)).toMatchObject([{ cause: 'L10', messages: 8 }]);
  expect(await readWriter(database.pool, writer.id)).toMatchObject({
    closed: true,
    epoch: writer.epoch + 1,
  });
  expect(await compareBuckets(database.pool)).toEqual([]);
});

test('K-15 a writer that was taken over: its late roll-up and its late commit are refused, and it begins again as a new one', async () => {
  const app = await addApp(database.pool);
  const [frozen, heir] = [buildProcess('frozen'), buildProcess('heir')];
  await frozen.send(app, lines(3));
  const old = frozen.committer.position!.writer;
  await expire(old.id);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  // It wakes up with three requests in its hand.
  await frozen.checkpointer.roundOnce();
  expect(frozen.committer.position).toBeNull();
  expect((await readCounts(database.pool, app.id)).requests).toBe(3);
  expect(await frozen.send(app, lines(4))).toBe('counted');
  expect(frozen.committer.position!.writer.id).toBeGreaterThan(old.id);
  await frozen.checkpointer.roundOnce();
  expect((await readCounts(database.pool, app.id)).requests).toBe(7);
  expect(await compareBuckets(database.pool)).toEqual([]);
});

test('K-15 the same when the commit is the first to notice: the frame is counted once', async () => {
  const app = await addApp(database.pool);
  const [frozen, heir] = [buildProcess('frozen'), buildProcess('heir')];
  await frozen.send(app, lines(3));
  await expire(frozen.committer.position!.writer.id);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  expect(await frozen.send(app, lines(4))).toBe('counted');
  await frozen.checkpointer.roundOnce();
  expect((await readCounts(database.pool, app.id)).requests).toBe(7);
  expect(await compareBuckets(database.pool)).toEqual([]);
});

test('a renewal that learns of the takeover late leaves the successor of its writer alone', async () => {
  const app = await addApp(database.pool);
  let letGo: (() => void) | undefined;
  // Holds the renewal's answer back, as a slow link would.
  const slow = poolWith('query', async (text: string, values: unknown[]) => {
    const answer = await database.pool.query(text, values);
    if (text.startsWith('UPDATE writers SET seen_at')) {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    }
    return answer;
  });
  const [process, heir] = [buildProcess('renews', slow), buildProcess('heir')];
  await process.send(app, lines(1));
  await process.checkpointer.roundOnce();
  await expire(process.committer.position!.writer.id);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  const renewing = process.checkpointer.roundOnce();
  await until(() => letGo !== undefined);
  expect(await process.send(app, lines(5))).toBe('counted');
  const successor = process.committer.position!.writer;
  letGo?.();
  await renewing;
  expect(process.committer.position?.writer).toBe(successor);
  await process.checkpointer.roundOnce();
  expect((await readCounts(database.pool, app.id)).requests).toBe(6);
});

test('two processes find the same dead writer: one has it, and no chunk is in the buckets twice', async () => {
  const app = await addApp(database.pool);
  const dead = buildProcess('dead');
  for (let i = 0; i < 60; i++) await dead.send(app, lines(1));
  await expire(dead.committer.position!.writer.id);
  const heirs = Array.from({ length: 4 }, (_, i) => buildProcess(`heir-${i}`));
  const took = await Promise.all(heirs.map((heir) => heir.takeover.takeOverOne()));
  expect(took.filter(Boolean)).toHaveLength(1);
  expect((await readCounts(database.pool, app.id)).requests).toBe(60);
});

test('an heir that dies half-way is followed by another, which begins where it stopped', async () => {
  const app = await addApp(database.pool);
  const dead = buildProcess('dead');
  for (let i = 0; i < 110; i++) await dead.send(app, lines(1));
  const { id, epoch } = dead.committer.position!.writer;
  await expire(id);
  // The first batch of 50 chunks gets through (its series are made, then it is written), the second does not.
  let connections = 0;
  const failing = poolWith('connect', () =>
    ++connections > 2 ? Promise.reject(new Error('away')) : database.pool.connect(),
  );
  await expect(buildProcess('heir', failing).takeover.takeOverOne()).rejects.toThrow('away');
  expect((await readCounts(database.pool, app.id)).requests).toBe(50);
  await expire(id);
  expect(await buildProcess('next').takeover.takeOverOne()).toBe(true);
  expect((await readCounts(database.pool, app.id)).requests).toBe(110);
  expect(await readWriter(database.pool, id)).toMatchObject({ closed: true, epoch: epoch + 2 });
});

test('a process does not take over itself, however late it is', async () => {
  const app = await addApp(database.pool);
  const process = buildProcess('alone');
  await process.send(app, lines(2));
  await expire(process.committer.position!.writer.id);
  expect(await process.takeover.takeOverOne()).toBe(false);
  await process.checkpointer.roundOnce();
  expect((await readCounts(database.pool, app.id)).requests).toBe(2);
});

test('R-06 R-04 a damaged section of the log costs only itself, and becomes a gap', async () => {
  const [app, hurt] = [await addApp(database.pool), await addApp(database.pool)];
  const [dead, heir] = [buildProcess('dead'), buildProcess('heir')];
  await Promise.all([dead.send(app, lines(2)), dead.send(hurt, lines(3)), dead.send(app, lines(4))]);
  await dead.send(app, lines(1));
  const { id } = dead.committer.position!.writer;
  await database.pool.query(
    `UPDATE chunks SET body = overlay(body PLACING '\\xdeadbeefdeadbeefdeadbeef' FROM
       coalesce(section_ends[array_position(app_ids, $2) - 1], 0) + 8)
     WHERE writer_id = $1 AND app_ids @> ARRAY[$2::int]`,
    [id, hurt.id],
  );
  await expire(id);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  expect(await readCounts(database.pool, app.id)).toMatchObject({ requests: 7, frames: { accepted: 3 } });
  expect(await readCounts(database.pool, hurt.id)).toMatchObject({ requests: 0, frames: {} });
  expect(await readGaps(database.pool, hurt.id)).toMatchObject([{ cause: 'damaged', messages: null }]);
  // Out of the way of later accounts.
  await database.pool.query('DELETE FROM chunks WHERE writer_id = $1', [id]);
});

test('a writer whose log is gone is closed: there is nothing left to do for it', async () => {
  const app = await addApp(database.pool);
  const [dead, heir] = [buildProcess('dead'), buildProcess('heir')];
  await dead.send(app, lines(2));
  const { id } = dead.committer.position!.writer;
  await database.pool.query('DELETE FROM chunks WHERE writer_id = $1', [id]);
  await expire(id);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  expect(await readWriter(database.pool, id)).toMatchObject({ closed: true });
});

test('stopping in order rolls everything up and closes the writer: nobody waits for a lease', async () => {
  const app = await addApp(database.pool);
  const process = buildProcess('stops');
  const sent = [process.send(app, lines(2)), process.send(app, lines(3))];
  await process.committer.drain();
  await process.checkpointer.stop();
  expect(await Promise.all(sent)).toEqual(['counted', 'counted']);
  expect((await readCounts(database.pool, app.id)).requests).toBe(5);
  expect(await readWriter(database.pool, process.committer.position!.writer.id)).toMatchObject({
    closed: true,
  });
});

test('R-06 a roll-up that the database will never take costs one part of one app, and becomes a gap', async () => {
  const [app, hurt] = [await addApp(database.pool), await addApp(database.pool)];
  const process = buildProcess('poisoned');
  await Promise.all([process.send(app, lines(2)), process.send(hurt, lines(3))]);
  // As a fault of ours would: a number that its column cannot hold.
  const take = process.committer.rollUp.take.bind(process.committer.rollUp);
  process.committer.rollUp.take = () => {
    const apps = take();
    const event = {
      type: 'event' as const,
      kind: 'release',
      version: 2 ** 40,
      drainId: 1,
      timeMs: Date.now(),
      receivedAtMs: Date.now(),
    };
    for (const deltas of apps) if (deltas.appId === hurt.id) deltas.events.push(event);
    return apps;
  };
  await process.checkpointer.roundOnce();
  expect((await readCounts(database.pool, app.id)).requests).toBe(2);
  expect((await readCounts(database.pool, hurt.id)).requests).toBe(3);
  expect(await readGaps(database.pool, app.id)).toEqual([]);
  expect(await readGaps(database.pool, hurt.id)).toMatchObject([{ cause: 'refused' }]);
  expect(process.committer.position!.writer).toMatchObject({ seq: 1, checkpointSeq: 1 });
});

test('stopping does not wait for a long log: the batch under way is finished, the rest is left to another', async () => {
  const app = await addApp(database.pool);
  const dead = buildProcess('dead');
  for (let i = 0; i < 110; i++) await dead.send(app, lines(1));
  const { id } = dead.committer.position!.writer;
  await expire(id);
  const heir = buildProcess('heir');
  const taking = heir.takeover.takeOverOne();
  await heir.takeover.stop();
  expect(await taking).toBe(true);
  expect((await readCounts(database.pool, app.id)).requests).toBeLessThanOrEqual(50);
  await expire(id);
  expect(await buildProcess('next').takeover.takeOverOne()).toBe(true);
  expect((await readCounts(database.pool, app.id)).requests).toBe(110);
});

test('P-16 a commit that got through and whose chunk is gone: the frame is known by its id, nothing is asked for ever', async () => {
  const app = await addApp(database.pool);
  let isFirst = true;
  const lossy = poolWith('query', async (text: string, values: unknown[]) => {
    const answer = await database.pool.query(text, values);
    if (isFirst && text.includes('INSERT INTO chunks')) {
      isFirst = false;
      await database.pool.query('DELETE FROM chunks WHERE app_ids @> ARRAY[$1::int]', [app.id]);
      throw new Error('the reply did not come');
    }
    return answer;
  });
  const process = buildProcess('lossy', lossy);
  expect(await process.send(app, lines(3))).toBe('duplicate');
});

test('U-02 a roll-up that does not fit the schema waits for a release that knows it: nothing is left out', async () => {
  const app = await addApp(database.pool);
  const process = buildProcess('other release');
  await process.send(app, lines(2));
  await database.pool.query('ALTER TABLE request_details RENAME COLUMN path_shape TO shape');
  await expect(process.checkpointer.roundOnce()).rejects.toMatchObject({ code: '42703' });
  expect((await readCounts(database.pool, app.id)).requests).toBe(0);
  await database.pool.query('ALTER TABLE request_details RENAME COLUMN shape TO path_shape');
  await process.checkpointer.roundOnce();
  expect((await readCounts(database.pool, app.id)).requests).toBe(2);
  expect(await readGaps(database.pool, app.id)).toEqual([]);
});

test('an idle process keeps its writer', async () => {
  const app = await addApp(database.pool);
  const process = buildProcess('idle');
  await process.send(app, lines(1));
  await process.checkpointer.roundOnce();
  const { id } = process.committer.position!.writer;
  await expire(id);
  await process.checkpointer.roundOnce();
  expect(await buildProcess('heir').takeover.takeOverOne()).toBe(false);
  const { writer } = await insertWriter(database.pool, 'never committed');
  await expire(writer.id);
  expect(await buildProcess('heir').takeover.takeOverOne()).toBe(true);
  expect(await readWriter(database.pool, writer.id)).toMatchObject({ closed: true });
});
