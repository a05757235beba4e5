/**
 * The rounds of alerting: what was counted is folded, apps are followed, objectives and rules evaluated, escalations and
 * reminders brought on, the watchman's signs given. Each step stands alone: one that fails is told and tried again
 * with the next round, and the others go on.
 */
import { CLOSE_AFTER_MS, closedEvaluation } from '../model/closing.ts';
import type { Log } from '../model/log.ts';
import { MINUTE, SECOND } from '../model/time.ts';

/** What a step is given. */
export interface RoundAt {
  /** By the database's clock (T-07), epoch ms. */
  nowMs: number;
  /** The newest evaluation that can be made: minutes before it are closed. */
  minute: number;
  signal: AbortSignal;
  /** Steps of this round that failed so far; empty at the end of a full round. */
  failed: readonly string[];
  /** Rounds so far that could not begin because one was still under way. */
  skipped: number;
}

export interface RoundStep {
  /** Part of events in the log: a constant of ours. */
  name: string;
  work(at: RoundAt): Promise<unknown>;
}

export interface AlertRoundsOptions {
  steps: readonly RoundStep[];
  /** The clock that decides; it fails when the database is away. */
  readNow: () => Promise<number>;
  log: Log;
  everyMs?: number;
  /** Whether evaluation gives way to ingest now. */
  gaveWay?: (() => boolean) | undefined;
}

/** A minute is closed 45 s after its end, so that something is due each minute; seen at most this much later. */
export const ROUND_EVERY_MS = 5 * SECOND;
/** A round is made so long after a minute was closed, whenever the others are. */
const AFTER_CLOSE_MS = 100;
/** The running round is waited for so long when the process stops; its transaction ends with its connection. */
const STOP_WAIT_MS = 5 * SECOND;

export type RoundOutcome = 'done' | 'failed' | 'skipped' | 'gaveWay';

/** What is known of the rounds of this process. */
export interface RoundsStatus {
  rounds: number;
  /** Rounds that did not begin, because the one before was still under way. */
  skipped: number;
  /** Failures in a row of each step that fails now. */
  failing: Readonly<Record<string, number>>;
  /** Of the last round, ms. */
  tookMs: number;
}

export class AlertRounds {
  readonly #options: AlertRoundsOptions;
  readonly #stopping = new AbortController();
  readonly #failing = new Map<string, number>();
  #running: Promise<RoundOutcome> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** For the next minute that closes before the next round: what it decides is told seconds earlier. */
  #extra: NodeJS.Timeout | null = null;
  #rounds = 0;
  #skipped = 0;
  #skippedInRow = 0;
  #tookMs = 0;

  constructor(options: AlertRoundsOptions) {
    this.#options = options;
  }

  /** A round now and every few seconds. By the process's monotonic clock: no step of the wall clock stops it (T-05). */
  start(): void {
    if (this.#timer !== null) return;
    const everyMs = this.#options.everyMs ?? ROUND_EVERY_MS;
    this.#timer = setInterval(() => void this.tick(), everyMs);
    void this.tick();
  }

  get status(): RoundsStatus {
    return {
      rounds: this.#rounds,
      skipped: this.#skipped,
      failing: Object.fromEntries(this.#failing),
      tookMs: this.#tookMs,
    };
  }

  /** One round, unless one is under way: then it is skipped and counted, none pile up. Never throws. */
  async tick(): Promise<RoundOutcome> {
    if (this.#stopping.signal.aborted) return 'skipped';
    if (this.#running !== null) {
      this.#skipped++;
      this.#skippedInRow++;
      return 'skipped';
    }
    if (this.#options.gaveWay?.() === true) return 'gaveWay';
    this.#running = this.#round();
    try {
      return await this.#running;
    } finally {
      this.#running = null;
    }
  }

  async #round(): Promise<RoundOutcome> {
    const startedMs = performance.now();
    const { readNow, steps } = this.#options;
    const { signal } = this.#stopping;
    const failed: string[] = [];
    let nowMs = 0;
    const isTimeKnown = await this.#isolated('clock', async () => {
      nowMs = await readNow();
    });
    if (!isTimeKnown) failed.push('clock');
    else {
      const at = { nowMs, minute: closedEvaluation(nowMs), signal, skipped: this.#skipped };
      for (const { name, work } of steps) {
        if (signal.aborted) break;
        if (!(await this.#isolated(name, () => work({ ...at, failed })))) failed.push(name);
      }
    }
    if (isTimeKnown) this.#roundAtClose(nowMs + (performance.now() - startedMs));
    this.#rounds++;
    this.#tookMs = performance.now() - startedMs;
    this.#tellSkipped();
    return failed.length === 0 ? 'done' : 'failed';
  }

  #roundAtClose(nowMs: number): void {
    const everyMs = this.#options.everyMs ?? ROUND_EVERY_MS;
    const closesMs = (closedEvaluation(nowMs) + 1) * MINUTE + CLOSE_AFTER_MS - nowMs + AFTER_CLOSE_MS;
    if (this.#timer === null || this.#extra !== null || closesMs > everyMs) return;
    this.#extra = setTimeout(() => {
      this.#extra = null;
      // One that is under way has begun before the minute was closed: no round of ours is skipped by this one.
      void (this.#running ?? Promise.resolve()).then(() => this.tick());
    }, closesMs);
  }

  /** Whether the step got through. A failure is logged when it is the first of a row, and once when it is over. */
  async #isolated(name: string, work: () => Promise<unknown>): Promise<boolean> {
    const { log } = this.#options;
    try {
      await work();
    } catch (error) {
      const failures = (this.#failing.get(name) ?? 0) + 1;
      this.#failing.set(name, failures);
      if (failures === 1 && !this.#stopping.signal.aborted)
        log.error('alerting.stepFailed', { step: name, error });
      return false;
    }
    const failures = this.#failing.get(name);
    if (failures !== undefined) log.info('alerting.stepRecovered', { step: name, failures });
    this.#failing.delete(name);
    return true;
  }

  #tellSkipped(): void {
    if (this.#skippedInRow === 0) return;
    const { log } = this.#options;
    log.warn('alerting.roundsSkipped', {
      skipped: this.#skippedInRow,
      total: this.#skipped,
      tookMs: Math.round(this.#tookMs),
    });
    this.#skippedInRow = 0;
  }

  /** No round begins any more; resolves when the running one has ended between two steps, or after some seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#extra !== null) clearTimeout(this.#extra);
    if (this.#running === null) return;
    const patience = Promise.withResolvers<void>();
    const limit = setTimeout(patience.resolve, STOP_WAIT_MS);
    await Promise.race([this.#running, patience.promise]);
    clearTimeout(limit);
  }
}
