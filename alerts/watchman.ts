/**
 * What every process runs besides its duties, so that a part that is dead is told by one that is not: it looks at
 * alerting, sends a line of ours through it, and delivers what it has to tell by itself.
 */
import type { Log } from '../model/log.ts';
import { SECOND } from '../model/time.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import type { Pool } from '../store/pool.ts';
import type { Sender } from './notify/pipeline.ts';
import type { Probe } from './probe.ts';
import { watch } from './watch.ts';
import type { Finding } from './watch-judge.ts';

export interface WatchmanOptions {
  pool: Pool;
  log: Log;
  /** Its own, beside that of a worker in the same process. */
  sender: Sender;
  /** Absent: switched off. */
  probe?: Probe | undefined;
  /** How long this process has run, ms. */
  upMs: () => number;
}

/** A process that starts has other things to do than to be measured. */
const PROBE_AFTER_MS = 15 * SECOND;
/** Between two rounds. */
export const WATCH_EVERY_MS = 5 * SECOND;

export class Watchman {
  readonly #options: WatchmanOptions;

  constructor(options: WatchmanOptions) {
    this.#options = options;
  }

  /**
   * One round; what was found. Where no worker sends, it sends everything that is due; else only what is about
   * Drainboard itself, which may be about the worker's sending. Rejects when the database does not answer.
   */
  async round(): Promise<Finding[]> {
    const { pool, log, sender, probe, upMs } = this.#options;
    const nowMs = await readDatabaseNow(pool);
    // A probe that is not taken shows in what is seen of it.
    if (upMs() >= PROBE_AFTER_MS) await probe?.send(nowMs);
    const seen = await probe?.seen(nowMs);
    const { findings, facts } = await watch({ pool, log }, { upMs: upMs(), probe: seen });
    const isNobodySending = findings.some(({ name }) => name === 'workers' || name === 'delivery');
    // As of the look: what it found is due since then.
    await sender.deliverDue(facts.nowMs, isNobodySending ? null : ['watch']);
    return findings;
  }

  stop(): Promise<void> {
    return this.#options.sender.stop();
  }
}
