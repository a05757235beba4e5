/** Windows of one objective as a page reads them: running sums, minutes without data, corrections. Pure. */
import {
  type MinuteRange,
  mergeRanges,
  type RunningSum,
  type WindowSource,
  withoutRanges,
} from '../model/window-sums.ts';
import type { AppSpans } from '../store/reads/slo-spans.ts';

/** Counts of [from, to). */
export interface Sums {
  between(from: number, to: number): RunningSum;
}

/**
 * Notes which windows a computation asks for. What it asks must not depend on the answers: then a second run with
 * AnsweredWindows finds them all, and one query is enough.
 */
export class AskedWindows implements Sums {
  readonly windows = new Map<string, MinuteRange>();

  between(from: number, to: number): RunningSum {
    this.windows.set(`${from}:${to}`, { from, to });
    return { events: 0, bad: 0 };
  }
}

export class AnsweredWindows implements Sums {
  readonly #sums: ReadonlyMap<string, RunningSum>;

  /** By `from:to`. */
  constructor(sums: ReadonlyMap<string, RunningSum>) {
    this.#sums = sums;
  }

  between(from: number, to: number): RunningSum {
    const sum = this.#sums.get(`${from}:${to}`);
    if (!sum) throw new Error(`the window ${from} to ${to} was not asked for`);
    return sum;
  }
}

/** Sorted ranges that do not touch, and how many of a window's minutes they hold. */
export class Spans {
  readonly #ranges: readonly MinuteRange[];

  constructor(ranges: readonly MinuteRange[]) {
    this.#ranges = mergeRanges(ranges);
  }

  within(from: number, to: number): number {
    let minutes = 0;
    for (const range of this.#ranges) {
      if (range.from >= to) break;
      minutes += Math.max(0, Math.min(range.to, to) - Math.max(range.from, from));
    }
    return minutes;
  }
}

/**
 * A source of windows out of running sums. Minutes before the app's first line hold nothing: neither covered nor
 * unknown. `corrected`: minutes that leave both sides of the ratio.
 */
export function buildWindows(sums: Sums, spans: AppSpans, corrected: readonly MinuteRange[]): WindowSource {
  const quiet = new Spans(spans.quiet);
  const unknown = new Spans([...spans.quiet, ...spans.uncertain]);
  const first = spans.firstMinute ?? Number.POSITIVE_INFINITY;
  const source: WindowSource = {
    sum: (from, to) => {
      const { events, bad } = to > from ? sums.between(from, to) : { events: 0, bad: 0 };
      const start = Math.max(from, Math.min(first, to));
      return {
        events,
        bad,
        covered: Math.max(0, to - start) - quiet.within(start, to),
        unknown: unknown.within(start, to),
      };
    },
  };
  return withoutRanges(source, corrected);
}
