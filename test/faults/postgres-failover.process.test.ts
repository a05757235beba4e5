import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../drain.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { startProxy, targetOf } from '../proxy.ts';
import { type Standby, startStandby } from '../standby.ts';
import { type Load, readAccount, startLoad } from './load.ts';

let primary: TestServer;
let standby: Standby;
const loads: Load[] = [];

beforeAll(async () => {
  primary = await startServer();
  standby = await startStandby(primary);
});
afterEach(async () => {
  for (const load of loads.splice(0)) load.stop();
  await killAll();
});
afterAll(async () => {
  await standby.close();
  await primary.close();
});

/** Where the log of the server ends: it grows with every write. */
async function chunksOf(server: TestServer): Promise<number> {
  const { rows } = await server.pool.query<{ n: number }>('SELECT count(*) AS n FROM chunks');
  return rows[0]?.n ?? 0;
}

test('P-05 R-07 failover to a new address, the old server read-only and still there: no write reaches it, commits go on at the new one, nothing is lost', async () => {
  const proxy = await startProxy(primary.url);
  try {
    const port = await freePort();
    const web = await startWeb(proxy, { port });
    const load = await startLoad(primary.pool, { port, perSecond: 80, nodes: 2 });
    loads.push(load);
    await until(() => load.delivered() > 80);
    // As it goes at a provider: the old one takes no more writes, then the standby is promoted, then the name moves.
    await primary.pool.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await primary.pool.query('SELECT pg_reload_conf()');
    await web.says(/commit\.waiting.*25006/);
    const atOld = await chunksOf(primary);
    await standby.promote();
    const before = load.delivered();
    proxy.pointTo(targetOf(standby.url));
    await until(() => load.delivered() > before + 160, 15_000);
    expect(await chunksOf(primary)).toBe(atOld);
    expect(await chunksOf(standby)).toBeGreaterThan(atOld);
    await load.finish();
    const account = await readAccount(standby.pool, load);
    expect(account.wrong).toEqual([]);
    expect(account.gaps).toEqual([]);
    expect(account.sent.lost.messages + account.sent.unknown.messages).toBe(0);
    expect(web.stdout()).not.toMatch(/mistake|turnedBack/);
  } finally {
    await proxy.close();
  }
});

test('P-05 R-04 a failover that loses the newest commits is noticed: a gap for every app, and what comes after is counted exactly', async () => {
  // The other way round now: a standby of the new server that stops following before the end.
  const late = await startStandby(standby);
  const proxy = await startProxy(standby.url);
  try {
    const port = await freePort();
    const web = await startWeb(proxy, { port });
    const load = await startLoad(standby.pool, { port, perSecond: 60 });
    loads.push(load);
    await until(() => load.delivered() > 40);
    await until(async () => (await chunksOf(late)) === (await chunksOf(standby)));
    await late.pool.query("ALTER SYSTEM SET primary_conninfo = ''");
    await late.pool.query('SELECT pg_reload_conf()');
    await until(async () => (await late.pool.query('SELECT FROM pg_stat_wal_receiver')).rowCount === 0);
    const lagged = load.delivered();
    await until(() => load.delivered() > lagged + 60);
    await standby.stop('SIGQUIT');
    await late.pool.query('SELECT pg_promote(true, 30)');
    proxy.pointTo(targetOf(late.url));
    await web.says(/database\.turnedBack/);
    const after = load.delivered();
    await until(() => load.delivered() > after + 100);
    await load.finish();
    const account = await readAccount(late.pool, load);
    // The only thing that is wrong is that acknowledged messages went down with the old server, and that is a gap.
    const restored = account.gaps.filter((gap) => gap.cause === 'restored');
    expect(restored).toMatchObject([{ messages: null }]);
    expect(account.counts.requests).toBeLessThan(account.sent.delivered.requests);
    expect(account.counts.requests).toBeGreaterThan(account.sent.delivered.requests - 200);
    expect(account.wrong.filter((sentence) => /^\d+ /.test(sentence))).toEqual([]);
  } finally {
    await proxy.close();
    await late.close();
  }
});
