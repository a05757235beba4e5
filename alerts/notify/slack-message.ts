/**
 * A notice as Slack shows it: blocks, a coloured bar, and the text that stands for them in lists and on phones.
 * Bounds from Slack's "Reference: blocks"; that of all blocks together is not written anywhere and answered by
 * `msg_blocks_too_long` (about 13,000 characters).
 */
import type { Notice } from '../../model/notice.ts';
import { type NoticeWords, noticeWords, type Tone } from '../../model/notice-text.ts';
import { escapeService, escapeSlack, slackUrl } from './escape.ts';
import { settingText } from './exchange.ts';
import { fitMessage, fitText, lengthOf } from './layout.ts';
import type { SendContext } from './receiver.ts';

const HEADER_MAX = 150;
const SECTION_MAX = 3_000;
const FIELD_MAX = 2_000;
const FIELDS_MAX = 8;
const TEXT_MAX = 4_000;
const ALL_MAX = 12_000;
const URL_MAX = 3_000;

type MessageContext = Pick<SendContext, 'settings' | 'mayRepeat' | 'isCombined' | 'isQuiet'>;

export interface SlackMessage {
  text: string;
  blocks: object[];
  attachments: object[];
}

const COLOURS: Record<Tone, string> = { bad: '#c4314b', warn: '#c98a00', quiet: '#6b7280', good: '#2e7d32' };

/** Switches that keep Slack from making links, previews and mentions by itself. */
export const SLACK_PLAIN = {
  parse: 'none',
  link_names: false,
  unfurl_links: false,
  unfurl_media: false,
} as const;

export function slackMessage(notice: Notice, context: MessageContext) {
  const words = noticeWords(notice, context);
  const mention = mentionOf(notice, context);
  return fitMessage(
    words,
    (smaller) => buildMessage(smaller, mention),
    ({ blocks, attachments }) => lengthOf(JSON.stringify([blocks, attachments])) <= ALL_MAX,
  );
}

/** The same without any layout: for what is refused because of it. */
export function bareMessage({ text }: SlackMessage): { text: string } {
  return { text };
}

/** What is new, for the thread below the message that has been kept up to date. */
export function slackReply(notice: Notice, context: MessageContext) {
  const words = noticeWords(notice, context);
  const mention = mentionOf(notice, context);
  const told = [words.change, words.sentence].filter((part) => part !== '').join(' ');
  const head = `${prefixed(mention)}*${fitText(words.state, 50, escapeSlack)}* `;
  const text = `${head}${fitText(told === '' ? words.headline : told, TEXT_MAX - 300, escapeSlack)}`;
  return { text, blocks: [section(text)], attachments: [] };
}

function buildMessage(words: NoticeWords, mention: string): SlackMessage {
  const told = [words.change, words.sentence].filter((part) => part !== '').join(' ');
  const blocks = [
    header(words.headline),
    ...(told === '' && mention === ''
      ? []
      : [section(`${prefixed(mention)}${fitText(told, SECTION_MAX - 60, escapeSlack)}`)]),
    ...listBlock(words),
    ...fieldBlock(words),
    ...bulletBlock(
      'Likely cause',
      words.causes.map((text) => ({ text, url: '' })),
    ),
    ...bulletBlock('First things to check', words.checks),
    ...linkBlock(words),
  ];
  const headline = fitText(words.headline, HEADER_MAX, escapeSlack);
  return {
    text: `${prefixed(mention)}${headline}${told === '' ? '' : ` – ${fitText(told, TEXT_MAX - 300, escapeSlack)}`}`,
    blocks,
    attachments: [{ color: COLOURS[words.tone], fallback: headline, blocks: [contextBlock(words.context)] }],
  };
}

/** Only what an operator entered, and only where it is to wake somebody. */
function mentionOf(notice: Notice, { settings, isQuiet }: MessageContext): string {
  const mention = settingText(settings, 'mention');
  const isCalling = notice.kind === 'trigger' && notice.severity === 'page' && !isQuiet && !notice.isTest;
  if (!isCalling || mention === '') return '';
  if (mention === 'here' || mention === 'channel') return `<!${mention}>`;
  if (!/^[USW][A-Z0-9]{2,30}$/.test(mention)) return '';
  return mention.startsWith('S') ? `<!subteam^${mention}>` : `<@${mention}>`;
}

function prefixed(mention: string): string {
  return mention === '' ? '' : `${mention} `;
}

/** Plain text: Slack reads no entities in it, so signs are replaced; without `emoji` no names between colons. */
function header(headline: string): object {
  return {
    type: 'header',
    text: { type: 'plain_text', emoji: false, text: fitText(headline, HEADER_MAX, escapeService) },
  };
}

/** `verbatim`: addresses and names in the text are left as they are. */
function mrkdwn(text: string): object {
  return { type: 'mrkdwn', verbatim: true, text };
}

function section(text: string): object {
  return { type: 'section', text: mrkdwn(text) };
}

function fieldBlock({ facts }: NoticeWords): object[] {
  if (facts.length === 0) return [];
  const fields = facts.slice(0, FIELDS_MAX).map(({ label, value }) => {
    return mrkdwn(`*${fitText(label, 100, escapeSlack)}*\n${fitText(value, FIELD_MAX - 200, escapeSlack)}`);
  });
  return [{ type: 'section', fields }];
}

function listBlock({ list }: NoticeWords): object[] {
  return list.length === 0 ? [] : [section(bullets(list, SECTION_MAX))];
}

function bulletBlock(title: string, lines: readonly { text: string; url: string }[]): object[] {
  return lines.length === 0 ? [] : [section(`*${title}*\n${bullets(lines, SECTION_MAX - 100)}`)];
}

/** Whole lines only, as many as there is room for. */
function bullets(lines: readonly { text: string; url: string }[], max: number): string {
  let all = '';
  for (const { text, url } of lines) {
    const shown = fitText(text, 600, escapeSlack);
    const line = `• ${url === '' ? shown : link(url, shown)}`;
    if (lengthOf(all) + lengthOf(line) + 1 > max) break;
    all += all === '' ? line : `\n${line}`;
  }
  return all;
}

function link(url: string, shown: string): string {
  const escaped = slackUrl(url);
  return escaped.length > URL_MAX - 500 ? shown : `<${escaped}|${shown.replace(/\|/g, '/')}>`;
}

function linkBlock({ links }: NoticeWords): object[] {
  const all = links.map(({ label, url }) => link(url, escapeSlack(label)));
  const fitting = all.filter((_, n) => lengthOf(all.slice(0, n + 1).join(' · ')) <= SECTION_MAX);
  return fitting.length === 0 ? [] : [section(fitting.join(' · '))];
}

function contextBlock(text: string): object {
  return { type: 'context', elements: [mrkdwn(fitText(text, FIELD_MAX, escapeSlack))] };
}
