/** What settings read: drains of all apps, the audit log, API tokens, the database; and the checklist of attaching. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MINUTE } from '../../model/time.ts';
import { addRefusedSenders, ensureDrain } from '../../store/drains.ts';
import { KEPT_DEFAULT } from '../../store/reads/plan.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';

let database: TestDatabase;
let api: TestApi;
let admin: TestBrowser;
let email: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool, {
    config: {
      ...KEPT_DEFAULT,
      secret: TEST_KEY,
      onHeroku: false,
      keepDetailsMs: 21 * 86_400_000,
      baseUrl: 'https://drains.example.com',
    },
  });
  const own = await api.signedIn('admin');
  admin = own.browser;
  email = own.person.email;
  for (const name of ['shop', 'blog']) expect((await admin.send('POST', '/apps', { name })).status).toBe(201);
});
afterAll(() => database.close());

async function appId(name: string): Promise<number> {
  const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM apps WHERE name = $1', [name]);
  return rows[0]?.id ?? 0;
}

test('S-25 drains of all apps are one table: tokens with their state, who was refused, names that are nobody’s', async () => {
  const { nowMs } = api.clock;
  const of = { sender: 'logplex', labels: {}, nowMs: nowMs - MINUTE };
  await ensureDrain(database.pool, { ...of, appId: await appId('shop'), token: 'd.first' });
  await ensureDrain(database.pool, { ...of, appId: await appId('shop'), token: 'd.second' });
  await addRefusedSenders(database.pool, [
    { userName: 'blog', attempts: 4, atMs: nowMs - MINUTE, reason: 'wrongSecret' },
    { userName: 'shoop', attempts: 9, atMs: nowMs - MINUTE, reason: 'unknownUser' },
  ]);
  const { body } = await admin.get('/drains');
  expect(body.apps.map((one: { app: string; refused: number }) => [one.app, one.refused])).toEqual([
    ['blog', 4],
    ['shop', 0],
  ]);
  expect(
    body.apps[1].drains.map(({ token, state }: { token: string; state: string }) => [token, state]),
  ).toEqual([
    ['d.first', 'adopted'],
    ['d.second', 'new'],
  ]);
  expect(body.strangers).toMatchObject([{ userName: 'shoop', attempts: 9 }]);
});

test('the checklist of an app that does not come on names what was seen: 401s, and a name mistyped', async () => {
  api.clock.nowMs += 2 * MINUTE;
  const { body } = await admin.get('/apps/blog/checklist');
  const drain = body.steps[0];
  expect(drain).toMatchObject({ id: 'drain', state: 'stalled' });
  expect(drain.causes[0]).toMatchObject({
    isSeen: true,
    says: expect.stringContaining('4 requests were refused with 401'),
  });
  expect(drain.causes.some(({ says }: { says: string }) => says.includes('“shoop”'))).toBe(true);
});

test('SEC-48 the audit log is found by action, subject, person and time, and names people and tokens', async () => {
  const made = await admin.send('POST', '/tokens', { name: 'CI', role: 'editor' });
  await api
    .withToken(made.body.token)
    .send('PATCH', '/apps/shop', { strictTokens: true }, { 'content-type': 'application/json' });
  const find = async (query: string) =>
    (await admin.get(`/audit?${query}`)).body.entries.map(
      ({ action, subject, actorName }: { action: string; subject: string; actorName: string }) => [
        action,
        subject,
        actorName,
      ],
    );
  expect(await find('action=app.create&subject=SHO')).toEqual([['app.create', 'shop', email]]);
  expect(await find('action=app.change')).toEqual([['app.change', 'shop', 'API token "CI"']]);
  expect(await find(`from=${api.clock.nowMs + 1}`)).toEqual([]);
  expect((await find(`actor=token:${made.body.id}`)).length).toBe(1);
  // A pattern is text like any other.
  expect(await find('subject=%25')).toEqual([]);
  const { body } = await admin.get('/tokens');
  expect(body.tokens[0]).toMatchObject({ name: 'CI', createdBy: email });
});

test('the database describes itself to admins, also without the extension that counts statements', async () => {
  const { body } = await admin.get('/health/database');
  expect(body).toMatchObject({ slow: null, connections: expect.any(Number), bytes: expect.any(Number) });
  expect(
    body.byApplication.some(({ application }: { application: string }) => application === 'drainboard-test'),
  ).toBe(true);
  const viewer = (await api.signedIn('viewer')).browser;
  expect((await viewer.get('/health/database')).status).toBe(403);
  expect((await viewer.get('/drains')).status).toBe(200);
});
