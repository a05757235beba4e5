/** Requests of one app over time: by class, latencies, totals. */
import { SERIES_DYNO, SERIES_HOST, SERIES_RELEASE } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { REQUEST_COLUMNS } from './count-points.ts';
import { addLatencies, emptyLatencies, type Latencies, quantileOf } from './histograms.ts';
import type { Slice } from './plan.ts';
import { type ColumnSeries, type ColumnSet, pointOf, type ReadRange } from './range.ts';
import { type RequestPoints, readRequestPoints } from './request-points.ts';
import { processTypeOf, type SeriesName } from './series-names.ts';
import { boundsByWidth, clipSlices } from './source.ts';

/** One cell of each cut holds a request, so any cut sums up to the app. These have the fewest series. */
export const KINDS_OF_TOTAL = [SERIES_RELEASE, SERIES_HOST];

/** What a look-up that finds nothing costs beside a row that is read. */
const LOOK_UP_ROWS = 6;

/**
 * The series that add up to all requests of one app, of the cut that costs less to read over so many points: of
 * releases one is written at a time, but each of a hundred former ones is looked up; hosts are few, and all written.
 * `names`: of this app.
 */
export function totalNames(names: readonly SeriesName[], points: number): SeriesName[] {
  const costOf = (cut: readonly SeriesName[]): number =>
    cut.length * LOOK_UP_ROWS + points * (cut[0]?.kind === SERIES_RELEASE ? 1 : cut.length);
  return (
    KINDS_OF_TOTAL.map((kind) => names.filter((name) => name.kind === kind))
      .filter((cut) => cut.length > 0)
      .sort((a, b) => costOf(a) - costOf(b))[0] ?? []
  );
}

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
  const all = isFiltered(reading.filter)
    ? dynoNames(reading)
    : totalNames(reading.names, reading.range.t.length);
  return all.map((name) => name.id);
}

function dynoNames(reading: Reading): SeriesName[] {
  return reading.names.filter((name) => name.kind === SERIES_DYNO && matchesDyno(name.key, reading.filter));
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

/** Requests of a range, whole and by point. Points in which the stream was silent are null, not zero. */
export interface RequestsOverTime {
  totals: RequestSums;
  all: Latencies;
  throughput: ColumnSet;
  /** Requests that failed (`bad`) and that do not count (`excluded`), of whatever class. */
  outcomes: ColumnSet;
  responseTime: ColumnSet;
}

type Points = RequestPoints<(typeof REQUEST_COLUMNS)[number]>;

export async function readRequestsOverTime(
  db: Queryable,
  reading: Reading,
  alive: boolean[],
): Promise<RequestsOverTime> {
  const { range } = reading;
  const found = await readRequestPoints(db, {
    target: { appId: reading.appId, seriesIds: totalSeries(reading) },
    slices: reading.slices,
    columns: REQUEST_COLUMNS,
    latencies: ['service', 'connect'],
    stepS: range.stepS,
    by: 'none',
  });
  const points = found.get(0);
  const all = emptyLatencies();
  const service = quantileColumns(range, QUANTILES);
  points?.eachLatency('service', (t, latencies) => {
    addLatencies(all, latencies);
    service.set(t, latencies);
  });
  const connect = quantileColumns(range, CONNECT_QUANTILES);
  points?.eachLatency('connect', connect.set);
  await completeConnect(db, reading, service.seen, connect);
  const empty = (): (number | null)[] => alive.map((isAlive) => (isAlive ? 0 : null));
  return {
    totals: totalsOf(points),
    all,
    throughput: { t: range.t, series: throughputOf(points, range, empty) },
    outcomes: {
      t: range.t,
      series: [
        { id: 'bad', label: 'Failed', unit: 'count', values: columnOf(points, 'bad', range, empty()) },
        {
          id: 'excluded',
          label: 'Does not count',
          unit: 'count',
          values: columnOf(points, 'excluded', range, empty()),
        },
      ],
    },
    responseTime: { t: range.t, series: [...service.series, ...connect.series] },
  };
}

type Quantiles = readonly (readonly [id: string, label: string, q: number])[];

const QUANTILES: Quantiles = [
  ['p50', 'p50', 0.5],
  ['p95', 'p95', 0.95],
  ['p99', 'p99', 0.99],
];
const CONNECT_QUANTILES: Quantiles = [['connect_p95', 'connect p95', 0.95]];

interface QuantileColumns {
  series: ColumnSeries[];
  /** Starts of the points that were set. */
  seen: Set<number>;
  set(t: number, latencies: Latencies): void;
}

function quantileColumns(range: ReadRange, quantiles: Quantiles): QuantileColumns {
  const series = quantiles.map(([id, label]) => ({
    id,
    label,
    unit: 'ms',
    values: new Array<number | null>(range.t.length).fill(null),
  }));
  const seen = new Set<number>();
  const set = (t: number, latencies: Latencies): void => {
    const point = pointOf(range, t);
    if (point < 0) return;
    seen.add(t);
    series.forEach((column, i) => {
      column.values[point] = quantileOf(latencies, quantiles[i]?.[2] ?? 0);
    });
  };
  return { series, seen, set };
}

function totalsOf(points: Points | undefined): RequestSums {
  const totals = { ...NO_REQUESTS };
  for (const column of REQUEST_COLUMNS) {
    for (const value of points?.sums[column] ?? []) totals[column] += value;
  }
  return totals;
}

function throughputOf(points: Points | undefined, range: ReadRange, empty: () => (number | null)[]) {
  const none = empty();
  points?.t.forEach((t, i) => {
    const point = pointOf(range, t);
    const known = CLASSES.reduce((sum, [column]) => sum + (points.sums[column][i] ?? 0), 0);
    // Requests that have neither a status nor a code that counts.
    if (point >= 0) none[point] = (points.sums.count[i] ?? 0) - known;
  });
  return [
    ...CLASSES.map(([id, label]) => ({
      id: id as string,
      label: label as string,
      unit: 'count',
      values: columnOf(points, id, range, empty()),
    })),
    { id: 'none', label: 'No status', unit: 'count', values: none },
  ];
}

function columnOf(
  points: Points | undefined,
  column: (typeof REQUEST_COLUMNS)[number],
  range: ReadRange,
  values: (number | null)[],
): (number | null)[] {
  points?.t.forEach((t, i) => {
    const point = pointOf(range, t);
    if (point >= 0) values[point] = points.sums[column][i] ?? 0;
  });
  return values;
}

/**
 * Rows from before times to connect were counted by release and host have them by dyno only: points that lack them
 * although requests were timed are read from there.
 */
async function completeConnect(
  db: Queryable,
  reading: Reading,
  timed: ReadonlySet<number>,
  connect: QuantileColumns,
): Promise<void> {
  const lacking = [...timed].filter((t) => !connect.seen.has(t)).sort((a, b) => a - b);
  const [first, last] = [lacking[0], lacking[lacking.length - 1]];
  if (first === undefined || last === undefined || isFiltered(reading.filter)) return;
  const found = await readRequestPoints(db, {
    target: { appId: reading.appId, seriesIds: dynoNames(reading).map((name) => name.id) },
    slices: clipSlices(reading.slices, first, last + reading.range.stepS),
    columns: [],
    latencies: ['connect'],
    stepS: reading.range.stepS,
    by: 'none',
  });
  const known = new Set(connect.seen);
  found.get(0)?.eachLatency('connect', (t, latencies) => {
    if (!known.has(t)) connect.set(t, latencies);
  });
}

/** Dynos that answered anything in the range. */
export async function readDynosSeen(db: Queryable, reading: Reading): Promise<string[]> {
  const own = dynoNames(reading).filter((name) => name.key !== '');
  const bounds = boundsByWidth(reading.slices);
  if (own.length === 0 || bounds.length === 0) return [];
  const values: unknown[] = [reading.appId, own.map((name) => name.id)];
  // One look-up a dyno, which ends at its first row.
  const exists = bounds.map(([suffix, fromS, toS]) => {
    values.push(fromS, toS);
    return `EXISTS (SELECT FROM count_buckets_${suffix} b WHERE b.app_id = $1 AND b.series_id = d.id
      AND b.bucket_s >= $${values.length - 1} AND b.bucket_s < $${values.length})`;
  });
  const { rows } = await db.query<{ id: number }>(
    `SELECT d.id FROM unnest($2::int[]) AS d (id) WHERE ${exists.join(' OR ')}`,
    values,
  );
  const seen = new Set(rows.map((row) => row.id));
  return own.filter((name) => seen.has(name.id)).map((name) => name.key);
}
