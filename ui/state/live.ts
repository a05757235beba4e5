/**
 * The one server-sent stream of a tab. Says that there is something new; what is new is fetched by the page.
 * A `ping` comes every 15 s, so that a dead connection is told from a quiet one.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { TickMessage } from '../../api/contract/stream.ts';

export type LiveState = 'off' | 'connecting' | 'open' | 'reconnecting';

export interface Live {
  state: ReadonlySignal<LiveState>;
  /** true when the stream has been away for 5 s: time for a banner. */
  away: ReadonlySignal<boolean>;
  tick: ReadonlySignal<TickMessage | null>;
  /** Counts `event` messages and every return of the stream: reasons to fetch at once. */
  nudges: ReadonlySignal<number>;
  /** Listens to one app, or to the fleet with ''. Replaces the stream before. */
  open(app: string): void;
  close(): void;
}

/** Two pings and some slack. */
const SILENCE_MAX_MS = 35_000;
const BANNER_AFTER_MS = 5000;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15_000;

export function buildLive(): Live {
  const state = signal<LiveState>('off');
  const away = signal(false);
  const tick = signal<TickMessage | null>(null);
  const nudges = signal(0);
  let source: EventSource | null = null;
  let app: string | null = null;
  let retryMs = RETRY_FIRST_MS;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let banner: ReturnType<typeof setTimeout> | undefined;

  function heard() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, SILENCE_MAX_MS);
  }

  function connect() {
    if (app === null) return;
    const mine = new EventSource(`/api/v1/stream${app ? `?apps=${encodeURIComponent(app)}` : ''}`);
    source = mine;
    heard();
    mine.onopen = () => {
      const returned = state.peek() === 'reconnecting';
      state.value = 'open';
      away.value = false;
      clearTimeout(banner);
      banner = undefined;
      retryMs = RETRY_FIRST_MS;
      heard();
      // What happened in between was not told: fetch it, so that no hole stays behind.
      if (returned) nudges.value = nudges.peek() + 1;
    };
    mine.addEventListener('ping', heard);
    mine.addEventListener('tick', (message) => {
      heard();
      const parsed = readTick(message.data);
      if (parsed) tick.value = parsed;
    });
    mine.addEventListener('event', () => {
      heard();
      nudges.value = nudges.peek() + 1;
    });
    mine.addEventListener('bye', lost);
    // The browser's own retry gives up for good on some answers, so retrying is ours.
    mine.onerror = lost;
  }

  function lost() {
    source?.close();
    source = null;
    clearTimeout(watchdog);
    if (app === null) return;
    state.value = 'reconnecting';
    banner ??= setTimeout(() => {
      away.value = true;
    }, BANNER_AFTER_MS);
    clearTimeout(retry);
    // Spread out, so that a restart of the server is not answered by everyone at once.
    retry = setTimeout(connect, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }

  function close() {
    app = null;
    source?.close();
    source = null;
    clearTimeout(watchdog);
    clearTimeout(retry);
    clearTimeout(banner);
    banner = undefined;
    state.value = 'off';
    away.value = false;
  }

  return {
    state,
    away,
    tick,
    nudges,
    open(next) {
      if (app === next) return;
      close();
      app = next;
      state.value = 'connecting';
      retryMs = RETRY_FIRST_MS;
      connect();
    },
    close,
  };
}

function readTick(text: unknown): TickMessage | null {
  try {
    const value = JSON.parse(String(text)) as Partial<TickMessage>;
    return typeof value.app === 'string' && typeof value.dataThroughMs === 'number'
      ? (value as TickMessage)
      : null;
  } catch {
    return null;
  }
}
