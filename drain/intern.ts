/**
 * Turns ranges of a body's bytes into shared terms without making a string for text seen before: method, path,
 * host, dyno and client repeat in nearly every line, and a look-up by bytes costs a fifth of a string and a Map.
 */

import { wordsOf } from './scan.ts';

/** A text as it is stored, once per interner; `make` derives it from the bytes. */
export interface Term {
  /** Storable text: redacted, bounded, without NUL. */
  readonly text: string;
  /** UTF-8 of the text, ready for the durable log. */
  readonly bytes: Uint8Array;
  /** What cleaning found, as bits of NOTES, counted at each use. */
  readonly notes: number;
  /** Secrets and personal data replaced, counted at each use. */
  readonly redactions: number;
  /** Whether there are notes or redactions to count: one look for what nearly no term has. */
  readonly found: boolean;
  /** Shape of a path (model/path-shape.ts), so that it is made once a path and not once a chunk; '' for other texts. */
  readonly shape: string;
  /** Section that gave the term its local number, and that number (drain/section.ts). */
  sectionId: number;
  localId: number;
}

/** What `make` answers for a new text. */
export interface Made {
  text: string;
  notes: number;
  redactions: number;
  shape?: string;
}

/** A term outside any interner. */
export function makeTerm(text: string, notes = 0, redactions = 0, shape = ''): Term {
  return {
    text,
    bytes: Buffer.from(text, 'utf8'),
    notes,
    redactions,
    found: notes !== 0 || redactions !== 0,
    shape,
    sectionId: -1,
    localId: -1,
  };
}

/**
 * FNV-1a over words of four bytes: one multiplication, which is what takes the time, for four. Where the length is no
 * multiple of four the last word overlaps with the one before.
 */
function hashOf(words: DataView, start: number, end: number): number {
  const length = end - start;
  let hash = 0x811c9dc5 ^ length;
  if (length < 4) {
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ words.getUint8(at), 0x01000193);
    return hash;
  }
  for (let at = start; at <= end - 4; at += 4) {
    hash = Math.imul(hash ^ words.getInt32(at, true), 0x01000193);
    // The product's low bits depend on low bits alone.
    hash ^= hash >>> 15;
  }
  if ((length & 3) !== 0) hash = Math.imul(hash ^ words.getInt32(end - 4, true), 0x01000193);
  return hash;
}

/** Places for the terms used lately. */
const RECENT = 256;

function placeOf(lastWord: number, length: number): number {
  return (Math.imul(lastWord, 0x9e3779b1) ^ Math.imul(length, 0x2c1b3c6d)) >>> 24;
}

/** Whether `length` bytes are the same in both places. */
function areSame(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
    return true;
  }
  const last = length - 4;
  if (a.getInt32(aStart + last, true) !== b.getInt32(bStart + last, true)) return false;
  for (let i = 0; i < last; i += 4) {
    if (a.getInt32(aStart + i, true) !== b.getInt32(bStart + i, true)) return false;
  }
  return true;
}

export class Interner {
  readonly #make: (raw: string) => Made;
  readonly #termsMax: number;
  /** Pairs of hash and index of the term + 1, 0 for an empty place: what is looked at together lies together. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  #terms: Term[] = [];
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  #slab: Uint8Array;
  #slabWords: DataView;
  #slabUsed = 0;
  /** Index + 1 of the term used last of those that share a place, 0 for none. */
  readonly #recent = new Uint32Array(RECENT);
  /** Index of the term that was found last. */
  #last = -1;

  /**
   * @param make stored text for a raw one (decoded from UTF-8 with replacement)
   * @param termsMax bound; when it is reached everything is forgotten, which costs time but never meaning
   */
  constructor(make: (raw: string) => Made, termsMax = 16_384) {
    this.#make = make;
    this.#termsMax = termsMax;
    const slots = 1 << Math.ceil(Math.log2(termsMax * 2));
    this.#slots = new Int32Array(slots * 2);
    this.#mask = slots - 1;
    this.#starts = new Int32Array(termsMax);
    this.#lengths = new Int32Array(termsMax);
    this.#slab = new Uint8Array(SLAB_BYTES);
    this.#slabWords = wordsOf(this.#slab);
  }

  get size(): number {
    return this.#terms.length;
  }

  /** The term of bytes [start, end). Same bytes, same term, until the bound was reached. */
  term(words: DataView, start: number, end: number): Term {
    if (end < start) return this.term(words, start, start);
    const length = end - start;
    // Hosts, methods and protocols are mostly those of the line before: comparing is cheaper than hashing.
    const last = this.#last;
    if (
      last >= 0 &&
      this.#lengths[last] === length &&
      areSame(this.#slabWords, this.#starts[last]!, words, start, length)
    ) {
      return this.#terms[last]!;
    }
    if (length < 4) return this.#find(words, start, end);
    // Then by the last four bytes alone, before all are hashed: most lines name one of a few dozen paths and dynos.
    const place = placeOf(words.getInt32(end - 4, true), length);
    const recent = this.#recent[place]! - 1;
    if (
      recent >= 0 &&
      this.#lengths[recent] === length &&
      areSame(this.#slabWords, this.#starts[recent]!, words, start, length)
    ) {
      this.#last = recent;
      return this.#terms[recent]!;
    }
    const term = this.#find(words, start, end);
    this.#recent[place] = this.#last + 1;
    return term;
  }

  /** The same through the whole table; sets `#last`. */
  #find(words: DataView, start: number, end: number): Term {
    const hash = hashOf(words, start, end);
    const length = end - start;
    const slots = this.#slots;
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (;;) {
      const index = slots[slot * 2 + 1]! - 1;
      if (index < 0) return this.#add(slot, hash, words, start, end);
      if (
        slots[slot * 2] === hash &&
        this.#lengths[index] === length &&
        areSame(this.#slabWords, this.#starts[index]!, words, start, length)
      ) {
        this.#last = index;
        return this.#terms[index]!;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #add(slot: number, hash: number, words: DataView, start: number, end: number): Term {
    if (this.#terms.length >= this.#termsMax) {
      this.#forget();
      return this.#find(words, start, end);
    }
    const length = end - start;
    this.#reserve(length);
    const raw = Buffer.from(words.buffer, words.byteOffset + start, length);
    this.#slab.set(raw, this.#slabUsed);
    const made = this.#make(raw.toString('utf8'));
    const term = makeTerm(made.text, made.notes, made.redactions, made.shape);
    const index = this.#terms.push(term) - 1;
    this.#starts[index] = this.#slabUsed;
    this.#lengths[index] = length;
    this.#slabUsed += length;
    this.#slots[slot * 2] = hash;
    this.#slots[slot * 2 + 1] = index + 1;
    this.#last = index;
    return term;
  }

  #reserve(length: number): void {
    let capacity = this.#slab.length;
    while (this.#slabUsed + length > capacity) capacity *= 2;
    if (capacity === this.#slab.length) return;
    const larger = new Uint8Array(capacity);
    larger.set(this.#slab);
    this.#slab = larger;
    this.#slabWords = wordsOf(larger);
  }

  #forget(): void {
    this.#slots.fill(0);
    this.#recent.fill(0);
    this.#last = -1;
    this.#terms = [];
    this.#slabUsed = 0;
    if (this.#slab.length <= SLAB_BYTES_MAX) return;
    this.#slab = new Uint8Array(SLAB_BYTES);
    this.#slabWords = wordsOf(this.#slab);
  }
}

/** First and largest lasting size of the texts' bytes. */
const SLAB_BYTES = 64 * 1024;
const SLAB_BYTES_MAX = 4 * 1024 * 1024;
