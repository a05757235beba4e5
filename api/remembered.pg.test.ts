import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { silentLog } from '../model/log.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { revokeToken } from '../store/tokens.ts';
import { buildTestApi, type TestApi } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { type LinkProxy, startProxy } from '../test/proxy.ts';

let database: TestDatabase;
let proxy: LinkProxy;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startProxy(database.url, 'remembered');
  pool = buildPool({
    url: proxy.url,
    onHeroku: false,
    max: 4,
    applicationName: 'remembered',
    log: silentLog,
  });
});
afterAll(async () => {
  await pool.end();
  await proxy.close();
  await database.close();
});

/** Connections that were cut are noticed one by one, as they are used: none is left for the next test. */
async function heal(): Promise<void> {
  proxy.heal();
  const works = () =>
    Promise.all(Array.from({ length: 4 }, () => pool.query('SELECT pg_sleep(0.01)'))).then(
      () => true,
      () => false,
    );
  await expect.poll(works).toBe(true);
}

function cut(): void {
  proxy.refuse();
  proxy.cutAll('reset');
}

/** Whatever the browser is told now: who it is, as far as the process knows. */
async function whoIs(browser: Awaited<ReturnType<TestApi['signedIn']>>['browser']): Promise<string> {
  const { status, body } = await browser.get('/health');
  return status === 200 ? body.database : body.code;
}

test('P-01 SEC-10 a page that is loaded again while the database is away opens, reads its health and listens', async () => {
  const api = buildTestApi(pool);
  const { browser } = await api.signedIn('viewer');
  const machine = api.withToken(await api.token('viewer'));
  expect([await whoIs(browser), await whoIs(machine)]).toEqual(['ok', 'ok']);
  cut();
  try {
    expect([await whoIs(browser), await whoIs(machine)]).toEqual(['away', 'away']);
    const session = await browser.get('/session');
    expect([session.status, session.body.setupNeeded, session.body.person?.role]).toEqual([
      200,
      false,
      'viewer',
    ]);
    const stream = await browser.raw('/api/v1/stream?apps=shop');
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    const health = await browser.get('/health');
    expect(health.body).toMatchObject({ writers: [], storage: [], refusedSenders: [] });
    expect(health.body.notices[0].code).toBe('databaseAway');
    // Whom nobody looked up is nobody now, and nothing is changed on the strength of memory.
    const stranger = api.browser();
    stranger.cookie = browser.cookie.replace(/=(.)/, (_, first) => (first === 'a' ? '=b' : '=a'));
    expect(await whoIs(stranger)).toBe('databaseAway');
    expect((await browser.send('POST', '/sign-out')).body.code).toBe('databaseAway');
    api.clock.nowMs += 14 * MINUTE;
    expect(await whoIs(browser)).toBe('away');
    api.clock.nowMs += 2 * MINUTE;
    expect(await whoIs(browser)).toBe('databaseAway');
  } finally {
    await heal();
  }
  expect(await whoIs(browser)).toBe('ok');
});

test('SEC-10 SEC-03 who was not looked up within the minute before the outage waits for the database', async () => {
  const api = buildTestApi(pool);
  const { browser } = await api.signedIn('viewer');
  expect(await whoIs(browser)).toBe('ok');
  api.clock.nowMs += 61 * SECOND;
  cut();
  try {
    expect(await whoIs(browser)).toBe('databaseAway');
  } finally {
    await heal();
  }
});

test('SEC-10 what was revoked is not remembered: neither what was looked up since, nor what was revoked here', async () => {
  const api = buildTestApi(pool);
  const [{ browser }, admin] = [await api.signedIn('viewer'), await api.signedIn('admin')];
  const machine = api.withToken(await api.token('viewer'));
  expect([await whoIs(browser), await whoIs(machine), await whoIs(admin.browser)]).toEqual([
    'ok',
    'ok',
    'ok',
  ]);
  const { rows } = await database.pool.query<{ id: string }>(
    'SELECT id FROM api_tokens ORDER BY created_at_ms DESC, id LIMIT 10',
  );
  for (const { id } of rows) await revokeToken(database.pool, id, api.clock.nowMs);
  expect(await whoIs(machine)).toBe('badToken');
  const { cookie } = browser;
  expect((await browser.send('POST', '/sign-out')).status).toBe(204);
  browser.cookie = cookie;
  cut();
  try {
    expect([await whoIs(browser), await whoIs(machine)]).toEqual(['databaseAway', 'databaseAway']);
  } finally {
    await heal();
  }
});

test('P-06 while the database takes no writes pages go on: that somebody was here is not noted then', async () => {
  const api = buildTestApi(pool);
  const { browser } = await api.signedIn('viewer');
  const owner = await database.pool.connect();
  try {
    await owner.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    proxy.cutAll('reset');
    // From the next minute on a look at a page would be noted.
    api.clock.nowMs += 5 * MINUTE;
    await vi.waitFor(() =>
      expect(pool.query('CREATE TABLE here (x int)')).rejects.toMatchObject({ code: '25006' }),
    );
    const { status, body } = await browser.get('/health');
    expect([status, body.database]).toEqual([200, 'ok']);
    expect(body.notices[0].code).toBe('readOnly');
  } finally {
    await owner.query('SET default_transaction_read_only = off');
    await owner.query(`ALTER DATABASE ${database.name} RESET default_transaction_read_only`);
    owner.release();
    proxy.cutAll('reset');
  }
});
