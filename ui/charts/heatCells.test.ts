import { expect, test } from 'vitest';
import { heatLevel, levelsOf, rowAt, SHADES, tickDurations, yOfMs } from './heatCells.ts';

const rows = { lowMs: [10, 100, 1000], highMs: 10_000 };

test('durations lie on a logarithmic scale between the lowest row and the end of the highest', () => {
  expect(yOfMs(rows, 10)).toBe(0);
  expect(yOfMs(rows, 100)).toBeCloseTo(1 / 3);
  expect(yOfMs(rows, 10_000)).toBe(1);
  expect(yOfMs(rows, 1)).toBe(0);
  expect([rowAt(rows, 0), rowAt(rows, 0.4), rowAt(rows, 0.99), rowAt(rows, 1.2)]).toEqual([0, 1, 2, null]);
});

test('one request is seen, and the fullest cell is darkest', () => {
  const { most } = levelsOf({ counts: [[1, 500], null, [20, 0]] });
  expect(most).toBe(500);
  expect([heatLevel(1, most), heatLevel(500, most)]).toEqual([0, SHADES - 1]);
  expect(heatLevel(1, 1)).toBe(SHADES - 1);
});

test('axes have powers of ten, and thirds where those are few', () => {
  expect(tickDurations(rows)).toEqual([10, 100, 1000, 10_000]);
  expect(tickDurations({ lowMs: [20], highMs: 400 })).toEqual([30, 100, 300]);
});
