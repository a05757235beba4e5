import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyedHash } from '../model/secret.ts';
import { DAY, HOUR } from '../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import {
  createApp,
  listApps,
  listDrainCredentials,
  ROTATION_OVERLAP_MS,
  readApp,
  removeApp,
  rotateSecret,
  updateApp,
} from './apps.ts';
import { withTransaction } from './pool.ts';

const KEY = 'a key of this test';
const NOW = Date.UTC(2026, 10, 20, 10);
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

function rotate(input: Parameters<typeof rotateSecret>[1]) {
  return withTransaction(database.pool, (tx) => rotateSecret(tx, input));
}

async function liveSecrets(appId: number, nowMs: number) {
  return (await listDrainCredentials(database.pool, nowMs)).filter((row) => row.appId === appId);
}

test('SEC-01 a new app has one secret of 160 bits or more, of which only the keyed hash is stored', async () => {
  const { app, secret } = await createApp(database.pool, {
    name: 'shop',
    key: KEY,
    nowMs: NOW,
    historyMs: 2 * HOUR,
  });
  expect(secret).toMatch(/^[A-Za-z0-9_]{28,}$/);
  expect(app).toMatchObject({ name: 'shop', createdAtMs: NOW, historyOpenUntilMs: NOW + 2 * HOUR });
  const [credential] = await liveSecrets(app.id, NOW);
  expect(credential).toMatchObject({
    appName: 'shop',
    revokedAtMs: null,
    strictTokens: false,
    customMetrics: true,
  });
  expect(credential?.secretHash.equals(keyedHash(KEY, 'drain', secret))).toBe(true);
  const { rows } = await database.pool.query('SELECT * FROM drain_secrets');
  expect(JSON.stringify(rows)).not.toContain(secret);
});

test('a name that is taken, malformed or our own is refused with a reason', async () => {
  const attempt = (name: string, ownAppName?: string) =>
    createApp(database.pool, { name, key: KEY, nowMs: NOW, ownAppName });
  await attempt('taken-name');
  await expect(attempt('taken-name')).rejects.toMatchObject({ fault: 'nameTaken' });
  for (const name of [
    '',
    'Shop',
    'a b',
    '-a',
    'a-',
    'a'.repeat(64),
    '__proto__',
    'a/b',
    'å',
    '=cmd()',
    'x\u0000',
  ]) {
    await expect(attempt(name), name).rejects.toMatchObject({ fault: 'badName' });
  }
  await expect(attempt('drainboard-prod', 'drainboard-prod'), 'S-21').rejects.toMatchObject({
    fault: 'ownName',
  });
  await attempt('constructor');
  expect(await readApp(database.pool, 'constructor')).toMatchObject({ name: 'constructor' });
});

test('SEC-03 a rotation leaves the old secret valid for a day, and never more than two alive', async () => {
  const { app, secret } = await createApp(database.pool, { name: 'rotating', key: KEY, nowMs: NOW });
  const first = await rotate({ appId: app.id, key: KEY, nowMs: NOW + 1 });
  expect(first?.oldValidUntilMs).toBe(NOW + 1 + ROTATION_OVERLAP_MS);
  const two = await liveSecrets(app.id, NOW + 1);
  expect(two.map((row) => row.revokedAtMs)).toEqual([NOW + 1 + DAY, null]);
  expect(two[0]?.secretHash.equals(keyedHash(KEY, 'drain', secret))).toBe(true);
  await rotate({ appId: app.id, key: KEY, nowMs: NOW + 2 });
  const again = await liveSecrets(app.id, NOW + 2);
  expect(again.map((row) => row.revokedAtMs)).toEqual([NOW + 2 + DAY, null]);
  expect(await liveSecrets(app.id, NOW + 3 * DAY)).toHaveLength(1);
  await rotate({ appId: app.id, key: KEY, nowMs: NOW + 3, atOnce: true });
  expect(await liveSecrets(app.id, NOW + 3)).toHaveLength(1);
});

test('SEC-03 rotations that arrive at once still leave at most two secrets', async () => {
  const { app } = await createApp(database.pool, { name: 'hasty', key: KEY, nowMs: NOW });
  await Promise.all(Array.from({ length: 5 }, (_, n) => rotate({ appId: app.id, key: KEY, nowMs: NOW + n })));
  expect((await liveSecrets(app.id, NOW + 10)).length).toBeLessThanOrEqual(2);
});

test('a removed app takes nothing in any more, and its name is free again', async () => {
  const { app } = await createApp(database.pool, { name: 'leaving', key: KEY, nowMs: NOW });
  expect(await removeApp(database.pool, app.id, NOW + 1)).toBe(true);
  expect(await removeApp(database.pool, app.id, NOW + 1)).toBe(false);
  expect(await readApp(database.pool, 'leaving')).toBeNull();
  expect(await liveSecrets(app.id, NOW + 1)).toEqual([]);
  expect((await listApps(database.pool)).map((row) => row.name)).not.toContain('leaving');
  expect(await rotate({ appId: app.id, key: KEY, nowMs: NOW })).toBeNull();
  const again = await createApp(database.pool, { name: 'leaving', key: KEY, nowMs: NOW + 2 });
  expect(again.app.id).not.toBe(app.id);
});

test('settings of an app change one by one', async () => {
  const { app } = await createApp(database.pool, { name: 'tuned', key: KEY, nowMs: NOW });
  expect(await updateApp(database.pool, app.id, { strictTokens: true })).toMatchObject({
    strictTokens: true,
    customMetrics: true,
  });
  expect(await updateApp(database.pool, app.id, { customMetrics: false })).toMatchObject({
    strictTokens: true,
    customMetrics: false,
  });
});
