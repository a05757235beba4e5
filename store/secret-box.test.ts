import { expect, test } from 'vitest';
import { deriveBoxKey, openBox, sealBox } from './secret-box.ts';

const KEY = deriveBoxKey('k'.repeat(64));
const ROW = 'receivers/5f0c';
const PLAIN = '{"url":"https://hooks.example.com/services/T0/B0/secret ✓"}';

test('SEC-43 what was boxed is read back, and its bytes tell nothing', () => {
  const box = sealBox(KEY, ROW, PLAIN);
  expect(openBox([KEY], ROW, box)).toEqual({ ok: true, value: PLAIN });
  expect(box.includes('hooks.example.com')).toBe(false);
});

test('SEC-43 each box has a nonce of its own: the same text twice is two different boxes', () => {
  const nonces = new Set(Array.from({ length: 200 }, () => sealBox(KEY, ROW, PLAIN).toString('hex', 5, 17)));
  expect(nonces.size).toBe(200);
});

test('SEC-43 a box copied to another row opens nothing', () => {
  expect(openBox([KEY], 'receivers/other', sealBox(KEY, ROW, PLAIN))).toEqual({
    ok: false,
    error: 'damaged',
  });
});

test('SEC-43 any changed byte is noticed', () => {
  const box = sealBox(KEY, ROW, PLAIN);
  for (let at = 0; at < box.length; at++) {
    const changed = Buffer.from(box);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(openBox([KEY], ROW, changed).ok).toBe(false);
  }
  for (let length = 0; length < box.length; length++) {
    expect(openBox([KEY], ROW, box.subarray(0, length)).ok).toBe(false);
  }
});

test('U-05 a box under the key before is read beside the new one, and without it named as such', () => {
  const old = deriveBoxKey('o'.repeat(64));
  const box = sealBox(old, ROW, PLAIN);
  expect(openBox([KEY, old], ROW, box)).toEqual({ ok: true, value: PLAIN });
  expect(openBox([KEY], ROW, box)).toEqual({ ok: false, error: 'unknownKey' });
});
