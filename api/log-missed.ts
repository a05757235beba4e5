/** What a reader of a live log missed while it was away. */
import { compileLogFilter, type LogFilter } from '../model/log-filter.ts';
import { compareLogLines, type LogLine, type LogLineKey } from '../model/log-line.ts';
import { MINUTE } from '../model/time.ts';
import { type LogChunk, readLogChunks } from '../store/log-chunks.ts';
import type { LogPosition, ReadStore } from '../store/reads/log-pieces.ts';
import { searchLogs } from '../store/reads/logs.ts';
import type { LogTailSkipped } from './contract/logs.ts';
import type { LogCursor } from './log-cursor.ts';
import { THREAD_LOST_MS } from './log-follower.ts';

const LINES_MAX = 500;
const CHUNKS_MAX = 2_000;
const BUDGET = { timeMs: 1_000, bytes: 64 * 1024 * 1024 };

export interface Missed {
  /** Oldest first, at most 500. */
  lines: LogLine[];
  /** What was missed before these lines; null: nothing. */
  skipped: LogTailSkipped | null;
  position: LogPosition;
}

export interface MissedAsk {
  appId: number;
  filter: LogFilter;
  cursor: LogCursor;
  /** What comes behind this is told by the follower. */
  until: LogPosition;
  nowMs: number;
}

/** By commits while those are not in blocks yet, which is exact; otherwise by the time of lines. */
export async function readMissed(read: ReadStore, ask: MissedAsk): Promise<Missed> {
  const { cursor, nowMs } = ask;
  const isRecent = cursor.position !== null && nowMs - cursor.position.committedAtMs < THREAD_LOST_MS;
  return (isRecent && (await readByCommits(read, ask, cursor.position))) || readByTime(read, ask);
}

async function readByCommits(
  read: ReadStore,
  { appId, filter, until }: MissedAsk,
  after: LogPosition | null,
): Promise<Missed | null> {
  if (after === null) return null;
  const fromMs = after.committedAtMs - MINUTE;
  const chunks = await read((db) =>
    readLogChunks(db, { appId, fromMs, after: after.seqs, limit: CHUNKS_MAX }),
  );
  if (chunks.length === CHUNKS_MAX) return null;
  const lines = chunks
    .flatMap((chunk) => chunk.lines)
    .filter((line) => isBy(until, line))
    .filter(compileLogFilter(filter))
    .sort(compareLogLines);
  const left = lines.slice(0, Math.max(0, lines.length - LINES_MAX));
  const unread = chunks.filter((chunk) => chunk.isUnread && isBy(until, chunk));
  return { lines: lines.slice(left.length), skipped: skippedOf(left, unread), position: until };
}

/** Lines there are too many of, and commits that cannot be read: of those it is not known how many lines they have. */
function skippedOf(left: readonly LogLine[], unread: readonly LogChunk[]): LogTailSkipped | null {
  const times = [left[0], left.at(-1)].flatMap((line) => line?.atMs ?? []);
  times.push(...unread.map(({ committedAtMs }) => committedAtMs));
  if (times.length === 0) return null;
  const span = { fromMs: Math.min(...times), toMs: Math.max(...times) };
  return { lines: unread.length > 0 ? 0 : left.length, ...span };
}

async function readByTime(
  read: ReadStore,
  { appId, filter, cursor, until, nowMs }: MissedAsk,
): Promise<Missed> {
  const found = await searchLogs(read, {
    ...{ appId, filter, nowMs, budget: BUDGET, limit: LINES_MAX },
    fromMs: cursor.key.atMs,
    toMs: nowMs + 5 * MINUTE,
  });
  const lines = found.lines.filter((line) => compareLogLines(line, cursor.key) > 0 && isBy(until, line));
  return {
    lines,
    // How many there are before these is not known without reading them.
    skipped:
      found.stopped === 'end' && found.unread === 0
        ? null
        : { lines: 0, fromMs: cursor.key.atMs, toMs: found.unread === 0 ? found.reachedMs : nowMs },
    position: until,
  };
}

function isBy(position: LogPosition, { writerId, seq }: Pick<LogLineKey, 'writerId' | 'seq'>): boolean {
  // A writer that is not known has been quiet for minutes and is not told of again; told twice is better than never.
  return seq <= (position.seqs.get(writerId) ?? Number.POSITIVE_INFINITY);
}
