/** What a chart is given, and the value it shows at a moment: shared by the chart and its legend. */
import { computed, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Columns, GapAnswer, RangeAnswer, Series } from '../../api/contract/time.ts';
import { formatUnit, NOTHING } from '../format.ts';
import type { State } from '../state/context.ts';
import { indexAt, joinLimitS, latestIndex, valueNear } from './align.ts';
import type { SeriesStyle } from './colors.ts';

/** A dashed line across a chart: a quota, a time-out. */
export interface Threshold {
  value: number;
  label: string;
  /** Name of a custom property. */
  color: string;
}

/** What was at the same place of another range: one dashed line, and how today differs. */
export interface Compared {
  /** `1 h before`, `7 d before`. */
  label: string;
  /** What the line is: `p95`, `all`. */
  name: string;
  unit: string;
  /** At the points of the chart. */
  values: (number | null)[];
  /** The same of the range shown. */
  now: (number | null)[];
}

export interface TimeChartProps {
  /** Stable within the page: part of the URL when series are hidden. */
  id: string;
  title: string;
  /** What a point is, behind the title: `per 30 s`. */
  per?: string;
  /** What is measured, from which line, by which method; behind the `?`. */
  explain: ComponentChildren;
  columns: Columns;
  /** One a series, in their order. */
  styles: SeriesStyle[];
  unit: string;
  range: RangeAnswer;
  gaps: GapAnswer[];
  /** Instants of releases, epoch s. */
  marks: number[];
  stacked?: boolean;
  /** Offers a logarithmic axis. */
  canLog?: boolean;
  band?: [number, number];
  thresholds?: Threshold[];
  heightPx?: number;
  /** What the legend shows beside the value under the cursor: the sum or the highest of the range. */
  summary?: 'sum' | 'max' | 'none';
  /** Stretches without data, epoch s, where they are not told by the columns themselves. */
  emptySpans?: [number, number][];
  /** Up to here, epoch s, the range was deleted by retention. */
  notKeptToS?: number | null;
  /** Shown instead of the plot when there is nothing to draw. */
  empty?: ComponentChildren;
  /** Where a series leads on to. */
  hrefOf?: (id: string) => string | null;
  /** Small multiples of one series: its value stands in the heading instead of a legend. */
  compact?: boolean;
  /** Spans set apart, behind the lines. */
  shades?: { fromS: number; toS: number; label: string; kind: 'window' | 'correction' }[];
  /** From here on it is the future: legend and sentence tell the last that is known. */
  futureFromS?: number;
  /** The range is not the page's: dragging and keys do not zoom. */
  isFixed?: boolean;
  /** Another range, as a dashed line. */
  compare?: Compared | undefined;
  /** Stands in place of plot and legend: another way to draw the same. */
  instead?: ComponentChildren;
  /** Further switches in the head of the chart. */
  switches?: ComponentChildren;
  /** A series to stand out from many. */
  onHighlight?: (id: string | null) => void;
}

/** The index whose values a legend shows: under the cursor, else at the pin, else the newest closed bucket. */
export function readoutIndex(
  state: State,
  columns: Columns,
  range: RangeAnswer,
): ReadonlySignal<number | null> {
  return computed(() => {
    const at = state.cursor.atS.value ?? state.range.pin.value;
    const found = at === null ? null : indexAt(columns.t, range.step, at);
    return at === null ? latestIndex(columns, range) : found;
  });
}

/** The value of a series at an index as text, looking back as far as the series usually pauses. */
export function readValue(
  series: Series,
  columns: Columns,
  range: RangeAnswer,
  index: number | null,
): string {
  if (index === null) return NOTHING;
  return formatUnit(
    valueNear(series.values, columns.t, index, joinLimitS(series.values, columns.t, range.step)),
    series.unit,
  );
}
