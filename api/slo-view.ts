/** An objective as the list and its page show it. Pure: figures out of stored facts and sums of windows. */
import type { AlertMemory } from '../model/alert.ts';
import {
  type Budget,
  budgetByVersion,
  exhaustedAt,
  projectedRemaining,
  SLICE_UNITS,
  type VersionSpan,
} from '../model/budget.ts';
import { burnRate } from '../model/burn.ts';
import { nominalMinutes, periodAt } from '../model/period.ts';
import { type Fraction, targetOf, toNumber } from '../model/target.ts';
import { budgetShare } from '../model/tiers.ts';
import { MINUTE } from '../model/time.ts';
import { addSums, EMPTY_WINDOW, type MinuteRange, type WindowSource } from '../model/window-sums.ts';
import type { BudgetAnswer, BurnAnswer, SloRow, SloState, TierAnswer } from './contract/slos.ts';
import type { SloFacts } from './slo-facts.ts';
import { nameWindow, sayObjective, sayPeriod, sayTier } from './slo-text.ts';
import { buildWindows, Spans, type Sums } from './slo-windows.ts';

/** Windows of the list. */
const LIST_WINDOWS = [60, 360, 4320] as const;
const SPARKLINE_POINTS = 30;
const LEARNING_MINUTES = 1440;
const DAY_MINUTES = 1440;

/** What the figures of one objective are made of. */
export interface SloView {
  facts: SloFacts;
  app: string;
  minute: number;
  /** Requests. */
  windows: WindowSource;
  /** What the budget counts: requests, or slices. */
  budgeted: WindowSource;
  spans: VersionSpan[];
  target: Fraction;
}

export function buildView(
  facts: SloFacts,
  app: string,
  minute: number,
  sumsOf: (sloId: number) => Sums,
): SloView {
  const sources = facts.parts.map((part) => buildWindows(sumsOf(part.sloId), part.spans, part.corrected));
  const windows: WindowSource = {
    sum: (from, to) => sources.map((source) => source.sum(from, to)).reduce(addSums, EMPTY_WINDOW),
  };
  const definition = facts.slo.version.definition;
  return {
    facts,
    app,
    minute,
    windows,
    budgeted: facts.slices ?? windows,
    spans: spansOf(facts),
    target: targetOf(definition.target),
  };
}

/** Versions that were replaced before they began were never valid. */
function spansOf({ versions, slo }: SloFacts): VersionSpan[] {
  const spans = versions
    .filter(({ validFromS, validToS }) => validFromS !== validToS)
    .map(({ validFromS, validToS, definition }) => ({
      validFrom: validFromS / 60,
      validTo: validToS === null ? null : validToS / 60,
      target: targetOf(definition.target),
    }));
  const { validFromS, definition } = slo.version;
  return spans.length > 0
    ? spans
    : [{ validFrom: validFromS / 60, validTo: null, target: targetOf(definition.target) }];
}

/** The budget as an evaluation at `minute` sees it. */
export function budgetAt(view: SloView, minute: number): { budget: Budget; range: MinuteRange } {
  const whole = periodAt(view.facts.slo.version.definition.period, minute);
  const range = { from: whole.from, to: Math.min(whole.to, minute) };
  return { budget: budgetByVersion(view.spans, range, (from, to) => view.budgeted.sum(from, to)), range };
}

export function burnOf(view: SloView, minutes: number): BurnAnswer {
  const sum = view.windows.sum(view.minute - minutes, view.minute);
  const parts = Math.max(1, view.facts.parts.length);
  return {
    window: nameWindow(minutes),
    minutes,
    events: sum.events,
    bad: sum.bad,
    burn: burnRate(sum, view.target),
    coverage: Math.min(1, sum.covered / (minutes * parts)),
  };
}

export function describeBudget(view: SloView): BudgetAnswer {
  const { minute, facts } = view;
  const { definition } = facts.slo.version;
  const { period, budgeting } = definition;
  const whole = periodAt(period, minute);
  const { budget, range } = budgetAt(view, minute);
  const scale = budgeting.kind === 'ratioTimeslices' ? SLICE_UNITS : 1;
  const before = periodAt(period, minute, -1);
  const isCalendar = period.kind === 'calendar';
  const lastEvents = isCalendar ? view.budgeted.sum(before.from, before.to).events : 0;
  const unknown = countUnknown(facts, range);
  const burn = burnOf(view, 60).burn;
  const exhaustedMinute = exhaustedAt(period, budget.remaining, burn, minute, whole.to);
  return {
    fromMs: whole.from * MINUTE,
    toMs: whole.to * MINUTE,
    events: budget.events / scale,
    bad: budget.bad / scale,
    allowed: Math.floor(toNumber(budget.allowed) / scale),
    unit: budgeting.kind === 'occurrences' ? 'events' : 'slices',
    achieved: budget.events === 0 ? null : 1 - budget.bad / budget.events,
    remaining: budget.remaining,
    remainingProjected: isCalendar ? projectedRemaining(budget, lastEvents, view.target) : null,
    exhaustedAtMs: exhaustedMinute === null ? null : exhaustedMinute * MINUTE,
    verdict: verdictOf(budget, unknown),
    ...unknown,
    recovers: null,
    approximate: isApproximate(facts, range),
  };
}

interface Unknown {
  missingMinutes: number;
  uncertainMinutes: number;
  correctedMinutes: number;
}

/** Of a composite: of all its members. */
function countUnknown({ parts }: SloFacts, { from, to }: MinuteRange): Unknown {
  const counts = { missingMinutes: 0, uncertainMinutes: 0, correctedMinutes: 0 };
  for (const { spans, corrected } of parts) {
    const start = Math.max(from, Math.min(spans.firstMinute ?? to, to));
    const fixed = new Spans(corrected);
    const missing = new Spans([...spans.quiet, ...corrected]).within(start, to) - fixed.within(start, to);
    const all = new Spans([...spans.quiet, ...spans.uncertain, ...corrected]).within(start, to);
    counts.missingMinutes += missing;
    counts.uncertainMinutes += all - fixed.within(start, to) - missing;
    counts.correctedMinutes += fixed.within(start, to);
  }
  return counts;
}

/** Nothing is called met while minutes are missing or incomplete; what is overspent stays so. */
function verdictOf(budget: Budget, unknown: Unknown): BudgetAnswer['verdict'] {
  if (budget.remaining === null) return 'unknown';
  if (budget.remaining < 0) return 'missed';
  return unknown.missingMinutes + unknown.uncertainMinutes > 0 ? 'unknown' : 'met';
}

/** Counts from before the objective was made come from its log of requests, and older ones from histograms. */
function isApproximate({ slo }: SloFacts, range: MinuteRange): boolean {
  const { exactFromMinute, historyFromMinute } = slo.history;
  if (exactFromMinute === null || historyFromMinute === null) return false;
  return historyFromMinute < exactFromMinute && range.from < exactFromMinute;
}

export function describeTiers(view: SloView): TierAnswer[] {
  const { definition } = view.facts.slo.version;
  return definition.tiers.map((tier, at) => {
    const [long, short] = [burnOf(view, tier.longMinutes), burnOf(view, tier.shortMinutes)];
    const memory = memoryOf(view, at);
    return {
      severity: tier.severity,
      longWindow: nameWindow(tier.longMinutes),
      shortWindow: nameWindow(tier.shortMinutes),
      factor: tier.factor,
      budgetShare: budgetShare(tier, definition.period),
      forMinutes: tier.forMinutes,
      keepFiringMinutes: tier.keepFiringMinutes,
      minBad: tier.minBad,
      long,
      short,
      state: memory?.state ?? 'ok',
      sinceMs: memory && memory.state !== 'ok' ? memory.sinceMinute * MINUTE : null,
      held: heldOf(memory),
      sentence: sayTier(tier, definition.period, long.burn),
    };
  });
}

function memoryOf(view: SloView, tier: number): AlertMemory | undefined {
  return view.facts.standing?.tiers[tier];
}

function heldOf(memory: AlertMemory | undefined): TierAnswer['held'] {
  return memory?.held ? { reason: memory.held.reason, sinceMs: memory.held.sinceMinute * MINUTE } : null;
}

/** `members`: the rows of a composite's members, whose worst state is its own. */
export function describeSlo(view: SloView, members: readonly SloRow[] = []): SloRow {
  const { facts, app } = view;
  const { slo, standing } = facts;
  const { definition, version } = slo.version;
  const budget = describeBudget(view);
  const burn = LIST_WINDOWS.map((minutes) => burnOf(view, minutes));
  const lowTraffic = isLowTraffic(view, burn[0]?.events ?? 0);
  const alert = worstAlert(describeTiers(view));
  const own = stateOf(view, budget, burn[0]?.burn ?? null, lowTraffic, alert);
  const state = members.map((member) => member.state).reduce(worseState, own);
  return {
    id: slo.publicId,
    app,
    slug: slo.slug,
    title: definition.title,
    objective: sayObjective(definition),
    kind: definition.indicator.kind,
    target: definition.target,
    period: sayPeriod(definition.period),
    state,
    severity: alert?.severity ?? null,
    held: alert?.held ?? null,
    sinceMs: state === 'noData' ? quietSinceMs(facts) : (alert?.sinceMs ?? null),
    budget,
    burn,
    sparkline: sparkline(view),
    lowTraffic,
    incidentId: standing?.incidentId ?? null,
    tags: definition.tags,
    version,
  };
}

/** Worst first, as the contract lists them. */
const STATES: readonly SloState[] = [
  'firing',
  'held',
  'noData',
  'exhausted',
  'burning',
  'incomplete',
  'learning',
  'ok',
];

function worseState(one: SloState, other: SloState): SloState {
  return STATES.indexOf(one) <= STATES.indexOf(other) ? one : other;
}

function stateOf(
  view: SloView,
  budget: BudgetAnswer,
  burn: number | null,
  lowTraffic: boolean,
  alert: TierAnswer | null,
): SloState {
  if (alert) return alert.held ? 'held' : 'firing';
  if (quietSinceMs(view.facts) !== null) return 'noData';
  if (budget.remaining !== null && budget.remaining <= 0) return 'exhausted';
  if (burn !== null && burn > 1 && !lowTraffic) return 'burning';
  const day = countUnknown(view.facts, { from: view.minute - DAY_MINUTES, to: view.minute });
  if (day.missingMinutes + day.uncertainMinutes > 0) return 'incomplete';
  return isLearning(view) ? 'learning' : 'ok';
}

/** The worst tier that fires, or fired when data ended; of two alike the one that began first. */
function worstAlert(tiers: readonly TierAnswer[]): TierAnswer | null {
  const firing = tiers.filter(({ state }) => state === 'firing' || state === 'recovering');
  const pages = firing.filter(({ severity }) => severity === 'page');
  const worst = pages.length > 0 ? pages : firing;
  return worst.toSorted((a, b) => (a.sinceMs ?? 0) - (b.sinceMs ?? 0))[0] ?? null;
}

function quietSinceMs({ parts }: SloFacts): number | null {
  const since = parts
    .map(({ spans }) => spans.quietSinceMinute)
    .filter((minute): minute is number => minute !== null);
  return since.length === 0 ? null : Math.min(...since) * MINUTE;
}

/** With fewer requests one failure trips the highest tier: 1 ÷ (factor × (1 − target)). */
function isLowTraffic({ facts, target }: SloView, eventsPerHour: number): boolean {
  const factors = facts.slo.version.definition.tiers.map(({ factor }) => factor);
  const highest = Math.max(1, ...factors);
  return eventsPerHour < 1 / (highest * toNumber({ n: target.d - target.n, d: target.d }));
}

function isLearning({ facts, minute }: SloView): boolean {
  const { history, version } = facts.slo;
  const first = facts.versions[0] ?? version;
  const from = Math.min(history.historyFromMinute ?? Number.POSITIVE_INFINITY, first.validFromS / 60);
  return minute - from < LEARNING_MINUTES;
}

/** What was left at evenly spaced moments of the period; null before there were counts. */
function sparkline(view: SloView): (number | null)[] {
  const { period } = view.facts.slo.version.definition;
  const { from } = periodAt(period, view.minute);
  const length = period.kind === 'rolling' ? nominalMinutes(period) : view.minute - from;
  return Array.from({ length: SPARKLINE_POINTS }, (_, at) => {
    const back = Math.round(((SPARKLINE_POINTS - 1 - at) * length) / SPARKLINE_POINTS);
    return budgetAt(view, view.minute - back).budget.remaining;
  });
}
