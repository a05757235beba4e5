/** Sums of counted buckets over slices of a range. */
import type { Queryable } from '../pool.ts';
import { readFloat8Array, readInt4Array } from './arrays.ts';
import type { Slice } from './plan.ts';
import { isEmptyTarget, Parameters, selectSlices, type Target } from './source.ts';

/** Columns that are sums; the names are those of the tables. */
export type CountColumn =
  | 'count'
  | 'bad'
  | 'excluded'
  | 'status_1xx'
  | 'status_2xx'
  | 'status_3xx'
  | 'status_4xx'
  | 'status_5xx'
  | 'platform'
  | 'bytes'
  | 'service_sum_ms';

/** Everything a total of requests is made of. */
export const REQUEST_COLUMNS = [
  'count',
  'bad',
  'excluded',
  'status_1xx',
  'status_2xx',
  'status_3xx',
  'status_4xx',
  'status_5xx',
  'platform',
  'bytes',
] as const satisfies readonly CountColumn[];

export interface CountQuery<Column extends CountColumn> {
  target: Target;
  slices: readonly Slice[];
  columns: readonly Column[];
  /** Width of a point in seconds; null joins the whole range into one. */
  stepS: number | null;
  by: 'series' | 'app' | 'none';
}

/** t: start of the point, 0 when the range is one. appId and seriesId: 0 when joined. */
export interface CountPoint<Column extends CountColumn> {
  t: number;
  appId: number;
  seriesId: number;
  sums: Record<Column, number>;
}

const KEYS = { series: ['b.app_id', 'b.series_id'], app: ['b.app_id', '0'], none: ['0', '0'] } as const;

/**
 * Sums per point, in no order; points without rows are left out. Sums are taken as float8: exact for whole numbers
 * up to 2^53, and several times quicker than the numeric that sum(bigint) gives.
 */
export async function readCountPoints<const Column extends CountColumn>(
  db: Queryable,
  query: CountQuery<Column>,
): Promise<CountPoint<Column>[]> {
  if (query.slices.length === 0 || isEmptyTarget(query.target)) return [];
  const parameters = new Parameters();
  const columns = ['bucket_s', 'app_id', 'series_id', ...query.columns];
  const source = selectSlices('count', columns, query.target, query.slices, parameters);
  const t = query.stepS === null ? '0' : `b.bucket_s - b.bucket_s % ${parameters.add(query.stepS)}::int`;
  const [app, series] = KEYS[query.by];
  const keys = ['t', 'app_id', 'series_id'] as const;
  const sent = [...keys, ...query.columns].map((name) => `array_send(array_agg(g.${name})) AS ${name}`);
  const { rows } = await db.query<Record<(typeof keys)[number] | Column, Buffer | null>>(
    `SELECT ${sent.join(', ')} FROM (
       SELECT ${t} AS t, ${app} AS app_id, ${series} AS series_id,
         ${query.columns.map((column) => `coalesce(sum(b.${column}::float8), 0) AS ${column}`).join(', ')}
       FROM ${source} b GROUP BY 1, 2, 3
     ) g`,
    parameters.values,
  );
  return toPoints(rows[0], query.columns);
}

/** Moved as arrays: thousands of rows of numbers through a driver that reads text cost more than finding them. */
function toPoints<Column extends CountColumn>(
  row: Record<'t' | 'app_id' | 'series_id' | Column, Buffer | null> | undefined,
  columns: readonly Column[],
): CountPoint<Column>[] {
  if (!row?.t || !row.app_id || !row.series_id) return [];
  const [t, apps, series] = [readInt4Array(row.t), readInt4Array(row.app_id), readInt4Array(row.series_id)];
  const sums = columns.map((column) => {
    const sent = row[column];
    return [column, sent ? readFloat8Array(sent) : new Float64Array(t.length)] as const;
  });
  return Array.from(t, (at, i) => ({
    t: at,
    appId: apps[i] ?? 0,
    seriesId: series[i] ?? 0,
    sums: Object.fromEntries(sums.map(([column, values]) => [column, values[i] ?? 0])) as Record<
      Column,
      number
    >,
  }));
}
