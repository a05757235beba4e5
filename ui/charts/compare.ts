/** Another range beside the one that is shown: which one, moved onto its points, and the difference in words. */

import type { Columns } from '../../api/contract/time.ts';
import { formatSpan, NOTHING } from '../format.ts';

/** `prev`: as long just before; `7d`: the same time a week ago. As it stands in the address (`cmp=`). */
export type CompareTo = 'prev' | '7d';

export function readCompare(text: string | null): CompareTo | null {
  return text === 'prev' || text === '7d' ? text : null;
}

const WEEK_S = 7 * 86_400;

/** How far back the other range lies, whole steps, seconds. */
export function compareShiftS(to: CompareTo, fromS: number, toS: number, stepS: number): number {
  return Math.ceil((to === '7d' ? WEEK_S : toS - fromS) / stepS) * stepS;
}

/** `7 d before`, `1 h before`. */
export function compareLabel(shiftS: number): string {
  return `${formatSpan(shiftS * 1000)} before`;
}

/** Values of one series of another answer at the points `t`, moved by the shift; null where it has none. */
export function moveOnto(other: Columns, id: string | null, t: number[], shiftS: number): (number | null)[] {
  const series = id === null ? other.series[0] : other.series.find((one) => one.id === id);
  const at = new Map(other.t.map((start, index) => [start + shiftS, series?.values[index] ?? null]));
  return t.map((start) => at.get(start) ?? null);
}

/** All series of a stack, by point; null where none has a value. */
export function sumAll({ t, series }: Columns): (number | null)[] {
  return t.map((_, index) => {
    let sum: number | null = null;
    for (const one of series) {
      const value = one.values[index] ?? null;
      if (value !== null) sum = (sum ?? 0) + value;
    }
    return sum;
  });
}

/** `+38 %`, `−4 %`, `×12`; `–` where either is unknown. */
export function formatDelta(now: number | null, then: number | null): string {
  if (now === null || then === null) return NOTHING;
  if (then === 0) return now === 0 ? '±0' : 'new';
  const ratio = now / then;
  if (ratio >= 3) return `×${ratio >= 10 ? Math.round(ratio) : Number(ratio.toFixed(1))}`;
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? '±0' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)}\u00a0%`;
}
