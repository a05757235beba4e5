/** When a rule or objective would have fired, as marks on the line that it watches. Pure. */
import type { Series } from '../api/contract/time.ts';

export interface Firing {
  fromMs: number;
  /** null: fires still. */
  toMs: number | null;
}

/**
 * A series that has a value where something fires, and none elsewhere: that of the line, or `levelAt` where the line has
 * none. Points are stepS wide; what is shorter than a point marks the point it lies in.
 */
export function markFirings(
  t: readonly number[],
  stepS: number,
  firings: readonly Firing[],
  levelAt: (index: number) => number | null,
): (number | null)[] {
  const marks = new Array<number | null>(t.length).fill(null);
  for (const { fromMs, toMs } of firings) {
    for (const [index, startS] of t.entries()) {
      const endS = startS + stepS;
      if (endS * 1000 <= fromMs) continue;
      if (toMs !== null && startS * 1000 >= Math.max(toMs, fromMs + 1)) break;
      marks[index] = levelAt(index);
    }
  }
  return marks;
}

/** A series of marks, or nothing where nothing fired. */
export function markSeries(id: string, label: string, unit: string, values: (number | null)[]): Series[] {
  return values.some((value) => value !== null) ? [{ id, label, unit, values }] : [];
}

/** `about 1.5 a week`, `about one in 3 weeks`, `none`. */
export function perWeekText(perWeek: number): string {
  if (perWeek <= 0) return 'none';
  if (perWeek >= 0.95) return `about ${Number(perWeek.toFixed(1))} a week`;
  return `about one in ${Math.round(1 / perWeek)} weeks`;
}
