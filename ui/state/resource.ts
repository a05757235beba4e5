/** One answer of the server that a page stands on: kept while it is fetched anew, kept when that fails. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { ClientError, errorText } from '../client.ts';

export interface Resource<T> {
  /** The last good answer. */
  data: ReadonlySignal<T | null>;
  /** Why the newest try failed; null after a good one. */
  error: ReadonlySignal<string | null>;
  /** HTTP status of that failure; 0 when the server was not reached. */
  errorStatus: ReadonlySignal<number | null>;
  /** When `data` arrived, epoch ms of this machine. */
  loadedMs: ReadonlySignal<number | null>;
  /** true when the first answer is taking longer than 300 ms: time for a skeleton. */
  slow: ReadonlySignal<boolean>;
  busy: ReadonlySignal<boolean>;
  /** Fetches again. A newer call supersedes an older one. */
  load(): Promise<void>;
  /** Forgets the answer: what comes next belongs to another app or page. */
  clear(): void;
  dispose(): void;
}

const SKELETON_AFTER_MS = 300;

export function buildResource<T>(fetchIt: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const data = signal<T | null>(null);
  const error = signal<string | null>(null);
  const errorStatus = signal<number | null>(null);
  const loadedMs = signal<number | null>(null);
  const slow = signal(false);
  const busy = signal(false);
  let flight: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function land() {
    clearTimeout(timer);
    slow.value = false;
    busy.value = false;
    flight = null;
  }

  return {
    data,
    error,
    errorStatus,
    loadedMs,
    slow,
    busy,
    async load() {
      flight?.abort();
      const mine = new AbortController();
      flight = mine;
      busy.value = true;
      clearTimeout(timer);
      if (data.peek() === null) {
        timer = setTimeout(() => {
          slow.value = true;
        }, SKELETON_AFTER_MS);
      }
      try {
        const answer = await fetchIt(mine.signal);
        if (mine !== flight) return;
        data.value = answer;
        loadedMs.value = Date.now();
        error.value = null;
        errorStatus.value = null;
        land();
      } catch (thrown) {
        if (mine !== flight) return;
        error.value = errorText(thrown);
        errorStatus.value = thrown instanceof ClientError ? thrown.status : null;
        land();
      }
    },
    clear() {
      flight?.abort();
      data.value = null;
      error.value = null;
      errorStatus.value = null;
      loadedMs.value = null;
      land();
    },
    dispose() {
      flight?.abort();
      land();
    },
  };
}
