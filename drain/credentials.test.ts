import { expect, test } from 'vitest';
import { keyedHash } from '../model/secret.ts';
import { MINUTE } from '../model/time.ts';
import type { DrainCredential } from '../store/apps.ts';
import { Credentials, parseBasic } from './credentials.ts';

const KEY = 'k'.repeat(40);

function credential(appName: string, secret: string, revokedAtMs: number | null = null): DrainCredential {
  return {
    appId: appName.length,
    appName,
    secretHash: keyedHash(KEY, 'drain', secret),
    revokedAtMs,
    strictTokens: false,
    historyOpenUntilMs: 0,
    customMetrics: true,
    keepLogsHours: null,
  };
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A list, a database that can be away, and a clock in the test's hand. */
function rig(list: DrainCredential[] = [credential('shop', 's3cret')]) {
  const state = { list, isAway: false, nowMs: 1_000_000, monotonicMs: 5_000, readings: 0 };
  const credentials = new Credentials({
    key: KEY,
    clock: { nowMs: () => state.nowMs, monotonicMs: () => state.monotonicMs },
    load: async () => {
      state.readings++;
      if (state.isAway) throw new Error('the database is away');
      return state.list;
    },
  });
  return { state, credentials };
}

const GOOD = basic('shop', 's3cret');

test('S-24 with Postgres away the list in memory is good for 15 minutes, then the answer is neither yes nor no', async () => {
  const { state, credentials } = rig();
  expect(credentials.believedForMs).toBe(0);
  await credentials.refresh();
  state.isAway = true;
  state.monotonicMs += 5 * MINUTE;
  expect(credentials.believedForMs).toBe(10 * MINUTE);
  state.monotonicMs += 10 * MINUTE;
  expect(await credentials.check(GOOD, null)).toMatchObject({ kind: 'accepted' });
  expect(state.readings).toBe(1);
  state.monotonicMs += 1;
  expect(credentials.believedForMs).toBe(0);
  expect(await credentials.check(GOOD, null)).toEqual({ kind: 'unchecked' });
  state.isAway = false;
  expect(await credentials.check(GOOD, null)).toMatchObject({ kind: 'accepted' });
});

test('S-24 a secret that the list does not know is never refused while Postgres is away', async () => {
  const { state, credentials } = rig();
  await credentials.refresh();
  state.isAway = true;
  for (const passedMs of [0, 1, 249, 251, 9_000, 60_000]) {
    state.monotonicMs += passedMs;
    expect(await credentials.check(basic('shop', 'new'), null)).toEqual({ kind: 'unchecked' });
    expect(await credentials.check(basic('other', 'x'), null)).toEqual({ kind: 'unchecked' });
    expect(await credentials.check(GOOD, null)).toMatchObject({ kind: 'accepted' });
  }
});

test('S-24 before the first reading nobody is refused', async () => {
  const { state, credentials } = rig();
  state.isAway = true;
  expect(credentials.checkNow(GOOD, null)).toBeUndefined();
  expect(await credentials.check(GOOD, null)).toEqual({ kind: 'unchecked' });
});

test('credentials that can be no credentials are refused without asking anybody', async () => {
  const { state, credentials } = rig();
  await credentials.refresh();
  state.isAway = true;
  expect(await credentials.check(undefined, null)).toMatchObject({
    kind: 'refused',
    reason: 'noCredentials',
  });
  expect(await credentials.check('Basic !', null)).toMatchObject({
    kind: 'refused',
    reason: 'badCredentials',
  });
  expect(state.readings).toBe(1);
});

test('a secret made a moment after a reading is accepted, not refused from that reading', async () => {
  const { state, credentials } = rig();
  await credentials.refresh();
  state.monotonicMs += 10;
  state.list = [...state.list, credential('fresh', 'new')];
  expect(await credentials.check(basic('fresh', 'new'), null)).toMatchObject({ kind: 'accepted' });
});

test('S-23 a thousand unknown senders at once cost one reading', async () => {
  const { state, credentials } = rig();
  await credentials.refresh();
  state.monotonicMs += 300;
  const verdicts = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => credentials.check(basic(`unknown-${i}`, 'x'), null)),
  );
  expect(new Set(verdicts.map((verdict) => verdict.kind))).toEqual(new Set(['refused']));
  expect(state.readings).toBe(2);
});

test('SEC-03 two secrets are live at once; one that was revoked is refused from its very instant', async () => {
  const { state, credentials } = rig([credential('shop', 'old', 1_000_500), credential('shop', 'new')]);
  await credentials.refresh();
  expect(await credentials.check(basic('shop', 'old'), null)).toMatchObject({ kind: 'accepted' });
  expect(await credentials.check(basic('shop', 'new'), null)).toMatchObject({ kind: 'accepted' });
  state.nowMs = 1_000_500;
  expect(credentials.checkNow(basic('shop', 'old'), null)).toBeUndefined();
  expect(await credentials.check(basic('shop', 'old'), null)).toMatchObject({
    kind: 'refused',
    reason: 'wrongSecret',
  });
  expect(await credentials.check(basic('shop', 'new'), null)).toMatchObject({ kind: 'accepted' });
});

test('an app that was removed is refused, although its header was accepted a moment before', async () => {
  const { state, credentials } = rig();
  expect(await credentials.check(GOOD, null)).toMatchObject({ kind: 'accepted' });
  state.list = [];
  await credentials.refresh();
  expect(await credentials.check(GOOD, null)).toMatchObject({ kind: 'refused', reason: 'unknownUser' });
});

test('the secret alone is enough where the path names the app, and nowhere else', async () => {
  const { credentials } = rig();
  const alone = basic('s3cret', '');
  expect(await credentials.check(alone, 'shop')).toMatchObject({ kind: 'accepted' });
  expect(await credentials.check(alone, null)).toMatchObject({ kind: 'refused' });
  expect(await credentials.check(alone, 'other')).toMatchObject({ kind: 'refused' });
  expect(await credentials.check(GOOD, 'shop')).toMatchObject({ kind: 'accepted' });
  // Remembered for the right path, refused for a wrong one.
  expect(await credentials.check(GOOD, 'other')).toMatchObject({ kind: 'refused' });
});

test('I-40 I-41 what Basic may hold', () => {
  const of = (text: string | Uint8Array): string => `Basic ${Buffer.from(text as string).toString('base64')}`;
  expect(parseBasic(of('a:b:c'))).toEqual({ user: 'a', password: 'b:c' });
  expect(parseBasic(of(':'))).toEqual({ user: '', password: '' });
  expect(parseBasic(of('é:ü'))).toEqual({ user: 'é', password: 'ü' });
  expect(parseBasic(of('__proto__:x'))).toEqual({ user: '__proto__', password: 'x' });
  expect(parseBasic(`bASIC   ${Buffer.from('a:b').toString('base64url')}  `)).toEqual({
    user: 'a',
    password: 'b',
  });
  for (const bad of [
    '',
    'Basic',
    'Basic ',
    'Basic a b',
    'Bearer YTpi',
    of('nocolon'),
    of('a\n:b'),
    of(Buffer.from([0xff, 0x3a])),
  ]) {
    expect(parseBasic(bad), bad).toBeNull();
  }
  expect(parseBasic(of(`a:${'x'.repeat(10_240)}`))).toBeNull();
});
