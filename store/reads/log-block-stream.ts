/** Blocks of an app's log, those that end last first (table log_blocks). Bodies are read only where a line could fit. */
import { isDyno, processTypeOf } from '../../model/heroku.ts';
import { type LogFilter, passesChoice } from '../../model/log-filter.ts';
import type { LogBlockHead } from '../log-blocks.ts';
import { readLogCounts } from '../log-counts.ts';
import type { Queryable } from '../pool.ts';
import { readBlockBodies } from './log-block-counts.ts';
import type { LogsGiven } from './log-given.ts';
import type { LogScan, RawPiece, ReadStore } from './log-pieces.ts';

/** Heads at a time: a page of lines needs few of them, a search through a day all. */
const HEADS_FIRST = 50;
const HEADS_MAX = 500;
/** Bodies at a time: few for the first page of lines, which mostly ends there, then more. */
const BODIES_FIRST = 2;
const BODIES_MAX = 32;
/** From so many at once on the next ones are read while these are looked at. */
const BODIES_AHEAD = 16;

interface Waiting {
  head: LogBlockHead;
  canFit: boolean;
}

export class LogBlockStream {
  readonly #read: ReadStore;
  readonly #scan: LogScan;
  readonly #given: () => LogsGiven;
  #waiting: Waiting[] = [];
  /** Ids of heads that were read. */
  readonly #known = new Set<number>();
  readonly #bodies = new Map<number, Buffer>();
  #last: { toMs: number; id: number } | null = null;
  #isDone = false;
  #headsAtOnce = HEADS_FIRST;
  #bodiesAtOnce = BODIES_FIRST;
  #ahead: Promise<void> | null = null;

  /** @param given what the reader has out of commits by now */
  constructor(read: ReadStore, scan: LogScan, given: () => LogsGiven) {
    this.#read = read;
    this.#scan = scan;
    this.#given = given;
  }

  /** No line that is still to come is later. */
  get boundMs(): number {
    const [next] = this.#waiting;
    if (next !== undefined) return next.head.toMs;
    if (this.#isDone) return Number.NEGATIVE_INFINITY;
    return this.#last?.toMs ?? this.#scan.toMs;
  }

  async next(): Promise<RawPiece | null> {
    if (this.#waiting.length === 0) {
      await this.#read((db) => this.#readHeads(db));
      return null;
    }
    const [first] = this.#waiting;
    if (first && this.#isWanted(first)) await this.#fetch(first.head.id);
    const taken = this.#waiting.shift();
    if (taken === undefined) return null;
    const { head } = taken;
    const body = this.#bodies.get(head.id) ?? null;
    this.#bodies.delete(head.id);
    return { counts: head.counts, holds: head.lines, content: body, unread: [] };
  }

  /**
   * Adds blocks that were made since heads were read, of a time that is behind already: what is in them was not among
   * the commits that were read after that. To be run behind each reading of commits, until there are no more.
   */
  async refresh(db: Queryable): Promise<void> {
    if (!this.#isDone && this.#last === null) return;
    const { appId, fromMs, toMs, filter } = this.#scan;
    const downTo = this.#isDone ? null : this.#last;
    const heads = await readNewHeads(db, { appId, fromMs, toMs, downTo, known: this.#known });
    if (heads.length === 0) return;
    this.#take(heads, filter);
    this.#waiting.sort((a, b) => b.head.toMs - a.head.toMs || b.head.id - a.head.id);
  }

  #take(heads: readonly LogBlockHead[], filter: LogFilter): void {
    for (const head of heads) {
      this.#known.add(head.id);
      this.#waiting.push({ head, canFit: canFit(head, filter) });
    }
  }

  /** A body has to be read where a line may fit, and where it may hold what was given: that is not counted again. */
  #isWanted({ head, canFit }: Waiting): boolean {
    return !this.#bodies.has(head.id) && (canFit || (head.lines > 0 && this.#given().mayBeIn(head.counts)));
  }

  async #readHeads(db: Queryable): Promise<void> {
    const { appId, fromMs, toMs, filter } = this.#scan;
    const limit = this.#headsAtOnce;
    this.#headsAtOnce = Math.min(HEADS_MAX, limit * 2);
    const heads = await readHeads(db, { appId, fromMs, toMs, last: this.#last, limit });
    const last = heads.at(-1);
    if (heads.length < limit || last === undefined) this.#isDone = true;
    if (last !== undefined) this.#last = { toMs: last.toMs, id: last.id };
    this.#take(heads, filter);
  }

  /** Until the body is there; begins to read the next ones. */
  async #fetch(id: number): Promise<void> {
    await this.#ahead;
    if (!this.#bodies.has(id)) await this.#read((db) => this.#readBodies(db));
    this.#ahead = null;
    if (this.#bodiesAtOnce < BODIES_AHEAD) return;
    this.#ahead = this.#read((db) => this.#readBodies(db));
    // Asked for again by who needs it; a search that has ended does not.
    this.#ahead.catch(() => {});
  }

  async #readBodies(db: Queryable): Promise<void> {
    const wanted = this.#waiting.filter((each) => this.#isWanted(each)).slice(0, this.#bodiesAtOnce);
    if (wanted.length === 0) return;
    this.#bodiesAtOnce = Math.min(BODIES_MAX, this.#bodiesAtOnce * 2);
    const bodies = await readBlockBodies(
      db,
      this.#scan.appId,
      wanted.map(({ head }) => head),
    );
    // What retention took away in the meantime is empty, and not asked for again.
    for (const { head } of wanted) this.#bodies.set(head.id, bodies.get(head.id) ?? Buffer.alloc(0));
  }
}

interface HeadRecord {
  id: number;
  from_ms: number;
  to_ms: number;
  lines: number;
  counts: number[];
  codes: string[];
  procids: string[];
}

/** Heads of blocks that overlap [fromMs, toMs), the latest end first, behind `last` in that order. */
export async function readHeads(
  db: Queryable,
  ask: {
    appId: number;
    fromMs: number;
    toMs: number;
    last: { toMs: number; id: number } | null;
    limit: number;
  },
): Promise<LogBlockHead[]> {
  const { rows } = await db.query<HeadRecord>(
    `SELECT id, from_ms, to_ms, lines, counts, codes, procids FROM log_blocks
     WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3 AND to_ms <= $4 AND (to_ms < $4 OR id < $5)
     ORDER BY to_ms DESC, id DESC LIMIT $6`,
    [
      ask.appId,
      ask.fromMs,
      ask.toMs,
      ask.last?.toMs ?? Number.MAX_SAFE_INTEGER,
      ask.last?.id ?? Number.MAX_SAFE_INTEGER,
      ask.limit,
    ],
  );
  return rows.map(toHead);
}

/** Those of them that are not known, down to a place in the order above; null: all. In no order. */
async function readNewHeads(
  db: Queryable,
  ask: {
    appId: number;
    fromMs: number;
    toMs: number;
    downTo: { toMs: number; id: number } | null;
    known: ReadonlySet<number>;
  },
): Promise<LogBlockHead[]> {
  const { rows } = await db.query<HeadRecord>(
    `SELECT id, from_ms, to_ms, lines, counts, codes, procids FROM log_blocks
     WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3 AND to_ms >= $4 AND (to_ms > $4 OR id > $5)
       AND id <> ALL ($6::bigint[])`,
    [ask.appId, ask.fromMs, ask.toMs, ask.downTo?.toMs ?? -1, ask.downTo?.id ?? -1, [...ask.known]],
  );
  return rows.map(toHead);
}

function toHead(row: HeadRecord): LogBlockHead {
  return {
    id: row.id,
    fromMs: row.from_ms,
    toMs: row.to_ms,
    lines: row.lines,
    counts: readLogCounts(row.counts),
    codes: row.codes,
    procids: row.procids,
  };
}

/** Whether a block can hold a line that fits, by what its head tells. */
export function canFit(head: LogBlockHead, filter: LogFilter): boolean {
  const { sources, levels } = filter;
  return (
    canFitNames(head, filter) &&
    head.counts.some(
      ({ kept, source, level }) =>
        kept > 0 && passesChoice(sources, source) && passesChoice(levels, level ?? 'none'),
    )
  );
}

/** The same by its codes and procids alone. */
export function canFitNames(
  head: Pick<LogBlockHead, 'codes' | 'procids'>,
  { codes, procids }: LogFilter,
): boolean {
  const hasCode =
    codes.only.length === 0 || head.codes.some((code) => codes.only.some((asked) => isOf(code, asked)));
  return (
    hasCode && (procids.only.length === 0 || head.procids.some((procid) => isOneOf(procid, procids.only)))
  );
}

function isOf(code: string, asked: string): boolean {
  return asked === 'any' || code.startsWith(asked);
}

function isOneOf(procid: string, asked: readonly string[]): boolean {
  return asked.includes(procid) || (isDyno(procid) && asked.includes(processTypeOf(procid) ?? ''));
}
