/** Client addresses as they may be kept: shortened to their network (SEC-45). */

/**
 * `203.0.113.7` → `203.0.113.0/24`, `2001:db8:1:2::3` → `2001:db8:1::/48`, mapped IPv4 (`::ffff:203.0.113.7`)
 * as IPv4; '' for anything else. A port, brackets and a zone are left out.
 */
export function shortAddress(text: string): string {
  const address = bareAddress(text.trim());
  const v4 = parseIpv4(address);
  if (v4 !== null) return `${v4[0]}.${v4[1]}.${v4[2]}.0/24`;
  const groups = parseIpv6(address);
  if (groups === null) return '';
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return `${groups[6]! >> 8}.${groups[6]! & 0xff}.${groups[7]! >> 8}.0/24`;
  return `${renderNetwork(groups)}/48`;
}

/** The last of the addresses in a router line's `fwd`: the one the router itself saw (FORMATS 4.1); '' for none. */
export function lastAddress(fwd: string): string {
  return fwd.slice(fwd.lastIndexOf(',') + 1).trim();
}

function bareAddress(text: string): string {
  if (text.length > 64) return '';
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) return withoutZone(bracketed);
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text)?.[1];
  return withPort ?? withoutZone(text);
}

function withoutZone(text: string): string {
  const zone = text.indexOf('%');
  return zone < 0 ? text : text.slice(0, zone);
}

/** Four parts of 0–255; null for anything else, octal and short forms included. */
function parseIpv4(text: string): number[] | null {
  if (!/^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text)) return null;
  const parts = text.split('.').map(Number);
  return parts.every((part) => part <= 255) ? parts : null;
}

/** Eight groups; null for anything else. A dotted IPv4 may take the place of the last two. */
function parseIpv6(text: string): number[] | null {
  if (!text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : null;
    if (v4 !== null) groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** The first three groups, shortened as RFC 5952 does. */
function renderNetwork(groups: number[]): string {
  let length = 3;
  while (length > 0 && groups[length - 1] === 0) length--;
  const head = groups.slice(0, length).map((group) => group.toString(16));
  return `${head.join(':')}::`;
}
