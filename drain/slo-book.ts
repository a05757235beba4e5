/**
 * What a process that counts knows of SLOs: every version, read again every few seconds. A version is written a minute
 * before it is valid, so that whoever read less than that long ago misses none; what was counted on older knowledge is
 * counted again from the log before it is written (drain/checkpoint.ts).
 */
import { SloMatcher } from '../model/slo-match.ts';
import { SECOND } from '../model/time.ts';
import type { Pool } from '../store/pool.ts';
import { type CountingVersion, listVersionsSince, VERSION_AHEAD_MS } from '../store/slos.ts';
import type { Clock } from './clock.ts';
import type { SloSource } from './rollup.ts';
import { AppSlos, type CompiledVersion } from './slo-counting.ts';

/** What a version's commit may take after its time was chosen, and what clocks differ by. */
const SLACK_MS = 15 * SECOND;
/** Age at which knowledge is read again by who asks for it to be fresh. */
const RENEW_MS = 20 * SECOND;

export class SloBook implements SloSource {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #versions = new Map<number, CompiledVersion & { appId: number }>();
  readonly #apps = new Map<number, AppSlos>();
  #generation = -1;
  /** Begin of the last reading, monotonic ms. */
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  app(appId: number): AppSlos | undefined {
    return this.#apps.get(appId);
  }

  get isFresh(): boolean {
    return this.#clock.monotonicMs() - this.#readAtMs < VERSION_AHEAD_MS - SLACK_MS;
  }

  /** Reads again unless that was done within some seconds. Throws when the database is away. */
  async renew(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#readAtMs >= RENEW_MS) await this.refresh();
  }

  /** Reads what is new; whoever asks meanwhile waits for the same answer. Throws when the database is away. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Forgets everything: the database is not what it was. */
  clear(): void {
    this.#versions.clear();
    this.#apps.clear();
    this.#generation = -1;
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  async #read(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const { generation, versions } = await listVersionsSince(this.#pool, this.#generation);
    this.#learn(versions);
    this.#generation = generation;
    this.#readAtMs = startedMs;
  }

  #learn(versions: readonly CountingVersion[]): void {
    for (const version of versions) {
      const matcher = this.#versions.get(version.id)?.matcher ?? SloMatcher.of(version.definition);
      if (matcher === null) continue;
      const { id, sloId, appId, validFromS } = version;
      const validToS = version.validToS ?? Number.POSITIVE_INFINITY;
      this.#versions.set(id, { id, sloId, appId, validFromS, validToS, matcher });
    }
    for (const appId of new Set(versions.map((version) => version.appId))) {
      const own = [...this.#versions.values()].filter((version) => version.appId === appId);
      if (own.length > 0) this.#apps.set(appId, new AppSlos(own));
    }
  }
}
