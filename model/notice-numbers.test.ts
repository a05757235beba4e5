import { expect, it } from 'vitest';
import {
  sayCount,
  sayInstant,
  sayNumber,
  sayShare,
  saySpan,
  sayTarget,
  sayValue,
  sayWindow,
} from './notice-numbers.ts';
import { DAY, HOUR, MINUTE } from './time.ts';

it('counts are grouped, numbers have about three digits', () => {
  expect([0, 999, 1204, 1_234_567].map(sayCount)).toEqual(['0', '999', '1,204', '1,234,567']);
  expect([0, 0.0341, 3.419, 341.9, 12_431.2].map(sayNumber)).toEqual(['0', '0.034', '3.42', '342', '12,431']);
});

it('shares never become 0 or 100 % by rounding', () => {
  expect([0, 0.00001, 0.0002, 0.0231, 0.5, 0.99999, 1].map(sayShare)).toEqual([
    '0 %',
    'under 0.01 %',
    '0.02 %',
    '2.3 %',
    '50 %',
    '99.99 %',
    '100 %',
  ]);
});

it('targets are exact', () => {
  expect(['0.999', '0.9995', '0.99999', '0.95', '0.9', '.5', '0.10'].map(sayTarget)).toEqual([
    '99.9 %',
    '99.95 %',
    '99.999 %',
    '95 %',
    '90 %',
    '50 %',
    '10 %',
  ]);
  expect(sayTarget('all')).toBe('all');
});

it('spans, windows and instants are as people say them', () => {
  expect([4_000, 12 * MINUTE, 3.5 * HOUR, 30 * HOUR, 3 * DAY].map(saySpan)).toEqual([
    '4 s',
    '12 min',
    '3.5 h',
    '30 h',
    '3 days',
  ]);
  expect([1, 5, 60, 360, 1440, 4320].map(sayWindow)).toEqual([
    'minute',
    '5 min',
    'hour',
    '6 h',
    '24 h',
    '3 days',
  ]);
  const now = Date.UTC(2026, 10, 20, 10, 42);
  expect([now, now - DAY, now - 400 * DAY].map((ms) => sayInstant(ms, now))).toEqual([
    '10:42 UTC',
    '19 Nov 10:42 UTC',
    '16 Oct 2025 10:42 UTC',
  ]);
});

it('values carry their unit', () => {
  expect(sayValue(2_900, 'ms')).toBe('2.9 s');
  expect(sayValue(310, 'ms')).toBe('310 ms');
  expect(sayValue(97.6563, '%')).toBe('98 %');
  expect(sayValue(0.5, 'fraction')).toBe('50 %');
  expect(sayValue(34, 'per min')).toBe('34 a minute');
  expect(sayValue(512 * 1024 * 1024, 'bytes')).toBe('512 MB');
  expect(sayValue(14, 'MB/h')).toBe('14 MB/h');
  expect(sayValue(7, '')).toBe('7');
});
