/**
 * Spans in which messages may have gone without anybody knowing (P-23, R-04): nobody of this database was alive, or the
 * database is not what it was. Each becomes a gap of every app, without a count: nobody knows one.
 */
import type { Log } from '../model/log.ts';
import { MINUTE } from '../model/time.ts';
import { insertGapOfAll } from '../store/gaps.ts';
import type { Pool } from '../store/pool.ts';
import { readLastSign, type Writer } from '../store/writers.ts';
import type { Clock } from './clock.ts';

/**
 * Writers give a sign every 2 s. Shorter absences are deploys, crashes and outages: for those the senders keep what they
 * have and report what they drop.
 */
const ABSENT_MS = 2 * MINUTE;

export interface LookBackOptions {
  pool: Pool;
  clock: Clock;
  log: Log;
  /** Forgets what was read from the database and may not be true any more. */
  forget: () => void;
}

export class LookBack {
  readonly #options: LookBackOptions;
  readonly #upSinceMs: number;
  #looked: Promise<void> | null = null;

  constructor(options: LookBackOptions) {
    this.#options = options;
    this.#upSinceMs = options.clock.monotonicMs();
  }

  /**
   * Once, before this process gives its first sign of life: when the newest sign is old and its writer never closed, all
   * processes died at once long ago, or the database is a copy of that time. While this process waited for the database
   * somebody was there: what is held, spooled or dropped in an outage is told elsewhere. Throws when the database is away,
   * and looks again when asked again.
   */
  atStart(): Promise<void> {
    this.#looked ??= this.#look().catch((error: unknown) => {
      this.#looked = null;
      throw error;
    });
    return this.#looked;
  }

  async #look(): Promise<void> {
    const { pool, clock } = this.#options;
    const last = await readLastSign(pool);
    if (last === null || last.isClosed) return;
    const upMs = clock.monotonicMs() - this.#upSinceMs;
    if (last.databaseNowMs - upMs - last.seenAtMs < ABSENT_MS) return;
    await this.#mark('down', last.seenAtMs, last.databaseNowMs);
  }

  /**
   * The database has forgotten commits of this very process: an older copy was put in its place, or a failover lost the
   * newest. What memory knows of it is forgotten too: numbers of series and drains may belong to others by now.
   */
  async turnedBack(writer: Writer, stored: Writer | null): Promise<void> {
    this.#options.forget();
    const last = await readLastSign(this.#options.pool);
    const nowMs = last?.databaseNowMs ?? Date.now();
    const knownMs = stored?.checkpointAtMs ?? writer.checkpointAtMs;
    await this.#mark('restored', Math.min(knownMs, last?.seenAtMs ?? nowMs), nowMs);
  }

  async #mark(cause: 'down' | 'restored', fromMs: number, toMs: number): Promise<void> {
    const apps = await insertGapOfAll(this.#options.pool, { cause, fromMs, toMs });
    this.#options.log.error(`database.${cause === 'down' ? 'wasUnattended' : 'turnedBack'}`, {
      since: new Date(fromMs).toISOString(),
      until: new Date(toMs).toISOString(),
      apps,
    });
  }
}
