/** How many lines there were over time, under the same filter and on the range of the page. */
import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { LogHistogramAnswer } from '../../api/contract/logs.ts';
import type { Columns, RangeAnswer } from '../../api/contract/time.ts';
import { indexAt, sumOf } from '../charts/align.ts';
import type { SeriesStyle } from '../charts/colors.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { formatCount, formatNumber, formatStep } from '../format.ts';
import { useApp } from '../state/context.ts';

/** What the bars are made of. */
export const CUTS = ['level', 'source', 'failures'] as const;
export type Cut = (typeof CUTS)[number];

const LABELS: Record<Cut, string> = { level: 'Level', source: 'Source', failures: 'Failures' };

/** Series of a cut, from the base up; colours keep their meaning: red for errors, violet for codes. */
const SERIES: Record<Cut, { id: string; label: string; style: SeriesStyle }[]> = {
  level: [
    { id: 'level:error', label: 'error', style: { color: '--class-5xx', hatch: 'diagonal' } },
    { id: 'level:warn', label: 'warn', style: { color: '--class-4xx' } },
    { id: 'level:info', label: 'info', style: { color: '--class-1xx' } },
    { id: 'level:debug', label: 'debug', style: { color: '--class-3xx' } },
    { id: 'level:none', label: 'no level', style: { color: '--class-none' } },
  ],
  source: [
    { id: 'source:heroku', label: 'heroku', style: { color: '--class-platform', hatch: 'cross' } },
    { id: 'source:app', label: 'app', style: { color: '--id-0' } },
    { id: 'source:router', label: 'router', style: { color: '--class-none' } },
    { id: 'source:postgres', label: 'postgres', style: { color: '--id-1' } },
    { id: 'source:redis', label: 'redis', style: { color: '--id-2' } },
    { id: 'source:other', label: 'other', style: { color: '--id-other' } },
  ],
  // These overlap: a timed-out request is a code, a 503 and an error at once. So they are lines, not a stack.
  failures: [
    { id: 'level:error', label: 'level error', style: { color: '--class-4xx' } },
    { id: 'status:5xx', label: '5xx', style: { color: '--class-5xx', dash: [6, 3] } },
    { id: 'code:any', label: 'any code', style: { color: '--class-platform', widthPx: 2 } },
  ],
};

interface Props {
  answer: LogHistogramAnswer;
  cut: Cut;
  narrow: boolean;
  /** Where the lines of a series are shown. */
  hrefOf(field: string, value: string): string;
  onCut(cut: Cut): void;
}

export function LogsChart({ answer, cut, narrow, hrefOf, onCut }: Props) {
  const { clock } = useApp();
  const range = useMemo(() => rangeOf(answer, clock.now()), [answer]);
  const chosen = useMemo(
    () =>
      SERIES[cut].flatMap((kind) => {
        const found = answer.columns.series.find((series) => series.id === kind.id);
        return found ? [{ ...kind, series: { ...found, label: kind.label } }] : [];
      }),
    [answer, cut],
  );
  const columns = useMemo(
    () => ({ t: answer.columns.t, series: chosen.map(({ series }) => series) }),
    [chosen],
  );
  const styles = useMemo(() => chosen.map(({ style }) => style), [chosen]);
  const shades = useMemo(
    () =>
      answer.leftOut.map(({ source, fromMs, toMs, oneIn }) => ({
        fromS: fromMs / 1000,
        toS: toMs / 1000,
        label: `${source}: 1 in ${oneIn}`,
        kind: 'window' as const,
      })),
    [answer],
  );
  return (
    <div class="log-chart">
      <Totals columns={columns} styles={styles} range={range} hrefOf={hrefOf} />
      <fieldset class="segmented log-cut">
        <legend class="sr">Lines by</legend>
        {CUTS.map((one) => (
          <label key={one}>
            <input type="radio" name="log-cut" checked={cut === one} onChange={() => onCut(one)} />
            <span>{LABELS[one]}</span>
          </label>
        ))}
      </fieldset>
      <TimeChart
        id="logs"
        title="Lines"
        per={`per ${formatStep(answer.step)}`}
        explain={
          <>
            Lines that are kept and fit the filter, by the time they say themselves. Healthy router lines
            above the rate guard are left out at intake, and shaded where they are; lines with errors, codes
            and 5xx are kept first. Drag to zoom.
          </>
        }
        columns={columns}
        styles={styles}
        unit="count"
        range={range}
        gaps={[]}
        marks={[]}
        shades={shades}
        stacked={cut !== 'failures'}
        heightPx={narrow ? 72 : 88}
        summary="sum"
        hrefOf={(id) => {
          const [field = '', value = ''] = id.split(':');
          return hrefOf(field, value);
        }}
        empty={
          <p>
            {cut === 'failures' ? (
              <>
                <strong>None in this range.</strong> No errors, no codes, no 5xx.
              </>
            ) : (
              'No lines to count.'
            )}
          </p>
        }
      />
    </div>
  );
}

interface TotalsProps {
  columns: Columns;
  styles: SeriesStyle[];
  range: RangeAnswer;
  hrefOf(field: string, value: string): string;
}

/** What the colours mean, in one line: how many there were, under the cursor or in all; each leads to its lines. */
function Totals({ columns, styles, range, hrefOf }: TotalsProps) {
  const { cursor } = useApp();
  const values = useMemo(
    () =>
      columns.series.map((series) => {
        const total = formatNumber(sumOf(series) ?? 0);
        return computed(() => {
          const atS = cursor.atS.value;
          const index = atS === null ? null : indexAt(columns.t, range.step, atS);
          return index === null ? total : formatCount(series.values[index] ?? null);
        });
      }),
    [columns, range],
  );
  return (
    <ul class="log-totals" aria-label="Lines by kind, in all or under the cursor">
      {columns.series.map((series, index) => {
        const [field = '', value = ''] = series.id.split(':');
        const color = styles[index]?.color ?? '--class-none';
        return (
          <li key={series.id}>
            <svg class="log-swatch" width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
              <rect width="10" height="10" rx="2" style={{ fill: `var(${color})` }} />
            </svg>
            <a href={hrefOf(field, value)}>{series.label}</a> <span class="num">{values[index]}</span>
          </li>
        );
      })}
    </ul>
  );
}

function rangeOf({ fromMs, toMs, step, columns }: LogHistogramAnswer, nowMs: number): RangeAnswer {
  const first = columns.t[0];
  const last = columns.t.at(-1);
  const openFrom = Math.floor(nowMs / 1000 / step) * step;
  const to = last === undefined ? Math.ceil(toMs / 1000 / step) * step : last + step;
  return {
    from: first ?? Math.floor(fromMs / 1000 / step) * step,
    to,
    step,
    resolution: step,
    openFrom: openFrom < to ? openFrom : null,
  };
}
