/**
 * Of the fixture server: answers about objectives, incidents, rules and who is told. Cookies: `alerts=normal|empty|held`;
 * `refuse=1` refuses every write with faults at its fields.
 */
import { RULE_KINDS } from '../model/rule-kinds.ts';
import type { SloDefinition } from '../model/slo.ts';
import * as alerts from './alertFixtures.ts';
import * as tell from './tellFixtures.ts';

export interface FixtureCall {
  method: string;
  /** Behind /api/v1, as it was asked for. */
  path: string;
  params: URLSearchParams;
  cookies: Record<string, string>;
  nowMs: number;
  body: Record<string, unknown>;
}

export interface FixtureAnswer {
  status: number;
  body: unknown;
}

const ok = (body: unknown, status = 200): FixtureAnswer => ({ status, body });

export function moodOf(cookies: Record<string, string>): alerts.AlertMood {
  return cookies.alerts === 'empty' || cookies.alerts === 'held' ? cookies.alerts : 'normal';
}

/** null: this address is none of ours. */
export function answerAlerts(call: FixtureCall): FixtureAnswer | null {
  return call.method === 'GET' ? read(call) : write(call);
}

function missing(what: string): FixtureAnswer {
  return {
    status: 404,
    body: { title: 'Not found', status: 404, detail: `There is no such ${what}.`, code: 'notFound' },
  };
}

function read({ path, params, cookies, nowMs }: FixtureCall): FixtureAnswer | null {
  const mood = moodOf(cookies);
  const isEmpty = mood === 'empty';
  const [, first = '', second = '', third = '', fourth = '', fifth = ''] = path
    .split('/')
    .map(decodeURIComponent);
  const app = params.get('app');
  switch (first) {
    case 'slos':
      return ok(alerts.sloList(nowMs, mood, app));
    case 'incidents': {
      if (!second) return ok(alerts.incidentList(nowMs, mood, params));
      const found = alerts.incident(second, nowMs, mood);
      return found ? ok(found) : missing('incident');
    }
    case 'rules':
      return ok(second === 'kinds' ? { kinds: RULE_KINDS } : alerts.rules(nowMs, mood, app));
    case 'receivers':
      return ok(second === 'kinds' ? tell.receiverKinds() : tell.receivers(nowMs, isEmpty));
    case 'deliveries':
      if (second) return ok(tell.deliveryDetail(second, nowMs));
      return ok({
        deliveries: isEmpty
          ? []
          : tell.deliveries(nowMs).filter((one) => one.receiver.id === params.get('receiver')),
        cursor: null,
      });
    case 'silences':
      return ok(tell.silences(nowMs, isEmpty, params.get('state') === 'over'));
    case 'schedules':
      return ok(tell.schedules(nowMs, isEmpty));
    case 'escalation-policies':
      return ok(tell.policies(isEmpty));
    case 'notification-routes':
      return ok(tell.routes(isEmpty));
    case 'alerting':
      return ok(alerts.alertingHealth(nowMs, mood));
    case 'apps': {
      if (third === 'series' && /^p\d\d$/.test(params.get('metric') ?? ''))
        return ok(alerts.latencySeries(params, nowMs));
      if (third !== 'slos') return null;
      if (fourth === 'proposals') return ok(alerts.proposals(second, nowMs));
      const row = alerts
        .sloRows(nowMs, mood)
        .find((one) => one.app === second && (one.slug === fourth || one.id === fourth));
      if (!row) return missing('objective');
      if (fifth === 'burned') return ok(alerts.burned(row, nowMs));
      return ok(alerts.sloDetail(row, nowMs, mood, spanOf(params, nowMs)));
    }
    default:
      return null;
  }
}

function spanOf(params: URLSearchParams, nowMs: number): { fromMs: number; toMs: number } | undefined {
  return params.has('from') ? { fromMs: nowMs - 86_400_000, toMs: nowMs } : undefined;
}

const OURS =
  /^\/(incidents|receivers|deliveries|silences|schedules|escalation-policies|notification-routes|people\/[^/]+\/receivers)(\/|$)|^\/apps\/[^/]+\/(slos|rules|corrections)(\/|$)/;

/** What a refusal names, by what was sent: the first fields of each kind of form. */
const FAULTS: [RegExp, { field: string; message: string }[]][] = [
  [
    /\/slos/,
    [
      { field: 'definition.target', message: 'lies between 0 and 1, such as 0.999' },
      {
        field: 'definition.tiers.0.factor',
        message:
          'can never fire: a total outage burns 10 times as fast as allowed: the nearest usable share of the budget is 1.3 %',
      },
      { field: 'definition.unknown', message: 'is not known' },
    ],
  ],
  [/\/rules/, [{ field: 'settings.ratio', message: 'lies between 0.01 % and 100 %.' }]],
  [/acknowledge|resolve/, [{ field: 'reason', message: 'is needed: others read it' }]],
  [
    /receivers/,
    [
      {
        field: 'secrets.url',
        message: 'Write an address that begins with https://, without user name or password.',
      },
      { field: 'secrets.token', message: 'A bot token begins with xoxb-.' },
    ],
  ],
  [
    /silences/,
    [
      { field: 'reason', message: 'is needed' },
      { field: 'toMs', message: 'lies before the beginning' },
    ],
  ],
  [/.*/, [{ field: 'title', message: 'is needed' }]],
];

function write({ path, cookies, nowMs, body }: FixtureCall): FixtureAnswer | null {
  if (!OURS.test(path)) return null;
  if (cookies.refuse) {
    const faults = FAULTS.find(([pattern]) => pattern.test(path))?.[1] ?? [];
    return {
      status: 422,
      body: {
        title: 'Not accepted',
        status: 422,
        detail: 'Not accepted: some fields.',
        code: 'invalid',
        faults,
      },
    };
  }
  const mood = moodOf(cookies);
  const parts = path.split('/').map(decodeURIComponent);
  const days = Number(body.days ?? 14);
  if (path.endsWith('/slos/preview'))
    return ok(alerts.preview(body.definition as SloDefinition, nowMs, days));
  if (path.endsWith('/rules/preview')) return ok(alerts.rulePreview(nowMs, days));
  if (path === '/silences/preview') return ok(tell.silencePreview(nowMs));
  if (path === '/schedules/preview') return ok(tell.schedulePreview(nowMs));
  if (path === '/notification-routes/preview') return ok(tell.routePreview(mood === 'empty'));
  if (path.endsWith('/test')) return ok(tell.testDelivery(parts[2] ?? '', nowMs));
  if (/\/slos(\/[^/]+)?$/.test(path))
    return ok(
      {
        id: 'x',
        app: parts[2],
        slug: 'answers',
        version: 2,
        validFromMs: nowMs + 60_000,
        equivalent: { curl: '', cli: '' },
      },
      201,
    );
  if (/\/rules(\/[^/]+)?$/.test(path))
    return ok({ ...alerts.rules(nowMs, 'normal', null).rules[2], ...body }, 201);
  if (path === '/receivers') return ok(tell.receivers(nowMs, false).receivers[0], 201);
  if (path.endsWith('/rules/defaults')) return ok({ created: [] });
  return ok({}, 200);
}
