/** The live tails of a process: who reads which app's log with which filter, how many, how they end. */

import type { Log } from '../model/log.ts';
import { compileLogFilter, type LogFilter, passesChoice } from '../model/log-filter.ts';
import { formatLogKey, type LogCount, type LogLine } from '../model/log-line.ts';
import type { ReadStore } from '../store/reads/log-pieces.ts';
import type { LogTailSampled } from './contract/logs.ts';
import { formatLogCursor, type LogCursor } from './log-cursor.ts';
import { type LogBatch, LogFollower } from './log-follower.ts';
import { type Missed, readMissed } from './log-missed.ts';
import { LogReader } from './log-reader.ts';
import { LogSampler } from './log-sampler.ts';
import { toLogLine } from './log-shape.ts';

/** Each holds a connection and up to 1 MiB (C-07). */
export const TAILS_MAX = 500;
export const TAILS_PER_CALLER_MAX = 20;
const PING_EVERY_MS = 15_000;
/** Lines come some seconds after the time they say. */
const PING_BACK_MS = 5_000;
/** Permission is looked up again this often (SEC-59). */
const CHECK_EVERY_MS = 60_000;
/** Whether tails still have their place is asked this often. */
const LOOK_EVERY_MS = 2_000;
const SHED_RETRY_MS = 10_000;
/** While lines are sampled, how many were left out is told this often. */
const SAMPLED_EVERY_MS = 10_000;
/** Lines that are kept for a reader which is still told what it missed. */
const WAITING_MAX = 2_000;

export interface LogTailsOptions {
  read: ReadStore;
  nowMs: () => number;
  pollMs?: number | undefined;
  log?: Log | undefined;
  stopping?: AbortSignal | undefined;
  /** Whether live tails give way now. */
  gaveWay?: (() => boolean) | undefined;
}

export interface LogTailOptions {
  appId: number;
  filter: LogFilter;
  /** Readers with the same one share the work of filtering. */
  filterKey: string;
  ratePerS: number;
  /** Session or token. */
  caller: string;
  /** Where the reader was; null: from now on. */
  cursor: LogCursor | null;
  isAllowed: () => Promise<boolean>;
}

interface Tail {
  options: LogTailOptions;
  reader: LogReader;
  fits: (line: LogLine) => boolean;
  sampler: LogSampler;
  /** Batches that came while it was told what it missed; null: it is live. */
  waiting: LogLine[] | null;
  /** Lines that there was no room for in the meantime. */
  waited: number;
  sampled: { shown: number; leftOut: number; toldAtMs: number; oneIn: number; atIntake: number | null };
}

interface Group {
  follower: LogFollower;
  tails: Set<Tail>;
}

export class LogTails {
  readonly #options: LogTailsOptions;
  readonly #tails = new Set<Tail>();
  readonly #groups = new Map<number, Group>();
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(options: LogTailsOptions) {
    this.#options = options;
    options.stopping?.addEventListener('abort', () => this.close('stopping'), { once: true });
  }

  get size(): number {
    return this.#tails.size;
  }

  /** Bytes that wait for readers that do not read. */
  get heldBytes(): number {
    return [...this.#tails].reduce((sum, { reader }) => sum + reader.heldBytes, 0);
  }

  open(options: LogTailOptions): ReadableStream<Uint8Array> | 'tooMany' | 'shed' {
    if (this.#options.gaveWay?.()) return 'shed';
    const own = [...this.#tails].filter((tail) => tail.options.caller === options.caller);
    if (this.#tails.size >= TAILS_MAX || own.length >= TAILS_PER_CALLER_MAX) return 'tooMany';
    const tail: Tail = {
      options,
      reader: new LogReader(() => this.#forget(tail)),
      fits: compileLogFilter(options.filter),
      sampler: new LogSampler(options.ratePerS),
      waiting: [],
      waited: 0,
      sampled: { shown: 0, leftOut: 0, toldAtMs: performance.now(), oneIn: 1, atIntake: null },
    };
    this.#tails.add(tail);
    this.#watch();
    const group = this.#join(tail);
    tail.reader.sendRetry(retryMs());
    this.#ping(tail, null);
    void this.#start(tail, group);
    return tail.reader.stream;
  }

  /** Ends the tails of a session or token at once (SEC-22). */
  endOf(caller: string): void {
    for (const { options, reader } of this.#tails) if (options.caller === caller) reader.end();
  }

  close(reason: 'stopping' | 'shed', atLeastMs = 0): void {
    for (const { reader } of this.#tails) reader.bye(reason, atLeastMs + retryMs());
  }

  #join(tail: Tail): Group {
    const { appId } = tail.options;
    let group = this.#groups.get(appId);
    if (group === undefined) {
      const tails = new Set<Tail>();
      const follower = new LogFollower({
        appId,
        read: this.#options.read,
        nowMs: this.#options.nowMs,
        pollMs: this.#options.pollMs,
        onBatch: (batch) => this.#tell(tails, batch),
        onFailed: (error) => this.#options.log?.warn('logs.tailWaits', { appId, error }),
        // They come back with the place they were at, and are told what they missed.
        onLost: () => {
          for (const { reader } of tails) reader.end();
        },
      });
      group = { follower, tails };
      this.#groups.set(appId, group);
    }
    group.tails.add(tail);
    return group;
  }

  /** First what it missed, then what came in the meantime, then what comes. */
  async #start(tail: Tail, { follower }: Group): Promise<void> {
    try {
      await follower.ready;
      const { cursor, appId, filter } = tail.options;
      const missed =
        cursor === null
          ? null
          : await readMissed(this.#options.read, {
              ...{ appId, filter, cursor, until: follower.position, nowMs: this.#options.nowMs() },
            });
      if (!tail.reader.isOpen) return;
      if (missed) this.#tellMissed(tail, missed);
      const told = new Set(missed?.lines.map(formatLogKey));
      this.#goLive(tail, follower, told);
      // Says from where on everything is told.
      this.#ping(tail, follower);
    } catch {
      // The database is away: the reader comes back by itself, and pages are told so elsewhere.
      tail.reader.end();
    }
  }

  #tellMissed(tail: Tail, { lines, skipped, position }: Missed): void {
    if (skipped) tail.reader.sendSkipped(skipped);
    const last = lines.at(-1);
    if (last) {
      const id = formatLogCursor({ key: last, position });
      tail.reader.sendLines({ lines, render: (line) => JSON.stringify(toLogLine(line)), id });
    }
  }

  #goLive(tail: Tail, follower: LogFollower, told: ReadonlySet<string>): void {
    const waiting = (tail.waiting ?? []).filter((line) => !told.has(formatLogKey(line)));
    tail.waiting = null;
    if (tail.waited > 0) tail.reader.sendSkipped({ lines: tail.waited, ...spanOf(waiting) });
    if (waiting.length === 0) return;
    const batch = { lines: waiting, counts: [], position: follower.position, spanMs: 1_000 };
    this.#tell(new Set([tail]), batch);
  }

  #tell(tails: ReadonlySet<Tail>, batch: LogBatch): void {
    const fitting = new Map<string, LogLine[]>();
    const texts = new Map<LogLine, string>();
    const render = (line: LogLine): string => {
      const text = texts.get(line) ?? JSON.stringify(toLogLine(line));
      texts.set(line, text);
      return text;
    };
    for (const tail of tails) {
      const { filterKey } = tail.options;
      const lines = fitting.get(filterKey) ?? batch.lines.filter(tail.fits);
      fitting.set(filterKey, lines);
      if (tail.waiting !== null) wait(tail, lines);
      else this.#show(tail, lines, batch, render);
    }
  }

  #show(tail: Tail, lines: LogLine[], batch: LogBatch, render: (line: LogLine) => string): void {
    const { shown, leftOut } = tail.sampler.take(lines, batch.spanMs);
    tail.sampled.shown += shown.length;
    tail.sampled.leftOut += leftOut;
    this.#tellSampled(tail, thinnedAtIntake(batch.counts, tail.options.filter));
    const last = shown.at(-1);
    if (last) {
      const id = formatLogCursor({ key: last, position: batch.position });
      tail.reader.sendLines({ lines: shown, render, id });
    }
  }

  /** When it begins, changes or ends, and now and then while it lasts. */
  #tellSampled(tail: Tail, atIntake: number | null): void {
    const { sampled, sampler, reader } = tail;
    const { oneIn } = sampler;
    const isNews = oneIn !== sampled.oneIn || (atIntake === null) !== (sampled.atIntake === null);
    const isDue = performance.now() - sampled.toldAtMs > SAMPLED_EVERY_MS;
    if (!isNews && !(isDue && (oneIn > 1 || atIntake !== null))) return;
    const message: LogTailSampled = {
      oneIn,
      shown: sampled.shown,
      leftOut: sampled.leftOut,
      atIntake: atIntake === null ? null : { oneIn: atIntake },
    };
    reader.sendSampled(message);
    tail.sampled = { shown: 0, leftOut: 0, toldAtMs: performance.now(), oneIn, atIntake };
  }

  #forget(tail: Tail): void {
    this.#tails.delete(tail);
    const { appId } = tail.options;
    const group = this.#groups.get(appId);
    group?.tails.delete(tail);
    if (group?.tails.size === 0) {
      group.follower.stop();
      this.#groups.delete(appId);
    }
    if (this.#tails.size === 0) {
      for (const timer of this.#timers) clearInterval(timer);
      this.#timers = [];
    }
  }

  #watch(): void {
    if (this.#timers.length > 0) return;
    const each = (everyMs: number, work: () => void) => {
      const timer = setInterval(work, everyMs);
      timer.unref();
      this.#timers.push(timer);
    };
    each(LOOK_EVERY_MS, () => {
      if (this.#options.gaveWay?.()) this.close('shed', SHED_RETRY_MS);
    });
    each(PING_EVERY_MS, () => {
      for (const tail of this.#tails) {
        const follower = this.#groups.get(tail.options.appId)?.follower;
        this.#ping(tail, tail.waiting === null && follower ? follower : null);
      }
    });
    each(CHECK_EVERY_MS, () => {
      for (const { options, reader } of this.#tails) {
        void options.isAllowed().then(
          (isAllowed) => isAllowed || reader.end(),
          // Not known now is not taken away.
          () => {},
        );
      }
    });
  }

  /** With an id that goes on from here, where that is known: a quiet log would leave a reader far behind. */
  #ping({ reader }: Tail, follower: LogFollower | null): void {
    const atMs = this.#options.nowMs();
    const position = follower?.position ?? null;
    const key = { atMs: atMs - PING_BACK_MS, writerId: 0, seq: 0, index: 0 };
    reader.ping(
      { atMs, dataThroughMs: position?.committedAtMs ?? null },
      position && formatLogCursor({ key, position }),
    );
  }
}

/** The newest stay. */
function wait(tail: Tail, lines: readonly LogLine[]): void {
  const all = [...(tail.waiting ?? []), ...lines];
  tail.waiting = all.slice(-WAITING_MAX);
  tail.waited += all.length - tail.waiting.length;
}

/** What lies before these lines is told as it is known: not later than the first of them. */
function spanOf([first]: readonly LogLine[]): { fromMs: number; toMs: number } {
  const atMs = first?.atMs ?? 0;
  return { fromMs: atMs, toMs: atMs };
}

/** "1 in k" of a batch whose lines were not all kept; null: they were. */
function thinnedAtIntake(counts: readonly LogCount[], { sources }: LogFilter): number | null {
  const thinned = counts.filter(({ leftOut, source }) => leftOut > 0 && passesChoice(sources, source));
  if (thinned.length === 0) return null;
  const [kept, leftOut] = thinned.reduce(
    ([keptSum, leftOutSum], count) => [keptSum + count.kept, leftOutSum + count.leftOut],
    [0, 0],
  );
  return Math.max(2, Math.round((kept + leftOut) / Math.max(1, kept)));
}

/** 1 to 4 s: a redeploy must not be answered by everybody at once. */
function retryMs(): number {
  return 1_000 + Math.floor(Math.random() * 3_000);
}
