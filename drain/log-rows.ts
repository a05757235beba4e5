/** Lines of one app within one group commit, and counts of those that were left out. */
import type { LeftOut, NewLogLine } from '../model/log-block.ts';
import { LOG_BUCKET_S, type LogLevel, type LogSource } from '../model/log-line.ts';
import { bucketStartS } from '../model/time.ts';

const BUCKET_MS = LOG_BUCKET_S * 1000;

export class LogRows {
  readonly lines: NewLogLine[] = [];
  readonly leftOut: LeftOut[] = [];
  #last: LeftOut | null = null;
  #lastMs = 0;

  /** Counts a line that is not kept. Nearly always in the same ten seconds as the one before. */
  leaveOut(frame: number, timeMs: number, source: LogSource, level: LogLevel | null): void {
    const last = this.#last;
    const sinceMs = timeMs - this.#lastMs;
    if (
      last !== null &&
      sinceMs >= 0 &&
      sinceMs < BUCKET_MS &&
      last.frame === frame &&
      last.source === source &&
      last.level === level
    ) {
      last.count++;
      return;
    }
    const bucketS = bucketStartS(timeMs, LOG_BUCKET_S);
    this.#last = this.#find(frame, bucketS, source, level);
    this.#lastMs = bucketS * 1000;
    this.#last.count++;
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
