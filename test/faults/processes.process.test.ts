import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type AppLedger, Ledger } from '../../sim/ledger.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import { authorizationOf, openConnection } from '../../sim/post.ts';
import { seededRandom } from '../../sim/random.ts';
import { compareBuckets, compareLedger, readCounts, readGaps } from '../account.ts';
import { addApp, rolledUp, until } from '../drain.ts';
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
import { ROUTER_LINES } from './lines.ts';
import { takeOverDead } from './load.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterEach(killAll);
afterAll(() => server.close());

const KILLS = 4;
const DRAIN_TOKEN = 'd.00000000-0000-4000-8000-00000000000a';

/** A dyno of three processes, and another of one: neither knows of the other. */
async function startDynos(): Promise<{ cluster: Web; alone: Web }> {
  const [a, b] = [await freePort(), await freePort()];
  const [cluster, alone] = await Promise.all([
    startWeb(server, { port: a, env: { WEB_CONCURRENCY: '3' } }),
    startWeb(server, { port: b }),
  ]);
  return { cluster, alone };
}

/** Processes that have committed something for an app. */
async function writersOf(appId: number): Promise<number> {
  const { rows } = await server.pool.query<{ n: number }>(
    'SELECT count(DISTINCT writer_id) AS n FROM chunks WHERE app_ids @> ARRAY[$1::int]',
    [appId],
  );
  return rows[0]?.n ?? 0;
}

test('R-01 R-02 R-03 K-18 frames of one drain on four processes of two dynos, children killed in between: the ledger holds', async () => {
  const { cluster, alone } = await startDynos();
  const app = await addApp(server.pool);
  const ledger = new Ledger();
  const nodes = [cluster, cluster, cluster, cluster, alone].map(
    ({ port }, index) =>
      new LogplexNode({
        url: `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`,
        app: app.name,
        ledger,
        node: `node-${index}`,
        drainToken: DRAIN_TOKEN,
      }),
  );
  const random = seededRandom('processes', 'killed');
  let kills = 0;
  let sinceKillMs = 0;
  while (kills < KILLS) {
    for (const node of nodes) {
      for (let i = random.integer(1, 30); i > 0; i--) node.push(ROUTER_LINES.next());
    }
    const pauseMs = random.integer(10, 60);
    sinceKillMs += pauseMs;
    await sleep(pauseMs);
    const pids = childPids(cluster);
    // One at a time: three tries that each meet a kill would leave it open what was taken.
    if (sinceKillMs < 500 || pids.length < 2) continue;
    process.kill(pids[random.integer(0, pids.length - 1)] ?? 0, 'SIGKILL');
    [kills, sinceKillMs] = [kills + 1, 0];
    await until(() => cluster.stdout().split('cluster.childDied').length > kills);
    // However slow the machine is: no frame's tries meet two kills.
    await Promise.all(nodes.map((node) => node.drained()));
  }
  await Promise.all(nodes.map((node) => node.drained()));
  for (const node of nodes) node.stop();
  expect(await writersOf(app.id)).toBeGreaterThan(3);
  expect(await Promise.race([cluster.exit, sleep(1, 'still running')])).toBe('still running');
  await stopAll();
  await takeOverDead(server.pool);
  await rolledUp(server.pool);
  const sent = ledger.snapshot().apps[app.name] as AppLedger;
  expect(sent.frames).toMatchObject({ lost: 0, unknown: 0 });
  expect(sent.frames.retried).toBeGreaterThan(0);
  const counts = await readCounts(server.pool, app.id);
  expect(compareLedger(counts, await readGaps(server.pool, app.id), sent)).toEqual([]);
  expect(counts.requests).toBe(sent.generated.messages);
  expect(await compareBuckets(server.pool)).toEqual([]);
});

test('S-02 R-02 the same frame at the same moment on four processes of two dynos: each counts once, all are answered 204', async () => {
  const { cluster, alone } = await startDynos();
  const app = await addApp(server.pool);
  // Handed out in turn, a connection for each of the three.
  const connections = [cluster, cluster, cluster, alone].map(({ port }) => {
    const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
    const limits = { connectMs: 3_000, answerMs: 5_000, idleMs: 60_000, connections: 1 };
    return { url, ...openConnection(url, limits) };
  });
  const [frames, messages] = [60, 5];
  for (let frame = 0; frame < frames; frame++) {
    const body = requests(messages);
    const headers = {
      'Content-Type': 'application/logplex-1',
      'Content-Length': String(body.length),
      'User-Agent': 'Logplex/v72',
      'Logplex-Frame-Id': frameId(),
      'Logplex-Drain-Token': DRAIN_TOKEN,
    };
    const outcomes = await Promise.all(
      connections.map(({ url, post }) =>
        post({ ...headers, Authorization: authorizationOf(url) ?? '' }, body),
      ),
    );
    expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'answered', status: 204 })));
  }
  for (const connection of connections) connection.close();
  // Whoever only ever met twins has committed them all the same, as ones that do not count.
  expect(await writersOf(app.id)).toBe(4);
  await stopAll();
  await rolledUp(server.pool);
  expect(await readCounts(server.pool, app.id)).toMatchObject({
    requests: frames * messages,
    frames: { accepted: frames, duplicate: frames * 3 },
  });
  expect(await compareBuckets(server.pool)).toEqual([]);
});

test('P-10 three processes on a plan of 20 connections share them, run the loops once, and stay below', async () => {
  await server.pool.query('ALTER DATABASE drainboard CONNECTION LIMIT 20');
  const port = await freePort();
  const web = await startWeb(server, { port, env: { WEB_CONCURRENCY: '3' } });
  const [line] = await web.says(/.*connections\.(fitted|planned).*/);
  expect(JSON.parse(line)).toMatchObject({ event: 'connections.fitted', processes: 3, total: 17, limit: 20 });
  const app = await addApp(server.pool);
  const ledger = new Ledger();
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const nodes = [1, 2, 3].map((n) => new LogplexNode({ url, app: app.name, ledger, node: `node-${n}` }));
  let most = 0;
  let ofLoops = 0;
  for (let round = 0; round < 25; round++) {
    for (const node of nodes) node.push(ROUTER_LINES.next());
    const { rows } = await server.pool.query<{ name: string; n: number }>(
      `SELECT application_name AS name, count(*) AS n FROM pg_stat_activity
       WHERE application_name LIKE 'drainboard-%' GROUP BY 1`,
    );
    most = Math.max(
      most,
      rows.reduce((sum, row) => sum + row.n, 0),
    );
    ofLoops = Math.max(ofLoops, rows.find(({ name }) => name === 'drainboard-worker')?.n ?? 0);
    await sleep(60);
  }
  await Promise.all(nodes.map((node) => node.drained()));
  for (const node of nodes) node.stop();
  expect(most).toBeGreaterThan(3);
  expect(most).toBeLessThanOrEqual(18);
  expect(ofLoops).toBeGreaterThan(0);
  expect(ofLoops).toBeLessThanOrEqual(2);
  await stopAll();
});
