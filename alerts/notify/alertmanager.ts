/** The body of Alertmanager's webhook, version 4 (docs/configuration.md, webhook_config): dozens of programs read it. */
import { createHash } from 'node:crypto';
import type { Notice } from '../../model/notice.ts';
import { noticeWords } from '../../model/notice-text.ts';
import { checkReceiver } from '../../model/receiver-forms.ts';
import { cleanText } from './escape.ts';
import { sendJson, settingText } from './exchange.ts';
import { fitText } from './layout.ts';
import { alertKey } from './pagerduty.ts';
import type { Adapter, SendContext } from './receiver.ts';
import { resultOf } from './retry.ts';

/** What Go writes for no time. */
const NO_TIME = '0001-01-01T00:00:00Z';

export const alertmanager: Adapter = {
  kind: 'alertmanager',
  folds: false,
  check: (settings, secrets) => checkReceiver('alertmanager', settings, secrets),
  rate: (settings) => ({ key: `webhook:${settingText(settings, 'url')}`, burst: 20, perMinute: 300 }),
  async send(notice, context) {
    if (notice.event !== null) {
      return { kind: 'permanent', reason: 'this form has no place for a release', unhealthy: false };
    }
    const { authorization = '' } = context.secrets;
    const headers: Record<string, string> = authorization === '' ? {} : { authorization };
    const url = settingText(context.settings, 'url');
    const result = await sendJson(context, url, bodyOf(notice, context), { headers });
    return resultOf(result, context.nowMs);
  },
};

function bodyOf(notice: Notice, context: SendContext): object {
  const words = noticeWords(notice, context);
  const isOver = words.state === 'RESOLVED' || words.state === 'OVER';
  const status = isOver ? 'resolved' : 'firing';
  const key = alertKey(notice, context.deliveryId);
  const labels = labelsOf(notice);
  const annotations = withoutEmpty({
    summary: fitText(words.headline, 300, cleanText),
    description: fitText(words.sentence, 2_000, cleanText),
    runbook_url: notice.runbookUrl,
  });
  const [main] = notice.links;
  const alert = {
    status,
    labels,
    annotations,
    startsAt: new Date(notice.incident?.startedAtMs ?? notice.watch?.sinceMs ?? notice.atMs).toISOString(),
    endsAt: isOver ? new Date(notice.incident?.resolvedAtMs ?? notice.atMs).toISOString() : NO_TIME,
    generatorURL: main?.url ?? notice.instance.url,
    fingerprint: createHash('sha256').update(key).digest('hex').slice(0, 16),
  };
  return {
    version: '4',
    groupKey: `{}:{incident="${key}"}`,
    truncatedAlerts: 0,
    status,
    receiver: 'drainboard',
    groupLabels: { alertname: labels.alertname },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: notice.instance.url,
    alerts: [alert],
  };
}

/** The same for everything of one incident but its severity, so that a resolution finds its alert. */
function labelsOf(notice: Notice): Record<string, string> & { alertname: string } {
  const label = (text: string) => fitText(text, 300, cleanText);
  return {
    ...withoutEmpty({
      app: label(notice.app),
      severity: severityOf(notice),
      incident: notice.incident?.id ?? '',
      subject: label(notice.incident?.subject ?? ''),
      key: label(notice.incident?.key ?? ''),
      instance: notice.instance.host,
      test: notice.isTest ? 'true' : '',
    }),
    alertname: label(notice.title),
  };
}

function severityOf({ severity, incident }: Notice): string {
  const words = { page: 'critical', ticket: 'warning', info: 'info' } as const;
  const worst = incident?.worstSeverity ?? severity;
  return worst === null ? '' : words[worst];
}

/** An empty label is no label. */
function withoutEmpty(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}
