/** Counted requests over slices of a range: sums and latencies of each point, in one pass over the rows. */
import { addStored, BINS } from '../../model/histogram.ts';
import type { Queryable } from '../pool.ts';
import { eachBytea, readFloat8Array, readInt4Array } from './arrays.ts';
import type { CountColumn } from './count-points.ts';
import type { Latencies } from './histograms.ts';
import type { Slice } from './plan.ts';
import { isEmptyTarget, Parameters, selectSlices, type Target } from './source.ts';

export type LatencyOf = 'service' | 'connect';

export interface RequestQuery<Column extends CountColumn> {
  target: Target;
  slices: readonly Slice[];
  columns: readonly Column[];
  latencies: readonly LatencyOf[];
  /** Width of a point in seconds; null joins the whole range into one point at 0. */
  stepS: number | null;
  by: 'series' | 'app' | 'none';
}

/** Points with rows, in no order; everything else has the same length. */
export interface RequestPoints<Column extends CountColumn> {
  /** Starts. */
  t: Int32Array;
  sums: Record<Column, Float64Array>;
  /**
   * Calls back with the latencies of each point that has any. The bins are used again for the next one: a page's
   * points would take six megabytes of them.
   */
  eachLatency(of: LatencyOf, take: (t: number, latencies: Latencies) => void): void;
}

const OWNERS = { series: 'b.series_id', app: 'b.app_id', none: '0' } as const;

/**
 * By series or app (0 when joined); those without rows are left out. Histograms of a point are concatenated by the
 * database, which is a correct merge, and decoded here: a page's 1,500 points are moved as a handful of arrays. Meant
 * for points in the thousands: each group takes more than a kilobyte of the server's memory.
 */
export async function readRequestPoints<const Column extends CountColumn>(
  db: Queryable,
  query: RequestQuery<Column>,
): Promise<Map<number, RequestPoints<Column>>> {
  if (query.slices.length === 0 || isEmptyTarget(query.target)) return new Map();
  const parameters = new Parameters();
  const durations = query.latencies.flatMap((of) => [`${of}_hist`, `${of}_max_ms`]);
  const columns = ['bucket_s', 'app_id', 'series_id', ...query.columns, ...durations];
  const source = selectSlices('count', columns, query.target, query.slices, parameters);
  const t = query.stepS === null ? '0' : `b.bucket_s - b.bucket_s % ${parameters.add(query.stepS)}::int`;
  const grouped = [
    // What a writer leaves out is null, and 0.
    ...query.columns.map((column) => `coalesce(sum(b.${column}::float8), 0) AS ${column}`),
    ...query.latencies.flatMap((of) => [
      `string_agg(b.${of}_hist, ''::bytea) AS ${of}_hist`,
      `max(b.${of}_max_ms) AS ${of}_max_ms`,
    ]),
  ];
  const sent = ['t', ...query.columns, ...durations].map(
    (column) => `array_send(array_agg(g.${column})) AS ${column}`,
  );
  const { rows } = await db.query<Record<string, Buffer> & { owner: number }>(
    `SELECT g.owner, ${sent.join(', ')}
     FROM (SELECT ${OWNERS[query.by]} AS owner, ${t} AS t, ${grouped.join(', ')} FROM ${source} b GROUP BY 1, 2) g
     GROUP BY 1`,
    parameters.values,
  );
  return new Map(rows.map((row) => [row.owner, toPoints(row, query)]));
}

function toPoints<Column extends CountColumn>(
  row: Record<string, Buffer>,
  query: RequestQuery<Column>,
): RequestPoints<Column> {
  const t = readInt4Array(columnOf(row, 't'));
  const sums = Object.fromEntries(
    query.columns.map((column) => [column, readFloat8Array(columnOf(row, column))]),
  ) as Record<Column, Float64Array>;
  return { t, sums, eachLatency: (of, take) => decodeLatencies(row, of, t, take) };
}

function columnOf(row: Record<string, Buffer>, name: string): Buffer {
  const column = row[name];
  if (column === undefined) throw new Error(`the database gave no column ${name}`);
  return column;
}

function decodeLatencies(
  row: Record<string, Buffer>,
  of: LatencyOf,
  t: Int32Array,
  take: (t: number, latencies: Latencies) => void,
): void {
  const stored = columnOf(row, `${of}_hist`);
  const maxima = readInt4Array(columnOf(row, `${of}_max_ms`));
  const point: Latencies = { bins: new Float64Array(BINS), maxMs: 0 };
  eachBytea(stored, (i, start, end) => {
    if (start === end) return;
    point.bins.fill(0);
    addStored(point.bins, stored.subarray(start, end));
    point.maxMs = maxima[i] ?? 0;
    take(t[i] ?? 0, point);
  });
}
