import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Ledger } from '../../sim/ledger.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import { authorizationOf, openConnection, type PostOutcome } from '../../sim/post.ts';
import { compareBuckets, compareWithSender, gapMessages, readCounts, readGaps } from '../account.ts';
import { addApp, rolledUp, type TestApp, until } from '../drain.ts';
import { frameId, requests } from '../lines.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { type LinkProxy, startLink, startProxy } from '../proxy.ts';
import { ROUTER_LINES } from './lines.ts';
import { type Load, readAccount, startLoad } from './load.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterEach(async () => {
  await configure({});
  for (const load of loads.splice(0)) load.stop();
  await killAll();
  for (const proxy of proxies.splice(0)) await proxy.close();
});
afterAll(async () => {
  await server.close();
});

/** Settings of the whole server from now on, these and no others; what sessions have follows at their next statement. */
async function configure(settings: Record<string, string>): Promise<void> {
  const client = await server.pool.connect();
  try {
    await client.query('SET default_transaction_read_only = off');
    await client.query('ALTER SYSTEM RESET ALL');
    for (const [name, value] of Object.entries(settings)) {
      await client.query(`ALTER SYSTEM SET ${name} = '${value}'`);
    }
    await client.query('SELECT pg_reload_conf()');
  } finally {
    client.release(true);
  }
}

const loads: Load[] = [];
const proxies: LinkProxy[] = [];

/** A load that ends with the test, however that goes. */
async function load(port: number, perSecond: number): Promise<Load> {
  const started = await startLoad(server.pool, { port, perSecond });
  loads.push(started);
  await until(() => started.delivered() > 5);
  return started;
}

/** A web process whose link to the database is ours to spoil. */
async function startWebBehindProxy() {
  const proxy = await startProxy(server.url);
  proxies.push(proxy);
  const port = await freePort();
  return { proxy, port, web: await startWeb(proxy, { port }) };
}

/** How long nothing was acknowledged although there was something to: the pause that senders saw, at most. */
async function pauseOf(of: Load, fault: () => Promise<void>): Promise<number> {
  let [longestMs, lastMs, delivered] = [0, performance.now(), of.delivered()];
  const watch = setInterval(() => {
    const nowMs = performance.now();
    if (of.delivered() > delivered) {
      [lastMs, delivered] = [nowMs, of.delivered()];
    }
    longestMs = Math.max(longestMs, nowMs - lastMs);
  }, 10);
  await fault();
  clearInterval(watch);
  return longestMs;
}

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

/** A frame is held for so long before it is put off (RELIABILITY section 2). */
const HOLD_MS = 4_500;

const logplex = (id: string): Record<string, string> => ({
  'User-Agent': 'Logplex/v72',
  'Logplex-Frame-Id': id,
  'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
});
const SHUTTLE = { 'User-Agent': 'log-shuttle/0.18.0 (go1.10; linux; amd64; gc)' };

test('P-01 R-07 Postgres is stopped at once and away for 2.5 s under load: nothing is lost, nobody whom the hold suffices for retries, our process goes on', async () => {
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
  const stoppedMs = performance.now();
  await server.stopImmediately(2_500);
  await server.pool.query('SELECT 1');
  // Recovery takes its own time on a busy machine.
  const awayMs = performance.now() - stoppedMs;
  await sleep(700);
  isSending = false;
  await sending;
  await Promise.all(nodes.map((node) => node.drained()));
  for (const node of nodes) node.stop();
  const sent = ledger.snapshot().apps[app.name];
  if (sent === undefined) throw new Error('nothing was sent');
  expect(sent.frames).toMatchObject({ lost: 0, unknown: 0 });
  // Held frames were answered late but well: no try was burnt, unless it was away for longer than frames are held.
  if (awayMs < HOLD_MS - 1_000) expect(sent.frames.retried).toBe(0);
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

test('P-02 P-03 R-04 R-07 away for 6 s: at 80 messages/s nothing is lost; a sender that overflows meanwhile reports its loss, and the gap is its own count', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const [quiet, busy] = [await load(port, 80), await load(port, 500)];
  await server.stopImmediately(6_000);
  await Promise.all([quiet, busy].map((one) => one.finish()));
  const [kept, lost] = [await readAccount(server.pool, quiet), await readAccount(server.pool, busy)];
  expect(kept.wrong).toEqual([]);
  expect(kept.gaps).toEqual([]);
  expect(kept.sent.lost.messages + kept.sent.unknown.messages).toBe(0);
  expect(lost.wrong).toEqual([]);
  // 6 s of 500 messages do not fit in a buffer of 1,024 and a frame in flight.
  expect(lost.sent.lost.messages).toBeGreaterThan(500);
  expect(lost.gaps.map((gap) => gap.cause)).toContain('L10');
  expect(gapMessages(lost.gaps)).toBe(lost.sent.notices.dropped);
  expect(gapMessages(lost.gaps)).toBe(lost.sent.lost.messages + lost.sent.unknown.messages);
  expect(web.stdout()).not.toContain('process.mistake');
});

test('P-06 R-07 the database turns read-only for 2 s: as away, nothing is lost, and commits go on by themselves', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const sending = await load(port, 100);
  const pauseMs = await pauseOf(sending, async () => {
    await configure({ default_transaction_read_only: 'on' });
    await web.says(/commit\.waiting.*25006/);
    await sleep(2_000);
    await configure({});
    await sleep(1_000);
  });
  expect(pauseMs).toBeGreaterThan(1_900);
  await sending.finish();
  const account = await readAccount(server.pool, sending);
  expect(account.wrong).toEqual([]);
  expect(account.sent.frames).toMatchObject({ lost: 0, unknown: 0, retried: 0 });
});

test('P-13 R-07 somebody locks the tables of the write path for 3.5 s: as away, nothing is lost', async () => {
  const port = await freePort();
  await startWeb(server, { port });
  const sending = await load(port, 100);
  const client = await server.pool.connect();
  const pauseMs = await pauseOf(sending, async () => {
    await client.query('BEGIN; LOCK TABLE chunks, frames, count_buckets_10s IN ACCESS EXCLUSIVE MODE');
    await sleep(200);
    const { rows } = await server.pool.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO chunks%'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    await sleep(3_300);
    await client.query('ROLLBACK');
    await sleep(500);
  });
  client.release();
  expect(pauseMs).toBeGreaterThan(3_300);
  await sending.finish();
  const account = await readAccount(server.pool, sending);
  expect(account.wrong).toEqual([]);
  expect(account.sent.frames).toMatchObject({ lost: 0, unknown: 0 });
});

test('P-11 R-08 every statement takes 2 s longer: every answer comes within 4.5 s, none is a failure, all is counted', async () => {
  const { proxy, port } = await startWebBehindProxy();
  const sending = await load(port, 40);
  proxy.weather({ delayMs: 2_000 }, 'up');
  const one = await addApp(server.pool);
  const answers = await Promise.all(
    Array.from({ length: 4 }, async (_, i) => {
      await sleep(i * 700);
      return post(port, sending.app, logplex(frameId()));
    }),
  );
  for (const answer of answers) {
    expect(answer.afterMs).toBeGreaterThan(1_500);
    expect(answer.afterMs).toBeLessThan(4_950);
    expect(answer).toMatchObject({ kind: 'answered', status: 204 });
  }
  expect(one.id).toBeGreaterThan(0);
  proxy.heal();
  await sending.finish();
  const account = await readAccount(server.pool, sending);
  // The four of ours are in none of the sender's books.
  expect(
    account.wrong.filter((sentence) => !/^(kind request|status 200|requests|frames):/.test(sentence)),
  ).toEqual([]);
  expect(account.counts.requests).toBe(account.sent.delivered.requests + 8);
});

test('P-17 packets to the database vanish without a reset: noticed within 5 s, the connection is thrown away, nothing is lost', async () => {
  const { proxy, port, web } = await startWebBehindProxy();
  const sending = await load(port, 80);
  const before = proxy.connections;
  const startedMs = performance.now();
  proxy.blackHole();
  await web.says(/commit\.waiting/);
  expect(performance.now() - startedMs).toBeLessThan(5_600);
  proxy.heal();
  await until(() => proxy.connections > before);
  const delivered = sending.delivered();
  await until(() => sending.delivered() > delivered + 80, 5_000);
  await sending.finish();
  const account = await readAccount(server.pool, sending);
  expect(account.wrong).toEqual([]);
  expect(account.sent.lost.messages + account.sent.unknown.messages).toBe(0);
});

test('P-19 R-07 statements run into the server’s time limit for 2 s: as away for frames, nothing is lost', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const sending = await load(port, 80);
  const client = await server.pool.connect();
  await configure({ statement_timeout: '150ms' });
  await client.query('SET statement_timeout = 0; BEGIN; LOCK TABLE chunks IN SHARE MODE');
  await web.says(/commit\.waiting.*57014/);
  await sleep(2_000);
  await client.query('ROLLBACK');
  client.release(true);
  await configure({});
  await sending.finish();
  const account = await readAccount(server.pool, sending);
  expect(account.wrong).toEqual([]);
  expect(account.sent.frames).toMatchObject({ lost: 0, unknown: 0 });
});

test('S-06 S-07 R-02 the sender’s own link: an answer that vanishes, one that is cut short, a body cut in its middle: all is counted once', async () => {
  const port = await freePort();
  await startWeb(server, { port });
  const link = await startLink({ host: '127.0.0.1', port }, 'sender');
  try {
    const app = await addApp(server.pool);
    const ledger = new Ledger();
    const url = `http://${app.name}:${app.secret}@127.0.0.1:${link.port}/drain`;
    const node = new LogplexNode({ url, app: app.name, ledger, limits: { answerMs: 900 } });
    const sendSome = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) node.push(ROUTER_LINES.next());
      await sleep(1);
    };
    await sendSome();
    await node.drained();
    // The commit goes through, its answer does not; the link is whole again before the second try gives up.
    link.weather({ vanish: true }, 'down');
    await sendSome();
    await sleep(1_200);
    link.heal();
    await node.drained();
    const cutAnswer = link.cutAfter('down', 9);
    await sendSome();
    await cutAnswer;
    await node.drained();
    const cutBody = link.cutAfter('up', 3_000);
    await sendSome();
    await cutBody;
    await node.drained();
    node.stop();
    const sent = ledger.snapshot().apps[app.name];
    if (sent === undefined) throw new Error('nothing was sent');
    expect(sent.frames).toMatchObject({ lost: 0, unknown: 0 });
    expect(sent.frames.retried).toBeGreaterThan(2);
    await rolledUp(server.pool);
    const counts = await readCounts(server.pool, app.id);
    expect(compareWithSender(counts, sent)).toEqual([]);
    expect(counts.frames.duplicate).toBeGreaterThan(1);
    expect(await readGaps(server.pool, app.id)).toEqual([]);
  } finally {
    await link.close();
  }
});
