/** Measured buckets over slices of a range: averages per point, and newest values. */
import type { Queryable } from '../pool.ts';
import { readFloat4Array, readFloat8Array, readInt2Array } from './arrays.ts';
import type { Slice } from './plan.ts';
import { boundsByWidth, isEmptyTarget, Parameters, selectSlices } from './source.ts';

export interface SampleQuery {
  appId: number;
  seriesIds: readonly number[];
  slices: readonly Slice[];
  /** Start and width of the points. */
  fromS: number;
  stepS: number;
  points: number;
}

/** What a point shows of its samples. */
export interface SampleColumn {
  counts: Float64Array;
  sums: Float64Array;
}

/** Counts and sums per point by series; a series without rows is left out. sum / count is the gauge's average. */
export async function readSamplePoints(
  db: Queryable,
  query: SampleQuery,
): Promise<Map<number, SampleColumn>> {
  const columns = new Map<number, SampleColumn>();
  const target = { appId: query.appId, seriesIds: query.seriesIds };
  if (query.slices.length === 0 || isEmptyTarget(target)) return columns;
  const parameters = new Parameters();
  const source = selectSlices(
    'sample',
    ['bucket_s', 'series_id', 'count', 'sum'],
    target,
    query.slices,
    parameters,
  );
  const [from, step] = [parameters.add(query.fromS), parameters.add(query.stepS)];
  // A page of 24 h has 86,400 of them: numbers are moved no wider than they need be. Rows lie within the range, which
  // has at most some 1,500 points.
  const { rows } = await db.query<{ series_id: number; point: Buffer; count: Buffer; sum: Buffer }>(
    `SELECT b.series_id, array_send(array_agg(((b.bucket_s - ${from}::int) / ${step}::int)::int2)) AS point,
       array_send(array_agg(b.count::float4)) AS count, array_send(array_agg(b.sum)) AS sum
     FROM ${source} b GROUP BY 1`,
    parameters.values,
  );
  for (const row of rows) columns.set(row.series_id, mergeRow(row, query));
  return columns;
}

function mergeRow(row: { point: Buffer; count: Buffer; sum: Buffer }, query: SampleQuery): SampleColumn {
  const points = readInt2Array(row.point);
  const [counts, sums] = [readFloat4Array(row.count), readFloat8Array(row.sum)];
  const column = { counts: new Float64Array(query.points), sums: new Float64Array(query.points) };
  for (let i = 0; i < points.length; i++) {
    const point = points[i]!;
    if (point < 0 || point >= query.points) continue;
    column.counts[point]! += counts[i]!;
    column.sums[point]! += sums[i]!;
  }
  return column;
}

export interface NewestSample {
  value: number;
  atMs: number;
}

/** The newest value of each series within the slices; a series without rows is left out. */
export async function readNewestSamples(
  db: Queryable,
  query: { pairs: readonly { appId: number; id: number }[]; slices: readonly Slice[] },
): Promise<Map<number, NewestSample>> {
  const newest = new Map<number, NewestSample>();
  if (query.pairs.length === 0) return newest;
  const parameters = new Parameters();
  const apps = parameters.add(query.pairs.map((pair) => pair.appId));
  const ids = parameters.add(query.pairs.map((pair) => pair.id));
  const branches = boundsByWidth(query.slices).map(([suffix, fromS, toS]) => {
    const [from, to] = [parameters.add(fromS), parameters.add(toS)];
    // One index look-up a series, from the newest partition back.
    return `SELECT p.series_id, b.last, b.last_at_ms
      FROM unnest(${apps}::int[], ${ids}::int[]) AS p (app_id, series_id), LATERAL (
        SELECT last, last_at_ms FROM sample_buckets_${suffix} b
        WHERE b.app_id = p.app_id AND b.series_id = p.series_id AND b.bucket_s >= ${from} AND b.bucket_s < ${to}
        ORDER BY b.bucket_s DESC, b.last_at_ms DESC LIMIT 1
      ) b`;
  });
  if (branches.length === 0) return newest;
  const { rows } = await db.query<{ series_id: number; last: number; last_at_ms: number }>(
    branches.join(' UNION ALL '),
    parameters.values,
  );
  for (const row of rows) {
    const known = newest.get(row.series_id);
    if (!known || known.atMs < row.last_at_ms)
      newest.set(row.series_id, { value: row.last, atMs: row.last_at_ms });
  }
  return newest;
}
