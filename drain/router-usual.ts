/**
 * A router line of the usual form, read once from left to right:
 *
 *   heroku router - at=info method=GET path="/p" host=h request_id=r fwd="1.2.3.4" dyno=web.1 connect=0ms service=3ms status=200 bytes=9 protocol=http1.1 tls=true tls_version=tls1.3
 *
 * Sound because nothing is open to doubt: the path has neither quote nor space, fwd has nothing but what addresses
 * are made of, every key stands in its place and the line ends with the last value. Any other line is left to
 * the general way (router.ts), which reads these lines to the same fields, in more than twice the time.
 */
import { type Message, NONE, type RequestFields } from './message.ts';
import { ADDRESS_LIST, ADDRESS_PART, addressBytes, readClient } from './router-visitor.ts';
import { clearSpan, setSpan, untilSpaceOrQuote, word, ZERO } from './scan.ts';
import { readUuid, UUID_LENGTH } from './uuid.ts';

// The text between the values in words of four bytes; the last word of each overlaps with the one before.
const HERO = word('hero');
const KU_R = word('ku r');
const OUTE = word('oute');
const R_ = word('r - ');
const AT_I = word('at=i');
const NFO_ = word('nfo ');
const METH = word('meth');
const HOD_IS = word('hod=');
const _PAT = word(' pat');
const H_IS = word('th="');
const _HOS = word('" ho');
const ST_IS = word('ost=');
const _REQ = word(' req');
const UEST = word('uest');
const _ID_IS = word('_id=');
const _FWD = word(' fwd');
const IS_QUOTE = 0x223d;
const _DYN = word('" dy');
const NO_IS = word('yno=');
const _CON = word(' con');
const NECT = word('nect');
const ECT_IS = word('ect=');
const MS_S = word('ms s');
const ERVI = word('ervi');
const ICE_IS = word('ice=');
const TATU = word('tatu');
const TUS_IS = word('tus=');
const _BYT = word(' byt');
const TES_IS = word('tes=');
const _PRO = word(' pro');
const TOCO = word('toco');
const COL_IS = word('col=');
const _TLS = word(' tls');
const IS_TRU = word('=tru');
const E_TL = word('e tl');
const S_VE = word('s_ve');
const RSIO = word('rsio');
const ION_IS = word('ion=');

/** `heroku router - at=info method=`. */
const FRONT_LENGTH = 31;
/** More digits than this are left to the general way. */
const MAX_DIGITS = 9;

/**
 * Reads a router line into message.request and sets appname, procid and text; `start` is behind the host, `end` where the
 * message ends. False when the line is of any other form: then message.request is worthless.
 */
export function readUsualRouterLine(message: Message, words: DataView, start: number, end: number): boolean {
  if (start + FRONT_LENGTH > end || words.getInt32(start, true) !== HERO) return false;
  if (words.getInt32(start + 4, true) !== KU_R || words.getInt32(start + 8, true) !== OUTE) return false;
  if (words.getInt32(start + 12, true) !== R_ || words.getInt32(start + 16, true) !== AT_I) return false;
  if (words.getInt32(start + 20, true) !== NFO_ || words.getInt32(start + 24, true) !== METH) return false;
  if (words.getInt32(start + 27, true) !== HOD_IS) return false;
  const { request } = message;
  const tail = readVisitor(request, words, start + FRONT_LENGTH, end);
  if (tail < 0 || !readTail(request, words, tail, end)) return false;
  setSpan(message.appname, start, start + 6);
  setSpan(message.procid, start + 7, start + 13);
  setSpan(message.text, start + 16, end);
  setSpan(request.at, start + 19, start + 23);
  if (request.odd) clearOdd(request);
  return true;
}

/** From behind `method=` to behind `dyno=`: the position there, or -1. */
function readVisitor(request: RequestFields, words: DataView, start: number, end: number): number {
  const methodEnd = untilSpaceOrQuote(words, start, end);
  if (methodEnd + 8 > end || words.getInt32(methodEnd, true) !== _PAT) return -1;
  if (words.getInt32(methodEnd + 3, true) !== H_IS) return -1;
  setSpan(request.method, start, methodEnd);

  const pathStart = methodEnd + 7;
  const pathEnd = untilSpaceOrQuote(words, pathStart, end);
  if (pathEnd + 7 > end || words.getInt32(pathEnd, true) !== _HOS) return -1;
  if (words.getInt32(pathEnd + 3, true) !== ST_IS) return -1;
  setSpan(request.path, pathStart, pathEnd);

  const hostStart = pathEnd + 7;
  const hostEnd = untilSpaceOrQuote(words, hostStart, end);
  const idStart = hostEnd + 12;
  const idEnd = idStart + UUID_LENGTH;
  if (idEnd + 6 > end || words.getInt32(hostEnd, true) !== _REQ) return -1;
  if (words.getInt32(hostEnd + 4, true) !== UEST || words.getInt32(hostEnd + 8, true) !== _ID_IS) return -1;
  setSpan(request.host, hostStart, hostEnd);

  if (!readUuid(request.uuid, words, idStart) || words.getInt32(idEnd, true) !== _FWD) return -1;
  if (words.getUint16(idEnd + 4, true) !== IS_QUOTE) return -1;
  request.isUuid = true;
  setSpan(request.requestId, idStart, idEnd);
  return readForwarded(request, words, idEnd + 6, end);
}

/** From behind `fwd="` to behind `dyno=`: the position there, or -1. */
function readForwarded(request: RequestFields, words: DataView, start: number, end: number): number {
  let at = start;
  let seen = 0;
  for (; at < end; at += 1) {
    const kind = addressBytes[words.getUint8(at)]!;
    if (kind === 0) break;
    seen |= kind;
  }
  if (at + 7 > end || words.getInt32(at, true) !== _DYN || words.getInt32(at + 3, true) !== NO_IS) return -1;
  setSpan(request.fwd, start, at);
  if ((seen & ADDRESS_LIST) !== 0) {
    clearSpan(request.client);
    readClient(request.client, words, start, at);
  } else if ((seen & ADDRESS_PART) !== 0) setSpan(request.client, start, at);
  else clearSpan(request.client);
  return at + 7;
}

/** From behind `dyno=` to the end of the line. */
function readTail(request: RequestFields, words: DataView, start: number, end: number): boolean {
  const dynoEnd = untilSpaceOrQuote(words, start, end);
  if (dynoEnd + 9 > end || words.getInt32(dynoEnd, true) !== _CON) return false;
  if (words.getInt32(dynoEnd + 4, true) !== NECT || words.getInt32(dynoEnd + 5, true) !== ECT_IS)
    return false;
  setSpan(request.dyno, start, dynoEnd);

  request.connectMs = readDigits(words, dynoEnd + 9, end);
  let at = afterDigits;
  if (at + 11 > end || words.getInt32(at, true) !== MS_S) return false;
  if (words.getInt32(at + 4, true) !== ERVI || words.getInt32(at + 7, true) !== ICE_IS) return false;

  request.serviceMs = readDigits(words, at + 11, end);
  at = afterDigits;
  if (at + 10 > end || words.getInt32(at, true) !== MS_S) return false;
  if (words.getInt32(at + 4, true) !== TATU || words.getInt32(at + 6, true) !== TUS_IS) return false;

  const status = readDigits(words, at + 10, end);
  request.status = status;
  at = afterDigits;
  if (status < 100 || status > 599 || at + 7 > end || words.getInt32(at, true) !== _BYT) return false;
  if (words.getInt32(at + 3, true) !== TES_IS) return false;

  request.bytes = readDigits(words, at + 7, end);
  return readProtocol(request, words, afterDigits, end);
}

/** ` protocol=http2.0 tls=true tls_version=tls1.3`, up to the end of the line. */
function readProtocol(request: RequestFields, words: DataView, start: number, end: number): boolean {
  if (start + 10 > end || words.getInt32(start, true) !== _PRO) return false;
  if (words.getInt32(start + 4, true) !== TOCO || words.getInt32(start + 6, true) !== COL_IS) return false;
  const protocolEnd = untilSpaceOrQuote(words, start + 10, end);
  setSpan(request.protocol, start + 10, protocolEnd);

  const versionStart = protocolEnd + 22;
  if (versionStart > end || words.getInt32(protocolEnd, true) !== _TLS) return false;
  if (words.getInt32(protocolEnd + 4, true) !== IS_TRU || words.getInt32(protocolEnd + 8, true) !== E_TL)
    return false;
  if (words.getInt32(protocolEnd + 12, true) !== S_VE || words.getInt32(protocolEnd + 16, true) !== RSIO)
    return false;
  if (words.getInt32(protocolEnd + 18, true) !== ION_IS) return false;
  request.tls = 1;
  setSpan(request.tlsVersion, versionStart, end);
  return untilSpaceOrQuote(words, versionStart, end) === end;
}

/** Position after the digits that `readDigits` has just read; `end` when they are none that it reads. */
let afterDigits = 0;

/** A number of one to nine digits. */
function readDigits(words: DataView, start: number, end: number): number {
  let at = start;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = words.getUint8(at) - ZERO;
    // Below '0' the sign bit makes it a great number.
    if (digit >>> 0 > 9) break;
    value = (value * 10 + digit) | 0;
  }
  const digits = at - start;
  afterDigits = digits === 0 || digits > MAX_DIGITS ? end : at;
  return value;
}

/** Marks as absent what usual lines do not have. */
function clearOdd(request: RequestFields): void {
  request.odd = false;
  clearSpan(request.desc);
  clearSpan(request.cause);
  clearSpan(request.agent);
  clearSpan(request.sock);
  clearSpan(request.code);
  request.codeFamily = NONE;
  request.codeNumber = NONE;
}
