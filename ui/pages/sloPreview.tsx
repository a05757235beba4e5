/** What an objective would have done over stored history. */
import { useMemo } from 'preact/hooks';
import type { SloPreviewAnswer } from '../../api/contract/slos.ts';
import type { Columns, RangeAnswer } from '../../api/contract/time.ts';
import { TimeChart } from '../charts/timeChart.tsx';
import { markFirings, markSeries, perWeekText } from '../firingMarks.ts';
import { formatCount, formatInstant, formatSpan, zoneSuffix } from '../format.ts';
import { budgetWords, formatAchieved, formatBudget, formatBurn } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { Counting } from './sloConfig.tsx';

export function PreviewResult({ answer, target }: { answer: SloPreviewAnswer; target: string }) {
  const { range, clock } = useApp();
  const zone = range.zone.value;
  const at = (ms: number) => `${formatInstant(ms, zone, false, clock.now())}${zoneSuffix(ms, zone)}`;
  const [requests, budgetLine] = useMemo(
    () => [fromFirst(answer.requests), fromFirst(answer.budgetLine)],
    [answer],
  );
  const [requestRange, budgetRange] = useMemo(
    () => [rangeOf(requests.t, answer), rangeOf(budgetLine.t, answer)],
    [requests, budgetLine],
  );
  const budgetColumns = useMemo(() => {
    const { t, series } = budgetLine;
    const [left] = series;
    const marks = (severity: 'page' | 'ticket') =>
      markSeries(
        severity,
        severity === 'page' ? 'would have paged' : 'would have made a ticket',
        'left',
        markFirings(
          t,
          budgetRange.step,
          answer.tiers.flatMap((tier) => (tier.severity === severity ? tier.firing : [])),
          (index) => left?.values[index] ?? null,
        ),
      );
    const own = series.map((one) => ({ ...one, unit: 'left' }));
    return { t, series: [...own, ...marks('ticket'), ...marks('page')] };
  }, [budgetLine, budgetRange]);
  const firing = answer.tiers.flatMap((tier) => tier.firing.map((span) => ({ tier, span })));
  const { budget } = answer;
  return (
    <div class="preview" role="status">
      <p class="verdict-text strong">
        {answer.sentence} Pages: {perWeekText(answer.pagesPerWeek)}.
      </p>
      <p class="small">
        {formatAchieved(budget.achieved, target)} achieved; {formatBudget(budget.remaining)} of the budget
        left ({budgetWords({ ...EMPTY_BUDGET, ...budget })}).{' '}
        {answer.method === 'approximate' && (
          <span class="warn">
            {answer.exactFromMs === null
              ? 'Near, not exact: made from histograms.'
              : `Exact from ${at(answer.exactFromMs)} on, before that near.`}
          </span>
        )}
      </p>
      {answer.warnings.length > 0 && (
        <ul class="banner banner-warning plain-list">
          {answer.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {firing.length > 0 && (
        <ul class="firings">
          {firing
            .sort((a, b) => a.span.fromMs - b.span.fromMs)
            .slice(-8)
            .map(({ tier, span }) => (
              <li key={`${tier.longWindow}${tier.factor}${span.fromMs}`}>
                <span class={`severity severity-${tier.severity}`}>{tier.severity}</span> {at(span.fromMs)}{' '}
                <span class="muted">
                  {span.toMs === null ? 'still firing' : `for ${formatSpan(span.toMs - span.fromMs)}`},{' '}
                  {tier.longWindow} and {tier.shortWindow} above {formatBurn(tier.factor)}
                </span>
              </li>
            ))}
          {firing.length > 8 && <li class="muted">and {formatCount(firing.length - 8)} before</li>}
        </ul>
      )}
      <TimeChart
        id="preview-budget"
        title="Budget left"
        explain="What would have been left at each point. Thick: when it would have fired."
        columns={budgetColumns}
        styles={budgetColumns.series.map(({ id }) => MARK_STYLES[id] ?? { color: '--q50', widthPx: 2 })}
        unit="left"
        range={budgetRange}
        gaps={[]}
        marks={[]}
        isFixed
        thresholds={[{ value: 0, label: 'spent', color: '--state-critical' }]}
        empty="No counts in this time."
      />
      <TimeChart
        id="preview-requests"
        title="Good and bad"
        explain="Requests that this objective would have counted."
        columns={{
          t: requests.t,
          series: [...requests.series].sort((a, b) => a.id.localeCompare(b.id)),
        }}
        styles={[{ color: '--class-5xx', hatch: 'diagonal' }, { color: '--class-3xx' }]}
        unit="count"
        range={requestRange}
        gaps={[]}
        marks={[]}
        stacked
        isFixed
        heightPx={130}
        summary="sum"
        empty="No counts in this time."
      />
      <Counting counting={answer.counting} heading="h3" />
    </div>
  );
}

const MARK_STYLES: Record<string, { color: string; widthPx: number }> = {
  page: { color: '--state-critical', widthPx: 5 },
  ticket: { color: '--state-warning', widthPx: 4 },
};

const EMPTY_BUDGET = {
  fromMs: 0,
  toMs: 0,
  unit: 'events' as const,
  remainingProjected: null,
  exhaustedAtMs: null,
  verdict: 'met' as const,
  missingMinutes: 0,
  uncertainMinutes: 0,
  correctedMinutes: 0,
  recovers: null,
  approximate: false,
};

/** Without the stretch before the first value, where that is most of it: of a young app days of nothing. */
export function fromFirst({ t, series }: Columns): Columns {
  const firsts = series
    .filter((one) => one.id !== 'threshold')
    .map((one) => one.values.findIndex((value) => value !== null))
    .filter((index) => index >= 0);
  const first = Math.min(...firsts);
  if (firsts.length === 0 || first < t.length * 0.7) return { t, series };
  return { t: t.slice(first), series: series.map((one) => ({ ...one, values: one.values.slice(first) })) };
}

/** The range that columns cover, where the answer tells only its ends. */
export function rangeOf(t: number[], { fromMs, toMs }: { fromMs: number; toMs: number }): RangeAnswer {
  const step = t.length > 1 ? (t[1] ?? 0) - (t[0] ?? 0) : 3600;
  const from = t[0] ?? Math.floor(fromMs / 1000);
  const to = Math.max((t.at(-1) ?? 0) + step, Math.ceil(toMs / 1000));
  return { from, to, step, resolution: 60, openFrom: null };
}
