/**
 * The tail of a router line, from behind ` dyno=` to the end of the line:
 *
 *   web.1 connect=0ms service=3ms status=200 bytes=9 protocol=http1.1 tls=true tls_version=tls1.3
 *
 * and what routers have put there over the years: numbers without unit, `queue=` and `wait=`, a last `sock=`,
 * `agent="…"`. All of it is Heroku's own but the agent, which only H31 lines have.
 */
import { NONE, type RequestFields } from './message.ts';
import { NOTE_BAD_NUMBER, NOTE_BAD_STATUS } from './notes.ts';
import {
  byteAt,
  clearSpan,
  EQUALS,
  isText,
  literal,
  QUOTE,
  SPACE,
  setSpan,
  startsWith,
  ZERO,
} from './scan.ts';

const DYNO = literal('dyno');
const QUEUE_IS = literal(' queue=');
const WAIT_IS = literal(' wait=');
const CONNECT_IS = literal(' connect=');
const SERVICE_IS = literal(' service=');
const STATUS_IS = literal(' status=');
const BYTES_IS = literal(' bytes=');
const PROTOCOL = literal('protocol');
const PROTOCOL_IS = literal(' protocol=');
const TLS_TRUE = literal(' tls=true');
const TLS_FALSE = literal(' tls=false');
const TLS_VERSION_IS = literal('tls_version=');
const TLS = literal('tls');
const TLS_VERSION = literal('tls_version');
const SOCK = literal('sock');
const AGENT = literal('agent');
const TRUE = literal('true');
const FALSE = literal('false');

/** Digits of a number that a double still holds exactly. */
const MAX_DIGITS = 15;
const LETTER_M = 0x6d;
const LETTER_S = 0x73;

/** Notes of the tail being tried; they count only when it turns out to be the tail. */
let notes = 0;
/** Position after the value that `readNumber` has just passed; -1 when a quote is in it. */
let afterValue = 0;

/** Notes of the tail read last. */
export function tailNotes(): number {
  return notes;
}

/** Reads a tail that begins at `start`. False when [start, end) does not have a tail's form. */
export function readTail(request: RequestFields, words: DataView, start: number, end: number): boolean {
  notes = 0;
  const at = skipValue(words, start, end);
  if (at < 0) return false;
  setSpan(request.dyno, start, at);
  afterValue = at;
  if (startsWith(words, CONNECT_IS, at, end)) {
    request.connectMs = readNumber(words, at + CONNECT_IS.length, end, true);
  } else if (!readQueueAndWait(request, words, at, end)) return false;
  if (afterValue < 0 || !startsWith(words, SERVICE_IS, afterValue, end)) return false;
  request.serviceMs = readNumber(words, afterValue + SERVICE_IS.length, end, true);
  if (afterValue < 0 || !startsWith(words, STATUS_IS, afterValue, end)) return false;
  request.status = readStatus(words, afterValue + STATUS_IS.length, end);
  if (afterValue < 0 || !startsWith(words, BYTES_IS, afterValue, end)) return false;
  request.bytes = readNumber(words, afterValue + BYTES_IS.length, end, false);
  return afterValue >= 0 && readRest(request, words, afterValue, end);
}

/** Until March 2013: `dyno=web.1 queue=0 wait=0ms [connect=1ms] service=…`. */
function readQueueAndWait(request: RequestFields, words: DataView, start: number, end: number): boolean {
  request.connectMs = NONE;
  if (!startsWith(words, QUEUE_IS, start, end)) return false;
  const at = skipValue(words, start + QUEUE_IS.length, end);
  if (at < 0 || !startsWith(words, WAIT_IS, at, end)) return false;
  afterValue = skipValue(words, at + WAIT_IS.length, end);
  if (afterValue >= 0 && startsWith(words, CONNECT_IS, afterValue, end)) {
    request.connectMs = readNumber(words, afterValue + CONNECT_IS.length, end, true);
  }
  return true;
}

/** End of an unquoted value (its space, or `end`), or -1 when a quote is in it. */
export function skipValue(words: DataView, start: number, end: number): number {
  let at = start;
  for (; at < end; at += 1) {
    const byte = words.getUint8(at);
    if (byte === SPACE) return at;
    if (byte === QUOTE) return -1;
  }
  return at;
}

/**
 * A whole number ≥ 0, with `ms` behind it if `withUnit` (2012–2014 lines have none). NONE when empty;
 * NONE and a note when it is anything else or has more than 15 digits. Sets `afterValue`.
 */
function readNumber(words: DataView, start: number, end: number, withUnit: boolean): number {
  let at = start;
  let value = 0;
  while (at < end) {
    const digit = words.getUint8(at) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    at += 1;
  }
  const digits = at - start;
  const hasUnit = withUnit && digits > 0 && byteAt(words, at, end) === LETTER_M;
  if (hasUnit && byteAt(words, at + 1, end) === LETTER_S) at += 2;
  if (at >= end || words.getUint8(at) === SPACE) {
    afterValue = at;
    if (digits > 0 && digits <= MAX_DIGITS) return value;
    if (digits > 0) notes |= NOTE_BAD_NUMBER;
    return NONE;
  }
  afterValue = skipValue(words, at, end);
  notes |= NOTE_BAD_NUMBER;
  return NONE;
}

function readStatus(words: DataView, start: number, end: number): number {
  const status = readNumber(words, start, end, false);
  if (status === NONE || (status >= 100 && status <= 599)) return status;
  notes |= NOTE_BAD_STATUS;
  return NONE;
}

/** ` key=value`s up to the end of the line. False when something else stands there: then it is no tail. */
function readRest(request: RequestFields, words: DataView, start: number, end: number): boolean {
  clearSpan(request.protocol);
  clearSpan(request.tlsVersion);
  clearSpan(request.agent);
  clearSpan(request.sock);
  request.tls = NONE;
  let at = readUsualRest(request, words, start, end);
  if (at < 0) return false;
  while (at < end) {
    const keyStart = at + 1;
    const equals = keyEnd(words, keyStart, end);
    if (equals < 0 || isText(words, DYNO, keyStart, equals)) return false;
    const quoted = byteAt(words, equals + 1, end) === QUOTE;
    const valueStart = quoted ? equals + 2 : equals + 1;
    const valueEnd = quoted ? closingQuote(words, valueStart, end) : skipValue(words, valueStart, end);
    if (valueEnd < 0) return false;
    keepRest(request, words, keyStart, equals, valueStart, valueEnd);
    at = quoted ? valueEnd + 1 : valueEnd;
  }
  return true;
}

/**
 * What nearly every line has, in its order: protocol, tls, tls_version. Gives the position behind it, for
 * the general way to go on from, or -1 when a quote stands in a value.
 */
function readUsualRest(request: RequestFields, words: DataView, start: number, end: number): number {
  let at = start;
  if (startsWith(words, PROTOCOL_IS, at, end)) {
    const valueStart = at + PROTOCOL_IS.length;
    at = skipValue(words, valueStart, end);
    if (at < 0) return -1;
    setSpan(request.protocol, valueStart, at);
  }
  const tls = startsWith(words, TLS_TRUE, at, end) ? 1 : startsWith(words, TLS_FALSE, at, end) ? 0 : NONE;
  const afterTls = at + (tls === 1 ? TLS_TRUE.length : TLS_FALSE.length);
  if (tls === NONE || (afterTls < end && words.getUint8(afterTls) !== SPACE)) return at;
  request.tls = tls;
  if (!startsWith(words, TLS_VERSION_IS, afterTls + 1, end)) return afterTls;
  const versionStart = afterTls + 1 + TLS_VERSION_IS.length;
  const versionEnd = skipValue(words, versionStart, end);
  if (versionEnd >= 0) setSpan(request.tlsVersion, versionStart, versionEnd);
  return versionEnd;
}

/** Position of the `=` behind a key, or -1 when there is no key. */
export function keyEnd(words: DataView, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = words.getUint8(at);
    if (byte === EQUALS) return at > start ? at : -1;
    if (byte === SPACE || byte === QUOTE) return -1;
  }
  return -1;
}

/** The quote that ends a value: the first one before a space or the end of the line; -1 when there is none. */
export function closingQuote(words: DataView, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    if (words.getUint8(at) === QUOTE && (at + 1 === end || words.getUint8(at + 1) === SPACE)) return at;
  }
  return -1;
}

function keepRest(
  request: RequestFields,
  words: DataView,
  keyStart: number,
  equals: number,
  start: number,
  end: number,
): void {
  if (isText(words, PROTOCOL, keyStart, equals)) setSpan(request.protocol, start, end);
  else if (isText(words, TLS, keyStart, equals)) {
    request.tls = isText(words, TRUE, start, end) ? 1 : isText(words, FALSE, start, end) ? 0 : NONE;
  } else if (isText(words, TLS_VERSION, keyStart, equals)) setSpan(request.tlsVersion, start, end);
  else if (isText(words, SOCK, keyStart, equals)) setSpan(request.sock, start, end);
  else if (isText(words, AGENT, keyStart, equals)) setSpan(request.agent, start, end);
}
