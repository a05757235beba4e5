/** All apps in one dense table, the one that burns first. */
import { effect } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FleetRow } from '../../api/contract/apps.ts';
import type { CodeInfo, CodeTableAnswer } from '../../api/contract/codes.ts';
import type { SloListAnswer, SloRow } from '../../api/contract/slos.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { showHidden } from '../clean.ts';
import type { CodeTable } from '../failures.ts';
import {
  formatAgo,
  formatCount,
  formatMs,
  formatNumber,
  formatRatio,
  formatSpan,
  NOTHING,
  plural,
} from '../format.ts';
import { BudgetBar } from '../parts/budgetBar.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { appState, INCOMPLETE, isIncomplete, type Level, StateGlyph, StateWord } from '../parts/state.tsx';
import { sloListPath } from '../paths.ts';
import { isDoubtful, sloState } from '../sloWords.ts';
import { type State, useApp } from '../state/context.ts';
import { useAnswer } from '../state/once.ts';

const REFRESH_MS = 10_000;

export function FleetPage() {
  const state = useApp();
  useEffect(() => keepFleetFresh(state), []);
  return (
    <Fresh of={state.fleet} what="the fleet">
      {(answer) => (answer.apps.length === 0 ? <NoApps /> : <Fleet rows={answer.apps} />)}
    </Fresh>
  );
}

/** Fetches at ticks, at most every 10 s, and when the tab comes back; not while hidden. */
function keepFleetFresh(state: State): () => void {
  const { fleet, live, clock, instance } = state;
  let lastMs = 0;
  const returnsBefore = instance.returns.peek();
  function load() {
    if (clock.hidden.peek() || Date.now() - lastMs < REFRESH_MS - 100) return;
    lastMs = Date.now();
    void fleet.load();
  }
  const stopVisible = effect(() => {
    if (!clock.hidden.value) load();
  });
  const stopTicks = effect(() => {
    void [live.tick.value, live.nudges.value];
    load();
  });
  const stopReturns = effect(() => {
    if (instance.returns.value === returnsBefore) return;
    lastMs = 0;
    load();
  });
  const timer = setInterval(load, 3 * REFRESH_MS);
  return () => {
    clearInterval(timer);
    stopVisible();
    stopTicks();
    stopReturns();
  };
}

function NoApps() {
  const { router, session } = useApp();
  return (
    <section class="hello">
      <h1 tabIndex={-1}>No apps yet</h1>
      <p>
        Attach the log drain of a Heroku app and its requests, latency, error codes, memory and releases
        appear here, usually within ten seconds.
      </p>
      {session.canEdit.value ? (
        <a class="button primary" href={router.link('/setup')}>
          Add the first app
        </a>
      ) : (
        <p class="muted">Someone with the role editor or admin can add one.</p>
      )}
    </section>
  );
}

function Fleet({ rows }: { rows: FleetRow[] }) {
  const { session, router } = useApp();
  const sorted = useSteadyOrder(rows);
  const codes = useAnswer<CodeTableAnswer>('/codes').data.value?.codes;
  const table = useMemo(() => new Map(codes?.map((info) => [info.code, info])), [codes]);
  const slos = useAnswer<SloListAnswer>('/slos', { everyMs: 3 * REFRESH_MS }).data.value?.slos;
  // Least budget first: the first of an app is its worst.
  const worst = useMemo(() => {
    const found = new Map<string, SloRow>();
    for (const row of slos ?? []) if (!found.has(row.app)) found.set(row.app, row);
    return found;
  }, [slos]);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Fleet</h1>
        <Summary rows={rows} />
        <span class="grow" />
        {session.canEdit.value && (
          <a class="button" href={router.link('/setup')}>
            Add app
          </a>
        )}
      </div>
      {sorted.moved && (
        <p class="resort">
          <button type="button" class="quiet" onClick={sorted.resort}>
            The order has changed. Sort again
          </button>
        </p>
      )}
      <table
        class="data fleet"
        onPointerEnter={sorted.hold}
        onPointerLeave={sorted.release}
        onFocusIn={sorted.hold}
        onFocusOut={sorted.release}
      >
        <caption class="sr">
          Apps, worst first. Figures cover the last 60 minutes; changes are against the same hour one week
          ago.
        </caption>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">App</th>
            <th scope="col" class="cell-slo">
              <abbr title="What is left of the budget of the objective with the least">Budget</abbr>
            </th>
            <th scope="col">Last 60 min</th>
            <th scope="col" class="num">
              <abbr title="Requests per minute, last five closed minutes">Req/min</abbr>
            </th>
            <th scope="col" class="num">
              <abbr title="Requests that ended in 5xx or a platform error; small: against the same hour one week ago">
                Failed
              </abbr>
            </th>
            <th scope="col" class="num">
              p95
            </th>
            <th scope="col" class="cell-later">
              Top code
            </th>
            <th scope="col" class="num">
              <abbr title="Dyno nearest to its memory quota">Memory</abbr>
            </th>
            <th scope="col" class="cell-release">
              Release
            </th>
            <th scope="col" class="num">
              <abbr title="Age of the newest data">Data age</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.rows.map((row) => (
            <Row key={row.app} row={row} table={table} slo={worst.get(row.app)} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Summary({ rows }: { rows: FleetRow[] }) {
  const { instance } = useApp();
  const isAway = instance.awaySinceMs.value !== null;
  const isMoving = instance.isMoving.value;
  const counts = new Map<string, { level: Level; count: number; rank: number }>();
  const add = ({ word, level, rank }: { word: string; level: Level; rank: number }) => {
    const found = counts.get(word);
    if (found) found.count++;
    else counts.set(word, { level, count: 1, rank });
  };
  for (const row of rows) {
    const state = appState(row, isAway, isMoving);
    add(state);
    // What fails and loses lines as well is counted as both.
    if (state.word !== INCOMPLETE.word && row.health.state === 'receiving' && isIncomplete(row))
      add(INCOMPLETE);
  }
  return (
    <ul class="summary" aria-label="Summary">
      {[...counts]
        .sort((a, b) => a[1].rank - b[1].rank)
        .map(([word, { level, count }]) => (
          <li key={word}>
            <StateGlyph level={level} />
            <span class="strong">{count}</span> {word}
          </li>
        ))}
    </ul>
  );
}

/** Worst first: by state, then by share of failures, then by traffic. */
export function sortFleet(rows: FleetRow[]): FleetRow[] {
  return [...rows].sort(
    (a, b) =>
      appState(a).rank - appState(b).rank ||
      (b.lowTraffic ? 0 : (b.failedRatio ?? 0)) - (a.lowTraffic ? 0 : (a.failedRatio ?? 0)) ||
      (b.requestsPerMinute ?? 0) - (a.requestsPerMinute ?? 0) ||
      a.app.localeCompare(b.app),
  );
}

/** The order stands still while pointer or focus is in the table; when it would differ, that is said instead. */
function useSteadyOrder(rows: FleetRow[]) {
  const held = useRef<string[] | null>(null);
  const [, again] = useState(0);
  const sorted = sortFleet(rows);
  const order = held.current;
  const at = new Map(order?.map((app, index) => [app, index]));
  const steady = order ? [...sorted].sort((a, b) => (at.get(a.app) ?? 1e9) - (at.get(b.app) ?? 1e9)) : sorted;
  return {
    rows: steady,
    moved: steady.some((row, index) => row !== sorted[index]),
    hold() {
      held.current ??= steady.map((row) => row.app);
    },
    release() {
      if (!held.current) return;
      held.current = null;
      again((count) => count + 1);
    },
    resort() {
      held.current = sorted.map((row) => row.app);
      again((count) => count + 1);
    },
  };
}

/** Changes within noise are not shown: a share must differ by half and 0.1 points, a latency by a quarter and 20 ms. */
export function changeOf(
  now: number | null,
  before: number | null,
  kind: 'ratio' | 'ms',
): 'up' | 'down' | null {
  if (now === null || before === null) return null;
  const delta = now - before;
  const enough =
    kind === 'ratio'
      ? Math.abs(delta) >= Math.max(0.001, before * 0.5)
      : Math.abs(delta) >= Math.max(20, before * 0.25);
  return enough ? (delta > 0 ? 'up' : 'down') : null;
}

/** A code that costs availability or tells of the app's own trouble; others stand aside in grey. */
function blames(info: CodeInfo | undefined): boolean {
  return !info || info.countsAgainstAvailability || info.code.startsWith('R');
}

function Row({ row, table, slo }: { row: FleetRow; table: CodeTable; slo: SloRow | undefined }) {
  const { router, clock, instance } = useApp();
  const base = `/a/${encodeURIComponent(row.app)}`;
  const isAway = instance.awaySinceMs.value !== null;
  const state = appState(row, isAway, instance.isMoving.value);
  const nowMs = clock.nowMs.value;
  const none = row.health.state === 'waiting';
  const through = row.health.dataThroughMs;
  return (
    <tr data-row class={`row-${state.level}${none ? ' row-waiting' : ''}`}>
      <td class="cell-state">
        <StateWord level={state.level} word={state.word} />
        {row.health.lostMessages > 0 && (
          <a class="lost small" href={router.link(`${base}/health`)}>
            ≤ {formatCount(row.health.lostMessages)} lost
          </a>
        )}
      </td>
      <th scope="row" class="cell-app">
        <a href={router.link(base)}>{showHidden(row.app)}</a>
      </th>
      <td class="cell-slo" data-label="Budget">
        {slo ? (
          <a
            class="plain"
            href={router.link(sloListPath(row.app))}
            title={`${showHidden(slo.title)}: ${sloState(slo, isAway).word}`}
          >
            <StateGlyph level={sloState(slo, isAway).level} />
            <span class="sr">{sloState(slo, isAway).word}, left </span>
            <BudgetBar remaining={slo.budget.remaining} isDoubtful={isDoubtful(slo, isAway)} />
          </a>
        ) : (
          <span class="muted">{NOTHING}</span>
        )}
      </td>
      <td class="cell-spark">
        {none ? (
          <a href={router.link('/setup', { app: row.app })}>Finish set-up</a>
        ) : (
          <Sparkline
            values={row.sparkline}
            label={`${plural(row.requests, 'request')} in the last 60 minutes`}
          />
        )}
      </td>
      <td class="num" data-label="Req/min">
        {row.requestsPerMinute === null ? NOTHING : formatNumber(row.requestsPerMinute)}
      </td>
      <td class={`num${state.word === 'failing' ? ' bad' : ''}`} data-label="Failed">
        {row.lowTraffic && row.requests > 0 ? (
          <span class="muted" title={`${plural(row.requests, 'request')} in the hour: too few for a share`}>
            low traffic
          </span>
        ) : (
          <span class="figure">
            {formatRatio(row.failedRatio)}
            <Change now={row.failedRatio} before={row.failedRatioWeekAgo} kind="ratio" />
          </span>
        )}
      </td>
      <td class="num" data-label="p95">
        <span class="figure">
          {formatMs(row.p95Ms)}
          <Change now={row.p95Ms} before={row.p95MsWeekAgo} kind="ms" />
        </span>
      </td>
      <td class="cell-later" data-label="Top code">
        {row.topCode ? (
          <a
            class={blames(table.get(row.topCode.code)) ? '' : 'aside'}
            title={table.get(row.topCode.code)?.title}
            href={router.link(`${base}/codes/${encodeURIComponent(row.topCode.code)}`)}
          >
            <span class="mono">{row.topCode.code}</span> ×{formatCount(row.topCode.count)}
          </a>
        ) : (
          <span class="muted">{NOTHING}</span>
        )}
      </td>
      <td class={`cell-later num${(row.worstMemory?.ratio ?? 0) > 1 ? ' warn' : ''}`} data-label="Memory">
        {row.worstMemory ? (
          <span title={showHidden(row.worstMemory.dyno)}>
            {formatRatio(row.worstMemory.ratio)}
            <span class="muted small"> {showHidden(row.worstMemory.dyno)}</span>
          </span>
        ) : (
          NOTHING
        )}
      </td>
      <td class="cell-release" data-label="Release">
        {row.lastRelease ? (
          <>
            <span class="mono">v{row.lastRelease.version}</span>{' '}
            <span class="muted small">{formatAgo(row.lastRelease.atMs, nowMs)}</span>
          </>
        ) : (
          <span class="muted">{NOTHING}</span>
        )}
      </td>
      <td class={`cell-age num${row.health.state === 'silent' ? ' bad' : ''}`} data-label="Data age">
        <a class="plain" href={router.link(`${base}/health`)}>
          {through === null ? 'none yet' : formatSpan(nowMs - through)}
        </a>
      </td>
    </tr>
  );
}

function Change({ now, before, kind }: { now: number | null; before: number | null; kind: 'ratio' | 'ms' }) {
  const change = changeOf(now, before, kind);
  if (!change) return null;
  const text = kind === 'ratio' ? formatRatio(before) : formatMs(before);
  return (
    <span class={`change change-${change}`} title={`Same hour one week ago: ${text}`}>
      <span aria-hidden="true">{change === 'up' ? '▲' : '▼'}</span>
      <span class="sr">{change === 'up' ? ' up' : ' down'} </span> from {text}
    </span>
  );
}
