import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { foldMinutes } from '../alerts/fold.ts';
import { silentLog } from '../model/log.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { type Pool, withTransaction } from '../store/pool.ts';
import { SeriesNumbers } from '../store/series.ts';
import { readWindowSums } from '../store/slo-hours.ts';
import { addSloVersion, createSlo, removeSlo, type SloRow } from '../store/slos.ts';
import { compareBuckets } from '../test/account.ts';
import { addApp, type TestApp } from '../test/drain.ts';
import { bodyOf, frameId, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo, latencyIndicator } from '../test/slos.ts';
import { Checkpointer } from './checkpoint.ts';
import { type Clock, systemClock } from './clock.ts';
import { Committer } from './commit.ts';
import type { FrameOutcome } from './group.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import { SloBook } from './slo-book.ts';
import { Takeover } from './takeover.ts';

const MINUTE = 60_000;

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase({ max: 10 });
  pool = database.pool;
  await ensurePartitions(pool, { nowMs: Date.now(), ahead: 1 });
});
afterAll(() => database.close());
beforeEach(() => pool.query('UPDATE writers SET closed_at = now() WHERE closed_at IS NULL'));

/** An SLO that was made some minutes ago. */
async function makeSlo(app: TestApp, minutesAgo: number, more = {}): Promise<SloRow> {
  const slo = await createSlo(pool, {
    appId: app.id,
    slug: `slo-${Math.random()}`,
    definition: exampleSlo(more),
    author: 'ada',
    nowMs: Date.now() - minutesAgo * MINUTE,
  });
  return slo!;
}

/** Parts of one process, driven by hand. `aheadMs` makes its knowledge age. */
function buildProcess(holder: string, own: Pool = pool) {
  const time = { aheadMs: 0 };
  const clock: Clock = {
    nowMs: () => Date.now(),
    monotonicMs: () => systemClock.monotonicMs() + time.aheadMs,
  };
  const slos = new SloBook(own, clock);
  const intake = new Intake({ storeClientAddresses: false, hashUser: (user) => user });
  const told: string[] = [];
  const log = { ...silentLog, info: (event: string) => void told.push(event) };
  const base = { pool: own, clock, log, slos };
  const committer = new Committer({ ...base, pool, intake, holder, frameMemoryHours: 6, tickMs: 1 });
  const onRolledUp = (): void => {};
  const checkpointer = new Checkpointer({ ...base, committer, numbers: new SeriesNumbers(), onRolledUp });
  const takeover = new Takeover({
    ...base,
    numbers: new SeriesNumbers(),
    holder,
    ownWriterId: () => committer.position?.writer.id ?? null,
    onRolledUp,
  });
  const send = async (app: TestApp, lines: string[], id = frameId()): Promise<FrameOutcome> => {
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
    return await new Promise((resolve) => {
      committer.submit(state, body, Buffer.from(id, 'hex'), resolve);
    });
  };
  return { time, slos, committer, checkpointer, takeover, send, told };
}

const lines = (count: number): string[] => Array.from({ length: count }, () => requestLine());

/** What an SLO counted in the last and the next hours. */
async function countsOf(slo: SloRow): Promise<{ events: number; bad: number }> {
  await foldMinutes(pool);
  const minute = Math.floor(Date.now() / MINUTE);
  const window = { sloId: slo.id, fromMinute: minute - 200, toMinute: minute + 200 };
  return (await readWindowSums(pool, [window]))[0]!;
}

async function versionsCounted(slo: SloRow): Promise<number[]> {
  const { rows } = await pool.query<{ version: number }>(
    `SELECT DISTINCT v.version FROM minute_deltas d JOIN slo_versions v ON v.id = d.slo_version_id
     WHERE v.slo_id = $1 ORDER BY 1`,
    [slo.id],
  );
  return rows.map(({ version }) => version);
}

test('R-02 R-03 requests count once for an SLO: rolled up, sent twice, or left to an heir', async () => {
  const app = await addApp(pool);
  const slo = await makeSlo(app, 5);
  const [dead, heir] = [buildProcess('dead'), buildProcess('heir')];
  await dead.slos.refresh();
  const id = frameId();
  expect(await dead.send(app, lines(3), id)).toBe('counted');
  await dead.checkpointer.roundOnce();
  expect(await dead.send(app, lines(4))).toBe('counted');
  expect(await dead.send(app, lines(3), id)).toBe('duplicate');
  await pool.query("UPDATE writers SET seen_at = seen_at - interval '1 minute' WHERE id = $1", [
    dead.committer.position?.writer.id,
  ]);
  expect(await heir.takeover.takeOverOne()).toBe(true);
  // The dead one wakes up: its writes find another epoch.
  await dead.checkpointer.roundOnce();
  expect((await countsOf(slo)).events).toBe(7);
  expect(await compareBuckets(pool)).toEqual([]);
});

test('before its SLOs were ever read, and after they could not be read for a minute, requests are counted again from the log', async () => {
  const app = await addApp(pool);
  const slo = await makeSlo(app, 5, { indicator: latencyIndicator(60_000) });
  const { time, slos, checkpointer, send, told } = buildProcess('a');
  await send(app, lines(3));
  await checkpointer.roundOnce();
  expect(told).toEqual(['slo.recounted']);
  expect(await versionsCounted(slo)).toEqual([1]);
  expect(await countsOf(slo)).toEqual({ events: 3, bad: 0 });

  // Fresh: counted as they come.
  await send(app, lines(2));
  await checkpointer.roundOnce();
  expect(told).toEqual(['slo.recounted']);

  // A version that was written and began while this process could not read.
  await withTransaction(pool, (client) =>
    addSloVersion(client, {
      sloId: slo.id,
      definition: exampleSlo({ indicator: latencyIndicator(0) }),
      author: 'ada',
      nowMs: Date.now() - 2 * MINUTE,
    }),
  );
  await foldMinutes(pool);
  expect(slos.isFresh).toBe(true);
  time.aheadMs = 50_000;
  expect(slos.isFresh).toBe(false);
  await send(app, lines(4));
  await checkpointer.roundOnce();
  expect(told).toEqual(['slo.recounted', 'slo.recounted']);
  expect(await versionsCounted(slo)).toEqual([2]);
  // The log as a whole would say otherwise: it was written long after its time, as no version is.
  expect(await countsOf(slo)).toEqual({ events: 9, bad: 4 });
});

test('when the log cannot be read again the round is tried again, and counts once', async () => {
  const app = await addApp(pool);
  const slo = await makeSlo(app, 5);
  let failures = 2;
  const failing = new Proxy(pool, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (property !== 'query') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return (text: string, values: unknown[]) => {
        if (text.includes('FROM chunks') && failures-- > 0) throw new Error('away');
        return target.query(text, values);
      };
    },
  });
  const { checkpointer, send } = buildProcess('a', failing);
  await send(app, lines(3));
  await expect(checkpointer.roundOnce()).rejects.toThrow('away');
  await send(app, lines(2));
  await expect(checkpointer.roundOnce()).rejects.toThrow('away');
  await checkpointer.roundOnce();
  await checkpointer.roundOnce();
  expect(failures).toBeLessThan(0);
  expect((await countsOf(slo)).events).toBe(5);
  const differences = await compareBuckets(pool);
  expect(differences.filter((text) => text.startsWith(`slo ${slo.id} `))).toEqual([]);
});

test('an SLO that begins in a minute counts nothing yet, one that was removed nothing any more', async () => {
  const app = await addApp(pool);
  const [coming, removed] = [await makeSlo(app, 0), await makeSlo(app, 9)];
  await withTransaction(pool, (client) => removeSlo(client, removed.id, Date.now() - 5 * MINUTE));
  const { slos, checkpointer, send } = buildProcess('a');
  await slos.refresh();
  await send(app, lines(3));
  await checkpointer.roundOnce();
  expect([(await countsOf(coming)).events, (await countsOf(removed)).events]).toEqual([0, 0]);
});

test('what changed is read alone; a process whose database was put back reads everything again', async () => {
  const app = await addApp(pool);
  const { slos } = buildProcess('a');
  await slos.refresh();
  expect(slos.app(app.id)).toBeUndefined();
  await makeSlo(app, 5);
  await slos.renew();
  expect(slos.app(app.id)).toBeUndefined();
  await slos.refresh();
  const known = slos.app(app.id);
  expect(known).toBeDefined();
  await makeSlo(await addApp(pool), 5);
  await slos.refresh();
  expect(slos.app(app.id)).toBe(known);
  slos.clear();
  expect([slos.isFresh, slos.app(app.id)]).toEqual([false, undefined]);
  await slos.renew();
  expect([slos.isFresh, slos.app(app.id) !== undefined]).toEqual([true, true]);
});
