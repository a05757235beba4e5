/**
 * RFC 3339 times from bytes: `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`. Heroku writes +00:00 and mostly six
 * decimals, trailing zeros may be cut, add-ons write none (FORMATS 2.4). No Date on the way: a day's start is
 * kept, the rest is digits.
 */
import { ZERO } from './scan.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A line may be this far ahead of its arrival before its own time is not believed. */
export const MAX_AHEAD_MS = 5 * MINUTE_MS;
/** A line may be this late: as long as its bucket is open. */
export const MAX_BEHIND_MS = HOUR_MS;

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const POWERS_OF_TEN = [1, 10, 100, 1_000];

let cachedDayKey = -1;
let cachedDayMs = Number.NaN;
/** The two halves of the time read last: whole seconds as ms, and the fraction in ms. */
let wholeMs = Number.NaN;
let fractionMs = 0;

/**
 * ms since the epoch with the microseconds as fraction (finer decimals are cut off), or NaN when [start, end)
 * is not exactly one readable time: `-`, impossible dates, year 0, years of more than four digits. Second 60
 * is counted as second 59. Offsets up to ±23:59.
 */
export function readTimestamp(buf: Uint8Array, start: number, end: number): number {
  return scan(buf, start, end) ? wholeMs + fractionMs : Number.NaN;
}

/** The time as ISO 8601 UTC with the decimals given (at most nine), or '' when it is unreadable. */
export function isoTextOf(buf: Uint8Array, start: number, end: number): string {
  if (!scan(buf, start, end)) return '';
  let fraction = '';
  for (let at = start + 20; buf[start + 19] === 0x2e && at < end && fraction.length < 9; at += 1) {
    const digit = buf[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    fraction += String(digit);
  }
  const seconds = new Date(wholeMs).toISOString().replace('.000Z', '');
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}

/** What becomes of a line's own time, given its arrival. */
export type TimeVerdict = 'line' | 'badTime' | 'futureTime' | 'lateTime';

/** Whether a line is filed under its own time, or why not (T-01 to T-04). Both in ms; `lineMs` may be NaN. */
export function judgeTime(lineMs: number, receivedAtMs: number): TimeVerdict {
  if (Number.isNaN(lineMs)) return 'badTime';
  if (lineMs > receivedAtMs + MAX_AHEAD_MS) return 'futureTime';
  return lineMs < receivedAtMs - MAX_BEHIND_MS ? 'lateTime' : 'line';
}

function scan(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < 20 || buf[start + 4] !== 0x2d || buf[start + 7] !== 0x2d) return false;
  if ((buf[start + 10]! | 0x20) !== 0x74 || buf[start + 13] !== 0x3a || buf[start + 16] !== 0x3a)
    return false;
  const hour = twoDigits(buf, start + 11);
  const minute = twoDigits(buf, start + 14);
  const second = twoDigits(buf, start + 17);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  const dayMs = readDay(buf, start);
  if (Number.isNaN(dayMs)) return false;
  let at = start + 19;
  fractionMs = 0;
  if (buf[at] === 0x2e) {
    at = readFraction(buf, at + 1, end);
    if (at < 0) return false;
  }
  const offsetMs = readOffset(buf, at, end);
  if (Number.isNaN(offsetMs)) return false;
  wholeMs =
    dayMs + hour * HOUR_MS + minute * MINUTE_MS + (second === 60 ? 59 : second) * SECOND_MS - offsetMs;
  return true;
}

/** 0–99, or a negative number when one of the two bytes is no digit. */
function twoDigits(buf: Uint8Array, at: number): number {
  const tens = buf[at]! - ZERO;
  const ones = buf[at + 1]! - ZERO;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return -1;
  return tens * 10 + ones;
}

/** Start of the day at `YYYY-MM-DD`, or NaN. */
function readDay(buf: Uint8Array, at: number): number {
  const century = twoDigits(buf, at);
  const years = twoDigits(buf, at + 2);
  const month = twoDigits(buf, at + 5);
  const day = twoDigits(buf, at + 8);
  if (century < 0 || years < 0 || month < 0 || day < 0) return Number.NaN;
  const year = century * 100 + years;
  const key = (year << 9) | (month << 5) | day;
  if (day < 32 && key === cachedDayKey) return cachedDayMs;
  const dayMs = startOfDay(year, month, day);
  if (Number.isNaN(dayMs)) return dayMs;
  cachedDayKey = key;
  cachedDayMs = dayMs;
  return dayMs;
}

/** ms since the epoch of a day of the Gregorian calendar, or NaN for one that does not exist. */
function startOfDay(year: number, month: number, day: number): number {
  if (year < 1 || month < 1 || month > 12 || day < 1) return Number.NaN;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && leap ? 29 : DAYS_IN_MONTH[month - 1]!;
  if (day > days) return Number.NaN;
  // Years counted from March, so that the leap day is the last of its year.
  const fromMarch = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const century = Math.floor(fromMarch / 100);
  const daysBefore = fromMarch * 365 + Math.floor(fromMarch / 4) - century + Math.floor(century / 4);
  return (daysBefore + dayOfYear - 719_468) * DAY_MS;
}

/** Reads the decimals into `fractionMs`; position after them, or -1 when there are none. */
function readFraction(buf: Uint8Array, start: number, end: number): number {
  let at = start;
  let digits = 0;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = buf[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    if (digits === 6) continue;
    value = value * 10 + digit;
    digits += 1;
  }
  if (at === start) return -1;
  fractionMs = digits < 3 ? value * POWERS_OF_TEN[3 - digits]! : value / POWERS_OF_TEN[digits - 3]!;
  return at;
}

/** ms east of UTC for `Z` or `±hh:mm` that fills [at, end), or NaN. */
function readOffset(buf: Uint8Array, at: number, end: number): number {
  const sign = buf[at]!;
  if (end - at === 1 && (sign | 0x20) === 0x7a) return 0;
  if (end - at !== 6 || (sign !== 0x2b && sign !== 0x2d) || buf[at + 3] !== 0x3a) return Number.NaN;
  const hours = twoDigits(buf, at + 1);
  const minutes = twoDigits(buf, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
  const offsetMs = hours * HOUR_MS + minutes * MINUTE_MS;
  return sign === 0x2d ? -offsetMs : offsetMs;
}
