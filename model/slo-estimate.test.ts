import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleSlo, latencyIndicator } from '../test/slos.ts';
import { BINS, binOf, encodeBins } from './histogram.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_HOST, SERIES_PATH, SERIES_STATUS } from './series.ts';
import { type CutRow, type Estimate, estimateOf, spreadOver } from './slo-estimate.ts';

const row = (more: Partial<CutRow>): CutRow => ({
  kind: SERIES_DYNO,
  key: 'web.1',
  count: 0,
  bad: 0,
  excluded: 0,
  platform: 0,
  serviceHist: null,
  ...more,
});

function estimate(more: Parameters<typeof exampleSlo>[0]): Estimate {
  const result = estimateOf(exampleSlo(more));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function hist(...durations: [ms: number, count: number][]): Uint8Array {
  const bins = new Uint32Array(BINS);
  for (const [ms, count] of durations) bins[binOf(ms)] = (bins[binOf(ms)] ?? 0) + count;
  return encodeBins(bins);
}

describe('which buckets tell', () => {
  test('everything and process types: those by dyno', () => {
    expect(estimate({}).kinds).toEqual([SERIES_DYNO]);
    const web = estimate({ scope: { processTypes: ['web'] } });
    expect(['web.1', '', 'api.1', 'overflow'].map((key) => web.takes(SERIES_DYNO, key))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('hosts: those by host; methods and paths: those by both, without what is joined', () => {
    expect(estimate({ scope: { hosts: ['a.example.com'] } }).kinds).toEqual([SERIES_HOST]);
    const paths = estimate({ scope: { methods: ['GET'], pathShapes: ['/api/*'] } });
    expect(paths.kinds).toEqual([SERIES_PATH]);
    const keys = ['GET /api/orders', 'POST /api/orders', 'GET /cart', 'other'];
    expect(keys.map((key) => paths.takes(SERIES_PATH, key))).toEqual([true, false, false, false]);
  });

  test.each([
    ['several dimensions', { scope: { hosts: ['a'], methods: ['GET'] } }],
    [
      'codes of a part',
      { scope: { hosts: ['a'] }, indicator: { kind: 'availability', codes: { H80: true }, badStatuses: [] } },
    ],
    ['a composite', { indicator: { kind: 'composite', members: [] } }],
  ] as [string, Parameters<typeof exampleSlo>[0]][])('nothing tells %s', (_, more) => {
    expect(estimateOf(exampleSlo(more)).ok).toBe(false);
  });
});

describe('what they tell', () => {
  test('availability is what the buckets count anyway', () => {
    const rows = [row({ count: 10, bad: 2, excluded: 3 }), row({ key: 'web.2', count: 5 })];
    expect(estimate({}).count(rows)).toEqual({ events: 12, bad: 2 });
  });

  test('codes and statuses that count otherwise are moved', () => {
    const chosen = estimate({
      indicator: { kind: 'availability', codes: { H80: true, H15: false }, badStatuses: ['404', '499'] },
    });
    const rows = [
      row({ count: 100, bad: 10, excluded: 20 }),
      row({ kind: SERIES_CODE, key: 'H80', count: 7 }),
      row({ kind: SERIES_CODE, key: 'H15', count: 2 }),
      row({ kind: SERIES_CODE, key: 'H27', count: 4 }),
      row({ kind: SERIES_STATUS, key: '404', count: 5 }),
      row({ kind: SERIES_STATUS, key: '499', count: 6 }),
    ];
    // 80 and 10; H80 are 7 more of both, H15 2 less; 404 are bad; of 499 two had no code.
    expect(chosen.count(rows)).toEqual({ events: 80 + 7 - 2 + 2, bad: 10 + 7 - 2 + 5 + 2 });
    expect(chosen.takes(SERIES_STATUS, '500')).toBe(false);
  });

  test('latency: above the threshold, and errors without a duration', () => {
    const rows = [
      row({ count: 20, platform: 3, serviceHist: hist([20, 10], [800, 4], [30_500, 2]) }),
      row({ key: 'web.2', serviceHist: hist([20, 1]) }),
    ];
    // Two of the three with a code waited 30 s, the third has no duration.
    expect(estimate({ indicator: latencyIndicator(300) }).count(rows)).toEqual({ events: 18, bad: 7 });
    expect(estimate({ indicator: latencyIndicator(60_000) }).count(rows)).toEqual({ events: 18, bad: 3 });
  });

  test('without long-lived ones, what took 30 s without a code is left out', () => {
    const rows = [row({ platform: 1, serviceHist: hist([20, 10], [40_000, 5]) })];
    expect(estimate({ indicator: latencyIndicator(300, true) }).count(rows)).toEqual({ events: 11, bad: 1 });
  });
});

test('counts spread over minutes add up, none has more bad ones than events', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), fc.integer({ min: 1, max: 60 }), (a, b, minutes) => {
      const [events, bad] = [Math.max(a, b), Math.min(a, b)];
      const spread = spreadOver(minutes, { events, bad });
      expect(spread.length).toBe(minutes);
      expect(spread.reduce((sum, each) => sum + each.events, 0)).toBe(events);
      expect(spread.reduce((sum, each) => sum + each.bad, 0)).toBe(bad);
      expect(spread.every((each) => each.bad >= 0 && each.bad <= each.events)).toBe(true);
    }),
  );
});
