/**
 * Links of screens on a wall (table wall_tokens): `dbw_` and 160 random bits, kept as a keyed hash. They read what a
 * wall shows and nothing else (api/route.ts), and last as long as they are in use.
 */
import { keyedHash, randomText } from '../model/secret.ts';
import { DAY, MINUTE } from '../model/time.ts';
import type { Queryable } from './pool.ts';

export const WALL_PREFIX = 'dbw_';
const TOKEN_BITS = 160;
/** A screen that shows nothing for so long has been taken down. */
export const WALL_IDLE_MAX_MS = 90 * DAY;
const SEEN_EVERY_MS = MINUTE;

export interface WallRow {
  id: string;
  name: string;
  createdAtMs: number;
  lastSeenMs: number | null;
  lastAddress: string;
}

interface WallRecord {
  id: string;
  name: string;
  created_at_ms: number;
  last_seen_at_ms: number | null;
  last_address: string;
}

const COLUMNS = 'w.id, w.name, w.created_at_ms, w.last_seen_at_ms, w.last_address';
/** In use, not revoked, and made by somebody who may still come in. $1: now − WALL_IDLE_MAX_MS. */
const LIVE = `wall_tokens w JOIN people p ON p.id = w.created_by
  WHERE w.revoked_at_ms IS NULL AND p.disabled_at_ms IS NULL
    AND greatest(w.created_at_ms, w.last_seen_at_ms) > $1`;

function toWall(record: WallRecord): WallRow {
  return {
    id: record.id,
    name: record.name,
    createdAtMs: record.created_at_ms,
    lastSeenMs: record.last_seen_at_ms,
    lastAddress: record.last_address,
  };
}

/** The token's text is given back this once. */
export async function createWall(
  db: Queryable,
  input: { name: string; createdBy: string; key: string; nowMs: number },
): Promise<{ row: WallRow; token: string }> {
  const token = WALL_PREFIX + randomText(TOKEN_BITS);
  const { rows } = await db.query<WallRecord>(
    `INSERT INTO wall_tokens AS w (token_hash, name, created_by, created_at_ms) VALUES ($1, $2, $3, $4)
     RETURNING ${COLUMNS}`,
    [keyedHash(input.key, 'wall', token), input.name, input.createdBy, input.nowMs],
  );
  const record = rows[0];
  if (!record) throw new Error('the new link of a wall was not returned');
  return { row: toWall(record), token };
}

/** Links that still work, newest first. */
export async function listWalls(db: Queryable, nowMs: number): Promise<WallRow[]> {
  const { rows } = await db.query<WallRecord>(
    `SELECT ${COLUMNS} FROM ${LIVE} ORDER BY w.created_at_ms DESC, w.id LIMIT 200`,
    [nowMs - WALL_IDLE_MAX_MS],
  );
  return rows.map(toWall);
}

/** The live link of a hash; null when unknown, revoked, long unused, or made by somebody who left. */
export async function readWall(db: Queryable, tokenHash: Buffer, nowMs: number): Promise<WallRow | null> {
  const { rows } = await db.query<WallRecord>(`SELECT ${COLUMNS} FROM ${LIVE} AND w.token_hash = $2`, [
    nowMs - WALL_IDLE_MAX_MS,
    tokenHash,
  ]);
  return rows[0] ? toWall(rows[0]) : null;
}

/** Notes that a screen shows something, at most once a minute. */
export async function touchWall(db: Queryable, wall: WallRow, address: string, nowMs: number): Promise<void> {
  if (wall.lastSeenMs !== null && nowMs - wall.lastSeenMs < SEEN_EVERY_MS) return;
  await db.query('UPDATE wall_tokens SET last_seen_at_ms = $2, last_address = $3 WHERE id = $1', [
    wall.id,
    nowMs,
    address.slice(0, 64),
  ]);
}

/** False when there is no such link, or it was revoked before. */
export async function revokeWall(db: Queryable, id: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE wall_tokens SET revoked_at_ms = $2 WHERE id = $1 AND revoked_at_ms IS NULL',
    [id, nowMs],
  );
  return rowCount === 1;
}
