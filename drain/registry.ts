/** What a receiver knows of apps and drains between two readings of the tables. */
import { DAY, MINUTE } from '../model/time.ts';
import type { DrainCredential } from '../store/apps.ts';
import {
  type DrainRow,
  type DrainState,
  ensureDrain,
  listDrainStates,
  OTHERS_TOKEN,
} from '../store/drains.ts';
import { listLatestReleases } from '../store/events.ts';
import type { Pool } from '../store/pool.ts';
import type { Clock } from './clock.ts';
import { makeTerm } from './intern.ts';
import { emptyLoopMemory, type LoopMemory } from './loop-guard.ts';
import type { AppState } from './target.ts';

/** A drain as the receiver knows it. */
export interface KnownDrain {
  id: number;
  state: DrainState;
  labels: string;
  /** Newest line time taken over, ms; 0 without. */
  lastLineMs: number;
  loop: LoopMemory;
  /** When its labels were written last, and how often within that minute. */
  labelledAtMs: number;
  labelled: number;
}

/** Releases older than this are not looked for. */
const RELEASES_SINCE_MS = 400 * DAY;

export class Registry {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #keepLogs: boolean;
  readonly #apps = new Map<number, AppState>();
  readonly #drains = new Map<string, KnownDrain>();
  /** Apps with all the drains they may have: whoever comes with another token shares one. */
  readonly #crowded = new Map<number, { drain: KnownDrain; frames: number; atMs: number }>();
  readonly #arriving = new Map<string, Promise<KnownDrain>>();

  /** @param keepLogs whether lines are kept of apps that say nothing of it */
  constructor(pool: Pool, clock: Clock, keepLogs = false) {
    this.#pool = pool;
    this.#clock = clock;
    this.#keepLogs = keepLogs;
  }

  /** State of the credential's app, its settings brought up to date. */
  app(credential: DrainCredential): AppState {
    let app = this.#apps.get(credential.appId);
    if (app === undefined) {
      app = {
        appId: credential.appId,
        customMetrics: credential.customMetrics,
        historyOpenUntilMs: credential.historyOpenUntilMs,
        release: makeTerm(''),
        releaseAtMs: 0,
      };
      this.#apps.set(credential.appId, app);
    }
    app.customMetrics = credential.customMetrics;
    app.historyOpenUntilMs = credential.historyOpenUntilMs;
    const { keepLogsHours } = credential;
    // Nobody reads the lines of Drainboard's own probe, whose name nobody else can give.
    const isProbe = credential.appName.includes('~');
    app.keepLogs = !isProbe && (keepLogsHours === null ? this.#keepLogs : keepLogsHours > 0);
    return app;
  }

  /** The drain when it is known, else undefined: then `arrive` makes it. */
  known(appId: number, token: string, labels: string): KnownDrain | undefined {
    const drain = this.#drains.get(`${appId}:${token}`);
    if (drain === undefined) return this.#shared(appId);
    if (drain.labels === labels) return drain;
    const nowMs = this.#clock.nowMs();
    // A sender that says something else each time would write a row each time.
    const isOften = drain.labelled >= LABELLED_MAX && Math.abs(nowMs - drain.labelledAtMs) < MINUTE;
    return isOften ? drain : undefined;
  }

  #shared(appId: number): KnownDrain | undefined {
    const crowded = this.#crowded.get(appId);
    if (crowded === undefined) return undefined;
    crowded.frames++;
    crowded.atMs = this.#clock.nowMs();
    return crowded.drain;
  }

  /** Apps that shared a drain since an instant: id → frames since the process began. */
  sharedSince(sinceMs: number): Map<number, number> {
    const recent = [...this.#crowded].filter(([, { atMs }]) => atMs >= sinceMs);
    return new Map(recent.map(([appId, { frames }]) => [appId, frames]));
  }

  /** Makes or finds the drain's row. Throws when the database is away. */
  arrive(appId: number, token: string, sender: string, labels: string): Promise<KnownDrain> {
    const key = `${appId}:${token}`;
    let arriving = this.#arriving.get(key);
    if (arriving === undefined) {
      arriving = this.#ensure(appId, token, sender, labels).finally(() => this.#arriving.delete(key));
      this.#arriving.set(key, arriving);
    }
    return arriving;
  }

  async #ensure(appId: number, token: string, sender: string, labels: string): Promise<KnownDrain> {
    const row: DrainRow = await ensureDrain(this.#pool, {
      appId,
      token,
      sender,
      labels: parseLabels(labels),
      nowMs: this.#clock.nowMs(),
    });
    if (row.token !== token) return this.#crowd(row, labels);
    return this.#keep(row, labels);
  }

  #keep(row: DrainRow, labels: string): KnownDrain {
    const key = `${row.appId}:${row.token}`;
    const known = this.#drains.get(key);
    const nowMs = this.#clock.nowMs();
    const isSameMinute = known !== undefined && Math.abs(nowMs - known.labelledAtMs) < MINUTE;
    const drain = {
      id: row.id,
      state: row.state,
      labels,
      lastLineMs: known?.lastLineMs ?? 0,
      loop: known?.loop ?? emptyLoopMemory(),
      labelledAtMs: isSameMinute ? known.labelledAtMs : nowMs,
      labelled: isSameMinute ? known.labelled + 1 : 1,
    };
    this.#drains.set(key, drain);
    return drain;
  }

  /** From now on a token that is not known is one of many; those in the table are made known first. */
  async #crowd(row: DrainRow, labels: string): Promise<KnownDrain> {
    const own = (await listDrainStates(this.#pool)).filter((each) => each.appId === row.appId);
    this.#learn(own);
    const drain = this.#keep(row, labels);
    const known = this.#crowded.get(row.appId);
    this.#crowded.set(row.appId, { drain, frames: (known?.frames ?? 0) + 1, atMs: this.#clock.nowMs() });
    return drain;
  }

  /** Drains that another process made, of apps that cannot be asked for one by one. */
  #learn(rows: readonly DrainRow[]): void {
    // Without a label of its own the first frame of each writes them.
    for (const row of rows) if (!this.#drains.has(`${row.appId}:${row.token}`)) this.#keep(row, '');
  }

  /** Forgets every drain: the next frame of each makes or finds its row again. */
  clear(): void {
    this.#drains.clear();
    this.#crowded.clear();
  }

  /** Reads what others may have changed: states of drains, newest releases. */
  async refresh(): Promise<void> {
    const rows = await listDrainStates(this.#pool);
    const states = new Map(rows.map((row) => [row.id, row.state]));
    for (const [key, drain] of this.#drains) {
      const state = states.get(drain.id);
      if (state === undefined) this.#drains.delete(key);
      else drain.state = state;
    }
    this.#learn(rows.filter((row) => this.#crowded.has(row.appId)));
    for (const appId of this.#crowded.keys()) {
      // Somebody made room.
      if (!this.#drains.has(`${appId}:${OTHERS_TOKEN}`)) this.#crowded.delete(appId);
    }
    for (const release of await listLatestReleases(this.#pool, this.#clock.nowMs() - RELEASES_SINCE_MS)) {
      const app = this.#apps.get(release.appId);
      if (app !== undefined && release.atMs >= app.releaseAtMs) {
        if (app.release.text !== String(release.version)) app.release = makeTerm(String(release.version));
        app.releaseAtMs = release.atMs;
      }
    }
  }
}

const LABELS_MAX = 10;
/** Changes of a drain's labels that are written within a minute. */
const LABELLED_MAX = 10;

/** `?env=` and `?tag.k=v` of the drain URL; other parameters are not kept: a secret may have got there. */
export function parseLabels(query: string): Record<string, string> {
  const labels = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if ((name === 'env' || /^tag\.[A-Za-z0-9_.-]{1,40}$/.test(name)) && labels.size < LABELS_MAX) {
      labels.set(name, value.replace(/[^\w .:@/-]/g, '').slice(0, 80));
    }
  }
  return Object.fromEntries(labels);
}
