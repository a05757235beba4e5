import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyLines } from './key-lines.ts';
import { redactText } from './redact.ts';

const MINUTE_MS = 60_000;
const BEGIN = '-----BEGIN RSA PRIVATE KEY-----';
const END = '-----END RSA PRIVATE KEY-----';
const BASE64 = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj';

/** What is kept of lines of one writer, as redaction leaves them. */
function keep(lines: readonly string[], keys = new KeyLines(), writer = 'web.1', nowMs = 0): string[] {
  return lines.map((line) => redactText(keys.hide(writer, line, nowMs).text).text);
}

describe('SEC-44 a private key in several lines', () => {
  test.each([1024, 2048])(
    'of %i bits is hidden from its first line to its last, and nothing else is',
    (bits) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trimEnd().split('\n');
      const kept = keep(['KEY is', ...pem, 'done', BASE64]);
      expect(kept).toEqual(['KEY is', ...pem.map(() => '{privateKey}'), 'done', BASE64]);
    },
  );

  test('is hidden with its headers, indented, quoted, joined, or split amid a literal', () => {
    const lines = [
      `key: ${BEGIN}`,
      'Proc-Type: 4,ENCRYPTED',
      'DEK-Info: AES-128-CBC,5F3A',
      '',
      `    ${BASE64}`,
      `"${BASE64}",`,
      `'${BASE64}' +`,
      String.raw`${BASE64}\n${BASE64}\n`,
      `abc=${END} and more`,
      BASE64,
    ];
    expect(keep(lines)).toEqual([
      'key: {privateKey}',
      '{privateKey}',
      '{privateKey}',
      '',
      ...Array.from({ length: 4 }, () => '{privateKey}'),
      '{privateKey} and more',
      BASE64,
    ]);
  });

  test('ends at a line that is not of it, and without an END after a hundred lines or a minute', () => {
    expect(keep([BEGIN, BASE64, 'GET /cart 200', BASE64]).slice(2)).toEqual(['GET /cart 200', BASE64]);
    const long = keep([BEGIN, ...Array.from({ length: 102 }, () => BASE64)]);
    expect(long.slice(1, 101)).toEqual(Array.from({ length: 100 }, () => '{privateKey}'));
    expect(long.slice(101)).toEqual([BASE64, BASE64]);
    const keys = new KeyLines();
    keep([BEGIN], keys);
    expect(keep([BASE64], keys, 'web.1', MINUTE_MS)).toEqual(['{privateKey}']);
    expect(keep([BASE64], keys, 'web.1', 2 * MINUTE_MS + 1)).toEqual([BASE64]);
  });

  test('is of its writer alone, and one key may follow another', () => {
    const keys = new KeyLines();
    keep([BEGIN], keys);
    expect(keep([BASE64], keys, 'web.2')).toEqual([BASE64]);
    expect(keep([BASE64, `${END}${BEGIN}`, BASE64, BEGIN, BASE64, END, BASE64], keys)).toEqual([
      '{privateKey}',
      '{privateKey}{privateKey}',
      ...Array.from({ length: 4 }, () => '{privateKey}'),
      BASE64,
    ]);
  });

  test('that ends where it began, and a certificate, hide nothing behind them', () => {
    expect(keep([`${BEGIN} ${BASE64} ${END}`, BASE64])).toEqual(['{privateKey}', BASE64]);
    expect(keep(['-----BEGIN CERTIFICATE-----', BASE64])).toEqual(['-----BEGIN CERTIFICATE-----', BASE64]);
  });
});

test('SEC-38 what is remembered has a bound and is forgotten; the oldest goes first', () => {
  const keys = new KeyLines();
  for (let n = 0; n < 1_001; n++) keys.hide(`web.${n}`, BEGIN, 0);
  expect(keys.hide('web.0', BASE64, 0).text).toBe(BASE64);
  expect(keys.hide('web.1', BASE64, 0).text).toBe('{privateKey}');
  expect(keys.hide('web.1000', BASE64, 0).text).toBe('{privateKey}');
  keys.forget(MINUTE_MS);
  expect(keys.isAmidKey).toBe(true);
  keys.forget(MINUTE_MS + 1);
  expect(keys.isAmidKey).toBe(false);
});

test('SEC-38 64 KiB made to cost much cost little', () => {
  const startedMs = performance.now();
  for (const piece of ['A', '+', '\\n', '\\', '"', ' ', BEGIN, '-----BEGIN ', `${BEGIN}${END}`, END]) {
    const keys = new KeyLines();
    const run = piece.repeat(Math.ceil(65_536 / piece.length));
    keys.hide('web.1', BEGIN, 0);
    for (const text of [run, `${run}!`, ` ${run} `]) keys.hide('web.1', text, 0);
  }
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

test('SEC-44 no line of base64 between BEGIN and END is kept, whatever other writers do meanwhile', () => {
  const base64 = fc.base64String({ minLength: 4, maxLength: 76 });
  fc.assert(
    fc.property(fc.array(base64, { minLength: 1, maxLength: 90 }), fc.array(fc.string()), (key, others) => {
      const keys = new KeyLines();
      for (const [at, line] of [BEGIN, ...key, END].entries()) {
        expect(keep([line], keys)).toEqual(['{privateKey}']);
        const other = others[at];
        if (other !== undefined) keys.hide('web.2', other, 0);
      }
      expect(keys.isAmidKey).toBe(false);
    }),
    { numRuns: 100 },
  );
});
