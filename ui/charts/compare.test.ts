import { expect, test } from 'vitest';
import { compareLabel, compareShiftS, formatDelta, moveOnto, readCompare, sumAll } from './compare.ts';

const columns = (t: number[], values: (number | null)[]) => ({
  t,
  series: [{ id: 'p95', label: 'p95', unit: 'ms', values }],
});

test('the other range is moved onto the points of the one shown, and unknown where it has none', () => {
  expect(moveOnto(columns([0, 60, 120], [5, null, 7]), 'p95', [600, 660, 720, 780], 600)).toEqual([
    5,
    null,
    7,
    null,
  ]);
  expect(moveOnto(columns([0], [5]), 'p99', [600], 600)).toEqual([null]);
});

test('it lies as far back as the range is long, or a week, in whole steps', () => {
  expect(compareShiftS('prev', 1000, 4601, 60)).toBe(3660);
  expect(compareShiftS('7d', 0, 3600, 3600)).toBe(604_800);
  expect(compareLabel(604_800)).toBe('7\u00a0d before');
  expect([readCompare('7d'), readCompare('prev'), readCompare('2y'), readCompare(null)]).toEqual([
    '7d',
    'prev',
    null,
    null,
  ]);
});

test('differences are told in percent, many times as times, and nothing of what is unknown', () => {
  expect(formatDelta(138, 100)).toBe('+38\u00a0%');
  expect(formatDelta(96, 100)).toBe('−4\u00a0%');
  expect(formatDelta(100, 100)).toBe('±0');
  expect(formatDelta(1200, 100)).toBe('×12');
  expect(formatDelta(3, 0)).toBe('new');
  expect(formatDelta(null, 3)).toBe('–');
});

test('a stack is summed by point, unknown where no series has a value', () => {
  const { t, series } = columns([0, 60], [1, null]);
  const other = { id: 'b', label: 'b', unit: 'count', values: [2, null] };
  expect(sumAll({ t, series: [...series, other] })).toEqual([3, null]);
});
