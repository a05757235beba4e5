/** The oldest lines after a place: windows that grow, each read whole. */
import { compareLogLines, type LogCount, type LogLine, type LogLineKey } from '../../model/log-line.ts';
import { SECOND } from '../../model/time.ts';
import type { LogPosition, LogScan, ReadStore } from './log-pieces.ts';
import { type FoundLogs, type LogStop, placeAt, searchLogs } from './logs.ts';

export interface LogAskAfter extends Omit<LogScan, 'fromMs'> {
  /** Only lines after this place, exclusive. */
  after: LogLineKey;
  limit: number;
}

export interface FoundAfter extends Omit<FoundLogs, 'older'> {
  /** Place to go on from, as `after`; null: the end of the range was reached. */
  newer: LogLineKey | null;
}

const WINDOW_MS = 30 * SECOND;
/** A window with more lines is read in parts. */
const WINDOW_LINES_MAX = 5_000;
const WINDOW_MIN_MS = 50;

/** `reachedMs`: everything from the place up to here was looked at, exclusive. */
export async function searchLogsAfter(read: ReadStore, ask: LogAskAfter): Promise<FoundAfter> {
  const { after, limit, toMs } = ask;
  const totals = { scannedLines: 0, scannedBytes: 0, tookMs: 0, unread: 0 };
  const lines: LogLine[] = [];
  const counts: LogCount[] = [];
  let position: LogPosition | null = null;
  let reachedMs = after.atMs;
  let windowMs = WINDOW_MS;
  let stopped: LogStop = 'end';
  while (reachedMs < toMs && lines.length < limit) {
    const found = await searchLogs(read, {
      ...ask,
      fromMs: reachedMs,
      toMs: Math.min(toMs, reachedMs + windowMs),
      limit: WINDOW_LINES_MAX,
      // A window that was begun is read: only then something is known.
      budget: { timeMs: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
    });
    totals.scannedBytes += found.scannedBytes;
    totals.tookMs += found.tookMs;
    if (found.stopped === 'limit' && windowMs > WINDOW_MIN_MS) {
      windowMs = Math.max(WINDOW_MIN_MS, windowMs / 8);
      continue;
    }
    totals.scannedLines += found.scannedLines;
    totals.unread += found.unread;
    for (const count of found.counts) counts.push(count);
    position = found.position ?? position;
    reachedMs = Math.min(toMs, reachedMs + windowMs);
    lines.push(...found.lines.filter((line) => compareLogLines(line, after) > 0));
    windowMs *= found.lines.length === 0 ? 4 : 1;
    stopped = spent(totals, ask) ?? 'end';
    if (stopped !== 'end') break;
  }
  if (lines.length >= limit) stopped = 'limit';
  if (reachedMs >= toMs && lines.length <= limit) stopped = 'end';
  const shown = lines.slice(0, limit);
  const last = shown.at(-1);
  if (stopped === 'limit' && last) reachedMs = last.atMs;
  const newer = stopped === 'end' ? null : stopped === 'limit' && last ? last : placeAt(reachedMs);
  return { lines: shown, stopped, newer, reachedMs, counts, position, ...totals };
}

function spent(
  { tookMs, scannedBytes }: { tookMs: number; scannedBytes: number },
  { budget }: LogAskAfter,
): LogStop | null {
  if (tookMs >= budget.timeMs) return 'time';
  return scannedBytes >= budget.bytes ? 'bytes' : null;
}
