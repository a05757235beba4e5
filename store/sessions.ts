/** Sessions of signed-in people (table sessions). Only a keyed hash of the cookie's token is kept (SEC-20). */
import { DAY, HOUR, MINUTE } from '../model/time.ts';
import type { PersonRow, Role } from './people.ts';
import type { Queryable } from './pool.ts';

/** SEC-21. */
export const SESSION_IDLE_MAX_MS = 12 * HOUR;
export const SESSION_AGE_MAX_MS = 30 * DAY;
/** last_seen_at_ms is written at most this often, so that reading a page is not a write each time. */
const SEEN_EVERY_MS = MINUTE;

export interface SessionRow {
  id: string;
  createdAtMs: number;
  /** Last proof of the password. */
  freshAtMs: number;
  lastSeenMs: number;
  userAgent: string;
  address: string;
}

interface SessionRecord {
  id: string;
  created_at_ms: number;
  fresh_at_ms: number;
  last_seen_at_ms: number;
  user_agent: string;
  address: string;
}

function toSession(record: SessionRecord): SessionRow {
  return {
    id: record.id,
    createdAtMs: record.created_at_ms,
    freshAtMs: record.fresh_at_ms,
    lastSeenMs: record.last_seen_at_ms,
    userAgent: record.user_agent,
    address: record.address,
  };
}

/** user agent and address are cut to what the list of sessions needs. */
export async function insertSession(
  db: Queryable,
  session: { tokenHash: Buffer; personId: string; nowMs: number; userAgent: string; address: string },
): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO sessions (token_hash, person_id, created_at_ms, fresh_at_ms, last_seen_at_ms, user_agent, address)
     VALUES ($1, $2, $3, $3, $3, $4, $5) RETURNING id`,
    [
      session.tokenHash,
      session.personId,
      session.nowMs,
      session.userAgent.slice(0, 256),
      session.address.slice(0, 64),
    ],
  );
  return rows[0]?.id ?? '';
}

/** The live session of a token and its person; null when it ended, idled out, or the person is disabled. */
export async function readSession(
  db: Queryable,
  tokenHash: Buffer,
  nowMs: number,
): Promise<{ session: SessionRow; person: PersonRow } | null> {
  const { rows } = await db.query<
    SessionRecord & {
      person_id: string;
      email: string;
      display_name: string;
      role: Role;
      person_created_at_ms: number;
    }
  >(
    `SELECT s.id, s.created_at_ms, s.fresh_at_ms, s.last_seen_at_ms, s.user_agent, s.address,
            p.id AS person_id, p.email, p.display_name, p.role, p.created_at_ms AS person_created_at_ms
     FROM sessions s JOIN people p ON p.id = s.person_id
     WHERE s.token_hash = $1 AND p.disabled_at_ms IS NULL
       AND s.last_seen_at_ms > $2 AND s.created_at_ms > $3`,
    [tokenHash, nowMs - SESSION_IDLE_MAX_MS, nowMs - SESSION_AGE_MAX_MS],
  );
  const row = rows[0];
  if (!row) return null;
  const person: PersonRow = {
    id: row.person_id,
    email: row.email,
    displayName: row.display_name,
    role: row.role,
    createdAtMs: row.person_created_at_ms,
    disabledAtMs: null,
  };
  return { session: toSession(row), person };
}

/** Moves last_seen_at_ms, at most once a minute. */
export async function touchSession(db: Queryable, session: SessionRow, nowMs: number): Promise<void> {
  if (nowMs - session.lastSeenMs < SEEN_EVERY_MS) return;
  await db.query('UPDATE sessions SET last_seen_at_ms = greatest(last_seen_at_ms, $2) WHERE id = $1', [
    session.id,
    nowMs,
  ]);
}

/** Notes a new proof of the password (SEC-24). */
export async function refreshSession(db: Queryable, id: string, nowMs: number): Promise<void> {
  await db.query('UPDATE sessions SET fresh_at_ms = $2 WHERE id = $1', [id, nowMs]);
}

/** A person's live sessions, newest use first. */
export async function listSessions(db: Queryable, personId: string, nowMs: number): Promise<SessionRow[]> {
  const { rows } = await db.query<SessionRecord>(
    `SELECT id, created_at_ms, fresh_at_ms, last_seen_at_ms, user_agent, address FROM sessions
     WHERE person_id = $1 AND last_seen_at_ms > $2 AND created_at_ms > $3
     ORDER BY last_seen_at_ms DESC, id LIMIT 200`,
    [personId, nowMs - SESSION_IDLE_MAX_MS, nowMs - SESSION_AGE_MAX_MS],
  );
  return rows.map(toSession);
}

/** Ends one session of a person; false when it is not theirs or not there. */
export async function endSession(db: Queryable, personId: string, id: string): Promise<boolean> {
  const { rowCount } = await db.query('DELETE FROM sessions WHERE id = $1 AND person_id = $2', [
    id,
    personId,
  ]);
  return rowCount === 1;
}

/** Ends all sessions of a person, but the one given (SEC-22). */
export async function endSessionsOf(db: Queryable, personId: string, exceptId?: string): Promise<number> {
  const { rowCount } = await db.query(
    'DELETE FROM sessions WHERE person_id = $1 AND id IS DISTINCT FROM $2::uuid',
    [personId, exceptId ?? null],
  );
  return rowCount ?? 0;
}

/** Deletes sessions that can never be used again; called by the sign-in now and then. */
export async function deleteOldSessions(db: Queryable, nowMs: number): Promise<void> {
  await db.query('DELETE FROM sessions WHERE last_seen_at_ms <= $1 OR created_at_ms <= $2', [
    nowMs - SESSION_IDLE_MAX_MS,
    nowMs - SESSION_AGE_MAX_MS,
  ]);
}
