/** What people decided about how long things are kept (tables retention_settings, app_cuts). */
import type { RetentionSetting, RetentionTier } from '../model/retention.ts';
import type { Queryable } from './pool.ts';

export interface RetentionSettingRow extends RetentionSetting {
  author: string;
  updatedAtMs: number;
}

/** Of apps that are there, and of the instance. */
export async function listRetentionSettings(db: Queryable): Promise<RetentionSettingRow[]> {
  const { rows } = await db.query<{
    app_id: number | null;
    tier: RetentionTier;
    keep_ms: number;
    author: string;
    updated_at_ms: number;
  }>(
    `SELECT s.app_id, s.tier, s.keep_ms, s.author, s.updated_at_ms
     FROM retention_settings s LEFT JOIN apps a ON a.id = s.app_id
     WHERE s.app_id IS NULL OR a.removed_at_ms IS NULL ORDER BY s.app_id NULLS FIRST, s.tier`,
  );
  return rows.map((row) => ({
    appId: row.app_id,
    tier: row.tier,
    keepMs: row.keep_ms,
    author: row.author,
    updatedAtMs: row.updated_at_ms,
  }));
}

/** keepMs null: as the environment, or the instance, says. Gives what was set before; null: nothing. */
export async function setRetention(
  db: Queryable,
  change: { appId: number | null; tier: RetentionTier; keepMs: number | null; author: string; nowMs: number },
): Promise<number | null> {
  const { appId, tier, keepMs, author, nowMs } = change;
  const { rows } = await db.query<{ keep_ms: number }>(
    'DELETE FROM retention_settings WHERE coalesce(app_id, 0) = coalesce($1::int, 0) AND tier = $2 RETURNING keep_ms',
    [appId, tier],
  );
  if (keepMs !== null) {
    await db.query(
      `INSERT INTO retention_settings (app_id, tier, keep_ms, author, updated_at_ms) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (coalesce(app_id, 0), tier)
       DO UPDATE SET keep_ms = excluded.keep_ms, author = excluded.author, updated_at_ms = excluded.updated_at_ms`,
      [appId, tier, keepMs, author, nowMs],
    );
  }
  return rows[0]?.keep_ms ?? null;
}

/** Says, before it is done, up to where an app is cut out of the durable log: whoever counts in it begins there. */
export async function noteCut(db: Queryable, appId: number, beforeMs: number): Promise<void> {
  await db.query(
    `INSERT INTO app_cuts (app_id, chunks_before_ms) SELECT id, $2 FROM apps WHERE id = $1
     ON CONFLICT (app_id) DO UPDATE SET chunks_before_ms = greatest(app_cuts.chunks_before_ms, excluded.chunks_before_ms)`,
    [appId, beforeMs],
  );
}

/** Hours of lines by app, as apps chose them; null: as the instance. */
export async function readLogsHours(db: Queryable): Promise<Map<number, number | null>> {
  const { rows } = await db.query<{ id: number; hours: number | null }>(
    'SELECT id, keep_logs_hours AS hours FROM apps WHERE removed_at_ms IS NULL',
  );
  return new Map(rows.map(({ id, hours }) => [id, hours]));
}
