/**
 * Of the fixture server: answers about settings and onboarding. Cookies: `drill=none|running|acknowledged|over|stalled`,
 * `settings=empty` for an instance without anything.
 */
import type { AttachCause } from '../api/contract/apps.ts';
import type { FireDrillAnswer } from '../api/contract/fire-drill.ts';
import type { DatabaseHealthAnswer, DrainsAnswer } from '../api/contract/health.ts';
import type { RetentionAnswer, RetentionChangeAnswer } from '../api/contract/retention.ts';
import type { AuditAnswer } from '../api/contract/session.ts';
import { type DrillFacts, drillSteps, NO_DRILL_FACTS } from '../model/fire-drill.ts';
import { RETENTION_TIERS } from '../model/retention.ts';
import type { FixtureAnswer, FixtureCall } from './alertFixtureRoutes.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MB = 1024 * 1024;

export function attachCauses(app: string): AttachCause[] {
  return [
    {
      says: `14 requests were refused with 401: the drain of ${app} carries another secret. Remove that drain and add the URL shown here.`,
      command: `heroku drains -a ${app}`,
      isSeen: true,
    },
    {
      says: 'Generation Fir: its apps have telemetry drains instead of log drains, and cannot be attached.',
      command: `heroku info -a ${app}`,
      isSeen: false,
    },
  ];
}

/** null: this address is none of ours. */
export function answerSettings(call: FixtureCall): FixtureAnswer | null {
  const { method, path, cookies, nowMs, params, body } = call;
  const isEmpty = cookies.settings === 'empty';
  const ok = (answer: unknown, status = 200): FixtureAnswer => ({ status, body: answer });
  if (/^\/apps\/[^/]+\/fire-drill$/.test(path)) {
    const mood =
      method === 'POST' ? 'running' : method === 'DELETE' ? 'acknowledged' : (cookies.drill ?? 'none');
    return ok(fireDrill(mood, nowMs), method === 'POST' ? 201 : 200);
  }
  if (method === 'GET') {
    if (path === '/drains') return ok(isEmpty ? { nowMs, apps: [], strangers: [] } : drains(nowMs));
    if (path === '/retention') return ok(retention(nowMs, isEmpty));
    if (path === '/audit') return ok(isEmpty ? { entries: [] } : auditPage(nowMs, params));
    if (path === '/health/database') return ok(database(cookies.slow !== 'none'));
    if (path === '/config') return ok(configFile(nowMs));
    return null;
  }
  if (path === '/retention') return ok(retentionChange(body));
  if (/^\/apps\/[^/]+\/keep-logs$/.test(path)) return ok(undefined, 204);
  if (path === '/config') return ok(configImport(body.dryRun === true));
  return null;
}

function drains(nowMs: number): DrainsAnswer {
  const health = {
    state: 'receiving',
    dataThroughMs: nowMs - 4_000,
    lagMs: 4_000,
    lostMessages: 0,
    messages: 91_240,
  } as const;
  const drain = (id: number, token: string, more: object = {}) => ({
    id,
    token,
    state: 'adopted' as const,
    sender: 'logplex',
    firstReceivedMs: nowMs - 40 * DAY,
    lastReceivedMs: nowMs - 3_000,
    dataThroughMs: nowMs - 4_000,
    ...more,
  });
  const common = { createdAtMs: nowMs - 40 * DAY, strictTokens: false, customMetrics: true, refused: 0 };
  return {
    nowMs,
    apps: [
      {
        ...common,
        app: 'shop',
        health,
        framesAccepted: 3_412,
        framesDuplicate: 6,
        drains: [
          drain(1, 'd.7c2f9b1e-51a0-4c8e-9a6d-2b1f0c7e4d11'),
          drain(2, 'd.e01d55c3-7a1b-4a52-8f3e-90a1c2d3e4f5', {
            state: 'new',
            firstReceivedMs: nowMs - 2 * HOUR,
          }),
        ],
      },
      {
        ...common,
        app: 'media-proxy',
        health: { ...health, lostMessages: 1_204, lagMs: 6_100 },
        framesAccepted: 8_904,
        framesDuplicate: 0,
        drains: [drain(3, 'd.0b9a8c7d-6e5f-4a3b-2c1d-0e9f8a7b6c5d')],
      },
      {
        ...common,
        app: 'billing',
        health: {
          ...health,
          state: 'silent',
          dataThroughMs: nowMs - 26 * MINUTE,
          lagMs: 2_000,
          messages: 11,
        },
        framesAccepted: 12,
        framesDuplicate: 0,
        refused: 3,
        drains: [drain(4, 'd.99887766-5544-4332-a110-ffeeddccbbaa', { lastReceivedMs: nowMs - 26 * MINUTE })],
      },
      {
        ...common,
        app: 'new-landing',
        createdAtMs: nowMs - 3 * MINUTE,
        health: { state: 'waiting', dataThroughMs: null, lagMs: null, lostMessages: 0, messages: 0 },
        framesAccepted: 0,
        framesDuplicate: 0,
        refused: 14,
        drains: [],
      },
    ],
    strangers: [
      {
        userName: 'shoop',
        attempts: 41,
        firstMs: nowMs - 50 * MINUTE,
        lastMs: nowMs - MINUTE,
        reason: 'unknownUser',
      },
    ],
  };
}

const SIZES: Record<string, [bytes: number, perDay: number | null]> = {
  seconds: [212 * MB, 104 * MB],
  minutes: [390 * MB, 13.4 * MB],
  hours: [96 * MB, 0.41 * MB],
  requests: [188 * MB, 190 * MB],
  details: [61 * MB, 3.1 * MB],
  quarantine: [0.4 * MB, 0.05 * MB],
};

function retention(nowMs: number, isEmpty: boolean): RetentionAnswer {
  const most: Record<string, number> = {
    seconds: 48 * HOUR,
    minutes: 30 * DAY,
    hours: 396 * DAY,
    requests: 24 * HOUR,
    details: 21 * DAY,
    quarantine: 7 * DAY,
  };
  const tiers = RETENTION_TIERS.map((spec) => {
    const [bytes, bytesPerDay] = isEmpty ? [0, null] : (SIZES[spec.tier] ?? [0, null]);
    const mostMs = most[spec.tier] ?? DAY;
    const chosen =
      spec.tier === 'details' && !isEmpty ? { keepMs: 14 * DAY, author: 'Kim', atMs: nowMs - 3 * DAY } : null;
    const keepMs = chosen?.keepMs ?? mostMs;
    const { tier, title, lost, needs, unit, setting, wholeMs, perApp } = spec;
    return {
      ...{ tier, title, lost, needs, unit, setting, wholeMs, perApp },
      keepMs,
      chosen,
      mostMs,
      leastMs: spec.minMs,
      bytes,
      oldestMs: isEmpty ? null : nowMs - Math.min(keepMs, 40 * DAY),
      bytesPerDay,
      projectedBytes: bytesPerDay === null ? null : (bytesPerDay * keepMs) / DAY,
    };
  });
  const apps = isEmpty ? [] : ['billing', 'media-proxy', 'shop'];
  return {
    nowMs,
    tiers,
    apps: apps.map((app, at) => ({
      app,
      keepLogsHours: app === 'billing' ? 0 : null,
      tiers: tiers
        .filter(({ perApp }) => perApp)
        .map((tier) => {
          const chosen =
            app === 'billing' && tier.tier === 'requests'
              ? { keepMs: 6 * HOUR, author: 'Kim', atMs: nowMs - DAY }
              : null;
          const keepMs = chosen?.keepMs ?? tier.keepMs;
          const bytesPerDay = ((tier.bytesPerDay ?? 0) * (3 - at)) / 6;
          return {
            tier: tier.tier,
            keepMs,
            chosen,
            bytesPerDay,
            projectedBytes: (bytesPerDay * keepMs) / DAY,
          };
        }),
    })),
    logs: {
      keepHours: 24,
      bytes: isEmpty ? 0 : 240 * MB,
      bytesMax: 512 * MB,
      bytesPerDay: isEmpty ? null : 241 * MB,
      oldestMs: isEmpty ? null : nowMs - DAY,
    },
    totalBytes: tiers.reduce((sum, { bytes }) => sum + bytes, 0),
    projectedBytes: isEmpty ? null : tiers.reduce((sum, tier) => sum + (tier.projectedBytes ?? 0), 0),
    everyMs: 10 * MINUTE,
  };
}

function retentionChange(body: Record<string, unknown>): RetentionChangeAnswer {
  const afterMs = typeof body.keepMs === 'number' ? body.keepMs : 48 * HOUR;
  return {
    dryRun: body.dryRun === true,
    beforeMs: 48 * HOUR,
    afterMs,
    says: 'Points of 10 seconds from before 2026-11-19 22:42 UTC (about 104 MB) are deleted with the next round, within ten minutes. From then on charts of that time have points of a minute. Rows go together, 6 h at a time: some stay that much longer. This cannot be undone.',
    deletesBytes: 104 * MB,
  };
}

function auditPage(nowMs: number, params: URLSearchParams): AuditAnswer {
  const all = [
    ['retention.change', 'details', 'Kim', { keepMs: 21 * DAY }, { keepMs: 14 * DAY }],
    ['receiver.test', 'Slack #incidents', 'Kim'],
    ['app.create', 'new-landing', 'API token "deploy script"', undefined, { historyMs: 0 }],
    ['drain.state', 'shop/1', 'Kim', { state: 'new' }, { state: 'adopted' }],
    ['person.change', '8f3a', 'Kim', { role: 'viewer' }, { role: 'editor' }],
    [
      'retention.delete',
      '',
      'Drainboard',
      undefined,
      { partitions: ['chunks_494781'], gaps: 0, quarantine: 0 },
    ],
  ] as const;
  const action = params.get('action') ?? '';
  const before = Number(params.get('before') ?? Number.POSITIVE_INFINITY);
  return {
    entries: all
      .map(([what, subject, actorName, was, is], at) => ({
        id: 100 - at,
        atMs: nowMs - at * 37 * MINUTE,
        actor: actorName === 'Drainboard' ? 'worker' : actorName,
        actorName,
        action: what,
        subject,
        address: actorName === 'Drainboard' ? '' : '203.0.113.0/24',
        ...(was !== undefined && { before: was as Record<string, unknown> }),
        ...(is !== undefined && { after: is as Record<string, unknown> }),
      }))
      .filter((entry) => entry.action.startsWith(action) && entry.id < before),
  };
}

function database(hasSlow: boolean): DatabaseHealthAnswer {
  return {
    version: '18.1',
    bytes: 1_204 * MB,
    connections: 14,
    maxConnections: 20,
    byApplication: [
      { application: 'drainboard-web', count: 10, active: 1 },
      { application: 'drainboard-worker', count: 3, active: 0 },
      { application: 'psql', count: 1, active: 0 },
    ],
    longestMs: 42,
    slow: hasSlow
      ? [
          {
            text: 'WITH new_frames AS (INSERT INTO frames (slot_s, drain_id, frame_id) SELECT …',
            calls: 184_201,
            meanMs: 3.1,
            maxMs: 210,
            share: 0.46,
          },
          {
            text: 'SELECT series_id, sum(count) AS count FROM count_buckets_10s WHERE app_id = $1 …',
            calls: 9_120,
            meanMs: 12.4,
            maxMs: 840,
            share: 0.18,
          },
        ]
      : null,
  };
}

function fireDrill(mood: string, nowMs: number): FireDrillAnswer {
  const willTell = { page: ['Slack #incidents', 'PagerDuty'], ticket: ['Slack #incidents'], info: [] };
  if (mood === 'none') return { nowMs, drill: null, obstacle: '', willTell };
  const startedAtMs = nowMs - 100_000;
  const told: DrillFacts['told'] = ['Slack #incidents', 'PagerDuty'].map((receiver) => ({
    receiver,
    kind: 'trigger',
    state: mood === 'stalled' && receiver === 'PagerDuty' ? 'failed' : 'delivered',
    atMs: nowMs - 50_000,
    tookMs: 1_200,
    reason: mood === 'stalled' && receiver === 'PagerDuty' ? 'it answered 403' : '',
  }));
  const acked = mood === 'acknowledged' || mood === 'over';
  const facts: DrillFacts = {
    ...NO_DRILL_FACTS,
    incidentNumber: 214,
    openedAtMs: nowMs - 52_000,
    told: mood === 'over' ? [...told, ...told.map((one) => ({ ...one, kind: 'resolve' as const }))] : told,
    ...(acked && { acknowledgedAtMs: nowMs - 20_000, acknowledgedBy: 'Kim' }),
    ...(mood === 'over' && { resolvedAtMs: nowMs - 10_000 }),
  };
  const state = mood === 'over' ? 'over' : mood === 'acknowledged' ? 'ending' : 'running';
  const endReason = acked ? 'acknowledged' : null;
  const endsAtMs = startedAtMs + 10 * MINUTE;
  const overAtMs = mood === 'over' ? nowMs : null;
  return {
    nowMs,
    obstacle: state === 'over' ? '' : 'A drill of this app is under way.',
    willTell,
    drill: {
      id: 'f1',
      state,
      severity: 'page',
      author: 'Kim',
      startedAtMs,
      endsAtMs,
      endReason,
      incidentId: state === 'over' ? null : 'inc-burn',
      incidentNumber: 214,
      steps: drillSteps({ state, endReason, startedAtMs, endsAtMs, overAtMs, facts }, nowMs),
    },
  };
}

function configFile(nowMs: number): object {
  return {
    format: 'drainboard.config',
    version: 1,
    exportedAtMs: nowMs,
    apps: [{ name: 'shop', customMetrics: true, strictTokens: false, slos: [], rules: [] }],
    receivers: [],
    people: [],
    schedules: [],
    escalationPolicies: [],
    routes: [],
  };
}

function configImport(dryRun: boolean): object {
  return {
    dryRun,
    isKept: !dryRun,
    changes: [
      { what: 'app', name: 'shop', outcome: 'unchanged', faults: [] },
      { what: 'app', name: 'blog', outcome: 'created', faults: [] },
      { what: 'slo', name: 'shop/availability', outcome: 'changed', faults: [] },
      { what: 'receiver', name: 'Slack', outcome: 'created', faults: [] },
      { what: 'route', name: 'Pages', outcome: 'unchanged', faults: [] },
    ],
    created: dryRun
      ? []
      : [
          {
            app: 'blog',
            drainUrl: 'https://blog:7Jq0fW2c9nXhTa4Lr8ZkVb3M@drains.example.com/drain',
            commands: [
              'heroku drains:add "https://blog:7Jq0fW2c9nXhTa4Lr8ZkVb3M@drains.example.com/drain" -a blog',
            ],
          },
        ],
    secretsNeeded: [{ receiver: 'Slack', secrets: ['url'] }],
  };
}
