/** H, R and L codes of one app over time (series of kind code). */
import { SERIES_CODE } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { type ColumnSet, pointOf } from './range.ts';
import type { Reading } from './requests-over-time.ts';

export interface CodeCount {
  code: string;
  count: number;
  /** Start of the first and end of the last point with the code, ms: as exact as the step. */
  firstSeenMs: number;
  lastSeenMs: number;
}

/** Codes seen in the range, most frequent first, and their counts per point; null where the stream was silent. */
export async function readCodes(
  db: Queryable,
  reading: Pick<Reading, 'appId' | 'range' | 'slices' | 'names'>,
  alive: boolean[],
): Promise<{ codes: CodeCount[]; columns: ColumnSet }> {
  const { range } = reading;
  const names = new Map(
    reading.names.filter((name) => name.kind === SERIES_CODE).map((name) => [name.id, name.key]),
  );
  const points = await readCountPoints(db, {
    target: { appId: reading.appId, seriesIds: [...names.keys()] },
    slices: reading.slices,
    columns: ['count'],
    stepS: range.stepS,
    by: 'series',
  });
  const codes = new Map<string, CodeCount & { values: (number | null)[] }>();
  for (const { t, seriesId, sums } of points) {
    const code = names.get(seriesId) ?? '';
    const known = codes.get(code) ?? {
      code,
      count: 0,
      firstSeenMs: t * 1000,
      lastSeenMs: 0,
      values: range.t.map((_, point) => (alive[point] ? 0 : null)),
    };
    codes.set(code, known);
    known.count += sums.count;
    known.firstSeenMs = Math.min(known.firstSeenMs, t * 1000);
    known.lastSeenMs = Math.max(known.lastSeenMs, (t + range.stepS) * 1000);
    const point = pointOf(range, t);
    if (point >= 0) known.values[point] = sums.count;
  }
  const sorted = [...codes.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
  return {
    codes: sorted.map(({ code, count, firstSeenMs, lastSeenMs }) => ({
      code,
      count,
      firstSeenMs,
      lastSeenMs,
    })),
    columns: {
      t: range.t,
      series: sorted.map(({ code, values }) => ({ id: code, label: code, unit: 'count', values })),
    },
  };
}
