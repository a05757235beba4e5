/** How much of a live log one reader is shown: all of it up to a rate, above it one line in so many (C-08). Pure. */
import type { LogLine } from '../model/log-line.ts';

/** "showing 1 in k": numbers that can be said. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** So many batches in a row must need less before more is shown: a burst does not make it flap. */
const CALM_BATCHES = 5;
/** A batch after a pause may not bring all that was saved up in it. */
const SPAN_MAX_MS = 2_000;

/** Lines that are shown whatever the rate. */
export function isNeverSampled({ code, status, level }: Pick<LogLine, 'code' | 'status' | 'level'>): boolean {
  return code !== null || (status !== null && status >= 500) || level === 'error';
}

export class LogSampler {
  readonly #ratePerS: number;
  #step = 0;
  #calm = 0;
  #turn = 0;

  constructor(ratePerS: number) {
    this.#ratePerS = ratePerS;
  }

  get oneIn(): number {
    return STEPS[this.#step] ?? 1;
  }

  /** What of a batch is shown, in its order; `spanMs` is the time it came in. */
  take(lines: readonly LogLine[], spanMs: number): { shown: LogLine[]; leftOut: number } {
    const ordinary = lines.reduce((count, line) => (isNeverSampled(line) ? count : count + 1), 0);
    const allowed = (this.#ratePerS * Math.min(spanMs, SPAN_MAX_MS)) / 1000;
    this.#adapt(ordinary / Math.max(allowed, 1));
    const shown = lines.filter((line) => isNeverSampled(line) || this.#turn++ % this.oneIn === 0);
    return { shown, leftOut: lines.length - shown.length };
  }

  /** Up at once, down by one step after a while. */
  #adapt(wantedOneIn: number): void {
    const last = STEPS.length - 1;
    const found = STEPS.findIndex((step) => step >= wantedOneIn);
    const wanted = found < 0 ? last : found;
    if (wanted >= this.#step) {
      this.#step = wanted;
      this.#calm = 0;
    } else if (++this.#calm >= CALM_BATCHES) {
      this.#step--;
      this.#calm = 0;
    }
  }
}
