/** The legend of a chart: what each line is, its value under the cursor, and a switch to hide it. */
import { computed } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import type { Series } from '../../api/contract/time.ts';
import { showHidden } from '../clean.ts';
import { formatCount, formatRange, formatUnit } from '../format.ts';
import { useApp } from '../state/context.ts';
import { gapsInside, maxOf, sumOf } from './align.ts';
import { COMPARE_STYLE, type SeriesStyle } from './colors.ts';
import { formatDelta } from './compare.ts';
import { type Compared, readoutIndex, readValue, type TimeChartProps } from './readout.ts';

/** Rows shown before "and 14 more". */
const ROWS_MAX = 8;

export function Legend(props: TimeChartProps & { hidden: Set<string> }) {
  const state = useApp();
  const [all, setAll] = useState(false);
  const { columns, range } = props;
  const index = useMemo(() => readoutIndex(state, columns, range), [columns, range]);
  // Signals bound to text nodes: moving the cursor renders no component.
  const when = useMemo(
    () =>
      computed(() => {
        const at = index.value === null ? undefined : columns.t[index.value];
        if (at === undefined) return 'nothing here';
        const text = formatRange(at * 1000, (at + range.step) * 1000, state.range.zone.value);
        if (state.cursor.atS.value !== null) return text;
        return state.range.pin.value !== null ? `pinned ${text}` : 'latest';
      }),
    [index],
  );
  const order = props.stacked
    ? columns.series.map((_, at) => columns.series.length - 1 - at)
    : columns.series.map((_, at) => at);
  const present = order.filter((at) =>
    columns.series[at]?.values.some((value) => value !== null && (!props.stacked || value > 0)),
  );
  const rows = all ? present : present.slice(0, ROWS_MAX);
  const kind = props.summary ?? 'none';
  return (
    <div class="legend">
      <table aria-label={`Legend of ${props.title}`}>
        <thead>
          <tr>
            <th scope="col" class="legend-when">
              {when}
            </th>
            <th scope="col" class="num">
              <span class="sr">value</span>
            </th>
            {kind !== 'none' && (
              <th scope="col" class="num">
                {kind === 'sum' ? 'total' : 'max'}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((at) => {
            const series = columns.series[at] as Series;
            return (
              <LegendRow
                key={series.id}
                {...props}
                series={series}
                style={props.styles[at]}
                index={index}
                kind={kind}
              />
            );
          })}
          {props.compare && <CompareRow {...props} compare={props.compare} index={index} kind={kind} />}
        </tbody>
      </table>
      <LossNote {...props} />
      {present.length > ROWS_MAX && (
        <button type="button" class="quiet" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `and ${present.length - ROWS_MAX} more`}
        </button>
      )}
    </div>
  );
}

/** What the hatched stretches of a chart are, with the way to their list. */
function LossNote({ gaps, range }: TimeChartProps) {
  const { router, page } = useApp();
  const inside = gapsInside(gaps, range);
  if (inside.length === 0) return null;
  const lost = inside.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
  return (
    <p class="loss-note">
      <a href={router.link(`/a/${encodeURIComponent(page.app.value ?? '')}/health`)}>
        Hatched: {lost > 0 ? `up to ${formatCount(lost)} lines lost` : 'known losses'}
      </a>
    </p>
  );
}

interface RowProps extends TimeChartProps {
  hidden: Set<string>;
  series: Series;
  style: SeriesStyle | undefined;
  index: ReturnType<typeof readoutIndex>;
  kind: 'sum' | 'max' | 'none';
}

function LegendRow({ series, style, index, kind, ...props }: RowProps) {
  const state = useApp();
  const value = useMemo(
    () => computed(() => readValue(series, props.columns, props.range, index.value)),
    [index, series],
  );
  const off = props.hidden.has(series.id);
  const href = props.hrefOf?.(series.id);
  function toggle() {
    const entry = `${props.id}.${series.id}`;
    const others = (state.router.params.peek().get('hide') ?? '')
      .split(',')
      .filter((one) => one && one !== entry);
    state.router.setParams({ hide: (off ? others : [...others, entry]).join(',') }, 'replace');
  }
  return (
    <tr class={off ? 'off' : ''}>
      <th scope="row">
        <button
          type="button"
          class="legend-name"
          aria-pressed={!off}
          title={`${off ? 'Show' : 'Hide'} ${showHidden(series.label)}`}
          onClick={toggle}
          onPointerEnter={() => props.onHighlight?.(series.id)}
        >
          <Swatch style={style} stacked={props.stacked ?? false} />
          <span class="cut">{showHidden(series.label)}</span>
        </button>
      </th>
      <td class="num strong">{value}</td>
      {kind !== 'none' && (
        <td class="num">{href ? <a href={href}>{summaryOf(series, kind)}</a> : summaryOf(series, kind)}</td>
      )}
    </tr>
  );
}

interface CompareProps extends TimeChartProps {
  compare: Compared;
  index: ReturnType<typeof readoutIndex>;
  kind: 'sum' | 'max' | 'none';
}

/** What the other range had here, and how this one differs. */
function CompareRow({ compare, index, kind }: CompareProps) {
  const text = useMemo(() => {
    const at = (values: (number | null)[]) => (index.value === null ? null : (values[index.value] ?? null));
    return {
      value: computed(() => formatUnit(at(compare.values), compare.unit)),
      delta: computed(() => formatDelta(at(compare.now), at(compare.values))),
    };
  }, [compare, index]);
  return (
    <tr class="legend-compare">
      <th scope="row">
        <span class="legend-name">
          <Swatch style={COMPARE_STYLE} stacked={false} />
          <span class="cut" title={`${compare.name} ${compare.label}`}>
            {compare.name} {compare.label}
          </span>
        </span>
      </th>
      <td class="num">{text.value}</td>
      {kind !== 'none' && <td class="num delta">{text.delta}</td>}
    </tr>
  );
}

function summaryOf(series: Series, kind: 'sum' | 'max'): string {
  return formatUnit(kind === 'sum' ? sumOf(series) : maxOf(series.values), series.unit);
}

/** The line or the block of a series as it looks in the plot, dashes and hatches included. */
export function Swatch({ style, stacked }: { style: SeriesStyle | undefined; stacked: boolean }) {
  const color = `var(${style?.color ?? '--id-other'})`;
  return (
    <svg class="swatch" width="16" height="10" viewBox="0 0 16 10" aria-hidden="true">
      {stacked ? (
        <rect x="2" y="0" width="11" height="10" style={{ fill: color }} />
      ) : (
        <line
          x1="0"
          y1="5"
          x2="16"
          y2="5"
          stroke-width="2"
          stroke-dasharray={style?.dash?.map((part) => part * 0.8).join(' ')}
          style={{ stroke: color }}
        />
      )}
      {stacked && style?.hatch && (
        <path d="M2 8 8 2M7 10l6-6" stroke-width="1.5" style={{ stroke: 'var(--surface)' }} />
      )}
      {stacked && style?.hatch === 'cross' && (
        <path d="M2 2l6 6M7 0l6 6" stroke-width="1.5" style={{ stroke: 'var(--surface)' }} />
      )}
    </svg>
  );
}
