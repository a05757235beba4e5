/** One app of the fleet. Everything in it leads to where it is explained. */
import { useComputed } from '@preact/signals';
import type { FleetRow } from '../../api/contract/apps.ts';
import type { CodeInfo } from '../../api/contract/codes.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { showHidden } from '../clean.ts';
import type { CodeTable } from '../failures.ts';
import { type Change, latencyChange, ratioChange } from '../fleetChange.ts';
import { burnOf, type FleetItem } from '../fleetItems.ts';
import { sayRow } from '../fleetSentence.ts';
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
import { StateGlyph, StateWord } from '../parts/state.tsx';
import { incidentPath, sloListPath, sloPath } from '../paths.ts';
import { burnLevel, formatBurn, isDoubtful, sloState } from '../sloWords.ts';
import { useApp } from '../state/context.ts';

interface Props {
  item: FleetItem;
  codes: CodeTable;
  /** Name of the group it stands in; an app with several tags has a row in each. */
  group: string;
}

export function FleetRowView({ item, codes, group }: Props) {
  const { router } = useApp();
  const { row, level } = item;
  const base = `/a/${encodeURIComponent(row.app)}`;
  const isWaiting = row.health.state === 'waiting';
  const sayId = `say-${group}-${row.app}`.replaceAll(/[^\w-]/g, '_');
  return (
    <tr data-row class={`row-${level}${isWaiting ? ' row-waiting' : ''}`}>
      <td class="cell-state">
        <StateCell item={item} base={base} />
        <span id={sayId} hidden>
          {sayRow(item)}
        </span>
      </td>
      <th scope="row" class="cell-app">
        <a href={router.link(base)} aria-describedby={sayId}>
          {showHidden(row.app)}
        </a>
        {row.labels.stage && <span class="stage muted small"> {showHidden(row.labels.stage)}</span>}
      </th>
      <td class="cell-slo" data-label="Budget">
        <BudgetCell item={item} />
      </td>
      <td class="cell-burn num" data-label="Burn 1 h · 6 h">
        <BurnCell item={item} />
      </td>
      <td class="cell-rate num" data-label="Req/min">
        <RateCell row={row} />
      </td>
      <td
        class={`num${item.word === 'failing' || (item.rank === 0 && isBad(row)) ? ' bad' : ''}`}
        data-label="Failed"
      >
        <FailedCell row={row} />
      </td>
      <td class="num" data-label="p95">
        <LatencyCell row={row} />
      </td>
      <td class="cell-later" data-label="Top code">
        <CodeCell row={row} base={base} codes={codes} />
      </td>
      <td class={`cell-memory num${(row.worstMemory?.ratio ?? 0) > 1 ? ' warn' : ''}`} data-label="Memory">
        <MemoryCell row={row} base={base} />
      </td>
      <td class="cell-release" data-label="Release">
        <ReleaseCell row={row} base={base} />
      </td>
      <td class={`cell-age num${row.health.state === 'silent' ? ' bad' : ''}`} data-label="Data age">
        <a class="plain" href={router.link(`${base}/health`)}>
          <Age row={row} />
        </a>
      </td>
    </tr>
  );
}

function isBad(row: FleetRow): boolean {
  return (row.failedRatioNow ?? row.failedRatio ?? 0) >= 0.01 && !row.lowTraffic;
}

function StateCell({ item, base }: { item: FleetItem; base: string }) {
  const { router } = useApp();
  const { row, level, word } = item;
  const { incidents } = row;
  const isTold = incidents !== null && (word === 'firing' || word === 'ticket');
  return (
    <>
      {isTold ? (
        <a class="plain" href={router.link(incidentPath(incidents.id))}>
          <StateWord level={level} word={word} />
        </a>
      ) : (
        <StateWord level={level} word={word} />
      )}
      {isTold && incidents.unacknowledged === 0 && (
        <span class="muted small" title="Somebody has acknowledged it">
          {' '}
          acked
        </span>
      )}
      {row.health.lostMessages > 0 && (
        <a class="lost small" href={router.link(`${base}/health`)}>
          ≤ {formatCount(row.health.lostMessages)} lost
        </a>
      )}
    </>
  );
}

function BudgetCell({ item: { slo } }: { item: FleetItem }) {
  const { router, instance } = useApp();
  if (!slo) return <span class="muted">{NOTHING}</span>;
  const isAway = instance.awaySinceMs.value !== null;
  const state = sloState(slo, isAway);
  return (
    <a
      class="plain"
      href={router.link(sloListPath(slo.app))}
      title={`${showHidden(slo.title)}: ${state.word}`}
    >
      <StateGlyph level={state.level} />
      <span class="sr">{state.word}, left </span>
      <BudgetBar remaining={slo.budget.remaining} isDoubtful={isDoubtful(slo, isAway)} />
    </a>
  );
}

function BurnCell({ item: { fastest } }: { item: FleetItem }) {
  const { router } = useApp();
  const [hour, six] = fastest?.burn ?? [];
  if (!fastest || !hour || hour.burn === null) return <span class="muted">{NOTHING}</span>;
  return (
    <a
      class={`plain burn-${burnLevel(hour)}`}
      href={router.link(sloPath(fastest.app, fastest.slug))}
      title={showHidden(fastest.title)}
    >
      {formatBurn(shortBurn(burnOf(fastest, 0)))}
      <span class="muted small"> · {formatBurn(shortBurn(six?.burn ?? 0))}</span>
    </a>
  );
}

/** Two digits do: nobody acts on the third. */
function shortBurn(burn: number): number {
  return burn >= 10 ? Math.round(burn) : Number(burn.toFixed(1));
}

function RateCell({ row }: { row: FleetRow }) {
  const { router } = useApp();
  if (row.health.state === 'waiting')
    return <a href={router.link('/setup', { app: row.app })}>Finish set-up</a>;
  return (
    <span class="rate">
      <Sparkline values={row.sparkline} label={`${plural(row.requests, 'request')} in the last 60 minutes`} />
      <span class="rate-figure">
        {row.requestsPerMinute === null ? NOTHING : formatNumber(row.requestsPerMinute)}
      </span>
    </span>
  );
}

function FailedCell({ row }: { row: FleetRow }) {
  if (row.lowTraffic && row.requests > 0)
    return (
      <span class="muted" title={`${plural(row.requests, 'request')} in the hour: too few for a share`}>
        low traffic
      </span>
    );
  const change = ratioChange(row.failedRatio, row.failedRatioWeekAgo, row.requests, row.requestsWeekAgo);
  return (
    <span class="figure">
      {formatRatio(row.failedRatio)}
      <ChangeMark change={change} before={formatRatio(row.failedRatioWeekAgo)} />
    </span>
  );
}

function LatencyCell({ row }: { row: FleetRow }) {
  const change = latencyChange(row.p95Ms, row.p95MsWeekAgo, row.requests, row.requestsWeekAgo);
  return (
    <span class="figure">
      {formatMs(row.p95Ms)}
      <ChangeMark change={change} before={formatMs(row.p95MsWeekAgo)} />
    </span>
  );
}

function ChangeMark({ change, before }: { change: Change; before: string }) {
  if (!change) return null;
  return (
    <span class={`change change-${change}`} title={`Same hour one week ago: ${before}`}>
      <span class="sr">{change === 'up' ? ' up from ' : ' down from '}</span>
      {before}
      <span aria-hidden="true"> →</span>
    </span>
  );
}

function CodeCell({ row, base, codes }: { row: FleetRow; base: string; codes: CodeTable }) {
  const { router } = useApp();
  if (!row.topCode) return <span class="muted">{NOTHING}</span>;
  const info = codes.get(row.topCode.code);
  return (
    <a
      class={blames(info) ? '' : 'aside'}
      title={info?.title}
      href={router.link(`${base}/codes/${encodeURIComponent(row.topCode.code)}`)}
    >
      <span class="mono">{row.topCode.code}</span> ×{formatCount(row.topCode.count)}
    </a>
  );
}

/** A code that costs availability or tells of the app's own trouble; others stand aside in grey. */
function blames(info: CodeInfo | undefined): boolean {
  return !info || info.countsAgainstAvailability || info.code.startsWith('R');
}

function MemoryCell({ row, base }: { row: FleetRow; base: string }) {
  const { router } = useApp();
  if (!row.worstMemory) return <span class="muted">{NOTHING}</span>;
  const { dyno, ratio } = row.worstMemory;
  return (
    <a class="plain" href={router.link(`${base}/dynos`)} title={`${showHidden(dyno)}, of its quota`}>
      {formatRatio(ratio)}
      <span class="muted small"> {showHidden(dyno)}</span>
    </a>
  );
}

function ReleaseCell({ row, base }: { row: FleetRow; base: string }) {
  const { router } = useApp();
  const { lastRelease } = row;
  if (!lastRelease) return <span class="muted">{NOTHING}</span>;
  return (
    <a class="plain" href={router.link(`${base}/releases/${lastRelease.version}`)}>
      <span class="mono">v{lastRelease.version}</span>{' '}
      <span class="muted small">
        <Ago atMs={lastRelease.atMs} />
        {lastRelease.by && <span class="by"> · {showHidden(lastRelease.by)}</span>}
      </span>
    </a>
  );
}

/** Bound to the clock by itself: a second that passes draws no row again. */
function Ago({ atMs }: { atMs: number }) {
  const { clock } = useApp();
  const text = useComputed(() => formatAgo(atMs, clock.nowMs.value));
  return <>{text}</>;
}

function Age({ row }: { row: FleetRow }) {
  const { clock } = useApp();
  const throughMs = row.health.dataThroughMs;
  return throughMs === null ? <>none yet</> : <AgeOf key={throughMs} throughMs={throughMs} clock={clock} />;
}

function AgeOf({ throughMs, clock }: { throughMs: number; clock: ReturnType<typeof useApp>['clock'] }) {
  const text = useComputed(() => formatSpan(Math.max(0, clock.nowMs.value - throughMs)));
  return <>{text}</>;
}
