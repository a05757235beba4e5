/** Series of apps by kind: number, key, label (table series). */
import { SERIES_DYNO_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readInt4Array } from './arrays.ts';

export interface SeriesName {
  id: number;
  appId: number;
  kind: number;
  key: string;
  label: string | null;
}

/** Ordered by key. */
export async function readSeriesNames(
  db: Queryable,
  appIds: readonly number[],
  kinds: readonly number[],
): Promise<SeriesName[]> {
  const { rows } = await db.query<{
    id: number;
    app_id: number;
    kind: number;
    key: string;
    label: string | null;
  }>(
    `SELECT id, app_id, kind, key, label FROM series
     WHERE app_id = ANY ($1::int[]) AND kind = ANY ($2::smallint[]) ORDER BY app_id, kind, key`,
    [appIds, kinds],
  );
  return rows.map(({ app_id, ...row }) => ({ ...row, appId: app_id }));
}

/**
 * The same by app, with the dyno metrics named. Moved as one list of each app: of a hundred apps there are ten
 * thousand, and as rows they cost more than all figures of them.
 */
export async function readNamesByApp(
  db: Queryable,
  appIds: readonly number[],
  kinds: readonly number[],
  dynoMetrics: readonly string[],
): Promise<Map<number, SeriesName[]>> {
  const { rows } = await db.query<{ app_id: number; ids: Buffer; kinds: Buffer; keys: string[] }>(
    `SELECT app_id, array_send(array_agg(id)) AS ids, array_send(array_agg(kind::int)) AS kinds,
       json_agg(key) AS keys
     FROM series
     WHERE app_id = ANY ($1::int[]) AND (kind = ANY ($2::smallint[])
       OR kind = ${SERIES_DYNO_METRIC} AND split_part(key, chr(9), 2) = ANY ($3::text[]))
     GROUP BY app_id`,
    [appIds, kinds, dynoMetrics],
  );
  return new Map(
    rows.map((row) => {
      const [ids, own] = [readInt4Array(row.ids), readInt4Array(row.kinds)];
      const names = row.keys.map((key, i) => ({
        id: ids[i] ?? 0,
        appId: row.app_id,
        kind: own[i] ?? 0,
        key,
        label: null,
      }));
      return [row.app_id, names];
    }),
  );
}

/** `web.1` → `web`; `run` → `run`; '' stays ''. */
export function processTypeOf(dyno: string): string {
  const dot = dyno.lastIndexOf('.');
  return dot < 0 ? dyno : dyno.slice(0, dot);
}

/** In the order people count: web.2 before web.10. */
export function compareDynos(a: string, b: string): number {
  const [typeA, typeB] = [processTypeOf(a), processTypeOf(b)];
  if (typeA !== typeB) return typeA < typeB ? -1 : 1;
  return (
    Number(a.slice(typeA.length + 1)) - Number(b.slice(typeB.length + 1)) || (a < b ? -1 : a > b ? 1 : 0)
  );
}
