/**
 * Lines over time under a filter. What the filter asks of source and level alone is counted without looking at lines;
 * for the rest as many blocks are looked at as the time allows, spread over the range, and what they hold is scaled up.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { decodeUnpackedLogBlock, LogBlockError, unpackLogBlock } from '../../model/log-block.ts';
import { compileLogFilter, mayContain, needlesOf } from '../../model/log-filter.ts';
import type { LogCount, LogLine } from '../../model/log-line.ts';
import { type LogBlockPlace, listBlockPlaces, readBlockBodies, readBlockCounts } from './log-block-counts.ts';
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

export async function countLogs(read: ReadStore, ask: LogHistogramAsk): Promise<LogHistogram> {
  const columns = new LogColumns(ask);
  const chunks = new LogChunkStream(read, ask);
  const counts: LogCount[] = [];
  const fits = compileLogFilter(ask.filter);
  while (chunks.boundMs !== Number.NEGATIVE_INFINITY) {
    ask.signal?.throwIfAborted();
    const piece = await chunks.next();
    if (piece !== null && piece.content !== null && !Buffer.isBuffer(piece.content)) {
      counts.push(...piece.counts);
      columns.addCounts(piece.counts);
      columns.look(piece.content, fits);
    }
    await turn();
  }
  const { stored, places } = await read(async (db) => ({
    stored: await readBlockCounts(db, ask),
    places: await listBlockPlaces(db, ask),
  }));
  counts.push(...stored);
  columns.addCounts(stored);
  const [possible, others] = [true, false].map((wanted) =>
    places.filter((place) => canFitNames(place, ask.filter) === wanted),
  );
  for (const place of others ?? []) columns.pass(place);
  if (await lookAtBlocks(read, ask, possible ?? [], { columns, fits })) columns.finish();
  return { ...columns.sums(), counts };
}

/** Looks at blocks in an order that spreads over the range, until the time is up; whether it came to the end. */
async function lookAtBlocks(
  read: ReadStore,
  ask: LogHistogramAsk,
  blocks: readonly LogBlockPlace[],
  { columns, fits }: { columns: LogColumns; fits: (line: LogLine) => boolean },
): Promise<boolean> {
  // From here on: what is counted without a look takes as long as it does.
  const startMs = performance.now();
  const needles = needlesOf(ask.filter);
  const order = spread(blocks);
  for (let at = 0; at < order.length; at += BODIES_AT_ONCE) {
    const wanted = order.slice(at, at + BODIES_AT_ONCE);
    const bodies = await read((db) => readBlockBodies(db, ask.appId, wanted));
    for (const block of wanted) {
      ask.signal?.throwIfAborted();
      if (performance.now() - startMs > ask.budget.timeMs && block !== order[0]) return false;
      const body = bodies.get(block.id);
      const raw = body && orNull(() => unpackLogBlock(body));
      const lines = raw && mayContain(raw, needles) ? orNull(() => decodeUnpackedLogBlock(raw)) : null;
      if (lines) columns.look(lines, fits);
      else columns.pass(block);
      await turn();
    }
  }
  return true;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    // A damaged block is as if it were not there.
    if (!(error instanceof LogBlockError)) throw error;
    return null;
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
