/** Lines of one app, a minute or so a row, compressed and for as long as the app's are kept (table log_blocks). */
import { decodeLogBlock } from '../model/log-block.ts';
import type { LogCount, LogLine } from '../model/log-line.ts';
import { readLogCounts } from './log-counts.ts';
import type { Queryable } from './pool.ts';

/** What is known of a block without reading its lines. */
export interface LogBlockHead {
  id: number;
  /** Times of its first and last line, both inclusive. A block of counts alone has lines 0. */
  fromMs: number;
  toMs: number;
  lines: number;
  counts: LogCount[];
  /** Codes and procids that occur in it, each once. */
  codes: string[];
  procids: string[];
}

export interface LogBlock extends LogBlockHead {
  body: Buffer;
}

/** Where a page of blocks ended: the last block's end and id. */
export interface LogBlockCursor {
  toMs: number;
  id: number;
}

export interface LogBlockRange {
  appId: number;
  fromMs: number;
  /** Exclusive. */
  toMs: number;
  /** Blocks behind this one in the order of the answer. */
  before?: LogBlockCursor | null;
  /** Only blocks with this code, or with a line of this procid. */
  code?: string | undefined;
  procid?: string | undefined;
  limit: number;
}

interface BlockRecord {
  id: number;
  from_ms: number;
  to_ms: number;
  lines: number;
  counts: number[];
  codes: string[];
  procids: string[];
  body: Buffer;
}

const HEAD = 'id, from_ms, to_ms, lines, counts, codes, procids';

/**
 * An app's blocks that overlap a span, the latest end first: lines later than the end of the last one given are all
 * among those given. Bodies are decoded by `linesOf`, as far as the reader's time allows.
 */
export async function readLogBlocks(db: Queryable, range: LogBlockRange): Promise<LogBlock[]> {
  const { before } = range;
  const { rows } = await db.query<BlockRecord>(
    `SELECT ${HEAD}, body FROM log_blocks
     WHERE app_id = $1 AND to_ms >= $2 AND to_ms <= $3 AND from_ms < $4 AND lines > 0
       AND (to_ms < $3 OR id < $5) AND ($6::text IS NULL OR codes @> ARRAY[$6::text])
       AND ($7::text IS NULL OR procids @> ARRAY[$7::text])
     ORDER BY to_ms DESC, id DESC LIMIT $8`,
    [
      range.appId,
      range.fromMs,
      before?.toMs ?? Number.MAX_SAFE_INTEGER,
      range.toMs,
      before?.id ?? Number.MAX_SAFE_INTEGER,
      range.code ?? null,
      range.procid ?? null,
      range.limit,
    ],
  );
  return rows.map(({ body, ...record }) => ({ ...toHead(record), body }));
}

/** The same without bodies: how many lines there are by ten seconds, source and level, and which codes and procids. */
export async function readLogBlockHeads(
  db: Queryable,
  { appId, fromMs, toMs, limit }: { appId: number; fromMs: number; toMs: number; limit: number },
): Promise<LogBlockHead[]> {
  const { rows } = await db.query<Omit<BlockRecord, 'body'>>(
    `SELECT ${HEAD} FROM log_blocks
     WHERE app_id = $1 AND to_ms >= $2 AND from_ms < $3 ORDER BY to_ms DESC, id DESC LIMIT $4`,
    [appId, fromMs, toMs, limit],
  );
  return rows.map(toHead);
}

/** A block's lines, in the order of compareLogLines. Throws LogBlockError when it is damaged. */
export function linesOf(block: Pick<LogBlock, 'body'>): LogLine[] {
  return decodeLogBlock(block.body);
}

function toHead(record: Omit<BlockRecord, 'body'>): LogBlockHead {
  return {
    id: record.id,
    fromMs: record.from_ms,
    toMs: record.to_ms,
    lines: record.lines,
    counts: readLogCounts(record.counts),
    codes: record.codes,
    procids: record.procids,
  };
}
