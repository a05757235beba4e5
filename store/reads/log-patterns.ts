/** What the lines of a range have in common, newest first as far as a budget goes. */
import { setImmediate as turn } from 'node:timers/promises';
import type { LogCount, LogLine } from '../../model/log-line.ts';
import { LogPatternTally } from '../../model/log-pattern-tally.ts';
import { type LogScan, LogScanner, type ReadStore } from './log-pieces.ts';
import type { LogStop } from './logs.ts';

export interface TalliedLogs {
  tally: LogPatternTally;
  stopped: LogStop;
  /** Everything from here to the end of the range was counted, and of what is before it nothing that matters. */
  reachedMs: number;
  scannedLines: number;
  scannedBytes: number;
  tookMs: number;
  /** As in FoundLogs. */
  unread: number;
  counts: LogCount[];
}

/** Lines between two looks at the clock: a template takes some 20 µs. */
const LINES_A_TURN = 500;

export async function tallyLogPatterns(read: ReadStore, scan: LogScan): Promise<TalliedLogs> {
  const scanner = new LogScanner(read, scan);
  const tally = new LogPatternTally();
  const counts: LogCount[] = [];
  let stopped: LogStop = 'end';
  let reachedMs = scan.fromMs;
  for await (const { lines, counts: held, boundMs } of scanner.pieces()) {
    for (const count of held) counts.push(count);
    const brokenOffMs = await tallyLines(tally, lines, scanner);
    const isLast = boundMs === Number.NEGATIVE_INFINITY && brokenOffMs === null;
    if (scanner.spent !== null && !isLast) {
      stopped = scanner.spent;
      reachedMs = Math.min(scan.toMs, Math.max(scan.fromMs, boundMs + 1, brokenOffMs ?? 0));
      break;
    }
  }
  const { scannedLines, scannedBytes, tookMs, unread } = scanner;
  return { tally, stopped, reachedMs, scannedLines, scannedBytes, tookMs, unread, counts };
}

/** Counts the newest first; gives the time of the last one counted when the budget ended before the lines did. */
async function tallyLines(
  tally: LogPatternTally,
  lines: LogLine[],
  scanner: LogScanner,
): Promise<number | null> {
  lines.sort((a, b) => b.atMs - a.atMs);
  for (const [index, line] of lines.entries()) {
    tally.add(line);
    if (index % LINES_A_TURN !== LINES_A_TURN - 1) continue;
    await turn();
    if (scanner.spent !== null && index < lines.length - 1) return line.atMs;
  }
  return null;
}
