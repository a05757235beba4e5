/** Who is on the other end of a request, as far as can be trusted. */
import type { Context } from 'hono';
import type { ApiConfig } from './deps.ts';

/** What @hono/node-server hands over beside the request. */
interface NodeBindings {
  incoming?: { socket?: { remoteAddress?: string } };
}

/**
 * On Heroku the last hop of X-Forwarded-For, which the router itself added (SEC-06); elsewhere the header could
 * have been written by anybody, so the socket's address.
 */
export function clientAddress(c: Context, config: ApiConfig): string {
  if (config.onHeroku) {
    const hops = (c.req.header('x-forwarded-for') ?? '').split(',');
    const last = (hops[hops.length - 1] ?? '').trim();
    if (last !== '') return last.slice(0, 64);
  }
  const { incoming } = (c.env ?? {}) as NodeBindings;
  return (incoming?.socket?.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** The address that is counted when throttling: whole for IPv4, the /64 that one customer has for IPv6. */
export function throttleAddress(address: string): string {
  return address.includes(':') ? `${address.split(':').slice(0, 4).join(':')}::/64` : address;
}

/** Whether the browser's end of the connection is encrypted. */
export function isSecure(c: Context, config: ApiConfig): boolean {
  if (config.onHeroku) return c.req.header('x-forwarded-proto') === 'https';
  if (new URL(c.req.url).protocol === 'https:') return true;
  // Behind a proxy of the operator's own, who told us the public address.
  const base = config.baseUrl === undefined ? null : new URL(config.baseUrl);
  return base?.protocol === 'https:' && c.req.header('host') === base.host;
}

/** Scheme and host the request was made to, as the browser saw them. */
export function ownOrigin(c: Context, config: ApiConfig): string {
  const url = new URL(c.req.url);
  const host = c.req.header('host') ?? url.host;
  return `${isSecure(c, config) ? 'https' : 'http'}://${host}`;
}

/** Address for drain URLs and links: set, else Heroku's domain, else kept from set-up, else as requested. */
export function baseUrlOf(c: Context, config: ApiConfig, kept: string | null): string {
  if (config.baseUrl !== undefined) return config.baseUrl;
  if (config.herokuDomain !== undefined) return `https://${config.herokuDomain}`;
  return kept ?? ownOrigin(c, config);
}
