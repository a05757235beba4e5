/** An app with objectives whose minutes are counted, folded, followed and evaluated by the product's own steps. */
import { SloEvaluator, type Tell } from '../alerts/evaluate.ts';
import { foldMinutes } from '../alerts/fold.ts';
import { followApps } from '../alerts/follow-apps.ts';
import type { AlertChange } from '../model/alert-change.ts';
import { silentLog } from '../model/log.ts';
import type { SloDefinition } from '../model/slo.ts';
import { MINUTE } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { readCorrected } from '../store/corrections.ts';
import type { Pool } from '../store/pool.ts';
import { createSlo, listSloVersions, type SloRow } from '../store/slos.ts';

/** One minute of one version; version 0 are the app's messages. */
export interface Delta {
  appId: number;
  versionId: number;
  minute: number;
  events: number;
  bad: number;
}

export class EvaluationWorld {
  readonly pool: Pool;
  /** Everything that was told, in order. */
  readonly told: AlertChange[] = [];
  readonly evaluator: SloEvaluator;

  constructor(pool: Pool, tell?: Tell) {
    this.pool = pool;
    this.evaluator = this.anotherWorker(tell);
  }

  /** A worker of its own, that tells the same people. */
  anotherWorker(tell?: Tell, more: { pool?: Pool; idleLimitMs?: number } = {}): SloEvaluator {
    return new SloEvaluator({
      pool: this.pool,
      ...more,
      log: silentLog,
      readCorrected,
      tell: async (client, changes, nowMs) => {
        await tell?.(client, changes, nowMs);
        this.told.push(...changes);
      },
    });
  }

  async app(name: string, fromMinute: number): Promise<number> {
    const { app } = await createApp(this.pool, { name, key: 'k'.repeat(32), nowMs: fromMinute * MINUTE });
    return app.id;
  }

  /** An SLO whose first version counts from `fromMinute` on. */
  async slo(appId: number, slug: string, definition: SloDefinition, fromMinute: number): Promise<SloRow> {
    const nowMs = (fromMinute - 1) * MINUTE;
    const slo = await createSlo(this.pool, { appId, slug, definition, author: 'test', nowMs });
    if (slo === null) throw new Error(`there is an objective ${slug}`);
    return slo;
  }

  async versionIds(sloId: number): Promise<number[]> {
    return (await listSloVersions(this.pool, [sloId])).map(({ id }) => id);
  }

  /** What roll-ups would have written. */
  async add(deltas: readonly Delta[]): Promise<void> {
    await this.pool.query(
      `INSERT INTO minute_deltas (app_id, slo_version_id, minute, events, bad)
       SELECT "appId", "versionId", minute, events, bad
       FROM jsonb_to_recordset($1) AS d ("appId" int, "versionId" int, minute int, events int, bad int)`,
      [JSON.stringify(deltas)],
    );
  }

  /** The first instant at which the evaluation can be made. */
  static atMs(minute: number): number {
    return minute * MINUTE + 45_000;
  }

  /** A round as a worker makes it when `minute` is the newest evaluation. */
  async round(minute: number, evaluator = this.evaluator): Promise<AlertChange[]> {
    const before = this.told.length;
    await foldMinutes(this.pool, { closing: minute });
    await followApps(this.pool, minute);
    await evaluator.round({ minute, nowMs: EvaluationWorld.atMs(minute) });
    return this.told.slice(before);
  }

  /** States as stored, without what differs by when a round was made. */
  async states(): Promise<unknown[]> {
    const { rows } = await this.pool.query(
      'SELECT slo_id, next_minute, tiers FROM slo_states ORDER BY slo_id',
    );
    return rows;
  }

  async transitions(
    sloId: number,
  ): Promise<{ tier: number; minute: number; change: string; reason: string }[]> {
    const { rows } = await this.pool.query(
      `SELECT tier, minute, from_state || ' ' || to_state AS change, reason FROM alert_transitions
       WHERE slo_id = $1 ORDER BY minute, tier, id`,
      [sloId],
    );
    return rows;
  }
}

/** Minutes of one version, all alike, with a line of the app in each. */
export function steady(
  { appId, versionId }: { appId: number; versionId: number },
  { from, to, events, bad = 0 }: { from: number; to: number; events: number; bad?: number },
): Delta[] {
  const deltas: Delta[] = [];
  for (let minute = from; minute < to; minute++) {
    deltas.push({ appId, versionId: 0, minute, events: 1, bad: 0 });
    deltas.push({ appId, versionId, minute, events, bad });
  }
  return deltas;
}
