/** The numbers of a chart as a table: 25 rows a page, and all of them as a file. */
import { useState } from 'preact/hooks';
import type { Columns, RangeAnswer } from '../../api/contract/time.ts';
import { showHidden } from '../clean.ts';
import { downloadCsv, renderCsv } from '../csv.ts';
import { formatInstant, formatUnit, zoneName } from '../format.ts';
import { useApp } from '../state/context.ts';
import { cadenceS } from './align.ts';

const ROWS_A_PAGE = 25;

interface Props {
  title: string;
  columns: Columns;
  range: RangeAnswer;
  stacked: boolean;
}

export function ChartTable({ title, columns, range }: Props) {
  const { range: shown, page } = useApp();
  const zone = shown.zone.value;
  // Newest first: what is asked for is nearly always near the end. Buckets nobody reported in are left out of sight
  // (not out of the file) where reporting in every bucket is not usual.
  const sparse = columns.series.every(
    (series) => cadenceS(series.values, columns.t, range.step) > range.step,
  );
  const indexes = columns.t
    .map((_, index) => columns.t.length - 1 - index)
    .filter((index) => !sparse || columns.series.some((series) => (series.values[index] ?? null) !== null));
  const pages = Math.max(1, Math.ceil(indexes.length / ROWS_A_PAGE));
  const [at, setAt] = useState(0);
  const current = Math.min(at, pages - 1);
  const rows = indexes.slice(current * ROWS_A_PAGE, (current + 1) * ROWS_A_PAGE);
  return (
    <div class="chart-table">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keys */}
      <section class="scroll-x" tabIndex={0} aria-label={`${title}, table`}>
        <table class="data">
          <caption class="sr">
            {title}, newest first, page {current + 1} of {pages}
          </caption>
          <thead>
            <tr>
              <th scope="col">Bucket from ({zoneName(range.to * 1000, zone)})</th>
              {columns.series.map((series) => (
                <th scope="col" class="num" key={series.id}>
                  {showHidden(series.label)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((index) => (
              <tr key={columns.t[index]}>
                <th scope="row">
                  {formatInstant((columns.t[index] ?? 0) * 1000, zone)}
                  {range.openFrom !== null && (columns.t[index] ?? 0) >= range.openFrom && (
                    <span class="muted"> still filling</span>
                  )}
                </th>
                {columns.series.map((series) => (
                  <td class="num" key={series.id}>
                    {formatUnit(series.values[index] ?? null, series.unit)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div class="pager">
        <button type="button" disabled={current === 0} onClick={() => setAt(current - 1)}>
          Newer
        </button>
        <span class="muted">
          Page {current + 1} of {pages} · {range.step} s a bucket
        </span>
        <button type="button" disabled={current >= pages - 1} onClick={() => setAt(current + 1)}>
          Older
        </button>
        <span class="grow" />
        <button
          type="button"
          onClick={() => downloadCsv(`${page.app.peek() ?? 'drainboard'}-${title}`, chartCsv(columns))}
        >
          Download CSV
        </button>
      </div>
    </div>
  );
}

/** Every bucket with raw values; times in UTC so that the file means the same everywhere. */
export function chartCsv(columns: Columns): string {
  const head = [
    'time_utc',
    ...columns.series.map((series) => (series.unit ? `${series.label} (${series.unit})` : series.label)),
  ];
  const rows = columns.t.map((at, index) => [
    new Date(at * 1000).toISOString(),
    ...columns.series.map((series) => series.values[index] ?? null),
  ]);
  return renderCsv([head, ...rows]);
}
