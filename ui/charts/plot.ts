/**
 * The only file that knows uPlot: one plot, created once, fed afterwards. Used by TimeChart alone.
 * x is the middle of a bucket in epoch seconds, so that the nearest point is the bucket under the pointer.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { GapAnswer } from '../../api/contract/time.ts';
import { formatClock, formatCount, formatDay, formatUnit, type Zone, zoneName } from '../format.ts';
import { causeShort } from '../gapCauses.ts';
import { colorOf, type SeriesStyle } from './colors.ts';
import type { Threshold } from './readout.ts';

/** What decides that a plot has to be made anew. */
export interface PlotShape {
  stacked: boolean;
  log: boolean;
  styles: SeriesStyle[];
  unit: string;
  heightPx: number;
  /** Fill between two lines, by index. */
  band: [number, number] | null;
}

/** What changes with every answer. */
export interface PlotView {
  /** Middles of buckets, epoch s. */
  x: number[];
  /** Values as drawn (running sums when stacked), one array a series; hidden ones are all null. */
  values: (number | null)[][];
  stepS: number;
  fromS: number;
  toS: number;
  openFromS: number | null;
  gaps: GapAnswer[];
  empty: [number, number][];
  /** What is written on such a stretch. */
  emptyWord: string;
  /** Up to here, epoch s, the range was deleted by retention: drawn as without data, with a word of its own. */
  notKeptToS?: number | null;
  /** Per series: values farther apart than this are not joined, seconds. */
  joinS: number[];
  /** Instants drawn as thin lines through the plot: releases. */
  marks: number[];
  thresholds: Threshold[];
  /** Spans set apart: windows that decided, minutes that do not count. */
  shades?: Shade[];
  pinS: number | null;
  zone: Zone;
  patterns: boolean;
}

function notKept({ fromS, notKeptToS }: PlotView): [number, number][] {
  return notKeptToS != null && notKeptToS > fromS ? [[fromS, notKeptToS]] : [];
}

/** A span of time with a name, behind the lines. */
export interface Shade {
  fromS: number;
  toS: number;
  label: string;
  kind: 'window' | 'correction';
}

export interface PlotEvents {
  onCursor(atS: number | null): void;
  /** A stretch was drawn with the pointer, or with a finger held down first. */
  onSelect(fromS: number, toS: number): void;
  onZoomOut(): void;
  themeVersion(): number;
}

export interface Plot {
  setView(view: PlotView): void;
  setCursor(atS: number | null): void;
  /** Marks a stretch, or none. */
  setSelection(span: { fromS: number; toS: number } | null): void;
  /** What is drawn, on a ground of its own, with room for a title of this height on top; device pixels. */
  picture(title: string): HTMLCanvasElement;
  setWidth(widthPx: number): void;
  /** Draws again: other colours or patterns. */
  restyle(): void;
  destroy(): void;
}

/** Room for the labels of the y axis; lanes and strips above and below use the same. */
export function gutterPx(widthPx: number): number {
  return widthPx < 480 ? 46 : 64;
}
export const PLOT_RIGHT_PX = 8;
/** So long a finger rests before it draws a stretch; farther moved it only moves the cursor. */
const HOLD_MS = 350;
const STILL_PX = 8;

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
/** Counts tick at whole numbers: a fifth of a request does not exist. */
const COUNT_INCREMENTS = Array.from({ length: 13 }, (_, power) => [
  10 ** power,
  2 * 10 ** power,
  5 * 10 ** power,
]).flat();
/** Whole powers of two from 1 B to 1 PB: byte axes tick at 256 MB, not at 250. */
const BYTE_INCREMENTS = Array.from({ length: 51 }, (_, power) => 2 ** power);

/** The unit is a word that would not fit beside each tick: the heading or the legend has it. */
function isWord(unit: string): boolean {
  return unit.length > 2 && formatUnit(1, unit).endsWith(unit);
}

export function createPlot(
  host: HTMLElement,
  widthPx: number,
  shape: PlotShape,
  first: PlotView,
  events: PlotEvents,
): Plot {
  let view = first;
  let own = false;
  let selection: { fromS: number; toS: number } | null = null;
  const color = (name: string) => colorOf(name, events.themeVersion());
  const patterns = new Map<string, CanvasPattern | string>();

  const u = new uPlot(buildOptions(), dataOf(view), host);
  const stopTouch = followTouch();

  function buildOptions(): uPlot.Options {
    return {
      width: widthPx,
      height: shape.heightPx,
      legend: { show: false },
      padding: [8, PLOT_RIGHT_PX, 0, 0],
      tzDate: (seconds) =>
        view.zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000),
      scales: {
        x: { time: true, range: () => [view.fromS, view.toS] },
        y: { distr: shape.log ? 3 : 1, range: (_, min, max) => yRange(min, max) },
      },
      axes: [timeAxis(), valueAxis()],
      series: [{}, ...shape.styles.map(plotSeries)],
      bands: shape.band
        ? [{ series: [shape.band[0] + 1, shape.band[1] + 1], fill: () => color('--band') }]
        : undefined,
      cursor: {
        y: false,
        points: { show: !shape.stacked, size: 7, width: 1.5 },
        drag: { x: true, y: false, setScale: false, dist: 5 },
        focus: { prox: -1 },
        bind: {
          dblclick: () => () => {
            events.onZoomOut();
            return null;
          },
        },
      },
      hooks: {
        drawClear: [drawUnder],
        draw: [drawOver],
        setCursor: [
          (plot) => {
            if (own) return;
            const index = plot.cursor.idx;
            const inside = (plot.cursor.left ?? -1) >= 0 && index != null;
            events.onCursor(inside ? (view.x[index] ?? null) : null);
          },
        ],
        setSelect: [
          (plot) => {
            if (plot.select.width < 5) return;
            const from = plot.posToVal(plot.select.left, 'x');
            const to = plot.posToVal(plot.select.left + plot.select.width, 'x');
            events.onSelect(from, to);
          },
        ],
      },
    };
  }

  function yRange(min: number | null, max: number | null): uPlot.Range.MinMax {
    const near = view.thresholds.map((threshold) => threshold.value);
    const top = Math.max(max ?? 0, ...near);
    if (shape.log) {
      const low = 10 ** Math.floor(Math.log10(Math.max(min ?? 1, 0.1)));
      return [low, Math.max(10 ** Math.ceil(Math.log10(Math.max(top, 1) * 1.001)), low * 10)];
    }
    const low = Math.min(min ?? 0, 0);
    if (top <= 0 && low === 0) return [0, 1];
    return [low === 0 ? 0 : low * 1.08, top * 1.08];
  }

  function timeAxis(): uPlot.Axis {
    return {
      font: FONT,
      size: 26,
      gap: 4,
      space: (_plot, _axis, _min, _max, dim) => (dim < 420 * devicePixelRatio ? 58 : 76),
      stroke: () => color('--text-2'),
      grid: { stroke: () => color('--grid'), width: 1 },
      ticks: { stroke: () => color('--grid'), width: 1, size: 4 },
      values: (_plot, splits, _axis, _space, increment) =>
        splits.map((at) => (fitsAt(at) ? timeLabel(at * 1000, increment) : '')),
    };
  }

  /** Room for a label: left of it stands the zone, right of it the canvas ends. */
  function fitsAt(atS: number): boolean {
    const spanPx = widthPx - gutterPx(widthPx) - PLOT_RIGHT_PX;
    const px = ((atS - view.fromS) / (view.toS - view.fromS)) * spanPx;
    return px >= 18 && px <= spanPx - 8;
  }

  function timeLabel(ms: number, incrementS: number): string {
    const clock = formatClock(ms, view.zone, incrementS < 60);
    const midnight = clock === '00:00' || clock === '00:00:00';
    return incrementS >= 86_400 || midnight ? formatDay(ms, view.zone) : clock;
  }

  function valueAxis(): uPlot.Axis {
    return {
      font: FONT,
      size: () => gutterPx(widthPx),
      gap: 4,
      space: 24,
      incrs: shape.log
        ? undefined
        : shape.unit.startsWith('bytes')
          ? BYTE_INCREMENTS
          : shape.unit === 'count'
            ? COUNT_INCREMENTS
            : undefined,
      stroke: () => color('--text-2'),
      grid: { stroke: () => color('--grid'), width: 1 },
      ticks: { show: false },
      // On a log axis uPlot offers every split of a decade; only the powers of ten are labelled.
      filter: shape.log
        ? (_plot, splits) => splits.map((at) => (Number.isInteger(Math.log10(at)) ? at : null))
        : undefined,
      values: (_plot, splits) => splits.map((at) => (at === null ? '' : axisLabel(at))),
    };
  }

  /** The gutter is narrow; that a rate is one is said by the value in the heading. */
  function axisLabel(value: number): string {
    if (shape.unit === 'bytesPerSecond') return formatUnit(value, 'bytes');
    return formatUnit(value, isWord(shape.unit) ? 'count' : shape.unit);
  }

  function plotSeries(style: SeriesStyle): uPlot.Series {
    const stroke = () => color(style.color);
    if (!shape.stacked || style.line) {
      return {
        stroke,
        width: style.widthPx ?? 1.5,
        dash: style.dash,
        gaps: (plot, index, _from, _to, holes) =>
          holes.filter(([from, to]) => (to - from) * secondsPerPx(plot) > (view.joinS[index - 1] ?? 0)),
        points: { show: false, filter: (plot, index) => lonelyPoints(plot, index), size: 4, fill: stroke },
      };
    }
    return { width: 0, stroke, fill: () => fillOf(style), points: { show: false }, paths: stackedBars };
  }

  function secondsPerPx(plot: uPlot): number {
    return (view.toS - view.fromS) / plot.bbox.width;
  }

  /** Values without a neighbour to be joined to: invisible as a line, so drawn as points. null when there are none. */
  function lonelyPoints(plot: uPlot, index: number): number[] | null {
    const limit = view.joinS[index - 1] ?? 0;
    const values = plot.data[index];
    const lonely: number[] = [];
    // The newest value so far, and whether it was joined to the one before it.
    let last = -1;
    let joined = true;
    for (let at = 0; at < view.x.length; at++) {
      if (values?.[at] == null) continue;
      const near = last >= 0 && (view.x[at] as number) - (view.x[last] as number) <= limit;
      if (!near && !joined) lonely.push(last);
      joined = near;
      last = at;
    }
    if (!joined) lonely.push(last);
    return lonely.length > 0 ? lonely : null;
  }

  /** Rectangles from the sum below to the sum of this series, as wide as the bucket. */
  function stackedBars(plot: uPlot, index: number, from: number, to: number): uPlot.Series.Paths {
    const path = new Path2D();
    const below = index > 1 ? plot.data[index - 1] : null;
    const values = plot.data[index];
    // Both scales are linear here; asking the library for each corner would take half of an update.
    const x0 = plot.valToPos(view.fromS, 'x', true);
    const pxPerS = (plot.valToPos(view.toS, 'x', true) - x0) / (view.toS - view.fromS);
    const y0 = plot.valToPos(0, 'y', true);
    const pxPerUnit = plot.valToPos(1, 'y', true) - y0;
    const half = view.stepS / 2;
    const gap = pxPerS * view.stepS >= 6 ? Math.max(1, Math.round(devicePixelRatio)) : 0;
    for (let at = from; at <= to; at++) {
      const top = values?.[at];
      if (top == null) continue;
      const base = below?.[at] ?? 0;
      if (top <= base) continue;
      const middle = (plot.data[0][at] as number) - view.fromS;
      const left = Math.round(x0 + (middle - half) * pxPerS);
      const right = Math.round(x0 + (middle + half) * pxPerS);
      const high = y0 + top * pxPerUnit;
      const low = y0 + base * pxPerUnit;
      // A class with few requests on a busy app is still seen: at least one pixel high.
      path.rect(left, Math.min(high, low - 1), Math.max(right - left - gap, 1), Math.max(low - high, 1));
    }
    return { fill: path, stroke: null };
  }

  function fillOf(style: SeriesStyle): CanvasPattern | string {
    const base = color(style.color);
    if (!view.patterns || !style.hatch) return base;
    return hatch(`${style.hatch}${base}`, base, color('--surface'), style.hatch === 'cross', 6);
  }

  /** A tile of diagonal lines, kept per colour. */
  function hatch(
    key: string,
    fill: string,
    line: string,
    cross: boolean,
    size: number,
  ): CanvasPattern | string {
    const kept = patterns.get(key);
    if (kept) return kept;
    const tile = document.createElement('canvas');
    const side = size * Math.max(1, Math.round(devicePixelRatio));
    tile.width = side;
    tile.height = side;
    const ctx = tile.getContext('2d');
    if (!ctx) return fill;
    ctx.fillStyle = fill;
    ctx.fillRect(0, 0, side, side);
    ctx.strokeStyle = line;
    ctx.lineWidth = side / 6;
    ctx.beginPath();
    for (const shift of [-side, 0, side]) {
      ctx.moveTo(shift, side);
      ctx.lineTo(shift + side, 0);
      if (cross) {
        ctx.moveTo(shift, 0);
        ctx.lineTo(shift + side, side);
      }
    }
    ctx.stroke();
    const made = ctx.createPattern(tile, 'repeat') ?? fill;
    patterns.set(key, made);
    return made;
  }

  /** Under the series: stretches without data, known losses, the bucket that still fills. */
  function drawUnder(plot: uPlot) {
    const { ctx } = plot;
    const { top, height } = plot.bbox;
    ctx.save();
    for (const [from, to] of [...view.empty, ...notKept(view)]) {
      const [left, right] = spanPxOf(plot, from, to);
      ctx.fillStyle = color('--nodata');
      ctx.fillRect(left, top, right - left, height);
    }
    for (const shade of view.shades ?? []) {
      const [left, right] = spanPxOf(plot, shade.fromS, shade.toS);
      ctx.fillStyle =
        shade.kind === 'window'
          ? color('--band')
          : hatch('correction', color('--surface-2'), color('--line-strong'), false, 8);
      ctx.fillRect(left, top, Math.max(right - left, 2 * devicePixelRatio), height);
    }
    for (const gap of view.gaps) {
      const [left, right] = spanPxOf(plot, gap.from, gap.to);
      const width = Math.max(right - left, 4 * devicePixelRatio);
      ctx.fillStyle = hatch('gap', color('--gap-fill'), color('--gap-line'), false, 8);
      ctx.fillRect(left, top, width, height);
    }
    if (view.openFromS !== null && view.openFromS < view.toS) {
      const [left, right] = spanPxOf(plot, view.openFromS, view.toS);
      ctx.fillStyle = hatch('open', color('--surface'), color('--open-line'), false, 8);
      ctx.fillRect(left, top, right - left, height);
    }
    ctx.restore();
  }

  // drawClear runs during construction as well, before `u` is assigned.
  function spanPxOf(plot: uPlot, fromS: number, toS: number): [number, number] {
    const { left, width } = plot.bbox;
    const clamp = (px: number) => Math.min(Math.max(px, left), left + width);
    return [clamp(plot.valToPos(fromS, 'x', true)), clamp(plot.valToPos(toS, 'x', true))];
  }

  /** Over the series: releases, thresholds, the pin, and the words on what was drawn under them. */
  function drawOver(plot: uPlot) {
    const { ctx } = plot;
    const { left, top, height } = plot.bbox;
    const px = devicePixelRatio;
    ctx.save();
    ctx.font = FONT.replace('11px', `${11 * px}px`);
    ctx.textBaseline = 'top';
    for (const at of view.marks) {
      if (at < view.fromS || at > view.toS) continue;
      line(ctx, plot.valToPos(at, 'x', true), top, height, color('--mark'), px, []);
    }
    for (const threshold of view.thresholds) drawThreshold(plot, threshold);
    if (view.pinS !== null && view.pinS >= view.fromS && view.pinS <= view.toS) {
      line(ctx, plot.valToPos(view.pinS, 'x', true), top, height, color('--accent'), 1.5 * px, []);
    }
    ctx.fillStyle = color('--text-2');
    for (const gap of view.gaps) {
      const [from, to] = spanPxOf(plot, gap.from, gap.to);
      write(
        ctx,
        gap.messages === null
          ? `lost (${causeShort(gap.cause)})`
          : `≤ ${formatCount(gap.messages)} lost (${causeShort(gap.cause)})`,
        from,
        to,
        top + 3 * px,
      );
    }
    for (const shade of view.shades ?? []) {
      const [from, to] = spanPxOf(plot, shade.fromS, shade.toS);
      write(ctx, shade.label, from, to, top + 3 * px);
    }
    for (const [fromS, toS] of view.empty) {
      const [from, to] = spanPxOf(plot, fromS, toS);
      write(ctx, view.emptyWord, from, to, top + height / 2 - 6 * px);
    }
    for (const [fromS, toS] of notKept(view)) {
      const [from, to] = spanPxOf(plot, fromS, toS);
      write(ctx, 'not kept any more', from, to, top + height / 2 - 6 * px);
      line(ctx, to, top, height, color('--line-strong'), px, [2 * px, 3 * px]);
    }
    ctx.fillStyle = color('--text-3');
    ctx.textBaseline = 'bottom';
    ctx.textAlign = 'right';
    // The name of the zone stands at the start of every time axis.
    ctx.fillText(zoneName(view.toS * 1000, view.zone), left - 6 * px, top + height + 22 * px);
    ctx.restore();
  }

  function drawThreshold(plot: uPlot, threshold: PlotView['thresholds'][number]) {
    const { ctx } = plot;
    const { left, width } = plot.bbox;
    const px = devicePixelRatio;
    const y = Math.round(plot.valToPos(threshold.value, 'y', true)) + 0.5;
    ctx.strokeStyle = color(threshold.color);
    ctx.lineWidth = px;
    ctx.setLineDash([6 * px, 4 * px]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = color(threshold.color);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    // At the old end, where it hides least; a halo keeps the words readable where lines cross them.
    ctx.strokeStyle = color('--surface');
    ctx.lineWidth = 3 * px;
    ctx.strokeText(threshold.label, left + 4 * px, y - 2 * px);
    ctx.fillText(threshold.label, left + 4 * px, y - 2 * px);
    ctx.textBaseline = 'top';
  }

  /**
   * A finger moves the cursor sideways; up and down scrolls the page (touch-action: pan-y). Held still first, it draws a
   * stretch instead.
   */
  function followTouch(): () => void {
    let startPx: number | null = null;
    let held = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leftOf = (event: PointerEvent) => {
      const box = u.over.getBoundingClientRect();
      return Math.min(Math.max(event.clientX - box.left, 0), box.width);
    };
    const onDown = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      const px = leftOf(event);
      startPx = px;
      timer = setTimeout(() => {
        held = true;
        select(px - 1, px + 1);
      }, HOLD_MS);
      u.setCursor({ left: px, top: 0 });
    };
    const onMove = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      const px = leftOf(event);
      if (held && startPx !== null) select(startPx, px);
      else if (startPx !== null && Math.abs(px - startPx) > STILL_PX) clearTimeout(timer);
      u.setCursor({ left: px, top: 0 });
    };
    const onEnd = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      clearTimeout(timer);
      const { left, width } = u.select;
      if (held && event.type === 'pointerup' && width > STILL_PX)
        events.onSelect(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
      else if (held) showSelection(null);
      held = false;
      startPx = null;
    };
    const listeners: [string, (event: PointerEvent) => void][] = [
      ['pointerdown', onDown],
      ['pointermove', onMove],
      ['pointerup', onEnd],
      ['pointercancel', onEnd],
    ];
    // A finger held down asks the browser for its own list of things to do.
    const onMenu = (event: Event) => {
      if (startPx !== null) event.preventDefault();
    };
    u.over.addEventListener('contextmenu', onMenu);
    for (const [name, listener] of listeners) u.over.addEventListener(name, listener as EventListener);
    return () => {
      clearTimeout(timer);
      u.over.removeEventListener('contextmenu', onMenu);
      for (const [name, listener] of listeners) u.over.removeEventListener(name, listener as EventListener);
    };
  }

  function select(fromPx: number, toPx: number) {
    const left = Math.min(fromPx, toPx);
    u.setSelect(
      { left, top: 0, width: Math.abs(toPx - fromPx), height: u.bbox.height / devicePixelRatio },
      false,
    );
  }

  function showSelection(span: { fromS: number; toS: number } | null) {
    if (span === null) return u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const clamp = (atS: number) => u.valToPos(Math.min(Math.max(atS, view.fromS), view.toS), 'x');
    select(clamp(span.fromS), clamp(span.toS));
  }

  /** The plot as it stands under its title, on the colour of the page. */
  function drawPicture(title: string): HTMLCanvasElement {
    const source = u.ctx.canvas;
    const px = devicePixelRatio;
    const headPx = Math.round(26 * px);
    const picture = document.createElement('canvas');
    picture.width = source.width;
    picture.height = source.height + headPx;
    const ctx = picture.getContext('2d');
    if (!ctx) return picture;
    ctx.fillStyle = color('--surface');
    ctx.fillRect(0, 0, picture.width, picture.height);
    ctx.font = FONT.replace('11px', `600 ${13 * px}px`);
    ctx.fillStyle = color('--text');
    ctx.textBaseline = 'middle';
    ctx.fillText(title, 8 * px, headPx / 2, picture.width - 16 * px);
    ctx.drawImage(source, 0, headPx);
    return picture;
  }

  return {
    setView(next) {
      view = next;
      u.batch(() => {
        u.setData(dataOf(next), true);
        u.redraw(true, true);
      });
      if (selection !== null) showSelection(selection);
    },
    setSelection(span) {
      selection = span;
      showSelection(span);
    },
    picture: drawPicture,
    setCursor(atS) {
      own = true;
      if (atS === null || atS < view.fromS || atS > view.toS) u.setCursor({ left: -10, top: -10 }, false);
      else u.setCursor({ left: u.valToPos(atS, 'x'), top: 0 }, false);
      own = false;
    },
    setWidth(next) {
      widthPx = next;
      u.setSize({ width: next, height: shape.heightPx });
      if (selection !== null) showSelection(selection);
    },
    restyle() {
      patterns.clear();
      u.redraw(true, true);
    },
    destroy() {
      stopTouch();
      u.destroy();
    },
  };
}

function dataOf(view: PlotView): uPlot.AlignedData {
  return [view.x, ...view.values];
}

function line(
  ctx: CanvasRenderingContext2D,
  x: number,
  top: number,
  height: number,
  color: string,
  width: number,
  dash: number[],
) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(Math.round(x) + 0.5, top);
  ctx.lineTo(Math.round(x) + 0.5, top + height);
  ctx.stroke();
}

/** Words inside a stretch, only when they fit. */
function write(ctx: CanvasRenderingContext2D, text: string, from: number, to: number, y: number) {
  ctx.textAlign = 'center';
  if (ctx.measureText(text).width + 8 <= to - from) ctx.fillText(text, (from + to) / 2, y);
  ctx.textAlign = 'left';
}
