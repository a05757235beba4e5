/** Objectives of all apps or of one, the one with the least budget first. */
import type { SloListAnswer, SloRow } from '../../api/contract/slos.ts';
import '../styles/alerts.css';
import { Sparkline } from '../charts/sparkline.tsx';
import { showHidden } from '../clean.ts';
import { downloadCsv } from '../csv.ts';
import {
  formatAgo,
  formatCount,
  formatInstant,
  formatNumber,
  formatSpan,
  NOTHING,
  zoneSuffix,
} from '../format.ts';
import { heldWords } from '../incidentWords.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { CopyButton } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateGlyph, StateWord } from '../parts/state.tsx';
import { incidentPath, sloListPath, sloNewPath, sloPath } from '../paths.ts';
import { sloCsv, sloMarkdown } from '../sloReport.ts';
import { burnLevel, formatAchieved, formatBurn, formatTarget, isDoubtful, sloState } from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { saySloListClauses } from '../verdict/slo.ts';
import { MaintenanceOffer } from './maintenanceOffer.tsx';
import { Proposals } from './sloProposals.tsx';

const REFRESH_MS = 30_000;

export function SloListPage({ app }: { app: string | null }) {
  const { session, router, instance } = useApp();
  const slos = useAnswer<SloListAnswer>('/slos', { query: { app }, everyMs: REFRESH_MS });
  const rows = slos.data.value?.slos ?? [];
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>{app === null ? 'Objectives' : `Objectives of ${showHidden(app)}`}</h1>
        <Summary rows={rows} />
        <span class="grow" />
        {app !== null && (
          <a href={router.link(sloListPath(null))} class="small">
            All apps
          </a>
        )}
        {app !== null && session.canEdit.value && (
          <a class="button" href={router.link(sloNewPath(app))}>
            New objective
          </a>
        )}
      </div>
      <Fresh of={slos} what="the objectives">
        {(answer) =>
          answer.slos.length === 0 ? (
            <NoSlos app={app} />
          ) : (
            <>
              <Clauses clauses={saySloListClauses(answer.slos, instance.awaySinceMs.value !== null)} />
              <MaintenanceOffer app={app} />
              <Table answer={answer} app={app} />
            </>
          )
        }
      </Fresh>
      {app !== null && slos.data.value && <Proposals app={app} onAccept={() => slos.load()} />}
    </>
  );
}

function Summary({ rows }: { rows: SloRow[] }) {
  const { instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  const counts = new Map<string, { level: ReturnType<typeof sloState>['level']; count: number }>();
  for (const row of rows) {
    const { word, level } = sloState(row, isAway);
    counts.set(word, { level, count: (counts.get(word)?.count ?? 0) + 1 });
  }
  return (
    <ul class="summary" aria-label="Summary">
      {[...counts].map(([word, { level, count }]) => (
        <li key={word}>
          <StateGlyph level={level} />
          <span class="strong">{count}</span> {word}
        </li>
      ))}
    </ul>
  );
}

function NoSlos({ app }: { app: string | null }) {
  const { router, session, fleet } = useApp();
  const first = fleet.data.value?.apps[0]?.app;
  return (
    <div class="chart-empty">
      <p>
        <strong>{app === null ? 'No objectives yet.' : 'This app has no objective yet.'}</strong>
      </p>
      <p>
        An objective says how many requests may fail or be slow over some weeks. From it follow a budget, how
        fast it burns, and a page only when that matters.
      </p>
      {app === null && first && session.canEdit.value && (
        <p>
          <a class="button primary" href={router.link(sloListPath(first))}>
            See what fits {showHidden(first)}
          </a>
        </p>
      )}
    </div>
  );
}

function Table({ answer, app }: { answer: SloListAnswer; app: string | null }) {
  const { clock, range } = useApp();
  const through = answer.countedThroughMs;
  const zone = range.zone.value;
  return (
    <>
      <table class="data slos">
        <caption class="sr">Objectives by what is left of their budget, least first.</caption>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Objective</th>
            <th scope="col">Period</th>
            <th scope="col" class="num">
              <abbr title="Good events ÷ all events that count, over the period">Good</abbr>
            </th>
            <th scope="col">Budget left</th>
            <th scope="col">
              <abbr title="What was left over the period">Trend</abbr>
            </th>
            <th scope="col" class="num">
              <abbr title="Burn rate: 1× spends exactly the budget over the period">Burn 1h</abbr>
            </th>
            <th scope="col" class="num">
              6h
            </th>
            <th scope="col" class="num">
              3d
            </th>
            <th scope="col">
              <abbr title="At the burn of the last hour">Runs out</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {answer.slos.map((row) => (
            <Row key={row.id} row={row} showApp={app === null} />
          ))}
        </tbody>
      </table>
      <p class="small muted counted">
        {through === null
          ? 'Nothing is counted yet.'
          : `Counted through ${formatInstant(through, zone, false, clock.now())}${zoneSuffix(through, zone)}: a minute is closed 45 s after its end.`}
      </p>
      <p class="row actions">
        <CopyButton text={sloMarkdown(answer, zone, new URL(sloListPath(app), location.origin).href)}>
          Copy as Markdown
        </CopyButton>
        <button type="button" onClick={() => downloadCsv(`objectives-${app ?? 'all'}`, sloCsv(answer.slos))}>
          Download as CSV
        </button>
      </p>
    </>
  );
}

function Row({ row, showApp }: { row: SloRow; showApp: boolean }) {
  const { router, clock, range, instance } = useApp();
  const nowMs = clock.nowMs.value;
  const isAway = instance.awaySinceMs.value !== null;
  const state = sloState(row, isAway);
  const doubtful = isDoubtful(row, isAway);
  return (
    <tr data-row class={`row-${state.level}`}>
      <td class="cell-state">
        {row.incidentId ? (
          <a class="plain" href={router.link(incidentPath(row.incidentId))} title="Open the incident">
            <StateWord level={state.level} word={state.word} />
          </a>
        ) : (
          <span title={state.says}>
            <StateWord level={state.level} word={state.word} />
          </span>
        )}
      </td>
      <th scope="row" class="cell-objective">
        <a href={router.link(sloPath(row.app, row.slug))}>{showHidden(row.title)}</a>
        <span class="under muted">
          {showApp && (
            <>
              <a class="plain" href={router.link(sloListPath(row.app))}>
                {showHidden(row.app)}
              </a>
              {' · '}
            </>
          )}
          {showHidden(row.objective)}
        </span>
        {row.held && (
          <span class="under warn">
            held {formatAgo(row.held.sinceMs, nowMs)}: {heldWords(row.held.reason)}
          </span>
        )}
        {row.lowTraffic && (
          <span
            class="under warn"
            title="Fewer requests in the last hour than one failure needs to stay under the highest threshold"
          >
            low traffic: one failure says little
          </span>
        )}
      </th>
      <td data-label="Period" class="cell-period">
        {row.period}
      </td>
      <td
        class="num"
        data-label="Good"
        title={`${formatCount(row.budget.events - row.budget.bad)} good of ${formatCount(row.budget.events)}; target ${formatTarget(row.target)}`}
      >
        {formatAchieved(row.budget.achieved, row.target)}
        {row.budget.events > 0 && (
          <span class="under muted">
            {formatNumber(row.budget.events - row.budget.bad)} of {formatNumber(row.budget.events)}
          </span>
        )}
      </td>
      <td data-label="Budget left" class="cell-budget">
        <BudgetBar remaining={row.budget.remaining} isDoubtful={doubtful} />
      </td>
      <td class="cell-trend">
        <Sparkline
          values={row.sparkline.map((value) => (value === null ? null : Math.max(0, value)))}
          label="Budget left over the period"
        />
      </td>
      {row.burn.map((burn) => (
        <td
          key={burn.window}
          class={`num burn burn-${burnLevel(burn)}`}
          data-label={`Burn ${burn.window}`}
          title={`${formatCount(burn.bad)} bad of ${formatCount(burn.events)}`}
        >
          {formatBurn(burn.burn)}
        </td>
      ))}
      <td data-label="Runs out" class="cell-out">
        {row.budget.remaining !== null && row.budget.remaining <= 0 ? (
          <span class="bad">spent</span>
        ) : row.budget.exhaustedAtMs === null ? (
          <span class="muted">{NOTHING}</span>
        ) : (
          <span
            title={`${formatInstant(row.budget.exhaustedAtMs, range.zone.value)}${zoneSuffix(row.budget.exhaustedAtMs, range.zone.value)}`}
          >
            in {formatSpan(row.budget.exhaustedAtMs - nowMs)}
          </span>
        )}
      </td>
    </tr>
  );
}
