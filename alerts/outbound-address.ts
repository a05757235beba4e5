/**
 * Which addresses people's URLs may lead to (SEC-39, SEC-40, I-49 to I-52): only those of the public internet, and
 * the ranges the operator allows. Pure.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { err, ok, type Result } from '../model/result.ts';

/** IANA's special-purpose registry for IPv4: nothing there is somebody else's public server. */
const V4_REFUSED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Global unicast. All else is refused: loopback, mapped, NAT64, ULA, link-local, site-local, multicast. */
const V6_GLOBAL = ['2000::/3'];
/** In global unicast, yet a way to other addresses or to none: Teredo, ORCHID, benchmarking, 6to4, documentation. */
const V6_REFUSED = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const refusedV4 = toBlockList(V4_REFUSED);
const globalV6 = toBlockList(V6_GLOBAL);
const refusedV6 = toBlockList(V6_REFUSED);

/** What may be asked beyond the public internet on ports 80 and 443. */
export interface OutboundRules {
  /** Ranges of the operator: there, http is allowed too. */
  allowed: BlockList;
  /** Ports besides 80 and 443; 'any' for tests. */
  ports: readonly number[] | 'any';
  /** Our own names, lower case: a webhook to ourselves is a loop or an attack. */
  ownHosts: readonly string[];
}

/** A URL that may be asked, taken apart; whether its addresses may be is another question. */
export interface OutboundTarget {
  url: URL;
  isTls: boolean;
  /** Name or address, without brackets and without a dot at the end. */
  host: string;
  port: number;
}

export type UrlFault = 'badUrl' | 'scheme' | 'port' | 'address';

/** Ranges as `10.0.0.0/8,fd00::/8,192.0.2.7`. The failure is the text at fault. */
export function parseRanges(text: string): Result<BlockList, string> {
  const list = new BlockList();
  for (const part of text.split(',').map((entry) => entry.trim())) {
    if (part !== '' && !addRange(list, part)) return err(part);
  }
  return ok(list);
}

function toBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    if (!addRange(list, range)) throw new Error(`${range} is not a range of addresses`);
  }
  return list;
}

function addRange(list: BlockList, range: string): boolean {
  const [address = '', bits] = range.split('/');
  const family = isIP(address);
  if (family === 0) return false;
  const width = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > width) return false;
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}

/** Whether an address, as written by the resolver or in a URL, is in the operator's ranges. */
export function isAllowedRange(address: string, rules: OutboundRules): boolean {
  const family = isIP(address);
  return family !== 0 && rules.allowed.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a connection to an address may be made. What is not an address may not. */
export function mayConnect(address: string, rules: OutboundRules): boolean {
  if (isAllowedRange(address, rules)) return true;
  if (isIPv4(address)) return !refusedV4.check(address, 'ipv4');
  return isIP(address) === 6 && globalV6.check(address, 'ipv6') && !refusedV6.check(address, 'ipv6');
}

/**
 * Takes a URL apart as the connection will: the standard's parser has made `0x7f.1`, `017700000001` and `127.1` one
 * address, and names of other scripts punycode (I-49, I-51). Nothing in the failure repeats the URL.
 */
export function readTarget(text: string, rules: OutboundRules): Result<OutboundTarget, UrlFault> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== '' || url.password !== '') return err('badUrl');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return err('scheme');
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (host === '' || host.includes('..')) return err('badUrl');
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  if (rules.ports !== 'any' && port !== 80 && port !== 443 && !rules.ports.includes(port)) return err('port');
  if (rules.ownHosts.includes(host)) return err('address');
  return ok({ url, isTls, host, port });
}

/**
 * Whether a target may be asked at the addresses its name has now. One refused address refuses all of them: which one
 * is taken is not ours to say (I-52). Without TLS only what the operator allowed.
 */
export function addressFault(
  target: Pick<OutboundTarget, 'isTls'>,
  addresses: readonly string[],
  rules: OutboundRules,
): 'scheme' | 'address' | null {
  if (!addresses.every((address) => mayConnect(address, rules))) return 'address';
  if (!target.isTls && !addresses.every((address) => isAllowedRange(address, rules))) return 'scheme';
  return null;
}
