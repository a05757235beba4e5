/** Router 2.0 lines (FORMATS 4.1) and the paths in them. */
import type { HostSpec, RouteSpec } from './app.ts';
import { PRIORITY_PLATFORM, type SimLine, splitMicros } from './line.ts';
import type { Random } from './random.ts';

const WORDS = 'amber basalt cedar delta ember flint grove harbor indigo jasper kelp lotus'.split(' ');
const NAMES = 'ana ben chloe dev elif finn grace hugo'.split(' ');

const FILL: Record<string, (random: Random) => string> = {
  id: (random) => String(random.integer(1, 90_000)),
  uuid: (random) => random.uuid(),
  hex: (random) => random.hex(64),
  slug: (random) => `${random.pick(WORDS)}-${random.pick(WORDS)}-${random.integer(1, 60)}`,
  word: (random) => random.pick(WORDS),
  page: (random) => String(1 + Math.floor(random.exponential(2))),
  token: (random) => `tok_${random.hex(24)}`,
  email: (random) => `${random.pick(NAMES)}.${random.pick(WORDS)}@example.org`,
};

/** A path with its placeholders filled. */
export function fillPath(path: string, random: Random): string {
  return path.replace(/\{(\w+)\}/g, (whole, name: string) => FILL[name]?.(random) ?? whole);
}

export interface RouterFields {
  at: 'info' | 'warning' | 'error';
  sock?: 'client' | 'backend';
  code?: string;
  desc?: string;
  method: string;
  path: string;
  host: string;
  requestId: string;
  fwd: string;
  /** Empty when no dyno was reached. */
  dyno: string;
  /** undefined: the field stays empty. */
  connectMs?: number;
  serviceMs?: number;
  status?: number;
  bytes?: number;
  protocol: 'http1.1' | 'http2.0';
  tls: HostSpec['tlsVersion'] | false;
}

/** The text of a router line, fields in the order of Router 2.0. */
export function renderRouter(f: RouterFields): string {
  const sock = f.sock === undefined ? '' : `sock=${f.sock} `;
  const code = f.code === undefined ? '' : `code=${f.code} desc="${f.desc ?? ''}" `;
  const tls = f.tls === false ? 'tls=false' : `tls=true tls_version=${f.tls}`;
  const ms = (value: number | undefined) => (value === undefined ? '' : `${Math.round(value)}ms`);
  return (
    `${sock}at=${f.at} ${code}method=${f.method} path="${f.path}" host=${f.host} request_id=${f.requestId} ` +
    `fwd="${f.fwd}" dyno=${f.dyno} connect=${ms(f.connectMs)} service=${ms(f.serviceMs)} ` +
    `status=${f.status ?? ''} bytes=${f.bytes ?? ''} protocol=${f.protocol} ${tls}`
  );
}

/** The line itself, marked with what it must count as. */
export function routerLine(timeMs: number, fields: RouterFields): SimLine {
  const { status, code } = fields;
  return {
    ...splitMicros(timeMs),
    precision: 'micro',
    priority: PRIORITY_PLATFORM,
    appname: 'heroku',
    procid: 'router',
    text: renderRouter(fields),
    mark: {
      kind: 'request',
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
    },
  };
}

/** Bytes of an answer: none where HTTP has none. */
export function answerBytes(route: RouteSpec, status: number, random: Random): number {
  if (status === 204 || status === 304 || route.method === 'HEAD') return 0;
  if (status >= 400) return random.integer(40, 2_000);
  return Math.round(random.logNormal(route.medianBytes, 0.6));
}

/** What the router says about a code that it answers itself (FORMATS 4.6, Router 2.0 shapes). */
export const ROUTER_CODES: Record<string, Partial<RouterFields> & { at: RouterFields['at'] }> = {
  H10: { at: 'error', desc: 'App crashed', status: 503, bytes: 567 },
  H12: { at: 'error', desc: 'Request timeout', status: 503, bytes: 567 },
  H13: { at: 'error', desc: 'Connection closed without response', status: 503, bytes: 567 },
  H14: { at: 'error', desc: 'No web processes running', status: 503, bytes: 567 },
  H18: { at: 'error', sock: 'backend', desc: 'Server Request Interrupted', status: 503, bytes: 0 },
  H20: { at: 'error', desc: 'App boot timeout', status: 503, bytes: 567 },
  H27: { at: 'warning', sock: 'client', desc: 'Client Request Interrupted', status: 499, bytes: 0 },
  H28: { at: 'warning', desc: 'Client Connection Idle', status: 499, bytes: 0 },
  H80: { at: 'info', desc: 'Maintenance mode', status: 503, bytes: 596 },
};
