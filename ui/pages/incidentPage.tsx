/** One incident, as it is opened from a pager link: the sentence, what can be done, the evidence, the story. */
import { useEffect, useMemo } from 'preact/hooks';
import type { IncidentAnswer, IncidentRow } from '../../api/contract/incidents.ts';
import '../styles/alerts.css';
import type { SeriesStyle } from '../charts/colors.ts';
import { EventLane } from '../charts/eventLane.tsx';
import { TimeChart } from '../charts/timeChart.tsx';
import { showHidden } from '../clean.ts';
import { formatInstant, formatSpan, formatStep, formatUnit, zoneSuffix } from '../format.ts';
import { heldWords, incidentState } from '../incidentWords.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { CopyButton } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { rulePath, sloPath } from '../paths.ts';
import { budgetWords, formatBudget, formatBurn } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { Actions } from './incidentActions.tsx';
import { Cause, Deliveries, Timeline } from './incidentStory.tsx';

const REFRESH_MS = 10_000;

export function IncidentPage({ id }: { id: string }) {
  const { live, clock, page } = useApp();
  const incident = useAnswer<IncidentAnswer>(`/incidents/${encodeURIComponent(id)}`, { everyMs: REFRESH_MS });
  const changedAtMs = live.alerts.value?.changedAtMs ?? 0;
  useEffect(() => {
    const shown = incident.data.peek();
    if (shown && changedAtMs > shown.nowMs && !clock.hidden.peek()) void incident.load();
  }, [changedAtMs]);
  const answer = incident.data.value;
  useEffect(() => {
    page.events.value = answer?.events ?? [];
    if (answer) document.title = `#${answer.incident.number} ${answer.incident.title} · Drainboard`;
  }, [answer]);
  const reload = () => incident.load();
  return (
    <Fresh of={incident} what="the incident">
      {(data) => (
        <div class="incident">
          <Head data={data} />
          <Actions row={data.incident} nowMs={data.nowMs} onChange={reload} />
          <Evidence data={data} />
          <Hints data={data} />
          <Budget data={data} />
          <Timeline data={data} onChange={reload} />
          <Cause data={data} onChange={reload} />
          <Deliveries data={data} />
          <section class="group" aria-labelledby="review">
            <h2 id="review">For a review</h2>
            <CopyButton text={data.markdown}>Copy the whole story as Markdown</CopyButton>
          </section>
        </div>
      )}
    </Fresh>
  );
}

function Head({ data }: { data: IncidentAnswer }) {
  const { clock, router, range } = useApp();
  const { incident: row } = data;
  const nowMs = clock.nowMs.value;
  const state = incidentState(row, nowMs);
  const zone = range.zone.value;
  const app = `/a/${encodeURIComponent(row.app)}`;
  return (
    <section class="verdict" aria-label="Summary">
      <p class="crumb">
        <a href={router.link('/incidents')}>Incidents</a> <span class="muted">/ #{row.number}</span>
      </p>
      <div class="verdict-head">
        <h1 tabIndex={-1}>{showHidden(row.title)}</h1>
        <StateWord level={state.level} word={state.word} />
        <span class={`severity severity-${row.severity}`}>{row.severity}</span>
        <span class="muted verdict-range">
          <a href={router.link(app, around(data))}>{showHidden(row.app)}</a>,{' '}
          {row.state === 'resolved' && row.resolvedAtMs !== null
            ? `lasted ${formatSpan(row.resolvedAtMs - row.openedAtMs)}, until ${formatInstant(row.resolvedAtMs, zone, false, nowMs)}${zoneSuffix(row.resolvedAtMs, zone)}`
            : `for ${formatSpan(nowMs - row.firingSinceMs)}, since ${formatInstant(row.firingSinceMs, zone, false, nowMs)}${zoneSuffix(row.firingSinceMs, zone)}`}
        </span>
      </div>
      <p class="verdict-text">{showHidden(data.verdict)}</p>
      <Flags row={row} />
    </section>
  );
}

/** The range of the incident, for links to where its numbers come from. */
function around({ range }: IncidentAnswer): Record<string, string> {
  const text = (atS: number) => new Date(atS * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  return { from: text(range.from), to: text(range.to) };
}

/** What makes this incident differ from what it seems; nothing of it may be overlooked. */
function Flags({ row }: { row: IncidentRow }) {
  const { clock, range, router } = useApp();
  const zone = range.zone.value;
  const at = (ms: number) => `${formatInstant(ms, zone, false, clock.now())}${zoneSuffix(ms, zone)}`;
  return (
    <>
      {row.held && row.state !== 'resolved' && (
        <p class="banner banner-warning">
          No data since {at(row.held.sinceMs)}: {heldWords(row.held.reason)}. The last known state stands; it
          does not resolve by itself before data returns.
        </p>
      )}
      {row.withheld === 'noRoute' && (
        <p class="banner banner-critical">
          Nobody was told of this: no route leads to a receiver.{' '}
          <a href={router.link('/on-call')}>Set up who is told</a>
        </p>
      )}
      {row.withheld === 'silence' && row.state !== 'resolved' && (
        <p class="banner">
          A silence or maintenance window withholds its notices.{' '}
          <a href={router.link('/silences')}>Silences</a>
        </p>
      )}
      {row.isFlapping && row.state !== 'resolved' && (
        <p class="banner banner-warning">
          It opens and closes again and again; after one notice of that, changes are told in the thread only
          until an hour is quiet.
        </p>
      )}
      {row.isOverBeforeTold && (
        <p class="banner">It was over before anybody could evaluate it, so nobody was told.</p>
      )}
      {row.detectedLateMs > 0 && !row.isOverBeforeTold && (
        <p class="banner">
          Found {formatSpan(row.detectedLateMs)} late: nothing could evaluate in that time.
        </p>
      )}
    </>
  );
}

const STYLES: Record<string, string> = { bad: '--class-5xx', good: '--class-3xx' };

function styleOf({ id }: { id: string }, at: number): SeriesStyle {
  return {
    color: STYLES[id] ?? (at === 0 ? '--q50' : `--id-${at % 6}`),
    ...(id === 'bad' && { hatch: 'diagonal' as const }),
  };
}

function Evidence({ data }: { data: IncidentAnswer }) {
  const { router } = useApp();
  const marks = useMemo(
    () => data.events.filter((event) => event.lane === 'release').map((event) => event.atMs / 1000),
    [data],
  );
  const { chart, windows } = data;
  const isCounts = chart.series.some((series) => series.id === 'bad');
  // The failures alone first: among all requests they are often too few to be seen.
  const columns = useMemo(
    () => (isCounts ? { t: chart.t, series: chart.series.filter((series) => series.id === 'bad') } : chart),
    [chart],
  );
  const all = useMemo(
    () => ({ t: chart.t, series: [...chart.series].sort((a, b) => a.id.localeCompare(b.id)) }),
    [chart],
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
  const unit = chart.series[0]?.unit ?? '';
  const per = `per ${formatStep(data.range.step)}`;
  return (
    <>
      <TimeChart
        id="evidence"
        title={isCounts ? 'Bad requests' : (chart.series[0]?.label ?? 'What fired')}
        per={isCounts ? per : undefined}
        explain={
          isCounts
            ? 'Bad requests of this objective, from an hour before it fired. Shaded: the windows of the moment that decided.'
            : 'What the rule watches, from an hour before it fired. Dashed: its threshold.'
        }
        columns={columns}
        styles={columns.series.map(styleOf)}
        unit={unit}
        range={data.range}
        gaps={data.gaps}
        marks={marks}
        shades={shades}
        stacked={isCounts}
        isFixed
        summary={isCounts ? 'sum' : 'max'}
        thresholds={
          data.threshold === null
            ? []
            : [
                {
                  value: data.threshold,
                  label: `threshold ${formatUnit(data.threshold, unit)}`,
                  color: '--state-critical',
                },
              ]
        }
        empty="No values were stored for this time."
      />
      {isCounts && (
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
        />
      )}
      {windows.length > 0 && (
        <table class="data stack windows">
          <caption class="sr">Windows of the moment that decided</caption>
          <thead>
            <tr>
              <th scope="col">Window</th>
              <th scope="col" class="num">
                Bad
              </th>
              <th scope="col" class="num">
                Of
              </th>
              <th scope="col" class="num">
                Burn
              </th>
            </tr>
          </thead>
          <tbody>
            {windows.map((window) => (
              <tr key={window.label}>
                <th scope="row" data-label="Window">
                  {showHidden(window.label)}
                </th>
                <td class="num" data-label="Bad">
                  {formatUnit(window.bad, 'count')}
                </td>
                <td class="num" data-label="Of">
                  {formatUnit(window.events, 'count')}
                </td>
                <td class="num" data-label="Burn">
                  {formatBurn(window.burn)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="small row evidence-links">
        {data.slo && (
          <a href={router.link(sloPath(data.slo.app, data.slo.slug))}>
            Objective: {showHidden(data.slo.title)}
          </a>
        )}
        {data.rule && (
          <a href={router.link(rulePath(data.rule.app, data.rule.id))}>Rule: {showHidden(data.rule.title)}</a>
        )}
        <a href={router.link(`/a/${encodeURIComponent(data.incident.app)}`, around(data))}>
          All charts of this time
        </a>
      </p>
      {data.events.length > 0 && <EventLane events={data.events} range={data.range} />}
    </>
  );
}

function Hints({ data }: { data: IncidentAnswer }) {
  if (data.hints.length === 0 && data.checks.length === 0 && data.runbookUrl === '') return null;
  return (
    <div class="two">
      {data.hints.length > 0 && (
        <section class="group" aria-labelledby="hints">
          <h2 id="hints">Likely cause, from the numbers</h2>
          <ul class="plain-list">
            {data.hints.map((hint) => (
              <li key={hint.text}>
                <Way link={hint.link}>{hint.text}</Way>
              </li>
            ))}
          </ul>
        </section>
      )}
      {(data.checks.length > 0 || data.runbookUrl !== '') && (
        <section class="group" aria-labelledby="checks">
          <h2 id="checks">Check first</h2>
          <ol class="plain-list ordered">
            {data.checks.map((check) => (
              <li key={check.text}>
                <Way link={check.link}>{check.text}</Way>
              </li>
            ))}
          </ol>
          {data.runbookUrl !== '' && (
            <p>
              <a class="button" href={data.runbookUrl} target="_blank" rel="noreferrer noopener">
                Open the runbook
              </a>
            </p>
          )}
        </section>
      )}
    </div>
  );
}

/** A link where there is one: ours opens here, others apart. Anything but a web address stays text. */
function Way({ link, children }: { link: string; children: string }) {
  const text = showHidden(children);
  if (link.startsWith('/') && !link.startsWith('//')) return <a href={link}>{text}</a>;
  if (/^https?:/.test(link)) {
    const isOurs = URL.canParse(link) && new URL(link).origin === location.origin;
    return isOurs ? (
      <a href={link}>{text}</a>
    ) : (
      <a href={link} target="_blank" rel="noreferrer noopener">
        {text}
      </a>
    );
  }
  return <>{text}</>;
}

function Budget({ data }: { data: IncidentAnswer }) {
  const { router, range, clock } = useApp();
  const { budget, slo, incident } = data;
  const [zone, nowMs] = [range.zone.value, clock.now()];
  if (!budget) return null;
  return (
    <section class="group" aria-labelledby="budget">
      <h2 id="budget">Budget</h2>
      <div class="budget-line">
        <BudgetBar remaining={budget.remaining} isDoubtful={budget.verdict === 'unknown'} />
        <p>
          {slo ? (
            <a href={router.link(sloPath(slo.app, slo.slug))}>{budgetWords(budget)}</a>
          ) : (
            budgetWords(budget)
          )}
          {incident.budgetRemaining !== null &&
            `; when it fired ${formatBudget(incident.budgetRemaining)} were left`}
          {budget.exhaustedAtMs !== null &&
            `; at the rate of the last hour it runs out ${formatInstant(budget.exhaustedAtMs, zone, false, nowMs)}${zoneSuffix(budget.exhaustedAtMs, zone)}`}
          .
          {budget.verdict === 'unknown' &&
            ' Lines of this period are missing, so the true figure is not known.'}
        </p>
      </div>
    </section>
  );
}
