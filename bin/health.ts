/**
 * This process' own health, put together from its parts: told to its live streams from memory, and written to the
 * table `processes` every few seconds, where the other processes find it.
 */
import { type IngestHealth, idleIngest } from '../model/ingest-health.ts';
import type { Log } from '../model/log.ts';
import { type OwnProcess, REPORT_EVERY_MS } from '../model/process.ts';
import type { Pool } from '../store/pool.ts';
import { deleteGoneProcesses, deleteProcess, upsertProcess } from '../store/processes.ts';

export interface HealthOptions {
  pool: Pool;
  log: Log;
  nowMs: () => number;
  who: Pick<OwnProcess, 'holder' | 'dyno' | 'version' | 'roles'>;
  /** The figures of the parts; null: no frames are taken in here. */
  ingest: () => Partial<IngestHealth> | null;
  /** ms; tests are in a hurry. */
  everyMs?: number;
}

/** Rows of processes that are long gone are looked for this often. */
const CLEAN_EVERY = 720;

export class Health {
  readonly #options: HealthOptions;
  readonly #startedAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #database: 'ok' | 'away' = 'ok';
  #reports = 0;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#startedAtMs = options.nowMs();
  }

  start(): void {
    this.#running = this.#report().finally(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.start(), this.#options.everyMs ?? REPORT_EVERY_MS);
      this.#timer.unref();
    });
  }

  /** As of now, without asking anybody. */
  own(): OwnProcess {
    const parts = this.#options.ingest();
    const ingest = parts === null ? null : { ...idleIngest(), ...parts };
    const isAway = ingest?.failure === 'away' || this.#database === 'away';
    return {
      ...this.#options.who,
      startedAtMs: this.#startedAtMs,
      database: isAway ? 'away' : 'ok',
      ingest,
    };
  }

  async #report(): Promise<void> {
    const { pool, nowMs, log } = this.#options;
    const { database: _, ingest, ...who } = this.own();
    try {
      await upsertProcess(pool, { ...who, seenAtMs: nowMs(), status: ingest });
      if (this.#reports++ % CLEAN_EVERY === 0) await deleteGoneProcesses(pool, nowMs());
      this.#database = 'ok';
    } catch (error) {
      if (this.#database === 'ok') log.warn('health.notReported', { error });
      this.#database = 'away';
    }
  }

  /** Takes the own row along: a process that stopped in order is not missed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#database === 'away') return;
    const { pool, who, log } = this.#options;
    await deleteProcess(pool, who.holder, this.#startedAtMs).catch((error: unknown) =>
      log.warn('health.notDeleted', { error }),
    );
  }
}
