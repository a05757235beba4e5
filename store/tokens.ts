/** API tokens for machines (table api_tokens): `dbt_` and 160 random bits, kept as a keyed hash (SEC-27). */
import { keyedHash, randomText } from '../model/secret.ts';
import { DAY, MINUTE } from '../model/time.ts';
import type { Role } from './people.ts';
import type { Queryable } from './pool.ts';

export const TOKEN_PREFIX = 'dbt_';
const TOKEN_BITS = 160;
export const TOKEN_LIFE_MS = 90 * DAY;
const USED_EVERY_MS = MINUTE;

export interface TokenRow {
  id: string;
  name: string;
  role: Role;
  createdAtMs: number;
  expiresAtMs: number;
  lastUsedMs: number | null;
}

interface TokenRecord {
  id: string;
  name: string;
  role: Role;
  created_at_ms: number;
  expires_at_ms: number;
  last_used_at_ms: number | null;
}

const COLUMNS = 'id, name, role, created_at_ms, expires_at_ms, last_used_at_ms';

function toToken(record: TokenRecord): TokenRow {
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    createdAtMs: record.created_at_ms,
    expiresAtMs: record.expires_at_ms,
    lastUsedMs: record.last_used_at_ms,
  };
}

/** The token's text is given back this once. createdBy: a person's id, null from the command line. */
export async function createToken(
  db: Queryable,
  input: { name: string; role: Role; createdBy: string | null; key: string; nowMs: number; lifeMs?: number },
): Promise<{ row: TokenRow; token: string }> {
  const token = TOKEN_PREFIX + randomText(TOKEN_BITS);
  const { rows } = await db.query<TokenRecord>(
    `INSERT INTO api_tokens (token_hash, name, role, created_by, created_at_ms, expires_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
    [
      keyedHash(input.key, 'apiToken', token),
      input.name,
      input.role,
      input.createdBy,
      input.nowMs,
      input.nowMs + (input.lifeMs ?? TOKEN_LIFE_MS),
    ],
  );
  const record = rows[0];
  if (!record) throw new Error('the new API token was not returned');
  return { row: toToken(record), token };
}

/** Tokens that still work, newest first, with the name of who made each; '' from the command line. */
export async function listTokens(
  db: Queryable,
  nowMs: number,
): Promise<(TokenRow & { createdBy: string })[]> {
  const { rows } = await db.query<TokenRecord & { made_by: string | null }>(
    `SELECT ${COLUMNS},
       (SELECT coalesce(nullif(display_name, ''), email) FROM people p WHERE p.id = created_by) AS made_by
     FROM api_tokens WHERE revoked_at_ms IS NULL AND expires_at_ms > $1
     ORDER BY created_at_ms DESC, id`,
    [nowMs],
  );
  return rows.map((row) => ({ ...toToken(row), createdBy: row.made_by ?? '' }));
}

/** The live token of a hash; null when unknown, revoked or expired. */
export async function readToken(db: Queryable, tokenHash: Buffer, nowMs: number): Promise<TokenRow | null> {
  const { rows } = await db.query<TokenRecord>(
    `SELECT ${COLUMNS} FROM api_tokens WHERE token_hash = $1 AND revoked_at_ms IS NULL AND expires_at_ms > $2`,
    [tokenHash, nowMs],
  );
  return rows[0] ? toToken(rows[0]) : null;
}

/** Notes the use of a token, at most once a minute. */
export async function touchToken(db: Queryable, token: TokenRow, nowMs: number): Promise<void> {
  if (token.lastUsedMs !== null && nowMs - token.lastUsedMs < USED_EVERY_MS) return;
  await db.query('UPDATE api_tokens SET last_used_at_ms = $2 WHERE id = $1', [token.id, nowMs]);
}

/** False when there is no such live token. */
export async function revokeToken(db: Queryable, id: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE api_tokens SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL',
    [id, nowMs],
  );
  return rowCount === 1;
}

/** Ends the tokens a person made: what they could do is gone with them (SEC-10). */
export async function revokeTokensOf(db: Queryable, personId: string, nowMs: number): Promise<void> {
  await db.query('UPDATE api_tokens SET revoked_at_ms = $2 WHERE created_by = $1 AND revoked_at_ms IS NULL', [
    personId,
    nowMs,
  ]);
}
