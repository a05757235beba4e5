import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Ledger } from '../../sim/ledger.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import { authorizationOf, openConnection, type PostOutcome } from '../../sim/post.ts';
import { compareBuckets, compareWithSender, readCounts, readGaps } from '../account.ts';
import { addApp, rolledUp, type TestApp } from '../drain.ts';
import { frameId, requests } from '../lines.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { ROUTER_LINES } from './lines.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterEach(killAll);
afterAll(async () => {
  await server.close();
});

const LIMITS = { connectMs: 3_000, answerMs: 15_000, idleMs: 60_000, connections: 1 };

/** One POST; says what was answered, and after how long. */
async function post(
  port: number,
  app: { name: string; secret: string },
  headers: Record<string, string>,
): Promise<PostOutcome & { afterMs: number }> {
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const body = requests(2);
  const connection = openConnection(url, LIMITS);
  const startedMs = performance.now();
  const outcome = await connection.post(
    {
      Authorization: authorizationOf(url) ?? '',
      'Content-Type': 'application/logplex-1',
      'Content-Length': String(body.length),
      ...headers,
    },
    body,
  );
  connection.close();
  return { ...outcome, afterMs: performance.now() - startedMs };
}

const logplex = (id: string): Record<string, string> => ({
  'User-Agent': 'Logplex/v72',
  'Logplex-Frame-Id': id,
  'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
});
const SHUTTLE = { 'User-Agent': 'log-shuttle/0.18.0 (go1.10; linux; amd64; gc)' };

test('P-01 R-07 Postgres is stopped at once and away for 2.5 s under load: nothing is lost, nobody retries, our process goes on', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const app = await addApp(server.pool);
  const ledger = new Ledger();
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const nodes = ['node-1', 'node-2'].map((node) => new LogplexNode({ url, app: app.name, ledger, node }));
  let isSending = true;
  const sending = (async () => {
    while (isSending) {
      for (const node of nodes) node.push(ROUTER_LINES.next());
      await sleep(15);
    }
  })();
  await sleep(700);
  const before = ledger.snapshot().apps[app.name]?.delivered.messages ?? 0;
  expect(before).toBeGreaterThan(10);
  await server.stopImmediately(2_500);
  await sleep(700);
  isSending = false;
  await sending;
  await Promise.all(nodes.map((node) => node.drained()));
  for (const node of nodes) node.stop();
  const sent = ledger.snapshot().apps[app.name];
  if (sent === undefined) throw new Error('nothing was sent');
  // It was away for a while, and held frames were answered late but well: no try was burnt.
  expect(sent.frames).toMatchObject({ lost: 0, unknown: 0, retried: 0 });
  expect(sent.delivered.messages).toBe(sent.generated.messages);
  expect(sent.delivered.messages).toBeGreaterThan(before + 100);
  await rolledUp(server.pool);
  expect(compareWithSender(await readCounts(server.pool, app.id), sent)).toEqual([]);
  expect(await readGaps(server.pool, app.id)).toEqual([]);
  expect(await compareBuckets(server.pool)).toEqual([]);
  expect(web.stdout()).toContain('commit.waiting');
  expect(web.stdout()).not.toContain('process.mistake');
  expect(await Promise.race([web.exit, sleep(1, 'still running')])).toBe('still running');
});

test('S-18 S-24 R-08 away for 6 s: Logplex is held for 4.5 s and told 503, a shuttle is held without a status, nobody is told 401', async () => {
  const port = await freePort();
  await startWeb(server, { port });
  const app: TestApp = await addApp(server.pool);
  const unknown = { name: app.name, secret: 'unknown' };
  expect(await post(port, app, logplex(frameId()))).toMatchObject({ kind: 'answered', status: 204 });
  expect(await post(port, app, SHUTTLE)).toMatchObject({ kind: 'answered', status: 204 });
  const id = frameId();
  const back = server.stopImmediately(6_000);
  await sleep(100);
  const [known, stranger, shuttle, newcomer] = await Promise.all([
    post(port, app, logplex(id)),
    post(port, unknown, logplex(frameId())),
    post(port, app, SHUTTLE),
    // Good credentials, a drain that has no row yet.
    post(port, app, {
      ...logplex(frameId()),
      'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000002',
    }),
  ]);
  for (const outcome of [known, stranger, newcomer]) {
    expect(outcome).toMatchObject({ kind: 'answered', status: 503 });
    expect(outcome.afterMs).toBeGreaterThan(4_300);
    expect(outcome.afterMs).toBeLessThan(4_950);
  }
  expect(shuttle).toMatchObject({ kind: 'answered', status: 204 });
  expect(shuttle.afterMs).toBeGreaterThan(5_500);
  await back;
  // The frame that was told 503 waited on and was committed; its retry is known.
  expect(await post(port, app, logplex(id))).toMatchObject({ kind: 'answered', status: 204 });
  expect(await post(port, unknown, logplex(frameId()))).toMatchObject({ kind: 'answered', status: 401 });
  await rolledUp(server.pool);
  expect(await readCounts(server.pool, app.id)).toMatchObject({
    requests: 8,
    frames: { accepted: 4, duplicate: 1 },
  });
});
