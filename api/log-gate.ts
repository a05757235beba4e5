/** How many searches of logs run at once in a process: each is some milliseconds of its only thread at a time. */
import { ApiError } from './error.ts';

const RUNNING_MAX = 3;
const WAITING_MAX = 20;
const RETRY_S = 2;

export class LogGate {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Runs work when it is its turn. Throws `tooMany` when many wait already, and the signal's reason when it aborts. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) await this.#wait(signal);
    else this.#running++;
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Resolves with the place of one who has finished. */
  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      throw new ApiError('tooMany', {
        detail: 'Too many searches of logs are running.',
        retryAfterS: RETRY_S,
      });
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
