import { expect, test } from 'vitest';
import { explainFaults, findBaseUrl, readConfig } from './env.ts';
import { SETTINGS } from './settings.ts';

test('an empty environment gives the defaults', () => {
  const read = readConfig({ PORT: '' });
  expect(read).toMatchObject({
    ok: true,
    value: {
      port: 5000,
      roles: 'all',
      worker: 'in-web',
      keep10sMs: 48 * 3_600_000,
      keep1hMs: 396 * 86_400_000,
      heldBytes: 64 * 1024 * 1024,
      maxBodyBytes: 1024 * 1024,
      maxMessages: 10_000,
      frameMemoryMs: 6 * 3_600_000,
      storeClientAddresses: false,
      onHeroku: false,
      databaseUrl: undefined,
    },
  });
});

test('U-07 all faults are reported together, each with what to do', () => {
  const read = readConfig(
    {
      PORT: 'eighty',
      DRAINBOARD_ROLES: 'both',
      DRAINBOARD_KEEP_10S_HOURS: '0',
      REDIS_URL: 'http://x',
      DRAINBOARD_ROLE: 'all',
    },
    ['databaseUrl', 'secret'],
  );
  if (read.ok) throw new Error('it should have failed');
  expect(read.error.map((fault) => fault.name).sort()).toEqual([
    'DATABASE_URL',
    'DRAINBOARD_KEEP_10S_HOURS',
    'DRAINBOARD_ROLE',
    'DRAINBOARD_ROLES',
    'DRAINBOARD_SECRET',
    'PORT',
    'REDIS_URL',
  ]);
  const text = explainFaults(read.error);
  expect(text).toContain('7 settings are at fault');
  expect(text).toContain('DRAINBOARD_ROLE is not a setting of Drainboard: did you mean DRAINBOARD_ROLES?');
  expect(text).toContain('PORT is not a whole number in its range: give a number from 0 to 65535');
});

test('R-17 no fault repeats the value of any setting', () => {
  const marker = 'hunter2\u0000hunter2';
  const env = Object.fromEntries(Object.values(SETTINGS).map((setting) => [setting.name, marker]));
  const read = readConfig({ ...env, DRAINBOARD_NEW: marker });
  if (read.ok) throw new Error('it should have failed');
  expect(read.error.length).toBeGreaterThan(20);
  expect(explainFaults(read.error)).not.toContain('hunter2');
});

test.each([
  [{ OIDC_ISSUER: 'https://id.example.com' }, ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET']],
  [{ SMTP_URL: 'smtps://mail.example.com' }, ['SMTP_FROM']],
])('settings that belong together are set together: %j', (env, missing) => {
  const read = readConfig(env);
  expect(read.ok ? [] : read.error.map((fault) => fault.name)).toEqual(missing);
});

test.each([
  ['https://drains.example.com/', 'https://drains.example.com'],
  ['http://localhost:5000', 'http://localhost:5000'],
  ['https://example.com/drainboard', undefined],
  ['https://me:secret@example.com', undefined],
  ['drains.example.com', undefined],
])('the base URL %s is read as %s', (text, expected) => {
  const read = readConfig({ DRAINBOARD_BASE_URL: text });
  expect(read.ok ? read.value.baseUrl : undefined).toBe(expected);
});

test('the public address is what was set, else the Heroku domain, else this machine', () => {
  expect(findBaseUrl({ baseUrl: 'https://a.example.com', herokuDomain: 'b.herokuapp.com' }, 1)).toBe(
    'https://a.example.com',
  );
  expect(findBaseUrl({ baseUrl: undefined, herokuDomain: 'b.herokuapp.com' }, 1)).toBe(
    'https://b.herokuapp.com',
  );
  expect(findBaseUrl({ baseUrl: undefined, herokuDomain: undefined }, 81)).toBe('http://localhost:81');
});

test('every setting has a name of its own and a sentence', () => {
  const settings = Object.values(SETTINGS);
  expect(new Set(settings.map((setting) => setting.name)).size).toBe(settings.length);
  for (const setting of settings) expect(setting.description).toMatch(/^[A-Z].{15,}\.$/);
});
