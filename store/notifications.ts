/**
 * The outbox (tables notifications, attempts). Whoever changes an incident enqueues in the same transaction; a
 * sender of any process claims, sends outside a transaction and records.
 */
import type { NewNotification } from '../model/delivery.ts';
import type { Queryable } from './pool.ts';

/**
 * Enqueues messages, each once for its dedupe key; gives how many are new. One row an incident and receiver: order,
 * merging of outdated updates, and folding of several incidents into a digest happen when they are sent.
 */
export async function enqueueNotifications(
  db: Queryable,
  notifications: readonly NewNotification[],
  nowMs: number,
): Promise<number> {
  if (notifications.length === 0) return 0;
  const { rowCount } = await db.query(
    `INSERT INTO notifications (dedupe_key, incident_id, sequence, receiver_id, kind, severity, details,
       created_at_ms, due_at_ms, next_at_ms)
     SELECT n."dedupeKey", n."incidentId", n.sequence, n."receiverId", n.kind, n.severity, coalesce(n.details, '{}'),
       $2, n."dueAtMs", n."dueAtMs"
     FROM jsonb_to_recordset($1::jsonb) AS n ("dedupeKey" text, "incidentId" uuid, sequence int, "receiverId" int,
       kind text, severity text, "dueAtMs" bigint, details jsonb)
     ON CONFLICT (dedupe_key) DO NOTHING`,
    [JSON.stringify(notifications), nowMs],
  );
  return rowCount ?? 0;
}
