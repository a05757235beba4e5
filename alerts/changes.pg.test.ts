import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { SECOND } from '../model/time.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { START_MS } from '../test/alert-changes.ts';
import { addApp, addRoute, clearIncidents } from '../test/incidents.ts';
import { addReceiver } from '../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { tellChanges } from './changes.ts';

const at = (second: number) => START_MS + second * SECOND;

let database: TestDatabase;
let appId = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  await ensurePartitions(database.pool, { nowMs: START_MS, ahead: 1 });
});
afterAll(() => database.close());
beforeEach(async () => {
  await clearIncidents(database.pool);
  await database.pool.query('TRUNCATE events');
  appId = await addApp(database.pool, 'shop');
});

async function changeReceiver(nowMs = 0): Promise<number> {
  const { id } = await addReceiver(database.pool, { url: 'https://receiver.example.com' }, { nowMs });
  await database.pool.query(`UPDATE receivers SET kind = 'pagerdutyChange' WHERE id = $1`, [id]);
  return id;
}

async function happened(
  second: number,
  kind: string,
  version: number | null,
  detail: object = {},
): Promise<void> {
  await database.pool.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, version, detail, dedupe_key) VALUES ($1, $1, $2, $3, $4, $5, $6)`,
    [at(second), appId, kind, version, JSON.stringify(detail), `${kind} ${second}`],
  );
}

async function told(): Promise<unknown[]> {
  const { rows } = await database.pool.query<{ kind: string; details: unknown }>(
    'SELECT kind, receiver_id, details FROM notifications ORDER BY id',
  );
  return rows;
}

test('a release is told once, with what it was, to receivers of changes and nobody else', async () => {
  const { pool } = database;
  const receiver = await changeReceiver();
  await addReceiver(pool, { url: 'https://other.example.com' });
  await happened(0, 'deploy', null, { commit: '1a2b3c4d5e6f', user: 'd…@example.com' });
  await happened(1, 'release', 214, { user: 'd…@example.com' });
  await happened(1, 'restarting', null);
  await happened(60, 'scale', null, { formation: [{ type: 'web', quantity: 4 }], user: 'd…@example.com' });
  // Not before the line that may say what it was.
  expect(await tellChanges(pool, at(3))).toBe(0);
  expect(await Promise.all([tellChanges(pool, at(30)), tellChanges(pool, at(30))])).toContain(1);
  expect(await tellChanges(pool, at(70))).toBe(1);
  expect(await tellChanges(pool, at(120))).toBe(0);
  expect(await told()).toEqual([
    {
      kind: 'change',
      receiver_id: receiver,
      details: {
        appId,
        event: {
          key: 'release:214',
          kind: 'deploy',
          version: 214,
          what: 'Deploy 1a2b3c4d',
          by: 'd…@example.com',
          atMs: at(1),
        },
      },
    },
    {
      kind: 'change',
      receiver_id: receiver,
      details: {
        appId,
        event: {
          key: `scale:${at(60)}`,
          kind: 'scale',
          version: null,
          what: 'web@4',
          by: 'd…@example.com',
          atMs: at(60),
        },
      },
    },
  ]);
});

test('a webhook hears of releases when it asks for them', async () => {
  const { pool } = database;
  const { id } = await addReceiver(pool, { url: 'https://hook.example.com' }, { nowMs: 0 });
  await happened(0, 'release', 7);
  const ask = async (releases: boolean) => {
    await pool.query(`UPDATE receivers SET kind = 'webhook', settings = $2 WHERE id = $1`, [
      id,
      { releases },
    ]);
    return tellChanges(pool, at(30));
  };
  expect(await ask(false)).toBe(0);
  expect(await ask(true)).toBe(1);
});

test('a receiver hears of no time before it was made, and of the apps of its routes', async () => {
  const { pool } = database;
  const early = await changeReceiver();
  const late = await changeReceiver(at(50));
  const other = await addApp(pool, 'api');
  const elsewhere = await changeReceiver();
  await addRoute(pool, { appIds: [other], receiverIds: [elsewhere] });
  await happened(0, 'release', 1);
  await happened(60, 'release', 2);
  expect(await tellChanges(pool, at(70))).toBe(3);
  const { rows } = await pool.query(
    `SELECT receiver_id, dedupe_key FROM notifications ORDER BY receiver_id, id`,
  );
  expect(rows).toEqual([
    { receiver_id: early, dedupe_key: `change/${appId}/release:1/${early}` },
    { receiver_id: early, dedupe_key: `change/${appId}/release:2/${early}` },
    { receiver_id: late, dedupe_key: `change/${appId}/release:2/${late}` },
  ]);
});
