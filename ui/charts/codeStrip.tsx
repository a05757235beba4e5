/** Error codes over time: one thin row a code, darker where there were more. Codes that did not occur have no row. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Columns, GapAnswer, RangeAnswer } from '../../api/contract/time.ts';
import { formatCount, formatUnit } from '../format.ts';
import { Explain } from '../parts/explain.tsx';
import { useApp } from '../state/context.ts';
import { maxOf, sumOf, thin } from './align.ts';
import { ChartTable } from './chartTable.tsx';
import { CursorLine } from './cursorLine.tsx';
import { observeWidth } from './observe.ts';
import { Selection, useSpanDrag } from './spanDrag.tsx';
import { Stretch } from './stretch.tsx';

const LEVELS = 5;
/** Narrower cells cannot be told apart. */
const CELL_MIN_PX = 4;

interface Props {
  columns: Columns;
  range: RangeAnswer;
  gaps: GapAnswer[];
  /** Instants of releases, epoch s. */
  marks: number[];
  hrefOf: (code: string) => string;
  /** Title of a code: `Request timeout`; empty when unknown. */
  titleOf: (code: string) => string;
  /** true for a code that costs nothing, such as that of maintenance: drawn in a calm colour. */
  isCalm: (code: string) => boolean;
  /** Nothing of the range is there: none seen is not none. */
  isUnknown?: boolean;
}

export function CodeStrip({ columns, range, marks, hrefOf, titleOf, isCalm, isUnknown }: Props) {
  const [table, setTable] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const [widthPx, setWidthPx] = useState(600);
  useEffect(() => (box.current ? observeWidth(box.current, setWidthPx) : undefined), []);
  const drag = useSpanDrag('codes', range);
  const rows = useMemo(
    () =>
      [...columns.series]
        .filter((series) => (sumOf(series) ?? 0) > 0)
        .sort((a, b) => (sumOf(b) ?? 0) - (sumOf(a) ?? 0)),
    [columns],
  );
  return (
    <figure class="chart codes" aria-labelledby="chart-codes">
      <figcaption class="chart-head">
        <h2 id="chart-codes">Error codes</h2>
        <Explain about="Error codes">
          Lines with an H, R or L code, counted per bucket. H codes come from router lines and decide whether
          a request failed; R codes come from dynos, L codes from the log stream itself, and neither changes
          the request count. Darker means more, on a logarithmic scale shared by all rows.
        </Explain>
        <span class="grow" />
        {rows.length > 0 && (
          <button
            type="button"
            class="quiet"
            aria-pressed={table}
            onClick={() => setTable(!table)}
            aria-label="View Error codes as table"
          >
            Table
          </button>
        )}
      </figcaption>
      {rows.length === 0 && (
        <p class="chart-empty calm">
          {isUnknown ? 'Not known: no line of this range is there.' : 'No H, R or L codes in this range.'}
        </p>
      )}
      {table && rows.length > 0 && (
        <ChartTable
          title="Error codes"
          columns={{ t: columns.t, series: rows }}
          range={range}
          stacked={false}
        />
      )}
      {!table && rows.length > 0 && (
        <div class="chart-body">
          <div class="strip" ref={box} data-chart="codes" tabIndex={-1}>
            {rows.map((series) => (
              <StripRow
                key={series.id}
                code={series.id}
                values={series.values}
                columns={columns}
                rows={rows}
                range={range}
                widthPx={widthPx}
                href={hrefOf(series.id)}
                calm={isCalm(series.id)}
                drag={drag.handlers}
              />
            ))}
            <div class="cursor-lines" aria-hidden="true">
              <Selection of={drag.selection} />
              {marks
                .filter((atS) => atS >= range.from && atS <= range.to)
                .map((atS) => (
                  <div
                    key={atS}
                    class="cursor-line strip-mark"
                    style={{ left: `${((atS - range.from) / (range.to - range.from)) * 100}%` }}
                  />
                ))}
            </div>
            <CursorLine fromS={range.from} toS={range.to} />
          </div>
          <div class="legend">
            <table aria-label="Counts of error codes in this range">
              <tbody>
                {rows.map((series) => (
                  <tr key={series.id} class="strip-legend">
                    <th scope="row">
                      <a href={hrefOf(series.id)} class="cut" title={titleOf(series.id)}>
                        {titleOf(series.id) || 'details'}
                      </a>
                    </th>
                    <td class="num strong">{formatUnit(sumOf(series), 'count')}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
      <Stretch chart="codes" />
    </figure>
  );
}

interface RowProps {
  code: string;
  values: (number | null)[];
  columns: Columns;
  rows: Columns['series'];
  range: RangeAnswer;
  widthPx: number;
  href: string;
  calm: boolean;
  drag: ReturnType<typeof useSpanDrag>['handlers'];
}

function StripRow({ code, values, columns, rows, range, widthPx, href, calm, drag }: RowProps) {
  const { cursor } = useApp();
  const cells = thin(values, Math.max(20, Math.floor(widthPx / CELL_MIN_PX)));
  const max = Math.max(
    ...rows.map((series) => maxOf(thin(series.values, Math.floor(widthPx / CELL_MIN_PX)).values) ?? 0),
  );
  const span = range.to - range.from;
  const sum = values.reduce<number>((all, value) => all + (value ?? 0), 0);
  const paths = Array.from({ length: LEVELS }, () => '');
  for (const [index, value] of cells.values.entries()) {
    if (!value) continue;
    const start = columns.t[index * cells.per] ?? range.from;
    const left = ((start - range.from) / span) * 1000;
    // At least three px wide: a single H12 in a day must be seen.
    const width = Math.max(((cells.per * range.step) / span) * 1000, 3000 / widthPx);
    const level = levelOf(value, max);
    paths[level] += `M${left.toFixed(2)} 0h${width.toFixed(2)}v16h-${width.toFixed(2)}z`;
  }
  return (
    <div class="strip-row">
      <a class="strip-code" href={href}>
        <span class="mono">{code}</span>
        <span class="strip-count">{formatUnit(sum, 'count')}</span>
      </a>
      <svg
        class={`cells family-${calm ? 'calm' : code.slice(0, 1)}`}
        viewBox="0 0 1000 16"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${code}: ${formatCount(sum)} in this range`}
        {...drag}
        onPointerMove={(event) => {
          drag.onPointerMove(event);
          const box = event.currentTarget.getBoundingClientRect();
          cursor.read();
          cursor.atS.value = range.from + ((event.clientX - box.left) / box.width) * span;
        }}
        onPointerLeave={() => {
          cursor.release();
          cursor.atS.value = null;
        }}
      >
        {paths.map(
          (path, level) => path && <path key={`${code}${level}`} d={path} class={`level-${level}`} />,
        )}
      </svg>
    </div>
  );
}

/** 0 to 4 on a logarithmic scale up to the largest cell of all rows. */
export function levelOf(value: number, max: number): number {
  if (max <= 1) return LEVELS - 1;
  return Math.min(LEVELS - 1, Math.floor((Math.log(value + 1) / Math.log(max + 1)) * LEVELS));
}
