/**
 * Finding and comparing ASCII in a range of bytes without making strings: what every parser of the
 * hot path stands on. All positions are offsets into the whole buffer; `end` is exclusive.
 */
import type { Span } from './message.ts';

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const DASH = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const EQUALS = 0x3d;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A view that reads four bytes of a body at once; make one per body, not per message. */
export function wordsOf(buf: Uint8Array): DataView {
  return new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
}

/** Four characters as a little-endian word, to compare with `words.getInt32(at, true)`. */
export function word(text: string): number {
  return wordsOf(ascii(text)).getInt32(0, true);
}

/** The byte at a position, -1 from `end` on. Every read of a single byte that may be the last goes through here. */
export function byteAt(words: DataView, at: number, end: number): number {
  return at < end ? words.getUint8(at) : -1;
}

/** An ASCII text prepared for comparing four bytes at a time (little-endian words). */
export interface Literal {
  length: number;
  first: number;
  /** Bytes 4–7 of a text of more than eight, bytes 8–11 of one of more than twelve. */
  second: number;
  third: number;
  /** The last four bytes, which may overlap with the first. */
  last: number;
  bytes: Uint8Array;
}

/** Prepares a text; those of 4 to 16 characters are compared by words, others byte by byte. */
export function literal(text: string): Literal {
  const bytes = ascii(text);
  const length = bytes.length;
  const word = (at: number): number => (at + 4 > length ? 0 : wordsOf(bytes).getInt32(at, true));
  return {
    length,
    first: word(0),
    second: word(4),
    third: word(8),
    last: word(Math.max(length - 4, 0)),
    bytes,
  };
}

/** Whether the text stands at `at` and ends within [at, end). */
export function startsWith(words: DataView, text: Literal, at: number, end: number): boolean {
  const length = text.length;
  if (at + length > end) return false;
  if (length < 4 || length > 16) return startsWithOdd(words, text, at);
  if (words.getInt32(at, true) !== text.first) return false;
  if (length > 8 && words.getInt32(at + 4, true) !== text.second) return false;
  if (length > 12 && words.getInt32(at + 8, true) !== text.third) return false;
  return words.getInt32(at + length - 4, true) === text.last;
}

function startsWithOdd(words: DataView, text: Literal, at: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (words.getUint8(at + index) !== text.bytes[index]) return false;
  }
  return true;
}

/** Whether [start, end) is exactly the text. */
export function isText(words: DataView, text: Literal, start: number, end: number): boolean {
  return end - start === text.length && startsWith(words, text, start, end);
}

/**
 * Position of the first `byte` in [start, end), or `end`, four bytes a step (Hacker's Delight 6-1: a word has a
 * zero byte where `(x - 0x01010101) & ~x & 0x80808080` is set; the lowest set one is exact).
 */
export function untilByte(words: DataView, byte: number, start: number, end: number): number {
  const repeated = byte * 0x01010101;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = words.getInt32(at, true) ^ repeated;
    const found = (word - 0x01010101) & ~word & 0x80808080;
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
  }
  while (at < end && words.getUint8(at) !== byte) at += 1;
  return at;
}

/**
 * Position of the first space or quote in [start, end), or `end` (or `start`, if that is greater). The two differ in
 * one bit, so that one comparison of a word finds either.
 */
export function untilSpaceOrQuote(words: DataView, start: number, end: number): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = (words.getInt32(at, true) & ~0x02020202) ^ 0x20202020;
    const found = (word - 0x01010101) & ~word & 0x80808080;
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
  }
  while (at < end && (words.getUint8(at) & ~2) !== SPACE) at += 1;
  return at;
}

/** Position of the first `byte` in [start, end), or -1. */
export function indexOfByte(words: DataView, byte: number, start: number, end: number): number {
  const at = untilByte(words, byte, start, end);
  return at < end ? at : -1;
}

/** A text prepared for a search from the end. */
export interface BackwardPattern {
  text: Literal;
  /** By byte: 1 + its place in the text, 0 for a byte that is not in it. */
  places: Uint8Array;
}

/** Prepares `text` (ASCII, no character twice) for `lastIndexOfText`. */
export function backwardPattern(text: string): BackwardPattern {
  const places = new Uint8Array(256);
  for (let at = 0; at < text.length; at += 1) places[text.charCodeAt(at)] = at + 1;
  return { text: literal(text), places };
}

/**
 * Start of the last occurrence of the pattern that lies wholly in [start, end), or -1. An occurrence of six
 * bytes covers exactly one of every sixth position, so only those are looked at; unlike with a table of steps
 * no look waits for the one before (81 to 30 ns for the tail of a router line).
 */
export function lastIndexOfText(
  words: DataView,
  pattern: BackwardPattern,
  start: number,
  end: number,
): number {
  const { text, places } = pattern;
  const length = text.length;
  for (let at = end - 1; at >= start; at -= length) {
    const place = places[words.getUint8(at)]!;
    if (place === 0) continue;
    const from = at - place + 1;
    if (from >= start && startsWith(words, text, from, end)) return from;
  }
  return -1;
}

/** Text of [start, end) as UTF-8, bytes that are none shown as U+FFFD, a byte order mark kept. */
export function textOfBytes(buf: Uint8Array, start: number, end: number): string {
  if (end <= start) return '';
  if (buf instanceof Buffer) return buf.toString('utf8', start, end);
  return decoder.decode(buf.subarray(start, end));
}

/** The same from a view of the bytes. */
export function textOfWords(words: DataView, start: number, end: number): string {
  return textOfBytes(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), start, end);
}

/** Text of a span; '' for an empty or absent one. */
export function textOfSpan(buf: Uint8Array, span: Span): string {
  return span.start < 0 ? '' : textOfBytes(buf, span.start, span.end);
}

export function setSpan(span: Span, start: number, end: number): void {
  span.start = start;
  span.end = end;
}

/** Marks a span as absent. */
export function clearSpan(span: Span): void {
  span.start = -1;
  span.end = -1;
}
