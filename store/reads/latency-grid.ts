/** Durations of requests as counts over time and duration. */
import { BIN_LOW_MS, BINS } from '../../model/histogram.ts';
import { SERIES_DYNO } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { pointOf, type ReadRange } from './range.ts';
import { readRequestPoints } from './request-points.ts';
import { type DynoFilter, KINDS_OF_TOTAL, totalSeries } from './requests-over-time.ts';
import { readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';

/** Bins joined into a row: four rows an octave, each a pixel or more on a chart of 200 px. */
const BINS_A_ROW = 4;

export interface LatencyGrid {
  lowMs: number[];
  highMs: number;
  counts: (number[] | null)[];
}

/** At most 1,500 points of 64 rows; rows without a request at either end are cut off. */
export async function readLatencyGrid(
  db: Queryable,
  appId: number,
  range: ReadRange,
  filter: DynoFilter,
): Promise<LatencyGrid> {
  const slices = await readSlices(db, appId, range, range.resolutionS);
  const names = await readSeriesNames(db, [appId], [SERIES_DYNO, ...KINDS_OF_TOTAL]);
  const found = await readRequestPoints(db, {
    target: { appId, seriesIds: totalSeries({ appId, range, slices, names, filter }) },
    slices,
    columns: [],
    latencies: ['service'],
    stepS: range.stepS,
    by: 'none',
  });
  const rows: (number[] | null)[] = range.t.map(() => null);
  found.get(0)?.eachLatency('service', (t, { bins }) => {
    const point = pointOf(range, t);
    if (point >= 0) rows[point] = joinBins(bins);
  });
  return trimGrid(rows);
}

function joinBins(bins: Float64Array): number[] {
  const row = new Array<number>(BINS / BINS_A_ROW).fill(0);
  for (let bin = 0; bin < BINS; bin++) {
    const at = Math.floor(bin / BINS_A_ROW);
    row[at] = (row[at] ?? 0) + (bins[bin] ?? 0);
  }
  return row;
}

/** Without the rows below the lowest and above the highest request. */
export function trimGrid(rows: readonly (number[] | null)[]): LatencyGrid {
  let first = BINS / BINS_A_ROW;
  let last = -1;
  for (const row of rows) {
    const low = row?.findIndex((count) => count > 0) ?? -1;
    if (!row || low < 0) continue;
    first = Math.min(first, low);
    last = Math.max(
      last,
      row.findLastIndex((count) => count > 0),
    );
  }
  const kept = last < 0 ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
  return {
    lowMs: kept.map((row) => BIN_LOW_MS[row * BINS_A_ROW] ?? 0),
    highMs: BIN_LOW_MS[(last + 1) * BINS_A_ROW] ?? 0,
    counts: rows.map((row) => (row?.some((count) => count > 0) ? row.slice(first, last + 1) : null)),
  };
}
