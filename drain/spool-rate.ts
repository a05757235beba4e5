/** Bytes a second over the last minutes, for "room for about N minutes". */
const SLOT_MS = 10_000;
const SLOTS = 18;
/** A rate of a shorter time says little: the first frames after a start come all at once. */
const SPAN_MIN_MS = 20_000;

export class ArrivalRate {
  readonly #bytes = new Float64Array(SLOTS);
  readonly #beganMs: number;
  #slot: number;

  /** @param nowMs monotonic, as in every call */
  constructor(nowMs: number) {
    this.#beganMs = nowMs;
    this.#slot = Math.floor(nowMs / SLOT_MS);
  }

  add(bytes: number, nowMs: number): void {
    this.#turn(nowMs);
    const index = this.#slot % SLOTS;
    this.#bytes[index] = (this.#bytes[index] ?? 0) + bytes;
  }

  /** Mean over the last three minutes, or since the start when that is less. */
  perSecond(nowMs: number): number {
    this.#turn(nowMs);
    const sum = this.#bytes.reduce((total, bytes) => total + bytes, 0);
    // The newest slot is not over yet.
    const covered = (SLOTS - 1) * SLOT_MS + (nowMs % SLOT_MS);
    const spanMs = Math.max(SPAN_MIN_MS, Math.min(covered, nowMs - this.#beganMs));
    return sum / (spanMs / 1000);
  }

  #turn(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++) {
      this.#bytes[next % SLOTS] = 0;
    }
    this.#slot = Math.max(this.#slot, slot);
  }
}
