import { expect, test } from 'vitest';
import { historyLength, perWeek } from './history-length.ts';

const DAY = 1440;

test('nearly all of what was asked is all of it', () => {
  expect(historyLength(14 * DAY, 12 * DAY)).toEqual({ minutes: 14 * DAY, warning: '' });
  expect(perWeek(3, historyLength(14 * DAY, 14 * DAY))).toBe(1.5);
});

test('of a young app it is said how much there is, and no week is made up from hours', () => {
  const hours = historyLength(14 * DAY, 180);
  expect(hours).toEqual({
    minutes: 180,
    warning: 'Only the last 3 h are stored: how often a week that is cannot be told yet.',
  });
  expect(perWeek(1, hours)).toBe(1);
  expect(historyLength(14 * DAY, 5 * DAY).warning).toBe('Only the last 5 days are stored.');
  expect(perWeek(2, historyLength(14 * DAY, 0))).toBe(0);
});
