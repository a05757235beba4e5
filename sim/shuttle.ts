/**
 * A log-shuttle of a Shield Private Space (FORMATS 1.5; S: heroku/log-shuttle config.go, http_outlet.go):
 * posts straight to the drain, with neither frame id nor drain token.
 */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Clock, realClock } from './clock.ts';
import { frameLine } from './frame.ts';
import type { Ledger } from './ledger.ts';
import type { LineMark, SimLine } from './line.ts';
import { authorizationOf, type Connection, openConnection, type PostOutcome } from './post.ts';

export const SHUTTLE_LIMITS = {
  /** A batch goes out when it has this many lines … */
  batchLines: 500,
  /** … or its first line is this old. */
  batchMs: 250,
  inFlight: 4,
  /** Lines in waiting; beyond, new lines are dropped (Logplex drops the oldest). */
  queueLines: 10_000,
  tries: 3,
  /** Pause before the n-th retry: n × this. The original takes 100 ms after an EOF, 1 s otherwise. */
  retryPauseMs: 100,
  connectMs: 5_000,
  answerMs: 5_000,
  idleMs: 90_000,
};
export type ShuttleLimits = typeof SHUTTLE_LIMITS;

export interface ShuttleOptions {
  url: string;
  app: string;
  ledger: Ledger;
  /** Name in the ledger. */
  node?: string;
  gzip?: boolean;
  userAgent?: string;
  limits?: Partial<ShuttleLimits>;
  clock?: Clock;
}

interface Entry {
  bytes: Buffer;
  mark: LineMark;
}

export class Shuttle {
  readonly #options: Required<Omit<ShuttleOptions, 'limits'>>;
  readonly #limits: ShuttleLimits;
  readonly #connection: Connection;
  readonly #authorization: string | undefined;
  #queue: Entry[] = [];
  #inFlight = 0;
  #ripe = false;
  #ripening = false;
  #drops = 0;
  #lost = 0;
  #untold = 0;
  #stopped = false;
  #waiters: (() => void)[] = [];

  constructor(options: ShuttleOptions) {
    this.#limits = { ...SHUTTLE_LIMITS, ...options.limits };
    this.#options = {
      node: 'shuttle-1',
      gzip: false,
      userAgent: 'log-shuttle/0.18.0 (go1.10; linux; amd64; gc)',
      clock: realClock,
      ...options,
    };
    this.#connection = openConnection(options.url, { ...this.#limits, connections: this.#limits.inFlight });
    this.#authorization = authorizationOf(options.url);
  }

  /** Takes a line; a full queue drops it and counts it for the next `Logplex-Drop-Count`. */
  push(line: SimLine): void {
    for (const bytes of frameLine(line, 'shuttle')) {
      this.#options.ledger.recordGenerated(this.#options.app, line.mark);
      if (this.#queue.length >= this.#limits.queueLines) {
        this.#drops += 1;
        this.#options.ledger.recordDiscarded(this.#options.app, line.mark);
        continue;
      }
      this.#queue.push({ bytes, mark: line.mark });
    }
    this.#pump();
  }

  /**
   * Messages whose loss nobody is told of: the counts stand in the headers of one batch alone and go with it, and a
   * batch that was refused by a status is in no count.
   */
  get untold(): number {
    return this.#untold + this.#drops + this.#lost;
  }

  /** Resolves when everything has met its fate. */
  async drained(): Promise<void> {
    this.#ripe = true;
    this.#pump();
    while ((this.#queue.length > 0 || this.#inFlight > 0) && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
      this.#ripe = true;
      this.#pump();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#connection.close();
    for (const entry of this.#queue.splice(0)) {
      this.#options.ledger.recordDiscarded(this.#options.app, entry.mark);
    }
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  #pump(): void {
    while (!this.#stopped && this.#inFlight < this.#limits.inFlight && this.#queue.length > 0) {
      if (this.#queue.length < this.#limits.batchLines && !this.#ripe) {
        this.#ripen();
        return;
      }
      this.#inFlight += 1;
      void this.#deliver(this.#queue.splice(0, this.#limits.batchLines));
    }
    if (this.#queue.length === 0) this.#ripe = false;
  }

  /** Waits the linger time once for the lines that are there. */
  #ripen(): void {
    if (this.#ripening) return;
    this.#ripening = true;
    void this.#options.clock.wait(this.#limits.batchMs).then(() => {
      this.#ripening = false;
      this.#ripe = true;
      this.#pump();
    });
  }

  async #deliver(entries: Entry[]): Promise<void> {
    const id = randomUUID();
    const told = this.#drops + this.#lost;
    const headers = this.#headers(id, entries.length);
    const plain = Buffer.concat(entries.map((entry) => entry.bytes));
    const body = this.#options.gzip ? gzipSync(plain) : plain;
    const outcomes: string[] = [];
    let ambiguous = false;
    let status: number | undefined;
    while (outcomes.length < this.#limits.tries && status === undefined && !this.#stopped) {
      // Only a broken or timed-out request is tried again; any status, even 503, is final.
      if (outcomes.length > 0) await this.#options.clock.wait(this.#limits.retryPauseMs * outcomes.length);
      const outcome: PostOutcome = await this.#connection.post(headers, body);
      outcomes.push(outcome.kind === 'answered' ? String(outcome.status) : outcome.kind);
      if (outcome.kind === 'answered') status = outcome.status;
      else if (outcome.kind !== 'notConnected') ambiguous = true;
    }
    if (status === undefined || status >= 400) this.#untold += told;
    this.#settle(id, entries, outcomes, { status, ambiguous });
  }

  #headers(id: string, messages: number): Record<string, string> {
    const headers: Record<string, string> = {
      ...(this.#authorization === undefined ? {} : { Authorization: this.#authorization }),
      'Content-Type': 'application/logplex-1',
      'Logplex-Msg-Count': String(messages),
      'X-Request-Id': id,
      'User-Agent': this.#options.userAgent,
    };
    if (this.#options.gzip) headers['Content-Encoding'] = 'gzip';
    if (this.#drops > 0) headers['Logplex-Drop-Count'] = String(this.#drops);
    if (this.#lost > 0) headers['Logplex-Lost-Count'] = String(this.#lost);
    this.#drops = 0;
    this.#lost = 0;
    return headers;
  }

  #settle(
    id: string,
    entries: Entry[],
    outcomes: string[],
    { status, ambiguous }: { status: number | undefined; ambiguous: boolean },
  ): void {
    const delivered = status !== undefined && status < 400;
    // The original counts a batch lost after its tries, but not one that was refused by a status.
    if (status === undefined) this.#lost += entries.length;
    else if (!delivered) this.#untold += entries.length;
    this.#options.ledger.recordFrame({
      id,
      app: this.#options.app,
      node: this.#options.node,
      messages: entries.length,
      tries: outcomes.length,
      fate: delivered ? 'delivered' : ambiguous ? 'unknown' : 'lost',
      outcomes,
      marks: entries.map((entry) => entry.mark),
      noticeDropped: 0,
      noticeUncertain: false,
    });
    this.#inFlight -= 1;
    this.#pump();
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
