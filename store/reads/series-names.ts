/** Series of apps by kind: number, key, label (table series). */
import type { Queryable } from '../pool.ts';

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
