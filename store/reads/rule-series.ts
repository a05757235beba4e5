/** Counted and measured values by minute, for many apps in one statement each. */
import type { Queryable } from '../pool.ts';
import { readFloat8Array, readInt4Array } from './arrays.ts';
import type { Slice } from './plan.ts';
import { Parameters, selectSlices } from './source.ts';

export interface SeriesRef {
  appId: number;
  id: number;
}

/** Values of a series: bucket starts (epoch s, of `stepS`), their sums and how many samples each has. */
export interface SampledSeries {
  t: Int32Array;
  sums: Float64Array;
  counts: Float64Array;
}

/** Sums and counts of samples per step, by series; those without rows are left out. In no order. */
export async function readSamplesByStep(
  db: Queryable,
  query: { series: readonly SeriesRef[]; slices: readonly Slice[]; stepS: number },
): Promise<Map<number, SampledSeries>> {
  if (query.series.length === 0 || query.slices.length === 0) return new Map();
  const parameters = new Parameters();
  const columns = ['bucket_s', 'app_id', 'series_id', 'count', 'sum'];
  const source = selectSlices('sample', columns, { pairs: query.series }, query.slices, parameters);
  const step = parameters.add(query.stepS);
  const { rows } = await db.query<{ series_id: number; t: Buffer; sums: Buffer; counts: Buffer }>(
    `SELECT series_id, array_send(array_agg(t)) AS t, array_send(array_agg(sums)) AS sums,
       array_send(array_agg(counts)) AS counts
     FROM (
       SELECT b.series_id, b.bucket_s - b.bucket_s % ${step}::int AS t, sum(b.sum) AS sums,
         sum(b.count::float8) AS counts
       FROM ${source} b GROUP BY 1, 2
     ) AS g GROUP BY 1`,
    parameters.values,
  );
  return new Map(
    rows.map((row) => [
      row.series_id,
      { t: readInt4Array(row.t), sums: readFloat8Array(row.sums), counts: readFloat8Array(row.counts) },
    ]),
  );
}
