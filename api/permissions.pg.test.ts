import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../store/apps.ts';
import type { Role } from '../store/people.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { API_PREFIX, listRoutes } from './app.ts';
import { buildLiveFeed } from './live.ts';
import { checkRoutes, type Permission, type Route, route } from './route.ts';
import { Streams } from './streams.ts';

const ROLES: Role[] = ['viewer', 'editor', 'admin'];
const RANK: Record<Permission, number> = { public: 0, viewer: 1, editor: 2, admin: 3 };
const ROUTES = listRoutes(new Streams({ live: buildLiveFeed() }), '0');

let database: TestDatabase;
let api: TestApi;
const people = new Map<Role, TestBrowser>();
const tokens = new Map<Role, TestBrowser>();

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  await createApp(database.pool, { name: 'shop', key: TEST_KEY, nowMs: api.clock.nowMs });
  for (const role of ROLES) {
    people.set(role, (await api.signedIn(role)).browser);
    tokens.set(role, api.withToken(await api.token(role)));
  }
});
afterAll(() => database.close());

/** Whether a caller got past the door: what happens behind it (404, 422 …) is no matter of permission. */
async function isLetIn(entry: Route, caller: TestBrowser): Promise<boolean> {
  // Permission is asked for before anything else of a request, so an impossible body changes nothing.
  const path = entry.path.replace(':app', 'no-such-app').replace(':id', '0');
  const init: RequestInit = {
    method: entry.method,
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
  };
  if (entry.method !== 'GET') init.body = '{"noSuchField":1}';
  // Some time between requests, or the bound on strangers would answer instead; little, or passwords are no longer fresh.
  api.clock.nowMs += 400;
  const response = await caller.raw(`${API_PREFIX}${path}`, init);
  await response.body?.cancel();
  expect(response.status, `${entry.method} ${path}`).not.toBe(500);
  return response.status !== 401 && response.status !== 403;
}

function mayUse(entry: Route, role: Role | null, isPerson: boolean): boolean {
  if (entry.permission === 'public') return true;
  if (role === null || (entry.personOnly && !isPerson)) return false;
  return RANK[role] >= RANK[entry.permission];
}

describe('SEC-08 every route', () => {
  for (const entry of ROUTES.filter((each) => each.path !== '/sign-out')) {
    test(`${entry.method} ${entry.path} is for ${entry.personOnly ? 'people, ' : ''}${entry.permission}`, async () => {
      // Right and wrong set-up tokens are a matter of their own; here everybody is a stranger to it.
      expect(await isLetIn(entry, api.browser())).toBe(mayUse(entry, null, false));
      const bad = await isLetIn(entry, api.withToken('dbt_unknown'));
      expect(bad, 'an unknown token is refused even where strangers are not').toBe(false);
      for (const role of ROLES) {
        const [person, token] = [people.get(role), tokens.get(role)];
        expect(await isLetIn(entry, person as TestBrowser), `${role}, signed in`).toBe(
          mayUse(entry, role, true),
        );
        expect(await isLetIn(entry, token as TestBrowser), `${role}, token`).toBe(mayUse(entry, role, false));
      }
    });
  }

  test('says who may use it, or the server does not start', () => {
    const undeclared = { ...ROUTES[0], path: '/secrets', permission: undefined } as unknown as Route;
    expect(() => checkRoutes([undeclared])).toThrow('declares no permission');
    expect(() => checkRoutes([...ROUTES, ROUTES[0] as Route])).toThrow('declared twice');
    const open = route({
      method: 'POST',
      path: '/x',
      permission: 'viewer',
      summary: '',
      answer: '',
      handle: async () => ({}),
    });
    expect(() => checkRoutes([open])).toThrow('no schema');
  });

  test('of the server is in the table: nothing else answers under the API', () => {
    const mounted = api.app.routes
      .filter((each) => each.path.startsWith(API_PREFIX))
      .map((each) => `${each.method} ${each.path}`);
    expect(mounted.sort()).toEqual(
      ROUTES.map((entry) => `${entry.method} ${API_PREFIX}${entry.path}`).sort(),
    );
  });

  test('open to strangers is one of five', () => {
    const open = ROUTES.filter((entry) => entry.permission === 'public').map((entry) => entry.path);
    expect(open).toEqual(['/session', '/setup', '/sign-in', '/wall-session']);
  });
});

test('SEC-28 an API token cannot see, mint or widen tokens, people or sessions, whatever its role', async () => {
  const machine = tokens.get('admin') as TestBrowser;
  for (const path of ['/tokens', '/people', '/sessions', '/audit'])
    expect((await machine.get(path)).status).toBe(403);
  expect((await machine.send('POST', '/tokens', { name: 'x', role: 'viewer' })).status).toBe(403);
  expect((await machine.send('POST', '/password', { currentPassword: 'a', newPassword: 'b' })).status).toBe(
    403,
  );
});

test('SEC-27 a token ends after 90 days, at once when revoked, and is named by its id alone', async () => {
  const admin = await api.signedIn('admin');
  const made = await admin.browser.send('POST', '/tokens', { name: 'CI', role: 'editor' });
  expect(made.body.token).toMatch(/^dbt_[A-Za-z0-9_]{28,}$/);
  expect(made.body.expiresAtMs).toBe(api.clock.nowMs + 90 * 86_400_000);
  const machine = api.withToken(made.body.token);
  expect((await machine.get('/apps')).status).toBe(200);
  expect(
    (await machine.send('POST', '/apps', { name: 'by-machine' }, { 'content-type': 'application/json' }))
      .status,
  ).toBe(201);
  const listed = (await admin.browser.get('/tokens')).body.tokens.find(
    (row: { id: string }) => row.id === made.body.id,
  );
  expect(listed).toMatchObject({ name: 'CI', role: 'editor', lastUsedMs: api.clock.nowMs });
  const { rows } = await database.pool.query('SELECT * FROM api_tokens');
  expect(JSON.stringify(rows)).not.toContain(made.body.token);
  const startMs = api.clock.nowMs;
  api.clock.nowMs = startMs + 90 * 86_400_000;
  expect((await machine.get('/apps')).status).toBe(401);
  api.clock.nowMs = startMs;
  expect((await admin.browser.send('DELETE', `/tokens/${made.body.id}`)).status).toBe(204);
  expect((await machine.get('/apps')).status).toBe(401);
});

describe('people', () => {
  test('SEC-09 SEC-10 a role given, changed and taken away works at once, in open sessions too', async () => {
    const admin = await api.signedIn('admin');
    const email = 'new.person@example.com';
    const password = 'velvet canyon otter drum';
    const made = await admin.browser.send('POST', '/people', { email, password, role: 'viewer' });
    expect([made.status, made.body.role]).toEqual([201, 'viewer']);
    expect((await admin.browser.send('POST', '/people', { email, password, role: 'viewer' })).status).toBe(
      409,
    );
    const browser = api.browser('192.0.2.111');
    expect((await browser.send('POST', '/sign-in', { email, password })).status).toBe(200);
    expect((await browser.send('POST', '/apps', { name: 'not-yet' })).status).toBe(403);
    await admin.browser.send('PATCH', `/people/${made.body.id}`, { role: 'editor' });
    expect((await browser.send('POST', '/apps', { name: 'now-yes' })).status).toBe(201);
    await admin.browser.send('PATCH', `/people/${made.body.id}`, { disabled: true });
    expect((await browser.get('/apps')).status).toBe(401);
    expect((await browser.send('POST', '/sign-in', { email, password })).status).toBe(401);
    await admin.browser.send('PATCH', `/people/${made.body.id}`, { disabled: false });
    expect((await browser.send('POST', '/sign-in', { email, password })).status).toBe(200);
    expect((await admin.browser.send('DELETE', `/people/${made.body.id}`)).status).toBe(204);
    expect((await browser.get('/apps')).status).toBe(401);
  });

  test('SEC-12 the last admin can be neither demoted, disabled nor removed, also not by two at once', async () => {
    const own = await createTestDatabase();
    try {
      const alone = buildTestApi(own.pool);
      const [first, second] = [await alone.signedIn('admin'), await alone.signedIn('admin')];
      const results = await Promise.all([
        first.browser.send('PATCH', `/people/${second.person.id}`, { role: 'viewer' }),
        second.browser.send('PATCH', `/people/${first.person.id}`, { role: 'viewer' }),
      ]);
      const { rows } = await own.pool.query(
        "SELECT 1 FROM people WHERE role = 'admin' AND disabled_at_ms IS NULL",
      );
      expect(rows).toHaveLength(1);
      // 403 when the other was quicker than the question whether this one is an admin.
      expect(results.some((answer) => answer.status === 200)).toBe(true);
      expect(results.some((answer) => answer.status === 403 || answer.status === 409)).toBe(true);
      const left = results[0]?.status === 200 ? first : second;
      for (const change of [{ role: 'viewer' }, { disabled: true }]) {
        const answer = await left.browser.send('PATCH', `/people/${left.person.id}`, change);
        expect([answer.status, answer.body.code]).toEqual([409, 'lastAdmin']);
      }
      expect((await left.browser.send('DELETE', `/people/${left.person.id}`)).status).toBe(409);
    } finally {
      await own.close();
    }
  });
});

test('SEC-51 a caller without bound is told to wait, and others are not', async () => {
  const browser = api.browser('192.0.2.250');
  const statuses = await Promise.all(
    Array.from({ length: 70 }, async () => (await browser.get('/session')).status),
  );
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(9);
  const waiting = await browser.get('/session');
  expect(waiting.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await api.browser('192.0.2.251').get('/session')).status).toBe(200);
});

test('SEC-32 SEC-33 SEC-54 every answer carries the headers, and an error says nothing about our insides', async () => {
  const answer = await api.browser('192.0.2.9').get('/nowhere');
  expect(answer.status).toBe(404);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('content-security-policy')).toContain("require-trusted-types-for 'script'");
  expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('strict-transport-security'), 'not on plain http').toBeNull();
  const broken = buildTestApi({
    query: async () => Promise.reject(new Error('relation "people" at 10.1.2.3')),
  } as never);
  const failed = await broken.browser().get('/session');
  expect([failed.status, failed.body.code]).toEqual([500, 'internal']);
  expect(JSON.stringify(failed.body)).not.toMatch(/relation|10\.1|at .*:\d/);
  const away = buildTestApi({
    query: async () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })),
  } as never);
  const absent = await away.browser().get('/session');
  expect([absent.status, absent.body.code, absent.headers.get('retry-after')]).toEqual([
    503,
    'databaseAway',
    '2',
  ]);
});

test('SEC-60 health tells strangers ok and no more; 503 once the process stops', async () => {
  const stopping = new AbortController();
  const own = buildTestApi(database.pool, { stopping: stopping.signal });
  for (const path of ['/healthz', '/readyz']) {
    const response = await own.browser().raw(path);
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
  }
  stopping.abort();
  for (const path of ['/healthz', '/readyz']) expect((await own.browser().raw(path)).status).toBe(503);
});
