import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startWorkerLoops } from '../../bin/worker-loops.ts';
import { silentLog } from '../../model/log.ts';
import { ensureDatabase, withDatabase } from '../../store/database.ts';
import { migrate, readMigrationState } from '../../store/migrate.ts';
import { listPartitions } from '../../store/partitions.ts';
import { buildPool, type Pool } from '../../store/pool.ts';
import { KEPT_DEFAULT } from '../../store/reads/plan.ts';
import { until } from '../drain.ts';
import { type Pooler, startPooler } from '../pooler.ts';
import { expireLeases, freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { type Load, readAccount, startLoad } from './load.ts';

/** Everything below talks through a pooler that hands a session to another client after each transaction. */
let server: TestServer;
let pooler: Pooler;
let pool: Pool;
const loads: Load[] = [];

beforeAll(async () => {
  server = await startServer();
  // Fewer sessions than clients: they change hands all the time.
  pooler = await startPooler(server.url, { poolSize: 4 });
  pool = buildPool({ url: pooler.url, max: 4, applicationName: 'test', log: silentLog });
});
afterEach(async () => {
  for (const load of loads.splice(0)) load.stop();
  await killAll();
});
afterAll(async () => {
  await pool.end();
  await pooler.close();
  await server.close();
});

/** Settings that differ from what a session begins with: what somebody set and left behind. */
async function leftBehind(): Promise<string[]> {
  const seen = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const { rows } = await pool.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE source = 'session'
         AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')`,
    );
    for (const { name, setting } of rows) seen.add(`${name}=${setting}`);
  }
  const { rows: locks } = await server.pool.query<{ n: number }>(
    `SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'`,
  );
  if (locks[0]?.n !== 0) seen.add(`${locks[0]?.n} advisory locks`);
  return [...seen];
}

test('P-22 U-04 two releases migrate through a transaction pooler at once: one works, one waits, no lock is left behind', async () => {
  const url = withDatabase(server.url, 'migrated');
  await ensureDatabase(url, silentLog);
  const own = await startPooler(url, { poolSize: 4 });
  const pools = [0, 1].map(() =>
    buildPool({ url: own.url, max: 2, applicationName: 'release', log: silentLog }),
  );
  try {
    const applied = await Promise.all(pools.map((each) => migrate(each, { log: silentLog })));
    const all = await readMigrationState(pools[0] as Pool);
    expect(all.pending).toEqual([]);
    expect(applied.flat().sort((a, b) => a - b)).toEqual(all.applied.toSorted((a, b) => a - b));
  } finally {
    for (const each of pools) await each.end();
    await own.close();
  }
  expect(await leftBehind()).toEqual([]);
});

test('P-22 R-01 R-03 through a transaction pooler: frames, roll-ups, a killed process and its takeover, and the ledger holds', async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const killed = await startWeb(pooler, { port: portA });
  const web = await startWeb(pooler, { port: portB });
  const onKilled = await startLoad(pool, { port: portA, perSecond: 60 });
  const onOther = await startLoad(pool, { port: portB, perSecond: 120, nodes: 2 });
  loads.push(onKilled, onOther);
  await until(() => onKilled.delivered() > 60 && onOther.delivered() > 60);
  killed.kill('SIGKILL');
  await killed.exit;
  await expireLeases(pool);
  await web.says(/writer\.replayed/);
  // The pooler itself goes, and comes back: as any restart of the database.
  await pooler.restart();
  await sleep(500);
  await startWeb(pooler, { port: portA });
  for (const load of loads) await load.finish();
  for (const load of loads) {
    const account = await readAccount(pool, load);
    expect(account.wrong).toEqual([]);
    expect(account.sent.lost.messages).toBe(0);
  }
  expect(await leftBehind()).toEqual([]);
});

test('P-22 through a transaction pooler: the worker’s rounds, set-up, signing in, and what pages read', async () => {
  const port = await freePort();
  await startWeb(pooler, { port, env: { DRAINBOARD_SETUP_TOKEN: 'a-set-up-token-of-the-test' } });
  const loops = startWorkerLoops({
    pool,
    config: {
      ...KEPT_DEFAULT,
      keepChunksMs: 3_600_000,
      keepDetailsMs: 86_400_000,
      keepQuarantineMs: 86_400_000,
      frameMemoryMs: 3_600_000,
    },
    log: silentLog,
    // A day on: partitions are made, detached concurrently and dropped, hours are compacted.
    nowMs: () => Date.now() + 86_400_000,
  });
  const before = (await listPartitions(pool)).map(({ name }) => name);
  await loops.tickOnce();
  await loops.stop();
  const after = (await listPartitions(pool)).map(({ name }) => name);
  expect(after.filter((name) => !before.includes(name)).length).toBeGreaterThan(5);
  expect(before.filter((name) => !after.includes(name)).length).toBeGreaterThan(0);

  const origin = `http://127.0.0.1:${port}`;
  let cookie = '';
  const ask = async (
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> => {
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'sec-fetch-site': 'same-origin',
        ...(cookie !== '' && { cookie }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  const admin = { email: 'admin@example.com', password: 'violet harbour pencil tuesdayish' };
  const setUp = await ask('POST', '/setup', {
    token: 'a-set-up-token-of-the-test',
    displayName: 'A',
    ...admin,
  });
  expect(setUp.status).toBeLessThan(300);
  expect((await ask('POST', '/sign-in', admin)).status).toBe(200);
  const { body } = await ask('GET', '/apps');
  const [app] = (body as { apps: { app: string }[] }).apps;
  if (app === undefined) throw new Error('no app is listed');
  const pages = ['/health', '/people', '/tokens', '/audit', `/apps/${app.app}`];
  const ofApp = ['overview', 'counts', 'codes', 'dynos', 'addons', 'events', 'requests', 'health'];
  for (const path of [...pages, ...ofApp.map((page) => `/apps/${app.app}/${page}`)]) {
    expect([path, (await ask('GET', path)).status]).toEqual([path, 200]);
  }
  expect(await leftBehind()).toEqual([]);
});
