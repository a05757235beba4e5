/**
 * Lines as they were committed with their frames (table log_chunks), until the worker makes blocks of them some minutes
 * later (store/log-compaction.ts). One row a group commit, a section an app.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { decodeLogSection, LogBlockError, type LogSection } from '../model/log-block.ts';
import type { LogCount, LogLine } from '../model/log-line.ts';
import { SECTION_BYTES } from './chunk-sections.ts';
import { addLogCount } from './log-counts.ts';
import type { Queryable } from './pool.ts';

/** One app's lines of one group commit, frames that were counted before left out. */
export interface LogChunk {
  committedAtMs: number;
  writerId: number;
  /** Of the chunk; those of one writer become visible in this order. */
  seq: number;
  /** In order of arrival. */
  lines: LogLine[];
  counts: LogCount[];
  /** Damaged, or written by a later release: what it holds is not known here. */
  isUnread: boolean;
}

export interface LogChunkRange {
  appId: number;
  /** Commit times: lines in them may be older, by as long as they were on their way. */
  fromMs: number;
  /** Exclusive; left out: up to now. */
  toMs?: number;
  /** Chunks known already: the last `seq` by writer. What follows a live log asks with these and a minute back. */
  after?: ReadonlyMap<number, number>;
  limit: number;
}

/** Where a part of an app's chunks ended. */
export interface LogChunkPlace {
  committedAtMs: number;
  writerId: number;
  seq: number;
}

export interface NewestLogChunks {
  appId: number;
  /** Commit times. */
  fromMs: number;
  /** Exclusive; null: up to now and beyond, by clocks that are ahead. */
  toMs: number | null;
  /** Only chunks before this one, instead of `toMs`. */
  before: LogChunkPlace | null;
  limit: number;
  /** Of sections as they are stored; the newest chunk comes whatever it takes. */
  bytesMax: number;
}

interface ChunkKeyRecord {
  committed_at_ms: number;
  writer_id: number;
  seq: number;
}

/** What one writer's chunk row says of one app. */
interface ChunkRecord extends ChunkKeyRecord {
  duplicates: number[];
  section: Buffer;
}

/** An app's chunks that are not in blocks yet, oldest commit first. Of what cannot be read it says so. */
export async function readLogChunks(db: Queryable, range: LogChunkRange): Promise<LogChunk[]> {
  const after = [...(range.after ?? [])];
  const { rows } = await db.query<ChunkRecord>(
    `SELECT committed_at_ms, writer_id, seq, duplicates,
       ${SECTION_BYTES} AS section
     FROM (
       SELECT *, array_position(app_ids, $1) AS i FROM log_chunks c
       WHERE committed_at_ms >= $2 AND committed_at_ms < $3 AND app_ids @> ARRAY[$1::int]
         AND NOT EXISTS (
           SELECT FROM unnest($4::int[], $5::bigint[]) AS known (writer_id, seq)
           WHERE known.writer_id = c.writer_id AND known.seq >= c.seq)
       ORDER BY committed_at_ms, writer_id, seq LIMIT $6
     ) AS found`,
    [
      range.appId,
      range.fromMs,
      range.toMs ?? Number.MAX_SAFE_INTEGER,
      after.map(([writerId]) => writerId),
      after.map(([, seq]) => seq),
      range.limit,
    ],
  );
  return readRecords(rows);
}

/** An app's newest chunks of a span, oldest commit first; `isCut`: there are more of them before these. */
export async function readNewestLogChunks(
  db: Queryable,
  { appId, fromMs, toMs, before, limit, bytesMax }: NewestLogChunks,
): Promise<{ chunks: LogChunk[]; bytes: number; isCut: boolean }> {
  const { rows } = await db.query<ChunkRecord & { found: number }>(
    `SELECT committed_at_ms, writer_id, seq, duplicates, found, substring(body FROM start + 1 FOR length) AS section
     FROM (
       SELECT *, count(*) OVER () AS found,
         sum(length) OVER (ORDER BY committed_at_ms DESC, writer_id DESC, seq DESC) - length AS ahead
       FROM (
         SELECT committed_at_ms, writer_id, seq, duplicates, body, coalesce(section_ends[i - 1], 0) AS start,
           section_ends[i] - coalesce(section_ends[i - 1], 0) AS length
         FROM (
           SELECT *, array_position(app_ids, $1) AS i FROM log_chunks
           WHERE committed_at_ms >= $2 AND committed_at_ms <= $3
             AND (committed_at_ms, writer_id, seq) < ($3, $4, $5) AND app_ids @> ARRAY[$1::int]
           ORDER BY committed_at_ms DESC, writer_id DESC, seq DESC LIMIT $6
         ) AS newest
       ) AS sized
     ) AS summed WHERE ahead < $7`,
    [appId, fromMs, ...placeOf(before, toMs), limit, bytesMax],
  );
  const bytes = rows.reduce((sum, { section }) => sum + section.length, 0);
  const found = rows[0]?.found ?? 0;
  return { chunks: await readRecords(rows), bytes, isCut: found === limit || rows.length < found };
}

/** How much of an app there is before a place, without reading it: bytes of sections, and the first and last commit. */
export async function readLogChunkBytes(
  db: Queryable,
  { appId, fromMs, toMs, before }: Pick<NewestLogChunks, 'appId' | 'fromMs' | 'toMs' | 'before'>,
): Promise<{ bytes: number; fromMs: number; toMs: number } | null> {
  const { rows } = await db.query<{ bytes: number; from_ms: number; to_ms: number } | { bytes: null }>(
    `SELECT sum(section_ends[i] - coalesce(section_ends[i - 1], 0))::bigint AS bytes,
       min(committed_at_ms) AS from_ms, max(committed_at_ms) AS to_ms
     FROM (
       SELECT *, array_position(app_ids, $1) AS i FROM log_chunks
       WHERE committed_at_ms >= $2 AND committed_at_ms <= $3
         AND (committed_at_ms, writer_id, seq) < ($3, $4, $5) AND app_ids @> ARRAY[$1::int]
     ) AS unread`,
    [appId, fromMs, ...placeOf(before, toMs)],
  );
  const [sums] = rows;
  return sums === undefined || sums.bytes === null
    ? null
    : { bytes: sums.bytes, fromMs: sums.from_ms, toMs: sums.to_ms };
}

/** What is asked for is before this, as time, writer and seq. */
function placeOf(before: LogChunkPlace | null, toMs: number | null): [number, number, number] {
  if (before !== null) return [before.committedAtMs, before.writerId, before.seq];
  return [toMs ?? Number.MAX_SAFE_INTEGER, 0, 0];
}

/** Lines between two turns: frames are taken in by the same thread. */
const LINES_A_TURN = 2_000;

async function readRecords(rows: readonly ChunkRecord[]): Promise<LogChunk[]> {
  const chunks: LogChunk[] = [];
  let lines = 0;
  for (const { section, duplicates, ...row } of rows) {
    const place = { committedAtMs: row.committed_at_ms, writerId: row.writer_id, seq: row.seq };
    const chunk = { ...place, ...readSection(section, new Set(duplicates), place) };
    chunks.push(chunk);
    lines += chunk.lines.length;
    if (lines < LINES_A_TURN) continue;
    lines = 0;
    await turn();
  }
  return chunks.sort((a, b) => a.committedAtMs - b.committedAtMs || a.writerId - b.writerId || a.seq - b.seq);
}

/** A section's lines and counts; without what its frames' twins brought before. None of what cannot be read. */
export function readSection(
  bytes: Uint8Array,
  duplicates: ReadonlySet<number>,
  place: { writerId: number; seq: number },
): Pick<LogChunk, 'lines' | 'counts' | 'isUnread'> {
  const section = decodeOrNull(bytes);
  if (section === null) return { lines: [], counts: [], isUnread: true };
  const counts = new Map<string, LogCount>();
  const lines: LogLine[] = [];
  for (const [index, { frame, ...line }] of section.lines.entries()) {
    if (duplicates.has(frame)) continue;
    lines.push({ ...line, writerId: place.writerId, seq: place.seq, index });
    addLogCount(counts, line, 1, 0);
  }
  for (const { frame, bucketS, source, level, count } of section.leftOut) {
    if (!duplicates.has(frame)) addLogCount(counts, { atMs: bucketS * 1000, source, level }, 0, count);
  }
  return { lines, counts: [...counts.values()], isUnread: false };
}

function decodeOrNull(bytes: Uint8Array): LogSection | null {
  try {
    return decodeLogSection(bytes);
  } catch (error) {
    if (!(error instanceof LogBlockError)) throw error;
    return null;
  }
}
