/**
 * Chance that can be repeated: a small seeded generator (sfc32 after a 128-bit hash of the seed's
 * text). The same parts give the same numbers on every machine, so a run is replayed from its seed.
 */

export interface Random {
  /** In [0, 1), 32 bits. */
  next(): number;
  /** Integer in [low, high], both included. */
  integer(low: number, high: number): number;
  /** True with this probability, 0–1. */
  chance(probability: number): boolean;
  /** One of a non-empty list. */
  pick<T>(list: readonly T[]): T;
  /** Standard normal. */
  normal(): number;
  /** Log-normal around a median; sigma is the deviation of the logarithm (0.5 narrow, 1.2 long tail). */
  logNormal(median: number, sigma: number): number;
  /** Exponential with this mean. */
  exponential(mean: number): number;
  /** How many events of a Poisson process with this mean happen. */
  poisson(mean: number): number;
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
  /** UUID-shaped; not marked as version 4, like the request ids of Router 2.0. */
  uuid(): string;
}

/** MurmurHash3-like mixing of a text into four words of 32 bits. */
export function hashSeed(text: string): [number, number, number, number] {
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ unit, 597399067);
    b = c ^ Math.imul(b ^ unit, 2869860233);
    c = d ^ Math.imul(c ^ unit, 951274213);
    d = a ^ Math.imul(d ^ unit, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  const all = a ^ b ^ c ^ d;
  return [all >>> 0, (b ^ all) >>> 0, (c ^ all) >>> 0, (d ^ all) >>> 0];
}

/** A word that is the same for the same parts: for phases and fixed traits of a thing. */
export function hash32(...parts: (string | number)[]): number {
  return hashSeed(parts.join('\u0000'))[0];
}

/** A fraction in [0, 1) that is the same for the same parts. */
export function fraction(...parts: (string | number)[]): number {
  return hash32(...parts) / 2 ** 32;
}

/** @param parts whatever identifies the purpose: seed, app, slice … */
export function seededRandom(...parts: (string | number)[]): Random {
  return new SmallFastCounter(hashSeed(parts.join('\u0000')));
}

/** Four digits of every 16-bit number: request ids are most of the work of making up a line. */
const HEX = Array.from({ length: 65_536 }, (_, n) => n.toString(16).padStart(4, '0'));

class SmallFastCounter implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor([a, b, c, d]: [number, number, number, number]) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#counter = d | 0;
    // The first outputs of sfc32 still show the seed; twelve rounds hide it.
    for (let i = 0; i < 12; i += 1) this.#word();
  }

  #word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    return this.#word() / 2 ** 32;
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)] as T;
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  poisson(mean: number): number {
    // Above 60 the normal approximation is indistinguishable here, and the product below underflows later.
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let product = this.next();
    let count = 0;
    while (product > limit) {
      count += 1;
      product *= this.next();
    }
    return count;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) {
      const word = this.#word();
      text += `${HEX[word >>> 16]}${HEX[word & 0xffff]}`;
    }
    return text.slice(0, digits);
  }

  uuid(): string {
    const text = this.hex(32);
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
  }
}
