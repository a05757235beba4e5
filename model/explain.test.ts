import { describe, expect, test } from 'vitest';
import { type ExplainCells, rankChanges } from './explain.ts';
import { sayFinding } from './explain-sentence.ts';

const cell = (value: string, requests: number | null, hits: number, seen?: number) => ({
  value,
  requests,
  hits,
  ...(seen !== undefined && { seen }),
});

const DYNOS: ExplainCells = {
  attribute: 'dyno',
  range: [cell('web.1', 2500, 5), cell('web.2', 2500, 5), cell('web.3', 2500, 950), cell('web.4', 2500, 40)],
  baseline: [
    cell('web.1', 10_000, 25),
    cell('web.2', 10_000, 25),
    cell('web.3', 10_000, 1),
    cell('web.4', 10_000, 0),
  ],
};
const RANGE = { requests: 10_000, hits: 1000 };
const BASELINE = { requests: 40_000, hits: 51 };

describe('of an incident on one dyno', () => {
  const [first, ...rest] = rankChanges({ range: RANGE, baseline: BASELINE, cells: [DYNOS] });

  test('the dyno that fails ranks, the others do not', () => {
    expect(first?.value).toBe('web.3');
    expect(rest).toEqual([]);
    expect(first?.ofIncrease).toBeCloseTo(0.962, 2);
  });

  test('the sentence has the shares on both sides and the rate of the others', () => {
    expect(first && sayFinding(first, 'bad')).toBe(
      'web.3: 2 % → 95 % of the bad requests; 38 % of its requests fail, others 0.67 %.',
    );
  });
});

test('a dyno with more of the bad requests only because it takes more requests explains nothing', () => {
  const cells: ExplainCells = {
    attribute: 'dyno',
    range: [cell('web.1', 9000, 900), cell('web.2', 1000, 100)],
    baseline: [cell('web.1', 5000, 50), cell('web.2', 5000, 50)],
  };
  const input = { range: RANGE, baseline: { requests: 10_000, hits: 100 }, cells: [cells] };
  expect(rankChanges(input)).toEqual([]);
});

test('the only host and the usual method have no change of share', () => {
  const cells: ExplainCells = {
    attribute: 'host',
    range: [cell('shop.example.com', 10_000, 1000)],
    baseline: [cell('shop.example.com', 40_000, 51)],
  };
  expect(rankChanges({ range: RANGE, baseline: BASELINE, cells: [cells] })).toEqual([]);
});

test('a release that took over all requests ranks when requests fail more than before it', () => {
  const cells: ExplainCells = {
    attribute: 'release',
    range: [cell('214', 10_000, 1000)],
    baseline: [cell('213', 40_000, 51)],
  };
  const [first] = rankChanges({ range: RANGE, baseline: BASELINE, cells: [cells] });
  expect(first && sayFinding(first, 'bad')).toBe(
    'v214: none → 100 % of the bad requests; 10 % of its requests fail.',
  );
  const calm = {
    range: { requests: 10_000, hits: 13 },
    baseline: BASELINE,
    cells: [{ ...cells, range: [cell('214', 10_000, 13)] }],
  };
  expect(rankChanges(calm)).toEqual([]);
});

test('a handful of bad requests is not explained', () => {
  const cells: ExplainCells = { attribute: 'code', range: [cell('H12', null, 4)], baseline: [] };
  expect(rankChanges({ range: { requests: 100, hits: 4 }, baseline: BASELINE, cells: [cells] })).toEqual([]);
});

test('an estimate is believed no more than the sample it stands on', () => {
  const cells = (seen?: number): ExplainCells => ({
    attribute: 'status',
    range: [cell('503', null, 600, seen)],
    baseline: [cell('503', null, 20, seen && 20)],
  });
  const rank = (seen?: number) =>
    rankChanges({ range: RANGE, baseline: BASELINE, cells: [cells(seen)] })[0]?.score ?? 0;
  expect(rank(12)).toBeLessThan(rank(600));
  expect(rank(600)).toBeCloseTo(rank(), 5);
  expect(rank(2)).toBe(0);
});

test('a code is told with its count, for requests with it are not told apart from the bad ones', () => {
  const cells: ExplainCells = {
    attribute: 'code',
    range: [cell('H12', null, 960)],
    baseline: [cell('H12', null, 1)],
  };
  const [first] = rankChanges({ range: RANGE, baseline: BASELINE, cells: [cells] });
  expect(first && sayFinding(first, 'bad')).toBe('H12: 2 % → 96 % of the bad requests (960).');
});
