import { expect, test } from 'vitest';
import * as series from './series.ts';

const kinds = Object.entries(series).filter(
  ([name]) => name.startsWith('SERIES_') && !name.endsWith('_MAX'),
) as [string, number][];

test('no two kinds share a number', () => {
  expect(kinds.length).toBeGreaterThanOrEqual(12);
  expect(new Set(kinds.map(([, kind]) => kind)).size).toBe(kinds.length);
});

test('metrics are samples, everything else is counted', () => {
  for (const [name, kind] of kinds) {
    const isSample = name.endsWith('_METRIC') || name === 'SERIES_CUSTOM';
    expect([name, series.isCountKind(kind)]).toEqual([name, !isSample]);
  }
});

test('a key of several parts is told apart at tabs', () => {
  expect(series.seriesKey('web.1', 'memory_total')).toBe('web.1\tmemory_total');
  expect(series.seriesKey('H12')).toBe('H12');
});
