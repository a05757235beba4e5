import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../model/time.ts';
import { KEPT_DEFAULT } from '../store/reads/plan.ts';
import { buildTestApi, PASSWORD, SETUP_TOKEN, TEST_KEY, type TestApi } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
});
afterAll(() => database.close());

describe('set-up', () => {
  test('SEC-25 without the right token nothing is claimed, and guessing is slowed down', async () => {
    const stranger = api.browser('192.0.2.66');
    const request = { token: 'wrong', email: 'me@example.com', password: PASSWORD };
    for (let tries = 0; tries < 10; tries++) {
      const answer = await stranger.send('POST', '/setup', request);
      expect(answer.status).toBe(403);
      expect(answer.body.faults[0].field).toBe('token');
    }
    const slowed = await stranger.send('POST', '/setup', { ...request, token: SETUP_TOKEN });
    expect(slowed.status).toBe(429);
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
    const session = await stranger.get('/session');
    expect(session.body).toEqual({ setupNeeded: true, person: null, baseUrl: 'http://localhost:5000' });
  });

  test('SEC-16 a password that is short, common, or about the person is refused with advice', async () => {
    const browser = api.browser('192.0.2.1');
    for (const password of ['short', 'password1234!', 'qwertyuiop12', 'joanna.smith2026', 'x'.repeat(129)]) {
      const answer = await browser.send('POST', '/setup', {
        token: SETUP_TOKEN,
        email: 'joanna.smith@example.com',
        password,
      });
      expect(answer.status, password).toBe(422);
      expect(answer.body.faults[0].field).toBe('password');
    }
  });

  test('SEC-25 the right token makes the first admin, signs in, and is dead afterwards', async () => {
    const browser = api.browser('192.0.2.2');
    const request = {
      token: SETUP_TOKEN,
      email: 'First@Example.com',
      password: PASSWORD,
      baseUrl: 'https://d.example.com/x',
    };
    const answer = await browser.send('POST', '/setup', request);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      setupNeeded: false,
      person: { email: 'first@example.com', role: 'admin' },
      baseUrl: 'https://d.example.com',
    });
    expect((await browser.get('/sessions')).body.sessions).toHaveLength(1);
    const again = await api
      .browser('192.0.2.3')
      .send('POST', '/setup', { ...request, email: 'b@example.com' });
    expect(again.status).toBe(403);
    expect(again.body.code).toBe('setupClosed');
  });
});

describe('signing in', () => {
  test('SEC-20 gives a new session in a cookie that scripts cannot read; only its hash is stored', async () => {
    const { person } = await api.signedIn('viewer');
    const browser = api.browser();
    const response = await browser.raw('/api/v1/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://localhost:5000' },
      body: JSON.stringify({ email: person.email, password: PASSWORD }),
    });
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^drainboard=[A-Za-z0-9_-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const first = browser.cookie;
    const value = first.split('=')[1] ?? '';
    const { rows } = await database.pool.query('SELECT * FROM sessions');
    expect(JSON.stringify(rows)).not.toContain(value);
    await browser.send('POST', '/sign-in', { email: person.email, password: PASSWORD });
    expect(browser.cookie).not.toBe(first);
    browser.cookie = first;
    expect((await browser.get('/sessions')).status, 'the old session ended').toBe(401);
  });

  test('SEC-20 over https the cookie is __Host- and Secure, and the plain one is not looked at', async () => {
    const { person, browser } = await api.signedIn('viewer');
    const secure = buildTestApi(database.pool, {
      config: { ...KEPT_DEFAULT, secret: TEST_KEY, onHeroku: true, keepDetailsMs: DAY },
    });
    secure.clock.nowMs = api.clock.nowMs;
    const headers = {
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '6.6.6.6, 192.0.2.200',
    };
    const answer = await secure
      .browser()
      .send('POST', '/sign-in', { email: person.email, password: PASSWORD }, headers);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-drainboard=.+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000');
    const plain = secure.browser();
    plain.cookie = browser.cookie;
    expect((await plain.get('/sessions', headers)).status).toBe(401);
    const { rows } = await database.pool.query<{ address: string }>('SELECT DISTINCT address FROM sessions');
    expect(
      rows.map((row) => row.address),
      'SEC-06 the hop the router added',
    ).toContain('192.0.2.200');
    const bare = await secure.browser().raw('/x?y=1', {});
    expect([bare.status, bare.headers.get('location')]).toEqual([308, 'https://localhost:5000/x?y=1']);
  });

  test('SEC-19 a wrong password and an unknown person get the same words, and take about the same time', async () => {
    const { person } = await api.signedIn('viewer');
    const attempt = async (email: string, from: string) => {
      const startMs = performance.now();
      const answer = await api
        .browser(from)
        .send('POST', '/sign-in', { email, password: 'not the one at all' });
      const { requestId: _, ...body } = answer.body;
      return { status: answer.status, body, ms: performance.now() - startMs };
    };
    await attempt('warm.up@example.com', '192.0.2.30');
    const wrong = await attempt(person.email, '192.0.2.31');
    const unknown = await attempt('nobody@example.com', '192.0.2.32');
    expect(unknown.status).toBe(401);
    expect(unknown.body).toEqual(wrong.body);
    expect(Math.min(unknown.ms, wrong.ms)).toBeGreaterThan(Math.max(unknown.ms, wrong.ms) / 4);
  });

  test('SEC-19 after ten tries the pair of account and address must wait, even with the right password', async () => {
    const { person } = await api.signedIn('viewer');
    const attempt = (password: string, address: string) =>
      api.browser(address).send('POST', '/sign-in', { email: person.email, password });
    const all = await Promise.all(
      Array.from({ length: 14 }, () => attempt('wrong wrong wrong', '192.0.2.50')),
    );
    expect(all.filter((answer) => answer.status === 401)).toHaveLength(10);
    expect(all.filter((answer) => answer.status === 429)).toHaveLength(4);
    expect((await attempt(PASSWORD, '192.0.2.50')).status).toBe(429);
    expect((await attempt(PASSWORD, '192.0.2.51')).status, 'from elsewhere they still get in').toBe(200);
    api.clock.nowMs += 16 * MINUTE;
    expect((await attempt(PASSWORD, '192.0.2.50')).status).toBe(200);
    api.clock.nowMs -= 16 * MINUTE;
  });

  test('SEC-19 an address that tries many accounts must wait; accounts that do not exist count too', async () => {
    let refused = 0;
    for (let n = 0; n < 55; n++) {
      const answer = await api
        .browser('192.0.2.77')
        .send('POST', '/sign-in', { email: `guess${n}@example.com`, password: 'wrong wrong wrong' });
      api.clock.nowMs += 300;
      if (answer.status === 429) refused++;
    }
    expect(refused).toBeGreaterThanOrEqual(5);
  });

  test('SEC-21 a session ends after 12 idle hours and after 30 days whatever was done', async () => {
    const { browser } = await api.signedIn('viewer');
    const startMs = api.clock.nowMs;
    api.clock.nowMs = startMs + 12 * HOUR + 1;
    expect((await browser.get('/sessions')).status).toBe(401);
    api.clock.nowMs = startMs;
    for (let hours = 11; hours < 30 * 24; hours += 11) {
      api.clock.nowMs = startMs + hours * HOUR;
      expect((await browser.get('/sessions')).status).toBe(200);
    }
    api.clock.nowMs = startMs + 30 * DAY + 1;
    expect((await browser.get('/sessions')).status).toBe(401);
    api.clock.nowMs = startMs;
  });

  test('SEC-22 signing out ends the session on the server, not only in the browser', async () => {
    const { browser } = await api.signedIn('viewer');
    const kept = browser.cookie;
    expect((await browser.send('POST', '/sign-out')).status).toBe(204);
    expect(browser.cookie).toBe('');
    browser.cookie = kept;
    expect((await browser.get('/sessions')).status).toBe(401);
  });

  test('SEC-22 a changed password ends all other sessions; the old one no longer works', async () => {
    const { browser, person } = await api.signedIn('viewer');
    const other = api.browser('192.0.2.90');
    await other.send('POST', '/sign-in', { email: person.email, password: PASSWORD });
    const newPassword = 'marble lantern ostrich quay';
    const wrong = await browser.send('POST', '/password', { currentPassword: 'not this one', newPassword });
    expect(wrong.status).toBe(422);
    expect(wrong.body.faults[0].field).toBe('currentPassword');
    const done = await browser.send('POST', '/password', { currentPassword: PASSWORD, newPassword });
    expect(done.status).toBe(204);
    expect((await browser.get('/sessions')).body.sessions).toHaveLength(1);
    expect((await other.get('/sessions')).status).toBe(401);
    const old = await other.send('POST', '/sign-in', { email: person.email, password: PASSWORD });
    expect(old.status).toBe(401);
  });

  test('SEC-21 a person lists and ends their own sessions, and nobody else’s', async () => {
    const { browser, person } = await api.signedIn('viewer');
    const stranger = await api.signedIn('viewer');
    const second = api.browser('192.0.2.91');
    await second.send('POST', '/sign-in', { email: person.email, password: PASSWORD });
    const { sessions } = (await browser.get('/sessions')).body;
    expect(sessions).toHaveLength(2);
    const other = sessions.find((session: { current: boolean }) => !session.current);
    expect((await stranger.browser.send('DELETE', `/sessions/${other.id}`)).status).toBe(404);
    expect((await browser.send('DELETE', `/sessions/${other.id}`)).status).toBe(204);
    expect((await second.get('/sessions')).status).toBe(401);
    expect((await browser.send('DELETE', '/sessions/..%2Fpeople')).status, 'I-48').toBe(404);
  });
});

describe('changes', () => {
  const json = { 'content-type': 'application/json' };

  test('SEC-23 need a page of ours, and JSON', async () => {
    const { browser } = await api.signedIn('editor');
    const create = (headers: Record<string, string>) =>
      browser.send('POST', '/apps', { name: 'csrf-test' }, headers);
    expect((await create(json)).status, 'neither header').toBe(403);
    expect((await create({ ...json, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await create({ ...json, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await create({ ...json, origin: 'https://evil.example' })).status).toBe(403);
    expect((await create({ ...json, origin: 'null' })).status).toBe(403);
    const both = { ...json, 'sec-fetch-site': 'cross-site', origin: 'http://localhost:5000' };
    expect((await create(both)).status, 'the browser knows better than the origin').toBe(403);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      expect((await create({ 'content-type': type, 'sec-fetch-site': 'same-origin' })).status).toBe(415);
    }
    expect((await create({ ...json, origin: 'http://localhost:5000' })).status).toBe(201);
  });

  test('SEC-24 keys, roles and removal need a password of the last 15 minutes', async () => {
    const { browser } = await api.signedIn('admin');
    expect((await browser.send('POST', '/tokens', { name: 'a', role: 'viewer' })).status).toBe(201);
    api.clock.nowMs += 16 * MINUTE;
    const stale = await browser.send('POST', '/tokens', { name: 'b', role: 'viewer' });
    expect([stale.status, stale.body.code]).toEqual([403, 'freshLoginNeeded']);
    expect((await browser.send('POST', '/session/confirm', { password: 'wrong wrong wrong' })).status).toBe(
      422,
    );
    expect((await browser.send('POST', '/session/confirm', { password: PASSWORD })).status).toBe(204);
    expect((await browser.send('POST', '/tokens', { name: 'b', role: 'viewer' })).status).toBe(201);
    api.clock.nowMs -= 16 * MINUTE;
  });

  test('SEC-52 I-44 bodies are bounded in size and depth, and unknown keys are refused', async () => {
    const { browser } = await api.signedIn('editor');
    const big = await browser.send('POST', '/apps', { name: 'a', padding: 'x'.repeat(300_000) });
    expect(big.status).toBe(413);
    const deep = await browser.send('POST', '/apps', `${'['.repeat(10_000)}${']'.repeat(10_000)}`);
    expect(deep.status).toBe(400);
    const proto = await browser.send('POST', '/apps', '{"name":"abc","__proto__":{"role":"admin"}}');
    expect(proto.status).toBe(422);
    const twin = await browser.send('POST', '/apps', '{"name":"__proto__","name":"constructor"}');
    expect([twin.status, twin.body.app]).toEqual([201, 'constructor']);
    for (const body of ['', '{', 'null', '[]', '"x"', '{"name":null}', '{"name":"\\ud800"}', '\u0000']) {
      const answer = await browser.send('POST', '/apps', body);
      expect([400, 422], body).toContain(answer.status);
      expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
    }
  });

  test('SEC-48 are written down: who, what, when, from where; and the log takes no changes', async () => {
    const { browser, person } = await api.signedIn('editor');
    const { body } = await browser.send('POST', '/apps', { name: 'audited' });
    await browser.send('PATCH', '/apps/audited', { strictTokens: true });
    const admin = await api.signedIn('admin');
    const { entries } = (await admin.browser.get('/audit')).body;
    const change = entries.find((entry: { action: string }) => entry.action === 'app.change');
    expect(change).toMatchObject({
      actor: person.id,
      subject: 'audited',
      before: { strictTokens: false },
      after: { strictTokens: true },
    });
    expect(change.address).toMatch(/^198\.51\.100\./);
    const secret = new URL(body.drainUrl).password;
    expect(JSON.stringify(entries)).not.toContain(secret);
    await expect(database.pool.query("UPDATE audit_log SET actor = 'x'")).rejects.toThrow('insert-only');
  });
});
