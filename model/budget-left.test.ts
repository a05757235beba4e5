import { expect, test } from 'vitest';
import { leftPercent, sayLeft } from './budget-left.ts';

test.each([
  [1, 100],
  [0.9199, 91],
  [0.9987, 99.8],
  [0.9999, 99.9],
  [0.0537, 5.3],
  [0.1, 10],
  [0.29, 29],
  [0, 0],
  [-0.386, -39],
  [-0.05, -5],
])('%s of a budget is %s per cent: never more than there is', (remaining, percent) => {
  expect(leftPercent(remaining)).toBe(percent);
  expect(sayLeft(remaining)).toBe(`${Math.abs(percent)} %`);
});
