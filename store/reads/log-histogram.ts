/**
 * Lines over time under a filter. What the filter asks of source and level alone is counted without looking at lines;
 * for the rest as many blocks are looked at as the time allows, spread over the range, and what they hold is scaled up.
 */
import { setImmediate as turn } from 'node:timers/promises';
import {
  decodeUnpackedLogBlock,
  LogBlockError,
  logLineBytes,
  unpackLogBlock,
} from '../../model/log-block.ts';
import { compileLogFilter, mayContain, needlesOf } from '../../model/log-filter.ts';
import type { LogCount, LogLine } from '../../model/log-line.ts';
import { SECOND } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import {
  BLOCKS_MAX,
  type LogBlockPlace,
  listBlockPlaces,
  readBlockBodies,
  readBlockCounts,
} from './log-block-counts.ts';
import { canFitNames } from './log-block-stream.ts';
import { LogChunkStream } from './log-chunk-stream.ts';
import { type LogColumnSums, LogColumns } from './log-columns.ts';
import type { LogScan, ReadStore } from './log-pieces.ts';

export interface LogHistogramAsk extends LogScan {
  stepS: number;
}

export interface LogHistogram extends LogColumnSums {
  /** Lines that were left out at intake, as pieces of ten seconds with `kept` and `leftOut`. */
  counts: LogCount[];
}

const BODIES_AT_ONCE = 16;
/** What is in no block yet can only be counted line by line, and mostly is a minute or two: it gets so long at least. */
const CHUNKS_TIME_MS = SECOND;
/** Lines are committed within so long, most of them. */
const ON_THEIR_WAY_MS = 10 * SECOND;

interface Counting {
  columns: LogColumns;
  fits: (line: LogLine) => boolean;
  counts: LogCount[];
}

/** @param read each call of it is a transaction of its own */
export async function countLogs(read: ReadStore, ask: LogHistogramAsk): Promise<LogHistogram> {
  const columns = new LogColumns(ask);
  const counting: Counting = { columns, fits: compileLogFilter(ask.filter), counts: [] };
  const { stored, places } = await read(async (db) => {
    // As of one moment: what the worker moves into blocks meanwhile is counted where it was, and there alone.
    await db.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await countChunks(db, ask, counting);
    return { stored: await readBlockCounts(db, ask), places: await listBlockPlaces(db, ask) };
  });
  const counts = counting.counts.concat(stored);
  columns.addCounts(stored);
  const [possible, others] = [true, false].map((wanted) =>
    places.filter((place) => canFitNames(place, ask.filter) === wanted),
  );
  for (const place of others ?? []) columns.pass(place);
  const isWhole = await lookAtBlocks(read, ask, possible ?? [], counting);
  // Beyond so many blocks there are others that nobody looked at.
  if (isWhole && places.length < BLOCKS_MAX) columns.finish();
  return { ...columns.sums(), counts };
}

/** What is in no block yet, newest first; what the budget does not reach is put down as missed. */
async function countChunks(
  db: Queryable,
  ask: LogHistogramAsk,
  { columns, fits, counts }: Counting,
): Promise<void> {
  const chunks = new LogChunkStream((work) => work(db), ask);
  const untilMs = performance.now() + Math.max(ask.budget.timeMs, CHUNKS_TIME_MS);
  let bytes = 0;
  while (chunks.boundMs !== Number.NEGATIVE_INFINITY) {
    ask.signal?.throwIfAborted();
    const piece = await chunks.next();
    if (piece !== null && piece.content !== null && !Buffer.isBuffer(piece.content)) {
      for (const count of piece.counts) counts.push(count);
      for (const line of piece.content) bytes += logLineBytes(line);
      columns.addCounts(piece.counts);
      columns.look(piece.content, fits);
      for (const atMs of piece.unread) columns.miss({ fromMs: atMs - ON_THEIR_WAY_MS, toMs: atMs, lines: 0 });
    }
    await turn();
    if (performance.now() < untilMs && bytes < ask.budget.bytes) continue;
    const rest = await chunks.rest();
    // As many to a byte as there were so far.
    const lines = rest === null ? 0 : (columns.counted / Math.max(1, chunks.bytes)) * rest.bytes;
    if (rest !== null) columns.miss({ fromMs: rest.fromMs - ON_THEIR_WAY_MS, toMs: rest.toMs, lines });
    return;
  }
}

/**
 * Looks at blocks in an order that spreads over the range, until the time is up; whether it came to the end, and could
 * read all of them.
 */
async function lookAtBlocks(
  read: ReadStore,
  ask: LogHistogramAsk,
  blocks: readonly LogBlockPlace[],
  { columns, fits }: Counting,
): Promise<boolean> {
  // From here on: what is counted without a look takes as long as it does.
  const startMs = performance.now();
  const needles = needlesOf(ask.filter);
  const order = spread(blocks);
  let isRead = true;
  for (let at = 0; at < order.length; at += BODIES_AT_ONCE) {
    const wanted = order.slice(at, at + BODIES_AT_ONCE);
    const bodies = await read((db) => readBlockBodies(db, ask.appId, wanted));
    for (const block of wanted) {
      ask.signal?.throwIfAborted();
      if (performance.now() - startMs > ask.budget.timeMs && block !== order[0]) return false;
      const body = bodies.get(block.id);
      const lines = body === undefined ? 'none' : linesOf(body, needles);
      if (lines === 'none') columns.pass(block);
      else if (lines === 'unread') isRead = false;
      else columns.look(lines, fits);
      await turn();
    }
  }
  return isRead;
}

/** `none`: none of them can fit. `unread`: the block is damaged, or of a later release. */
function linesOf(body: Buffer, needles: ReturnType<typeof needlesOf>): LogLine[] | 'none' | 'unread' {
  try {
    const raw = unpackLogBlock(body);
    return mayContain(raw, needles) ? decodeUnpackedLogBlock(raw) : 'none';
  } catch (error) {
    if (!(error instanceof LogBlockError)) throw error;
    return 'unread';
  }
}

/** Halves, quarters, eighths: whatever part of the answer is taken, it is spread over the whole. */
export function spread<T>(items: readonly T[]): T[] {
  const bits = Math.ceil(Math.log2(Math.max(2, items.length)));
  return Array.from({ length: 2 ** bits }, (_, index) => {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed |= ((index >> bit) & 1) << (bits - 1 - bit);
    return items[reversed];
  }).filter((item) => item !== undefined);
}
