/**
 * RFC 3339 times from bytes: `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`. Heroku writes +00:00 and mostly six
 * decimals, trailing zeros may be cut, add-ons write none (FORMATS 2.4). No Date on the way: a day's start is
 * kept, the rest is digits.
 */
import { byteAt, DASH, DOT, textOfBytes, wordsOf, ZERO } from './scan.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const COLON = 0x3a;

/** A line may be this far ahead of its arrival before its own time is not believed. */
export const MAX_AHEAD_MS = 5 * MINUTE_MS;
/** A line may be this late: as long as its bucket is open. */
export const MAX_BEHIND_MS = HOUR_MS;

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const POWERS_OF_TEN = [1, 10, 100, 1_000];

/** The two halves of the time read last: whole seconds as ms, and the fraction in ms. */
let wholeMs = Number.NaN;
let fractionMs = 0;

/**
 * ms since the epoch with the microseconds as fraction (finer decimals are cut off), or NaN when [start, end)
 * is not exactly one readable time: `-`, impossible dates, year 0, years of more than four digits. Second 60
 * is counted as second 59. Offsets up to ±23:59.
 */
export function readTimestamp(buf: Uint8Array, start: number, end: number): number {
  return readTimeAt(wordsOf(buf), start, end);
}

/** The same from a view of the bytes; a time of the same minute as the one before costs a few loads. */
export function readTimeAt(words: DataView, start: number, end: number): number {
  return scan(words, start, end) ? wholeMs + fractionMs : Number.NaN;
}

/** `+0` in the upper half of a word, `0:00` as a word: what the usual form ends with. */
const PLUS_NULL = 0x302b << 16;
const NULL_OFFSET = 0x30303a30;
/** `:` and `.` around the seconds. */
const AROUND_SECONDS = 0x2e00003a;

/**
 * The same for the 32 bytes at `at` in the form of nearly all lines, `2026-03-02T09:00:00.120001+00:00`; NaN for any
 * other form, which `readTimeAt` may still read.
 */
export function readUsualTimeAt(words: DataView, at: number): number {
  const seconds = words.getInt32(at + 16, true);
  const high = words.getInt32(at + 20, true);
  const low = words.getInt32(at + 24, true);
  if ((seconds & 0xff0000ff) !== AROUND_SECONDS || (low & 0xffff0000) !== PLUS_NULL) return Number.NaN;
  if (words.getInt32(at + 28, true) !== NULL_OFFSET) return Number.NaN;
  const secondDigits = ((seconds >>> 8) & 0xffff) | TWO_ZEROS;
  const lowDigits = (low & 0xffff) | TWO_ZEROS;
  if (!areDigits(secondDigits) || !areDigits(high) || !areDigits(lowDigits)) return Number.NaN;
  const second = pairsOf(secondDigits) & 0xff;
  if (second > 60) return Number.NaN;
  const highPairs = pairsOf(high);
  const micros =
    (highPairs & 0xff) * 10_000 + ((highPairs >>> 16) & 0xff) * 100 + (pairsOf(lowDigits) & 0xff);
  return readMinute(words, at) + (second === 60 ? 59 : second) * SECOND_MS + micros / 1_000;
}

/** `00` in the upper half of a word, to fill one up that has two digits. */
const TWO_ZEROS = 0x30300000;

/** Whether all four bytes are digits: the upper half of each is 3, with 6 added too. */
function areDigits(word: number): boolean {
  return ((word & 0xf0f0f0f0) | (((word + 0x06060606) & 0xf0f0f0f0) >>> 4)) === 0x33333333;
}

/** Four digits as two numbers of two digits, in the first and third byte. */
function pairsOf(word: number): number {
  const digits = word & 0x0f0f0f0f;
  return digits * 10 + (digits >>> 8);
}

/** The time as ISO 8601 UTC with the decimals given (at most nine), or '' when it is unreadable. */
export function isoTextOf(buf: Uint8Array, start: number, end: number): string {
  if (!scan(wordsOf(buf), start, end)) return '';
  const fraction = /^\.\d{1,9}/.exec(textOfBytes(buf, start + 19, end))?.[0] ?? '';
  return `${new Date(wholeMs).toISOString().slice(0, -'.000Z'.length)}${fraction}Z`;
}

/** What becomes of a line's own time, given its arrival. */
export type TimeVerdict = 'line' | 'badTime' | 'futureTime' | 'lateTime';

/** Whether a line is filed under its own time, or why not (T-01 to T-04). Both in ms; `lineMs` may be NaN. */
export function judgeTime(lineMs: number, receivedAtMs: number): TimeVerdict {
  if (Number.isNaN(lineMs)) return 'badTime';
  if (lineMs > receivedAtMs + MAX_AHEAD_MS) return 'futureTime';
  return lineMs < receivedAtMs - MAX_BEHIND_MS ? 'lateTime' : 'line';
}

function scan(words: DataView, start: number, end: number): boolean {
  if (end - start < 20) return false;
  const minuteMs = readMinute(words, start);
  const second = twoDigits(words, start + 17);
  if (Number.isNaN(minuteMs) || words.getUint8(start + 16) !== COLON || second < 0 || second > 60)
    return false;
  let at = start + 19;
  fractionMs = 0;
  if (words.getUint8(at) === DOT) {
    at = readFraction(words, at + 1, end);
    if (at < 0) return false;
  }
  const offsetMs = readOffset(words, at, end);
  if (Number.isNaN(offsetMs)) return false;
  wholeMs = minuteMs + (second === 60 ? 59 : second) * SECOND_MS - offsetMs;
  return true;
}

/** The words of `YYYY-MM-DDThh:mm` read last, and what they meant. */
const cached = new Int32Array(4);
let cachedMinuteMs = Number.NaN;

/** ms of the minute at `YYYY-MM-DDThh:mm`, or NaN. */
function readMinute(words: DataView, at: number): number {
  const first = words.getInt32(at, true);
  const second = words.getInt32(at + 4, true);
  const third = words.getInt32(at + 8, true);
  const fourth = words.getInt32(at + 12, true);
  if (fourth === cached[3] && third === cached[2] && second === cached[1] && first === cached[0]) {
    return cachedMinuteMs;
  }
  cachedMinuteMs = parseMinute(words, at);
  cached[0] = first;
  cached[1] = second;
  cached[2] = third;
  cached[3] = fourth;
  return cachedMinuteMs;
}

function parseMinute(words: DataView, at: number): number {
  if (words.getUint8(at + 4) !== DASH || words.getUint8(at + 7) !== DASH) return Number.NaN;
  if ((words.getUint8(at + 10) | 0x20) !== 0x74 || words.getUint8(at + 13) !== COLON) return Number.NaN;
  const century = twoDigits(words, at);
  const years = twoDigits(words, at + 2);
  const month = twoDigits(words, at + 5);
  const day = twoDigits(words, at + 8);
  const hour = twoDigits(words, at + 11);
  const minute = twoDigits(words, at + 14);
  if (Math.min(century, years, month, day, hour, minute) < 0 || hour > 23 || minute > 59) return Number.NaN;
  return startOfDay(century * 100 + years, month, day) + hour * HOUR_MS + minute * MINUTE_MS;
}

/** 0–99, or -1 when one of the two bytes is no digit. */
function twoDigits(words: DataView, at: number): number {
  const tens = words.getUint8(at) - ZERO;
  const ones = words.getUint8(at + 1) - ZERO;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9) return -1;
  return tens * 10 + ones;
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
function readFraction(words: DataView, start: number, end: number): number {
  let at = start;
  let digits = 0;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = words.getUint8(at) - ZERO;
    if (digit < 0 || digit > 9) break;
    if (digits === 6) continue;
    value = value * 10 + digit;
    digits += 1;
  }
  if (at === start) return -1;
  fractionMs = digits < 3 ? value * POWERS_OF_TEN[3 - digits]! : value / POWERS_OF_TEN[digits - 3]!;
  return at;
}

/** `+00:` and `0:00` as words: the offset of nearly every line. */
const PLUS_ZERO = 0x3a30302b;
const ZERO_MINUTES = 0x30303a30;

/** ms east of UTC for `Z` or `±hh:mm` that fills [at, end), or NaN. */
function readOffset(words: DataView, at: number, end: number): number {
  const sign = byteAt(words, at, end);
  if (end - at === 1 && (sign | 0x20) === 0x7a) return 0;
  if (end - at !== 6) return Number.NaN;
  if (words.getInt32(at, true) === PLUS_ZERO && words.getInt32(at + 2, true) === ZERO_MINUTES) return 0;
  if ((sign !== 0x2b && sign !== DASH) || words.getUint8(at + 3) !== COLON) return Number.NaN;
  const hours = twoDigits(words, at + 1);
  const minutes = twoDigits(words, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
  const offsetMs = hours * HOUR_MS + minutes * MINUTE_MS;
  return sign === DASH ? -offsetMs : offsetMs;
}
