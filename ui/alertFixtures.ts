/**
 * Canned answers about objectives, incidents and rules, typed by the contract: a bad deploy, a budget that is spent, an
 * app whose lines stopped, a new app, and hostile text.
 */
import type { AlertingHealthAnswer, AlertsMessage } from '../api/contract/alerting.ts';
import type { SeriesAnswer } from '../api/contract/dynos.ts';
import type { EventAnswer } from '../api/contract/events.ts';
import type {
  IncidentAnswer,
  IncidentListAnswer,
  IncidentRow,
  TimelineEntry,
} from '../api/contract/incidents.ts';
import type { RuleAnswer, RuleListAnswer, RulePreviewAnswer } from '../api/contract/rules.ts';
import type {
  BudgetAnswer,
  BurnAnswer,
  BurnedAnswer,
  SloDetailAnswer,
  SloListAnswer,
  SloPreviewAnswer,
  SloProposalsAnswer,
  SloRow,
  TierAnswer,
} from '../api/contract/slos.ts';
import type { Columns } from '../api/contract/time.ts';
import type { RuleSettings } from '../model/rule.ts';
import { RULE_KINDS } from '../model/rule-kinds.ts';
import type { SloDefinition } from '../model/slo.ts';
import { noise } from './fixtures.ts';
import { deliveries } from './tellFixtures.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `held`: everything that can be is held or incomplete. */
export type AlertMood = 'normal' | 'empty' | 'held';

function burn(window: string, minutes: number, events: number, rate: number, target = 0.999): BurnAnswer {
  const bad = Math.round(events * rate);
  return { window, minutes, events, bad, burn: events === 0 ? null : rate / (1 - target), coverage: 1 };
}

function budget(
  nowMs: number,
  events: number,
  bad: number,
  target: number,
  more: Partial<BudgetAnswer> = {},
): BudgetAnswer {
  const allowed = Math.floor(events * (1 - target) + 1e-6);
  return {
    fromMs: nowMs - 30 * DAY,
    toMs: nowMs,
    events,
    bad,
    allowed,
    unit: 'events',
    achieved: events === 0 ? null : 1 - bad / events,
    remaining: events === 0 ? null : 1 - bad / (events * (1 - target)),
    remainingProjected: null,
    exhaustedAtMs: null,
    verdict: bad > allowed ? 'missed' : 'met',
    missingMinutes: 0,
    uncertainMinutes: 0,
    correctedMinutes: 0,
    recovers: bad === 0 ? null : { atMs: nowMs + 9 * DAY, share: 0.11 },
    approximate: false,
    ...more,
  };
}

function trend(from: number, to: number): (number | null)[] {
  return Array.from({ length: 30 }, (_, at) => from + ((to - from) * at * at) / (29 * 29));
}

export function sloRows(nowMs: number, mood: AlertMood = 'normal'): SloRow[] {
  if (mood === 'empty') return [];
  const base = {
    kind: 'availability' as const,
    target: '0.999',
    period: '30 days',
    severity: null,
    held: null,
    sinceMs: nowMs - 3 * DAY,
    lowTraffic: false,
    incidentId: null,
    tags: [],
    version: 1,
  };
  const held = { reason: 'noData' as const, sinceMs: nowMs - 6 * MINUTE };
  const rows: SloRow[] = [
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000001',
      app: 'search',
      slug: 'answers',
      title: 'Search answers',
      objective: '99.9 % of requests succeed',
      state: 'exhausted',
      budget: budget(nowMs, 41_204_118, 57_112, 0.999),
      burn: [
        burn('1h', 60, 57_000, 0.0004),
        burn('6h', 360, 340_000, 0.0006),
        burn('3d', 4320, 4_100_000, 0.0021),
      ],
      sparkline: trend(0.4, -0.386),
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000002',
      app: 'shop',
      slug: 'answers',
      title: 'Shop answers',
      objective: '99.9 % of requests succeed',
      state: mood === 'held' ? 'held' : 'firing',
      severity: 'page',
      held: mood === 'held' ? held : null,
      sinceMs: nowMs - 15 * MINUTE,
      budget: budget(nowMs, 72_118_402, 57_430, 0.999, {
        exhaustedAtMs: nowMs + 5.2 * HOUR,
        correctedMinutes: 60,
        ...(mood === 'held' && { verdict: 'unknown' as const, missingMinutes: 6, uncertainMinutes: 41 }),
      }),
      burn: [
        burn('1h', 60, 151_200, 0.0213),
        burn('6h', 360, 880_000, 0.0042),
        burn('3d', 4320, 10_300_000, 0.0009),
      ],
      sparkline: trend(0.91, 0.2037),
      incidentId: '22222222-0000-4000-8000-000000000214',
      tags: ['checkout', 'team-web'],
      version: 3,
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000003',
      app: 'shop',
      slug: 'fast',
      title: 'Shop is fast',
      objective: '95 % of requests within 800 ms',
      kind: 'latency',
      target: '0.95',
      state: 'burning',
      budget: budget(nowMs, 71_900_000, 2_410_000, 0.95, { exhaustedAtMs: nowMs + 13 * DAY }),
      burn: [
        burn('1h', 60, 151_000, 0.091, 0.95),
        burn('6h', 360, 880_000, 0.044, 0.95),
        burn('3d', 4320, 10_300_000, 0.038, 0.95),
      ],
      sparkline: trend(0.5, 0.3296),
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000004',
      app: 'media-proxy',
      slug: 'answers',
      title: 'Images arrive',
      objective: '99.5 % of requests succeed',
      target: '0.995',
      period: 'calendar month (Europe/Berlin)',
      state: 'incomplete',
      budget: budget(nowMs, 98_114_000, 214_000, 0.995, {
        verdict: 'unknown',
        uncertainMinutes: 214,
        remainingProjected: 0.71,
      }),
      burn: [
        burn('1h', 60, 230_000, 0.001, 0.995),
        burn('6h', 360, 1_380_000, 0.0012, 0.995),
        burn('3d', 4320, 16_000_000, 0.002, 0.995),
      ],
      sparkline: trend(1, 0.5638).map((value, at) => (at > 20 && at < 23 ? null : value)),
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000005',
      app: 'billing',
      slug: 'answers',
      title: 'Billing answers',
      objective: '99.9 % of requests succeed',
      state: 'noData',
      held,
      sinceMs: nowMs - 6 * MINUTE,
      budget: budget(nowMs, 15_002_000, 4100, 0.999, { verdict: 'unknown', missingMinutes: 6 }),
      burn: [
        burn('1h', 60, 19_000, 0.0001),
        burn('6h', 360, 120_000, 0.0002),
        burn('3d', 4320, 1_500_000, 0.0003),
      ],
      sparkline: trend(0.95, 0.7267),
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000006',
      app: 'checkout-api',
      slug: 'platform-errors',
      title: 'No platform errors',
      objective: '99.95 % of requests succeed',
      target: '0.9995',
      state: mood === 'held' ? 'held' : 'ok',
      held: mood === 'held' ? { reason: 'gap', sinceMs: nowMs - 22 * MINUTE } : null,
      budget: budget(nowMs, 31_000_000, 1204, 0.9995),
      burn: [
        burn('1h', 60, 64_000, 0, 0.9995),
        burn('6h', 360, 380_000, 0.00002, 0.9995),
        burn('3d', 4320, 4_000_000, 0.00004, 0.9995),
      ],
      sparkline: trend(0.97, 0.9223),
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000007',
      app: 'admin-tools',
      slug: 'answers',
      title: 'Back office answers',
      objective: '99 % of requests succeed',
      target: '0.99',
      state: 'ok',
      lowTraffic: true,
      budget: budget(nowMs, 21_004, 9, 0.99),
      burn: [
        burn('1h', 60, 12, 0, 0.99),
        burn('6h', 360, 110, 0, 0.99),
        burn('3d', 4320, 2000, 0.0005, 0.99),
      ],
      sparkline: trend(1, 0.957),
    },
    {
      ...base,
      id: '11111111-0000-4000-8000-000000000008',
      app: 'beta',
      slug: 'answers',
      title: 'Beta \u202egnp.exe <b>answers</b>',
      objective: '99.9 % of requests succeed',
      state: 'learning',
      sinceMs: nowMs - 19 * MINUTE,
      budget: budget(nowMs, 3200, 0, 0.999),
      burn: [burn('1h', 60, 3200, 0), burn('6h', 360, 3200, 0), burn('3d', 4320, 3200, 0)],
      sparkline: Array.from({ length: 30 }, (_, at) => (at < 28 ? null : 1)),
    },
  ];
  return rows.sort((a, b) => (a.budget.remaining ?? 2) - (b.budget.remaining ?? 2));
}

export function sloList(nowMs: number, mood: AlertMood, app: string | null): SloListAnswer {
  return {
    nowMs,
    countedThroughMs: nowMs - 63_000,
    slos: sloRows(nowMs, mood).filter((row) => !app || row.app === app),
  };
}

export function definitionOf(row: SloRow): SloDefinition {
  return {
    title: row.title,
    description: row.slug === 'answers' ? 'What customers feel: the router’s own view of every request.' : '',
    indicator:
      row.kind === 'latency'
        ? { kind: 'latency', thresholdMs: 800, excludeLongLived: true }
        : { kind: 'availability', codes: { H27: false }, badStatuses: [] },
    scope: { processTypes: ['web'], methods: [], hosts: [], pathShapes: [], excludedPathShapes: ['/health'] },
    target: row.target,
    period: { kind: 'rolling', days: 30 },
    budgeting: { kind: 'occurrences' },
    tiers: [
      {
        severity: 'page',
        longMinutes: 60,
        shortMinutes: 5,
        factor: 14.4,
        forMinutes: 2,
        keepFiringMinutes: 10,
        minBad: 5,
      },
      {
        severity: 'page',
        longMinutes: 360,
        shortMinutes: 30,
        factor: 6,
        forMinutes: 2,
        keepFiringMinutes: 10,
        minBad: 5,
      },
      {
        severity: 'ticket',
        longMinutes: 1440,
        shortMinutes: 120,
        factor: 3,
        forMinutes: 0,
        keepFiringMinutes: 10,
        minBad: 5,
      },
      {
        severity: 'ticket',
        longMinutes: 4320,
        shortMinutes: 360,
        factor: 1,
        forMinutes: 0,
        keepFiringMinutes: 10,
        minBad: 5,
      },
    ],
    useCoverage: true,
    holdOnMissing: true,
    tags: row.tags,
    runbookUrl: 'https://runbooks.example.com/answers',
    budgetAlerts: [50, 25, 10, 0],
  };
}

function columns(
  from: number,
  to: number,
  step: number,
  ids: [string, string, string, (at: number) => number | null][],
): Columns {
  const t: number[] = [];
  for (let at = from; at < to; at += step) t.push(at);
  return {
    t,
    series: ids.map(([id, label, unit, valueAt]) => ({ id, label, unit, values: t.map(valueAt) })),
  };
}

const COUNTING = {
  good: [
    'Requests answered with a status below 500, H27 (client gave up) among them when the status was fine.',
  ],
  bad: ['Requests answered with 5xx, and platform errors such as H10, H12, H13, H18.'],
  ignored: ['H80 (maintenance mode), H27 without a status, status 499, paths /health.'],
};

function tiers(row: SloRow): TierAnswer[] {
  const held = row.held && row.state === 'held' ? row.held : null;
  const at = (index: number) => row.burn[index]?.burn ?? 0;
  const events = (index: number) => row.burn[index]?.events ?? 0;
  const of = (
    severity: 'page' | 'ticket',
    [longWindow, shortWindow]: [string, string],
    [longMinutes, shortMinutes]: [number, number],
    factor: number,
    share: number,
    now: [number, number],
  ): TierAnswer => {
    const fires = now[0] > factor && now[1] > factor;
    const make = (window: string, minutes: number, value: number, count: number): BurnAnswer => ({
      window,
      minutes,
      events: Math.round(count),
      bad: Math.round(count * value * (1 - Number(row.target))),
      burn: value,
      coverage: held ? 0.9 : 1,
    });
    return {
      severity,
      longWindow,
      shortWindow,
      factor,
      budgetShare: share,
      forMinutes: severity === 'page' ? 2 : 0,
      keepFiringMinutes: 10,
      minBad: 5,
      long: make(longWindow, longMinutes, now[0], (events(0) * longMinutes) / 60),
      short: make(shortWindow, shortMinutes, now[1], (events(0) * shortMinutes) / 60),
      state: fires ? 'firing' : 'ok',
      sinceMs: row.sinceMs,
      held,
      sentence: `${severity === 'page' ? 'Pages' : 'Makes a ticket'} if ${share * 100} % of the 30-day budget goes in ${longWindow} (${factor}×) and is still going in the last ${shortWindow}. Now ${now[0].toFixed(1)}×.`,
    };
  };
  return [
    of('page', ['1h', '5m'], [60, 5], 14.4, 0.02, [at(0), at(0) * 1.2]),
    of('page', ['6h', '30m'], [360, 30], 6, 0.05, [at(1), at(0) * 1.1]),
    of('ticket', ['1d', '2h'], [1440, 120], 3, 0.1, [at(1) * 0.5, at(0) * 0.7]),
    of('ticket', ['3d', '6h'], [4320, 360], 1, 0.1, [at(2), at(1)]),
  ];
}

export function sloDetail(
  row: SloRow,
  nowMs: number,
  mood: AlertMood,
  span?: { fromMs: number; toMs: number },
): SloDetailAnswer {
  const step = span ? 300 : 14_400;
  const to = Math.ceil((span?.toMs ?? nowMs) / 1000 / step) * step;
  const from = Math.floor((span?.fromMs ?? nowMs - 30 * DAY) / 1000 / step) * step;
  const nowS = nowMs / 1000;
  const left = row.budget.remaining ?? 1;
  const hole = (at: number) =>
    mood === 'held' && at > nowS - (4 * DAY) / 1000 && at < nowS - (3.4 * DAY) / 1000;
  const remainingAt = (at: number) =>
    at > nowS || hole(at)
      ? null
      : left + ((nowS - at) / (30 * 86_400)) * (0.93 - left) - 0.02 * noise(row.slug, at);
  const perStep = (row.budget.events / (30 * 86_400)) * step;
  const rateAt = (at: number) =>
    nowS - at < 2 * step
      ? (row.burn[0]?.bad ?? 0) / Math.max(1, row.burn[0]?.events ?? 1)
      : 0.0004 * (0.6 + noise(at, row.id));
  const exhaustS = row.budget.exhaustedAtMs === null ? null : row.budget.exhaustedAtMs / 1000;
  return {
    nowMs,
    countedThroughMs: nowMs - 63_000,
    slo: row,
    definition: definitionOf(row),
    counting: COUNTING,
    verdict: VERDICTS[row.state] ?? 'Within its budget.',
    range: { from, to, step, resolution: 60, openFrom: null },
    gaps:
      row.state === 'incomplete'
        ? [{ from: nowS - 6 * 86_400, to: nowS - 5.6 * 86_400, messages: 48_000, cause: 'L10' }]
        : [],
    events: [
      {
        id: 'e1',
        atMs: nowMs - 19 * MINUTE,
        untilMs: nowMs - 19 * MINUTE,
        kind: 'release',
        lane: 'release',
        dyno: null,
        code: null,
        version: 214,
        count: 1,
        title: 'Release v214 (Deploy 1a2b3c4d)',
        routine: false,
        detail: {},
      },
    ],
    budgetLine: columns(from, to, step, [
      ['remaining', 'left', 'fraction', remainingAt],
      ...(row.budget.correctedMinutes > 0
        ? [
            [
              'uncorrected',
              'without corrections',
              'fraction',
              (at: number) => {
                const value = remainingAt(at);
                return value === null ? null : value - (at > nowS - 8 * 86_400 ? 0.08 : 0);
              },
            ] as [string, string, string, (at: number) => number | null],
          ]
        : []),
    ]),
    projections:
      left <= 0
        ? []
        : [
            {
              window: '1h',
              burn: row.burn[0]?.burn ?? 0,
              exhaustedAtMs: row.budget.exhaustedAtMs,
              t: [nowS, exhaustS ?? nowS + 6 * 86_400],
              remaining: [left, exhaustS === null ? left : 0],
            },
            {
              window: '24h',
              burn: (row.burn[1]?.burn ?? 0) / 2,
              exhaustedAtMs: nowMs + 8 * DAY,
              t: [nowS, nowS + 8 * 86_400],
              remaining: [left, 0],
            },
          ],
    tiers: tiers(row),
    burn: [
      { ...burn('5m', 5, 12_000, 0), burn: (row.burn[0]?.burn ?? 0) * 1.2 },
      { ...burn('30m', 30, 75_000, 0), burn: (row.burn[0]?.burn ?? 0) * 1.1 },
      ...row.burn,
    ],
    requests: columns(from, to, step, [
      [
        'good',
        'good',
        'count',
        (at) =>
          at > nowS || hole(at) ? null : Math.round(perStep * (0.8 + 0.4 * noise(at)) * (1 - rateAt(at))),
      ],
      ['bad', 'bad', 'count', (at) => (at > nowS || hole(at) ? null : Math.round(perStep * rateAt(at)))],
    ]),
    burnLine: columns(from, to, step, [
      ['burn', 'burn', '×', (at) => (at > nowS || hole(at) ? null : rateAt(at) / (1 - Number(row.target)))],
    ]),
    corrections:
      row.budget.correctedMinutes === 0
        ? []
        : [
            {
              id: 'c1',
              sloId: row.id,
              fromMs: nowMs - 8 * DAY,
              toMs: nowMs - 8 * DAY + 3 * HOUR,
              repeat: null,
              reason: 'Planned move of the database',
              author: 'Kim',
              createdAtMs: nowMs - 9 * DAY,
              undoneAtMs: null,
              undoneBy: null,
              repeats: null,
            },
            {
              id: 'c2',
              sloId: null,
              fromMs: nowMs - 40 * DAY,
              toMs: null,
              repeat: { weekdays: [0], at: '02:00', minutes: 60, zone: 'Europe/Berlin' },
              reason: 'Backup window',
              author: 'Sam',
              createdAtMs: nowMs - 40 * DAY,
              undoneAtMs: null,
              undoneBy: null,
              repeats: 'every Sunday at 02:00 for 60 min (Europe/Berlin)',
            },
            {
              id: 'c3',
              sloId: row.id,
              fromMs: nowMs - 20 * DAY,
              toMs: nowMs - 20 * DAY + HOUR,
              repeat: null,
              reason: 'Wrong hour',
              author: 'Sam',
              createdAtMs: nowMs - 19 * DAY,
              undoneAtMs: nowMs - 18 * DAY,
              undoneBy: 'Kim',
              repeats: null,
            },
          ],
    versions: [
      {
        version: 1,
        validFromMs: nowMs - 90 * DAY,
        validToMs: nowMs - 41 * DAY,
        author: 'Kim',
        createdAtMs: nowMs - 90 * DAY,
        target: '0.995',
        changes: [],
        definition: definitionOf(row),
      },
      {
        version: row.version,
        validFromMs: nowMs - 41 * DAY,
        validToMs: null,
        author: 'Sam',
        createdAtMs: nowMs - 41 * DAY,
        target: row.target,
        changes: ['target 99.5 % → 99.9 %', 'path /health left out'],
        definition: definitionOf(row),
      },
    ].slice(row.version === 1 ? 1 : 0),
    members: [],
    incidents: row.incidentId
      ? [
          {
            id: row.incidentId,
            number: 214,
            title: `${row.title}: burning 21× too fast`,
            severity: 'page',
            openedAtMs: nowMs - 15 * MINUTE,
            resolvedAtMs: null,
          },
        ]
      : [],
    text: `apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: ${row.slug}\n  displayName: ${JSON.stringify(row.title)}\nspec:\n  service: ${row.app}\n  budgetingMethod: Occurrences\n  timeWindow:\n    - duration: 30d\n      isRolling: true\n  objectives:\n    - target: ${row.target}\n`,
  };
}

const VERDICTS: Partial<Record<SloRow['state'], string>> = {
  firing:
    'Since 10:27Z 2.1 % of requests fail, 21 times what the target allows: 3 221 of 151 200 in the last hour. 20 % of the budget is left; at this rate it is gone in 5 h.',
  held: 'It was firing when lines stopped 6 min ago: nothing is known since. The last known state stands.',
  noData: 'No line of the app for 6 min, where one comes every few seconds: neither good nor bad is known.',
  exhausted: 'The budget of 30 days is spent: 57 112 requests failed where 41 204 may. Nothing burns now.',
  burning: '9.1 % of requests took longer than 800 ms in the last hour, 1.8 times what the target allows.',
  incomplete: '214 minutes of the month have known losses: whether the target is met cannot be said.',
  learning: 'Counting since 19 min: too little to judge.',
};

export function burned(row: SloRow, nowMs: number): BurnedAnswer {
  const { bad, allowed } = row.budget;
  const rows = (names: [string, number][], link = '') =>
    names.map(([name, share]) => ({
      name,
      bad: Math.round(bad * share),
      events: share > 0.2 ? null : Math.round(row.budget.events * share),
      share,
      budgetShare: allowed === 0 ? 0 : (bad * share) / allowed,
      link: link && `/a/${row.app}/${link}/${encodeURIComponent(name)}`,
    }));
  if (bad === 0) return { range: { fromMs: nowMs - 30 * DAY, toMs: nowMs }, bad, allowed, tables: [] };
  return {
    range: { fromMs: nowMs - 30 * DAY, toMs: nowMs },
    bad,
    allowed,
    tables: [
      {
        by: 'code',
        rows: rows(
          [
            ['H12', 0.74],
            ['500', 0.14],
            ['H13', 0.07],
            ['H18', 0.03],
            ['503', 0.02],
          ],
          'codes',
        ),
        method: 'exact',
        note: '',
      },
      {
        by: 'pathShape',
        rows: rows([
          ['/checkout', 0.52],
          ['/api/orders/{id}/pay', 0.23],
          ['/cart/{id}', 0.09],
          ['/<script>alert(1)</script>', 0.05],
          ['/search', 0.04],
          ['/products/{id}', 0.03],
          ['/', 0.02],
          ['/login', 0.01],
          ['/logout', 0.01],
        ]),
        method: 'sampled',
        note: 'One in ten good requests is kept; all bad ones are.',
      },
      {
        by: 'processType',
        rows: rows([['web', 1]]),
        method: 'exact',
        note: '',
      },
      {
        by: 'release',
        rows: rows([
          ['v214', 0.81],
          ['v213', 0.12],
          ['v212', 0.07],
        ]),
        method: 'exact',
        note: '',
      },
      {
        by: 'day',
        rows: rows([
          ['2026-11-20', 0.8],
          ['2026-11-12', 0.12],
          ['2026-11-03', 0.08],
        ]),
        method: 'exact',
        note: '',
      },
      {
        by: 'dyno',
        rows: rows([
          ['web.3', 0.5],
          ['web.4', 0.38],
          ['web.1', 0.12],
        ]),
        method: 'sampled',
        note: '',
      },
    ],
  };
}

/** GET /apps/:app/series of a quantile. */
export function latencySeries(params: URLSearchParams, nowMs: number): SeriesAnswer {
  const [from, to, step] = ['from', 'to', 'step'].map((name) => Number(params.get(name) ?? 0)) as [
    number,
    number,
    number,
  ];
  const metric = params.get('metric') ?? 'p95';
  const base = metric === 'p50' ? 120 : 560;
  const valueAt = (at: number) => (at > nowMs / 1000 ? null : base * (0.8 + 0.4 * noise(at, metric)));
  return {
    ...columns(from, to, step, [[metric, metric, 'ms', valueAt]]),
    metric,
    by: 'none',
    range: { from, to, step, resolution: step >= 3600 ? 3600 : 60, openFrom: null },
    gaps: [],
    dataThroughMs: nowMs - 2000,
    errorRatio: 0.025,
  };
}

export function preview(definition: SloDefinition, nowMs: number, days: number): SloPreviewAnswer {
  const to = Math.floor(nowMs / 3_600_000) * 3600;
  const from = to - days * 86_400;
  const at = (hoursAgo: number) => nowMs - hoursAgo * HOUR;
  const target = Number(definition.target) || 0.999;
  return {
    fromMs: from * 1000,
    toMs: to * 1000,
    sentence: `Would have paged 3 times in ${days} days, and made 1 ticket.`,
    tiers: [
      {
        severity: 'page',
        longWindow: '1h',
        shortWindow: '5m',
        factor: 14.4,
        firing: [
          { fromMs: at(70), toMs: at(69.6) },
          { fromMs: at(30), toMs: at(29.5) },
          { fromMs: at(0.3), toMs: null },
        ],
      },
      {
        severity: 'ticket',
        longWindow: '1d',
        shortWindow: '2h',
        factor: 3,
        firing: [{ fromMs: at(29), toMs: at(26) }],
      },
    ],
    pages: 3,
    tickets: 1,
    pagesPerWeek: 1.5,
    budget: {
      events: 33_000_000,
      bad: 21_400,
      allowed: Math.floor(33_000_000 * (1 - target)),
      achieved: 1 - 21_400 / 33_000_000,
      remaining: 1 - 21_400 / (33_000_000 * (1 - target)),
    },
    requests: columns(from, to, 3600, [
      ['good', 'good', 'count', (s) => Math.round(90_000 * (0.7 + 0.6 * noise(s)))],
      ['bad', 'bad', 'count', (s) => Math.round(60 * noise(s, 'b') + (noise(s, 'c') > 0.97 ? 3000 : 0))],
    ]),
    budgetLine: columns(from, to, 3600, [
      ['remaining', 'left', 'fraction', (s) => 1 - ((s - from) / (to - from)) * 0.65],
    ]),
    counting: COUNTING,
    method: 'approximate',
    exactFromMs: nowMs - DAY,
    warnings: target >= 0.99999 ? ['A total outage empties this budget in 26 s: no alert can help.'] : [],
  };
}

export function proposals(app: string, nowMs: number): SloProposalsAnswer {
  const range = { fromMs: nowMs - 7 * DAY, toMs: nowMs };
  if (app === 'new-landing' || app === 'batch-export')
    return {
      ...range,
      requests: 0,
      isProvisional: true,
      proposals: [],
      note: 'No request of this app was seen yet.',
    };
  const row = sloRows(nowMs)[1] as SloRow;
  const make = (
    name: 'availability' | 'latency' | 'platform',
    title: string,
    target: string,
    why: string,
    existing: string | null,
  ) => ({
    name,
    definition: {
      ...definitionOf({ ...row, kind: name === 'latency' ? 'latency' : 'availability', target }),
      title,
      target,
    },
    why,
    spent: name === 'availability' ? 0.31 : 0.08,
    achieved: name === 'latency' ? 0.964 : 0.99969,
    pages: name === 'availability' ? 1 : 0,
    tickets: 0,
    existing,
  });
  return {
    ...range,
    requests: 11_204_118,
    isProvisional: false,
    proposals: [
      make(
        'availability',
        `${app} answers`,
        '0.999',
        '99.97 % of the last 7 days succeeded; 99.9 % leaves room for a bad deploy a month.',
        app === 'shop' ? 'answers' : null,
      ),
      make(
        'latency',
        `${app} is fast`,
        '0.95',
        'Your p95 of the last 7 days is 640 ms; 95 % within 800 ms leaves room.',
        app === 'shop' ? 'fast' : null,
      ),
      make(
        'platform',
        'No platform errors',
        '0.9995',
        'Only what the platform answers for the app: H10, H12, H13 and their like.',
        null,
      ),
    ],
    note: '',
  };
}

const SLO_INCIDENT = '22222222-0000-4000-8000-000000000214';
const HELD_INCIDENT = '22222222-0000-4000-8000-000000000215';
const RULE_INCIDENT = '22222222-0000-4000-8000-000000000211';
const PAST_INCIDENT = '22222222-0000-4000-8000-000000000209';

export function incidentRows(nowMs: number, mood: AlertMood = 'normal'): IncidentRow[] {
  if (mood === 'empty') return [];
  const base = {
    resolvedAtMs: null,
    resolution: '',
    acknowledgedAtMs: null,
    acknowledgedBy: null,
    acknowledgeReason: '',
    snoozedUntilMs: null,
    withheld: null,
    reopened: 0,
    isFlapping: false,
    held: null,
    detectedLateMs: 0,
    isOverBeforeTold: false,
    budgetRemaining: null,
  };
  const held = { reason: 'noData' as const, sinceMs: nowMs - 6 * MINUTE };
  return [
    {
      ...base,
      id: SLO_INCIDENT,
      number: 214,
      app: 'shop',
      title: 'Shop answers: burning 21× too fast',
      state: 'open',
      severity: 'page',
      worstSeverity: 'page',
      subject: { kind: 'slo', id: '11111111-0000-4000-8000-000000000002', title: 'Shop answers', key: '' },
      openedAtMs: nowMs - 15 * MINUTE,
      firingSinceMs: nowMs - 15 * MINUTE,
      summary:
        '2.1 % of requests fail since 10:27Z: 3 221 of 151 200 in the last hour; the target allows 0.1 %.',
      budgetRemaining: 0.2037,
      held: mood === 'held' ? held : null,
    },
    {
      ...base,
      id: HELD_INCIDENT,
      number: 215,
      app: 'billing',
      title: 'Drain silent',
      state: 'open',
      severity: 'page',
      worstSeverity: 'page',
      subject: { kind: 'rule', id: 'r-silent', title: 'Drain silent', key: '' },
      openedAtMs: nowMs - 4 * MINUTE,
      firingSinceMs: nowMs - 4 * MINUTE,
      withheld: 'noRoute',
      summary: 'No line of billing since 10:36Z, where one comes every few seconds.',
      held: mood === 'held' ? held : null,
    },
    {
      ...base,
      id: RULE_INCIDENT,
      number: 211,
      app: 'search',
      title: 'Memory leak reaches the quota before the daily restart: web.2',
      state: 'acknowledged',
      severity: 'ticket',
      worstSeverity: 'ticket',
      subject: { kind: 'rule', id: 'r-leak', title: 'Memory leak', key: 'web.2' },
      openedAtMs: nowMs - 2.2 * HOUR,
      firingSinceMs: nowMs - 2.2 * HOUR,
      acknowledgedAtMs: nowMs - 2 * HOUR,
      acknowledgedBy: 'Sam',
      acknowledgeReason: 'Known, a fix is on its way',
      reopened: 1,
      summary: 'web.2 grows 14 MB an hour and reaches 512 MB in 6 h, 3 h before the daily restart.',
    },
    {
      ...base,
      id: PAST_INCIDENT,
      number: 209,
      app: 'media-proxy',
      title: 'Heroku drops log lines',
      state: 'resolved',
      severity: 'ticket',
      worstSeverity: 'ticket',
      subject: { kind: 'rule', id: null, title: 'Heroku drops log lines', key: '' },
      openedAtMs: nowMs - 26 * HOUR,
      firingSinceMs: nowMs - 26 * HOUR,
      resolvedAtMs: nowMs - 25.4 * HOUR,
      resolution: 'recovered',
      withheld: 'silence',
      summary: '3 161 lines were dropped in 10 min (L10): counts of that time are too low.',
    },
    {
      ...base,
      id: '22222222-0000-4000-8000-000000000203',
      number: 203,
      app: 'shop',
      title: 'Shop \u202eevil: <img src=x> slow',
      state: 'resolved',
      severity: 'page',
      worstSeverity: 'page',
      subject: { kind: 'slo', id: '11111111-0000-4000-8000-000000000003', title: 'Shop is fast', key: '' },
      openedAtMs: nowMs - 4 * DAY,
      firingSinceMs: nowMs - 4 * DAY,
      resolvedAtMs: nowMs - 4 * DAY + 31 * MINUTE,
      resolution: 'by hand: rolled back v209',
      detectedLateMs: 11 * MINUTE,
      summary: '31 % of requests took longer than 800 ms.',
      budgetRemaining: 0.61,
    },
  ];
}

export function incidentList(nowMs: number, mood: AlertMood, query: URLSearchParams): IncidentListAnswer {
  const rows = incidentRows(nowMs, mood);
  const open = rows.filter((row) => row.state !== 'resolved');
  const count = (severity: string) => open.filter((row) => row.severity === severity).length;
  return {
    nowMs,
    open: { page: count('page'), ticket: count('ticket'), info: count('info') },
    incidents: rows.filter((row) =>
      (['app', 'state', 'severity'] as const).every(
        (name) => !query.get(name) || row[name] === query.get(name),
      ),
    ),
    cursor: null,
  };
}

/** A release, what it restarted, a crash, a scaling: half an hour around a moment. */
function eventsAround(atMs: number): EventAnswer[] {
  const make = (id: string, minutes: number, title: string, more: Partial<EventAnswer>): EventAnswer => ({
    id,
    atMs: atMs + minutes * MINUTE,
    untilMs: atMs + minutes * MINUTE,
    kind: 'release',
    lane: 'release',
    dyno: null,
    code: null,
    version: null,
    count: 1,
    title,
    routine: false,
    detail: {},
    ...more,
  });
  return [
    make('e0', -26, 'Config vars set: CACHE_TTL', { kind: 'config', lane: 'config' }),
    make('e1', -4, 'Release v214 (Deploy 1a2b3c4d)', { version: 214 }),
    make('e2', -3.7, 'web.1 restarted', { kind: 'state', lane: 'dyno', dyno: 'web.1', routine: true }),
    make('e3', -3.5, 'web.3 restarted', { kind: 'state', lane: 'dyno', dyno: 'web.3', routine: true }),
    make('e4', 6, 'web.3 crashed', { kind: 'crash', lane: 'dyno', dyno: 'web.3' }),
  ];
}

export function incident(id: string, nowMs: number, mood: AlertMood): IncidentAnswer | null {
  const row = incidentRows(nowMs, mood).find((one) => one.id === id);
  if (!row) return null;
  const slo = sloRows(nowMs, mood).find((one) => one.id === row.subject.id) ?? null;
  const step = 60;
  const to = Math.ceil(Math.min(nowMs, (row.resolvedAtMs ?? nowMs) + 30 * MINUTE) / 1000 / step) * step;
  const from = Math.floor((row.openedAtMs - HOUR) / 1000 / step) * step;
  const firedS = row.firingSinceMs / 1000;
  const heldFromS = row.held ? row.held.sinceMs / 1000 : Number.POSITIVE_INFINITY;
  const isSlo = row.subject.kind === 'slo';
  const fails = (at: number) => (at > firedS - 180 ? 0.021 + 0.01 * noise(at) : 0.0006 * noise(at));
  const entry = (
    minutesAgo: number,
    kind: TimelineEntry['kind'],
    actor: string,
    text: string,
  ): TimelineEntry => ({
    id: `${kind}${minutesAgo}`,
    atMs: nowMs - minutesAgo * MINUTE,
    kind,
    actor,
    text,
    detail: {},
  });
  return {
    nowMs,
    incident: row,
    verdict: isSlo
      ? 'Since v214 at 10:23Z: failed requests 0.1 % → 2.3 %, 21 times what the target allows. 96 % of them are H12; web.3 and web.4 carry 88 % of them. 20 % of the budget of 30 days is left; at this rate it is gone in 5 h.'
      : row.summary,
    failure: isSlo
      ? '2,204 of 151,200 requests in the last hour failed (1.5 %): 15 times as many as the objective of 99.9 % allows.'
      : row.summary,
    sinceMs: isSlo ? row.firingSinceMs - 3 * MINUTE : row.firingSinceMs,
    range: { from, to, step, resolution: 60, openFrom: null },
    chart: isSlo
      ? columns(from, to, step, [
          [
            'good',
            'good',
            'count',
            (at) =>
              at > heldFromS ? null : Math.round(2520 * (0.9 + 0.2 * noise(at, 'g')) * (1 - fails(at))),
          ],
          ['bad', 'bad', 'count', (at) => (at > heldFromS ? null : Math.round(2520 * fails(at)))],
        ])
      : columns(from, to, step, [
          [
            'value',
            row.subject.title,
            row.subject.key ? 'fraction' : 'count',
            (at) =>
              row.subject.key
                ? 0.6 + 0.3 * ((at - from) / (to - from))
                : at > firedS - 300
                  ? null
                  : Math.round(300 * (0.8 + 0.3 * noise(at))),
          ],
        ]),
    threshold: row.subject.key ? 1 : null,
    thresholdShare: isSlo ? 0.0144 : null,
    factor: isSlo ? 14.4 : null,
    windows: isSlo
      ? [
          {
            fromMs: row.firingSinceMs - HOUR,
            toMs: row.firingSinceMs,
            label: '1 h',
            bad: 2204,
            events: 151_200,
            burn: 14.6,
          },
          {
            fromMs: row.firingSinceMs - 5 * MINUTE,
            toMs: row.firingSinceMs,
            label: '5 min',
            bad: 277,
            events: 12_600,
            burn: 22,
          },
        ]
      : [],
    gaps: [],
    events: isSlo ? eventsAround(row.openedAtMs) : [],
    timeline: isSlo
      ? [
          entry(19, 'release', 'dev@example.com', 'v214 (Deploy 1a2b3c4d), 4 min before.'),
          entry(
            15,
            'opened',
            '',
            '2 204 of 151 200 requests failed in 1 h (14.6×), 277 of 12 600 in 5 min (22×).',
          ),
          entry(14.9, 'told', '#alerts', 'Slack took the message.'),
          entry(14.8, 'told', 'PagerDuty primary', 'Opened there as well.'),
          entry(10, 'escalated', 'Primary', 'Nobody acknowledged for 5 min: Kim was called.'),
          entry(7, 'note', 'Sam', 'web.3 and web.4 have all of it <b>since</b> the deploy.'),
          ...(row.held
            ? [entry(6, 'held', '', 'No line of the app arrives; the last known state stands.')]
            : []),
        ]
      : [
          entry((nowMs - row.openedAtMs) / MINUTE, 'opened', '', row.summary),
          ...(row.withheld === 'noRoute' ? [entry(3.9, 'notTold', '', 'No route leads to a receiver.')] : []),
        ],
    deliveries: isSlo ? deliveries(nowMs).filter((one) => one.incidentId === row.id) : [],
    causes: isSlo
      ? [
          {
            kind: 'release',
            version: 214,
            releasedAtMs: row.openedAtMs - 4 * MINUTE,
            before: { bad: 46, events: 46_100 },
            after: { bad: 1170, events: 45_360 },
          },
          { kind: 'code', code: 'H12', title: 'Request timeout', bad: 1123, ofBad: 1170 },
          { kind: 'dyno', dyno: 'web.3', bad: 620, ofBad: 1170, dynos: 4 },
          { kind: 'path', path: 'POST /checkout', bad: 655, ofBad: 1170 },
        ]
      : [],
    release: isSlo
      ? { version: 214, atMs: row.openedAtMs - 4 * MINUTE, what: 'Deploy 1a2b3c4d', by: '' }
      : null,
    codes: isSlo
      ? [
          { code: 'H12', title: 'Request timeout', count: 1123 },
          { code: 'H13', title: 'Connection closed without response', count: 31 },
        ]
      : [],
    hints: isSlo
      ? [
          {
            kind: 'release',
            text: 'Since v214 (10:23 UTC, 4 min before it began) 2.6 % of requests are bad; before it 0.1 %.',
            link: '/a/shop/releases/214',
          },
          {
            kind: 'code',
            text: 'H12 (Request timeout) is 1,123 of 1,170 bad requests (96 %).',
            link: '/a/shop/codes/H12',
          },
          {
            kind: 'dyno',
            text: 'web.3 alone carries 620 of 1,170 bad requests (53 %); 4 dynos serve.',
            link: '/a/shop/dynos/web.3',
          },
        ]
      : [],
    checks: isSlo
      ? [
          {
            text: 'List the paths with the most H12, then look at database load, locks and outbound calls without a time-out on those paths.',
            link: '/a/shop/codes/H12',
          },
          { text: 'Roll back: heroku rollback v213 -a shop', link: '' },
        ]
      : [],
    runbookUrl: isSlo ? 'https://runbooks.example.com/answers' : '',
    budget: slo?.budget ?? null,
    slo: slo && {
      app: slo.app,
      id: slo.id,
      slug: slo.slug,
      title: slo.title,
      kind: slo.kind,
      target: slo.target,
      thresholdMs: slo.kind === 'latency' ? 800 : null,
    },
    spent:
      isSlo && slo
        ? {
            fromMs: row.firingSinceMs - 3 * MINUTE,
            toMs: nowMs - MINUTE,
            bad: 1176,
            events: 45_360,
            budgetShare: 1176 / slo.budget.allowed,
          }
        : null,
    rule:
      isSlo || row.subject.id === null
        ? null
        : { app: row.app, id: row.subject.id, title: row.subject.title },
    cause: null,
    markdown: `# #${row.number} ${row.title}\n\n${row.summary}\n`,
  };
}

export function alertsMessage(nowMs: number, mood: AlertMood, app: string): AlertsMessage {
  const open = incidentRows(nowMs, mood).filter(
    (row) => row.state !== 'resolved' && (!app || row.app === app),
  );
  const count = (severity: string) => open.filter((row) => row.severity === severity).length;
  return {
    atMs: nowMs,
    open: { page: count('page'), ticket: count('ticket'), info: count('info') },
    unacknowledged: open.filter((row) => row.state === 'open').length,
    changedAtMs: open.length === 0 ? null : nowMs - 4 * MINUTE,
  };
}

export function rules(nowMs: number, mood: AlertMood, app: string | null): RuleListAnswer {
  if (mood === 'empty') return { nowMs, rules: [] };
  const make = (
    id: string,
    appName: string,
    kind: RuleAnswer['kind'],
    title: string,
    sentence: string,
    more: Partial<RuleAnswer> = {},
  ): RuleAnswer => {
    const spec = RULE_KINDS.find((one) => one.kind === kind);
    return {
      id,
      app: appName,
      kind,
      title,
      sentence,
      severity: spec?.defaults.severity ?? 'ticket',
      isOn: true,
      settings: spec?.defaults.settings as RuleSettings,
      forMinutes: spec?.defaults.forMinutes ?? 0,
      keepFiringMinutes: spec?.defaults.keepFiringMinutes ?? 10,
      onNoData: spec?.defaults.onNoData ?? 'hold',
      runbookUrl: '',
      isDefault: true,
      version: 1,
      state: 'ok',
      keys: [{ key: '', state: 'ok', sinceMs: null, held: null, value: null }],
      lastFiredMs: null,
      firings: 0,
      acknowledged: 0,
      isNoisy: false,
      incidentId: null,
      learning: null,
      ...more,
    };
  };
  const held = { reason: 'noData' as const, sinceMs: nowMs - 6 * MINUTE };
  const all = [
    make(
      'r-silent',
      'billing',
      'drainSilent',
      'Drain silent',
      'Pages when no line arrives for longer than is usual for the app.',
      {
        state: 'firing',
        keys: [{ key: '', state: 'firing', sinceMs: nowMs - 4 * MINUTE, held: null, value: 6 }],
        lastFiredMs: nowMs - 4 * MINUTE,
        firings: 1,
        incidentId: HELD_INCIDENT,
      },
    ),
    make(
      'r-leak',
      'search',
      'memoryLeak',
      'Memory leak reaches the quota before the daily restart',
      'Makes a ticket when memory grows steadily and reaches the quota before the next daily restart.',
      {
        state: 'firing',
        keys: [
          { key: 'web.2', state: 'firing', sinceMs: nowMs - 2 * HOUR, held: null, value: 0.9 },
          { key: 'web.1', state: 'ok', sinceMs: null, held: null, value: 0.5 },
        ],
        lastFiredMs: nowMs - 2.2 * HOUR,
        firings: 4,
        acknowledged: 3,
        incidentId: RULE_INCIDENT,
      },
    ),
    make(
      'r-failed',
      'shop',
      'failedShare',
      'Failed requests',
      'Makes a ticket when at least 5 % of requests fail over 5 min, with at least 20 requests.',
      {
        state: mood === 'held' ? 'held' : 'pending',
        keys: [
          {
            key: '',
            state: mood === 'held' ? 'held' : 'pending',
            sinceMs: nowMs - MINUTE,
            held: mood === 'held' ? held : null,
            value: 0.05,
          },
        ],
        isDefault: false,
        lastFiredMs: nowMs - 3 * DAY,
        firings: 11,
        isNoisy: true,
        version: 4,
      },
    ),
    make(
      'r-p95',
      'shop',
      'latency',
      'p95 \u202eover <b>800</b> ms',
      'Makes a ticket when p95 is at or over 800 ms over 5 min.',
      { isOn: false, isDefault: false },
    ),
    make(
      'r-crash',
      'shop',
      'crashes',
      'Dynos crash again and again',
      'Makes a ticket at 3 crashes within 10 min.',
      { lastFiredMs: nowMs - 12 * DAY, firings: 1, acknowledged: 1 },
    ),
    make(
      'r-collapse',
      'checkout-api',
      'trafficCollapse',
      'Traffic collapse',
      'Pages when requests fall below 20 % of what is usual at this time of the week.',
      { learning: { day: 2, of: 3 } },
    ),
    make(
      'r-release',
      'shop',
      'releasePhaseFailed',
      'Release phase failed',
      'Makes a ticket when the command of the release phase ends with an error.',
    ),
  ];
  return { nowMs, rules: all.filter((rule) => !app || rule.app === app) };
}

export function rulePreview(nowMs: number, days: number): RulePreviewAnswer {
  const to = Math.floor(nowMs / 3_600_000) * 3600;
  const from = to - days * 86_400;
  const valueAt = (at: number) => 0.004 * noise(at) + (noise(at, 'x') > 0.98 ? 0.08 : 0);
  const over: number[] = [];
  for (let at = from; at < to; at += 3600) if (valueAt(at) > 0.05) over.push(at);
  return {
    fromMs: from * 1000,
    toMs: to * 1000,
    sentence: `Would have made ${over.length} tickets in ${days} days.`,
    firings: over.map((at) => ({
      fromMs: at * 1000 + 600_000,
      toMs: at * 1000 + 2_400_000,
      key: '',
      peak: valueAt(at),
    })),
    perWeek: (over.length * 7) / days,
    series: columns(from, to, 3600, [
      ['', 'failed', 'fraction', valueAt],
      ['threshold', 'threshold', 'fraction', () => 0.05],
    ]),
    unit: 'fraction',
    warnings: [],
  };
}

export function alertingHealth(nowMs: number, mood: AlertMood): AlertingHealthAnswer {
  const isLate = mood === 'held';
  return {
    nowMs,
    state: isLate ? 'late' : 'ok',
    problems: isLate
      ? [{ code: 'evaluationLate', text: 'Evaluation is 7 min behind its closed minutes: pages come late.' }]
      : [],
    lastRoundMs: nowMs - (isLate ? 7 * MINUTE : 21_000),
    evaluationLagMs: isLate ? 7 * MINUTE : 12_000,
    outboxAgeMs: isLate ? 130_000 : null,
    deadDeliveries: isLate ? 2 : 0,
    heartbeat: { lastSentMs: nowMs - 30_000, reason: '' },
    synthetic: null,
  };
}
