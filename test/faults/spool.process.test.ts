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
  /** Pushes lines until it is stopped, evenly. */
  stopSending(): Promise<void>;
}

/** A faithful Logplex that sends so many messages a second. */
async function sendSteadily(port: number, perSecond: number): Promise<Sending> {
  const app = await addApp(server.pool);
  const ledger = new Ledger();
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const nodes = ['node-1', 'node-2'].map((node) => new LogplexNode({ url, app: app.name, ledger, node }));
  const startedMs = performance.now();
  let pushed = 0;
  let isSending = true;
  const sending = (async () => {
    while (isSending) {
      const due = ((performance.now() - startedMs) * perSecond) / 1000;
      for (; pushed < due; pushed++) {
        const line =
          pushed % 3 === 0 ? outputLine(Date.now(), 'web.1', `line ${pushed}`) : ROUTER_LINES.next();
        nodes[pushed % 2]?.push(line);
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
