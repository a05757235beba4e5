/** What is kept of an app's lines, and why an answer may be empty. */
import { HOUR } from '../model/time.ts';
import { readLogHours } from '../store/log-hours.ts';
import { type LogUsage, readAppLogUsage } from '../store/log-retention.ts';
import { listDrains, streamHealthOf } from '../store/reads/drains.ts';
import type { ReadStore } from '../store/reads/log-pieces.ts';
import type { LogEmpty, LogRetention } from './contract/logs.ts';
import type { ApiConfig } from './deps.ts';

/** Where a process says nothing of it. */
const KEEP_HOURS = 24;
/** Sizes are summed up over all blocks of an app: not for every look of every reader. */
const REMEMBER_MS = 15_000;
const APPS_MAX = 1_000;

export interface LogFacts {
  retention: LogRetention;
  dataThroughMs: number | null;
}

type Kept = Pick<ApiConfig, 'keepLogsHours' | 'logsBytes'>;

export class LogFactsReader {
  readonly #known = new Map<number, { untilMs: number; usage: LogUsage }>();

  async read(read: ReadStore, config: Kept, appId: number, nowMs: number): Promise<LogFacts> {
    return read(async (db) => {
      const hours = (await readLogHours(db, appId)) ?? config.keepLogsHours ?? KEEP_HOURS;
      const known = this.#known.get(appId);
      const usage = known && nowMs < known.untilMs ? known.usage : await readAppLogUsage(db, appId);
      if (usage !== known?.usage) this.#remember(appId, usage, nowMs);
      const { dataThroughMs } = streamHealthOf(await listDrains(db, [appId]), nowMs);
      return {
        retention: {
          hours,
          keptFromMs: usage.oldestMs,
          bytes: usage.bytes,
          bytesMax: config.logsBytes ?? 0,
        },
        dataThroughMs,
      };
    });
  }

  #remember(appId: number, usage: LogUsage, nowMs: number): void {
    if (this.#known.size >= APPS_MAX) this.#known.clear();
    this.#known.set(appId, { untilMs: nowMs + REMEMBER_MS, usage });
  }
}

/** Why there is nothing to show; null: there is something. */
export function whyEmpty(
  facts: LogFacts,
  found: { shown: number; complete: boolean; heldInRange: number; toMs: number; nowMs: number },
): LogEmpty {
  const { hours, keptFromMs } = facts.retention;
  if (found.shown > 0) return null;
  if (hours === 0) return 'off';
  if (facts.dataThroughMs === null) return 'notSetUp';
  if (found.heldInRange > 0) return found.complete ? 'none' : 'unfinished';
  if (!found.complete) return 'unfinished';
  const isOld = found.toMs <= found.nowMs - hours * HOUR || (keptFromMs !== null && found.toMs <= keptFromMs);
  return isOld ? 'tooOld' : 'silent';
}
