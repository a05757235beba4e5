/** All incidents: open ones first, each as a sentence. */
import { useEffect } from 'preact/hooks';
import type { IncidentListAnswer, IncidentRow } from '../../api/contract/incidents.ts';
import '../styles/alerts.css';
import { showHidden } from '../clean.ts';
import { formatInstant, formatSpan, zoneSuffix } from '../format.ts';
import { heldWords, incidentState, SEVERITIES } from '../incidentWords.ts';
import { Clauses } from '../parts/clauses.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { incidentPath, sloListPath } from '../paths.ts';
import { formatBudget } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { sayIncidentsClauses } from '../verdict/alerts.ts';
import { MaintenanceOffer } from './maintenanceOffer.tsx';

const REFRESH_MS = 15_000;
const FILTERS = ['app', 'state', 'severity', 'cursor'];
const STATES = [
  { value: '', label: 'Open and past' },
  { value: 'open', label: 'Not acknowledged' },
  { value: 'acknowledged', label: 'Acknowledged' },
  { value: 'resolved', label: 'Resolved' },
];

export function IncidentsPage() {
  const { router, live, clock } = useApp();
  const params = router.params.value;
  const [app, state, severity, cursor] = ['app', 'state', 'severity', 'cursor'].map(
    (name) => params.get(name) ?? '',
  );
  const incidents = useAnswer<IncidentListAnswer>('/incidents', {
    query: { app, state, severity, cursor, limit: 50 },
    everyMs: REFRESH_MS,
  });
  // Told by the stream: newer than what is shown.
  const changedAtMs = live.alerts.value?.changedAtMs ?? 0;
  useEffect(() => {
    const shown = incidents.data.peek();
    if (shown && changedAtMs > shown.nowMs && !clock.hidden.peek()) incidents.refresh();
  }, [changedAtMs]);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Incidents</h1>
      </div>
      <Filters />
      <Fresh of={incidents} what="the incidents">
        {(answer) => (
          <>
            {!FILTERS.some((name) => params.get(name)) && (
              <Clauses clauses={sayIncidentsClauses(answer, clock.nowMs.value)} />
            )}
            <MaintenanceOffer app={app || null} />
            <List answer={answer} />
          </>
        )}
      </Fresh>
    </>
  );
}

function Filters() {
  const { router, fleet } = useApp();
  const params = router.params.value;
  useEffect(() => {
    if (!fleet.data.peek()) void fleet.load();
  }, []);
  const set = (name: string, value: string) => router.setParams({ [name]: value, cursor: null }, 'push');
  const app = params.get('app') ?? '';
  const names = fleet.data.value?.apps.map((row) => row.app).sort() ?? [];
  return (
    <fieldset class="filters" aria-label="Filters">
      <label>
        App
        <select value={app} onChange={(event) => set('app', event.currentTarget.value)}>
          <option value="">all</option>
          {(names.includes(app) || app === '' ? names : [app, ...names]).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        State
        <select
          value={params.get('state') ?? ''}
          onChange={(event) => set('state', event.currentTarget.value)}
        >
          {STATES.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      </label>
      <label>
        Severity
        <select
          value={params.get('severity') ?? ''}
          onChange={(event) => set('severity', event.currentTarget.value)}
        >
          <option value="">any</option>
          {SEVERITIES.map((one) => (
            <option key={one.id} value={one.id}>
              {one.id}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}

function List({ answer }: { answer: IncidentListAnswer }) {
  const { router } = useApp();
  const open = answer.incidents.filter((row) => row.state !== 'resolved');
  const past = answer.incidents.filter((row) => row.state === 'resolved');
  const filtered = ['app', 'state', 'severity'].some((name) => router.params.value.get(name));
  if (answer.incidents.length === 0) return <Nothing filtered={filtered} />;
  return (
    <>
      {open.length > 0 && (
        <section aria-labelledby="open-incidents">
          <h2 id="open-incidents" class="sr">
            Open
          </h2>
          <ul class="incidents">
            {open.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </ul>
        </section>
      )}
      {past.length > 0 && (
        <section class="group" aria-labelledby="past-incidents">
          <h2 id="past-incidents">Past</h2>
          <ul class="incidents">
            {past.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </ul>
        </section>
      )}
      {answer.cursor !== null && (
        <p class="more">
          <button type="button" onClick={() => router.setParams({ cursor: answer.cursor }, 'push')}>
            Older incidents
          </button>
        </p>
      )}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { router } = useApp();
  if (filtered)
    return (
      <p class="chart-empty">
        No incident fits this choice. <a href={router.link('/incidents')}>Show all</a>
      </p>
    );
  return (
    <div class="chart-empty">
      <p>
        <strong>No incidents so far.</strong>
      </p>
      <p>
        One opens when an objective burns its budget too fast or a rule fires, and is kept here with its whole
        story. Every app begins with a few rules; objectives say what counts as too much.
      </p>
      <p class="row">
        <a class="button" href={router.link(sloListPath(null))}>
          Objectives
        </a>
        <a class="button" href={router.link('/alerts')}>
          Rules
        </a>
      </p>
    </div>
  );
}

function Row({ row }: { row: IncidentRow }) {
  const { router, clock, range } = useApp();
  const nowMs = clock.nowMs.value;
  const zone = range.zone.value;
  const state = incidentState(row, nowMs);
  const isOpen = row.state !== 'resolved';
  return (
    <li data-row class={`incident-row${isOpen ? ` row-${state.level}` : ''}`}>
      <div class="incident-head">
        <StateWord level={state.level} word={state.word} />
        <span class={`severity severity-${row.severity}`}>{row.severity}</span>
        <a class="incident-title" href={router.link(incidentPath(row.id))}>
          {showHidden(row.title)}
        </a>
        <span class="muted small">
          {showHidden(row.app)} · #{row.number}
        </span>
        <span class="grow" />
        <span class="muted small nowrap">
          {isOpen
            ? `for ${formatSpan(nowMs - row.firingSinceMs)}`
            : `${formatInstant(row.openedAtMs, zone, false, nowMs)}${zoneSuffix(row.openedAtMs, zone)}, ${formatSpan((row.resolvedAtMs ?? nowMs) - row.openedAtMs)}`}
        </span>
      </div>
      <p class="incident-summary">{showHidden(row.summary)}</p>
      <Asides row={row} />
    </li>
  );
}

function Asides({ row }: { row: IncidentRow }) {
  const { clock, range } = useApp();
  const zone = range.zone.value;
  const nowMs = clock.nowMs.value;
  const notes: string[] = [];
  if (row.held)
    notes.push(
      `Held since ${formatInstant(row.held.sinceMs, zone, false, nowMs)}: ${heldWords(row.held.reason)}.`,
    );
  if (row.withheld === 'noRoute') notes.push('Nobody was told: no route leads anywhere.');
  if (row.withheld === 'silence')
    notes.push(row.state === 'resolved' ? 'Nobody was told: silenced.' : 'Nobody is told: silenced.');
  if (row.isOverBeforeTold) notes.push('It was over before it could be told.');
  if (row.acknowledgedBy && row.state === 'acknowledged')
    notes.push(`${row.acknowledgedBy}: ${withStop(row.acknowledgeReason)}`);
  if (row.reopened > 0) notes.push(`Reopened ${row.reopened === 1 ? 'once' : `${row.reopened} times`}.`);
  if (row.budgetRemaining !== null && row.state !== 'resolved')
    notes.push(`${formatBudget(row.budgetRemaining)} of the budget left when it fired.`);
  if (notes.length === 0) return null;
  return (
    <p class={`small ${row.withheld === 'noRoute' ? 'warn' : 'muted'}`}>{showHidden(notes.join(' '))}</p>
  );
}

function withStop(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
