/** Canned answers about receivers, what was sent to them, silences, schedules, policies and routes. */
import type {
  DeliveryAnswer,
  DeliveryDetailAnswer,
  ReceiverAnswer,
  ReceiverKindsAnswer,
  ReceiverListAnswer,
} from '../api/contract/receivers.ts';
import type {
  EscalationPolicyListAnswer,
  RouteListAnswer,
  RoutePreviewAnswer,
  ScheduleAnswer,
  ScheduleListAnswer,
  SchedulePreviewAnswer,
} from '../api/contract/schedules.ts';
import type { SilenceAnswer, SilenceListAnswer, SilencePreviewAnswer } from '../api/contract/silences.ts';
import { RECEIVER_FORMS } from '../model/receiver-forms.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function receiverKinds(): ReceiverKindsAnswer {
  return {
    kinds: RECEIVER_FORMS.map(({ kind, title, help, fields }) => ({
      kind,
      title,
      help,
      fields: fields.map(({ form, ...field }) => ({ ...field, pattern: form?.pattern.source ?? '' })),
    })),
  };
}

export function receivers(nowMs: number, isEmpty: boolean): ReceiverListAnswer {
  if (isEmpty) return { receivers: [] };
  const base = {
    isEnabled: true,
    tellsOwners: false,
    health: 'ok' as const,
    reason: '',
    lastFailedMs: null,
    queued: 0,
    oldestQueuedMs: null,
    dead: 0,
    createdAtMs: nowMs - 40 * DAY,
  };
  const all: ReceiverAnswer[] = [
    {
      ...base,
      id: 'rc-slack',
      name: '#alerts',
      kind: 'slackBot',
      settings: { channel: '#alerts', mention: 'here' },
      secretsSet: ['token'],
      tellsOwners: true,
      lastDeliveredMs: nowMs - 14 * MINUTE,
      usedBy: ['Everything'],
    },
    {
      ...base,
      id: 'rc-pd',
      name: 'PagerDuty primary',
      kind: 'pagerduty',
      settings: {},
      secretsSet: ['routingKey'],
      lastDeliveredMs: nowMs - 14 * MINUTE,
      usedBy: ['Pages', 'Primary ladder'],
    },
    {
      ...base,
      id: 'rc-hook',
      name: 'Warehouse',
      kind: 'webhook',
      settings: { url: 'https://hooks.example.com/drainboard' },
      secretsSet: ['secret'],
      health: 'unhealthy',
      reason: 'It answers 500 since 10:11Z; tried again until 10:11Z tomorrow.',
      lastDeliveredMs: nowMs - 3 * HOUR,
      lastFailedMs: nowMs - 40_000,
      queued: 4,
      oldestQueuedMs: nowMs - 31 * MINUTE,
      usedBy: ['Everything'],
    },
    {
      ...base,
      id: 'rc-old',
      name: 'Old webhook',
      kind: 'slackWebhook',
      settings: {},
      secretsSet: ['url'],
      health: 'broken',
      reason: 'Slack says that this webhook was removed (no_service). Put in a new one.',
      lastDeliveredMs: nowMs - 9 * DAY,
      lastFailedMs: nowMs - 2 * DAY,
      dead: 3,
      usedBy: [],
    },
    {
      ...base,
      id: 'rc-mail',
      name: 'Ops mail',
      kind: 'email',
      settings: { to: ['ops@example.com'] },
      secretsSet: [],
      lastDeliveredMs: null,
      usedBy: ['Tickets'],
    },
  ];
  return { receivers: all };
}

export function deliveries(nowMs: number): DeliveryAnswer[] {
  const make = (
    id: string,
    minutesAgo: number,
    receiver: DeliveryAnswer['receiver'],
    kind: DeliveryAnswer['kind'],
    more: Partial<DeliveryAnswer> = {},
  ): DeliveryAnswer => ({
    id,
    receiver,
    incidentId: '22222222-0000-4000-8000-000000000214',
    incidentTitle: 'Shop answers: burning 21× too fast',
    kind,
    severity: 'page',
    state: 'delivered',
    createdAtMs: nowMs - minutesAgo * MINUTE,
    dueAtMs: nowMs - minutesAgo * MINUTE,
    deliveredAtMs: nowMs - minutesAgo * MINUTE + 900,
    tries: 1,
    lastReason: '',
    canReplay: false,
    ...more,
  });
  const slack = { id: 'rc-slack', name: '#alerts', kind: 'slackBot' as const };
  const pd = { id: 'rc-pd', name: 'PagerDuty primary', kind: 'pagerduty' as const };
  const hook = { id: 'rc-hook', name: 'Warehouse', kind: 'webhook' as const };
  return [
    make('d1', 10, pd, 'reminder'),
    make('d2', 14.9, slack, 'trigger'),
    make('d3', 14.9, pd, 'trigger'),
    make('d4', 14.9, hook, 'trigger', {
      state: 'waiting',
      deliveredAtMs: null,
      dueAtMs: nowMs + 2 * MINUTE,
      tries: 6,
      lastReason: 'It answered 500.',
    }),
    make('d5', 3 * 1440, hook, 'resolve', {
      state: 'dead',
      deliveredAtMs: null,
      tries: 12,
      lastReason: 'It answered 500 for a day.',
      canReplay: true,
      incidentId: '22222222-0000-4000-8000-000000000203',
      incidentTitle: 'Shop is slow',
    }),
  ];
}

export function deliveryDetail(id: string, nowMs: number): DeliveryDetailAnswer {
  const known = deliveries(nowMs).find((one) => one.id === id);
  const delivery = known ?? testDelivery('rc-slack', nowMs, 'delivered');
  return {
    delivery,
    attempts: [
      {
        atMs: nowMs - 15 * MINUTE,
        tookMs: 10_000,
        outcome: 'retry',
        status: null,
        reason: 'No answer within 10 s.',
      },
      {
        atMs: nowMs - 14 * MINUTE,
        tookMs: 412,
        outcome: delivery.state === 'delivered' ? 'delivered' : 'retry',
        status: delivery.state === 'delivered' ? 200 : 500,
        reason: delivery.state === 'delivered' ? '' : 'It answered 500.',
      },
    ],
  };
}

export function testDelivery(
  receiverId: string,
  nowMs: number,
  state: DeliveryAnswer['state'] = 'waiting',
): DeliveryAnswer {
  const receiver = receivers(nowMs, false).receivers.find((one) => one.id === receiverId);
  return {
    id: 'd-test',
    receiver: { id: receiverId, name: receiver?.name ?? '', kind: receiver?.kind ?? 'slackBot' },
    incidentId: null,
    incidentTitle: 'Test',
    kind: 'test',
    severity: 'page',
    state,
    createdAtMs: nowMs,
    dueAtMs: nowMs,
    deliveredAtMs: state === 'delivered' ? nowMs : null,
    tries: state === 'delivered' ? 1 : 0,
    lastReason: '',
    canReplay: false,
  };
}

export function silences(nowMs: number, isEmpty: boolean, isOver: boolean): SilenceListAnswer {
  const offers = isEmpty ? [] : [{ app: 'atelier', sinceMs: nowMs - 23 * MINUTE, requests: 4211 }];
  const match = { apps: ['search'], severities: [], slos: [], rules: [], keys: [], tags: [] };
  const base = {
    match,
    correctsBudgets: false,
    endedBy: null,
    withholds: 0,
    repeat: null,
    repeatText: '',
    nextFromMs: null,
    nextToMs: null,
  };
  const all: SilenceAnswer[] = [
    {
      ...base,
      id: 's1',
      kind: 'silence',
      title: '',
      reason: 'The leak is known; the fix is in review',
      author: 'Sam',
      matchText: 'every ticket of search',
      fromMs: nowMs - 2 * HOUR,
      toMs: nowMs + 6 * HOUR,
      state: 'active',
      createdAtMs: nowMs - 2 * HOUR,
      withholds: 1,
    },
    {
      ...base,
      id: 's2',
      kind: 'maintenance',
      title: 'Backup window',
      reason: 'Reads are slow meanwhile',
      author: 'Kim',
      matchText: 'every alert of shop and checkout-api',
      fromMs: nowMs - 20 * DAY,
      toMs: nowMs + 200 * DAY,
      repeat: { weekdays: [0], at: '02:00', minutes: 60, zone: 'Europe/Berlin' },
      repeatText: 'every Sunday at 02:00 for 60 min (Europe/Berlin)',
      nextFromMs: nowMs + 1.6 * DAY,
      nextToMs: nowMs + 1.6 * DAY + HOUR,
      state: 'planned',
      correctsBudgets: true,
      createdAtMs: nowMs - 20 * DAY,
    },
    {
      ...base,
      id: 's3',
      kind: 'silence',
      title: 'Load test',
      reason: 'On purpose <b>loud</b>',
      author: 'Sam',
      matchText: 'every alert of feed',
      fromMs: nowMs - 5 * DAY,
      toMs: nowMs - 5 * DAY + HOUR,
      state: 'over',
      createdAtMs: nowMs - 5 * DAY,
      endedBy: 'Sam',
    },
  ];
  return { nowMs, silences: isEmpty ? [] : all.filter((one) => (one.state === 'over') === isOver), offers };
}

export function silencePreview(nowMs: number): SilencePreviewAnswer {
  return {
    matchText: 'every page and ticket of shop',
    slos: [
      { app: 'shop', id: 'x', title: 'Shop answers' },
      { app: 'shop', id: 'y', title: 'Shop is fast' },
    ],
    rules: [{ app: 'shop', id: 'z', title: 'Failed requests' }],
    incidents: [
      {
        id: '22222222-0000-4000-8000-000000000214',
        number: 214,
        app: 'shop',
        title: 'Shop answers: burning 21× too fast',
        severity: 'page',
      },
    ],
    notices7d: 6,
    spans: [{ fromMs: nowMs, toMs: nowMs + HOUR }],
    warnings: ['It withholds a page that is open now.'],
  };
}

const PEOPLE = [
  { id: 'p1', name: 'Kim', email: 'kim@example.com', receivers: ['rc-pd'] },
  { id: 'p2', name: 'Sam', email: 'sam@example.com', receivers: ['rc-slack'] },
  { id: 'p3', name: 'Vic', email: 'vic@example.com', receivers: [] },
];

function turns(nowMs: number): ScheduleAnswer['turns'] {
  const start = nowMs - 2 * DAY;
  return [0, 1, 2].map((week) => {
    const person = PEOPLE[week % 2] as (typeof PEOPLE)[number];
    return {
      personId: person.id,
      name: person.name,
      email: person.email,
      fromMs: start + week * 7 * DAY,
      toMs: Math.min(start + (week + 1) * 7 * DAY, nowMs + 14 * DAY),
      via: 'rotation' as const,
    };
  });
}

export function schedules(nowMs: number, isEmpty: boolean): ScheduleListAnswer {
  if (isEmpty) return { nowMs, schedules: [], people: PEOPLE };
  const all = turns(nowMs);
  const rotation = {
    id: 'ro1',
    title: 'Weekly',
    people: ['p1', 'p2'],
    turn: { unit: 'week' as const, count: 1 },
    startsOn: '2026-11-16',
    handoverAt: '09:00',
    hours: [],
  };
  return {
    nowMs,
    people: PEOPLE,
    schedules: [
      {
        id: 'sc1',
        title: 'Primary',
        zone: 'Europe/Berlin',
        rotations: [rotation],
        overrides: [
          {
            id: 'o1',
            personId: 'p3',
            name: 'Vic',
            fromMs: nowMs + 3 * DAY,
            toMs: nowMs + 3.5 * DAY,
            reason: 'Kim at the dentist',
            author: 'Kim',
          },
        ],
        now: all[0] ?? null,
        next: all[1] ?? null,
        turns: all,
        gaps: [],
        warnings: ['Vic has no receiver: calling Vic reaches nobody.'],
        usedBy: ['Primary ladder'],
        version: 2,
      },
      {
        id: 'sc2',
        title: 'Office hours',
        zone: 'America/New_York',
        rotations: [
          { ...rotation, id: 'ro2', hours: [{ weekdays: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }] },
        ],
        overrides: [],
        now: null,
        next: all[1] ?? null,
        turns: all.slice(1),
        gaps: [{ fromMs: nowMs, toMs: nowMs + 5 * DAY }],
        warnings: [],
        usedBy: [],
        version: 1,
      },
    ],
  };
}

export function schedulePreview(nowMs: number): SchedulePreviewAnswer {
  return { turns: turns(nowMs), gaps: [] };
}

export function policies(isEmpty: boolean): EscalationPolicyListAnswer {
  if (isEmpty) return { policies: [] };
  return {
    policies: [
      {
        id: 'po1',
        title: 'Primary ladder',
        sentence:
          'PagerDuty primary at once, after 5 min who is on call in Primary, 15 min later #alerts and who is on call in Office hours; three times.',
        rounds: 3,
        usedBy: ['Pages'],
        levels: [
          { delayMinutes: 0, targets: [{ kind: 'receiver', id: 'rc-pd' }] },
          { delayMinutes: 5, targets: [{ kind: 'schedule', id: 'sc1' }] },
          {
            delayMinutes: 15,
            targets: [
              { kind: 'receiver', id: 'rc-slack' },
              { kind: 'schedule', id: 'sc2' },
            ],
          },
        ],
      },
    ],
  };
}

export function routes(isEmpty: boolean): RouteListAnswer {
  if (isEmpty)
    return { routes: [], warnings: ['Nobody would be told of any page: no route leads to a receiver.'] };
  const base = {
    isEnabled: true,
    isFallback: false,
    apps: [],
    subjectKinds: [],
    receivers: [],
    escalationPolicies: [],
  };
  return {
    warnings: ['Information of billing would be told to nobody.'],
    routes: [
      {
        ...base,
        id: 'ru1',
        name: 'Pages',
        severities: ['page'],
        receivers: ['rc-slack'],
        escalationPolicies: ['po1'],
      },
      {
        ...base,
        id: 'ru2',
        name: 'Tickets',
        severities: ['ticket'],
        subjectKinds: ['rule'],
        apps: ['shop', 'search'],
        receivers: ['rc-mail'],
      },
      {
        ...base,
        id: 'ru3',
        name: 'Everything',
        severities: [],
        isFallback: true,
        receivers: ['rc-slack', 'rc-hook'],
      },
    ],
  };
}

export function routePreview(isEmpty: boolean): RoutePreviewAnswer {
  if (isEmpty) return { routes: [], receivers: [] };
  return {
    routes: ['Pages'],
    receivers: [
      { id: 'rc-slack', name: '#alerts', afterMinutes: 0, via: 'route Pages' },
      { id: 'rc-pd', name: 'PagerDuty primary', afterMinutes: 5, via: 'Primary ladder, on call: Kim' },
    ],
  };
}
