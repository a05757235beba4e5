/** Memory of dynos, a lane each: five steps of the quota, swap, restarts, R14 and R15. SVG, for there may be a hundred. */
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { DynoAnswer, DynoMark, DynosAnswer } from '../../api/contract/dynos.ts';
import { CursorLine } from '../charts/cursorLine.tsx';
import { observeWidth } from '../charts/observe.ts';
import { showHidden } from '../clean.ts';
import { formatBytes, formatCount, formatInstant, formatRatio, NOTHING, type Zone } from '../format.ts';
import { bridge, LANE_HEIGHT, LANE_MARKS, laneCells, lanePaths, STEP_WORDS } from '../lane.ts';
import { Explain } from '../parts/explain.tsx';
import { StateGlyph } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { dynoPath, leakReading } from '../verdict/dynos.ts';

const CELL_MIN_PX = 3;
/** Dynos write every 20 s, and points may be 10 s wide. */
const PAUSE_S = 60;

interface Props {
  answer: DynosAnswer;
  /** Those of the answer that are shown, in this order. */
  dynos: readonly DynoAnswer[];
}

export function DynoLanes({ answer, dynos }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [widthPx, setWidthPx] = useState(700);
  useEffect(() => (box.current ? observeWidth(box.current, setWidthPx) : undefined), []);
  const { range } = answer;
  return (
    <figure class="chart lanes" aria-labelledby="lanes">
      <figcaption class="chart-head">
        <h2 id="lanes">Memory of each dyno</h2>
        <Explain about="Memory of each dyno">
          <code>sample#memory_total</code> of <code>log-runtime-metrics</code> lines as a share of the quota
          that the same lines say, in five steps: the higher the bar, the more of it is used. A line at the
          top is R14 or R15, the hatched foot is swap, upright ticks are restarts (dashed: the daily one;
          thick: a crash).
        </Explain>
        <span class="grow" />
        <ul class="lane-legend" aria-label="Steps of the lanes">
          {STEP_WORDS.map((word, step) => (
            <li key={word}>
              <span class={`lane-swatch step-${step}`} aria-hidden="true" /> {word}
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="lane-rows">
        {dynos.map((dyno, index) => (
          <Lane
            key={dyno.dyno}
            app={answer.app}
            dyno={dyno}
            answer={answer}
            widthPx={widthPx}
            at={index === 0 ? box : undefined}
          />
        ))}
        <div class="lane-cursor">
          <CursorLine fromS={range.from} toS={range.to} />
        </div>
      </div>
    </figure>
  );
}

interface LaneProps {
  app: string;
  dyno: DynoAnswer;
  answer: DynosAnswer;
  widthPx: number;
  at?: RefObject<HTMLDivElement | null> | undefined;
}

function Lane({ app, dyno, answer, widthPx, at }: LaneProps) {
  const { router, cursor, range } = useApp();
  const { from, to, step } = answer.range;
  const max = Math.max(40, Math.floor(widthPx / CELL_MIN_PX));
  const quota = dyno.memoryQuotaBytes;
  const drawn = useMemo(() => draw(dyno, answer, max), [dyno, answer, max]);
  const leak = leakReading(dyno);
  return (
    <div class="lane-row">
      <a class="lane-name" href={router.link(dynoPath(app, dyno.dyno))}>
        <span class="mono">{showHidden(dyno.dyno)}</span>
      </a>
      <div class="lane-box" ref={at}>
        {drawn === null ? (
          <span class="lane-none muted">
            {quota === null && dyno.memory.length > 0 ? 'quota not known' : 'no memory samples'}
          </span>
        ) : (
          <svg
            class="lane-cells"
            viewBox={`0 0 1000 ${LANE_HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={laneLabel(dyno, range.zone.value)}
            onPointerMove={(event) => {
              const frame = event.currentTarget.getBoundingClientRect();
              cursor.read();
              cursor.atS.value = from + ((event.clientX - frame.left) / frame.width) * (to - from);
            }}
            onPointerLeave={() => {
              cursor.release();
              cursor.atS.value = null;
            }}
          >
            <defs>
              <pattern id={`swap-${dyno.dyno}`} width="5" height="5" patternUnits="userSpaceOnUse">
                <path d="M0 5L5 0" class="lane-hatch" />
              </pattern>
            </defs>
            {drawn.map(
              (path, level) =>
                path !== '' && <path key={`${dyno.dyno}${level}`} d={path} class={`step-${level}`} />,
            )}
            <Swap dyno={dyno} max={max} />
            <Marks marks={dyno.marks} fromS={from} spanS={to - from} stepS={step} />
          </svg>
        )}
      </div>
      <div class="lane-says">
        <span class="lane-figure">
          {formatRatio(dyno.memoryRatio)}
          <span class="muted"> {quota === null ? '' : `of ${formatBytes(quota)}`}</span>
        </span>
        {leak?.level === 'warning' && (
          <span class="lane-leak lane-leak-warning">
            <StateGlyph level="warning" /> {leak.text}
          </span>
        )}
        {leak?.level === 'ok' && <span class="lane-leak muted">{leak.text}</span>}
      </div>
    </div>
  );
}

/** Paths by step; null without samples or quota. */
function draw(dyno: DynoAnswer, { range, t }: DynosAnswer, max: number): string[] | null {
  const quota = dyno.memoryQuotaBytes;
  if (dyno.memory.length === 0 || quota === null || quota <= 0) return null;
  // Points end now, the range maybe later: what is still to come stays empty.
  const points = Math.round((range.to - range.from) / range.step);
  const all = [
    ...dyno.memory.slice(0, t.length),
    ...new Array<null>(Math.max(0, points - t.length)).fill(null),
  ];
  const bridged = bridge(all, Math.floor(PAUSE_S / range.step));
  return lanePaths(laneCells(bridged, max).values.map((value) => (value === null ? null : value / quota)));
}

/** A hatched foot where the dyno swapped, as high as its share of the quota, at least to be seen. */
function Swap({ dyno, max }: { dyno: DynoAnswer; max: number }) {
  const quota = dyno.memoryQuotaBytes;
  if (dyno.swap.length === 0 || quota === null) return null;
  const { values } = laneCells(dyno.swap, max);
  const width = 1000 / Math.max(1, values.length);
  const path = values
    .map((value, at) => {
      if (value === null || value <= 0) return '';
      const height = Math.min(LANE_HEIGHT - LANE_MARKS, Math.max(4, (value / quota) * LANE_HEIGHT));
      return `M${(at * width).toFixed(2)} ${(LANE_HEIGHT - height).toFixed(1)}h${width.toFixed(2)}v${height.toFixed(1)}h-${width.toFixed(2)}z`;
    })
    .join('');
  return <path d={path} fill={`url(#swap-${dyno.dyno})`} class="lane-swap" />;
}

function Marks({
  marks,
  fromS,
  spanS,
  stepS,
}: {
  marks: DynoMark[];
  fromS: number;
  spanS: number;
  stepS: number;
}) {
  const x = (ms: number) => Math.min(1000, Math.max(0, ((ms / 1000 - fromS) / spanS) * 1000));
  const ticks = (kind: DynoMark['kind']) =>
    marks
      .filter((mark) => mark.kind === kind)
      .map((mark) => `M${x(mark.atMs).toFixed(2)} 0V${LANE_HEIGHT}`)
      .join('');
  // At least as wide as a point: one R14 in a day must be seen.
  const spans = (kind: DynoMark['kind'], height: number) =>
    marks
      .filter((mark) => mark.kind === kind)
      .map((mark) => {
        const left = x(mark.atMs);
        const width = Math.max(x(mark.untilMs) - left, (stepS / spanS) * 1000, 3);
        return `M${left.toFixed(2)} 0h${width.toFixed(2)}v${height}h-${width.toFixed(2)}z`;
      })
      .join('');
  return (
    <>
      <path d={spans('R14', LANE_MARKS - 2)} class="lane-r14" />
      <path d={spans('R15', LANE_MARKS - 0.5)} class="lane-r15" />
      <path d={ticks('cycle')} class="lane-tick lane-cycle" vector-effect="non-scaling-stroke" />
      <path d={ticks('restart')} class="lane-tick" vector-effect="non-scaling-stroke" />
      <path d={ticks('crash')} class="lane-tick lane-crash" vector-effect="non-scaling-stroke" />
    </>
  );
}

/** The lane in words, for those who do not see it. */
function laneLabel(dyno: DynoAnswer, zone: Zone): string {
  const quota = dyno.memoryQuotaBytes ?? 0;
  const known = dyno.memory.filter((value) => value !== null);
  const most = known.length === 0 || quota === 0 ? null : Math.max(...known) / quota;
  const times = (kind: DynoMark['kind']) => dyno.marks.filter((mark) => mark.kind === kind);
  const codes = (['R14', 'R15'] as const).flatMap((code) => {
    const lines = times(code).reduce((sum, mark) => sum + mark.count, 0);
    return lines === 0 ? [] : [`${code} ${formatCount(lines)} times`];
  });
  const crashes = times('crash').map((mark) => formatInstant(mark.atMs, zone, false));
  return [
    `Memory of ${dyno.dyno}`,
    `now ${dyno.memoryRatio === null ? NOTHING : formatRatio(dyno.memoryRatio)} of the quota`,
    most === null ? '' : `at most ${formatRatio(most)}`,
    dyno.restarts > 0 ? `${dyno.restarts} restarts` : 'no restarts',
    ...codes,
    crashes.length > 0 ? `crashed at ${crashes.slice(0, 3).join(', ')}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}
