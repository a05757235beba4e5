/** Rules about what is unusual for the time: anomalies of a metric, and the collapse of traffic. */
import {
  type Baseline,
  BUCKET_MINUTES,
  baselineOf,
  hasCollapsed,
  isLearning,
  isUnusual,
  JUDGED_BUCKETS,
  type MetricScale,
  planBaseline,
  scoreOf,
  scoreTowards,
} from '../anomaly.ts';
import type { AnomalyMetric, SettingsByKind } from '../rule.ts';
import { type Buckets, missingOf } from '../rule-facts.ts';
import { type KeyReading, type KindReader, percentOf } from '../rule-reader.ts';

const MB = 2 ** 20;

/** Floors: what is less than this apart is nothing to anybody. Latencies in ms, memory in bytes, requests a bucket. */
export const METRIC_SCALES: Record<
  AnomalyMetric,
  MetricScale & { unit: string; shown: (value: number) => number }
> = {
  requests: { isCount: true, floor: 5, unit: 'per min', shown: (value) => value / BUCKET_MINUTES },
  p50: { isCount: false, floor: 20, unit: 'ms', shown: Math.round },
  p95: { isCount: false, floor: 50, unit: 'ms', shown: Math.round },
  failedShare: { isCount: false, floor: 0.005, unit: '%', shown: percentOf },
  memory: { isCount: false, floor: 16 * MB, unit: 'MB', shown: (value) => Math.round(value / MB) },
  load: { isCount: false, floor: 0.2, unit: '', shown: (value) => Math.round(value * 100) / 100 },
};

/** Start minutes of the buckets that evaluation `minute` judges, oldest first. */
export function judgedBuckets(minute: number): number[] {
  const newest = Math.floor(minute / BUCKET_MINUTES) * BUCKET_MINUTES - BUCKET_MINUTES;
  return Array.from(
    { length: JUDGED_BUCKETS },
    (_, at) => newest - (JUDGED_BUCKETS - 1 - at) * BUCKET_MINUTES,
  );
}

interface JudgedBucket {
  value: number;
  baseline: Baseline;
}

/** Plans are the same for every metric, rule and app of a zone. */
const plans = new Map<string, ReturnType<typeof planBaseline>>();
const PLANS_MAX = 2000;

/** planBaseline, remembered: a zone's clock is slow to ask. */
export function planOf(bucket: number, zone: string): ReturnType<typeof planBaseline> {
  const key = `${bucket} ${zone}`;
  const known = plans.get(key);
  if (known !== undefined) return known;
  if (plans.size >= PLANS_MAX) plans.clear();
  const plan = planBaseline(bucket, zone);
  plans.set(key, plan);
  return plan;
}

/** The last buckets with what is usual at their time; null without a value, or while that is not known. */
function bucketsOf(
  values: Buckets,
  metric: MetricScale,
  zone: string,
  minute: number,
): (JudgedBucket | null)[] {
  return judgedBuckets(minute).map((start) => {
    const value = values.get(start);
    const baseline = baselineOf(planOf(start, zone), values, metric);
    return value === undefined || isLearning(baseline) ? null : { value, baseline };
  });
}

const perBucket = { everyMinutes: BUCKET_MINUTES, goneAfterMinutes: 60, lookBackMinutes: () => 1 };

export const anomaly: KindReader<SettingsByKind['anomaly']> = {
  ...perBucket,
  read: ({ metric, direction, score, zone }, facts, minute, isFiring) => {
    const scale = METRIC_SCALES[metric];
    const missing = missingOf(facts, minute, BUCKET_MINUTES);
    return [...(facts.buckets.get(metric) ?? [])].flatMap(([key, values]): KeyReading[] => {
      const buckets = bucketsOf(values, scale, zone, minute);
      const scores = buckets.map((bucket) =>
        bucket === null ? null : scoreTowards(scoreOf(bucket.value, bucket.baseline), direction),
      );
      const isAbove = isUnusual(scores, score, isFiring(key));
      const newest = buckets.at(-1) ?? null;
      return [
        {
          key,
          value: newest === null ? null : scale.shown(newest.value),
          threshold: newest === null ? null : scale.shown(boundOf(newest, direction, score)),
          unit: scale.unit,
          isAbove: isAbove ?? false,
          missing: missing ?? (isAbove === null ? 'noData' : null),
          about: newest === null ? '' : aboutUsual(newest, scale),
          windowMinutes: BUCKET_MINUTES * JUDGED_BUCKETS,
        },
      ];
    });
  },
};

/** The edge of the band on the side the value is on. */
function boundOf(
  { value, baseline }: JudgedBucket,
  direction: 'over' | 'under' | 'both',
  score: number,
): number {
  const isOver = direction === 'over' || (direction === 'both' && value >= baseline.centre);
  return isOver
    ? baseline.centre + score * baseline.scale
    : Math.max(0, baseline.centre - score * baseline.scale);
}

function aboutUsual(
  { baseline }: JudgedBucket,
  { shown, unit }: (typeof METRIC_SCALES)[AnomalyMetric],
): string {
  const usual = `usual ${Number(shown(baseline.centre).toPrecision(3))} ${unit}`.trimEnd();
  return `${usual}, ${baseline.points} points of the last ${baseline.of}`;
}

export const trafficCollapse: KindReader<SettingsByKind['trafficCollapse']> = {
  ...perBucket,
  read: ({ ratio, score, zone }, facts, minute, isFiring) => {
    const scale = METRIC_SCALES.requests;
    const values = facts.buckets.get('requests')?.get('');
    if (values === undefined) return [];
    const buckets = bucketsOf(values, scale, zone, minute);
    const isAbove = hasCollapsed(buckets, { score, ratio }, isFiring(''));
    const newest = buckets.at(-1) ?? null;
    const missing = missingOf(facts, minute, BUCKET_MINUTES);
    return [
      {
        key: '',
        value: newest === null ? null : scale.shown(newest.value),
        threshold: newest === null ? null : scale.shown(ratio * newest.baseline.centre),
        unit: scale.unit,
        isAbove: isAbove ?? false,
        missing: missing ?? (isAbove === null ? 'noData' : null),
        about: newest === null ? '' : aboutUsual(newest, scale),
        windowMinutes: BUCKET_MINUTES * JUDGED_BUCKETS,
      },
    ];
  },
};
