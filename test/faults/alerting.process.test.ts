import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { isRight, storm } from '../../bench/slo-storm.ts';
import { MINUTE } from '../../model/time.ts';
import { readDatabaseNow } from '../../store/completeness.ts';
import { type Child, startChild } from '../child.ts';
import { EvaluationWorld, steady } from '../evaluation.ts';
import { addRoute, clearIncidents, seeIncidents, seeOutbox } from '../incidents.ts';
import { addReceiver, type Listener, listen } from '../outbox.ts';
import { startServer, type TestServer } from '../processes.ts';
import { exampleSlo } from '../slos.ts';

const START = Date.UTC(2026, 10, 20, 7, 30) / MINUTE;
let server: TestServer;
let listener: Listener;
let children: Child[] = [];

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  await clearIncidents(server.pool);
  await server.pool.query('TRUNCATE minute_deltas, slo_generation CASCADE');
  await server.pool.query('INSERT INTO slo_generation DEFAULT VALUES');
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map((child) => child.exit));
  children = [];
  listener.close();
});

/** An objective that fails since ten minutes; workers' first evaluation finds it. */
async function failing(): Promise<Record<string, string>> {
  const { pool } = server;
  listener = await listen();
  const receiver = await addReceiver(pool, listener);
  await addRoute(pool, { receiverIds: [receiver.id], severities: ['page'] });
  const world = new EvaluationWorld(pool);
  const appId = await world.app('shop', START);
  const { id } = await world.slo(appId, 'requests', exampleSlo({ budgetAlerts: [] }), START);
  const [versionId = 0] = await world.versionIds(id);
  await world.add(steady({ appId, versionId }, { from: START, to: START + 60, events: 100 }));
  await world.round(START + 60);
  await world.add(steady({ appId, versionId }, { from: START + 60, to: START + 100, events: 100, bad: 100 }));
  return {
    DATABASE_URL: server.url,
    BASE_MS: String(EvaluationWorld.atMs(START + 64)),
    ORIGIN_MS: String(await readDatabaseNow(pool)),
  };
}

function startWorker(env: Record<string, string>, killPoints = ''): Child {
  const child = startChild('test/run-alerting.ts', [], {
    env: { ...env, DRAINBOARD_KILL_POINTS: killPoints },
  });
  children.push(child);
  return child;
}

async function until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  for (const deadline = performance.now() + withinMs; performance.now() < deadline; await sleep(50)) {
    if (await condition()) return;
  }
  throw new Error(`it did not happen within ${withinMs} ms`);
}

const isTold = () => listener.told.length > 0;
/** One incident, one page, and nothing more in the seconds after. */
async function isOnce(): Promise<void> {
  await sleep(1_500);
  expect((await seeIncidents(server.pool)).map(({ state, severity }) => [state, severity])).toEqual([
    ['open', 'page'],
  ]);
  expect(await seeOutbox(server.pool)).toEqual(['trigger opened']);
  expect(listener.told.map(({ kind }) => kind)).toEqual(['trigger']);
}

test('K-09 killed before its state commit: nothing is there, and the successor acts', async () => {
  const env = await failing();
  const first = startWorker(env, 'evaluate.before:1:kill');
  expect(await first.exit).toBe('SIGKILL');
  expect(first.stderr()).toContain('kill point evaluate.before');
  expect(await seeIncidents(server.pool)).toEqual([]);
  startWorker(env);
  await until(isTold, 20_000);
  await isOnce();
});

test('K-10 killed after it, before the first attempt: the successor sends what is in the outbox', async () => {
  const env = await failing();
  const first = startWorker(env, 'evaluate.after:1:kill');
  expect(await first.exit).toBe('SIGKILL');
  expect(await seeOutbox(server.pool)).toEqual(['trigger opened']);
  expect(listener.told).toEqual([]);
  startWorker(env);
  await until(isTold, 20_000);
  await isOnce();
});

test('K-15 A-10 frozen in the middle of an evaluation, and resumed after another has acted: one incident, one page', async () => {
  const env = await failing();
  const frozen = startWorker(env, 'evaluate.before:1:stop');
  await frozen.says(/kill point evaluate\.before/);
  startWorker(env);
  // Its transaction is ended by the server after ten seconds of silence.
  await until(isTold, 30_000);
  frozen.kill('SIGCONT');
  await frozen.says(/alerting\.stepFailed/);
  await isOnce();
});

test('R-12 R-14 a storm in which the worker is killed five times: every page arrives, repeats are marked and few, none is late', async () => {
  listener = await listen();
  const result = await storm(server.url, { kills: 5, seed: 7, slos: 20, everyS: 2, speed: 120 });
  expect(result).toMatchObject({ incidents: 20, resolved: 20, lost: 0, early: 0, unmarked: 0 });
  expect(isRight(result)).toBe(true);
}, 300_000);
