/**
 * Where a budget goes: a cone from what is left now, between the burn of the last hour and that of the last day, to its
 * exhaustion. Pure.
 */
import type { ProjectionAnswer, SloDetailAnswer } from '../api/contract/slos.ts';
import type { RangeAnswer, Series } from '../api/contract/time.ts';

/** How far ahead is drawn, as a share of the range: the past stays the larger part. */
const AHEAD_SHARE = 0.35;

export interface Cone {
  /** Starts of the points of the chart, epoch s: those of the past, then those ahead. */
  t: number[];
  /** One series a projection, null in the past. */
  series: Series[];
  /** End of the chart, epoch s. */
  endS: number;
}

type Detail = Pick<SloDetailAnswer, 'projections' | 'range' | 'nowMs' | 'slo'>;

/** null where nothing is ahead: the range ended before now, nothing is left, or nothing is counted. */
export function coneOf({ projections, range, nowMs, slo }: Detail, past: readonly number[]): Cone | null {
  const isNow = range.to * 1000 >= nowMs - range.step * 1000;
  const ahead = projections.filter((one) => one.t.length > 1);
  if (!isNow || ahead.length === 0 || (slo.budget.remaining ?? 0) <= 0) return null;
  const endS = endOf(ahead, range);
  const t = [...past];
  for (let at = (t.at(-1) ?? range.to - range.step) + range.step; at < endS; at += range.step) t.push(at);
  const series = ahead.map((one) => ({
    id: `projection-${one.window}`,
    label: `at the burn of ${one.window}`,
    unit: 'left',
    values: t.map((at) => valueAt(one, at, range.step)),
  }));
  return { t, series, endS };
}

/** To where the last of them ends, but no farther than the past bears; whole points. */
function endOf(ahead: readonly ProjectionAnswer[], { from, to, step }: RangeAnswer): number {
  const last = Math.max(to, ...ahead.map((one) => one.t.at(-1) ?? to));
  return Math.min(last, to + Math.ceil(((to - from) * AHEAD_SHARE) / step) * step);
}

/** On the way from the first to the last point; after that it stays, for what is spent stays spent; never below 0. */
function valueAt({ t, remaining }: ProjectionAnswer, at: number, stepS: number): number | null {
  const [fromS, toS] = [t[0] ?? 0, t.at(-1) ?? 0];
  const [first, last] = [remaining[0] ?? 0, remaining.at(-1) ?? 0];
  if (at <= fromS - stepS) return null;
  if (at <= fromS) return Math.max(0, first);
  if (at >= toS) return Math.max(0, last);
  return Math.max(0, first + ((last - first) * (at - fromS)) / (toS - fromS));
}
