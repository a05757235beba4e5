/** Bounds of receivers: texts cut at whole characters, messages made smaller until they fit. Pure. */
import type { NoticeWords } from '../../model/notice-text.ts';

const ELLIPSIS = '…';

/** Code points of a text: what most receivers count. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** At most `max` code points, the last an ellipsis where something is missing; never half of a pair. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const points = Array.from(text);
  return points.length <= max ? text : `${points.slice(0, Math.max(0, max - 1)).join('')}${ELLIPSIS}`;
}

/**
 * Escaped and at most `max` code points long. The text is cut, not what escaping made of it: half an entity is
 * no entity.
 */
export function fitText(text: string, max: number, escapeText: (text: string) => string): string {
  const whole = escapeText(text);
  if (lengthOf(whole) <= max) return whole;
  let [fits, tooLong] = [0, Math.min(lengthOf(text), max) + 1];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (lengthOf(escapeText(cutText(text, middle))) <= max) fits = middle;
    else tooLong = middle;
  }
  return fits === 0 ? '' : escapeText(cutText(text, fits));
}

/** How much of a message is left at each step of making it smaller. */
interface Measure {
  subject: number;
  sentence: number;
  value: number;
  facts: number;
  causes: number;
  checks: number;
  list: number;
  links: number;
}

const MEASURES: readonly Measure[] = [
  { subject: 250, sentence: 2000, value: 500, facts: 8, causes: 6, checks: 6, list: 40, links: 5 },
  { subject: 200, sentence: 1000, value: 200, facts: 8, causes: 3, checks: 3, list: 15, links: 5 },
  { subject: 150, sentence: 500, value: 100, facts: 5, causes: 1, checks: 1, list: 5, links: 2 },
  { subject: 100, sentence: 300, value: 60, facts: 0, causes: 0, checks: 0, list: 0, links: 1 },
];

/** The words, smaller with each step: what is least needed at three in the morning goes first. */
function shrink(words: NoticeWords, measure: Measure): NoticeWords {
  const cutAll = (texts: readonly string[], count: number) =>
    texts.slice(0, count).map((text) => cutText(text, measure.value * 2));
  const rest = words.list.length - measure.list;
  return {
    ...words,
    subject: cutText(words.subject, measure.subject),
    headline: cutText(words.headline, measure.subject + 30),
    sentence: cutText(words.sentence, measure.sentence),
    change: cutText(words.change, measure.sentence),
    facts: words.facts
      .slice(0, measure.facts)
      .map(({ label, value }) => ({ label, value: cutText(value, measure.value) })),
    causes: cutAll(words.causes, measure.causes),
    checks: words.checks
      .slice(0, measure.checks)
      .map(({ text, url }) => ({ text: cutText(text, measure.value * 2), url })),
    list: [
      ...words.list
        .slice(0, measure.list)
        .map(({ text, url }) => ({ text: cutText(text, measure.value), url })),
      ...(rest > 0 && measure.list > 0 ? [{ text: `and ${rest} more`, url: '' }] : []),
    ],
    links: words.links.slice(0, measure.links),
    context: cutText(words.context, measure.value * 2),
  };
}

/** The first of ever smaller messages that fits; the smallest where none does. */
export function fitMessage<Message>(
  words: NoticeWords,
  build: (words: NoticeWords) => Message,
  fits: (message: Message) => boolean,
): Message {
  let message = build(words);
  for (const measure of MEASURES) {
    message = build(shrink(words, measure));
    if (fits(message)) break;
  }
  return message;
}

/** Size of a body as it is sent. */
export function jsonBytes(body: unknown): number {
  return Buffer.byteLength(JSON.stringify(body));
}
