/** Requests of one app over time: by class, latencies, totals. */
import {
  SERIES_DYNO,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_MESSAGE,
  SERIES_RELEASE,
} from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { type CountPoint, REQUEST_COLUMNS, readCountPoints } from './count-points.ts';
import { type Latencies, mergeLatencies, quantileOf, readLatencies } from './histograms.ts';
import type { Slice } from './plan.ts';
import { type ColumnSet, pointOf, type ReadRange } from './range.ts';
import { processTypeOf, type SeriesName } from './series-names.ts';

/** One cell of each cut holds a request, so any cut sums up to the app. The one by release has fewest series. */
export const KIND_OF_TOTAL = SERIES_RELEASE;

export type RequestSums = Record<(typeof REQUEST_COLUMNS)[number], number>;

/** Kept to dynos of a process type, or one dyno; both empty: everything, also what reached no dyno. */
export interface DynoFilter {
  processType?: string | undefined;
  dyno?: string | undefined;
}

export function isFiltered(filter: DynoFilter): boolean {
  return filter.processType !== undefined || filter.dyno !== undefined;
}

export function matchesDyno(dyno: string, filter: DynoFilter): boolean {
  if (filter.dyno !== undefined && dyno !== filter.dyno) return false;
  return filter.processType === undefined || processTypeOf(dyno) === filter.processType;
}

export interface Reading {
  appId: number;
  range: ReadRange;
  slices: readonly Slice[];
  /** Of the app, at least of the kinds that are read. */
  names: readonly SeriesName[];
  filter: DynoFilter;
}

/** Series that add up to all requests the filter lets through. */
export function totalSeries(reading: Reading): number[] {
  const kind = isFiltered(reading.filter) ? SERIES_DYNO : KIND_OF_TOTAL;
  return reading.names
    .filter((name) => name.kind === kind && (kind !== SERIES_DYNO || matchesDyno(name.key, reading.filter)))
    .map((name) => name.id);
}

/** By class, in the order they are stacked. */
const CLASSES = [
  ['platform', 'Platform errors'],
  ['status_5xx', '5xx'],
  ['status_4xx', '4xx'],
  ['status_3xx', '3xx'],
  ['status_2xx', '2xx'],
  ['status_1xx', '1xx'],
] as const;

const NO_REQUESTS: RequestSums = {
  count: 0,
  bad: 0,
  excluded: 0,
  status_1xx: 0,
  status_2xx: 0,
  status_3xx: 0,
  status_4xx: 0,
  status_5xx: 0,
  platform: 0,
  bytes: 0,
};

/** Requests that have neither a status nor a code that counts. */
export function noneOf(sums: RequestSums): number {
  return CLASSES.reduce((rest, [column]) => rest - sums[column], sums.count);
}

/** Counts per point and in all. Points in which the stream was silent are null, not zero. */
export async function readThroughput(
  db: Queryable,
  reading: Reading,
  alive: boolean[],
): Promise<{ totals: RequestSums; throughput: ColumnSet }> {
  const points = await readCountPoints(db, {
    target: { appId: reading.appId, seriesIds: totalSeries(reading) },
    slices: reading.slices,
    columns: REQUEST_COLUMNS,
    stepS: reading.range.stepS,
    by: 'none',
  });
  return { totals: addUp(points), throughput: throughputOf(points, reading.range, alive) };
}

function addUp(points: readonly CountPoint<(typeof REQUEST_COLUMNS)[number]>[]): RequestSums {
  const totals = { ...NO_REQUESTS };
  for (const { sums } of points) for (const column of REQUEST_COLUMNS) totals[column] += sums[column];
  return totals;
}

function throughputOf(
  points: readonly CountPoint<(typeof REQUEST_COLUMNS)[number]>[],
  range: ReadRange,
  alive: boolean[],
): ColumnSet {
  const empty = (): (number | null)[] => range.t.map((_, point) => (alive[point] ? 0 : null));
  const values = new Map<string, (number | null)[]>(CLASSES.map(([column]) => [column, empty()]));
  const none = empty();
  for (const { t, sums } of points) {
    const point = pointOf(range, t);
    if (point < 0) continue;
    for (const [column, list] of values) list[point] = sums[column as 'platform'];
    none[point] = noneOf(sums);
  }
  const series = CLASSES.map(([id, label]) => ({ id, label, unit: 'count', values: values.get(id) ?? [] }));
  return { t: range.t, series: [...series, { id: 'none', label: 'No status', unit: 'count', values: none }] };
}

/** p50, p95, p99 per point and in all. */
export async function readResponseTimes(
  db: Queryable,
  reading: Reading,
): Promise<{ all: Latencies; columns: ColumnSet }> {
  const { byOwner } = await readLatencies(db, {
    target: { appId: reading.appId, seriesIds: totalSeries(reading) },
    slices: reading.slices,
    of: 'service',
    stepS: reading.range.stepS,
    by: 'none',
  });
  const points = byOwner.get(0) ?? new Map<number, Latencies>();
  const series = (
    [
      ['p50', 0.5],
      ['p95', 0.95],
      ['p99', 0.99],
    ] as const
  ).map(([id, q]) => ({
    id,
    label: id,
    unit: 'ms',
    values: reading.range.t.map((t) => quantileOf(points.get(t), q)),
  }));
  return { all: mergeLatencies(points.values()), columns: { t: reading.range.t, series } };
}

/** p95 of the time to connect, per point; and the dynos that answered anything in the range. */
export async function readConnectTimes(
  db: Queryable,
  reading: Reading,
): Promise<{ values: (number | null)[]; dynos: string[] }> {
  const own = reading.names.filter(
    (name) => name.kind === SERIES_DYNO && matchesDyno(name.key, reading.filter),
  );
  const { byOwner, seen } = await readLatencies(db, {
    target: { appId: reading.appId, seriesIds: own.map((name) => name.id) },
    slices: reading.slices,
    of: 'connect',
    stepS: reading.range.stepS,
    by: 'none',
  });
  const points = byOwner.get(0);
  return {
    values: reading.range.t.map((t) => quantileOf(points?.get(t), 0.95)),
    dynos: own.filter((name) => name.key !== '' && seen.has(name.id)).map((name) => name.key),
  };
}

/** Which points saw any frame or message of the app: there "no requests" is a fact, elsewhere it is unknown. */
export async function readAlive(db: Queryable, reading: Reading): Promise<boolean[]> {
  // Messages as filed are one series, frames one or two, where messages by kind are ten.
  const isFrame = (name: SeriesName): boolean =>
    name.kind === SERIES_FILED || (name.kind === SERIES_FRAME && !name.key.startsWith('refused'));
  const shows = reading.names.some(isFrame) ? isFrame : (name: SeriesName) => name.kind === SERIES_MESSAGE;
  const points = await readCountPoints(db, {
    target: {
      appId: reading.appId,
      seriesIds: reading.names.filter(shows).map((name) => name.id),
    },
    slices: reading.slices,
    columns: ['count'],
    stepS: reading.range.stepS,
    by: 'none',
  });
  const alive = reading.range.t.map(() => false);
  for (const { t } of points) {
    const point = pointOf(reading.range, t);
    if (point >= 0) alive[point] = true;
  }
  return alive;
}
