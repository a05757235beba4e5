/** Throughput, response time, memory and load of one app. */
import { useMemo, useRef } from 'preact/hooks';
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import type { LatencyAnswer } from '../../api/contract/latency.ts';
import type { Columns } from '../../api/contract/time.ts';
import { withExcluded } from '../buckets.ts';
import { maxOf } from '../charts/align.ts';
import { CLASSES, identityStyles, type SeriesStyle } from '../charts/colors.ts';
import { moveOnto, sumAll } from '../charts/compare.ts';
import type { Compared, Threshold } from '../charts/readout.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import type { CodeTable } from '../failures.ts';
import { formatBytes, formatSpan, formatStep } from '../format.ts';
import { describeNotKept, notKeptTo, silencesOf } from '../holes.ts';
import { CopyBlock } from '../parts/copy.tsx';
import { lazy } from '../parts/lazy.tsx';
import { RETENTION_PATH } from '../paths.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import type { ComparedRange } from '../state/overview.ts';

export interface ChartsProps {
  answer: OverviewAnswer;
  marks: number[];
  /** Another range beside this one. */
  compared?: ComparedRange | null;
}

const Heatmap = lazy(async () => (await import('../charts/heatmap.tsx')).Heatmap);

/** How the classes of requests are drawn, as it stands in the address: `through=lines|share`. */
const THROUGH = { stack: 'Stacked', lines: 'Lines', share: 'Share' } as const;
type Through = keyof typeof THROUGH;

/** Why there is nothing to draw: no data, or data without traffic. Never a blank box. */
export function NothingHere({ answer, what }: { answer: OverviewAnswer; what: string }) {
  const { router, range } = useApp();
  if (answer.health.state === 'waiting') {
    return (
      <p>
        <strong>Not set up.</strong> No line has arrived from this app.{' '}
        <a href={router.link('/setup', { app: answer.app })}>See what is missing</a>
      </p>
    );
  }
  const keptFromS = notKeptTo(answer);
  if (keptFromS !== null && keptFromS >= (answer.range.openFrom ?? answer.range.to)) {
    return (
      <p>
        <strong>Not kept any more.</strong> {describeNotKept(answer, keptFromS, range.zone.value)}{' '}
        <a href={router.link(RETENTION_PATH)}>How long things are kept</a>
      </p>
    );
  }
  const through = answer.health.dataThroughMs ?? 0;
  if (through < answer.range.from * 1000) {
    const why = answer.health.state === 'silent' ? 'The stream is silent' : 'No line of this range arrived';
    return (
      <p>
        <strong>No data.</strong> {why}, so nothing can be said about {what}.{' '}
        <a href={router.link(`/a/${encodeURIComponent(answer.app)}/health`)}>Drain health</a>
      </p>
    );
  }
  return (
    <p>
      <strong>No traffic.</strong> Lines arrive, but there were no {what} in this range.
    </p>
  );
}

export function Throughput({ answer, marks, table, compared }: ChartsProps & { table: CodeTable }) {
  const { router } = useApp();
  const asked = router.params.value.get('through');
  const how: Through = asked === 'lines' || asked === 'share' ? asked : 'stack';
  const counts = useMemo(
    () => named(withExcluded(answer, table), (id) => CLASSES[id]?.label || undefined),
    [answer, table],
  );
  const columns = useMemo(() => (how === 'share' ? sharesOf(counts) : counts), [counts, how]);
  const compare = useMemo(() => compareRequests(answer, compared), [answer, compared]);
  const isExcluding = columns.series.some((series) => series.id === 'excluded');
  const styles = columns.series.map((series) => ({
    color: CLASSES[series.id]?.color ?? '--class-none',
    hatch: CLASSES[series.id]?.hatch,
  }));
  const quiet = answer.totals.requests === 0;
  // Where other lines arrived, no request is none; only a silent stream is no data.
  const silences = useMemo(() => silencesOf(answer), [answer]);
  return (
    <TimeChart
      id="throughput"
      title="Requests"
      per={how === 'share' ? 'share of all' : `per ${formatStep(answer.range.step)}`}
      explain={
        <>
          Router lines (<code>heroku[router]</code>) per {formatStep(answer.range.step)}, by outcome. Platform
          errors are requests that ended in an H code that counts as bad; they are not contained in 5xx. The
          bad classes stand at the base so that their shape can be read. Time spent in the router’s queue and
          failures before the router are not in these lines.
          {isExcluding &&
            ' What does not count, such as answers of maintenance, lies on top in a colour of its own and is in no share.'}
        </>
      }
      columns={quiet ? { t: columns.t, series: [] } : columns}
      styles={quiet ? [] : styles}
      unit={how === 'share' ? 'fraction' : 'count'}
      range={answer.range}
      gaps={answer.gaps}
      marks={marks}
      emptySpans={silences}
      notKeptToS={notKeptTo(answer)}
      stacked={how !== 'lines'}
      canLog={how === 'lines'}
      heightPx={200}
      summary={how === 'share' ? 'max' : 'sum'}
      compare={how === 'share' || quiet ? undefined : compare}
      switches={
        <label class="switch">
          <span class="sr">Draw requests as</span>
          <select
            value={how}
            onChange={(event) =>
              router.setParams(
                { through: event.currentTarget.value === 'stack' ? null : event.currentTarget.value },
                'replace',
              )
            }
          >
            {Object.entries(THROUGH).map(([id, label]) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
      }
      empty={<NothingHere answer={answer} what="requests" />}
    />
  );
}

function compareRequests(
  { throughput }: OverviewAnswer,
  compared: ComparedRange | null | undefined,
): Compared | undefined {
  if (!compared) return undefined;
  return {
    label: compared.label,
    name: 'all',
    unit: 'count',
    values: moveOnto(compared.requests, null, throughput.t, compared.shiftS),
    now: sumAll(throughput),
  };
}

/** Each class as a share of all requests of its point; null where there were none. */
function sharesOf(counts: Columns): Columns {
  const all = sumAll(counts);
  return {
    t: counts.t,
    series: counts.series.map((series) => ({
      ...series,
      unit: 'fraction',
      values: series.values.map((value, index) => {
        const sum = all[index] ?? 0;
        return value === null || sum === 0 ? null : value / sum;
      }),
    })),
  };
}

const QUANTILES: Record<string, SeriesStyle> = {
  p50: { color: '--q50' },
  p95: { color: '--q95', dash: [9, 4] },
  p99: { color: '--q99', dash: [2, 3] },
  connect_p95: { color: '--qconnect', dash: [5, 2, 1, 2], widthPx: 1 },
};
const ROUTER_TIMEOUT_MS = 30_000;

export function ResponseTime({ answer, marks, compared }: ChartsProps) {
  const { router } = useApp();
  const heat = router.params.value.get('heat') === '1';
  const columns = useMemo(
    () => named(answer.responseTime, (id) => (id === 'connect_p95' ? 'connect p95' : undefined)),
    [answer],
  );
  // Without requests there is no response time, and nothing is missing: only a silent stream is no data.
  const silences = useMemo(() => silencesOf(answer), [answer]);
  const highest = Math.max(0, ...columns.series.map((series) => maxOf(series.values) ?? 0));
  const p50 = columns.series.findIndex((series) => series.id === 'p50');
  const p95 = columns.series.findIndex((series) => series.id === 'p95');
  const compare = useMemo(() => compareP95(answer, compared), [answer, compared]);
  return (
    <TimeChart
      id="latency"
      title="Response time"
      explain={
        <>
          <code>connect</code> plus <code>service</code> of router lines: from the router’s first attempt to
          reach a dyno until the last byte. Each point covers {formatSpan(answer.range.step * 1000)}.
          Quantiles come from merged logarithmic histograms and are at most 2.5 % off; they are never
          averaged. Responses with status 101 and codes without a real duration are left out. The router gives
          up after 30 s without a first byte (H12).
        </>
      }
      columns={columns}
      styles={columns.series.map((series) => QUANTILES[series.id] ?? { color: '--id-other' })}
      unit="ms"
      range={answer.range}
      gaps={answer.gaps}
      marks={marks}
      canLog={!heat}
      compare={compare}
      instead={heat ? <LatencyHeatmap answer={answer} marks={marks} /> : undefined}
      switches={
        <button
          type="button"
          class="quiet"
          aria-pressed={heat}
          onClick={() => router.setParams({ heat: heat ? null : '1' }, 'replace')}
        >
          Heatmap
        </button>
      }
      emptySpans={silences}
      notKeptToS={notKeptTo(answer)}
      band={p50 >= 0 && p95 >= 0 ? [p95, p50] : undefined}
      thresholds={
        highest >= ROUTER_TIMEOUT_MS / 2
          ? [{ value: ROUTER_TIMEOUT_MS, label: 'router timeout 30 s', color: '--state-critical' }]
          : []
      }
      heightPx={200}
      summary="max"
      empty={<NothingHere answer={answer} what="requests" />}
    />
  );
}

function compareP95(
  { responseTime }: OverviewAnswer,
  compared: ComparedRange | null | undefined,
): Compared | undefined {
  if (!compared) return undefined;
  const now = responseTime.series.find((series) => series.id === 'p95')?.values ?? [];
  return {
    label: compared.label,
    name: 'p95',
    unit: 'ms',
    values: moveOnto(compared.p95, null, responseTime.t, compared.shiftS),
    now,
  };
}

/** Fetched only when it is asked for, with points as wide as the page's. */
function LatencyHeatmap({ answer, marks }: { answer: OverviewAnswer; marks: number[] }) {
  const { range } = useApp();
  const { from, to, step } = answer.range;
  const found = useAnswer<LatencyAnswer>(`/apps/${encodeURIComponent(answer.app)}/latency`, {
    query: { from, to, step, proc: range.proc.value, dyno: range.dyno.value },
  });
  // A newer range keeps the older picture until it is there.
  const last = useRef<LatencyAnswer | null>(null);
  if (found.data.value) last.current = found.data.value;
  if (!last.current) return <p class="chart-empty muted">{found.error.value ?? 'Loading the heatmap …'}</p>;
  return (
    <div class="heat-box">
      <Heatmap answer={last.current} marks={marks} />
    </div>
  );
}

interface MemoryProps extends ChartsProps {
  highlight: string | null;
  onHighlight(id: string | null): void;
}

export function Memory({ answer, marks, highlight, onHighlight }: MemoryProps) {
  const memory = useMemo(() => worstFirst(answer.memory, answer.quotas), [answer]);
  const worst = highlight ?? memory.series[0]?.id ?? null;
  const load = useMemo(() => worstFirst(answer.load, {}), [answer]);
  // One colour a dyno in all charts; those with memory first, one-off dynos take what is left.
  const names = useMemo(
    () => [...new Set([...idsOf(answer.memory).sort(), ...idsOf(answer.load).sort()])],
    [answer],
  );
  if (!answer.hasRuntimeMetrics) return <EnableMetrics app={answer.app} />;
  const swapUsed = answer.swap.series.some((series) => (maxOf(series.values) ?? 0) > 1024 * 1024);
  const shared = {
    range: answer.range,
    gaps: answer.gaps,
    notKeptToS: notKeptTo(answer),
    marks,
    onHighlight,
    summary: 'max' as const,
  };
  return (
    <>
      <TimeChart
        {...shared}
        id="memory"
        title="Memory"
        explain={
          <>
            <code>sample#memory_total</code> of <code>log-runtime-metrics</code> lines, about one every 20 s a
            dyno, the highest of each bucket. The dashed line is the dyno’s quota; above it the dyno swaps and
            R14 is logged.
          </>
        }
        columns={memory}
        styles={identityStyles(memory.series, worst, names)}
        unit="bytes"
        thresholds={quotaLines(answer.quotas)}
        empty={<NothingHere answer={answer} what="memory samples" />}
      />
      <TimeChart
        {...shared}
        id="load"
        title="Load"
        heightPx={130}
        explain={
          <>
            <code>sample#load_avg_1m</code> per dyno: runnable tasks averaged over one minute. What is high
            depends on the dyno’s size.
          </>
        }
        columns={load}
        styles={identityStyles(load.series, worst, names)}
        unit="load"
        empty={<NothingHere answer={answer} what="load samples" />}
      />
      {swapUsed && (
        <TimeChart
          {...shared}
          id="swap"
          title="Swap"
          heightPx={130}
          explain={
            <>
              <code>sample#memory_swap</code> per dyno. Swapping makes requests slow long before memory runs
              out.
            </>
          }
          columns={answer.swap}
          styles={identityStyles(answer.swap.series, worst, names)}
          unit="bytes"
        />
      )}
    </>
  );
}

function idsOf(columns: Columns): string[] {
  return columns.series.map((series) => series.id);
}

/** A line a quota, named by the process types it belongs to where there are several. */
function quotaLines(quotas: Record<string, number>): Threshold[] {
  const types = new Map<number, Set<string>>();
  for (const [dyno, quota] of Object.entries(quotas)) {
    if (quota <= 0) continue;
    const own = types.get(quota) ?? new Set();
    types.set(quota, own.add(dyno.split('.')[0] ?? dyno));
  }
  return [...types].map(([value, own]) => ({
    value,
    label: `quota ${formatBytes(value)}${types.size > 1 ? ` · ${[...own].join(', ')}` : ''}`,
    color: '--state-critical',
  }));
}

function EnableMetrics({ app }: { app: string }) {
  return (
    <figure class="chart" aria-labelledby="chart-memory">
      <figcaption class="chart-head">
        <h2 id="chart-memory">Memory and load</h2>
      </figcaption>
      <div class="chart-empty">
        <p>
          <strong>Not set up.</strong> This app does not log runtime metrics. Switch them on; the restart
          makes every dyno begin to report.
        </p>
        <CopyBlock
          label="command that enables runtime metrics"
          text={`heroku labs:enable log-runtime-metrics -a ${app}`}
        />
        <CopyBlock label="command that restarts the app" text={`heroku restart -a ${app}`} />
      </div>
    </figure>
  );
}

/** Columns with labels of our own where we have one. */
function named(columns: Columns, labelOf: (id: string) => string | undefined): Columns {
  return {
    t: columns.t,
    series: columns.series.map((series) => ({ ...series, label: labelOf(series.id) ?? series.label })),
  };
}

/** Dynos nearest to (or farthest over) their quota first; without quotas the biggest first. */
function worstFirst(columns: Columns, quotas: Record<string, number>): Columns {
  const score = (id: string, values: (number | null)[]) => (maxOf(values) ?? 0) / (quotas[id] || 1024 ** 4);
  return {
    t: columns.t,
    series: [...columns.series].sort((a, b) => score(b.id, b.values) - score(a.id, a.values)),
  };
}
