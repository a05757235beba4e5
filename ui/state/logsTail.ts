/**
 * The live tail of an app's logs: one server-sent stream, opened again by itself, going on behind the newest line that
 * was told. What a reader sees of it is decided elsewhere (state/logs.ts).
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type {
  LogLineAnswer,
  LogTailBye,
  LogTailLines,
  LogTailPing,
  LogTailSampled,
  LogTailSkipped,
} from '../../api/contract/logs.ts';

export type TailState = 'off' | 'connecting' | 'open' | 'reconnecting';

export interface TailEvents {
  /** With the place behind them, from which a reader goes on; null when it was not told. */
  onLines(lines: LogLineAnswer[], place: string | null): void;
  onSampled(message: LogTailSampled): void;
  onSkipped(message: LogTailSkipped): void;
  onPing(message: LogTailPing): void;
  /** The stream stands again after it was away: what it did not tell has to be fetched. */
  onReturn(): void;
}

export interface LogsTail {
  state: ReadonlySignal<TailState>;
  /** true when the stream has been away for 5 s: time for a banner. */
  away: ReadonlySignal<boolean>;
  /** Why the server ended it for good or for now; null while it runs. */
  ended: ReadonlySignal<LogTailBye['reason'] | null>;
  /** Starts anew: `url` without `after`; `after` is a cursor or the id of a line, null for what comes from now on. */
  open(url: string, after: string | null): void;
  close(): void;
}

/** Two pings and some slack, as the other stream of a tab has it (state/live.ts). */
const SILENCE_MAX_MS = 35_000;
const BANNER_AFTER_MS = 5000;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15_000;

export function buildLogsTail(events: TailEvents): LogsTail {
  const state = signal<TailState>('off');
  const away = signal(false);
  const ended = signal<LogTailBye['reason'] | null>(null);
  let source: EventSource | null = null;
  let url: string | null = null;
  let after: string | null = null;
  let retryMs = RETRY_FIRST_MS;
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let banner: ReturnType<typeof setTimeout> | undefined;

  function heard() {
    clearTimeout(watchdog);
    watchdog = setTimeout(lost, SILENCE_MAX_MS);
  }

  function connect() {
    if (url === null) return;
    const joint = url.includes('?') ? '&' : '?';
    const mine = new EventSource(after === null ? url : `${url}${joint}after=${encodeURIComponent(after)}`);
    source = mine;
    heard();
    mine.onopen = () => {
      const returned = state.peek() === 'reconnecting';
      state.value = 'open';
      away.value = false;
      ended.value = null;
      clearTimeout(banner);
      banner = undefined;
      retryMs = RETRY_FIRST_MS;
      heard();
      if (returned) events.onReturn();
    };
    // The browser's own retry gives up for good on some answers, so retrying is ours.
    mine.onerror = () => {
      if (mine === source) lost();
    };
    listen<LogTailLines>(mine, 'lines', ({ lines }, id) => {
      if (!Array.isArray(lines)) return;
      after = id || (lines.at(-1)?.id ?? after);
      events.onLines(lines, after);
    });
    listen<LogTailSampled>(mine, 'sampled', (message) => {
      if (typeof message.oneIn === 'number') events.onSampled(message as LogTailSampled);
    });
    listen<LogTailSkipped>(mine, 'skipped', (message) => {
      if (typeof message.lines === 'number') events.onSkipped(message as LogTailSkipped);
    });
    listen<LogTailPing>(mine, 'ping', (message) => {
      if (typeof message.atMs === 'number') events.onPing(message as LogTailPing);
    });
    listen<LogTailBye>(mine, 'bye', ({ reason }) => {
      ended.value = reason ?? 'stopping';
      // Lines that are not kept any more do not come back by asking again.
      if (reason === 'off') close();
      else lost();
    });
  }

  function listen<T>(mine: EventSource, name: string, take: (message: Partial<T>, id: string) => void) {
    mine.addEventListener(name, (event) => {
      if (mine !== source) return;
      heard();
      const message = readMessage<T>(event.data);
      if (message) take(message, event.lastEventId);
    });
  }

  function lost() {
    source?.close();
    source = null;
    clearTimeout(watchdog);
    clearTimeout(retry);
    if (url === null) return;
    state.value = 'reconnecting';
    banner ??= setTimeout(() => {
      away.value = true;
    }, BANNER_AFTER_MS);
    // Spread out, so that a restart of the server is not answered by everyone at once.
    retry = setTimeout(connect, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }

  function close() {
    url = null;
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
    ended,
    open(next, from) {
      close();
      ended.value = null;
      url = next;
      after = from;
      retryMs = RETRY_FIRST_MS;
      state.value = 'connecting';
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
