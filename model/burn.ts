/**
 * Whether a tier is above its burn rate, in integers: `bad × d > factor × (d − n) × events` with the target n/d.
 * A burn rate is the bad share of a window ÷ the share that may be bad; at 1 the budget lasts the period exactly.
 */
import type { HeldReason, Reading } from './alert.ts';
import type { Tier } from './slo.ts';
import { allowedShare, type Fraction, fractionOf } from './target.ts';
import type { WindowSource, WindowSum } from './window-sums.ts';

/** A tier ready to compare: `bad × badWeight > events × eventsWeight` is above. */
export interface CompiledTier {
  tier: Tier;
  badWeight: bigint;
  eventsWeight: bigint;
  /** The same as numbers, where they are exact: most minutes are decided without BigInt. */
  small: { bad: number; events: number } | null;
}

export function compileTier(tier: Tier, target: Fraction): CompiledTier {
  const factor = fractionOf(tier.factor);
  const allowed = allowedShare(target);
  const [badWeight, eventsWeight] = [allowed.d * factor.d, allowed.n * factor.n];
  const small = { bad: Number(badWeight), events: Number(eventsWeight) };
  const isExact = small.bad <= Number.MAX_SAFE_INTEGER && small.events <= Number.MAX_SAFE_INTEGER;
  return { tier, badWeight, eventsWeight, small: isExact ? small : null };
}

/**
 * Strictly above the factor. No events: not above. `coverage` scales the ratio by covered ÷ minutes of the whole
 * window, so that a few minutes of data do not speak for an hour.
 */
export function isAbove(
  { badWeight, eventsWeight, small }: CompiledTier,
  sum: Pick<WindowSum, 'events' | 'bad'>,
  coverage: { covered: number; minutes: number } | null = null,
): boolean {
  if (sum.events === 0) return false;
  const { covered, minutes } = coverage ?? { covered: 1, minutes: 1 };
  if (small !== null) {
    const left = sum.bad * covered * small.bad;
    const right = sum.events * minutes * small.events;
    // A product of integers that comes out below 2^53 is exact.
    if (left <= Number.MAX_SAFE_INTEGER && right <= Number.MAX_SAFE_INTEGER) return left > right;
  }
  return BigInt(sum.bad) * badWeight * BigInt(covered) > BigInt(sum.events) * eventsWeight * BigInt(minutes);
}

/** The burn rate for people to read; null without events. Decisions use isAbove. */
export function burnRate(sum: Pick<WindowSum, 'events' | 'bad'>, target: Fraction): number | null {
  if (sum.events === 0) return null;
  return (sum.bad / sum.events) * (Number(target.d) / Number(target.d - target.n));
}

export interface TierGuards {
  useCoverage: boolean;
}

/** One tier at one evaluation: what both windows hold, and what follows. */
export interface TierReading {
  long: WindowSum;
  short: WindowSum;
  /** Covered minutes of the long window ÷ its length, 0–1. */
  coverage: number;
  isLongAbove: boolean;
  isShortAbove: boolean;
  isAbove: boolean;
}

/** Evaluation `minute` sees minutes up to minute − 1. Two sums, whatever the length of the windows. */
export function readTier(
  compiled: CompiledTier,
  source: WindowSource,
  minute: number,
  guards: TierGuards,
): TierReading {
  const { longMinutes, shortMinutes } = compiled.tier;
  const long = source.sum(minute - longMinutes, minute);
  const short = source.sum(minute - shortMinutes, minute);
  return judgeTier(compiled, long, short, guards);
}

/** As readTier, for sums that are already there. */
export function judgeTier(
  compiled: CompiledTier,
  long: WindowSum,
  short: WindowSum,
  guards: TierGuards,
): TierReading {
  const { longMinutes, minBad } = compiled.tier;
  const coverage = guards.useCoverage ? { covered: long.covered, minutes: longMinutes } : null;
  const isLongAbove = long.bad >= minBad && isAbove(compiled, long, coverage);
  const isShortAbove = isAbove(compiled, short);
  return {
    long,
    short,
    coverage: Math.min(1, long.covered / longMinutes),
    isLongAbove,
    isShortAbove,
    isAbove: isLongAbove && isShortAbove,
  };
}

/**
 * The reading an alert steps on. `latest`: why the minute before this evaluation is missing, if it is. A
 * window that is not above although some of its minutes are unknown might well have been: the tier is certainly
 * below only when a window without unknown minutes is. So a gap three hours ago does not keep a page from
 * resolving for three days (the short window says that it is over), and nothing resolves over a hole.
 */
export function readingOf(tier: TierReading, latest: HeldReason | null): Reading {
  if (latest !== null) return { isAbove: tier.isAbove, isMissing: latest };
  if (tier.isAbove) return { isAbove: true, isMissing: null };
  const isCertainlyBelow =
    (!tier.isLongAbove && tier.long.unknown === 0) || (!tier.isShortAbove && tier.short.unknown === 0);
  return { isAbove: false, isMissing: isCertainlyBelow ? null : 'gap' };
}
