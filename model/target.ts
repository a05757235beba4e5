/**
 * Exact fractions. A target is a promise of so many in so many, and whether an alert fires must not hang on the
 * last bit of a float: every decision is a comparison of products of integers.
 */
import { err, ok, type Result } from './result.ts';

/** n/d in lowest terms, d > 0. */
export interface Fraction {
  n: bigint;
  d: bigint;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Digits behind the point of a target. */
export const TARGET_DECIMALS_MAX = 9;

const DECIMAL = /^(\d{1,15})?(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** The fraction n/d in lowest terms; d must not be 0. */
export function fraction(n: bigint, d: bigint): Fraction {
  const common = greatestCommonDivisor(n, d) * (d < 0n ? -1n : 1n);
  return { n: n / common, d: d / common };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** `0.999`, `14.4`, `1e-3` as an exact fraction ≥ 0; null when the text is no plain decimal number. */
export function parseDecimal(text: string): Fraction | null {
  const match = DECIMAL.exec(text.trim());
  if (!match || (match[1] === undefined && match[2] === undefined)) return null;
  const [, whole = '', part = '', exponent = '0'] = match;
  const shift = Number(exponent) - part.length;
  const digits = BigInt(whole + part);
  return shift >= 0 ? fraction(digits * 10n ** BigInt(shift), 1n) : fraction(digits, 10n ** BigInt(-shift));
}

export type TargetFault = 'notADecimal' | 'tooManyDigits' | 'outOfRange';

/** The words for a fault of a target. */
export const TARGET_FAULTS: Record<TargetFault, string> = {
  notADecimal: 'is not a decimal number such as 0.999',
  tooManyDigits: `has more than ${TARGET_DECIMALS_MAX} digits behind the point`,
  outOfRange: 'is not between 0 and 1, both excluded: 1 leaves no budget, 0 promises nothing',
};

/** A target, `0.999`: an exact fraction strictly between 0 and 1. */
export function parseTarget(text: string): Result<Fraction, TargetFault> {
  const target = parseDecimal(text);
  if (target === null) return err('notADecimal');
  if (10n ** BigInt(TARGET_DECIMALS_MAX) % target.d !== 0n) return err('tooManyDigits');
  return target.n > 0n && target.n < target.d ? ok(target) : err('outOfRange');
}

/** As parseTarget for a text that was checked before; throws on any other. */
export function targetOf(text: string): Fraction {
  const target = parseTarget(text);
  if (!target.ok) throw new Error(`the target "${text}" ${TARGET_FAULTS[target.error]}`);
  return target.value;
}

/** A target as the shortest decimal that is exactly it: `0.9990` and `9.99e-1` are `0.999`. */
export function targetText({ n, d }: Fraction): string {
  const parts = (n * 10n ** BigInt(TARGET_DECIMALS_MAX)) / d;
  return `0.${String(parts).padStart(TARGET_DECIMALS_MAX, '0').replace(/0+$/, '')}`;
}

/** The share of events that may be bad: 1 − target. */
export function allowedShare(target: Fraction): Fraction {
  return { n: target.d - target.n, d: target.d };
}

/**
 * The plainest fraction that is this number as a float: 14.4 → 72/5, 0.1 × 7/3 → 7/30. So a factor that was
 * computed from a share of the budget decides as the share itself would. `value` is finite and ≥ 0.
 */
export function fractionOf(value: number): Fraction {
  let [n, before, d, dBefore] = [1n, 0n, 0n, 1n];
  let rest = value;
  // Convergents of the continued fraction; past a few dozen the float's own noise is all that is left.
  for (let round = 0; round < 40 && Number.isFinite(rest); round++) {
    const whole = Math.floor(rest);
    [n, before] = [BigInt(whole) * n + before, n];
    [d, dBefore] = [BigInt(whole) * d + dBefore, d];
    if (n > MAX_SAFE || d > MAX_SAFE) break;
    if (Number(n) / Number(d) === value) return { n, d };
    if (rest === whole) break;
    rest = 1 / (rest - whole);
  }
  const exact = parseDecimal(String(value));
  if (exact === null) throw new RangeError(`${value} is not a number ≥ 0`);
  return exact;
}

/** Bits of a quotient that are kept before it becomes a float: more than the 53 it can hold. */
const QUOTIENT_BITS = 64;

/** n/d as the nearest float, however large both are. d must not be 0. */
export function toNumber({ n, d }: Fraction): number {
  if (n < 0n) return -toNumber({ n: -n, d });
  const shift = Math.max(0, QUOTIENT_BITS + bitLength(d) - bitLength(n));
  const shifted = n << BigInt(shift);
  // A last bit for what division cut off: a quotient just above a half must not be rounded as if it were one.
  const rest = shifted % d === 0n ? 0n : 1n;
  return Number((shifted / d) | rest) / 2 ** shift;
}

function bitLength(value: bigint): number {
  return value.toString(16).length * 4;
}
