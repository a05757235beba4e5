import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markFirings, markSeries, perWeekText } from './firingMarks.ts';

const STEP = 3600;
const T = Array.from({ length: 48 }, (_, at) => at * STEP);
const span = fc
  .tuple(fc.integer({ min: -10, max: 50 * 60 }), fc.integer({ min: 0, max: 600 }))
  .map(([from, length]) => ({ fromMs: from * 60_000, toMs: (from + length) * 60_000 }));

test('exactly the points that touch a firing are marked, with the value of the line', () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 6 }), (firings) => {
      const marks = markFirings(T, STEP, firings, (index) => index + 1);
      for (const [index, startS] of T.entries()) {
        const [from, to] = [startS * 1000, (startS + STEP) * 1000];
        const touches = firings.some((one) => one.fromMs < to && Math.max(one.toMs, one.fromMs + 1) > from);
        expect(marks[index]).toBe(touches ? index + 1 : null);
      }
    }),
  );
});

test('what fires still is marked to the end, and a series without marks is none', () => {
  const marks = markFirings(T, STEP, [{ fromMs: 45 * STEP * 1000 + 1, toMs: null }], () => 0.5);
  expect(marks.filter((value) => value !== null)).toHaveLength(3);
  expect(
    markSeries(
      'pages',
      'pages',
      '',
      markFirings(T, STEP, [], () => 1),
    ),
  ).toEqual([]);
});

test.each([
  [0, 'none'],
  [0.5, 'about one in 2 weeks'],
  [1, 'about 1 a week'],
  [1.55, 'about 1.6 a week'],
])('%s a week reads as %s', (perWeek, text) => {
  expect(perWeekText(perWeek)).toBe(text);
});
