/**
 * Alerts of Jira Service Management Operations and of Opsgenie: one API at two bases. One alert an incident by its
 * alias; answers are 202, what became of it is decided later.
 */
import type { Notice } from '../../model/notice.ts';
import { noticeWords, plainText } from '../../model/notice-text.ts';
import { checkReceiver, JIRA_BASES } from '../../model/receiver-forms.ts';
import type { OutboundResult } from '../outbound.ts';
import { escapeService } from './escape.ts';
import { baseUrl, sendJson, settingText } from './exchange.ts';
import { cutText, fitText } from './layout.ts';
import { alertKey, isUntold } from './pagerduty.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';

const MESSAGE_MAX = 130;
const DESCRIPTION_MAX = 15_000;
const ALIAS_MAX = 512;
const TAG_MAX = 50;
const NOTE_MAX = 5_000;

type Action = 'create' | 'acknowledge' | 'note' | 'close';

export const jira: Adapter = {
  kind: 'jira',
  folds: false,
  check: (settings, secrets) => checkReceiver('jira', settings, secrets),
  rate: (_, secrets) => ({ key: `jira:${secrets.apiKey ?? ''}`, burst: 10, perMinute: 60 }),
  async send(notice, context) {
    const action = actionOf(notice);
    if (action === null) return { kind: 'permanent', reason: 'it takes no releases', unhealthy: false };
    return isUntold(notice, context) && action === 'close'
      ? sendBoth(notice, context)
      : act(notice, context, action);
  },
};

/** An alert that was never created cannot be closed: it is created, calling nobody, and closed. */
async function sendBoth(notice: Notice, context: SendContext): Promise<SendResult> {
  if (context.reference.openedFor !== context.deliveryId) {
    const created = await act({ ...notice, severity: 'info' }, context, 'create');
    if (created.kind !== 'delivered') return created;
  }
  const closed = await act(notice, context, 'close');
  return closed.kind === 'retry' ? { ...closed, reference: { openedFor: context.deliveryId } } : closed;
}

function actionOf({ kind, state, watch, event }: Notice): Action | null {
  if (watch !== null) return watch.isFiring ? 'create' : 'close';
  if (event !== null || kind === 'change') return null;
  if (state === 'resolved' || state === 'over') return 'close';
  if (kind === 'acknowledge') return 'acknowledge';
  return kind === 'update' || kind === 'reminder' ? 'note' : 'create';
}

async function act(notice: Notice, context: SendContext, action: Action): Promise<SendResult> {
  const words = noticeWords(notice, context);
  const alias = cutText(alertKey(notice, context.deliveryId), ALIAS_MAX);
  const alerts = `${apiOf(context)}/v2/alerts`;
  if (action === 'create') {
    return judge(await send(context, alerts, createBody(notice, context, alias)), action, context.nowMs);
  }
  // The default is an id of theirs, which we do not know.
  const path = { acknowledge: 'acknowledge', note: 'notes', close: 'close' }[action];
  const url = `${alerts}/${encodeURIComponent(alias)}/${path}?identifierType=alias`;
  const note = fitText(
    [words.change, words.sentence].filter((part) => part !== '').join(' '),
    NOTE_MAX,
    escapeService,
  );
  const user = notice.incident?.acknowledged?.by ?? '';
  const body = {
    source: notice.instance.host,
    ...(note !== '' && { note }),
    ...(action === 'acknowledge' && user !== '' && { user: fitText(user, 100, escapeService) }),
  };
  return judge(await send(context, url, body), action, context.nowMs);
}

function send(context: SendContext, url: string, body: object): Promise<OutboundResult> {
  return sendJson(context, url, body, {
    headers: { authorization: `GenieKey ${context.secrets.apiKey ?? ''}` },
  });
}

function apiOf({ settings }: SendContext): string {
  const service = settingText(settings, 'service');
  const usual = Object.hasOwn(JIRA_BASES, service)
    ? JIRA_BASES[service as keyof typeof JIRA_BASES]
    : JIRA_BASES.jsm;
  return baseUrl(settings, usual);
}

/** 404 of an alert that is to be changed: it is closed already, or was deleted. */
function judge(result: OutboundResult, action: Action, nowMs: number): SendResult {
  const isGone = result.kind === 'answer' && result.status === 404 && action !== 'create';
  return isGone ? { kind: 'delivered' } : resultOf(result, nowMs);
}

function createBody(notice: Notice, context: SendContext, alias: string): object {
  const words = noticeWords(notice, context);
  const text = (value: string, max: number) => fitText(value, max, escapeService);
  const team = settingText(context.settings, 'team');
  return {
    message: text(words.headline.replace(/\[FIRING\] /, ''), MESSAGE_MAX),
    alias,
    description: cutText(plainText(words, escapeService), DESCRIPTION_MAX),
    priority: priorityOf(notice),
    source: notice.instance.host,
    entity: text(notice.app, MESSAGE_MAX),
    tags: [notice.app, notice.severity ?? '', notice.isTest ? 'test' : '']
      .filter((tag) => tag !== '')
      .map((tag) => text(tag, TAG_MAX)),
    details: Object.fromEntries(words.facts.map(({ label, value }) => [label, text(value, 1_000)])),
    ...(team !== '' && { responders: [{ name: team, type: 'team' }] }),
  };
}

function priorityOf({ severity, isTest, incident }: Notice): string {
  if (isTest || severity === 'info' || incident?.subjectKind === 'budget') return 'P5';
  return severity === 'page' ? 'P1' : 'P3';
}
