/**
 * The frame ledger and the durable log (tables frames, chunks): one statement commits a group of frames.
 */
import { createHash } from 'node:crypto';
import { SECTION_BYTES } from './chunk-sections.ts';
import type { Queryable } from './pool.ts';
import { DATABASE_NOW_MS } from './writers.ts';

/** Width of a slot of the frame ledger. */
export const FRAME_SLOT_S = 7200;
/**
 * A frame this close to a slot's edge is entered on both sides. More than a statement can last plus what two
 * processes' ideas of the database's clock can differ by.
 */
const SLOT_EDGE_S = 120;

export interface ChunkInput {
  writerId: number;
  epoch: number;
  /** One more than the writer's last. */
  seq: number;
  committedAtMs: number;
  /** How long frame ids are remembered, hours. */
  frameMemoryHours: number;
  appIds: number[];
  sectionEnds: number[];
  messages: number;
  body: Buffer;
  /** Drain of each frame with an identity, and its identity (16 bytes each), by position in the chunk. */
  frames: { position: number; drainId: number; frameId: Buffer }[];
  /** Positions known beforehand to have been counted. */
  knownDuplicates: number[];
  /** Lines of the same frames (table log_chunks); null without. */
  logs: LogChunkInput | null;
}

/** Sections of lines, one an app (model/log-block.ts). */
export interface LogChunkInput {
  appIds: number[];
  sectionEnds: number[];
  lines: number;
  body: Buffer;
}

export type ChunkOutcome =
  | { kind: 'committed'; duplicates: number[]; databaseNowMs: number }
  /** No such row: taken over, closed, or this seq is there already (an earlier try got through). */
  | { kind: 'refused' };

/** Slots a frame received now is entered in: two near an edge, so that twins on two processes meet. */
export function frameSlots(databaseNowMs: number): number[] {
  const slotOf = (s: number): number => Math.floor(s / FRAME_SLOT_S) * FRAME_SLOT_S;
  const nowS = Math.floor(databaseNowMs / 1000);
  return [...new Set([slotOf(nowS - SLOT_EDGE_S), slotOf(nowS + SLOT_EDGE_S)])];
}

/**
 * Older slots are looked through for each frame on its own: LIMIT keeps the planner from making a join of it, which
 * over a slot that was never analysed is a scan of every frame in it, once a commit. The slots being entered need no
 * look-up: there the unique index tells.
 */
const ENTER = `WITH writer AS (
  UPDATE writers SET seq = $3, seen_at = clock_timestamp()
  WHERE id = $1 AND epoch = $2 AND seq = $3 - 1 AND closed_at IS NULL
  RETURNING id
), incoming AS (
  SELECT f.position, f.drain_id, substring($6::bytea FROM (f.n::int - 1) * 16 + 1 FOR 16) AS frame_id
  FROM unnest($4::int[], $5::int[]) WITH ORDINALITY AS f (position, drain_id, n)
), unknown AS (
  SELECT i.position, i.drain_id, i.frame_id FROM incoming i
  WHERE (
    SELECT true FROM frames k
    WHERE k.slot_s >= $8 AND k.slot_s < $9 AND k.drain_id = i.drain_id AND k.frame_id = i.frame_id LIMIT 1
  ) IS NULL
), entered AS (
  INSERT INTO frames (slot_s, drain_id, frame_id)
  SELECT s.slot_s, u.drain_id, u.frame_id
  FROM writer, unknown u, unnest($7::int[]) AS s (slot_s)
  ORDER BY u.drain_id, u.frame_id, s.slot_s
  ON CONFLICT DO NOTHING
  RETURNING drain_id, frame_id
), fresh AS (
  SELECT drain_id, frame_id FROM entered GROUP BY drain_id, frame_id HAVING count(*) = cardinality($7::int[])
)`;

const INSERT_CHUNK = `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
SELECT $10, writer.id, $3, $11::int[], $12::int[],
  $13::int[] || ARRAY(
    SELECT i.position FROM incoming i
    WHERE NOT EXISTS (SELECT FROM fresh n WHERE n.drain_id = i.drain_id AND n.frame_id = i.frame_id)
    ORDER BY i.position
  ),
  $14, $15
FROM writer
RETURNING duplicates, ${DATABASE_NOW_MS} AS now_ms`;

const COMMIT = `${ENTER}
${INSERT_CHUNK}`;

/** The same with lines of logs: both rows or none, and the same frames left out of both. */
const COMMIT_WITH_LOGS = `${ENTER}, chunk AS (${INSERT_CHUNK}
), logged AS (
  INSERT INTO log_chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, lines, body)
  SELECT $10, $1, $3, $16::int[], $17::int[], chunk.duplicates, $18, $19 FROM chunk
)
SELECT duplicates, now_ms FROM chunk`;

/**
 * Commits a chunk with its ledger rows, whole or not at all. Frames whose identity is known (from before, or from a
 * twin that commits at this moment) come back as duplicates and are left out by every reader of the chunk. Throws
 * what the database throws; 23514 means that a partition is missing.
 */
export async function commitChunk(db: Queryable, input: ChunkInput): Promise<ChunkOutcome> {
  // Keys are entered in one order everywhere, so that two writers with the same frames cannot lock each other out.
  const frames = input.frames;
  const slots = frameSlots(input.committedAtMs);
  const oldestSlotS =
    Math.min(...slots) - Math.ceil((input.frameMemoryHours * 3600) / FRAME_SLOT_S) * FRAME_SLOT_S;
  const { logs } = input;
  const statement = logs === null ? COMMIT : COMMIT_WITH_LOGS;
  const { rows } = await db.query<{ duplicates: number[]; now_ms: number }>(statement, [
    input.writerId,
    input.epoch,
    input.seq,
    // As text: the driver quotes every element of an array, which costs a small frame more than the rest of its row.
    `{${frames.map((frame) => frame.position).join()}}`,
    `{${frames.map((frame) => frame.drainId).join()}}`,
    Buffer.concat(frames.map((frame) => frame.frameId)),
    slots,
    oldestSlotS,
    Math.min(...slots),
    input.committedAtMs,
    input.appIds,
    input.sectionEnds,
    input.knownDuplicates,
    input.messages,
    input.body,
    ...(logs === null ? [] : [logs.appIds, logs.sectionEnds, logs.lines, logs.body]),
  ]);
  const row = rows[0];
  if (row === undefined) return { kind: 'refused' };
  return { kind: 'committed', duplicates: row.duplicates, databaseNowMs: row.now_ms };
}

export interface ChunkRow {
  seq: number;
  committedAtMs: number;
  appIds: number[];
  sectionEnds: number[];
  duplicates: number[];
  messages: number;
  body: Buffer;
}

interface ChunkRecord {
  seq: number;
  committed_at_ms: number;
  app_ids: number[];
  section_ends: number[];
  duplicates: number[];
  messages: number;
  body: Buffer;
}

const CHUNK_COLUMNS = 'seq, committed_at_ms, app_ids, section_ends, duplicates, messages, body';

function toChunk(record: ChunkRecord): ChunkRow {
  return {
    seq: record.seq,
    committedAtMs: record.committed_at_ms,
    appIds: record.app_ids,
    sectionEnds: record.section_ends,
    duplicates: record.duplicates,
    messages: record.messages,
    body: record.body,
  };
}

/** A writer's chunks with seq > afterSeq, in order, committed at or after sinceMs (less some slack for clocks). */
export async function listChunksBehind(
  db: Queryable,
  writerId: number,
  afterSeq: number,
  sinceMs: number,
  limit: number,
): Promise<ChunkRow[]> {
  const { rows } = await db.query<ChunkRecord>(
    `SELECT ${CHUNK_COLUMNS} FROM chunks
     WHERE writer_id = $1 AND seq > $2 AND committed_at_ms >= $3 ORDER BY seq LIMIT $4`,
    [writerId, afterSeq, sinceMs, limit],
  );
  return rows.map(toChunk);
}

/**
 * Duplicates and time of the very chunk that a commit of unknown outcome would have made; null when there is none, or
 * another one by that number: a frame that is not in it must not pass for committed.
 */
export async function readStoredChunk(
  db: Queryable,
  { writerId, seq, body }: Pick<ChunkInput, 'writerId' | 'seq' | 'body'>,
): Promise<{ duplicates: number[]; committedAtMs: number } | null> {
  const { rows } = await db.query<{ duplicates: number[]; committed_at_ms: number }>(
    `SELECT duplicates, committed_at_ms FROM chunks WHERE writer_id = $1 AND seq = $2 AND sha256(body) = $3`,
    [writerId, seq, createHash('sha256').update(body).digest()],
  );
  const row = rows[0];
  return row === undefined ? null : { duplicates: row.duplicates, committedAtMs: row.committed_at_ms };
}

/** An app's sections of the durable log in a span of commit times, newest chunk first, body cut to the section. */
export async function listAppSections(
  db: Queryable,
  appId: number,
  fromMs: number,
  toMs: number,
  limit: number,
): Promise<{ committedAtMs: number; duplicates: number[]; section: Buffer }[]> {
  const { rows } = await db.query<{ committed_at_ms: number; duplicates: number[]; section: Buffer }>(
    `SELECT committed_at_ms, duplicates,
       ${SECTION_BYTES} AS section
     FROM (
       SELECT *, array_position(app_ids, $1) AS i FROM chunks
       WHERE committed_at_ms >= $2 AND committed_at_ms < $3 AND app_ids @> ARRAY[$1::int]
       ORDER BY committed_at_ms DESC LIMIT $4
     ) AS c`,
    [appId, fromMs, toMs, limit],
  );
  return rows.map((row) => ({
    committedAtMs: row.committed_at_ms,
    duplicates: row.duplicates,
    section: row.section,
  }));
}

/**
 * An app's sections in a span of commit times, oldest first, and the time up to which all of them are among these: `toMs`,
 * or earlier where the limit cut them off.
 */
export async function listAppSectionsFrom(
  db: Queryable,
  appId: number,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  limit: number,
): Promise<{
  sections: { committedAtMs: number; duplicates: number[]; section: Buffer }[];
  throughMs: number;
}> {
  const { rows } = await db.query<{ committed_at_ms: number; duplicates: number[]; section: Buffer }>(
    `SELECT committed_at_ms, duplicates,
       ${SECTION_BYTES} AS section
     FROM (
       SELECT *, array_position(app_ids, $1) AS i FROM chunks
       WHERE committed_at_ms >= $2 AND committed_at_ms < $3 AND app_ids @> ARRAY[$1::int]
       ORDER BY committed_at_ms FETCH FIRST $4 ROWS WITH TIES
     ) AS c ORDER BY committed_at_ms`,
    [appId, fromMs, toMs, limit],
  );
  const last = rows.at(-1);
  return {
    sections: rows.map((row) => ({
      committedAtMs: row.committed_at_ms,
      duplicates: row.duplicates,
      section: row.section,
    })),
    throughMs: last === undefined || rows.length < limit ? toMs : last.committed_at_ms + 1,
  };
}
