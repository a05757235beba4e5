/** The log of what was sent (tables notifications, attempts), and what waits of each receiver. */
import type {
  AttemptOutcome,
  NotificationKind,
  NotificationState,
  ReceiverKind,
} from '../../model/delivery.ts';
import type { Severity } from '../../model/slo.ts';
import type { Queryable } from '../pool.ts';

export interface DeliveryRow {
  id: string;
  receiver: { id: string; name: string; kind: ReceiverKind };
  incidentId: string | null;
  incidentTitle: string;
  kind: NotificationKind;
  severity: Severity | null;
  state: NotificationState;
  createdAtMs: number;
  /** Not tried before. */
  nextAtMs: number;
  deliveredAtMs: number | null;
  tries: number;
  reason: string;
  /** Where the page that follows begins. */
  cursor: number;
}

interface DeliveryRecord {
  id: number;
  public_id: string;
  receiver_id: string;
  receiver_name: string;
  receiver_kind: ReceiverKind;
  incident_id: string | null;
  incident_title: string | null;
  kind: NotificationKind;
  severity: Severity | null;
  state: NotificationState;
  created_at_ms: number;
  next_at_ms: number;
  finished_at_ms: number | null;
  attempts: number;
  reason: string;
}

const SELECT = `
  SELECT n.id, n.public_id, r.public_id AS receiver_id, r.name AS receiver_name, r.kind AS receiver_kind,
    n.incident_id, i.title AS incident_title, n.kind, n.severity, n.state, n.created_at_ms, n.next_at_ms,
    n.finished_at_ms, n.attempts, n.reason
  FROM notifications n JOIN receivers r ON r.id = n.receiver_id LEFT JOIN incidents i ON i.id = n.incident_id`;

function toDelivery(row: DeliveryRecord): DeliveryRow {
  return {
    id: row.public_id,
    receiver: { id: row.receiver_id, name: row.receiver_name, kind: row.receiver_kind },
    incidentId: row.incident_id,
    incidentTitle: row.incident_title ?? '',
    kind: row.kind,
    severity: row.severity,
    state: row.state,
    createdAtMs: row.created_at_ms,
    nextAtMs: row.next_at_ms,
    deliveredAtMs: row.state === 'delivered' ? row.finished_at_ms : null,
    tries: row.attempts,
    reason: row.reason,
    cursor: row.id,
  };
}

export interface DeliveryFilter {
  /** Public ids. */
  receiverId?: string | undefined;
  incidentId?: string | undefined;
  state?: NotificationState | undefined;
  /** Only what is older than the delivery of this cursor. */
  before?: number | undefined;
  limit: number;
}

/** Newest first. */
export async function listDeliveries(db: Queryable, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  const { rows } = await db.query<DeliveryRecord>(
    `${SELECT}
     WHERE ($1::uuid IS NULL OR n.receiver_id = (SELECT id FROM receivers WHERE public_id = $1))
       AND ($2::uuid IS NULL OR n.incident_id = $2) AND ($3::text IS NULL OR n.state = $3) AND n.id < $4
     ORDER BY n.id DESC LIMIT $5`,
    [
      filter.receiverId ?? null,
      filter.incidentId ?? null,
      filter.state ?? null,
      filter.before ?? Number.MAX_SAFE_INTEGER,
      filter.limit,
    ],
  );
  return rows.map(toDelivery);
}

/** By its public id; null when there is none. */
export async function readDelivery(db: Queryable, id: string): Promise<DeliveryRow | null> {
  const { rows } = await db.query<DeliveryRecord>(`${SELECT} WHERE n.public_id = $1`, [id]);
  return rows[0] ? toDelivery(rows[0]) : null;
}

export interface AttemptRow {
  atMs: number;
  tookMs: number;
  /** null: under way. */
  outcome: AttemptOutcome | null;
  status: number | null;
  reason: string;
}

/** Of one delivery, oldest first. */
export async function listAttempts(db: Queryable, deliveryId: string): Promise<AttemptRow[]> {
  const { rows } = await db.query<{
    at_ms: number;
    took_ms: number | null;
    outcome: AttemptOutcome | null;
    status: number | null;
    reason: string;
  }>(
    `SELECT a.at_ms, a.took_ms, a.outcome, a.status, a.reason
     FROM attempts a JOIN notifications n ON n.id = a.notification_id
     WHERE n.public_id = $1 ORDER BY a.number LIMIT 500`,
    [deliveryId],
  );
  return rows.map((row) => ({
    atMs: row.at_ms,
    tookMs: row.took_ms ?? 0,
    outcome: row.outcome,
    status: row.status,
    reason: row.reason,
  }));
}

export interface ReceiverQueue {
  queued: number;
  oldestQueuedMs: number | null;
  /** Given up since the instant given. */
  dead: number;
}

/** By internal id of the receiver; those with nothing are left out. */
export async function readQueues(db: Queryable, deadSinceMs: number): Promise<Map<number, ReceiverQueue>> {
  const { rows } = await db.query<{
    receiver_id: number;
    queued: number;
    oldest_ms: number | null;
    dead: number;
  }>(
    `SELECT receiver_id, count(*) FILTER (WHERE state <> 'dead') AS queued,
       min(created_at_ms) FILTER (WHERE state <> 'dead') AS oldest_ms,
       count(*) FILTER (WHERE state = 'dead') AS dead
     FROM (
       SELECT receiver_id, state, created_at_ms FROM notifications WHERE state IN ('waiting', 'sending')
       UNION ALL
       SELECT receiver_id, state, created_at_ms FROM notifications WHERE state = 'dead' AND finished_at_ms >= $1
     ) AS n GROUP BY receiver_id`,
    [deadSinceMs],
  );
  return new Map(
    rows.map((row) => [
      row.receiver_id,
      { queued: row.queued, oldestQueuedMs: row.oldest_ms, dead: row.dead },
    ]),
  );
}
