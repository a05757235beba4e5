/**
 * Callers whose look-up went well lately, so that a page can be opened again while the database is away and say so
 * (SEC-10: what is revoked ends within a minute). Asked only when a look-up failed because the database is away.
 */
import { MINUTE } from '../model/time.ts';
import { SESSION_AGE_MAX_MS } from '../store/sessions.ts';
import type { Caller } from './auth.ts';

type Known = Exclude<Caller, { kind: 'nobody' }>;

const REMEMBERED_MAX = 1_000;
/** Checked no longer than this before the outage was noticed: while the database worked, nobody is trusted for longer. */
const CHECKED_WITHIN_MS = MINUTE;
/** Since the last look-up that went well; after it a caller has to wait for the database. As long as drain secrets. */
const BELIEVED_MS = 15 * MINUTE;

export class RememberedCallers {
  /** By keyed hash of cookie or token; oldest check first. */
  readonly #byHash = new Map<string, { caller: Known; checkedAtMs: number }>();
  /** Since when no look-up went well, epoch ms; null while they do. */
  #awaySinceMs: number | null = null;

  /** A look-up had an answer; `caller`: null when it was no. */
  note(hash: Buffer, caller: Known | null, nowMs: number): void {
    this.#awaySinceMs = null;
    const name = hash.toString('base64');
    this.#byHash.delete(name);
    if (caller === null) return;
    this.#byHash.set(name, { caller, checkedAtMs: nowMs });
    if (this.#byHash.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#byHash.keys()) {
      this.#byHash.delete(oldest);
      break;
    }
  }

  /** The caller as last looked up; null for one who has to wait. Only after a look-up that the database left open. */
  find(hash: Buffer, nowMs: number): Known | null {
    this.#awaySinceMs ??= nowMs;
    const known = this.#byHash.get(hash.toString('base64'));
    if (known === undefined) return null;
    const { caller, checkedAtMs } = known;
    const wasFresh = this.#awaySinceMs - checkedAtMs <= CHECKED_WITHIN_MS;
    // A clock that was set back says nothing about how long ago it was.
    const isBelieved = nowMs >= checkedAtMs && nowMs - checkedAtMs <= BELIEVED_MS;
    return wasFresh && isBelieved && !isOver(caller, nowMs) ? caller : null;
  }

  /** Somebody's rights or sessions may have changed: all are looked up again. */
  forget(): void {
    this.#byHash.clear();
  }
}

/** Ends by itself, whatever the database would say. */
function isOver(caller: Known, nowMs: number): boolean {
  if (caller.kind === 'token') return caller.token.expiresAtMs <= nowMs;
  // A wall's link has no end of its own while it is in use.
  if (caller.kind === 'wall') return false;
  return caller.session.createdAtMs <= nowMs - SESSION_AGE_MAX_MS;
}
