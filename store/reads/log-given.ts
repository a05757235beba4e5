/**
 * What a reader was given out of commits. The worker may move them into blocks while it reads on: what is in both is
 * neither told nor counted again.
 */
import { LOG_BUCKET_S, type LogCount, type LogLine, type LogLineKey } from '../../model/log-line.ts';
import { bucketStartS } from '../../model/time.ts';
import type { LogChunk } from '../log-chunks.ts';
import { addLogCount } from '../log-counts.ts';

export class LogsGiven {
  readonly #chunks = new Set<string>();
  readonly #buckets = new Set<number>();
  readonly #leftOut = new Map<string, number>();

  add(chunks: readonly LogChunk[]): void {
    for (const { writerId, seq, counts } of chunks) {
      this.#chunks.add(`${writerId}.${seq}`);
      for (const count of counts) {
        this.#buckets.add(count.bucketS);
        if (count.leftOut === 0) continue;
        const name = nameOf(count);
        this.#leftOut.set(name, count.leftOut + (this.#leftOut.get(name) ?? 0));
      }
    }
  }

  has({ writerId, seq }: LogLineKey): boolean {
    return this.#chunks.has(`${writerId}.${seq}`);
  }

  /** Whether a block with these counts can hold anything of it. */
  mayBeIn(counts: readonly LogCount[]): boolean {
    return this.#buckets.size > 0 && counts.some(({ bucketS }) => this.#buckets.has(bucketS));
  }

  /**
   * A block's counts without what was given; as they are where nothing of it was.
   * @param lines all lines of the block
   */
  without(counts: readonly LogCount[], lines: readonly LogLine[]): readonly LogCount[] {
    const others = lines.filter((line) => !this.has(line));
    if (others.length === lines.length) return counts;
    const own = new Map<string, LogCount>();
    for (const line of others) addLogCount(own, line, 1, 0);
    for (const count of counts) {
      if (count.leftOut === 0) continue;
      const { bucketS, source, level } = count;
      // Of the same ten seconds, and once: other blocks may have the rest of it.
      const name = nameOf(count);
      const given = Math.min(count.leftOut, this.#leftOut.get(name) ?? 0);
      this.#leftOut.set(name, (this.#leftOut.get(name) ?? 0) - given);
      addLogCount(own, { atMs: bucketS * 1000, source, level }, 0, count.leftOut - given);
    }
    return [...own.values()];
  }
}

function nameOf({ bucketS, source, level }: LogCount): string {
  return `${bucketStartS(bucketS * 1000, LOG_BUCKET_S)} ${source} ${level ?? ''}`;
}
