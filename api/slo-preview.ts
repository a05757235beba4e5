/** What an objective would have done over stored history: the engine of evaluations, over counts that were kept. */

import { backtest } from '../model/backtest.ts';
import { budgetOf, countSlices, SLICE_UNITS } from '../model/budget.ts';
import { historyLength, perWeek } from '../model/history-length.ts';
import { nominalMinutes } from '../model/period.ts';
import type { SloDefinition } from '../model/slo.ts';
import { estimateOf } from '../model/slo-estimate.ts';
import { countsAsUsual } from '../model/slo-usual.ts';
import { targetOf, toNumber } from '../model/target.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { type MinuteCount, type MinuteRange, MinuteSeries } from '../model/window-sums.ts';
import type { Client } from '../store/pool.ts';
import { readEstimatedMinutes } from '../store/reads/slo-history.ts';
import { type AppSpans, readAppSpans } from '../store/reads/slo-spans.ts';
import type { MinuteCounts } from '../store/slo-hours.ts';
import type { BacktestTierAnswer, SloPreviewAnswer } from './contract/slos.ts';
import type { Columns } from './contract/time.ts';
import type { ApiDeps } from './deps.ts';
import { addUp, readCompositeHistory } from './slo-composite-history.ts';
import { minutesOf } from './slo-slices.ts';
import { nameWindow, sayCounting } from './slo-text.ts';

/** Buckets of a minute are kept 30 days as a rule; older ones cannot say when a page would have come. */
export const PREVIEW_DAYS_MAX = 30;
export const PREVIEW_DAYS_DEFAULT = 14;
const POINTS_MAX = 240;
const LOW_TRAFFIC_EVENTS = 60;

/** Minutes of history, from a whole hour on; `minute`: the newest evaluation. */
export function previewRange(minute: number, days: number): MinuteRange {
  return { from: Math.floor((minute - days * 1440) / 60) * 60, to: minute };
}

export interface History {
  counts: MinuteCounts;
  spans: AppSpans;
  /** From this minute on counts are exact; the end of the range when none is. */
  exactFromMinute: number;
  /** Before it nothing is known. */
  knownFromMinute: number;
  /** Why what lies before cannot be told; '' otherwise. */
  fault: string;
  /** What else whoever reads it has to know. */
  notes: readonly string[];
}

/** The log holds a day of requests. */
const LOG_MS = 23 * HOUR;

/** Counts of a definition over a range: a composite's from its members', others from buckets. */
export async function readHistory(
  db: Client,
  appId: number,
  definition: SloDefinition,
  range: MinuteRange,
  countInLog?: ApiDeps['countInLog'],
): Promise<History> {
  const { indicator } = definition;
  if (indicator.kind === 'composite') return readCompositeHistory(db, indicator.members, range);
  const spans = (await readAppSpans(db, [appId], range.from, range.to)).get(appId);
  if (!spans) throw new Error('the app was not answered for');
  const estimate = estimateOf(definition);
  const isLatency = indicator.kind === 'latency';
  const { counts, knownFromMinute } = estimate.ok
    ? await readEstimatedMinutes(db, appId, estimate.value, range, isLatency)
    : { counts: addUp([], range), knownFromMinute: range.to };
  if (countsAsUsual(definition))
    return { counts, spans, exactFromMinute: knownFromMinute, knownFromMinute, fault: '', notes: [] };
  const toMs = range.to * MINUTE;
  const fromMs = Math.max(range.from * MINUTE, toMs - LOG_MS);
  const logged = await countInLog?.({ appId, definition, fromMs, toMs });
  const exactFromMinute = logged?.fromMinute ?? range.to;
  for (let minute = exactFromMinute; minute < range.to; minute++) {
    counts.events[minute - range.from] = 0;
    counts.bad[minute - range.from] = 0;
  }
  for (const { minute, events, bad } of logged?.minutes ?? []) {
    if (minute < range.from || minute >= range.to) continue;
    counts.events[minute - range.from] = events;
    counts.bad[minute - range.from] = bad;
  }
  return {
    counts,
    spans,
    exactFromMinute,
    knownFromMinute: Math.min(knownFromMinute, exactFromMinute),
    fault: estimate.ok ? '' : estimate.error,
    notes: [],
  };
}

/** Minutes without a live drain are unknown, not zero. */
export function knownMinutes({ counts, spans, knownFromMinute }: History, range: MinuteRange): MinuteCount[] {
  const before = { from: range.from, to: Math.max(spans.firstMinute ?? range.to, knownFromMinute) };
  return minutesOf(counts, range, [...spans.quiet, before]);
}

export function previewOf(definition: SloDefinition, history: History, range: MinuteRange): SloPreviewAnswer {
  const minutes = knownMinutes(history, range);
  const target = targetOf(definition.target);
  const { firing } = backtest(minutes, {
    target,
    periodMinutes: nominalMinutes(definition.period),
    tiers: definition.tiers,
    useCoverage: definition.useCoverage,
    holdOnMissing: definition.holdOnMissing,
  });
  const tiers = definition.tiers.map(
    (tier, at): BacktestTierAnswer => ({
      severity: tier.severity,
      longWindow: nameWindow(tier.longMinutes),
      shortWindow: nameWindow(tier.shortMinutes),
      factor: tier.factor,
      firing: (firing[at] ?? []).map(([from, to]) => ({
        fromMs: (range.from + from) * MINUTE,
        toMs: to === null ? null : (range.from + to) * MINUTE,
      })),
    }),
  );
  const begins = Math.max(range.from, history.spans.firstMinute ?? range.to, history.knownFromMinute);
  const length = historyLength(range.to - range.from, Math.max(0, range.to - begins));
  const pages = countIncidents(tiers, 'page');
  const tickets = countIncidents(tiers, 'ticket');
  return {
    fromMs: range.from * MINUTE,
    toMs: range.to * MINUTE,
    sentence: sayPreview(pages, tickets, length.minutes),
    tiers,
    pages,
    tickets,
    pagesPerWeek: perWeek(pages, length),
    budget: budgetAnswer(definition, minutes),
    ...lines(minutes, range, definition),
    counting: sayCounting(definition),
    method: isExact(history) ? 'exact' : 'approximate',
    exactFromMs: history.exactFromMinute >= range.to ? null : history.exactFromMinute * MINUTE,
    warnings: [
      ...history.notes,
      ...warningsOf(history, minutes),
      ...(history.fault === '' && length.minutes > 0 && length.warning !== '' ? [length.warning] : []),
    ],
  };
}

/** Whether all that is known is: a past that cannot be told is none. */
function isExact({ exactFromMinute, knownFromMinute, fault }: History): boolean {
  return fault === '' && exactFromMinute <= knownFromMinute;
}

/** Firings that overlap, or follow within half an hour, are one incident; tickets during a page are the same fire. */
function countIncidents(tiers: readonly BacktestTierAnswer[], severity: 'page' | 'ticket'): number {
  const spans = (of: 'page' | 'ticket') =>
    tiers
      .filter((tier) => tier.severity === of)
      .flatMap(({ firing }) => firing)
      .map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? Number.POSITIVE_INFINITY }));
  const pages = severity === 'ticket' ? spans('page') : [];
  const sorted = spans(severity).sort((a, b) => a.fromMs - b.fromMs);
  let [count, endMs] = [0, Number.NEGATIVE_INFINITY];
  for (const { fromMs, toMs } of sorted) {
    const isPaged = pages.some((page) => page.fromMs < toMs && fromMs < page.toMs);
    if (fromMs > endMs + REOPEN_MS && !isPaged) count++;
    endMs = Math.max(endMs, toMs);
  }
  return count;
}

const REOPEN_MS = 30 * MINUTE;

function sayPreview(pages: number, tickets: number, minutes: number): string {
  const hours = Math.round(minutes / 60);
  const span = hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
  const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
  const paged = pages === 0 ? 'Would not have paged' : `Would have paged ${times(pages)}`;
  const more = tickets === 0 ? '' : `, and made ${tickets === 1 ? 'one ticket' : `${tickets} tickets`}`;
  return `${paged} in ${span}${more}.`;
}

function budgetAnswer(
  definition: SloDefinition,
  minutes: readonly MinuteCount[],
): SloPreviewAnswer['budget'] {
  const { budgeting, period } = definition;
  const own = minutes.slice(-nominalMinutes(period));
  const isSliced = budgeting.kind !== 'occurrences';
  const counted = isSliced ? countSlices(own, budgeting) : new MinuteSeries(0, own).sum(0, own.length);
  const scale = budgeting.kind === 'ratioTimeslices' ? SLICE_UNITS : 1;
  const { events, bad, allowed, remaining } = budgetOf([{ ...counted, target: targetOf(definition.target) }]);
  return {
    events: events / scale,
    bad: bad / scale,
    allowed: Math.floor(toNumber(allowed) / scale),
    achieved: events === 0 ? null : 1 - bad / events,
    remaining,
  };
}

/** Requests, and what would have been left of the budget that the range itself allows. */
function lines(
  minutes: readonly MinuteCount[],
  range: MinuteRange,
  definition: SloDefinition,
): Pick<SloPreviewAnswer, 'requests' | 'budgetLine'> {
  const step = Math.max(1, Math.ceil(minutes.length / POINTS_MAX));
  const series = new MinuteSeries(0, minutes);
  const starts = Array.from({ length: Math.ceil(minutes.length / step) }, (_, at) => at * step);
  const t = starts.map((start) => (range.from + start) * 60);
  const sums = starts.map((start) => series.sum(start, start + step));
  const target = targetOf(definition.target);
  const all = series.sum(0, minutes.length).events;
  const remaining = starts.map((start) => {
    const { bad } = series.sum(0, start + step);
    return budgetOf([{ events: all, bad, target }]).remaining;
  });
  const of = (pick: (sum: (typeof sums)[number]) => number) =>
    sums.map((sum) => (sum.covered === 0 ? null : pick(sum)));
  const column = (
    id: string,
    label: string,
    unit: string,
    values: (number | null)[],
  ): Columns['series'][number] => ({
    id,
    label,
    unit,
    values,
  });
  return {
    requests: {
      t,
      series: [
        column(
          'good',
          'Good',
          'count',
          of(({ events, bad }) => events - bad),
        ),
        column(
          'bad',
          'Bad',
          'count',
          of(({ bad }) => bad),
        ),
      ],
    },
    budgetLine: { t, series: [column('remaining', 'Budget left', 'fraction', remaining)] },
  };
}

function warningsOf(history: History, minutes: readonly MinuteCount[]): string[] {
  const { fault } = history;
  const known = minutes.filter(({ events }) => events !== null);
  const events = known.reduce((sum, minute) => sum + (minute.events ?? 0), 0);
  const warnings: string[] = [];
  if (fault !== '') {
    const before = known.length === 0 ? '' : ` before the last ${Math.round(known.length / 60)} h`;
    warnings.push(`History${before} cannot tell what this would have done: ${fault}.`);
  } else if (known.length === 0) warnings.push('Nothing of this app is stored for that time.');
  if (known.length > 0 && events === 0) warnings.push('No request of that time fits.');
  else if (known.length > 0 && events / known.length < LOW_TRAFFIC_EVENTS / 60) {
    warnings.push('There are few requests: single failures weigh much, and alerts come late.');
  }
  if (fault === '' && !isExact(history) && events > 0) {
    warnings.push('Older counts are from histograms and counts by one dimension: near, not exact.');
  }
  return warnings;
}
