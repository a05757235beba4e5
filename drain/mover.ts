/**
 * Brings what waits in the spool into Postgres, through the same commit as everything else: frame ids that are counted
 * already, by a statement without an answer or by the sender's own retry, are left out there. An entry leaves the
 * stream only after its commit; one that cannot be read or committed goes to quarantine, and the rest moves on (D-13).
 */
import type { SpoolHealth } from '../model/ingest-health.ts';
import { killPoint } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { HOUR, MINUTE, SECOND } from '../model/time.ts';
import type { LogChunkInput } from '../store/chunks.ts';
import type { Pool } from '../store/pool.ts';
import type { Delivery, SpoolStream } from '../store/spool.ts';
import { listRemovedApps, markSpoolMoved, pingWrite, quarantineSpoolEntry } from '../store/spool-accounts.ts';
import type { Clock } from './clock.ts';
import type { Committer } from './commit.ts';
import { nameOf, openEntry, openLogs, type SpoolKey } from './spool-entry.ts';
import { accountsOf, decodeSections, withoutApps } from './spool-group.ts';

export interface MoverOptions {
  stream: SpoolStream;
  committer: Committer;
  pool: Pool;
  clock: Clock;
  log: Log;
  /** Keys that entries may be encrypted with, the present one first. */
  keys: readonly SpoolKey[];
  /** Entries of a mover that gave no sign for this long are another's, ms. */
  claimIdleMs?: number;
  idleEveryMs?: number;
}

/** An entry is on its way for some milliseconds; with a claim every 5 s, one of a dead mover moves within 30 s. */
const CLAIM_IDLE_MS = 15 * SECOND;
const CLAIM_EVERY_MS = 5 * SECOND;
const IDLE_EVERY_MS = 500;
const AWAY_EVERY_MS = 1_000;
/** Read at once, and noted as moved together: entries are some kilobytes, and up to a megabyte under full load. */
const BATCH = 8;
/** Processes learn within this time that an app was removed, and take nothing more of it (SEC-03). */
const REMOVAL_KNOWN_MS = 60 * SECOND;
/** That everything has been moved is told for this long. */
const CAUGHT_UP_TOLD_MS = 5 * MINUTE;
/** D-13: an entry that failed so often is not tried again. */
const TRIES = 5;
/** Handed out so often without having failed: whoever tries it dies of it. */
const DELIVERIES_MAX = 2 * TRIES;
/**
 * Share of an entry's time that is paused behind it, for live frames and for the database. They do not wait for
 * more than one entry in any case: the committer takes them first.
 */
const PAUSE_SHARE = 0.5;
const PAUSE_MAX_MS = 100;

/** What became of one handing-out of an entry. */
type Outcome =
  | 'moved'
  /** To be tried again by anybody; this time does not count. */
  | 'away'
  | 'failed'
  | 'quarantined';

export class Mover {
  readonly #options: MoverOptions;
  readonly #claimIdleMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #claimedAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;
  /** Entries moved since the process began. */
  moved = 0;
  /** Messages moved since nothing was left the last time. */
  #movedMessages = 0;
  #caughtUp: { atMs: number; messages: number } | null = null;

  constructor(options: MoverOptions) {
    this.#options = options;
    this.#claimIdleMs = options.claimIdleMs ?? CLAIM_IDLE_MS;
  }

  start(): void {
    this.#wait(0);
  }

  #wait(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#round().finally(() => {
        this.#running = null;
      });
    }, ms);
  }

  async #round(): Promise<void> {
    let waitMs = this.#options.idleEveryMs ?? IDLE_EVERY_MS;
    try {
      if (await this.moveSome()) waitMs = 0;
      else if (this.#options.committer.failingSinceMs !== null) waitMs = AWAY_EVERY_MS;
    } catch (error) {
      this.#options.log.warn('mover.waiting', { error });
      waitMs = AWAY_EVERY_MS;
    }
    this.#wait(waitMs);
  }

  /** Takes some entries and moves them; false when there was nothing to do or no way to do it. */
  async moveSome(): Promise<boolean> {
    const { stream, committer } = this.#options;
    if (!stream.isReadable || !committer.mayTry) return false;
    const deliveries = await this.#next();
    if (deliveries.length === 0) {
      if (committer.failingSinceMs !== null) await this.#ping();
      else this.#noteCaughtUp();
    }
    const moved: Delivery[] = [];
    let isAway = false;
    for (const delivery of deliveries) {
      // Stopped, or the database went away: the rest is anybody's.
      const outcome = this.#stopped || isAway ? 'away' : await this.#handle(delivery);
      if (outcome === 'moved') moved.push(delivery);
      if (outcome !== 'away') continue;
      isAway = true;
      await this.#giveBack(delivery);
    }
    await this.#finish(moved);
    return deliveries.length > 0 && !isAway;
  }

  /** Notes what is committed, and then takes it out of the stream: in between, it would pass for lost. */
  async #finish(deliveries: readonly Delivery[]): Promise<void> {
    const { stream, pool } = this.#options;
    const names = deliveries.flatMap(({ entry }) => (entry === null ? [] : [nameOf(entry)]));
    await markSpoolMoved(
      pool,
      names.filter((name) => name !== null),
    );
    await stream.acknowledge(deliveries.map(({ id }) => id));
    this.moved += deliveries.length;
  }

  /** Nothing is left. Outages in quick succession are told as one. */
  #noteCaughtUp(): void {
    if (this.#movedMessages === 0) return;
    const messages = this.caughtUp().movedMessages + this.#movedMessages;
    this.#caughtUp = { atMs: this.#options.clock.nowMs(), messages };
    this.#movedMessages = 0;
  }

  /** What SpoolHealth tells of the last time that nothing was left. */
  caughtUp(): Pick<SpoolHealth, 'caughtUpAtMs' | 'movedMessages'> {
    const last = this.#caughtUp;
    const isTold = last !== null && Math.abs(this.#options.clock.nowMs() - last.atMs) <= CAUGHT_UP_TOLD_MS;
    return isTold
      ? { caughtUpAtMs: last.atMs, movedMessages: last.messages }
      : { caughtUpAtMs: null, movedMessages: 0 };
  }

  /** With no frames coming in and none in the spool nobody else would notice that the database is back. */
  async #ping(): Promise<void> {
    const { pool, committer } = this.#options;
    const error: unknown = await pingWrite(pool).then(
      () => null,
      (reason: unknown) => reason,
    );
    committer.notePing(error);
  }

  /** What dead movers left behind first, then what nobody was given yet. */
  async #next(): Promise<Delivery[]> {
    const { stream, clock, committer } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#claimedAtMs >= Math.min(CLAIM_EVERY_MS, this.#claimIdleMs)) {
      const claimed = await stream.claim(this.#claimIdleMs, BATCH);
      if (claimed.length > 0) return claimed;
      this.#claimedAtMs = nowMs;
    }
    return await stream.read(committer.failingSinceMs === null ? BATCH : 1);
  }

  async #handle(delivery: Delivery): Promise<Outcome> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const outcome = await this.#move(delivery).catch((error: unknown): Outcome => {
      this.#options.log.warn('mover.waiting', { error });
      return 'away';
    });
    const tookMs = clock.monotonicMs() - startedMs;
    if (outcome === 'moved') await sleep(Math.min(PAUSE_MAX_MS, tookMs * PAUSE_SHARE));
    return outcome;
  }

  async #move({ id, times, entry, logs }: Delivery): Promise<Outcome> {
    const { committer, keys, clock, pool, log } = this.#options;
    // The stream was cut behind our back, or is another's; an account says what was in it.
    if (entry === null) return 'moved';
    if (times > DELIVERIES_MAX) return await this.#quarantine(id, entry, 'tooOften', []);
    const opened = openEntry(keys, entry);
    if (!opened.ok) return await this.#fail({ id, times, entry }, opened.error, []);
    opened.value.logs = this.#linesOf(id, entry, logs);
    const sections = decodeSections(opened.value);
    if (sections === null) return await this.#fail({ id, times, entry }, 'badSection', []);
    const waitedMs = Math.max(0, clock.nowMs() - Number(id.split('-')[0]));
    const removed = waitedMs < REMOVAL_KNOWN_MS ? [] : await listRemovedApps(pool, opened.value.appIds);
    const { group, live } = withoutApps(opened.value, sections, new Set(removed));
    if (live.length === 0) return 'moved';
    killPoint('mover.before');
    const outcome = await committer.commitReturned(group, live, Math.ceil(waitedMs / HOUR));
    if (outcome.kind === 'away') return 'away';
    if (outcome.kind === 'refused') {
      log.error('mover.refused', { error: outcome.error, entry: id });
      return await this.#fail(
        { id, times, entry },
        'refused',
        accountsOf(live, new Set(group.knownDuplicates)),
      );
    }
    killPoint('mover.after');
    this.#movedMessages += group.messages;
    return 'moved';
  }

  /** Lines of an entry's frames. Those that cannot be read are left out: what counts is the frames. */
  #linesOf(id: string, entry: Buffer, logs: Buffer | null): LogChunkInput | null {
    const name = nameOf(entry);
    if (logs === null || name === null) return null;
    const opened = openLogs(this.#options.keys, name, logs);
    if (opened === null) this.#options.log.warn('mover.linesLost', { entry: id });
    return opened;
  }

  /** Left to whoever claims it next, perhaps of another release or with another key; at last to the quarantine. */
  async #fail(
    { id, times, entry }: { id: string; times: number; entry: Buffer },
    reason: string,
    accounts: ReturnType<typeof accountsOf>,
  ): Promise<Outcome> {
    this.#options.log.warn('mover.failed', { entry: id, reason, times });
    if (times < TRIES) return 'failed';
    return await this.#quarantine(id, entry, reason, accounts);
  }

  async #quarantine(
    id: string,
    bytes: Buffer,
    reason: string,
    accounts: ReturnType<typeof accountsOf>,
  ): Promise<Outcome> {
    const { stream, pool, log } = this.#options;
    await quarantineSpoolEntry(pool, { name: nameOf(bytes), reason, accounts, bytes });
    log.error('mover.quarantined', { entry: id, reason, bytes: bytes.length });
    await stream.acknowledge([id]);
    return 'quarantined';
  }

  async #giveBack({ id, times }: Delivery): Promise<void> {
    try {
      await this.#options.stream.release(id, times - 1, this.#claimIdleMs);
    } catch (error) {
      // It is claimed when its time is over, and this time counts: no harm.
      this.#options.log.warn('mover.waiting', { error });
    }
    this.#claimedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Ends after the entry under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
