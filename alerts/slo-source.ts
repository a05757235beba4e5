/** The minutes of one SLO as its evaluations see them: stored counts, and what is known to be missing or uncertain. */
import type { HeldReason } from '../model/alert.ts';
import {
  type HourSums,
  type MinuteRange,
  mergeRanges,
  type WindowSource,
  type WindowSum,
} from '../model/window-sums.ts';
import { type QuietSpan, quietBefore } from './liveness.ts';

export interface SloSourceParts {
  /** One, or those of a composite's members. */
  sums: readonly Pick<HourSums, 'between'>[];
  /** First minute with counts: before it there is nothing, which is not the same as unknown. */
  startMinute: number;
  /** Silences of the app, or of a composite's apps. */
  quiet: readonly QuietSpan[];
  /** Minutes of which lines are known to be lost. */
  gaps: readonly MinuteRange[];
  /** From here on not everything that arrived is counted yet; null: everything is. */
  staleFromMinute: number | null;
  /** Minutes taken out by corrections. */
  corrected: readonly MinuteRange[];
  /** Newest minute with a line, of several apps that of the one that is quiet the longest; left out: not known. */
  lastLineMinute?: number | null;
}

/** How many minutes of [from, to) are in `ranges`; these merged. */
function overlap(ranges: readonly MinuteRange[], from: number, to: number): number {
  let minutes = 0;
  for (const range of ranges) minutes += Math.max(0, Math.min(range.to, to) - Math.max(range.from, from));
  return minutes;
}

function holds(ranges: readonly MinuteRange[], minute: number): boolean {
  return ranges.some(({ from, to }) => from <= minute && minute < to);
}

/** Windows of one SLO. `seeAs(n)` first: an evaluation knows of silences only what could be known by then. */
export class SloSource implements WindowSource {
  readonly #parts: SloSourceParts;
  readonly #uncertain: readonly MinuteRange[];
  #minute = Number.POSITIVE_INFINITY;
  #missing: readonly MinuteRange[] = [];
  #unknown: readonly MinuteRange[] = [];

  constructor(parts: SloSourceParts) {
    this.#parts = parts;
    const { staleFromMinute: from, gaps } = parts;
    const stale = from === null ? [] : [{ from, to: Number.POSITIVE_INFINITY }];
    this.#uncertain = mergeRanges([...gaps, ...stale]);
    this.#unknown = this.#uncertain;
  }

  /** From here on as the evaluation `minute`, which sees what lies before it. */
  seeAs(minute: number): void {
    this.#minute = minute;
    const { quiet } = this.#parts;
    if (quiet.length === 0) return;
    this.#missing = mergeRanges(quietBefore(quiet, minute));
    this.#unknown = mergeRanges([...this.#missing, ...this.#uncertain]);
  }

  sum(from: number, to: number): WindowSum {
    let [events, bad] = [0, 0];
    for (const sums of this.#parts.sums) {
      const part = sums.between(from, to);
      events += part.events;
      bad += part.bad;
    }
    const start = Math.max(from, this.#parts.startMinute);
    const end = Math.max(start, to);
    return {
      events,
      bad,
      covered: end - start - overlap(this.#missing, start, end),
      unknown: overlap(this.#unknown, start, end),
    };
  }

  /** Why the newest minute is missing, if it is; one that is taken out by a correction is not missed. */
  latest(): HeldReason | null {
    const minute = this.#minute - 1;
    return holds(this.#missing, minute) && !holds(this.#parts.corrected, minute) ? 'noData' : null;
  }

  /**
   * Whether no line has come in [from, now): a pause of which nobody can say yet whether it is a habit or a silence. Not
   * asked of pauses that are over, nor of planned ones.
   */
  isPausing(from: number): boolean {
    const { lastLineMinute = null, corrected } = this.#parts;
    return lastLineMinute !== null && lastLineMinute < from && !holds(corrected, this.#minute - 1);
  }

  /** Whether a minute has data and counts. */
  isKnown(minute: number): boolean {
    const { startMinute, corrected } = this.#parts;
    return minute >= startMinute && !holds(this.#missing, minute) && !holds(corrected, minute);
  }

  /** What is wrong with [from, now), of which something is unknown: no drain, lines lost, or lines on their way. */
  unknownBecause(from: number): HeldReason {
    const { gaps } = this.#parts;
    if (overlap(this.#missing, from, this.#minute) > 0) return 'noData';
    return overlap(gaps, from, this.#minute) > 0 ? 'gap' : 'stale';
  }

  /** Whether a correction takes out minutes of [from, now). */
  isCorrected(from: number): boolean {
    return overlap(this.#parts.corrected, from, this.#minute) > 0;
  }
}
