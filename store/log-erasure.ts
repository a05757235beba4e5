/**
 * Erasure of single lines by what is in them (SEC-49): a name, an address, a number that redaction could not know.
 * Commits and blocks are written anew without them, one a statement; interruptible at any of them, and safe to run again.
 * Commits stay where they are until their time comes: whoever follows a live log reads them there.
 */

import { ERASED_TEXT_MIN } from '../model/erased-text.ts';
import { decodeLogBlock, encodeLogBlock, LogBlockError } from '../model/log-block.ts';
import type { LogCount, LogLine } from '../model/log-line.ts';
import { insertAudit } from './audit.ts';
import { eraseFromLogChunks, type LogErased } from './log-chunk-erasure.ts';
import { addLogCount, readLogCounts, writeLogCounts } from './log-counts.ts';
import type { Pool } from './pool.ts';

export interface LogErasureOptions {
  app: { id: number; name: string };
  /** Lines with this text anywhere in them, in upper or lower case. */
  text: string;
  nowMs: number;
  /** Who asked for it. */
  actor: string;
  signal?: AbortSignal | undefined;
}

/** Read at once: bodies are some ten kilobytes. */
const BATCH = 50;

interface BlockRecord {
  id: number;
  to_ms: number;
  counts: number[];
  body: Buffer;
}

/**
 * Erases an app's lines with a text, and puts on record that it was done, without the text; gives how many lines, and of
 * how many blocks and commits. Lines that are still on their way come after it: run it again a minute later. Throws
 * RangeError for a text that is too short.
 */
export async function eraseLogLines(
  pool: Pool,
  { app, text, nowMs, actor, signal }: LogErasureOptions,
): Promise<LogErased> {
  const needle = text.toLowerCase();
  if (needle.trim().length < ERASED_TEXT_MIN) {
    throw new RangeError(`a text to erase has ${ERASED_TEXT_MIN} characters at least`);
  }
  const fits = (line: ErasedParts) => hasText(line, needle);
  // Commits first: one that becomes a block meanwhile is a block by the time those are looked at.
  const erased = await eraseFromLogChunks(pool, { appId: app.id, fits, signal });
  let after = { to_ms: -1, id: -1 };
  for (;;) {
    if (signal?.aborted === true) break;
    const { rows } = await pool.query<BlockRecord>(
      `SELECT id, to_ms, counts, body FROM log_blocks
       WHERE app_id = $1 AND to_ms >= $2 AND (to_ms, id) > ($2, $3) AND lines > 0 ORDER BY to_ms, id LIMIT $4`,
      [app.id, after.to_ms, after.id, BATCH],
    );
    for (const block of rows) {
      const lines = await eraseFrom(pool, app.id, block, fits);
      erased.lines += lines;
      if (lines > 0) erased.blocks++;
    }
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last;
  }
  await insertAudit(pool, {
    atMs: nowMs,
    actor,
    action: 'logs.erase',
    subject: app.name,
    address: '',
    after: { ...erased },
  });
  return erased;
}

/** Writes a block anew without the lines that have the text; how many those were. */
async function eraseFrom(
  pool: Pool,
  appId: number,
  block: BlockRecord,
  fits: (line: ErasedParts) => boolean,
): Promise<number> {
  const lines = linesOrNone(block.body);
  const kept = lines.filter((line) => !fits(line));
  if (kept.length === lines.length) return 0;
  await pool.query(
    `UPDATE log_blocks SET lines = $4, counts = $5::int[], codes = $6::text[], procids = $7::text[], body = $8
     WHERE app_id = $1 AND to_ms = $2 AND id = $3`,
    [
      appId,
      block.to_ms,
      block.id,
      kept.length,
      writeLogCounts(countsOf(kept, readLogCounts(block.counts))),
      [...new Set(kept.flatMap(({ code }) => (code === null ? [] : [code])))],
      [...new Set(kept.map(({ procid }) => procid.replaceAll('\0', '')))],
      encodeLogBlock(kept),
    ],
  );
  return lines.length - kept.length;
}

type ErasedParts = Pick<LogLine, 'text' | 'requestId' | 'procid'>;

function hasText({ text, requestId, procid }: ErasedParts, needle: string): boolean {
  return [text, requestId ?? '', procid].some((part) => part.toLowerCase().includes(needle));
}

/** Counts of the lines that stay, and of what the rate guard had left out before. */
function countsOf(lines: readonly LogLine[], before: readonly LogCount[]): LogCount[] {
  const counts = new Map<string, LogCount>();
  for (const line of lines) addLogCount(counts, line, 1, 0);
  for (const { bucketS, leftOut, ...rest } of before) {
    if (leftOut > 0) addLogCount(counts, { ...rest, atMs: bucketS * 1000 }, 0, leftOut);
  }
  return [...counts.values()];
}

/** A damaged block shows nobody anything: it goes with its time. */
function linesOrNone(body: Buffer): LogLine[] {
  try {
    return decodeLogBlock(body);
  } catch (error) {
    if (!(error instanceof LogBlockError)) throw error;
    return [];
  }
}
