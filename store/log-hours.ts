/** How long each app's lines are kept (column keep_logs_hours of table apps). */
import { LOG_HOURS_MAX } from '../model/log-line.ts';
import type { Queryable } from './pool.ts';

/** Hours of every app that is not removed, `hours` where it says nothing; 0: none are taken in. */
export async function listLogHours(db: Queryable, hours: number): Promise<Map<number, number>> {
  const { rows } = await db.query<{ id: number; hours: number }>(
    'SELECT id, coalesce(keep_logs_hours, $1::int) AS hours FROM apps WHERE removed_at_ms IS NULL',
    [hours],
  );
  return new Map(rows.map((row) => [row.id, row.hours]));
}

/** An app's own hours; null where it keeps what the installation does, or there is no such app. */
export async function readLogHours(db: Queryable, appId: number): Promise<number | null> {
  const { rows } = await db.query<{ hours: number | null }>(
    'SELECT keep_logs_hours AS hours FROM apps WHERE id = $1 AND removed_at_ms IS NULL',
    [appId],
  );
  return rows[0]?.hours ?? null;
}

/**
 * Sets an app's hours: 0–744, null for what the installation does. Known to every receiver within ten seconds; what is
 * beyond goes within ten minutes. False when there is no such app. Throws RangeError for other numbers.
 */
export async function setLogHours(db: Queryable, appId: number, hours: number | null): Promise<boolean> {
  if (hours !== null && !(Number.isInteger(hours) && hours >= 0 && hours <= LOG_HOURS_MAX)) {
    throw new RangeError(`hours of a log are 0 to ${LOG_HOURS_MAX}, not ${hours}`);
  }
  const { rowCount } = await db.query(
    'UPDATE apps SET keep_logs_hours = $2 WHERE id = $1 AND removed_at_ms IS NULL',
    [appId, hours],
  );
  return rowCount === 1;
}
