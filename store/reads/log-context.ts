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
  const span = await readSpan(read, { ...ask, fromMs, toMs });
  // What a filter leaves out of the surroundings is still part of the request.
  const all = [...span.lines, ...own.filter((line) => !span.keys.has(keyOf(line)))];
  const near = nearest(all, isOwn, ask.limit).sort(compareLogLines);
  const [start = 0, end = 0] = [near[0]?.atMs, near.at(-1)?.atMs];
  const isShown = new Set(near.map(keyOf));
  const cut = all.filter((line) => !isShown.has(keyOf(line)));
  return {
    ...{ requestId, atMs: first.atMs, fromMs, toMs, lines: near, isOwn },
    cutBefore: span.search.stopped !== 'end' || cut.some((line) => line.atMs <= start),
    cutAfter: cut.some((line) => line.atMs >= end),
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
    const found = await readSpan(read, { ...ask, filter: ALL_LINES, fromMs: atMs, toMs: atMs + 1 });
    const wanted = keyOf(ask.about.line);
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

interface Span {
  lines: LogLine[];
  keys: Set<string>;
  search: LogContext['search'];
  counts: LogCount[];
}

/** All lines of a short span, as far as the budget goes. */
async function readSpan(read: ReadStore, scan: LogScan): Promise<Span> {
  const scanner = new LogScanner(read, scan);
  const lines: LogLine[] = [];
  const counts: LogCount[] = [];
  let stopped: LogStop = 'end';
  let reachedMs = scan.fromMs;
  for await (const piece of scanner.pieces()) {
    lines.push(...piece.lines);
    counts.push(...piece.counts);
    if (scanner.spent === null || piece.boundMs === Number.NEGATIVE_INFINITY) continue;
    stopped = scanner.spent;
    reachedMs = Math.min(scan.toMs, piece.boundMs + 1);
    break;
  }
  const { scannedLines, scannedBytes, tookMs } = scanner;
  const search = { stopped, reachedMs, scannedLines, scannedBytes, tookMs };
  return { lines, keys: new Set(lines.map(keyOf)), search, counts };
}

/** The own lines first, then those closest to one of them; at most `limit`. */
function nearest(lines: readonly LogLine[], isOwn: (line: LogLine) => boolean, limit: number): LogLine[] {
  if (lines.length <= limit) return [...lines];
  const own = lines.filter(isOwn);
  const [first, last] = [Math.min(...own.map(atOf)), Math.max(...own.map(atOf))];
  const apart = (line: LogLine) => Math.max(0, first - line.atMs, line.atMs - last);
  const others = lines.filter((line) => !isOwn(line)).sort((a, b) => apart(a) - apart(b));
  return [...own, ...others].slice(0, limit);
}

function atOf({ atMs }: LogLine): number {
  return atMs;
}

function keyOf({ atMs, writerId, seq, index }: LogLineKey): string {
  return `${atMs}.${writerId}.${seq}.${index}`;
}
