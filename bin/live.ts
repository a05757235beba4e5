/** Tells live pages that an app has new data: from this process' own roll-ups, and from the table for others'. */

import type { TickMessage } from '../api/contract/stream.ts';
import type { AppDeltas } from '../model/deltas.ts';
import type { Log } from '../model/log.ts';
import { SERIES_MESSAGE } from '../model/series.ts';
import { listApps } from '../store/apps.ts';
import { listDrainTimes } from '../store/drains.ts';
import type { Pool } from '../store/pool.ts';

export interface Live {
  subscribe(listener: (tick: TickMessage) => void): () => void;
  onRolledUp(apps: AppDeltas[]): void;
  stop(): void;
}

/** Other processes' data is looked for this often while somebody listens. */
const POLL_MS = 3_000;

/** One feed a process. Polls only while there are listeners. */
export function buildLive({ pool, log, nowMs }: { pool: Pool; log: Log; nowMs: () => number }): Live {
  const listeners = new Set<(tick: TickMessage) => void>();
  const names = new Map<number, string>();
  const receivedAtMs = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;

  const tell = (tick: TickMessage): void => {
    for (const listener of listeners) listener(tick);
  };

  const poll = async (): Promise<void> => {
    for (const app of await listApps(pool)) names.set(app.id, app.name);
    for (const drain of await listDrainTimes(pool)) {
      const app = names.get(drain.appId);
      const known = receivedAtMs.get(drain.appId);
      receivedAtMs.set(drain.appId, drain.lastReceivedAtMs);
      if (app === undefined || known === undefined || known >= drain.lastReceivedAtMs) continue;
      tell({ app, atMs: nowMs(), dataThroughMs: drain.lastLineAtMs, messages: 0 });
    }
  };

  const next = (): void => {
    timer = setTimeout(() => {
      poll()
        .catch((error: unknown) => log.warn('live.waiting', { error }))
        .finally(() => {
          if (listeners.size > 0) next();
          else timer = undefined;
        });
    }, POLL_MS);
  };

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      if (timer === undefined) next();
      return () => listeners.delete(listener);
    },
    onRolledUp: (apps) => {
      for (const deltas of apps) {
        const app = names.get(deltas.appId);
        const dataThroughMs = Math.max(0, ...deltas.drains.map((drain) => drain.lastLineAtMs));
        const lastReceivedAtMs = Math.max(0, ...deltas.drains.map((drain) => drain.lastReceivedAtMs));
        // What is told here need not be found again by the poll.
        receivedAtMs.set(deltas.appId, Math.max(receivedAtMs.get(deltas.appId) ?? 0, lastReceivedAtMs));
        if (app === undefined) continue;
        const messages = deltas.counts.reduce(
          (sum, delta) => sum + (delta.kind === SERIES_MESSAGE ? delta.bucket.count : 0),
          0,
        );
        tell({ app, atMs: nowMs(), dataThroughMs, messages });
      }
    },
    stop: () => {
      clearTimeout(timer);
      listeners.clear();
    },
  };
}
