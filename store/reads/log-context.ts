/** Everything an app, its platform and its router said around a request or a line. */
import { ALL_LINES, type LogFilter } from '../../model/log-filter.ts';
import { compareLogLines, type LogCount, type LogLine, type LogLineKey } from '../../model/log-line.ts';
import { HOUR, MINUTE } from '../../model/time.ts';
import { type LogScan, LogScanner, type ReadStore } from './log-pieces.ts';
import { type FoundLogs, type LogStop, searchLogs } from './logs.ts';
import { readRequests } from './requests.ts';

export interface LogContextAsk extends LogScan {
  /** What is looked at in the middle. */
  about: { requestId: string } | { line: LogLineKey };
  /** About when it was, if that is known. */
  atMs?: number | undefined;
  /** On either side. */
  aroundMs: number;
  limit: number;
}

export interface LogContext {
  requestId: string | null;
  /** Of the first own line; null: not found. */
  atMs: number | null;
  fromMs: number;
  toMs: number;
  /** Oldest first. */
  lines: LogLine[];
  isOwn: (line: LogLine) => boolean;
  cutBefore: boolean;
  cutAfter: boolean;
  search: Omit<FoundLogs, 'lines' | 'older' | 'position' | 'counts'>;
  counts: LogCount[];
}

/** A request lasts 30 s at most at the router, and its lines come in a moment later. */
const REQUEST_MAX_MS = MINUTE;
const OWN_LINES_MAX = 500;

export async function readLogContext(read: ReadStore, ask: LogContextAsk): Promise<LogContext> {
  const middle = await findMiddle(read, ask);
  const { own, requestId } = middle;
  const keys = new Set(own.map(keyOf));
  const isOwn = (line: LogLine) =>
    keys.has(keyOf(line)) || (requestId !== null && line.requestId === requestId);
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) {
    return {
      ...{ requestId, atMs: null, fromMs: middle.search.reachedMs, toMs: ask.toMs, lines: [], isOwn },
      ...{ cutBefore: false, cutAfter: false, search: middle.search, counts: [] },
    };
  }
  const [fromMs, toMs] = [first.atMs - ask.aroundMs, last.atMs + ask.aroundMs + 1];
  const middleMs = { fromMs: first.atMs, toMs: last.atMs };
  const span = await readSpan(read, { ...ask, fromMs, toMs }, (lines) =>
    nearest(lines, isOwn, ask.limit, middleMs),
  );
  // What a filter leaves out of the surroundings is still part of the request.
  const known = new Set(span.lines.map(keyOf));
  const all = [...span.lines, ...own.filter((line) => !known.has(keyOf(line)))];
  const near = nearest(all, isOwn, ask.limit, middleMs).sort(compareLogLines);
  const [start = 0, end = 0] = [near[0]?.atMs, near.at(-1)?.atMs];
  const isShown = new Set(near.map(keyOf));
  const cut = spanOf(
    all.filter((line) => !isShown.has(keyOf(line))),
    span.cut,
  );
  return {
    ...{ requestId, atMs: first.atMs, fromMs, toMs, lines: near, isOwn },
    cutBefore: span.search.stopped !== 'end' || cut.fromMs <= start,
    cutAfter: cut.toMs >= end,
    search: span.search,
    counts: span.counts,
  };
}

interface Middle {
  own: LogLine[];
  requestId: string | null;
  search: LogContext['search'];
}

/** The lines of the request, oldest first, or the line and those of its request. */
async function findMiddle(read: ReadStore, ask: LogContextAsk): Promise<Middle> {
  if ('line' in ask.about) {
    const { atMs } = ask.about.line;
    const wanted = keyOf(ask.about.line);
    const found = await readSpan(read, { ...ask, filter: ALL_LINES, fromMs: atMs, toMs: atMs + 1 }, (lines) =>
      lines.filter((each) => keyOf(each) === wanted),
    );
    const line = found.lines.find((each) => keyOf(each) === wanted);
    if (line === undefined || line.requestId === null) {
      return { own: line ? [line] : [], requestId: line?.requestId ?? null, search: found.search };
    }
    const request = await findRequest(read, ask, line.requestId, atMs);
    const isThere = request.own.some((each) => keyOf(each) === wanted);
    return isThere ? request : { ...request, own: [...request.own, line].sort(compareLogLines) };
  }
  const { requestId } = ask.about;
  const hintMs = ask.atMs ?? (await readHintMs(read, ask, requestId));
  const near = hintMs === null ? null : await findRequest(read, ask, requestId, hintMs);
  return near && near.own.length > 0 ? near : findRequest(read, ask, requestId, null);
}

/** Around a moment, or in all that is kept as far as the budget goes. */
async function findRequest(
  read: ReadStore,
  ask: LogContextAsk,
  requestId: string,
  aboutMs: number | null,
): Promise<Middle> {
  const filter: LogFilter = { ...ALL_LINES, requestId };
  const span =
    aboutMs === null
      ? { fromMs: ask.fromMs, toMs: ask.toMs }
      : { fromMs: aboutMs - REQUEST_MAX_MS, toMs: aboutMs + REQUEST_MAX_MS };
  const found = await searchLogs(read, { ...ask, ...span, filter, limit: 1 });
  const [newest] = found.lines;
  if (newest === undefined) return { own: [], requestId, search: found };
  const around = { fromMs: newest.atMs - REQUEST_MAX_MS, toMs: newest.atMs + REQUEST_MAX_MS };
  const { lines } = await searchLogs(read, { ...ask, ...around, filter, limit: OWN_LINES_MAX });
  return { own: lines, requestId, search: found };
}

/** When a kept request was: those that went wrong are kept for weeks, and found by an index. */
async function readHintMs(read: ReadStore, ask: LogContextAsk, requestId: string): Promise<number | null> {
  const span = { fromMs: ask.fromMs - HOUR, toMs: ask.toMs + HOUR };
  const [kept] = await read((db) => readRequests(db, { appId: ask.appId, requestId, ...span, limit: 1 }));
  return kept?.atMs ?? null;
}

/** Times of the first and last of some lines; upside down when there are none. */
interface Extent {
  fromMs: number;
  toMs: number;
}

const NOWHERE: Extent = { fromMs: Number.POSITIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY };

interface Span {
  lines: LogLine[];
  /** Where lines were let go that are too far away to be shown. */
  cut: Extent;
  search: LogContext['search'];
  counts: LogCount[];
}

/** So many lines are held beside those that can be shown before the others are let go. */
const LINES_MORE = 2_000;

/** The lines of a short span that `keep` keeps of any part of them, and some more, as far as the budget goes. */
async function readSpan(
  read: ReadStore,
  scan: LogScan,
  keep: (lines: readonly LogLine[]) => LogLine[],
): Promise<Span> {
  const scanner = new LogScanner(read, scan);
  let lines: LogLine[] = [];
  let cut = NOWHERE;
  let most = LINES_MORE;
  const counts: LogCount[] = [];
  let stopped: LogStop = 'end';
  let reachedMs = scan.fromMs;
  for await (const piece of scanner.pieces()) {
    for (const line of piece.lines) lines.push(line);
    for (const count of piece.counts) counts.push(count);
    if (lines.length > most) {
      const kept = keep(lines);
      const isKept = new Set(kept);
      cut = spanOf(
        lines.filter((line) => !isKept.has(line)),
        cut,
      );
      lines = kept;
      most = 2 * kept.length + LINES_MORE;
    }
    if (scanner.spent === null || piece.boundMs === Number.NEGATIVE_INFINITY) continue;
    stopped = scanner.spent;
    reachedMs = Math.min(scan.toMs, piece.boundMs + 1);
    break;
  }
  const { scannedLines, scannedBytes, tookMs, unread } = scanner;
  const search = { stopped, reachedMs, scannedLines, scannedBytes, tookMs, unread };
  return { lines, cut, search, counts };
}

function spanOf(lines: readonly LogLine[], known: Extent): Extent {
  let { fromMs, toMs } = known;
  for (const { atMs } of lines) {
    fromMs = Math.min(fromMs, atMs);
    toMs = Math.max(toMs, atMs);
  }
  return { fromMs, toMs };
}

/** The own lines first, then those closest to the middle; at most `limit`. */
function nearest(
  lines: readonly LogLine[],
  isOwn: (line: LogLine) => boolean,
  limit: number,
  middle: Extent,
): LogLine[] {
  if (lines.length <= limit) return [...lines];
  const own = lines.filter(isOwn);
  const { fromMs: first, toMs: last } = spanOf(own, middle);
  const apart = (line: LogLine) => Math.max(0, first - line.atMs, line.atMs - last);
  const others = lines.filter((line) => !isOwn(line)).sort((a, b) => apart(a) - apart(b));
  return own.concat(others).slice(0, limit);
}

function keyOf({ atMs, writerId, seq, index }: LogLineKey): string {
  return `${atMs}.${writerId}.${seq}.${index}`;
}
