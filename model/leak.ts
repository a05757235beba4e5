/**
 * Memory that grows steadily: a robust slope since the last restart (Theil–Sen: the median slope of all pairs, which a
 * few spikes do not move), and whether it reaches the quota before the dyno is restarted anyway.
 */
import { medianOf } from './anomaly.ts';
import type { LeakFacts } from './rule-facts.ts';

/** Fewer points, or a shorter time, say nothing. */
const POINTS_MIN = 12;
const SPAN_MIN_MINUTES = 120;
/** A process fills its caches first. */
const WARM_UP_MINUTES = 30;
/** Dynos are restarted 24 h after they were started, up to 216 min later (Dev Center, "Dyno Restarts"). */
const CYCLE_MINUTES = 24 * 60;
/** More pairs than this change the median by nothing that matters. */
const POINTS_MAX = 200;

export interface LeakVerdict {
  dyno: string;
  bytesPerHour: number;
  /** Minutes until the quota is reached at this slope, from the newest point; 0: it is over already. */
  minutesToQuota: number;
  /** Minutes until the daily restart, at the earliest. */
  minutesToCycle: number;
  isLeak: boolean;
  quotaBytes: number;
}

/** What a dyno's memory was judged by: whether there is enough to say anything, and what it says. */
export interface LeakReading {
  /** Points since the last start, its warm-up left out, and the time they span. */
  points: number;
  spanMinutes: number;
  /** false: too few points, too short a time, or no quota to compare with. Then `verdict` is null. */
  isEnough: boolean;
  /** null where it is enough: memory does not grow steadily. */
  verdict: LeakVerdict | null;
}

/** The reading of a dyno for evaluation `minute`, with how much it stands on. */
export function readLeak(facts: LeakFacts, minute: number): LeakReading {
  const points = steadyPoints(facts, minute);
  const spanMinutes = spanOf(points);
  const hasQuota = facts.quotaBytes !== null && facts.quotaBytes > 0;
  return {
    points: points.length,
    spanMinutes,
    isEnough: hasQuota && points.length >= POINTS_MIN && spanMinutes >= SPAN_MIN_MINUTES,
    verdict: judgeLeak(facts, minute),
  };
}

/** Points since the last start without its warm-up, before `minute`. */
function steadyPoints(facts: LeakFacts, minute: number): LeakFacts['points'] {
  const startedMinute = facts.startedMinute ?? facts.points[0]?.minute ?? 0;
  return facts.points.filter(
    (point) => point.minute >= startedMinute + WARM_UP_MINUTES && point.minute < minute,
  );
}

function spanOf(points: LeakFacts['points']): number {
  return (points.at(-1)?.minute ?? 0) - (points[0]?.minute ?? 0);
}

/** What a dyno's memory says for evaluation `minute`; null while too little is known, or it does not grow. */
export function judgeLeak(facts: LeakFacts, minute: number): LeakVerdict | null {
  const first = facts.points[0];
  if (first === undefined || facts.quotaBytes === null || facts.quotaBytes <= 0) return null;
  const startedMinute = facts.startedMinute ?? first.minute;
  const points = steadyPoints(facts, minute);
  const bytesPerMinute = steadySlope(points);
  const last = points.at(-1);
  if (bytesPerMinute === null || last === undefined) return null;
  const expectedBytes = levelAt(points, bytesPerMinute, last.minute);
  const minutesToQuota = Math.max(0, (facts.quotaBytes - expectedBytes) / bytesPerMinute);
  const minutesToCycle = Math.max(0, startedMinute + CYCLE_MINUTES - last.minute);
  return {
    dyno: facts.dyno,
    bytesPerHour: bytesPerMinute * 60,
    minutesToQuota,
    minutesToCycle,
    isLeak: minutesToQuota < minutesToCycle,
    quotaBytes: facts.quotaBytes,
  };
}

/**
 * Bytes a minute that memory grows by, or null: too few points, no growth, or growth that has ended. The later half
 * grows too, or it was only warming up; and most pairs do, or it goes up and down. Of both halves the slower counts.
 */
function steadySlope(points: LeakFacts['points']): number | null {
  if (points.length < POINTS_MIN) return null;
  if (spanOf(points) < SPAN_MIN_MINUTES) return null;
  const all = slopesOf(points);
  const rising = all.filter((slope) => slope > 0).length;
  const slope = medianOf(all);
  const later = medianOf(slopesOf(points.slice(points.length >> 1)));
  if (slope <= 0 || later <= 0 || rising < all.length * RISING_SHARE) return null;
  return Math.min(slope, later);
}

const RISING_SHARE = 0.75;

/** Slopes of all pairs of points at different times. */
function slopesOf(points: LeakFacts['points']): number[] {
  const every = Math.ceil(points.length / POINTS_MAX);
  const used = every <= 1 ? points : points.filter((_, at) => at % every === 0);
  const slopes: number[] = [];
  used.forEach((a, at) => {
    for (const b of used.slice(at + 1)) {
      if (b.minute !== a.minute) slopes.push((b.bytes - a.bytes) / (b.minute - a.minute));
    }
  });
  return slopes;
}

/** Theil–Sen's line at a minute: the median of what each point says of it. */
function levelAt(points: LeakFacts['points'], bytesPerMinute: number, minute: number): number {
  return medianOf(points.map((point) => point.bytes + bytesPerMinute * (minute - point.minute)));
}

/** Theil–Sen's slope of points, bytes a minute; null of fewer than two times. For tests, and charts. */
export function slopeOf(points: LeakFacts['points']): number | null {
  const slopes = slopesOf(points);
  return slopes.length === 0 ? null : medianOf(slopes);
}
