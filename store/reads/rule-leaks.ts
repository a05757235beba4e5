/** Memory of dynos since they were started, a point every ten minutes, for many apps at once. */
import type { LeakFacts } from '../../model/rule-facts.ts';
import { LEAK_EVERY_MINUTES, LEAK_LOOK_BACK_MINUTES } from '../../model/rules/memory-leak.ts';
import type { Queryable } from '../pool.ts';
import { readFloat8Array, readInt4Array } from './arrays.ts';
import type { SeriesName } from './series-names.ts';

/** Rows of a minute are there this long after it, as a rule; what is not yet there is one point less. */
const COMPACTED_AFTER_MINUTES = 15;

/**
 * Points before evaluation `minute` of every dyno with memory metrics, of rows of a minute: each is looked up, for a day
 * of a dyno has 1,440 of them. names: of the apps, memory_total and memory_quota among them.
 */
export async function readLeakFacts(
  db: Queryable,
  names: readonly SeriesName[],
  minute: number,
): Promise<Map<number, LeakFacts[]>> {
  const totals = names.filter((name) => name.key.endsWith('\tmemory_total'));
  if (totals.length === 0) return new Map();
  const newest = floorTo(minute - COMPACTED_AFTER_MINUTES, LEAK_EVERY_MINUTES);
  const marks: number[] = [];
  for (let at = newest - LEAK_LOOK_BACK_MINUTES; at <= newest; at += LEAK_EVERY_MINUTES) marks.push(at * 60);
  const points = await readMarks(db, totals, marks);
  const quotas = await readQuotas(db, names, minute);
  const started = await readStarts(db, totals, minute);
  const byApp = new Map<number, LeakFacts[]>();
  for (const name of totals) {
    const own = points.get(name.id);
    const dyno = dynoOf(name);
    if (own === undefined) continue;
    const facts = byApp.get(name.appId) ?? [];
    byApp.set(name.appId, facts);
    facts.push({
      dyno,
      startedMinute: started.get(`${name.appId}\t${dyno}`) ?? null,
      quotaBytes: quotas.get(`${name.appId}\t${dyno}`) ?? null,
      points: own,
    });
  }
  return byApp;
}

function dynoOf(name: SeriesName): string {
  return name.key.slice(0, name.key.indexOf('\t'));
}

function floorTo(value: number, width: number): number {
  return Math.floor(value / width) * width;
}

async function readMarks(
  db: Queryable,
  names: readonly SeriesName[],
  marks: readonly number[],
): Promise<Map<number, LeakFacts['points']>> {
  const { rows } = await db.query<{ series_id: number; t: Buffer; bytes: Buffer }>(
    `SELECT b.series_id, array_send(array_agg(b.bucket_s ORDER BY b.bucket_s)) AS t,
       array_send(array_agg(b.sum / b.count ORDER BY b.bucket_s)) AS bytes
     FROM unnest($1::int[], $2::int[]) AS p (app_id, series_id)
     JOIN sample_buckets_1m b ON b.app_id = p.app_id AND b.series_id = p.series_id
     WHERE b.bucket_s = ANY ($3::int[]) AND b.bucket_s >= $4 AND b.bucket_s <= $5 AND b.count > 0
     GROUP BY 1`,
    [
      names.map((name) => name.appId),
      names.map((name) => name.id),
      marks,
      marks[0] ?? 0,
      marks[marks.length - 1] ?? 0,
    ],
  );
  return new Map(
    rows.map((row) => {
      const [t, bytes] = [readInt4Array(row.t), readFloat8Array(row.bytes)];
      const points = Array.from(t, (at, i) => ({ minute: at / 60, bytes: bytes[i] ?? 0 }));
      return [row.series_id, points];
    }),
  );
}

/** Newest quota by app and dyno. */
async function readQuotas(
  db: Queryable,
  names: readonly SeriesName[],
  minute: number,
): Promise<Map<string, number>> {
  const quotas = names.filter((name) => name.key.endsWith('\tmemory_quota'));
  const { rows } = await db.query<{ series_id: number; last: number }>(
    `SELECT p.series_id, b.last FROM unnest($1::int[], $2::int[]) AS p (app_id, series_id), LATERAL (
       SELECT last FROM sample_buckets_1m b
       WHERE b.app_id = p.app_id AND b.series_id = p.series_id AND b.bucket_s >= $3 AND b.bucket_s < $4
       ORDER BY b.bucket_s DESC LIMIT 1
     ) AS b`,
    [quotas.map((name) => name.appId), quotas.map((name) => name.id), (minute - 24 * 60) * 60, minute * 60],
  );
  const byId = new Map(rows.map((row) => [row.series_id, row.last]));
  return new Map(
    quotas.flatMap((name) => {
      const quota = byId.get(name.id);
      return quota === undefined ? [] : [[`${name.appId}\t${dynoOf(name)}`, quota] as const];
    }),
  );
}

/** When each dyno was started last, by app and dyno: minute. */
async function readStarts(
  db: Queryable,
  names: readonly SeriesName[],
  minute: number,
): Promise<Map<string, number>> {
  const appIds = [...new Set(names.map((name) => name.appId))];
  const { rows } = await db.query<{ app_id: number; dyno: string; at_ms: number }>(
    `SELECT app_id, dyno, max(at_ms) AS at_ms FROM events
     WHERE app_id = ANY ($1::int[]) AND at_ms >= $2 AND at_ms < $3 AND dyno IS NOT NULL
       AND (kind = 'state' AND detail ->> 'to' IN ('starting', 'up') OR kind = 'start')
     GROUP BY 1, 2`,
    [appIds, (minute - LEAK_LOOK_BACK_MINUTES) * 60_000, minute * 60_000],
  );
  return new Map(rows.map((row) => [`${row.app_id}\t${row.dyno}`, Math.floor(row.at_ms / 60_000)]));
}
