/** One direction of a link between two sockets: bytes in order, late, slow, in slices, or not at all. */
import type { Socket } from 'node:net';
import type { Random } from '../sim/random.ts';

/** What a direction of a link is like. All zero: bytes pass at once. */
export interface Weather {
  /** Each part arrives so much later. */
  delayMs: number;
  /** Up to so much more, by chance; the order is kept. */
  jitterMs: number;
  /** 0: as fast as it goes. */
  bytesPerSecond: number;
  /** Parts are cut into slices of this size, each written alone; 0: as they come. */
  sliceBytes: number;
  /** Bytes are thrown away; nobody is told. */
  vanish: boolean;
}

export const CALM: Weather = { delayMs: 0, jitterMs: 0, bytesPerSecond: 0, sliceBytes: 0, vanish: false };

/** Bytes on the way before the source is asked to wait, as a network's own buffers would. */
const ON_THE_WAY_MAX = 1024 * 1024;

export class Pipe {
  readonly #to: Socket;
  readonly #from: Socket;
  readonly #weather: () => Weather;
  readonly #random: Random;
  #queue: { bytes: Buffer; dueMs: number }[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Bytes until `#onCut`; null when none is planned. */
  #cutAfter: number | null = null;
  #onCut: () => void = () => {};

  constructor(from: Socket, to: Socket, weather: () => Weather, random: Random) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    this.#random = random;
  }

  /** Once so many more bytes have gone this way, `onCut` is called and nothing more passes. */
  cutAfter(bytes: number, onCut: () => void): void {
    this.#cutAfter = bytes;
    this.#onCut = onCut;
  }

  push(bytes: Buffer): void {
    const weather = this.#weather();
    if (weather.vanish) return;
    if (this.#queue.length === 0 && isCalm(weather)) {
      this.#pass(bytes);
      return;
    }
    const size = weather.sliceBytes > 0 ? weather.sliceBytes : bytes.length;
    for (let start = 0; start < bytes.length; start += size) {
      const slice = bytes.subarray(start, start + size);
      const slowMs = weather.bytesPerSecond > 0 ? (slice.length / weather.bytesPerSecond) * 1000 : 0;
      const arrivesMs = performance.now() + weather.delayMs + weather.jitterMs * this.#random.next();
      this.#lastDueMs = Math.max(arrivesMs, this.#lastDueMs) + slowMs;
      this.#queue.push({ bytes: slice, dueMs: this.#lastDueMs });
    }
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > ON_THE_WAY_MAX) this.#from.pause();
    this.#schedule();
  }

  /** Passes on what is on its way, then ends the far side: a FIN travels behind the bytes. */
  end(): void {
    if (this.#queue.length === 0) this.#to.end();
    else setTimeout(() => this.end(), Math.max(1, this.#lastDueMs - performance.now()));
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#queue = [];
  }

  #schedule(): void {
    const next = this.#queue[0];
    if (this.#timer !== null || next === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        const nowMs = performance.now();
        for (
          let first = this.#queue[0];
          first !== undefined && first.dueMs <= nowMs;
          first = this.#queue[0]
        ) {
          this.#queue.shift();
          this.#queuedBytes -= first.bytes.length;
          if (!this.#weather().vanish) this.#pass(first.bytes);
        }
        if (this.#queuedBytes <= ON_THE_WAY_MAX) this.#from.resume();
        this.#schedule();
      },
      Math.max(0, next.dueMs - performance.now()),
    );
  }

  #pass(bytes: Buffer): void {
    if (this.#to.destroyed) return;
    if (this.#cutAfter === null || bytes.length < this.#cutAfter) {
      if (this.#cutAfter !== null) this.#cutAfter -= bytes.length;
      this.#to.write(bytes);
      return;
    }
    // The last bytes get through, as they do when a wire is cut behind them.
    const rest = bytes.subarray(0, this.#cutAfter);
    this.#cutAfter = null;
    this.stop();
    if (rest.length === 0) this.#onCut();
    else this.#to.write(rest, () => this.#onCut());
  }
}

function isCalm(weather: Weather): boolean {
  return weather.delayMs + weather.jitterMs + weather.bytesPerSecond + weather.sliceBytes === 0;
}
