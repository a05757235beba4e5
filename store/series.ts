/** Series: kind and key of an app to a number (table series), with the bounds of RELIABILITY C-01 to C-05. */
import {
  isCountKind,
  OTHER_KEY,
  OVERFLOW_KEY,
  PATH_SHAPES_MAX,
  SERIES_PATH,
  SERIES_PER_APP_MAX,
} from '../model/series.ts';
import type { Queryable } from './pool.ts';

export interface SeriesName {
  appId: number;
  kind: number;
  key: string;
  label?: string;
}

/** Longest key stored; parsers bound their texts below it, this is the last line. */
const KEY_LENGTH_MAX = 400;

/** Series of an app: all, and its path shapes. */
interface Size {
  all: number;
  paths: number;
}

/** Kinds with few keys by nature (kinds of messages, notes, statuses, frames): never counted as overflow. */
const CLOSED_KINDS = new Set([3, 7, 8, 9, 10]);

/**
 * Numbers of series, kept in memory and made when new. Beyond its bound a path shape is counted under `other`,
 * any other series of an app under `overflow`: nothing is lost, only joined.
 */
export class SeriesNumbers {
  readonly #byName = new Map<string, number>();
  readonly #labels = new Map<number, string>();
  /** Known series per app: all, and path shapes. */
  readonly #sizes = new Map<number, Size>();

  /** Numbers for the names, in their order. Runs its own statements, outside the roll-up's transaction. */
  async resolve(db: Queryable, names: SeriesName[], nowMs: number): Promise<number[]> {
    await this.#loadApps(db, new Set(names.map((name) => name.appId)));
    const missing = new Map<string, SeriesName>();
    // Sizes as they will be: kept only once the names are in the table, for a try that failed comes again.
    const sizes = new Map<number, Size>();
    for (const appId of new Set(names.map((name) => name.appId))) {
      sizes.set(appId, { ...(this.#sizes.get(appId) ?? { all: 0, paths: 0 }) });
    }
    const bounded = names.map((name) => {
      const shortened =
        name.key.length > KEY_LENGTH_MAX ? { ...name, key: name.key.slice(0, KEY_LENGTH_MAX) } : name;
      return this.#within(shortened, missing, sizes);
    });
    if (missing.size > 0) await this.#insert(db, [...missing.values()], nowMs);
    for (const [appId, size] of sizes) this.#sizes.set(appId, size);
    await this.#updateLabels(db, bounded);
    return bounded.map((name) => {
      const id = this.#byName.get(nameKey(name));
      if (id === undefined) throw new Error('a series has no number after it was made');
      return id;
    });
  }

  /** The name itself, or the one it is joined into; notes it in `missing` when it has no number yet. */
  #within(name: SeriesName, missing: Map<string, SeriesName>, sizes: Map<number, Size>): SeriesName {
    const key = nameKey(name);
    if (this.#byName.has(key) || missing.has(key)) return name;
    const size = sizes.get(name.appId) ?? { all: 0, paths: 0 };
    const joined = name.key === OTHER_KEY || name.key === OVERFLOW_KEY || CLOSED_KINDS.has(name.kind);
    if (!joined && name.kind === SERIES_PATH && size.paths >= PATH_SHAPES_MAX) {
      return this.#within({ ...name, key: OTHER_KEY }, missing, sizes);
    }
    if (!joined && size.all >= SERIES_PER_APP_MAX)
      return this.#within({ ...name, key: OVERFLOW_KEY }, missing, sizes);
    size.all++;
    if (name.kind === SERIES_PATH) size.paths++;
    missing.set(key, name);
    return name;
  }

  async #loadApps(db: Queryable, appIds: Set<number>): Promise<void> {
    const unknown = [...appIds].filter((appId) => !this.#sizes.has(appId));
    if (unknown.length === 0) return;
    const { rows } = await db.query<{
      id: number;
      app_id: number;
      kind: number;
      key: string;
      label: string | null;
    }>('SELECT id, app_id, kind, key, label FROM series WHERE app_id = ANY ($1)', [unknown]);
    for (const appId of unknown) this.#sizes.set(appId, { all: 0, paths: 0 });
    for (const row of rows) {
      this.#byName.set(nameKey({ appId: row.app_id, kind: row.kind, key: row.key }), row.id);
      if (row.label !== null) this.#labels.set(row.id, row.label);
      const size = this.#sizes.get(row.app_id)!;
      size.all++;
      if (row.kind === SERIES_PATH) size.paths++;
    }
  }

  async #insert(db: Queryable, names: SeriesName[], nowMs: number): Promise<void> {
    // In key order: two writers that make the same series at once wait for one another, never in a circle.
    names.sort((a, b) => a.appId - b.appId || a.kind - b.kind || (a.key < b.key ? -1 : 1));
    const { rows } = await db.query<{ id: number; app_id: number; kind: number; key: string }>(
      `INSERT INTO series (app_id, kind, key, created_at_ms)
       SELECT a, k, t, $4 FROM unnest($1::int[], $2::smallint[], $3::text[]) AS n (a, k, t)
       ON CONFLICT (app_id, kind, key) DO UPDATE SET key = excluded.key
       RETURNING id, app_id, kind, key`,
      [names.map((n) => n.appId), names.map((n) => n.kind), names.map((n) => n.key), nowMs],
    );
    for (const row of rows) {
      this.#byName.set(nameKey({ appId: row.app_id, kind: row.kind, key: row.key }), row.id);
    }
  }

  async #updateLabels(db: Queryable, names: SeriesName[]): Promise<void> {
    const changed = new Map<number, string>();
    for (const name of names) {
      if (isCountKind(name.kind) || name.label === undefined || name.label === '') continue;
      const id = this.#byName.get(nameKey(name));
      if (id !== undefined && this.#labels.get(id) !== name.label) changed.set(id, name.label);
    }
    if (changed.size === 0) return;
    const ids = [...changed.keys()].sort((a, b) => a - b);
    await db.query(
      `UPDATE series SET label = n.label FROM unnest($1::int[], $2::text[]) AS n (id, label) WHERE series.id = n.id`,
      [ids, ids.map((id) => changed.get(id))],
    );
    for (const [id, label] of changed) this.#labels.set(id, label);
  }

  /** Forgets everything: after an app was removed, or when memory is short. */
  clear(): void {
    this.#byName.clear();
    this.#labels.clear();
    this.#sizes.clear();
  }
}

function nameKey(name: SeriesName): string {
  return `${name.appId}\t${name.kind}\t${name.key}`;
}
