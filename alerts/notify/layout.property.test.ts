import fc from 'fast-check';
import { expect, it } from 'vitest';
import { noticeWords } from '../../model/notice-text.ts';
import { hostile } from '../../test/notices.ts';
import { escapeHtml, escapeSlack } from './escape.ts';
import { cutText, fitMessage, fitText, jsonBytes, lengthOf } from './layout.ts';

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const maxima = fc.integer({ min: 0, max: 40 });

it('a cut text has at most so many code points and never half a pair', () => {
  fc.assert(
    fc.property(texts, maxima, (text, max) => {
      const cut = cutText(text.toWellFormed(), max);
      expect(lengthOf(cut)).toBeLessThanOrEqual(Math.max(max, 1));
      expect(cut.isWellFormed()).toBe(true);
      if (lengthOf(text.toWellFormed()) <= max) expect(cut).toBe(text.toWellFormed());
      else expect(cut.endsWith('…')).toBe(true);
    }),
  );
  expect(cutText('🔥🔥🔥', 2)).toBe('🔥…');
});

it('an escaped text fits, is as long as it can be, and ends in no half of an entity', () => {
  fc.assert(
    fc.property(texts, maxima, (text, max) => {
      for (const escapeText of [escapeSlack, escapeHtml]) {
        const fitted = fitText(text, max, escapeText);
        expect(lengthOf(fitted)).toBeLessThanOrEqual(max);
        expect(fitted.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        if (lengthOf(escapeText(text)) <= max) expect(fitted).toBe(escapeText(text));
      }
    }),
  );
  expect(fitText('<<<<', 9, escapeSlack)).toBe('&lt;&lt;…');
});

it('a message is made smaller until it fits, keeping what happens and the first link longest', () => {
  const words = noticeWords(hostile(20), { mayRepeat: false, isCombined: false });
  const sizes = [40_000, 10_000, 4_000, 2_500].map((max) => {
    const message = fitMessage(
      words,
      (smaller) => smaller,
      (one) => jsonBytes(one) <= max,
    );
    expect(message.sentence).not.toBe('');
    expect(message.links[0]).toEqual(words.links[0]);
    return jsonBytes(message);
  });
  expect(sizes[0]).toBeLessThanOrEqual(40_000);
  expect(sizes[1]).toBeLessThanOrEqual(10_000);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
});
