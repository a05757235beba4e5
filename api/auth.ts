/** Who a request comes from: a person by session, a machine by API token, a screen on a wall, or nobody. */
import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { keyedHash } from '../model/secret.ts';
import { MINUTE } from '../model/time.ts';
import type { PersonRow, Role } from '../store/people.ts';
import type { Queryable } from '../store/pool.ts';
import { insertSession, readSession, type SessionRow, touchSession } from '../store/sessions.ts';
import { readToken, TOKEN_PREFIX, type TokenRow, touchToken } from '../store/tokens.ts';
import { readWall, touchWall, WALL_PREFIX, type WallRow } from '../store/wall-tokens.ts';
import { clientAddress } from './client.ts';
import { readSessionCookie, readWallCookie, writeSessionCookie } from './cookies.ts';
import type { ApiDeps } from './deps.ts';
import { ApiError, toApiError } from './error.ts';

/** How long a password counts as just given (SEC-24). */
export const FRESH_MS = 15 * MINUTE;
const SESSION_BYTES = 32;

export type Caller =
  | { kind: 'nobody' }
  | { kind: 'person'; person: PersonRow; session: SessionRow; role: Role }
  | { kind: 'token'; token: TokenRow; role: Role }
  /** Reads what a wall shows and nothing else: routes marked `wall`. */
  | { kind: 'wall'; wall: WallRow; role: 'viewer' };

/**
 * An Authorization header decides when there is one; then cookies are not looked at, so no page can ride on them.
 * While the database is away, whoever was looked up just before may still read (api/remembered.ts).
 */
export async function identify(c: Context, deps: ApiDeps): Promise<Caller> {
  const authorization = c.req.header('authorization');
  if (authorization !== undefined) return identifyToken(c, authorization, deps);
  const person = await identifyPerson(c, deps);
  return person ?? (await identifyWall(c, deps, readWallCookie(c, deps.config))) ?? { kind: 'nobody' };
}

async function identifyPerson(c: Context, deps: ApiDeps): Promise<Caller | null> {
  const cookie = readSessionCookie(c, deps.config);
  if (cookie === undefined || cookie === '' || cookie.length > 128) return null;
  const nowMs = deps.nowMs();
  const hash = keyedHash(deps.config.secret, 'session', cookie);
  const caller = await lookUp(c, deps, hash, async () => {
    const found = await readSession(deps.pool, hash, nowMs);
    return found && { kind: 'person', ...found, role: found.person.role };
  });
  if (caller?.kind !== 'person') return null;
  await noteUse(touchSession(deps.pool, caller.session, nowMs));
  return caller;
}

/** The screen that a link's token stands for; null when it does not work (any more). */
export async function identifyWall(
  c: Context,
  deps: ApiDeps,
  token: string | undefined,
): Promise<Extract<Caller, { kind: 'wall' }> | null> {
  if (token === undefined || token.length > 128 || !token.startsWith(WALL_PREFIX)) return null;
  const nowMs = deps.nowMs();
  const hash = keyedHash(deps.config.secret, 'wall', token);
  const caller = await lookUp(c, deps, hash, async () => {
    const wall = await readWall(deps.pool, hash, nowMs);
    return wall && { kind: 'wall', wall, role: 'viewer' };
  });
  if (caller?.kind !== 'wall') return null;
  await noteUse(touchWall(deps.pool, caller.wall, clientAddress(c, deps.config), nowMs));
  return caller;
}

async function identifyToken(c: Context, authorization: string, deps: ApiDeps): Promise<Caller> {
  const [, text = ''] = /^bearer\s+(\S{1,200})$/i.exec(authorization) ?? [];
  if (!text.startsWith(TOKEN_PREFIX)) throw new ApiError('badToken');
  const nowMs = deps.nowMs();
  const hash = keyedHash(deps.config.secret, 'apiToken', text);
  const caller = await lookUp(c, deps, hash, async () => {
    const token = await readToken(deps.pool, hash, nowMs);
    return token && { kind: 'token', token, role: token.role };
  });
  if (caller?.kind !== 'token') throw new ApiError('badToken');
  await noteUse(touchToken(deps.pool, caller.token, nowMs));
  return caller;
}

type Known = Exclude<Caller, { kind: 'nobody' }>;

/** From the database; from memory only when that is away, and only for reading. */
async function lookUp(
  c: Context,
  { remembered, nowMs }: ApiDeps,
  hash: Buffer,
  read: () => Promise<Known | null>,
): Promise<Known | null> {
  try {
    const caller = await read();
    remembered?.note(hash, caller, nowMs());
    return caller;
  } catch (error) {
    const isReading = c.req.method === 'GET' || c.req.method === 'HEAD';
    const known = isReading && isAway(error) ? remembered?.find(hash, nowMs()) : null;
    if (!known) throw error;
    return known;
  }
}

/** That somebody is here is worth no failure: a database that is read-only still tells who they are. */
async function noteUse(touching: Promise<void>): Promise<void> {
  await touching.catch((error: unknown) => {
    if (!isAway(error)) throw error;
  });
}

function isAway(error: unknown): boolean {
  return toApiError(error).code === 'databaseAway';
}

const RANK: Record<Role, number> = { viewer: 1, editor: 2, admin: 3 };

export function hasRole(caller: Caller, role: Role): boolean {
  return caller.kind !== 'nobody' && RANK[caller.role] >= RANK[role];
}

/** Begins a new session for a person and sets its cookie: never an old one taken on (SEC-20). */
export async function beginSession(
  c: Context,
  deps: ApiDeps,
  db: Queryable,
  personId: string,
): Promise<{ id: string }> {
  const token = randomBytes(SESSION_BYTES).toString('base64url');
  const id = await insertSession(db, {
    tokenHash: keyedHash(deps.config.secret, 'session', token),
    personId,
    nowMs: deps.nowMs(),
    userAgent: c.req.header('user-agent') ?? '',
    address: clientAddress(c, deps.config),
  });
  writeSessionCookie(c, deps.config, token);
  return { id };
}

/** What bounds and streams of a caller go by: their session, token or link; '' for nobody. */
export function callerId(caller: Caller): string {
  if (caller.kind === 'person') return caller.session.id;
  if (caller.kind === 'token') return caller.token.id;
  return caller.kind === 'wall' ? caller.wall.id : '';
}

/** How a caller is named in the audit log. */
export function actorOf(caller: Caller): string {
  if (caller.kind === 'person') return caller.person.id;
  if (caller.kind === 'wall') return `wall:${caller.wall.id}`;
  return caller.kind === 'token' ? `token:${caller.token.id}` : 'nobody';
}
