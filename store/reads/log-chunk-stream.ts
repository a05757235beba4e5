/** Lines that were committed lately and are in no block yet, newest commits first (table log_chunks). */
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { type LogChunk, type LogChunkPlace, readLogChunkBytes, readNewestLogChunks } from '../log-chunks.ts';
import { mergeLogCounts } from '../log-counts.ts';
import type { Queryable } from '../pool.ts';
import { LogsGiven } from './log-given.ts';
import type { LogPosition, LogScan, RawPiece, ReadStore } from './log-pieces.ts';

/** A line may say a time so much later than its commit (drain/timestamp.ts). */
const AHEAD_MAX_MS = 5 * MINUTE;
/** So far apart two processes' clocks may be. */
const CLOCKS_APART_MS = 10 * SECOND;
/** First slice; each further one reaches back twice as far, as long as it has fewer rows than FEW_ROWS. */
const SLICE_MS = 30 * SECOND;
const FEW_ROWS = 1_000;
const ROWS_MAX = 4_000;
/** Of a slice as it is stored: some times as much are its lines. */
const SLICE_BYTES = 512 * 1024;
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
  /** The slice before was larger than is read at once: the rest of it is before this chunk. */
  #before: LogChunkPlace | null = null;
  readonly #seqs = new Map<number, number>();
  #committedAtMs = 0;
  readonly #afterSlice: ((db: Queryable) => Promise<void>) | undefined;
  /** Lines that were given: they may be in a block by the time blocks are read. */
  readonly given = new LogsGiven();
  /** Of sections that were read. */
  bytes = 0;

  /** @param afterSlice run behind each slice, on the same connection */
  constructor(read: ReadStore, scan: LogScan, afterSlice?: (db: Queryable) => Promise<void>) {
    this.#read = read;
    this.#scan = scan;
    this.#afterSlice = afterSlice;
  }

  /** No line that is still to come is later. */
  get boundMs(): number {
    return this.#isDone ? Number.NEGATIVE_INFINITY : this.#readFromMs + AHEAD_MAX_MS;
  }

  get position(): LogPosition | null {
    return this.#isNewest ? { committedAtMs: this.#committedAtMs, seqs: this.#seqs } : null;
  }

  async next(): Promise<RawPiece | null> {
    return this.#read(async (db) => {
      if (this.#readFromMs === Number.POSITIVE_INFINITY && !(await this.#begin(db))) return null;
      const chunks = await this.#readSlice(db);
      await this.#afterSlice?.(db);
      for (const { writerId, seq, committedAtMs } of chunks) {
        this.#seqs.set(writerId, Math.max(seq, this.#seqs.get(writerId) ?? 0));
        this.#committedAtMs = Math.max(this.#committedAtMs, committedAtMs);
      }
      this.given.add(chunks);
      const lines = chunks.flatMap((chunk) => chunk.lines);
      return {
        counts: mergeLogCounts(chunks.flatMap((chunk) => chunk.counts)),
        holds: lines.length,
        content: lines,
        unread: chunks.filter(({ isUnread }) => isUnread).map(({ committedAtMs }) => committedAtMs),
      };
    });
  }

  /** What is not read yet, without reading it; null: nothing. */
  async rest(): Promise<{ bytes: number; fromMs: number; toMs: number } | null> {
    if (this.#isDone) return null;
    const { appId } = this.#scan;
    const fromMs = Math.max(0, this.#scan.fromMs - CLOCKS_APART_MS - AHEAD_MAX_MS);
    return this.#read((db) => readLogChunkBytes(db, { appId, fromMs, ...this.#upTo() }));
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

  async #readSlice(db: Queryable): Promise<LogChunk[]> {
    const { appId, fromMs } = this.#scan;
    const sliceFromMs = this.#readFromMs - this.#sliceMs;
    const { chunks, bytes, isCut } = await readNewestLogChunks(db, {
      appId,
      fromMs: sliceFromMs,
      ...this.#upTo(),
      limit: ROWS_MAX,
      bytesMax: SLICE_BYTES,
    });
    this.bytes += bytes;
    this.#isOpen = false;
    const [oldest] = chunks;
    if (isCut && oldest !== undefined) {
      this.#before = oldest;
      this.#readFromMs = Math.min(this.#readFromMs, oldest.committedAtMs + 1);
      return chunks;
    }
    if (chunks.length < FEW_ROWS) this.#sliceMs *= 2;
    this.#before = null;
    this.#readFromMs = sliceFromMs;
    // Lines are committed after they were written, but for clocks that are apart and lines that say a later time.
    this.#isDone = sliceFromMs <= this.#oldestMs || sliceFromMs < fromMs - CLOCKS_APART_MS - AHEAD_MAX_MS;
    return chunks;
  }

  #upTo(): { toMs: number | null; before: LogChunkPlace | null } {
    // The newest slice is open: commits of a clock that is ahead are in it.
    return { toMs: this.#isOpen ? null : this.#readFromMs, before: this.#before };
  }
}
