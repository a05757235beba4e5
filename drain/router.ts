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
import { NOTE_UNKNOWN_CODE } from './notes.ts';
import { readFront } from './router-front.ts';
import { readTail, tailNotes } from './router-tail.ts';
import { readVisitorPart } from './router-visitor.ts';
import { backwardPattern, lastIndexOfText, textOfSpan } from './scan.ts';

const LAST_DYNO = backwardPattern(' dyno=');
/** More places that only look like a tail are not tried: a bound on what one hostile line may cost. */
const MAX_TRIES = 16;

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
    uuid: new Int32Array(4),
    isUuid: false,
    odd: true,
  };
}

/**
 * Reads message.text as a router line into message.request and adds notes. False when the line has no tail or
 * no `method=` (the caller files it as "router other"); message.request is then worthless.
 */
export function readRouterLine(message: Message, words: DataView): boolean {
  const { start, end } = message.text;
  const request = message.request;
  // Also where this gives up half-way.
  request.odd = true;
  let searchEnd = end;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const dynoAt = lastIndexOfText(words, LAST_DYNO, start, searchEnd);
    if (dynoAt < 0) return false;
    if (readTail(request, words, dynoAt + LAST_DYNO.text.length, end)) {
      const visitorAt = readFront(request, words, start, dynoAt);
      if (visitorAt < 0) return false;
      readVisitorPart(request, words, visitorAt, dynoAt);
      message.notes |= tailNotes() | noteOfCode(request);
      return true;
    }
    searchEnd = dynoAt + 1;
  }
  return false;
}

function noteOfCode(request: RequestFields): number {
  const { code, codeFamily, codeNumber } = request;
  return code.start < 0 || isKnownCode(codeFamily, codeNumber) ? 0 : NOTE_UNKNOWN_CODE;
}

/** Whether `at=` says error; H31's documented line has the bare word instead. */
export function isErrorLine(buf: Uint8Array, request: RequestFields): boolean {
  const { start, end } = request.at;
  return end - start === 5 && buf[start] === 0x65 && textOfSpan(buf, request.at) === 'error';
}
