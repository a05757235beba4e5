/** The session's cookie (SEC-20). */
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { SESSION_AGE_MAX_MS } from '../store/sessions.ts';
import { isSecure } from './client.ts';
import type { ApiConfig } from './deps.ts';

/** `__Host-` binds it to this host and to encryption; a browser refuses it otherwise. */
const SECURE_NAME = '__Host-drainboard';
/** On plain http, as with npm start at localhost. Another name, so that it can never stand in for the other. */
const PLAIN_NAME = 'drainboard';

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
