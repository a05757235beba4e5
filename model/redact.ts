/**
 * Takes secrets and personal data out of text before anything is stored or leaves the process (SEC-44), and
 * makes text storable at all: Postgres refuses NUL and lone surrogates, batch and all.
 *
 * Own patterns only (SEC-38). Each one is linear: either nothing has to follow an unbounded run, or the run
 * cannot start again inside itself; the others are scanned by hand.
 */
import { hideNamedValues } from './named-secret.ts';
import { type Counter, CUT, hasForm, hideForms, SECRET } from './secret-form.ts';
import { isRandomToken, isSensitiveWord, looksLikeTokenAfterWord } from './token-word.ts';

export interface Redacted {
  text: string;
  /** Secrets and personal data that were replaced, query values included. */
  redactions: number;
}

export interface RedactedPath extends Redacted {
  /** Control or direction characters that were percent-encoded, or lone surrogates that were replaced. */
  controls: boolean;
  /** Cut at PATH_MAX characters or QUERY_KEYS_MAX keys; the text then ends in `…`. */
  cut: boolean;
}

export const PATH_MAX = 512;
export const QUERY_KEYS_MAX = 20;
/** Default bound of `redactText`, in UTF-16 units. */
export const TEXT_MAX = 10_000;

/**
 * A request's path as it may be stored: values of the query replaced, keys kept
 * (`/search?q=*&page=*`), secrets and personal data in segments replaced by marks (`{token}`, `{email}`,
 * `{card}`), controls and direction marks percent-encoded. Never throws; at most PATH_MAX characters; applied
 * again it changes nothing.
 */
export function redactPath(path: string): RedactedPath {
  if (isPlainPath(path)) return { text: path, redactions: 0, controls: false, cut: false };
  const harmless = encodeControls(path);
  const end = harmless.search(/[?#]/);
  const segments = redactSegments(end < 0 ? harmless : harmless.slice(0, end));
  let { text, redactions } = segments;
  let cut = false;
  if (end >= 0) {
    const query = redactQuery(harmless.slice(end));
    text += query.text;
    redactions += query.redactions;
    cut = query.cut;
  }
  if (text.length > PATH_MAX) {
    text = cutPath(text);
    cut = true;
  }
  return { text, redactions, controls: harmless !== path, cut };
}

const SLASH = 0x2f;

/** Nearly every path: short segments of letters, a few digits and `-_.`, in which nothing can hide. */
function isPlainPath(path: string): boolean {
  if (path.length > 128) return false;
  for (let start = 0; start <= path.length; ) {
    const end = plainEnd(path, start);
    if (end < path.length && path.charCodeAt(end) !== SLASH) return false;
    start = end + 1;
  }
  return true;
}

/**
 * Where a word that begins at `start` stops being plain: lower-case letters, `-_.` and up to three digits, shorter
 * than anything that is a token without digits (15), and than one with digits after a telling word (6).
 */
function plainEnd(text: string, start: number): number {
  let digits = 0;
  for (let at = start; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c >= 0x30 && c <= 0x39) digits++;
    else if (!((c >= 0x61 && c <= 0x7a) || c === 0x2d || c === 0x5f || c === 0x2e)) return at;
    if (digits > 3 || at - start >= (digits > 0 ? 5 : 15)) return at;
  }
  return text.length;
}

/** Percent-encodes C0, C1, DEL and what reorders or hides text (I-19); lone surrogates become U+FFFD. */
function encodeControls(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  return path.toWellFormed().replace(hidden, encodeURIComponent);
}

function redactSegments(path: string): Redacted {
  const counter = { redactions: 0 };
  const segments = hideUserInfo(path, counter).split('/');
  // Whether a telling word came before is found out when a segment makes it matter, for those before it.
  let looked = 0;
  let wasTold = false;
  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!;
    if (plainEnd(segment, 0) === segment.length) continue;
    for (; !wasTold && looked < index; looked++) wasTold = isSensitiveWord(segments[looked]!);
    if (wasTold || !isPlainId(segment)) segments[index] = redactSegment(segment, wasTold, counter);
  }
  return { text: counter.redactions === 0 ? path : segments.join('/'), redactions: counter.redactions };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Numbers too short for a card, and uuids: what names a thing, where no word says that it opens a door. */
function isPlainId(segment: string): boolean {
  return segment.length < 13 ? /^\d+$/.test(segment) : segment.length === 36 && UUID.test(segment);
}

function redactSegment(segment: string, afterWord: boolean, counter: Counter): string {
  const cutMark = segment.endsWith(CUT) ? CUT : '';
  const body = cutMark === '' ? segment : segment.slice(0, -1);
  if (body.length < 4) return segment;
  const isToken = afterWord ? looksLikeTokenAfterWord : isRandomToken;
  if (!isToken(body)) {
    const hidden = hideForms(hideParameters(body, counter), counter);
    // Without what was hidden in it, the rest may look like one: `17&b={x}` → `17&b=*` behind `password`.
    if (hidden === body || !isToken(hidden)) return hidden + cutMark;
  }
  counter.redactions++;
  return `{token}${cutMark}`;
}

/** `;jsessionid=1` and other `key=value` inside a segment: the value goes. */
function hideParameters(segment: string, counter: Counter): string {
  if (!segment.includes('=')) return segment;
  return segment.replace(/=([^;=&]+)/g, (whole, value: string) => {
    if (value === '*') return whole;
    counter.redactions++;
    return '=*';
  });
}

interface RedactedQuery extends Redacted {
  cut: boolean;
}

/** `?a=1&b#c` → `?a=*&b#*`. `query` begins with `?` or `#`. */
function redactQuery(query: string): RedactedQuery {
  const counter = { redactions: 0 };
  const hash = query.indexOf('#');
  const keysText = hash < 0 ? query : query.slice(0, hash);
  const pairs = keysText === '' ? [] : keysText.slice(1).split('&');
  const kept = pairs.slice(0, QUERY_KEYS_MAX).map((pair) => redactPair(pair, counter));
  const cut = pairs.length > QUERY_KEYS_MAX;
  if (cut) kept.push(CUT);
  let text = keysText === '' ? '' : `?${kept.join('&')}`;
  if (hash >= 0) text += redactFragment(query.slice(hash), counter);
  return { text, redactions: counter.redactions, cut };
}

function redactFragment(fragment: string, counter: Counter): string {
  if (fragment === '#' || fragment === '#*' || fragment === `#${CUT}`) return fragment;
  counter.redactions++;
  return '#*';
}

const KEY_MAX = 64;

function redactPair(pair: string, counter: Counter): string {
  const equals = pair.indexOf('=');
  const key = redactKey(equals < 0 ? pair : pair.slice(0, equals), counter);
  if (equals < 0) return key;
  const value = pair.slice(equals + 1);
  if (value === '' || value === '*' || value === CUT || value === `*${CUT}`) return `${key}=${value}`;
  counter.redactions++;
  return `${key}=*`;
}

/** A key that is a name stays; one that is itself a value (`?ada@example.com`) goes. */
function redactKey(key: string, counter: Counter): string {
  if (plainEnd(key, 0) === key.length) return key;
  const body = key.endsWith(CUT) ? key.slice(0, -1) : key;
  if (body === '*' || (body.length <= KEY_MAX && !looksLikeTokenAfterWord(body) && !hasForm(body)))
    return key;
  counter.redactions++;
  return '*';
}

/** Cuts to PATH_MAX including the mark; what is left of the last piece must not look like a secret now. */
function cutPath(text: string): string {
  let end = PATH_MAX - 1;
  if (isLeadSurrogate(text, end - 1)) end--;
  const kept = text.slice(0, end);
  // A cut number or address may pass for something else: give up the broken piece where it does.
  const pieceStart =
    Math.max(kept.lastIndexOf('/'), kept.lastIndexOf('&'), kept.lastIndexOf('?'), kept.lastIndexOf('#')) + 1;
  const piece = kept.slice(pieceStart);
  const safe = piece === '*' || (!hasForm(piece) && !looksLikeTokenAfterWord(piece));
  return `${safe ? kept : kept.slice(0, pieceStart)}${CUT}`;
}

/**
 * Text from outside (a log line, a description, bytes in quarantine) without cookies, credentials, tokens,
 * private keys, card numbers and e-mail addresses. Never throws; at most `maxLength` UTF-16 units, cut
 * with `…`; applied again it changes nothing.
 */
export function redactText(text: string, maxLength: number = TEXT_MAX): Redacted {
  const counter = { redactions: 0 };
  let result = hideAll(text, counter);
  // What a cut leaves of a number or an address may pass for another one: looked at again.
  for (let round = 0; round < 3; round++) {
    const bounded = cutText(result, maxLength);
    result = bounded === text ? bounded : hideAll(bounded, counter);
    if (result === bounded) return { text: result, redactions: counter.redactions };
  }
  return { text: CUT.slice(0, maxLength), redactions: counter.redactions };
}

function hideAll(text: string, counter: Counter): string {
  let result = text;
  if (result.includes('-----BEGIN')) result = hidePrivateKeys(result, counter);
  result = hideUserInfo(result, counter);
  result = hideNamedValues(result, counter);
  result = hideSchemes(result, counter);
  return hideForms(result, counter);
}

/** Drops the broken last word if it is short, so that a cut makes no new word. */
function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  if (maxLength < 2) return CUT.slice(0, maxLength);
  let end = maxLength - 1;
  const lastBlank = text.lastIndexOf(' ', end);
  if (lastBlank > 0 && end - lastBlank <= 128)
    end = lastBlank + 1 > maxLength - 1 ? lastBlank : lastBlank + 1;
  else if (isLeadSurrogate(text, end - 1)) end--;
  return text.slice(0, end) + CUT;
}

function hidePrivateKeys(text: string, counter: Counter): string {
  const pem =
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g;
  return text.replace(pem, () => {
    counter.redactions++;
    return '{privateKey}';
  });
}

/** `postgres://user:password@host` → `postgres://{redacted}@host`. */
function hideUserInfo(text: string, counter: Counter): string {
  if (!text.includes('://')) return text;
  return text.replace(/:\/\/([^\s/"'<>?#]{1,512})@/g, (whole, info: string) => {
    if (info === SECRET) return whole;
    counter.redactions++;
    return `://${SECRET}@`;
  });
}

/** `Bearer abc`, `Basic YTpi`, also far from a header's name. */
function hideSchemes(text: string, counter: Counter): string {
  return text.replace(
    /\b(bearer|basic|token|apikey)( {1,4})([A-Za-z0-9._~+/-]{8,}={0,2})/gi,
    (whole, scheme: string, blank: string, value: string) => {
      const certain = scheme.toLowerCase() === 'bearer' || /\d|=$/.test(value) || /[a-z][A-Z]/.test(value);
      if (!certain) return whole;
      counter.redactions++;
      return `${scheme}${blank}${SECRET}`;
    },
  );
}

function isLeadSurrogate(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return c >= 0xd800 && c <= 0xdbff;
}

export interface StorableText {
  text: string;
  /** Any of the three below. */
  changed: boolean;
  /** Bytes that are not UTF-8, or lone surrogates: U+FFFD stands in their place. */
  badUtf8: boolean;
  /** C0, C1 or DEL: tabs and line ends became blanks, the others are gone. */
  controlBytes: boolean;
  cutText: boolean;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Text that Postgres takes: without NUL (I-13), lone surrogates (I-16) and other control bytes (I-21), at most
 * `maxLength` UTF-16 units, never cut inside a character. What is changed is named as in NOTES.
 */
export function storableText(source: Uint8Array | string, maxLength: number): StorableText {
  const decoded = typeof source === 'string' ? source : utf8.decode(source);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (decoded.length <= maxLength && !/[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufffd]/.test(decoded)) {
    return { text: decoded, changed: false, badUtf8: false, controlBytes: false, cutText: false };
  }
  const wellFormed = decoded.toWellFormed();
  const badUtf8 = wellFormed !== decoded || (typeof source !== 'string' && !isUtf8(source));
  const visible = wellFormed
    .replace(/[\t\n\r]/g, ' ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
  const controlBytes = visible.length !== wellFormed.length || /[\t\n\r]/.test(wellFormed);
  const text = boundedText(visible, maxLength);
  const cutText = text.length !== visible.length;
  return { text, changed: badUtf8 || controlBytes || cutText, badUtf8, controlBytes, cutText };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictUtf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function boundedText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return text.slice(0, isLeadSurrogate(text, maxLength - 1) ? maxLength - 1 : maxLength);
}
