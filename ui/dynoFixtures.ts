/** Canned answers about codes, dynos and add-ons, told from the same canned overview as the page of the app. */
import type { AddonAnswer, AddonsAnswer } from '../api/contract/addons.ts';
import type { OverviewAnswer } from '../api/contract/apps.ts';
import type { CodeAnswer, CodeBreakdown, CodeInfo, CodeSpecial, CodesAnswer } from '../api/contract/codes.ts';
import type {
  DynoAnswer,
  DynoComparison,
  DynoDetailAnswer,
  DynoMark,
  DynosAnswer,
  DynoTypeAnswer,
} from '../api/contract/dynos.ts';
import { codeGuide } from '../model/code-guide.ts';
import { codeOf } from '../model/codes.ts';
import { besideColumns, besideSiblings } from '../model/siblings.ts';
import * as fixtures from './fixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MB = 1024 * 1024;

type Query = Parameters<typeof fixtures.overview>[1];
const { noise } = fixtures;

/** Sizes set in this server's life: writes change what is told. */
const said = new Map<string, { size: string | null; cores: number | null; atMs: number }>();

export function setSize(
  app: string,
  type: string,
  body: Record<string, unknown> | null,
  nowMs: number,
): void {
  const key = `${app}/${type}`;
  if (body === null) said.delete(key);
  else
    said.set(key, {
      size: (body.size as string) || null,
      cores: (body.cores as number) ?? null,
      atMs: nowMs,
    });
}

function typesOf(app: string, dynos: DynoAnswer[], nowMs: number): DynoTypeAnswer[] {
  return [...new Set(dynos.map((dyno) => dyno.processType))].map((processType) => {
    const own = said.get(`${app}/${processType}`);
    const told = processType === 'web' ? 'Standard-1X' : null;
    return {
      processType,
      dynos: dynos.filter((dyno) => dyno.processType === processType).length,
      size: own?.size ?? told,
      sizeSource: own?.size ? 'you' : told === null ? null : 'heroku',
      sizeAtMs: own?.size ? own.atMs : told === null ? null : nowMs - 30 * HOUR,
      cores: own?.cores ?? null,
      coresSource: own?.cores ? 'you' : null,
    };
  });
}

/** A crash, restarts, and R14 where the overview has them. */
function marksOf(whole: OverviewAnswer, dyno: string): DynoMark[] {
  return whole.events
    .filter((event) => event.dyno === dyno)
    .flatMap((event): DynoMark[] => {
      const base = { atMs: event.atMs, untilMs: event.untilMs, count: event.count };
      if (event.kind === 'crash')
        return [
          { ...base, kind: 'crash' },
          { ...base, kind: 'restart' },
        ];
      if (event.kind === 'cycling') return [{ ...base, kind: 'cycle' }];
      if (event.kind === 'state') return [{ ...base, kind: 'restart' }];
      return event.code === 'R14' || event.code === 'R15' ? [{ ...base, kind: event.code }] : [];
    });
}

function leakOf(isLeaking: boolean, ratio: number | null, ageMs: number): DynoAnswer['leak'] {
  const points = Math.max(0, Math.floor((ageMs - 30 * MINUTE) / (10 * MINUTE)));
  const isEnough = points >= 12 && ratio !== null;
  return {
    points,
    spanMinutes: Math.max(0, points - 1) * 10,
    isEnough,
    growth:
      isEnough && isLeaking
        ? {
            bytesPerHour: 46 * MB,
            minutesToQuota: Math.max(0, Math.round(((1 - (ratio ?? 0)) * 512) / (46 / 60))),
            minutesToCycle: 9 * 60,
            isLeak: true,
          }
        : null,
  };
}

function dynosOf(app: string, query: Query): { whole: OverviewAnswer; dynos: DynoAnswer[] } {
  const whole = fixtures.overview(app, query);
  const isMany = whole.dynos.length > 8;
  const dynos = whole.dynos.map((dyno, at): DynoAnswer => {
    const processType = dyno.split('.')[0] ?? dyno;
    const own = (columns: OverviewAnswer['memory']) =>
      columns.series.find((one) => one.id === dyno)?.values ?? [];
    const memory = own(whole.memory);
    const swap = own(whole.swap);
    const quota = whole.quotas[dyno] ?? null;
    const newest = memory.findLast((value) => value !== null) ?? null;
    const marks = marksOf(whole, dyno);
    if (isMany)
      marks.push({
        atMs: query.nowMs - (at + 1) * 2.6 * MINUTE,
        untilMs: query.nowMs - (at + 1) * 2.6 * MINUTE,
        kind: 'cycle',
        count: 1,
      });
    const crashes = marks.filter((mark) => mark.kind === 'crash').length;
    const starts = marks.filter((mark) => mark.kind === 'restart' || mark.kind === 'cycle');
    const startedMs = starts.at(-1)?.atMs ?? query.nowMs - 7 * HOUR;
    const isWeb = processType === 'web';
    const share = isWeb ? 1 / whole.dynos.filter((one) => one.startsWith('web')).length : 0;
    const isIncident = whole.codes.series.some((one) => one.id === 'H12');
    const isHot = isIncident && (dyno === 'web.3' || dyno === 'web.4');
    const requests = Math.round(whole.totals.requests * share * (isHot ? 1.06 : 0.98));
    const ratio = newest === null || quota === null ? null : newest / quota;
    return {
      dyno,
      processType,
      state: whole.events.length === 0 ? null : 'up',
      stateSinceMs: startedMs + 9_000,
      requests,
      bad: isIncident
        ? Math.round(whole.totals.bad * (isHot ? 0.44 : 0.06))
        : Math.round(whole.totals.bad * share),
      p95Ms:
        isWeb && whole.totals.p95Ms !== null ? Math.round(whole.totals.p95Ms * (isHot ? 1.9 : 0.7)) : null,
      memoryBytes: newest,
      memoryQuotaBytes: quota,
      quotaSource: quota === null ? null : 'line',
      memoryRatio: ratio,
      load1m: own(whole.load).findLast((value) => value !== null) ?? null,
      restarts: starts.length,
      crashes,
      lastSeenMs: query.nowMs - 8_000,
      memory,
      swap: swap.some((value) => (value ?? 0) > 0) ? swap : [],
      marks,
      startedMs,
      leak: leakOf(
        dyno === 'web.2' && swap.some((value) => (value ?? 0) > 0),
        ratio,
        query.nowMs - startedMs,
      ),
      life: {
        boots: starts.length,
        cycles: marks.filter((mark) => mark.kind === 'cycle').length,
        exits: [
          ...(crashes > 0 ? [{ status: 137, count: crashes }] : []),
          ...(starts.length > 0 ? [{ status: 143, count: starts.length }] : []),
        ],
        bootMs: starts.length > 0 ? 8_000 + Math.round(4_000 * noise(dyno, 'boot')) : null,
        firstRequestMs: starts.length > 0 && isWeb ? 14_000 : null,
      },
    };
  });
  return { whole, dynos };
}

export function dynos(app: string, query: Query): DynosAnswer {
  const { whole, dynos: all } = dynosOf(app, { ...query, proc: undefined, dyno: undefined });
  return {
    app,
    nowMs: query.nowMs,
    range: whole.range,
    health: whole.health,
    gaps: whole.gaps,
    hasRuntimeMetrics: whole.hasRuntimeMetrics,
    t: whole.memory.t,
    dynos: all,
    leftOut: 0,
    types: typesOf(app, all, query.nowMs),
  };
}

export function dyno(app: string, name: string, query: Query): DynoDetailAnswer {
  const { whole, dynos: all } = dynosOf(app, { ...query, proc: undefined, dyno: undefined });
  const own = all.find((one) => one.dyno === name) ?? null;
  const processType = name.split('.')[0] ?? name;
  const siblings = all.filter((one) => one.processType === processType && one.dyno !== name);
  const every = all
    .filter((one) => one.processType === processType)
    .reduce((sum, one) => sum + one.requests, 0);
  const measure: Record<DynoComparison['of'], (one: DynoAnswer) => number | null> = {
    memory: (one) => one.memoryBytes,
    load: (one) => one.load1m,
    share: (one) => (every > 0 ? one.requests / every : null),
    p95: (one) => one.p95Ms,
    failed: (one) => (one.requests > 0 ? one.bad / one.requests : null),
  };
  const units = { memory: 'bytes', load: 'load', share: 'fraction', p95: 'ms', failed: 'fraction' };
  const columnsOf = (of: DynoComparison['of'], one: DynoAnswer): (number | null)[] => {
    if (of === 'memory') return one.memory;
    const heard = of === 'load' ? one.memory : (whole.throughput.series[0]?.values ?? []);
    const value = measure[of](one);
    return whole.memory.t.map((at, i) =>
      (heard[i] ?? null) === null || value === null ? null : value * (0.85 + 0.3 * noise(one.dyno, of, at)),
    );
  };
  const comparisons = (['memory', 'load', 'share', 'p95', 'failed'] as const).map((of): DynoComparison => {
    const columns = besideColumns(
      own === null ? [] : columnsOf(of, own),
      siblings.map((one) => columnsOf(of, one)),
      whole.memory.t.length,
    );
    const labels = { own: name, median: 'median of siblings', low: 'least', high: 'most' };
    return {
      of,
      unit: units[of],
      ...besideSiblings(own === null ? null : measure[of](own), siblings.map(measure[of])),
      columns: {
        t: whole.memory.t,
        series: (['own', 'median', 'low', 'high'] as const)
          .filter((id) => columns[id].some((value) => value !== null))
          .map((id) => ({ id, label: labels[id], unit: units[of], values: columns[id] })),
      },
    };
  });
  return {
    app,
    nowMs: query.nowMs,
    range: whole.range,
    health: whole.health,
    gaps: whole.gaps,
    hasRuntimeMetrics: whole.hasRuntimeMetrics,
    processType,
    type: typesOf(app, all, query.nowMs).find((one) => one.processType === processType) ?? null,
    dyno: own,
    siblings: siblings.map((one) => one.dyno),
    comparisons,
    events: whole.events.filter((event) => event.dyno === name || event.version !== null).reverse(),
  };
}

export function codeInfo(code: string): CodeInfo {
  const known = codeOf(code);
  return known
    ? { ...known, countsAgainstAvailability: known.defaultCounted, known: true }
    : {
        code,
        title: 'Unknown code',
        meaning: 'Heroku wrote a code that the list of codes does not have yet.',
        reason:
          'A request with an unknown code counts as bad when its line says at=error or its status is 500 or more.',
        firstCheck: '',
        severity: 'medium',
        cause: 'unknown',
        countsAgainstAvailability: code.startsWith('H'),
        lifecycle: 'current',
        known: false,
      };
}

export function codes(app: string, query: Query): CodesAnswer {
  const answer = fixtures.codes(app, query);
  const seen = answer.codes.filter((one) => one.count > 0).sort((a, b) => b.count - a.count);
  return { ...answer, codes: seen.map((one) => ({ ...one, ...codeInfo(one.code) })) };
}

const PATHS: [key: string, share: number, baseline: number][] = [
  ['POST /checkout', 0.61, 0.09],
  ['GET /cart/{id}', 0.22, 0.18],
  ['GET /search', 0.08, 0.31],
  ['POST /api/orders/{id}/pay', 0.05, 0.02],
  ['GET /<script>alert(1)</script>', 0.02, 0.001],
];

/** All about one code. Those of the incident have their parts, H10 a boot log, others what their kind asks. */
export function code(app: string, name: string, query: Query): CodeAnswer {
  const whole = fixtures.overview(app, query);
  const list = fixtures.codes(app, query);
  const seen = list.codes.find((one) => one.code === name && one.count > 0);
  // A fixture has no crash of its own: H10 and H20 stand for what the crash of web.3 would give.
  const isBoot = ['H10', 'H20', 'R10'].includes(name) && app === 'shop';
  const crashMs = query.nowMs - 11 * MINUTE;
  const count = isBoot ? 18 : (seen?.count ?? 0);
  const values = isBoot
    ? whole.throughput.t.map((t) => (Math.abs(t * 1000 - crashMs) < 40_000 ? 6 : 0))
    : (whole.codes.series.find((one) => one.id === name)?.values ?? heardValues(whole));
  const requests = whole.totals.requests;
  const isRequest = name.startsWith('H');
  const samples = isBoot || count > 0 ? samplesOf(app, name, query) : [];
  return {
    app,
    nowMs: query.nowMs,
    range: whole.range,
    health: whole.health,
    gaps: whole.gaps,
    info: codeInfo(name),
    guide: codeGuide(name),
    count,
    countBefore: whole.health.state === 'waiting' ? null : Math.round(count / 9),
    requests,
    shareOfRequests: isRequest && requests > 0 ? count / requests : null,
    firstSeenMs: isBoot ? crashMs : (seen?.firstSeenMs ?? null),
    lastSeenMs: isBoot ? crashMs + MINUTE : (seen?.lastSeenMs ?? null),
    everFirstSeenMs: count > 0 ? query.nowMs - 40 * 24 * HOUR : null,
    counts: { t: whole.throughput.t, series: [{ id: name, label: name, unit: 'count', values }] },
    releases: releasesOf(whole, values),
    kept: isRequest
      ? {
          rows: Math.min(count, 4200),
          read: Math.min(count, 2000),
          clients: count > 0 ? Math.min(count, 87) : null,
        }
      : null,
    breakdowns:
      count === 0 ? [] : isRequest ? breakdownsOf(count) : name.startsWith('R') ? [dynoBreakdown(count)] : [],
    durations:
      isRequest && count > 0
        ? [
            { of: 'connect', p50Ms: 1, p95Ms: 3, maxMs: 19, allP50Ms: 1, allP95Ms: 2 },
            name === 'H12'
              ? { of: 'service', p50Ms: 30_000, p95Ms: 30_001, maxMs: 30_004, allP50Ms: 48, allP95Ms: 2_900 }
              : { of: 'service', p50Ms: 220, p95Ms: 4_100, maxMs: 9_800, allP50Ms: 48, allP95Ms: 2_900 },
          ]
        : [],
    samples,
    special: specialOf(app, name, query, whole, isBoot),
  };
}

/** None where lines arrived, nothing where the stream was silent. */
function heardValues(whole: OverviewAnswer): (number | null)[] {
  return whole.throughput.t.map((_, i) =>
    whole.throughput.series.some((one) => (one.values[i] ?? null) !== null) ? 0 : null,
  );
}

function samplesOf(app: string, name: string, query: Query): CodeAnswer['samples'] {
  const told = fixtures.requests(app, name, query.nowMs).requests;
  return told.length > 0 || !name.startsWith('H')
    ? told
    : fixtures
        .requests('shop', 'H12', query.nowMs)
        .requests.slice(0, 6)
        .map((one) => ({ ...one, code: name, dyno: null, connectMs: null, serviceMs: null }));
}

function releasesOf(whole: OverviewAnswer, values: (number | null)[]): CodeAnswer['releases'] {
  const events = whole.events.filter((event) => event.version !== null);
  const cuts = [
    { fromMs: whole.range.from * 1000, version: (events[0]?.version ?? 39) - 1 },
    ...events.map((event) => ({ fromMs: event.atMs, version: event.version })),
  ];
  return cuts.map(({ fromMs, version }, i) => {
    const toMs = cuts[i + 1]?.fromMs ?? whole.range.to * 1000;
    const inside = (t: number) => t * 1000 >= fromMs && t * 1000 < toMs;
    const sum = (list: (number | null)[]) =>
      list.reduce<number>(
        (all, value, at) => all + (inside(whole.throughput.t[at] ?? 0) ? (value ?? 0) : 0),
        0,
      );
    return {
      version,
      fromMs,
      toMs,
      count: sum(values),
      requests: whole.throughput.series.reduce((all, one) => all + sum(one.values), 0),
    };
  });
}

function breakdownsOf(count: number): CodeBreakdown[] {
  const rows = (parts: [string, number, number | null][]) =>
    parts.map(([key, share, baseline]) => ({ key, share, baseline, count: Math.round(share * count) }));
  return [
    { by: 'path', rows: rows(PATHS), others: { keys: 3, share: 0.02 } },
    {
      by: 'dyno',
      rows: rows([
        ['web.3', 0.47, 0.26],
        ['web.4', 0.41, 0.26],
        ['web.1', 0.07, 0.24],
        ['web.2', 0.05, 0.24],
      ]),
      others: { keys: 0, share: 0 },
    },
    {
      by: 'network',
      rows: rows([
        ['203.0.113.0/24', 0.18, null],
        ['198.51.100.0/24', 0.11, null],
        ['2001:db8:1::/48', 0.06, null],
      ]),
      others: { keys: 84, share: 0.65 },
    },
    { by: 'host', rows: rows([['shop.example.com', 1, 0.97]]), others: { keys: 0, share: 0 } },
    { by: 'status', rows: rows([['503', 1, null]]), others: { keys: 0, share: 0 } },
  ];
}

function dynoBreakdown(count: number): CodeBreakdown {
  return {
    by: 'dyno',
    rows: [{ key: 'web.2', share: 1, baseline: null, count }],
    others: { keys: 0, share: 0 },
  };
}

function specialOf(
  app: string,
  name: string,
  query: Query,
  whole: OverviewAnswer,
  isBoot: boolean,
): CodeSpecial {
  if (['H11', 'H12', 'H19', 'H22'].includes(name))
    return {
      kind: 'concurrency',
      during: {
        points: 17,
        inFlight: 21.4,
        load: whole.hasRuntimeMetrics ? 0.42 : null,
        requestsPerSecond: 40.1,
      },
      otherwise: {
        points: 43,
        inFlight: 1.6,
        load: whole.hasRuntimeMetrics ? 0.35 : null,
        requestsPerSecond: 41.7,
      },
      dynos: 4,
      cores: said.get(`${app}/web`)?.cores ?? null,
    };
  if (['H13', 'H18', 'H21', 'H33', 'H34'].includes(name))
    return {
      kind: 'restarts',
      near: 0.74,
      byChance: 0.05,
      withinMs: 30_000,
      partMs: null,
      restarts: 5,
      crashes: 1,
    };
  if (['H10', 'H20', 'R10', 'R11'].includes(name))
    return {
      kind: 'boot',
      dyno: isBoot ? 'web.3' : null,
      atMs: isBoot ? query.nowMs - 11 * MINUTE : null,
      events: isBoot ? whole.events.filter((event) => event.dyno === 'web.3' || event.version === 214) : [],
    };
  if (name === 'R14' || name === 'R15')
    return {
      kind: 'memory',
      dynos: [
        ...new Set(whole.events.flatMap((event) => (event.code === name && event.dyno ? [event.dyno] : []))),
      ],
    };
  if (name.startsWith('L')) {
    const lost = whole.gaps.filter((gap) => gap.messages !== 0);
    return {
      kind: 'drain',
      lostMessages: lost.reduce((sum, gap) => sum + (gap.messages ?? 0), 0),
      stretches: lost.length,
    };
  }
  return { kind: 'none' };
}

export function addons(app: string, query: Query): AddonsAnswer {
  const whole = fixtures.overview(app, query);
  const isBusy = app === 'shop';
  const found = whole.addons.map((addon): AddonAnswer => {
    const series = addon.metrics.series.map((one) => ({ ...one, label: one.id }));
    const extra: [string, string, number][] =
      addon.service === 'heroku-postgres'
        ? [
            ['max_connections', 'count', 120],
            ['table-cache-hit-rate', 'fraction', isBusy ? 0.962 : 0.9993],
            ['db-max-size', 'bytes', 64 * 1024 * MB],
            ['wal-percentage-used', 'fraction', 0.0777],
            ['tables', 'count', 41],
          ]
        : [];
    const heard = series[0]?.values ?? [];
    const all = [
      ...series,
      ...extra.map(([id, unit, value]) => ({
        id,
        label: id,
        unit,
        values: heard.map((one) => (one === null ? null : value)),
      })),
    ];
    return {
      addon: addon.addon,
      source: addon.source,
      service: addon.service,
      lastSeenMs: query.nowMs - 42_000,
      latest: all.flatMap((one) => {
        const value = one.values.findLast((each) => each !== null) ?? null;
        return value === null ? [] : [{ metric: one.id, value, unit: one.unit }];
      }),
      metrics: { t: addon.metrics.t, series: all },
    };
  });
  if (found.length > 0) found.push(redis(whole, query));
  return {
    app,
    nowMs: query.nowMs,
    range: whole.range,
    health: whole.health,
    gaps: whole.gaps,
    everSeen: found.length > 0,
    addons: found,
  };
}

function redis(whole: OverviewAnswer, query: Query): AddonAnswer {
  const metrics: [string, string, (at: number) => number][] = [
    ['active-connections', 'count', () => 14],
    ['max-connections', 'count', () => 40],
    ['connection-percentage-used', 'fraction', () => 0.35],
    ['memory-redis', 'bytes', (at) => 18 * MB + 2 * MB * noise('redis', at)],
    ['hit-rate', 'fraction', (at) => 0.93 + 0.04 * noise('hits', at)],
    ['evicted-keys', 'count', () => 0],
    ['load-avg-1m', 'load', (at) => 0.1 + 0.1 * noise('redis-load', at)],
  ];
  const { t } = whole.memory;
  const heard = whole.throughput.series[0]?.values ?? [];
  const series = metrics.map(([id, unit, value]) => ({
    id,
    label: id,
    unit,
    values: t.map((at, i) => ((heard[i] ?? null) === null ? null : value(at))),
  }));
  return {
    addon: 'redis-curved-12345',
    source: 'REDIS',
    service: 'heroku-redis',
    lastSeenMs: query.nowMs - 30_000,
    latest: series.flatMap((one) => {
      const value = one.values.findLast((each) => each !== null) ?? null;
      return value === null ? [] : [{ metric: one.id, value, unit: one.unit }];
    }),
    metrics: { t, series },
  };
}
