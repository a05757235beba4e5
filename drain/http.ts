/**
 * One POST of a drain, from the raw request to its answer (RELIABILITY section 2). On `node:http` itself: a framework
 * in between costs a third of the throughput of small frames.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../model/log.ts';
import type { DrainCredential } from '../store/apps.ts';
import { type BodyResult, readBody, unpack } from './body.ts';
import type { Clock } from './clock.ts';
import type { Committer } from './commit.ts';
import type { Credentials, Verdict } from './credentials.ts';
import { exceedsMessages } from './intake.ts';
import type { Refusals } from './refusals.ts';
import type { KnownDrain, Registry } from './registry.ts';
import { type DrainRequest, frameIdOf, readRequest, refusalOf } from './request.ts';
import type { Body } from './target.ts';

export interface ReceiverOptions {
  credentials: Credentials;
  registry: Registry;
  committer: Committer;
  refusals: Refusals;
  clock: Clock;
  log: Log;
  /** Largest body of Logplex; a shuttle's may be eight times as large (FORMATS 1.2). */
  maxBodyBytes: number;
  maxMessages: number;
  /** Bodies held at once before no new one is read. */
  heldBytesMax: number;
}

/** Logplex waits 5 s for an answer; a frame is held until just before. */
export const ANSWER_WITHIN_MS = 4_500;
const SHUTTLE_FACTOR = 8;
const RETRY_MS = 100;

/** How a request ended, for counting. Closed list. */
export type Fate =
  | 'counted'
  | 'duplicate'
  | 'refused'
  | 'badMethod'
  | 'badType'
  | 'tooLarge'
  | 'cut'
  | 'held'
  | 'left';

export class Receiver {
  readonly #options: ReceiverOptions;
  /** Room kept for bodies that are being read. */
  #readingBytes = 0;
  /** Requests by fate since the process began. */
  readonly fates = new Map<Fate, number>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Handles one request; never throws, and always answers or closes. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#receive(request, response).catch((error: unknown) => {
      this.#options.log.error('drain.mistake', { error });
      if (!response.headersSent) answer(response, 503, { close: true });
    });
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request);
    if (refusal !== null) {
      answer(response, refusal.status, { close: true, allow: refusal.allow });
      this.#count(refusal.status === 405 ? 'badMethod' : 'badType');
      return;
    }
    const headers = readRequest(request);
    const deadline = new Deadline(headers.isShuttle, response);
    const verdict = await this.#authenticate(request, headers, deadline);
    if (verdict === null) return this.#giveUp(response, deadline);
    if (verdict.kind !== 'accepted') {
      this.#refuse(response, verdict.kind === 'refused' ? verdict : { userName: '', reason: 'unchecked' });
      return;
    }
    const drain = await this.#findDrain(verdict.credential, headers, deadline);
    if (drain === null) return this.#giveUp(response, deadline);
    if (drain.state === 'banned' || (drain.state === 'new' && verdict.credential.strictTokens)) {
      this.#refuse(response, { userName: verdict.credential.appName, reason: 'unknownToken' });
      return;
    }
    await this.#readAndSubmit(request, response, headers, verdict.credential, drain, deadline);
  }

  async #readAndSubmit(
    request: IncomingMessage,
    response: ServerResponse,
    headers: DrainRequest,
    credential: DrainCredential,
    drain: KnownDrain,
    deadline: Deadline,
  ): Promise<void> {
    const maxBytes = this.#options.maxBodyBytes * (headers.isShuttle ? SHUTTLE_FACTOR : 1);
    if (headers.contentLength > maxBytes) {
      await this.#refuseTooLarge(response, headers, credential, drain, deadline);
      return;
    }
    const bytes = headers.contentLength < 0 || headers.gzip ? maxBytes : headers.contentLength;
    if (!(await this.#takeRoom(bytes, deadline))) {
      this.#giveUp(response, deadline);
      return;
    }
    const result = await this.#read(request, headers, maxBytes).finally(() => {
      this.#readingBytes -= bytes;
    });
    if (result.kind === 'cut') {
      this.#count('cut');
      request.socket.destroy();
      return;
    }
    if (result.kind === 'badGzip') {
      answer(response, 415, { close: true });
      this.#count('badType');
      return;
    }
    if (result.kind === 'tooLarge' || exceedsMessages(result.buf, this.#options.maxMessages)) {
      await this.#refuseTooLarge(response, headers, credential, drain, deadline);
      return;
    }
    await this.#submit(response, headers, credential, drain, result.buf, deadline);
  }

  async #read(request: IncomingMessage, headers: DrainRequest, maxBytes: number): Promise<BodyResult> {
    const packed = await readBody(request, maxBytes);
    return packed.kind === 'read' && headers.gzip ? unpack(packed.buf, maxBytes) : packed;
  }

  async #submit(
    response: ServerResponse,
    headers: DrainRequest,
    credential: DrainCredential,
    drain: KnownDrain,
    buf: Buffer,
    deadline: Deadline,
  ): Promise<void> {
    const { committer, registry, clock } = this.#options;
    const app = registry.app(credential);
    const frameId = frameIdOf(headers.identity, drain.id, buf);
    const body: Body = {
      buf,
      dialect: headers.dialect,
      receivedAtMs: clock.nowMs(),
      drainId: drain.id,
      announced: headers.announced,
      dropCount: headers.dropCount,
      lostCount: headers.lostCount,
      frameKey: frameId.toString('hex'),
      drain,
      lossesOnly: false,
    };
    const outcome = await deadline.race(committer.submit(app, body, frameId));
    if (outcome === 'counted' || outcome === 'duplicate') {
      answer(response, 204, {});
      this.#count(outcome);
      return;
    }
    if (outcome === 'failed') await deadline.passed;
    this.#giveUp(response, deadline);
  }

  /** Asks until there is an answer, the deadline passes or the sender leaves; null for the last two. */
  async #authenticate(
    request: IncomingMessage,
    headers: DrainRequest,
    deadline: Deadline,
  ): Promise<Verdict | null> {
    const { credentials } = this.#options;
    const { authorization } = request.headers;
    for (;;) {
      const verdict =
        credentials.checkNow(authorization, headers.pathApp) ??
        (await deadline.race(credentials.check(authorization, headers.pathApp)));
      if (verdict === undefined) return null;
      if (verdict.kind !== 'unchecked') return verdict;
      if (!(await deadline.pause(RETRY_MS))) return null;
    }
  }

  async #findDrain(
    credential: DrainCredential,
    headers: DrainRequest,
    deadline: Deadline,
  ): Promise<KnownDrain | null> {
    const { registry } = this.#options;
    const known = registry.known(credential.appId, headers.token, headers.query);
    if (known !== undefined) return known;
    const sender = headers.isShuttle ? 'shuttle' : 'logplex';
    for (;;) {
      try {
        const arriving = registry.arrive(credential.appId, headers.token, sender, headers.query);
        return (await deadline.race(arriving)) ?? null;
      } catch {
        // The database is away: as a passing failure.
        if (!(await deadline.pause(RETRY_MS))) return null;
      }
    }
  }

  /** Bytes of bodies that are being read or wait for their commit. */
  get heldBytes(): number {
    return this.#readingBytes + this.#options.committer.heldBytes;
  }

  /**
   * Waits until a body of that size may be held and keeps its room, so that many senders at once cannot read past the
   * bound together; false when the deadline came first.
   */
  async #takeRoom(bytes: number, deadline: Deadline): Promise<boolean> {
    while (this.heldBytes > 0 && this.heldBytes + bytes > this.#options.heldBytesMax) {
      if (!(await deadline.pause(RETRY_MS / 4))) return false;
    }
    this.#readingBytes += bytes;
    return true;
  }

  #refuse(response: ServerResponse, refused: { userName: string; reason: string }): void {
    this.#options.refusals.add(refused.userName, refused.reason, this.#options.clock.nowMs());
    answer(response, 401, { close: true });
    this.#count('refused');
  }

  /** Logplex throws such a batch away at our word: what is lost is a gap first, and committed. */
  async #refuseTooLarge(
    response: ServerResponse,
    headers: DrainRequest,
    credential: DrainCredential,
    drain: KnownDrain,
    deadline: Deadline,
  ): Promise<void> {
    const { committer, clock } = this.#options;
    const nowMs = clock.nowMs();
    const loss = committer.addLoss(credential.appId, drain.id, {
      type: 'loss',
      cause: 'tooLarge',
      fromMs: drain.lastLineMs > 0 ? Math.min(drain.lastLineMs, nowMs) : nowMs,
      toMs: nowMs,
      ...(headers.announced >= 0 && { messages: headers.announced }),
      dedupeKey: `tooLarge:${headers.identity || nowMs}`,
    });
    if ((await deadline.race(loss)) === undefined) return this.#giveUp(response, deadline);
    answer(response, 413, { close: true });
    this.#count('tooLarge');
  }

  /** No answer in time: 503 to Logplex, nothing to a shuttle, which would take it for an answer. */
  #giveUp(response: ServerResponse, deadline: Deadline): void {
    if (deadline.left) {
      this.#count('left');
      return;
    }
    answer(response, 503, { close: true });
    this.#count('held');
  }

  #count(fate: Fate): void {
    this.fates.set(fate, (this.fates.get(fate) ?? 0) + 1);
  }
}

/** Never a body, never chunked: Logplex's own reader of answers knows neither (FORMATS 1.4). */
function answer(
  response: ServerResponse,
  status: number,
  options: { close?: boolean | undefined; allow?: string | undefined },
): void {
  if (response.headersSent || response.destroyed) return;
  if (options.close) response.shouldKeepAlive = false;
  if (status === 204) {
    response.writeHead(204);
  } else {
    response.writeHead(status, {
      'content-length': '0',
      ...(options.allow !== undefined && { allow: options.allow }),
      ...(status === 401 && { 'www-authenticate': 'Basic realm="drain"' }),
    });
  }
  response.end();
}

/** How long a request may be held: 4.5 s for Logplex, until it leaves for a shuttle. */
class Deadline {
  /** Resolves when time is up or the sender is gone. */
  readonly passed: Promise<void>;
  /** The sender is gone. */
  left = false;
  #isPassed = false;

  constructor(isShuttle: boolean, response: ServerResponse) {
    this.passed = new Promise((resolve) => {
      const end = (): void => {
        this.#isPassed = true;
        resolve();
      };
      const timer = isShuttle ? undefined : setTimeout(end, ANSWER_WITHIN_MS);
      response.once('close', () => {
        clearTimeout(timer);
        if (!response.writableFinished) this.left = true;
        end();
      });
    });
  }

  /** The promise's value, or undefined when time is up first. */
  race<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    return Promise.race([promise, this.passed.then(() => undefined)]);
  }

  /** Waits; false when time is up. */
  async pause(ms: number): Promise<boolean> {
    if (this.#isPassed) return false;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), this.passed]);
    return !this.#isPassed;
  }
}
