/**
 * How long a request may be held: 4.5 s for Logplex, until it leaves for a shuttle. One timer looks after all of them,
 * and promises are only made for who asks: a timer, a promise and two listeners a request were a fifth of the cost of
 * a small POST.
 */
import type { ServerResponse } from 'node:http';

/** Logplex waits 5 s for an answer; a frame is held until just before. */
export const ANSWER_WITHIN_MS = 4_500;
/** Time is up this much early at most. */
const LOOK_EVERY_MS = 50;

export class Deadline {
  /** The sender is gone. */
  left = false;
  /** Up at, monotonic ms. */
  readonly endsAtMs: number;
  #isPassed = false;
  #passed: PromiseWithResolvers<void> | null = null;
  #onPassed: (() => void) | null = null;

  constructor(endsAtMs: number) {
    this.endsAtMs = endsAtMs;
  }

  /** Time is up, the sender is gone, or it has its answer. */
  get isPassed(): boolean {
    return this.#isPassed;
  }

  /** Resolves when time is up or the sender is gone. */
  get passed(): Promise<void> {
    this.#passed ??= Promise.withResolvers<void>();
    if (this.#isPassed) this.#passed.resolve();
    return this.#passed.promise;
  }

  /** Called once when time is up or the sender is gone, at once if that is so already; null: nobody any more. */
  set onPassed(listener: (() => void) | null) {
    if (this.#isPassed) listener?.();
    else this.#onPassed = listener;
  }

  /** Time is up. */
  end(): void {
    if (this.#isPassed) return;
    this.#isPassed = true;
    this.#passed?.resolve();
    this.#onPassed?.();
    this.#onPassed = null;
  }

  /** The connection is gone, or the answer is on its way. */
  closed(isAnswered: boolean): void {
    if (!isAnswered) this.left = true;
    this.end();
  }

  /** The promise's value, or undefined when time is up first. */
  race<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return Promise.race([promise, this.passed.then(() => undefined)]);
  }

  /** Waits; false when time is up. */
  async pause(ms: number): Promise<boolean> {
    if (this.#isPassed) return false;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), this.passed]);
    return !this.#isPassed;
  }
}

/** The deadlines of all requests that wait. */
export class Deadlines {
  readonly #monotonicMs: () => number;
  /** In the order of their ends: each is given the same time. */
  readonly #running = new Set<Deadline>();
  #timer: NodeJS.Timeout | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  begin(isShuttle: boolean, response: ServerResponse): Deadline {
    const deadline = new Deadline(this.#monotonicMs() + ANSWER_WITHIN_MS - LOOK_EVERY_MS);
    if (!isShuttle) this.#add(deadline);
    response.on('close', () => {
      this.#running.delete(deadline);
      deadline.closed(response.writableFinished);
    });
    if (response.destroyed) deadline.closed(false);
    return deadline;
  }

  #add(deadline: Deadline): void {
    this.#running.add(deadline);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    const nowMs = this.#monotonicMs();
    for (const deadline of this.#running) {
      if (deadline.endsAtMs > nowMs) break;
      this.#running.delete(deadline);
      deadline.end();
    }
    if (this.#running.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
