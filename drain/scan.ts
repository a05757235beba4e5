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

/** The bytes of an ASCII text, for `startsWithBytes` and `lastIndexOfBytes`. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Position of the first `byte` in [start, end), or -1. A plain loop: spans are short, a native call is not cheaper. */
export function indexOfByte(buf: Uint8Array, byte: number, start: number, end: number): number {
  for (let at = start; at < end; at += 1) if (buf[at] === byte) return at;
  return -1;
}

/** Position of the first `byte` in [start, end), or `end`. */
export function untilByte(buf: Uint8Array, byte: number, start: number, end: number): number {
  let at = start;
  while (at < end && buf[at] !== byte) at += 1;
  return at;
}

/** Whether `pattern` stands at `start` and ends within [start, end). */
export function startsWithBytes(buf: Uint8Array, pattern: Uint8Array, start: number, end: number): boolean {
  const length = pattern.length;
  if (start + length > end) return false;
  for (let at = 0; at < length; at += 1) if (buf[start + at] !== pattern[at]) return false;
  return true;
}

/** Whether [start, end) is exactly `pattern`. */
export function equalsBytes(buf: Uint8Array, pattern: Uint8Array, start: number, end: number): boolean {
  return end - start === pattern.length && startsWithBytes(buf, pattern, start, end);
}

/** A pattern with its table of steps for a search from the end (Horspool, mirrored). */
export interface BackwardPattern {
  bytes: Uint8Array;
  /** By byte at the left edge of the window: how far the window may move to the left. */
  steps: Uint8Array;
}

/** Prepares `text` (ASCII, 2–255 bytes) for `lastIndexOfBytes`. */
export function backwardPattern(text: string): BackwardPattern {
  const bytes = ascii(text);
  const steps = new Uint8Array(256).fill(bytes.length);
  for (let at = bytes.length - 1; at > 0; at -= 1) steps[bytes[at]!] = at;
  return { bytes, steps };
}

/**
 * Start of the last occurrence of the pattern that lies wholly in [start, end), or -1. Looks at about one
 * byte in six, which is why the tail of a router line is searched this way and not byte by byte.
 */
export function lastIndexOfBytes(
  buf: Uint8Array,
  pattern: BackwardPattern,
  start: number,
  end: number,
): number {
  const { bytes, steps } = pattern;
  const length = bytes.length;
  const first = bytes[0];
  let at = end - length;
  while (at >= start) {
    const byte = buf[at]!;
    if (byte === first) {
      let matched = 1;
      while (matched < length && buf[at + matched] === bytes[matched]) matched += 1;
      if (matched === length) return at;
    }
    at -= steps[byte]!;
  }
  return -1;
}

/** Text of [start, end) as UTF-8, bytes that are none shown as U+FFFD, a byte order mark kept. */
export function textOfBytes(buf: Uint8Array, start: number, end: number): string {
  if (end <= start) return '';
  if (buf instanceof Buffer) return buf.toString('utf8', start, end);
  return decoder.decode(buf.subarray(start, end));
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
