/** The state of the compactions of a range, and the slices that follow from it. */
import type { ResolutionS } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { planSlices, type Slice, type UnitState } from './plan.ts';

const HOUR_S = 3600;

/** Slices to read a range of one app from; bounds as planSlices wants them. */
export async function readSlices(
  db: Queryable,
  appId: number,
  range: { fromS: number; toS: number },
  coarsestS: ResolutionS,
): Promise<Slice[]> {
  if (coarsestS === 10) return planSlices(range, 10, []);
  const units = await readUnits(db, [appId], range, coarsestS);
  return planSlices(range, coarsestS, units);
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
  const byApp = new Map<number, UnitState[]>(appIds.map((id) => [id, []]));
  for (const unit of await readUnits(db, appIds, range, 60)) byApp.get(unit.appId)?.push(unit);
  const groups = new Map<string, SliceGroup>();
  for (const [appId, units] of byApp) {
    const slices = planSlices(range, 60, units);
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

interface AppUnit extends UnitState {
  appId: number;
}

/**
 * Units of 10 min that matter: where whole hours are read, those of a done hour only when they are due. 30 days
 * have 4,320 of them, of which then next to none are fetched.
 */
async function readUnits(
  db: Queryable,
  appIds: readonly number[],
  range: { fromS: number; toS: number },
  coarsestS: ResolutionS,
): Promise<AppUnit[]> {
  const span = { fromS: range.fromS - (range.fromS % HOUR_S), toS: range.toS };
  if (coarsestS !== 3600) return readUnitRows(db, appIds, span, 'c.resolution_s = 60');
  const units = await readUnitRows(
    db,
    appIds,
    span,
    'c.resolution_s = 3600 OR (c.resolution_s = 60 AND c.done_version < c.version)',
  );
  const open = openHours(range, units);
  if (open === null) return units;
  return [...units, ...(await readUnitRows(db, appIds, open, 'c.resolution_s = 60'))];
}

/** From the first to the last hour of the range that cannot be read from an hour's row; null when all can. */
function openHours(
  range: { fromS: number; toS: number },
  units: readonly AppUnit[],
): { fromS: number; toS: number } | null {
  const done = new Set<number>();
  for (const unit of units) if (unit.resolutionS === HOUR_S && unit.done) done.add(unit.unitS);
  // A due unit of 10 min takes its hour with it.
  for (const unit of units) if (unit.resolutionS === 60) done.delete(unit.unitS - (unit.unitS % HOUR_S));
  const open: number[] = [];
  for (let hourS = range.fromS - (range.fromS % HOUR_S); hourS < range.toS; hourS += HOUR_S) {
    const isWhole = hourS >= range.fromS && hourS + HOUR_S <= range.toS;
    if (!isWhole || !done.has(hourS)) open.push(hourS);
  }
  const [first, last] = [open[0], open[open.length - 1]];
  return first === undefined || last === undefined ? null : { fromS: first, toS: last + HOUR_S };
}

async function readUnitRows(
  db: Queryable,
  appIds: readonly number[],
  span: { fromS: number; toS: number },
  which: string,
): Promise<AppUnit[]> {
  const { rows } = await db.query<{ app_id: number; resolution_s: number; unit_s: number; done: boolean }>(
    `SELECT c.app_id, c.resolution_s, c.unit_s, c.done_version = c.version AS done FROM compactions c
     WHERE c.app_id = ANY ($1::int[]) AND c.resolution_s IN (60, 3600) AND c.unit_s >= $2 AND c.unit_s < $3
       AND (${which})`,
    [appIds, span.fromS, span.toS],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    resolutionS: row.resolution_s,
    unitS: row.unit_s,
    done: row.done,
  }));
}
