/** Lines as an app of some size writes them: requests, what the app says of them, errors now and then; always the same. */
import type { LogLine } from '../model/log-line.ts';

export type { LogLine };

const WORDS = ['payment', 'order', 'cart', 'session', 'mail', 'search', 'stock', 'invoice'];

/** A number in [0, bound) that looks random and is the same each time. */
function pick(n: number, salt: number, bound: number): number {
  let x = Math.imul(n ^ (salt * 0x9e3779b9), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) % bound;
}

function hex(n: number, salt: number): string {
  return pick(n, salt, 0xffffffff).toString(16).padStart(8, '0');
}

/** The n-th line: one of four is the router's; one in a thousand of those an H12, one in two hundred of the app's an error. */
export function logLineOf(n: number, atMs: number): LogLine {
  const request = Math.floor(n / 4);
  const [a, b] = [hex(request, 1), hex(request, 2)];
  const requestId = `${a}-${b.slice(0, 4)}-4${b.slice(4, 7)}-a${hex(request, 3).slice(0, 3)}-${hex(request, 4)}${b.slice(0, 4)}`;
  const place = {
    atMs: Math.floor(atMs),
    writerId: 1 + (n % 2),
    seq: Math.floor(n / 60) + 1,
    index: n % 60,
    requestId,
  };
  const dyno = `web.${1 + pick(request, 5, 8)}`;
  if (n % 4 === 3) return routerLine(n, place, dyno);
  const isError = pick(n, 6, 200) === 0;
  const word = WORDS[pick(n, 7, WORDS.length)] ?? '';
  // Once a day, some hours ago.
  const rare = n === 1_000_001 ? ' flux capacitor' : '';
  return {
    ...place,
    source: 'app',
    procid: dyno,
    level: isError ? 'error' : 'info',
    code: null,
    status: null,
    text: `[${a}] ${isError ? 'ERROR' : 'INFO'} ${word} ${pick(n, 8, 90_000)} of user ${pick(n, 9, 5_000)} handled in ${pick(n, 10, 900)}ms (db ${pick(n, 11, 90)}.${n % 10}ms, views ${n % 70}ms)${rare}`,
  };
}

function routerLine(
  n: number,
  place: Pick<LogLine, 'atMs' | 'writerId' | 'seq' | 'index' | 'requestId'>,
  dyno: string,
): LogLine {
  const isTimeout = pick(n, 12, 1_000) === 0;
  const status = isTimeout ? 503 : pick(n, 13, 300) === 0 ? 500 : 200;
  const head = isTimeout ? 'at=error code=H12 desc="Request timeout"' : 'at=info';
  return {
    ...place,
    source: 'router',
    procid: 'router',
    level: status >= 500 ? 'error' : null,
    code: isTimeout ? 'H12' : null,
    status,
    text: `${head} method=GET path="/${WORDS[pick(n, 14, 8)]}/${pick(n, 15, 9_000)}?page=*" host=shop.example.com request_id=${place.requestId} fwd="203.0.113.0" dyno=${dyno} connect=${n % 3}ms service=${isTimeout ? 30_000 : pick(n, 16, 800)}ms status=${status} bytes=${pick(n, 17, 40_000)} protocol=https`,
  };
}
