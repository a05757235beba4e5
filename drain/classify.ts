/**
 * Who wrote a message, decided on (APPNAME, PROCID) compared exactly, never on its text (FORMATS 3). An
 * application may print `at=error code=H12 …` or call a process type `router`: its dynos are `router.1`,
 * another procid, and its lines stay application text.
 */

import type { Message, Span } from './message.ts';
import { ascii, DASH, DOT, isText, literal, startsWith, ZERO } from './scan.ts';

export const SOURCE_ROUTER = 0;
/** (`heroku`, `logplex`). */
export const SOURCE_LOGPLEX = 1;
/** (`heroku`, a dyno): runtime metrics and dyno events. */
export const SOURCE_DYNO = 2;
/** (`app`, `api`), in old lines (`heroku`, `api`), and the slug compiler of old. */
export const SOURCE_API = 3;
/** (`app`, `log-shuttle`). */
export const SOURCE_SHUTTLE = 4;
/** (`app`, `postgres`) or (`app`, `postgres.<pid>`); a process type of that name writes here as well. */
export const SOURCE_DATABASE = 5;
/** (`app`, neither a dyno nor one of the above): an add-on, if it writes metrics. */
export const SOURCE_ADDON = 6;
/** (`app` or a token of the user's own, anything else): application output, never a platform fact. */
export const SOURCE_APP = 7;
/** (`heroku`, anything else). */
export const SOURCE_UNKNOWN = 8;

/** Why nothing was made of a message (its `otherReason`). */
export const OTHER_REASONS = ['badHeader', 'badRouterLine', 'unknownSource', 'unknownEvent'] as const;
export type OtherReason = (typeof OTHER_REASONS)[number];

const HEROKU = literal('heroku');
const APP = literal('app');
const ROUTER = literal('router');
const LOGPLEX = literal('logplex');
const API = literal('api');
const SHUTTLE = literal('log-shuttle');
const POSTGRES = literal('postgres');
const SLUG_COMPILER = literal('slug-compiler');
const SLUGC = literal('slugc');
const NIL = literal('-');

/** One of the SOURCE_ numbers, from message.appname and message.procid. */
export function sourceOf(message: Message, words: DataView): number {
  const { appname, procid } = message;
  if (isText(words, HEROKU, appname.start, appname.end)) return sourceOfHeroku(procid, words);
  if (!isText(words, APP, appname.start, appname.end)) return SOURCE_APP;
  const { start, end } = procid;
  if (startsWith(words, POSTGRES, start, end) && isDatabase(words, start + POSTGRES.length, end)) {
    return SOURCE_DATABASE;
  }
  if (isDynoName(words, procid) || isText(words, NIL, start, end)) return SOURCE_APP;
  if (isText(words, API, start, end)) return SOURCE_API;
  return isText(words, SHUTTLE, start, end) ? SOURCE_SHUTTLE : SOURCE_ADDON;
}

function sourceOfHeroku(procid: Span, words: DataView): number {
  const { start, end } = procid;
  if (isText(words, ROUTER, start, end)) return SOURCE_ROUTER;
  if (isDynoName(words, procid)) return SOURCE_DYNO;
  if (isText(words, LOGPLEX, start, end)) return SOURCE_LOGPLEX;
  const api = isText(words, API, start, end);
  if (api || isText(words, SLUG_COMPILER, start, end) || isText(words, SLUGC, start, end)) {
    return SOURCE_API;
  }
  return SOURCE_UNKNOWN;
}

/** What follows `postgres`: nothing, or `.<pid>`. */
function isDatabase(words: DataView, at: number, end: number): boolean {
  return at === end || (words.getUint8(at) === DOT && at + 1 < end && allDigits(words, at + 1, end));
}

/** Longer names are no dynos (model/heroku.ts has the same bound and grammar, on strings). */
const MAX_DYNO_NAME = 128;

/** Whether a procid is `TYPE.N`, or a Fir name such as `web-848cd4f64d-pvpr2`. */
export function isDynoName(words: DataView, procid: Span): boolean {
  const { start, end } = procid;
  if (end <= start || end - start > MAX_DYNO_NAME) return false;
  let dot = end - 1;
  while (dot > start && isDigit(words.getUint8(dot))) dot -= 1;
  if (dot > start && dot < end - 1 && end - dot <= 10 && words.getUint8(dot) === DOT)
    return isTypeName(words, start, dot);
  return isFirName(words, start, end);
}

function isFirName(words: DataView, start: number, end: number): boolean {
  const pod = end - 6;
  if (pod <= start || words.getUint8(pod) !== DASH || !allFir(words, pod + 1, end)) return false;
  let replicas = pod - 1;
  while (replicas > start && words.getUint8(replicas) !== DASH) replicas -= 1;
  const length = pod - replicas - 1;
  if (length < 6 || length > 10 || !allFir(words, replicas + 1, pod)) return false;
  return replicas > start && isTypeName(words, start, replicas);
}

function isTypeName(words: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = words.getUint8(at);
    const lower = byte | 0x20;
    if (!(lower >= 0x61 && lower <= 0x7a) && !isDigit(byte) && byte !== DASH && byte !== 0x5f) return false;
  }
  return end > start;
}

/** Fir's alphabet: consonants, 2 and 4–9, so that no word can come out. */
function allFir(words: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (FIR[words.getUint8(at)] === 0) return false;
  return true;
}

const FIR = new Uint8Array(256);
for (const byte of ascii('bcdfghjklmnpqrstvwxz2456789')) FIR[byte] = 1;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function allDigits(words: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isDigit(words.getUint8(at))) return false;
  return true;
}
