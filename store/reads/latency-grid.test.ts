import { expect, test } from 'vitest';
import { trimGrid } from './latency-grid.ts';

const row = (cells: Record<number, number>) => Array.from({ length: 64 }, (_, i) => cells[i] ?? 0);

test('rows without a request at either end are cut off, points without any are null', () => {
  const grid = trimGrid([row({ 10: 1, 12: 3 }), null, row({}), row({ 11: 2 })]);
  expect(grid.counts).toEqual([[1, 0, 3], null, null, [0, 2, 0]]);
  expect(grid.lowMs).toHaveLength(3);
  expect(grid.highMs).toBeGreaterThan(grid.lowMs[2] ?? 0);
});

test('without a request there are no rows', () => {
  expect(trimGrid([null, row({})])).toEqual({ lowMs: [], highMs: 0, counts: [null, null] });
});
