/**
 * The one chart over time. A figure with a heading, a plot that keys and pointer explore alike, a legend with the
 * values under the cursor, a sentence that says what it shows, and the same numbers as a table.
 */
import { computed, effect } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatUnit, NOTHING } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { type State, useApp } from '../state/context.ts';
import {
  emptyStretches,
  gapsInside,
  indexAt,
  joinLimitS,
  latestIndex,
  nearestIndex,
  spansAfter,
  stack,
  valueNear,
} from './align.ts';
import { ChartMenu } from './chartMenu.tsx';
import { ChartTable } from './chartTable.tsx';
import { COMPARE_STYLE, HALO_STYLE } from './colors.ts';
import { describeChart } from './describe.ts';
import { Legend } from './legend.tsx';
import { observeSeen, observeWidth } from './observe.ts';
import { createPlot, type Plot, type PlotView } from './plot.ts';
import { readoutIndex, readValue, type TimeChartProps } from './readout.ts';
import { Stretch } from './stretch.tsx';

export function TimeChart(props: TimeChartProps) {
  const state = useApp();
  const [table, setTable] = useState(false);
  const [log, setLog] = useState(false);
  const headingId = `chart-${props.id}`;
  const hasData = props.columns.series.some((series) => series.values.some((value) => value !== null));
  const hidden = hiddenSeries(state, props.id);
  const { range, futureFromS } = props;
  const told = useMemo(
    () => (futureFromS === undefined ? range : { ...range, openFrom: futureFromS }),
    [range, futureFromS],
  );
  const { notKeptToS = null } = props;
  const summary = useMemo(
    () => describeChart(props.columns, told, props.gaps, state.range.zone.value, notKeptToS),
    [props.columns, told, props.gaps, state.range.zone.value, notKeptToS],
  );
  const Heading = props.compact ? 'h3' : 'h2';
  const picture = useRef<(() => HTMLCanvasElement) | null>(null);
  return (
    <figure class={`chart${props.compact ? ' chart-compact' : ''}`} aria-labelledby={headingId}>
      <figcaption class="chart-head">
        <Heading id={headingId}>
          {props.title}
          {props.per && <span class="muted per"> {props.per}</span>}
        </Heading>
        <Explain about={props.title}>{props.explain}</Explain>
        <span class="grow" />
        {hasData && props.compact && <Readout {...props} />}
        {hasData && props.canLog && (
          <button type="button" class="quiet" aria-pressed={log} onClick={() => setLog(!log)}>
            Log scale
          </button>
        )}
        {hasData && props.switches}
        {hasData && !props.compact && (
          <button
            type="button"
            class="quiet"
            aria-pressed={table}
            onClick={() => setTable(!table)}
            aria-label={`View ${props.title} as table`}
          >
            Table
          </button>
        )}
        {hasData && (
          <ChartMenu
            chart={props.id}
            title={props.title}
            columns={props.columns}
            range={told}
            summary={summary}
            canSelect={!props.isFixed && !table}
            table={props.compact ? { isOpen: table, toggle: () => setTable(!table) } : null}
            pictureOf={table || props.instead ? null : () => picture.current?.() ?? null}
          />
        )}
      </figcaption>
      {hasData && (
        <p id={`${headingId}-sum`} class="sr">
          {summary}
        </p>
      )}
      {!hasData && props.empty ? (
        <div class="chart-empty">{props.empty}</div>
      ) : table ? (
        <ChartTable
          title={props.title}
          columns={props.columns}
          range={told}
          stacked={props.stacked ?? false}
        />
      ) : props.instead ? (
        props.instead
      ) : (
        <div class="chart-body">
          <Surface
            key={shapeKey(props, log)}
            {...props}
            log={log}
            hidden={hidden}
            describedBy={`${headingId}-sum`}
            picture={picture}
          />
          {!props.compact && <Legend {...props} range={told} hidden={hidden} />}
        </div>
      )}
      <Stretch chart={props.id} />
    </figure>
  );
}

/** The value under the cursor of a small chart, which has one series and no room for a legend. */
function Readout({ columns, range }: TimeChartProps) {
  const state = useApp();
  const text = useMemo(() => {
    const index = readoutIndex(state, columns, range);
    const series = columns.series[0];
    return computed(() => (series ? readValue(series, columns, range, index.value) : NOTHING));
  }, [columns, range]);
  return <span class="readout strong">{text}</span>;
}

/** A new plot is made only when this changes. */
function shapeKey(props: TimeChartProps, log: boolean): string {
  const styles = props.styles.map((style) => `${style.color}${style.dash ?? ''}${style.widthPx ?? ''}`);
  return [
    log,
    props.stacked,
    props.unit,
    props.heightPx,
    props.compare !== undefined,
    ...props.columns.series.map((series) => series.id),
    ...styles,
  ].join('|');
}

/** Ids of the series of a chart that the URL hides: `hide=throughput.status_2xx`. */
function hiddenSeries(state: State, chart: string): Set<string> {
  const all = (state.router.params.value.get('hide') ?? '').split(',');
  return new Set(
    all.filter((entry) => entry.startsWith(`${chart}.`)).map((entry) => entry.slice(chart.length + 1)),
  );
}

interface SurfaceProps extends TimeChartProps {
  log: boolean;
  hidden: Set<string>;
  describedBy: string;
  /** Set to what draws the plot as a picture while there is one. */
  picture: { current: (() => HTMLCanvasElement) | null };
}

/** A plot that stands in the page, and what it is drawn from: the newest of each. */
interface Standing {
  plot: Plot | null;
  props: SurfaceProps;
  view: PlotView;
  seen: boolean;
  /** Something changed that is not drawn yet. */
  due: boolean;
}

/** The plot itself and how keys move in it. */
function Surface(props: SurfaceProps) {
  const state = useApp();
  const host = useRef<HTMLDivElement>(null);
  const [exploring, setExploring] = useState(false);
  const { range, cursor, prefs } = state;

  const view = useMemo(
    () => buildView(props, state),
    [
      props.columns,
      props.range,
      props.gaps,
      props.marks,
      props.shades,
      props.compare,
      props.notKeptToS,
      [...props.hidden].join(),
      range.pin.value,
      range.zone.value,
      prefs.patterns.value,
    ],
  );
  const standing = useRef<Standing>({ plot: null, props, view, seen: true, due: false }).current;
  standing.props = props;
  standing.view = view;

  // Made elsewhere: a function made here would keep the props of the first rendering, and with them all that stood then.
  useEffect(keepStanding(host, standing, state), []);
  useEffect(() => {
    standing.due = true;
    flush(standing, state);
  }, [view]);

  return (
    // The role of an application holds only while the arrow keys belong to the chart.
    // biome-ignore lint/a11y/noStaticElementInteractions: the role follows the focus
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take a name and a description
    <div
      ref={host}
      class="plot"
      data-chart={props.id}
      style={{ height: `${props.heightPx ?? 180}px` }}
      tabIndex={0}
      role={exploring ? 'application' : 'group'}
      aria-label={`${props.title}, chart. ${exploring ? 'Arrow keys move by one bucket, with Shift by ten. Up and down change the series, Enter pins, Space begins a stretch and ends it, plus and minus zoom, Escape leaves.' : ''}`}
      aria-describedby={props.describedBy}
      onFocus={() => {
        setExploring(true);
        cursor.read();
      }}
      onBlur={() => {
        setExploring(false);
        stretchFrom = null;
        cursor.release();
        cursor.atS.value = null;
      }}
      onPointerMove={() => cursor.read()}
      onPointerLeave={(event) => {
        // A lifted finger leaves the cursor where it was, so that the values can be read.
        if (event.pointerType === 'touch') return;
        cursor.release();
        cursor.atS.value = null;
      }}
      onKeyDown={(event) => exploreKey(event, standing.props, state)}
    />
  );
}

/** Draws what is due, unless nobody can see it; then it stays due. */
function flush(standing: Standing, { clock, cursor }: State) {
  if (!standing.due || !standing.seen || clock.hidden.peek() || !standing.plot) return;
  standing.due = false;
  standing.plot.setView(standing.view);
  standing.plot.setCursor(cursor.atS.peek());
}

/** An effect: makes the plot once its width is known, follows what is pointed at and seen, and takes it away at the end. */
function keepStanding(
  host: RefObject<HTMLDivElement | null>,
  standing: Standing,
  state: State,
): () => () => void {
  const { cursor, prefs, clock } = state;
  return () => {
    const element = host.current;
    if (!element) return () => {};
    const stopWidth = observeWidth(element, (widthPx) => {
      if (standing.plot) standing.plot.setWidth(widthPx);
      else {
        const { props, view } = standing;
        standing.plot = createPlot(element, widthPx, plotShape(props), view, plotEvents(state, props));
      }
      standing.plot.setSelection(cursor.span.peek());
    });
    standing.props.picture.current = () =>
      standing.plot?.picture(standing.props.title) ?? document.createElement('canvas');
    const stops = [
      stopWidth,
      // What is drawn in one chart is marked in all of them.
      effect(() => {
        const span = cursor.span.value;
        standing.plot?.setSelection(span);
      }),
      observeSeen(element, (seen) => {
        standing.seen = seen;
        flush(standing, state);
        if (seen) standing.plot?.setCursor(cursor.atS.peek());
      }),
      effect(() => {
        void prefs.themeVersion.value;
        standing.plot?.restyle();
      }),
      effect(() => {
        const atS = cursor.atS.value;
        if (standing.seen) standing.plot?.setCursor(atS);
      }),
      effect(() => {
        if (!clock.hidden.value) flush(standing, state);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      standing.props.picture.current = null;
      if (cursor.span.peek()?.chart === standing.props.id) cursor.span.value = null;
      standing.plot?.destroy();
      standing.plot = null;
    };
  };
}

function plotShape(props: SurfaceProps) {
  return {
    stacked: props.stacked ?? false,
    log: props.log,
    styles: props.compare ? [...props.styles, HALO_STYLE, COMPARE_STYLE] : props.styles,
    unit: props.unit,
    heightPx: props.heightPx ?? 180,
    band: props.band ?? null,
  };
}

function plotEvents(state: State, { id, isFixed }: SurfaceProps) {
  return {
    onCursor(atS: number | null) {
      state.cursor.atS.value = atS;
    },
    onSelect(fromS: number, toS: number) {
      if (!isFixed && state.page.app.peek() !== null) state.cursor.choose(id, fromS, toS);
    },
    onZoomOut: () => {
      if (!isFixed) state.range.zoom(2);
    },
    themeVersion: () => state.prefs.themeVersion.peek(),
  };
}

function buildView(props: SurfaceProps, state: State): PlotView {
  const { columns, range } = props;
  const raw = columns.series.map((series) =>
    props.hidden.has(series.id) ? new Array<null>(series.values.length).fill(null) : series.values,
  );
  // On a log axis zero has no place; it is left out rather than drawn at the edge.
  const drawn = props.log
    ? raw.map((values) => values.map((value) => (value !== null && value > 0 ? value : null)))
    : raw;
  const values = props.stacked ? stack(drawn) : drawn;
  const { compare } = props;
  const joinS = columns.series.map((series) => joinLimitS(series.values, columns.t, range.step));
  return {
    x: columns.t.map((start) => start + range.step / 2),
    values: compare ? [...values, compare.values, compare.values] : values,
    stepS: range.step,
    fromS: range.from,
    toS: range.to,
    openFromS: range.openFrom,
    gaps: gapsInside(props.gaps, range),
    empty: spansAfter(props.emptySpans ?? emptyStretches(columns, range), props.notKeptToS ?? null),
    emptyWord: 'no data',
    notKeptToS: props.notKeptToS ?? null,
    joinS: compare ? [...joinS, ...twice(joinLimitS(compare.values, columns.t, range.step))] : joinS,
    marks: props.marks,
    thresholds: props.thresholds ?? [],
    shades: props.shades ?? [],
    pinS: state.range.pin.value,
    zone: state.range.zone.value,
    patterns: state.prefs.patterns.value || matchMedia('(prefers-contrast: more)').matches,
  };
}

const twice = (limitS: number): [number, number] => [limitS, limitS];

/** Which series the arrow keys are on, per chart id. */
const keySeries = new Map<string, number>();
let speakTimer: ReturnType<typeof setTimeout> | undefined;

/** Where a stretch was begun with the space bar, epoch s; in the chart that has the focus. */
let stretchFrom: number | null = null;

/** Keys inside a chart (UX.md, chart component contract 4). Handled ones go no further. */
function exploreKey(event: KeyboardEvent, props: SurfaceProps, state: State) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { columns, range } = props;
  const { cursor } = state;
  const last = columns.t.length - 1;
  if (last < 0) return;
  const at = cursor.atS.peek();
  const index =
    at === null ? null : (indexAt(columns.t, range.step, at) ?? nearestIndex(columns.t, range.step, at));
  const leap = event.shiftKey ? 10 : 1;
  const series = keySeries.get(props.id) ?? 0;
  const count = columns.series.length;
  const moves: Record<string, () => number | null> = {
    ArrowLeft: () => Math.max(0, (index ?? last + 1) - leap),
    ArrowRight: () => Math.min(last, (index ?? -1) + leap),
    Home: () => 0,
    End: () => latestIndex(columns, range) ?? last,
    ArrowUp: () => {
      keySeries.set(props.id, (series + 1) % count);
      return index ?? latestIndex(columns, range);
    },
    ArrowDown: () => {
      keySeries.set(props.id, (series + count - 1) % count);
      return index ?? latestIndex(columns, range);
    },
  };
  const move = moves[event.key];
  if (move) {
    const next = move();
    if (next !== null) {
      cursor.read();
      cursor.atS.value = (columns.t[next] ?? range.from) + range.step / 2;
      if (stretchFrom !== null) markStretch(props, state);
      speakValue(props, state, next);
    }
  } else if (!props.isFixed && (event.key === '+' || event.key === '=')) state.range.zoom(0.5);
  else if (!props.isFixed && event.key === '-') state.range.zoom(2);
  else if (!props.isFixed && (event.key === ' ' || (event.key === 'Enter' && stretchFrom !== null)))
    stepStretch(props, state, at);
  else if (event.key === 'Enter') state.range.setPin(at);
  else if (event.key === 'Escape' && stretchFrom !== null) {
    stretchFrom = null;
    cursor.span.value = null;
  } else if (event.key === 'Escape') (event.currentTarget as HTMLElement).blur();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Begins a stretch at the cursor, or ends it there and asks what to do with it. */
function stepStretch(props: SurfaceProps, state: State, at: number | null) {
  if (at === null) return;
  if (stretchFrom === null) {
    stretchFrom = at;
    state.announce.value = 'Stretch begun. Arrows extend it, Space ends it.';
    return;
  }
  const half = props.range.step / 2;
  const [fromS, toS] = [Math.min(stretchFrom, at) - half, Math.max(stretchFrom, at) + half];
  stretchFrom = null;
  state.cursor.choose(props.id, fromS, toS);
}

/** Shows a stretch while keys extend it, without asking yet. */
function markStretch(props: SurfaceProps, { cursor }: State) {
  const at = cursor.atS.peek();
  if (stretchFrom === null || at === null) return;
  const half = props.range.step / 2;
  const [fromS, toS] = [Math.min(stretchFrom, at) - half, Math.max(stretchFrom, at) + half];
  cursor.span.value = { fromS, toS, chart: '', drawn: 0 };
}

/** Says the value under the cursor once the keys rest. */
function speakValue(props: SurfaceProps, state: State, index: number) {
  const series = props.columns.series[keySeries.get(props.id) ?? 0];
  if (!series) return;
  clearTimeout(speakTimer);
  speakTimer = setTimeout(() => {
    const when = new Date((props.columns.t[index] ?? 0) * 1000);
    const clock =
      state.range.zone.peek() === 'utc'
        ? `${when.toISOString().slice(11, 19)} UTC`
        : when.toLocaleTimeString('en-GB');
    const open = props.range.openFrom !== null && (props.columns.t[index] ?? 0) >= props.range.openFrom;
    const value = valueNear(
      series.values,
      props.columns.t,
      index,
      joinLimitS(series.values, props.columns.t, props.range.step),
    );
    state.announce.value = `${clock}, ${series.label}: ${value === null ? 'no value' : formatUnit(value, series.unit)}${open ? ', still filling' : ''}`;
  }, 250);
}
