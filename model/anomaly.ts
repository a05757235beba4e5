/**
 * Whether a metric is far from what it is at this time: buckets of five minutes, compared with the same time of the last
 * weeks, or of the last days where weeks are not known yet. Times are those of the app's zone, so that an hour of the
 * week stays the same through daylight saving (T-09, T-10). No average that an incident would teach: median and MAD.
 */
import { DAY, MINUTE } from './time.ts';
import { instantOf, wallClockAt } from './zone.ts';

export const BUCKET_MINUTES = 5;
/** Buckets on either side of the same time. */
const NEIGHBOURS = 2;
export const WEEKS_MAX = 6;
const WEEKS_MIN = 3;
export const DAYS_MAX = 7;
export const DAYS_MIN = 3;
const POINTS_MIN = 12;
/** What makes MAD the standard deviation of a normal distribution. */
const MAD_SCALE = 1.4826;
/** A steady metric has next to no scatter: this share of the median is always let through. */
const CENTRE_SHARE = 0.05;

/** A bucket fires at the score asked for, and is calm again below this much less. */
export const CLEAR_DIFFERENCE = 1;
/** Buckets that are looked at together, and how many of them must be beyond. */
export const JUDGED_BUCKETS = 4;
const FIRING_BUCKETS = 3;

/** Scale of a metric: counts scatter like their square root; the floor keeps what is tiny from being unusual. */
export interface MetricScale {
  isCount: boolean;
  floor: number;
}

/** Where the points of a baseline may lie: start minutes of buckets, by week (or day) back from 1. */
export interface BaselinePlan {
  weeks: number[][];
  days: number[][];
}

/**
 * The buckets to compare one with. Where the clocks skip a local time, the instant they do stands for it; where it comes
 * twice, the first. bucket: start minute.
 */
export function planBaseline(bucket: number, zone: string, weeks: number = WEEKS_MAX): BaselinePlan {
  const wallMs = wallClockAt(bucket * MINUTE, zone);
  const at = (daysBack: number): number[] => {
    const startAt = (step: number): number => {
      const instantMs = instantOf(wallMs - daysBack * DAY + step * BUCKET_MINUTES * MINUTE, zone);
      return Math.floor(instantMs / MINUTE / BUCKET_MINUTES) * BUCKET_MINUTES;
    };
    const [first, last] = [startAt(-NEIGHBOURS), startAt(NEIGHBOURS)];
    const steps = Array.from({ length: 2 * NEIGHBOURS + 1 }, (_, step) => step);
    // Asking a zone's clock is slow, and between most neighbours it runs evenly.
    if (last - first === 2 * NEIGHBOURS * BUCKET_MINUTES)
      return steps.map((step) => first + step * BUCKET_MINUTES);
    return [...new Set(steps.map((step) => startAt(step - NEIGHBOURS)))];
  };
  return {
    weeks: Array.from({ length: weeks }, (_, back) => at((back + 1) * 7)),
    days: Array.from({ length: DAYS_MAX }, (_, back) => at(back + 1)),
  };
}

export interface Baseline {
  /** Median of the points. */
  centre: number;
  scale: number;
  points: number;
  /** What the points are of. */
  of: 'weeks' | 'days';
}

/** Not enough is known: so many days with points, of so many needed. */
export interface Learning {
  day: number;
  of: number;
}

/** @param values by start minute; what is left out of baselines (silence, incidents, corrections) has none */
export function baselineOf(
  plan: BaselinePlan,
  values: ReadonlyMap<number, number>,
  metric: MetricScale,
): Baseline | Learning {
  const weekly = known(plan.weeks, values);
  if (weekly.points.length >= POINTS_MIN && weekly.groups >= WEEKS_MIN)
    return describe(weekly.points, metric, 'weeks');
  const daily = known(plan.days, values);
  if (daily.points.length >= POINTS_MIN && daily.groups >= DAYS_MIN)
    return describe(daily.points, metric, 'days');
  return { day: Math.min(daily.groups, DAYS_MIN - 1), of: DAYS_MIN };
}

function known(
  groups: readonly (readonly number[])[],
  values: ReadonlyMap<number, number>,
): { points: number[]; groups: number } {
  const found = groups.map((starts) => starts.flatMap((start) => values.get(start) ?? []));
  return { points: found.flat(), groups: found.filter((points) => points.length > 0).length };
}

function describe(points: number[], { isCount, floor }: MetricScale, of: Baseline['of']): Baseline {
  const centre = medianOf(points);
  const mad = medianOf(points.map((point) => Math.abs(point - centre)));
  const scale = Math.max(
    MAD_SCALE * mad,
    CENTRE_SHARE * Math.abs(centre),
    isCount ? Math.sqrt(Math.abs(centre)) : 0,
    floor,
  );
  return { centre, scale, points: points.length, of };
}

/** Median; of an even number of values the mean of the two in the middle. Not of none. */
export function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Distance from usual in its own scatter; below 0: less than usual. */
export function scoreOf(value: number, { centre, scale }: Baseline): number {
  return (value - centre) / scale;
}

export function isLearning(baseline: Baseline | Learning): baseline is Learning {
  return 'day' in baseline;
}

/** The score as far as its direction counts. */
export function scoreTowards(score: number, direction: 'over' | 'under' | 'both'): number {
  if (direction === 'both') return Math.abs(score);
  return direction === 'over' ? score : -score;
}

/**
 * Of the last four buckets, oldest first, null without a verdict: fires when three are at the score or beyond; once it
 * fires, until all four are below by one. null: nothing can be said, for the newest bucket has no verdict.
 *
 * @param scores towards the direction that counts
 */
export function isUnusual(
  scores: readonly (number | null)[],
  firesAt: number,
  isFiring: boolean,
): boolean | null {
  const judged = scores.slice(-JUDGED_BUCKETS);
  if ((judged.at(-1) ?? null) === null) return null;
  if (isFiring) {
    return !(
      judged.length === JUDGED_BUCKETS &&
      judged.every((score) => score !== null && score < firesAt - CLEAR_DIFFERENCE)
    );
  }
  return judged.filter((score) => score !== null && score >= firesAt).length >= FIRING_BUCKETS;
}

/**
 * Requests all but gone: as unusual as asked for and below a share of what is usual, in three of the last four buckets
 * and in the newest. Once it fires, until none of the last four is. null: nothing can be said.
 */
export function hasCollapsed(
  buckets: readonly ({ value: number; baseline: Baseline } | null)[],
  { score, ratio }: { score: number; ratio: number },
  isFiring: boolean,
): boolean | null {
  const collapsed = buckets.slice(-JUDGED_BUCKETS).map((bucket) => {
    if (bucket === null) return null;
    const { value, baseline } = bucket;
    return scoreOf(value, baseline) <= -score && value < ratio * baseline.centre;
  });
  const newest = collapsed.at(-1) ?? null;
  if (newest === null) return null;
  if (isFiring) return !(collapsed.length === JUDGED_BUCKETS && collapsed.every((is) => is === false));
  return newest && collapsed.filter(Boolean).length >= FIRING_BUCKETS;
}
