import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HealthMessage } from '../../api/contract/stream.ts';
import { silentLog } from '../../model/log.ts';
import { buildPool, type Client } from '../../store/pool.ts';
import { readCounts } from '../account.ts';
import { addApp, rolledUp, type TestApp, until } from '../drain.ts';
import { appLine, bodyOf, frameId, requestLine, requests } from '../lines.ts';
import { freePort, killAll, startServer, startWeb, type TestServer, type Web } from '../processes.ts';
import { type LinkProxy, startProxy } from '../proxy.ts';
import { head } from '../raw.ts';
import { buildViewer, openIdle, type Posted, postFrame, readEvents } from './bounds.ts';

let server: TestServer;
const sockets: Socket[] = [];

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await killAll();
  await server.close();
});

/** ms until the other side ends the connection. */
function cutAfter(socket: Socket, startedMs: number): Promise<number> {
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve(performance.now() - startedMs));
  });
}

/** Posts small frames one after another while `work` goes on. */
async function meanwhile(port: number, app: TestApp, work: Promise<unknown>): Promise<Posted[]> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  const posted: Posted[] = [];
  while (!isDone) {
    posted.push(await postFrame(port, app));
    await sleep(50);
  }
  await done;
  return posted;
}

describe('one process with 300 connections at most', () => {
  let web: Web;
  let app: TestApp;
  let viewer: Awaited<ReturnType<typeof buildViewer>>;
  const MAX = 300;

  beforeAll(async () => {
    const port = await freePort();
    web = await startWeb(server, {
      port,
      env: {
        DRAINBOARD_MAX_CONNECTIONS: String(MAX),
        DRAINBOARD_BASE_URL: 'https://drains.example.com',
        DRAINBOARD_WORKER: 'separate',
      },
    });
    app = await addApp(server.pool);
    viewer = await buildViewer(server.pool, port);
    expect((await postFrame(port, app)).status).toBe(204);
  });

  test('S-09 S-10 SEC-52 slow headers and a body at a byte a second are cut at 10 s; others are served meanwhile', async () => {
    const before = await viewer.ingest();
    const startedMs = performance.now();
    const slow = [connect(web.port, '127.0.0.1'), connect(web.port, '127.0.0.1')];
    sockets.push(...slow);
    const [headers, body] = slow as [Socket, Socket];
    body.write(head(app, { 'Content-Length': '1000', 'Logplex-Frame-Id': frameId() }));
    headers.write('POST /drain HTTP/1.1\r\nHost: x\r\n');
    const dripping = setInterval(() => {
      if (!headers.destroyed) headers.write('X-Slow: a\r\n');
      if (!body.destroyed) body.write('7');
    }, 1_000);
    let told = '';
    body.on('data', (bytes) => (told += bytes.toString()));
    const cuts = Promise.all([cutAfter(headers, startedMs), cutAfter(body, startedMs)]);
    const posted = await meanwhile(web.port, app, cuts);
    clearInterval(dripping);
    for (const cutMs of await cuts) {
      expect(cutMs).toBeGreaterThan(9_500);
      expect(cutMs).toBeLessThan(12_500);
    }
    // A status would be final to a shuttle.
    expect(told).toBe('');
    expect(new Set(posted.map(({ status }) => status))).toEqual(new Set([204]));
    expect(Math.max(...posted.map(({ afterMs }) => afterMs))).toBeLessThan(2_000);
    const after = await viewer.ingest();
    expect(after.fates.cut ?? 0).toBe((before.fates.cut ?? 0) + 1);
    expect(after.refusedConnections).toBeGreaterThanOrEqual(before.refusedConnections + 2);
  });

  test('S-11 thousands of idle connections: capped, counted, memory bounded; frames and health are answered', async () => {
    const before = await viewer.ingest();
    const posted = await meanwhile(
      web.port,
      app,
      openIdle(web.port, 2_000, 100).then((opened) => sockets.push(...opened)),
    );
    // On a busy machine the last of them are still on their way.
    const refused = async () => (await viewer.ingest()).refusedConnections - before.refusedConnections;
    await expect.poll(refused, { timeout: 20_000 }).toBeGreaterThanOrEqual(2_000 - MAX);
    const after = await viewer.ingest();
    expect(after.connections).toBeLessThanOrEqual(MAX);
    expect(after.connectionsMax).toBe(MAX);
    expect(after.rssBytes - before.rssBytes).toBeLessThan(60 * 1024 * 1024);
    posted.push(await postFrame(web.port, app));
    expect(new Set(posted.map(({ status }) => status))).toEqual(new Set([204]));
    const healthz = await fetch(`http://127.0.0.1:${web.port}/healthz`);
    expect([healthz.status, await healthz.text()]).toEqual([200, 'ok']);
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  test('S-12 thousands of new connections a second: those that bring frames get through, memory is bounded', async () => {
    const before = await viewer.ingest();
    const startedMs = performance.now();
    const flood = openIdle(web.port, 5_000, 250).then((opened) => {
      const tookMs = performance.now() - startedMs;
      for (const socket of opened) socket.destroy();
      return tookMs;
    });
    const posted = await meanwhile(web.port, app, flood);
    // The test's own machine must have been able to do it.
    expect(5_000 / ((await flood) / 1_000)).toBeGreaterThan(1_000);
    const answered = posted.filter(({ status }) => status === 204);
    // A connection may meet the bound itself; a sender connects again.
    expect(answered.length).toBeGreaterThan(posted.length * 0.6);
    await until(async () => (await viewer.ingest()).connections < MAX / 2);
    const after = await viewer.ingest();
    expect(after.refusedConnections - before.refusedConnections).toBeGreaterThan(3_000);
    expect(after.rssBytes - before.rssBytes).toBeLessThan(80 * 1024 * 1024);
    expect((await postFrame(web.port, app)).status).toBe(204);
  });

  test('every process has a row of its own, with what it holds; the one that answers says so', async () => {
    const other = await startWeb(server, { port: await freePort(), env: { DRAINBOARD_WORKER: 'separate' } });
    await until(async () => (await viewer.health()).processes.length === 2, 15_000);
    const [own, sibling] = (await viewer.health()).processes;
    expect([own?.isThis, sibling?.isThis]).toEqual([true, false]);
    expect(own?.holder.endsWith(`:${web.pid}`)).toBe(true);
    expect(sibling?.holder.endsWith(`:${other.pid}`)).toBe(true);
    expect(own?.ingest?.messages).toBeGreaterThan(0);
    expect(sibling?.ingest?.fates).toEqual({});
    other.kill('SIGTERM');
    expect(await other.exit).toBe(0);
    // It took its row along.
    expect((await viewer.health()).processes).toHaveLength(1);
  });

  test('S-21 our own lines are noticed and named, its deliveries slowed down, and nothing is logged a frame', async () => {
    const own = await addApp(server.pool, 'ourselves');
    const [, instance] = /"instance":"(drainboard-[\w-]+)"/.exec(web.stdout()) ?? [];
    expect(instance).toBeDefined();
    const said = () => web.stdout().split('\n').length;
    const before = said();
    // The router's line of each delivery to us, and a line of our own log.
    const delivery = requestLine().replace(
      'method=GET path="/cart" host=shop.example.com',
      'method=POST path="/drain" host=drains.example.com',
    );
    expect(delivery).toContain('host=drains.example.com');
    const loop = bodyOf([
      delivery,
      appLine(`{"at":"…","level":"warn","event":"x","instance":"${instance}"}`),
    ]);
    const posted = await Promise.all(Array.from({ length: 30 }, () => postFrame(web.port, own, loop)));
    expect(new Set(posted.map(({ status }) => status))).toEqual(new Set([204]));
    // The sender has one delivery under way at a time: with an answer each 4 s the loop cannot grow.
    const again = await postFrame(web.port, own, loop);
    expect([again.status, again.afterMs > 3_900, again.afterMs < 4_450]).toEqual([204, true, true]);
    const { notices } = await viewer.health();
    expect(notices.find(({ code }) => code === 'loop')?.text).toContain('ourselves');
    expect((await viewer.ingest()).loops.ourselves).toBeGreaterThanOrEqual(60);
    expect(said() - before).toBeLessThan(5);
    // Nobody else waits, and what was taken in is counted as ever.
    expect((await postFrame(web.port, app)).afterMs).toBeLessThan(1_500);
    await rolledUp(server.pool);
    expect((await readCounts(server.pool, own.id)).requests).toBe(31);
  });

  test('P-24 a dashboard query that does not end is cancelled at 10 s; frames go on meanwhile', async () => {
    const lock = await server.pool.connect();
    // Nothing of the drain's touches gaps while nothing is lost.
    await lock.query('BEGIN; LOCK TABLE gaps IN ACCESS EXCLUSIVE MODE');
    const startedMs = performance.now();
    const asked = viewer.get(`/apps/${app.name}/overview?from=now-30d&to=now`).then(async (response) => ({
      status: response.status,
      code: ((await response.json()) as { code?: string }).code,
      afterMs: performance.now() - startedMs,
    }));
    const posted = await meanwhile(web.port, app, asked);
    await lock.query('ROLLBACK');
    lock.release();
    const answer = await asked;
    expect([answer.status, answer.code]).toEqual([503, 'tooSlow']);
    expect(answer.afterMs).toBeGreaterThan(9_000);
    expect(answer.afterMs).toBeLessThan(12_000);
    expect(new Set(posted.map(({ status }) => status))).toEqual(new Set([204]));
    const sorted = posted.map(({ afterMs }) => afterMs).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(1_000);
  });

  test('P-01 an open page is told from memory that Postgres is away, and that it is back; strangers hear "ok" and no more', async () => {
    const unseen = await buildViewer(server.pool, web.port);
    expect((await viewer.get('/health')).status).toBe(200);
    const response = await viewer.get('/stream');
    const events = readEvents(response);
    const first = await events.next<HealthMessage>('health');
    expect([first.database, first.notices.filter(({ code }) => code === 'databaseAway')]).toEqual(['ok', []]);
    const away = server.stopImmediately(5_000);
    const frames = Promise.all(Array.from({ length: 5 }, () => postFrame(web.port, app)));
    const told = await events.next<HealthMessage>('health', ({ database }) => database === 'away');
    expect(told.notices[0]).toMatchObject({ level: 'critical', code: 'databaseAway' });
    const stranger = await fetch(`http://127.0.0.1:${web.port}/healthz`);
    expect(await stranger.text()).toBe('ok');
    // Who was looked up within a minute before is believed and told; who was not has to wait for the database.
    const remembered = await viewer.get('/health');
    const answer = (await remembered.json()) as { database: string; notices: { code: string }[] };
    expect([remembered.status, answer.database, answer.notices[0]?.code]).toEqual([
      200,
      'away',
      'databaseAway',
    ]);
    const refused = await unseen.get('/health');
    const problem = (await refused.json()) as Record<string, unknown>;
    expect([refused.status, problem.code, 'notices' in problem]).toEqual([503, 'databaseAway', false]);
    await away;
    await frames;
    const back = await events.next<HealthMessage>('health', ({ database }) => database === 'ok');
    expect(back.notices.filter(({ code }) => code === 'databaseAway')).toEqual([]);
    await events.cancel();
  });
});

describe('under pressure', () => {
  test('R-09 C-07 with its memory used up a process takes frames in, and answers pages 503 with a time to come back', async () => {
    const port = await freePort();
    const web = await startWeb(server, { port, env: { DRAINBOARD_MEMORY_MIB: '32' } });
    const app = await addApp(server.pool);
    const viewer = await buildViewer(server.pool, port);
    await web.says(/process\.shedding/);
    const posted = [await postFrame(port, app), await postFrame(port, app)];
    expect(posted.map(({ status }) => status)).toEqual([204, 204]);
    for (const path of ['/apps', `/apps/${app.name}/overview`, '/stream']) {
      const refused = await viewer.get(path);
      expect([path, refused.status, refused.headers.get('retry-after')]).toEqual([path, 503, '10']);
      expect(refused.headers.get('content-type')).toContain('application/problem+json');
      expect(await refused.json()).toMatchObject({ code: 'shed' });
    }
    // A stranger is not told how busy we are.
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/apps`)).status).toBe(401);
    const { notices } = await viewer.health();
    expect(notices.find(({ code }) => code === 'shedding')).toMatchObject({ level: 'critical' });
    await until(async () => (await viewer.ingest()).shed.rollUps > 0);
    const ingest = await viewer.ingest();
    expect(ingest.shedding).toEqual(['liveTail', 'exports', 'dashboards', 'rollUps', 'evaluation', 'ingest']);
    expect([ingest.shed.dashboards, ingest.shed.liveTail]).toEqual([2, 1]);
    web.kill('SIGKILL');
    await web.exit;
  });

  describe('with a slow way to the database and 2 MiB of room', () => {
    let proxy: LinkProxy;
    let web: Web;
    let viewer: Awaited<ReturnType<typeof buildViewer>>;

    beforeAll(async () => {
      proxy = await startProxy(server.url);
      const port = await freePort();
      web = await startWeb(proxy, { port, env: { DRAINBOARD_HELD_MIB: '2', DRAINBOARD_WORKER: 'separate' } });
      viewer = await buildViewer(server.pool, port);
      // Chunks pass slowly, questions about health hardly.
      proxy.weather({ bytesPerSecond: 15_000 }, 'up');
    });
    afterAll(async () => {
      await proxy.close();
    });

    /** Sends large frames on so many connections until told to stop. */
    function flood(app: TestApp, connections: number, body: Buffer): { stop(): Promise<Posted[]> } {
      let isOn = true;
      const posted: Posted[] = [];
      const senders = Array.from({ length: connections }, async () => {
        while (isOn) posted.push(await postFrame(web.port, app, body));
      });
      return {
        stop: async () => {
          isOn = false;
          await Promise.all(senders);
          return posted;
        },
      };
    }

    test('R-10 S-14 an app at fifty times its rate delays the others by far less than 10 s, and is shed first, and named', async () => {
      const hog = await addApp(server.pool, 'hog');
      const others = [await addApp(server.pool), await addApp(server.pool), await addApp(server.pool)];
      for (const app of [hog, ...others]) expect((await postFrame(web.port, app)).status).toBe(204);
      const flooding = flood(hog, 60, requests(700));
      await sleep(1_000);
      const quiet: Posted[] = [];
      const startedMs = performance.now();
      while (performance.now() - startedMs < 7_000) {
        quiet.push(...(await Promise.all(others.map((app) => postFrame(web.port, app)))));
      }
      const { shedApps, fates, heldBytes, heldBytesMax } = await viewer.ingest();
      const flooded = await flooding.stop();
      expect(new Set(quiet.map(({ status }) => status))).toEqual(new Set([204]));
      expect(Math.max(...quiet.map(({ afterMs }) => afterMs))).toBeLessThan(4_500);
      expect(heldBytes).toBeLessThanOrEqual(heldBytesMax);
      expect(Object.keys(shedApps)).toEqual(['hog']);
      expect(fates.shed).toBeGreaterThan(0);
      // Never a quick 503: what was shed was held until just before Logplex gives up.
      const refused = flooded.filter(({ status }) => status === 503);
      expect(refused.length).toBeGreaterThan(0);
      expect(Math.min(...refused.map(({ afterMs }) => afterMs))).toBeGreaterThan(4_200);
      expect(flooded.some(({ status }) => status === 204)).toBe(true);
      const { notices } = await viewer.health();
      expect(notices.find(({ code }) => code === 'shedApps')?.text).toContain('hog');
    });

    test('S-13 R-09 a burst far above what the database takes: held and then put off, memory bounded, and it passes', async () => {
      const app = await addApp(server.pool);
      const before = await viewer.ingest();
      const bursting = flood(app, 60, requests(700));
      let heldMax = 0;
      for (let look = 0; look < 12; look++) {
        await sleep(500);
        heldMax = Math.max(heldMax, (await viewer.ingest()).heldBytes);
      }
      const posted = await bursting.stop();
      const after = await viewer.ingest();
      expect(heldMax).toBeGreaterThan(0);
      expect(heldMax).toBeLessThanOrEqual(after.heldBytesMax);
      expect(after.rssBytes - before.rssBytes).toBeLessThan(150 * 1024 * 1024);
      expect(posted.some(({ status }) => status === 503)).toBe(true);
      proxy.weather({ bytesPerSecond: 0 }, 'up');
      await until(async () => (await viewer.ingest()).heldBytes === 0);
      expect((await postFrame(web.port, app)).afterMs).toBeLessThan(1_500);
      await rolledUp(server.pool);
      // What was answered 204 is counted; what was put off is not, or perhaps.
      const taken = posted.filter(({ status }) => status === 204).length;
      expect((await readCounts(server.pool, app.id)).requests).toBeGreaterThanOrEqual(taken * 700);
    });
  });
});

test('P-10 no connections left: the drain has kept its own and goes on, pages are told 503', async () => {
  const small = await startServer();
  try {
    const port = await freePort();
    await startWeb(small, { port, env: { DRAINBOARD_WORKER: 'separate' } });
    const app = await addApp(small.pool);
    const viewer = await buildViewer(small.pool, port);
    expect((await postFrame(port, app)).status).toBe(204);
    const { taken, release } = await takeAllConnections(small);
    expect(taken).toBeGreaterThan(10);
    const answers: number[] = [];
    for (let n = 0; n < 5; n++) answers.push((await postFrame(port, app)).status);
    expect(answers).toEqual([204, 204, 204, 204, 204]);
    const page = await viewer.get('/apps');
    expect([page.status, ((await page.json()) as { code?: string }).code]).toEqual([503, 'databaseAway']);
    await release();
    await until(async () => (await viewer.get('/apps')).status === 200);
    await rolledUp(small.pool);
    expect((await readCounts(small.pool, app.id)).requests).toBe(12);
  } finally {
    await killAll();
    await small.close();
  }
});

/** Opens connections until the server has none left, and ends the idle ones of pages, so that they need new ones. */
async function takeAllConnections(small: TestServer): Promise<{ taken: number; release(): Promise<void> }> {
  const greedy = buildPool({ url: small.url, max: 500, applicationName: 'greedy', log: silentLog });
  const clients: Client[] = [];
  await small.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drainboard-api'",
  );
  for (;;) {
    try {
      clients.push(await greedy.connect());
    } catch (error) {
      expect((error as { code?: string }).code).toBe('53300');
      break;
    }
  }
  return {
    taken: clients.length,
    release: async () => {
      for (const client of clients) client.release(true);
      await greedy.end();
    },
  };
}
