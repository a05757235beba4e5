import { expect, test } from 'vitest';
import { excerpt, hideSecrets } from './excerpt.ts';

const SECRETS = {
  url: 'https://hooks.example.com/services/T00000000/B00000000/Xk29fjQp?code=s%20ecretcode',
  key: 'R0ut1ngK3yR0ut1ngK3yR0ut1ngK3y00',
  short: 'ok',
};

test.each([
  SECRETS.url,
  '/services/T00000000/B00000000/Xk29fjQp?code=s%20ecretcode',
  'T00000000',
  'Xk29fjQp',
  's ecretcode',
  's%20ecretcode',
  encodeURIComponent('/services/T00000000/B00000000/Xk29fjQp'),
  SECRETS.key,
])('R-17 %s is in no text that is kept', (spelling) => {
  const text = `could not find ${spelling} here`;
  expect(hideSecrets(text, SECRETS)).not.toContain(spelling);
  expect(excerpt(Buffer.from(text), SECRETS)).not.toContain(spelling);
});

test('words that happen to be a very short secret stay', () => {
  expect(hideSecrets('ok', SECRETS)).toBe('ok');
});

test('an answer is cut at 2 KiB, bytes that are no text are shown as such, none is none', () => {
  expect(excerpt(Buffer.from('word '.repeat(5_000)), SECRETS)).toHaveLength(2_048);
  expect(excerpt(Buffer.from([0xff, 0xfe, 0x00, 0x41]), SECRETS)).toContain('A');
  expect(excerpt(Buffer.from([0xff, 0x00]), SECRETS)).not.toContain('\0');
  expect(excerpt(Buffer.alloc(0), SECRETS)).toBeNull();
  expect(excerpt(null, SECRETS)).toBeNull();
});

test('R-17 a secret that crosses the cut is taken out whole', () => {
  const body = Buffer.from(`${'x '.repeat(1_020)}${SECRETS.key}`);
  expect(excerpt(body, SECRETS)).not.toContain('R0ut');
});

test('a secret that cannot be encoded or decoded is hidden too, and fails nothing', () => {
  const odd = { half: '\ud800half-of-a-pair', url: 'https://user:%zz-password@example.com/hook' };
  expect(hideSecrets(`${odd.half} and %zz-password`, odd)).not.toMatch(/half-of|zz-password/);
});
