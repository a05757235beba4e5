/**
 * The front of a router line: `[sock=x ]at=x [code=x desc="…" ][cause="…" ]method=x `. H31's documented line
 * begins with the bare word `error` in place of `at=error`.
 */
import { NONE, type RequestFields } from './message.ts';
import { closingQuote, keyEnd } from './router-tail.ts';
import {
  byteAt,
  clearSpan,
  isText,
  literal,
  QUOTE,
  SPACE,
  setSpan,
  startsWith,
  untilByte,
  ZERO,
} from './scan.ts';

const AT = literal('at');
const AT_INFO = literal('at=info ');
const CODE = literal('code');
const DESC = literal('desc');
const SOCK = literal('sock');
const CAUSE = literal('cause');
const METHOD = literal('method');

/** A family for a code that is not a letter and digits (`_`): known as "some code", never as none. */
export const ODD_CODE_FAMILY = 95;

/**
 * Reads the words from `start` to the method and gives the position behind it; -1 when no `method=` stands
 * before `end`.
 */
export function readFront(request: RequestFields, words: DataView, start: number, end: number): number {
  clearSpan(request.at);
  clearSpan(request.code);
  clearSpan(request.desc);
  clearSpan(request.cause);
  request.codeFamily = NONE;
  request.codeNumber = NONE;
  let at = start;
  if (startsWith(words, AT_INFO, start, end)) {
    setSpan(request.at, start + 3, start + 7);
    at = start + AT_INFO.length;
  }
  while (at < end) {
    const equals = keyEnd(words, at, end);
    if (equals < 0) {
      const wordEnd = untilByte(words, SPACE, at, end);
      if (request.at.start < 0) setSpan(request.at, at, wordEnd);
      at = wordEnd + 1;
      continue;
    }
    const quoted = byteAt(words, equals + 1, end) === QUOTE;
    const valueStart = quoted ? equals + 2 : equals + 1;
    let valueEnd = quoted ? closingQuote(words, valueStart, end) : untilByte(words, SPACE, valueStart, end);
    if (valueEnd < 0) valueEnd = end;
    const next = quoted ? valueEnd + 2 : valueEnd + 1;
    if (isText(words, METHOD, at, equals)) {
      setSpan(request.method, valueStart, valueEnd);
      return next;
    }
    keepFront(request, words, at, equals, valueStart, valueEnd);
    at = next;
  }
  return -1;
}

function keepFront(
  request: RequestFields,
  words: DataView,
  keyStart: number,
  equals: number,
  start: number,
  end: number,
): void {
  if (isText(words, AT, keyStart, equals)) setSpan(request.at, start, end);
  else if (isText(words, CODE, keyStart, equals)) readCode(request, words, start, end);
  else if (isText(words, DESC, keyStart, equals)) setSpan(request.desc, start, end);
  else if (isText(words, SOCK, keyStart, equals)) setSpan(request.sock, start, end);
  else if (isText(words, CAUSE, keyStart, equals)) setSpan(request.cause, start, end);
}

/** `H12` to family and number; another form keeps its text and gets ODD_CODE_FAMILY; empty is no code. */
function readCode(request: RequestFields, words: DataView, start: number, end: number): void {
  if (end <= start) return;
  setSpan(request.code, start, end);
  request.codeFamily = ODD_CODE_FAMILY;
  request.codeNumber = 0;
  const letter = words.getUint8(start);
  if (letter < 0x41 || letter > 0x5a || end - start < 2 || end - start > 4) return;
  let number = 0;
  for (let at = start + 1; at < end; at += 1) {
    const digit = words.getUint8(at) - ZERO;
    if (digit < 0 || digit > 9) return;
    number = number * 10 + digit;
  }
  request.codeFamily = letter;
  request.codeNumber = number;
}
