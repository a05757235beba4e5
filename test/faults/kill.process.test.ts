import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../drain/clock.ts';
import { SloBook } from '../../drain/slo-book.ts';
import { Takeover } from '../../drain/takeover.ts';
import { silentLog } from '../../model/log.ts';
import { type AppLedger, Ledger } from '../../sim/ledger.ts';
import { outputLine } from '../../sim/line.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import { seededRandom } from '../../sim/random.ts';
import { SeriesNumbers } from '../../store/series.ts';
import { createSlo } from '../../store/slos.ts';
import { compareBuckets, compareWithSender, readCounts, readGaps } from '../account.ts';
import { addApp, rolledUp, type TestApp, until } from '../drain.ts';
import {
  expireLeases,
  freePort,
  killAll,
  startServer,
  startWeb,
  stopAll,
  type TestServer,
} from '../processes.ts';
import { exampleSlo } from '../slos.ts';
import { ROUTER_LINES } from './lines.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  for (let count = 0; count < 12; count++) watched.push(await addWatchedApp());
});
afterEach(killAll);
afterAll(async () => {
  await server.close();
});

interface Sending {
  app: TestApp;
  node: LogplexNode;
  /** The sender's account; everything it gave up is an error of the test's. */
  sent(): AppLedger;
  pushLines(count: number, text?: string): void;
}

/** Apps with an SLO that was there before any process of these tests began: each knows it. */
const watched: TestApp[] = [];

function takeWatchedApp(): TestApp {
  const app = watched.pop();
  if (app === undefined) throw new Error('more tests than apps');
  return app;
}

/** With an SLO since some minutes: what it counts is compared with the log, as buckets are. */
async function addWatchedApp(): Promise<TestApp> {
  const app = await addApp(server.pool);
  await createSlo(server.pool, {
    appId: app.id,
    slug: 'answers',
    definition: exampleSlo({ scope: { processTypes: ['web'] } }),
    author: 'test',
    nowMs: Date.now() - 5 * 60_000,
  });
  return app;
}

/** A faithful Logplex node of a new app that sends to a port, whoever listens there. */
function sendTo(port: number, app?: TestApp): Sending {
  const own = app ?? takeWatchedApp();
  const ledger = new Ledger();
  const url = `http://${own.name}:${own.secret}@127.0.0.1:${port}/drain`;
  const node = new LogplexNode({ url, app: own.name, ledger, limits: { backoffMaxMs: 300 } });
  return {
    app: own,
    node,
    sent: () => {
      const sent = ledger.snapshot().apps[own.name];
      if (sent === undefined) throw new Error('nothing was sent');
      return sent;
    },
    pushLines: (count, text = 'x'.repeat(150)) => {
      for (let i = 0; i < count; i++) {
        node.push(i % 3 === 0 ? outputLine(Date.now(), 'web.1', `${text} ${i}`) : ROUTER_LINES.next());
      }
    },
  };
}

/** Rolls up what dead processes left, as any other process would 12 s later. */
async function takeOverDead(): Promise<void> {
  await expireLeases(server.pool);
  const heir = new Takeover({
    pool: server.pool,
    numbers: new SeriesNumbers(),
    clock: systemClock,
    log: silentLog,
    holder: 'test',
    slos: new SloBook(server.pool, systemClock),
    ownWriterId: () => null,
    onRolledUp: () => {},
  });
  while (await heir.takeOverOne());
}

/** The ledger of the run: what was acknowledged is counted exactly once, and buckets are what the log says. */
async function settle({ app, node, sent }: Sending): Promise<void> {
  node.stop();
  await stopAll();
  await takeOverDead();
  await rolledUp(server.pool);
  const account = sent();
  const counts = await readCounts(server.pool, app.id);
  expect(account.unknown.messages).toBe(0);
  expect(compareWithSender(counts, account)).toEqual([]);
  const gaps = await readGaps(server.pool, app.id);
  const lost = gaps.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
  const counted =
    Object.values(counts.messages).reduce((sum, count) => sum + count, 0) - (counts.messages.loss ?? 0);
  expect(counted + lost).toBe(account.generated.messages);
  expect(await compareBuckets(server.pool)).toEqual([]);
  const minutes = await server.pool.query(
    `SELECT v.id FROM slo_versions v JOIN slos s ON s.id = v.slo_id JOIN minute_deltas d ON d.slo_version_id = v.id
     WHERE s.app_id = $1 LIMIT 1`,
    [app.id],
  );
  const hours = await server.pool.query(
    'SELECT FROM slo_hours h JOIN slos s ON s.id = h.slo_id WHERE s.app_id = $1',
    [app.id],
  );
  expect((minutes.rowCount ?? 0) + (hours.rowCount ?? 0)).toBeGreaterThan(0);
}

async function chunks(): Promise<number> {
  const { rows } = await server.pool.query<{ n: number }>('SELECT count(*) AS n FROM chunks');
  return rows[0]?.n ?? 0;
}

/** Sends one frame that is taken, then 900 lines in which the process dies; gives what it left behind. */
async function dieAt(killPoints: string): Promise<{ sending: Sending; committed: number; port: number }> {
  const port = await freePort();
  const web = await startWeb(server, { port, killPoints });
  const sending = sendTo(port);
  sending.pushLines(1);
  await sending.node.drained();
  const before = await chunks();
  sending.pushLines(900);
  expect(await web.exit).toBe('SIGKILL');
  // A fault that did not fire fails its test.
  expect(web.stderr()).toContain(`kill point ${killPoints.split(':')[0]}`);
  return { sending, committed: (await chunks()) - before, port };
}

test('K-01 R-01 killed while reading a body: nothing of it is counted, and the retry counts once', async () => {
  const { sending, committed, port } = await dieAt('body.part:2:kill');
  expect(committed).toBe(0);
  await startWeb(server, { port });
  await sending.node.drained();
  expect(sending.sent().frames.retried).toBeGreaterThan(0);
  await settle(sending);
});

test('K-02 R-01 killed after the body, before any SQL: nothing of it is counted, and the retry counts once', async () => {
  const { sending, committed, port } = await dieAt('commit.before:2:kill');
  expect(committed).toBe(0);
  await startWeb(server, { port });
  await sending.node.drained();
  expect(sending.sent().frames.retried).toBeGreaterThan(0);
  await settle(sending);
});

/** Holds every commit inside its statement until it is let go. */
async function holdCommits(): Promise<{ waiting(): Promise<number>; letGo(): Promise<void> }> {
  const client = await server.pool.connect();
  await client.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
  return {
    waiting: async () => {
      const { rows } = await server.pool.query<{ n: number }>(
        `SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO chunks%'
           AND pid <> pg_backend_pid()`,
      );
      return rows[0]?.n ?? 0;
    },
    letGo: async () => {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

test('K-03 R-03 killed inside the transaction: it is rolled back, and the retry counts once', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const sending = sendTo(port);
  sending.pushLines(1);
  await sending.node.drained();
  const before = await chunks();
  const hold = await holdCommits();
  sending.pushLines(300);
  await until(async () => (await hold.waiting()) === 1);
  web.kill('SIGKILL');
  expect(await web.exit).toBe('SIGKILL');
  // The server notices that its client is gone and ends the statement.
  await until(async () => (await hold.waiting()) === 0);
  await hold.letGo();
  expect(await chunks()).toBe(before);
  await startWeb(server, { port });
  await sending.node.drained();
  expect(sending.sent().frames.retried).toBe(1);
  await settle(sending);
});

test('K-03 R-02 killed inside the transaction, which the server finishes all the same: the retry is known', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const sending = sendTo(port);
  sending.pushLines(1);
  await sending.node.drained();
  const before = await chunks();
  const hold = await holdCommits();
  sending.pushLines(300);
  await until(async () => (await hold.waiting()) === 1);
  web.kill('SIGKILL');
  await web.exit;
  await hold.letGo();
  await until(async () => (await chunks()) === before + 1);
  await startWeb(server, { port });
  await sending.node.drained();
  await settle(sending);
  expect((await readCounts(server.pool, sending.app.id)).frames).toMatchObject({ duplicate: 1 });
});

test('K-04 R-02 killed after COMMIT, before 204: the retry meets its own frame; its successor rolls up what it left, by itself', async () => {
  const { sending, committed, port } = await dieAt('commit.after:2:kill');
  expect(committed).toBe(1);
  await startWeb(server, { port });
  await sending.node.drained();
  // Without help: the lease of the dead runs out after 12 s, and is looked for every 3 s.
  await rolledUp(server.pool, 25_000);
  expect((await readCounts(server.pool, sending.app.id)).frames).toMatchObject({ duplicate: 1 });
  await settle(sending);
});

test('R-03 killed inside a roll-up, after it, and in the middle of a takeover: every chunk is in the buckets once', async () => {
  const port = await freePort();
  const sending = sendTo(port);
  for (const killPoints of ['rollup.inside:1:kill', 'rollup.after:1:kill', 'takeover.claimed:1:kill']) {
    const web = await startWeb(server, { port, killPoints });
    await expireLeases(server.pool);
    const died = web.exit;
    let alive = true;
    void died.then(() => {
      alive = false;
    });
    while (alive) {
      sending.pushLines(40);
      await sleep(120);
    }
    expect(await died).toBe('SIGKILL');
    expect(web.stderr()).toContain(`kill point ${killPoints.split(':')[0]}`);
  }
  await startWeb(server, { port });
  await sending.node.drained();
  await settle(sending);
});

test('K-15 a process frozen until another took its writer over, then resumed: late writes are refused, counts are exact', async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const frozen = await startWeb(server, { port: portA });
  const sending = sendTo(portA);
  sending.pushLines(200);
  await sending.node.drained();
  // Frozen with a commit on its way and a roll-up due.
  const hold = await holdCommits();
  sending.pushLines(100);
  await until(async () => (await hold.waiting()) === 1);
  frozen.kill('SIGSTOP');
  await hold.letGo();
  await startWeb(server, { port: portB });
  const behind = async (): Promise<number> => {
    const { rows } = await server.pool.query<{ n: number }>(
      'SELECT count(*) AS n FROM writers WHERE closed_at IS NULL',
    );
    return rows[0]?.n ?? 0;
  };
  await expireLeases(server.pool);
  await until(async () => (await behind()) === 0, 15_000);
  sending.pushLines(50);
  frozen.kill('SIGCONT');
  await sending.node.drained();
  sending.pushLines(30);
  await sending.node.drained();
  await until(() => frozen.stdout().includes('writer.takenOver'));
  await settle(sending);
});

test('K-13 R-14 SIGTERM with 50 frames in flight: all are answered 204, everything is rolled up, exit 0', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const app = await addApp(server.pool);
  const senders = Array.from({ length: 50 }, () => sendTo(port, app));
  senders[0]?.pushLines(1);
  await senders[0]?.node.drained();
  const hold = await holdCommits();
  for (const sending of senders) sending.pushLines(1);
  await until(async () => (await hold.waiting()) === 1);
  await sleep(200);
  web.kill('SIGTERM');
  await web.says(/process\.stopping/);
  await hold.letGo();
  await Promise.all(senders.map(({ node }) => node.drained()));
  expect(await web.exit).toBe(0);
  for (const { node } of senders) node.stop();
  expect(senders.map((sending) => sending.sent().frames.retried)).toEqual(senders.map(() => 0));
  const { rows } = await server.pool.query(
    'SELECT closed_at IS NOT NULL AS closed, checkpoint_seq = seq AS done FROM writers WHERE holder LIKE $1',
    [`%:${web.pid}`],
  );
  expect(rows).toEqual([{ closed: true, done: true }]);
  const counts = await readCounts(server.pool, app.id);
  expect(counts.frames).toEqual({ accepted: 51 });
});

test('K-18 R-01 R-02 R-03 R-04 two processes killed again and again under load: the ledger holds', async () => {
  const random = seededRandom('kill', 'again');
  const app = takeWatchedApp();
  const ports = [await freePort(), await freePort()];
  const webs = await Promise.all(ports.map((port) => startWeb(server, { port })));
  const nodes = ports.map((port) => sendTo(port, app));
  let kills = 0;
  // By kills, not by time: a start takes as long as the machine has other things to do.
  while (kills < 5) {
    for (const sending of nodes) sending.pushLines(random.integer(1, 60));
    await sleep(random.integer(20, 120));
    const victim = random.integer(0, 12);
    const [web, port] = [webs[victim], ports[victim]];
    if (web === undefined || port === undefined) continue;
    web.kill('SIGKILL');
    await web.exit;
    kills++;
    webs[victim] = await startWeb(server, { port });
  }
  await Promise.all(nodes.map((sending) => sending.node.drained()));
  for (const { node } of nodes) node.stop();
  await stopAll();
  await takeOverDead();
  await rolledUp(server.pool);
  const counts = await readCounts(server.pool, app.id);
  const accounts = nodes.map((sending) => sending.sent());
  const total = (of: (sent: AppLedger) => number): number =>
    accounts.reduce((sum, sent) => sum + of(sent), 0);
  // Three tries in a row may each meet a kill: what is unknown then is counted or not, and told by a notice.
  const counted = (counts.messages.app ?? 0) + (counts.messages.request ?? 0);
  const delivered = total((sent) => sent.delivered.messages - sent.notices.delivered);
  expect(counted).toBeGreaterThanOrEqual(delivered);
  expect(counted).toBeLessThanOrEqual(delivered + total((sent) => sent.unknown.messages));
  expect(delivered + total((sent) => sent.unknown.messages + sent.lost.messages)).toBe(
    total((sent) => sent.generated.messages),
  );
  expect(await compareBuckets(server.pool)).toEqual([]);
});
