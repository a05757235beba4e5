/** Whose chunk a writer's number stands for, when a group leaves for the spool after an answer of the database was lost. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { ensurePartitions } from '../store/partitions.ts';
import type { Pool } from '../store/pool.ts';
import { addApp, type TestApp } from '../test/drain.ts';
import { bodyOf, frameId, requestLine } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { systemClock } from './clock.ts';
import { Committer, type GroupSpool } from './commit.ts';
import type { FrameOutcome } from './group.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import type { EncodedGroup } from './spool-entry.ts';
import { decodeSections } from './spool-group.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  await ensurePartitions(database.pool, { nowMs: Date.now(), ahead: 1 });
});
afterAll(() => database.close());

/** A pool whose statements that enter a chunk are followed by what `after` does, by their number from 1. */
function poolWith(after: (chunk: number) => void): Pool {
  let chunks = 0;
  const query = async (text: string, values: unknown[]): Promise<unknown> => {
    const result: unknown = await database.pool.query(text, values);
    if (text.includes('INSERT INTO chunks')) after(++chunks);
    return result;
  };
  return new Proxy(database.pool, {
    get: (pool, property) => {
      if (property === 'query') return query;
      const value: unknown = Reflect.get(pool, property, pool);
      return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
    },
  });
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

class FakeSpool implements GroupSpool {
  readonly entries: EncodedGroup[] = [];
  readonly #answers: boolean[];
  usable = true;

  constructor(answers: boolean[]) {
    this.#answers = answers;
  }

  note(): void {}

  async append(group: EncodedGroup): Promise<boolean> {
    const isKept = this.#answers.shift() ?? true;
    if (isKept) this.entries.push(group);
    return isKept;
  }
}

/** How a frame is answered that is nowhere lost. */
const KEPT: FrameOutcome[] = ['counted', 'spooled'];

function send(committer: Committer, app: TestApp): Promise<FrameOutcome> {
  const buf = bodyOf([requestLine()]);
  const id = frameId();
  const state = {
    appId: app.id,
    customMetrics: true,
    historyOpenUntilMs: 0,
    release: makeTerm(''),
    releaseAtMs: 0,
  };
  const body = {
    buf,
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
  return new Promise((resolve) =>
    committer.submit(state, body, Buffer.from(id.replaceAll('-', ''), 'hex'), resolve),
  );
}

/** Frames of the app that some chunk holds and counts, or that wait in the spool and are not in a chunk. */
async function keptFrames(app: TestApp, spool: FakeSpool): Promise<number> {
  const { rows } = await database.pool.query<{ id: string }>(
    `SELECT encode(frame_id, 'hex') AS id FROM frames`,
  );
  const ids = new Set(rows.map((row) => row.id));
  for (const { frames } of spool.entries) for (const { frameId: id } of frames) ids.add(id.toString('hex'));
  const chunks = await database.pool.query<{ n: number }>(
    'SELECT count(*) AS n FROM chunks WHERE app_ids @> ARRAY[$1::int]',
    [app.id],
  );
  // Each of these groups holds one frame: as many chunks as frames entered in the ledger.
  expect(chunks.rows[0]?.n).toBe(rows.length);
  for (const entry of spool.entries) expect(decodeSections(entry)).not.toBeNull();
  return ids.size;
}

const cases: { title: string; errors: string[]; appends: boolean[] }[] = [
  {
    title: 'the spool fails first and takes it before the next try',
    errors: ['ECONNRESET'],
    appends: [false, true],
  },
  {
    title: 'the spool is away at first, and the next try finds no server',
    errors: ['ECONNRESET', 'ECONNREFUSED'],
    appends: [false, false, false, true],
  },
];

for (const { title, errors, appends } of cases) {
  test(`R-01 P-16 a commit whose answer is lost goes to the spool later: its number is nobody else's (${title})`, async () => {
    await database.pool.query('TRUNCATE frames, chunks; UPDATE writers SET closed_at = now()');
    const app = await addApp(database.pool);
    const spool = new FakeSpool(appends);
    let failed = 0;
    const pool = poolWith((chunk) => {
      const code = chunk > 1 ? errors[chunk - 2] : undefined;
      if (code === undefined) return;
      failed++;
      throw failure(code);
    });
    const committer = new Committer({
      pool,
      clock: systemClock,
      log: silentLog,
      intake: new Intake({ storeClientAddresses: false, hashUser: (user) => user }),
      holder: 'test',
      frameMemoryHours: 6,
      tickMs: 1,
      spool,
    });
    expect(KEPT).toContain(await send(committer, app));
    expect(KEPT).toContain(await send(committer, app));
    expect(failed).toBeGreaterThan(0);
    // The database is back, and somebody notices.
    committer.notePing(null);
    const before = await keptFrames(app, spool);
    expect(before).toBe(2);
    expect(KEPT).toContain(await send(committer, app));
    expect(await keptFrames(app, spool)).toBe(3);
    committer.stop();
  });
}
