/**
 * How long things are kept at this moment: pages plan their reading by it. What people chose is asked for now and then, in
 * the background of a request, so that a process knows of another's change before anything was deleted.
 */

import { type KeptSpans, keptNow } from '../model/retention.ts';
import { DAY, HOUR } from '../model/time.ts';
import type { Queryable } from '../store/pool.ts';
import { listRetentionSettings } from '../store/retention-settings.ts';
import type { ApiConfig, ApiDeps } from './deps.ts';

const ASKED_EVERY_MS = 30_000;

/** The environment's limits; those the process was not told have their defaults. */
export function mostKept(config: ApiConfig): KeptSpans {
  const { keep10sMs, keep1minMs, keep1hMs, keepDetailsMs } = config;
  return {
    keep10sMs,
    keep1minMs,
    keep1hMs,
    keepDetailsMs,
    keepChunksMs: config.keepChunksMs ?? 24 * HOUR,
    keepQuarantineMs: config.keepQuarantineMs ?? 7 * DAY,
  };
}

export class KeptNow {
  /** The configuration with what holds now; the same object throughout. */
  readonly config: ApiDeps['config'];
  readonly most: KeptSpans;
  readonly #db: Queryable;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(db: Queryable, config: ApiDeps['config']) {
    this.#db = db;
    this.config = { ...config };
    this.most = mostKept(config);
  }

  /** At once; what is known stays when the database does not answer. */
  async refresh(): Promise<void> {
    this.#askedMs = performance.now();
    try {
      Object.assign(this.config, keptNow(this.most, await listRetentionSettings(this.#db)));
    } catch {
      // Away, or of a release before: what was known holds, and the page that changes it tells of its own failure.
    }
  }

  /** Unless it was asked for lately; nobody waits for it. */
  refreshNowAndThen(): void {
    if (performance.now() - this.#askedMs >= ASKED_EVERY_MS) void this.refresh();
  }
}
