/**
 * PagerDuty, Events API v2: one alert an incident by its key, which never changes, so that a repeated trigger joins
 * the alert that is open.
 */
import type { Notice } from '../../model/notice.ts';
import { type NoticeWords, noticeWords } from '../../model/notice-text.ts';
import { checkReceiver, PAGERDUTY_BASE } from '../../model/receiver-forms.ts';
import type { OutboundResult } from '../outbound.ts';
import { escapeService } from './escape.ts';
import { baseUrl, sendJson } from './exchange.ts';
import { cutText, fitText, jsonBytes } from './layout.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';

export const SUMMARY_MAX = 1_024;
const KEY_MAX = 255;
const BODY_BYTES_MAX = 512_000;
/** "Preferably with a backoff of a few minutes"; the limits page says 30 s. */
const PAUSE_MS = 60_000;

type Action = 'trigger' | 'acknowledge' | 'resolve';
type PagerSeverity = 'critical' | 'error' | 'warning' | 'info';

export const pagerduty: Adapter = {
  kind: 'pagerduty',
  folds: false,
  check: (settings, secrets) => checkReceiver('pagerduty', settings, secrets),
  rate: (_, secrets) => ({ key: `pagerduty:${secrets.routingKey ?? ''}`, burst: 10, perMinute: 60 }),
  async send(notice, context) {
    const action = actionOf(notice);
    if (action === null) {
      return { kind: 'permanent', reason: 'PagerDuty takes this as a change only', unhealthy: false };
    }
    return isUntold(notice, context) && action === 'resolve'
      ? sendBoth(notice, context)
      : sendEvent(notice, context, action);
  },
};

/** Its opening is sent with its end, or is sent when it is over: the service does not know of it yet. */
export function isUntold({ kind }: Notice, { isCombined }: SendContext): boolean {
  return isCombined || kind === 'trigger';
}

/** An alert that PagerDuty never saw cannot be resolved: it is opened, calling nobody, and closed. */
async function sendBoth(notice: Notice, context: SendContext): Promise<SendResult> {
  const opened = { openedFor: context.deliveryId };
  if (context.reference.openedFor !== context.deliveryId) {
    const trigger = await sendEvent({ ...notice, severity: 'info' }, context, 'trigger');
    if (trigger.kind !== 'delivered') return trigger;
  }
  // Opened again it would be a second incident: the next try only closes it.
  const resolve = await sendEvent(notice, context, 'resolve');
  return resolve.kind === 'retry' ? { ...resolve, reference: opened } : resolve;
}

async function sendEvent(notice: Notice, context: SendContext, action: Action): Promise<SendResult> {
  const url = `${baseUrl(context.settings, PAGERDUTY_BASE)}/v2/enqueue`;
  return judgePagerduty(await sendJson(context, url, eventOf(notice, context, action)), context.nowMs);
}

/** The common rules, with their pause where it names none. */
export function judgePagerduty(result: OutboundResult, nowMs: number): SendResult {
  const common = resultOf(result, nowMs);
  if (common.kind !== 'retry' || result.kind === 'failed' || result.status !== 429) return common;
  return { ...common, afterMs: common.afterMs ?? PAUSE_MS };
}

function actionOf({ kind, state, watch, event }: Notice): Action | null {
  if (watch !== null) return watch.isFiring ? 'trigger' : 'resolve';
  if (event !== null || kind === 'change') return null;
  if (state === 'resolved' || state === 'over') return 'resolve';
  return kind === 'acknowledge' ? 'acknowledge' : 'trigger';
}

/** `drains.example.com/<incident>`: the same for everything of one incident, and no other instance's. */
export function alertKey(notice: Notice, deliveryId: string): string {
  const { instance, incident, watch } = notice;
  if (incident !== null && !(notice.isTest && notice.kind === 'test'))
    return `${instance.host}/${incident.id}`;
  if (watch !== null) return `${instance.host}/watch/${watch.name}`;
  return `${instance.host}/${deliveryId}`;
}

function severityOf({ severity, isTest, state, evidence, incident, kind }: Notice): PagerSeverity {
  if (isTest || severity === 'info' || severity === null) return kind === 'watch' ? 'error' : 'info';
  if (state === 'held' || evidence?.what === 'drainSilent') return 'error';
  if (incident?.subjectKind === 'budget') return 'info';
  return severity === 'page' ? 'critical' : 'warning';
}

function eventOf(notice: Notice, context: SendContext, action: Action): object {
  const head = {
    routing_key: context.secrets.routingKey ?? '',
    event_action: action,
    dedup_key: cutText(alertKey(notice, context.deliveryId), KEY_MAX),
  };
  if (action !== 'trigger') return head;
  const words = noticeWords(notice, context);
  const whole = { ...head, ...triggerOf(notice, words, detailsOf(notice, words)) };
  if (jsonBytes(whole) <= BODY_BYTES_MAX) return whole;
  const note = { note: 'The details were too long to be sent. See the incident.' };
  return { ...head, ...triggerOf(notice, words, note) };
}

function triggerOf(notice: Notice, words: NoticeWords, details: object): object {
  const [main] = notice.links;
  return {
    payload: {
      summary: fitText(summaryOf(words), SUMMARY_MAX, escapeService),
      source: fitText(notice.app === '' ? notice.instance.host : notice.app, 255, escapeService),
      severity: severityOf(notice),
      timestamp: new Date(notice.incident?.startedAtMs ?? notice.atMs).toISOString(),
      ...optional('component', notice.incident?.key ?? ''),
      ...optional('group', notice.app),
      ...optional('class', notice.evidence?.what ?? ''),
      custom_details: details,
    },
    client: 'Drainboard',
    client_url: main?.url ?? notice.instance.url,
    links: words.links.slice(0, 20).map(({ label, url }) => ({ href: url, text: label })),
  };
}

function summaryOf(words: NoticeWords): string {
  return words.sentence === ''
    ? words.subject
    : `${words.headline.replace(/\[FIRING\] /, '')} – ${words.sentence}`;
}

function optional(name: string, value: string): Record<string, string> {
  return value === '' ? {} : { [name]: fitText(value, 255, escapeService) };
}

function detailsOf(notice: Notice, words: NoticeWords): object {
  const long = (text: string) => fitText(text, 2_000, escapeService);
  const facts = Object.fromEntries(words.facts.map(({ label, value }) => [label, long(value)]));
  return {
    ...(words.change !== '' && { 'What is new': long(words.change) }),
    'What happens': long(words.sentence),
    ...facts,
    ...(words.causes.length > 0 && { 'Likely cause': words.causes.map(long) }),
    ...(words.checks.length > 0 && {
      'First things to check': words.checks.map(({ text, url }) =>
        url === '' ? long(text) : `${long(text)} ${url}`,
      ),
    }),
    ...(notice.runbookUrl !== '' && { Runbook: notice.runbookUrl }),
  };
}
