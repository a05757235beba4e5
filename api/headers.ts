/** Headers that every answer carries (SEC-32, SEC-33). */
import type { Context } from 'hono';
import { isSecure } from './client.ts';
import type { ApiConfig } from './deps.ts';

/**
 * Only files of our own; nothing inline, nothing evaluated; text reaches the page through Trusted Types or not at
 * all. Images: data URLs are drawn by charts when they are copied.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const YEAR_S = 31_536_000;

/** Sets what is missing; an answer's own cache-control stays. */
export function setHeaders(c: Context, config: ApiConfig, requestId: string): void {
  const { headers } = c.res;
  headers.set('content-security-policy', CONTENT_SECURITY_POLICY);
  headers.set('x-content-type-options', 'nosniff');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-resource-policy', 'same-origin');
  headers.set('permissions-policy', 'camera=(), microphone=(), geolocation=(), browsing-topics=()');
  headers.set('x-request-id', requestId);
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
  // On plain http it would be ignored by browsers, and would lock localhost in once it were not.
  if (isSecure(c, config)) headers.set('strict-transport-security', `max-age=${YEAR_S}; includeSubDomains`);
}

/** Ours, or the router's where it can be trusted; letters only, so that a log line stays a line. */
export function requestIdOf(c: Context, config: ApiConfig): string {
  const given = config.onHeroku ? (c.req.header('x-request-id') ?? '') : '';
  return /^[A-Za-z0-9-]{8,64}$/.test(given) ? given : crypto.randomUUID();
}
