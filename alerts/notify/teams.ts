/**
 * Microsoft Teams by a workflow ("When a Teams webhook request is received"): Adaptive Cards only, no change in
 * place, no idempotence. The address carries its own signature and is a secret.
 */
import type { Notice } from '../../model/notice.ts';
import { type NoticeWords, noticeWords, type Tone } from '../../model/notice-text.ts';
import { checkReceiver } from '../../model/receiver-forms.ts';
import type { OutboundResult } from '../outbound.ts';
import { cleanText, escapeTeams, withoutLinks } from './escape.ts';
import { sendJson } from './exchange.ts';
import { fitMessage, fitText, jsonBytes } from './layout.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';

/** Cards of about 28 KB are refused; the envelope is counted too. */
const CARD_BYTES_MAX = 24_000;
const TEXT_MAX = 2_000;
/** How the old connectors hid a refusal in a 200. */
const HIDDEN = /endpoint returned HTTP error (\d{3})/;

const COLOURS: Record<Tone, string> = { bad: 'Attention', warn: 'Warning', quiet: 'Default', good: 'Good' };

export const teams: Adapter = {
  kind: 'teams',
  folds: true,
  check: (settings, secrets) => checkReceiver('teams', settings, secrets),
  // 60 in 30 s, 100 an hour and 1,800 a day were the bounds of the old connectors: bursts are fine, a stream is not.
  rate: (_, secrets) => ({ key: `teams:${secrets.url ?? ''}`, burst: 4, perMinute: 10 }),
  async send(notice, context) {
    // Every message is a new one here, and calls people.
    if (context.isQuiet) return { kind: 'delivered' };
    const url = context.secrets.url ?? '';
    return judge(await sendJson(context, url, bodyOf(notice, context)), context.nowMs);
  },
};

function judge(result: OutboundResult, nowMs: number): SendResult {
  const common = resultOf(result, nowMs);
  if (result.kind === 'failed') return common;
  const hidden = common.kind === 'delivered' ? HIDDEN.exec(result.body.toString()) : null;
  if (hidden !== null) {
    const told = resultOf({ ...result, status: Number(hidden[1]) }, nowMs);
    return told.kind === 'delivered'
      ? told
      : { ...told, reason: `${told.reason}, inside a ${result.status}` };
  }
  // The workflow is gone or may not post: it dies with the account it belongs to.
  if (common.kind === 'permanent' && common.unhealthy) {
    return { ...common, reason: `${common.reason}: the workflow is gone or may not post` };
  }
  return common;
}

function bodyOf(notice: Notice, context: SendContext): object {
  const words = noticeWords(notice, context);
  return fitMessage(words, buildBody, (body) => jsonBytes(body) <= CARD_BYTES_MAX);
}

function buildBody(words: NoticeWords): object {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    msteams: { width: 'full' },
    body: cardBody(words),
    actions: words.links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
  };
  return {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  };
}

function cardBody(words: NoticeWords): object[] {
  const block = (text: string, more: object = {}) => ({ type: 'TextBlock', text, wrap: true, ...more });
  const lines = (texts: readonly { text: string; url: string }[]) =>
    texts.map(({ text, url }) => `- ${markdownLink(fitText(text, 600, escapeTeams), url)}`).join('\n');
  const named = (title: string, texts: readonly { text: string; url: string }[]) =>
    texts.length === 0 ? [] : [block(title, { weight: 'Bolder' }), block(lines(texts))];
  const told = [words.change, words.sentence].filter((part) => part !== '').join(' ');
  // Facts are shown as they are written.
  const facts = words.facts.map(({ label, value }) => ({
    title: label,
    value: fitText(value, TEXT_MAX, (text) => escapeTeams(withoutLinks(cleanText(text)))),
  }));
  return [
    block(fitText(words.headline, 300, escapeTeams), {
      weight: 'Bolder',
      size: 'Medium',
      color: COLOURS[words.tone],
    }),
    ...(told === '' ? [] : [block(fitText(told, TEXT_MAX, escapeTeams))]),
    ...(words.list.length === 0 ? [] : [block(lines(words.list))]),
    ...(facts.length === 0 ? [] : [{ type: 'FactSet', facts }]),
    ...named(
      'Likely cause',
      words.causes.map((text) => ({ text, url: '' })),
    ),
    ...named('First things to check', words.checks),
    block(fitText(words.context, 500, escapeTeams), { isSubtle: true, size: 'Small' }),
  ];
}

function markdownLink(text: string, url: string): string {
  return url === '' ? text : `[${text}](${url.replace(/[()\s]/g, encodeURIComponent)})`;
}
