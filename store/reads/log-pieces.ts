/**
 * An app's log in pieces, newest first: what is not in blocks yet by the time of its commit, then blocks. A reader may
 * stop at any piece and knows how far it got.
 */
import { setImmediate as turn } from 'node:timers/promises';
import {
  decodeUnpackedLogBlock,
  LogBlockError,
  logLineBytes,
  unpackLogBlock,
} from '../../model/log-block.ts';
import { compileLogFilter, type LogFilter, mayContain, needlesOf } from '../../model/log-filter.ts';
import type { LogCount, LogLine } from '../../model/log-line.ts';
import type { Queryable } from '../pool.ts';
import { LogBlockStream } from './log-block-stream.ts';
import { LogChunkStream } from './log-chunk-stream.ts';

/** Runs work on a connection that is given back after it: between two pieces none is held. */
export type ReadStore = <T>(work: (db: Queryable) => Promise<T>) => Promise<T>;

export interface LogScan {
  appId: number;
  fromMs: number;
  /** Exclusive. */
  toMs: number;
  filter: LogFilter;
  nowMs: number;
  budget: LogBudget;
  /** Aborted when nobody waits for the answer any more: the scan rejects with its reason. */
  signal?: AbortSignal | undefined;
}

/** What a scan may take, and what it took. */
export interface LogBudget {
  timeMs: number;
  /** Of text, uncompressed. */
  bytes: number;
}

/** Where a reader of a live log goes on: the last chunk of each writer, and the newest commit among them. */
export interface LogPosition {
  committedAtMs: number;
  seqs: ReadonlyMap<number, number>;
}

export interface LogPiece {
  /** Those in the range that fit, in no order. */
  lines: LogLine[];
  /** What it holds, whether it fits or not, by ten seconds. */
  counts: readonly LogCount[];
  /** Lines that it holds; of them `decoded` were looked at one by one, the others are known not to fit. */
  holds: number;
  decoded: number;
  /** Everything later than this was given by now; -Infinity after the last piece. */
  boundMs: number;
}

/** A piece as a stream has it, before anything is looked at. */
export interface RawPiece {
  counts: readonly LogCount[];
  holds: number;
  /** A block's compressed bytes, or lines; null: by what is known of it no line can fit. Empty: it is gone. */
  content: Buffer | readonly LogLine[] | null;
  /** When those commits were of it that cannot be read. */
  unread: readonly number[];
}

export class LogScanner {
  readonly #scan: LogScan;
  readonly #chunks: LogChunkStream;
  readonly #blocks: LogBlockStream;
  readonly #startMs = performance.now();
  readonly #fits: (line: LogLine) => boolean;
  readonly #needles;
  #boundMs = Number.POSITIVE_INFINITY;
  scannedBytes = 0;
  scannedLines = 0;
  /** Commits and blocks that could not be read: damaged, or of a later release. */
  unread = 0;

  constructor(read: ReadStore, scan: LogScan) {
    this.#scan = scan;
    this.#chunks = new LogChunkStream(read, scan, (db) => this.#blocks.refresh(db));
    this.#blocks = new LogBlockStream(read, scan, () => this.#chunks.given);
    this.#fits = compileLogFilter(scan.filter);
    this.#needles = needlesOf(scan.filter);
  }

  get tookMs(): number {
    return performance.now() - this.#startMs;
  }

  /** What is used up, or null. */
  get spent(): 'time' | 'bytes' | null {
    if (this.tookMs >= this.#scan.budget.timeMs) return 'time';
    return this.scannedBytes >= this.#scan.budget.bytes ? 'bytes' : null;
  }

  /** Where a live reader goes on; null when what was committed last was not read. */
  get position(): LogPosition | null {
    return this.#chunks.position;
  }

  /** The pieces of the range, newest first. Budgets are the reader's to look at: it stops when it wants. */
  async *pieces(): AsyncGenerator<LogPiece> {
    for (;;) {
      this.#scan.signal?.throwIfAborted();
      const stream = this.#chunks.boundMs >= this.#blocks.boundMs ? this.#chunks : this.#blocks;
      if (stream.boundMs === Number.NEGATIVE_INFINITY) return;
      const raw = await stream.next();
      if (raw !== null) yield this.#look(raw);
      // Frames are taken in by the same thread: it gets its turn after every piece, some milliseconds each.
      await turn();
    }
  }

  #look({ counts, holds, content, unread }: RawPiece): LogPiece {
    this.unread += unread.length;
    // A block that was made meanwhile may end later than what was reached: of what is later all was given out of commits.
    this.#boundMs = Math.min(this.#boundMs, Math.max(this.#chunks.boundMs, this.#blocks.boundMs));
    if (Buffer.isBuffer(content)) return this.#lookAtBlock(content, counts, holds);
    const all = content ?? [];
    for (const line of all) this.scannedBytes += logLineBytes(line);
    this.scannedLines += holds;
    const lines = all.filter((line) => this.#isAsked(line));
    return { lines, counts, holds, decoded: all.length, boundMs: this.#boundMs };
  }

  #lookAtBlock(body: Buffer, stored: readonly LogCount[], stores: number): LogPiece {
    const { given } = this.#chunks;
    const isShared = given.mayBeIn(stored);
    const all = body.length === 0 ? [] : this.#decode(body, isShared);
    const counts = isShared ? given.without(stored, all) : stored;
    const holds = isShared ? stores - all.filter((line) => given.has(line)).length : stores;
    this.scannedLines += holds;
    const lines = all.filter((line) => this.#isAsked(line) && !(isShared && given.has(line)));
    return { lines, counts, holds, decoded: all.length, boundMs: this.#boundMs };
  }

  #isAsked(line: LogLine): boolean {
    return line.atMs >= this.#scan.fromMs && line.atMs < this.#scan.toMs && this.#fits(line);
  }

  /** @param needsAll also where no line can fit */
  #decode(body: Buffer, needsAll: boolean): readonly LogLine[] {
    try {
      const raw = unpackLogBlock(body);
      this.scannedBytes += raw.length;
      return needsAll || mayContain(raw, this.#needles) ? decodeUnpackedLogBlock(raw) : [];
    } catch (error) {
      // The others can still be read; the answer says that one was not.
      if (!(error instanceof LogBlockError)) throw error;
      this.unread++;
      return [];
    }
  }
}
