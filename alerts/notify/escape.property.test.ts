import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOSTILE_TEXT } from '../../test/notices.ts';
import {
  cleanText,
  escapeDiscord,
  escapeHtml,
  escapePlain,
  escapeService,
  escapeSlack,
  escapeTeams,
  headerText,
  htmlUrl,
  slackUrl,
} from './escape.ts';

/** Any text, with many of the signs that mean something to a receiver. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...'<>&@|*_`~[]()#\\"\'-:/.\r\n\0\u202e\u2066',
        '://',
        'www.',
        '<!',
        '<@',
        '\ud83d',
        'x',
      ),
    )
    .map((parts) => parts.join('')),
  fc.constant(HOSTILE_TEXT),
);
const each = (check: (text: string) => void) => fc.assert(fc.property(texts, check));

describe('SEC-35 escaping', () => {
  it('I-43 I-46 gives whole characters on one line, without controls and marks of direction', () => {
    for (const escapeText of [
      cleanText,
      escapeSlack,
      escapeDiscord,
      escapeTeams,
      escapeHtml,
      escapePlain,
      escapeService,
      headerText,
    ]) {
      each((text) => {
        const escaped = escapeText(text);
        expect(escaped.isWellFormed()).toBe(true);
        expect(escaped).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      });
    }
  });

  it('leaves no address and no name that programs make into links', () => {
    for (const escapeText of [
      escapeSlack,
      escapeDiscord,
      escapeTeams,
      escapeHtml,
      escapePlain,
      escapeService,
      headerText,
    ]) {
      each((text) => {
        const escaped = escapeText(text);
        expect(escaped).not.toMatch(/:\/\/|\bwww\.|@\w/i);
      });
    }
  });

  it('Slack: no sign that begins a mention or a link, and what is read is what was written', () => {
    each((text) => {
      const escaped = escapeSlack(text);
      expect(escaped).not.toMatch(/[<>]/);
      expect(escaped.replace(/&(?:amp|lt|gt);/g, '')).not.toContain('&');
      const read = escaped.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
      expect(read.replaceAll('\u200b', '')).toBe(cleanText(text).replaceAll('\u200b', ''));
    });
  });

  it('HTML: no tag, no attribute, no entity of its own', () => {
    each((text) => {
      const escaped = escapeHtml(text);
      expect(escaped).not.toMatch(/[<>"']/);
      expect(escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
    });
  });

  it('Discord: every sign of markup stands behind a backslash', () => {
    each((text) => {
      const unescaped = escapeDiscord(text).replace(/\\[\\*_~`|>#[\]()<-]/g, '');
      expect(unescaped).not.toMatch(/[\\*_~`|>#[\]()<-]/);
    });
  });

  it('Teams: likewise, and no tag', () => {
    each((text) => {
      const escaped = escapeTeams(text);
      expect(escaped).not.toMatch(/[<>]/);
      expect(escaped.replace(/\\[\\_*[\]()#`~]/g, '')).not.toMatch(/[\\_*[\]()#`~]/);
    });
  });

  it('addresses of ours cannot end early in what stands around them', () => {
    each((text) => {
      expect(slackUrl(text)).not.toMatch(/[<>|\s]/);
      expect(htmlUrl(text)).not.toMatch(/[<>"']/);
    });
  });
});
