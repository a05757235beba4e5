/**
 * The header of a message: `<PRI>1 SP TIMESTAMP SP HOST SP APPNAME SP PROCID SP - SP MSG`.
 *
 * Heroku leaves STRUCTURED-DATA out entirely (heroku/logplex doc/README.http_drains.md), so an RFC 5424
 * library would eat the first word of every message: `… web.1 - - hello` says `- hello` in a Logplex drain.
 * log-shuttle writes the nil structured data, so there the same bytes say `hello` (FORMATS 2.2).
 */

import { type Dialect, type Message, NONE } from './message.ts';
import { NOTE_BAD_HEADER, NOTE_BAD_PRIORITY, NOTE_BAD_TIME, NOTE_BAD_VERSION } from './notes.ts';
import { clearSpan, DASH, indexOfByte, NEWLINE, QUOTE, SPACE, setSpan, ZERO } from './scan.ts';
import { readTimestamp } from './timestamp.ts';

const LESS = 0x3c;
const GREATER = 0x3e;
const ONE = 0x31;
const MAX_PRIORITY = 191;

/**
 * Reads the header of the message in [start, end) and sets notes, priority, time, appname, procid and text.
 * True when the fields are all there. PRI and version are read tolerantly: what is wrong with them is noted.
 * False (note `badHeader`) leaves appname and procid absent and the whole message as text; its time is
 * still taken when it stands in its place.
 */
export function readHeader(
  message: Message,
  buf: Uint8Array,
  start: number,
  end: number,
  dialect: Dialect,
): boolean {
  const last = end > start && buf[end - 1] === NEWLINE ? end - 1 : end;
  message.notes = 0;
  message.priority = NONE;
  message.timeMs = Number.NaN;
  clearSpan(message.timestamp);
  const timeStart = readPriority(message, buf, start, last);
  if (timeStart < 0) return refuse(message, start, last);
  const timeEnd = indexOfByte(buf, SPACE, timeStart, last);
  const hostEnd = timeEnd < 0 ? -1 : indexOfByte(buf, SPACE, timeEnd + 1, last);
  if (timeEnd >= 0) readTime(message, buf, timeStart, timeEnd);
  const appnameEnd = hostEnd < 0 ? -1 : indexOfByte(buf, SPACE, hostEnd + 1, last);
  const procidEnd = appnameEnd < 0 ? -1 : indexOfByte(buf, SPACE, appnameEnd + 1, last);
  if (procidEnd < 0 || appnameEnd === hostEnd + 1 || procidEnd === appnameEnd + 1) {
    return refuse(message, start, last);
  }
  const textStart = afterDash(buf, procidEnd + 1, last);
  if (textStart < 0) return refuse(message, start, last);
  if (Number.isNaN(message.timeMs)) message.notes |= NOTE_BAD_TIME;
  setSpan(message.appname, hostEnd + 1, appnameEnd);
  setSpan(message.procid, appnameEnd + 1, procidEnd);
  setSpan(message.text, dialect === 'shuttle' ? skipStructuredData(buf, textStart, last) : textStart, last);
  return true;
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
function readPriority(message: Message, buf: Uint8Array, start: number, end: number): number {
  const space = indexOfByte(buf, SPACE, start, end);
  if (space < 0) return -1;
  const close = indexOfByte(buf, GREATER, start, space);
  if (close < 0 && !isAllDigits(buf, start, space)) return -1;
  const priority = close < 0 || buf[start] !== LESS ? NONE : smallNumber(buf, start + 1, close);
  if (priority === NONE) message.notes |= NOTE_BAD_PRIORITY;
  else message.priority = priority;
  const versionStart = close < 0 ? start : close + 1;
  if (space - versionStart !== 1 || buf[versionStart] !== ONE) message.notes |= NOTE_BAD_VERSION;
  return space + 1;
}

function readTime(message: Message, buf: Uint8Array, start: number, end: number): void {
  message.timeMs = readTimestamp(buf, start, end);
  if (!Number.isNaN(message.timeMs)) setSpan(message.timestamp, start, end);
}

/** 0–191 from one to three digits, or NONE. */
function smallNumber(buf: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 3 || !isAllDigits(buf, start, end)) return NONE;
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + buf[at]! - ZERO;
  return value > MAX_PRIORITY ? NONE : value;
}

function isAllDigits(buf: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const digit = buf[at]! - ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  return end > start;
}

/** Position after `- ` (or a `-` that ends the message), or -1 when something else stands there. */
function afterDash(buf: Uint8Array, at: number, end: number): number {
  if (at >= end || buf[at] !== DASH) return -1;
  if (at + 1 === end) return end;
  return buf[at + 1] === SPACE ? at + 2 : -1;
}

/** Passes over one nil value or one `[…]` group and the space after it. */
function skipStructuredData(buf: Uint8Array, start: number, end: number): number {
  const afterNil = afterDash(buf, start, end);
  if (afterNil >= 0) return afterNil;
  if (start >= end || buf[start] !== 0x5b) return start;
  const close = closingBracket(buf, start + 1, end);
  if (close < 0) return start;
  if (close + 1 === end) return end;
  return buf[close + 1] === SPACE ? close + 2 : start;
}

/** The `]` that ends a group: not one inside quotes, not one behind a backslash (RFC 5424 section 6.3.3). */
function closingBracket(buf: Uint8Array, start: number, end: number): number {
  let quoted = false;
  for (let at = start; at < end; at += 1) {
    const byte = buf[at];
    if (byte === 0x5c) at += 1;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === 0x5d && !quoted) return at;
  }
  return -1;
}
