/** One app of the fleet. Everything in it leads to where it is explained. */
import { useComputed } from '@preact/signals';
import type { FleetRow } from '../../api/contract/apps.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { showHidden } from '../clean.ts';
import { type Change, latencyChange, ratioChange } from '../fleetChange.ts';
import { burnOf, type FleetItem, type ObjectivesDoubt } from '../fleetItems.ts';
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
import type { Clock } from '../state/clock.ts';

/** What every row needs to know besides its app; the same for all of them, so that 200 rows ask nothing themselves. */
export interface Around {
  /** A path of ours with the range and zone of the page. */
  link(path: string, query?: Record<string, string>): string;
  clock: Clock;
  isAway: boolean;
  /** null: objectives are as new as the rows. */
  objectives: ObjectivesDoubt | null;
}

interface Props {
  item: FleetItem;
  around: Around;
  /** Name of the group it stands in; an app with several tags has a row in each. */
  group: string;
}

export function FleetRowView({ item, around, group }: Props) {
  const { row, level } = item;
  const { link } = around;
  const base = `/a/${encodeURIComponent(row.app)}`;
  const isWaiting = row.health.state === 'waiting';
  const sayId = `say-${group}-${row.app}`.replaceAll(/[^\w-]/g, '_');
  // Cells are plain functions: a component each would cost 200 rows more than what they draw.
  return (
    <tr data-row class={`row-${level}${isWaiting ? ' row-waiting' : ''}`}>
      <td class="cell-state">
        {stateCell(item, base, around)}
        <span id={sayId} hidden>
          {sayRow(item)}
        </span>
      </td>
      <th scope="row" class="cell-app">
        <a href={link(base)} aria-describedby={sayId}>
          {showHidden(row.app)}
        </a>
        {row.labels.stage && <span class="stage muted small"> {showHidden(row.labels.stage)}</span>}
      </th>
      <td class="cell-slo" data-label="Budget">
        {budgetCell(item, around)}
      </td>
      <td class="cell-burn num" data-label="Burn 1 h · 6 h">
        {burnCell(item, around)}
      </td>
      <td class="cell-rate num" data-label="Req/min">
        {rateCell(row, around)}
      </td>
      <td class={`num${isBad(row) ? ' bad' : ''}`} data-label="Failed">
        {failedCell(row)}
      </td>
      <td class="num" data-label="p95">
        {latencyCell(row)}
      </td>
      <td class="cell-later" data-label="Top code">
        {codeCell(row, base, around)}
      </td>
      <td class={`cell-memory num${(row.worstMemory?.ratio ?? 0) > 1 ? ' warn' : ''}`} data-label="Memory">
        {memoryCell(row, base, around)}
      </td>
      <td class="cell-release" data-label="Release">
        {releaseCell(row, base, around)}
      </td>
      <td class={`cell-age num${row.health.state === 'silent' ? ' bad' : ''}`} data-label="Data age">
        <a class="plain" href={link(`${base}/health`)}>
          <Age throughMs={row.health.dataThroughMs} clock={around.clock} />
        </a>
      </td>
    </tr>
  );
}

function isBad(row: FleetRow): boolean {
  return (row.failedRatioNow ?? row.failedRatio ?? 0) >= 0.01 && !row.lowTraffic;
}

function stateCell({ row, level, word }: FleetItem, base: string, { link }: Around) {
  const { incidents } = row;
  const isTold = incidents !== null && (word === 'firing' || word === 'ticket');
  return (
    <>
      {isTold ? (
        <a class="plain" href={link(incidentPath(incidents.id))}>
          {StateWord({ level, word })}
        </a>
      ) : (
        StateWord({ level, word })
      )}
      {isTold && incidents.unacknowledged === 0 && (
        <span class="muted small" title="Somebody has acknowledged it">
          {' '}
          acked
        </span>
      )}
      {row.health.lostMessages > 0 && (
        <a class="lost small" href={link(`${base}/health`)}>
          ≤ {formatCount(row.health.lostMessages)} lost
        </a>
      )}
    </>
  );
}

const nothing = () => <span class="muted">{NOTHING}</span>;

/** Where objectives were never loaded, it is not known whether there is one. */
export function noObjective(doubt: ObjectivesDoubt | null) {
  return doubt?.asOfMs === null ? (
    <span class="muted">{doubt.isLoading ? '…' : 'not known'}</span>
  ) : (
    nothing()
  );
}

function budgetCell({ slo }: FleetItem, { link, isAway, objectives }: Around) {
  if (!slo) return noObjective(objectives);
  const isOld = isAway || objectives !== null;
  const state = sloState(slo, isOld);
  const title = `${showHidden(slo.title)}: ${state.word}`;
  return (
    <a class="plain" href={link(sloListPath(slo.app))} title={title}>
      {StateGlyph({ level: state.level })}
      <span class="sr">{state.word}, left </span>
      {BudgetBar({ remaining: slo.budget.remaining, isDoubtful: isDoubtful(slo, isOld), isOld })}
    </a>
  );
}

function burnCell({ fastest }: FleetItem, { link, isAway, objectives }: Around) {
  const [hour, six] = fastest?.burn ?? [];
  if (!fastest || !hour || hour.burn === null) return nothing();
  const isOld = isAway || objectives !== null;
  return (
    <a
      class={`plain burn-${burnLevel(hour)}`}
      href={link(sloPath(fastest.app, fastest.slug))}
      title={showHidden(fastest.title)}
    >
      {isOld && <span class="muted">was </span>}
      {formatBurn(shortBurn(burnOf(fastest, 0)))}
      <span class="muted small"> · {formatBurn(shortBurn(six?.burn ?? 0))}</span>
    </a>
  );
}

/** Two digits do: nobody acts on the third. */
export function shortBurn(burn: number): number {
  return burn >= 10 ? Math.round(burn) : Number(burn.toFixed(1));
}

function rateCell(row: FleetRow, { link }: Around) {
  if (row.health.state === 'waiting') return <a href={link('/setup', { app: row.app })}>Finish set-up</a>;
  return (
    <span class="rate">
      {Sparkline({
        values: row.sparkline,
        label: `${plural(row.requests, 'request')} in the last 60 minutes`,
      })}
      <span class="rate-figure">
        {row.requestsPerMinute === null ? NOTHING : formatNumber(row.requestsPerMinute)}
      </span>
    </span>
  );
}

export function failedCell(row: FleetRow) {
  if (row.lowTraffic && row.requests > 0)
    return (
      <span class="muted" title={`${plural(row.requests, 'request')} in the hour: too few for a share`}>
        low traffic
      </span>
    );
  const change = ratioChange(row.failedRatio, row.failedRatioWeekAgo, row.requests, row.requestsWeekAgo);
  return figure(formatRatio(row.failedRatio), change, formatRatio(row.failedRatioWeekAgo));
}

export function latencyCell(row: FleetRow) {
  const change = latencyChange(row.p95Ms, row.p95MsWeekAgo, row.requests, row.requestsWeekAgo);
  return figure(formatMs(row.p95Ms), change, formatMs(row.p95MsWeekAgo));
}

function figure(value: string, change: Change, before: string) {
  if (!change) return <span class="figure">{value}</span>;
  return (
    <span class="figure">
      {value}
      <span class={`change change-${change}`} title={`Same hour one week ago: ${before}`}>
        <span class="sr">{change === 'up' ? ' up from ' : ' down from '}</span>
        {before}
        <span aria-hidden="true"> →</span>
      </span>
    </span>
  );
}

function codeCell({ topCode }: FleetRow, base: string, { link }: Around) {
  if (!topCode) return nothing();
  // A code that costs availability or tells of the app's own trouble; others stand aside in grey.
  return (
    <a
      class={topCode.blames ? '' : 'aside'}
      title={topCode.title}
      href={link(`${base}/codes/${encodeURIComponent(topCode.code)}`)}
    >
      <span class="mono">{topCode.code}</span> ×{formatCount(topCode.count)}
    </a>
  );
}

function memoryCell({ worstMemory }: FleetRow, base: string, { link }: Around) {
  if (!worstMemory) return nothing();
  const { dyno, ratio } = worstMemory;
  return (
    <a class="plain" href={link(`${base}/dynos`)} title={`${showHidden(dyno)}, of its quota`}>
      {formatRatio(ratio)}
      <span class="muted small"> {showHidden(dyno)}</span>
    </a>
  );
}

function releaseCell({ lastRelease }: FleetRow, base: string, { link, clock }: Around) {
  if (!lastRelease) return nothing();
  return (
    <a class="plain" href={link(`${base}/releases/${lastRelease.version}`)}>
      <span class="mono">v{lastRelease.version}</span>{' '}
      <span class="muted small">
        {formatAgo(lastRelease.atMs, clock.now())}
        {lastRelease.by && <span class="by"> · {showHidden(lastRelease.by)}</span>}
      </span>
    </a>
  );
}

/** Bound to the clock by itself: a second that passes draws no row again. */
export function Age({ throughMs, clock }: { throughMs: number | null; clock: Clock }) {
  const text = useComputed(() =>
    throughMs === null ? 'none yet' : formatSpan(Math.max(0, clock.nowMs.value - throughMs)),
  );
  return <>{text}</>;
}
