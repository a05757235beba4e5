import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DAY } from '../../model/time.ts';
import { authorizationOf, openConnection, type PostOutcome } from '../../sim/post.ts';
import { compareBuckets, readCounts, readGaps } from '../account.ts';
import { addApp, rolledUp, type TestApp, until } from '../drain.ts';
import { frameId, requests } from '../lines.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { takeOverDead } from './load.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterEach(killAll);
afterAll(async () => {
  rmSync(backup(), { recursive: true, force: true });
  await server.close();
});

const folder = (): string => join(server.dataDir, 'postgres');
const backup = (): string => join(server.dataDir, 'backup');

/** With owners and modes, which the server insists on. */
function copy(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** A copy of the whole server, as of now. */
async function makeBackup(): Promise<void> {
  await server.stop('SIGINT');
  rmSync(backup(), { recursive: true, force: true });
  copy(folder(), backup());
  await server.start();
}

/** The server is as it was when the copy was made. */
async function restore(): Promise<void> {
  await server.stop('SIGQUIT');
  rmSync(folder(), { recursive: true, force: true });
  copy(backup(), folder());
  await server.start();
}

async function send(port: number, app: TestApp, count: number, status: number): Promise<PostOutcome> {
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const connection = openConnection(url, {
    connectMs: 3_000,
    answerMs: 8_000,
    idleMs: 9_000,
    connections: 1,
  });
  const body = requests(count, { status });
  const outcome = await connection.post(
    {
      Authorization: authorizationOf(url) ?? '',
      'Content-Type': 'application/logplex-1',
      'Content-Length': String(body.length),
      'User-Agent': 'Logplex/v72',
      'Logplex-Frame-Id': frameId(),
      'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
    },
    body,
  );
  connection.close();
  return outcome;
}

const TAKEN = { kind: 'answered', status: 204 };

async function requestsBy(app: TestApp): Promise<Record<string, number>> {
  await rolledUp(server.pool);
  return (await readCounts(server.pool, app.id)).statuses;
}

test('P-23 R-04 the database is put back to a copy under a running process: it notices, marks a gap for every app, forgets what it knew, and counts on exactly', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const [app, other] = [await addApp(server.pool), await addApp(server.pool)];
  expect(await send(port, app, 3, 200)).toEqual(TAKEN);
  expect(await requestsBy(app)).toEqual({ 200: 3 });
  await makeBackup();
  const fromMs = Date.now();
  // After the copy: numbers are given out that the copy will give out again, to others.
  expect(await send(port, app, 5, 418)).toEqual(TAKEN);
  expect(await requestsBy(app)).toEqual({ 200: 3, 418: 5 });
  await restore();
  expect(await requestsBy(app)).toEqual({ 200: 3 });
  expect(await send(port, other, 7, 507)).toEqual(TAKEN);
  await web.says(/database\.turnedBack/);
  expect(await send(port, app, 2, 418)).toEqual(TAKEN);
  expect(await send(port, app, 4, 503)).toEqual(TAKEN);
  expect(await requestsBy(app)).toEqual({ 200: 3, 418: 2, 503: 4 });
  expect(await requestsBy(other)).toEqual({ 507: 7 });
  for (const each of [app, other]) {
    const gaps = await readGaps(server.pool, each.id);
    expect(gaps).toMatchObject([{ cause: 'restored', messages: null }]);
    expect(gaps[0]?.fromMs).toBeLessThanOrEqual(fromMs);
    expect(gaps[0]?.toMs).toBeGreaterThan(fromMs);
  }
  expect(await compareBuckets(server.pool)).toEqual([]);
  expect(web.stdout()).not.toContain('mistake');
});

test('P-23 U-01 started on yesterday’s copy: it starts, what the copy left half-done is finished, the time between is a gap, nothing is sent or counted twice', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const app = await addApp(server.pool);
  expect(await send(port, app, 3, 200)).toEqual(TAKEN);
  web.kill('SIGKILL');
  await web.exit;
  // As they would have been yesterday: the writer alive, its chunk not rolled up.
  const yesterdayMs = Date.now() - DAY;
  await server.pool.query(
    "UPDATE writers SET seen_at = now() - interval '1 day', closed_at = closed_at - interval '1 day'",
  );
  await makeBackup();
  await restore();
  const [first, second] = [
    await startWeb(server, { port }),
    await startWeb(server, { port: await freePort() }),
  ];
  expect(await send(port, app, 2, 200)).toEqual(TAKEN);
  expect(await send(second.port, app, 1, 200)).toEqual(TAKEN);
  await until(() => /database\.wasUnattended/.test(first.stdout() + second.stdout()));
  await takeOverDead(server.pool);
  expect(await requestsBy(app)).toEqual({ 200: 6 });
  const gaps = await readGaps(server.pool, app.id);
  expect(gaps).toMatchObject([{ cause: 'down', messages: null }]);
  expect(Math.abs((gaps[0]?.fromMs ?? 0) - yesterdayMs)).toBeLessThan(30_000);
  expect(await compareBuckets(server.pool)).toEqual([]);
});

test('R-14 a process that ends in order, and one that is back at once after a crash, leave no gap', async () => {
  const port = await freePort();
  const app = await addApp(server.pool);
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGKILL'] as const) {
    const web = await startWeb(server, { port });
    expect(await send(port, app, 1, 200)).toEqual(TAKEN);
    web.kill(signal);
    await web.exit;
  }
  // A day after the last one ended in order: nobody died, so nobody is missed.
  const web = await startWeb(server, { port });
  expect(await send(port, app, 1, 200)).toEqual(TAKEN);
  web.kill('SIGTERM');
  await web.exit;
  await takeOverDead(server.pool);
  await server.pool.query(
    "UPDATE writers SET seen_at = now() - interval '1 day', closed_at = now() - interval '1 day'",
  );
  await startWeb(server, { port });
  expect(await send(port, app, 1, 200)).toEqual(TAKEN);
  expect(await requestsBy(app)).toEqual({ 200: 5 });
  expect(await readGaps(server.pool, app.id)).toEqual([]);
});
