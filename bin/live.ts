/**
 * Tells live pages that an app has new data: from this process' own roll-ups, from other processes over Redis where
 * there is one, and from the tables for whatever was told by neither.
 */
import { randomUUID } from 'node:crypto';
import type { TickMessage } from '../api/contract/stream.ts';
import type { AppDeltas } from '../model/deltas.ts';
import type { Log } from '../model/log.ts';
import { SERIES_MESSAGE } from '../model/series.ts';
import { listApps } from '../store/apps.ts';
import { listDrainTimes } from '../store/drains.ts';
import type { Pool } from '../store/pool.ts';
import { openTickChannel, type RemoteTick, type TickChannel } from '../store/tick-channel.ts';
import { openSiblingChannel } from './cluster-child.ts';

export interface LiveOptions {
  pool: Pool;
  log: Log;
  nowMs: () => number;
  redisUrl?: string | undefined;
  onHeroku: boolean;
  /** Other processes' data is looked for this often while somebody listens, ms. */
  pollMs?: number;
}

const POLL_MS = 3_000;

interface Told {
  appId: number;
  lastReceivedAtMs: number;
  lastLineAtMs: number;
  messages: number;
}

export class Live {
  readonly #options: LiveOptions;
  readonly #id = randomUUID();
  readonly #listeners = new Set<(tick: TickMessage) => void>();
  readonly #names = new Map<number, string>();
  /** Newest arrival told, by app: what was told once need not be found again. */
  readonly #toldAtMs = new Map<number, number>();
  readonly #channel: TickChannel | null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { redisUrl, onHeroku, log } = options;
    const onTick = (tick: RemoteTick): void => {
      if (tick.from !== this.#id) this.#tell(tick);
    };
    // One of the two, or siblings would be told everything twice.
    this.#channel =
      redisUrl === undefined
        ? openSiblingChannel(onTick)
        : openTickChannel({ url: redisUrl, onHeroku, log, onTick });
  }

  /** Calls the listener for every tick until the given function is called. */
  subscribe(listener: (tick: TickMessage) => void): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined) this.#poll();
    return () => this.#listeners.delete(listener);
  }

  /** Deltas of this process have become visible. */
  onRolledUp(apps: AppDeltas[]): void {
    for (const deltas of apps) {
      const told = {
        appId: deltas.appId,
        lastReceivedAtMs: Math.max(0, ...deltas.drains.map((drain) => drain.lastReceivedAtMs)),
        lastLineAtMs: Math.max(0, ...deltas.drains.map((drain) => drain.lastLineAtMs)),
        messages: deltas.counts.reduce(
          (sum, { kind, bucket }) => sum + (kind === SERIES_MESSAGE ? bucket.count : 0),
          0,
        ),
      };
      this.#tell(told);
      this.#channel?.publish({ from: this.#id, ...told });
    }
  }

  #tell({ appId, lastReceivedAtMs, lastLineAtMs, messages }: Told): void {
    const app = this.#names.get(appId);
    // Without its name nobody listens to it yet; the next poll learns the name and tells.
    if (app === undefined) return;
    this.#toldAtMs.set(appId, Math.max(this.#toldAtMs.get(appId) ?? 0, lastReceivedAtMs));
    for (const listener of this.#listeners) {
      listener({ app, atMs: this.#options.nowMs(), dataThroughMs: lastLineAtMs, messages });
    }
  }

  #poll(): void {
    if (this.#stopped) return;
    this.#lookOnce()
      .catch((error: unknown) => this.#options.log.warn('live.waiting', { error }))
      .finally(() => {
        // With nobody listening nothing is looked for; the next listener begins anew.
        const again = this.#listeners.size > 0 && !this.#stopped;
        this.#timer = again
          ? setTimeout(() => this.#poll(), this.#options.pollMs ?? POLL_MS).unref()
          : undefined;
      });
  }

  async #lookOnce(): Promise<void> {
    const { pool } = this.#options;
    for (const app of await listApps(pool)) this.#names.set(app.id, app.name);
    for (const drain of await listDrainTimes(pool)) {
      const told = this.#toldAtMs.get(drain.appId);
      if (told === undefined) this.#toldAtMs.set(drain.appId, drain.lastReceivedAtMs);
      else if (told < drain.lastReceivedAtMs) this.#tell({ ...drain, messages: 0 });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#channel?.stop();
  }
}
