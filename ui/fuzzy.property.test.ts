import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzyScore, rankTargets } from './fuzzy.ts';

const targets = ['checkout-api', 'shop', 'web-shop', 'search', 'shopping', 'Drain health of shop'].map(
  (label) => ({
    id: label,
    label,
  }),
);
const labels = (text: string, recent?: string[]) =>
  rankTargets(targets, text, recent).map(({ label }) => label);

describe('rankTargets', () => {
  it('puts the name itself first, then what starts with the text, then words in it, then letters in order', () => {
    expect(labels('shop')).toEqual(['shop', 'shopping', 'web-shop', 'Drain health of shop']);
    expect(labels('cka')).toEqual(['checkout-api']);
    expect(labels('sh')[0]).toBe('shop');
    expect(labels('zzz')).toEqual([]);
  });

  it('wants every word, in any order and case', () => {
    expect(labels('SHOP drain')).toEqual(['Drain health of shop']);
    expect(labels('health  shop')).toEqual(['Drain health of shop']);
    expect(labels('health zebra')).toEqual([]);
  });

  it('puts what was chosen lately first among its like, and alone when nothing is typed', () => {
    expect(labels('', ['search', 'shop']).slice(0, 2)).toEqual(['search', 'shop']);
    expect(labels('sh', ['shopping'])[0]).toBe('shopping');
    // A name that is typed out is meant.
    expect(labels('shop', ['web-shop', 'shopping'])[0]).toBe('shop');
  });

  it('finds by other words, after those whose name says so', () => {
    const found = rankTargets(
      [
        { id: 'a', label: 'H12 on shop', also: 'Request timeout' },
        { id: 'b', label: 'timeout-service' },
      ],
      'timeout',
    );
    expect(found.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('every label answers to itself, to any part and to its letters with gaps, and never to a letter it has not', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/), fc.nat(), fc.nat(), (label, from, length) => {
        const at = from % label.length;
        const part = label.slice(at, at + 1 + (length % label.length));
        expect(fuzzyScore(label, label)).not.toBeNull();
        expect(fuzzyScore(label, part)).not.toBeNull();
        expect(fuzzyScore(label, [...label].filter((_, index) => index % 2 === 0).join(''))).not.toBeNull();
        expect(fuzzyScore(label, `${part}_`)).toBeNull();
        expect(fuzzyScore(label, label) ?? 0).toBeGreaterThanOrEqual(fuzzyScore(label, part) ?? 0);
      }),
    );
  });
});
