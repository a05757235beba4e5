import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  insertReceiver,
  listOwnersReceivers,
  listReceivers,
  listSendingReceivers,
  noteReceiver,
  openSecrets,
  readReceiver,
  readReceiverSecrets,
  removeReceiver,
  updateReceiver,
} from './receivers.ts';
import { deriveBoxKey } from './secret-box.ts';

const KEY = deriveBoxKey('k'.repeat(40));
const OTHER_KEY = deriveBoxKey('o'.repeat(40));
const SECRET = 'https://hooks.example.com/services/T0/B0/verySecret';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await database.pool.query('TRUNCATE receivers, notifications CASCADE');
});
afterAll(() => database.close());

async function add(name: string, more: { tellsOwners?: boolean } = {}) {
  const row = await insertReceiver(
    database.pool,
    KEY,
    {
      name,
      kind: 'slackWebhook',
      settings: { note: 'a' },
      secrets: { url: SECRET },
      tellsOwners: false,
      createdBy: 'ada@example.com',
      ...more,
    },
    1_000,
  );
  if (row === null) throw new Error('the name is taken');
  return row;
}

test('SEC-43 secrets go in and come out for sending only: names alone are shown', async () => {
  const { pool } = database;
  const made = await add('ops');
  const shown = JSON.stringify([made, await listReceivers(pool), await readReceiver(pool, made.publicId)]);
  expect(shown).not.toContain('verySecret');
  expect(made.secretNames).toEqual(['url']);
  const { rows } = await pool.query<{ row: string }>('SELECT receivers::text AS row FROM receivers');
  expect(rows[0]?.row).not.toContain(Buffer.from('verySecret').toString('hex'));
  const [sending] = await listSendingReceivers(pool, [made.id]);
  expect(sending && openSecrets([KEY], sending)).toEqual({ ok: true, value: { url: SECRET } });
  expect(sending && openSecrets([OTHER_KEY], sending)).toEqual({ ok: false, error: 'unknownKey' });
  expect(sending && openSecrets([OTHER_KEY, KEY], sending).ok).toBe(true);
});

test('a name is taken whatever its case, until its receiver is removed; removing takes the secrets', async () => {
  const { pool } = database;
  const made = await add('Ops');
  await expect(add('oPS')).rejects.toThrow('taken');
  expect(await removeReceiver(pool, made.publicId, 2_000)).toBe(true);
  expect(await removeReceiver(pool, made.publicId, 2_000)).toBe(false);
  expect(await readReceiver(pool, made.publicId)).toBeNull();
  const [removed] = await listSendingReceivers(pool, [made.id]);
  expect(removed).toMatchObject({ isRemoved: true, box: null, secretNames: [] });
  await add('oPS');
});

test('a change leaves what it does not name; new secrets replace the old under the same row', async () => {
  const { pool } = database;
  const made = await add('ops');
  const renamed = await updateReceiver(pool, KEY, made.publicId, { name: 'people' }, 3_000);
  expect(renamed).toMatchObject({
    name: 'people',
    settings: { note: 'a' },
    secretNames: ['url'],
    updatedAtMs: 3_000,
  });
  expect(await readReceiverSecrets(pool, [KEY], made.publicId)).toEqual({ ok: true, value: { url: SECRET } });
  await updateReceiver(pool, KEY, made.publicId, { secrets: { url: 'https://x.example', key: 'k' } }, 3_000);
  expect(await readReceiverSecrets(pool, [KEY], made.publicId)).toMatchObject({ value: { key: 'k' } });
  expect((await readReceiver(pool, made.publicId))?.secretNames).toEqual(['key', 'url']);
  expect(await updateReceiver(pool, KEY, randomUUID(), { name: 'x' }, 3_000)).toBeNull();
});

test('A-05 three refusals in a row with 404 or 410 break it; anything between starts again', async () => {
  const { pool } = database;
  const { id, publicId } = await add('ops');
  const gone = { kind: 'refused', reason: 'it answered 404', isGone: true } as const;
  const refused = { kind: 'refused', reason: 'it answered 403', isGone: false } as const;
  const note = (sign: Parameters<typeof noteReceiver>[2]) => noteReceiver(pool, id, sign, 5_000);
  expect([
    await note(gone),
    await note(gone),
    await note(refused),
    await note(gone),
    await note(gone),
  ]).toEqual(Array(5).fill({ becameBroken: false }));
  expect(await readReceiver(pool, publicId)).toMatchObject({ health: 'unhealthy', healthSinceMs: 5_000 });
  expect(await note(gone)).toEqual({ becameBroken: true });
  // Told once.
  expect(await note(gone)).toEqual({ becameBroken: false });
  expect(await readReceiver(pool, publicId)).toMatchObject({
    health: 'broken',
    healthReason: 'it answered 404',
  });
  await updateReceiver(pool, KEY, publicId, { isEnabled: true }, 6_000);
  expect(await readReceiver(pool, publicId)).toMatchObject({ health: 'ok', healthSinceMs: null });
  expect(await note({ kind: 'disabled', reason: 'it answered 410' })).toEqual({ becameBroken: true });
  await note({ kind: 'delivered' });
  expect(await readReceiver(pool, publicId)).toMatchObject({ health: 'ok', lastDeliveredAtMs: 5_000 });
});

test('A-05 the owners are told by those marked for it, else by the one that worked last, never by one that cannot', async () => {
  const { pool } = database;
  const [first, second, third] = [await add('first'), await add('second'), await add('third')];
  const names = async (except: number | null) =>
    (await listOwnersReceivers(pool, except)).map(({ name }) => name);
  expect(await names(null)).toEqual(['first']);
  await noteReceiver(pool, third.id, { kind: 'delivered' }, 9_000);
  expect(await names(null)).toEqual(['third']);
  expect(await names(third.id)).toEqual(['first']);
  await updateReceiver(pool, KEY, first.publicId, { tellsOwners: true }, 9_000);
  await updateReceiver(pool, KEY, second.publicId, { tellsOwners: true }, 9_000);
  expect(await names(null)).toEqual(['first', 'second']);
  await noteReceiver(pool, first.id, { kind: 'disabled', reason: 'gone' }, 9_000);
  await updateReceiver(pool, KEY, second.publicId, { isEnabled: false }, 9_000);
  expect(await names(null)).toEqual(['third']);
  await removeReceiver(pool, third.publicId, 9_000);
  expect(await names(null)).toEqual([]);
});
