import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authorizationOf, openConnection, type PostOutcome } from '../sim/post.ts';
import { readCounts, readGaps } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain } from '../test/drain.ts';
import { frameId, requests } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let drain: TestDrain;

beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  drain = await startDrain(database);
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

function post(app: TestApp, body: Buffer): Promise<PostOutcome> {
  const url = drain.urlOf(app);
  const connection = openConnection(url, {
    connectMs: 3_000,
    answerMs: 5_000,
    idleMs: 60_000,
    connections: 1,
  });
  const headers = {
    Authorization: authorizationOf(url) ?? '',
    'Content-Type': 'application/logplex-1',
    'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
    'Logplex-Frame-Id': frameId(),
    'Content-Length': String(body.length),
    'User-Agent': 'Logplex/v72',
  };
  return connection.post(headers, body).finally(() => connection.close());
}

test('R-06 R-10 data of one app that the database will never take costs no frame of its neighbours in the group', async () => {
  const [before, guilty, after] = [
    await addApp(database.pool),
    await addApp(database.pool),
    await addApp(database.pool),
  ];
  const apps = [before, guilty, after];
  for (const app of apps) await post(app, requests(1));
  // As a value out of range would be: class 22, whoever asks and whenever.
  await database.pool.query(`
    CREATE FUNCTION refuse_app() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '22003'; END $$`);
  await database.pool.query(`
    CREATE TRIGGER refuse BEFORE INSERT ON chunks FOR EACH ROW
    WHEN (NEW.app_ids @> ARRAY[${guilty.id}]) EXECUTE FUNCTION refuse_app()`);
  // All three wait for one commit: the one under way cannot end.
  const lock = await database.pool.connect();
  await lock.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
  const first = post(before, requests(1));
  await sleep(100);
  const outcomes = apps.map((app) => post(app, requests(2)));
  await sleep(100);
  await lock.query('ROLLBACK');
  lock.release();
  const ok = { kind: 'answered', status: 204 };
  // The refused frame is held: a quick answer would spend its sender's tries.
  expect([await first, ...(await Promise.all(outcomes))]).toEqual([
    ok,
    ok,
    { kind: 'answered', status: 503 },
    ok,
  ]);
  expect(drain.drain.status().fates.get('refusedByDatabase')).toBe(1);
  expect(drain.drain.status().fates.get('held')).toBeUndefined();
  await database.pool.query('DROP TRIGGER refuse ON chunks');
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, before.id)).requests).toBe(4);
  expect((await readCounts(database.pool, guilty.id)).requests).toBe(1);
  expect((await readCounts(database.pool, after.id)).requests).toBe(3);
  // One group of three apps was refused, then one of its parts: told once, and whose it was.
  expect(
    drain.logged.filter(({ event }) => event === 'commit.refused').map(({ fields }) => fields.app),
  ).toEqual([guilty.id]);
  // Once its data is taken again, so are its frames.
  expect(await post(guilty, requests(5))).toEqual(ok);
});

test('R-04 a body that is too large is not refused before its gap is committed: while the database refuses that, its sender tries again', async () => {
  const app = await addApp(database.pool);
  expect(await post(app, requests(1))).toEqual({ kind: 'answered', status: 204 });
  await database.pool.query(`
    CREATE TRIGGER refuse_loss BEFORE INSERT ON chunks FOR EACH ROW
    WHEN (NEW.app_ids @> ARRAY[${app.id}]) EXECUTE FUNCTION refuse_app()`);
  const large = Buffer.alloc(1_100_000, 0x20);
  expect(await post(app, large)).toEqual({ kind: 'answered', status: 503 });
  await database.pool.query('DROP TRIGGER refuse_loss ON chunks');
  expect(await post(app, large)).toEqual({ kind: 'answered', status: 413 });
  await rolledUp(database.pool);
  expect((await readGaps(database.pool, app.id)).map(({ cause }) => cause)).toEqual(['tooLarge']);
});
