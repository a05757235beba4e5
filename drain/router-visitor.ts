/**
 * The part of a router line that the visitor writes: `path="P" host=H request_id=R fwd="F"`. P and F may hold
 * anything, so the path goes up to the last `" host=` and fwd takes whatever is left before the tail.
 */
import type { RequestFields, Span } from './message.ts';
import { skipValue } from './router-tail.ts';
import {
  backwardPattern,
  byteAt,
  COMMA,
  clearSpan,
  DOT,
  lastIndexOfText,
  literal,
  QUOTE,
  SPACE,
  setSpan,
  startsWith,
  untilByte,
} from './scan.ts';
import { readUuid, UUID_LENGTH } from './uuid.ts';

const LAST_HOST = backwardPattern(' host=');
const REQUEST_ID = literal('" request_id=');
const LAST_FWD = backwardPattern('" fwd=');
const PATH_IS = literal('path=');
const HOST_IS = literal('host=');
const REQUEST_ID_IS = literal('request_id=');
const FWD_IS = literal('fwd=');
const COLON = 0x3a;
/** Places that look like a host and are none: a bound on what one hostile path may cost. */
const MAX_TRIES = 16;

/** What `fwd` mostly consists of: hex digits, what separates them within an address, and addresses from each other. */
const ADDRESS_DIGIT = 1;
export const ADDRESS_PART = 2;
export const ADDRESS_LIST = 4;

/** One of the above by byte, 0 for all others. */
export const addressBytes = new Uint8Array(256);
for (const character of '0123456789abcdefABCDEF') addressBytes[character.charCodeAt(0)] = ADDRESS_DIGIT;
for (const character of '.:') addressBytes[character.charCodeAt(0)] = ADDRESS_PART;
for (const character of ', ') addressBytes[character.charCodeAt(0)] = ADDRESS_LIST;

/** Reads [start, end): from behind the method to the space before `dyno=`. Whatever is missing is absent. */
export function readVisitorPart(request: RequestFields, words: DataView, start: number, end: number): void {
  clearSpan(request.path);
  clearSpan(request.host);
  clearSpan(request.requestId);
  clearSpan(request.fwd);
  clearSpan(request.client);
  request.isUuid = false;
  lastHostStart = -1;
  let at = start;
  if (startsWith(words, PATH_IS, start, end)) {
    const valueStart = start + PATH_IS.length;
    const quoted = byteAt(words, valueStart, end) === QUOTE;
    const pathStart = quoted ? valueStart + 1 : valueStart;
    const pathEnd = endOfPath(words, pathStart, end, quoted);
    setSpan(request.path, pathStart, pathEnd);
    at = quoted && byteAt(words, pathEnd, end) === QUOTE ? pathEnd + 2 : pathEnd + 1;
  }
  if (startsWith(words, HOST_IS, at, end)) {
    const hostStart = at + HOST_IS.length;
    at = hostStart === lastHostStart ? lastHostEnd : untilByte(words, SPACE, hostStart, end);
    setSpan(request.host, hostStart, at);
    at += 1;
  }
  readAfterHost(request, words, at, end);
}

/** End of the path's text, without its closing quote. Lines without host (H80) and open quotes are read too. */
function endOfPath(words: DataView, start: number, end: number, quoted: boolean): number {
  const host = lastHost(words, start, end, quoted);
  if (host >= 0) return host;
  if (!quoted) return untilByte(words, SPACE, start, end);
  for (let at = end - REQUEST_ID.length; at >= start; at -= 1) {
    if (startsWith(words, REQUEST_ID, at, end)) return at;
  }
  const fwd = lastIndexOfText(words, LAST_FWD, start, end);
  if (fwd >= 0) return fwd;
  return end > start && words.getUint8(end - 1) === QUOTE ? end - 1 : end;
}

/** The value of the host that `lastHost` found last, so that it need not be measured twice. */
let lastHostStart = -1;
let lastHostEnd = -1;

/** Where the path ends because a host follows, or -1. A quoted path wants its quote; an open one does without. */
function lastHost(words: DataView, start: number, end: number, quoted: boolean): number {
  let open = -1;
  let searchEnd = end;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const at = lastIndexOfText(words, LAST_HOST, start, searchEnd);
    if (at < 0) break;
    const valueStart = at + LAST_HOST.text.length;
    const valueEnd = skipValue(words, valueStart, end);
    if (valueEnd >= 0) {
      lastHostStart = valueStart;
      lastHostEnd = valueEnd;
      if (!quoted) return at;
      if (at > start && words.getUint8(at - 1) === QUOTE) return at - 1;
      if (open < 0) open = at;
    }
    searchEnd = at + 1;
  }
  return open;
}

/** `request_id=R fwd="F"`, keys we do not know in between; fwd comes last, for its value is whatever is left. */
function readAfterHost(request: RequestFields, words: DataView, start: number, end: number): void {
  let at = start;
  while (at < end) {
    if (startsWith(words, FWD_IS, at, end)) {
      readForwarded(request, words, at + FWD_IS.length, end);
      return;
    }
    const idStart = startsWith(words, REQUEST_ID_IS, at, end) ? at + REQUEST_ID_IS.length : -1;
    const valueEnd = untilByte(words, SPACE, Math.max(idStart, at), end);
    if (idStart >= 0) {
      setSpan(request.requestId, idStart, valueEnd);
      request.isUuid = valueEnd - idStart === UUID_LENGTH && readUuid(request.uuid, words, idStart);
    }
    at = valueEnd + 1;
  }
}

function readForwarded(request: RequestFields, words: DataView, start: number, end: number): void {
  const quoted = byteAt(words, start, end) === QUOTE;
  const from = quoted ? start + 1 : start;
  const to = quoted && end > from && words.getUint8(end - 1) === QUOTE ? end - 1 : end;
  setSpan(request.fwd, from, to);
  readClient(request.client, words, from, to);
}

/** The last entry of `fwd`, the one Heroku itself has added, if it is an address; absent otherwise. */
export function readClient(client: Span, words: DataView, start: number, end: number): void {
  let to = end;
  while (to > start && words.getUint8(to - 1) === SPACE) to -= 1;
  let separated = false;
  let at = to - 1;
  for (; at >= start; at -= 1) {
    const byte = words.getUint8(at);
    if (byte === COMMA || byte === SPACE) break;
    if (byte === DOT || byte === COLON) separated = true;
    else if (addressBytes[byte] !== ADDRESS_DIGIT) return;
  }
  if (separated && isBoundary(words, start, at)) setSpan(client, at + 1, to);
}

/** Whether only spaces stand between the comma (or the start) and the address: `a b` is no address. */
function isBoundary(words: DataView, start: number, before: number): boolean {
  let at = before;
  while (at >= start && words.getUint8(at) === SPACE) at -= 1;
  return at < start || words.getUint8(at) === COMMA;
}
