/** Lines and what is known of them, as the contract says. */
import {
  formatLogKey,
  LOG_BUCKET_S,
  LOG_TEXT_MAX,
  type LogCount,
  type LogLine,
  type LogSource,
} from '../model/log-line.ts';
import type { FoundLogs } from '../store/reads/logs.ts';
import type { LogLeftOut, LogLineAnswer, LogSearch } from './contract/logs.ts';

/** A cut text is as long as it may be, or shorter by what would have been half a word of it. */
const CUT_WITHIN = 200;

export function toLogLine(line: LogLine): LogLineAnswer {
  const { atMs, source, procid, level, code, status, requestId, text } = line;
  const isCut = text.length > LOG_TEXT_MAX - CUT_WITHIN && text.endsWith('…');
  return { id: formatLogKey(line), atMs, source, procid, level, code, status, requestId, text, isCut };
}

export function toLogSearch(
  found: Pick<FoundLogs, 'stopped' | 'reachedMs' | 'scannedBytes' | 'scannedLines' | 'tookMs' | 'unread'>,
): LogSearch {
  const { stopped, reachedMs, scannedBytes, scannedLines, tookMs, unread } = found;
  const complete = stopped === 'end' && unread === 0;
  return {
    ...{ complete, reachedMs, stopped, scannedLines, scannedBytes, tookMs: Math.round(tookMs) },
    ...(unread > 0 && { unread }),
  };
}

/** Where lines were left out at intake, by source, within [fromMs, toMs). */
export function toLeftOut(
  counts: readonly LogCount[],
  span: { fromMs: number; toMs: number },
  widthS = LOG_BUCKET_S,
): LogLeftOut[] {
  const within = counts.filter(({ bucketS }) => isWithin(bucketS, span, widthS));
  // Kept ones count only where others were left out: elsewhere nothing is one in so many.
  const thinned = new Set(within.filter(({ leftOut }) => leftOut > 0).map(nameOf));
  const bySource = new Map<LogSource, LogLeftOut>();
  for (const count of within) {
    if (!thinned.has(nameOf(count))) continue;
    const { bucketS, source, kept, leftOut } = count;
    const [fromMs, toMs] = [bucketS * 1000, (bucketS + widthS) * 1000];
    const known = bySource.get(source) ?? { source, fromMs, toMs, seen: 0, leftOut: 0, oneIn: 1 };
    known.fromMs = Math.max(span.fromMs, Math.min(known.fromMs, fromMs));
    known.toMs = Math.min(span.toMs, Math.max(known.toMs, toMs));
    known.seen += kept + leftOut;
    known.leftOut += leftOut;
    known.oneIn = Math.max(2, Math.round(known.seen / Math.max(1, known.seen - known.leftOut)));
    bySource.set(source, known);
  }
  return [...bySource.values()].sort((a, b) => b.leftOut - a.leftOut);
}

/** Lines there were in [fromMs, toMs), kept or not. */
export function countHeld(
  counts: readonly LogCount[],
  span: { fromMs: number; toMs: number },
  widthS = LOG_BUCKET_S,
): number {
  return counts.reduce(
    (sum, { bucketS, kept, leftOut }) => (isWithin(bucketS, span, widthS) ? sum + kept + leftOut : sum),
    0,
  );
}

function isWithin(
  bucketS: number,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  widthS: number,
): boolean {
  return bucketS * 1000 < toMs && (bucketS + widthS) * 1000 > fromMs;
}

function nameOf({ bucketS, source }: LogCount): string {
  return `${bucketS} ${source}`;
}
