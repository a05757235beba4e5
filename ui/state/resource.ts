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
  /** Fetches at once, and gives up on what is under way: another question, a write, or a person who asks again. */
  load(): Promise<void>;
  /**
   * Fetches the same question again, because time went by or something new was told. What is under way is waited for,
   * however slow it is, and whatever was asked for meanwhile is made up for once it has landed.
   */
  refresh(): void;
  /** The newest try failed in a way that may pass: the server was not reached, or is in trouble. Read as a signal. */
  isFailing(): boolean;
  /** How often it is fetched again by itself, ms; null while nobody does. Read as a signal. */
  everyMs(): number | null;
  /** Forgets the answer: what comes next belongs to another app or page. */
  clear(): void;
  dispose(): void;
}

const SKELETON_AFTER_MS = 300;

/** What passes by itself: not reached (0), no answer that could be read (null), or the server's own trouble. */
export function mayPass(status: number | null): boolean {
  return status === null || status === 0 || status >= 500;
}

/** `everyMs` is read where what is shown is judged by its age; it keeps no time itself. */
export function buildResource<T>(
  fetchIt: (signal: AbortSignal) => Promise<T>,
  everyMs: () => number | null = () => null,
): Resource<T> {
  const data = signal<T | null>(null);
  const error = signal<string | null>(null);
  const errorStatus = signal<number | null>(null);
  const loadedMs = signal<number | null>(null);
  const slow = signal(false);
  const busy = signal(false);
  let flight: AbortController | null = null;
  /** Asked for while another was under way. */
  let isDue = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function land() {
    clearTimeout(timer);
    slow.value = false;
    busy.value = false;
    flight = null;
    isDue = false;
  }

  async function load() {
    flight?.abort();
    const mine = new AbortController();
    flight = mine;
    isDue = false;
    busy.value = true;
    clearTimeout(timer);
    if (data.peek() === null) {
      timer = setTimeout(() => {
        slow.value = true;
      }, SKELETON_AFTER_MS);
    }
    let isWorthAsking = true;
    try {
      const answer = await fetchIt(mine.signal);
      if (mine !== flight) return;
      data.value = answer;
      loadedMs.value = Date.now();
      error.value = null;
      errorStatus.value = null;
    } catch (thrown) {
      if (mine !== flight) return;
      error.value = errorText(thrown);
      errorStatus.value = thrown instanceof ClientError ? thrown.status : null;
      isWorthAsking = mayPass(errorStatus.peek());
    }
    const isAskedAgain = isDue && isWorthAsking;
    land();
    if (isAskedAgain) void load();
  }

  return {
    data,
    error,
    errorStatus,
    loadedMs,
    slow,
    busy,
    load,
    refresh() {
      if (flight) isDue = true;
      else void load();
    },
    isFailing: () => error.value !== null && mayPass(errorStatus.value),
    everyMs,
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
