import { expect, test } from 'vitest';
import { instantOf, isZoneKnown, parseLocalDay, parseLocalTime, wallClockAt, weekdayOf } from './zone.ts';

const iso = (text: string) => new Date(`${text}Z`).getTime();
const show = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', '');

test.each([
  ['Europe/Berlin', '2026-01-15T12:00', '2026-01-15T11:00:00'],
  ['Europe/Berlin', '2026-07-15T12:00', '2026-07-15T10:00:00'],
  ['Asia/Kolkata', '2026-07-15T12:00', '2026-07-15T06:30:00'],
  ['Pacific/Kiritimati', '2026-07-15T12:00', '2026-07-14T22:00:00'],
  ['UTC', '2024-02-29T23:59', '2024-02-29T23:59:00'],
])('a clock in %s that shows %s does so at %s UTC', (zone, local, utc) => {
  expect(show(instantOf(iso(local), zone))).toBe(utc);
  expect(wallClockAt(iso(utc), zone)).toBe(iso(local));
});

test.each([
  ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:00:00'],
  ['Europe/Berlin', '2026-03-29T02:00', '2026-03-29T01:00:00'],
  ['America/New_York', '2026-03-08T02:59', '2026-03-08T07:00:00'],
  // Half an hour only.
  ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-03T15:30:00'],
  // Over midnight.
  ['America/Santiago', '2026-09-06T00:30', '2026-09-06T04:00:00'],
  // A whole day, when Samoa changed sides of the date line.
  ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00:00'],
])('T-09 in %s the skipped %s is the next instant there is, %s UTC', (zone, local, utc) => {
  expect(show(instantOf(iso(local), zone))).toBe(utc);
});

test.each([
  ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00'],
  ['America/New_York', '2026-11-01T01:15', '2026-11-01T05:15:00'],
  ['Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45:00'],
  ['America/Santiago', '2026-04-04T23:30', '2026-04-05T02:30:00'],
])('T-10 in %s the repeated %s is the first of the two, %s UTC', (zone, local, utc) => {
  expect(show(instantOf(iso(local), zone))).toBe(utc);
});

test('T-11 the zone of the process has no part in it', () => {
  const before = process.env.TZ;
  const at = iso('2026-03-29T02:30');
  const seen = ['UTC', 'Pacific/Chatham', 'America/St_Johns', 'Asia/Kathmandu'].map((zone) => {
    process.env.TZ = zone;
    return [instantOf(at, 'Europe/Berlin'), wallClockAt(at, 'Australia/Lord_Howe'), new Date(at).getHours()];
  });
  process.env.TZ = before;
  expect(new Set(seen.map(([instant]) => instant)).size).toBe(1);
  expect(new Set(seen.map(([, wall]) => wall)).size).toBe(1);
  // The process really was elsewhere.
  expect(new Set(seen.map(([, , hours]) => hours)).size).toBeGreaterThan(2);
});

test('days and times are read to the letter', () => {
  expect(parseLocalTime('09:30')).toBe(570);
  expect(['24:00', '9:30', '09:60', '0930', ''].map(parseLocalTime)).toEqual(Array(5).fill(null));
  expect(parseLocalDay('1970-01-02')).toBe(1);
  expect(parseLocalDay('2024-02-29')).toBe(iso('2024-02-29T00:00') / 86_400_000);
  expect(['2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', 'today'].map(parseLocalDay)).toEqual(
    Array(5).fill(null),
  );
  // A Sunday, and one long ago.
  expect(
    [parseLocalDay('2026-11-22'), parseLocalDay('1969-12-28')].map((day) => weekdayOf(day ?? 1)),
  ).toEqual([0, 0]);
  expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', '', '../etc/passwd'].map(isZoneKnown)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
