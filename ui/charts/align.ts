/** Columns of an answer made ready to be drawn: looked up by time, stacked, described by stretches. */
import type { Columns, GapAnswer, RangeAnswer, Series } from '../../api/contract/time.ts';

/** Index of the bucket that contains an instant (epoch s), or null outside. `t` holds ascending bucket starts. */
export function indexAt(t: ArrayLike<number>, stepS: number, atS: number): number | null {
  let low = 0;
  let high = t.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const start = t[middle] as number;
    if (atS < start) high = middle - 1;
    else if (atS >= start + stepS) low = middle + 1;
    else return middle;
  }
  return null;
}

/** Index of the bucket nearest to an instant; null only without buckets. */
export function nearestIndex(t: ArrayLike<number>, stepS: number, atS: number): number | null {
  if (t.length === 0) return null;
  let best = 0;
  for (let index = 1; index < t.length; index++) {
    if (Math.abs((t[index] as number) + stepS / 2 - atS) < Math.abs((t[best] as number) + stepS / 2 - atS))
      best = index;
  }
  return best;
}

/** Index of the newest bucket that is closed and has a value in any of the series; null when there is none. */
export function latestIndex(columns: Columns, range: RangeAnswer): number | null {
  for (let index = columns.t.length - 1; index >= 0; index--) {
    if (range.openFrom !== null && (columns.t[index] as number) >= range.openFrom) continue;
    if (columns.series.some((series) => (series.values[index] ?? null) !== null)) return index;
  }
  return null;
}

/**
 * Running sums from the first series up; a bucket where every series is null stays null, a single null counts as
 * nothing on top.
 */
export function stack(series: (number | null)[][]): (number | null)[][] {
  const length = series[0]?.length ?? 0;
  const sums = new Array<number | null>(length).fill(null);
  for (const values of series) {
    for (let index = 0; index < length; index++) if (values[index] != null) sums[index] = 0;
  }
  return series.map((values) => {
    for (let index = 0; index < length; index++) {
      if (sums[index] !== null) sums[index] = (sums[index] as number) + (values[index] ?? 0);
    }
    return sums.slice();
  });
}

/** Distances between neighbouring values of a series in seconds, ascending. */
function distancesS(values: (number | null)[], t: number[]): number[] {
  const distances: number[] = [];
  let last: number | null = null;
  for (const [index, at] of t.entries()) {
    if ((values[index] ?? null) === null) continue;
    if (last !== null) distances.push(at - last);
    last = at;
  }
  return distances.sort((a, b) => a - b);
}

/** Usual distance between two values of a series in seconds: the median; a step when there are fewer than three. */
export function cadenceS(values: (number | null)[], t: number[], stepS: number): number {
  const distances = distancesS(values, t);
  if (distances.length < 2) return stepS;
  return Math.max(stepS, distances[Math.floor((distances.length - 1) / 2)] as number);
}

/** Runs of a scheduler an hour apart are not one line. */
const JOIN_MAX_S = 600;

/**
 * How far apart two values of a series may be and still be joined by a line, seconds. Dynos report about every 20 s,
 * add-ons every minute and an app when it likes, so points are mostly empty without anything missing; a series with a
 * value in nearly every point is broken by the first hole.
 */
export function joinLimitS(values: (number | null)[], t: number[], stepS: number): number {
  // Asked for by the plot, its legend and its empty stretches, of the same array each time.
  const known = limits.get(values);
  if (known !== undefined) return known;
  const limit = findJoinLimitS(values, t, stepS);
  limits.set(values, limit);
  return limit;
}

const limits = new WeakMap<(number | null)[], number>();

function findJoinLimitS(values: (number | null)[], t: number[], stepS: number): number {
  const distances = distancesS(values, t);
  if (distances.length < 2) return stepS * 1.5;
  const at = (share: number) => distances[Math.floor((distances.length - 1) * share)] ?? stepS;
  if (at(0.9) <= stepS) return stepS * 1.5;
  return Math.min(Math.max(at(0.5) * 2.5, at(0.9) * 1.5), Math.max(JOIN_MAX_S, stepS * 3));
}

/** The value at an index, or the newest one before it that is within the limit; null when there is none. */
export function valueNear(
  values: (number | null)[],
  t: number[],
  index: number,
  limitS: number,
): number | null {
  const at = t[index] ?? 0;
  for (let back = index; back >= 0 && at - (t[back] ?? 0) <= limitS; back--) {
    const value = values[back] ?? null;
    if (value !== null) return value;
  }
  return null;
}

/** Stretches [from, to) in epoch s where no series has a value, longer than is usual for them, inside closed time. */
export function emptyStretches(columns: Columns, range: RangeAnswer): [number, number][] {
  const limits = columns.series.map((series) => joinLimitS(series.values, columns.t, range.step));
  const minS = limits.length === 0 ? 0 : Math.max(3 * range.step, Math.min(...limits));
  const found: [number, number][] = [];
  const end = range.openFrom ?? range.to;
  let start: number | null =
    columns.t.length === 0 || (columns.t[0] as number) > range.from ? range.from : null;
  const close = (to: number) => {
    if (start !== null && to - start >= minS) found.push([start, to]);
    start = null;
  };
  for (const [index, at] of columns.t.entries()) {
    if (at >= end) break;
    const has = columns.series.some((series) => (series.values[index] ?? null) !== null);
    if (has) close(at);
    else start ??= at;
  }
  const last = columns.t.at(-1);
  if (last !== undefined && last + range.step < end) start ??= last + range.step;
  close(end);
  return found;
}

/** Known losses that touch a range, cut to it, in epoch s. */
export function gapsInside(gaps: GapAnswer[], range: RangeAnswer): GapAnswer[] {
  return gaps
    .filter((gap) => gap.from < range.to && gap.to >= range.from)
    .map((gap) => ({
      ...gap,
      from: Math.max(gap.from, range.from),
      to: Math.min(Math.max(gap.to, gap.from), range.to),
    }));
}

/** Sum of a series over closed buckets; null when it never had a value. */
export function sumOf(series: Series): number | null {
  let sum: number | null = null;
  for (const value of series.values) if (value !== null) sum = (sum ?? 0) + value;
  return sum;
}

/** Largest value of a series; null when it never had one. */
export function maxOf(values: (number | null)[]): number | null {
  let max: number | null = null;
  for (const value of values) if (value !== null && (max === null || value > max)) max = value;
  return max;
}

/** A series thinned to at most `cells` cells by adding neighbours: for strips narrower than their buckets. */
export function thin(values: (number | null)[], cells: number): { values: (number | null)[]; per: number } {
  const per = Math.max(1, Math.ceil(values.length / cells));
  if (per === 1) return { values, per };
  const thinned: (number | null)[] = [];
  for (let index = 0; index < values.length; index += per) {
    let sum: number | null = null;
    for (const value of values.slice(index, index + per)) if (value !== null) sum = (sum ?? 0) + value;
    thinned.push(sum);
  }
  return { values: thinned, per };
}

/** What lies of spans behind an instant; null: all of them. What was deleted is told apart from what never arrived. */
export function spansAfter(spans: [number, number][], fromS: number | null): [number, number][] {
  if (fromS === null) return spans;
  return spans.filter(([, to]) => to > fromS).map(([from, to]) => [Math.max(from, fromS), to]);
}
