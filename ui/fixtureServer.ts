/**
 * Serves dist/ui under the policy of the product and answers the API from fixtures. For tests of the browser, and for
 * looking: `node ui/fixtureServer.ts [port]`. Cookies choose what is shown: `role=viewer|editor|admin|wall|none`,
 * `fleet=normal|empty|big|calm`, `alerts=normal|empty|held`, `refuse=1` (writes about alerts are refused), `setup=1`, `fail=1` (every data call answers 500), `slow=<ms>`, `trouble=` one of
 * TROUBLES (while the database is away in it, every call for data answers 503).
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Role } from '../api/contract/session.ts';
import { answerAlerts, moodOf } from './alertFixtureRoutes.ts';
import { alertsMessage } from './alertFixtures.ts';
import * as dynoFixtures from './dynoFixtures.ts';
import * as compared from './explainFixtures.ts';
import * as fixtures from './fixtures.ts';
import { healthMessage, isDatabaseAway, TROUBLES, type Trouble } from './instanceFixtures.ts';
import { answerLogs, linesSince } from './logFixtures.ts';
import { answerSettings } from './settingsFixtures.ts';
import { parseInstant } from './state/rangeText.ts';

const DIST = join(import.meta.dirname, '..', 'dist', 'ui');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** SEC-32, SEC-33: no inline script or style, nothing from elsewhere, Trusted Types without any policy. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

export interface FixtureServer {
  url: string;
  /** Every API call, in order: `GET /apps`. */
  calls: string[];
  /** Sends a server-sent message to every open stream. */
  emit(event: string, data: unknown): void;
  /** Ends every open stream, as a restart would. */
  dropStreams(): void;
  /** Live tails of logs: sends to all that are open, ends them, takes no new ones. */
  tails: {
    open(): number;
    emit(event: string, data: unknown, id?: string): void;
    drop(): void;
    refused: boolean;
  };
  openStreams(): number;
  close(): Promise<void>;
}

/** `nowMs` is the server's clock; the default is the machine's. `lively`: live tails bring lines by themselves. */
export async function startFixtureServer(
  options: { port?: number; nowMs?: () => number; lively?: boolean } = {},
): Promise<FixtureServer> {
  const nowMs = options.nowMs ?? Date.now;
  const calls: string[] = [];
  const streams = new Set<ServerResponse>();
  const tails = buildTails(nowMs);
  const started = nowMs();
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fixture');
    if (!url.pathname.startsWith('/api/v1')) return sendFile(url.pathname, response);
    const path = url.pathname.slice('/api/v1'.length);
    calls.push(`${request.method} ${path}${url.search}`);
    const cookies = readCookies(request);
    if (path.endsWith('/logs/tail'))
      return tails.add(decodeURIComponent(path.split('/')[2] ?? ''), url.searchParams, response);
    if (path === '/stream') {
      openStream(request, response, streams, troubleOf(cookies), nowMs());
      const told = alertsMessage(nowMs(), moodOf(cookies), url.searchParams.get('apps') ?? '');
      if (!response.writableEnded) response.write(`event: alerts\ndata: ${JSON.stringify(told)}\n\n`);
      return;
    }
    setTimeout(
      () => answer(path, url.searchParams, request, response, cookies, nowMs(), started),
      Number(cookies.slow ?? 0),
    );
  });
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const timer = setInterval(() => broadcast('ping', {}), 15_000);
  const lines = options.lively ? setInterval(() => tails.tell(), 500) : undefined;
  function broadcast(event: string, data: unknown) {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    emit: broadcast,
    dropStreams() {
      for (const stream of streams) stream.end();
      streams.clear();
    },
    openStreams: () => streams.size,
    tails,
    close() {
      clearInterval(timer);
      clearInterval(lines);
      tails.drop();
      for (const stream of streams) stream.destroy();
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** Streams of `logs/tail`. */
function buildTails(nowMs: () => number) {
  const open = new Map<ServerResponse, { app: string; params: URLSearchParams; toldMs: number }>();
  const send = (response: ServerResponse, event: string, data: unknown, id?: string) =>
    response.write(
      `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
    );
  return {
    refused: false,
    add(app: string, params: URLSearchParams, response: ServerResponse) {
      if (this.refused) return void response.writeHead(503).end();
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      send(response, 'ping', { atMs: nowMs(), dataThroughMs: nowMs() - 1800 });
      open.set(response, { app, params, toldMs: nowMs() });
      response.on('close', () => open.delete(response));
    },
    open: () => open.size,
    emit(event: string, data: unknown, id?: string) {
      for (const response of open.keys()) send(response, event, data, id);
    },
    /** What was said since the last time, as a busy app would. */
    tell() {
      for (const [response, tail] of open) {
        const lines = linesSince(tail.app, tail.toldMs, nowMs(), tail.params);
        tail.toldMs = nowMs();
        if (lines.length > 0) send(response, 'lines', { lines }, lines.at(-1)?.id);
      }
    },
    drop() {
      for (const response of open.keys()) response.end();
      open.clear();
    },
  };
}

function openStream(
  request: IncomingMessage,
  response: ServerResponse,
  streams: Set<ServerResponse>,
  trouble: Trouble,
  nowMs: number,
) {
  // Who asks is looked up in the database, so that no stream begins without it; one that stands goes on.
  if (isDatabaseAway(trouble)) return databaseAway(response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write('retry: 1000\n\nevent: ping\ndata: {}\n\n');
  response.write(`event: health\ndata: ${JSON.stringify(healthMessage(trouble, nowMs))}\n\n`);
  streams.add(response);
  request.on('close', () => streams.delete(response));
}

function sendFile(path: string, response: ServerResponse) {
  // A dyno's page ends in what looks like a file: /a/shop/dynos/web.1.
  const wanted = extname(path) in TYPES ? normalize(path) : '/index.html';
  try {
    const body = readFileSync(join(DIST, wanted));
    response.writeHead(200, {
      'Content-Type': TYPES[extname(wanted)] ?? 'application/octet-stream',
      'Content-Security-Policy': POLICY,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

function readCookies(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    (request.headers.cookie ?? '').split(/;\s*/).map((pair) => pair.split('=') as [string, string]),
  );
}

function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, {
    'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json',
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function problem(
  response: ServerResponse,
  status: number,
  title: string,
  detail: string,
  faults?: { field: string; message: string }[],
  code = 'fixture',
) {
  sendJson(
    response,
    { type: 'about:blank', title, status, detail, code, requestId: 'fixture', faults },
    status,
  );
}

function troubleOf(cookies: Record<string, string>): Trouble {
  return TROUBLES.find((one) => one === cookies.trouble) ?? 'none';
}

function databaseAway(response: ServerResponse) {
  problem(
    response,
    503,
    'The database is away',
    'The database does not answer. What was acknowledged is safe; try again in a moment.',
    undefined,
    'databaseAway',
  );
}

function answer(
  path: string,
  params: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  cookies: Record<string, string>,
  nowMs: number,
  startedMs: number,
) {
  const trouble = troubleOf(cookies);
  if (isDatabaseAway(trouble)) return databaseAway(response);
  const role = (cookies.role === 'none' ? null : (cookies.role ?? 'admin')) as Role | 'wall' | null;
  if (path === '/session')
    return sendJson(response, fixtures.session(cookies.setup ? null : role, Boolean(cookies.setup)));
  if (request.method !== 'GET') return void write(path, params, request, response, nowMs);
  if (!role) return problem(response, 401, 'Not signed in', 'Sign in first.', undefined, 'notSignedIn');
  if (cookies.fail)
    return problem(
      response,
      500,
      'Something broke',
      'The database is away. What was acknowledged is safe; try again in a moment.',
    );
  const query = {
    fromMs: instantOf(params.get('from') ?? 'now-1h', nowMs),
    toMs: instantOf(params.get('to') ?? 'now', nowMs),
    step: Number(params.get('step') ?? 10),
    nowMs,
    proc: params.get('proc') ?? undefined,
    dyno: params.get('dyno') ?? undefined,
  };
  const settings = answerSettings({ method: 'GET', path, params, cookies, nowMs, body: {} });
  if (settings) return sendJson(response, settings.body, settings.status);
  const log = answerLogs({ path, params, cookies, nowMs, fromMs: query.fromMs, toMs: query.toMs });
  if (log) return sendJson(response, log);
  const alert = answerAlerts({ method: 'GET', path, params, cookies, nowMs, body: {} });
  if (alert) return sendJson(response, alert.body, alert.status);
  const [, first, app = '', rest] = path.split('/').map(decodeURIComponent);
  if (first === 'apps' && !app)
    return sendJson(response, fixtures.fleet(nowMs, (cookies.fleet as 'normal') ?? 'normal'));
  if (first === 'apps' && app === 'missing')
    return problem(response, 404, 'No such app', 'There is no app called missing.');
  if (first === 'apps') {
    if (rest === 'overview') return sendJson(response, fixtures.overview(app, query));
    if (rest === 'health') return sendJson(response, fixtures.appHealth(app, query));
    const part = decodeURIComponent(path.split('/')[4] ?? '');
    if (rest === 'codes')
      return sendJson(response, part ? dynoFixtures.code(app, part, query) : dynoFixtures.codes(app, query));
    if (rest === 'dynos')
      return sendJson(response, part ? dynoFixtures.dyno(app, part, query) : dynoFixtures.dynos(app, query));
    if (rest === 'addons') return sendJson(response, dynoFixtures.addons(app, query));
    if (rest === 'explain') return sendJson(response, compared.explain(app, query, params.get('base')));
    if (rest === 'latency') return sendJson(response, compared.latency(app, query));
    if (rest === 'series') return sendJson(response, compared.series(app, query, params.get('metric') ?? ''));
    const release =
      rest === 'releases' && compared.release(app, Number(path.split('/')[4]?.replace('v', '')), nowMs);
    if (release) return sendJson(response, release);
    if (rest === 'requests')
      return sendJson(response, fixtures.requests(app, params.get('code') ?? '', nowMs));
    // The list ticks by itself: one step every three seconds, and then it stalls.
    if (rest === 'checklist')
      return sendJson(
        response,
        fixtures.checklist(app, nowMs, Math.min(3, Math.floor((nowMs - startedMs) / 3000))),
      );
  }
  const plain: Record<string, () => unknown> = {
    '/codes': fixtures.codeTable,
    '/health': () => fixtures.instanceHealth(nowMs, trouble),
    '/sessions': () => fixtures.sessions(nowMs),
    '/tokens': () => fixtures.tokens(nowMs),
    '/people': fixtures.people,
    '/walls': () => fixtures.walls(nowMs),
  };
  const found = plain[path];
  if (found) return sendJson(response, found());
  problem(response, 404, 'Not found', `There is nothing at ${path}.`);
}

function instantOf(text: string, nowMs: number): number {
  if (!/^\d+$/.test(text)) return parseInstant(text, nowMs, 'utc') ?? nowMs;
  // As the product reads them: small numbers are seconds.
  return Number(text) < 1e11 ? Number(text) * 1000 : Number(text);
}

/** Writes change nothing but the session cookie; they answer as the product would. */
async function write(
  path: string,
  params: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
  nowMs: number,
) {
  let text = '';
  for await (const piece of request) text += piece;
  const body = JSON.parse(text || '{}') as Record<string, string>;
  const cookies = readCookies(request);
  const settings = answerSettings({ method: request.method ?? 'POST', path, params, cookies, nowMs, body });
  if (settings) return sendJson(response, settings.body, settings.status);
  const alert = answerAlerts({ method: request.method ?? 'POST', path, params, cookies, nowMs, body });
  if (alert) return sendJson(response, alert.body, alert.status);
  if (path === '/sign-in' && body.password !== 'correct horse battery')
    return problem(
      response,
      401,
      'Not signed in',
      'That e-mail and password do not belong together.',
      undefined,
      'badCredentials',
    );
  if (path === '/sign-in')
    return sendJson(response, fixtures.session('admin'), 200, { 'Set-Cookie': 'role=admin; Path=/' });
  if (path === '/sign-out') return sendJson(response, undefined, 204, { 'Set-Cookie': 'role=none; Path=/' });
  if (path === '/wall-session' && body.token !== 'dbw_fixture')
    return problem(response, 401, 'Not signed in', 'This link does not work.', undefined, 'badToken');
  if (path === '/wall-session')
    return sendJson(response, undefined, 204, { 'Set-Cookie': 'role=wall; Path=/' });
  if (path === '/walls')
    return sendJson(
      response,
      { id: 'w2', name: body.name, url: 'https://drains.example.com/?wall=1#dbw_fixture' },
      201,
    );
  if (path === '/setup' && body.token !== 'let-me-in')
    return problem(response, 422, 'Not accepted', 'Some fields need another look.', [
      { field: 'token', message: 'This is not the set-up token of this instance.' },
    ]);
  if (path === '/setup')
    return sendJson(response, fixtures.session('admin'), 200, { 'Set-Cookie': 'setup=; Path=/; Max-Age=0' });
  if (path === '/apps')
    return sendJson(response, fixtures.created(body.name ?? '', 'https://drains.example.com'), 201);
  if (path === '/session/confirm' && body.password !== 'correct horse battery')
    return problem(response, 401, 'Not signed in', 'That is not your password.', undefined, 'badCredentials');
  if (path === '/session/confirm')
    return sendJson(response, undefined, 204, { 'Set-Cookie': 'fresh=1; Path=/' });
  if (path.includes('/annotations/')) return sendJson(response, undefined, 204);
  if (request.method === 'DELETE' && !readCookies(request).fresh)
    return problem(
      response,
      403,
      'Confirm your password',
      'This needs a password given lately.',
      undefined,
      'freshLoginNeeded',
    );
  const size = /^\/apps\/([^/]+)\/dyno-sizes\/([^/]+)$/.exec(path);
  if (size?.[1] && size[2]) {
    dynoFixtures.setSize(size[1], size[2], request.method === 'DELETE' ? null : body, nowMs);
    return sendJson(response, undefined, 204);
  }
  if (path.endsWith('/rotate'))
    return sendJson(
      response,
      fixtures.created(decodeURIComponent(path.split('/')[2] ?? ''), 'https://drains.example.com'),
    );
  if (path === '/tokens')
    return sendJson(
      response,
      {
        id: 't3',
        token: 'dbt_4Jx8Wq2mR7tYc1Vb6Nz3Kp9L',
        role: body.role,
        expiresAtMs: Date.now() + 90 * 86_400_000,
      },
      201,
    );
  sendJson(response, undefined, 204);
}

if (import.meta.main) {
  const server = await startFixtureServer({ port: Number(process.argv[2] ?? 4173), lively: true });
  console.log(server.url);
}
