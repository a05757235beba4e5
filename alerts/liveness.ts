/**
 * Whether an app's drain is alive, minute by minute (SLO.md of the product's promises: ). A minute without a
 * line may be an idle app or a dead drain; which of the two is judged by the app's own habit. Once a silence is
 * longer than its habit allows, the whole of it is without data: nothing in it is a zero.
 */
import type { MinuteRange } from '../model/window-sums.ts';

/** An app that logs in each minute is silent after so many minutes without a line. */
export const BUSY_LIMIT_MINUTES = 5;
/** Any other after three times its usual gap, within these bounds. */
const LIMIT_MIN_MINUTES = 10;
const LIMIT_MAX_MINUTES = 24 * 60;
const USUAL_GAPS = 3;
/** A gap is usual when 99 of 100 are no longer. */
const USUAL_SHARE = 0.99;
/** Days that a habit is taken from. */
export const HABIT_HOURS = 7 * 24;

/** Gaps between one minute with lines and the next: how many there are of each length. */
export class GapCounts {
  readonly #byLength = new Map<number, number>();
  #last: number | null = null;
  #total = 0;

  /** @param minute later than those before */
  addLine(minute: number): void {
    if (this.#last !== null) this.#add(minute - this.#last, 1);
    this.#last = minute;
  }

  /** An hour with lines in each of its minutes: what it adds to the counts, without looking at each. */
  addFullHour(hour: number): void {
    this.addLine(hour * 60);
    this.#add(1, 59);
    this.#last = hour * 60 + 59;
  }

  #add(length: number, count: number): void {
    this.#byLength.set(length, (this.#byLength.get(length) ?? 0) + count);
    this.#total += count;
  }

  /** The 99th percentile of gaps, minutes; null before the second line. */
  usualMinutes(): number | null {
    if (this.#total === 0) return null;
    let seen = 0;
    for (const length of [...this.#byLength.keys()].sort((a, b) => a - b)) {
      seen += this.#byLength.get(length) ?? 0;
      if (seen >= this.#total * USUAL_SHARE) return length;
    }
    return null;
  }
}

/** How long an app of this usual gap may be without a line, minutes. null, not known yet: the lower bound of others. */
export function limitOf(usualMinutes: number | null): number {
  if (usualMinutes === null) return LIMIT_MIN_MINUTES;
  if (usualMinutes <= 1) return BUSY_LIMIT_MINUTES;
  return Math.min(Math.max(USUAL_GAPS * usualMinutes, LIMIT_MIN_MINUTES), LIMIT_MAX_MINUTES);
}

/** Minutes without a live drain. */
export interface QuietSpan {
  from: number;
  /** null while it lasts. */
  to: number | null;
  /** The first evaluation that could know of it: `limit` minutes had passed without a line. */
  known: number;
}

export interface Following {
  /** Newest minute with a line before those that are followed; null: none yet. */
  lastLine: number | null;
  limitMinutes: number;
}

/**
 * Follows an app from one minute to another: its silences, and its newest line then. `lines`: its minutes with lines in
 * [from, to), in order. The span that is open at `to` has no end; one that was open at `from` is given again, whole.
 * Before an app's first line nothing is silent.
 */
export function followLines(
  { lastLine, limitMinutes }: Following,
  lines: Iterable<number>,
  to: number,
): { spans: QuietSpan[]; lastLine: number | null } {
  const spans: QuietSpan[] = [];
  let last = lastLine;
  const silence = (end: number, isOver: boolean): void => {
    // Evaluation n sees minutes up to n − 1: that many of them have passed without a line.
    if (last === null || end - last <= limitMinutes) return;
    spans.push({ from: last + 1, to: isOver ? end : null, known: last + limitMinutes + 1 });
  };
  for (const line of lines) {
    silence(line, true);
    last = line;
  }
  silence(to, false);
  return { spans, lastLine: last };
}

/** What an evaluation at `minute` can know of silences: those recognised by then, none beyond it. */
export function quietBefore(spans: readonly QuietSpan[], minute: number): MinuteRange[] {
  return spans
    .filter(({ known }) => known <= minute)
    .map(({ from, to }) => ({ from, to: Math.min(to ?? minute, minute) }));
}
