/**
 * PagerDuty change events, made of releases: shown beside incidents, calling nobody. They have no key, so that one
 * sent twice is shown twice: after a try that may have arrived there is no second.
 */
import type { Notice, NoticeEvent } from '../../model/notice.ts';
import { noticeWords } from '../../model/notice-text.ts';
import { checkReceiver, PAGERDUTY_BASE } from '../../model/receiver-forms.ts';
import { escapeService } from './escape.ts';
import { baseUrl, sendJson } from './exchange.ts';
import { fitText } from './layout.ts';
import { judgePagerduty, SUMMARY_MAX } from './pagerduty.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';

const MAY_HAVE_ARRIVED: SendResult = {
  kind: 'permanent',
  reason: 'it may have arrived, and would be shown twice',
  unhealthy: false,
};

export const pagerdutyChange: Adapter = {
  kind: 'pagerdutyChange',
  folds: false,
  check: (settings, secrets) => checkReceiver('pagerdutyChange', settings, secrets),
  rate: (_, secrets) => ({ key: `pagerduty:${secrets.routingKey ?? ''}`, burst: 10, perMinute: 60 }),
  async send(notice, context) {
    const isChange = notice.event !== null || notice.kind === 'test';
    if (!isChange)
      return { kind: 'permanent', reason: 'this receiver takes releases only', unhealthy: false };
    if (context.mayRepeat) return MAY_HAVE_ARRIVED;
    const url = `${baseUrl(context.settings, PAGERDUTY_BASE)}/v2/change/enqueue`;
    const result = await sendJson(context, url, changeOf(notice, context));
    return result.kind === 'failed' && result.mayHaveArrived
      ? MAY_HAVE_ARRIVED
      : judgePagerduty(result, context.nowMs);
  },
};

function changeOf(notice: Notice, context: SendContext): object {
  const words = noticeWords(notice, context);
  return {
    routing_key: context.secrets.routingKey ?? '',
    payload: {
      summary: fitText(`${notice.isTest ? '[TEST] ' : ''}${words.sentence}`, SUMMARY_MAX, escapeService),
      source: fitText(notice.app === '' ? notice.instance.host : notice.app, 255, escapeService),
      timestamp: new Date(notice.event?.atMs ?? notice.atMs).toISOString(),
      custom_details: notice.event === null ? {} : detailsOf(notice, notice.event),
    },
    links: words.links.map(({ label, url }) => ({ href: url, text: label })),
  };
}

function detailsOf(notice: Notice, event: NoticeEvent): object {
  const text = (value: string) => fitText(value, 1_000, escapeService);
  return {
    app: text(notice.app),
    kind: event.kind,
    key: text(event.key),
    ...(event.version !== null && { release: `v${event.version}` }),
    ...(event.what !== '' && { what: text(event.what) }),
    ...(event.by !== '' && { by: text(event.by) }),
  };
}
