import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Interner } from './intern.ts';
import { wordsOf } from './scan.ts';

const same = (raw: string) => ({ text: raw, notes: 0, redactions: 0 });

test('the same bytes give the same term, other bytes another one', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 })), (texts) => {
      const interner = new Interner(same, 1024);
      const terms = new Map<string, unknown>();
      for (const text of [...texts, ...texts]) {
        const bytes = Buffer.from(`xx${text}yy`, 'utf8');
        const term = interner.term(wordsOf(bytes), 2, bytes.length - 2);
        const raw = bytes.toString('utf8', 2, bytes.length - 2);
        expect(term.text).toBe(raw);
        expect(terms.get(raw) ?? term).toBe(term);
        terms.set(raw, term);
      }
      expect(interner.size).toBe(terms.size);
    }),
  );
});

test('C-02 an interner never holds more than its bound and stays right past it', () => {
  const interner = new Interner(same, 64);
  for (let i = 0; i < 10_000; i++) {
    const bytes = Buffer.from(`/item/${i}`);
    expect(interner.term(wordsOf(bytes), 0, bytes.length).text).toBe(`/item/${i}`);
    expect(interner.size).toBeLessThanOrEqual(64);
  }
});

test('bytes that are not UTF-8 are read with replacement', () => {
  const interner = new Interner(same, 8);
  expect(interner.term(wordsOf(Uint8Array.of(0x61, 0xff, 0x62)), 0, 3).text).toBe('a�b');
});
