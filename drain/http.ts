/**
 * One POST of a drain, from the raw request to its answer (RELIABILITY section 2). On `node:http` itself: a framework
 * in between costs a third of the throughput of small frames.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../model/log.ts';
import type { DrainCredential } from '../store/apps.ts';
import type { Admission, Place } from './admission.ts';
import { type BodyResult, readBody, unpack } from './body.ts';
import type { Clock } from './clock.ts';
import type { Committer } from './commit.ts';
import type { Credentials, Verdict } from './credentials.ts';
import { ANSWER_WITHIN_MS, type Deadline, Deadlines } from './deadline.ts';
import type { FrameOutcome } from './group.ts';
import { exceedsMessages } from './intake.ts';
import { LOOP_ANSWER_MS, type LoopGuard } from './loop-guard.ts';
import type { Refusals } from './refusals.ts';
import type { KnownDrain, Registry } from './registry.ts';
import { type DrainRequest, frameIdOf, readRequest, refusalOf } from './request.ts';
import type { Body } from './target.ts';

export interface ReceiverOptions {
  credentials: Credentials;
  registry: Registry;
  committer: Committer;
  admission: Admission;
  loops: LoopGuard;
  refusals: Refusals;
  clock: Clock;
  log: Log;
  /** Largest body of Logplex; a shuttle's may be eight times as large (FORMATS 1.2). */
  maxBodyBytes: number;
  maxMessages: number;
}

const SHUTTLE_FACTOR = 8;
const RETRY_MS = 100;

/** How a request ended, for counting. Closed list. */
export type Fate =
  | 'counted'
  | 'duplicate'
  /** Kept in the spool, counted when it is moved. */
  | 'spooled'
  | 'refused'
  | 'badMethod'
  | 'badType'
  | 'tooLarge'
  | 'cut'
  | 'held'
  /** As `held`, because the database will never take its data. */
  | 'refusedByDatabase'
  /** As `held`, because its own app sends far more than its share. */
  | 'shed'
  | 'left';

/** A request on its way to its answer. */
interface Post {
  request: IncomingMessage;
  response: ServerResponse;
  headers: DrainRequest;
  deadline: Deadline;
}

interface Sender extends Post {
  credential: DrainCredential;
  drain: KnownDrain;
  place: Place;
}

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #deadlines: Deadlines;
  /** Requests by fate since the process began. */
  readonly fates = new Map<Fate, number>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(() => options.clock.monotonicMs());
  }

  /** Handles one request; never throws, and always answers or closes. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#receive(request, response);
    } catch (error) {
      this.#mistake(response, error);
    }
  }

  #mistake(response: ServerResponse, error: unknown): void {
    this.#options.log.error('drain.mistake', { error });
    if (!response.headersSent) answer(response, 503, { close: true });
  }

  /**
   * Nearly every request is known by its credentials and drain, finds room and comes in one part: it takes the way of
   * plain calls. What must wait for something goes on in a promise, at a price that only it pays.
   */
  #receive(request: IncomingMessage, response: ServerResponse): void {
    const refusal = refusalOf(request);
    if (refusal !== null) {
      answer(response, refusal.status, { close: true, allow: refusal.allow });
      this.#count(refusal.status === 405 ? 'badMethod' : 'badType');
      return;
    }
    const headers = readRequest(request);
    const deadline = this.#deadlines.begin(headers.isShuttle, response);
    const post: Post = { request, response, headers, deadline };
    const { credentials, registry } = this.#options;
    const verdict = credentials.checkNow(request.headers.authorization, headers.pathApp);
    if (verdict?.kind === 'accepted') {
      const drain = registry.known(verdict.credential.appId, headers.token, headers.query);
      if (drain !== undefined) {
        this.#admit(post, verdict.credential, drain);
        return;
      }
    }
    this.#lookUp(post).catch((error: unknown) => this.#mistake(response, error));
  }

  async #lookUp(post: Post): Promise<void> {
    const { response, headers, deadline } = post;
    const verdict = await this.#authenticate(post.request, headers, deadline);
    if (verdict === null) return this.#giveUp(response, deadline);
    if (verdict.kind !== 'accepted') {
      this.#refuse(response, verdict.kind === 'refused' ? verdict : { userName: '', reason: 'unchecked' });
      return;
    }
    const drain = await this.#findDrain(verdict.credential, headers, deadline);
    if (drain === null) return this.#giveUp(response, deadline);
    this.#admit(post, verdict.credential, drain);
  }

  #admit(post: Post, credential: DrainCredential, drain: KnownDrain): void {
    const { response, headers } = post;
    if (drain.state === 'banned' || (drain.state === 'new' && credential.strictTokens)) {
      this.#refuse(response, { userName: credential.appName, reason: 'unknownToken' });
      return;
    }
    const maxBytes = this.#options.maxBodyBytes * (headers.isShuttle ? SHUTTLE_FACTOR : 1);
    const isTooLarge = headers.contentLength > maxBytes;
    const bytes = headers.contentLength < 0 || headers.gzip ? maxBytes : headers.contentLength;
    const place = this.#options.admission.arrive(credential, isTooLarge ? 0 : bytes);
    const sender: Sender = { ...post, credential, drain, place };
    if (isTooLarge) {
      this.#refuseTooLarge(sender);
      return;
    }
    this.#giveUpInTime(sender);
    this.#options.admission.takeRoom(place, () => {
      sender.deadline.onPassed = null;
      this.#guarded(sender, () => this.#read(sender, maxBytes));
    });
  }

  /** A mistake with one frame is answered there: the caller may be another frame that made room for this one. */
  #guarded(sender: Sender, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.admission.leave(sender.place);
      this.#mistake(sender.response, error);
    }
  }

  /** While a frame waits for room, its turn or its commit. */
  #giveUpInTime(sender: Sender): void {
    sender.deadline.onPassed = () => this.#giveUp(sender.response, sender.deadline, sender.place);
  }

  #read(sender: Sender, maxBytes: number): void {
    const done = (result: BodyResult): void => this.#guarded(sender, () => this.#onBody(sender, result));
    readBody(sender.request, maxBytes, (result) => {
      if (result.kind === 'read' && sender.headers.gzip) void this.#unpack(result.buf, maxBytes, done);
      else done(result);
    });
  }

  async #unpack(packed: Buffer, maxBytes: number, done: (result: BodyResult) => void): Promise<void> {
    done(await unpack(packed, maxBytes));
  }

  #onBody(sender: Sender, result: BodyResult): void {
    const { request, response, place } = sender;
    const { admission } = this.#options;
    if (result.kind === 'read' && !exceedsMessages(result.buf, this.#options.maxMessages)) {
      const { buf } = result;
      admission.shrink(place, buf.length);
      this.#giveUpInTime(sender);
      admission.takeTurn(place, () => this.#guarded(sender, () => this.#submit(sender, buf)));
      return;
    }
    admission.leave(place);
    if (result.kind === 'cut') {
      this.#count('cut');
      request.socket.destroy();
    } else if (result.kind === 'badGzip') {
      answer(response, 415, { close: true });
      this.#count('badType');
    } else {
      this.#refuseTooLarge(sender);
    }
  }

  #submit(sender: Sender, buf: Buffer): void {
    const { headers, credential, drain } = sender;
    const { committer, registry, clock, admission, loops } = this.#options;
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
      // It is the key of losses that headers tell of, and nothing else: most frames need none.
      frameKey: headers.dropCount > 0 || headers.lostCount > 0 ? frameId.toString('hex') : '',
      drain,
      lossesOnly: false,
    };
    const isLoop = loops.look(drain, credential.appName, buf, body.receivedAtMs);
    committer.submit(app, body, frameId, (outcome) => {
      if (isLoop) this.#answerLate(sender, outcome);
      else this.#onOutcome(sender, outcome);
      admission.leave(sender.place);
    });
  }

  /** One frame at a time and drain is under way: who waits for an answer makes no new lines for itself (S-21). */
  #answerLate(sender: Sender, outcome: FrameOutcome): void {
    const waitMs =
      sender.deadline.endsAtMs - ANSWER_WITHIN_MS + LOOP_ANSWER_MS - this.#options.clock.monotonicMs();
    setTimeout(() => this.#onOutcome(sender, outcome), Math.max(0, waitMs));
  }

  #onOutcome({ response, deadline }: Sender, outcome: FrameOutcome): void {
    // A frame that failed is held until its time is up: a quick answer would spend the sender's tries (section 2).
    if (deadline.isPassed) return;
    if (outcome === 'failed') {
      deadline.onPassed = () => this.#giveUp(response, deadline, undefined, 'refusedByDatabase');
      return;
    }
    deadline.onPassed = null;
    answer(response, 204, {});
    this.#count(outcome);
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

  #refuse(response: ServerResponse, refused: { userName: string; reason: string }): void {
    this.#options.refusals.add(refused.userName, refused.reason, this.#options.clock.nowMs());
    answer(response, 401, { close: true });
    this.#count('refused');
  }

  /** Logplex throws such a batch away at our word: what is lost is a gap first, and committed. */
  #refuseTooLarge(sender: Sender): void {
    const { response, headers, credential, drain, deadline } = sender;
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
    const refuse = (outcome: FrameOutcome | undefined): void => {
      if (outcome === undefined) {
        this.#giveUp(response, deadline);
        return;
      }
      if (outcome === 'failed') {
        // Nobody would ever hear of it: rather once more, and at last a loss that the sender reports.
        deadline.onPassed = () => this.#giveUp(response, deadline, undefined, 'refusedByDatabase');
        return;
      }
      answer(response, 413, { close: true });
      this.#count('tooLarge');
    };
    deadline
      .race(loss)
      .then(refuse)
      .catch((error: unknown) => this.#mistake(response, error));
  }

  /**
   * No answer in time: 503 to Logplex, nothing to a shuttle, which would take it for an answer. A frame that was not
   * handed on yet gives its place back; one that was is committed all the same.
   */
  #giveUp(response: ServerResponse, deadline: Deadline, place?: Place, fate: Fate = 'held'): void {
    const { admission, committer } = this.#options;
    // While commits fail everybody waits for the database, whoever sends how much.
    const wasShed = place !== undefined && committer.failingSinceMs === null && admission.wasShed(place);
    if (place !== undefined && place.state !== 'submitted') admission.leave(place);
    if (deadline.left) {
      this.#count(wasShed ? 'shed' : 'left');
      return;
    }
    answer(response, 503, { close: true });
    this.#count(wasShed ? 'shed' : fate);
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
