/**
 * The outbox (table notifications). Whoever changes an incident enqueues in the same transaction; a sender of any
 * process claims, sends outside a transaction and records (store/attempts.ts). Claims run out by the database's clock
 * and carry a number that fences, as leases do; when something is due is the caller's clock.
 */
import type { NewNotification, NotificationKind } from '../model/delivery.ts';
import type { Severity } from '../model/slo.ts';
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

/** A message that is due: nobody sends it, and nothing of its incident goes to its receiver before it. */
export interface DueNotification {
  id: number;
  publicId: string;
  incidentId: string | null;
  sequence: number;
  receiverId: number;
  kind: NotificationKind;
  severity: Severity | null;
  details: Record<string, unknown>;
  dueAtMs: number;
}

interface DueRecord {
  id: number;
  public_id: string;
  incident_id: string | null;
  sequence: number;
  receiver_id: number;
  kind: NotificationKind;
  severity: Severity | null;
  details: Record<string, unknown>;
  due_at_ms: number;
}

const DUE_COLUMNS = `n.id, n.public_id, n.incident_id, n.sequence, n.receiver_id, n.kind, n.severity, n.details,
  n.due_at_ms`;

function toDue(row: DueRecord): DueNotification {
  return {
    id: row.id,
    publicId: row.public_id,
    incidentId: row.incident_id,
    sequence: row.sequence,
    receiverId: row.receiver_id,
    kind: row.kind,
    severity: row.severity,
    details: row.details,
    dueAtMs: row.due_at_ms,
  };
}

/** Whether anything at all is due: an index of a few rows, asked each second. */
export async function isAnythingDue(
  db: Queryable,
  nowMs: number,
  kinds: readonly NotificationKind[] | null = null,
): Promise<boolean> {
  const { rows } = await db.query<{ is_due: boolean }>(
    `SELECT EXISTS (SELECT FROM notifications WHERE state IN ('waiting', 'sending') AND next_at_ms <= $1
       AND (state = 'waiting' OR claimed_until <= clock_timestamp())
       AND ($2::text[] IS NULL OR kind = ANY ($2))) AS is_due`,
    [nowMs, kinds],
  );
  return rows[0]?.is_due ?? false;
}

/**
 * Locks the first message of each incident and receiver that is due; those that belong to no incident each stand for
 * themselves. What another sender is deciding on is skipped; a claim that ran out is found again. Pages come first,
 * then what is due longest. Inside the caller's transaction.
 */
export async function lockDueHeads(
  tx: Queryable,
  options: { nowMs: number; kinds: readonly NotificationKind[] | null; limit: number },
): Promise<DueNotification[]> {
  const { rows } = await tx.query<DueRecord>(
    `SELECT ${DUE_COLUMNS} FROM notifications n
     WHERE n.state IN ('waiting', 'sending') AND n.next_at_ms <= $1
       AND (n.state = 'waiting' OR n.claimed_until <= clock_timestamp())
       AND ($2::text[] IS NULL OR n.kind = ANY ($2))
       AND (n.incident_id IS NULL OR NOT EXISTS (
         SELECT FROM notifications e LEFT JOIN notifications m ON e.state = 'merged' AND m.id = e.merged_into
         WHERE e.incident_id = n.incident_id AND e.receiver_id = n.receiver_id
           AND (e.sequence, e.id) < (n.sequence, n.id)
           -- What it tells along is no reason for it to wait.
           AND (e.state IN ('waiting', 'sending') OR m.state IN ('waiting', 'sending') AND m.id <> n.id)))
     ORDER BY (n.severity = 'page') IS NOT TRUE, n.next_at_ms, n.id LIMIT $3
     FOR UPDATE OF n SKIP LOCKED`,
    [options.nowMs, options.kinds, options.limit],
  );
  return rows.map(toDue);
}

/** The due messages behind locked heads, in their order: nobody else can claim them meanwhile. */
export async function lockFollowers(
  tx: Queryable,
  heads: readonly Pick<DueNotification, 'id' | 'incidentId' | 'receiverId'>[],
  nowMs: number,
): Promise<DueNotification[]> {
  const ofIncidents = heads.filter(({ incidentId }) => incidentId !== null);
  if (ofIncidents.length === 0) return [];
  const { rows } = await tx.query<DueRecord>(
    `SELECT ${DUE_COLUMNS} FROM notifications n
     JOIN unnest($1::uuid[], $2::int[]) AS h (incident_id, receiver_id)
       ON n.incident_id = h.incident_id AND n.receiver_id = h.receiver_id
     WHERE n.state = 'waiting' AND n.due_at_ms <= $3 AND n.id <> ALL ($4::bigint[])
     ORDER BY n.sequence, n.id FOR UPDATE OF n`,
    [
      ofIncidents.map(({ incidentId }) => incidentId),
      ofIncidents.map(({ receiverId }) => receiverId),
      nowMs,
      heads.map(({ id }) => id),
    ],
  );
  return rows.map(toDue);
}

/**
 * Those of the heads whose incident's last opening was given up at the receiver, cannot have arrived, and was not
 * followed by anything that did: the end of it is of no use there.
 */
export async function findNeverTold(tx: Queryable, headIds: readonly number[]): Promise<Set<number>> {
  const { rows } = await tx.query<{ id: number }>(
    `SELECT n.id FROM notifications n
     JOIN LATERAL (
       SELECT t.sequence, t.id, t.may_repeat, coalesce(m.state, t.state) AS state,
         coalesce(m.may_repeat, false) AS told_may_repeat
       FROM notifications t LEFT JOIN notifications m ON t.state = 'merged' AND m.id = t.merged_into
       WHERE t.incident_id = n.incident_id AND t.receiver_id = n.receiver_id AND t.kind = 'trigger'
         AND (t.sequence, t.id) < (n.sequence, n.id)
       ORDER BY t.sequence DESC, t.id DESC LIMIT 1
     ) opening ON true
     WHERE n.id = ANY ($1) AND opening.state IN ('dead', 'dropped')
       AND NOT opening.may_repeat AND NOT opening.told_may_repeat
       AND NOT EXISTS (
         SELECT FROM notifications l WHERE l.incident_id = n.incident_id AND l.receiver_id = n.receiver_id
           AND l.state = 'delivered' AND (l.sequence, l.id) > (opening.sequence, opening.id)
           AND (l.sequence, l.id) < (n.sequence, n.id))`,
    [headIds],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Those of the messages that tell an opening along: it was merged into them by an earlier try. */
export async function findCombined(tx: Queryable, ids: readonly number[]): Promise<Set<number>> {
  const { rows } = await tx.query<{ id: number }>(
    `SELECT n.id FROM notifications n WHERE n.id = ANY ($1) AND n.kind = 'resolve' AND EXISTS (
       SELECT FROM notifications t WHERE t.incident_id = n.incident_id AND t.receiver_id = n.receiver_id
         AND t.merged_into = n.id AND t.kind = 'trigger')`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** When each receiver was last sent an opening, or several together; those being sent count. Absent: not since then. */
export async function readLastOpenings(
  tx: Queryable,
  receiverIds: readonly number[],
  sinceMs: number,
  nowMs: number,
): Promise<Map<number, number>> {
  const { rows } = await tx.query<{ receiver_id: number; at_ms: number }>(
    `SELECT receiver_id, max(coalesce(last_attempt_at_ms, $3)) AS at_ms FROM notifications
     WHERE receiver_id = ANY ($1) AND kind IN ('trigger', 'digest') AND state IN ('sending', 'delivered')
       AND (state = 'delivered' OR claimed_until > clock_timestamp())
       AND (last_attempt_at_ms >= $2 OR last_attempt_at_ms IS NULL)
     GROUP BY receiver_id`,
    [receiverIds, sinceMs, nowMs],
  );
  return new Map(rows.map((row) => [row.receiver_id, row.at_ms]));
}

/** Ends messages without sending them. Inside the caller's transaction, on rows it has locked. */
export async function endNotifications(
  tx: Queryable,
  ids: readonly number[],
  state: 'dead' | 'dropped',
  reason: string,
  nowMs: number,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `UPDATE notifications SET state = $2, reason = $3, finished_at_ms = $4, claimed_by = NULL, claimed_until = NULL
     WHERE id = ANY ($1)`,
    [ids, state, reason, nowMs],
  );
}

/**
 * Has messages told by another one, which takes over what is known of them: that one of them may have arrived, since
 * when it is tried, and that it is not quiet when one of them was not. On locked rows.
 */
export async function mergeNotifications(
  tx: Queryable,
  ids: readonly number[],
  intoId: number,
  nowMs: number,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `WITH merged AS (
       UPDATE notifications n SET state = 'merged', merged_into = $2, finished_at_ms = $3, claimed_by = NULL,
         claimed_until = NULL,
         may_repeat = n.may_repeat OR EXISTS (
           SELECT FROM attempts a WHERE a.notification_id = n.id AND a.outcome IS NULL)
       WHERE n.id = ANY ($1)
       RETURNING may_repeat, first_attempt_at_ms, (n.details -> 'isQuiet')::boolean IS NOT TRUE AS is_loud
     ), lost AS (
       UPDATE attempts SET outcome = 'lost' WHERE notification_id = ANY ($1) AND outcome IS NULL
     )
     UPDATE notifications n SET may_repeat = n.may_repeat OR m.may_repeat,
       first_attempt_at_ms = least(n.first_attempt_at_ms, m.first_attempt_at_ms),
       details = CASE WHEN m.is_loud AND n.details ? 'isQuiet' THEN n.details || '{"isQuiet": false}' ELSE n.details END
     FROM (SELECT bool_or(may_repeat) AS may_repeat, min(first_attempt_at_ms) AS first_attempt_at_ms,
         bool_or(is_loud) AS is_loud FROM merged) m
     WHERE n.id = $2`,
    [ids, intoId, nowMs],
  );
}

/** Puts messages off. On locked rows. */
export async function postponeNotifications(
  tx: Queryable,
  ids: readonly number[],
  nextAtMs: number,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.query(
    `UPDATE notifications SET state = 'waiting', next_at_ms = greatest(next_at_ms, $2), claimed_by = NULL,
       claimed_until = NULL
     WHERE id = ANY ($1)`,
    [ids, nextAtMs],
  );
}

/** A message that tells of several incidents, due at once. */
export async function insertDigest(
  tx: Queryable,
  digest: { dedupeKey: string; receiverId: number; severity: Severity | null; details: object },
  nowMs: number,
): Promise<DueNotification> {
  const { rows } = await tx.query<DueRecord>(
    `INSERT INTO notifications AS n (dedupe_key, receiver_id, kind, severity, details, created_at_ms, due_at_ms,
       next_at_ms)
     VALUES ($1, $2, 'digest', $3, $4, $5, $5, $5) RETURNING ${DUE_COLUMNS}`,
    [digest.dedupeKey, digest.receiverId, digest.severity, JSON.stringify(digest.details), nowMs],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the new digest was not returned');
  return toDue(row);
}

/** A message that this process alone may send until its claim runs out. */
export interface Claimed {
  id: number;
  /** Fencing token. */
  claim: number;
  mayRepeat: boolean;
  /** With what was merged into it. */
  details: Record<string, unknown>;
}

/**
 * Claims locked messages. An attempt that was begun and never told, because its process died or was frozen, is
 * marked lost, and the message as one that may arrive twice (K-11).
 */
export async function claimNotifications(
  tx: Queryable,
  ids: readonly number[],
  holder: string,
  claimMs: number,
): Promise<Claimed[]> {
  if (ids.length === 0) return [];
  const { rows } = await tx.query<{
    id: number;
    claim: number;
    may_repeat: boolean;
    details: Record<string, unknown>;
  }>(
    `WITH lost AS (
       UPDATE attempts SET outcome = 'lost' WHERE notification_id = ANY ($1) AND outcome IS NULL
       RETURNING notification_id
     )
     UPDATE notifications n SET state = 'sending', claimed_by = $2, claim = n.claim + 1,
       claimed_until = clock_timestamp() + make_interval(secs => $3 / 1000.0),
       may_repeat = n.may_repeat OR n.id IN (SELECT notification_id FROM lost)
     WHERE n.id = ANY ($1) RETURNING n.id, n.claim, n.may_repeat, n.details`,
    [ids, holder, claimMs],
  );
  return rows.map((row) => ({
    id: row.id,
    claim: row.claim,
    mayRepeat: row.may_repeat,
    details: row.details,
  }));
}

/** Gives claims back unsent, to be tried at an instant; those lost meanwhile are left alone. */
export async function releaseClaim(
  db: Queryable,
  claimed: Pick<Claimed, 'id' | 'claim'>,
  nextAtMs: number,
): Promise<void> {
  await db.query(
    `UPDATE notifications SET state = 'waiting', next_at_ms = greatest(next_at_ms, $3), claimed_by = NULL,
       claimed_until = NULL
     WHERE id = $1 AND claim = $2 AND state = 'sending'`,
    [claimed.id, claimed.claim, nextAtMs],
  );
}

/** Ends a claimed message unsent; false when the claim was lost. */
export async function dropClaim(
  db: Queryable,
  claimed: Pick<Claimed, 'id' | 'claim'>,
  reason: string,
  nowMs: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE notifications SET state = 'dropped', reason = $3, finished_at_ms = $4, claimed_by = NULL,
       claimed_until = NULL
     WHERE id = $1 AND claim = $2 AND state = 'sending'`,
    [claimed.id, claimed.claim, reason, nowMs],
  );
  return rowCount === 1;
}

/** What earlier messages of the same incident and receiver, and earlier tries of this one, gave back. */
export async function readReference(
  db: Queryable,
  message: Pick<DueNotification, 'id' | 'incidentId' | 'receiverId'>,
): Promise<Record<string, string>> {
  const { rows } = await db.query<{ reference: Record<string, string> }>(
    `SELECT reference FROM notifications
     WHERE reference IS NOT NULL AND (id = $3 OR (incident_id = $1 AND receiver_id = $2)) ORDER BY sequence, id`,
    [message.incidentId, message.receiverId, message.id],
  );
  return Object.assign({}, ...rows.map(({ reference }) => reference)) as Record<string, string>;
}

/** Enqueues a message that a person asked for, to see whether it arrives; gives its public id. */
export async function enqueueTest(
  db: Queryable,
  test: { receiverId: number; by: string },
  nowMs: number,
): Promise<string> {
  return insertOne(
    db,
    `INSERT INTO notifications (dedupe_key, receiver_id, kind, details, created_at_ms, due_at_ms, next_at_ms)
     VALUES ($1, $2, 'test', $3, $4, $4, $4) RETURNING public_id`,
    [`test/${crypto.randomUUID()}`, test.receiverId, JSON.stringify({ by: test.by }), nowMs],
  );
}

/**
 * Sends a message that was given up or dropped once more, as a new one; null when there is none, or when it is not
 * at its end.
 */
export async function replayNotification(
  db: Queryable,
  publicId: string,
  by: string,
  nowMs: number,
): Promise<string | null> {
  const { rows } = await db.query<{ public_id: string }>(
    `INSERT INTO notifications (dedupe_key, incident_id, sequence, receiver_id, kind, severity, details, created_at_ms,
       due_at_ms, next_at_ms, may_repeat, replay_of)
     SELECT 'replay/' || gen_random_uuid(), incident_id, sequence, receiver_id, kind, severity,
       details || jsonb_build_object('replayedBy', $2::text), $3, $3, $3, may_repeat, id
     FROM notifications WHERE public_id = $1 AND state IN ('dead', 'dropped') RETURNING public_id`,
    [publicId, by, nowMs],
  );
  return rows[0]?.public_id ?? null;
}

async function insertOne(db: Queryable, sql: string, values: unknown[]): Promise<string> {
  const { rows } = await db.query<{ public_id: string }>(sql, values);
  const [row] = rows;
  if (row === undefined) throw new Error('the new notification was not returned');
  return row.public_id;
}

/** Messages kept after they ended, ms, and removed in steps of so many rows. */
const DELETE_LIMIT = 5_000;

/**
 * Deletes messages that ended before an instant, and those of incidents that are gone with their app, with
 * their attempts; gives how many.
 */
export async function deleteOldNotifications(db: Queryable, beforeMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM notifications WHERE id IN (
       SELECT id FROM notifications n
       WHERE state NOT IN ('waiting', 'sending') AND (finished_at_ms < $1
         OR (incident_id IS NOT NULL AND NOT EXISTS (SELECT FROM incidents i WHERE i.id = n.incident_id)))
       ORDER BY id LIMIT ${DELETE_LIMIT})`,
    [beforeMs],
  );
  return rowCount ?? 0;
}
