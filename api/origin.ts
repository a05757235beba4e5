/** Whether a change comes from a page of ours (SEC-23). */
import type { Context } from 'hono';
import { ownOrigin } from './client.ts';
import type { ApiConfig } from './deps.ts';
import { ApiError } from './error.ts';

/**
 * Throws unless the browser says `same-origin` (or `none`: typed by the person), or names our own origin. A caller
 * that says neither is no browser of today, and has no business with a session's cookie.
 */
export function requireSameOrigin(c: Context, config: ApiConfig): void {
  const site = c.req.header('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return;
  const origin = c.req.header('origin');
  const isOurs = origin !== undefined && (origin === ownOrigin(c, config) || origin === config.baseUrl);
  if (site === undefined && isOurs) return;
  throw new ApiError('crossOrigin');
}
