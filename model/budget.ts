/**
 * The error budget of a period: remaining = 1 − bad ÷ (events × (1 − target)), exact. Each minute is judged by the
 * version of the objective that was valid in it, so a new target does not rewrite what was.
 */
import { nominalMinutes } from './period.ts';
import type { Budgeting, Period } from './slo.ts';
import { allowedShare, type Fraction, fraction, targetOf, toNumber } from './target.ts';
import type { MinuteCount, MinuteRange } from './window-sums.ts';

/** What was counted under one target. */
export interface BudgetPart {
  events: number;
  bad: number;
  target: Fraction;
}

export interface Budget {
  events: number;
  bad: number;
  /** Bad events that the period allows, exact. */
  allowed: Fraction;
  /** 1: untouched; 0: used up; below 0: overspent. Null without events. */
  remaining: number | null;
}

export function budgetOf(parts: readonly BudgetPart[]): Budget {
  let [events, bad] = [0, 0];
  let allowed: Fraction = { n: 0n, d: 1n };
  for (const part of parts) {
    events += part.events;
    bad += part.bad;
    const share = allowedShare(part.target);
    const more = { n: share.n * BigInt(part.events), d: share.d };
    allowed = fraction(allowed.n * more.d + more.n * allowed.d, allowed.d * more.d);
  }
  return { events, bad, allowed, remaining: events === 0 ? null : remainingOf(bad, allowed) };
}

/** 1 − bad ÷ allowed, rounded once, at the end. */
function remainingOf(bad: number, allowed: Fraction): number {
  return toNumber({ n: allowed.n - BigInt(bad) * allowed.d, d: allowed.n });
}

function shareOf(bad: number, allowed: Fraction): number {
  return toNumber({ n: BigInt(bad) * allowed.d, d: allowed.n });
}

/** Whether at most `percent` of the budget is left; never without events. */
export function isAtMost(budget: Budget, percent: Fraction | number): boolean {
  if (budget.events === 0) return false;
  const left = typeof percent === 'number' ? { n: BigInt(percent), d: 1n } : percent;
  // bad ≥ allowed × (100 − percent) ÷ 100
  return BigInt(budget.bad) * budget.allowed.d * 100n * left.d >= budget.allowed.n * (100n * left.d - left.n);
}

/** Per cent that a level must be exceeded by before it can be told again. */
export const BUDGET_HYSTERESIS = 5;

/**
 * Budget alerts. `told`: the levels (per cent remaining) that were crossed and told before; gives the levels newly
 * crossed, highest first, and what to remember. A level is told once, and again only after the budget was more
 * than five points above it. Levels are whole numbers.
 */
export function crossLevels(
  told: readonly number[],
  budget: Budget,
  levels: readonly number[],
): { crossed: number[]; told: number[] } {
  if (budget.events === 0) return { crossed: [], told: [...told] };
  const highestFirst = [...new Set(levels)].sort((a, b) => b - a);
  const isTold = (level: number) => told.includes(level);
  const crossed = highestFirst.filter((level) => !isTold(level) && isAtMost(budget, level));
  const kept = highestFirst.filter((level) => isTold(level) && isAtMost(budget, level + BUDGET_HYSTERESIS));
  return { crossed, told: [...kept, ...crossed].sort((a, b) => b - a) };
}

/** A version of an objective and the minutes it holds for; `validTo` null: until further notice. */
export interface VersionSpan {
  validFrom: number;
  validTo: number | null;
  target: Fraction;
}

/**
 * [from, to) cut where versions change. What lies before the first version (counted afterwards from stored lines)
 * belongs to it. `versions` in order and not empty.
 */
export function rangesByVersion(
  versions: readonly VersionSpan[],
  { from, to }: MinuteRange,
): (MinuteRange & { target: Fraction })[] {
  return versions
    .map(({ validFrom, validTo, target }, at) => ({
      from: Math.max(from, at === 0 ? Number.NEGATIVE_INFINITY : validFrom),
      to: Math.min(to, validTo ?? Number.POSITIVE_INFINITY),
      target,
    }))
    .filter((range) => range.from < range.to);
}

/** The budget of a range; `sum` gives counts of [from, to) with corrections taken out. One sum a version. */
export function budgetByVersion(
  versions: readonly VersionSpan[],
  range: MinuteRange,
  sum: (from: number, to: number) => { events: number; bad: number },
): Budget {
  return budgetOf(
    rangesByVersion(versions, range).map(({ from, to, target }) => {
      const { events, bad } = sum(from, to);
      return { events, bad, target };
    }),
  );
}

/** A composite's budget: the sum of its members' counts under its own target. */
export function pooledBudget(members: readonly { events: number; bad: number }[], target: Fraction): Budget {
  return budgetOf(members.map(({ events, bad }) => ({ events, bad, target })));
}

/** A composite's status out of its members': the least healthy of a list that goes from worst to best. */
export function leastHealthy<State extends string>(
  members: readonly State[],
  worstFirst: readonly State[],
): State | null {
  return worstFirst.find((state) => members.includes(state)) ?? null;
}

/**
 * A calendar period's second number: what is left of the budget that its whole volume will allow, where last
 * period's events stand for those to come. Null without events in either.
 */
export function projectedRemaining(
  soFar: { events: number; bad: number },
  lastPeriodEvents: number,
  target: Fraction,
): number | null {
  const events = Math.max(soFar.events, lastPeriodEvents);
  return budgetOf([{ events, bad: soFar.bad, target }]).remaining;
}

/**
 * When the budget is used up if it goes on burning at `burn`: the evaluation minute, `minute` itself when it is
 * used up already, null when it lasts. A rolling period at a burn of 1 or less lasts for ever, for as much comes
 * back as goes; a calendar one lasts when its end `endMinute` comes first.
 */
export function exhaustedAt(
  period: Period,
  remaining: number | null,
  burn: number | null,
  minute: number,
  endMinute: number,
): number | null {
  if (remaining === null || burn === null) return null;
  if (remaining <= 0) return minute;
  const isRolling = period.kind === 'rolling';
  if (burn <= (isRolling ? 1 : 0)) return null;
  const at = minute + Math.ceil((remaining * nominalMinutes(period)) / burn);
  return isRolling || at < endMinute ? at : null;
}

/** Budget that comes back: `share` of it (0.1 = 10 %) once everything from `fromMinute` on has aged out. */
export interface Recovery {
  atMinute: number;
  share: number;
}

/**
 * "Recovers x % on date" of a rolling period. `spans`: bad events in spans of the period (days or hours), in
 * order; spans that follow each other without a good one between are one recovery, told when the last has gone.
 */
export function recoveries(
  spans: readonly (MinuteRange & { bad: number })[],
  allowed: Fraction,
  days: number,
  leastShare = 0.01,
): Recovery[] {
  if (allowed.n === 0n) return [];
  const groups: (MinuteRange & { bad: number })[] = [];
  for (const span of spans.filter(({ bad }) => bad > 0)) {
    const last = groups.at(-1);
    if (last && last.to === span.from)
      groups[groups.length - 1] = { ...last, to: span.to, bad: last.bad + span.bad };
    else groups.push(span);
  }
  return groups
    .map(({ to, bad }) => ({ atMinute: to + days * 24 * 60, share: shareOf(bad, allowed) }))
    .filter(({ share }) => share >= leastShare);
}

/** A mean of slices' ratios is kept as a sum of whole billionths. */
export const SLICE_UNITS = 1_000_000_000;

/**
 * Time slices in place of events, to be put into a BudgetPart. `minutes` begin with a slice; one that is not full
 * at the end is still open and left out. A slice without events is good if the drain was alive in any of its
 * minutes and excluded if not; corrected minutes are given as missing ones. With `timeslices` one slice is one
 * event, bad when its good share is under the slice target; with `ratioTimeslices` it is SLICE_UNITS events, of
 * which its bad share is bad.
 */
export function countSlices(
  minutes: readonly MinuteCount[],
  budgeting: Exclude<Budgeting, { kind: 'occurrences' }>,
): { events: number; bad: number } {
  const { kind, sliceMinutes, sliceTarget } = budgeting;
  const goal = kind === 'timeslices' ? targetOrOne(sliceTarget) : null;
  const weight = goal === null ? SLICE_UNITS : 1;
  const total = { events: 0, bad: 0 };
  for (let at = 0; at + sliceMinutes <= minutes.length; at += sliceMinutes) {
    const slice = sumSlice(minutes, at, sliceMinutes);
    if (slice === null) continue;
    total.events += weight;
    if (slice.events === 0) continue;
    if (goal === null) total.bad += Number((BigInt(slice.bad) * BigInt(SLICE_UNITS)) / BigInt(slice.events));
    else if (BigInt(slice.events - slice.bad) * goal.d < goal.n * BigInt(slice.events)) total.bad += 1;
  }
  return total;
}

/** A slice target may be 1: no bad event at all. */
function targetOrOne(text: string): Fraction {
  return Number(text) === 1 ? { n: 1n, d: 1n } : targetOf(text);
}

/** Null: nothing known of the whole slice. */
function sumSlice(
  minutes: readonly MinuteCount[],
  start: number,
  length: number,
): { events: number; bad: number } | null {
  let isAlive = false;
  const sum = { events: 0, bad: 0 };
  for (let at = start; at < start + length; at++) {
    const minute = minutes[at];
    if (!minute || minute.events === null) continue;
    isAlive = true;
    sum.events += minute.events;
    sum.bad += minute.bad;
  }
  return isAlive ? sum : null;
}
