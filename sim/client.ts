/** Visitors and the way they come: the `fwd` of a router line. Documentation addresses only. */
import type { Random } from './random.ts';

/** The address of the n-th visitor; every ninth comes over IPv6. */
export function clientAddress(n: number): string {
  if (n % 9 === 8) return `2001:db8:${(n % 65_536).toString(16)}::${((n * 7) % 65_536).toString(16)}`;
  const nets = ['203.0.113', '198.51.100'];
  return `${nets[n % 2]}.${1 + (n % 254)}`;
}

/**
 * `fwd` of one request: the visitor, then up to two proxies. A few visitors make most of the requests.
 * @param clients distinct visitors
 */
export function forwardedFor(clients: number, random: Random): string {
  const visitor = clientAddress(Math.floor(clients * random.next() ** 2.2));
  const chance = random.next();
  if (chance < 0.82) return visitor;
  const cdn = `192.0.2.${random.integer(1, 40)}`;
  if (chance < 0.96) return `${visitor},${cdn}`;
  return `${visitor}, 198.51.100.${random.integer(200, 220)}, ${cdn}`;
}
