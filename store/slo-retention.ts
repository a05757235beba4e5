/** How long counts of SLOs and what came of them are kept. */
import { DAY, HOUR } from '../model/time.ts';
import { deleteInBatches } from './erasure.ts';
import type { Pool } from './pool.ts';
import { keepSloDays, listNewestVersions } from './slos.ts';

/** Minutes of an app without an SLO: liveness and its habits look back weeks. */
const KEEP_APP_DAYS = 100;
/** Counts of an SLO that was removed: whoever did so by mistake makes it anew within that time, or not at all. */
const REMOVED_DAYS = 31;

export interface SloRetentionOptions {
  nowMs: number;
  /** Transitions of alerts, and names of SLOs that are gone: as long as buckets of an hour. */
  keepMs: number;
  signal?: AbortSignal | undefined;
}

/** One round; gives rows deleted by table. */
export async function trimSloTables(
  pool: Pool,
  { nowMs, keepMs, signal }: SloRetentionOptions,
): Promise<Record<string, number>> {
  const cutoffs = await readCutoffs(pool, nowMs);
  const before = [nowMs - keepMs];
  return {
    slo_hours: await deleteHours(pool, 'slo_hours', 'slo_id', cutoffs.slos),
    app_hours: await deleteHours(pool, 'app_hours', 'app_id', cutoffs.apps),
    alert_transitions: await deleteInBatches(pool, 'alert_transitions', 'at_ms < $1', before, signal),
    // Until then incidents and pages of the past can name it.
    slos: await deleteInBatches(pool, 'slos', 'removed_at_ms < $1', before, signal),
  };
}

interface Cutoff {
  id: number;
  hour: number;
}

/** First hour that is kept, by SLO and by app. */
async function readCutoffs(pool: Pool, nowMs: number): Promise<{ slos: Cutoff[]; apps: Cutoff[] }> {
  const apps = new Map<number, number>();
  const slos: Cutoff[] = [];
  const versions = await listNewestVersions(pool);
  const isOver = (removedAtMs: number | null) =>
    removedAtMs !== null && removedAtMs < nowMs - REMOVED_DAYS * DAY;
  // A composite has no counts of its own: those of its parts are kept as long as it looks back, also of removed ones.
  const asParts = new Map<string, number>();
  for (const { definition, removedAtMs } of versions) {
    if (definition.indicator.kind !== 'composite' || isOver(removedAtMs)) continue;
    for (const member of definition.indicator.members)
      asParts.set(member, Math.max(asParts.get(member) ?? 0, keepSloDays(definition)));
  }
  for (const { sloId, publicId, appId, removedAtMs, definition } of versions) {
    const asPart = asParts.get(publicId) ?? 0;
    const isGone = isOver(removedAtMs) && asPart === 0;
    const days = Math.max(keepSloDays(definition), asPart);
    slos.push({ id: sloId, hour: isGone ? LAST_HOUR : hourBefore(nowMs, days) });
    if (!isGone) apps.set(appId, Math.max(apps.get(appId) ?? KEEP_APP_DAYS, days));
  }
  const { rows } = await pool.query<{ id: number }>('SELECT id FROM apps');
  return {
    slos,
    apps: rows.map(({ id }) => ({ id, hour: hourBefore(nowMs, apps.get(id) ?? KEEP_APP_DAYS) })),
  };
}

/** Beyond every hour there is. */
const LAST_HOUR = 2 ** 31 - 1;

function hourBefore(nowMs: number, days: number): number {
  return Math.floor((nowMs - days * DAY) / HOUR);
}

/** By the primary key of each: an hour of some rows a round, as a rule. */
async function deleteHours(
  pool: Pool,
  table: 'slo_hours' | 'app_hours',
  column: 'slo_id' | 'app_id',
  cutoffs: readonly Cutoff[],
): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM ${table} h USING unnest($1::int[], $2::int[]) AS c (id, hour)
     WHERE h.${column} = c.id AND h.hour < c.hour`,
    [cutoffs.map(({ id }) => id), cutoffs.map(({ hour }) => hour)],
  );
  return rowCount ?? 0;
}
