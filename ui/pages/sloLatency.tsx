/** Of an objective: how long its requests took, over the same stretch, with the threshold it promises. */
import { useMemo, useRef } from 'preact/hooks';
import type { SeriesAnswer } from '../../api/contract/dynos.ts';
import type { SloDetailAnswer } from '../../api/contract/slos.ts';
import type { Columns } from '../../api/contract/time.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import type { Query } from '../client.ts';
import { formatMs, formatStep } from '../format.ts';
import { useAnswer } from '../state/once.ts';
import { stepFor } from '../state/step.ts';

const SHOWN = [
  { metric: 'p50', color: '--q50' },
  { metric: 'p95', color: '--q95', dash: [8, 4] },
] as const;

interface Props {
  data: SloDetailAnswer;
  marks: number[];
}

export function LatencyChart({ data, marks }: Props) {
  const { definition, range, slo } = data;
  const { indicator, scope } = definition;
  // Whole steps, so that a page that refreshes asks for the same points.
  const step = stepFor((range.to - range.from) * 1000);
  const [type] = scope.processTypes;
  const query = {
    from: Math.floor(range.from / step) * step,
    to: Math.ceil(range.to / step) * step,
    step,
    ...(scope.processTypes.length === 1 && { filter: `processType:${type}` }),
  };
  const { shown, error } = useQuantiles(slo.app, query);
  const [first, second] = shown ?? [null, null];
  const columns = useMemo<Columns>(
    () => ({
      t: first?.t ?? [],
      series: [first, second].flatMap((answer, at) => {
        const [series] = answer?.series ?? [];
        return series && answer?.t.length === first?.t.length
          ? [{ ...series, id: SHOWN[at]?.metric ?? '', label: SHOWN[at]?.metric ?? '' }]
          : [];
      }),
    }),
    [first, second],
  );
  if (!first) return <NotThere error={error} />;
  const isWhole = [scope.methods, scope.hosts, scope.pathShapes, scope.excludedPathShapes].every(
    (list) => list.length === 0,
  );
  const chart = (
    <TimeChart
      id="latency"
      title="Response time"
      per={`per ${formatStep(step)}`}
      explain={
        <>
          <code>connect</code> plus <code>service</code> of router lines, from merged log-scale histograms: at
          most 2.5 % off.
          {!isWhole &&
            ' Of all requests of its process types: paths, methods and hosts are not kept apart here.'}
          {indicator.kind === 'latency' && ' Dashed: what this objective counts as slow.'}
        </>
      }
      columns={columns}
      styles={columns.series.map(({ id }) => {
        const style = SHOWN.find((one) => one.metric === id);
        return { color: style?.color ?? '--q50', ...(style && 'dash' in style && { dash: [...style.dash] }) };
      })}
      unit="ms"
      range={first.range}
      gaps={first.gaps}
      marks={marks}
      thresholds={
        indicator.kind === 'latency'
          ? [
              {
                value: indicator.thresholdMs,
                label: `slow over ${formatMs(indicator.thresholdMs)}`,
                color: '--state-critical',
              },
            ]
          : []
      }
      heightPx={130}
      summary="max"
      empty="No requests in this range."
    />
  );
  if (error === null) return chart;
  return (
    <>
      {chart}
      <p class="small muted" role="status">
        Newer response times could not be loaded: {error}
      </p>
    </>
  );
}

type Quantile = SeriesAnswer | null;

/**
 * p50 and p95 over the same points. A newer range keeps the older picture until it is there, so that a page that
 * refreshes does not jump; another app or process type begins anew.
 */
function useQuantiles(
  app: string,
  query: Query,
): { shown: [Quantile, Quantile] | null; error: string | null } {
  const path = `/apps/${encodeURIComponent(app)}/series`;
  const p50 = useAnswer<SeriesAnswer>(path, { query: { ...query, metric: 'p50' } });
  const p95 = useAnswer<SeriesAnswer>(path, { query: { ...query, metric: 'p95' } });
  const of = `${app} ${query.filter ?? ''}`;
  const last = useRef<{ of: string; shown: [Quantile, Quantile] } | null>(null);
  const [first, second] = [p50.data.value, p95.data.value];
  const error = p50.error.value ?? p95.error.value;
  // Both at once, or the one there is when the other cannot be had.
  if (first && (second || p95.error.value !== null)) last.current = { of, shown: [first, second] };
  return { shown: last.current?.of === of ? last.current.shown : null, error };
}

function NotThere({ error }: { error: string | null }) {
  return (
    <figure class="chart" aria-labelledby="chart-latency">
      <figcaption class="chart-head">
        <h2 id="chart-latency">Response time</h2>
      </figcaption>
      <p class="chart-empty muted" role={error === null ? undefined : 'status'}>
        {error === null ? 'Loading response times …' : `Response times could not be loaded: ${error}`}
      </p>
    </figure>
  );
}
