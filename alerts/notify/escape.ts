/**
 * Text as each receiver must be given it (SEC-35). Whatever is told may come from a log line or a form: a name, a
 * path, a reason. It must never become a mention, a link, a header or markup of the place that shows it. Every
 * function takes plain text and gives one line, but `escapeLines`.
 */

/** Controls, line ends, and marks that turn the direction of text (I-43, I-46). */
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
/** Breaks what programs take for an address when they see it in plain text. */
const BREAK = '\u200b';

/** One line without controls; whole characters only. */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(TURNING, '').replace(CONTROLS, ' ').replace(/ {2,}/g, ' ').trim();
}

/** Addresses in it are no links for programs that make them by themselves. */
export function withoutLinks(text: string): string {
  return text
    .replace(/:\/\//g, `:${BREAK}//`)
    .replace(/\b(www)\./gi, `$1${BREAK}.`)
    .replace(/@/g, `${BREAK}@${BREAK}`)
    .replace(/\b(mailto|tel|javascript|data):/gi, `$1${BREAK}:`);
}

/** Slack: three entities disarm `<!channel>`, `<@U1>`, `<url|text>`. */
export function escapeSlack(text: string): string {
  return withoutLinks(cleanText(text)).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** An address of ours inside `<…|…>`: what could end it is encoded. */
export function slackUrl(url: string): string {
  return url.replace(/[<>|\s]/g, encodeURIComponent).replace(/&/g, '&amp;');
}

/** Discord and other Markdown with backslashes; mentions are broken besides being switched off. */
export function escapeDiscord(text: string): string {
  return withoutLinks(cleanText(text)).replace(/[\\*_~`|>#[\]()<-]/g, '\\$&');
}

/** Text blocks of Adaptive Cards: a part of Markdown; `<at>` is a mention. */
export function escapeTeams(text: string): string {
  return withoutLinks(cleanText(text))
    .replace(/[\\_*[\]()#`~]/g, '\\$&')
    .replace(/</g, '‹')
    .replace(/>/g, '›');
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML text and quoted attributes. */
export function escapeHtml(text: string): string {
  return withoutLinks(cleanText(text)).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
}

/** An address of ours as an attribute. */
export function htmlUrl(url: string): string {
  return url.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
}

/** Plain text that a mail program shows. */
export function escapePlain(text: string): string {
  return withoutLinks(cleanText(text));
}

/** Services that keep text as data and may show it as HTML. */
export function escapeService(text: string): string {
  return withoutLinks(cleanText(text)).replace(/</g, '‹').replace(/>/g, '›');
}

/** The value of a header: one line of characters, never a second header. */
export function headerText(text: string): string {
  return withoutLinks(cleanText(text));
}
