import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fractionOf, parseDecimal, parseTarget, toNumber } from './target.ts';

describe('targets', () => {
  test('every decimal is the exact fraction that it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), (parts) => {
        const target = parseTarget(`0.${String(parts).padStart(9, '0')}`);
        if (!target.ok) throw new Error(target.error);
        expect(target.value.n * 1_000_000_000n).toBe(BigInt(parts) * target.value.d);
      }),
    );
  });

  test('trailing zeros do not matter, and 0.999 is 999/1000', () => {
    expect(parseTarget('0.9990')).toEqual({ ok: true, value: { n: 999n, d: 1000n } });
    expect(parseTarget('.5')).toEqual({ ok: true, value: { n: 1n, d: 2n } });
    expect(parseTarget('0.50000000000')).toEqual({ ok: true, value: { n: 1n, d: 2n } });
  });

  test.each([
    ['1', 'outOfRange'],
    ['0', 'outOfRange'],
    ['0.000', 'outOfRange'],
    ['99.9', 'outOfRange'],
    ['0.9999999999', 'tooManyDigits'],
    ['', 'notADecimal'],
    ['.', 'notADecimal'],
    ['-0.9', 'notADecimal'],
    ['0,9', 'notADecimal'],
    ['99.9%', 'notADecimal'],
    ['NaN', 'notADecimal'],
  ])('%j is refused: %s', (text, error) => {
    expect(parseTarget(text)).toEqual({ ok: false, error });
  });
});

describe('factors', () => {
  test('a float is taken for the plainest fraction it can be', () => {
    expect(fractionOf(14.4)).toEqual({ n: 72n, d: 5n });
    expect(fractionOf((100 * 10_080) / (1000 * 4320))).toEqual({ n: 7n, d: 30n });
    expect(fractionOf(0)).toEqual({ n: 0n, d: 1n });
    expect(fractionOf(1e-9)).toEqual({ n: 1n, d: 1_000_000_000n });
  });

  test('whatever comes out is the same float again, and a ratio of small integers is found exactly', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (value) => {
        const { n, d } = fractionOf(value);
        expect(toNumber({ n, d })).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 20_000 }), (n, d) => {
        const found = fractionOf(n / d);
        expect(found.n * BigInt(d)).toBe(BigInt(n) * found.d);
      }),
    );
  });
});

test('a quotient of integers of any size becomes the nearest float', () => {
  expect(toNumber({ n: 1n, d: 3n })).toBe(1 / 3);
  expect(toNumber({ n: -1n, d: 3n })).toBe(-1 / 3);
  expect(toNumber({ n: 2n * 10n ** 400n, d: 10n ** 401n })).toBe(0.2);
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: 1 }), (n, d) => {
      expect(toNumber({ n: BigInt(n), d: BigInt(d) })).toBe(n === 0 ? 0 : n / d);
    }),
  );
  expect(parseDecimal('1e-3')).toEqual({ n: 1n, d: 1000n });
});
