/**
 * Discord's webhook: one message an incident, kept up to date by its id. Many refused calls ban the address of ours
 * (10,000 in ten minutes), so a webhook that is gone is given up at once (discord-api-docs, rate-limits).
 */
import type { Notice } from '../../model/notice.ts';
import { type NoticeWords, noticeWords, type Tone } from '../../model/notice-text.ts';
import { checkReceiver } from '../../model/receiver-forms.ts';
import type { OutboundResult } from '../outbound.ts';
import { escapeDiscord, escapePlain } from './escape.ts';
import { readJson, sendJson, settingText, textIn } from './exchange.ts';
import { fitMessage, fitText, lengthOf } from './layout.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';

const CONTENT_MAX = 2_000;
const TITLE_MAX = 256;
const DESCRIPTION_MAX = 4_096;
const FIELD_NAME_MAX = 256;
const FIELD_VALUE_MAX = 1_024;
const FOOTER_MAX = 2_048;
/** Over all texts of the embeds. */
const ALL_MAX = 6_000;
/** "Unknown Message": somebody deleted ours, the webhook is well. */
const UNKNOWN_MESSAGE = 10_008;

const COLOURS: Record<Tone, number> = { bad: 0xc4314b, warn: 0xc98a00, quiet: 0x6b7280, good: 0x2e7d32 };
const NO_MENTIONS = { allowed_mentions: { parse: [] } };

interface Embed {
  title: string;
  url?: string;
  description: string;
  color: number;
  fields: { name: string; value: string; inline: boolean }[];
  footer: { text: string };
}

export const discord: Adapter = {
  kind: 'discord',
  folds: true,
  check: (settings, secrets) => checkReceiver('discord', settings, secrets),
  rate: (_, secrets) => ({ key: `discord:${secrets.url ?? ''}`, burst: 5, perMinute: 30 }),
  async send(notice, context) {
    const { messageId } = context.reference;
    const isEdit = messageId !== undefined && isKeptUpToDate(notice, context);
    if (isEdit) {
      const edited = await sendEmbed(notice, context, messageId);
      if (!isUnknownMessage(edited)) return judge(edited, context.nowMs);
    }
    return judge(await sendEmbed(notice, context, null), context.nowMs);
  },
};

/** An edit calls nobody: what opens again or is to be remembered is a message of its own. */
function isKeptUpToDate(notice: Notice, { kind, isQuiet }: SendContext): boolean {
  if (notice.incident === null || kind === 'test' || kind === 'digest' || kind === 'watch') return false;
  return isQuiet || (kind !== 'trigger' && kind !== 'reminder');
}

/** A message, or the change of one; without layout when that is what it is refused for. */
async function sendEmbed(
  notice: Notice,
  context: SendContext,
  messageId: string | null,
): Promise<OutboundResult> {
  const embed = embedOf(noticeWords(notice, context));
  const send = (body: object) =>
    sendJson(
      context,
      addressOf(context, messageId),
      { ...body, ...NO_MENTIONS },
      {
        method: messageId === null ? 'POST' : 'PATCH',
      },
    );
  const first = await send({ embeds: [embed] });
  if (first.kind !== 'answer' || first.status !== 400) return first;
  const content = fitText(`${embed.title}\n${embed.description}`, CONTENT_MAX, (text) => text);
  return send({ content, ...(messageId !== null && { embeds: [] }) });
}

/** With `wait` the answer is the message; without it nobody says whether it was saved. */
function addressOf({ secrets, settings }: SendContext, messageId: string | null): string {
  const url = new URL(secrets.url ?? '');
  const thread = settingText(settings, 'threadId');
  if (messageId === null) url.searchParams.set('wait', 'true');
  else url.pathname = `${url.pathname.replace(/\/+$/, '')}/messages/${encodeURIComponent(messageId)}`;
  if (thread !== '') url.searchParams.set('thread_id', thread);
  return url.toString();
}

function isUnknownMessage(result: OutboundResult): boolean {
  return result.kind === 'answer' && result.status === 404 && readJson(result).code === UNKNOWN_MESSAGE;
}

function judge(result: OutboundResult, nowMs: number): SendResult {
  const common = resultOf(result, nowMs);
  if (result.kind === 'failed') return common;
  if (common.kind === 'delivered') {
    const messageId = textIn(readJson(result), 'id');
    return /^\d{1,25}$/.test(messageId) ? { kind: 'delivered', reference: { messageId } } : common;
  }
  const isGone = result.status === 401 || result.status === 403 || result.status === 404;
  return isGone
    ? { kind: 'disable', reason: `Discord answered ${result.status}: the webhook is gone` }
    : common;
}

function embedOf(words: NoticeWords): Embed {
  return fitMessage(words, buildEmbed, (embed) => embedLength(embed) <= ALL_MAX);
}

function embedLength({ title, description, fields, footer }: Embed): number {
  const texts = [title, description, footer.text, ...fields.flatMap(({ name, value }) => [name, value])];
  return texts.reduce((sum, text) => sum + lengthOf(text), 0);
}

function buildEmbed(words: NoticeWords): Embed {
  const [main, ...others] = words.links;
  const told = [words.change, words.sentence].filter((part) => part !== '').join(' ');
  const lines = (texts: readonly { text: string; url: string }[]) =>
    texts.map(({ text, url }) => `- ${maskedLink(fitText(text, 500, escapeDiscord), url)}`);
  const sections = [
    [fitText(told, 2_000, escapeDiscord)],
    lines(words.list),
    named('Likely cause', lines(words.causes.map((text) => ({ text, url: '' })))),
    named('First things to check', lines(words.checks)),
    [others.map(({ label, url }) => maskedLink(label, url)).join(' · ')],
  ];
  return {
    title: fitText(words.headline, TITLE_MAX, escapeDiscord),
    ...(main !== undefined && { url: main.url }),
    description: joinWhole(
      sections.flatMap((section) => [...section, '']),
      DESCRIPTION_MAX,
    ),
    color: COLOURS[words.tone],
    fields: words.facts.slice(0, 25).map(({ label, value }) => ({
      name: fitText(label, FIELD_NAME_MAX, escapeDiscord),
      value: fitText(value, FIELD_VALUE_MAX, escapeDiscord),
      inline: value.length <= 40,
    })),
    // Footers know no markup.
    footer: { text: fitText(words.context, FOOTER_MAX, escapePlain) },
  };
}

function named(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`**${title}**`, ...lines];
}

/** As many whole lines as there is room for. */
function joinWhole(lines: readonly string[], max: number): string {
  let all = '';
  for (const line of lines) {
    if (lengthOf(all) + lengthOf(line) + 1 > max) break;
    all += `${line}\n`;
  }
  return all.replace(/\n{3,}/g, '\n\n').trim();
}

function maskedLink(text: string, url: string): string {
  return url === '' ? text : `[${text}](${url.replace(/[()\s]/g, encodeURIComponent)})`;
}
