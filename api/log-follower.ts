/** Follows the log of one app for all of its readers in this process: one question at a time to the database. */
import { compareLogLines, type LogCount, type LogLine } from '../model/log-line.ts';
import { MINUTE } from '../model/time.ts';
import { readLogChunks } from '../store/log-chunks.ts';
import type { LogPosition, ReadStore } from '../store/reads/log-pieces.ts';

const POLL_EVERY_MS = 700;
/** Commits may become visible so much later than they say: another process' clock, a slow commit. */
const LOOK_BACK_MS = MINUTE;
const CHUNKS_MAX = 500;
/** Commits older than this are in blocks: who could not ask for so long has lost the thread. */
export const THREAD_LOST_MS = 45_000;

export interface LogBatch {
  lines: LogLine[];
  counts: LogCount[];
  /** Behind the batch. */
  position: LogPosition;
  /** Time since the batch before. */
  spanMs: number;
}

export interface FollowOptions {
  appId: number;
  read: ReadStore;
  nowMs: () => number;
  /** Looked for new commits this often. */
  pollMs?: number | undefined;
  onBatch: (batch: LogBatch) => void;
  /** Too much time has passed to go on: readers must begin anew. */
  onLost: () => void;
  /** Told once of what keeps it from reading, until it reads again. */
  onFailed?: ((error: unknown) => void) | undefined;
}

export class LogFollower {
  readonly #options: FollowOptions;
  readonly #seqs = new Map<number, { seq: number; atMs: number }>();
  #committedAtMs = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;
  #isFailing = false;
  readonly #pollMs: number;
  #lastPollMs = Number.NEGATIVE_INFINITY;
  /** Settles when the position is known from which lines are told. */
  readonly ready: Promise<void>;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? POLL_EVERY_MS;
    this.ready = this.#begin();
  }

  /** A copy: what was told up to now. */
  get position(): LogPosition {
    return {
      committedAtMs: this.#committedAtMs,
      seqs: new Map([...this.#seqs].map(([writerId, { seq }]) => [writerId, seq])),
    };
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #begin(): Promise<void> {
    this.#committedAtMs = this.#options.nowMs();
    let isMore = true;
    while (isMore) isMore = (await this.#readOn()).isMore;
    this.#lastPollMs = performance.now();
    this.#schedule(this.#pollMs);
  }

  #schedule(inMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#poll(), inMs);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    const startMs = performance.now();
    const spanMs = startMs - this.#lastPollMs;
    try {
      if (spanMs > THREAD_LOST_MS) return this.#options.onLost();
      const { lines, counts, isMore } = await this.#readOn();
      if (this.#isStopped) return;
      this.#lastPollMs = startMs;
      this.#options.onBatch({ lines, counts, position: this.position, spanMs });
      this.#schedule(isMore ? 0 : this.#pollMs);
      this.#isFailing = false;
    } catch (error) {
      // The database is away: pages are told so elsewhere, and what is missed is read once it is back.
      if (!this.#isFailing) this.#options.onFailed?.(error);
      this.#isFailing = true;
      this.#schedule(this.#pollMs);
    }
  }

  /** What was committed since; remembers how far it got. */
  async #readOn(): Promise<{ lines: LogLine[]; counts: LogCount[]; isMore: boolean }> {
    const { appId, read } = this.#options;
    const fromMs = this.#committedAtMs - LOOK_BACK_MS;
    const { seqs } = this.position;
    const chunks = await read((db) => readLogChunks(db, { appId, fromMs, after: seqs, limit: CHUNKS_MAX }));
    for (const { writerId, seq, committedAtMs } of chunks) {
      this.#seqs.set(writerId, {
        seq: Math.max(seq, this.#seqs.get(writerId)?.seq ?? 0),
        atMs: committedAtMs,
      });
      this.#committedAtMs = Math.max(this.#committedAtMs, committedAtMs);
    }
    // What is older than is looked back at is not asked for again.
    for (const [writerId, { atMs }] of this.#seqs) {
      if (atMs < this.#committedAtMs - 2 * LOOK_BACK_MS) this.#seqs.delete(writerId);
    }
    return {
      lines: chunks.flatMap((chunk) => chunk.lines).sort(compareLogLines),
      counts: chunks.flatMap((chunk) => chunk.counts),
      isMore: chunks.length === CHUNKS_MAX,
    };
  }
}
