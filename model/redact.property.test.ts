import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathShape } from './path-shape.ts';
import { PATH_MAX, redactPath, redactText, storableText } from './redact.ts';

const alphanumeric = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
const hex = [...'0123456789abcdef'];
const base64Url = [...alphanumeric, '-', '_'];

function random(alphabet: string[], minLength: number, maxLength = minLength): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
}

const card = fc
  .tuple(fc.constantFrom('4', '51', '37', '6011', '35'), random([...'0123456789'], 11))
  .map(([prefix, body]) => {
    const digits = (prefix + body).slice(0, prefix === '37' ? 14 : 15).padEnd(prefix === '37' ? 14 : 15, '7');
    return digits + luhnDigit(digits);
  });

function luhnDigit(digits: string): number {
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return (10 - (sum % 10)) % 10;
}

const jwt = fc
  .tuple(random(base64Url, 12, 40), random(base64Url, 12, 80), random(base64Url, 20, 43))
  .map(([header, payload, signature]) => `eyJ${header}.eyJ${payload}.${signature}`);
const email = fc
  .tuple(random(alphanumeric, 3, 12), random([...'abcdefgh'], 3, 9))
  .map(([local, domain]) => `${local}@${domain}.com`);

/** Secrets that are known by their form, wherever they stand. */
const formed = fc.oneof(
  card,
  jwt,
  email,
  random(alphanumeric, 36).map((body) => `ghp_${body}`),
  random([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'], 16).map((body) => `AKIA${body}`),
  random(alphanumeric, 24).map((body) => `sk_live_${body}`),
  random([...alphanumeric], 20, 40).map((body) => `xoxb-${body}`),
  random(base64Url, 36, 60).map((body) => `HRKU-${body}`),
);

/** Secrets that are known by what stands before them. */
const value = fc.tuple(random(alphanumeric, 10, 24), random(hex, 8)).map(([a, b]) => `Zq${a}7${b}`);

/** Pieces of text that come close to every rule, between which secrets are put. */
const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 30 }),
  fc.constantFrom(
    'password=',
    'token: ',
    'Cookie: ',
    '{"secret":"',
    '\\"api_key\\":\\"',
    'Bearer ',
    '://',
    '@',
    '%40',
    '…',
    '{redacted}',
    '{reda…',
    '{token}',
    '4242 4242',
    '424242424242',
    '-----BEGIN PRIVATE KEY-----',
    'eyJabcdefgh.',
    'a@b.min.js',
    'x-auth-key = ',
    "'",
    '"',
    '\n',
    ' ',
    '&',
    '?',
    '/',
    '#',
    '=',
    ';',
    '*',
  ),
);
const noisyText = fc.array(noise, { maxLength: 12 }).map((pieces) => pieces.join(''));
const pathPiece = fc.oneof(
  noise,
  fc.constantFrom('/reset/', '/api-keys/', '/a', '/17', '?a=', '&b', '/x;y=1', '/Ab3dE6gh'),
);
const noisyPath = fc.array(pathPiece, { maxLength: 20 }).map((pieces) => `/${pieces.join('')}`);
const longPath = fc
  .tuple(noisyPath, fc.nat(600), noisyPath)
  .map(([a, n, b]) => `${a}${'/ab-'.repeat(n / 4)}${b}`.slice(0, 8192));

describe('redaction', () => {
  test('SEC-44 a secret with a form of its own never survives in a text', () => {
    fc.assert(
      fc.property(noisyText, formed, noisyText, (before, secret, after) => {
        expect(redactText(`${before} ${secret} ${after}`).text).not.toContain(secret);
      }),
      { numRuns: 2000 },
    );
  });

  test('SEC-44 a named secret never survives in a text', () => {
    const named = fc.constantFrom(
      (v: string) => `password=${v}`,
      (v: string) => `{"api_key":"${v}"}`,
      (v: string) => `{\\"client_secret\\":\\"${v}\\"}`,
      (v: string) => `'token' => '${v}'`,
      (v: string) => `Authorization: Bearer ${v}`,
      (v: string) => `Authorization: Basic ${v}==`,
      (v: string) => `Cookie: sid=${v}; other=${v}`,
      (v: string) => `postgres://ada:${v}@db.example/x`,
      (v: string) => `user[password]=${v}`,
      (v: string) => `-----BEGIN EC PRIVATE KEY-----\n${v}\n-----END EC PRIVATE KEY-----`,
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'abc 12.,-\n'), maxLength: 60 }),
        named,
        value,
        fc.string(),
        (before, render, secret, after) => {
          expect(redactText(`${before} ${render(secret)}\n${after}`).text).not.toContain(secret);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('SEC-44 a secret in a path or its query survives neither in the path nor in its shape', () => {
    const placed = fc.constantFrom(
      (v: string) => `/users/reset/${v}`,
      (v: string) => `/invite/${v}/accept`,
      (v: string) => `/verify/42/${v}`,
      (v: string) => `/api-keys/${v}`,
      (v: string) => `/search?q=${v}&page=1`,
      (v: string) => `/list?page=1&token=${v}#top`,
      (v: string) => `/x;jsessionid=${v}`,
      (v: string) => `/callback#access_token=${v}`,
    );
    fc.assert(
      fc.property(placed, fc.oneof(formed, value), (render, secret) => {
        expect(redactPath(render(secret)).text).not.toContain(secret);
        expect(pathShape(render(secret))).not.toContain(secret);
      }),
      { numRuns: 2000 },
    );
  });

  test('SEC-44 redacting a text again changes nothing, and a text keeps its bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(noisyText, formed), { maxLength: 5 }),
        fc.integer({ min: 1, max: 80 }),
        (parts, bound) => {
          for (const maxLength of [bound, 10_000]) {
            const { text } = redactText(parts.join(' '), maxLength);
            expect(text.length).toBeLessThanOrEqual(maxLength);
            expect(redactText(text, maxLength)).toEqual({ text, redactions: 0 });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('SEC-44 I-35 redacting a path again changes nothing, and a path keeps its bound', () => {
    fc.assert(
      fc.property(fc.oneof(noisyPath, longPath), (path) => {
        const { text } = redactPath(path);
        expect(text.length).toBeLessThanOrEqual(PATH_MAX);
        expect(redactPath(text)).toMatchObject({ text, redactions: 0, controls: false });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(text.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000, examples: [['/password=/17&b={redacted}/']] },
    );
  });

  test('I-13 I-14 I-16 any bytes and any string become text that Postgres takes', () => {
    const source = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 200 }));
    fc.assert(
      fc.property(source, fc.nat(100), (bytes, maxLength) => {
        const { text, changed } = storableText(bytes, maxLength);
        expect(text.length).toBeLessThanOrEqual(maxLength);
        expect(text.isWellFormed()).toBe(true);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        if (typeof bytes === 'string') expect(changed).toBe(text !== bytes);
        expect(storableText(text, maxLength).changed).toBe(false);
      }),
    );
  });
});
