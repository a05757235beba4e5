/** Lines of an app's log that fit a filter: the newest before a place, or the oldest after one. */
import { compareLogLines, type LogCount, type LogLine, type LogLineKey } from '../../model/log-line.ts';
import { type LogPosition, type LogScan, LogScanner, type ReadStore } from './log-pieces.ts';

export interface LogAsk extends LogScan {
  /** Only lines before this place, exclusive. */
  before?: LogLineKey | null | undefined;
  limit: number;
}

export type LogStop = 'end' | 'limit' | 'time' | 'bytes';

export interface FoundLogs {
  /** Oldest first, at most `limit`. */
  lines: LogLine[];
  stopped: LogStop;
  /** Place to search on from, as `before`; null: there is nothing more. */
  older: LogLineKey | null;
  /** Everything from here to the end of what was asked for was looked at. */
  reachedMs: number;
  scannedLines: number;
  scannedBytes: number;
  tookMs: number;
  /** Commits and blocks of the range that could not be read: what is in them is not known. */
  unread: number;
  /** Of the pieces that were looked at, whether they fit the filter or not. */
  counts: LogCount[];
  position: LogPosition | null;
}

/**
 * The newest lines that fit. Ends at the limit, at the end of the range, or when its budget is used up and it knows more
 * than it did: asked on with `older` it comes to the end.
 */
export async function searchLogs(read: ReadStore, ask: LogAsk): Promise<FoundLogs> {
  const { before, limit, fromMs } = ask;
  const toMs = before ? Math.min(ask.toMs, before.atMs + 1) : ask.toMs;
  const scanner = new LogScanner(read, { ...ask, toMs });
  let found: LogLine[] = [];
  const counts: LogCount[] = [];
  let boundMs = toMs;
  let stopped: LogStop = 'end';
  for await (const piece of scanner.pieces()) {
    for (const line of piece.lines) if (!before || compareLogLines(line, before) < 0) found.push(line);
    for (const count of piece.counts) counts.push(count);
    if (found.length > 2 * limit + LINES_MORE) found = newestOf(found, limit);
    boundMs = piece.boundMs;
    if (found.length >= limit && countLater(found, boundMs) >= limit) {
      stopped = 'limit';
      break;
    }
    // Not before it got anywhere: a search that is asked on must come to its end.
    if (scanner.spent !== null && boundMs < toMs - 2 && boundMs !== Number.NEGATIVE_INFINITY) {
      stopped = scanner.spent;
      break;
    }
  }
  const isWhole = stopped === 'end';
  const known = found.filter((line) => isWhole || line.atMs > boundMs).sort(compareLogLines);
  const lines = known.slice(Math.max(0, known.length - limit));
  const [oldest] = lines;
  if (known.length > limit) stopped = 'limit';
  const { scannedLines, scannedBytes, tookMs, unread, position } = scanner;
  return {
    lines,
    stopped,
    older: stopped === 'end' ? null : stopped === 'limit' && oldest ? placeOf(oldest) : placeAt(boundMs + 1),
    reachedMs: stopped === 'end' ? fromMs : stopped === 'limit' && oldest ? oldest.atMs : boundMs + 1,
    scannedLines,
    scannedBytes,
    tookMs,
    unread,
    counts,
    position,
  };
}

/** So many are held beside those that are asked for before they are sorted out. */
const LINES_MORE = 2_000;

/** Older ones are never told; one more than is asked for says that there are more. */
function newestOf(lines: LogLine[], limit: number): LogLine[] {
  return lines.sort(compareLogLines).slice(-(limit + 1));
}

function countLater(lines: readonly LogLine[], ms: number): number {
  return lines.reduce((count, line) => (line.atMs > ms ? count + 1 : count), 0);
}

function placeOf({ atMs, writerId, seq, index }: LogLineKey): LogLineKey {
  return { atMs, writerId, seq, index };
}

/** Before every line of this moment and after every earlier one: writers are numbered from 1. */
export function placeAt(atMs: number): LogLineKey {
  return { atMs, writerId: 0, seq: 0, index: 0 };
}
