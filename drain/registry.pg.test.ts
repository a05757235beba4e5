import { afterAll, beforeAll, expect, test } from 'vitest';
import { authorizationOf, openConnection } from '../sim/post.ts';
import { updateApp } from '../store/apps.ts';
import { ARCHIVED_AFTER_MS, DRAINS_PER_APP_MAX, OTHERS_TOKEN } from '../store/drains.ts';
import { readCounts } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain, until } from '../test/drain.ts';
import { frameId, requests } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { systemClock } from './clock.ts';
import { parseLabels, Registry } from './registry.ts';

let database: TestDatabase;
let drain: TestDrain;
beforeAll(async () => {
  database = await createTestDatabase();
  drain = await startDrain(database, { refreshEveryMs: 50 });
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

const token = (n: number): string => `d.00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

async function post(app: TestApp, drainToken: string, path?: string): Promise<number> {
  const url = drain.urlOf(app, path);
  const body = requests(1);
  const connection = openConnection(url, {
    connectMs: 1_000,
    answerMs: 6_000,
    idleMs: 1_000,
    connections: 1,
  });
  const outcome = await connection.post(
    {
      Authorization: authorizationOf(url) ?? '',
      'Content-Type': 'application/logplex-1',
      'Content-Length': String(body.length),
      'User-Agent': 'Logplex/v72',
      'Logplex-Frame-Id': frameId(),
      ...(drainToken !== '' && { 'Logplex-Drain-Token': drainToken }),
    },
    body,
  );
  connection.close();
  return outcome.kind === 'answered' ? outcome.status : 0;
}

async function states(app: TestApp): Promise<Record<string, string>> {
  const { rows } = await database.pool.query<{ token: string; state: string }>(
    'SELECT token, state FROM drains WHERE app_id = $1',
    [app.id],
  );
  return Object.fromEntries(rows.map((row) => [row.token, row.state]));
}

test('S-25 the first drain of an app is adopted; good credentials with a new token are counted, and flagged', async () => {
  const app = await addApp(database.pool);
  expect([await post(app, token(1)), await post(app, token(2)), await post(app, token(1))]).toEqual([
    204, 204, 204,
  ]);
  expect(await states(app)).toEqual({ [token(1)]: 'adopted', [token(2)]: 'new' });
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, app.id)).requests).toBe(3);
});

test('S-25 a strict app answers 401 to a new token, and 204 once an admin has accepted it', async () => {
  const app = await addApp(database.pool);
  expect(await post(app, token(1))).toBe(204);
  await updateApp(database.pool, app.id, { strictTokens: true });
  await until(async () => (await post(app, token(2))) === 401);
  expect(await post(app, token(1))).toBe(204);
  await database.pool.query("UPDATE drains SET state = 'adopted' WHERE app_id = $1 AND token = $2", [
    app.id,
    token(2),
  ]);
  await until(async () => (await post(app, token(2))) === 204);
});

test('S-25 a banned drain is answered 401 although its credentials are good, and others of its app are not', async () => {
  const app = await addApp(database.pool);
  expect([await post(app, token(1)), await post(app, token(2))]).toEqual([204, 204]);
  await database.pool.query("UPDATE drains SET state = 'banned' WHERE app_id = $1 AND token = $2", [
    app.id,
    token(2),
  ]);
  await until(async () => (await post(app, token(2))) === 401);
  expect(await post(app, token(1))).toBe(204);
});

test('many frames of a new drain at once make one row, and are all counted', async () => {
  const app = await addApp(database.pool);
  const answers = await Promise.all(Array.from({ length: 30 }, () => post(app, token(7))));
  expect(new Set(answers)).toEqual(new Set([204]));
  expect(await states(app)).toEqual({ [token(7)]: 'adopted' });
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, app.id)).requests).toBe(30);
});

test('a sender without a token, and tokens that are no tokens, are drains like any other', async () => {
  const app = await addApp(database.pool);
  for (const odd of ['', '__proto__', 'x'.repeat(2_000), "'; DROP TABLE drains; --", 'd.é']) {
    expect(await post(app, odd), odd).toBe(204);
  }
  expect(Object.keys(await states(app))).toHaveLength(5);
});

test('a drain that was deleted is made again', async () => {
  const app = await addApp(database.pool);
  expect(await post(app, token(1))).toBe(204);
  await rolledUp(database.pool);
  await database.pool.query('DELETE FROM drains WHERE app_id = $1', [app.id]);
  await until(async () => (await post(app, token(1))) === 204 && (await states(app))[token(1)] === 'adopted');
});

test('another query string of the same drain changes its labels', async () => {
  const app = await addApp(database.pool);
  await post(app, token(1), '/drain?env=staging');
  await post(app, token(1), '/drain?env=prod');
  const { rows } = await database.pool.query('SELECT labels FROM drains WHERE app_id = $1', [app.id]);
  expect(rows).toEqual([{ labels: { env: 'prod' } }]);
});

test('labels are names and values of a plain form, at most ten of them', () => {
  expect(parseLabels('env=prod&tag.team=a b&tag.x=<b>&token=s3cret&tag.=y&tag.é=z')).toEqual({
    env: 'prod',
    'tag.team': 'a b',
    'tag.x': 'b',
  });
  expect(
    Object.keys(parseLabels(Array.from({ length: 30 }, (_, i) => `tag.k${i}=v`).join('&'))),
  ).toHaveLength(10);
  expect(parseLabels(`env=${'x'.repeat(500)}`).env).toHaveLength(80);
  expect(parseLabels('%%%&=&&env')).toEqual({ env: '' });
});

test('C-03 a sender with ever new tokens makes a bounded number of drains; the rest share one, are counted, and are named', async () => {
  const app = await addApp(database.pool);
  for (let n = 0; n < DRAINS_PER_APP_MAX + 20; n++) expect(await post(app, token(n))).toBe(204);
  const found = await states(app);
  expect(Object.keys(found)).toHaveLength(DRAINS_PER_APP_MAX + 1);
  expect(found[OTHERS_TOKEN]).toBe('new');
  expect(drain.drain.status().overflow).toEqual({ [app.name]: { paths: 0, series: 0, drains: 20 } });
  // A drain that is there goes on under its own name, also in a process that has not heard of it.
  expect(await post(app, token(3))).toBe(204);
  const other = new Registry(database.pool, systemClock);
  const shared = await other.arrive(app.id, 'unheard-of', 'logplex', '');
  expect(other.known(app.id, token(5), '')?.id).not.toBe(shared.id);
  expect(other.known(app.id, 'something-else', '')?.id).toBe(shared.id);
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, app.id)).requests).toBe(DRAINS_PER_APP_MAX + 21);
  // Somebody who does not want them bans them all at once.
  await database.pool.query("UPDATE drains SET state = 'banned' WHERE app_id = $1 AND token = $2", [
    app.id,
    OTHERS_TOKEN,
  ]);
  await until(async () => (await post(app, token(90_000))) === 401);
  expect(await post(app, token(3))).toBe(204);
});

test('C-03 drains that are long silent and were never accepted make room for those of new review apps', async () => {
  const app = await addApp(database.pool);
  for (let n = 0; n < DRAINS_PER_APP_MAX; n++) await post(app, token(n));
  await rolledUp(database.pool);
  await database.pool.query(
    'UPDATE drains SET last_received_at_ms = last_received_at_ms - $2 WHERE app_id = $1 AND token <> $3',
    [app.id, ARCHIVED_AFTER_MS + 60_000, token(1)],
  );
  expect(await post(app, token(50_000))).toBe(204);
  const found = await states(app);
  // The adopted one stays, and the one that is not silent.
  expect(Object.keys(found).sort()).toEqual([token(0), token(1), token(50_000)].sort());
});

test('a sender that names other labels each time writes ten rows a minute, and is counted', async () => {
  const app = await addApp(database.pool);
  for (let n = 0; n < 30; n++) expect(await post(app, token(1), `/drain?env=e${n}`)).toBe(204);
  const { rows } = await database.pool.query('SELECT labels FROM drains WHERE app_id = $1', [app.id]);
  expect(rows).toEqual([{ labels: { env: 'e9' } }]);
});
