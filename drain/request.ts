/** What the headers and the URL of a POST say (FORMATS 1.1, 1.5; RELIABILITY section 2). */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Dialect } from './message.ts';

export interface DrainRequest {
  dialect: Dialect;
  /** `log-shuttle`: takes every status as final, so it gets none for a passing failure. */
  isShuttle: boolean;
  /** App named in `/drain/:app`, null without. */
  pathApp: string | null;
  /** Query of the URL, without `?`. */
  query: string;
  token: string;
  /** Identity as stated, '' when the body must give it. */
  identity: string;
  announced: number;
  dropCount: number;
  lostCount: number;
  /** −1 when unknown. */
  contentLength: number;
  gzip: boolean;
}

const LOGPLEX_TYPE = 'application/logplex-1';

/** Refusals that need nothing but the request line and headers; null when there is none. */
export function refusalOf(request: IncomingMessage): { status: number; allow?: string } | null {
  if (request.method !== 'POST') return { status: 405, allow: 'POST' };
  const { headers } = request;
  if (headers['content-type'] !== LOGPLEX_TYPE) {
    const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
    if (type !== LOGPLEX_TYPE) return { status: 415 };
  }
  if (headers['content-encoding'] === undefined) return null;
  const encoding = headers['content-encoding'].trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return null;
  // Only shuttles may compress (FORMATS 1.5); Logplex never does.
  return encoding === 'gzip' && isShuttleAgent(request) ? null : { status: 415 };
}

function isShuttleAgent(request: IncomingMessage): boolean {
  return (request.headers['user-agent'] ?? '').startsWith('log-shuttle');
}

const TOKEN_MAX = 128;
const IDENTITY_MAX = 200;

/** Reads the headers of a request that `refusalOf` lets through. Never throws. */
export function readRequest(request: IncomingMessage): DrainRequest {
  const { headers } = request;
  const url = request.url ?? '/drain';
  const question = url.indexOf('?');
  const frameId = header(request, 'logplex-frame-id');
  const isShuttle = isShuttleAgent(request);
  return {
    // Who has no frame id writes two dashes (FORMATS 2.2).
    dialect: frameId !== '' && !isShuttle ? 'logplex' : 'shuttle',
    isShuttle,
    pathApp: pathAppOf(question < 0 ? url : url.slice(0, question)),
    query: question < 0 ? '' : url.slice(question + 1),
    token: header(request, 'logplex-drain-token').slice(0, TOKEN_MAX),
    identity: frameId !== '' ? frameId : header(request, 'x-request-id'),
    announced: wholeNumber(headers['logplex-msg-count'], -1),
    dropCount: wholeNumber(headers['logplex-drop-count'], 0),
    lostCount: wholeNumber(headers['logplex-lost-count'], 0),
    contentLength: wholeNumber(headers['content-length'], -1),
    gzip: headers['content-encoding']?.trim().toLowerCase() === 'gzip',
  };
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value.slice(0, IDENTITY_MAX) : '';
}

/** Digits alone, at most 15 of them. A pattern a header would be a microsecond of a small POST's thirty. */
function wholeNumber(text: string | string[] | undefined, absent: number): number {
  if (typeof text !== 'string' || text === '' || text.length > 15) return absent;
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return absent;
    number = number * 10 + digit;
  }
  return number;
}

function pathAppOf(path: string): string | null {
  if (path === '/drain') return null;
  const match = /^\/drain\/([^/]+)\/?$/.exec(path);
  if (match === null) return null;
  try {
    return decodeURIComponent(match[1]!);
  } catch {
    return match[1]!;
  }
}

/** Whether a path is the receiver's. */
export function isDrainPath(url: string): boolean {
  return url === '/drain' || url.startsWith('/drain?') || url.startsWith('/drain/');
}

/**
 * Identity of a frame, 16 bytes. Logplex's own ids are 32 hex digits; anything else stated is hashed, and who states
 * nothing is told apart by drain and body (S-17).
 */
export function frameIdOf(identity: string, drainId: number, body: Uint8Array): Buffer {
  if (identity.length === 32) {
    // Decoding stops at the first character that is no hex digit.
    const bytes = Buffer.from(identity, 'hex');
    if (bytes.length === 16) return bytes;
  }
  const hash = createHash('sha256');
  if (identity !== '') hash.update('id\0').update(identity);
  else hash.update(`body\0${drainId}\0`).update(body);
  return hash.digest().subarray(0, 16);
}
