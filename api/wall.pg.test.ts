import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { makePartitions } from '../test/seed-buckets.ts';
import { API_PREFIX, listRoutes } from './app.ts';
import { buildLiveFeed } from './live.ts';
import { checkRoutes, type Route } from './route.ts';
import { Streams } from './streams.ts';

const ROUTES = listRoutes(new Streams({ live: buildLiveFeed() }), '0');
const DAY = 86_400_000;
const TELLER = { id: '11111111-1111-1111-1111-111111111111' };

let database: TestDatabase;
let api: TestApi;
let admin: TestBrowser;
let addresses = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  admin = (await api.signedIn('admin')).browser;
  await createApp(database.pool, { name: 'shop', key: TEST_KEY, nowMs: api.clock.nowMs });
});
afterAll(() => database.close());

/** A link, and its token. */
async function makeLink(by = admin, name = 'Team room') {
  const made = await by.send('POST', '/walls', { name });
  expect(made.status).toBe(201);
  const { hash, pathname, search } = new URL(made.body.url);
  expect(pathname + search).toBe('/?wall=1');
  return { id: made.body.id as string, token: hash.slice(1) };
}

/** A screen that has opened the link. */
async function openWall(token: string): Promise<TestBrowser> {
  const screen = api.browser(`192.0.2.${++addresses}`);
  expect((await screen.send('POST', '/wall-session', { token })).status).toBe(204);
  return screen;
}

test('SEC-08 a screen reads what a wall shows; every other route is closed to it, whatever it may change', async () => {
  const screen = await openWall((await makeLink()).token);
  const open: string[] = [];
  for (const entry of ROUTES) {
    const path = entry.path.replace(':app', 'shop').replace(/:\w+/g, TELLER.id);
    const init: RequestInit = {
      method: entry.method,
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    };
    if (entry.method !== 'GET') init.body = '{"noSuchField":1}';
    api.clock.nowMs += 1000;
    const answer = await screen.raw(API_PREFIX + path, init);
    await answer.body?.cancel();
    if (entry.permission !== 'public' && answer.status !== 403 && answer.status !== 401)
      open.push(`${entry.method} ${entry.path}`);
  }
  expect(open.sort()).toEqual(['GET /apps', 'GET /codes', 'GET /slos', 'GET /stream']);
  expect((await screen.get('/session')).body).toMatchObject({ person: null, wall: { name: 'Team room' } });
});

test('SEC-08 a route that changes something, or is for more than viewers, cannot be opened to walls', () => {
  const open = (change: Partial<Route>) => () =>
    checkRoutes([{ ...(ROUTES[0] as Route), permission: 'viewer', wall: true, ...change }]);
  expect(open({ method: 'DELETE' })).toThrow('open to walls');
  expect(open({ method: 'GET', permission: 'admin' })).toThrow('open to walls');
  expect(open({ method: 'GET' })).not.toThrow();
});

test('SEC-20 the secret of a link is kept as a hash, its cookie is for our own pages and no script, and no list shows it', async () => {
  const { token } = await makeLink();
  expect(token).toMatch(/^dbw_\w{27,}$/);
  const screen = api.browser('192.0.2.77');
  const answer = await screen.raw('/api/v1/wall-session', {
    method: 'POST',
    body: JSON.stringify({ token }),
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
  });
  expect(answer.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
  const { rows } = await database.pool.query('SELECT * FROM wall_tokens');
  const { rows: audit } = await database.pool.query('SELECT * FROM audit_log');
  const listed = (await admin.get('/walls')).body;
  expect(JSON.stringify([rows, audit, listed])).not.toContain(token.slice(4));
  expect(audit.map((row) => row.action)).toEqual(expect.arrayContaining(['wall.create', 'wall.open']));
});

test('SEC-23 another page cannot make a browser a screen, and a wrong link is told from nothing', async () => {
  const { token } = await makeLink();
  const foreign = { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' };
  const stranger = api.browser('192.0.2.78');
  expect((await stranger.send('POST', '/wall-session', { token }, foreign)).status).toBe(403);
  for (const wrong of [`${token}x`, 'dbw_', token.slice(4), 'dbt_something', 'x'.repeat(128)])
    expect((await stranger.send('POST', '/wall-session', { token: wrong })).status, wrong).toBe(401);
  expect(stranger.cookie).toBe('');
  // The token is no API token, and no session.
  expect((await api.withToken(token).get('/apps')).status).toBe(401);
  stranger.cookie = `drainboard=${token}`;
  expect((await stranger.get('/apps')).status).toBe(401);
});

test('SEC-22 a revoked link goes dark at once, also in the stream that is open', async () => {
  const { id, token } = await makeLink();
  const screen = await openWall(token);
  const stream = await screen.raw('/api/v1/stream', { headers: { 'sec-fetch-site': 'same-origin' } });
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  expect((await screen.get('/apps')).status).toBe(200);
  expect((await admin.send('DELETE', `/walls/${id}`)).status).toBe(204);
  expect((await screen.get('/apps')).status).toBe(401);
  let done = false;
  for (let n = 0; n < 20 && !done; n++) done = (await reader.read()).done;
  expect(done).toBe(true);
  expect((await admin.send('DELETE', `/walls/${id}`)).status).toBe(404);
  expect((await admin.get('/walls')).body.walls.some((wall: { id: string }) => wall.id === id)).toBe(false);
});

test('SEC-10 a link ends with whoever made it; only admins make, see and revoke links', async () => {
  const maker = await api.signedIn('admin');
  const screen = await openWall((await makeLink(maker.browser)).token);
  expect((await screen.get('/apps')).status).toBe(200);
  await admin.send('PATCH', `/people/${maker.person.id}`, { disabled: true });
  expect((await screen.get('/apps')).status).toBe(401);
  const editor = (await api.signedIn('editor')).browser;
  expect((await editor.get('/walls')).status).toBe(403);
  expect((await editor.send('POST', '/walls', { name: 'x' })).status).toBe(403);
  expect((await admin.send('POST', '/walls', { name: ' ' })).status).toBe(422);
});

test('SEC-21 a screen in use stays signed in for years; one that was taken down does not', async () => {
  const startMs = api.clock.nowMs;
  try {
    const { token } = await makeLink();
    const screen = await openWall(token);
    for (let month = 1; month <= 18; month++) {
      api.clock.nowMs = startMs + month * 30 * DAY;
      const answer = await screen.get('/session');
      expect(answer.body.wall, `month ${month}`).toEqual({ name: 'Team room' });
      // The browser's own end of the cookie moves on as well.
      expect(answer.headers.get('set-cookie')).toMatch(/Max-Age=34560000/);
    }
    api.clock.nowMs += 91 * DAY;
    expect((await screen.get('/apps')).status).toBe(401);
  } finally {
    api.clock.nowMs = startMs;
  }
});

test('a wall is told of releases, not of who made them', async () => {
  const { rows } = await database.pool.query("SELECT id FROM apps WHERE name = 'shop'");
  const person = await api.signedIn('viewer');
  const hash = createHmac('sha256', TEST_KEY).update(`user\0${person.person.email}`).digest('base64url');
  const nowS = api.clock.nowMs / 1000;
  await makePartitions(database.pool, nowS - 3600, nowS + 3600);
  await database.pool.query(
    `INSERT INTO events (app_id, at_ms, until_ms, kind, version, count, detail, dedupe_key)
     VALUES ($1, $2, $2, 'release', 7, 1, $3, 'v7')`,
    [rows[0].id, api.clock.nowMs - 60_000, JSON.stringify({ userHash: hash.slice(0, 12) })],
  );
  const releaseAs = async (browser: TestBrowser) => (await browser.get('/apps')).body.apps[0].lastRelease;
  expect(await releaseAs(person.browser)).toMatchObject({
    version: 7,
    by: person.person.email.split('@')[0],
  });
  expect(await releaseAs(await openWall((await makeLink()).token))).toMatchObject({ version: 7, by: null });
});

test('labels of an app are replaced as a whole, tidied, told with the fleet, and in the audit log', async () => {
  const editor = (await api.signedIn('editor')).browser;
  const labelsOf = async () => (await editor.get('/apps')).body.apps[0].labels;
  expect(await labelsOf()).toEqual({ stage: null, team: null, tags: [] });
  const sent = { stage: ' production ', team: '', tags: ['public', 'eu', 'eu', ' '] };
  const answer = await editor.send('PUT', '/apps/shop/labels', sent);
  expect(answer.status).toBe(200);
  expect(await labelsOf()).toEqual({ stage: 'production', team: null, tags: ['eu', 'public'] });
  await editor.send('PUT', '/apps/shop/labels', { stage: null, team: 'store', tags: [] });
  expect(await labelsOf()).toEqual({ stage: null, team: 'store', tags: [] });
  const { rows } = await database.pool.query(
    "SELECT before, after FROM audit_log WHERE action = 'app.labels' ORDER BY id",
  );
  expect(rows.at(-1)).toMatchObject({ before: { stage: 'production' }, after: { team: 'store' } });
  const viewer = (await api.signedIn('viewer')).browser;
  expect((await viewer.send('PUT', '/apps/shop/labels', sent)).status).toBe(403);
  expect((await editor.send('PUT', '/apps/shop/labels', { ...sent, tags: ['x'.repeat(41)] })).status).toBe(
    422,
  );
});
