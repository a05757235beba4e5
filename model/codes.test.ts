import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codeOf, HEROKU_CODES, isKnownCode } from './codes.ts';

interface Listed {
  code: string;
  title: string;
  meaning: string;
  counts_against_availability: boolean | 'configurable';
  default_counted: boolean;
  severity: string;
  cause: string;
  reason: string;
  first_check: string;
  typical_status: number | null;
  log_level: string | null;
  lifecycle: string;
  scope: string;
  emitter: string;
  note?: string;
}

const listed = JSON.parse(
  readFileSync(new URL('../test/fixtures/error-codes.json', import.meta.url), 'utf8'),
) as { codes: Listed[] };

test('I-36 the table has every documented H, R and L code, word for word', () => {
  const expected = listed.codes.map((entry) => ({
    code: entry.code,
    title: entry.title,
    meaning: entry.meaning,
    counts:
      entry.counts_against_availability === 'configurable'
        ? 'configurable'
        : entry.counts_against_availability
          ? 'yes'
          : 'no',
    defaultCounted: entry.default_counted,
    severity: entry.severity,
    cause: entry.cause,
    reason: entry.reason,
    firstCheck: entry.first_check,
    typicalStatus: entry.typical_status,
    logLevel: entry.log_level,
    lifecycle: entry.lifecycle,
    scope: entry.scope,
    emitter: entry.emitter,
    ...(entry.note === undefined ? {} : { note: entry.note }),
  }));
  expect(HEROKU_CODES).toStrictEqual(expected);
});

test('codes are found by name and by family and number', () => {
  expect(codeOf('H12')?.title).toBe('Request timeout');
  expect(codeOf('H35')).toBeUndefined();
  expect(codeOf('__proto__')).toBeUndefined();
  for (const { code } of HEROKU_CODES) {
    expect(isKnownCode(code.charCodeAt(0), Number(code.slice(1)))).toBe(true);
  }
  for (const [family, number] of [
    [72, 35],
    [72, 100],
    [72, -1],
    [65, 10],
    [95, 0],
    [-1, -1],
  ] as const) {
    expect(isKnownCode(family, number)).toBe(false);
  }
});
