/**
 * The spool's policy: when a group may go to Redis instead of Postgres (R-07, D-07, D-08), what was promised by that,
 * and that a promise which Redis broke is told as a gap (D-05, D-06).
 */
import { SPOOL_OFF, type SpoolHealth } from '../model/ingest-health.ts';
import type { Log } from '../model/log.ts';
import { SECOND } from '../model/time.ts';
import type { Pool } from '../store/pool.ts';
import { FULL_SHARE, refusePolicy, SpoolError, type SpoolState, type SpoolStream } from '../store/spool.ts';
import {
  hasUntoldDamage,
  insertSpoolEntries,
  listMissingSpoolEntries,
  type SpoolEntryRow,
  tellSpoolGaps,
} from '../store/spool-accounts.ts';
import type { Clock } from './clock.ts';
import type { GroupSpool } from './commit.ts';
import type { Section } from './section.ts';
import { type EncodedGroup, makeSpoolWriter, type SpoolKey, sealEntry, sealLogs } from './spool-entry.ts';
import { accountsOf } from './spool-group.ts';
import { ArrivalRate } from './spool-rate.ts';

export interface SpoolOptions {
  stream: SpoolStream;
  key: SpoolKey;
  pool: Pool;
  clock: Clock;
  log: Log;
  /** Planned size where the server has no limit of its own, bytes. */
  plannedBytes: number;
  /** Whether commits fail at this time. */
  isDatabaseAway: () => boolean;
  /** Between two looks at the server, ms. */
  inspectEveryMs?: number;
  /** Between two looks for entries that are missing, ms; an entry is lost when two in a row do not find it. */
  auditEveryMs?: number;
}

const INSPECT_EVERY_MS = 2 * SECOND;
/** Until the server that has just been connected to is looked at. */
const INSPECT_SOON_MS = 100;
const AUDIT_EVERY_MS = 5 * SECOND;
/**
 * Accounts of what was appended and is not in Postgres yet, in memory: some 300 bytes each. At ten entries a second
 * that is three hours; beyond it frames are held, as no loss of theirs could be told any more.
 */
const OPEN_ACCOUNTS_MAX = 100_000;
const ACCOUNTS_BATCH = 500;
const MISSING_MAX = 5_000;

export class Spool implements GroupSpool {
  readonly #options: SpoolOptions;
  readonly #writer = makeSpoolWriter();
  readonly #rate: ArrivalRate;
  #number = 0;
  /** Appended and confirmed, not in the table yet. */
  #open: SpoolEntryRow[] = [];
  #state: SpoolState | null = null;
  /** Appended since the server was last looked at. */
  #bytesSince = 0;
  #entriesSince = 0;
  #isFull = false;
  /** Why the last append failed; '' after one that did not. Each reason is logged once. */
  #appendFailure = '';
  /** Whether the server that is connected now was looked at: after a failover it may be another, with other rules. */
  #isInspected = false;
  #missing = new Set<string>();
  #auditedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | null = null;
  #stopped = false;
  #isWaiting = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#rate = new ArrivalRate(options.clock.monotonicMs());
    options.stream.onReady(() => {
      this.#isInspected = false;
      this.#startRound();
    });
    this.#wait();
  }

  get usable(): boolean {
    return this.#refusal === '' && !this.#isFull && this.#isInspected && this.#options.stream.isReady;
  }

  /** Why the server must not be used; '' when it may, or was not asked yet. */
  get #refusal(): string {
    return this.#state === null ? '' : refusePolicy(this.#state.policy);
  }

  note(bytes: number): void {
    this.#rate.add(bytes, this.#options.clock.monotonicMs());
  }

  async append(group: EncodedGroup, sections: readonly Section[]): Promise<boolean> {
    if (!this.usable) return false;
    const { stream, key, log } = this.#options;
    const accounts = accountsOf(sections, new Set(group.knownDuplicates));
    const name = { writer: this.#writer, number: ++this.#number };
    try {
      const entry = sealEntry(key, name, group);
      const logs = sealLogs(key, name, group.logs);
      const streamId = await stream.append(entry, logs);
      this.#open.push({ ...name, streamId, accounts });
      this.#bytesSince += entry.length + (logs?.length ?? 0);
      this.#entriesSince++;
      this.#appendFailure = '';
      this.#noteRoom();
      return true;
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      if (error.kind === 'full') this.#isFull = true;
      if (error.message !== this.#appendFailure) log.warn('spool.appendFailed', { error, kind: error.kind });
      this.#appendFailure = error.message;
      return false;
    }
  }

  /** Bytes that may be in the spool in all; 0 when that is not known. */
  get #bytesMax(): number {
    const state = this.#state;
    if (state === null) return 0;
    if (state.maxBytes === 0) return this.#options.plannedBytes * FULL_SHARE;
    // What others keep on the same server leaves so much less for us.
    return Math.max(0, state.bytes + state.maxBytes * FULL_SHARE - state.usedBytes);
  }

  get #bytes(): number {
    return (this.#state?.bytes ?? 0) + this.#bytesSince;
  }

  #noteRoom(): void {
    const wasFull = this.#isFull;
    this.#isFull = this.#bytes >= this.#bytesMax || this.#open.length >= OPEN_ACCOUNTS_MAX;
    if (this.#isFull && !wasFull) {
      this.#options.log.warn('spool.full', { bytes: this.#bytes, bytesMax: this.#bytesMax });
    }
  }

  health(): SpoolHealth {
    const { stream, clock } = this.#options;
    const state = this.#state;
    const reason = this.#refusal;
    const entries = (state?.entries ?? 0) + this.#entriesSince;
    const base = {
      ...SPOOL_OFF,
      entries,
      bytes: this.#bytes,
      bytesMax: this.#bytesMax,
      oldestAtMs: state?.oldestAtMs ?? null,
    };
    if (reason !== '') return { ...base, state: 'refused', reason };
    if (!stream.isReady || !this.#isInspected) {
      const said = stream.lastError === '' ? '' : `: ${stream.lastError}`;
      return {
        ...base,
        state: 'away',
        reason: `Redis does not answer${said}. Check REDIS_URL and the add-on`,
      };
    }
    if (this.#isFull) return { ...base, state: 'full', minutesLeft: 0 };
    // The sum of all processes, as soon as they have told; until then our own.
    const perSecond = Math.max(state?.bytesPerSecond ?? 0, this.#rate.perSecond(clock.monotonicMs()));
    const minutesLeft = perSecond > 0 ? Math.max(0, base.bytesMax - base.bytes) / perSecond / 60 : null;
    if (this.#options.isDatabaseAway()) return { ...base, state: 'spooling', minutesLeft };
    return { ...base, state: entries > 0 ? 'moving' : 'ready', minutesLeft };
  }

  #wait(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const everyMs = this.#options.inspectEveryMs ?? INSPECT_EVERY_MS;
    // Nothing is taken before the server was looked at.
    const isDue = this.#options.stream.isReady && !this.#isInspected;
    this.#timer = setTimeout(() => this.#startRound(), isDue ? Math.min(everyMs, INSPECT_SOON_MS) : everyMs);
  }

  #startRound(): void {
    if (this.#stopped || this.#round !== null) return;
    this.#round = this.#roundOnce()
      .then(
        () => {
          this.#isWaiting = false;
        },
        (error: unknown) => {
          // Once, not every two seconds of an outage.
          if (!this.#isWaiting) this.#options.log.warn('spool.waiting', { error });
          this.#isWaiting = true;
        },
      )
      .finally(() => {
        this.#round = null;
        this.#wait();
      });
  }

  async #roundOnce(): Promise<void> {
    try {
      await this.#inspect();
    } catch (error) {
      this.#isInspected = false;
      throw error;
    }
    if (this.#options.isDatabaseAway()) return;
    await this.#enterAccounts();
    await this.#findMissing();
  }

  async #inspect(): Promise<void> {
    const { stream, log, clock } = this.#options;
    if (!stream.isReady || !stream.isReadable) {
      this.#isInspected = false;
      return;
    }
    const refusalBefore = this.#refusal;
    const [bytesBefore, entriesBefore] = [this.#bytesSince, this.#entriesSince];
    this.#state = await stream.inspect();
    this.#bytesSince -= bytesBefore;
    this.#entriesSince -= entriesBefore;
    this.#isInspected = true;
    this.#noteRoom();
    const refusal = this.#refusal;
    if (refusal !== '' && refusal !== refusalBefore) log.error('spool.refused', { reason: refusal });
    await stream.tellRate(this.#rate.perSecond(clock.monotonicMs())).catch(() => {
      // Out of memory, or a replica for now: appends say so when it matters.
    });
  }

  /** Puts down what was appended: from then on any process sees to it that it is moved or told as lost. */
  async #enterAccounts(): Promise<void> {
    while (this.#open.length > 0) {
      const batch = this.#open.slice(0, ACCOUNTS_BATCH);
      await insertSpoolEntries(this.#options.pool, batch);
      this.#open.splice(0, batch.length);
    }
  }

  /** Entries that are neither moved nor in the stream, twice in a row, become a gap. */
  async #findMissing(): Promise<void> {
    const { stream, pool, clock, log, auditEveryMs = AUDIT_EVERY_MS } = this.#options;
    const nowMs = clock.monotonicMs();
    if (!this.#isInspected || nowMs - this.#auditedAtMs < auditEveryMs) return;
    this.#auditedAtMs = nowMs;
    // First the stream, then the table: what leaves the stream was noted in the table before.
    const oldestId = await stream.oldestId();
    const missing = await listMissingSpoolEntries(pool, oldestId, MISSING_MAX);
    const lost = missing.filter((entry) => this.#missing.has(`${entry.writer}:${entry.number}`));
    this.#missing = new Set(missing.map((entry) => `${entry.writer}:${entry.number}`));
    if (lost.length === 0 && !(await hasUntoldDamage(pool))) return;
    const gaps = await tellSpoolGaps(pool, lost);
    if (gaps.length > 0) log.error('spool.lost', { gaps });
  }

  /** Puts down what is not in the table yet, as far as Postgres takes it, and leaves Redis. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    try {
      if (!this.#options.isDatabaseAway()) await this.#enterAccounts();
    } catch (error) {
      this.#options.log.warn('spool.waiting', { error });
    }
    // Whoever moves them next does without: only a loss of Redis' could not be told any more.
    if (this.#open.length > 0) this.#options.log.warn('spool.accountsLeft', { entries: this.#open.length });
    await this.#options.stream.stop();
  }
}
