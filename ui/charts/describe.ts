/** A chart in one sentence, for those who do not see it and as a check for those who do. */
import type { Columns, GapAnswer, RangeAnswer } from '../../api/contract/time.ts';
import { formatClock, formatCount, formatDay, formatUnit, type Zone } from '../format.ts';
import { emptyStretches, gapsInside, latestIndex, spansAfter } from './align.ts';

/** Lowest, highest (with its time), newest value and direction of each of the first four series; then what is missing. */
export function describeChart(
  columns: Columns,
  range: RangeAnswer,
  gaps: GapAnswer[],
  zone: Zone,
  notKeptToS: number | null = null,
): string {
  const latest = latestIndex(columns, range);
  if (latest === null) return 'No values in this range.';
  const parts = columns.series
    .filter((series) => series.values.some((value) => value !== null))
    .slice(0, 4)
    .map((series) => describeSeries(series.label, series.values, series.unit, columns.t, latest, zone));
  const more = columns.series.length - 4;
  if (more > 0) parts.push(`${more} more series.`);
  if (notKeptToS !== null)
    parts.push(`Before ${formatDay(notKeptToS * 1000, zone)} nothing is kept any more.`);
  return [...parts, describeMissing(columns, range, gaps, notKeptToS)].filter(Boolean).join(' ');
}

function describeSeries(
  label: string,
  values: (number | null)[],
  unit: string,
  t: number[],
  latest: number,
  zone: Zone,
): string {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let maxAt = 0;
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) {
      max = value;
      maxAt = index;
    }
  }
  const show = (value: number | null) => formatUnit(value, unit);
  const when = formatClock((t[maxAt] ?? 0) * 1000, zone, false);
  return `${label}: ${show(min)} to ${show(max)} (highest at ${when}), last ${show(values[latest] ?? null)}, ${trend(values)}.`;
}

/** First third against last third: `rising`, `falling` or `steady` (within a quarter). */
export function trend(values: (number | null)[]): 'rising' | 'falling' | 'steady' {
  const known = values.filter((value) => value !== null);
  const third = Math.floor(known.length / 3);
  if (third === 0) return 'steady';
  const mean = (part: number[]) => part.reduce((sum, value) => sum + value, 0) / part.length;
  const before = mean(known.slice(0, third));
  const after = mean(known.slice(-third));
  if (after > before * 1.25 && after - before > 1e-9) return 'rising';
  if (after < before * 0.75) return 'falling';
  return 'steady';
}

function describeMissing(
  columns: Columns,
  range: RangeAnswer,
  gaps: GapAnswer[],
  notKeptToS: number | null,
): string {
  const empty = spansAfter(emptyStretches(columns, range), notKeptToS).length;
  const known = gapsInside(gaps, range);
  const lost = known.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
  const parts: string[] = [];
  if (empty > 0) parts.push(`${empty === 1 ? 'One stretch' : `${empty} stretches`} without data.`);
  if (known.length > 0)
    parts.push(
      `${known.length === 1 ? 'One known loss' : `${known.length} known losses`}, up to ${formatCount(lost)} messages.`,
    );
  return parts.join(' ');
}
