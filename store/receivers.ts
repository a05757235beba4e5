/** Places that are told (table receivers). Secrets go in and come out only for sending (SEC-43). */
import type { ReceiverHealth, ReceiverKind, ReceiverSecrets, ReceiverSettings } from '../model/delivery.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Queryable } from './pool.ts';
import { type BoxFault, type BoxKey, openBox, sealBox } from './secret-box.ts';

export interface ReceiverRow {
  id: number;
  publicId: string;
  name: string;
  kind: ReceiverKind;
  settings: ReceiverSettings;
  /** Names of the secrets that are set. */
  secretNames: string[];
  isEnabled: boolean;
  /** Also told of troubles of Drainboard itself and of other receivers. */
  tellsOwners: boolean;
  health: ReceiverHealth;
  healthReason: string;
  healthSinceMs: number | null;
  lastDeliveredAtMs: number | null;
  lastFailedAtMs: number | null;
  createdBy: string;
  createdAtMs: number;
  updatedAtMs: number;
}

/** With what sending needs; never leaves alerts/. */
export interface SendingReceiver extends ReceiverRow {
  /** Boxed; null: none. */
  box: Buffer | null;
  isRemoved: boolean;
}

interface ReceiverRecord {
  id: number;
  public_id: string;
  name: string;
  kind: ReceiverKind;
  settings: ReceiverSettings;
  secret_names: string[];
  is_enabled: boolean;
  tells_owners: boolean;
  health: ReceiverHealth;
  health_reason: string;
  health_since_ms: number | null;
  last_delivered_at_ms: number | null;
  last_failed_at_ms: number | null;
  created_by: string;
  created_at_ms: number;
  updated_at_ms: number;
}

const COLUMNS = `id, public_id, name, kind, settings, secret_names, is_enabled, tells_owners, health, health_reason,
  health_since_ms, last_delivered_at_ms, last_failed_at_ms, created_by, created_at_ms, updated_at_ms`;

function toReceiver(record: ReceiverRecord): ReceiverRow {
  return {
    id: record.id,
    publicId: record.public_id,
    name: record.name,
    kind: record.kind,
    settings: record.settings,
    secretNames: record.secret_names,
    isEnabled: record.is_enabled,
    tellsOwners: record.tells_owners,
    health: record.health,
    healthReason: record.health_reason,
    healthSinceMs: record.health_since_ms,
    lastDeliveredAtMs: record.last_delivered_at_ms,
    lastFailedAtMs: record.last_failed_at_ms,
    createdBy: record.created_by,
    createdAtMs: record.created_at_ms,
    updatedAtMs: record.updated_at_ms,
  };
}

const boxRow = (publicId: string) => `receivers/${publicId}`;

export interface NewReceiver {
  name: string;
  kind: ReceiverKind;
  settings: ReceiverSettings;
  secrets: ReceiverSecrets;
  tellsOwners: boolean;
  createdBy: string;
}

/** null when the name is taken. Settings and secrets were checked by the kind's adapter. */
export async function insertReceiver(
  db: Queryable,
  key: BoxKey,
  receiver: NewReceiver,
  nowMs: number,
): Promise<ReceiverRow | null> {
  const publicId = crypto.randomUUID();
  const { rows } = await db.query<ReceiverRecord>(
    `INSERT INTO receivers (public_id, name, kind, settings, secrets, secret_names, tells_owners, created_by,
       created_at_ms, updated_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
     ON CONFLICT (lower(name)) WHERE removed_at_ms IS NULL DO NOTHING RETURNING ${COLUMNS}`,
    [
      publicId,
      receiver.name,
      receiver.kind,
      JSON.stringify(receiver.settings),
      sealSecrets(key, publicId, receiver.secrets),
      Object.keys(receiver.secrets).sort(),
      receiver.tellsOwners,
      receiver.createdBy,
      nowMs,
    ],
  );
  return rows[0] ? toReceiver(rows[0]) : null;
}

export interface ReceiverUpdate {
  name?: string | undefined;
  settings?: ReceiverSettings | undefined;
  /** All of them: merge with `readReceiverSecrets` what is to stay. */
  secrets?: ReceiverSecrets | undefined;
  isEnabled?: boolean | undefined;
  tellsOwners?: boolean | undefined;
}

/**
 * Changes what is given; null when there is none. New settings or secrets, and switching on, make a broken one be
 * tried again. Throws a unique violation (23505) when the name is taken.
 */
export async function updateReceiver(
  db: Queryable,
  key: BoxKey,
  publicId: string,
  change: ReceiverUpdate,
  nowMs: number,
): Promise<ReceiverRow | null> {
  const isMended = change.settings !== undefined || change.secrets !== undefined || change.isEnabled === true;
  const { rows } = await db.query<ReceiverRecord>(
    `UPDATE receivers SET name = coalesce($2, name), settings = coalesce($3, settings),
       secrets = CASE WHEN $4 THEN $5 ELSE secrets END,
       secret_names = CASE WHEN $4 THEN $6::text[] ELSE secret_names END,
       is_enabled = coalesce($7, is_enabled), tells_owners = coalesce($8, tells_owners),
       health = CASE WHEN $9 THEN 'ok' ELSE health END,
       health_reason = CASE WHEN $9 THEN '' ELSE health_reason END,
       health_since_ms = CASE WHEN $9 THEN NULL ELSE health_since_ms END,
       gone_in_a_row = CASE WHEN $9 THEN 0 ELSE gone_in_a_row END,
       updated_at_ms = $10
     WHERE public_id = $1 AND removed_at_ms IS NULL RETURNING ${COLUMNS}`,
    [
      publicId,
      change.name ?? null,
      change.settings === undefined ? null : JSON.stringify(change.settings),
      change.secrets !== undefined,
      change.secrets === undefined ? null : sealSecrets(key, publicId, change.secrets),
      change.secrets === undefined ? [] : Object.keys(change.secrets).sort(),
      change.isEnabled ?? null,
      change.tellsOwners ?? null,
      isMended,
      nowMs,
    ],
  );
  return rows[0] ? toReceiver(rows[0]) : null;
}

/** Its secrets go at once; the row stays for the log of what it was told. False when there is none. */
export async function removeReceiver(db: Queryable, publicId: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE receivers SET removed_at_ms = $2, secrets = NULL, secret_names = '{}', is_enabled = false
     WHERE public_id = $1 AND removed_at_ms IS NULL`,
    [publicId, nowMs],
  );
  return rowCount === 1;
}

/** Those that are not removed, by name. */
export async function listReceivers(db: Queryable): Promise<ReceiverRow[]> {
  const { rows } = await db.query<ReceiverRecord>(
    `SELECT ${COLUMNS} FROM receivers WHERE removed_at_ms IS NULL ORDER BY lower(name)`,
  );
  return rows.map(toReceiver);
}

/** null when there is none, or it was removed. */
export async function readReceiver(db: Queryable, publicId: string): Promise<ReceiverRow | null> {
  const { rows } = await db.query<ReceiverRecord>(
    `SELECT ${COLUMNS} FROM receivers WHERE public_id = $1 AND removed_at_ms IS NULL`,
    [publicId],
  );
  return rows[0] ? toReceiver(rows[0]) : null;
}

/** For sending: also removed ones, whose messages must end. */
export async function listSendingReceivers(
  db: Queryable,
  ids: readonly number[],
): Promise<SendingReceiver[]> {
  const { rows } = await db.query<ReceiverRecord & { secrets: Buffer | null; is_removed: boolean }>(
    `SELECT ${COLUMNS}, secrets, removed_at_ms IS NOT NULL AS is_removed FROM receivers WHERE id = ANY ($1)`,
    [ids],
  );
  return rows.map((row) => ({ ...toReceiver(row), box: row.secrets, isRemoved: row.is_removed }));
}

/** What a receiver's box holds; {} without one. */
export function openSecrets(
  keys: readonly BoxKey[],
  receiver: Pick<SendingReceiver, 'publicId' | 'box'>,
): Result<ReceiverSecrets, BoxFault> {
  if (receiver.box === null) return ok({});
  const opened = openBox(keys, boxRow(receiver.publicId), receiver.box);
  if (!opened.ok) return err(opened.error);
  return ok(JSON.parse(opened.value) as ReceiverSecrets);
}

/** The secrets of one receiver, to change some of them. Never for an answer to anybody. */
export async function readReceiverSecrets(
  db: Queryable,
  keys: readonly BoxKey[],
  publicId: string,
): Promise<Result<ReceiverSecrets, BoxFault>> {
  const { rows } = await db.query<{ secrets: Buffer | null }>(
    'SELECT secrets FROM receivers WHERE public_id = $1 AND removed_at_ms IS NULL',
    [publicId],
  );
  return openSecrets(keys, { publicId, box: rows[0]?.secrets ?? null });
}

function sealSecrets(key: BoxKey, publicId: string, secrets: ReceiverSecrets): Buffer | null {
  if (Object.keys(secrets).length === 0) return null;
  return sealBox(key, boxRow(publicId), JSON.stringify(secrets));
}

/** So many answers of 404 or 410 in a row say that a place is gone. */
export const GONE_TIMES = 3;

/** What an attempt says of its receiver. */
export type ReceiverSign =
  | { kind: 'delivered' }
  /** May pass. */
  | { kind: 'failed' }
  /** Refused us in a way that others will meet too. `isGone`: with 404 or 410. */
  | { kind: 'refused'; reason: string; isGone: boolean }
  | { kind: 'disabled'; reason: string };

/** Notes how an attempt went; `becameBroken` when it is this one that broke the receiver. */
export async function noteReceiver(
  db: Queryable,
  id: number,
  sign: ReceiverSign,
  nowMs: number,
): Promise<{ becameBroken: boolean }> {
  if (sign.kind === 'delivered') {
    await db.query(
      `UPDATE receivers SET last_delivered_at_ms = $2, gone_in_a_row = 0, health = 'ok', health_reason = '',
         health_since_ms = NULL
       WHERE id = $1`,
      [id, nowMs],
    );
    return { becameBroken: false };
  }
  if (sign.kind === 'failed') {
    await db.query('UPDATE receivers SET last_failed_at_ms = $2 WHERE id = $1', [id, nowMs]);
    return { becameBroken: false };
  }
  const isGone = sign.kind === 'refused' && sign.isGone;
  // The row as it was: its lock is held, so nobody changes it between the two parts.
  const { rows } = await db.query<{ was: ReceiverHealth; health: ReceiverHealth }>(
    `WITH before AS (SELECT id, health, gone_in_a_row FROM receivers WHERE id = $1 FOR UPDATE)
     UPDATE receivers r SET last_failed_at_ms = $2, gone_in_a_row = CASE WHEN $3 THEN b.gone_in_a_row + 1 ELSE 0 END,
       health = CASE WHEN $4 OR b.health = 'broken' OR ($3 AND b.gone_in_a_row + 1 >= ${GONE_TIMES}) THEN 'broken'
                     ELSE 'unhealthy' END,
       health_reason = $5,
       health_since_ms = CASE WHEN b.health = 'ok' THEN $2 ELSE coalesce(r.health_since_ms, $2) END
     FROM before b WHERE r.id = b.id RETURNING b.health AS was, r.health`,
    [id, nowMs, isGone, sign.kind === 'disabled', sign.reason],
  );
  return { becameBroken: rows[0] !== undefined && rows[0].was !== 'broken' && rows[0].health === 'broken' };
}

/**
 * Who is told when a receiver fails, or Drainboard itself: those marked for it; where there is none that works, the one
 * that worked last. Empty: there is nobody.
 */
export async function listOwnersReceivers(
  db: Queryable,
  exceptId: number | null,
): Promise<{ id: number; kind: ReceiverKind; name: string }[]> {
  const { rows } = await db.query<{ id: number; kind: ReceiverKind; name: string }>(
    `WITH able AS (
       SELECT id, kind, name, tells_owners,
         row_number() OVER (ORDER BY last_delivered_at_ms DESC NULLS LAST, id) AS place
       FROM receivers
       WHERE removed_at_ms IS NULL AND is_enabled AND health <> 'broken' AND kind <> 'pagerdutyChange'
         AND id IS DISTINCT FROM $1
     )
     SELECT id, kind, name FROM able
     WHERE tells_owners OR (place = 1 AND NOT EXISTS (SELECT FROM able WHERE tells_owners)) ORDER BY id`,
    [exceptId],
  );
  return rows;
}
