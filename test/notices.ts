/** Notices of tests: a bad deploy from its page to its end, and one that is as hostile as logs can be. */

import type { SendContext } from '../alerts/notify/receiver.ts';
import { buildOutbound } from '../alerts/outbound.ts';
import { parseRanges } from '../alerts/outbound-address.ts';
import type { Notice, NoticeIncident } from '../model/notice.ts';
import { HOUR, MINUTE } from '../model/time.ts';

export const NOW_MS = Date.UTC(2026, 10, 20, 10, 50);
const SINCE_MS = NOW_MS - 8 * MINUTE;
const URL_BASE = 'https://drains.example.com';

export const INCIDENT: NoticeIncident = {
  id: '0f9d3a52-7c1e-4b7a-9a63-0d4b5e6f7a81',
  number: 214,
  subject: 'slo:12',
  subjectKind: 'slo',
  key: '',
  openedAtMs: SINCE_MS,
  startedAtMs: SINCE_MS,
  resolvedAtMs: null,
  reopened: 0,
  isFlapping: false,
  held: null,
  acknowledged: null,
  snoozedUntilMs: null,
  resolvedBy: '',
  resolveReason: '',
  worstSeverity: 'page',
  detectedLateMs: 0,
  sequence: 1,
};

/** shop after v214: 23 times as many failed requests as its objective allows. */
export function badDeploy(changes: Partial<Notice> = {}, incident: Partial<NoticeIncident> = {}): Notice {
  return {
    kind: 'trigger',
    state: 'firing',
    severity: 'page',
    isTest: false,
    instance: { url: URL_BASE, host: 'drains.example.com' },
    app: 'shop',
    title: 'Checkout succeeds',
    incident: { ...INCIDENT, ...incident },
    evidence: {
      what: 'burn',
      title: 'Checkout succeeds',
      windows: [
        { minutes: 60, bad: 1204, events: 52_310, burn: 23.02 },
        { minutes: 5, bad: 410, events: 4_410, burn: 92.97 },
      ],
      value: null,
      threshold: null,
      unit: '',
      coverage: 1,
      budgetRemaining: 0.61,
      exhaustedAtMs: NOW_MS + 19 * HOUR,
      sinceMs: SINCE_MS,
      key: '',
      target: '0.999',
    },
    budget: {
      target: '0.999',
      indicator: { kind: 'availability' },
      period: '30 days',
      remaining: 0.61,
      exhaustedAtMs: NOW_MS + 19 * HOUR,
    },
    release: { version: 214, atMs: SINCE_MS - 2 * MINUTE, what: 'Deploy 1a2b3c4', by: 'a…@example.com' },
    codes: [
      { code: 'H12', count: 980, title: 'Request timeout' },
      { code: 'H13', count: 120, title: 'Connection closed without response' },
    ],
    dynos: [{ dyno: 'web.2', bad: 700, events: 9_000 }],
    causes: [
      {
        kind: 'release',
        version: 214,
        releasedAtMs: SINCE_MS - 2 * MINUTE,
        before: { bad: 40, events: 51_000 },
        after: { bad: 1_190, events: 12_300 },
      },
      { kind: 'code', code: 'H12', title: 'Request timeout', bad: 980, ofBad: 1_204 },
    ],
    checks: [
      { text: 'H12: list the paths with the most H12.', url: `${URL_BASE}/a/shop/codes/H12` },
      { text: 'Compare with v214, and roll back if it coincides.', url: '' },
    ],
    runbookUrl: 'https://wiki.example.com/checkout',
    links: [
      {
        kind: 'incident',
        url: `${URL_BASE}/i/${INCIDENT.id}?from=2026-11-20T10:12:00Z&to=2026-11-20T10:50:00Z`,
      },
      { kind: 'app', url: `${URL_BASE}/a/shop?from=2026-11-20T10:12:00Z&to=2026-11-20T10:50:00Z` },
      { kind: 'runbook', url: 'https://wiki.example.com/checkout' },
    ],
    change: null,
    folded: [],
    platformHint: false,
    event: null,
    watch: null,
    insteadOf: '',
    atMs: NOW_MS,
    ...changes,
  };
}

const acknowledged = { by: 'Ann', reason: 'rolling back v214', atMs: NOW_MS + MINUTE };

/** Its story, as receivers are told it. */
export const STORY: Record<'trigger' | 'update' | 'acknowledge' | 'resolve' | 'test', Notice> = {
  trigger: badDeploy(),
  update: badDeploy({
    kind: 'update',
    severity: 'ticket',
    change: { kind: 'lowered', from: 'page', to: 'ticket' },
    atMs: NOW_MS + 5 * MINUTE,
  }),
  acknowledge: badDeploy(
    { kind: 'acknowledge', state: 'acknowledged', atMs: NOW_MS + MINUTE },
    { acknowledged, sequence: 2 },
  ),
  resolve: badDeploy(
    { kind: 'resolve', state: 'resolved', atMs: NOW_MS + 15 * MINUTE },
    { acknowledged, resolvedAtMs: NOW_MS + 15 * MINUTE, sequence: 4 },
  ),
  test: badDeploy({
    kind: 'test',
    state: 'info',
    severity: 'info',
    isTest: true,
    app: '',
    title: 'Test message',
    incident: null,
    evidence: null,
    budget: null,
    release: null,
    codes: [],
    dynos: [],
    causes: [],
    checks: [],
    runbookUrl: '',
    links: [{ kind: 'settings', url: `${URL_BASE}/receivers` }],
  }),
};

export const RELEASE: Notice = {
  ...STORY.test,
  kind: 'change',
  isTest: false,
  severity: null,
  app: 'shop',
  title: 'Release v214',
  event: {
    key: 'release:214',
    kind: 'release',
    version: 214,
    what: 'Deploy 1a2b3c4',
    by: 'a…@example.com',
    atMs: SINCE_MS - 2 * MINUTE,
  },
  links: [{ kind: 'app', url: `${URL_BASE}/a/shop` }],
};

export const WATCH: Notice = {
  ...STORY.test,
  kind: 'watch',
  state: 'firing',
  isTest: false,
  severity: 'page',
  title: 'Drainboard: evaluation is late',
  watch: {
    name: 'evaluationLag',
    isFiring: true,
    text: 'Nothing has been evaluated since 10:41 UTC.',
    sinceMs: NOW_MS - 9 * MINUTE,
    episode: 3,
  },
};

/** Everything a log or a form could hold that tries to be a mention, a link, a header, markup, or too much. */
export const HOSTILE_TEXT = [
  '<!channel> <!here> <@U012AB3CD> <https://evil.example|click> @everyone @here',
  '[click](https://evil.example) **bold** `code` https://evil.example www.evil.example',
  '<script>alert(1)</script> <img src=x onerror=alert(1)> <at>Everybody</at>',
  'Bcc: evil@evil.example\r\nSubject: owned\n\nbody \u202egnp.exe\u0000 \ud800 half',
].join(' ');

/** The same notice with every text hostile, and each `times` as long. */
export function hostile(times = 1): Notice {
  const text = HOSTILE_TEXT.repeat(times);
  const many = <Value>(value: Value) => Array.from({ length: 60 }, () => value);
  return badDeploy(
    {
      app: text,
      title: text,
      release: { version: 214, atMs: NOW_MS, what: text, by: text },
      codes: many({ code: text, count: 5, title: text }),
      dynos: many({ dyno: text, bad: 1, events: 2 }),
      causes: [
        ...many({ kind: 'path' as const, path: text, bad: 1, ofBad: 2 }),
        { kind: 'said', by: text, version: 3 },
      ],
      checks: many({ text, url: `${URL_BASE}/a/x/codes/H12` }),
      change: { kind: 'note', by: text, text },
      folded: [],
      insteadOf: text,
    },
    { key: text, acknowledged: { by: text, reason: text, atMs: NOW_MS }, subject: `rule:7:${text}` },
  );
}

const allowed = parseRanges('127.0.0.0/8');
if (!allowed.ok) throw new Error(allowed.error);
/** The one client, allowed to reach receivers of tests. */
export const OUTBOUND = buildOutbound({
  rules: { allowed: allowed.value, ports: 'any', ownHosts: [] },
  userAgent: 'Drainboard/test',
});

export const DELIVERY_ID = 'ntf_00112233445566778899aabbccddeeff';

/** What an adapter is given. */
export function sendContext(notice: Notice, more: Partial<SendContext>): SendContext {
  return {
    settings: {},
    secrets: {},
    reference: {},
    outbound: OUTBOUND,
    nowMs: notice.atMs,
    deliveryId: DELIVERY_ID,
    kind: notice.kind,
    attempt: 1,
    mayRepeat: false,
    isCombined: false,
    isQuiet: false,
    ...more,
  };
}
