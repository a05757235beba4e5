/** Events, losses and sleep of apps, as rules are judged by them; one statement each, however many apps. */
import type { FactEvent, FactLoss } from '../../model/rule-facts.ts';
import { DAY, HOUR } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';

/** A dyno lives at most about 28 hours, and so does an episode. */
const EPISODE_MAX_MS = 30 * HOUR;
/** Of one app and read: a dyno that does nothing but crash makes some a minute. */
const EVENTS_MAX = 5_000;
const KINDS = ['state', 'exit', 'cycling', 'release'];

/** By app and time: events of [fromMs, toMs), and episodes that reach into it. */
export async function readFactEvents(
  db: Queryable,
  appIds: readonly number[],
  fromMs: number,
  toMs: number,
): Promise<Map<number, FactEvent[]>> {
  if (appIds.length === 0) return new Map();
  const { rows } = await db.query<FactEvent & { appId: number }>(
    `SELECT e.* FROM unnest($1::int[]) AS a (app_id), LATERAL (
       SELECT app_id AS "appId", at_ms AS "atMs", until_ms AS "untilMs", kind, coalesce(dyno, '') AS dyno,
         coalesce(code, '') AS code, coalesce(detail ->> 'to', '') AS "to", coalesce(detail ->> 'from', '') AS "from",
         (detail -> 'exitStatus')::int AS "exitStatus"
       FROM events
       WHERE app_id = a.app_id AND at_ms >= $2 AND at_ms < $4
         AND (kind = ANY ($5::text[]) AND at_ms >= $3 OR kind = 'code' AND until_ms >= $3)
       ORDER BY at_ms DESC, id DESC LIMIT ${EVENTS_MAX}
     ) AS e`,
    [appIds, fromMs - EPISODE_MAX_MS, fromMs, toMs, KINDS],
  );
  // Newest first in the statement, so that of too many the newest are there.
  return groupReversed(rows);
}

/** By app and end: known losses that touch [fromMs, toMs). */
export async function readFactLosses(
  db: Queryable,
  appIds: readonly number[],
  fromMs: number,
  toMs: number,
): Promise<Map<number, FactLoss[]>> {
  const { rows } = await db.query<FactLoss & { appId: number }>(
    `SELECT g.* FROM unnest($1::int[]) AS a (app_id), LATERAL (
       SELECT app_id AS "appId", from_ms AS "fromMs", to_ms AS "toMs", messages, cause FROM gaps
       WHERE app_id = a.app_id AND to_ms >= $2 AND from_ms < $3 ORDER BY to_ms DESC LIMIT ${EVENTS_MAX}
     ) AS g`,
    [appIds, fromMs, toMs],
  );
  return groupReversed(rows);
}

function groupReversed<Row extends { appId: number }>(rows: Row[]): Map<number, Row[]> {
  return Map.groupBy(rows.reverse(), (row) => row.appId);
}

/** States in which a dyno writes nothing, and is not meant to. */
const RESTING = ['down', 'idle', 'complete'];
/** A dyno's last state may be told long before its sleep. */
const STATE_WITHIN_MS = 2 * DAY;

/** Those of the apps whose dynos all rest, as far as they are known: by the last state of each before `toMs`. */
export async function readSleepingApps(
  db: Queryable,
  appIds: readonly number[],
  toMs: number,
): Promise<Set<number>> {
  if (appIds.length === 0) return new Set();
  const { rows } = await db.query<{ app_id: number }>(
    `SELECT app_id FROM (
       SELECT DISTINCT ON (app_id, dyno) app_id, detail ->> 'to' AS state FROM events
       WHERE app_id = ANY ($1::int[]) AND kind = 'state' AND dyno IS NOT NULL AND at_ms >= $2 AND at_ms < $3
       ORDER BY app_id, dyno, at_ms DESC, id DESC
     ) AS d GROUP BY app_id HAVING bool_and(state = ANY ($4::text[]))`,
    [appIds, toMs - STATE_WITHIN_MS, toMs, RESTING],
  );
  return new Set(rows.map((row) => row.app_id));
}
