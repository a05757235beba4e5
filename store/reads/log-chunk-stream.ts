/** Lines that were committed lately and are in no block yet, newest commits first (table log_chunks). */
import type { LogLineKey } from '../../model/log-line.ts';
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { type LogChunk, readLogChunks } from '../log-chunks.ts';
import type { Queryable } from '../pool.ts';
import type { LogPosition, LogScan, RawPiece, ReadStore } from './log-pieces.ts';

/** A line may say a time so much later than its commit (drain/timestamp.ts). */
const AHEAD_MAX_MS = 5 * MINUTE;
/** So far apart two processes' clocks may be. */
const CLOCKS_APART_MS = 10 * SECOND;
/** First slice; each further one reaches back twice as far, as long as it has fewer rows than FEW_ROWS. */
const SLICE_MS = 30 * SECOND;
const FEW_ROWS = 1_000;
const ROWS_MAX = 4_000;
const SLICE_MIN_MS = 100;
/** Lines that come later than this are found when they are in a block, a minute or two after they came. */
const LATE_MAX_MS = 2 * HOUR;

export class LogChunkStream {
  readonly #read: ReadStore;
  readonly #scan: LogScan;
  /** Commits from here on were read. */
  #readFromMs = Number.POSITIVE_INFINITY;
  #oldestMs = Number.POSITIVE_INFINITY;
  /** Whether what was committed last is among what is read, and is still to be. */
  #isNewest = false;
  #isOpen = false;
  #sliceMs = SLICE_MS;
  #isDone = false;
  readonly #seqs = new Map<number, number>();
  #committedAtMs = 0;
  readonly #given = new Set<string>();

  constructor(read: ReadStore, scan: LogScan) {
    this.#read = read;
    this.#scan = scan;
  }

  /** No line that is still to come is later. */
  get boundMs(): number {
    return this.#isDone ? Number.NEGATIVE_INFINITY : this.#readFromMs + AHEAD_MAX_MS;
  }

  get position(): LogPosition | null {
    return this.#isNewest ? { committedAtMs: this.#committedAtMs, seqs: this.#seqs } : null;
  }

  /** Whether a line was given: it may be in a block by the time blocks are read. */
  gave({ writerId, seq }: LogLineKey): boolean {
    return this.#given.has(`${writerId}.${seq}`);
  }

  async next(): Promise<RawPiece | null> {
    return this.#read(async (db) => {
      if (this.#readFromMs === Number.POSITIVE_INFINITY && !(await this.#begin(db))) return null;
      const chunks = await this.#readSlice(db);
      if (chunks === null) return null;
      for (const { writerId, seq, committedAtMs } of chunks) {
        this.#given.add(`${writerId}.${seq}`);
        this.#seqs.set(writerId, Math.max(seq, this.#seqs.get(writerId) ?? 0));
        this.#committedAtMs = Math.max(this.#committedAtMs, committedAtMs);
      }
      const lines = chunks.flatMap((chunk) => chunk.lines);
      return { counts: chunks.flatMap((chunk) => chunk.counts), holds: lines.length, content: lines };
    });
  }

  /** Whether there is anything to read. */
  async #begin(db: Queryable): Promise<boolean> {
    const { nowMs, toMs } = this.#scan;
    const { rows } = await db.query<{ oldest: number | null }>(
      'SELECT min(committed_at_ms) AS oldest FROM log_chunks',
    );
    this.#oldestMs = rows[0]?.oldest ?? Number.POSITIVE_INFINITY;
    this.#isNewest = toMs + LATE_MAX_MS >= nowMs;
    this.#isOpen = this.#isNewest;
    this.#readFromMs = this.#isNewest ? nowMs : toMs + LATE_MAX_MS;
    this.#committedAtMs = nowMs;
    this.#isDone = this.#oldestMs > this.#readFromMs + CLOCKS_APART_MS;
    return !this.#isDone;
  }

  /** null: there is more in the slice than is read at once, and it was made smaller. */
  async #readSlice(db: Queryable): Promise<LogChunk[] | null> {
    const { appId, fromMs } = this.#scan;
    const sliceFromMs = this.#readFromMs - this.#sliceMs;
    const chunks = await readLogChunks(db, {
      appId,
      fromMs: sliceFromMs,
      // The newest slice is open: commits of a clock that is ahead are in it.
      ...(!this.#isOpen && { toMs: this.#readFromMs }),
      limit: ROWS_MAX,
    });
    if (chunks.length === ROWS_MAX && this.#sliceMs > SLICE_MIN_MS) {
      // The oldest of a slice came, and the newest are wanted first.
      this.#sliceMs = Math.max(SLICE_MIN_MS, this.#sliceMs / 4);
      return null;
    }
    if (chunks.length < FEW_ROWS) this.#sliceMs *= 2;
    this.#readFromMs = sliceFromMs;
    this.#isOpen = false;
    // Lines are committed after they were written, but for clocks that are apart and lines that say a later time.
    this.#isDone = sliceFromMs <= this.#oldestMs || sliceFromMs < fromMs - CLOCKS_APART_MS - AHEAD_MAX_MS;
    return chunks;
  }
}
