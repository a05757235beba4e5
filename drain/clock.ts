/** Time as the receiver needs it; handed in, so that tests decide what time it is. */
export interface Clock {
  /** Wall clock, whole ms since the epoch. */
  nowMs(): number;
  /** Runs evenly whatever happens to the wall clock, ms. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** The database's clock as this process knows it: its last answer plus the time that went by since. */
export class DatabaseClock {
  readonly #clock: Clock;
  #databaseMs: number;
  #atMonotonicMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#databaseMs = clock.nowMs();
    this.#atMonotonicMs = clock.monotonicMs();
  }

  set(databaseMs: number): void {
    this.#databaseMs = databaseMs;
    this.#atMonotonicMs = this.#clock.monotonicMs();
  }

  nowMs(): number {
    return Math.round(this.#databaseMs + this.#clock.monotonicMs() - this.#atMonotonicMs);
  }
}
