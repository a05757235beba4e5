/**
 * One event stream for all tabs that listen to the same: the tab that holds a lock of that name reads it and passes on what
 * it hears. A browser gives HTTP/1.1 six connections a server, and a stream keeps one: seven tabs would wait for ever.
 * When the reading tab goes, the browser hands its lock to another one, which opens the stream anew.
 */

/** What is used of an EventSource. */
export interface StreamSource {
  readonly readyState: number;
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener(name: string, listener: (message: { data: unknown }) => void): void;
  close(): void;
}

/**
 * Between tabs. `ask`: a tab has come, and wants what is said once a stream. `stands`: a stream was opened, and what happened
 * before it was told to nobody.
 */
type Passed = { kind: 'message'; name: string; data: string } | { kind: 'ask' | 'stands' | 'lost' };

/** Told when a stream begins and when it changes: a tab that comes later has to be told, too. */
const REMEMBERED = ['health', 'alerts', 'ping'];
/** A reading tab answers at once, unless it was put to sleep (phones do): then this tab reads for itself. */
const ANSWER_WITHIN_MS = 4000;

/** Without locks (plain http from elsewhere) or channels: a stream of its own. */
export function openStream(url: string): StreamSource {
  const isShareable = 'locks' in navigator && typeof BroadcastChannel === 'function';
  return isShareable ? new SharedStream(url) : (new EventSource(url) as StreamSource);
}

class SharedStream implements StreamSource {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  readyState: number = EventSource.CONNECTING;
  readonly #url: string;
  readonly #listeners = new Map<string, (message: { data: unknown }) => void>();
  readonly #channel: BroadcastChannel;
  readonly #giveUp = new AbortController();
  readonly #last = new Map<string, string>();
  #source: EventSource | null = null;
  #release: (() => void) | null = null;
  #isAlone = false;
  #unheard: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string) {
    this.#url = url;
    this.#channel = new BroadcastChannel(`drainboard.stream ${url}`);
    this.#channel.onmessage = ({ data }: MessageEvent<Passed>) => this.#hear(data);
    document.addEventListener('visibilitychange', this.#ask);
    this.#ask();
    void navigator.locks
      .request(`drainboard.stream ${url}`, { signal: this.#giveUp.signal }, () => this.#read())
      // Closed while it waited for its turn.
      .catch(() => {});
  }

  addEventListener(name: string, listener: (message: { data: unknown }) => void): void {
    this.#listeners.set(name, listener);
    if (this.#source) this.#listenTo(this.#source, name);
  }

  close(): void {
    if (this.readyState === EventSource.CLOSED) return;
    this.readyState = EventSource.CLOSED;
    document.removeEventListener('visibilitychange', this.#ask);
    clearTimeout(this.#unheard);
    this.#giveUp.abort();
    this.#source?.close();
    this.#channel.close();
    this.#release?.();
  }

  /** Whether anybody reads; asked again when this tab is looked at, for much may have gone to sleep meanwhile. */
  readonly #ask = (): void => {
    if (document.hidden || this.#source) return;
    this.#pass({ kind: 'ask' });
    clearTimeout(this.#unheard);
    this.#unheard = setTimeout(() => {
      if (this.#source || this.readyState === EventSource.CLOSED) return;
      this.#giveUp.abort();
      this.#isAlone = true;
      void this.#read();
    }, ANSWER_WITHIN_MS);
  };

  /** This tab's turn: until it is closed. */
  #read(): Promise<void> {
    if (this.readyState === EventSource.CLOSED) return Promise.resolve();
    clearTimeout(this.#unheard);
    const source = new EventSource(this.#url);
    this.#source = source;
    source.onopen = () => {
      this.#pass({ kind: 'stands' });
      this.#stands();
    };
    source.onerror = () => {
      this.#pass({ kind: 'lost' });
      this.onerror?.();
    };
    for (const name of this.#listeners.keys()) this.#listenTo(source, name);
    return new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  #listenTo(source: EventSource, name: string): void {
    source.addEventListener(name, ({ data }: MessageEvent<string>) => {
      if (REMEMBERED.includes(name)) this.#last.set(name, data);
      this.#pass({ kind: 'message', name, data });
      this.#listeners.get(name)?.({ data });
    });
  }

  #hear(passed: Passed): void {
    if (this.readyState === EventSource.CLOSED) return;
    if (this.#source) {
      if (this.#isAlone || passed.kind !== 'ask' || this.readyState !== EventSource.OPEN) return;
      for (const [name, data] of this.#last) this.#pass({ kind: 'message', name, data });
      return;
    }
    if (passed.kind === 'ask') return;
    clearTimeout(this.#unheard);
    if (passed.kind === 'lost') {
      this.onerror?.();
      return;
    }
    if (passed.kind === 'stands' || this.readyState === EventSource.CONNECTING) this.#stands();
    if (passed.kind === 'message') this.#listeners.get(passed.name)?.({ data: passed.data });
  }

  #stands(): void {
    this.readyState = EventSource.OPEN;
    this.onopen?.();
  }

  #pass(passed: Passed): void {
    if (!this.#isAlone) this.#channel.postMessage(passed);
  }
}
