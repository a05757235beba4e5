/** Lines of one app within one group commit, and counts of those that were left out. */
import type { LeftOut, NewLogLine } from '../model/log-block.ts';
import { LOG_BUCKET_S, type LogLevel, type LogSource } from '../model/log-line.ts';
import { bucketStartS } from '../model/time.ts';

const BUCKET_MS = LOG_BUCKET_S * 1000;
const SOURCE_NUMBERS: Record<LogSource, number> = {
  app: 0,
  heroku: 8,
  router: 16,
  postgres: 24,
  redis: 32,
  other: 40,
};
const LEVEL_NUMBERS: Record<LogLevel | 'none', number> = { none: 0, error: 1, warn: 2, info: 3, debug: 4 };

export class LogRows {
  readonly lines: NewLogLine[] = [];
  readonly leftOut: LeftOut[] = [];
  /** The count that was added to last, by source and level: in a flood lines of two or three kinds take turns. */
  readonly #last: (LeftOut | undefined)[] = [];

  /** Counts a line that is not kept. Nearly always in the same ten seconds as the one before of its kind. */
  leaveOut(frame: number, timeMs: number, source: LogSource, level: LogLevel | null): void {
    const kind = SOURCE_NUMBERS[source] + LEVEL_NUMBERS[level ?? 'none'];
    const last = this.#last[kind];
    if (last !== undefined && last.frame === frame) {
      const sinceMs = timeMs - last.bucketS * 1000;
      if (sinceMs >= 0 && sinceMs < BUCKET_MS) {
        last.count++;
        return;
      }
    }
    const found = this.#find(frame, bucketStartS(timeMs, LOG_BUCKET_S), source, level);
    found.count++;
    this.#last[kind] = found;
  }

  #find(frame: number, bucketS: number, source: LogSource, level: LogLevel | null): LeftOut {
    for (let at = this.leftOut.length - 1; at >= 0 && this.leftOut[at]!.frame === frame; at--) {
      const known = this.leftOut[at]!;
      if (known.bucketS === bucketS && known.source === source && known.level === level) return known;
    }
    const made = { frame, bucketS, source, level, count: 0 };
    this.leftOut.push(made);
    return made;
  }
}
