/**
 * Who wrote a message, decided on (APPNAME, PROCID) compared exactly, never on its text (FORMATS 3). An
 * application may print `at=error code=H12 …` or call a process type `router`: its dynos are `router.1`,
 * another procid, and its lines stay application text.
 */

import type { Message, Span } from './message.ts';
import { ascii, DASH, DOT, equalsBytes, startsWithBytes, ZERO } from './scan.ts';

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

const HEROKU = ascii('heroku');
const APP = ascii('app');
const ROUTER = ascii('router');
const LOGPLEX = ascii('logplex');
const API = ascii('api');
const SHUTTLE = ascii('log-shuttle');
const POSTGRES = ascii('postgres');
const SLUG_COMPILER = ascii('slug-compiler');
const SLUGC = ascii('slugc');
const NIL = ascii('-');

/** One of the SOURCE_ numbers, from message.appname and message.procid. */
export function sourceOf(message: Message, buf: Uint8Array): number {
  const { appname, procid } = message;
  if (equalsBytes(buf, HEROKU, appname.start, appname.end)) return sourceOfHeroku(procid, buf);
  if (!equalsBytes(buf, APP, appname.start, appname.end)) return SOURCE_APP;
  const { start, end } = procid;
  if (startsWithBytes(buf, POSTGRES, start, end) && isDatabase(buf, start + POSTGRES.length, end)) {
    return SOURCE_DATABASE;
  }
  if (isDynoName(buf, procid) || equalsBytes(buf, NIL, start, end)) return SOURCE_APP;
  if (equalsBytes(buf, API, start, end)) return SOURCE_API;
  return equalsBytes(buf, SHUTTLE, start, end) ? SOURCE_SHUTTLE : SOURCE_ADDON;
}

function sourceOfHeroku(procid: Span, buf: Uint8Array): number {
  const { start, end } = procid;
  if (equalsBytes(buf, ROUTER, start, end)) return SOURCE_ROUTER;
  if (isDynoName(buf, procid)) return SOURCE_DYNO;
  if (equalsBytes(buf, LOGPLEX, start, end)) return SOURCE_LOGPLEX;
  const api = equalsBytes(buf, API, start, end);
  if (api || equalsBytes(buf, SLUG_COMPILER, start, end) || equalsBytes(buf, SLUGC, start, end)) {
    return SOURCE_API;
  }
  return SOURCE_UNKNOWN;
}

/** What follows `postgres`: nothing, or `.<pid>`. */
function isDatabase(buf: Uint8Array, at: number, end: number): boolean {
  return at === end || (buf[at] === DOT && at + 1 < end && allDigits(buf, at + 1, end));
}

/** Longer names are no dynos (model/heroku.ts has the same bound and grammar, on strings). */
const MAX_DYNO_NAME = 128;

/** Whether a procid is `TYPE.N`, or a Fir name such as `web-848cd4f64d-pvpr2`. */
export function isDynoName(buf: Uint8Array, procid: Span): boolean {
  const { start, end } = procid;
  if (end - start > MAX_DYNO_NAME) return false;
  let dot = end - 1;
  while (dot > start && isDigit(buf[dot]!)) dot -= 1;
  if (dot > start && dot < end - 1 && end - dot <= 10 && buf[dot] === DOT) return isTypeName(buf, start, dot);
  return isFirName(buf, start, end);
}

function isFirName(buf: Uint8Array, start: number, end: number): boolean {
  const pod = end - 6;
  if (pod <= start || buf[pod] !== DASH || !allFir(buf, pod + 1, end)) return false;
  let replicas = pod - 1;
  while (replicas > start && buf[replicas] !== DASH) replicas -= 1;
  const length = pod - replicas - 1;
  if (length < 6 || length > 10 || !allFir(buf, replicas + 1, pod)) return false;
  return replicas > start && isTypeName(buf, start, replicas);
}

function isTypeName(buf: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = buf[at]!;
    const lower = byte | 0x20;
    if (!(lower >= 0x61 && lower <= 0x7a) && !isDigit(byte) && byte !== DASH && byte !== 0x5f) return false;
  }
  return end > start;
}

/** Fir's alphabet: consonants, 2 and 4–9, so that no word can come out. */
function allFir(buf: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (FIR[buf[at]!] === 0) return false;
  return true;
}

const FIR = new Uint8Array(256);
for (const byte of ascii('bcdfghjklmnpqrstvwxz2456789')) FIR[byte] = 1;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function allDigits(buf: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isDigit(buf[at]!)) return false;
  return true;
}
