import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AppLedger, Ledger } from '../../sim/ledger.ts';
import { outputLine } from '../../sim/line.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import { compareBuckets, compareWithSender, readCounts, readGaps } from '../account.ts';
import { addApp, rolledUp, type TestApp, until } from '../drain.ts';
import {
  expireLeases,
  freePort,
  killAll,
  startServer,
  startWeb,
  type TestServer,
  type Web,
} from '../processes.ts';
import { ROUTER_LINES } from './lines.ts';
import { emptied, STREAM, startRedis, type TestRedis } from './spool-redis.ts';

let server: TestServer;
let redis: TestRedis;

beforeAll(async () => {
  server = await startServer();
});
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await killAll();
  await redis.close();
});
afterAll(async () => {
  await server.close();
});

/** A web process with the spool, once it would take frames. */
async function startSpooling(options: { port?: number; killPoints?: string } = {}): Promise<Web> {
  const { port = await freePort(), ...rest } = options;
  const web = await startWeb(server, { port, ...rest, env: { REDIS_URL: redis.url } });
  await until(async () => (await redis.client().hlen(`${STREAM}:rates`)) > 0);
  return web;
}

interface Sending {
  app: TestApp;
  sent(): AppLedger;
  /** Sends nothing more for a while; resolves when everything sent so far was answered. */
  pause(): Promise<void>;
  resume(): void;
  /** Sends nothing more; resolves when everything met its fate. */
  stopSending(): Promise<void>;
}

/** A faithful Logplex that sends so many messages a second. */
async function sendSteadily(port: number, perSecond: number, names = ['node-1', 'node-2']): Promise<Sending> {
  const app = await addApp(server.pool);
  const ledger = new Ledger();
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const nodes = names.map((node) => new LogplexNode({ url, app: app.name, ledger, node }));
  let lastMs = performance.now();
  let due = 0;
  let pushed = 0;
  let isSending = true;
  let isPaused = false;
  const sending = (async () => {
    while (isSending) {
      const nowMs = performance.now();
      if (!isPaused) due += ((nowMs - lastMs) * perSecond) / 1000;
      lastMs = nowMs;
      for (; pushed < due; pushed++) {
        const line =
          pushed % 3 === 0 ? outputLine(Date.now(), 'web.1', `line ${pushed}`) : ROUTER_LINES.next();
        nodes[pushed % nodes.length]?.push(line);
      }
      await sleep(10);
    }
  })();
  const sent = (): AppLedger => {
    const account = ledger.snapshot().apps[app.name];
    if (account === undefined) throw new Error('nothing was sent');
    return account;
  };
  return {
    app,
    sent,
    pause: async () => {
      isPaused = true;
      await Promise.all(nodes.map((node) => node.drained()));
    },
    resume: () => {
      isPaused = false;
    },
    stopSending: async () => {
      isSending = false;
      await sending;
      await Promise.all(nodes.map((node) => node.drained()));
      for (const node of nodes) node.stop();
    },
  };
}

/** Everything is in the tables, once; gives the sender's account. */
async function settled({ app, sent }: Sending): Promise<AppLedger> {
  await emptied(redis);
  await expireLeases(server.pool);
  await rolledUp(server.pool);
  const account = sent();
  expect(compareWithSender(await readCounts(server.pool, app.id), account)).toEqual([]);
  expect(await compareBuckets(server.pool)).toEqual([]);
  return account;
}

test('P-03 R-07 R-01 R-02 Postgres is away for longer than frames are held: every frame is answered 204, nothing is lost, all is counted once', async () => {
  const web = await startSpooling();
  const sending = await sendSteadily(web.port, 200);
  await sleep(700);
  await server.stopImmediately(8_000);
  await sleep(500);
  await sending.stopSending();
  const account = await settled(sending);
  expect(account.frames).toMatchObject({ lost: 0, unknown: 0, retried: 0 });
  expect(account.delivered.messages).toBe(account.generated.messages);
  expect(account.generated.messages).toBeGreaterThan(1_600);
  expect(await readGaps(server.pool, sending.app.id)).toEqual([]);
  const { rows } = await server.pool.query('SELECT fate, count(*) AS n FROM spool_entries GROUP BY fate');
  expect(rows).toMatchObject([{ fate: 'moved' }]);
});

test('K-05 R-01 R-02 killed after the append, before 204: the entry and the retry of its frame count once', async () => {
  const port = await freePort();
  const web = await startSpooling({ port, killPoints: 'spool.appended:3:kill' });
  const sending = await sendSteadily(port, 100);
  await sleep(300);
  await server.stop('SIGQUIT');
  expect(await web.exit).toBe('SIGKILL');
  expect(web.stderr()).toContain('kill point spool.appended');
  const waiting = await redis.client().xlen(STREAM);
  expect(waiting).toBeGreaterThanOrEqual(3);
  // A process that starts while Postgres is away knows no credentials: it holds frames until it does.
  await server.start();
  await startSpooling({ port });
  await sleep(300);
  await sending.stopSending();
  const account = await settled(sending);
  expect(account.frames.retried).toBeGreaterThan(0);
  expect(account.unknown.messages).toBe(0);
});

test('K-06 K-07 R-02 movers are killed before COMMIT, and after it before the entry is acknowledged: entries are taken over within 30 s and count once', async () => {
  const killPoints = ['mover.before:2:kill', 'mover.after:2:kill'];
  const webs = await Promise.all(killPoints.map((spot) => startSpooling({ killPoints: spot })));
  const sendings = await Promise.all(webs.map(({ port }) => sendSteadily(port, 100)));
  await sleep(500);
  await server.stop('SIGQUIT');
  await sleep(1_500);
  await Promise.all(sendings.map((sending) => sending.stopSending()));
  expect(await redis.client().xlen(STREAM)).toBeGreaterThan(10);
  await server.start();
  for (const [index, web] of webs.entries()) {
    expect(await web.exit).toBe('SIGKILL');
    expect(web.stderr()).toContain(`kill point ${killPoints[index]?.split(':')[0]}`);
  }
  const diedMs = performance.now();
  await startSpooling();
  await emptied(redis, 40_000);
  expect(performance.now() - diedMs).toBeLessThan(30_000);
  let duplicates = 0;
  for (const sending of sendings) {
    expect((await settled(sending)).frames).toMatchObject({ lost: 0, unknown: 0 });
    duplicates += (await readCounts(server.pool, sending.app.id)).frames.duplicate ?? 0;
  }
  // What was committed and not acknowledged came once more.
  expect(duplicates).toBeGreaterThan(0);
});

test('D-04 D-03 R-01 Redis crashes and comes back with its append-only file while Postgres is away: nothing that waited is lost', async () => {
  const web = await startSpooling();
  const sending = await sendSteadily(web.port, 100);
  await sleep(500);
  await server.stop('SIGQUIT');
  await sleep(1_500);
  const account = sending.sent();
  expect(account.frames.lost).toBe(0);
  // Its file is written every second: what was acknowledged in the last one may be lost, so nothing is sent then.
  await sending.pause();
  await sleep(1_200);
  const waiting = await redis.client().xlen(STREAM);
  await redis.kill('SIGKILL');
  await redis.start();
  expect(await redis.client().xlen(STREAM)).toBe(waiting);
  sending.resume();
  await sleep(1_500);
  await server.start();
  await sending.stopSending();
  const after = await settled(sending);
  expect(after.frames).toMatchObject({ lost: 0, unknown: 0, retried: 0 });
  expect(await readGaps(server.pool, sending.app.id)).toEqual([]);
});

test('P-04 R-07 R-04 away until the spool is full: held, then 503; the gap is the sender’s own count; it recovers unattended', async () => {
  const used = Number(/used_memory:(\d+)/.exec(await redis.client().info('memory'))?.[1]);
  // Room for some hundred kilobytes until 80 % are reached.
  await redis.client().config('SET', 'maxmemory', String(Math.floor((used + 400_000) / 0.8)));
  const web = await startSpooling();
  // One node: two whose losses begin in the same millisecond tell of the same gap.
  const sending = await sendSteadily(web.port, 400, ['node-1']);
  await sleep(500);
  await server.stop('SIGQUIT');
  await until(() => web.stdout().includes('spool.full'), 20_000);
  // Longer than a frame is held, and than a Logplex' buffer lasts at this rate.
  await sleep(9_000);
  await server.start();
  await sleep(500);
  await sending.stopSending();
  await emptied(redis);
  await expireLeases(server.pool);
  await rolledUp(server.pool);
  const account = sending.sent();
  expect(account.lost.messages).toBeGreaterThan(0);
  expect(account.unknown.messages).toBe(0);
  const counts = await readCounts(server.pool, sending.app.id);
  const gaps = await readGaps(server.pool, sending.app.id);
  expect(gaps.map(({ cause }) => cause)).toEqual(gaps.map(() => 'L10'));
  const lost = gaps.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
  expect(lost).toBe(account.lost.messages);
  const counted = (counts.messages.app ?? 0) + (counts.messages.request ?? 0);
  expect(counted).toBe(account.delivered.messages - account.notices.delivered);
  expect(counted + lost).toBe(account.generated.messages);
  expect(await compareBuckets(server.pool)).toEqual([]);
});

test('K-13 R-14 SIGTERM with Postgres away: frames in hand go to the spool, exit within 10 s, the next process brings them in', async () => {
  const port = await freePort();
  const web = await startSpooling({ port });
  const sending = await sendSteadily(port, 100);
  await sleep(500);
  await server.stop('SIGQUIT');
  await sleep(1_000);
  web.kill('SIGTERM');
  const startedMs = performance.now();
  expect(await web.exit).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(9_900);
  await server.start();
  await startSpooling({ port });
  await sending.stopSending();
  const account = await settled(sending);
  expect(account.frames).toMatchObject({ lost: 0, unknown: 0 });
});
