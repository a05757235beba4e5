/** H, R and L codes of one app over time (series of kind code), and when its stream was alive. */
import { SERIES_CODE, SERIES_FILED, SERIES_FRAME, SERIES_MESSAGE } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { type CountPoint, readCountPoints } from './count-points.ts';
import { type ColumnSet, pointOf, type ReadRange } from './range.ts';
import type { Reading } from './requests-over-time.ts';
import type { SeriesName } from './series-names.ts';

export interface CodeCount {
  code: string;
  count: number;
  /** Start of the first and end of the last point with the code, ms: as exact as the step. */
  firstSeenMs: number;
  lastSeenMs: number;
}

/** Kinds of series that readLines wants. */
export const KINDS_OF_LINES = [SERIES_CODE, SERIES_MESSAGE, SERIES_FILED, SERIES_FRAME];

export interface Lines {
  /** Which points saw any frame or message of the app: there "none" is a fact, elsewhere it is unknown. */
  alive: boolean[];
  /** Codes seen in the range, most frequent first. */
  codes: CodeCount[];
  /** Their counts per point; null where the stream was silent. */
  columns: ColumnSet;
}

/** Lines are counted by what shows that there were any, and by code: in one query, for both are few series. */
export async function readLines(
  db: Queryable,
  reading: Pick<Reading, 'appId' | 'range' | 'slices' | 'names'>,
): Promise<Lines> {
  const { range } = reading;
  const codes = new Map(
    reading.names.filter((name) => name.kind === SERIES_CODE).map((name) => [name.id, name.key]),
  );
  const signs = signsOfLife(reading.names).map((name) => name.id);
  const points = await readCountPoints(db, {
    target: { appId: reading.appId, seriesIds: [...codes.keys(), ...signs] },
    slices: reading.slices,
    columns: ['count'],
    stepS: range.stepS,
    by: 'series',
  });
  const alive = range.t.map(() => false);
  for (const { t, seriesId } of points) {
    const point = codes.has(seriesId) ? -1 : pointOf(range, t);
    if (point >= 0) alive[point] = true;
  }
  return { alive, ...countCodes(codes, points, range, alive) };
}

/** Messages as filed are one series and say it all; apps that have none of it yet have frames, or messages by kind. */
function signsOfLife(names: readonly SeriesName[]): SeriesName[] {
  const signs = [SERIES_FILED, SERIES_FRAME, SERIES_MESSAGE].map((kind) =>
    names.filter((name) => name.kind === kind && !name.key.startsWith('refused')),
  );
  return signs.find((own) => own.length > 0) ?? [];
}

function countCodes(
  names: ReadonlyMap<number, string>,
  points: readonly CountPoint<'count'>[],
  range: ReadRange,
  alive: readonly boolean[],
): Pick<Lines, 'codes' | 'columns'> {
  const codes = new Map<string, CodeCount & { values: (number | null)[] }>();
  for (const { t, seriesId, sums } of points) {
    const code = names.get(seriesId);
    if (code === undefined) continue;
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
