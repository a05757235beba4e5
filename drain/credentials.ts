/**
 * Who may send: names and keyed hashes of drain secrets, kept in memory and read again every few seconds, so that a
 * check costs no query and goes on while Postgres is away (S-24).
 */
import { timingSafeEqual } from 'node:crypto';
import { keyedHash } from '../model/secret.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import type { DrainCredential } from '../store/apps.ts';

export interface CredentialClock {
  /** Wall clock, ms since the epoch. */
  nowMs(): number;
  /** Runs evenly whatever happens to the wall clock, ms. */
  monotonicMs(): number;
}

export interface CredentialOptions {
  /** Key of the hashes, `DRAINBOARD_SECRET`. */
  key: string;
  clock: CredentialClock;
  load: () => Promise<DrainCredential[]>;
}

export type Verdict =
  | { kind: 'accepted'; credential: DrainCredential }
  | { kind: 'refused'; userName: string; reason: RefusalReason }
  /** The list is too old and cannot be read: neither yes nor no (RELIABILITY section 2: never 401). */
  | { kind: 'unchecked' };

export type RefusalReason = 'noCredentials' | 'badCredentials' | 'wrongSecret' | 'unknownUser';

/** Read again this often; a revoked secret ends everywhere within it (SEC-03: 60 s). */
export const REFRESH_MS = 10 * SECOND;
/** An older list is no longer believed. */
const LIST_MAX_AGE_MS = 15 * MINUTE;
/** Between the beginnings of two readings that unknown senders ask for. */
const RETRY_MIN_MS = 250;
const HEADER_MAX = 1024;
const REMEMBERED_MAX = 4096;

export class Credentials {
  readonly #options: CredentialOptions;
  #byUser = new Map<string, DrainCredential[]>();
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<boolean> | null = null;
  #upcoming: Promise<boolean> | null = null;
  /** Headers that were accepted with the present list: a hash a POST would be a tenth of a small POST's cost. */
  #remembered = new Map<string, DrainCredential>();

  constructor(options: CredentialOptions) {
    this.#options = options;
  }

  /** Apps of the present list, for what is kept per app. */
  get list(): DrainCredential[] {
    return [...this.#byUser.values()].flat();
  }

  /** For how long from now the present list is believed if it cannot be read again, ms; 0 when it is not any more. */
  get believedForMs(): number {
    return Math.max(0, this.#loadedAtMs + LIST_MAX_AGE_MS - this.#options.clock.monotonicMs());
  }

  /** Reads the list again; false when that failed. Calls at the same time share one reading. */
  refresh(): Promise<boolean> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #load(): Promise<boolean> {
    const { clock } = this.#options;
    this.#triedAtMs = clock.monotonicMs();
    try {
      const list = await this.#options.load();
      const byUser = new Map<string, DrainCredential[]>();
      for (const credential of list) {
        const known = byUser.get(credential.appName);
        if (known === undefined) byUser.set(credential.appName, [credential]);
        else known.push(credential);
      }
      this.#byUser = byUser;
      this.#remembered.clear();
      this.#loadedAtMs = clock.monotonicMs();
      return true;
    } catch {
      // The pool has logged why; what matters here is that the old list goes on being used.
      return false;
    }
  }

  /** The answer from memory, or undefined when the list must be read again first. */
  checkNow(authorization: string | undefined, pathApp: string | null): Verdict | undefined {
    const age = this.#options.clock.monotonicMs() - this.#loadedAtMs;
    if (age > LIST_MAX_AGE_MS) return undefined;
    const remembered = authorization === undefined ? undefined : this.#remembered.get(authorization);
    if (
      remembered !== undefined &&
      matches(remembered, pathApp) &&
      isLive(remembered, this.#options.clock.nowMs())
    ) {
      return { kind: 'accepted', credential: remembered };
    }
    const verdict = this.#judge(authorization, pathApp);
    const isCertain =
      verdict.kind !== 'refused' || verdict.reason === 'noCredentials' || verdict.reason === 'badCredentials';
    return isCertain ? verdict : undefined;
  }

  /**
   * Checks Basic credentials; `pathApp`: the app named in `/drain/:app`, null without. A secret may have been made a
   * moment ago, and a no costs the sender its frame: it is only believed from a list read after the question.
   */
  async check(authorization: string | undefined, pathApp: string | null): Promise<Verdict> {
    const now = this.checkNow(authorization, pathApp);
    if (now !== undefined) return now;
    return (await this.#readAgain()) ? this.#judge(authorization, pathApp) : { kind: 'unchecked' };
  }

  /** A reading that begins from now on, shared by all who ask before it does. */
  #readAgain(): Promise<boolean> {
    this.#upcoming ??= this.#readLater();
    return this.#upcoming;
  }

  async #readLater(): Promise<boolean> {
    const sinceMs = this.#options.clock.monotonicMs() - this.#triedAtMs;
    // Always a pause: what follows must not run before the caller has kept this promise.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, RETRY_MIN_MS - sinceMs)));
    while (this.#loading !== null) await this.#loading;
    this.#upcoming = null;
    return await this.refresh();
  }

  #judge(authorization: string | undefined, pathApp: string | null): Verdict {
    if (authorization === undefined)
      return { kind: 'refused', userName: pathApp ?? '', reason: 'noCredentials' };
    const basic = parseBasic(authorization);
    if (basic === null) return { kind: 'refused', userName: pathApp ?? '', reason: 'badCredentials' };
    // `https://:SECRET@host/drain/shop` reaches us as user SECRET without password (FORMATS 1.1).
    const bySecretAlone = basic.password === '' && pathApp !== null;
    const userName = bySecretAlone ? pathApp : basic.user;
    const secret = bySecretAlone ? basic.user : basic.password;
    const hash = keyedHash(this.#options.key, 'drain', secret);
    const candidates = this.#byUser.get(userName) ?? [];
    let found: DrainCredential | undefined;
    // Unknown users take the same way: one comparison at least (SEC-02).
    for (const candidate of candidates.length > 0 ? candidates : [null]) {
      const same = timingSafeEqual(hash, candidate?.secretHash ?? Buffer.alloc(hash.length));
      if (same && candidate !== null && isLive(candidate, this.#options.clock.nowMs())) found = candidate;
    }
    if (found === undefined) {
      return { kind: 'refused', userName, reason: candidates.length > 0 ? 'wrongSecret' : 'unknownUser' };
    }
    if (!matches(found, pathApp)) return { kind: 'refused', userName, reason: 'unknownUser' };
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    if (!bySecretAlone) this.#remembered.set(authorization, found);
    return { kind: 'accepted', credential: found };
  }
}

function matches(credential: DrainCredential, pathApp: string | null): boolean {
  return pathApp === null || pathApp === credential.appName;
}

function isLive(credential: DrainCredential, nowMs: number): boolean {
  return credential.revokedAtMs === null || credential.revokedAtMs > nowMs;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * User and password of a Basic header (RFC 7617); null when it is no such thing: other scheme, no colon, not UTF-8,
 * control bytes, over 1 KiB. A password may hold colons.
 */
export function parseBasic(header: string): { user: string; password: string } | null {
  if (header.length > HEADER_MAX) return null;
  const match = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header);
  if (match === null) return null;
  let text: string;
  try {
    text = strictUtf8.decode(Buffer.from(match[1]!, 'base64'));
  } catch {
    return null;
  }
  const colon = text.indexOf(':');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 forbids them
  if (colon < 0 || /[\u0000-\u001f\u007f]/.test(text)) return null;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
