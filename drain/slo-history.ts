/** What an objective would have counted lately, exactly, from the durable log: newest hours first, while there is time. */
import type { SloDefinition } from '../model/slo.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { listAppSectionsFrom } from '../store/chunks.ts';
import type { Queryable } from '../store/pool.ts';
import { readOldestChunkMs } from '../store/slo-backfills.ts';
import { countSections } from './slo-backfill.ts';

export interface LoggedCounts {
  minutes: { minute: number; events: number; bad: number }[];
  /** From this minute on every request of the log was looked at; the end of the range when none was. */
  fromMinute: number;
}

/** Sections read at once: some megabytes. */
const SECTIONS = 100;

/**
 * Counts requests committed in [fromMs, toMs) by minute, going back hour by hour until `timeMs` have passed: a whole
 * hour more or less, and no further than the log goes.
 */
export async function countLogged(
  db: Queryable,
  query: { appId: number; definition: SloDefinition; fromMs: number; toMs: number; timeMs: number },
): Promise<LoggedCounts> {
  const { appId, definition, toMs, timeMs } = query;
  const startedMs = performance.now();
  const fromMs = Math.max(query.fromMs, (await readOldestChunkMs(db, appId)) ?? toMs);
  const sums = new Map<number, { minute: number; events: number; bad: number }>();
  let earliestMs = toMs;
  while (earliestMs > fromMs && performance.now() - startedMs < timeMs) {
    const span = { fromMs: Math.max(fromMs, earliestMs - HOUR), toMs: earliestMs };
    for (let cursorMs = span.fromMs; cursorMs < span.toMs; ) {
      const part = { fromMs: cursorMs, toMs: span.toMs };
      const { sections, throughMs } = await listAppSectionsFrom(db, appId, part, SECTIONS);
      for (const { minute, events, bad } of countSections({ versionId: 0, definition }, sections)) {
        const sum = sums.get(minute) ?? { minute, events: 0, bad: 0 };
        sums.set(minute, { minute, events: sum.events + events, bad: sum.bad + bad });
      }
      cursorMs = throughMs;
    }
    earliestMs = span.fromMs;
  }
  // Requests of a minute are committed in it or later: those of the earliest one may lie before.
  const fromMinute = earliestMs === toMs ? Math.ceil(toMs / MINUTE) : Math.floor(earliestMs / MINUTE) + 1;
  return { minutes: [...sums.values()].filter(({ minute }) => minute >= fromMinute), fromMinute };
}
