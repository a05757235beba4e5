/** Which apps are too young for rules about what is usual: those say nothing yet, which is no "all is well". */
import { DAYS_MIN } from '../../model/anomaly.ts';
import type { Queryable } from '../pool.ts';

/** `learning, day 2 of 3`. */
export interface Learning {
  day: number;
  of: number;
}

/** By app, those with lines of fewer days than a baseline needs; an app without any is in its first. */
export async function readLearningApps(
  db: Queryable,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, Learning>> {
  const { rows } = await db.query<{ app_id: number; days: number }>(
    `SELECT a.app_id, coalesce(($2::int - l.first_line_minute) / 1440, 0) AS days
     FROM unnest($1::int[]) AS a (app_id) LEFT JOIN app_liveness l ON l.app_id = a.app_id`,
    [appIds, Math.floor(nowMs / 60_000)],
  );
  return new Map(
    rows
      .filter(({ days }) => days < DAYS_MIN)
      .map(({ app_id: appId, days }) => [appId, { day: Math.max(0, days) + 1, of: DAYS_MIN }]),
  );
}
