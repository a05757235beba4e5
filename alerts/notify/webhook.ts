/** JSON to a program of the operator's, signed by the rules of Standard Webhooks 1.0.0. */
import type { Notice } from '../../model/notice.ts';
import { type NoticeWords, noticeWords, plainText } from '../../model/notice-text.ts';
import { checkReceiver } from '../../model/receiver-forms.ts';
import { cleanText } from './escape.ts';
import { settingText } from './exchange.ts';
import { cutText, fitMessage, fitText } from './layout.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';
import { signWebhook } from './webhook-signature.ts';

/** The rules ask for less than 20 KB. */
const BODY_BYTES_MAX = 19_000;
const TEXT_MAX = 2_000;
const NAME_MAX = 300;
/** For what does not fit otherwise: texts of nothing but signs of four bytes. */
const NAME_SHORT_MAX = 60;
/** Answers that ask us to slow down without saying how much (429, 502, 504). */
const SLOW: ReadonlySet<number> = new Set([429, 502, 504]);
const SLOW_MS = 30_000;

export type WebhookType =
  | 'incident.triggered'
  | 'incident.acknowledged'
  | 'incident.updated'
  | 'incident.resolved'
  | 'slo.budget.threshold'
  | 'drain.silent'
  | 'drain.recovered'
  | 'release.created'
  | 'app.changed'
  | 'watch.triggered'
  | 'watch.resolved'
  | 'webhook.test';

export const webhook: Adapter = {
  kind: 'webhook',
  folds: false,
  check: (settings, secrets) => checkReceiver('webhook', settings, secrets),
  rate: (settings) => ({ key: `webhook:${settingText(settings, 'url')}`, burst: 20, perMinute: 300 }),
  async send(notice, context) {
    const body = bodyOf(notice, context);
    const timestampS = Math.floor(context.nowMs / 1000);
    const { secret = '', previousSecret = '' } = context.secrets;
    const secrets = [secret, previousSecret].filter((one) => one !== '');
    const result = await context.outbound.request({
      method: 'POST',
      url: settingText(context.settings, 'url'),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'webhook-id': context.deliveryId,
        'webhook-timestamp': String(timestampS),
        'webhook-signature': signWebhook(secrets, context.deliveryId, timestampS, body),
      },
      body,
    });
    return slowed(resultOf(result, context.nowMs), result.kind === 'answer' ? result.status : 0);
  },
};

function slowed(result: SendResult, status: number): SendResult {
  return result.kind === 'retry' && SLOW.has(status) ? { afterMs: SLOW_MS, ...result } : result;
}

/** What the program is told by its name. */
export function webhookType(notice: Notice): WebhookType {
  const { kind, state, event, watch, evidence, incident } = notice;
  if (kind === 'test') return 'webhook.test';
  if (watch !== null) return watch.isFiring ? 'watch.triggered' : 'watch.resolved';
  if (event !== null) return event.version === null ? 'app.changed' : 'release.created';
  const isOver = state === 'resolved' || state === 'over';
  if (evidence?.what === 'drainSilent') {
    if (isOver) return 'drain.recovered';
    if (kind === 'trigger') return 'drain.silent';
  }
  if (incident?.subjectKind === 'budget' && kind === 'trigger') return 'slo.budget.threshold';
  if (isOver) return 'incident.resolved';
  if (kind === 'acknowledge') return 'incident.acknowledged';
  return kind === 'trigger' ? 'incident.triggered' : 'incident.updated';
}

function bodyOf(notice: Notice, context: SendContext): string {
  const fits = (body: string) => Buffer.byteLength(body) <= BODY_BYTES_MAX;
  const build = (words: NoticeWords, isShort: boolean) => {
    const data = dataOf(notice, words, context, isShort);
    return JSON.stringify({ type: webhookType(notice), timestamp: iso(notice.atMs), data });
  };
  const words = noticeWords(notice, context);
  const whole = fitMessage(words, (smaller) => build(smaller, false), fits);
  return fits(whole) ? whole : fitMessage(words, (smaller) => build(smaller, true), fits);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Texts are data here: only what no program should have to read is taken out of them. */
function text(value: string, max = TEXT_MAX): string {
  return fitText(value, max, cleanText);
}

/** Names and forms are a contract with programs: nothing is renamed or removed. */
function dataOf(notice: Notice, words: NoticeWords, context: SendContext, isShort: boolean): object {
  const { severity, budget, release, event, watch } = notice;
  const name = (value: string) => text(value, isShort ? NAME_SHORT_MAX : NAME_MAX);
  return {
    state: notice.state,
    severity,
    test: notice.isTest,
    may_repeat: context.mayRepeat,
    app: name(notice.app),
    title: name(notice.title),
    headline: text(words.headline),
    summary: text(words.sentence),
    change: text(words.change),
    incident: incidentData(notice, name),
    evidence: evidenceData(notice, name),
    budget: budget && {
      target: budget.target,
      period: name(budget.period),
      remaining: budget.remaining,
      exhausted_at: isoOrNull(budget.exhaustedAtMs),
    },
    release: release && {
      version: release.version,
      created_at: iso(release.atMs),
      description: name(release.what),
    },
    codes: notice.codes.slice(0, 10).map(({ code, count }) => ({ code: name(code), count })),
    dynos: notice.dynos.slice(0, 10).map(({ dyno, bad, events }) => ({ dyno: name(dyno), bad, events })),
    causes: words.causes.map((cause) => text(cause)),
    checks: words.checks.map((check) => ({ text: text(check.text), url: check.url })),
    event: event && {
      key: name(event.key),
      kind: event.kind,
      version: event.version,
      description: name(event.what),
      by: name(event.by),
      at: iso(event.atMs),
    },
    watch: watch && { name: name(watch.name), firing: watch.isFiring, since: iso(watch.sinceMs) },
    links: Object.fromEntries(notice.links.map(({ kind, url }) => [kind, url])),
    text: isShort ? '' : cutText(plainText(words, cleanText), 4_000),
  };
}

function incidentData({ incident }: Notice, name: (value: string) => string): object | null {
  if (incident === null) return null;
  const { acknowledged } = incident;
  return {
    id: incident.id,
    number: incident.number,
    subject: name(incident.subject),
    key: name(incident.key),
    opened_at: iso(incident.openedAtMs),
    started_at: iso(incident.startedAtMs),
    resolved_at: isoOrNull(incident.resolvedAtMs),
    reopened: incident.reopened,
    flapping: incident.isFlapping,
    sequence: incident.sequence,
    detected_late_s: Math.round(incident.detectedLateMs / 1000),
    acknowledged: acknowledged && {
      by: name(acknowledged.by),
      reason: name(acknowledged.reason),
      at: iso(acknowledged.atMs),
    },
  };
}

function evidenceData({ evidence }: Notice, name: (value: string) => string): object | null {
  if (evidence === null) return null;
  const { what, windows, value, threshold, unit, coverage, sinceMs } = evidence;
  return {
    what,
    windows: windows.slice(0, 8),
    value,
    threshold,
    unit: name(unit),
    coverage,
    since: iso(sinceMs),
  };
}

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
