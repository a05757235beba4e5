/** One objective: what is left of its budget, where that goes, when it alerts, and who burned it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { BurnedAnswer, SloDetailAnswer } from '../../api/contract/slos.ts';
import '../styles/alerts.css';
import '../styles/slo.css';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatCount, formatDay, formatInstant, formatSpan, NOTHING, plural, zoneSuffix } from '../format.ts';
import { heldWords } from '../incidentWords.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { Clauses } from '../parts/clauses.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateWord } from '../parts/state.tsx';
import { incidentPath, sloEditPath, sloListPath, sloPath } from '../paths.ts';
import {
  budgetWords,
  formatAchieved,
  formatBudget,
  formatTarget,
  isDoubtful,
  sloState,
} from '../sloWords.ts';
import { useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';
import { saySloClauses } from '../verdict/slo.ts';
import { MaintenanceOffer } from './maintenanceOffer.tsx';
import { Burned } from './sloBurned.tsx';
import { Charts } from './sloCharts.tsx';
import { Counting, Text, Versions } from './sloConfig.tsx';
import { Corrections } from './sloCorrections.tsx';
import { RangePresets } from './sloRange.tsx';
import { BurnTable } from './sloTiers.tsx';

const REFRESH_MS = 30_000;

export function SloPage({ app, slug }: { app: string; slug: string }) {
  const { router, page } = useApp();
  // Without a range in the address it is the whole period; what is left of the budget is of now in either.
  const zoomed = router.params.value.has('from');
  const of = { ...(zoomed && { ranged: 'span' as const }), tellsNow: true };
  const path = `/apps/${encodeURIComponent(app)}/slos/${encodeURIComponent(slug)}`;
  const detail = useAnswer<SloDetailAnswer>(path, { ...of, everyMs: REFRESH_MS });
  // A new range is fetched while the one before stays in sight.
  const last = useRef<SloDetailAnswer | null>(null);
  if (detail.data.value) last.current = detail.data.value;
  const [focusTier, setFocusTier] = useState<number | null>(null);
  const shown = detail.data.value ?? last.current;
  const burned = useAnswer<BurnedAnswer>(`${path}/burned`, { ...of, everyMs: 120_000 });
  useEffect(() => {
    page.events.value = shown?.events ?? [];
    if (shown) document.title = `${shown.slo.title} · ${app} · Drainboard`;
  }, [shown]);
  return (
    <Fresh of={detail} shown={shown} what="the objective">
      {(data) => (
        <>
          <Head data={data} burned={zoomed ? null : burned.data.value} />
          <Tiles data={data} />
          <MaintenanceOffer app={app} />
          <Doubts data={data} />
          <RangePresets data={data} />
          <Charts data={data} focusTier={focusTier} />
          <BurnTable data={data} focused={focusTier} onFocus={setFocusTier} />
          <Burned of={burned} data={data} />
          <Incidents data={data} />
          <Members data={data} />
          <Corrections data={data} onChange={() => detail.load()} />
          <Counting counting={data.counting} />
          <Versions data={data} />
          <Text data={data} />
          <Remove data={data} />
        </>
      )}
    </Fresh>
  );
}

function Head({ data, burned }: { data: SloDetailAnswer; burned: BurnedAnswer | null }) {
  const { router, session, clock, instance, range } = useApp();
  const { slo } = data;
  const state = sloState(slo, instance.awaySinceMs.value !== null);
  return (
    <section class="verdict" aria-label="Summary">
      <p class="crumb">
        <a href={router.link(sloListPath(slo.app))}>Objectives of {showHidden(slo.app)}</a>
      </p>
      <div class="verdict-head">
        <h1 tabIndex={-1}>{showHidden(slo.title)}</h1>
        <StateWord level={state.level} word={state.word} />
        {slo.sinceMs !== null && (
          <span class="muted verdict-range">for {formatSpan(clock.nowMs.value - slo.sinceMs)}</span>
        )}
        {slo.incidentId && (
          <a class="button" href={router.link(incidentPath(slo.incidentId))}>
            Open incident
          </a>
        )}
        <span class="grow" />
        {session.canEdit.value && (
          <a class="button" href={router.link(sloEditPath(slo.app, slo.slug))}>
            Edit
          </a>
        )}
      </div>
      <Clauses clauses={saySloClauses(data, burned, clock.nowMs.value, range.zone.value)} />
      {data.definition.description && <p class="says">{showHidden(data.definition.description)}</p>}
      {(slo.tags.length > 0 || data.definition.runbookUrl) && (
        <p class="small row">
          {slo.tags.map((tag) => (
            <span key={tag} class="tag">
              {showHidden(tag)}
            </span>
          ))}
          {data.definition.runbookUrl && (
            <a href={data.definition.runbookUrl} target="_blank" rel="noreferrer noopener">
              Runbook
            </a>
          )}
        </p>
      )}
    </section>
  );
}

function Tiles({ data }: { data: SloDetailAnswer }) {
  const { range, clock, instance } = useApp();
  const { slo } = data;
  const { budget } = slo;
  const zone = range.zone.value;
  const nowMs = clock.now();
  const doubtful = isDoubtful(slo, instance.awaySinceMs.value !== null);
  const at = (ms: number) => `${formatInstant(ms, zone, false, nowMs)}${zoneSuffix(ms, zone)}`;
  return (
    <dl class="tiles">
      <div>
        <dt>Objective</dt>
        <dd>{formatTarget(slo.target)}</dd>
        <dd class="under">
          {showHidden(slo.objective)}, over {slo.period}
        </dd>
      </div>
      <div>
        <dt>Achieved</dt>
        <dd class={budget.verdict === 'missed' ? 'bad' : ''}>
          {formatAchieved(budget.achieved, slo.target)}
        </dd>
        <dd class="under">
          {budget.verdict === 'unknown'
            ? 'neither met nor missed: lines are missing'
            : budget.events === 0
              ? 'no requests in the period'
              : `${budget.verdict === 'met' ? 'met so far' : 'missed'}: ${formatCount(budget.events - budget.bad)} good of ${formatCount(budget.events)}${budget.unit === 'slices' ? ' slices' : ''}`}
        </dd>
      </div>
      <div>
        <dt>Budget left</dt>
        <dd>
          <BudgetBar remaining={budget.remaining} isDoubtful={doubtful} />
        </dd>
        <dd class="under">
          {budgetWords(budget)}
          {budget.exhaustedAtMs !== null && (budget.remaining ?? 0) > 0 && (
            <> · runs out {at(budget.exhaustedAtMs)} at the burn of the last hour</>
          )}
          {budget.remainingProjected !== null && (
            <> · {formatBudget(budget.remainingProjected)} of what the whole period is expected to allow</>
          )}
          {budget.recovers && (
            <>
              {' '}
              · {formatBudget(budget.recovers.share)} of a budget comes back on{' '}
              {formatDay(budget.recovers.atMs, zone, nowMs)}, when its day leaves the period
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** What keeps the figures above from being the whole truth. */
function Doubts({ data }: { data: SloDetailAnswer }) {
  const { range, clock, router } = useApp();
  const { slo } = data;
  const { budget } = slo;
  const zone = range.zone.value;
  const lines: string[] = [];
  if (slo.held)
    lines.push(
      `Held since ${formatInstant(slo.held.sinceMs, zone, false, clock.now())}${zoneSuffix(slo.held.sinceMs, zone)}: ${heldWords(slo.held.reason)}. What it was before stands until data returns.`,
    );
  if (budget.missingMinutes > 0)
    lines.push(`${minutesSay(budget.missingMinutes)} of the period without data.`);
  if (budget.uncertainMinutes > 0)
    lines.push(`${minutesSay(budget.uncertainMinutes)} with known losses: counts are too low there.`);
  if (budget.approximate) lines.push('Counts from before the objective was made are near, not exact.');
  if (slo.lowTraffic)
    lines.push('Low traffic: in the last hour one failed request alone would be over the highest threshold.');
  if (budget.correctedMinutes > 0)
    lines.push(`${minutesSay(budget.correctedMinutes)} do not count, by correction.`);
  if (lines.length === 0) return null;
  const grave = slo.held !== null || budget.verdict === 'unknown';
  return (
    <div class={`banner${grave ? ' banner-warning' : ''}`}>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {grave && (
        <a href={router.link(`/a/${encodeURIComponent(slo.app)}/health`)}>
          Drain health of {showHidden(slo.app)}
        </a>
      )}
    </div>
  );
}

function minutesSay(minutes: number): string {
  return minutes < 90 ? plural(minutes, 'minute') : formatSpan(minutes * 60_000);
}

function Incidents({ data }: { data: SloDetailAnswer }) {
  const { router, range, clock } = useApp();
  const zone = range.zone.value;
  return (
    <section class="group" aria-labelledby="slo-incidents">
      <h2 id="slo-incidents">Incidents</h2>
      {data.incidents.length === 0 ? (
        <p class="muted">None in this range.</p>
      ) : (
        <ul class="plain-list">
          {data.incidents.map((one) => (
            <li key={one.id}>
              <a href={router.link(incidentPath(one.id))}>
                #{one.number} {showHidden(one.title)}
              </a>{' '}
              <span class="muted small">
                {one.severity}, {formatInstant(one.openedAtMs, zone, false, clock.now())}
                {zoneSuffix(one.openedAtMs, zone)},{' '}
                {one.resolvedAtMs === null ? 'open' : formatSpan(one.resolvedAtMs - one.openedAtMs)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Members({ data }: { data: SloDetailAnswer }) {
  const { router } = useApp();
  if (data.members.length === 0) return null;
  return (
    <section class="group" aria-labelledby="members">
      <h2 id="members">Parts of it</h2>
      <p class="says">
        Events of all parts share the budget; the state is that of the least healthy one. Alerts belong to the
        parts.
      </p>
      <table class="data stack">
        <caption class="sr">Objectives that this one is made of</caption>
        <thead>
          <tr>
            <th scope="col">Objective</th>
            <th scope="col">State</th>
            <th scope="col">Budget left</th>
          </tr>
        </thead>
        <tbody>
          {data.members.map((row) => {
            const state = sloState(row);
            return (
              <tr key={row.id}>
                <th scope="row" data-label="Objective">
                  <a href={router.link(sloPath(row.app, row.slug))}>{showHidden(row.title)}</a>
                  <span class="muted small"> {showHidden(row.app)}</span>
                </th>
                <td data-label="State">
                  <StateWord level={state.level} word={state.word} />
                </td>
                <td data-label="Budget left">
                  {row.budget.remaining === null ? (
                    NOTHING
                  ) : (
                    <BudgetBar remaining={row.budget.remaining} isDoubtful={isDoubtful(row)} />
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Remove({ data }: { data: SloDetailAnswer }) {
  const { session, client, router, toast } = useApp();
  const [asking, setAsking] = useState(false);
  const { slo } = data;
  if (!session.canEdit.value) return null;
  return (
    <section class="group" aria-labelledby="slo-remove">
      <h2 id="slo-remove">Remove</h2>
      <p class="says">Its alerts end and it leaves every list. Its incidents stay.</p>
      <p>
        <button type="button" class="danger" onClick={() => setAsking(true)}>
          Remove this objective
        </button>
      </p>
      {asking && (
        <Confirm
          title={`Remove ${showHidden(slo.title)}?`}
          submit="Remove it"
          danger
          onClose={() => setAsking(false)}
          onYes={async () => {
            try {
              await client.send('DELETE', `/apps/${encodeURIComponent(slo.app)}/slos/${slo.id}`);
              toast.value = 'Objective removed';
              router.push(router.link(sloListPath(slo.app)));
            } catch (error) {
              throw new Error(errorText(error));
            }
          }}
        >
          What it fires for is resolved with the next evaluation. Its counts are deleted later.
        </Confirm>
      )}
    </section>
  );
}
