/**
 * A router line to a request (FORMATS 4):
 *
 *   at=info method=GET path="/p" host=h request_id=r fwd="1.2.3.4" dyno=web.1 connect=0ms service=3ms status=200 bytes=9 protocol=http1.1 tls=true tls_version=tls1.3
 *
 * `path` and `fwd` come from the visitor and may contain anything, quotes and ` status=500 ` included, and how
 * the router escapes them is not documented. So a line is read from its two ends: the words before `path=` and
 * the tail from the LAST ` dyno=` that has a tail's form are Heroku's own; what is between belongs to path,
 * host, request id and fwd, and nothing in there can change an outcome, a time or a dyno.
 */

import { isKnownCode } from '../model/codes.ts';
import { type Message, NONE, type RequestFields, type Span } from './message.ts';
import { NOTE_BAD_NUMBER, NOTE_BAD_STATUS, NOTE_UNKNOWN_CODE } from './notes.ts';
import {
  ascii,
  backwardPattern,
  COMMA,
  clearSpan,
  DOT,
  EQUALS,
  equalsBytes,
  lastIndexOfBytes,
  QUOTE,
  SPACE,
  setSpan,
  startsWithBytes,
  untilByte,
  ZERO,
} from './scan.ts';

const LAST_DYNO = backwardPattern(' dyno=');
const LAST_HOST = backwardPattern(' host=');
const LAST_REQUEST_ID = backwardPattern('" request_id=');
const LAST_FWD = backwardPattern('" fwd=');

const AT = ascii('at');
const CODE = ascii('code');
const DESC = ascii('desc');
const SOCK = ascii('sock');
const CAUSE = ascii('cause');
const METHOD = ascii('method');
const PATH_IS = ascii('path=');
const HOST = ascii('host');
const FWD = ascii('fwd');
const REQUEST_ID = ascii('request_id');
const DYNO = ascii('dyno');
const QUEUE_IS = ascii('queue=');
const WAIT_IS = ascii('wait=');
const CONNECT_IS = ascii('connect=');
const SERVICE_IS = ascii('service=');
const STATUS_IS = ascii('status=');
const BYTES_IS = ascii('bytes=');
const PROTOCOL = ascii('protocol');
const TLS = ascii('tls');
const TLS_VERSION = ascii('tls_version');
const AGENT = ascii('agent');
const ERROR = ascii('error');
const TRUE = ascii('true');
const FALSE = ascii('false');

/** More places that only look like a tail are not tried: a bound on what one hostile line may cost. */
const MAX_TRIES = 16;
/** Digits of a number that a double still holds exactly. */
const MAX_DIGITS = 15;
const COLON = 0x3a;
const LETTER_M = 0x6d;
const LETTER_S = 0x73;

/** A family for a code that is not a letter and digits (`_`): known as "some code", never as none. */
export const ODD_CODE_FAMILY = 95;

/** Empty fields, every span absent and every number NONE. */
export function createRequestFields(): RequestFields {
  const span = (): Span => ({ start: -1, end: -1 });
  return {
    at: span(),
    method: span(),
    path: span(),
    host: span(),
    requestId: span(),
    fwd: span(),
    client: span(),
    dyno: span(),
    protocol: span(),
    tlsVersion: span(),
    desc: span(),
    cause: span(),
    agent: span(),
    sock: span(),
    codeFamily: NONE,
    codeNumber: NONE,
    code: span(),
    connectMs: NONE,
    serviceMs: NONE,
    status: NONE,
    bytes: NONE,
    tls: NONE,
  };
}

/**
 * Reads message.text as a router line into message.request and adds notes. False when the line has no tail or
 * no `method=` (the caller files it as "router other"); message.request is then worthless.
 */
export function readRouterLine(message: Message, buf: Uint8Array): boolean {
  const { start, end } = message.text;
  const request = message.request;
  let searchEnd = end;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const dynoAt = lastIndexOfBytes(buf, LAST_DYNO, start, searchEnd);
    if (dynoAt < 0) return false;
    tailNotes = 0;
    if (readTail(request, buf, dynoAt + LAST_DYNO.bytes.length, end)) {
      return readFront(message, buf, start, dynoAt);
    }
    searchEnd = dynoAt + 1;
  }
  return false;
}

/** Whether `at=` says error; H31's documented line has the bare word instead. */
export function isErrorLine(buf: Uint8Array, request: RequestFields): boolean {
  return equalsBytes(buf, ERROR, request.at.start, request.at.end);
}

/* The tail: dyno, connect, service, status, bytes, and what routers have put behind them over the years. */

/** Notes of the tail being tried; they count only when it turns out to be the tail. */
let tailNotes = 0;
/** Position after the value that `readNumber` or `skipValue` has just passed. */
let afterValue = 0;

function readTail(request: RequestFields, buf: Uint8Array, start: number, end: number): boolean {
  clearSpan(request.protocol);
  clearSpan(request.tlsVersion);
  clearSpan(request.agent);
  clearSpan(request.sock);
  request.tls = NONE;
  let at = skipValue(buf, start, end);
  if (at < 0) return false;
  setSpan(request.dyno, start, at);
  if (startsWithBytes(buf, CONNECT_IS, at + 1, end)) {
    request.connectMs = readNumber(buf, at + 1 + CONNECT_IS.length, end, true);
  } else if (!readQueueAndWait(request, buf, at, end)) return false;
  at = afterValue;
  if (at < 0 || !startsWithBytes(buf, SERVICE_IS, at + 1, end)) return false;
  request.serviceMs = readNumber(buf, at + 1 + SERVICE_IS.length, end, true);
  at = afterValue;
  if (at < 0 || !startsWithBytes(buf, STATUS_IS, at + 1, end)) return false;
  request.status = readStatus(buf, at + 1 + STATUS_IS.length, end);
  at = afterValue;
  if (at < 0 || !startsWithBytes(buf, BYTES_IS, at + 1, end)) return false;
  request.bytes = readNumber(buf, at + 1 + BYTES_IS.length, end, false);
  return afterValue >= 0 && readRest(request, buf, afterValue, end);
}

/** Until March 2013: `dyno=web.1 queue=0 wait=0ms [connect=1ms] service=…`. */
function readQueueAndWait(request: RequestFields, buf: Uint8Array, start: number, end: number): boolean {
  request.connectMs = NONE;
  if (!startsWithBytes(buf, QUEUE_IS, start + 1, end)) return false;
  const at = skipValue(buf, start + 1 + QUEUE_IS.length, end);
  if (at < 0 || !startsWithBytes(buf, WAIT_IS, at + 1, end)) return false;
  afterValue = skipValue(buf, at + 1 + WAIT_IS.length, end);
  if (afterValue < 0 || !startsWithBytes(buf, CONNECT_IS, afterValue + 1, end)) return afterValue >= 0;
  request.connectMs = readNumber(buf, afterValue + 1 + CONNECT_IS.length, end, true);
  return true;
}

/** End of an unquoted value (its space, or `end`), or -1 when a quote is in it. */
function skipValue(buf: Uint8Array, start: number, end: number): number {
  let at = start;
  for (; at < end; at += 1) {
    const byte = buf[at];
    if (byte === SPACE) return at;
    if (byte === QUOTE) return -1;
  }
  return at;
}

/**
 * A whole number ≥ 0, with `ms` behind it if `withUnit` (2012–2014 lines have none). NONE when empty;
 * NONE and a note when it is anything else or has more than 15 digits. Sets `afterValue`.
 */
function readNumber(buf: Uint8Array, start: number, end: number, withUnit: boolean): number {
  let at = start;
  let value = 0;
  while (at < end) {
    const digit = buf[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    at += 1;
  }
  const digits = at - start;
  if (withUnit && digits > 0 && buf[at] === LETTER_M && buf[at + 1] === LETTER_S) at += 2;
  if (at >= end || buf[at] === SPACE) {
    afterValue = at > end ? -1 : at;
    if (digits > 0 && digits <= MAX_DIGITS) return value;
    if (digits > 0) tailNotes |= NOTE_BAD_NUMBER;
    return NONE;
  }
  afterValue = skipValue(buf, at, end);
  tailNotes |= NOTE_BAD_NUMBER;
  return NONE;
}

function readStatus(buf: Uint8Array, start: number, end: number): number {
  const status = readNumber(buf, start, end, false);
  if (status === NONE || (status >= 100 && status <= 599)) return status;
  tailNotes |= NOTE_BAD_STATUS;
  return NONE;
}

/** ` key=value`s up to the end of the line. False when something else stands there: then it is no tail. */
function readRest(request: RequestFields, buf: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const keyStart = at + 1;
    const equals = keyEnd(buf, keyStart, end);
    if (equals < 0 || equalsBytes(buf, DYNO, keyStart, equals)) return false;
    const valueStart = equals + 1;
    const quoted = valueStart < end && buf[valueStart] === QUOTE;
    at = quoted ? closingQuote(buf, valueStart + 1, end) : skipValue(buf, valueStart, end);
    if (at < 0) return false;
    if (quoted) {
      keepRest(request, buf, keyStart, equals, valueStart + 1, at);
      at += 1;
    } else keepRest(request, buf, keyStart, equals, valueStart, at);
  }
  return true;
}

/** Position of the `=` behind a key, or -1 when there is no key. */
function keyEnd(buf: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const byte = buf[at];
    if (byte === EQUALS) return at > start ? at : -1;
    if (byte === SPACE || byte === QUOTE) return -1;
  }
  return -1;
}

/** The quote that ends a value: the first one before a space or the end of the line; -1 when there is none. */
function closingQuote(buf: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    if (buf[at] === QUOTE && (at + 1 === end || buf[at + 1] === SPACE)) return at;
  }
  return -1;
}

function keepRest(
  request: RequestFields,
  buf: Uint8Array,
  keyStart: number,
  equals: number,
  start: number,
  end: number,
): void {
  const length = equals - keyStart;
  if (length === TLS.length && equalsBytes(buf, TLS, keyStart, equals)) {
    request.tls = equalsBytes(buf, TRUE, start, end) ? 1 : equalsBytes(buf, FALSE, start, end) ? 0 : NONE;
  } else if (equalsBytes(buf, PROTOCOL, keyStart, equals)) setSpan(request.protocol, start, end);
  else if (equalsBytes(buf, TLS_VERSION, keyStart, equals)) setSpan(request.tlsVersion, start, end);
  else if (equalsBytes(buf, SOCK, keyStart, equals)) setSpan(request.sock, start, end);
  else if (equalsBytes(buf, AGENT, keyStart, equals)) setSpan(request.agent, start, end);
}

/* The front: `[sock=x ]at=x [code=x desc="…" ][cause="…" ]method=x path=`, then the visitor's part. */

/** Reads everything before the tail, which begins at `end` (the space before `dyno=`). */
function readFront(message: Message, buf: Uint8Array, start: number, end: number): boolean {
  const request = message.request;
  clearSpan(request.at);
  clearSpan(request.code);
  clearSpan(request.desc);
  clearSpan(request.cause);
  request.codeFamily = NONE;
  request.codeNumber = NONE;
  let at = start;
  while (at < end) {
    const equals = keyEnd(buf, at, end);
    if (equals < 0) {
      const wordEnd = untilByte(buf, SPACE, at, end);
      if (request.at.start < 0) setSpan(request.at, at, wordEnd);
      at = wordEnd + 1;
      continue;
    }
    const quoted = buf[equals + 1] === QUOTE;
    const valueStart = quoted ? equals + 2 : equals + 1;
    let valueEnd = quoted ? closingQuote(buf, valueStart, end) : untilByte(buf, SPACE, valueStart, end);
    if (valueEnd < 0) valueEnd = end;
    const next = quoted ? valueEnd + 2 : valueEnd + 1;
    if (equalsBytes(buf, METHOD, at, equals)) {
      setSpan(request.method, valueStart, valueEnd);
      message.notes |= tailNotes | (request.code.start < 0 ? 0 : noteOfCode(request));
      readVisitorPart(request, buf, next, end);
      return true;
    }
    keepFront(request, buf, at, equals, valueStart, valueEnd);
    at = next;
  }
  return false;
}

function keepFront(
  request: RequestFields,
  buf: Uint8Array,
  keyStart: number,
  equals: number,
  start: number,
  end: number,
): void {
  if (equalsBytes(buf, AT, keyStart, equals)) setSpan(request.at, start, end);
  else if (equalsBytes(buf, CODE, keyStart, equals)) readCode(request, buf, start, end);
  else if (equalsBytes(buf, DESC, keyStart, equals)) setSpan(request.desc, start, end);
  else if (equalsBytes(buf, SOCK, keyStart, equals)) setSpan(request.sock, start, end);
  else if (equalsBytes(buf, CAUSE, keyStart, equals)) setSpan(request.cause, start, end);
}

/** `H12` to family and number; another form keeps its text and gets ODD_CODE_FAMILY; empty is no code. */
function readCode(request: RequestFields, buf: Uint8Array, start: number, end: number): void {
  if (end <= start) return;
  setSpan(request.code, start, end);
  request.codeFamily = ODD_CODE_FAMILY;
  request.codeNumber = 0;
  const letter = buf[start]!;
  if (letter < 0x41 || letter > 0x5a || end - start < 2 || end - start > 4) return;
  let number = 0;
  for (let at = start + 1; at < end; at += 1) {
    const digit = buf[at]! - ZERO;
    if (digit < 0 || digit > 9) return;
    number = number * 10 + digit;
  }
  request.codeFamily = letter;
  request.codeNumber = number;
}

function noteOfCode(request: RequestFields): number {
  return isKnownCode(request.codeFamily, request.codeNumber) ? 0 : NOTE_UNKNOWN_CODE;
}

/** `path="P" host=H request_id=R fwd="F"`: the path goes up to the last `" host=` (unquoted: ` host=`). */
function readVisitorPart(request: RequestFields, buf: Uint8Array, start: number, end: number): void {
  clearSpan(request.path);
  clearSpan(request.host);
  clearSpan(request.requestId);
  clearSpan(request.fwd);
  clearSpan(request.client);
  if (!startsWithBytes(buf, PATH_IS, start, end)) {
    readAfterPath(request, buf, start, end);
    return;
  }
  const valueStart = start + PATH_IS.length;
  const quoted = valueStart < end && buf[valueStart] === QUOTE;
  const pathStart = quoted ? valueStart + 1 : valueStart;
  const pathEnd = endOfPath(buf, pathStart, end, quoted);
  setSpan(request.path, pathStart, pathEnd);
  const closed = quoted && pathEnd < end && buf[pathEnd] === QUOTE;
  readAfterPath(request, buf, closed ? pathEnd + 2 : pathEnd + 1, end);
}

/** End of the path's text, without its closing quote. Lines without host (H80) and open quotes are read too. */
function endOfPath(buf: Uint8Array, start: number, end: number, quoted: boolean): number {
  const host = lastHost(buf, start, end, quoted);
  if (host >= 0) return host;
  if (!quoted) return untilByte(buf, SPACE, start, end);
  const requestId = lastIndexOfBytes(buf, LAST_REQUEST_ID, start, end);
  if (requestId >= 0) return requestId;
  const fwd = lastIndexOfBytes(buf, LAST_FWD, start, end);
  if (fwd >= 0) return fwd;
  return end > start && buf[end - 1] === QUOTE ? end - 1 : end;
}

/** Where the path ends because a host follows, or -1. A quoted path wants its quote; an open one does without. */
function lastHost(buf: Uint8Array, start: number, end: number, quoted: boolean): number {
  let open = -1;
  let searchEnd = end;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const at = lastIndexOfBytes(buf, LAST_HOST, start, searchEnd);
    if (at < 0) break;
    if (skipValue(buf, at + LAST_HOST.bytes.length, end) >= 0) {
      if (!quoted) return at;
      if (at > start && buf[at - 1] === QUOTE) return at - 1;
      if (open < 0) open = at;
    }
    searchEnd = at + 1;
  }
  return open;
}

/** `host=H request_id=R fwd="F"` in any order but fwd last, for its value is whatever is left. */
function readAfterPath(request: RequestFields, buf: Uint8Array, start: number, end: number): void {
  let at = start;
  while (at < end) {
    const equals = keyEnd(buf, at, end);
    if (equals >= 0 && equalsBytes(buf, FWD, at, equals)) {
      readForwarded(request, buf, equals + 1, end);
      return;
    }
    const valueEnd = untilByte(buf, SPACE, equals < 0 ? at : equals, end);
    if (equals >= 0 && equalsBytes(buf, HOST, at, equals)) setSpan(request.host, equals + 1, valueEnd);
    else if (equals >= 0 && equalsBytes(buf, REQUEST_ID, at, equals)) {
      setSpan(request.requestId, equals + 1, valueEnd);
    }
    at = valueEnd + 1;
  }
}

function readForwarded(request: RequestFields, buf: Uint8Array, start: number, end: number): void {
  const quoted = start < end && buf[start] === QUOTE;
  const from = quoted ? start + 1 : start;
  const to = quoted && end > from && buf[end - 1] === QUOTE ? end - 1 : end;
  setSpan(request.fwd, from, Math.max(from, to));
  readClient(request.client, buf, from, request.fwd.end);
}

/** The last entry of `fwd`, the one Heroku itself has added, if it is an address; absent otherwise. */
function readClient(client: Span, buf: Uint8Array, start: number, end: number): void {
  let from = end;
  while (from > start && buf[from - 1] !== COMMA) from -= 1;
  let to = end;
  while (from < to && buf[from] === SPACE) from += 1;
  while (to > from && buf[to - 1] === SPACE) to -= 1;
  let separated = false;
  for (let at = from; at < to; at += 1) {
    const byte = buf[at]!;
    if (byte === DOT || byte === COLON) separated = true;
    else if (!isHex(byte)) return;
  }
  if (separated) setSpan(client, from, to);
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= ZERO && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}
