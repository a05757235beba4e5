/**
 * The one server-sent stream of a tab, shared with tabs that listen to the same. Says that there is something new; what
 * is new is fetched by the page. A `ping` comes every 15 s, so that a dead connection is told from a quiet one.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { AlertsMessage } from '../../api/contract/alerting.ts';
import type { ByeMessage, HealthMessage, TickMessage } from '../../api/contract/stream.ts';
import { openStream, type StreamSource } from './sharedStream.ts';

export type LiveState = 'off' | 'connecting' | 'open' | 'reconnecting';

export interface Live {
  state: ReadonlySignal<LiveState>;
  /** true when the stream has been away for 5 s: time for a banner. */
  away: ReadonlySignal<boolean>;
  /** true when the server ended the stream because taking frames in comes first. */
  shed: ReadonlySignal<boolean>;
  tick: ReadonlySignal<TickMessage | null>;
  /** Open incidents of the apps that are listened to; null until they are told. */
  alerts: ReadonlySignal<AlertsMessage | null>;
  /** Counts `event` messages and every time a stream stands: reasons to fetch soon. */
  nudges: ReadonlySignal<number>;
  /** Listens to one app, or to the fleet with ''. Replaces the stream before once it stands. */
  open(app: string): void;
  close(): void;
}

/** Two pings and some slack. */
const SILENCE_MAX_MS = 35_000;
const BANNER_AFTER_MS = 5000;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15_000;

/** `onHealth` is given every `health` message of the stream. */
export function buildLive(onHealth: (message: HealthMessage) => void): Live {
  const state = signal<LiveState>('off');
  const away = signal(false);
  const shed = signal(false);
  const tick = signal<TickMessage | null>(null);
  const alerts = signal<AlertsMessage | null>(null);
  const nudges = signal(0);
  let source: StreamSource | null = null;
  // The stream of the page before, kept until that of this page stands: while the database is away no new one opens,
  // and the old one goes on telling how the instance is doing.
  let before: StreamSource | null = null;
  let app: string | null = null;
  let retryMs = RETRY_FIRST_MS;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let banner: ReturnType<typeof setTimeout> | undefined;

  function heard() {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => lost(source), SILENCE_MAX_MS);
  }

  function connect() {
    if (app === null) return;
    const mine = openStream(`/api/v1/stream${app ? `?apps=${encodeURIComponent(app)}` : ''}`);
    source = mine;
    if (!before) heard();
    mine.onopen = () => {
      before?.close();
      before = null;
      state.value = 'open';
      away.value = false;
      shed.value = false;
      clearTimeout(banner);
      banner = undefined;
      retryMs = RETRY_FIRST_MS;
      heard();
      // What happened before it stood was not told, not even what came after the page's own first answer: a quiet app
      // would wait for its next line.
      nudges.value = nudges.peek() + 1;
    };
    mine.addEventListener('ping', heard);
    mine.addEventListener('tick', (message) => {
      heard();
      const parsed = readMessage<TickMessage>(message.data);
      if (typeof parsed?.app === 'string' && typeof parsed.dataThroughMs === 'number')
        tick.value = parsed as TickMessage;
    });
    mine.addEventListener('health', (message) => {
      heard();
      const parsed = readMessage<HealthMessage>(message.data);
      if (Array.isArray(parsed?.notices) && typeof parsed.atMs === 'number')
        onHealth(parsed as HealthMessage);
    });
    mine.addEventListener('alerts', (message) => {
      heard();
      // The stream of the page before tells of other apps.
      if (mine !== source) return;
      const parsed = readMessage<AlertsMessage>(message.data);
      if (typeof parsed?.open?.page === 'number') alerts.value = parsed as AlertsMessage;
    });
    mine.addEventListener('event', () => {
      heard();
      nudges.value = nudges.peek() + 1;
    });
    mine.addEventListener('bye', (message) => {
      shed.value = readMessage<ByeMessage>(message.data)?.reason === 'shed';
      lost(mine);
    });
    // The browser's own retry gives up for good on some answers, so retrying is ours.
    mine.onerror = () => lost(mine);
  }

  /** A stream ended, or nothing was heard of it for too long. */
  function lost(which: StreamSource | null) {
    which?.close();
    if (which !== null && which === before) before = null;
    else if (which === null || which === source) retryLater();
    if (before || app === null || source?.readyState === EventSource.OPEN) return;
    state.value = 'reconnecting';
    banner ??= setTimeout(() => {
      away.value = true;
    }, BANNER_AFTER_MS);
  }

  function retryLater() {
    source?.close();
    source = null;
    clearTimeout(watchdog);
    clearTimeout(retry);
    if (app === null) return;
    // Spread out, so that a restart of the server is not answered by everyone at once.
    retry = setTimeout(connect, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }

  function close() {
    app = null;
    before?.close();
    before = null;
    source?.close();
    source = null;
    clearTimeout(watchdog);
    clearTimeout(retry);
    clearTimeout(banner);
    banner = undefined;
    state.value = 'off';
    away.value = false;
    shed.value = false;
  }

  return {
    state,
    away,
    shed,
    tick,
    alerts,
    nudges,
    open(next) {
      if (app === next) return;
      app = next;
      // What was told is of other apps.
      alerts.value = null;
      clearTimeout(retry);
      retryMs = RETRY_FIRST_MS;
      if (source?.readyState === EventSource.OPEN) {
        before?.close();
        before = source;
      } else {
        source?.close();
        if (!before && state.peek() !== 'reconnecting') state.value = 'connecting';
      }
      connect();
    },
    close,
  };
}

function readMessage<T>(text: unknown): Partial<T> | null {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
