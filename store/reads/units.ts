/** The state of the compactions of a range, and the slices that follow from it. */
import type { ResolutionS } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { planSlices, type Retired, type Slice, UNIT_OF_MINUTES_S, type UnitState } from './plan.ts';

const HOUR_S = 3600;

/** Slices to read a range of one app from; bounds as planSlices wants them. */
export async function readSlices(
  db: Queryable,
  appId: number,
  range: { fromS: number; toS: number },
  coarsestS: ResolutionS,
): Promise<Slice[]> {
  if (coarsestS === 10) return planSlices(range, 10, []);
  const { byApp, retired } = await readUnits(db, [appId], range, coarsestS);
  return planSlices(range, coarsestS, byApp.get(appId) ?? [], retired);
}

/** Apps that are read alike: their compactions stand at the same point. */
export interface SliceGroup {
  appIds: number[];
  slices: Slice[];
}

/** More groups than this are not worth a query each; the rest is read from the finest rows. */
const GROUPS_MAX = 4;

/** As readSlices for many apps at once, by 1-min rows. The range lies within what is kept of the finest rows. */
export async function readSliceGroups(
  db: Queryable,
  appIds: readonly number[],
  range: { fromS: number; toS: number },
): Promise<SliceGroup[]> {
  const { byApp, retired } = await readUnits(db, appIds, range, 60);
  const groups = new Map<string, SliceGroup>();
  for (const appId of appIds) {
    const slices = planSlices(range, 60, byApp.get(appId) ?? [], retired);
    const key = JSON.stringify(slices);
    const group = groups.get(key);
    if (group) group.appIds.push(appId);
    else groups.set(key, { appIds: [appId], slices });
  }
  return joinRareGroups([...groups.values()], range);
}

function joinRareGroups(groups: SliceGroup[], range: { fromS: number; toS: number }): SliceGroup[] {
  groups.sort((a, b) => b.appIds.length - a.appIds.length);
  if (groups.length <= GROUPS_MAX) return groups;
  const rest = groups.slice(GROUPS_MAX - 1);
  return [
    ...groups.slice(0, GROUPS_MAX - 1),
    { appIds: rest.flatMap((group) => group.appIds), slices: planSlices(range, 10, []) },
  ];
}

interface Units {
  byApp: Map<number, UnitState[]>;
  retired: Retired;
}

/** In the multirange of a group: `{[1700000000,1700001200),[1700002400,1700003000)}`. */
const SPAN = /\[(\d+),(\d+)\)/g;

/**
 * Units that touch a range, as spans: a month has 720 hours, of which nearly all are done. Those of ten minutes are
 * kept as long as rows of 10 s are, so there are never many.
 */
async function readUnits(
  db: Queryable,
  appIds: readonly number[],
  range: { fromS: number; toS: number },
  coarsestS: ResolutionS,
): Promise<Units> {
  const { rows } = await db.query<{
    ten_seconds_s: number | null;
    minutes_s: number | null;
    units:
      | [
          appId: number,
          resolutionS: number,
          done: string | null,
          due: string | null,
          partial: Record<string, number> | null,
        ][]
      | null;
  }>(
    `SELECT (SELECT min(before_s) FROM retired WHERE table_name LIKE '%10s') AS ten_seconds_s,
       (SELECT min(before_s) FROM retired WHERE table_name LIKE '%1m') AS minutes_s,
       (SELECT json_agg(json_build_array(app_id, resolution_s, done, due, partial)) FROM (
         SELECT app_id, resolution_s, range_agg(span) FILTER (WHERE is_done)::text AS done,
           range_agg(span) FILTER (WHERE NOT is_done)::text AS due,
           json_object_agg(unit_s, partial_to_s) FILTER (WHERE NOT is_done AND partial_to_s > unit_s) AS partial
         FROM (
           SELECT app_id, resolution_s, unit_s, partial_to_s, done_version = version AS is_done,
             int4range(unit_s, unit_s + CASE resolution_s WHEN 60 THEN ${UNIT_OF_MINUTES_S} ELSE ${HOUR_S} END) AS span
           FROM compactions
           WHERE app_id = ANY ($1::int[]) AND resolution_s = ANY ($2::int[]) AND unit_s >= $3 AND unit_s < $4
         ) AS unit GROUP BY 1, 2
       ) AS app) AS units`,
    [appIds, coarsestS === 60 ? [60] : [60, 3600], range.fromS - (range.fromS % HOUR_S), range.toS],
  );
  const [row] = rows;
  const byApp = new Map<number, UnitState[]>();
  for (const [appId, resolutionS, done, due, partial] of row?.units ?? []) {
    const units = byApp.get(appId) ?? [];
    byApp.set(appId, units);
    units.push(...unitsOf(resolutionS, done, true));
    for (const unit of unitsOf(resolutionS, due, false)) {
      const partialToS = partial?.[unit.unitS];
      units.push(partialToS === undefined ? unit : { ...unit, partialToS });
    }
  }
  return { byApp, retired: { tenSecondsS: row?.ten_seconds_s ?? 0, minutesS: row?.minutes_s ?? 0 } };
}

function unitsOf(resolutionS: number, spans: string | null, done: boolean): UnitState[] {
  const widthS = resolutionS === 60 ? UNIT_OF_MINUTES_S : HOUR_S;
  const units: UnitState[] = [];
  for (const [, from, to] of (spans ?? '').matchAll(SPAN)) {
    for (let unitS = Number(from); unitS < Number(to); unitS += widthS)
      units.push({ resolutionS, unitS, done });
  }
  return units;
}
