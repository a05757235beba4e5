/**
 * Wall clocks of time zones. A wall-clock time is written as the ms that the same figures would be in UTC; the
 * process's own time zone has no part in anything here (T-11).
 */
import { DAY, MINUTE } from './time.ts';

const formats = new Map<string, Intl.DateTimeFormat>();

/** Throws a RangeError for a zone that the runtime does not know. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** What a clock on the wall shows at an instant. */
export function wallClockAt(atMs: number, zone: string): number {
  return atMs + offsetAt(atMs, zone);
}

/** Clocks are changed at full quarters of an hour: between two of them an offset holds. */
const SLOT_MS = 15 * MINUTE;
const OFFSETS_MAX = 20_000;
/** By zone and slot. A format costs some 10 µs, and a month of turns asks thousands of times. */
const offsets = new Map<string, number>();

/** ms that a wall clock is ahead of UTC at an instant. */
function offsetAt(atMs: number, zone: string): number {
  const slot = Math.floor(atMs / SLOT_MS);
  const key = `${slot} ${zone}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const offsetMs = shownAt(slot * SLOT_MS, zone) - slot * SLOT_MS;
  if (offsets.size >= OFFSETS_MAX) offsets.clear();
  offsets.set(key, offsetMs);
  return offsetMs;
}

/** By the runtime's own table of zones; whole seconds. */
function shownAt(atMs: number, zone: string): number {
  const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of formatOf(zone).formatToParts(atMs)) {
    if (type in fields) fields[type as keyof typeof fields] = Number(value);
  }
  const { year, month, day, hour, minute, second } = fields;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The instant at which a clock on the wall shows a time. Where it shows it twice, the first; where the clocks go
 * forward over it, the instant they do (T-09, T-10).
 */
export function instantOf(wallClockMs: number, zone: string): number {
  // Clocks are changed weeks apart, so a day before and after have the offsets on either side of any change.
  const before = wallClockMs - offsetAt(wallClockMs - DAY, zone);
  const after = wallClockMs - offsetAt(wallClockMs + DAY, zone);
  const exact = [before, after].filter((atMs) => wallClockAt(atMs, zone) === wallClockMs);
  return exact.length > 0 ? Math.min(...exact) : firstPast(wallClockMs, zone, after, before);
}

/** Halves (low, high], in which the clocks go forward over the time, down to the instant they do. */
function firstPast(wallClockMs: number, zone: string, low: number, high: number): number {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (wallClockAt(middle, zone) > wallClockMs) high = middle;
    else low = middle;
  }
  return high;
}

/** Days since 1970-01-01 of a wall-clock time. */
export function dayNumber(wallClockMs: number): number {
  return Math.floor(wallClockMs / DAY);
}

/** 0 Sunday … 6 Saturday of a day number; 1970-01-01 was a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** Whether this is a time zone that the runtime knows. */
export function isZoneKnown(zone: string): boolean {
  try {
    wallClockAt(0, zone);
    return zone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const LOCAL_TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** Minutes after midnight of `09:30`; null for anything else. */
export function parseLocalTime(text: string): number | null {
  const match = LOCAL_TIME.exec(text);
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}

const LOCAL_DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Day number of `2026-11-23`; null for anything else, and for days that do not exist. */
export function parseLocalDay(text: string): number | null {
  const match = LOCAL_DAY.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  // The calendar carries over what it does not have.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return dayNumber(date.getTime());
}
