import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERASED, erasedText } from './erased-text.ts';

test('SEC-49 a text is found as it stands and as addresses carry it, in any case', () => {
  const { hide, isIn } = erasedText('Mrs Jones');
  expect(hide('/p/Mrs%20Jones/MRS+JONES?mrs jones')).toBe(`/p/${ERASED}/${ERASED}?${ERASED}`);
  expect(isIn('/p/MrsJones')).toBe(false);
  expect(erasedText('Müller').hide('/p/m%c3%bcller/müller')).toBe(`/p/${ERASED}/${ERASED}`);
});

test('SEC-49 whatever a text consists of is taken as it stands', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 3, maxLength: 20, unit: 'binary-ascii' }),
      fc.string(),
      (text, other) => {
        fc.pre(text.trim().length >= 3);
        const { hide, isIn } = erasedText(text);
        expect(hide(text)).toBe(ERASED);
        expect(isIn(`${other}${text.toUpperCase()}${other}`)).toBe(true);
        if (!other.toLowerCase().includes(text.toLowerCase().slice(0, 3))) {
          fc.pre(!isIn(other));
          expect(hide(other)).toBe(other);
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(() => erasedText(' a ')).toThrow(RangeError);
});
