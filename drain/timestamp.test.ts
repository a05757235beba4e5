import { expect, test } from 'vitest';
import { isoTextOf, judgeTime, readTimestamp } from './timestamp.ts';

function ms(text: string): number {
  const buf = Buffer.from(text);
  return readTimestamp(buf, 0, buf.length);
}
function iso(text: string): string {
  const buf = Buffer.from(text);
  return isoTextOf(buf, 0, buf.length);
}

test('microseconds are kept as the fraction of the milliseconds', () => {
  expect(ms('2018-03-02T23:22:34.901697+00:00')).toBe(Date.UTC(2018, 2, 2, 23, 22, 34) + 901.697);
});

for (const [text, at] of [
  ['2016-10-11T09:44:49+00:00', Date.UTC(2016, 9, 11, 9, 44, 49)],
  ['2023-02-14T22:40:09.68909+00:00', Date.UTC(2023, 1, 14, 22, 40, 9) + 689.09],
  ['2026-03-02T09:00:00.1Z', Date.UTC(2026, 2, 2, 9) + 100],
  ['2026-03-02T09:00:00.12Z', Date.UTC(2026, 2, 2, 9) + 120],
  ['2026-03-02T09:00:00.123Z', Date.UTC(2026, 2, 2, 9) + 123],
  ['2026-03-02t09:00:00z', Date.UTC(2026, 2, 2, 9)],
  ['2010-10-06T21:51:12-07:00', Date.UTC(2010, 9, 7, 4, 51, 12)],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
  ['1969-12-31T23:59:59Z', -1_000],
  ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
] as const) {
  test(`reads ${text}`, () => expect(ms(text)).toBe(at));
}

test('I-25 an offset of +14:00 and nine decimals are read, microseconds kept', () => {
  expect(ms('2026-03-02T09:00:00+14:00')).toBe(Date.UTC(2026, 2, 1, 19));
  expect(ms('2026-03-02T09:00:00.123456789Z')).toBe(Date.UTC(2026, 2, 2, 9) + 123.456);
  expect(iso('2026-03-02T09:00:00.123456789+14:00')).toBe('2026-03-01T19:00:00.123456789Z');
});

test('T-08 I-25 second 60 is counted in second 59', () => {
  expect(ms('2016-12-31T23:59:60.25Z')).toBe(Date.UTC(2016, 11, 31, 23, 59, 59) + 250);
  expect(iso('2016-12-31T23:59:60.25Z')).toBe('2016-12-31T23:59:59.25Z');
});

for (const text of [
  '-',
  '',
  'aaaa',
  '0000-01-01T00:00:00Z',
  '294277-01-01T00:00:00Z',
  '2026-13-45T99:99:99+00:00',
  '2026-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-03-02T24:00:00Z',
  '2026-03-02T09:60:00Z',
  '2026-03-02T09:00:61Z',
  '2026-03-02 09:00:00Z',
  '2026-03-02T09:00:00',
  '2026-03-02T09:00:00.Z',
  '2026-03-02T09:00:00+0000',
  '2026-03-02T09:00:00+24:00',
  '2026-03-02T09:00:00+00:60',
  '2026-03-02T09:00:00Zx',
  '2026-03-02T09:00Z',
  '2026-03-02T09:00:0Z0000',
  '+026-03-02T09:00:00Z',
  '2026/03/02T09:00:00Z',
  '2026-03-02T09-00:00Z',
  '2026-03-02T09:00-00Z',
  '2026-03-02T09:00:00,5Z',
  '٢٠٢٦-03-02T09:00:00Z',
]) {
  test(`I-24 ${JSON.stringify(text)} is no time`, () => {
    expect(ms(text)).toBeNaN();
    expect(iso(text)).toBe('');
  });
}

test('an unreadable time does not disturb a readable one of the same minute', () => {
  expect(ms('2026-03-02T09:00:00Z')).toBe(Date.UTC(2026, 2, 2, 9));
  expect(ms('2026-03-02T09:0x:00Z')).toBeNaN();
  expect(ms('2026-03-02T09:0x:01Z')).toBeNaN();
  expect(ms('2026-03-02T09:00:01Z')).toBe(Date.UTC(2026, 2, 2, 9, 0, 1));
});

test('T-11 every day of four centuries agrees with the calendar of the machine', () => {
  for (let at = Date.UTC(1900, 0, 1); at < Date.UTC(2300, 0, 1); at += 86_400_000) {
    const text = new Date(at).toISOString();
    if (ms(text) !== at) expect(ms(text)).toBe(at);
  }
});

test('the text form is UTC with the decimals given', () => {
  expect(iso('2010-10-06T21:51:12-07:00')).toBe('2010-10-07T04:51:12Z');
  expect(iso('2021-09-21T19:54:23.000000+00:00')).toBe('2021-09-21T19:54:23.000000Z');
});

test('T-01 T-02 T-03 a line is filed under its own time from 1 h before its arrival to 5 min after it', () => {
  const arrival = Date.UTC(2026, 2, 2, 9);
  expect(judgeTime(arrival, arrival)).toBe('line');
  expect(judgeTime(arrival + 300_000, arrival)).toBe('line');
  expect(judgeTime(arrival + 300_000.001, arrival)).toBe('futureTime');
  expect(judgeTime(arrival - 3_600_000, arrival)).toBe('line');
  expect(judgeTime(arrival - 3_600_001, arrival)).toBe('lateTime');
  expect(judgeTime(Number.NaN, arrival)).toBe('badTime');
});
