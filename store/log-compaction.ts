/**
 * Lines from the chunks they were committed in to blocks of one app each (tables log_chunks, log_blocks). A chunk's row
 * goes in the very transaction that adds its lines to blocks: each line is in one of the two, and never in both.
 */

import { killPoint } from '../model/kill-point.ts';
import { encodeLogBlock, logLineBytes } from '../model/log-block.ts';
import { compareLogLines, type LogCount, type LogLine } from '../model/log-line.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { type Lease, requireLease } from './leases.ts';
import { readSection } from './log-chunks.ts';
import { addLogCount, writeLogCounts } from './log-counts.ts';
import { listLogHours } from './log-hours.ts';
import { ensurePartitionsFor } from './partitions.ts';
import { type Client, type Pool, withTransaction } from './pool.ts';

export interface LogCompactionOptions {
  nowMs: number;
  /** How long lines are kept of apps that say nothing of it, hours; 0: not at all. */
  hours: number;
  /** Chunks committed later than this before now stay: what follows a live log reads them. */
  settleMs?: number;
  /** Lease of the caller: looked at in the transaction that writes. */
  fence?: Lease;
}

const SETTLE_MS = MINUTE;
/** Of one round: what is in memory meanwhile is some times as much. */
const ROUND_BYTES = 1024 * 1024;
const ROUND_CHUNKS = 4_000;
/** Of a block, before it is compressed. */
const BLOCK_BYTES = 256 * 1024;
/** A block of a busy app ends with the minute, one of a quiet app within ten. */
const SMALL_BYTES = 16 * 1024;
const LONG_MS = 10 * MINUTE;

interface ChunkKey {
  committed_at_ms: number;
  writer_id: number;
  seq: number;
}

interface ChunkRecord extends ChunkKey {
  /** Of the row as it was read. */
  version: string;
  app_ids: number[];
  section_ends: number[];
  duplicates: number[];
  body: Buffer;
}

/** A chunk with what its apps have in it. */
interface ReadChunk extends ChunkKey {
  version: string;
  sections: { appId: number; lines: LogLine[]; counts: LogCount[] }[];
}

export interface LogCompactionResult {
  chunks: number;
  blocks: number;
  /** Left as they are, because they cannot be read: damaged, or of a later release. Each is told of once in ten minutes. */
  unread: number;
  /** Nothing is left that is old enough. */
  isDone: boolean;
}

interface Behind {
  /** Whatever is due up to here cannot be read. */
  key: ChunkKey;
  untilMs: number;
}

/** What is left as it is, per pool, so that it is not read again in every round. */
const leftBehind = new WeakMap<Pool, Behind>();
/** From the start again after this long: a commit may have become visible there late. */
const BEHIND_MAX_MS = 10 * MINUTE;
const START: ChunkKey = { committed_at_ms: -1, writer_id: -1, seq: -1 };

/**
 * Makes blocks of one round's chunks, a minute of commits at most. A chunk with a part that cannot be read stays as a
 * whole until a release that can read it comes, or its time is over. Throws LeaseLostError when fenced off.
 */
export async function compactLogs(pool: Pool, options: LogCompactionOptions): Promise<LogCompactionResult> {
  const known = leftBehind.get(pool);
  const isKnown = known !== undefined && performance.now() < known.untilMs;
  const due = await listDueChunks(
    pool,
    options.nowMs - (options.settleMs ?? SETTLE_MS),
    isKnown ? known.key : START,
  );
  const last = due.at(-1);
  if (last === undefined) return { chunks: 0, blocks: 0, unread: 0, isDone: true };
  const chunks = due.map(readChunk).filter((chunk) => chunk !== null);
  const result = await moveChunks(pool, chunks, options);
  const unread = due.length - chunks.length;
  if (unread === 0 || result === null) return { chunks: 0, blocks: 0, unread: 0, isDone: false, ...result };
  const untilMs = isKnown ? known.untilMs : performance.now() + BEHIND_MAX_MS;
  leftBehind.set(pool, { key: last, untilMs });
  return { ...result, unread, isDone: false };
}

/** null: somebody else was at it; whatever is still there is looked for anew. */
async function moveChunks(
  pool: Pool,
  chunks: readonly ReadChunk[],
  options: LogCompactionOptions,
): Promise<{ chunks: number; blocks: number } | null> {
  if (chunks.length === 0) return { chunks: 0, blocks: 0 };
  const hours = await listLogHours(pool, options.hours);
  const keptSinceMs = (appId: number): number => {
    const own = hours.get(appId) ?? 0;
    return own === 0 ? Number.POSITIVE_INFINITY : options.nowMs - own * HOUR;
  };
  const blocks = blocksOf(chunks, keptSinceMs);
  await ensurePartitionsFor(
    pool,
    'log_blocks',
    blocks.map((block) => block.toMs),
  );
  try {
    await withTransaction(pool, async (client) => {
      if (options.fence !== undefined) await requireLease(client, options.fence);
      await takeChunks(client, chunks);
      for (const block of blocks) await insertBlock(client, block);
      killPoint('logs.compacting');
    });
  } catch (error) {
    if (error instanceof ChunksGoneError) return null;
    throw error;
  }
  return { chunks: chunks.length, blocks: blocks.length };
}

/** Another process took some of the chunks, or erased lines of them: nothing may be written of any. */
class ChunksGoneError extends Error {
  override name = 'ChunksGoneError';
}

/** The oldest chunks behind a place that are due: of one minute, and not too many; in order. */
async function listDueChunks(pool: Pool, beforeMs: number, after: ChunkKey): Promise<ChunkRecord[]> {
  const { rows } = await pool.query<ChunkRecord>(
    `SELECT version, committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, body FROM (
       SELECT c.*, c.xmin::text AS version,
         sum(octet_length(body)) OVER (ORDER BY committed_at_ms, writer_id, seq) - octet_length(body) AS ahead
       FROM log_chunks c
       WHERE committed_at_ms < $1 AND committed_at_ms >= $5 AND (committed_at_ms, writer_id, seq) > ($5, $6, $7)
         AND committed_at_ms < $2 + (
           SELECT min(committed_at_ms) FROM log_chunks
           WHERE committed_at_ms < $1 AND committed_at_ms >= $5
             AND (committed_at_ms, writer_id, seq) > ($5, $6, $7))
       ORDER BY committed_at_ms, writer_id, seq LIMIT $3
     ) AS due WHERE ahead < $4 ORDER BY committed_at_ms, writer_id, seq`,
    [beforeMs, MINUTE, ROUND_CHUNKS, ROUND_BYTES, after.committed_at_ms, after.writer_id, after.seq],
  );
  return rows;
}

/** Deletes the chunks. Throws ChunksGoneError when one of them is not there any more as it was read. */
async function takeChunks(client: Client, chunks: readonly ReadChunk[]): Promise<void> {
  const times = chunks.map((chunk) => chunk.committed_at_ms);
  const { rowCount } = await client.query(
    `DELETE FROM log_chunks c
     USING unnest($1::bigint[], $2::int[], $3::bigint[], $6::text[]) AS d (committed_at_ms, writer_id, seq, version)
     WHERE c.committed_at_ms >= $4 AND c.committed_at_ms <= $5
       AND (c.committed_at_ms, c.writer_id, c.seq) = (d.committed_at_ms, d.writer_id, d.seq)
       AND c.xmin::text = d.version`,
    [
      times,
      chunks.map((chunk) => chunk.writer_id),
      chunks.map((chunk) => chunk.seq),
      Math.min(...times),
      Math.max(...times),
      chunks.map((chunk) => chunk.version),
    ],
  );
  if (rowCount !== chunks.length)
    throw new ChunksGoneError('some of the chunks are not there any more as they were read');
}

/** A row of log_blocks to be. */
export interface NewLogBlock {
  appId: number;
  fromMs: number;
  toMs: number;
  lines: LogLine[];
  counts: LogCount[];
}

async function insertBlock(
  client: Client,
  { appId, fromMs, toMs, lines, counts }: NewLogBlock,
): Promise<void> {
  await client.query(
    `INSERT INTO log_blocks (app_id, from_ms, to_ms, lines, counts, codes, procids, body)
     VALUES ($1, $2, $3, $4, $5::int[], $6::text[], $7::text[], $8)`,
    [
      appId,
      fromMs,
      toMs,
      lines.length,
      writeLogCounts(counts),
      [...new Set(lines.flatMap(({ code }) => (code === null ? [] : [code])))],
      // In a column of text there is no NUL.
      [...new Set(lines.map(({ procid }) => procid.replaceAll('\0', '')))],
      encodeLogBlock(lines),
    ],
  );
}

/** null: some of it cannot be read. */
function readChunk({ app_ids, section_ends, duplicates, body, ...chunk }: ChunkRecord): ReadChunk | null {
  const hidden = new Set(duplicates);
  const place = { writerId: chunk.writer_id, seq: chunk.seq };
  const sections: ReadChunk['sections'] = [];
  for (const [index, end] of section_ends.entries()) {
    const bytes = body.subarray(index === 0 ? 0 : section_ends[index - 1], end);
    const { isUnread, ...section } = readSection(bytes, hidden, place);
    if (isUnread) return null;
    sections.push({ appId: app_ids[index] ?? 0, ...section });
  }
  return { ...chunk, sections };
}

/** Lines of some chunks as blocks; what is older than its app keeps is left out. */
function blocksOf(chunks: readonly ReadChunk[], keptSinceMs: (appId: number) => number): NewLogBlock[] {
  const apps = new Map<number, { lines: LogLine[]; counts: LogCount[] }>();
  for (const { appId, lines, counts } of chunks.flatMap(({ sections }) => sections)) {
    const all = apps.get(appId) ?? { lines: [], counts: [] };
    apps.set(appId, all);
    for (const line of lines) if (line.atMs >= keptSinceMs(appId)) all.lines.push(line);
    for (const count of counts) if (count.bucketS * 1000 >= keptSinceMs(appId)) all.counts.push(count);
  }
  return [...apps].flatMap(([appId, { lines, counts }]) => appBlocks(appId, lines, counts));
}

function appBlocks(appId: number, lines: LogLine[], counts: readonly LogCount[]): NewLogBlock[] {
  const blocks = cutLines(lines.sort(compareLogLines)).map((own) => blockOf(appId, own));
  for (const count of counts) {
    if (count.leftOut === 0) continue;
    addLeftOut(blocks, appId, count);
  }
  return blocks;
}

/** Lines in order of time, cut where a block is large enough. */
function cutLines(lines: readonly LogLine[]): LogLine[][] {
  const blocks: LogLine[][] = [];
  let bytes = 0;
  let startMs = 0;
  for (const line of lines) {
    const size = logLineBytes(line);
    const isFull =
      bytes + size > BLOCK_BYTES ||
      (bytes > SMALL_BYTES && line.atMs >= startMs - (startMs % MINUTE) + MINUTE) ||
      line.atMs >= startMs - (startMs % LONG_MS) + LONG_MS;
    if (blocks.length === 0 || isFull) {
      blocks.push([]);
      bytes = 0;
      startMs = line.atMs;
    }
    blocks.at(-1)?.push(line);
    bytes += size;
  }
  return blocks;
}

function blockOf(appId: number, lines: LogLine[]): NewLogBlock {
  const counts = new Map<string, LogCount>();
  for (const line of lines) addLogCount(counts, line, 1, 0);
  return {
    appId,
    fromMs: lines[0]?.atMs ?? 0,
    toMs: lines.at(-1)?.atMs ?? 0,
    lines,
    counts: [...counts.values()],
  };
}

/** Puts down, with the block of that time, what the rate guard left out; in a block of its own where there is none. */
function addLeftOut(
  blocks: NewLogBlock[],
  appId: number,
  { bucketS, source, level, leftOut }: LogCount,
): void {
  const atMs = bucketS * 1000;
  let block = blocks.find((each) => each.toMs >= atMs) ?? blocks.at(-1);
  if (block === undefined || block.fromMs - atMs > LONG_MS || atMs - block.toMs > LONG_MS) {
    block = { appId, fromMs: atMs, toMs: atMs, lines: [], counts: [] };
    blocks.push(block);
    blocks.sort((a, b) => a.toMs - b.toMs);
  }
  // Whoever asks for a span finds a block by its bounds: they hold what is counted in it.
  block.fromMs = Math.min(block.fromMs, atMs);
  block.toMs = Math.max(block.toMs, atMs);
  const known = block.counts.find(
    (each) => each.bucketS === bucketS && each.source === source && each.level === level,
  );
  if (known !== undefined) known.leftOut += leftOut;
  else block.counts.push({ bucketS, source, level, kept: 0, leftOut });
}
