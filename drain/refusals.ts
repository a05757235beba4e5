/** Counts refused requests and puts them down every now and then: never a query or a log line a request (S-22, S-23). */
import type { Log } from '../model/log.ts';
import { addRefusedSenders } from '../store/drains.ts';
import type { Pool } from '../store/pool.ts';
import { cleanText } from './terms.ts';

/** Different names remembered between two writings; the rest is counted together. */
const NAMES_MAX = 200;
const NAME_LENGTH_MAX = 63;
const OTHERS = '(others)';
const LOG_EVERY_MS = 60_000;

interface Refused {
  attempts: number;
  atMs: number;
  reason: string;
}

export class Refusals {
  readonly #pool: Pool;
  readonly #log: Log;
  #byName = new Map<string, Refused>();
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #sinceLog = 0;
  /** Since the process began. */
  total = 0;

  constructor(pool: Pool, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  /** userName: what stood where a name is expected; only names that could be an app's are kept. */
  add(userName: string, reason: string, nowMs: number): void {
    this.total++;
    this.#sinceLog++;
    // A secret put in the wrong place must not end up in a table: names of apps have a form.
    const isName =
      /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(userName) && userName.length <= NAME_LENGTH_MAX;
    const name = isName ? userName : '(no app name)';
    const key = this.#byName.has(name) || this.#byName.size < NAMES_MAX ? name : OTHERS;
    const known = this.#byName.get(key);
    if (known === undefined) this.#byName.set(key, { attempts: 1, atMs: nowMs, reason });
    else {
      known.attempts++;
      known.atMs = nowMs;
      known.reason = reason;
    }
    if (nowMs - this.#loggedAtMs >= LOG_EVERY_MS || nowMs < this.#loggedAtMs) {
      this.#log.warn('drain.refused', { attempts: this.#sinceLog, app: cleanText(key), reason });
      this.#loggedAtMs = nowMs;
      this.#sinceLog = 0;
    }
  }

  /** Puts the counts down; on failure they stay for the next time. */
  async flush(): Promise<void> {
    if (this.#byName.size === 0) return;
    const taken = this.#byName;
    this.#byName = new Map();
    try {
      await addRefusedSenders(
        this.#pool,
        [...taken].map(([userName, refused]) => ({ userName, ...refused })),
      );
    } catch {
      for (const [name, refused] of taken) {
        const known = this.#byName.get(name);
        if (known === undefined) this.#byName.set(name, refused);
        else known.attempts += refused.attempts;
      }
    }
  }
}
