/** The versions of all SLOs, kept in memory: read once, and then only what changed. */
import type { Log } from '../model/log.ts';
import type { Queryable } from '../store/pool.ts';
import { type CountingVersion, listVersionsSince } from '../store/slos.ts';
import { compileVersion, type RunVersion } from './slo-run.ts';

/** What is known of versions; `refresh` before each round. */
export class VersionBook {
  readonly #log: Log;
  #generation = -1;
  readonly #bySlo = new Map<number, RunVersion[]>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Reads what was written or ended since the last time. */
  async refresh(db: Queryable): Promise<void> {
    const { generation, versions } = await listVersionsSince(db, this.#generation);
    for (const version of versions) this.#take(version);
    this.#generation = generation;
  }

  /** In order; one that was replaced before it began is left out. Empty for an SLO that is not known. */
  of(sloId: number): readonly RunVersion[] {
    return this.#bySlo.get(sloId) ?? [];
  }

  #take(version: CountingVersion): void {
    const others = this.of(version.sloId).filter(({ id }) => id !== version.id);
    const compiled = this.#compile(version);
    if (compiled === null) return;
    const isEmpty = compiled.validTo !== null && compiled.validTo <= compiled.validFrom;
    const all = isEmpty && others.length > 0 ? others : [...others, compiled];
    this.#bySlo.set(
      version.sloId,
      all.sort((a, b) => a.validFrom - b.validFrom || a.id - b.id),
    );
  }

  /** null: what is stored is no definition that can be evaluated; the SLO goes on with what it was before. */
  #compile(version: CountingVersion): RunVersion | null {
    try {
      return compileVersion(version);
    } catch (error) {
      this.#log.error('slo.versionUnreadable', { sloId: version.sloId, versionId: version.id, error });
      return null;
    }
  }
}
