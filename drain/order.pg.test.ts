import { afterAll, beforeAll, expect, test } from 'vitest';
import { authorizationOf, openConnection, type PostOutcome } from '../sim/post.ts';
import { compareBuckets, readCounts } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain } from '../test/drain.ts';
import { bodyOf, frameId, lossLine, requestLine, requests } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let drains: TestDrain[];
beforeAll(async () => {
  database = await createTestDatabase();
  drains = await Promise.all([
    startDrain(database, { rollUpEveryMs: 15 }),
    startDrain(database, { rollUpEveryMs: 15 }),
  ]);
});
afterAll(async () => {
  await Promise.all(drains.map((drain) => drain.stop()));
  await database.close();
});

const OK: PostOutcome = { kind: 'answered', status: 204 };

function senderOf(drain: TestDrain, app: TestApp) {
  const url = drain.urlOf(app);
  const connection = openConnection(url, {
    connectMs: 2_000,
    answerMs: 5_000,
    idleMs: 60_000,
    connections: 30,
  });
  return (body: Buffer, id: string, token = 1): Promise<PostOutcome> =>
    connection.post(
      {
        Authorization: authorizationOf(url) ?? '',
        'Content-Type': 'application/logplex-1',
        'Content-Length': String(body.length),
        'User-Agent': 'Logplex/v72',
        'Logplex-Drain-Token': `d.00000000-0000-4000-8000-00000000000${token}`,
        'Logplex-Frame-Id': id,
      },
      body,
    );
}

/** Errors of the database that the processes ran into. */
function states(): string[] {
  return drains.flatMap((drain) =>
    drain.logged
      .filter((entry) => entry.event === 'commit.waiting' || entry.event === 'rollup.waiting')
      .map((entry) => (entry.fields.error as { code?: string }).code ?? String(entry.fields.error)),
  );
}

test('P-18 S-02 groups of many frames, the same ones on two processes in opposite order: no deadlock, each counts once', async () => {
  const app = await addApp(database.pool);
  const [one, two] = drains.map((drain) => senderOf(drain, app));
  if (one === undefined || two === undefined) throw new Error('no senders');
  await Promise.all([one(requests(1), frameId()), two(requests(1), frameId())]);
  for (let round = 0; round < 15; round++) {
    const frames = Array.from({ length: 20 }, () => ({ id: frameId(), body: requests(1) }));
    const outcomes = await Promise.all([
      ...frames.map(({ id, body }) => one(body, id)),
      ...[...frames].reverse().map(({ id, body }) => two(body, id)),
    ]);
    expect(outcomes).toEqual(outcomes.map(() => OK));
  }
  await rolledUp(database.pool);
  expect(await readCounts(database.pool, app.id)).toMatchObject({
    requests: 302,
    frames: { accepted: 302, duplicate: 300 },
  });
  expect(states()).toEqual([]);
});

test('P-18 R-03 two processes roll up the same apps, drains, gaps and episodes in opposite order: no deadlock, exact counts', async () => {
  const apps = await Promise.all(Array.from({ length: 4 }, () => addApp(database.pool)));
  const startMs = Date.now() - 60_000;
  const body = (round: number): Buffer =>
    bodyOf([
      Buffer.from(lossLine(3, startMs + (round % 3) * 1_000)),
      Buffer.from(requestLine()),
      ...['web.1', 'web.2', 'web.3'].map((dyno) =>
        Buffer.from(
          `<134>1 ${new Date().toISOString()} host heroku ${dyno} - Error R14 (Memory quota exceeded)`,
        ),
      ),
    ]);
  const rounds = 25;
  await Promise.all(
    drains.map(async (drain, index) => {
      const senders = apps.map((app) => senderOf(drain, app));
      const ordered = index === 0 ? senders : [...senders].reverse();
      for (let round = 0; round < rounds; round++) {
        const sent = ordered.flatMap((send) =>
          (index === 0 ? [1, 2, 3] : [3, 2, 1]).map((token) => send(body(round), frameId(), token)),
        );
        const outcomes = await Promise.all(sent);
        expect(outcomes).toEqual(outcomes.map(() => OK));
      }
    }),
  );
  await rolledUp(database.pool);
  const frames = rounds * 2 * 3;
  for (const app of apps) {
    const counts = await readCounts(database.pool, app.id);
    expect(counts).toMatchObject({ requests: frames, codes: { R14: frames * 3, L10: frames } });
    const { rows } = await database.pool.query<{ dyno: string; n: number; episodes: number }>(
      "SELECT dyno, sum(count) AS n, count(*) AS episodes FROM events WHERE app_id = $1 AND kind = 'code' GROUP BY dyno",
      [app.id],
    );
    expect(rows.map((row) => row.n)).toEqual([frames, frames, frames]);
  }
  expect(states()).toEqual([]);
  expect(await compareBuckets(database.pool)).toEqual([]);
});
