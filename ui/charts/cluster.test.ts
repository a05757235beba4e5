import { expect, it } from 'vitest';
import { clusterMarks } from './cluster.ts';

const sizes = (at: number[]) => clusterMarks(at, (one) => one, 26).map((cluster) => cluster.items.length);

it('gathers marks that would overlap', () => {
  expect(sizes([100, 0, 10, 25, 200])).toEqual([3, 1, 1]);
});

it('does not chain a long row of near marks into one', () => {
  expect(sizes([0, 20, 40, 60])).toEqual([2, 2]);
});
