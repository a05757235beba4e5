import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fieldOfMs, minutesText, msOfField, parseMinutes } from './localTime.ts';

it('an instant survives the way through its field, in UTC and in the browser’s zone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 946_684_800, max: 4_102_444_800 }), (seconds) => {
      const ms = Math.floor(seconds / 60) * 60_000;
      expect(msOfField(fieldOfMs(ms, 'utc'), 'utc')).toBe(ms);
    }),
  );
  const noon = Date.parse('2026-06-01T12:00:00Z');
  expect(msOfField(fieldOfMs(noon, 'local'), 'local')).toBe(noon);
  expect([msOfField('', 'utc'), msOfField('tomorrow', 'utc'), fieldOfMs(null, 'utc')]).toEqual([
    null,
    null,
    '',
  ]);
});

it('lengths are read as they are written', () => {
  expect(['5m', '6h', '3 d', '90', '30 min', 'soon', ''].map(parseMinutes)).toEqual([
    5,
    360,
    4320,
    90,
    30,
    null,
    null,
  ]);
  for (const minutes of [5, 60, 90, 1440, 4320, 1]) expect(parseMinutes(minutesText(minutes))).toBe(minutes);
});
