/** Time and waiting as values, so that a test may hold both in its hands. */

export interface Clock {
  nowMs(): number;
  /** Resolves after this long. */
  wait(ms: number): Promise<void>;
}

export const realClock: Clock = {
  nowMs: () => Date.now(),
  wait: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
};
