import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantOf, wallClockAt } from './zone.ts';

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Europe/Dublin',
  'America/New_York',
  'America/Santiago',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'Antarctica/Troll',
];
const zone = fc.constantFrom(...ZONES);
const instant = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2036, 0, 1) });

test('T-09 T-10 the instant of what a clock shows is the first at which it does', () => {
  fc.assert(
    fc.property(zone, instant, (name, atMs) => {
      const shown = wallClockAt(atMs, name);
      const found = instantOf(shown, name);
      expect(wallClockAt(found, name)).toBe(shown);
      expect(found).toBeLessThanOrEqual(atMs);
    }),
    { numRuns: 300 },
  );
});

test('T-09 any local time has an instant, and just before it no clock showed as much', () => {
  fc.assert(
    fc.property(zone, instant, (name, localMs) => {
      const found = instantOf(localMs, name);
      expect(wallClockAt(found, name)).toBeGreaterThanOrEqual(localMs);
      expect(wallClockAt(found - 1, name)).toBeLessThan(localMs);
    }),
    { numRuns: 300 },
  );
});

test('an offset holds between two quarters of an hour, as the runtime knows it', () => {
  fc.assert(
    fc.property(zone, instant, (name, atMs) => {
      const format = new Intl.DateTimeFormat('sv-SE', {
        timeZone: name,
        dateStyle: 'short',
        timeStyle: 'medium',
      });
      const shown = new Date(wallClockAt(atMs, name)).toISOString().slice(0, 19).replace('T', ' ');
      expect(shown).toBe(format.format(atMs));
    }),
    { numRuns: 500 },
  );
});
