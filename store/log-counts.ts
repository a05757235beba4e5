/** How many lines there are by ten seconds, source and level, as a column of table log_blocks holds it. */
import { LOG_BUCKET_S, LOG_LEVELS, LOG_SOURCES, type LogCount, type LogLine } from '../model/log-line.ts';
import { bucketStartS } from '../model/time.ts';

/** Adds lines to the count of their bucket, source and level. */
export function addLogCount(
  counts: Map<string, LogCount>,
  { atMs, source, level }: Pick<LogLine, 'atMs' | 'source' | 'level'>,
  kept: number,
  leftOut: number,
): void {
  const bucketS = bucketStartS(atMs, LOG_BUCKET_S);
  const key = `${bucketS} ${source} ${level ?? ''}`;
  const count = counts.get(key);
  if (count === undefined) counts.set(key, { bucketS, source, level, kept, leftOut });
  else {
    count.kept += kept;
    count.leftOut += leftOut;
  }
}

/** One count of each bucket, source and level. */
export function mergeLogCounts(counts: Iterable<LogCount>): LogCount[] {
  const merged = new Map<string, LogCount>();
  for (const { bucketS, kept, leftOut, ...kind } of counts) {
    addLogCount(merged, { ...kind, atMs: bucketS * 1000 }, kept, leftOut);
  }
  return [...merged.values()];
}

/** Numbers of one count in the column. */
const STRIDE = 5;

/** `{bucket ÷ 10 s, source, level, kept, leftOut, …}`: small, and read without decoding a body. */
export function writeLogCounts(counts: readonly LogCount[]): number[] {
  return counts.flatMap(({ bucketS, source, level, kept, leftOut }) => [
    bucketS / LOG_BUCKET_S,
    LOG_SOURCES.indexOf(source),
    level === null ? 0 : LOG_LEVELS.indexOf(level) + 1,
    kept,
    leftOut,
  ]);
}

/** The counts that writeLogCounts wrote; numbers of sources and levels that a later release knows are left out. */
export function readLogCounts(numbers: readonly number[]): LogCount[] {
  const counts: LogCount[] = [];
  for (let at = 0; at + STRIDE <= numbers.length; at += STRIDE) {
    const [bucket = 0, sourceNumber = 0, levelNumber = 0, kept = 0, leftOut = 0] = numbers.slice(
      at,
      at + STRIDE,
    );
    const source = LOG_SOURCES[sourceNumber];
    const level = levelNumber === 0 ? null : LOG_LEVELS[levelNumber - 1];
    if (source === undefined || level === undefined) continue;
    counts.push({ bucketS: bucket * LOG_BUCKET_S, source, level, kept, leftOut });
  }
  return counts;
}
