/** Lines of logs put straight into the tables, as a group commit and as the worker's compaction leave them. */
import { encodeLogBlock, encodeLogSection } from '../model/log-block.ts';
import { compareLogLines, type LogCount, type LogLine } from '../model/log-line.ts';
import { addLogCount, writeLogCounts } from '../store/log-counts.ts';
import { ensurePartitionsForRange } from '../store/partitions.ts';
import type { Pool } from '../store/pool.ts';

/** A line with its place; what is not said is a quiet line of web.1. */
export function logLine(line: Partial<LogLine> & { atMs: number }): LogLine {
  return {
    writerId: 1,
    seq: 1,
    index: 0,
    source: 'app',
    procid: 'web.1',
    level: null,
    code: null,
    status: null,
    requestId: null,
    text: 'a line',
    ...line,
  };
}

/** A chunk row of one app; lines must say its writer and seq, and their index must be their place. */
export async function storeLogChunk(
  pool: Pool,
  chunk: { appId: number; writerId: number; seq: number; committedAtMs: number; lines: readonly LogLine[] },
): Promise<void> {
  const { appId, writerId, seq, committedAtMs, lines } = chunk;
  await ensurePartitionsForRange(pool, 'log_chunks', committedAtMs, committedAtMs + 1);
  const body = encodeLogSection({ appId, lines: lines.map((line) => ({ ...line, frame: 0 })), leftOut: [] });
  await pool.query(
    `INSERT INTO log_chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, lines, body)
     VALUES ($1, $2, $3, $4, $5, '{}', $6, $7)`,
    [committedAtMs, writerId, seq, [appId], [body.length], lines.length, body],
  );
}

/** A block of these lines, and of what was left out beside them. */
export async function storeLogBlock(
  pool: Pool,
  appId: number,
  lines: readonly LogLine[],
  leftOut: readonly LogCount[] = [],
): Promise<void> {
  const sorted = lines.toSorted(compareLogLines);
  const [fromMs = 0, toMs = 0] = [sorted[0]?.atMs, sorted.at(-1)?.atMs];
  await ensurePartitionsForRange(pool, 'log_blocks', toMs, toMs + 1);
  const counts = new Map<string, LogCount>();
  for (const line of sorted) addLogCount(counts, line, 1, 0);
  for (const { bucketS, source, level, leftOut: count } of leftOut) {
    addLogCount(counts, { atMs: bucketS * 1000, source, level }, 0, count);
  }
  await pool.query(
    `INSERT INTO log_blocks (app_id, from_ms, to_ms, lines, counts, codes, procids, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      appId,
      fromMs,
      toMs,
      sorted.length,
      writeLogCounts([...counts.values()]),
      [...new Set(sorted.flatMap(({ code }) => code ?? []))],
      [...new Set(sorted.map(({ procid }) => procid))],
      encodeLogBlock(sorted),
    ],
  );
}
