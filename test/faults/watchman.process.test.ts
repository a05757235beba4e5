import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { enqueueTest } from '../../store/notifications.ts';
import { readWatchFacts } from '../../store/watch.ts';
import { type Child, startChild } from '../child.ts';
import { TEST_KEY, until } from '../drain.ts';
import { addReceiver } from '../outbox.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';

const WORKER = fileURLToPath(new URL('../../bin/worker.ts', import.meta.url));

interface Heard {
  path: string;
  body: string;
}

let server: TestServer;
let children: Child[] = [];
const places: Server[] = [];

beforeAll(async () => {
  server = await startServer();
});
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await child.exit;
  }
  children = [];
  await killAll();
  for (const place of places.splice(0)) {
    place.closeAllConnections();
    place.close();
  }
  await server.pool.query('TRUNCATE receivers, notifications, watch_signs, watch_alerts CASCADE');
});
afterAll(async () => {
  await server.close();
});

/** Somebody who is told things over HTTP. */
async function place(): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const own = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      heard.push({ path: request.url ?? '', body });
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => {
    own.listen(0, '127.0.0.1', resolve);
  });
  places.push(own);
  return { url: `http://127.0.0.1:${(own.address() as AddressInfo).port}`, heard };
}

const OUTBOUND = { DRAINBOARD_OUTBOUND_ALLOW: '127.0.0.0/8', DRAINBOARD_OUTBOUND_PORTS: 'any' };

test('A-22 R-11 a whole installation: a test message arrives, the outside hears of it, a line comes through, alerting is well', async () => {
  const { pool } = server;
  const [chat, dog] = [await place(), await place()];
  const receiver = await addReceiver(pool, { url: `${chat.url}/hook` }, { kind: 'slackWebhook' });
  const web = await startWeb(server, {
    port: await freePort(),
    env: { ...OUTBOUND, DRAINBOARD_PROBE: 'true', HEARTBEAT_URL: `${dog.url}/ping` },
  });
  await enqueueTest(pool, { receiverId: receiver.id, by: 'ada@example.com' }, Date.now());
  const startedMs = performance.now();
  await until(() => chat.heard.length === 1);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(chat.heard[0]?.body).toContain('sent this to see whether it arrives');
  await until(() => dog.heard.length === 1, 30_000);
  const ask = () => fetch(`http://127.0.0.1:${web.port}/health/alerting`).then((answer) => answer.status);
  await until(async () => (await ask()) === 200, 15_000);
  await until(async () => {
    const { rows } = await pool.query<{ lines: number }>(
      `SELECT coalesce(sum(m), 0) AS lines FROM apps a JOIN app_hours h ON h.app_id = a.id, unnest(h.messages) AS m
       WHERE a.name = 'drainboard~probe'`,
    );
    return (rows[0]?.lines ?? 0) >= 1;
  }, 60_000);
  const facts = await readWatchFacts(pool);
  expect(Object.keys(facts.signs).sort()).toEqual(['delivery', 'evaluation', 'heartbeat', 'probe']);
  expect(facts.outboxSinceMs).toBeNull();
});

test('A-13 R-13 all workers are killed: the web process tells the owners by itself and says so on its own page', async () => {
  const { pool } = server;
  const owners = await place();
  await addReceiver(pool, { url: `${owners.url}/hook` }, { kind: 'slackWebhook', tellsOwners: true });
  const env = { ...OUTBOUND, DRAINBOARD_PROBE: 'true', DRAINBOARD_WORKER: 'separate' };
  const web = await startWeb(server, { port: await freePort(), env });
  const worker = startChild(WORKER, [], {
    env: { DATABASE_URL: server.url, DRAINBOARD_SECRET: TEST_KEY, ...env },
  });
  children.push(worker);
  await until(async () => Object.keys((await readWatchFacts(pool)).signs).includes('evaluation'), 30_000);
  worker.kill('SIGKILL');
  expect(await worker.exit).toBe('SIGKILL');
  // Two minutes go by: only the signs know how long it was.
  await pool.query("UPDATE watch_signs SET at_ms = at_ms - 121000 WHERE name IN ('evaluation', 'delivery')");
  await until(() => owners.heard.length === 1, 80_000);
  expect(owners.heard[0]?.body).toContain('No worker has given a sign');
  const { rows } = await pool.query('SELECT name FROM watch_alerts WHERE is_firing');
  expect(rows).toEqual([{ name: 'workers' }]);
  await pool.query("UPDATE watch_signs SET at_ms = at_ms - 60000 WHERE name = 'evaluation'");
  const ask = () => fetch(`http://127.0.0.1:${web.port}/health/alerting`).then((answer) => answer.status);
  await until(async () => (await ask()) === 503, 15_000);
}, 150_000);
