/** Values whose name says that they are secret: `password=`, `"api_key": "…"`, `Cookie: …`. */
import { type Counter, CUT, SECRET } from './secret-form.ts';

/** Names whose value is secret whatever it looks like. */
const PASSWORD_NAMES = 'passwords?|passwd|passphrase|pwd';
/** Names whose value is secret where it is assigned, but prose after a colon (`bad token: expected`) is not. */
const TOKEN_NAMES =
  'secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?|session[_-]?id|csrf|otp';
/** Headers: the value goes to the end of the line. */
const HEADER_NAMES =
  'proxy-authorization|authorization|set-cookie|cookie|x-[a-z-]{0,24}(?:auth|key|signature)';

const NAMED = new RegExp(
  `(?:(${HEADER_NAMES})|(${PASSWORD_NAMES})|(?:${TOKEN_NAMES}))([\\w-]{0,24})(\\\\{0,8}["']?\\]?[ \\t]{0,4}(?:=>|[=:])[ \\t]{0,4})`,
  'gi',
);

/** Replaces the values of telling names, wherever assignments, JSON (also quoted inside JSON) or headers put them. */
export function hideNamedValues(text: string, counter: Counter): string {
  NAMED.lastIndex = 0;
  let result = '';
  let copied = 0;
  for (let match = NAMED.exec(text); match !== null; match = NAMED.exec(text)) {
    const start = NAMED.lastIndex;
    const isHeader = match[1] !== undefined;
    let value = readValue(text, start, isHeader);
    if (value.end <= value.start || !isSecretValue(text, value, match)) continue;
    // What is taken out as a whole is not read again, however long it is.
    if (value.end - start >= VALUE_MAX) value = readValue(text, start, isHeader, text.length);
    result += text.slice(copied, value.start) + SECRET;
    counter.redactions++;
    copied = value.end;
    NAMED.lastIndex = value.end;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

interface ValueSpan {
  start: number;
  end: number;
  quoted: boolean;
}

/** As much of a value is looked at to tell whether it is secret, so that unclosed quotes stay cheap. */
const VALUE_MAX = 8192;

/** Where the value that begins at `start` ends: at its quote, at the line's end (headers), or at a separator. */
function readValue(text: string, start: number, toLineEnd: boolean, max: number = VALUE_MAX): ValueSpan {
  let open = start;
  while (text.charCodeAt(open) === 0x5c && open - start < 8) open++;
  const quote = text[open];
  if (quote === '"' || quote === "'") {
    const from = open + 1;
    const closed = findQuote(text, from, text.slice(start, from), max);
    return { start: from, end: closed, quoted: true };
  }
  let end = start;
  const limit = Math.min(text.length, start + max);
  const stops = toLineEnd ? '\r\n"' : ' \t\r\n&;,"\'<>)]}\\';
  if (text.startsWith(SECRET, start)) end += SECRET.length;
  while (end < limit && !stops.includes(text[end]!)) end++;
  // The mark of a cut stays a mark.
  if (end === text.length && end > start && text[end - 1] === CUT) end--;
  return { start, end, quoted: false };
}

function findQuote(text: string, from: number, delimiter: string, max: number): number {
  const limit = Math.min(text.length, from + max);
  for (let at = from; at < limit; at++) {
    if (text.startsWith(delimiter, at)) return at;
    if (delimiter.length === 1 && text.charCodeAt(at) === 0x5c) at++;
  }
  return text.endsWith(CUT) && limit === text.length ? limit - 1 : limit;
}

/** Values that tell nothing, or were filtered by the app itself. */
const EMPTY_VALUE =
  /^(?:\*+|nil|null|none|undefined|true|false|\[?filtered\]?|\[redacted\]?|\{redacted\}?)$/i;

function isSecretValue(text: string, span: ValueSpan, match: RegExpExecArray): boolean {
  const value = text.slice(span.start, span.end);
  if (EMPTY_VALUE.test(value.trim()) || isCutMark(value)) return false;
  if (match[1] !== undefined) return value.trim() !== '';
  // `max_tokens=512` is a number of tokens; `PWD=/app` is a folder.
  if (/^s/i.test(match[3]!) && /^\d+$/.test(value)) return false;
  if (match[2] !== undefined) return !value.startsWith('/');
  const assigned = match[4]!.includes('=') || span.quoted || /["']/.test(match[4]!);
  return assigned || /\d/.test(value) || value.length >= 16;
}

/** A mark that lost its end to a cut: `{reda…`. */
function isCutMark(value: string): boolean {
  return value.startsWith('{') && value.length < SECRET.length && SECRET.startsWith(value);
}
