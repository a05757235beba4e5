/** Bounds on how often something may be tried (SEC-19, SEC-51). */

import { keyedHash } from '../model/secret.ts';
import type { Pool } from '../store/pool.ts';
import {
  countAttempts,
  deleteOldAttempts,
  FAILURE_WINDOW_S,
  FAILURE_WINDOWS,
  forgetAttempts,
} from '../store/sign-in-failures.ts';
import { throttleAddress } from './client.ts';
import { ApiError } from './error.ts';

/** Tries within 10 to 15 minutes. The pair is bound most, so that a stranger cannot lock a person out from afar. */
const PAIR_MAX = 10;
const ADDRESS_MAX = 50;
const ACCOUNT_MAX = 100;

export interface Attempt {
  /** The person was the right one after all: what was counted for account and address together is forgotten. */
  forget(): Promise<void>;
}

/**
 * Counts a try to sign in before it is made; throws `tooMany` past a bound. Known and unknown accounts are counted
 * alike. What is stored of an account is a keyed hash: strangers' addresses are none of our business.
 */
export async function countSignIn(
  pool: Pool,
  who: { account: string; address: string; key: string; nowMs: number },
): Promise<Attempt> {
  const account = keyedHash(who.key, 'user', who.account.toLowerCase()).toString('base64url').slice(0, 22);
  const address = throttleAddress(who.address);
  const subjects = [`pair:${account}:${address}`, `address:${address}`, `account:${account}`];
  const counts = await countAttempts(pool, subjects, who.nowMs);
  const bounds = [PAIR_MAX, ADDRESS_MAX, ACCOUNT_MAX];
  if (counts.some((count, index) => count > (bounds[index] ?? 0))) throw tooManyTries(who.nowMs);
  return {
    forget: async () => {
      await forgetAttempts(pool, subjects.slice(0, 1));
      await deleteOldAttempts(pool, who.nowMs);
    },
  };
}

/** Tries to guess the set-up token, by address. */
export async function countSetUp(pool: Pool, address: string, nowMs: number): Promise<void> {
  const [count = 0] = await countAttempts(pool, [`setup:${throttleAddress(address)}`], nowMs);
  if (count > PAIR_MAX) throw tooManyTries(nowMs);
}

function tooManyTries(nowMs: number): ApiError {
  const intoWindowS = Math.floor(nowMs / 1000) % FAILURE_WINDOW_S;
  return new ApiError('tooMany', {
    detail: 'Too many tries. Wait a while and try again.',
    retryAfterS: FAILURE_WINDOW_S * FAILURE_WINDOWS - intoWindowS,
  });
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Requests of one caller: so many at once, and so many a second after that. */
export class RateLimit {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #callersMax: number;
  readonly #callers = new Map<string, Bucket>();

  constructor(options: { burst: number; perSecond: number; callersMax?: number }) {
    this.#burst = options.burst;
    this.#perSecond = options.perSecond;
    this.#callersMax = options.callersMax ?? 10_000;
  }

  /** Seconds to wait, or 0 when the request may go on. */
  take(caller: string, nowMs: number): number {
    const known = this.#callers.get(caller) ?? { tokens: this.#burst, atMs: nowMs };
    const filled = known.tokens + (Math.max(0, nowMs - known.atMs) / 1000) * this.#perSecond;
    const tokens = Math.min(this.#burst, filled);
    // Put back at the end: the first of the map is the one heard of longest ago.
    this.#callers.delete(caller);
    if (this.#callers.size >= this.#callersMax) this.#dropOldest();
    this.#callers.set(caller, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / this.#perSecond);
  }

  #dropOldest(): void {
    for (const caller of this.#callers.keys()) {
      this.#callers.delete(caller);
      return;
    }
  }
}
