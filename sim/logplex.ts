/**
 * A Logplex node that sends to one drain, following the format reference, section 1 (itself read from
 * heroku/logplex: logplex_http_drain, logplex_drain_buffer): a buffer of 1,024 messages that drops the
 * oldest, one request in flight, no linger, three tries without pause under one frame id, and a loss
 * notice in front that is written anew at each try.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type Entry, MessageBuffer } from './buffer.ts';
import { type Clock, realClock } from './clock.ts';
import { frameLine, renderLossNotice } from './frame.ts';
import type { Fate, Ledger } from './ledger.ts';
import type { LineMark, SimLine } from './line.ts';
import { authorizationOf, type Connection, openConnection, type PostOutcome } from './post.ts';
import { type Random, seededRandom } from './random.ts';

/** FORMATS 1.2 and 1.4. Configuration, not truth: production may differ (2.8). */
export const LOGPLEX_LIMITS = {
  bufferMessages: 1_024,
  /** Size of the buffer after a long time without any success. */
  shrunkMessages: 10,
  shrinkAfterMs: 300_000,
  /** A batch is closed before it would reach this, octet counts included. */
  bodyBytes: 102_400,
  connectMs: 3_000,
  answerMs: 5_000,
  idleMs: 144_000,
  /** One and two retries. */
  tries: 3,
  backoffSlotMs: 10,
  backoffMaxMs: 5_000,
};
export type LogplexLimits = typeof LOGPLEX_LIMITS;

export interface LogplexOptions {
  /** Drain URL with user info. */
  url: string;
  /** Name under which the ledger keeps account. */
  app: string;
  ledger: Ledger;
  /** Name of the node; part of the frame ids. */
  node?: string;
  drainToken?: string;
  userAgent?: string;
  limits?: Partial<LogplexLimits>;
  clock?: Clock;
  random?: Random;
  /** Part of the frame ids; random unless a test wants to know them. */
  process?: string;
}

interface Frame {
  id: string;
  entries: Entry[];
  bytes: Buffer;
  /** A recorded body that is sent as it is: no loss notice, its own headers. */
  verbatim?: { headers: Record<string, string> };
}

/** What the current frame has gone through. */
interface Progress {
  outcomes: string[];
  /** Some try was sent without a definite answer. */
  ambiguous: boolean;
  /** For each ambiguous try, whether a notice was in front. */
  ambiguousNotices: boolean[];
  noticeDropped: number;
}

export class LogplexNode {
  readonly #options: Required<Omit<LogplexOptions, 'limits' | 'drainToken'>>;
  readonly #limits: LogplexLimits;
  readonly #connection: Connection;
  readonly #headers: Record<string, string>;
  readonly #buffer: MessageBuffer;
  #recorded: Frame[] = [];
  #frameNumber = 0;
  #failedConnects = 0;
  #running = false;
  #stopped = false;
  #waiters: (() => void)[] = [];

  constructor(options: LogplexOptions) {
    const node = options.node ?? 'node-1';
    this.#limits = { ...LOGPLEX_LIMITS, ...options.limits };
    this.#options = {
      node,
      userAgent: 'Logplex/v72',
      clock: realClock,
      process: randomUUID(),
      random: seededRandom('logplex', options.app, node),
      ...options,
    };
    this.#buffer = new MessageBuffer(this.#limits, this.#options.clock, (mark) => {
      options.ledger.recordDiscarded(options.app, mark);
    });
    this.#connection = openConnection(options.url, { ...this.#limits, connections: 1 });
    const authorization = authorizationOf(options.url);
    this.#headers = {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      'Content-Type': 'application/logplex-1',
      'Logplex-Drain-Token': options.drainToken ?? `d.${seededRandom('token', options.url).uuid()}`,
      'User-Agent': this.#options.userAgent,
    };
  }

  /** Messages in the buffer, without the frame in flight. */
  get waiting(): number {
    return this.#buffer.length + this.#recorded.length;
  }

  get idle(): boolean {
    return !this.#running && this.waiting === 0;
  }

  /** Takes a line of the app; an idle node sends it at once. */
  push(line: SimLine): void {
    for (const bytes of frameLine(line)) this.pushBytes(bytes, line.mark);
  }

  /** Takes one message that is framed already (octet count included). */
  pushBytes(bytes: Buffer, mark: LineMark): void {
    this.#options.ledger.recordGenerated(this.#options.app, mark);
    this.#buffer.push({ bytes, mark });
    this.#wake();
  }

  /** Sends a recorded body as it is, with its own headers, under the rules of tries and answers. */
  pushBody(body: Buffer, messages: number, headers: Record<string, string>): void {
    const id = headers['Logplex-Frame-Id'] ?? this.#frameId();
    const entries = Array.from({ length: messages }, () => {
      const mark: LineMark = { kind: 'other' };
      this.#options.ledger.recordGenerated(this.#options.app, mark);
      return { bytes: Buffer.alloc(0), mark };
    });
    this.#recorded.push({ id, entries, bytes: body, verbatim: { headers } });
    this.#wake();
  }

  /** Behaves as if this line had been pushed out of a full buffer: counted lost and reported by L10. */
  discard(line: SimLine): void {
    this.#options.ledger.recordGenerated(this.#options.app, line.mark);
    this.#buffer.discard(line.mark);
  }

  /** Resolves when the buffer has at most this many messages. A real Logplex never waits; a backlog must. */
  async waitForRoom(atMost = this.#limits.bufferMessages / 2): Promise<void> {
    while (this.#buffer.length > atMost && !this.#stopped) await this.#changed();
  }

  /** Resolves when everything has met its fate. */
  async drained(): Promise<void> {
    while (!this.idle && !this.#stopped) await this.#changed();
  }

  /** Stops for good; what waits is lost. */
  stop(): void {
    this.#stopped = true;
    this.#connection.close();
    this.#buffer.clear();
    this.#notify();
  }

  #wake(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.waiting > 0 && !this.#stopped) {
      await this.#deliver(this.#recorded.shift() ?? this.#takeFrame());
      this.#notify();
    }
    this.#running = false;
    this.#notify();
  }

  #takeFrame(): Frame {
    const entries = this.#buffer.take();
    return { id: this.#frameId(), entries, bytes: Buffer.concat(entries.map((entry) => entry.bytes)) };
  }

  async #deliver(frame: Frame): Promise<void> {
    const progress: Progress = { outcomes: [], ambiguous: false, ambiguousNotices: [], noticeDropped: 0 };
    while (progress.outcomes.length < this.#limits.tries && !this.#stopped) {
      const outcome = await this.#try(frame, progress);
      if (outcome.kind === 'notConnected') {
        await this.#backOff();
        continue;
      }
      this.#failedConnects = 0;
      const verdict = this.#judge(outcome, progress);
      if (verdict === 'delivered') return this.#close(frame, progress, 'delivered');
      if (verdict === 'refused') break;
      this.#connection.close();
      this.#buffer.shrinkIfStale();
    }
    this.#close(frame, progress, progress.ambiguous ? 'unknown' : 'lost');
  }

  /** One request. The notice is written at each try, with the count of that moment. */
  #try(frame: Frame, progress: Progress): Promise<PostOutcome> {
    if (frame.verbatim !== undefined) {
      // Only the credentials are ours: a recorded shuttle's body must not grow a drain token.
      const { Authorization } = this.#headers;
      const own: Record<string, string> = Authorization === undefined ? {} : { Authorization };
      if (frame.bytes.length > 0) own['Content-Length'] = String(frame.bytes.length);
      return this.#connection.post({ ...frame.verbatim.headers, ...own }, frame.bytes);
    }
    const { count: dropped, sinceMs } = this.#buffer.loss;
    progress.noticeDropped = dropped;
    const parts = [frame.bytes];
    if (dropped > 0) parts.unshift(renderLossNotice(dropped, sinceMs, this.#options.clock.nowMs()));
    const body = parts.length === 1 ? frame.bytes : Buffer.concat(parts);
    const headers = {
      ...this.#headers,
      'Logplex-Msg-Count': String(frame.entries.length + parts.length - 1),
      'Logplex-Frame-Id': frame.id,
      'Content-Length': String(body.length),
    };
    return this.#connection.post(headers, body);
  }

  #judge(outcome: PostOutcome, progress: Progress): 'delivered' | 'refused' | 'again' {
    if (outcome.kind !== 'answered') {
      progress.outcomes.push(outcome.kind);
      progress.ambiguous = true;
      progress.ambiguousNotices.push(progress.noticeDropped > 0);
      return 'again';
    }
    const { status, flaw } = outcome;
    progress.outcomes.push(flaw === undefined ? String(status) : `${status} ${flaw}`);
    const good = status >= 200 && status < 300;
    if (flaw !== undefined) {
      this.#options.ledger.recordFlaw(`${status} ${flaw}`);
      console.error(`sim: answer ${status} with ${flaw}: Logplex could not have read it`);
      if (good) progress.ambiguous = true;
      if (good) return 'again';
    }
    if (good) return 'delivered';
    return status >= 400 && status < 500 && status !== 429 ? 'refused' : 'again';
  }

  #close(frame: Frame, progress: Progress, fate: Fate): void {
    const marks = frame.entries.map((entry) => entry.mark);
    const { noticeDropped, outcomes } = progress;
    const hadNotice = noticeDropped > 0;
    this.#options.ledger.recordFrame({
      id: frame.id,
      app: this.#options.app,
      node: this.#options.node,
      messages: marks.length + (hadNotice ? 1 : 0),
      tries: outcomes.length,
      fate,
      outcomes,
      marks,
      noticeDropped,
      noticeUncertain: progress.ambiguousNotices.some((had) => had !== hadNotice),
    });
    if (fate === 'delivered') this.#buffer.succeed(noticeDropped);
    else this.#buffer.addLoss(marks.length);
  }

  /** 10 ms × a random slot of a range that doubles with every failed connect, about 5 s at most. */
  async #backOff(): Promise<void> {
    this.#failedConnects += 1;
    this.#buffer.shrinkIfStale();
    const { backoffSlotMs, backoffMaxMs } = this.#limits;
    const slots = 2 ** Math.min(this.#failedConnects, 16) - 1;
    const pauseMs = backoffSlotMs * this.#options.random.integer(0, slots);
    await this.#options.clock.wait(Math.min(pauseMs, backoffMaxMs));
  }

  #frameId(): string {
    this.#frameNumber += 1;
    const { node, process, clock } = this.#options;
    const time = `${clock.nowMs()}.${this.#frameNumber}`;
    return createHash('md5').update(`${node} ${process} ${time}`).digest('hex').toUpperCase();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  #notify(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}
