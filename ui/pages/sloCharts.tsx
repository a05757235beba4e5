/** Of an objective: the budget over time with where it leads, the requests behind it, how fast it burned. */
import { useMemo, useState } from 'preact/hooks';
import type { ProjectionAnswer, SloDetailAnswer } from '../../api/contract/slos.ts';
import type { Columns, RangeAnswer, Series } from '../../api/contract/time.ts';
import { emptyStretches } from '../charts/align.ts';
import { EventLane } from '../charts/eventLane.tsx';
import { TimeChart } from '../charts/timeChart.tsx';
import { formatInstant, formatStep, zoneSuffix } from '../format.ts';
import { formatBurn } from '../sloWords.ts';
import { useApp } from '../state/context.ts';

/** How far ahead a projection is drawn, as a share of the range: the past stays the larger part. */
const AHEAD_SHARE = 0.35;

export function Charts({ data, focusTier }: { data: SloDetailAnswer; focusTier: number | null }) {
  const [uncorrected, setUncorrected] = useState(false);
  const marks = useMemo(
    () => data.events.filter((event) => event.lane === 'release').map((event) => event.atMs / 1000),
    [data],
  );
  const shades = useMemo(
    () => [...correctionShades(data), ...windowShades(data, focusTier)],
    [data, focusTier],
  );
  const hasUncorrected = data.budgetLine.series.some((series) => series.id === 'uncorrected');
  const budget = useMemo(() => budgetView(data, uncorrected), [data, uncorrected]);
  const per = `per ${formatStep(data.range.step)}`;
  return (
    <>
      <TimeChart
        id="budget"
        title="Budget left"
        explain={
          <>
            1 − bad ÷ (events × (1 − target)) over the period that ends at each point, by the version of the
            objective that was valid then. Dashed: where it goes at the burn of the last hour and of the last
            day.
          </>
        }
        columns={budget.columns}
        styles={budget.styles}
        unit="fraction"
        range={budget.range}
        futureFromS={budget.futureFromS}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        emptySpans={budget.empty}
        heightPx={220}
        thresholds={[{ value: 0, label: 'spent', color: '--state-critical' }]}
        empty="Nothing is counted in this range yet."
      />
      <Projections projections={data.projections} data={data} />
      {hasUncorrected && (
        <label class="check">
          <input
            type="checkbox"
            checked={uncorrected}
            onChange={(event) => setUncorrected(event.currentTarget.checked)}
          />
          Show it as it would be without corrections, too
        </label>
      )}
      {data.events.length > 0 && <EventLane events={data.events} range={data.range} />}
      <TimeChart
        id="requests"
        title="Good and bad"
        per={per}
        explain="Events that this objective counts; what it ignores is not here."
        columns={badFirst(data.requests)}
        styles={[{ color: '--class-5xx', hatch: 'diagonal' }, { color: '--class-3xx' }]}
        unit="count"
        range={data.range}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        stacked
        summary="sum"
        empty="No requests of this objective in this range."
      />
      <TimeChart
        id="bad"
        title="Bad"
        per={per}
        explain="The bad ones alone: on the chart above they are often too few to be seen."
        columns={only(data.requests, 'bad')}
        styles={[{ color: '--class-5xx', hatch: 'diagonal' }]}
        unit="count"
        range={data.range}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        stacked
        heightPx={110}
        summary="sum"
        empty="No requests of this objective in this range."
      />
      <TimeChart
        id="burn"
        title="Burn rate"
        per={per}
        explain="Share of bad events ÷ the share that the target allows, of each point alone. 1× spends exactly the budget over the period."
        columns={data.burnLine}
        styles={data.burnLine.series.map(() => ({ color: '--q50' }))}
        unit="×"
        range={data.range}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        heightPx={130}
        summary="max"
        thresholds={tierThresholds(data)}
        empty="No events in this range."
      />
    </>
  );
}

function Projections({ projections, data }: { projections: ProjectionAnswer[]; data: SloDetailAnswer }) {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  if (projections.length === 0 || (data.slo.budget.remaining ?? 0) <= 0) return null;
  return (
    <ul class="projections small">
      {projections.map((one) => (
        <li key={one.window}>
          <span class={`dash dash-${one.window}`} aria-hidden="true" />
          At the burn of the last {one.window === '1h' ? 'hour' : '24 hours'} ({formatBurn(one.burn)}){' '}
          {one.exhaustedAtMs === null
            ? 'it lasts.'
            : `it is spent ${formatInstant(one.exhaustedAtMs, zone, false, clock.now())}${zoneSuffix(one.exhaustedAtMs, zone)}.`}
        </li>
      ))}
    </ul>
  );
}

interface BudgetView {
  columns: Columns;
  styles: { color: string; dash?: number[]; widthPx?: number }[];
  range: RangeAnswer;
  futureFromS: number | undefined;
  empty: [number, number][];
}

/** The line up to now and the projections behind it, over one axis. */
function budgetView(data: SloDetailAnswer, withUncorrected: boolean): BudgetView {
  const past = data.budgetLine;
  const { range } = data;
  const empty = emptyStretches(only(past, 'remaining'), range);
  const lines = past.series.filter((series) => series.id === 'remaining' || withUncorrected);
  const isNow = range.to * 1000 >= data.nowMs - range.step * 1000;
  const ahead = isNow ? data.projections.filter((one) => one.t.length > 0) : [];
  const endS = Math.min(
    Math.max(range.to, ...ahead.map((one) => one.t.at(-1) ?? range.to)),
    range.to + Math.ceil(((range.to - range.from) * AHEAD_SHARE) / range.step) * range.step,
  );
  const t = [...past.t];
  for (let at = (t.at(-1) ?? range.to - range.step) + range.step; at < endS; at += range.step) t.push(at);
  const pad = (values: (number | null)[]) => t.map((_, index) => values[index] ?? null);
  const series: Series[] = [
    ...lines.map((one) => ({
      ...one,
      label: one.id === 'uncorrected' ? 'without corrections' : 'left',
      values: pad(one.values),
    })),
    ...ahead.map((one) => ({
      id: `projection-${one.window}`,
      label: `at the burn of ${one.window}`,
      unit: 'fraction',
      values: t.map((at) => along(one, at, range.step)),
    })),
  ];
  const styles = series.map(({ id }) =>
    id === 'remaining'
      ? { color: '--q50', widthPx: 2 }
      : id === 'uncorrected'
        ? { color: '--q99', dash: [2, 3] }
        : { color: id.endsWith('1h') ? '--state-critical' : '--state-warning', dash: [6, 4] },
  );
  return {
    columns: { t, series },
    styles,
    range: { ...range, to: Math.max(range.to, endS) },
    futureFromS: ahead.length > 0 ? data.nowMs / 1000 : undefined,
    empty,
  };
}

/** The value of a projection at a point: straight lines, drawn from the point before it to the point behind it. */
function along({ t, remaining }: ProjectionAnswer, at: number, stepS: number): number | null {
  const [first, last] = [t[0] ?? 0, t.at(-1) ?? 0];
  if (at <= first) return at > first - stepS ? (remaining[0] ?? null) : null;
  if (at >= last) return at < last + stepS ? (remaining.at(-1) ?? null) : null;
  for (let index = 1; index < t.length; index++) {
    const [from, to] = [t[index - 1] ?? 0, t[index] ?? 0];
    if (at > to) continue;
    const [a, b] = [remaining[index - 1] ?? 0, remaining[index] ?? 0];
    return to === from ? b : a + ((b - a) * (at - from)) / (to - from);
  }
  return null;
}

function only(columns: Columns, id: string): Columns {
  return { t: columns.t, series: columns.series.filter((series) => series.id === id) };
}

function badFirst(columns: Columns): Columns {
  return { t: columns.t, series: [...columns.series].sort((a, b) => a.id.localeCompare(b.id)) };
}

function correctionShades(data: SloDetailAnswer) {
  return data.corrections
    .filter((one) => one.undoneAtMs === null && one.repeat === null && one.toMs !== null)
    .map((one) => ({
      fromS: one.fromMs / 1000,
      toS: (one.toMs ?? one.fromMs) / 1000,
      label: 'does not count',
      kind: 'correction' as const,
    }));
}

/** The two windows of the row that is looked at. */
function windowShades(data: SloDetailAnswer, focusTier: number | null) {
  const tier = focusTier === null ? undefined : data.tiers[focusTier];
  const endS = (data.countedThroughMs ?? data.nowMs) / 1000;
  if (!tier) return [];
  return [
    { minutes: tier.long.minutes, label: tier.longWindow },
    { minutes: tier.short.minutes, label: tier.shortWindow },
  ].map(({ minutes, label }) => ({ fromS: endS - minutes * 60, toS: endS, label, kind: 'window' as const }));
}

function tierThresholds(data: SloDetailAnswer) {
  const top = Math.max(
    0,
    ...data.burnLine.series.flatMap((series) => series.values.map((value) => value ?? 0)),
  );
  const factors = [...new Set(data.tiers.map((tier) => tier.factor))].sort((a, b) => b - a);
  const least = factors.at(-1) ?? 0;
  // Lines far above everything drawn would flatten it; of those near each other the higher one is named.
  const near = factors.filter((factor) => factor <= Math.max(top * 1.5, least));
  const apart = (near[0] ?? 0) * 0.15;
  const kept: number[] = [];
  for (const factor of near)
    if ((kept.at(-1) ?? Number.POSITIVE_INFINITY) - factor >= apart) kept.push(factor);
  return kept.map((factor) => ({ value: factor, label: formatBurn(factor), color: '--state-warning' }));
}
