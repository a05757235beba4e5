/** Series: kind and key of an app to a number (table series), with the bounds of RELIABILITY C-01 to C-05. */
import {
  isCountKind,
  OTHER_KEY,
  OVERFLOW_KEY,
  PATH_SHAPES_MAX,
  SERIES_PATH,
  SERIES_PER_APP_MAX,
} from '../model/series.ts';
import { type Pool, type Queryable, withTransaction } from './pool.ts';

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
  /** Greatest number read. One that was made before and committed later is found when it is asked for. */
  newestId: number;
}

const EMPTY: Size = { all: 0, paths: 0, newestId: 0 };

interface SeriesRow {
  id: number;
  app_id: number;
  kind: number;
  key: string;
  label: string | null;
}

/** Kinds with few keys by nature (kinds of messages, notes, statuses, frames): never counted as overflow. */
const CLOSED_KINDS = new Set([3, 7, 8, 9, 10]);

/** Names of an app that were joined into others, since the process began. */
export interface Joined {
  paths: number;
  series: number;
  atMs: number;
}

/**
 * Numbers of series, kept in memory and made when new. Beyond its bound a path shape is counted under `other`,
 * any other series of an app under `overflow`: nothing is lost, only joined. The bound is of the app in the table,
 * whatever processes there are: who makes series looks at the table first, one at a time for an app.
 */
export class SeriesNumbers {
  readonly #byName = new Map<string, number>();
  readonly #labels = new Map<number, string>();
  /** Series per app in the table, as far as read. */
  readonly #sizes = new Map<number, Size>();
  readonly #joined = new Map<number, Joined>();

  /** Numbers for the names, in their order. Runs its own statements, outside the roll-up's transaction. */
  async resolve(pool: Pool, names: SeriesName[], nowMs: number): Promise<number[]> {
    const shortened = names.map((name) =>
      name.key.length > KEY_LENGTH_MAX ? { ...name, key: name.key.slice(0, KEY_LENGTH_MAX) } : name,
    );
    const known = shortened.map((name) => this.#byName.get(nameKey(name)));
    // Nearly always: what an app does is what it did before.
    const ids = known.every((id) => id !== undefined)
      ? known
      : await this.#resolveNew(pool, shortened, nowMs);
    await this.#updateLabels(pool, shortened);
    return ids;
  }

  async #resolveNew(pool: Pool, names: SeriesName[], nowMs: number): Promise<number[]> {
    await this.#readNew(
      pool,
      appsOf(names).filter((appId) => !this.#sizes.has(appId)),
    );
    if (this.#missing(names).length > 0) await this.#make(pool, names, nowMs);
    return names.map((name) => {
      const bounded = this.#within(name, this.#sizes);
      if (bounded !== name) this.#noteJoined(bounded, nowMs);
      const id = this.#byName.get(nameKey(bounded));
      if (id === undefined) throw new Error('a series has no number after it was made');
      return id;
    });
  }

  /** Whether a series has a number, as far as known here. */
  has(appId: number, kind: number, key: string): boolean {
    return this.#byName.has(nameKey({ appId, kind, key }));
  }

  /** Apps with joined names since an instant. */
  joinedSince(sinceMs: number): Map<number, Joined> {
    return new Map([...this.#joined].filter(([, { atMs }]) => atMs >= sinceMs));
  }

  #noteJoined(name: SeriesName, nowMs: number): void {
    const joined = this.#joined.get(name.appId) ?? { paths: 0, series: 0, atMs: nowMs };
    if (name.key === OTHER_KEY) joined.paths++;
    else joined.series++;
    joined.atMs = nowMs;
    this.#joined.set(name.appId, joined);
  }

  /** Names (as joined where they are beyond the bound) that have no number yet. */
  #missing(names: readonly SeriesName[]): SeriesName[] {
    // Sizes as they will be: kept only once the names are in the table, for a try that failed comes again.
    const sizes = new Map([...this.#sizes].map(([appId, size]) => [appId, { ...size }]));
    const missing = new Map<string, SeriesName>();
    for (const name of names) {
      if (this.#byName.has(nameKey(name)) || missing.has(nameKey(name))) continue;
      const bounded = this.#within(name, sizes);
      const key = nameKey(bounded);
      if (this.#byName.has(key) || missing.has(key)) continue;
      missing.set(key, bounded);
      count(sizes, bounded);
    }
    return [...missing.values()];
  }

  /** The name itself, or the one it is joined into. */
  #within(name: SeriesName, sizes: ReadonlyMap<number, Size>): SeriesName {
    if (this.#byName.has(nameKey(name))) return name;
    if (name.key === OTHER_KEY || name.key === OVERFLOW_KEY || CLOSED_KINDS.has(name.kind)) return name;
    const size = sizes.get(name.appId) ?? EMPTY;
    if (name.kind === SERIES_PATH && size.paths >= PATH_SHAPES_MAX) {
      return this.#within({ ...name, key: OTHER_KEY }, sizes);
    }
    return size.all >= SERIES_PER_APP_MAX ? { ...name, key: OVERFLOW_KEY } : name;
  }

  /**
   * Makes what is missing. Each app's row is locked meanwhile, so that two processes cannot fill the same last places;
   * in order of ids, so that they wait for one another and never in a circle.
   */
  async #make(pool: Pool, names: readonly SeriesName[], nowMs: number): Promise<void> {
    const appIds = appsOf(names);
    // What others made meanwhile is often all that is missing, as in a flood that has reached its bound.
    await this.#readNew(pool, appIds);
    if (this.#missing(names).length === 0) return;
    const made = await withTransaction(pool, async (client) => {
      await client.query('SELECT id FROM apps WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE', [appIds]);
      await this.#readNew(client, appIds);
      return this.#insert(client, this.#missing(names), nowMs);
    });
    // Only now they are there for certain.
    for (const row of made) this.#know(row);
  }

  /** Reads the series of these apps that are not known here. */
  async #readNew(db: Queryable, appIds: readonly number[]): Promise<void> {
    if (appIds.length === 0) return;
    const after = appIds.map((appId) => this.#sizes.get(appId)?.newestId ?? 0);
    const { rows } = await db.query<SeriesRow>(
      `SELECT s.id, s.app_id, s.kind, s.key, s.label
       FROM unnest($1::int[], $2::int[]) AS a (app_id, after) JOIN series s ON s.app_id = a.app_id AND s.id > a.after`,
      [appIds, after],
    );
    for (const appId of appIds) if (!this.#sizes.has(appId)) this.#sizes.set(appId, { ...EMPTY });
    for (const row of rows) this.#know(row);
  }

  #know(row: SeriesRow): void {
    const name = { appId: row.app_id, kind: row.kind, key: row.key };
    const size = this.#sizes.get(row.app_id);
    if (size !== undefined) size.newestId = Math.max(size.newestId, row.id);
    if (row.label !== null) this.#labels.set(row.id, row.label);
    if (this.#byName.has(nameKey(name))) return;
    this.#byName.set(nameKey(name), row.id);
    count(this.#sizes, name);
  }

  async #insert(db: Queryable, names: SeriesName[], nowMs: number): Promise<SeriesRow[]> {
    if (names.length === 0) return [];
    // In key order: an older release that makes the same series at once, without the lock, is waited for in turn.
    names.sort((a, b) => a.appId - b.appId || a.kind - b.kind || (a.key < b.key ? -1 : 1));
    const { rows } = await db.query<SeriesRow>(
      `INSERT INTO series (app_id, kind, key, created_at_ms)
       SELECT a, k, t, $4 FROM unnest($1::int[], $2::smallint[], $3::text[]) AS n (a, k, t)
       ON CONFLICT (app_id, kind, key) DO UPDATE SET key = excluded.key
       RETURNING id, app_id, kind, key, label`,
      [names.map((n) => n.appId), names.map((n) => n.kind), names.map((n) => n.key), nowMs],
    );
    return rows;
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

function appsOf(names: readonly SeriesName[]): number[] {
  return [...new Set(names.map((name) => name.appId))].sort((a, b) => a - b);
}

function count(sizes: Map<number, Size>, name: SeriesName): void {
  const size = sizes.get(name.appId) ?? { ...EMPTY };
  size.all++;
  if (name.kind === SERIES_PATH) size.paths++;
  sizes.set(name.appId, size);
}

function nameKey(name: SeriesName): string {
  return `${name.appId}\t${name.kind}\t${name.key}`;
}
