/**
 * Canned answers of the API, typed by its contract: what a fleet with a bad day looks like. Everything is a function
 * of time and name, so the same instant always has the same values, whatever range is asked for.
 */
import type {
  AppCreatedAnswer,
  ChecklistAnswer,
  FleetAnswer,
  FleetRow,
  OverviewAnswer,
} from '../api/contract/apps.ts';
import type { CodeInfo, CodesAnswer, CodeTableAnswer, RequestsAnswer } from '../api/contract/codes.ts';
import type { EventAnswer } from '../api/contract/events.ts';
import type { AppHealthAnswer, HealthSummary, InstanceHealthAnswer } from '../api/contract/health.ts';
import type {
  PersonAnswer,
  Role,
  SessionAnswer,
  SessionsAnswer,
  TokensAnswer,
} from '../api/contract/session.ts';
import type { Columns, GapAnswer, RangeAnswer, Series } from '../api/contract/time.ts';
import type { WallsAnswer } from '../api/contract/wall.ts';
import { isDatabaseAway, noticesOf, processes, type Trouble } from './instanceFixtures.ts';
import { attachCauses } from './settingsFixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MB = 1024 * 1024;

/** What an app of the fixtures is going through. */
type Mood =
  | 'incident'
  | 'calm'
  | 'leak'
  | 'silent'
  | 'waiting'
  | 'idle'
  | 'gaps'
  | 'low'
  | 'noMetrics'
  | 'hostile'
  | 'many'
  | 'young'
  | 'maintenance';

const APPS: { app: string; mood: Mood; perSecond: number; web: number }[] = [
  { app: 'shop', mood: 'incident', perSecond: 42, web: 4 },
  { app: 'checkout-api', mood: 'calm', perSecond: 18, web: 2 },
  { app: 'search', mood: 'leak', perSecond: 25, web: 3 },
  { app: 'billing', mood: 'silent', perSecond: 6, web: 2 },
  { app: 'media-proxy', mood: 'gaps', perSecond: 64, web: 2 },
  { app: 'admin-tools', mood: 'low', perSecond: 0.008, web: 1 },
  { app: 'batch-export', mood: 'idle', perSecond: 0, web: 1 },
  { app: 'webhooks', mood: 'noMetrics', perSecond: 9, web: 2 },
  { app: 'new-landing', mood: 'waiting', perSecond: 0, web: 1 },
  { app: 'feed', mood: 'many', perSecond: 120, web: 20 },
  { app: 'beta', mood: 'young', perSecond: 3, web: 1 },
  { app: 'atelier', mood: 'maintenance', perSecond: 5, web: 1 },
  { app: 'sandbox', mood: 'hostile', perSecond: 1.5, web: 1 },
];

/** A number in [0, 1) that depends on its arguments alone. */
export function noise(...parts: (string | number)[]): number {
  let hash = 2166136261;
  for (const character of parts.join('|')) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 2246822507);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 4294967296;
}

function known(app: string) {
  return APPS.find((one) => one.app === app) ?? { app, mood: 'calm' as Mood, perSecond: 8, web: 2 };
}

/** Load over a day: a low at night, two humps. */
function rhythm(atS: number): number {
  const hour = (atS / 3600) % 24;
  return (
    0.55 +
    0.45 * Math.max(0, Math.sin(((hour - 6) / 24) * 2 * Math.PI)) +
    0.12 * Math.sin((hour / 24) * 6 * Math.PI)
  );
}

/** When the incident of an app began and ended, epoch s. */
function incidentOf(mood: Mood, nowMs: number): [number, number] {
  const nowS = nowMs / 1000;
  return mood === 'incident'
    ? [nowS - 17 * 60, nowS + 3600]
    : mood === 'gaps'
      ? [nowS - 40 * 60, nowS - 31 * 60]
      : [0, 0];
}

function silentFrom(mood: Mood, nowMs: number): number {
  return mood === 'silent' ? nowMs / 1000 - 6 * 60 - 12 : Number.POSITIVE_INFINITY;
}

function bornAt(mood: Mood, nowMs: number): number {
  return mood === 'young' ? nowMs / 1000 - 19 * 60 : 0;
}

export function rangeOf(fromMs: number, toMs: number, step: number, nowMs: number): RangeAnswer {
  const from = Math.floor(fromMs / 1000 / step) * step;
  const to = Math.ceil(toMs / 1000 / step) * step;
  const open = Math.floor(nowMs / 1000 / step) * step;
  return {
    from,
    to,
    step,
    resolution: step >= 3600 ? 3600 : step >= 60 ? 60 : 10,
    openFrom: open < to ? open : null,
  };
}

/** Hours are kept this long. */
const KEPT_MS = 396 * 24 * 3_600_000;

const keptFromS = (nowMs: number) => Math.floor((nowMs - KEPT_MS) / 3_600_000) * 3600;

function build(
  range: RangeAnswer,
  nowMs: number,
  mood: Mood,
  ids: [string, string, string][],
  valueAt: (id: string, atS: number) => number | null,
): Columns {
  const t: number[] = [];
  for (let at = range.from; at < range.to; at += range.step) t.push(at);
  const end = Math.min(nowMs / 1000, silentFrom(mood, nowMs));
  const born = Math.max(bornAt(mood, nowMs), keptFromS(nowMs));
  const series: Series[] = ids.map(([id, label, unit]) => ({
    id,
    label,
    unit,
    values: t.map((at) => (at > end || at < born ? null : valueAt(id, at))),
  }));
  return { t, series };
}

const CLASS_IDS: [string, string, string][] = [
  ['platform', 'platform', 'count'],
  ['status_5xx', '5xx', 'count'],
  ['status_4xx', '4xx', 'count'],
  ['status_3xx', '3xx', 'count'],
  ['status_2xx', '2xx', 'count'],
  ['status_1xx', '1xx', 'count'],
  ['none', 'none', 'count'],
];

const SHARES: Record<string, number> = {
  status_5xx: 0.0004,
  status_4xx: 0.031,
  status_3xx: 0.08,
  status_2xx: 0.885,
  status_1xx: 0.003,
  none: 0,
};

/** While the app of that mood is in maintenance every request is answered 503 with H80. */
function isClosed(atS: number, nowMs: number): boolean {
  const agoS = nowMs / 1000 - atS;
  return agoS > 9 * 60 && agoS < 23 * 60;
}

function requestsOf(app: string, nowMs: number, id: string, atS: number, step: number): number {
  const { mood, perSecond } = known(app);
  const wide = perSecond * step * rhythm(atS) * (0.88 + 0.24 * noise(app, atS, 'n'));
  const [from, to] = incidentOf(mood, nowMs);
  const inside = atS >= from - step && atS < to;
  if (id === 'platform' && mood === 'maintenance') return 0;
  if (id === 'platform')
    return inside
      ? Math.round(wide * (0.018 + 0.02 * noise(app, atS, 'p')))
      : noise(app, atS, 'rare') > 0.993
        ? 1
        : 0;
  if (mood === 'maintenance' && isClosed(atS, nowMs)) return id === 'status_5xx' ? Math.round(wide * 0.6) : 0;
  const share = (SHARES[id] ?? 0) * (inside && id === 'status_5xx' ? 6 : 1);
  const value = wide * share;
  // Small expectations become a whole number by chance, as they do in life.
  return Math.floor(value) + (noise(app, id, atS) < value % 1 ? 1 : 0);
}

function latencyOf(app: string, nowMs: number, id: string, atS: number): number | null {
  const { mood, perSecond } = known(app);
  if (perSecond === 0) return null;
  if (mood === 'low' && noise(app, atS) > 0.1) return null;
  const [from, to] = incidentOf(mood, nowMs);
  const slow = atS >= from && atS < to ? 1 + 5 * Math.min(1, (atS - from) / 300) : 1;
  const base = 38 + 20 * noise(app, 'base');
  const wobble = 0.9 + 0.2 * noise(app, id, atS);
  const spike = slow > 1 ? 1 : 1 + 3 * Number(noise(app, Math.floor(atS / 60), 'spike') > 0.97);
  if (id === 'p50') return Math.round(base * wobble * (1 + (slow - 1) * 0.15));
  if (id === 'p95') return Math.round(base * 6.5 * wobble * slow * Math.sqrt(spike));
  if (id === 'p99')
    return Math.round(Math.min(base * 14 * wobble * slow * slow * spike, 30_000 + 200 * noise(app, atS)));
  return Math.round(1 + 2 * noise(app, 'c', atS));
}

const CODES: CodeInfo[] = (
  [
    [
      'H10',
      'App crashed',
      'The web dyno is in the crashed state, so the router has nowhere to send the request.',
      'Every visitor gets the error page until the dyno starts again.',
      'Read the dyno lines just before the first H10: exit status, R10 or an exception at boot.',
      'critical',
      'app',
      true,
    ],
    [
      'H12',
      'Request timeout',
      'The dyno did not send the first byte of a response within 30 seconds; the router gave up, the app may still be working on it.',
      'The visitor waited 30 s and got an error page.',
      'List the paths with the most H12, then look at database load, locks and outbound calls without a time-out on those paths.',
      'high',
      'app',
      true,
    ],
    [
      'H13',
      'Connection closed without response',
      'The dyno accepted the connection and closed it before writing anything.',
      'The visitor got an error page although a dyno was up.',
      'Look for worker time-outs or crashes in the web server, and check its keep-alive idle time-out.',
      'high',
      'app',
      true,
    ],
    [
      'H18',
      'Server request interrupted',
      'The dyno ended the connection while the response was on its way.',
      'The response was cut short.',
      'Compare with restarts and deploys at the same minute.',
      'medium',
      'app',
      true,
    ],
    [
      'H27',
      'Client request interrupted',
      'The client closed the connection before the dyno answered.',
      'Nobody was there to read the answer; it often follows slow responses.',
      'Compare with response time: impatient clients mean slow pages.',
      'low',
      'client',
      false,
    ],
    [
      'H80',
      'Maintenance mode',
      'The app is in maintenance mode and the router answers for it.',
      'Visitors get the maintenance page, on purpose.',
      'Switch maintenance off when the work is done: heroku maintenance:off.',
      'info',
      'operator',
      false,
    ],
    [
      'R14',
      'Memory quota exceeded',
      'The dyno uses more memory than its size allows and swaps.',
      'Requests become slow long before the dyno is killed.',
      'Look at memory per dyno since its last restart: a steady climb is a leak.',
      'high',
      'app',
      false,
    ],
    [
      'L10',
      'Drain buffer overflow',
      'Logplex could not deliver lines fast enough and threw some away.',
      'Counts of that time are too low.',
      'Look at drain health for how many were lost and since when.',
      'medium',
      'pipeline',
      false,
    ],
  ] as [string, string, string, string, string, string, string, boolean][]
).map(([code, title, meaning, reason, firstCheck, severity, cause, counts]) => ({
  code,
  title,
  meaning,
  reason,
  firstCheck,
  severity,
  cause,
  countsAgainstAvailability: counts,
  lifecycle: 'current',
  known: true,
}));

function codesOf(app: string, nowMs: number): string[] {
  const { mood, perSecond } = known(app);
  if (perSecond === 0) return [];
  if (mood === 'incident') return ['H12', 'H13', 'H27', 'H18', 'R14'];
  if (mood === 'maintenance') return ['H80'];
  if (mood === 'leak') return ['R14', 'H27'];
  if (mood === 'gaps') return ['H18', 'L10', 'H27'];
  return nowMs > 0 && mood === 'calm' ? ['H27'] : [];
}

function codeCount(app: string, nowMs: number, code: string, atS: number, step: number): number {
  const platform = requestsOf(app, nowMs, 'platform', atS, step);
  if (code === 'H80') return isClosed(atS, nowMs) ? requestsOf(app, nowMs, 'status_5xx', atS, step) : 0;
  if (code === 'H12') return Math.round(platform * 0.96);
  if (code === 'H13') return platform - Math.round(platform * 0.96);
  if (code === 'H18') return known(app).mood === 'gaps' ? platform : 0;
  if (code === 'H27') return Number(noise(app, code, Math.floor(atS / 30)) > 0.93);
  if (code === 'R14')
    return known(app).mood === 'leak' && atS > nowMs / 1000 - 1500
      ? Number(noise(app, code, atS) > 0.4)
      : Number(noise(app, code, atS) > 0.985);
  return Number(noise(app, code, atS) > 0.985);
}

function gapsOf(mood: Mood, nowMs: number): GapAnswer[] {
  if (mood !== 'gaps') return [];
  const nowS = Math.round(nowMs / 1000);
  return [
    { from: nowS - 26 * 60, to: nowS - 22 * 60, messages: 3120, cause: 'L10' },
    { from: nowS - 9 * 60, to: nowS - 9 * 60 + 20, messages: 41, cause: 'L10' },
    { from: nowS - 5 * 3600, to: nowS - 5 * 3600 + 600, messages: null, cause: 'stream silent' },
  ];
}

function healthOf(app: string, nowMs: number): HealthSummary {
  const { mood, perSecond } = known(app);
  const messages = Math.round(Math.max(perSecond, 0.3) * 1.35 * 3600);
  if (mood === 'waiting')
    return { state: 'waiting', dataThroughMs: null, lagMs: null, lostMessages: 0, messages: 0 };
  if (mood === 'silent')
    return {
      state: 'silent',
      dataThroughMs: silentFrom(mood, nowMs) * 1000,
      lagMs: 4200,
      lostMessages: 0,
      messages: messages - 900,
    };
  const lagMs = mood === 'gaps' ? 38_000 : 1800 + Math.round(2400 * noise(app, 'lag'));
  return {
    state: 'receiving',
    dataThroughMs: nowMs - lagMs,
    lagMs,
    lostMessages: mood === 'gaps' ? 3161 : 0,
    messages,
  };
}

function dynosOf(app: string): string[] {
  const { web, mood } = known(app);
  return [
    ...Array.from({ length: web }, (_, index) => `web.${index + 1}`),
    ...(mood === 'incident' || mood === 'leak' ? ['worker.1'] : []),
  ];
}

function memoryOf(app: string, nowMs: number, dyno: string, atS: number, quota: number): number {
  const base = (0.42 + 0.22 * noise(app, dyno)) * quota;
  const { mood } = known(app);
  const wobble = 6 * MB * (noise(app, dyno, Math.floor(atS / 40)) - 0.5);
  if (mood === 'leak' && dyno === 'web.2')
    return (
      base +
      quota * 0.55 * Math.min(1.25, Math.max(0, (atS - (nowMs / 1000 - 3 * 3600)) / (3 * 3600))) +
      wobble
    );
  if (mood === 'incident' && dyno === 'web.3')
    return base + quota * 0.12 * Math.max(0, Math.min(1, (atS - (nowMs / 1000 - 17 * 60)) / 600)) + wobble;
  return base + wobble;
}

function eventsOf(app: string, nowMs: number, range: RangeAnswer): EventAnswer[] {
  const { mood } = known(app);
  if (mood === 'waiting' || mood === 'idle') return [];
  const events: EventAnswer[] = [];
  const add = (
    minutesAgo: number,
    lane: EventAnswer['lane'],
    kind: string,
    title: string,
    more: Partial<EventAnswer> = {},
  ) => {
    const atMs = Math.round(nowMs - minutesAgo * MINUTE);
    events.push({
      id: `${app}-${events.length}`,
      atMs,
      untilMs: atMs,
      kind,
      lane,
      dyno: null,
      code: null,
      version: null,
      count: 1,
      title,
      routine: false,
      detail: {},
      ...more,
    });
  };
  if (mood === 'incident') {
    add(19, 'release', 'deploy', 'Release v214 (Deploy 1a2b3c4d)', { version: 214 });
    for (const [index, dyno] of ['web.1', 'web.2', 'web.3', 'web.4', 'worker.1'].entries()) {
      add(18.9 - index * 0.03, 'dyno', 'state', `${dyno} restarted at release v214`, { dyno, routine: true });
    }
    add(34, 'config', 'config', 'Config changed: CACHE_TTL, POOL_SIZE', {});
    add(31, 'release', 'release', 'Release v213 (Set CACHE_TTL, POOL_SIZE config vars)', { version: 213 });
    add(11, 'dyno', 'crash', 'web.3 crashed, exit status 137', { dyno: 'web.3' });
    add(9, 'dyno', 'code', 'R14 on web.3 (memory quota exceeded)', {
      dyno: 'web.3',
      code: 'R14',
      count: 14,
      untilMs: nowMs - 4 * MINUTE,
    });
    add(6, 'config', 'scale', 'Scaled web from 3 to 4 (Standard-2X)');
    add(12, 'note', 'annotation', 'Load test of the new checkout, on purpose', {
      untilMs: nowMs - 8 * MINUTE,
      detail: { author: 'Dana', annotation: '7c1d2c52-5a0b-4f5e-9d57-0a3f2b1c4d5e', canDelete: true },
    });
    add(47, 'dyno', 'cycling', 'web.2 cycled (daily restart)', { dyno: 'web.2', routine: true });
    add(220, 'release', 'deploy', 'Release v212 (Deploy 77aa01ff)', { version: 212 });
    add(1500, 'platform', 'maintenance', 'Maintenance mode switched off');
  } else {
    add(mood === 'young' ? 18 : 95, 'release', 'deploy', 'Release v38 (Deploy 9f8e7d6c)', { version: 38 });
    add(25, 'dyno', 'cycling', 'web.1 cycled (daily restart)', { dyno: 'web.1', routine: true });
    if (mood === 'maintenance') {
      add(23, 'config', 'maintenance', 'Maintenance mode switched on');
      add(9, 'config', 'maintenance', 'Maintenance mode switched off');
    }
    if (mood === 'leak')
      add(24, 'dyno', 'code', 'R14 on web.2 (memory quota exceeded)', {
        dyno: 'web.2',
        code: 'R14',
        count: 72,
        untilMs: nowMs,
      });
    if (mood === 'hostile')
      add(12, 'config', 'config', 'Config changed: \u202eEVIL\u202c, <img src=x onerror=alert(1)>', {});
  }
  return events
    .filter((event) => event.atMs / 1000 < range.to && event.untilMs / 1000 >= range.from)
    .sort((a, b) => a.atMs - b.atMs);
}

interface OverviewQuery {
  fromMs: number;
  toMs: number;
  step: number;
  nowMs: number;
  proc?: string;
  dyno?: string;
}

export function overview(app: string, query: OverviewQuery): OverviewAnswer {
  const { nowMs, step } = query;
  const { mood } = known(app);
  const range = rangeOf(query.fromMs, query.toMs, step, nowMs);
  const nothing = mood === 'waiting';
  const share = query.dyno ? 1 / known(app).web : 1;
  const throughput = build(range, nowMs, mood, CLASS_IDS, (id, at) =>
    nothing ? null : Math.round(requestsOf(app, nowMs, id, at, step) * share),
  );
  const responseTime = build(
    range,
    nowMs,
    mood,
    [
      ['p50', 'p50', 'ms'],
      ['p95', 'p95', 'ms'],
      ['p99', 'p99', 'ms'],
      ['connect_p95', 'connect_p95', 'ms'],
    ],
    (id, at) => latencyOf(app, nowMs, id, at),
  );
  const dynos = dynosOf(app).filter(
    (name) => (!query.dyno || name === query.dyno) && (!query.proc || name.startsWith(`${query.proc}.`)),
  );
  const quota = mood === 'many' ? 1024 * MB : 512 * MB;
  const hasRuntimeMetrics = mood !== 'noMetrics' && !nothing;
  const perDyno = (unit: string, valueAt: (dyno: string, at: number) => number | null) =>
    build(range, nowMs, mood, hasRuntimeMetrics ? dynos.map((name) => [name, name, unit]) : [], (dyno, at) =>
      // A dyno speaks about every 20 s, each at its own beat.
      step === 10 && (at / 10 + Math.floor(10 * noise(dyno))) % 2 !== 0 ? null : valueAt(dyno, at),
    );
  const sums = Object.fromEntries(
    throughput.series.map((series) => [
      series.id,
      series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    ]),
  );
  const sum = (id: string) => sums[id] ?? 0;
  const requests = Object.values(sums).reduce((total, value) => total + value, 0);
  const middle = (id: string) => {
    const values =
      responseTime.series.find((series) => series.id === id)?.values.filter((value) => value !== null) ?? [];
    return requests === 0 || values.length === 0
      ? null
      : (values.sort((a, b) => a - b)[Math.floor(values.length * 0.7)] ?? null);
  };
  const codes = codesOf(app, nowMs).map((code): [string, string, string] => [
    code,
    `${code} ${CODES.find((one) => one.code === code)?.title ?? ''}`.trim(),
    'count',
  ]);
  const excluded = throughput.t.reduce(
    (all, at) => all + (mood === 'maintenance' ? codeCount(app, nowMs, 'H80', at, step) : 0),
    0,
  );
  return {
    app,
    nowMs,
    range,
    retainedFrom: keptFromS(nowMs) > range.from ? keptFromS(nowMs) : null,
    health: healthOf(app, nowMs),
    gaps: gapsOf(mood, nowMs),
    events: eventsOf(app, nowMs, range),
    totals: {
      requests,
      bad: sum('platform') + sum('status_5xx') - excluded,
      excluded,
      status1xx: sum('status_1xx'),
      status2xx: sum('status_2xx'),
      status3xx: sum('status_3xx'),
      status4xx: sum('status_4xx'),
      status5xx: sum('status_5xx'),
      platform: sum('platform'),
      p50Ms: middle('p50'),
      p95Ms: middle('p95'),
      p99Ms: middle('p99'),
      bytes: requests * 14_300,
    },
    throughput,
    outcomes: build(
      range,
      nowMs,
      mood,
      [
        ['bad', 'bad', 'count'],
        ['excluded', 'excluded', 'count'],
      ],
      (id, at) => {
        const all = (name: string) => Math.round(requestsOf(app, nowMs, name, at, step) * share);
        const closed = mood === 'maintenance' ? codeCount(app, nowMs, 'H80', at, step) : 0;
        return nothing ? null : id === 'bad' ? all('platform') + all('status_5xx') - closed : closed;
      },
    ),
    responseTime,
    codes: build(range, nowMs, mood, codes, (code, at) => codeCount(app, nowMs, code, at, step)),
    memory: perDyno('bytes', (dyno, at) => memoryOf(app, nowMs, dyno, at, quota)),
    swap: perDyno('bytes', (dyno, at) =>
      mood === 'leak' && dyno === 'web.2'
        ? Math.max(0, memoryOf(app, nowMs, dyno, at, quota) - quota) * 0.8
        : 0,
    ),
    quotas: hasRuntimeMetrics ? Object.fromEntries(dynos.map((name) => [name, quota])) : {},
    load: perDyno(
      'load',
      (dyno, at) =>
        (0.3 + 0.5 * noise(app, dyno, Math.floor(at / 40))) *
        (mood === 'incident' && dyno.startsWith('web') && at > nowMs / 1000 - 17 * 60 ? 3.2 : 1),
    ),
    addons: mood === 'incident' || mood === 'leak' ? addonsOf(app, nowMs, mood, range) : [],
    custom:
      mood === 'incident'
        ? build(
            range,
            nowMs,
            mood,
            [
              ['orders.created', 'orders.created', 'count'],
              ['cart.render', 'cart.render', 'ms'],
            ],
            (id, at) =>
              id === 'orders.created'
                ? Math.round(step * 0.6 * noise(app, id, at))
                : 20 + 30 * noise(app, id, at),
          )
        : { t: [], series: [] },
    hasRuntimeMetrics,
    dynos: nothing ? [] : dynosOf(app),
    processTypes: nothing ? [] : [...new Set(dynosOf(app).map((name) => name.split('.')[0] ?? name))],
  };
}

function addonsOf(app: string, nowMs: number, mood: Mood, range: RangeAnswer): OverviewAnswer['addons'] {
  const minutely = (scale: number, id: string, at: number) =>
    scale * (0.9 + 0.2 * noise(app, id, Math.floor(at / 60)));
  return [
    {
      addon: 'postgresql-shape-12345',
      source: 'DATABASE',
      service: 'heroku-postgres',
      metrics: build(
        range,
        nowMs,
        mood,
        [
          ['active_connections', 'active connections', 'count'],
          ['db_size', 'db size', 'bytes'],
          ['index_cache_hit_rate', 'index cache hit rate', 'fraction'],
          ['load_avg_1m', 'load 1m', 'load'],
          ['read_iops', 'read IOPS', 'perSecond'],
          ['waiting_connections', 'waiting connections', 'count'],
        ],
        (id, at) => {
          if (Math.floor(at / range.step) % Math.max(1, Math.round(60 / range.step)) !== 0) return null;
          const busy = mood === 'incident' && at > nowMs / 1000 - 17 * 60;
          if (id === 'active_connections') return Math.round(minutely(busy ? 92 : 34, id, at));
          if (id === 'db_size') return 14.2 * 1024 * MB + (at % 86_400) * 900;
          if (id === 'index_cache_hit_rate') return 0.9991 - 0.002 * noise(id, at);
          if (id === 'load_avg_1m') return minutely(busy ? 5.4 : 0.6, id, at);
          if (id === 'read_iops') return minutely(busy ? 910 : 60, id, at);
          return busy ? Math.round(minutely(7, id, at)) : 0;
        },
      ),
    },
  ];
}

export function fleet(nowMs: number, how: 'normal' | 'empty' | 'big' | 'calm' = 'normal'): FleetAnswer {
  if (how === 'empty') return { nowMs, apps: [] };
  if (how === 'calm') {
    const apps = Array.from({ length: 6 }, (_, index) => fleetRow(`service-${index + 1}`, nowMs));
    return { nowMs, apps };
  }
  const names =
    how === 'big'
      ? [...APPS.map((one) => one.app), ...Array.from({ length: 188 }, (_, index) => `service-${index + 1}`)]
      : APPS.map((one) => one.app);
  return { nowMs, apps: names.map((app) => fleetRow(app, nowMs)) };
}

function fleetRow(app: string, nowMs: number): FleetRow {
  const { mood, perSecond } = known(app);
  const answer = overview(app, { fromMs: nowMs - HOUR, toMs: nowMs, step: 60, nowMs });
  const sparkline = answer.throughput.t.slice(0, 60).map((_, index) => {
    const values = answer.throughput.series.map((series) => series.values[index] ?? null);
    return values.every((value) => value === null)
      ? null
      : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  });
  const { requests, bad } = answer.totals;
  const memory = answer.memory.series
    .map((series) => ({
      dyno: series.id,
      ratio: (series.values.findLast((value) => value !== null) ?? 0) / (answer.quotas[series.id] ?? 1),
    }))
    .sort((a, b) => b.ratio - a.ratio)[0];
  const top = answer.codes.series
    .map((series) => ({
      code: series.id,
      count: series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    }))
    .sort((a, b) => b.count - a.count)[0];
  const release = answer.events.findLast((event) => event.lane === 'release');
  return {
    app,
    createdAtMs: nowMs - 90 * DAY,
    health: answer.health,
    requests,
    requestsPerMinute:
      mood === 'waiting' ? null : mood === 'silent' ? 0 : perSecond * 60 * rhythm(nowMs / 1000),
    sparkline,
    failedRatio: requests > 0 ? (mood === 'incident' ? 0.023 : bad / requests) : null,
    failedRatioWeekAgo: requests > 0 ? 0.0011 : null,
    lowTraffic: requests < 60,
    p95Ms: answer.totals.p95Ms,
    p95MsWeekAgo: mood === 'incident' ? 310 : answer.totals.p95Ms,
    topCode: top && top.count > 0 ? { ...top, ...fleetCode(top.code) } : null,
    worstMemory: memory ?? null,
    lastRelease: release?.version
      ? { version: release.version, atMs: release.atMs, by: 'Kim' }
      : mood === 'waiting'
        ? null
        : { version: 38, atMs: nowMs - 3 * DAY, by: null },
    requestsWeekAgo: requests,
    incidents: fleetIncidents(mood, nowMs),
    labels: fleetLabels(app, mood),
  };
}

function fleetCode(code: string) {
  const info = CODES.find((one) => one.code === code);
  return { title: info?.title ?? '', blames: info?.countsAgainstAvailability ?? true };
}

function fleetIncidents(mood: Mood, nowMs: number): FleetRow['incidents'] {
  const open = { page: 0, ticket: 0, info: 0, sinceMs: nowMs - 18 * MINUTE };
  if (mood === 'incident')
    return { ...open, page: 1, unacknowledged: 1, id: '0b7e1f4e-6f2a-4a7b-9d1e-000000000001' };
  if (mood === 'leak')
    return { ...open, ticket: 1, unacknowledged: 0, id: '0b7e1f4e-6f2a-4a7b-9d1e-000000000002' };
  return null;
}

const TEAMS = ['store', 'platform', 'content', null];

function fleetLabels(app: string, mood: Mood): FleetRow['labels'] {
  const stage = mood === 'young' || mood === 'hostile' ? 'staging' : mood === 'waiting' ? null : 'production';
  const team = TEAMS[Math.floor(noise(app, 'team') * TEAMS.length)] ?? null;
  return { stage, team, tags: noise(app, 'tag') > 0.6 ? ['eu', 'public'] : [] };
}

export function codeTable(): CodeTableAnswer {
  return { codes: CODES };
}

export function codes(app: string, query: OverviewQuery): CodesAnswer {
  const whole = overview(app, query);
  return {
    app,
    nowMs: query.nowMs,
    range: whole.range,
    health: whole.health,
    gaps: whole.gaps,
    requests: whole.totals.requests,
    counts: whole.codes,
    codes: whole.codes.series.map((series) => {
      const info = CODES.find((one) => one.code === series.id) ?? {
        code: series.id,
        title: '',
        meaning: '',
        reason: '',
        firstCheck: '',
        severity: 'medium',
        cause: 'unknown',
        countsAgainstAvailability: false,
        lifecycle: 'current',
        known: false,
      };
      const count = series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
      const seen = series.values.flatMap((value, index) =>
        value ? [(whole.codes.t[index] ?? 0) * 1000] : [],
      );
      return {
        ...info,
        count,
        firstSeenMs: seen[0] ?? null,
        lastSeenMs: seen.at(-1) ?? null,
        shareOfRequests:
          whole.totals.requests > 0 && series.id.startsWith('H') ? count / whole.totals.requests : null,
      };
    }),
  };
}

const PATHS = [
  '/cart/{id}',
  '/checkout',
  '/api/orders/{id}/pay',
  '/search?q=shoes',
  '/products/{id}',
  '/<script>alert(1)</script>',
  '/\u202egnp.exe',
];

export function requests(app: string, code: string, nowMs: number): RequestsAnswer {
  if (!codesOf(app, nowMs).includes(code)) return { requests: [] };
  return {
    requests: Array.from({ length: 24 }, (_, index) => ({
      atMs: Math.round(nowMs - 9000 - index * 31_000 - 20_000 * noise(code, index)),
      requestId: `${Math.floor(noise(index, 'a') * 1e9).toString(16)}-5b1c-4f0e-9d2a-${Math.floor(noise(index, 'b') * 1e12).toString(16)}`,
      method: noise(index) > 0.3 ? 'GET' : 'POST',
      path: PATHS[Math.floor(noise(index, 'path') * PATHS.length)] ?? '/',
      host: 'shop.example.com',
      client: '203.0.113.0/24',
      dyno: `web.${1 + Math.floor(noise(index, 'dyno') * 4)}`,
      connectMs: 1,
      serviceMs:
        code === 'H12' ? 30_000 + Math.floor(9 * noise(index)) : Math.floor(4000 * noise(index, 's')),
      status: 503,
      bytes: 0,
      code,
      release: 214,
      why: 'bad' as const,
      sampleRate: 1,
    })),
  };
}

export function appHealth(app: string, query: OverviewQuery): AppHealthAnswer {
  const { nowMs } = query;
  const { mood, perSecond } = known(app);
  const summary = healthOf(app, nowMs);
  const waiting = summary.state === 'waiting';
  const lines = Math.round((perSecond * (query.toMs - query.fromMs)) / 1000);
  return {
    ...summary,
    app,
    from: query.fromMs / 1000,
    to: query.toMs / 1000,
    framesAccepted: Math.round(lines / 22),
    framesDuplicate: mood === 'gaps' ? 37 : waiting ? 0 : 2,
    messagesByKind: waiting
      ? {}
      : {
          request: lines,
          dynoSample: Math.round(lines * 0.08),
          app: Math.round(lines * 0.22),
          addonSample: 59,
          apiEvent: 4,
          dynoEvent: 21,
          loss: mood === 'gaps' ? 2 : 0,
        },
    skipped:
      mood === 'gaps'
        ? { futureTime: 12, badUtf8: 3, unknownCode: 1, redacted: 408 }
        : mood === 'hostile'
          ? { badRouterLine: 4, badFraming: 1 }
          : {},
    redactions: mood === 'gaps' ? 408 : 0,
    gaps: gapsOf(mood, nowMs),
    drains: waiting
      ? []
      : [
          {
            id: 1,
            token: 'd.9f3c1d52-6a0e-4b1f-8a35-1f6f0f7a2c11',
            state: 'adopted',
            sender: 'Logplex',
            firstReceivedMs: nowMs - 40 * DAY,
            lastReceivedMs: summary.dataThroughMs ?? nowMs,
            dataThroughMs: summary.dataThroughMs,
          },
          ...(mood === 'gaps'
            ? [
                {
                  id: 2,
                  token: 'd.00aa17be-90ce-4a53-a4f6-77ab0c3df210',
                  state: 'new' as const,
                  sender: 'Logplex',
                  firstReceivedMs: nowMs - 12 * MINUTE,
                  lastReceivedMs: nowMs - 3000,
                  dataThroughMs: nowMs - 5000,
                },
              ]
            : []),
        ],
    unknownTokens: mood === 'gaps' ? 1 : 0,
    quarantine:
      mood === 'hostile'
        ? [
            {
              receivedMs: nowMs - 5 * MINUTE,
              reason: 'badFraming',
              sizeBytes: 812,
              excerpt:
                '9x <158>1 2026-11-20T10:41:50+00:00 host heroku router - \u001b[31mred\u001b[0m \u202eevil',
            },
          ]
        : [],
  };
}

export function instanceHealth(nowMs: number, trouble: Trouble = 'none'): InstanceHealthAnswer {
  return {
    database: isDatabaseAway(trouble) ? 'away' : 'ok',
    serverTimeMs: nowMs,
    version: '0.1.0',
    refusedSenders: [
      {
        userName: 'new-landing',
        attempts: 14,
        firstMs: nowMs - 22 * MINUTE,
        lastMs: nowMs - 40_000,
        reason: 'wrong secret',
      },
      {
        userName: 'staging-shop',
        attempts: 220,
        firstMs: nowMs - 3 * HOUR,
        lastMs: nowMs - 4000,
        reason: 'unknown app',
      },
    ],
    writers: [{ id: 1, holder: 'web.1/34', behindChunks: 3, seenMs: nowMs - 900 }],
    compactionsDue: 2,
    storage: [
      { table: 'chunks', bytes: 1830 * MB },
      { table: 'counts_10s', bytes: 640 * MB },
      { table: 'counts_60s', bytes: 410 * MB },
      { table: 'details', bytes: 220 * MB },
      { table: 'frames', bytes: 96 * MB },
      { table: 'events', bytes: 4 * MB },
    ],
    processes: processes(trouble, nowMs),
    notices: [
      ...noticesOf(trouble),
      {
        level: 'info',
        code: 'refused',
        text: 'Refused within the hour for wrong credentials: new-landing, staging-shop.',
      },
      { level: 'info', code: 'silent', text: 'Silent for over 3 min: billing.' },
    ],
  };
}

export function checklist(app: string, nowMs: number, step: number): ChecklistAnswer {
  const titles: [ChecklistAnswer['steps'][number]['id'], string, string, string | null][] = [
    [
      'drain',
      'Drain reachable',
      'Waiting for the first POST. It comes within seconds of heroku drains:add.',
      `heroku drains -a ${app}`,
    ],
    ['firstLine', 'First line', 'Nothing readable yet.', null],
    [
      'routerLine',
      'Router line parsed',
      'Open the app once in a browser: each request makes a router line. Apps on Fir log requests elsewhere.',
      null,
    ],
    [
      'runtimeMetrics',
      'Runtime metrics seen',
      'They begin after a restart of the app.',
      `heroku restart -a ${app}`,
    ],
    ['release', 'Release seen', 'Appears with the next deploy or config change.', null],
  ];
  return {
    app,
    refused: app === 'new-landing' ? 14 : 0,
    steps: titles.map(([id, title, hint, command], index) => ({
      id,
      title,
      hint: index < step ? '' : hint,
      command,
      state: index < step ? 'done' : index === step && step > 1 ? 'stalled' : 'waiting',
      doneAtMs: index < step ? nowMs - (titles.length - index) * 4000 : null,
      causes: index === step && step > 1 ? attachCauses(app) : [],
    })),
  };
}

export function created(app: string, base: string): AppCreatedAnswer {
  const drainUrl = `${base.replace('://', `://${app}:7Jq0fW2c9nXhTa4Lr8ZkVb3M@`)}/drain`;
  return {
    app,
    drainUrl,
    commands: [
      `heroku labs:enable log-runtime-metrics -a ${app}`,
      `heroku drains:add "${drainUrl}" -a ${app}`,
    ],
  };
}

export function session(role: Role | 'wall' | null, setupNeeded = false): SessionAnswer {
  if (role === 'wall')
    return { setupNeeded, person: null, wall: { name: 'Team room' }, baseUrl: 'https://drains.example.com' };
  const person: PersonAnswer | null = role
    ? { id: 'p1', email: 'kim@example.com', displayName: 'Kim', role }
    : null;
  return { setupNeeded, person, baseUrl: 'https://drains.example.com' };
}

export function walls(nowMs: number): WallsAnswer {
  return {
    walls: [
      {
        id: 'w1',
        name: 'Team room',
        createdAtMs: nowMs - 40 * DAY,
        lastSeenMs: nowMs - 20_000,
        lastAddress: '203.0.113.7',
      },
    ],
  };
}

export function sessions(nowMs: number): SessionsAnswer {
  return {
    sessions: [
      {
        id: 's1',
        createdAtMs: nowMs - 2 * DAY,
        lastSeenMs: nowMs - 1000,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
        address: '203.0.113.0/24',
        current: true,
      },
      {
        id: 's2',
        createdAtMs: nowMs - 9 * DAY,
        lastSeenMs: nowMs - 5 * HOUR,
        userAgent:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1',
        address: '198.51.100.0/24',
        current: false,
      },
    ],
  };
}

export function tokens(nowMs: number): TokensAnswer {
  return {
    tokens: [
      {
        id: 't1',
        name: 'grafana',
        role: 'viewer',
        createdAtMs: nowMs - 30 * DAY,
        expiresAtMs: nowMs + 60 * DAY,
        lastUsedMs: nowMs - 20_000,
        createdBy: 'Kim',
      },
      {
        id: 't2',
        name: 'deploy script',
        role: 'editor',
        createdAtMs: nowMs - 95 * DAY,
        expiresAtMs: nowMs - 5 * DAY,
        lastUsedMs: null,
        createdBy: '',
      },
    ],
  };
}

export function people(): { people: PersonAnswer[] } {
  return {
    people: [
      { id: 'p1', email: 'kim@example.com', displayName: 'Kim', role: 'admin' },
      { id: 'p2', email: 'sam@example.com', displayName: 'Sam', role: 'viewer' },
    ],
  };
}
