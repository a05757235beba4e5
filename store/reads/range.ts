/** A range as it is read: aligned to its step, with the points of its columns. Pure. */
import type { ResolutionS } from '../../model/time.ts';
import { alignRange, chooseStepS, coarsestForStep, type Kept } from './plan.ts';

export interface ReadRange {
  fromS: number;
  /** Exclusive. */
  toS: number;
  stepS: number;
  /** Coarsest stored buckets that serve the step. */
  resolutionS: ResolutionS;
  /** Start of the point that is still filling, or null when the range ends before it. */
  openFromS: number | null;
  /** Start of each point, epoch seconds; none in the future. */
  t: number[];
}

export function understandRange(
  asked: { fromS: number; toS: number; stepS?: number | undefined },
  nowS: number,
  kept: Kept,
): ReadRange {
  const stepS = chooseStepS(asked, nowS, kept);
  const { fromS, toS } = alignRange(asked, stepS);
  const openS = Math.floor(nowS / stepS) * stepS;
  const endS = Math.min(toS, openS + stepS);
  const t: number[] = [];
  for (let atS = fromS; atS < endS; atS += stepS) t.push(atS);
  return {
    fromS,
    toS,
    stepS,
    resolutionS: coarsestForStep(stepS),
    openFromS: openS >= fromS && openS < toS ? openS : null,
    t,
  };
}

/** Columns: `t` epoch seconds ascending, each series one array of the same length, null for nothing. */
export interface ColumnSet {
  t: number[];
  series: ColumnSeries[];
}

export interface ColumnSeries {
  id: string;
  label: string;
  unit: string;
  values: (number | null)[];
}

/** Number of the point that holds an instant; -1 outside. */
export function pointOf(range: ReadRange, atS: number): number {
  const point = Math.floor((atS - range.fromS) / range.stepS);
  return point >= 0 && point < range.t.length ? point : -1;
}
