/**
 * Erasure of lines in the commits they came with (table log_chunks). What is erased keeps its place, emptied, as a line of
 * a frame that was delivered before: every reader leaves those out, and what follows a log misses none of the others.
 */
import { decodeLogSection, encodeLogSection, LogBlockError, type NewLogLine } from '../model/log-block.ts';
import { findSection, replaceSection, SECTION_BYTES, type SectionedBody } from './chunk-sections.ts';
import { type Client, type Pool, withTransaction } from './pool.ts';

export interface LogErased {
  lines: number;
  /** Blocks and commits that were written anew. */
  blocks: number;
}

export interface ChunkErasureOptions {
  appId: number;
  fits: (line: Pick<NewLogLine, 'text' | 'requestId' | 'procid'>) => boolean;
  signal?: AbortSignal | undefined;
}

/** Read at once: sections are some kilobytes. */
const BATCH = 50;
/** Beyond every position of a frame: the frame of lines that are erased. */
const ERASED_FRAME = 2_147_483_647;

interface ChunkKey {
  committed_at_ms: number;
  writer_id: number;
  seq: number;
}

interface ChunkRecord extends SectionedBody {
  duplicates: number[];
}

/** Erases an app's lines from every commit there is when it begins, oldest first. */
export async function eraseFromLogChunks(
  pool: Pool,
  { appId, fits, signal }: ChunkErasureOptions,
): Promise<LogErased> {
  const erased: LogErased = { lines: 0, blocks: 0 };
  const { rows: ends } = await pool.query<{ to_ms: number | null }>(
    'SELECT max(committed_at_ms) AS to_ms FROM log_chunks',
  );
  const toMs = ends[0]?.to_ms ?? -1;
  let after: ChunkKey = { committed_at_ms: -1, writer_id: -1, seq: -1 };
  while (signal?.aborted !== true) {
    const chunks = await listSections(pool, appId, after, toMs);
    for (const { section, ...key } of chunks) {
      if (!linesOf(section).some(fits)) continue;
      const lines = await withTransaction(pool, (client) => rewrite(client, { appId, key, fits }));
      erased.lines += lines;
      if (lines > 0) erased.blocks++;
    }
    const last = chunks.at(-1);
    if (last === undefined) break;
    after = last;
  }
  return erased;
}

interface SectionRecord extends ChunkKey {
  section: Buffer;
}

async function listSections(
  pool: Pool,
  appId: number,
  after: ChunkKey,
  toMs: number,
): Promise<SectionRecord[]> {
  const { rows } = await pool.query<SectionRecord>(
    `SELECT committed_at_ms, writer_id, seq,
       ${SECTION_BYTES} AS section
     FROM (
       SELECT *, array_position(app_ids, $1) AS i FROM log_chunks
       WHERE committed_at_ms >= $2 AND committed_at_ms <= $5
         AND (committed_at_ms, writer_id, seq) > ($2, $3, $4) AND app_ids @> ARRAY[$1::int]
       ORDER BY committed_at_ms, writer_id, seq LIMIT $6
     ) AS found ORDER BY committed_at_ms, writer_id, seq`,
    [appId, after.committed_at_ms, after.writer_id, after.seq, toMs, BATCH],
  );
  return rows;
}

/** Writes a commit anew; how many lines are erased that were to be seen: none when it is in blocks by now. */
async function rewrite(
  client: Client,
  { appId, key, fits }: Pick<ChunkErasureOptions, 'appId' | 'fits'> & { key: ChunkKey },
): Promise<number> {
  const place = [key.committed_at_ms, key.writer_id, key.seq];
  const { rows } = await client.query<ChunkRecord>(
    `SELECT app_ids, section_ends, duplicates, body FROM log_chunks
     WHERE committed_at_ms = $1 AND writer_id = $2 AND seq = $3 FOR UPDATE`,
    place,
  );
  const chunk = rows[0];
  const found = chunk === undefined ? null : findSection(chunk, appId);
  if (chunk === undefined || found === null) return 0;
  const { lines, leftOut } = decodeLogSection(chunk.body.subarray(found.start, found.end));
  const hidden = new Set(chunk.duplicates);
  const left = lines.map((line) => (fits(line) ? emptied(line, hidden) : line));
  const { body, section_ends } = replaceSection(
    chunk,
    found,
    encodeLogSection({ appId, lines: left, leftOut }),
  );
  await client.query(
    `UPDATE log_chunks SET body = $4, section_ends = $5::int[], duplicates = $6::int[]
     WHERE committed_at_ms = $1 AND writer_id = $2 AND seq = $3`,
    [...place, body, section_ends, [...hidden.add(ERASED_FRAME)]],
  );
  return lines.filter((line) => fits(line) && !chunk.duplicates.includes(line.frame)).length;
}

/** What stays of an erased line: its place. */
function emptied({ frame, atMs, source, level }: NewLogLine, hidden: ReadonlySet<number>): NewLogLine {
  return {
    frame: hidden.has(frame) ? frame : ERASED_FRAME,
    ...{ atMs, source, level, procid: '', code: null, status: null, requestId: null, text: '' },
  };
}

/** What cannot be read shows nobody anything here: it goes with its time. */
function linesOf(section: Buffer): readonly NewLogLine[] {
  try {
    return decodeLogSection(section).lines;
  } catch (error) {
    if (!(error instanceof LogBlockError)) throw error;
    return [];
  }
}
