/**
 * Sums over windows of whole minutes, at a cost that does not grow with the window: differences of running sums.
 * A minute is `floor(epoch seconds / 60)`; a window [from, to) holds from … to − 1.
 */

/** One minute of one SLO; null events: no live drain, so nothing is known. */
export interface MinuteCount {
  events: number | null;
  bad: number;
}

/** What a window holds. */
export interface WindowSum {
  events: number;
  bad: number;
  /** Its minutes with data: the drain was alive and they are not excluded by a correction. */
  covered: number;
  /** Its minutes of which not everything is known: before the beginning of the series they count as known. */
  unknown: number;
}

export const EMPTY_WINDOW: WindowSum = { events: 0, bad: 0, covered: 0, unknown: 0 };

/** Where windows are read from. */
export interface WindowSource {
  /** The sum over [from, to). */
  sum(from: number, to: number): WindowSum;
}

/** Minutes that leave numerator and denominator: [from, to). */
export interface MinuteRange {
  from: number;
  to: number;
}

/** A series of minutes without holes, from `startMinute` on, that grows at its end. Counts below 2^53 in sum. */
export class MinuteSeries implements WindowSource {
  readonly startMinute: number;
  private events: Float64Array = new Float64Array(1024);
  private bad: Float64Array = new Float64Array(1024);
  private covered: Uint32Array = new Uint32Array(1024);
  private unknown: Uint32Array = new Uint32Array(1024);
  private length = 0;

  constructor(startMinute: number, minutes: Iterable<MinuteCount> = []) {
    this.startMinute = startMinute;
    for (const minute of minutes) this.push(minute);
  }

  /** First minute behind the series. */
  get endMinute(): number {
    return this.startMinute + this.length;
  }

  /** Appends the next minute. `isUncertain`: counted, but lines of it are known to be lost. */
  push({ events, bad }: MinuteCount, isUncertain = false): void {
    const at = this.length;
    if (at + 1 === this.events.length) this.grow();
    const isMissing = events === null;
    this.events[at + 1] = (this.events[at] ?? 0) + (events ?? 0);
    this.bad[at + 1] = (this.bad[at] ?? 0) + (isMissing ? 0 : bad);
    this.covered[at + 1] = (this.covered[at] ?? 0) + (isMissing ? 0 : 1);
    this.unknown[at + 1] = (this.unknown[at] ?? 0) + (isMissing || isUncertain ? 1 : 0);
    this.length++;
  }

  sum(from: number, to: number): WindowSum {
    const low = this.indexOf(from);
    const high = Math.max(low, this.indexOf(to));
    return {
      events: (this.events[high] ?? 0) - (this.events[low] ?? 0),
      bad: (this.bad[high] ?? 0) - (this.bad[low] ?? 0),
      covered: (this.covered[high] ?? 0) - (this.covered[low] ?? 0),
      unknown: (this.unknown[high] ?? 0) - (this.unknown[low] ?? 0),
    };
  }

  private indexOf(minute: number): number {
    return Math.min(Math.max(minute - this.startMinute, 0), this.length);
  }

  private grow(): void {
    const wider = this.events.length * 2;
    const [events, bad] = [new Float64Array(wider), new Float64Array(wider)];
    const [covered, unknown] = [new Uint32Array(wider), new Uint32Array(wider)];
    events.set(this.events);
    bad.set(this.bad);
    covered.set(this.covered);
    unknown.set(this.unknown);
    [this.events, this.bad, this.covered, this.unknown] = [events, bad, covered, unknown];
  }
}

/** One stored hour of an SLO: its minutes, and the sums over everything before it. */
export interface HourRow {
  /** floor(epoch seconds / 3600). */
  hour: number;
  /** 60 numbers. */
  events: readonly number[];
  bad: readonly number[];
  cumEvents: number;
  cumBad: number;
}

export interface RunningSum {
  events: number;
  bad: number;
}

const MINUTES_AN_HOUR = 60;

/**
 * Running sums out of stored hours. Hours without events may be left out of what is given, but for each minute
 * asked about the last stored hour that begins at or before it must be there: two rows serve a window of any
 * length. Before the first row everything is 0 (or that row's running sum, for its history was cut off).
 */
export class HourSums {
  private readonly rows: readonly HourRow[];

  /** `rows` in any order, an hour once. */
  constructor(rows: Iterable<HourRow>) {
    this.rows = [...rows].sort((a, b) => a.hour - b.hour);
  }

  /** Everything counted before `minute`. */
  before(minute: number): RunningSum {
    const row = this.rowAt(Math.floor(minute / MINUTES_AN_HOUR));
    if (row === null) return { events: this.rows[0]?.cumEvents ?? 0, bad: this.rows[0]?.cumBad ?? 0 };
    const minutes = Math.min(minute - row.hour * MINUTES_AN_HOUR, MINUTES_AN_HOUR);
    return {
      events: row.cumEvents + sumOf(row.events, minutes),
      bad: row.cumBad + sumOf(row.bad, minutes),
    };
  }

  /** Counts of [from, to). */
  between(from: number, to: number): RunningSum {
    const [low, high] = [this.before(from), this.before(Math.max(from, to))];
    return { events: high.events - low.events, bad: high.bad - low.bad };
  }

  private rowAt(hour: number): HourRow | null {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.rows[middle]?.hour ?? 0) <= hour) low = middle + 1;
      else high = middle;
    }
    return this.rows[low - 1] ?? null;
  }
}

function sumOf(numbers: readonly number[], count: number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) sum += numbers[at] ?? 0;
  return sum;
}

/** Overlapping and touching ranges become one; empty ones go. Sorted. */
export function mergeRanges(ranges: readonly MinuteRange[]): MinuteRange[] {
  const merged: MinuteRange[] = [];
  const sorted = ranges.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last && range.from <= last.to) last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

/** The parts of [from, to) that none of `excluded` covers; `excluded` merged and sorted. */
export function rangesWithout(from: number, to: number, excluded: readonly MinuteRange[]): MinuteRange[] {
  const left: MinuteRange[] = [];
  let start = from;
  for (const range of excluded) {
    if (range.to <= start) continue;
    if (range.from >= to) break;
    if (range.from > start) left.push({ from: start, to: range.from });
    start = range.to;
  }
  if (start < to) left.push({ from: start, to });
  return left;
}

/**
 * A source without the minutes of corrections: they leave events and bad, are not covered, and are not unknown
 * either, for what happened in them does not matter. Costs one sum a correction that touches the window.
 */
export function withoutRanges(source: WindowSource, ranges: readonly MinuteRange[]): WindowSource {
  const excluded = mergeRanges(ranges);
  if (excluded.length === 0) return source;
  return {
    sum: (from, to) =>
      rangesWithout(from, to, excluded)
        .map((range) => source.sum(range.from, range.to))
        .reduce(addSums, EMPTY_WINDOW),
  };
}

export function addSums(a: WindowSum, b: WindowSum): WindowSum {
  return {
    events: a.events + b.events,
    bad: a.bad + b.bad,
    covered: a.covered + b.covered,
    unknown: a.unknown + b.unknown,
  };
}
