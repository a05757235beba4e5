/** One objective in detail. */

import type { z } from 'zod';
import { recoveries } from '../../model/budget.ts';
import { sayLeft } from '../../model/budget-left.ts';
import { closedEvaluation } from '../../model/closing.ts';
import { sayCount, sayInstant, sayNumber, saySpan } from '../../model/notice-numbers.ts';
import { exportOpenSlo } from '../../model/openslo-export.ts';
import { periodAt } from '../../model/period.ts';
import { MINUTE } from '../../model/time.ts';
import { type AppRow, listApps } from '../../store/apps.ts';
import { listIncidents } from '../../store/incidents.ts';
import type { Client } from '../../store/pool.ts';
import { readEvents } from '../../store/reads/events.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import type { SloVersionRow } from '../../store/slos.ts';
import type { BudgetAnswer, SloDetailAnswer, SloRow, SloVersionAnswer } from '../contract/slos.ts';
import { describeEvent } from '../event-text.ts';
import { rangeQuery, readSpan } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { toGap } from '../shape.ts';
import { listCorrectionsOf } from '../slo-corrections.ts';
import { membersOf, readFacts, type SloFacts, withSums } from '../slo-facts.ts';
import { budgetLine, burnLine, planLine, project, requestLine, toRangeAnswer } from '../slo-lines.ts';
import { sayChanges, sayCounting } from '../slo-text.ts';
import { budgetAt, buildView, burnOf, describeSlo, describeTiers, type SloView } from '../slo-view.ts';
import { describeAll, needSlo } from './slos.ts';

const EVENTS_MAX = 500;
const INCIDENTS_MAX = 50;
const WINDOWS = [5, 30, 60, 360, 1440, 4320] as const;
const DAY_MINUTES = 1440;
/** Counts of a smaller share of the period are shown alone, but never less than an hour. */
const YOUNG_SHARE = 0.3;
const YOUNG_MIN_MINUTES = 60;

export const sloDetailRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/slos/:id',
    permission: 'viewer',
    part: 'dashboards',
    summary:
      'Everything on the page of an objective; id is its uuid or slug, the range its period when left out',
    answer: 'SloDetailAnswer',
    query: rangeQuery,
    handle: detail,
  }),
];

async function detail(call: Call<undefined, z.output<typeof rangeQuery>>): Promise<SloDetailAnswer> {
  const { deps, app, params, query, nowMs } = call;
  const minute = closedEvaluation(nowMs);
  return reading(deps.pool, async (db) => {
    const slo = await needSlo(db, app, params.id);
    const { facts, members } = await readFacts(db, [slo], minute);
    const [own] = facts as [SloFacts];
    const span = readSpan(query, nowMs, shownMs(own, minute));
    const line = planLine(span.fromMs, span.toMs, minute);
    const names = new Map((await listApps(db)).map((row) => [row.id, row.name]));
    const drawn = await withSums(db, (sumsOf) => {
      const view = buildView(own, app.name, minute, sumsOf);
      const uncorrected = { ...own, parts: own.parts.map((part) => ({ ...part, corrected: [] })) };
      const isCorrected = own.parts.some((part) => part.corrected.length > 0) && own.slices === null;
      const raw = isCorrected ? buildView(uncorrected, app.name, minute, sumsOf) : null;
      const memberRows = describeAll(
        membersOf(slo).flatMap((id) => members.get(id) ?? []),
        members,
        names,
        minute,
        sumsOf,
      );
      const row = describeSlo(view, memberRows);
      return {
        slo: { ...row, budget: { ...row.budget, recovers: largestRecovery(view) } },
        verdict: sayVerdict(row, nowMs),
        budgetLine: budgetLine(view, line, raw),
        projections: project(view),
        tiers: describeTiers(view),
        burn: WINDOWS.map((minutes) => burnOf(view, minutes)),
        requests: requestLine(view, line),
        burnLine: burnLine(view, line),
        members: memberRows,
      };
    });
    const { definition } = slo.version;
    return {
      nowMs,
      countedThroughMs: minute * MINUTE,
      definition,
      counting: sayCounting(definition),
      range: toRangeAnswer(line, minute),
      ...drawn,
      ...(await readAround(db, app, own, line.fromMinute * MINUTE, line.toMinute * MINUTE)),
      versions: describeVersions(own.versions),
      text: exportOpenSlo([{ slug: slo.slug, app: app.name, definition }]),
    };
  });
}

/**
 * The period as it is now: a rolling one to this minute, a calendar one from its start. While most of it lies before
 * the first line of the app, from there on: a chart of days without data shows nothing of the hours with some.
 */
function shownMs({ slo, parts }: SloFacts, minute: number): number {
  const { from } = periodAt(slo.version.definition.period, minute);
  const first = Math.min(...parts.map(({ spans }) => spans.firstMinute ?? minute));
  const known = minute - first;
  const shown = known < YOUNG_SHARE * (minute - from) ? Math.max(known, YOUNG_MIN_MINUTES) : minute - from;
  return (shown + 1) * MINUTE;
}

async function readAround(db: Client, app: AppRow, { slo }: SloFacts, fromMs: number, toMs: number) {
  const events = await readEvents(db, { appId: app.id, fromMs, toMs, limit: EVENTS_MAX });
  const gaps = await readGaps(db, app.id, fromMs, toMs);
  const filter = { appIds: [app.id], states: [], severities: [], sloId: slo.id };
  const incidents = await listIncidents(db, filter, { limit: INCIDENTS_MAX });
  return {
    gaps: gaps.map(toGap),
    events: events.map(describeEvent).reverse(),
    corrections: await listCorrectionsOf(db, slo, fromMs, toMs),
    incidents: incidents.map(({ id, number, title, severity, openedAtMs, resolved }) => ({
      id,
      number,
      title,
      severity,
      openedAtMs,
      resolvedAtMs: resolved?.atMs ?? null,
    })),
  };
}

/** The largest piece of the budget that comes back by itself: bad days that age out of a rolling period. */
function largestRecovery(view: SloView): BudgetAnswer['recovers'] {
  const { period, budgeting } = view.facts.slo.version.definition;
  if (period.kind !== 'rolling' || budgeting.kind !== 'occurrences') return null;
  const days = Array.from({ length: period.days }, (_, at) => {
    const to = view.minute - (period.days - 1 - at) * DAY_MINUTES;
    const from = to - DAY_MINUTES;
    return { from, to, bad: view.windows.sum(from, to).bad };
  });
  const { allowed } = budgetAt(view, view.minute).budget;
  const [largest] = recoveries(days, allowed, period.days).toSorted((a, b) => b.share - a.share);
  return largest ? { atMs: largest.atMinute * MINUTE, share: largest.share } : null;
}

/** The sentence over the tiles: how it stands, what is left, how fast it goes. */
export function sayVerdict(slo: SloRow, nowMs: number): string {
  const { budget } = slo;
  if (budget.remaining === null) {
    return slo.state === 'noData'
      ? 'No line of this app for longer than is usual: nothing is known.'
      : 'No requests in this period yet.';
  }
  const left =
    budget.remaining > 0
      ? `${sayLeft(budget.remaining)} of the budget is left: ${sayCount(Math.max(0, budget.allowed - budget.bad))} of ${sayCount(budget.allowed)} bad ${budget.unit === 'slices' ? 'slices' : 'requests'}.`
      : `The budget is spent ${sayNumber(1 - budget.remaining)} times over: ${sayCount(budget.bad)} bad, ${sayCount(budget.allowed)} allowed.`;
  const parts = [sayState(slo, nowMs), left];
  const burn = slo.burn[0]?.burn;
  if (burn !== null && burn !== undefined) parts.push(`In the last hour it burned ${sayNumber(burn)}×.`);
  if (budget.exhaustedAtMs !== null && budget.remaining > 0) {
    parts.push(`At this rate it is gone in ${saySpan(budget.exhaustedAtMs - nowMs)}.`);
  }
  if (budget.verdict === 'unknown') {
    parts.push(
      `${sayCount(budget.missingMinutes)} min without data and ${sayCount(budget.uncertainMinutes)} min with lost lines: it cannot be called met.`,
    );
  }
  return parts.filter((part) => part !== '').join(' ');
}

function sayState({ state, sinceMs, severity, held }: SloRow, nowMs: number): string {
  const since = sinceMs === null ? '' : ` since ${sayInstant(sinceMs, nowMs)}`;
  switch (state) {
    case 'firing':
      return `${severity === 'page' ? 'Paging' : 'Alerting'}${since}.`;
    case 'held':
      return `No data since ${sayInstant(held?.sinceMs ?? nowMs, nowMs)}; last known: alerting${since}.`;
    case 'noData':
      return `No data${since}.`;
    default:
      return '';
  }
}

function describeVersions(versions: readonly SloVersionRow[]): SloVersionAnswer[] {
  return versions
    .map((row, at): SloVersionAnswer => {
      const before = versions[at - 1];
      return {
        version: row.version,
        validFromMs: row.validFromS * 1000,
        validToMs: row.validToS === null ? null : row.validToS * 1000,
        author: row.author,
        createdAtMs: row.createdAtMs,
        target: row.definition.target,
        changes: before ? sayChanges(before.definition, row.definition) : [],
        definition: row.definition,
      };
    })
    .reverse();
}
