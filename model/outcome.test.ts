import { expect, test } from 'vitest';
import { HEROKU_CODES } from './codes.ts';
import { countedCodes, countsForLatency, latencyMsOf, OUTCOMES, outcomeOf } from './outcome.ts';

const H = 72;
const NO = -1;

function outcome(code: string, status: number, at = 'info'): string {
  const family = code === '' ? NO : code.charCodeAt(0);
  return OUTCOMES[outcomeOf(family, code === '' ? NO : Number(code.slice(1)), at === 'error', status)] ?? '';
}

test('without a code the status decides: 5xx bad, 499 and none left out, the rest good', () => {
  const seen = [101, 200, 304, 404, 429, 498, 499, 500, 503, 599, NO].map((status) => outcome('', status));
  expect(seen).toEqual([...Array(6).fill('good'), 'excluded', ...Array(3).fill('bad'), 'excluded']);
});

test('a counted code is bad whatever the status: H18 with the 200 already sent, H24 without one', () => {
  for (const status of [200, 304, 503, NO]) expect(outcome('H18', status)).toBe('bad');
  expect(outcome('H24', NO)).toBe('bad');
});

test('a code that is not counted leaves the total, except when the status is 2xx or 3xx', () => {
  expect(['H27', 'H28', 'H31', 'H32', 'H33', 'H80', 'H81'].map((code) => outcome(code, 499))).toEqual(
    Array(7).fill('excluded'),
  );
  expect([outcome('H16', 301), outcome('H27', 200), outcome('H80', 503), outcome('H33', NO)]).toEqual([
    'good',
    'good',
    'excluded',
    'excluded',
  ]);
});

test('I-36 an unknown code is bad with at=error or 5xx, otherwise it is treated as one that is not counted', () => {
  expect([
    outcome('H35', 404, 'error'),
    outcome('H35', 503),
    outcome('H35', 404),
    outcome('H35', 200),
  ]).toEqual(['bad', 'bad', 'excluded', 'good']);
  expect([
    outcome('A10', 503),
    outcome('R14', 200),
    outcome('H100', 404, 'error'),
    outcome('H35', NO),
  ]).toEqual(['bad', 'good', 'bad', 'excluded']);
});

test('the default of every H code is the one of the table', () => {
  for (const entry of HEROKU_CODES.filter(({ code }) => code.startsWith('H'))) {
    expect([entry.code, outcome(entry.code, 503)]).toEqual([
      entry.code,
      entry.defaultCounted ? 'bad' : 'excluded',
    ]);
  }
});

test('an SLO may change configurable codes and no others', () => {
  const counted = countedCodes(
    new Map([
      ['H80', true],
      ['H14', false],
      ['H12', false],
      ['H27', true],
    ]),
  );
  const seen = [80, 14, 12, 27].map((number) => OUTCOMES[outcomeOf(H, number, false, 503, counted)]);
  expect(seen).toEqual(['bad', 'excluded', 'bad', 'excluded']);
});

test('latency leaves out 101, H27, H28, H80 to H83 and lines without service', () => {
  expect(countsForLatency(NO, NO, 200, 0)).toBe(true);
  expect(countsForLatency(NO, NO, 101, 9_498)).toBe(false);
  expect(countsForLatency(NO, NO, 200, NO)).toBe(false);
  for (const number of [27, 28, 80, 81, 82, 83]) expect(countsForLatency(H, number, 503, 5)).toBe(false);
  for (const number of [13, 18, 15, 35, 100]) expect(countsForLatency(H, number, 503, 5)).toBe(true);
});

test('H12 counts as 30 seconds at least, also when its line has no service', () => {
  expect(countsForLatency(H, 12, 503, NO)).toBe(true);
  expect(latencyMsOf(H, 12, 503, NO, NO)).toBe(30_000);
  expect(latencyMsOf(H, 12, 503, 6, 30_001)).toBe(30_007);
  expect(latencyMsOf(H, 12, 503, 0, 5)).toBe(30_000);
});

test('latency is connect plus service; -1 for what does not belong into it', () => {
  expect(latencyMsOf(NO, NO, 200, 7_001, 459)).toBe(7_460);
  expect(latencyMsOf(NO, NO, 200, NO, 3)).toBe(3);
  expect(latencyMsOf(NO, NO, 200, 5, NO)).toBe(-1);
  expect(latencyMsOf(NO, NO, 101, 5, 9)).toBe(-1);
});
