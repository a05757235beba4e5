/** Where the API hears of new committed data; the write side is on the other end. */
import type { TickMessage } from './contract/stream.ts';

export interface LiveFeed {
  /** Calls the listener for every tick until the given function is called. The listener must be quick. */
  subscribe(listener: (tick: TickMessage) => void): () => void;
}

/** How many live streams are open, and how many were refused since the process began. */
export interface StreamGauge {
  open: number;
  refused: number;
}

/** A feed for one process, and for tests: what is published reaches every subscriber at once. */
export function buildLiveFeed(): LiveFeed & { publish(tick: TickMessage): void } {
  const listeners = new Set<(tick: TickMessage) => void>();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish(tick) {
      for (const listener of listeners) listener(tick);
    },
  };
}
