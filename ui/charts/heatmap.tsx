/**
 * How many requests took how long, over time: a cell a point and quarter of an octave, log scale upwards, darker where
 * there were more (log scale, too). Drawn on a canvas of its own over the same time axis as the charts.
 */
import { computed, effect } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LatencyAnswer } from '../../api/contract/latency.ts';
import {
  formatClock,
  formatCount,
  formatDay,
  formatMs,
  formatRange,
  type Zone,
  zoneName,
} from '../format.ts';
import { type State, useApp } from '../state/context.ts';
import { indexAt } from './align.ts';
import { colorOf } from './colors.ts';
import { heatLevel, levelsOf, rowAt, SHADES, tickDurations, yOfMs } from './heatCells.ts';
import { observeWidth } from './observe.ts';
import { gutterPx, PLOT_RIGHT_PX } from './plot.ts';
import { Selection, useSpanDrag } from './spanDrag.tsx';

const HEIGHT_PX = 200;
const AXIS_PX = 26;
const TOP_PX = 8;
const ROUTER_TIMEOUT_MS = 30_000;

interface Props {
  answer: LatencyAnswer;
  /** Instants of releases, epoch s. */
  marks: number[];
}

export function Heatmap({ answer, marks }: Props) {
  const state = useApp();
  const { cursor, range, prefs } = state;
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [widthPx, setWidthPx] = useState(0);
  const [atY, setAtY] = useState<number | null>(null);
  useEffect(() => (host.current ? observeWidth(host.current, setWidthPx) : undefined), []);
  useEffect(
    () =>
      effect(() => {
        void prefs.themeVersion.value;
        if (canvas.current && widthPx > 0)
          drawHeatmap(canvas.current, widthPx, answer, marks, range.zone.value, prefs.themeVersion.peek());
      }),
    [widthPx, answer, marks],
  );
  const drag = useSpanDrag('latency', answer.range);
  const gutter = gutterPx(widthPx);
  const plotPx = Math.max(1, widthPx - gutter - PLOT_RIGHT_PX);
  const { from, to } = answer.range;
  return (
    <div class="chart-body">
      <div
        ref={host}
        class="plot heatmap"
        data-chart="latency"
        tabIndex={-1}
        role="img"
        aria-label={`Response time as a heatmap: ${sentenceOf(answer)} The quantiles are in the table.`}
        style={{ height: `${HEIGHT_PX}px` }}
      >
        <canvas ref={canvas} />
        <div
          class="heat-over"
          style={{ left: `${gutter}px`, right: `${PLOT_RIGHT_PX}px` }}
          {...drag.handlers}
          onPointerMove={(event) => {
            drag.handlers.onPointerMove(event);
            const box = event.currentTarget.getBoundingClientRect();
            cursor.read();
            cursor.atS.value = from + ((event.clientX - box.left) / box.width) * (to - from);
            setAtY(event.clientY - box.top);
          }}
          onPointerLeave={(event) => {
            if (event.pointerType === 'touch') return;
            cursor.release();
            cursor.atS.value = null;
            setAtY(null);
          }}
        >
          <Selection of={drag.selection} />
        </div>
        <CursorMark answer={answer} gutter={gutter} plotPx={plotPx} />
      </div>
      <HeatLegend answer={answer} atY={atY} />
    </div>
  );
}

function CursorMark({ answer, gutter, plotPx }: { answer: LatencyAnswer; gutter: number; plotPx: number }) {
  const { cursor, range } = useApp();
  const line = useRef<HTMLDivElement>(null);
  useEffect(
    () =>
      effect(() => {
        const { from, to } = answer.range;
        const atS = cursor.atS.value ?? range.pin.value;
        if (!line.current) return;
        line.current.hidden = atS === null || atS < from || atS > to;
        if (atS !== null) line.current.style.left = `${gutter + ((atS - from) / (to - from)) * plotPx}px`;
      }),
    [answer, gutter, plotPx],
  );
  return <div ref={line} class="cursor-line" hidden aria-hidden="true" />;
}

/** What the shades mean, and the cell under the pointer. */
function HeatLegend({ answer, atY }: { answer: LatencyAnswer; atY: number | null }) {
  const state = useApp();
  const most = useMemo(() => levelsOf(answer).most, [answer]);
  const told = useMemo(() => computed(() => tellCell(state, answer, atY)), [answer, atY]);
  const steps = Array.from({ length: SHADES }, (_, level) => level);
  return (
    <div class="legend heat-legend">
      <p class="legend-when muted">{told}</p>
      <div class="heat-scale" aria-hidden="true">
        {steps.map((level) => (
          <span key={level} class={`heat-${level}`} />
        ))}
      </div>
      <p class="small muted">
        1 to {formatCount(most)} requests a cell, stronger is more, on a logarithmic scale.
      </p>
    </div>
  );
}

function tellCell(state: State, answer: LatencyAnswer, atY: number | null): string {
  const atS = state.cursor.atS.value;
  const index = atS === null ? null : indexAt(answer.t, answer.range.step, atS);
  if (index === null || atS === null) return 'point at a cell';
  const start = (answer.t[index] ?? 0) * 1000;
  const when = formatRange(start, start + answer.range.step * 1000, state.range.zone.value);
  const row =
    atY === null ? null : rowAt(answer, (HEIGHT_PX - AXIS_PX - atY) / (HEIGHT_PX - AXIS_PX - TOP_PX));
  if (row === null) return when;
  const count = answer.counts[index]?.[row] ?? 0;
  const [low, high] = [answer.lowMs[row] ?? 0, answer.lowMs[row + 1] ?? answer.highMs];
  return `${when}: ${formatCount(count)} of ${formatMs(low)} to ${formatMs(high)}`;
}

function sentenceOf(answer: LatencyAnswer): string {
  if (answer.lowMs.length === 0) return 'no requests.';
  return `requests from ${formatMs(answer.lowMs[0] ?? 0)} to ${formatMs(answer.highMs)}.`;
}

function drawHeatmap(
  canvas: HTMLCanvasElement,
  widthPx: number,
  answer: LatencyAnswer,
  marks: number[],
  zone: Zone,
  theme: number,
) {
  const px = devicePixelRatio;
  canvas.width = Math.round(widthPx * px);
  canvas.height = Math.round(HEIGHT_PX * px);
  canvas.style.width = `${widthPx}px`;
  canvas.style.height = `${HEIGHT_PX}px`;
  const ctx = canvas.getContext('2d');
  if (!ctx) return;
  ctx.scale(px, px);
  const color = (name: string) => colorOf(name, theme);
  const left = gutterPx(widthPx);
  const width = widthPx - left - PLOT_RIGHT_PX;
  const height = HEIGHT_PX - AXIS_PX - TOP_PX;
  const { from, to, step } = answer.range;
  const xOf = (atS: number) => left + ((atS - from) / (to - from)) * width;
  const yOf = (ms: number) => TOP_PX + height * (1 - yOfMs(answer, ms));
  ctx.font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  ctx.fillStyle = color('--text-2');
  ctx.strokeStyle = color('--grid');
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  for (const ms of tickDurations(answer)) {
    const y = Math.round(yOf(ms)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.fillText(formatMs(ms), left - 6, y);
  }
  const { most } = levelsOf(answer);
  const paths = Array.from({ length: SHADES }, () => new Path2D());
  const cellPx = Math.max(1, (step / (to - from)) * width);
  for (const [index, row] of answer.counts.entries()) {
    const x = xOf(answer.t[index] ?? from);
    for (const [at, count] of (row ?? []).entries()) {
      if (count <= 0) continue;
      const [y1, y0] = [yOf(answer.lowMs[at + 1] ?? answer.highMs), yOf(answer.lowMs[at] ?? 0)];
      paths[heatLevel(count, most)]?.rect(x, y1, cellPx + 0.3, Math.max(1, y0 - y1));
    }
  }
  for (const [level, path] of paths.entries()) {
    ctx.fillStyle = color(`--heat-${level}`);
    ctx.fill(path);
  }
  const vertical = (atS: number, name: string) => {
    if (atS < from || atS > to) return;
    ctx.strokeStyle = color(name);
    ctx.beginPath();
    ctx.moveTo(Math.round(xOf(atS)) + 0.5, TOP_PX);
    ctx.lineTo(Math.round(xOf(atS)) + 0.5, TOP_PX + height);
    ctx.stroke();
  };
  for (const gap of answer.gaps) {
    ctx.fillStyle = color('--gap-fill');
    const x = Math.max(left, xOf(gap.from));
    const end = Math.min(left + width, xOf(gap.to));
    if (end > x) ctx.fillRect(x, TOP_PX, Math.max(4, end - x), 6);
  }
  for (const atS of marks) vertical(atS, '--mark');
  if (answer.highMs >= ROUTER_TIMEOUT_MS / 2 && (answer.lowMs[0] ?? 0) < ROUTER_TIMEOUT_MS) {
    const y = Math.max(TOP_PX + 10, Math.round(yOf(Math.min(ROUTER_TIMEOUT_MS, answer.highMs))) + 0.5);
    ctx.strokeStyle = color('--state-critical');
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    ctx.strokeStyle = color('--surface');
    ctx.lineWidth = 3;
    ctx.strokeText('router timeout 30 s', left + 4, y - 2);
    ctx.fillStyle = color('--state-critical');
    ctx.fillText('router timeout 30 s', left + 4, y - 2);
    ctx.lineWidth = 1;
  }
  drawTimes(ctx, { left, width, bottom: TOP_PX + height, from, to, zone, color });
}

interface TimesOf {
  left: number;
  width: number;
  bottom: number;
  from: number;
  to: number;
  zone: Zone;
  color(name: string): string;
}

const TIME_STEPS_S = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

function drawTimes(ctx: CanvasRenderingContext2D, { left, width, bottom, from, to, zone, color }: TimesOf) {
  const wanted = (to - from) / Math.max(2, Math.floor(width / 76));
  const step = TIME_STEPS_S.find((one) => one >= wanted) ?? 604_800;
  const offsetS = zone === 'utc' ? 0 : new Date(from * 1000).getTimezoneOffset() * 60;
  ctx.fillStyle = color('--text-2');
  ctx.textAlign = 'center';
  ctx.textBaseline = 'top';
  for (let atS = Math.ceil((from - offsetS) / step) * step + offsetS; atS <= to; atS += step) {
    const x = left + ((atS - from) / (to - from)) * width;
    if (x < left + 18 || x > left + width - 8) continue;
    const clock = formatClock(atS * 1000, zone, false);
    ctx.fillText(clock === '00:00' ? formatDay(atS * 1000, zone) : clock, x, bottom + 8);
  }
  ctx.fillStyle = color('--text-3');
  ctx.textAlign = 'right';
  ctx.fillText(zoneName(to * 1000, zone), left - 6, bottom + 8);
}
