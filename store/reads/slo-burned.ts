/** Who spent a budget: bad requests by what they have in common, from counted cuts and from requests that were kept. */
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';

/** Requests of one cell of a cut, over the whole range. */
export interface CutSum {
  kind: number;
  key: string;
  /** That count: without excluded ones. */
  events: number;
  bad: number;
}

/** Of every series of these kinds with a request in [fromS, toS), which are on whole hours or recent. */
export async function readCutSums(
  db: Queryable,
  appId: number,
  kinds: readonly number[],
  range: { fromS: number; toS: number },
): Promise<CutSum[]> {
  const slices = await readSlices(db, appId, range, 3600);
  const names = await readSeriesNames(db, [appId], kinds);
  const points = await readCountPoints(db, {
    target: { appId, seriesIds: names.map((name) => name.id) },
    slices,
    columns: ['count', 'bad', 'excluded'],
    stepS: null,
    by: 'series',
  });
  const byId = new Map(names.map((name) => [name.id, name]));
  return points.flatMap(({ seriesId, sums }) => {
    const name = byId.get(seriesId);
    if (!name) return [];
    return [{ kind: name.kind, key: name.key, events: sums.count - sums.excluded, bad: sums.bad }];
  });
}

/** Kept requests that are alike in everything asked for. */
export interface KeptGroup {
  code: string | null;
  status: number | null;
  method: string;
  host: string;
  pathShape: string;
  dyno: string;
  release: number | null;
  /** Longest service time of them, ms; null without one. */
  serviceMs: number | null;
  /** How many requests they stand for. */
  weight: number;
}

/** More different ones are not told apart: what is left out is the rarest. */
const GROUPS_MAX = 20_000;

/** Groups of kept requests in [fromMs, toMs), most frequent first. Those over the threshold are apart from the others. */
export async function readKeptGroups(
  db: Queryable,
  appId: number,
  { fromMs, toMs, thresholdMs }: { fromMs: number; toMs: number; thresholdMs: number | null },
): Promise<{ groups: KeptGroup[]; fromMs: number | null }> {
  const { rows } = await db.query<{
    code: string | null;
    status: number | null;
    method: string | null;
    host: string | null;
    path_shape: string | null;
    dyno: string | null;
    release: number | null;
    service_ms: number | null;
    weight: number;
    first_ms: number;
  }>(
    `SELECT code, status, method, host, path_shape, dyno, release, max(service_ms) AS service_ms,
       sum(1 / nullif(sample_rate, 0))::float8 AS weight, min(at_ms) AS first_ms
     FROM request_details WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3
     GROUP BY code, status, method, host, path_shape, dyno, release, service_ms > $4::int
     ORDER BY weight DESC NULLS LAST LIMIT ${GROUPS_MAX}`,
    [appId, fromMs, toMs, thresholdMs ?? 0],
  );
  return {
    groups: rows.map((row) => ({
      code: row.code,
      status: row.status,
      method: row.method ?? '',
      host: row.host ?? '',
      pathShape: row.path_shape ?? '',
      dyno: row.dyno ?? '',
      release: row.release,
      serviceMs: row.service_ms,
      weight: row.weight ?? 0,
    })),
    fromMs: rows.length === 0 ? null : Math.min(...rows.map((row) => row.first_ms)),
  };
}
