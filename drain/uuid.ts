/** Request ids: UUIDs of `8-4-4-4-12` lower-case hex digits, from text to 16 bytes. */
import { DASH } from './scan.ts';

/**
 * The byte that two hex digits stand for, by the two characters as one number (little-endian); −1 for others, upper
 * case among them, so that what is read back is what was written. One look-up for two digits; of the table only
 * two kilobytes are ever looked at.
 */
const BYTE_OF_PAIR = buildPairs();

function buildPairs(): Int16Array {
  const pairs = new Int16Array(0x10000).fill(-1);
  for (let byte = 0; byte < 256; byte += 1) {
    const hex = byte.toString(16).padStart(2, '0');
    pairs[hex.charCodeAt(0) | (hex.charCodeAt(1) << 8)] = byte;
  }
  return pairs;
}

/** Characters of a UUID as text. */
export const UUID_LENGTH = 36;

/** Four bytes as a little-endian word; sets the sign of `bad` when one of the pairs is none. */
let bad = 0;

function readWord(words: DataView, a: number, b: number, c: number, d: number): number {
  const first = BYTE_OF_PAIR[words.getUint16(a, true)]!;
  const second = BYTE_OF_PAIR[words.getUint16(b, true)]!;
  const third = BYTE_OF_PAIR[words.getUint16(c, true)]!;
  const fourth = BYTE_OF_PAIR[words.getUint16(d, true)]!;
  bad |= first | second | third | fourth;
  return first | (second << 8) | (third << 16) | (fourth << 24);
}

/** Reads the 36 characters at `at` into four little-endian words; false, and the words worthless, when they are no UUID. */
export function readUuid(into: Int32Array, words: DataView, at: number): boolean {
  if (words.getUint8(at + 8) !== DASH || words.getUint8(at + 13) !== DASH) return false;
  if (words.getUint8(at + 18) !== DASH || words.getUint8(at + 23) !== DASH) return false;
  bad = 0;
  into[0] = readWord(words, at, at + 2, at + 4, at + 6);
  into[1] = readWord(words, at + 9, at + 11, at + 14, at + 16);
  into[2] = readWord(words, at + 19, at + 21, at + 24, at + 26);
  into[3] = readWord(words, at + 28, at + 30, at + 32, at + 34);
  return bad >= 0;
}
