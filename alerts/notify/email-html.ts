/** A notice as HTML of a mail: inline styles, no images, nothing loaded from anywhere. */
import type { NoticeWords, Tone } from '../../model/notice-text.ts';
import { escapeHtml, htmlUrl } from './escape.ts';

const COLOURS: Record<Tone, string> = { bad: '#b3261e', warn: '#9a6700', quiet: '#57606a', good: '#1a7f37' };
const FONT =
  'font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif;font-size:15px;line-height:1.45;color:#1f2328';

export function emailHtml(words: NoticeWords): string {
  const told = [words.change, words.sentence]
    .filter((part) => part !== '')
    .map(escapeHtml)
    .join(' ');
  const parts = [
    `<h1 style="font-size:18px;margin:0 0 12px;padding-left:10px;border-left:4px solid ${COLOURS[words.tone]}">${escapeHtml(words.headline)}</h1>`,
    told === '' ? '' : `<p style="margin:0 0 12px">${told}</p>`,
    list(words.list),
    table(words),
    named(
      'Likely cause',
      words.causes.map((text) => ({ text, url: '' })),
    ),
    named('First things to check', words.checks),
    words.links.length === 0
      ? ''
      : `<p style="margin:12px 0">${words.links.map(({ label, url }) => link(escapeHtml(label), url)).join(' &middot; ')}</p>`,
    `<p style="margin:12px 0 0;color:#57606a;font-size:13px">${escapeHtml(words.context)}</p>`,
  ];
  const body = parts.filter((part) => part !== '').join('\n');
  return `<!doctype html>\n<html lang="en"><body style="margin:0;padding:16px;${FONT}">\n${body}\n</body></html>\n`;
}

function table({ facts }: NoticeWords): string {
  if (facts.length === 0) return '';
  const rows = facts.map(
    ({ label, value }) =>
      `<tr><th style="text-align:left;vertical-align:top;padding:2px 12px 2px 0;color:#57606a;font-weight:normal">${escapeHtml(label)}</th><td style="padding:2px 0">${escapeHtml(value)}</td></tr>`,
  );
  return `<table style="border-collapse:collapse;margin:0 0 12px">\n${rows.join('\n')}\n</table>`;
}

function named(title: string, lines: readonly { text: string; url: string }[]): string {
  return lines.length === 0
    ? ''
    : `<p style="margin:0 0 4px"><strong>${escapeHtml(title)}</strong></p>\n${list(lines)}`;
}

function list(lines: readonly { text: string; url: string }[]): string {
  if (lines.length === 0) return '';
  const items = lines.map(({ text, url }) => `<li>${link(escapeHtml(text), url)}</li>`);
  return `<ul style="margin:0 0 12px;padding-left:20px">\n${items.join('\n')}\n</ul>`;
}

function link(html: string, url: string): string {
  return url === '' ? html : `<a href="${htmlUrl(url)}" style="color:#0b57d0">${html}</a>`;
}
