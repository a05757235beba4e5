/** Requests of a window by what they have in common: from counted cuts, and from requests that were kept. */
import { BINS } from '../../model/histogram.ts';
import { DAY } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { readRequestPoints } from './request-points.ts';
import type { SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

/** One cell of a cut over a whole window. */
export interface CutFigures {
  kind: number;
  key: string;
  /** All requests (lines, for codes). */
  count: number;
  bad: number;
  excluded: number;
  /** Durations as bins of model/histogram.ts; null where none was counted. */
  bins: Float64Array | null;
  maxMs: number;
}

/** Cells of these series with anything in [fromS, toS), which are on whole buckets of what is kept. */
export async function readCutFigures(
  db: Queryable,
  appId: number,
  names: readonly SeriesName[],
  window: { fromS: number; toS: number },
): Promise<CutFigures[]> {
  const found = await readRequestPoints(db, {
    target: { appId, seriesIds: names.map((name) => name.id) },
    slices: await readSlices(db, appId, window, 3600),
    columns: ['count', 'bad', 'excluded'],
    latencies: ['service'],
    stepS: null,
    by: 'series',
  });
  return names.flatMap(({ id, kind, key }) => {
    const points = found.get(id);
    const count = points?.sums.count[0] ?? 0;
    if (!points || count === 0) return [];
    const cell: CutFigures = {
      kind,
      key,
      count,
      bad: points.sums.bad[0] ?? 0,
      excluded: points.sums.excluded[0] ?? 0,
      bins: null,
      maxMs: 0,
    };
    points.eachLatency('service', (_, latencies) => {
      cell.bins = latencies.bins.slice(0, BINS);
      cell.maxMs = latencies.maxMs;
    });
    return [cell];
  });
}

/** Kept requests that are alike; how many rows there are, and how many requests they stand for. */
export interface KeptLike {
  code: string | null;
  status: number | null;
  badRows: number;
  badWeight: number;
  slowRows: number;
  slowWeight: number;
}

/** Kept requests are read no further back than this: a busy app keeps a million a day. */
const KEPT_MAX_MS = DAY;
/** The router gives up after 30 s whatever the line of an H12 says; these have no duration of their own. */
const WITHOUT_DURATION = ['H27', 'H28', 'H80', 'H81', 'H82', 'H83'];

/** By code and status, over the newest day of [fromMs, toMs). The slowest that were kept for that alone are no sample. */
export async function readKeptLike(
  db: Queryable,
  appId: number,
  { fromMs, toMs, slowFromMs }: { fromMs: number; toMs: number; slowFromMs: number },
): Promise<KeptLike[]> {
  const { rows } = await db.query<{
    code: string | null;
    status: number | null;
    bad_rows: number;
    bad_weight: number | null;
    slow_rows: number;
    slow_weight: number | null;
  }>(
    `SELECT code, status,
       count(*) FILTER (WHERE is_bad) AS bad_rows, sum(weight) FILTER (WHERE is_bad) AS bad_weight,
       count(*) FILTER (WHERE is_slow) AS slow_rows, sum(weight) FILTER (WHERE is_slow) AS slow_weight
     FROM (
       SELECT code, status, reason = 'bad' AS is_bad, 1 / nullif(sample_rate, 0)::float8 AS weight,
         service_ms IS NOT NULL AND status IS DISTINCT FROM 101 AND (code IS NULL OR code <> ALL ($5::text[]))
           AND greatest(coalesce(connect_ms, 0) + service_ms, CASE WHEN code = 'H12' THEN 30000 ELSE 0 END) >= $4
           AS is_slow
       FROM request_details
       WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3 AND reason <> 'slow'
     ) kept WHERE is_bad OR is_slow GROUP BY code, status`,
    [appId, Math.max(fromMs, toMs - KEPT_MAX_MS), toMs, slowFromMs, WITHOUT_DURATION],
  );
  return rows.map((row) => ({
    code: row.code,
    status: row.status,
    badRows: row.bad_rows,
    badWeight: row.bad_weight ?? 0,
    slowRows: row.slow_rows,
    slowWeight: row.slow_weight ?? 0,
  }));
}
