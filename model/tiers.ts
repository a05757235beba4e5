/**
 * The table of windows: pairs of a long and a short window with the burn rate both must exceed. A factor follows
 * from the share of the period's budget that is gone when the tier fires: share × period ÷ long window.
 */
import { nominalMinutes } from './period.ts';
import type { Period, Tier } from './slo.ts';
import { allowedShare, type Fraction, fractionOf, toNumber } from './target.ts';

interface TierShape {
  severity: 'page' | 'ticket';
  longMinutes: number;
  shortMinutes: number;
  /** Of the budget, per mille. */
  sharePerMille: number;
  forMinutes: number;
}

const HOUR = 60;
const DAY = 24 * HOUR;

/** After the SRE Workbook's table with the fourth row of its sample rules; short = long ÷ 12. */
const SHAPES: readonly TierShape[] = [
  { severity: 'page', longMinutes: HOUR, shortMinutes: 5, sharePerMille: 20, forMinutes: 2 },
  { severity: 'page', longMinutes: 6 * HOUR, shortMinutes: 30, sharePerMille: 50, forMinutes: 2 },
  { severity: 'ticket', longMinutes: DAY, shortMinutes: 2 * HOUR, sharePerMille: 100, forMinutes: 0 },
  { severity: 'ticket', longMinutes: 3 * DAY, shortMinutes: 6 * HOUR, sharePerMille: 100, forMinutes: 0 },
];

export const DEFAULT_KEEP_FIRING_MINUTES = 10;
export const DEFAULT_MIN_BAD = 5;
/** Short windows of imports that name none. */
export const LONG_PER_SHORT = 12;

/** The four tiers of a period: 14.4, 6, 3 and 1 over 30 days; other periods keep the windows, not the factors. */
export function defaultTiers(period: Period): Tier[] {
  const periodMinutes = nominalMinutes(period);
  return SHAPES.map(({ severity, longMinutes, shortMinutes, sharePerMille, forMinutes }) => ({
    severity,
    longMinutes,
    shortMinutes,
    factor: (sharePerMille * periodMinutes) / (1000 * longMinutes),
    forMinutes,
    keepFiringMinutes: DEFAULT_KEEP_FIRING_MINUTES,
    minBad: DEFAULT_MIN_BAD,
  }));
}

/** As defaultTiers, without those that a low target makes impossible (90 % can burn at most ten times as fast). */
export function defaultTiersFor(period: Period, target: Fraction): Tier[] {
  return defaultTiers(period).filter((tier) => canFire(tier, target));
}

/** The same tiers for another period: windows stay, factors keep their share of the budget. */
export function rescaleTiers(tiers: readonly Tier[], from: Period, to: Period): Tier[] {
  const [before, after] = [nominalMinutes(from), nominalMinutes(to)];
  return tiers.map((tier) => ({ ...tier, factor: scaled(tier.factor, after, before) }));
}

/** Share of the period's budget that is gone when the tier fires, whatever the speed; 0–1 and more. */
export function budgetShare(tier: Pick<Tier, 'factor' | 'longMinutes'>, period: Period): number {
  return scaled(tier.factor, tier.longMinutes, nominalMinutes(period));
}

/** factor × n ÷ d, rounded once. */
function scaled(factor: number, n: number, d: number): number {
  const exact = fractionOf(factor);
  return toNumber({ n: exact.n * BigInt(n), d: exact.d * BigInt(d) });
}

/** The burn rate of a total outage, 1 ÷ (1 − target): none is higher. */
export function largestBurn(target: Fraction): Fraction {
  const { n, d } = allowedShare(target);
  return { n: d, d: n };
}

/** Whether a total outage would be strictly above the tier's factor. */
export function canFire(tier: Pick<Tier, 'factor'>, target: Fraction): boolean {
  const factor = fractionOf(tier.factor);
  const largest = largestBurn(target);
  return factor.n * largest.d < largest.n * factor.d;
}

/** What to do about a tier that can never fire; null when it can. */
export function impossibleTier(
  tier: Tier,
  target: Fraction,
  period: Period,
): { text: string; advice: string } | null {
  if (canFire(tier, target)) return null;
  const largest = toNumber(largestBurn(target));
  const usable = nearestUsable(tier, target, period);
  return {
    text: `can never fire: a total outage burns ${plain(largest)} times as fast as allowed, and the factor is ${plain(tier.factor)}`,
    advice: usable
      ? `the nearest usable share of the budget for this window is ${plain(usable.share * 100)} %, a factor of ${plain(usable.factor)}`
      : 'leave this tier out, or promise more',
  };
}

const SHARE_MIN = 0.0001;

/**
 * The largest share of the budget (0–1, two digits) at which a total outage is strictly above the factor within
 * this window, and that factor. Null when less than a tenth of a per mille.
 */
export function nearestUsable(
  tier: Pick<Tier, 'longMinutes'>,
  target: Fraction,
  period: Period,
): { share: number; factor: number } | null {
  const perFactor = tier.longMinutes / nominalMinutes(period);
  const most = toNumber(largestBurn(target)) * perFactor;
  const unit = 10 ** (Math.floor(Math.log10(most)) - 1);
  let share = Number((Math.ceil(most / unit) * unit).toPrecision(2));
  while (!canFire({ factor: factorOf(share, perFactor) }, target))
    share = Number((share - unit).toPrecision(2));
  return share < SHARE_MIN ? null : { share, factor: factorOf(share, perFactor) };
}

/** In digits that people can type. */
function factorOf(share: number, perFactor: number): number {
  return Number((share / perFactor).toPrecision(6));
}

function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}
