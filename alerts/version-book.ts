/** The versions of all SLOs, kept in memory: read once, and then only what changed. */
import type { Queryable } from '../store/pool.ts';
import { type CountingVersion, listVersionsSince } from '../store/slos.ts';
import { compileVersion, type RunVersion } from './slo-run.ts';

/** What is known of versions; `refresh` before each round. */
export class VersionBook {
  #generation = -1;
  readonly #bySlo = new Map<number, RunVersion[]>();

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

  /** Of SLOs whose rows are gone. */
  forget(sloId: number): void {
    this.#bySlo.delete(sloId);
  }

  #take(version: CountingVersion): void {
    const others = this.of(version.sloId).filter(({ id }) => id !== version.id);
    const compiled = compileVersion(version);
    const isEmpty = compiled.validTo !== null && compiled.validTo <= compiled.validFrom;
    const all = isEmpty && others.length > 0 ? others : [...others, compiled];
    this.#bySlo.set(
      version.sloId,
      all.sort((a, b) => a.validFrom - b.validFrom || a.id - b.id),
    );
  }
}
