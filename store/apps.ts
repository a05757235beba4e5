/** Apps being watched, and the secrets of their drain URLs (tables apps, drain_secrets). */

import { keyedHash, randomText } from '../model/secret.ts';
import { HOUR } from '../model/time.ts';
import type { Client, Queryable } from './pool.ts';

export interface AppRow {
  id: number;
  name: string;
  createdAtMs: number;
  historyOpenUntilMs: number;
  customMetrics: boolean;
  strictTokens: boolean;
}

/** A live secret of an app, as the drain's cache needs it. */
export interface DrainCredential {
  appId: number;
  appName: string;
  secretHash: Buffer;
  /** null while valid without end; else the instant it stops being valid. */
  revokedAtMs: number | null;
  strictTokens: boolean;
  historyOpenUntilMs: number;
  customMetrics: boolean;
  /** Hours its log is kept; 0: none of it is; null: as everywhere. */
  keepLogsHours: number | null;
}

export type AppNameFault = 'badName' | 'ownName' | 'nameTaken';

/** A name that cannot be registered; the message is made for people. */
export class AppNameError extends Error {
  readonly fault: AppNameFault;
  constructor(fault: AppNameFault, message: string) {
    super(message);
    this.name = 'AppNameError';
    this.fault = fault;
  }
}

/** Random bits of a drain secret (SEC-01). */
const SECRET_BITS = 160;
/** How long the old secret stays valid beside a new one: time to change the drain in Heroku. */
export const ROTATION_OVERLAP_MS = 24 * HOUR;

/** Heroku's own app names are lower-case letters, digits and dashes, at most 30; older and other ones up to 63. */
const NAME_FORM = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Why a name cannot be registered, or null. ownAppName: HEROKU_APP_NAME, the Heroku app that runs us (S-21). */
export function appNameFault(name: string, ownAppName?: string): AppNameError | null {
  if (!NAME_FORM.test(name)) {
    return new AppNameError(
      'badName',
      'An app name has 1 to 63 lower-case letters, digits and dashes, with no dash at either end, as in Heroku.',
    );
  }
  if (ownAppName !== undefined && ownAppName !== '' && name === ownAppName) {
    return new AppNameError(
      'ownName',
      `"${name}" is the Heroku app this dashboard runs on. Draining it into itself would make each batch of lines cause the next one. Give it another Drainboard, or watch it with "heroku logs".`,
    );
  }
  return null;
}

const COLUMNS = `id, name, created_at_ms, history_open_until_ms, custom_metrics, strict_tokens`;

interface AppRecord {
  id: number;
  name: string;
  created_at_ms: number;
  history_open_until_ms: number;
  custom_metrics: boolean;
  strict_tokens: boolean;
}

function toApp(record: AppRecord): AppRow {
  return {
    id: record.id,
    name: record.name,
    createdAtMs: record.created_at_ms,
    historyOpenUntilMs: record.history_open_until_ms,
    customMetrics: record.custom_metrics,
    strictTokens: record.strict_tokens,
  };
}

/**
 * Registers an app with its first secret, in one statement. historyMs > 0: for that long from now on, old lines
 * keep their own time. Throws AppNameError for a name that is malformed, our own, or taken.
 */
export async function createApp(
  db: Queryable,
  input: { name: string; historyMs?: number; key: string; nowMs: number; ownAppName?: string },
): Promise<{ app: AppRow; secret: string }> {
  const fault = appNameFault(input.name, input.ownAppName);
  if (fault) throw fault;
  const secret = randomText(SECRET_BITS);
  const historyMs = input.historyMs ?? 0;
  const { rows } = await db.query<AppRecord>(
    `WITH app AS (
       INSERT INTO apps (name, created_at_ms, history_open_until_ms) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}
     ), secret AS (
       INSERT INTO drain_secrets (app_id, secret_hash, created_at_ms) SELECT id, $4, $2 FROM app
     )
     SELECT ${COLUMNS} FROM app`,
    [
      input.name,
      input.nowMs,
      historyMs > 0 ? input.nowMs + historyMs : 0,
      keyedHash(input.key, 'drain', secret),
    ],
  );
  const record = rows[0];
  if (!record) throw new AppNameError('nameTaken', `An app named "${input.name}" is already registered.`);
  return { app: toApp(record), secret };
}

/** Apps that are not removed, by name; that of Drainboard's own probe, whose name nobody can give, is none of them. */
export async function listApps(db: Queryable): Promise<AppRow[]> {
  const { rows } = await db.query<AppRecord>(
    `SELECT ${COLUMNS} FROM apps WHERE removed_at_ms IS NULL AND name !~ '~' ORDER BY name`,
  );
  return rows.map(toApp);
}

/** The app of that name; null when there is none or it was removed. */
export async function readApp(db: Queryable, name: string): Promise<AppRow | null> {
  if (!NAME_FORM.test(name)) return null;
  const { rows } = await db.query<AppRecord>(
    `SELECT ${COLUMNS} FROM apps WHERE name = $1 AND removed_at_ms IS NULL`,
    [name],
  );
  return rows[0] ? toApp(rows[0]) : null;
}

/** Changes what is given; null when there is no such app. */
export async function updateApp(
  db: Queryable,
  appId: number,
  change: { customMetrics?: boolean; strictTokens?: boolean; historyOpenUntilMs?: number },
): Promise<AppRow | null> {
  const { rows } = await db.query<AppRecord>(
    `UPDATE apps SET custom_metrics = coalesce($2, custom_metrics),
       strict_tokens = coalesce($3, strict_tokens),
       history_open_until_ms = coalesce($4, history_open_until_ms)
     WHERE id = $1 AND removed_at_ms IS NULL RETURNING ${COLUMNS}`,
    [appId, change.customMetrics ?? null, change.strictTokens ?? null, change.historyOpenUntilMs ?? null],
  );
  return rows[0] ? toApp(rows[0]) : null;
}

/**
 * A new secret, valid at once. The newest one before it stays valid for ROTATION_OVERLAP_MS (`atOnce`: not at
 * all), any older one ends now: at most two are live (SEC-03). null when there is no such app. Inside a
 * transaction of the caller's.
 */
export async function rotateSecret(
  tx: Client,
  input: { appId: number; key: string; nowMs: number; atOnce?: boolean },
): Promise<{ secret: string; oldValidUntilMs: number } | null> {
  // A statement of its own: one that waits for the lock would still see the secrets as they were before it.
  const { rowCount } = await tx.query(
    'SELECT id FROM apps WHERE id = $1 AND removed_at_ms IS NULL FOR UPDATE',
    [input.appId],
  );
  if (rowCount === 0) return null;
  const secret = randomText(SECRET_BITS);
  const oldValidUntilMs = input.atOnce ? input.nowMs : input.nowMs + ROTATION_OVERLAP_MS;
  await tx.query(
    `WITH live AS (
       SELECT id, row_number() OVER (ORDER BY id DESC) AS age FROM drain_secrets
       WHERE app_id = $1 AND (revoked_at_ms IS NULL OR revoked_at_ms > $2)
     ), ended AS (
       UPDATE drain_secrets s
       SET revoked_at_ms = least(coalesce(s.revoked_at_ms, $3), CASE WHEN live.age = 1 THEN $3 ELSE $2 END)
       FROM live WHERE s.id = live.id
     )
     INSERT INTO drain_secrets (app_id, secret_hash, created_at_ms) VALUES ($1, $4, $2)`,
    [input.appId, input.nowMs, oldValidUntilMs, keyedHash(input.key, 'drain', secret)],
  );
  return { secret, oldValidUntilMs };
}

/**
 * Stops taking in for an app at once (its secrets end) and marks it for the next retention round, which deletes
 * its rows. The name is free again: the row keeps it with its id behind a sign no name can have.
 */
export async function removeApp(db: Queryable, appId: number, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `WITH app AS (
       UPDATE apps SET removed_at_ms = $2, name = left(name, 50) || '~' || id
       WHERE id = $1 AND removed_at_ms IS NULL RETURNING id
     ), ended AS (
       UPDATE drain_secrets s SET revoked_at_ms = least(coalesce(s.revoked_at_ms, $2), $2)
       FROM app WHERE s.app_id = app.id
     )
     SELECT id FROM app`,
    [appId, nowMs],
  );
  return rowCount === 1;
}

interface CredentialRecord {
  app_id: number;
  name: string;
  secret_hash: Buffer;
  revoked_at_ms: number | null;
  strict_tokens: boolean;
  history_open_until_ms: number;
  custom_metrics: boolean;
  keep_logs_hours: number | null;
}

/** Every secret that is valid at nowMs or later, of apps that are not removed: the drain's cache. */
export async function listDrainCredentials(
  db: Queryable,
  nowMs: number = Date.now(),
): Promise<DrainCredential[]> {
  const { rows } = await db.query<CredentialRecord>(
    `SELECT s.app_id, a.name, s.secret_hash, s.revoked_at_ms, a.strict_tokens, a.history_open_until_ms,
            a.custom_metrics, a.keep_logs_hours
     FROM drain_secrets s JOIN apps a ON a.id = s.app_id
     WHERE a.removed_at_ms IS NULL AND (s.revoked_at_ms IS NULL OR s.revoked_at_ms > $1)
     ORDER BY s.id`,
    [nowMs],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    appName: row.name,
    secretHash: row.secret_hash,
    revokedAtMs: row.revoked_at_ms,
    strictTokens: row.strict_tokens,
    historyOpenUntilMs: row.history_open_until_ms,
    customMetrics: row.custom_metrics,
    keepLogsHours: row.keep_logs_hours,
  }));
}
