/** Of an objective: the budget over time with where it leads, the requests behind it, how fast it burned. */
import { useMemo, useState } from 'preact/hooks';
import type { ProjectionAnswer, SloDetailAnswer } from '../../api/contract/slos.ts';
import type { Columns, RangeAnswer, Series } from '../../api/contract/time.ts';
import { listSpans } from '../../model/recurrence.ts';
import { coneOf } from '../budgetCone.ts';
import { emptyStretches } from '../charts/align.ts';
import { EventLane } from '../charts/eventLane.tsx';
import { TimeChart } from '../charts/timeChart.tsx';
import { formatInstant, formatStep, zoneSuffix } from '../format.ts';
import { formatBudget, formatBurn } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { LatencyChart } from './sloLatency.tsx';

/** Each point of the burn is of this long before its end, or of its own length. */
const BURN_S = 3600;

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
            objective that was valid then. The cone: where it goes between the burn of the last hour and that
            of the last day; hatched minutes do not count.
          </>
        }
        columns={budget.columns}
        styles={budget.styles}
        unit="left"
        range={budget.range}
        futureFromS={budget.futureFromS}
        {...(budget.band && { band: budget.band })}
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
          Show uncorrected: as if every minute counted
          {uncorrected && uncorrectedText(data)}
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
      {data.definition.indicator.kind !== 'composite' && <LatencyChart data={data} marks={marks} />}
      <TimeChart
        id="burn"
        title="Burn rate"
        per={`over ${formatStep(Math.max(BURN_S, data.range.step))}`}
        explain="Share of bad events ÷ the share that the target allows, over the hour that ends with each point, or the point alone where that is longer. 1× spends exactly the budget over the period."
        columns={data.burnLine}
        styles={data.burnLine.series.map(() => ({ color: '--q50' }))}
        unit="×"
        range={{ ...data.range, openFrom: null }}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        heightPx={150}
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
  /** Series between which the cone is filled. */
  band: [number, number] | undefined;
}

/** The line up to now and the cone behind it, over one axis. */
function budgetView(data: SloDetailAnswer, withUncorrected: boolean): BudgetView {
  const past = data.budgetLine;
  const { range } = data;
  const empty = emptyStretches(only(past, 'remaining'), range);
  const lines = past.series.filter((series) => series.id === 'remaining' || withUncorrected);
  const cone = coneOf(data, past.t);
  const t = cone?.t ?? past.t;
  const series: Series[] = [
    ...lines.map((one) => ({
      ...one,
      label: one.id === 'uncorrected' ? 'without corrections' : 'left',
      unit: 'left',
      values: t.map((_, index) => one.values[index] ?? null),
    })),
    ...(cone?.series ?? []),
  ];
  const at = (window: '1h' | '24h') => series.findIndex(({ id }) => id === `projection-${window}`);
  const middle = Math.floor((past.t.length + t.length) / 2);
  const heightOf = (edge: number) => series[edge]?.values[middle] ?? 0;
  // The plot fills from the upper edge down.
  const edges = [at('1h'), at('24h')].sort((a, b) => heightOf(b) - heightOf(a));
  return {
    columns: { t, series },
    styles: series.map(({ id }) => BUDGET_STYLES[id] ?? { color: '--q50' }),
    range: {
      ...range,
      to: Math.max(range.to, cone?.endS ?? range.to),
      // A level is known as of now, also of a point that is still filling; only what is ahead is open.
      openFrom: cone ? (past.t.at(-1) ?? range.from) + range.step : null,
    },
    futureFromS: cone ? data.nowMs / 1000 : undefined,
    empty,
    band: edges.every((edge) => edge >= 0) ? [edges[0] ?? 0, edges[1] ?? 0] : undefined,
  };
}

const BUDGET_STYLES: Record<string, { color: string; dash?: number[]; widthPx?: number }> = {
  remaining: { color: '--q50', widthPx: 2 },
  uncorrected: { color: '--q99', dash: [2, 3] },
  'projection-1h': { color: '--state-critical', dash: [6, 4] },
  'projection-24h': { color: '--state-warning', dash: [6, 4] },
};

/** `, 12 % left` at the end of the range. */
function uncorrectedText({ budgetLine }: SloDetailAnswer): string {
  const series = budgetLine.series.find((one) => one.id === 'uncorrected');
  const last = series?.values.findLast((value) => value !== null) ?? null;
  return last === null ? '' : `, ${formatBudget(last)} would be left`;
}

function only(columns: Columns, id: string): Columns {
  return { t: columns.t, series: columns.series.filter((series) => series.id === id) };
}

function badFirst(columns: Columns): Columns {
  return { t: columns.t, series: [...columns.series].sort((a, b) => a.id.localeCompare(b.id)) };
}

/** Repeated ones each time they were. */
function correctionShades({ corrections, range }: SloDetailAnswer) {
  const [fromMs, toMs] = [range.from * 1000, range.to * 1000];
  return corrections
    .filter((one) => one.undoneAtMs === null)
    .flatMap((one) => {
      const ends = Math.min(one.toMs ?? toMs, toMs);
      if (one.repeat === null) return [{ fromMs: one.fromMs, toMs: ends }];
      const starts = Math.max(one.fromMs, fromMs);
      return starts < ends ? listSpans(one.repeat, starts, ends) : [];
    })
    .map((span) => ({
      fromS: span.fromMs / 1000,
      toS: span.toMs / 1000,
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
  const apart = (near[0] ?? 0) * 0.2;
  const kept: number[] = [];
  for (const factor of near)
    if ((kept.at(-1) ?? Number.POSITIVE_INFINITY) - factor >= apart) kept.push(factor);
  return kept.map((factor) => ({ value: factor, label: formatBurn(factor), color: '--state-warning' }));
}
