/** When a child that died is started again, and when that is given up. */

/** Dying younger than this is a death in youth, ms. */
export const YOUNG_MS = 10_000;
/** So many of one slot in a row, and the platform had better see that something is wrong. */
export const YOUNG_DEATHS_MAX = 5;
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;

export interface Death {
  /** From the start to the end, ms. */
  livedMs: number;
  /** It had begun to listen. */
  listened: boolean;
  /** The signal that ended it; null when it ended by itself. */
  signal: string | null;
}

export type RestartVerdict = { kind: 'again'; afterMs: number } | { kind: 'giveUp' };

/**
 * Judges the deaths of one slot. A child that was killed from outside after it had listened (`kill -9`, the kernel
 * short of memory) did nothing wrong and never leads to giving up; one that keeps ending itself does.
 */
export class RestartPolicy {
  #deaths = 0;
  #faults = 0;

  died({ livedMs, listened, signal }: Death): RestartVerdict {
    const isYoung = livedMs < YOUNG_MS;
    this.#deaths = isYoung ? this.#deaths + 1 : 1;
    this.#faults = isYoung && !(listened && signal === 'SIGKILL') ? this.#faults + 1 : 0;
    if (this.#faults >= YOUNG_DEATHS_MAX) return { kind: 'giveUp' };
    return { kind: 'again', afterMs: Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (this.#deaths - 1)) };
  }
}
