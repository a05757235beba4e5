import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { compareBuckets, readCounts } from '../account.ts';
import { startChild } from '../child.ts';
import { addApp, rolledUp, TEST_KEY, type TestApp, until } from '../drain.ts';
import { frameId, requests } from '../lines.ts';
import {
  childPids,
  freePort,
  killAll,
  startServer,
  startWeb,
  stopAll,
  type TestServer,
  type Web,
} from '../processes.ts';
import { readAccount, startLoad, takeOverDead } from './load.ts';

const WORKER = fileURLToPath(new URL('../../bin/worker.ts', import.meta.url));

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterEach(killAll);
afterAll(() => server.close());

interface Frame {
  id: string;
  body: Buffer;
}

const frameOf = (messages: number): Frame => ({ id: frameId(), body: requests(messages) });

/** One frame over a connection of its own: the status and what is said of the connection, or how it broke. */
function post(port: number, app: TestApp, frame: Frame): Promise<{ status: number; connection: string }> {
  return new Promise((resolve) => {
    const sending = request({
      port,
      host: '127.0.0.1',
      path: '/drain',
      method: 'POST',
      auth: `${app.name}:${app.secret}`,
      headers: {
        Connection: 'keep-alive',
        'Content-Type': 'application/logplex-1',
        'Content-Length': String(frame.body.length),
        'User-Agent': 'Logplex/v72',
        'Logplex-Frame-Id': frame.id,
        'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-00000000000b',
      },
    });
    sending.on('response', (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, connection: answer.headers.connection ?? '' });
    });
    sending.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, connection: error.code ?? error.message }),
    );
    sending.end(frame.body);
  });
}

/** Holds every commit inside its statement until it is let go. */
async function holdCommits(): Promise<{ waiting(): Promise<number>; letGo(): Promise<void> }> {
  const client = await server.pool.connect();
  await client.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
  return {
    waiting: async () => {
      const { rows } = await server.pool.query<{ n: number }>(
        `SELECT count(*) AS n FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO chunks%' AND pid <> pg_backend_pid()`,
      );
      return rows[0]?.n ?? 0;
    },
    letGo: async () => {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

/** What everything comes to once the dead have been taken over: each of these frames exactly once. */
async function expectOnce(app: TestApp, frames: number, messages: number): Promise<void> {
  await stopAll();
  await takeOverDead(server.pool);
  await rolledUp(server.pool);
  const counts = await readCounts(server.pool, app.id);
  expect(counts.requests).toBe(frames * messages);
  expect(counts.frames.accepted).toBe(frames);
  expect(await compareBuckets(server.pool)).toEqual([]);
}

test('K-13 R-14 SIGTERM with 50 frames in flight on three processes: 204 with Connection: close, newcomers refused, exit 0 within 10 s', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port, env: { WEB_CONCURRENCY: '3' } });
  const app = await addApp(server.pool);
  // Each of the three knows the app and the drain, and is a writer.
  for (let i = 0; i < 3; i++) expect(await post(port, app, frameOf(1))).toMatchObject({ status: 204 });
  const hold = await holdCommits();
  const answers = Array.from({ length: 50 }, () => post(port, app, frameOf(1)));
  await until(async () => (await hold.waiting()) === 3);
  // Time for all fifty to have been read, on a busy machine too: one that was not is cut, and would be sent again.
  await sleep(700);
  const startedMs = performance.now();
  web.kill('SIGTERM');
  await until(() => web.stdout().split('"process.stopping"').length === 4);
  await sleep(50);
  expect(await post(port, app, frameOf(1))).toEqual({ status: 0, connection: 'ECONNREFUSED' });
  await hold.letGo();
  expect(await Promise.all(answers)).toEqual(answers.map(() => ({ status: 204, connection: 'close' })));
  expect(await web.exit).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  await rolledUp(server.pool);
  await expectOnce(app, 53, 1);
});

/** Every process of the server, frozen: connections stay, nothing is answered. */
async function freezeServer(): Promise<{ thaw(): void }> {
  const { rows } = await server.pool.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  const pids = [server.pid(), ...rows.map(({ pid }) => pid)];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return {
    thaw: () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    },
  };
}

test('K-14 SIGTERM with Postgres hanging and frames in flight: exit 0 within 25 s, nothing acknowledged is lost, the retries count once', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port, env: { WEB_CONCURRENCY: '2' } });
  const worker = startChild(WORKER, [], {
    env: { DATABASE_URL: server.url, DRAINBOARD_SECRET: TEST_KEY },
  });
  await worker.says(/worker\.started/);
  const app = await addApp(server.pool);
  const first = Array.from({ length: 4 }, () => frameOf(2));
  for (const frame of first) expect(await post(port, app, frame)).toMatchObject({ status: 204 });
  const frozen = await freezeServer();
  const startedMs = performance.now();
  let tookMs = 0;
  const frames = Array.from({ length: 20 }, () => frameOf(2));
  let answers: { status: number }[];
  try {
    const asked = frames.map((frame) => post(port, app, frame));
    await sleep(300);
    web.kill('SIGTERM');
    worker.kill('SIGTERM');
    answers = await Promise.all(asked);
    expect([await web.exit, await worker.exit]).toEqual([0, 0]);
    tookMs = performance.now() - startedMs;
  } finally {
    frozen.thaw();
    worker.kill('SIGKILL');
  }
  expect(tookMs).toBeLessThan(25_000);
  // The fault fired: nobody was told that it was taken.
  expect(answers.filter(({ status }) => status === 204)).toEqual([]);
  await startWeb(server, { port });
  // Logplex sends again what was not acknowledged, and some of what was.
  for (const frame of [...frames, ...first])
    expect(await post(port, app, frame)).toMatchObject({ status: 204 });
  await expectOnce(app, 24, 2);
});

/** Sends frames one after another as Logplex does: again, at once, until one is taken. Gives the tries of each. */
async function sendAll(port: number, app: TestApp, frames: readonly Frame[]): Promise<number[]> {
  const tries: number[] = [];
  for (const frame of frames) {
    let tried = 1;
    while ((await post(port, app, frame)).status !== 204) {
      if (++tried > 100) throw new Error('a frame was never taken');
      await sleep(50);
    }
    tries.push(tried);
  }
  return tries;
}

test.each([
  // `fatal` is what V8 says, on standard error.
  ['K-16 the heap of a process is used up', 'heap', /heap out of memory/, /"signal":"SIGABRT"|"code":13[34]/],
  ['K-17 a mistake that nobody caught', 'mistake', /"process\.mistake"/, /"code":1,/],
])(
  '%s: it ends alone, is started anew, and its frames are sent again and counted once',
  async (_, action, said, end) => {
    const port = await freePort();
    const web = await startWeb(server, {
      port,
      killPoints: `commit.before:3:${action}`,
      env: { WEB_CONCURRENCY: '2', NODE_OPTIONS: '--max-old-space-size=96' },
    });
    const app = await addApp(server.pool);
    const frames = Array.from({ length: 16 }, () => frameOf(3));
    const tries = await sendAll(port, app, frames);
    // Both children passed the spot three times, each died of it once, and no third died.
    await until(() => web.stdout().split('"cluster.childDied"').length === 3);
    const [first = ''] = await web.says(/.*"cluster\.childDied".*/);
    expect(first).toMatch(end);
    expect(tries.filter((tried) => tried > 1).length).toBeGreaterThan(0);
    expect(web.stdout() + web.stderr()).toMatch(said);
    if (action === 'mistake') expect(web.stdout().split('"process.mistake"')).toHaveLength(3);
    await until(() => childPids(web).length === 2);
    await expectOnce(app, frames.length, 3);
  },
);

/** What stands in front of dynos: new connections go where they are told to, old ones stay where they are. */
async function startRouter(): Promise<{ port: number; routeTo(port: number): void; close(): void }> {
  let target = 0;
  const sockets = new Set<Socket>();
  const router = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.end();
      });
      from.pipe(to);
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => {
    router.listen(port, '127.0.0.1', resolve);
  });
  return {
    port,
    routeTo: (to) => {
      target = to;
    },
    close: () => {
      router.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('R-14 S-20 three deploys under load, old and new serving at once: nothing is lost, nothing counts twice', async () => {
  const router = await startRouter();
  const deployed = async (): Promise<Web> => {
    const next = await startWeb(server, { port: await freePort() });
    router.routeTo(next.port);
    return next;
  };
  let web = await deployed();
  const load = await startLoad(server.pool, { port: router.port, perSecond: 200, nodes: 4 });
  await until(() => load.delivered() > 20);
  for (let deploy = 0; deploy < 3; deploy++) {
    const next = await deployed();
    await sleep(150);
    web.kill('SIGTERM');
    expect(await web.exit).toBe(0);
    web = next;
    const before = load.delivered();
    await until(() => load.delivered() > before + 40);
  }
  await load.finish();
  router.close();
  await stopAll();
  const { wrong, sent, counts } = await readAccount(server.pool, load);
  expect(wrong).toEqual([]);
  expect(sent.frames).toMatchObject({ lost: 0, unknown: 0 });
  expect(counts.requests).toBe(sent.generated.messages);
  const { rows } = await server.pool.query<{ n: number }>(
    'SELECT count(DISTINCT writer_id) AS n FROM chunks WHERE app_ids @> ARRAY[$1::int]',
    [load.app.id],
  );
  expect(rows[0]?.n).toBe(4);
});
