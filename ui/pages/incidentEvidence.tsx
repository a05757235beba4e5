/** Of an incident: the chart that fired with its threshold and windows, and what happened around it. */
import { useMemo } from 'preact/hooks';
import type { IncidentAnswer } from '../../api/contract/incidents.ts';
import type { SeriesStyle } from '../charts/colors.ts';
import { EventLane } from '../charts/eventLane.tsx';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import { formatMs, formatRatio, formatStep, formatUnit } from '../format.ts';
import { releasePath, rulePath, sloPath } from '../paths.ts';
import { formatBurn, formatTarget } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { at, eventsAround, rangeOf, shareColumns } from '../verdict/incident.ts';

const STYLES: Record<string, string> = { bad: '--class-5xx', good: '--class-3xx', share: '--class-5xx' };

function styleOf({ id }: { id: string }, index: number): SeriesStyle {
  return {
    color: STYLES[id] ?? (index === 0 ? '--q50' : `--id-${index % 6}`),
    ...(id === 'bad' && { hatch: 'diagonal' as const }),
    ...(id === 'share' && { widthPx: 2 }),
  };
}

/** Instants and spans that every chart of the page draws. */
function useDrawn({ events, windows }: IncidentAnswer) {
  const marks = useMemo(
    () => events.filter((event) => event.lane === 'release').map((event) => event.atMs / 1000),
    [events],
  );
  const shades = useMemo(
    () =>
      windows.map((window) => ({
        fromS: window.fromMs / 1000,
        toS: window.toMs / 1000,
        label: window.label,
        kind: 'window' as const,
      })),
    [windows],
  );
  return { marks, shades };
}

export function Evidence({ data }: { data: IncidentAnswer }) {
  const isCounts = data.chart.series.some((series) => series.id === 'bad');
  return (
    <>
      {isCounts ? <Requests data={data} /> : <Watched data={data} />}
      {data.windows.length > 0 && <Windows data={data} />}
      <Links data={data} />
    </>
  );
}

/** Of objectives: the share that is bad, over the share above which it fired, and how many there were at all. */
function Requests({ data }: { data: IncidentAnswer }) {
  const { marks, shades } = useDrawn(data);
  const { chart, slo, thresholdShare, factor } = data;
  const share = useMemo(() => shareColumns(chart), [chart]);
  const all = useMemo(
    () => ({ t: chart.t, series: [...chart.series].sort((a, b) => a.id.localeCompare(b.id)) }),
    [chart],
  );
  const per = `per ${formatStep(data.range.step)}`;
  const bad = slo?.kind === 'latency' ? `over ${formatMs(slo.thresholdMs)}` : 'failed';
  return (
    <>
      <TimeChart
        id="evidence"
        title={slo?.kind === 'latency' ? 'Share of slow requests' : 'Share of failed requests'}
        per={per}
        explain={
          <>
            Requests that are bad for this objective ({bad}) ÷ requests that it counts. Dashed: the share
            above which both windows fire, {factor === null ? 'a factor' : formatBurn(factor)} times what the
            target allows. Shaded: the windows of the moment that decided; each is judged as a whole.
          </>
        }
        columns={share}
        styles={share.series.map(styleOf)}
        unit="fraction"
        range={data.range}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        isFixed
        summary="max"
        thresholds={
          thresholdShare === null
            ? []
            : [
                {
                  value: thresholdShare,
                  label: `fires above ${formatRatio(thresholdShare)}`,
                  color: '--state-critical',
                },
              ]
        }
        empty="No requests were counted in this time."
      />
      <TimeChart
        id="all-requests"
        title="Good and bad requests"
        per={per}
        explain="All requests that this objective counts, the bad ones at the base."
        columns={all}
        styles={all.series.map(styleOf)}
        unit="count"
        range={data.range}
        gaps={data.gaps}
        marks={marks}
        stacked
        isFixed
        heightPx={100}
        summary="sum"
        empty="No requests were counted in this time."
      />
    </>
  );
}

/** Of rules: what it watches, with its threshold. */
function Watched({ data }: { data: IncidentAnswer }) {
  const { marks, shades } = useDrawn(data);
  const { chart, threshold } = data;
  const unit = chart.series[0]?.unit ?? '';
  return (
    <TimeChart
      id="evidence"
      title={chart.series[0]?.label ?? 'What fired'}
      explain="What the rule watches, from an hour before it fired. Dashed: its threshold."
      columns={chart}
      styles={chart.series.map(styleOf)}
      unit={unit}
      range={data.range}
      gaps={data.gaps}
      marks={marks}
      shades={shades}
      isFixed
      summary="max"
      thresholds={
        threshold === null
          ? []
          : [
              {
                value: threshold,
                label: `fires at ${formatUnit(threshold, unit)}`,
                color: '--state-critical',
              },
            ]
      }
      empty="No values were stored for this time."
    />
  );
}

/** Only the columns that mean something: a rule that counts has no share, and only objectives burn. */
function Windows({ data }: { data: IncidentAnswer }) {
  const isShare = data.windows.some((window) => window.events > 0);
  const burns = data.factor !== null;
  const heads = [
    isShare ? 'Bad' : 'Counted',
    ...(isShare ? ['Of', 'Share'] : []),
    ...(burns ? ['Burn', 'Fires above'] : []),
  ];
  return (
    <table class="data stack windows">
      <caption class="sr">Windows of the moment that decided</caption>
      <thead>
        <tr>
          <th scope="col">Window</th>
          {heads.map((head) => (
            <th key={head} scope="col" class="num">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {data.windows.map((window) => (
          <tr key={window.label}>
            <th scope="row" data-label="Window">
              {showHidden(window.label)}
            </th>
            <td class="num" data-label={heads[0]}>
              {formatUnit(window.bad, 'count')}
            </td>
            {isShare && (
              <>
                <td class="num" data-label="Of">
                  {formatUnit(window.events, 'count')}
                </td>
                <td class="num" data-label="Share">
                  {formatRatio(window.events === 0 ? null : window.bad / window.events)}
                </td>
              </>
            )}
            {burns && (
              <>
                <td class="num" data-label="Burn">
                  {formatBurn(window.burn)}
                </td>
                <td class="num muted" data-label="Fires above">
                  {formatBurn(data.factor)}
                </td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Links({ data }: { data: IncidentAnswer }) {
  const { router } = useApp();
  const { slo, rule, incident } = data;
  return (
    <p class="small row evidence-links">
      {slo && (
        <a href={router.link(sloPath(slo.app, slo.slug), rangeOf(data))}>
          Objective: {showHidden(slo.title)} ({formatTarget(slo.target)})
        </a>
      )}
      {rule && <a href={router.link(rulePath(rule.app, rule.id))}>Rule: {showHidden(rule.title)}</a>}
      <a href={router.link(`/a/${encodeURIComponent(incident.app)}`, rangeOf(data))}>
        All charts of this incident
      </a>
    </p>
  );
}

/** The release before it first, then what else happened, told by its distance to the moment it fired. */
export function Around({ data }: { data: IncidentAnswer }) {
  const { router, range, clock } = useApp();
  const { rows, routine } = useMemo(() => eventsAround(data), [data]);
  const { app, firingSinceMs } = data.incident;
  return (
    <section class="group" aria-labelledby="around">
      <h2 id="around">
        Around it <span class="muted per">half an hour before and after it fired</span>
      </h2>
      {rows.length === 0 ? (
        <p class="muted">
          No release, config change, scaling or crash{routine > 0 && '; only the usual life of dynos'}.
        </p>
      ) : (
        <ol class="around-list">
          {rows.map(({ event, when }) => (
            <li key={event.id} class={event.atMs <= firingSinceMs ? '' : 'after'}>
              <span class="when" title={at(event.atMs, clock.now(), range.zone.value)}>
                {when}
              </span>{' '}
              {event.version !== null && event.lane === 'release' ? (
                <a href={router.link(releasePath(app, event.version), rangeOf(data))}>
                  {showHidden(event.title)}
                </a>
              ) : (
                showHidden(event.title)
              )}
              {event.count > 1 && !event.title.includes(`×${event.count}`) && (
                <span class="muted"> ×{event.count}</span>
              )}
            </li>
          ))}
        </ol>
      )}
      {rows.length > 0 && routine > 0 && (
        <p class="small muted">and {routine} of the usual life of dynos, left out.</p>
      )}
      {data.events.length > 1 && <EventLane events={data.events} range={data.range} />}
    </section>
  );
}
