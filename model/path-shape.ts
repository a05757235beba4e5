/**
 * Paths as shapes: what is particular to one request is replaced by a mark, so that `/cart/17` and `/cart/18`
 * are one route. Shapes are kept for 13 months and shown to everyone: no secret may be in one (SEC-44).
 */
import { hasForm } from './secret-form.ts';
import { isRandomLetters, isRandomToken, isSensitiveWord, looksLikeTokenAfterWord } from './token-word.ts';

export const SHAPE_SEGMENTS_MAX = 8;
export const SHAPE_MAX = 120;
const SEGMENT_MAX = 48;
const CUT = '…';

/**
 * `/cart/17?x=1` → `/cart/{id}`. Without query and fragment, host (absolute form) and empty segments; ids, uuids,
 * hex, dates, versions, tokens and e-mail addresses replaced; at most 8 segments (then `/…`) and 120 characters.
 * `*` stays, '' is `/`. Applied again it changes nothing.
 */
export function pathShape(path: string): string {
  if (isPlainShape(path)) return path;
  const bare = barePath(path);
  if (bare === '*') return bare;
  const shapes: string[] = [];
  let length = 0;
  for (const segment of bare.split('/')) {
    if (segment === '') continue;
    const shape = quickShape(segment) ?? segmentShape(segment, shapes.some(isSensitiveWord));
    length += shape.length + 1;
    if (shapes.length === SHAPE_SEGMENTS_MAX || length > SHAPE_MAX) return withRest(shapes);
    shapes.push(shape);
  }
  return `/${shapes.join('/')}`;
}

/** `/a/b` and more → `/a/b/…`, within the bound. */
function withRest(shapes: string[]): string {
  const kept = shapes.at(-1) === CUT ? shapes.slice(0, -1) : shapes;
  const text = kept.map((shape) => `/${shape}`).join('');
  return text.length + 2 <= SHAPE_MAX ? `${text}/${CUT}` : withRest(kept.slice(0, -1));
}

/** Routes of short lower-case words are their own shape, which most are: found in one look at each character. */
function isPlainShape(path: string): boolean {
  if (path.length < 2 || path.length > SHAPE_MAX || path.charCodeAt(0) !== 0x2f) return false;
  let segments = 0;
  for (let start = 1; start <= path.length; segments++) {
    const end = plainEnd(path, start);
    if (end === start || (end < path.length && path.charCodeAt(end) !== 0x2f)) return false;
    start = end + 1;
    // A slash at the end is not part of a shape.
    if (start === path.length) return false;
  }
  return segments <= SHAPE_SEGMENTS_MAX;
}

/**
 * Where a plain word that begins at `start` ends: lower-case letters, `-_.`, digits behind letters (`v1`), and
 * shorter than anything that could be a token.
 */
function plainEnd(text: string, start: number): number {
  let digits = 0;
  let at = start;
  for (; at < text.length && at - start < 15; at++) {
    const c = text.charCodeAt(at);
    if (c >= 0x30 && c <= 0x39) {
      const before = at > start ? text.charCodeAt(at - 1) : 0;
      if (before < 0x61 && digits === 0) return start;
      digits++;
    } else if (!((c >= 0x61 && c <= 0x7a) || c === 0x2d || c === 0x5f || c === 0x2e)) {
      break;
    }
  }
  return (digits > 0 && (at - start >= 6 || digits > 3)) || at - start === 15 ? start : at;
}

const UUID_LENGTH = 36;

/** Plain words, numbers and uuids, without regular expressions where possible; null for what needs a closer look. */
function quickShape(segment: string): string | null {
  if (plainEnd(segment, 0) === segment.length) return segment;
  if (isDigits(segment)) return '{id}';
  const isUuid = segment.length === UUID_LENGTH && segment[8] === '-' && WHOLE_UUID.test(segment);
  return isUuid ? '{uuid}' : null;
}

function isDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c < 0x30 || c > 0x39) return false;
  }
  return true;
}

function barePath(path: string): string {
  const end = path.search(/[?#]/);
  const bare = end < 0 ? path : path.slice(0, end);
  const authority = /^[a-z][a-z0-9+.-]{0,30}:\/\/[^/]*/i.exec(bare)?.[0];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
  return (authority === undefined ? bare : bare.slice(authority.length))
    .toWellFormed()
    .replace(hidden, '\ufffd');
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const WHOLE_UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MARK = /^\{(?:id|uuid|hex|token|date|email|card|version|name|redacted)\}$/;

function segmentShape(segment: string, afterWord: boolean): string {
  const parameters = segment.indexOf(';');
  const bare = parameters > 0 ? segment.slice(0, parameters) : segment;
  // A segment that was cut keeps its mark; what stands before it is looked at like any other.
  const cut = bare.endsWith(CUT) ? CUT : '';
  const body = bare.slice(0, bare.length - cut.length);
  if (body === '') return CUT;
  const shape = wholeShape(body, afterWord) ?? partsShape(body);
  return boundedSegment(shape === body ? body + cut : shape, afterWord);
}

/** Segments that are replaced as a whole. */
function wholeShape(text: string, afterWord: boolean): string | null {
  if (MARK.test(text)) return text;
  if (isDigits(text)) return '{id}';
  if (/@|%40/.test(text)) return /^@[^@%]+$/.test(text) ? '@{name}' : '{email}';
  if (afterWord && looksLikeTokenAfterWord(text)) return '{token}';
  // `/posts/123-my-title`, and `/posts/my-long-title-12345`: the title is as particular as the number.
  if (/^\d+[-_][^\d]/.test(text) || /^[^\d]+[-_][^\d]*[-_]\d{4,}$/.test(text)) return '{id}';
  if (isRandomToken(text) || hasForm(text)) return '{token}';
  return null;
}

/** Segments of which only parts are replaced: `admin-62f13e9f….css` → `admin-{hex}.css`. */
function partsShape(text: string): string {
  return text
    .replace(UUID, '{uuid}')
    .replace(/(?<!\d)\d{4}-\d{2}(?:-\d{2})?(?:[T_]\d[\d:.Z+-]*)?(?!\d)/g, '{date}')
    .replace(/(?<![A-Za-z\d])v?\d+(?:\.\d+)+(?![A-Za-z\d])/g, '{version}')
    .replace(/\{[a-z]+\}|%[0-9A-Fa-f]{2}|[\p{L}\p{N}]+/gu, partShape);
}

function partShape(part: string): string {
  if (part.startsWith('%') || part.startsWith('{')) return part;
  if (!/\d/.test(part)) {
    return isRandomLetters(part) || part.length > 40 ? '{token}' : part;
  }
  if (/^\d+$/.test(part)) return '{id}';
  if (/^[0-9a-f]{8,}$/i.test(part)) return '{hex}';
  return isRandomPart(part) ? '{token}' : part;
}

/** Letters and digits mixed as no word does: `k3j9x2mq0z`, `dQw4w9WgXcQ`; not `oauth2`, `h264`, `utf8`. */
function isRandomPart(part: string): boolean {
  if (part.length >= 20 || /\d{5}/.test(part)) return true;
  const digitRuns = part.match(/\d+/g)?.length ?? 0;
  return part.length >= 8 && (digitRuns >= 3 || (digitRuns >= 2 && /[a-z]/.test(part) && /[A-Z]/.test(part)));
}

/** Cut to SEGMENT_MAX; where the cut makes something of another kind, that is the shape. */
function boundedSegment(text: string, afterWord: boolean): string {
  if (text.length <= SEGMENT_MAX) return text;
  let end = SEGMENT_MAX - 1;
  // Not inside a mark or a character.
  const open = text.lastIndexOf('{', end - 1);
  if (open >= 0 && text.indexOf('}', open) >= end) end = open;
  const lead = text.charCodeAt(end - 1);
  if (lead >= 0xd800 && lead <= 0xdbff) end--;
  const head = text.slice(0, end);
  const again = wholeShape(head, afterWord) ?? partsShape(head);
  return again === head ? head + CUT : again.slice(0, SEGMENT_MAX);
}
