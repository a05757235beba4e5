/** Lives of an app's dynos in a range, told by its events: marks, starts, crashes, ends, the newest boot. */
import { type Life, type LifeMark, lifeOf, mergeLives } from '../../model/dyno-life.ts';
import { seriesDynoName } from '../../model/heroku.ts';
import { HOUR, MINUTE } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { type EventRow, readEvents } from './events.ts';
import type { ReadRange } from './range.ts';

/** Events that are read one by one: a dyno that crashes in a loop makes thousands a day, and those are summed up. */
const EVENTS_MAX = 4_000;
const LIFE_KINDS = ['state', 'exit', 'cycling', 'code'];
/** Places on a lane: marks of a dyno that are summed up are no nearer than this to each other. */
const PLACES = 240;
/** As in readEvents: an episode that began earlier cannot reach into a range. */
const EPISODE_MAX_MS = 30 * HOUR;
/** `Cycling` is written just before the state changes, as in lifeOf. */
const CYCLING_WITHIN_MS = 2 * MINUTE;

/** By dyno; those of one-off dynos as one, under the name of their series. Numbers are exact, however many events. */
export async function readLives(db: Queryable, appId: number, range: ReadRange): Promise<Map<string, Life>> {
  const events = await readEvents(db, {
    appId,
    fromMs: range.fromS * 1000,
    toMs: range.toS * 1000,
    kinds: LIFE_KINDS,
    limit: EVENTS_MAX,
  });
  const lives = new Map<string, Life>();
  const add = (dyno: string, life: Life) => {
    const name = seriesDynoName(dyno);
    const known = lives.get(name);
    lives.set(name, known ? mergeLives([known, life]) : life);
  };
  const newest = new Map([...groupByDyno(events)].map(([dyno, own]) => [dyno, lifeOf(own)]));
  // The newest boot is among the newest events; of all else those that were not read are a part.
  const summed = events.length < EVENTS_MAX ? newest : await sumUp(db, appId, range, newest);
  for (const [dyno, life] of summed) add(dyno, life);
  return lives;
}

function groupByDyno(events: readonly EventRow[]): Map<string, EventRow[]> {
  const byDyno = new Map<string, EventRow[]>();
  for (const event of events) {
    if (event.dyno === null) continue;
    const own = byDyno.get(event.dyno);
    if (own) own.push(event);
    else byDyno.set(event.dyno, [event]);
  }
  return byDyno;
}

interface Sum {
  dyno: string;
  what: LifeMark['kind'] | 'boot' | 'exit';
  status: number | null;
  first_ms: number;
  last_ms: number;
  until_ms: number;
  /** Lines of episodes; events otherwise. */
  lines: number;
}

/** Lives by sums that the database makes of all events: by dyno, what happened, and place on its lane. */
async function sumUp(
  db: Queryable,
  appId: number,
  { fromS, toS }: ReadRange,
  newest: ReadonlyMap<string, Life>,
): Promise<Map<string, Life>> {
  const [fromMs, toMs] = [fromS * 1000, toS * 1000];
  const { rows } = await db.query<Sum>(
    `SELECT dyno, what, status, min(at_ms) AS first_ms, max(at_ms) AS last_ms, max(until_ms) AS until_ms,
       sum(count)::float8 AS lines
     FROM (
       SELECT dyno, at_ms, until_ms, count, status,
         CASE WHEN kind = 'exit' THEN 'exit' WHEN kind = 'code' THEN code WHEN kind <> 'state' THEN NULL
           WHEN became = 'up' THEN 'boot' WHEN became = 'crashed' THEN 'crash'
           WHEN became IS DISTINCT FROM 'starting' OR was IN ('created', 'provisioning') THEN NULL
           WHEN at_ms - cycling_ms <= ${CYCLING_WITHIN_MS} THEN 'cycle' ELSE 'restart' END AS what
       FROM (
         SELECT dyno, kind, code, at_ms, until_ms, count, detail ->> 'to' AS became, detail ->> 'from' AS was,
           CASE WHEN kind = 'exit' AND jsonb_typeof(detail -> 'exitStatus') = 'number'
             THEN (detail ->> 'exitStatus')::float8 END AS status,
           max(at_ms) FILTER (WHERE kind = 'cycling') OVER (PARTITION BY dyno ORDER BY at_ms, id) AS cycling_ms
         FROM events
         WHERE app_id = $1 AND kind = ANY ($2) AND dyno IS NOT NULL AND at_ms >= $3::bigint - ${EPISODE_MAX_MS}
           AND at_ms < $4 AND until_ms >= $3 AND (kind <> 'code' OR code IN ('R14', 'R15'))
       ) AS event
     ) AS told
     WHERE what IS NOT NULL
     GROUP BY dyno, what, status, (at_ms - $3::bigint) * ${PLACES} / ($4::bigint - $3::bigint)
     ORDER BY first_ms`,
    [appId, LIFE_KINDS, fromMs, toMs],
  );
  const lives = new Map<string, Life>();
  const sums = Map.groupBy(rows, (row) => row.dyno);
  for (const dyno of new Set([...newest.keys(), ...sums.keys()])) {
    const { boot, startedMs } = newest.get(dyno) ?? NOTHING;
    lives.set(dyno, { ...mergeLives((sums.get(dyno) ?? []).map(toLife)), boot, startedMs });
  }
  return lives;
}

const NOTHING = lifeOf([]);

/** What one sum tells: a mark for all that is as near to each other as a place. */
function toLife({ what, status, first_ms, last_ms, until_ms, lines }: Sum): Life {
  switch (what) {
    case 'boot':
      return { ...NOTHING, boots: lines };
    case 'exit':
      return { ...NOTHING, exits: [{ status, count: lines }] };
    case 'R14':
    case 'R15':
      return { ...NOTHING, marks: [{ atMs: first_ms, untilMs: until_ms, kind: what, count: lines }] };
    default: {
      const isStart = what !== 'crash';
      return {
        ...NOTHING,
        marks: [{ atMs: last_ms, untilMs: last_ms, kind: what, count: lines }],
        restarts: isStart ? lines : 0,
        cycles: what === 'cycle' ? lines : 0,
        crashes: isStart ? 0 : lines,
      };
    }
  }
}
