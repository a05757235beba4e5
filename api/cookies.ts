/** The session's cookie (SEC-20), and that of a screen on a wall. */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { SESSION_AGE_MAX_MS } from '../store/sessions.ts';
import { isSecure } from './client.ts';
import type { ApiConfig } from './deps.ts';

/** `__Host-` binds it to this host and to encryption; a browser refuses it otherwise. */
const SECURE_NAME = '__Host-drainboard';
/** On plain http, as with npm start at localhost. Another name, so that it can never stand in for the other. */
const PLAIN_NAME = 'drainboard';

/** Of a screen on a wall: beside that of a person, for a link may be tried in a browser that is signed in. */
const WALL_SUFFIX = '-wall';
/** The longest a browser keeps one; it is written again whenever the screen asks who it is. */
const WALL_AGE_S = 400 * 86_400;

export function readWallCookie(c: Context, config: ApiConfig): string | undefined {
  return getCookie(c, nameOf(c, config) + WALL_SUFFIX);
}

/** Strict: no page leads to it but our own. */
export function writeWallCookie(c: Context, config: ApiConfig, token: string): void {
  setCookie(c, nameOf(c, config) + WALL_SUFFIX, token, {
    path: '/',
    httpOnly: true,
    secure: isSecure(c, config),
    sameSite: 'Strict',
    maxAge: WALL_AGE_S,
  });
}

function nameOf(c: Context, config: ApiConfig): string {
  return isSecure(c, config) ? SECURE_NAME : PLAIN_NAME;
}

export function readSessionCookie(c: Context, config: ApiConfig): string | undefined {
  return getCookie(c, isSecure(c, config) ? SECURE_NAME : PLAIN_NAME);
}

/** token '' ends it in the browser. */
export function writeSessionCookie(c: Context, config: ApiConfig, token: string): void {
  const secure = isSecure(c, config);
  setCookie(c, secure ? SECURE_NAME : PLAIN_NAME, token, {
    path: '/',
    httpOnly: true,
    secure,
    sameSite: 'Lax',
    maxAge: token === '' ? 0 : SESSION_AGE_MAX_MS / 1000,
  });
}
