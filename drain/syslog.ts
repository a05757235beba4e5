/**
 * The header of a message: `<PRI>1 SP TIMESTAMP SP HOST SP APPNAME SP PROCID SP - SP MSG`.
 *
 * Heroku leaves STRUCTURED-DATA out entirely (heroku/logplex doc/README.http_drains.md), so an RFC 5424
 * library would eat the first word of every message: `… web.1 - - hello` says `- hello` in a Logplex drain.
 * log-shuttle writes the nil structured data, so there the same bytes say `hello` (FORMATS 2.2).
 */

import { type Dialect, type Message, NONE } from './message.ts';
import { NOTE_BAD_HEADER, NOTE_BAD_PRIORITY, NOTE_BAD_TIME, NOTE_BAD_VERSION } from './notes.ts';
import {
  byteAt,
  clearSpan,
  DASH,
  indexOfByte,
  literal,
  NEWLINE,
  QUOTE,
  SPACE,
  setSpan,
  startsWith,
  word,
  ZERO,
} from './scan.ts';
import { readTimeAt, readUsualTimeAt } from './timestamp.ts';

const LESS = 0x3c;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const ONE = 0x31;
const MAX_PRIORITY = 191;
/** Length of `2026-03-02T09:00:00.120001+00:00`, what Heroku mostly writes. */
const USUAL_TIME = 32;
const HOST = literal('host ');
/** `>1 ` as the lower three bytes of a word. */
const VERSION_ONE = 0x20313e;

/**
 * Reads the header of the message in [start, end) and sets notes, priority, time, appname, procid and text.
 * True when the fields are all there. PRI and version are read tolerantly: what is wrong with them is noted.
 * False (note `badHeader`) leaves appname and procid absent and the whole message as text; its time is
 * still taken when it stands in its place.
 */
export function readHeader(
  message: Message,
  words: DataView,
  start: number,
  end: number,
  dialect: Dialect,
): boolean {
  const last = textEnd(words, start, end);
  message.notes = 0;
  message.priority = NONE;
  const timeStart = readPriority(message, words, start, last);
  const hostStart = readTime(message, words, timeStart, last) + 1;
  if (hostStart === 0) return refuse(message, start, last);
  const usualHost = startsWith(words, HOST, hostStart, last);
  const hostEnd = usualHost ? hostStart + 4 : indexOfByte(words, SPACE, hostStart, last);
  if (hostEnd < 0 || !readWriter(message, words, hostEnd + 1, last, dialect))
    return refuse(message, start, last);
  if (Number.isNaN(message.timeMs)) message.notes |= NOTE_BAD_TIME;
  return true;
}

/** Reads `APPNAME PROCID - ` at `start` and sets appname, procid and text; false when something else stands there. */
function readWriter(
  message: Message,
  words: DataView,
  start: number,
  end: number,
  dialect: Dialect,
): boolean {
  const appnameEnd = indexOfByte(words, SPACE, start, end);
  const procidEnd = appnameEnd < 0 ? -1 : indexOfByte(words, SPACE, appnameEnd + 1, end);
  if (procidEnd < 0 || appnameEnd === start || procidEnd === appnameEnd + 1) return false;
  const textStart = afterDash(words, procidEnd + 1, end);
  if (textStart < 0) return false;
  setSpan(message.appname, start, appnameEnd);
  setSpan(message.procid, appnameEnd + 1, procidEnd);
  setSpan(message.text, dialect === 'shuttle' ? skipStructuredData(words, textStart, end) : textStart, end);
  return true;
}

/**
 * The rest of the header of the message in [start, end), after `readUsualHead` has given `appnameStart`; `end` without
 * the newline. As `readHeader`.
 */
export function readUsualRest(
  message: Message,
  words: DataView,
  start: number,
  appnameStart: number,
  end: number,
  dialect: Dialect,
): boolean {
  return readWriter(message, words, appnameStart, end, dialect) || refuse(message, start, end);
}

/** End of a message without its newline. */
export function textEnd(words: DataView, start: number, end: number): number {
  return end > start && words.getUint8(end - 1) === NEWLINE ? end - 1 : end;
}

const _HOS = word(' hos');
const OST_ = word('ost ');
/** ` host `. */
const HOST_LENGTH = 6;
const PRIORITY_LENGTH = 7;

/** The word `<PRI` read last, and its number: nearly all lines have the same. */
let lastPriority = 0;
let lastPriorityWord = 0;

/**
 * Reads what nearly all lines of Heroku's own begin with, `<134>1 2026-03-02T09:00:00.120001+00:00 host `, and
 * sets notes, priority and time as `readHeader` would. Gives the position behind it, where the appname begins, or -1
 * when the line begins in any other way.
 */
export function readUsualHead(message: Message, words: DataView, start: number, end: number): number {
  const timeStart = start + PRIORITY_LENGTH;
  const timeEnd = timeStart + USUAL_TIME;
  if (timeEnd + HOST_LENGTH > end || words.getInt32(timeEnd, true) !== _HOS) return -1;
  if (words.getInt32(timeEnd + 2, true) !== OST_) return -1;
  if ((words.getInt32(start + 4, true) & 0xffffff) !== VERSION_ONE) return -1;
  const priorityWord = words.getInt32(start, true);
  if (priorityWord !== lastPriorityWord) {
    const priority = words.getUint8(start) === LESS ? smallNumber(words, start + 1, start + 4) : NONE;
    if (priority === NONE) return -1;
    lastPriority = priority;
    lastPriorityWord = priorityWord;
  }
  const timeMs = readUsualTimeAt(words, timeStart);
  if (Number.isNaN(timeMs)) return -1;
  message.notes = 0;
  message.priority = lastPriority;
  message.timeMs = timeMs;
  setSpan(message.timestamp, timeStart, timeEnd);
  return timeEnd + HOST_LENGTH;
}

function refuse(message: Message, start: number, end: number): false {
  message.notes = NOTE_BAD_HEADER;
  clearSpan(message.appname);
  clearSpan(message.procid);
  setSpan(message.text, start, end);
  return false;
}

/**
 * Position after `<PRI>1 `, or -1 when the first word is neither that nor anything like it. A missing `<`,
 * an odd number and a missing PRI (`1 2026-…`) are noted and passed over.
 */
function readPriority(message: Message, words: DataView, start: number, end: number): number {
  if (end - start > 8 && (words.getInt32(start + 4, true) & 0xffffff) === VERSION_ONE) {
    const priority = words.getUint8(start) === LESS ? smallNumber(words, start + 1, start + 4) : NONE;
    if (priority !== NONE) {
      message.priority = priority;
      return start + 7;
    }
  }
  const space = indexOfByte(words, SPACE, start, end);
  if (space < 0) return -1;
  const close = indexOfByte(words, GREATER, start, space);
  if (close < 0 && !isAllDigits(words, start, space)) return -1;
  const opened = close >= 0 && words.getUint8(start) === LESS;
  const priority = opened ? smallNumber(words, start + 1, close) : NONE;
  if (priority === NONE) message.notes |= NOTE_BAD_PRIORITY;
  message.priority = priority;
  const version = close < 0 ? start : close + 1;
  if (space - version !== 1 || words.getUint8(version) !== ONE) message.notes |= NOTE_BAD_VERSION;
  return space + 1;
}

/** Reads the time at `start` (-1 for nowhere) and gives the position of the space behind it, or -1. */
function readTime(message: Message, words: DataView, start: number, end: number): number {
  message.timeMs = Number.NaN;
  clearSpan(message.timestamp);
  if (start < 0) return -1;
  let timeEnd = start + USUAL_TIME;
  if (byteAt(words, timeEnd, end) === SPACE) message.timeMs = readTimeAt(words, start, timeEnd);
  if (Number.isNaN(message.timeMs)) {
    timeEnd = indexOfByte(words, SPACE, start, end);
    if (timeEnd < 0) return -1;
    message.timeMs = readTimeAt(words, start, timeEnd);
  }
  if (!Number.isNaN(message.timeMs)) setSpan(message.timestamp, start, timeEnd);
  return timeEnd;
}

/** 0–191 from one to three digits, or NONE. */
function smallNumber(words: DataView, start: number, end: number): number {
  if (end - start > 3 || !isAllDigits(words, start, end)) return NONE;
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + words.getUint8(at) - ZERO;
  return value > MAX_PRIORITY ? NONE : value;
}

function isAllDigits(words: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const digit = words.getUint8(at) - ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  return end > start;
}

/** Position after `- ` (or a `-` that ends the message), or -1 when something else stands there. */
function afterDash(words: DataView, at: number, end: number): number {
  if (byteAt(words, at, end) !== DASH) return -1;
  if (at + 1 === end) return end;
  return words.getUint8(at + 1) === SPACE ? at + 2 : -1;
}

/** Passes over one nil value or one `[…]` group and the space after it. */
function skipStructuredData(words: DataView, start: number, end: number): number {
  const afterNil = afterDash(words, start, end);
  if (afterNil >= 0) return afterNil;
  if (byteAt(words, start, end) !== OPEN_BRACKET) return start;
  const close = closingBracket(words, start + 1, end);
  if (close < 0) return start;
  if (close + 1 === end) return end;
  return words.getUint8(close + 1) === SPACE ? close + 2 : start;
}

/** The `]` that ends a group: not one inside quotes, not one behind a backslash (RFC 5424 section 6.3.3). */
function closingBracket(words: DataView, start: number, end: number): number {
  let quoted = false;
  for (let at = start; at < end; at += 1) {
    const byte = words.getUint8(at);
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === CLOSE_BRACKET && !quoted) return at;
  }
  return -1;
}
