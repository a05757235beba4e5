/** The event streams of open tabs: how many, how they are told, how they end. */
import type { AlertsTeller } from './alerts-teller.ts';
import type { ByeMessage, TickMessage } from './contract/stream.ts';
import { HEALTH_EVERY_MS, type HealthTeller } from './health-teller.ts';
import type { LiveFeed, StreamGauge } from './live.ts';

/** Each stream holds a connection and a buffer (C-07). */
export const STREAMS_MAX = 500;
export const STREAMS_PER_CALLER_MAX = 20;
const PING_EVERY_MS = 15_000;
/** Permission is looked up again this often (SEC-59). */
const CHECK_EVERY_MS = 60_000;
/** Ticks kept for readers that come back with Last-Event-ID. */
const RING_MAX = 1000;
/** Streams that gave way are not back sooner than this. */
const SHED_RETRY_MS = 10_000;
/** A tab that stopped reading gets no more once this much waits (C-08). */
const BUFFER_MAX_BYTES = 1024 * 1024;
/** An app is told at most this often; what comes between is joined into one. */
const TICK_EVERY_MS = 1000;

export interface StreamsOptions {
  live: LiveFeed;
  stopping?: AbortSignal | undefined;
  /** What this process tells of itself; left out: nothing. */
  health?: HealthTeller | undefined;
  /** What is told of incidents; left out: nothing. */
  alerts?: AlertsTeller | undefined;
  /** Whether live streams give way now; asked before one is opened, and every 2 s while one is open. */
  gaveWay?: (() => boolean) | undefined;
  /** Where the counts are put. */
  gauge?: StreamGauge | undefined;
}

export interface StreamOptions {
  /** Only these apps; null for all. */
  apps: ReadonlySet<string> | null;
  /** Session or token. */
  caller: string;
  lastEventId: number | null;
  /** Whether the caller may still listen. Asked each minute. */
  isAllowed: () => Promise<boolean>;
}

interface Entry {
  id: number;
  event: string;
  data: string;
  app: string;
}

interface Reader {
  options: StreamOptions;
  send(text: string): void;
  end(): void;
  /** What was last said of incidents, so that it is said once. */
  alerts: string;
}

export class Streams {
  readonly #readers = new Set<Reader>();
  readonly #ring: Entry[] = [];
  readonly #pending = new Map<string, TickMessage>();
  readonly #toldAtMs = new Map<string, number>();
  #unsubscribe: (() => void) | null = null;
  // Ids go on growing over restarts and are alike on no two processes: a returning tab never gets another's past.
  #lastId = Date.now() * 1000;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #refused = 0;
  #watch: ReturnType<typeof setInterval> | null = null;
  readonly #enders: ((caller: string) => void)[] = [];
  readonly #options: StreamsOptions;

  constructor(options: StreamsOptions) {
    this.#options = options;
    options.stopping?.addEventListener('abort', () => this.close('stopping'), { once: true });
  }

  /** `tooMany`: there are too many already; `shed`: they give way to taking frames in. */
  open(options: StreamOptions): ReadableStream<Uint8Array> | 'tooMany' | 'shed' {
    if (this.#options.gaveWay?.()) return 'shed';
    const own = [...this.#readers].filter((reader) => reader.options.caller === options.caller);
    if (this.#readers.size >= STREAMS_MAX || own.length >= STREAMS_PER_CALLER_MAX) {
      this.#refused++;
      this.#count();
      return 'tooMany';
    }
    this.#unsubscribe ??= this.#options.live.subscribe((tick) => this.#take(tick));
    if (this.#watch === null) {
      this.#watch = setInterval(() => this.#look(), HEALTH_EVERY_MS);
      this.#watch.unref();
    }
    return this.#stream(options);
  }

  /** What changes without a tick: this process' own health, and whether streams may stay. */
  #look(): void {
    if (this.#readers.size === 0) return;
    if (this.#options.gaveWay?.()) {
      this.#dismiss('shed', SHED_RETRY_MS);
      return;
    }
    const news = this.#options.health?.news();
    if (news) for (const reader of this.#readers) reader.send(healthEvent(news));
    void this.#lookAtAlerts();
  }

  async #lookAtAlerts(): Promise<void> {
    const { alerts } = this.#options;
    if (!alerts) return;
    await alerts.look();
    for (const reader of this.#readers) this.#tellAlerts(reader);
  }

  #tellAlerts(reader: Reader): void {
    const message = this.#options.alerts?.message(reader.options.apps);
    if (!message || message.matter === reader.alerts) return;
    reader.alerts = message.matter;
    reader.send(`event: alerts\ndata: ${message.json}\n\n`);
  }

  #count(): void {
    const { gauge } = this.#options;
    if (!gauge) return;
    gauge.open = this.#readers.size;
    gauge.refused = this.#refused;
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Calls the listener, too, when the streams of a session or token are to end. */
  onEndOf(listener: (caller: string) => void): void {
    this.#enders.push(listener);
  }

  /** Ends the streams of a session or token at once (SEC-22). */
  endOf(caller: string): void {
    for (const end of this.#enders) end(caller);
    for (const reader of this.#readers) if (reader.options.caller === caller) reader.end();
  }

  /** Says goodbye to everybody; each is told to come back after a time of its own, not all at once. */
  close(reason: ByeMessage['reason']): void {
    this.#dismiss(reason, 0);
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#watch) clearInterval(this.#watch);
    this.#timer = null;
    this.#watch = null;
  }

  #dismiss(reason: ByeMessage['reason'], atLeastMs: number): void {
    const bye: ByeMessage = { reason };
    for (const reader of this.#readers) {
      reader.send(`event: bye\nretry: ${atLeastMs + retryMs()}\ndata: ${JSON.stringify(bye)}\n\n`);
      reader.end();
    }
  }

  #stream(options: StreamOptions): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let reader: Reader | null = null;
    let timers: ReturnType<typeof setInterval>[] = [];
    const forget = () => {
      if (reader) this.#readers.delete(reader);
      this.#count();
      for (const timer of timers) clearInterval(timer);
      timers = [];
    };
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          let isOpen = true;
          const end = () => {
            forget();
            if (!isOpen) return;
            isOpen = false;
            try {
              controller.close();
            } catch {
              // Closed from the other end already: what was wanted.
            }
          };
          const send = (text: string) => {
            // Timers of the same moment may still come after the end.
            if (!isOpen) return;
            // desiredSize falls as chunks wait: bytes, by the strategy below.
            if ((controller.desiredSize ?? 0) <= 0) return end();
            controller.enqueue(encoder.encode(text));
          };
          reader = { options, send, end, alerts: '' };
          this.#readers.add(reader);
          this.#count();
          const ping = () => send(`event: ping\ndata: {"atMs":${Date.now()}}\n\n`);
          send(`retry: ${retryMs()}\n\n`);
          ping();
          const health = this.#options.health?.now();
          if (health) send(healthEvent(health));
          this.#tellAlerts(reader);
          void this.#lookAtAlerts();
          this.#replay(reader);
          const check = async () => {
            if (!(await options.isAllowed().catch(() => true))) end();
          };
          timers = [setInterval(ping, PING_EVERY_MS), setInterval(() => void check(), CHECK_EVERY_MS)];
          for (const timer of timers) timer.unref();
        },
        cancel: forget,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_MAX_BYTES }),
    );
  }

  #replay(reader: Reader): void {
    const { lastEventId } = reader.options;
    if (lastEventId === null) return;
    for (const entry of this.#ring) if (entry.id > lastEventId) tell(reader, entry);
  }

  #take(tick: TickMessage): void {
    const known = this.#pending.get(tick.app);
    this.#pending.set(tick.app, known ? joinTicks(known, tick) : tick);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer || this.#pending.size === 0) return;
    const nowMs = performance.now();
    let dueInMs = TICK_EVERY_MS;
    for (const app of this.#pending.keys()) {
      const told = this.#toldAtMs.get(app) ?? Number.NEGATIVE_INFINITY;
      dueInMs = Math.min(dueInMs, Math.max(0, told + TICK_EVERY_MS - nowMs));
    }
    this.#timer = setTimeout(() => this.#flush(), dueInMs);
    this.#timer.unref();
  }

  #flush(): void {
    this.#timer = null;
    const nowMs = performance.now();
    for (const [app, tick] of this.#pending) {
      if (nowMs - (this.#toldAtMs.get(app) ?? Number.NEGATIVE_INFINITY) < TICK_EVERY_MS - 1) continue;
      this.#pending.delete(app);
      this.#toldAtMs.set(app, nowMs);
      this.#publish({ id: ++this.#lastId, event: 'tick', data: JSON.stringify(tick), app });
    }
    this.#schedule();
  }

  #publish(entry: Entry): void {
    this.#ring.push(entry);
    if (this.#ring.length > RING_MAX) this.#ring.shift();
    for (const reader of this.#readers) tell(reader, entry);
  }
}

function tell(reader: Reader, entry: Entry): void {
  const { apps } = reader.options;
  if (apps !== null && !apps.has(entry.app)) return;
  reader.send(`id: ${entry.id}\nevent: ${entry.event}\ndata: ${entry.data}\n\n`);
}

/** Without an id: nobody comes back for an old one. */
function healthEvent(json: string): string {
  return `event: health\ndata: ${json}\n\n`;
}

function joinTicks(first: TickMessage, second: TickMessage): TickMessage {
  return {
    app: second.app,
    atMs: Math.max(first.atMs, second.atMs),
    dataThroughMs: Math.max(first.dataThroughMs, second.dataThroughMs),
    messages: first.messages + second.messages,
  };
}

/** 1 to 4 s: a redeploy must not be answered by everybody at once. */
function retryMs(): number {
  return 1000 + Math.floor(Math.random() * 3000);
}
