/**
 * Turns ranges of a body's bytes into shared terms without making a string for text seen before: method, path,
 * host, dyno and client repeat in nearly every line, and a look-up by bytes costs a fifth of a string and a Map.
 */

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
  return { text, bytes: Buffer.from(text, 'utf8'), notes, redactions, shape, sectionId: -1, localId: -1 };
}

/** FNV-1a over words of four bytes: one multiplication, which is what takes the time, for four. */
function hashOf(buf: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    // The product's low bits depend on low bits alone.
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ buf[at]!, 0x01000193);
  return hash ^ (end - start);
}

export class Interner {
  readonly #make: (raw: string) => Made;
  readonly #termsMax: number;
  #slots: Int32Array;
  #hashes: Int32Array;
  #terms: Term[] = [];
  #starts: Float64Array;
  #lengths: Int32Array;
  #slab: Uint8Array;
  #slabUsed = 0;
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
    this.#slots = new Int32Array(slots).fill(-1);
    this.#hashes = new Int32Array(termsMax);
    this.#starts = new Float64Array(termsMax);
    this.#lengths = new Int32Array(termsMax);
    this.#slab = new Uint8Array(64 * 1024);
  }

  get size(): number {
    return this.#terms.length;
  }

  /** The term of bytes [start, end). Same bytes, same term, until the bound was reached. */
  term(buf: Uint8Array, start: number, end: number): Term {
    if (end < start) return this.term(buf, start, start);
    // Hosts, methods and protocols are mostly those of the line before: comparing is cheaper than hashing.
    const last = this.#last;
    if (last >= 0 && this.#same(last, buf, start, end)) return this.#terms[last]!;
    const hash = hashOf(buf, start, end);
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const index = this.#slots[slot]!;
      if (index === -1) return this.#add(slot, hash, buf, start, end);
      if (this.#hashes[index] === hash && this.#same(index, buf, start, end)) {
        this.#last = index;
        return this.#terms[index]!;
      }
      slot = (slot + 1) & mask;
    }
  }

  #same(index: number, buf: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[index] !== length) return false;
    const from = this.#starts[index]!;
    const slab = this.#slab;
    for (let i = 0; i < length; i++) if (slab[from + i] !== buf[start + i]) return false;
    return true;
  }

  #add(slot: number, hash: number, buf: Uint8Array, start: number, end: number): Term {
    if (this.#terms.length >= this.#termsMax) {
      this.#forget();
      return this.term(buf, start, end);
    }
    const length = end - start;
    while (this.#slabUsed + length > this.#slab.length) {
      const larger = new Uint8Array(this.#slab.length * 2);
      larger.set(this.#slab);
      this.#slab = larger;
    }
    this.#slab.set(buf.subarray(start, end), this.#slabUsed);
    const raw = Buffer.from(buf.buffer, buf.byteOffset + start, length).toString('utf8');
    const made = this.#make(raw);
    const term = makeTerm(made.text, made.notes, made.redactions, made.shape);
    const index = this.#terms.push(term) - 1;
    this.#hashes[index] = hash;
    this.#starts[index] = this.#slabUsed;
    this.#lengths[index] = length;
    this.#slabUsed += length;
    this.#slots[slot] = index;
    return term;
  }

  #forget(): void {
    this.#slots.fill(-1);
    this.#last = -1;
    this.#terms = [];
    this.#slabUsed = 0;
    if (this.#slab.length > 4 * 1024 * 1024) this.#slab = new Uint8Array(64 * 1024);
  }
}
