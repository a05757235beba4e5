/** Tries to send (table attempts), and how a message stands after one. */
import type { AttemptOutcome } from '../model/delivery.ts';
import type { Claimed } from './notifications.ts';
import type { Queryable } from './pool.ts';

/**
 * Begins an attempt: written down before anything is sent, so that a process that dies in it leaves a trace. null
 * when the claim ran out or was taken over: then nothing may be sent (K-15).
 */
export async function beginAttempt(
  db: Queryable,
  claimed: Pick<Claimed, 'id' | 'claim'>,
  options: { holder: string; claimMs: number; nowMs: number },
): Promise<{ number: number; firstAttemptAtMs: number } | null> {
  const { rows } = await db.query<{ number: number; first_attempt_at_ms: number }>(
    `WITH begun AS (
       UPDATE notifications SET attempts = attempts + 1, last_attempt_at_ms = $3,
         first_attempt_at_ms = coalesce(first_attempt_at_ms, $3),
         claimed_until = clock_timestamp() + make_interval(secs => $4 / 1000.0)
       WHERE id = $1 AND claim = $2 AND state = 'sending' AND claimed_until > clock_timestamp()
       RETURNING id, attempts, first_attempt_at_ms
     ), attempt AS (
       INSERT INTO attempts (notification_id, number, at_ms, holder) SELECT id, attempts, $3, $5 FROM begun
     )
     SELECT attempts AS number, first_attempt_at_ms FROM begun`,
    [claimed.id, claimed.claim, options.nowMs, options.claimMs, options.holder],
  );
  const [row] = rows;
  return row === undefined ? null : { number: row.number, firstAttemptAtMs: row.first_attempt_at_ms };
}

/** How a message stands after an attempt. */
export interface AttemptEnd {
  number: number;
  outcome: AttemptOutcome;
  tookMs: number;
  /** HTTP or SMTP status; null without an answer. */
  status: number | null;
  reason: string;
  /** The beginning of the answer, without secrets; null without one. */
  answer: string | null;
  mayHaveArrived: boolean;
  reference: Record<string, string> | null;
  next: { kind: 'retry'; atMs: number } | { kind: 'delivered' | 'dead' };
}

/**
 * Records an attempt. False when another sender took the message over meanwhile: its own attempt decides, and only
 * this one's outcome is noted.
 */
export async function endAttempt(
  tx: Queryable,
  claimed: Pick<Claimed, 'id' | 'claim'>,
  end: AttemptEnd,
  nowMs: number,
): Promise<boolean> {
  await tx.query(
    `UPDATE attempts SET took_ms = $3, outcome = $4, status = $5, reason = $6, answer = $7
     WHERE notification_id = $1 AND number = $2`,
    [claimed.id, end.number, Math.round(end.tookMs), end.outcome, end.status, end.reason, end.answer],
  );
  const isRetry = end.next.kind === 'retry';
  const { rowCount } = await tx.query(
    `UPDATE notifications SET state = $3, reason = $4, may_repeat = may_repeat OR $5,
       reference = CASE WHEN $6::jsonb IS NULL THEN reference ELSE coalesce(reference, '{}') || $6::jsonb END,
       next_at_ms = CASE WHEN $3 = 'waiting' THEN $7 ELSE next_at_ms END,
       finished_at_ms = CASE WHEN $3 = 'waiting' THEN NULL ELSE $8::bigint END, claimed_by = NULL, claimed_until = NULL
     WHERE id = $1 AND claim = $2 AND state = 'sending'`,
    [
      claimed.id,
      claimed.claim,
      isRetry ? 'waiting' : end.next.kind,
      end.reason,
      end.mayHaveArrived,
      end.reference === null ? null : JSON.stringify(end.reference),
      end.next.kind === 'retry' ? end.next.atMs : 0,
      nowMs,
    ],
  );
  return rowCount === 1;
}

/** Enters in an incident's timeline that a receiver was told, or could not be; once a message. */
export async function noteOnTimeline(
  tx: Queryable,
  note: {
    notificationId: number;
    incidentId: string;
    kind: 'told' | 'notTold';
    receiverName: string;
    detail: object;
  },
  nowMs: number,
): Promise<void> {
  await tx.query(
    `INSERT INTO incident_events (incident_id, at_ms, kind, actor, detail, dedupe_key)
     SELECT id, $2, $3, $4, $5, $6 FROM incidents WHERE id = $1
     ON CONFLICT (incident_id, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING`,
    [
      note.incidentId,
      nowMs,
      note.kind,
      note.receiverName,
      JSON.stringify(note.detail),
      `${note.kind}/${note.notificationId}`,
    ],
  );
}
