/**
 * Canned lines of logs: a function of time and app, so that the same moment always says the same. `shop` has the incident
 * of ui/fixtures.ts: requests time out since 17 minutes. Other apps and the cookie `logs=` show what else a page may meet:
 * `off`, `silent`, `old`, `sampled`, `unfinished`.
 */
import type {
  LogContextAnswer,
  LogEmpty,
  LogFacet,
  LogHistogramAnswer,
  LogLeftOut,
  LogLineAnswer,
  LogPattern,
  LogPatternsAnswer,
  LogRetention,
  LogSearch,
  LogsAnswer,
} from '../api/contract/logs.ts';
import { noise } from './fixtures.ts';
import { type LogsFilter, readFilter } from './state/logsFilter.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** One line every so often: 214 a minute. */
const SLOT_MS = 280;
const INCIDENT_MS = 17 * MINUTE;
/** Slots of one request. */
const PER_REQUEST = 6;
const COUNTED_MAX = 20_000;

/** Lines a test adds: they come after all others in the answers. */
export const extraLines: LogLineAnswer[] = [];

export interface LogsCall {
  path: string;
  params: URLSearchParams;
  cookies: Record<string, string>;
  nowMs: number;
  fromMs: number;
  toMs: number;
}

/** The answer to a call about logs; null where the call is about something else. */
export function answerLogs(call: LogsCall): unknown {
  const [, first, app = '', second, what = ''] = call.path.split('/').map(decodeURIComponent);
  if (first !== 'apps' || second !== 'logs') return null;
  switch (what) {
    case '':
      return lines(app, call);
    case 'histogram':
      return histogram(app, call);
    case 'context':
      return context(app, call);
    case 'patterns':
      return patterns(app, call);
    default:
      return null;
  }
}

function emptyOf(app: string, { cookies, nowMs, toMs }: LogsCall): LogEmpty {
  if (app === 'atelier' || cookies.logs === 'off') return 'off';
  if (app === 'new-landing') return 'notSetUp';
  if (cookies.logs === 'old' || toMs < nowMs - 24 * HOUR) return 'tooOld';
  if (app === 'billing' || cookies.logs === 'silent') return 'silent';
  return null;
}

function retention(empty: LogEmpty, nowMs: number): LogRetention {
  return {
    hours: empty === 'off' ? 0 : 24,
    keptFromMs: empty === 'off' || empty === 'notSetUp' ? null : nowMs - 24 * HOUR,
    bytes: 34 * 1024 * 1024,
    bytesMax: 2 * 1024 * 1024 * 1024,
  };
}

function leftOut(call: LogsCall): LogLeftOut[] {
  if (call.cookies.logs !== 'sampled') return [];
  const fromMs = call.nowMs - 11 * MINUTE;
  return [
    { source: 'router', fromMs, toMs: call.nowMs - 2 * MINUTE, seen: 41_200, leftOut: 37_080, oneIn: 10 },
  ];
}

const PATHS = ['/', '/cart', '/checkout', '/products/4711', '/api/search?q=*', '/login', '/assets/app.js'];

function requestId(app: string, slot: number): string {
  const hex = (part: string, digits: number) =>
    Math.floor(noise(app, Math.floor(slot / PER_REQUEST), part) * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return `${hex('a', 8)}-${hex('b', 4)}-4${hex('c', 3)}-a${hex('d', 3)}-${hex('e', 6)}${hex('f', 6)}`;
}

const KINDS: [share: number, kind: string][] = [
  [0.52, 'router'],
  [0.3, 'info'],
  [0.06, 'sql'],
  [0.03, 'missing'],
  [0.03, 'warn'],
  [0.02, 'colour'],
  [0.015, 'secret'],
  [0.01, 'redis'],
  [0.004, 'heroku'],
  [0.002, 'error'],
];

function kindOf(app: string, slot: number, inIncident: boolean): string {
  const dice = noise(app, slot, 'kind');
  if (inIncident && dice > 0.93) return dice > 0.965 ? 'timeout' : dice > 0.95 ? 'exceeded' : 'stack';
  let sum = 0;
  for (const [share, kind] of KINDS) {
    sum += share;
    if (dice < sum) return kind;
  }
  return 'debug';
}

/** Lines that were made for a moment: each page asks for the same ones several times. */
let kept = { nowMs: 0, lines: new Map<string, LogLineAnswer>() };

function lineOf(app: string, slot: number, nowMs: number): LogLineAnswer {
  if (kept.nowMs !== nowMs) kept = { nowMs, lines: new Map() };
  const key = `${app} ${slot}`;
  const found = kept.lines.get(key) ?? makeLine(app, slot, nowMs);
  kept.lines.set(key, found);
  return found;
}

/** The line of a slot. Hostile apps say what they should not. */
function makeLine(app: string, slot: number, nowMs: number): LogLineAnswer {
  const atMs = slot * SLOT_MS + Math.floor(noise(app, slot, 'at') * (SLOT_MS - 20));
  const pick = (part: string, count: number) => Math.floor(noise(app, slot, part) * count);
  const dyno = `web.${1 + (Math.floor(slot / PER_REQUEST) % 4)}`;
  const id = requestId(app, slot);
  const path = PATHS[pick('path', PATHS.length)] ?? '/';
  const ms = Math.round(8 + noise(app, slot, 'ms') ** 3 * 900);
  const inIncident = app === 'shop' && atMs > nowMs - INCIDENT_MS;
  const base: LogLineAnswer = {
    id: slot.toString(36),
    atMs,
    source: 'app',
    procid: dyno,
    level: null,
    code: null,
    status: null,
    requestId: null,
    text: '',
    isCut: false,
  };
  const router = (
    status: number,
    service: number,
    head: string,
    code: string | null = null,
  ): LogLineAnswer => ({
    ...base,
    source: 'router',
    procid: 'router',
    level: status >= 500 ? 'error' : 'info',
    code,
    status,
    requestId: id,
    text: `${head} method=GET path="${path}" host=${app}.example.com request_id=${id} fwd="203.0.113.0" dyno=${dyno} connect=0ms service=${service}ms status=${status} bytes=${status >= 500 ? 0 : 400 + pick('b', 9000)} protocol=https`,
  });
  if (app === 'sandbox' && slot % 5 === 0)
    return {
      ...base,
      text: '<img src=x onerror=alert(1)> \u202egnp.exe\u0000\u001b]0;owned\u0007 <script>alert(1)</script>',
    };
  switch (kindOf(app, slot, inIncident)) {
    case 'timeout':
      return router(503, 30_000 + pick('s', 40), 'at=error code=H12 desc="Request timeout"', 'H12');
    case 'exceeded':
      return {
        ...base,
        level: 'error',
        requestId: id,
        text: `[${id}] Error: timeout of 15000ms exceeded calling https://inventory.internal/stock`,
      };
    case 'stack':
      return {
        ...base,
        level: 'error',
        requestId: id,
        text: `    at Inventory.stock (/app/lib/inventory.js:${40 + pick('l', 9)}:17)`,
      };
    case 'router':
      return router(noise(app, slot, 'st') > 0.93 ? 304 : 200, ms, 'at=info');
    case 'missing':
      return router(404, ms, 'at=info');
    case 'info':
      return {
        ...base,
        level: 'info',
        requestId: id,
        text: `{"level":"info","msg":"request done","request_id":"${id}","path":"${path}","ms":${ms},"user":${1000 + pick('u', 9000)}}`,
      };
    case 'sql':
      return {
        ...base,
        source: 'postgres',
        procid: 'postgres.1105947',
        text: `[YELLOW] [${pick('p', 90)}-1] LOG: duration: ${ms * 3}.887 ms  statement: SELECT * FROM carts WHERE id = $1`,
      };
    case 'warn':
      return {
        ...base,
        level: 'warn',
        text: `warn: pool is waiting, ${pick('w', 12)} queries queued for ${ms} ms`,
      };
    case 'colour':
      return {
        ...base,
        procid: 'worker.1',
        level: 'info',
        text: `\u001b[32mINFO\u001b[0m \u001b[1mJob\u001b[0m ReceiptMailer#${pick('j', 900)} \u001b[90mdone in ${ms} ms\u001b[0m`,
      };
    case 'secret':
      return { ...base, level: 'info', text: 'login ok user={email} password={redacted} token={token}' };
    case 'redis':
      return {
        ...base,
        source: 'redis',
        procid: 'heroku-redis',
        text: 'Background saving terminated with success',
      };
    case 'heroku':
      return {
        ...base,
        source: 'heroku',
        code: 'R14',
        level: 'error',
        text: `Error R14 (Memory quota exceeded) on ${dyno}`,
      };
    case 'error':
      return {
        ...base,
        level: 'error',
        text: `TypeError: Cannot read properties of undefined (reading 'price') at line ${pick('e', 90)}`,
      };
    default:
      return {
        ...base,
        level: 'debug',
        text: `debug cache hit ratio=0.${pick('r', 99)} keys=${pick('k', 5000)}`,
        isCut: slot % 7 === 0,
      };
  }
}

function fits(line: LogLineAnswer, filter: LogsFilter, rid: string | null): boolean {
  if (rid && line.requestId !== rid && !line.text.includes(rid)) return false;
  const fields = ['source', 'dyno', 'code', 'status', 'level'] as const;
  for (const field of fields) {
    const terms = filter.filter((term) => term.field === field);
    const has = (value: string) => fieldHas(line, field, value);
    if (terms.some((term) => term.isNot && has(term.value))) return false;
    const wanted = terms.filter((term) => !term.isNot);
    if (wanted.length > 0 && !wanted.some((term) => has(term.value))) return false;
  }
  const text = line.text.toLowerCase();
  return filter.every(({ field, value, isNot }) =>
    field === 'text'
      ? text.includes(value.toLowerCase()) !== isNot
      : field !== 'pattern' || templateOf(line).id === value,
  );
}

function fieldHas(line: LogLineAnswer, field: string, value: string): boolean {
  switch (field) {
    case 'source':
      return line.source === value;
    case 'dyno':
      return line.procid === value || line.procid.startsWith(`${value}.`);
    case 'code':
      return line.code !== null && (value === 'any' || line.code.startsWith(value));
    case 'status':
      return line.status !== null && String(line.status).startsWith(value.replaceAll('x', ''));
    default:
      return (line.level ?? 'none') === value;
  }
}

function* slots(
  app: string,
  fromMs: number,
  toMs: number,
  nowMs: number,
  stride = 1,
): Generator<LogLineAnswer> {
  const end = Math.min(toMs, nowMs - 1500);
  for (let slot = Math.floor(end / SLOT_MS) - 1; slot * SLOT_MS >= fromMs; slot -= stride)
    yield lineOf(app, slot, nowMs);
}

function searchOf(
  complete: boolean,
  stopped: LogSearch['stopped'],
  reachedMs: number,
  scanned: number,
): LogSearch {
  return { complete, reachedMs, stopped, scannedLines: scanned, scannedBytes: scanned * 220, tookMs: 14 };
}

function lines(app: string, call: LogsCall): LogsAnswer {
  const { params, nowMs, cookies } = call;
  const empty = emptyOf(app, call);
  const limit = Number(params.get('limit') ?? 200);
  const filter = readFilter(params);
  const before = params.get('before');
  const after = params.get('after');
  const base = {
    app,
    nowMs,
    fromMs: call.fromMs,
    toMs: call.toMs,
    leftOut: leftOut(call),
    retention: retention(empty, nowMs),
    dataThroughMs: empty === 'notSetUp' ? null : empty === 'silent' ? nowMs - 3 * HOUR : nowMs - 1800,
  };
  if (empty !== null)
    return {
      ...base,
      lines: [],
      older: null,
      newer: null,
      search: searchOf(true, 'end', call.fromMs, 0),
      redactions: 0,
      empty,
    };
  if (after !== null) {
    const from = extraLines.findIndex((line) => line.id === after) + 1;
    const found = extraLines.slice(from, from + limit);
    const complete = from + found.length >= extraLines.length;
    return {
      ...base,
      lines: found,
      older: null,
      newer: found.at(-1)?.id ?? after,
      search: searchOf(complete, complete ? 'end' : 'limit', nowMs, found.length),
      redactions: 0,
      empty: null,
    };
  }
  const toMs = before === null ? call.toMs : Number.parseInt(before, 36) * SLOT_MS;
  const found: LogLineAnswer[] = [];
  let scanned = 0;
  let reachedMs = call.fromMs;
  const budget = cookies.logs === 'unfinished' ? 3000 : Number.POSITIVE_INFINITY;
  let stopped: LogSearch['stopped'] = 'end';
  for (const line of slots(app, call.fromMs, toMs, nowMs)) {
    scanned++;
    if (fits(line, filter, params.get('rid'))) found.push(line);
    reachedMs = line.atMs;
    if (found.length >= limit) stopped = 'limit';
    else if (scanned >= budget) stopped = 'time';
    if (stopped !== 'end') break;
  }
  const cursor = stopped === 'end' ? null : Math.floor(reachedMs / SLOT_MS).toString(36);
  return {
    ...base,
    lines: found.reverse(),
    older: cursor,
    newer: found.at(-1)?.id ?? 'start',
    search: searchOf(stopped === 'end', stopped, stopped === 'end' ? call.fromMs : reachedMs, scanned),
    redactions: found.filter((line) => line.text.includes('{redacted}')).length * 3,
    empty: found.length > 0 ? null : stopped === 'end' ? 'none' : 'unfinished',
  };
}

/** Every so many slots are looked at, where a range is long. */
function strideOf(fromMs: number, toMs: number): number {
  return Math.max(1, Math.ceil((toMs - fromMs) / SLOT_MS / COUNTED_MAX));
}

function histogram(app: string, call: LogsCall): LogHistogramAnswer {
  const { params, nowMs, fromMs, toMs } = call;
  const empty = emptyOf(app, call);
  const step = Number(params.get('step') ?? 30);
  const filter = readFilter(params);
  const first = Math.floor(fromMs / 1000 / step) * step;
  const t: number[] = [];
  for (let at = first; at * 1000 < toMs; at += step) t.push(at);
  const stride = strideOf(fromMs, toMs);
  const counts = new Map<string, number[]>();
  const facets: Record<'source' | 'level' | 'dyno' | 'code' | 'status', Map<string, number>> = {
    source: new Map(),
    level: new Map(),
    dyno: new Map(),
    code: new Map(),
    status: new Map(),
  };
  const count = (id: string, index: number) => {
    const values = counts.get(id) ?? t.map(() => 0);
    values[index] = (values[index] ?? 0) + stride;
    counts.set(id, values);
  };
  const note = (facet: keyof typeof facets, value: string) =>
    facets[facet].set(value, (facets[facet].get(value) ?? 0) + stride);
  let total = 0;
  if (empty === null)
    for (const line of slots(app, fromMs, toMs, nowMs, stride)) {
      if (!fits(line, filter, params.get('rid'))) continue;
      const index = Math.floor((line.atMs / 1000 - first) / step);
      total += stride;
      count(`source:${line.source}`, index);
      count(`level:${line.level ?? 'none'}`, index);
      if ((line.status ?? 0) >= 500) count('status:5xx', index);
      if (line.code) count('code:any', index);
      note('source', line.source);
      note('level', line.level ?? 'none');
      note('dyno', line.procid);
      if (line.code) note('code', line.code);
      if (line.status) note('status', String(line.status));
    }
  const list = (map: Map<string, number>): LogFacet[] =>
    [...map].map(([value, number]) => ({ value, count: number })).sort((a, b) => b.count - a.count);
  return {
    app,
    fromMs,
    toMs,
    step,
    columns: {
      t,
      series: [...counts].map(([id, values]) => ({ id, label: id, unit: 'count', values })),
    },
    total,
    estimated: stride > 1,
    lookedAtShare: 1 / stride,
    facetsEstimated: stride > 1,
    facets: {
      source: list(facets.source),
      level: list(facets.level),
      dyno: list(facets.dyno),
      code: list(facets.code),
      status: list(facets.status),
    },
    leftOut: leftOut(call),
    retention: retention(empty, nowMs),
    empty: empty ?? (total === 0 ? 'none' : null),
  };
}

function context(app: string, call: LogsCall): LogContextAnswer {
  const { params, nowMs } = call;
  const empty = emptyOf(app, call);
  const aroundMs = Number(params.get('around') ?? 30) * 1000;
  const id = params.get('line');
  const rid = params.get('rid');
  let atMs: number | null = null;
  if (id !== null) atMs = lineOf(app, Number.parseInt(id, 36), nowMs).atMs;
  else
    for (const line of slots(app, nowMs - HOUR, nowMs, nowMs)) if (line.requestId === rid) atMs = line.atMs;
  if (atMs === null || empty !== null)
    return {
      app,
      requestId: rid,
      atMs: null,
      fromMs: nowMs - HOUR,
      toMs: nowMs,
      lines: [],
      cutBefore: false,
      cutAfter: false,
      search: searchOf(true, 'end', nowMs - HOUR, 12_000),
      leftOut: [],
      empty: empty ?? 'none',
    };
  const [fromMs, toMs] = [atMs - aroundMs, atMs + aroundMs];
  const found = [...slots(app, fromMs, toMs, nowMs)].reverse();
  const own = id === null ? rid : null;
  return {
    app,
    requestId: id === null ? rid : (found.find((line) => line.id === id)?.requestId ?? null),
    atMs,
    fromMs,
    toMs,
    lines: found.map((line) => ({ ...line, isOwn: own === null ? line.id === id : line.requestId === own })),
    cutBefore: false,
    cutAfter: false,
    search: searchOf(true, 'end', fromMs, found.length),
    leftOut: [],
    empty: null,
  };
}

/** A rough template, good enough to look at. */
function templateOf({ text }: LogLineAnswer): { id: string; template: string } {
  const template = text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<uuid>')
    .replace(/https?:\/\/\S+/g, '<path>')
    .replace(/path="[^"]*"/g, 'path=<path>')
    .replace(/"path":"[^"]*"/g, '"path":<path>')
    .replace(/\d+(?:\.\d+)? ?ms\b/g, '<duration>')
    .replace(/203\.0\.113\.0/g, '<ip>')
    .replace(/web\.\d/g, 'web.<num>')
    .replace(/\b\d+\b/g, '<num>')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are no part of a template
    .replace(/\u001b\[[\d;]*m/g, '');
  return { id: `p${Math.floor(noise(template) * 1e9).toString(36)}`, template };
}

function patterns(app: string, call: LogsCall): LogPatternsAnswer {
  const { params, nowMs, fromMs, toMs } = call;
  const empty = emptyOf(app, call);
  const filter = readFilter(params);
  const found = new Map<string, LogPattern>();
  let total = 0;
  if (empty === null)
    for (const line of slots(app, fromMs, toMs, nowMs)) {
      if (total >= COUNTED_MAX) break;
      if (!fits(line, filter, params.get('rid'))) continue;
      total++;
      const { id, template } = templateOf(line);
      const known = found.get(id);
      if (known) {
        known.count++;
        known.firstMs = line.atMs;
        if (!known.sources.includes(line.source)) known.sources.push(line.source);
      } else
        found.set(id, {
          id,
          template,
          count: 1,
          share: 0,
          level: line.level,
          sources: [line.source],
          firstMs: line.atMs,
          lastMs: line.atMs,
          example: line,
        });
    }
  const all = [...found.values()].sort((a, b) => b.count - a.count);
  for (const one of all) one.share = one.count / Math.max(total, 1);
  const shown = all.slice(0, Number(params.get('limit') ?? 50));
  return {
    app,
    fromMs,
    toMs,
    patterns: shown,
    lines: total,
    restLines: total - shown.reduce((sum, one) => sum + one.count, 0),
    search: searchOf(true, 'end', fromMs, total),
    leftOut: leftOut(call),
    retention: retention(empty, nowMs),
    empty: empty ?? (total === 0 ? 'none' : null),
  };
}

/** Lines of the last moments, for a server that lets time pass. */
export function linesSince(
  app: string,
  fromMs: number,
  nowMs: number,
  params: URLSearchParams,
): LogLineAnswer[] {
  const filter = readFilter(params);
  const all = [...slots(app, fromMs - 1500, nowMs, nowMs)].reverse();
  return all.filter((line) => line.atMs > fromMs - 1500 && fits(line, filter, null));
}
