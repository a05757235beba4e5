/**
 * How many of an app's lines are kept in a second (UX "Rate guard"): the first so many of each kind, then one in ten, in
 * a hundred and so on, so that what is kept grows with the logarithm of what comes. Codes and errors are all kept, each
 * up to a bound in bytes of their own: without it, an outage would fill the disk with one and the same line.
 */

export interface LogBounds {
  /** Lines of router and of everybody else that are kept of each second before thinning begins, per app and process. */
  routerLinesPerSecond: number;
  linesPerSecond: number;
}

/** Of codes, and of errors besides, in a second and app. */
const ALWAYS_BYTES_MAX = 256 * 1024;
/** All bounds, where old lines are taken in at once. */
const HISTORY_FACTOR = 20;
/** Lines of a second that are looked at for being an error once they would be left out: the rest would cost too much. */
const LOOKS_MAX = 20_000;

/** Lines of one kind within a second. */
class Lane {
  readonly #perSecond: number;
  #first: number;
  #seen = 0;
  #next: number;
  #step = 10;

  constructor(perSecond: number) {
    this.#perSecond = Math.max(1, perSecond);
    this.#first = this.#perSecond;
    this.#next = this.#first;
  }

  begin(factor: number): void {
    this.#seen = 0;
    this.#first = this.#perSecond * factor;
    this.#next = this.#first;
    this.#step = 10;
  }

  /** Whether one more line is kept. */
  take(): boolean {
    const n = this.#seen++;
    if (n < this.#next) return n < this.#first;
    if (n >= this.#first * this.#step) this.#step *= 10;
    this.#next = n + this.#step;
    return true;
  }
}

export class LogGuard {
  readonly router: Lane;
  readonly others: Lane;
  #second = Number.NaN;
  #bytesMax = ALWAYS_BYTES_MAX;
  #codeBytes = 0;
  #errorBytes = 0;
  #looks = 0;

  constructor({ routerLinesPerSecond, linesPerSecond }: LogBounds) {
    this.router = new Lane(routerLinesPerSecond);
    this.others = new Lane(linesPerSecond);
  }

  /**
   * A body came: with another second all bounds begin anew. While an app's history is open, hours of its lines come
   * within a minute: they are given more room.
   */
  begin(receivedAtMs: number, isHistory: boolean): void {
    const second = Math.floor(receivedAtMs / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#codeBytes = 0;
    this.#errorBytes = 0;
    this.#looks = 0;
    const factor = isHistory ? HISTORY_FACTOR : 1;
    this.#bytesMax = ALWAYS_BYTES_MAX * factor;
    this.router.begin(factor);
    this.others.begin(factor);
  }

  /** Whether a line with a code has room. */
  takeCode(bytes: number): boolean {
    this.#codeBytes += bytes;
    return this.#codeBytes <= this.#bytesMax;
  }

  /** Whether an error has room. */
  takeError(bytes: number): boolean {
    this.#errorBytes += bytes;
    return this.#errorBytes <= this.#bytesMax;
  }

  /** Whether a line that would be left out may be looked at for being an error. */
  mayLook(): boolean {
    return this.#errorBytes <= this.#bytesMax && this.#looks++ < LOOKS_MAX;
  }
}
