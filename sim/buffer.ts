/**
 * The buffer of a Logplex node: holds so many messages, drops the oldest beyond, counts what was lost and
 * since when, and shrinks when nothing has been delivered for long (FORMATS 1.2, 1.4, 2.6).
 */
import type { Clock } from './clock.ts';
import type { LineMark } from './line.ts';

/** A message that waits: its frame with octet count, and what it must count as. */
export interface Entry {
  bytes: Buffer;
  mark: LineMark;
}

export interface BufferLimits {
  bufferMessages: number;
  /** Size after a long time without any success. */
  shrunkMessages: number;
  shrinkAfterMs: number;
  /** A batch is closed before it would reach this, octet counts included. */
  bodyBytes: number;
}

export class MessageBuffer {
  readonly #limits: BufferLimits;
  readonly #clock: Clock;
  readonly #onDropped: (mark: LineMark) => void;
  #entries: Entry[] = [];
  #capacity: number;
  #lastSuccessMs: number;
  #lost = 0;
  #lostSinceMs = 0;

  /** @param onDropped told of each message that is pushed out or discarded */
  constructor(limits: BufferLimits, clock: Clock, onDropped: (mark: LineMark) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onDropped = onDropped;
    this.#capacity = limits.bufferMessages;
    this.#lastSuccessMs = clock.nowMs();
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Messages lost and not reported yet, and when the first of them was. */
  get loss(): { count: number; sinceMs: number } {
    return { count: this.#lost, sinceMs: this.#lostSinceMs };
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#dropOldest();
  }

  /** The next batch: up to 1,024 messages and fewer than 102,400 bytes; a longer message goes alone. */
  take(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      if (count === this.#limits.bufferMessages) break;
      if (count > 0 && bytes + entry.bytes.length >= this.#limits.bodyBytes) break;
      bytes += entry.bytes.length;
      count += 1;
    }
    return this.#entries.splice(0, count);
  }

  /** A message that is lost before it was in the buffer. */
  discard(mark: LineMark): void {
    this.#onDropped(mark);
    this.addLoss(1);
  }

  /** Messages of a frame that was given up. */
  addLoss(count: number): void {
    if (this.#lost === 0) this.#lostSinceMs = this.#clock.nowMs();
    this.#lost += count;
  }

  /** A frame was delivered whose notice reported this many lost messages. */
  succeed(reported: number): void {
    this.#lastSuccessMs = this.#clock.nowMs();
    this.#capacity = this.#limits.bufferMessages;
    this.#lost -= reported;
    this.#lostSinceMs = this.#lastSuccessMs;
  }

  /** To be called at each failure. */
  shrinkIfStale(): void {
    if (this.#clock.nowMs() - this.#lastSuccessMs <= this.#limits.shrinkAfterMs) return;
    this.#capacity = this.#limits.shrunkMessages;
    this.#dropOldest();
  }

  /** Throws everything away that waits. */
  clear(): void {
    for (const entry of this.#entries.splice(0)) this.#onDropped(entry.mark);
  }

  #dropOldest(): void {
    const surplus = this.#entries.length - this.#capacity;
    if (surplus <= 0) return;
    for (const entry of this.#entries.splice(0, surplus)) this.discard(entry.mark);
  }
}
