import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_LINES, compileLogFilter } from '../../model/log-filter.ts';
import type { LogCount, LogLine } from '../../model/log-line.ts';
import { logLine } from '../../test/stored-logs.ts';
import { LogColumns } from './log-columns.ts';
import { spread } from './log-histogram.ts';

const T_S = 1_700_000_000;
const span = { fromMs: T_S * 1000, toMs: (T_S + 40) * 1000, stepS: 10 };

/** `count` lines in the n-th ten seconds. */
function linesIn(column: number, count: number, line: Partial<LogLine> = {}): LogLine[] {
  return Array.from({ length: count }, (_, n) => logLine({ atMs: (T_S + column * 10) * 1000 + n, ...line }));
}

function countsOf(lines: readonly LogLine[]): LogCount[] {
  return lines.map(({ atMs, source, level }) => ({
    bucketS: Math.floor(atMs / 10_000) * 10,
    source,
    level,
    kept: 1,
    leftOut: 0,
  }));
}

describe('columns of lines', () => {
  test('what asks of source and level alone is exact without a look at any line', () => {
    const filter = { ...ALL_LINES, levels: { only: ['error' as const], not: [] } };
    const columns = new LogColumns({ ...span, filter });
    columns.addCounts(
      countsOf([
        ...linesIn(0, 3, { level: 'error' }),
        ...linesIn(2, 5),
        ...linesIn(3, 2, { level: 'error', source: 'router' }),
      ]),
    );
    const sums = columns.sums();
    expect(sums.t).toEqual([0, 10, 20, 30].map((s) => T_S + s));
    expect(Object.fromEntries(sums.series)).toEqual({
      'source:app': [3, 0, 0, 0],
      'source:router': [0, 0, 0, 2],
      'level:error': [3, 0, 0, 2],
    });
    expect([sums.total, sums.isEstimated, sums.lookedAtShare]).toEqual([5, false, 1]);
  });

  test('what needs a look is scaled up from the lines looked at, and is not known where none was', () => {
    const filter = { ...ALL_LINES, texts: ['paid'] };
    const columns = new LogColumns({ ...span, filter });
    const lines = [...linesIn(0, 100), ...linesIn(1, 100), ...linesIn(2, 100)];
    columns.addCounts(countsOf(lines));
    const half = [...linesIn(0, 25, { text: 'paid' }), ...linesIn(0, 25)];
    columns.look(half, compileLogFilter(filter));
    columns.pass({ fromMs: (T_S + 10) * 1000, toMs: (T_S + 19) * 1000, lines: 100 });
    const sums = columns.sums();
    expect(sums.series.get('source:app')).toEqual([50, 0, null, 0]);
    // Half of the lines were looked at and 25 fit: 50, had the others been like them.
    expect([sums.total, sums.isEstimated, sums.lookedAtShare]).toEqual([50, true, 0.5]);
    columns.look([...linesIn(0, 50), ...linesIn(2, 100, { text: 'paid' })], compileLogFilter(filter));
    columns.finish();
    const whole = columns.sums();
    expect(whole.series.get('source:app')).toEqual([25, 0, 100, 0]);
    expect([whole.total, whole.isEstimated, whole.facets.dyno]).toEqual([
      125,
      false,
      [{ value: 'web.1', count: 125 }],
    ]);
  });

  test('a burst that was looked at in full is not multiplied by what was not looked at elsewhere', () => {
    const columns = new LogColumns({ ...span, filter: ALL_LINES });
    const burst = linesIn(1, 30, { code: 'H12', status: 503 });
    columns.addCounts(countsOf([...linesIn(0, 100), ...burst, ...linesIn(2, 100)]));
    columns.look(burst, () => true);
    const { facets, isFacetsEstimated, isEstimated } = columns.sums();
    expect(facets.code).toEqual([{ value: 'H12', count: 30 }]);
    expect([isFacetsEstimated, isEstimated]).toEqual([true, false]);
  });

  test('any part of a spread order has members of all of the whole, and all of it each once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (length) => {
        const items = Array.from({ length }, (_, n) => n);
        const order = spread(items);
        expect(order.toSorted((a, b) => a - b)).toEqual(items);
        const some = order.slice(0, Math.max(4, length >> 2)).toSorted((a, b) => a - b);
        const widest = Math.max(...some.map((n, at) => n - (some[at - 1] ?? 0)));
        expect(widest).toBeLessThanOrEqual(Math.max(16, length / 2));
      }),
    );
  });
});
