/** Add-on metrics and the app's own metrics, as small charts of one unit each. */
import { useMemo, useState } from 'preact/hooks';
import type { Columns } from '../../api/contract/time.ts';
import { identityStyles } from '../charts/colors.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import { notKeptTo, silencesOf } from '../holes.ts';
import type { ChartsProps } from './appCharts.tsx';

const SERVICES: Record<string, string> = {
  'heroku-postgres': 'Postgres',
  'heroku-redis': 'Key-Value Store',
  'heroku-pgbouncer': 'PgBouncer',
};

export function Addons({ answer, marks }: ChartsProps) {
  return (
    <>
      {answer.addons.map((addon) => {
        const key = `${addon.service}-${addon.addon}-${addon.source ?? ''}`;
        return (
          <section key={key} class="group" aria-labelledby={`addon-${key}`}>
            <h2 id={`addon-${key}`}>
              {SERVICES[addon.service] ?? showHidden(addon.service)}{' '}
              <span class="mono muted">{showHidden(addon.source || addon.addon)}</span>
            </h2>
            <Multiples
              id={`addon-${key}`}
              columns={addon.metrics}
              answer={answer}
              marks={marks}
              explain="A sample# value of the add-on’s own lines in the drain, about one a minute; the newest of each bucket."
            />
          </section>
        );
      })}
    </>
  );
}

export function Custom({ answer, marks }: ChartsProps) {
  const silences = useMemo(() => silencesOf(answer), [answer]);
  const columns = useMemo(() => countsFilled(answer.custom, silences), [answer]);
  if (answer.custom.series.length === 0) return null;
  return (
    <section class="group" aria-labelledby="custom">
      <h2 id="custom">
        Custom metrics <span class="muted">from the app’s own lines</span>
      </h2>
      <Multiples
        id="custom"
        // An app writes its own metrics when it likes: only a silent stream is missing data.
        emptySpans={silences}
        columns={columns}
        answer={answer}
        marks={marks}
        explain="A count#, measure# or sample# value the app wrote to its own log. Counts are added up per bucket; measures and samples show the mean."
      />
    </section>
  );
}

/** A counter that was not written while lines arrived counted nothing. */
function countsFilled({ t, series }: Columns, silences: [number, number][]): Columns {
  const silent = t.map((at) => silences.some(([from, to]) => at >= from && at < to));
  return {
    t,
    series: series.map((one) =>
      isCounter(one.id)
        ? { ...one, values: one.values.map((value, index) => value ?? (silent[index] ? null : 0)) }
        : one,
    ),
  };
}

/** `count#` of a line is added up; `measure#` and `sample#` are values. */
function isCounter(id: string): boolean {
  return id.startsWith('count:');
}

interface MultiplesProps extends ChartsProps {
  /** Stretches to mark as without data; left out, the series tell it themselves. */
  emptySpans?: [number, number][];
  id: string;
  columns: Columns;
  explain: string;
}

/** How many charts of an add-on stand open; a database has 25 metrics, and most days nobody needs most of them. */
const SHOWN_FIRST = 6;
/** What answers first whether the add-on is the trouble, best first; matched with dashes for underscores. */
const TELLING = [
  'waiting-connections',
  'client-waiting',
  'active-connections',
  'load-avg-1m',
  'connections-percentage-used',
  'connection-percentage-used',
  'memory-percentage-used',
  'read-iops',
  'iops-percentage-used',
  'evicted-keys',
  'hit-rate',
  'index-cache-hit-rate',
  'max-wait',
  'db-size',
];

/** Telling metrics first, the others as they come. */
export function orderMetrics<T extends { label: string }>(series: T[]): T[] {
  const rank = (one: T) => {
    const at = TELLING.indexOf(one.label.toLowerCase().replaceAll(/[_ ]/g, '-'));
    return at < 0 ? TELLING.length : at;
  };
  return [...series].sort((a, b) => rank(a) - rank(b));
}

/** One small chart a metric; metrics that never had a value in the range are named, not drawn. */
function Multiples({ id, columns, answer, marks, explain, emptySpans }: MultiplesProps) {
  const [all, setAll] = useState(false);
  const parts = useMemo(
    () => orderMetrics(columns.series).map((series) => ({ t: columns.t, series: [series] })),
    [columns],
  );
  const silent = columns.series.filter((series) => series.values.every((value) => value === null));
  const spoken = parts.filter((part) => part.series[0] && !silent.includes(part.series[0]));
  return (
    <>
      <div class="multiples">
        {(all ? spoken : spoken.slice(0, SHOWN_FIRST)).map((part) => {
          const series = part.series[0];
          if (!series) return null;
          return (
            <TimeChart
              key={series.id}
              id={`${id}-${series.id}`}
              title={showHidden(series.label)}
              compact
              heightPx={110}
              explain={explain}
              columns={part}
              styles={identityStyles(part.series, null)}
              unit={series.unit}
              range={answer.range}
              gaps={answer.gaps}
              emptySpans={emptySpans}
              notKeptToS={notKeptTo(answer)}
              marks={marks}
              stacked={isCounter(series.id)}
              summary="max"
            />
          );
        })}
      </div>
      {spoken.length > SHOWN_FIRST && (
        <button type="button" class="more" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? `Show the ${SHOWN_FIRST} most telling` : `Show all ${spoken.length} metrics`}
        </button>
      )}
      {silent.length > 0 && (
        <p class="muted">
          No values in this range: {silent.map((series) => showHidden(series.label)).join(', ')}.
        </p>
      )}
    </>
  );
}
