import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ExplainCell, type ExplainInput, rankChanges } from './explain.ts';

const VALUES = ['web.1', 'web.2', 'web.3', 'web.4'];

const side = fc.array(
  fc
    .record({
      requests: fc.integer({ min: 0, max: 5000 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ requests, share }) => ({ requests, hits: Math.floor(requests * share * share) })),
  { minLength: VALUES.length, maxLength: VALUES.length },
);

function cellsOf(rows: readonly { requests: number; hits: number }[], times = 1): ExplainCell[] {
  return rows.map((row, i) => ({
    value: VALUES[i] ?? '',
    requests: row.requests * times,
    hits: row.hits * times,
  }));
}

function inputOf(range: ExplainCell[], baseline: ExplainCell[]): ExplainInput {
  const total = (cells: ExplainCell[]) => ({
    requests: cells.reduce((sum, cell) => sum + (cell.requests ?? 0), 0),
    hits: cells.reduce((sum, cell) => sum + cell.hits, 0),
  });
  return {
    range: total(range),
    baseline: total(baseline),
    cells: [{ attribute: 'dyno', range, baseline }],
  };
}

test('every finding is a growth: its share is larger than before, and its rank no larger than the growth', () => {
  fc.assert(
    fc.property(side, side, (now, then) => {
      const input = inputOf(cellsOf(now), cellsOf(then));
      for (const finding of rankChanges(input)) {
        expect(finding.score).toBeGreaterThan(0);
        expect(finding.score).toBeLessThanOrEqual(finding.range.share ?? 0);
        expect(finding.range.hits).toBeGreaterThanOrEqual(3);
        // Not by traffic alone.
        if (finding.others && finding.others.requests >= 20)
          expect(finding.range.ratio ?? 0).toBeGreaterThan(finding.others.ratio ?? 0);
      }
    }),
  );
});

test('a range is never explained by itself: with the same shares before and now nothing ranks', () => {
  fc.assert(
    fc.property(side, fc.integer({ min: 1, max: 5 }), (now, times) => {
      const input = inputOf(cellsOf(now), cellsOf(now, times * 20));
      expect(rankChanges(input).filter((finding) => finding.score > 0.5)).toEqual([]);
      const many = inputOf(cellsOf(now, 100), cellsOf(now, 100));
      expect(rankChanges(many)).toEqual([]);
    }),
  );
});

test('the order in which values come does not matter', () => {
  fc.assert(
    fc.property(side, side, (now, then) => {
      const [range, baseline] = [cellsOf(now), cellsOf(then)];
      const turned = inputOf([...range].reverse(), [...baseline].reverse());
      expect(rankChanges(turned)).toEqual(rankChanges(inputOf(range, baseline)));
    }),
  );
});

test('parts of the increase are shares, and numbers are never NaN', () => {
  fc.assert(
    fc.property(side, side, (now, then) => {
      for (const finding of rankChanges(inputOf(cellsOf(now), cellsOf(then)))) {
        const numbers = [finding.score, finding.ofIncrease, finding.range.share, finding.range.ratio];
        for (const number of numbers)
          if (number !== null) {
            expect(number).toBeGreaterThanOrEqual(0);
            expect(number).toBeLessThanOrEqual(1);
          }
      }
    }),
  );
});
