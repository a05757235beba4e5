/** One incident, as it is opened from a pager link: the sentence, what can be done, the evidence, the story. */
import { useEffect, useState } from 'preact/hooks';
import type { IncidentAnswer, IncidentRow } from '../../api/contract/incidents.ts';
import '../styles/alerts.css';
import '../styles/incident.css';
import { showHidden } from '../clean.ts';
import { formatInstant, formatSpan, zoneSuffix } from '../format.ts';
import { heldWords, incidentState } from '../incidentWords.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { CopyButton } from '../parts/copy.tsx';
import { Explain } from '../parts/explain.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { sloPath } from '../paths.ts';
import { budgetWords, formatBudget } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { at, ownHints, rangeOf, sayCause, sayIncidentClauses, spentWords } from '../verdict/incident.ts';
import { Actions } from './incidentActions.tsx';
import { Around, Evidence } from './incidentEvidence.tsx';
import { Facts } from './incidentFacts.tsx';
import { Cause, Deliveries, Timeline } from './incidentStory.tsx';
import { MaintenanceOffer } from './maintenanceOffer.tsx';
import { AddCorrection } from './sloCorrections.tsx';

const REFRESH_MS = 10_000;

export function IncidentPage({ id }: { id: string }) {
  const { live, clock, page } = useApp();
  const incident = useAnswer<IncidentAnswer>(`/incidents/${encodeURIComponent(id)}`, { everyMs: REFRESH_MS });
  const changedAtMs = live.alerts.value?.changedAtMs ?? 0;
  useEffect(() => {
    const shown = incident.data.peek();
    if (shown && changedAtMs > shown.nowMs && !clock.hidden.peek()) incident.refresh();
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
          <Actions data={data} onChange={reload} />
          <Facts data={data} onChange={reload} />
          <MaintenanceOffer app={data.incident.app} />
          <Evidence data={data} />
          <Around data={data} />
          <Hints data={data} />
          <Budget data={data} onChange={reload} />
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
  const isOver = row.state === 'resolved' && row.resolvedAtMs !== null;
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
          <a href={router.link(`/a/${encodeURIComponent(row.app)}`, rangeOf(data))}>{showHidden(row.app)}</a>,{' '}
          {isOver
            ? `fired ${at(row.firingSinceMs, nowMs, zone)}, over ${at(row.resolvedAtMs ?? nowMs, nowMs, zone)}`
            : `firing for ${formatSpan(nowMs - row.firingSinceMs)}, since ${at(row.firingSinceMs, nowMs, zone)}`}
        </span>
      </div>
      <Clauses clauses={sayIncidentClauses(data, nowMs, zone)} />
      <Flags row={row} />
    </section>
  );
}

/** What makes this incident differ from what it seems; nothing of it may be overlooked. */
function Flags({ row }: { row: IncidentRow }) {
  const { clock, range, router } = useApp();
  const zone = range.zone.value;
  const instant = (ms: number) => `${formatInstant(ms, zone, false, clock.now())}${zoneSuffix(ms, zone)}`;
  return (
    <>
      {row.held && row.state !== 'resolved' && (
        <p class="banner banner-warning">
          No data since {instant(row.held.sinceMs)}: {heldWords(row.held.reason)}. The last known state
          stands; it does not resolve by itself before data returns.
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

function Hints({ data }: { data: IncidentAnswer }) {
  const { range, clock } = useApp();
  // Causes in the words and zone of the page; what the objective's own requests say besides.
  const causes = data.causes.map((cause) => ({
    text: sayCause(cause, data, clock.now(), range.zone.value),
    link: data.hints.find((hint) => hint.kind === hintKind(cause.kind))?.link ?? '',
  }));
  const hints = [...causes, ...ownHints(data)];
  if (hints.length === 0 && data.checks.length === 0) return null;
  return (
    <div class="two">
      {hints.length > 0 && (
        <section class="group" aria-labelledby="hints">
          <h2 id="hints">
            Likely cause
            <Explain about="Likely cause">
              Only what the numbers carry: a release since which at least twice the share is bad, a code with
              half of the bad requests, a dyno or path with half of them and twice what its requests would be
              reason for, crashes and changes within half an hour. Messages name the same.
            </Explain>
          </h2>
          <ul class="plain-list">
            {hints.map((hint) => (
              <li key={hint.text}>
                <Way link={hint.link}>{hint.text}</Way>
              </li>
            ))}
          </ul>
        </section>
      )}
      {data.checks.length > 0 && (
        <section class="group" aria-labelledby="checks">
          <h2 id="checks">Check first</h2>
          <ol class="plain-list ordered">
            {data.checks.map((check) => (
              <li key={check.text}>
                <Way link={check.link}>{check.text}</Way>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

type Kind = IncidentAnswer['causes'][number]['kind'];

function hintKind(kind: Kind): IncidentAnswer['hints'][number]['kind'] {
  return kind === 'path' ? 'pathShape' : kind;
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

interface BudgetProps {
  data: IncidentAnswer;
  onChange(): Promise<void>;
}

function Budget({ data, onChange }: BudgetProps) {
  const { router, range, clock } = useApp();
  const { budget, slo, incident } = data;
  const [zone, nowMs] = [range.zone.value, clock.now()];
  if (!budget) return null;
  const cost = spentWords(data);
  const left = budgetWords(budget);
  return (
    <section class="group" aria-labelledby="budget">
      <h2 id="budget">Budget</h2>
      <div class="budget-line">
        <BudgetBar remaining={budget.remaining} isDoubtful={budget.verdict === 'unknown'} />
        <div>
          {cost !== '' && (
            <p>
              This incident cost <strong>{cost}</strong>.
            </p>
          )}
          <p>
            {slo ? <a href={router.link(sloPath(slo.app, slo.slug))}>{left}</a> : left}
            {incident.budgetRemaining !== null &&
              (incident.budgetRemaining > 0
                ? `; when it fired ${formatBudget(incident.budgetRemaining)} were left`
                : '; when it fired it was spent already')}
            {budget.exhaustedAtMs !== null &&
              (budget.remaining ?? 0) > 0 &&
              incident.state !== 'resolved' &&
              `; at the rate of the last hour it runs out ${at(budget.exhaustedAtMs, nowMs, zone)}`}
            .
            {budget.verdict === 'unknown' &&
              ' Lines of this period are missing, so the true figure is not known.'}
          </p>
        </div>
      </div>
      <CorrectIt data={data} onChange={onChange} />
    </section>
  );
}

/** The minutes of the incident, offered as a correction: of what was nobody's fault, or planned. */
function CorrectIt({ data, onChange }: BudgetProps) {
  const { session } = useApp();
  const [open, setOpen] = useState(false);
  const { slo, spent, incident } = data;
  if (!slo || slo.kind === 'composite' || !spent || !session.canEdit.value) return null;
  return (
    <>
      <p>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Close' : 'Correct the objective'}
        </button>
      </p>
      {open && (
        <AddCorrection
          app={slo.app}
          sloId={slo.id}
          first={{ fromMs: spent.fromMs, toMs: spent.toMs, reason: `Incident #${incident.number}: ` }}
          onDone={async () => {
            setOpen(false);
            await onChange();
          }}
        />
      )}
    </>
  );
}
