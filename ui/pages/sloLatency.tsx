/** Of an objective: how long its requests took, over the same stretch, with the threshold it promises. */
import { useMemo } from 'preact/hooks';
import type { SeriesAnswer } from '../../api/contract/dynos.ts';
import type { SloDetailAnswer } from '../../api/contract/slos.ts';
import type { Columns } from '../../api/contract/time.ts';
import { TimeChart } from '../charts/timeChart.tsx';
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
  const path = `/apps/${encodeURIComponent(slo.app)}/series`;
  const p50 = useAnswer<SeriesAnswer>(path, { query: { ...query, metric: 'p50' } });
  const p95 = useAnswer<SeriesAnswer>(path, { query: { ...query, metric: 'p95' } });
  const [first, second] = [p50.data.value, p95.data.value];
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
  if (!first) return null;
  const isWhole = [scope.methods, scope.hosts, scope.pathShapes, scope.excludedPathShapes].every(
    (list) => list.length === 0,
  );
  return (
    <TimeChart
      id="latency"
      title="Response time"
      per={`per ${formatStep(step)}`}
      explain={
        <>
          Router <code>service</code> time, from merged log-scale histograms: at most 2.5 % off.
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
}
