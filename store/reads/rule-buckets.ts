/**
 * Buckets of five minutes at the same time of other weeks and days, for many apps at once: what an anomaly is judged by.
 * Left out of them: minutes without lines, with losses or past their retention, incidents, corrections, and for latencies
 * the first hour after a release.
 */
import { BUCKET_MINUTES } from '../../model/anomaly.ts';
import { quantileMs } from '../../model/histogram.ts';
import type { AnomalyMetric } from '../../model/rule.ts';
import type { FactNeeds } from '../../model/rule-needs.ts';
import { judgedBuckets, planOf } from '../../model/rules/unusual.ts';
import { SERIES_DYNO_METRIC } from '../../model/series.ts';
import { parseIntArray } from '../int-array.ts';
import type { Queryable } from '../pool.ts';
import { readMinutesRetiredS } from '../slo-backfills.ts';
import type { Slice } from './plan.ts';
import { readRequestPoints } from './request-points.ts';
import { totalNames } from './requests-over-time.ts';
import { readExcludedSpans } from './rule-exclusions.ts';
import { readSamplesByStep } from './rule-series.ts';
import { processTypeOf, type SeriesName } from './series-names.ts';

const STEP_S = BUCKET_MINUTES * 60;
/** Older than this, rows of a minute are there; younger, the finest ones are. */
const COMPACTED_AFTER_S = 3 * 3600;
/** A share or a percentile of fewer requests says nothing. */
const REQUESTS_MIN = 20;
/** Of a bucket's five minutes so many must have lines. */
const ALIVE_MIN = 4;

export interface BucketsQuery {
  apps: readonly { appId: number; needs: FactNeeds }[];
  /** Of the apps, by app: requests by release or host, and dyno metrics. */
  names: ReadonlyMap<number, readonly SeriesName[]>;
  /** Evaluations that judge them. */
  evaluations: readonly number[];
  nowMinute: number;
}

type ByKey = Map<string, Map<number, number>>;
type ByMetric = Map<string, ByKey>;

/** By app, metric and key: values by start minute. */
export async function readBuckets(db: Queryable, query: BucketsQuery): Promise<Map<number, ByMetric>> {
  const apps = query.apps.filter(({ needs }) => needs.anomalies.size > 0);
  const found = new Map<number, ByMetric>();
  if (apps.length === 0 || query.evaluations.length === 0) return found;
  const zones = new Set(apps.flatMap(({ needs }) => [...needs.zones]));
  const { starts, judged } = startsOf(query.evaluations, zones);
  const slices = slicesOf(starts, query.nowMinute * 60);
  for (const { appId } of apps) found.set(appId, new Map());
  // A statement each: with its bounds as values one span is a handful of pages, many joined are a walk over all there is.
  for (const slice of slices) {
    await addRequests(db, { ...query, apps }, [slice], found);
    await addSamples(db, { ...query, apps }, [slice], found);
  }
  const usable = await readUsable(db, apps, starts, judged);
  fillZeros(found, apps, usable);
  return dropUnusable(found, usable);
}

/** Start minutes of every bucket that is looked at, ascending, and those of them that are judged. */
function startsOf(
  evaluations: readonly number[],
  zones: Iterable<string>,
): { starts: number[]; judged: Set<number> } {
  const judged = new Set(evaluations.flatMap(judgedBuckets));
  const starts = new Set(judged);
  for (const zone of zones) {
    for (const bucket of judged) {
      const { weeks, days } = planOf(bucket, zone);
      for (const start of [...weeks, ...days].flat()) starts.add(start);
    }
  }
  return { starts: [...starts].sort((a, b) => a - b), judged };
}

/** Runs of neighbouring buckets as slices of the tables that hold them. */
function slicesOf(starts: readonly number[], nowS: number): Slice[] {
  const slices: Slice[] = [];
  for (const start of starts) {
    const fromS = start * 60;
    const resolutionS = nowS - fromS > COMPACTED_AFTER_S ? 60 : 10;
    const last = slices.at(-1);
    if (last && last.toS === fromS && last.resolutionS === resolutionS) last.toS = fromS + STEP_S;
    else slices.push({ resolutionS, fromS, toS: fromS + STEP_S });
  }
  return slices;
}

function valuesOf(found: Map<number, ByMetric>, appId: number, metric: AnomalyMetric, key: string) {
  const byMetric = found.get(appId) ?? new Map<string, ByKey>();
  found.set(appId, byMetric);
  const byKey = byMetric.get(metric) ?? new Map<string, Map<number, number>>();
  byMetric.set(metric, byKey);
  const values = byKey.get(key) ?? new Map<number, number>();
  byKey.set(key, values);
  return values;
}

async function addRequests(
  db: Queryable,
  { apps, names }: BucketsQuery,
  slices: readonly Slice[],
  found: Map<number, ByMetric>,
): Promise<void> {
  const isTimed = ({ needs }: BucketsQuery['apps'][number]) =>
    needs.anomalies.has('p50') || needs.anomalies.has('p95');
  const isCounted = ({ needs }: BucketsQuery['apps'][number]) =>
    needs.anomalies.has('requests') || needs.anomalies.has('failedShare');
  for (const withLatencies of [false, true]) {
    const own = apps.filter((app) => (isTimed(app) || isCounted(app)) && isTimed(app) === withLatencies);
    const points = await readRequestPoints(db, {
      target: { pairs: own.flatMap(({ appId }) => totalNames(names.get(appId) ?? [], 1)) },
      slices,
      columns: ['count', 'bad', 'excluded'],
      latencies: withLatencies ? ['service'] : [],
      stepS: STEP_S,
      by: 'app',
    });
    for (const { appId, needs } of own) {
      const point = points.get(appId);
      if (needs.anomalies.has('requests')) valuesOf(found, appId, 'requests', '');
      point?.t.forEach((t, i) => {
        const count = point.sums.count[i] ?? 0;
        const counted = count - (point.sums.excluded[i] ?? 0);
        if (needs.anomalies.has('requests')) valuesOf(found, appId, 'requests', '').set(t / 60, count);
        if (needs.anomalies.has('failedShare') && counted >= REQUESTS_MIN)
          valuesOf(found, appId, 'failedShare', '').set(t / 60, (point.sums.bad[i] ?? 0) / counted);
      });
      if (!withLatencies) continue;
      point?.eachLatency('service', (t, { bins, maxMs }) => {
        if (bins.reduce((sum, count) => sum + count, 0) < REQUESTS_MIN) return;
        for (const [metric, q] of [
          ['p50', 0.5],
          ['p95', 0.95],
        ] as const) {
          const ms = needs.anomalies.has(metric) ? quantileMs(bins, q, maxMs) : null;
          if (ms !== null) valuesOf(found, appId, metric, '').set(t / 60, ms);
        }
      });
    }
  }
}

const DYNO_METRICS = { memory: 'memory_total', load: 'load_avg_1m' } as const;

/** Averages over the dynos of a process type. */
async function addSamples(
  db: Queryable,
  { apps, names }: BucketsQuery,
  slices: readonly Slice[],
  found: Map<number, ByMetric>,
): Promise<void> {
  for (const [metric, sampled] of Object.entries(DYNO_METRICS) as ['memory' | 'load', string][]) {
    const own = apps
      .filter(({ needs }) => needs.anomalies.has(metric))
      .flatMap(({ appId }) => names.get(appId) ?? [])
      .filter((name) => name.kind === SERIES_DYNO_METRIC && name.key.endsWith(`\t${sampled}`));
    const series = await readSamplesByStep(db, { series: own, slices, stepS: STEP_S });
    const groups = Map.groupBy(
      own,
      (name) => `${name.appId}\t${processTypeOf(name.key.split('\t')[0] ?? '')}`,
    );
    for (const [group, members] of groups) {
      const [appId = '', type = ''] = group.split('\t');
      const sums = new Map<number, { sum: number; count: number }>();
      for (const name of members) {
        const found = series.get(name.id);
        found?.t.forEach((t, i) => {
          const bucket = sums.get(t) ?? { sum: 0, count: 0 };
          sums.set(t, bucket);
          bucket.sum += found.sums[i] ?? 0;
          bucket.count += found.counts[i] ?? 0;
        });
      }
      const values = valuesOf(found, Number(appId), metric, type);
      for (const [t, { sum, count }] of sums) if (count > 0) values.set(t / 60, sum / count);
    }
  }
}

interface Usable {
  /** Whether rows of its minutes are there to be read: retention did not take them. */
  isKept(start: number): boolean;
  /** Buckets in which the stream was alive; of those without a word about lines, null. */
  isAlive(start: number): boolean | null;
  /** Whether a bucket is left out of baselines of latencies, or of any metric. */
  isExcluded(start: number, ofLatency: boolean): boolean;
  starts: readonly number[];
}

async function readUsable(
  db: Queryable,
  apps: BucketsQuery['apps'],
  starts: readonly number[],
  judged: ReadonlySet<number>,
): Promise<Map<number, Usable>> {
  const appIds = apps.map(({ appId }) => appId);
  const [first, last] = [starts[0] ?? 0, (starts.at(-1) ?? 0) + BUCKET_MINUTES];
  const lines = await readLinesOfHours(db, appIds, starts);
  const excluded = await readExcludedSpans(db, appIds, { from: first, to: last });
  // Asked after the counts were: it is noted before anything is dropped, so what was gone when they were read is known.
  const keptFromMinute = (await readMinutesRetiredS(db)) / 60;
  return new Map(
    appIds.map((appId) => {
      const hours = lines.get(appId);
      const spans = excluded.get(appId) ?? [];
      return [
        appId,
        {
          starts,
          isKept: (start) => start >= keptFromMinute,
          isAlive: (start) => aliveIn(hours, start),
          isExcluded: (start, ofLatency) =>
            spans.some(
              ({ from, to, what }) =>
                from < start + BUCKET_MINUTES &&
                start < to &&
                // What is judged now is judged also in an incident; what is lost is unknown in any bucket.
                (what === 'loss' || (!judged.has(start) && (what !== 'release' || ofLatency))),
            ),
        },
      ];
    }),
  );
}

function aliveIn(hours: ReadonlyMap<number, readonly number[]> | undefined, start: number): boolean | null {
  const minutes = hours?.get(Math.floor(start / 60));
  if (minutes === undefined) return null;
  let alive = 0;
  for (let at = start; at < start + BUCKET_MINUTES; at++) if ((minutes[at % 60] ?? 0) > 0) alive++;
  return alive >= ALIVE_MIN;
}

/** Messages by minute of the hours that hold the buckets, by app and hour. */
async function readLinesOfHours(
  db: Queryable,
  appIds: readonly number[],
  starts: readonly number[],
): Promise<Map<number, Map<number, readonly number[]>>> {
  const hours = [...new Set(starts.map((start) => Math.floor(start / 60)))];
  const { rows } = await db.query<{ app_id: number; hour: number; messages: string }>(
    `SELECT app_id, hour, messages::text AS messages FROM app_hours
     WHERE app_id = ANY ($1::int[]) AND hour = ANY ($2::int[])`,
    [appIds, hours],
  );
  const byApp = new Map<number, Map<number, readonly number[]>>();
  for (const row of rows) {
    const own = byApp.get(row.app_id) ?? new Map<number, readonly number[]>();
    byApp.set(row.app_id, own);
    own.set(row.hour, parseIntArray(row.messages));
  }
  return byApp;
}

/** A live stream without requests had none; where rows of minutes are gone, nobody knows. Lines are told for longer. */
function fillZeros(
  found: Map<number, ByMetric>,
  apps: BucketsQuery['apps'],
  usable: ReadonlyMap<number, Usable>,
): void {
  for (const { appId } of apps) {
    const values = found.get(appId)?.get('requests')?.get('');
    const own = usable.get(appId);
    if (values === undefined || own === undefined) continue;
    for (const start of own.starts)
      if (!values.has(start) && own.isKept(start) && own.isAlive(start) === true) values.set(start, 0);
  }
}

function dropUnusable(
  found: Map<number, ByMetric>,
  usable: ReadonlyMap<number, Usable>,
): Map<number, ByMetric> {
  for (const [appId, byMetric] of found) {
    const own = usable.get(appId);
    for (const [metric, byKey] of byMetric) {
      const ofLatency = metric === 'p50' || metric === 'p95';
      for (const values of byKey.values()) {
        for (const start of values.keys()) {
          // Rows past their retention that are still there may be a late rest of their bucket.
          if (!own?.isKept(start) || own.isAlive(start) === false || own.isExcluded(start, ofLatency))
            values.delete(start);
        }
      }
    }
  }
  return found;
}
