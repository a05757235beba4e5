/** What is left of a budget as per cent, in messages and on pages alike: rounded away from what flatters. Pure. */

/** Per cent of a share: 0.9199 → 91, 0.0537 → 5.3, 0.9987 → 99.8, −0.386 → −39. Never rounded up. */
export function leftPercent(remaining: number): number {
  const percent = remaining * 100;
  const size = Math.abs(percent);
  const digits = (size >= 99 && size < 100) || size < 10 ? 1 : 0;
  // What a float adds far behind the point must not take away a whole step.
  return Math.floor(Number((percent * 10 ** digits).toFixed(6))) / 10 ** digits;
}

/** `91 %`, `5.3 %`; of what is overspent its size: `39 %`. */
export function sayLeft(remaining: number): string {
  return `${Math.abs(leftPercent(remaining))} %`;
}
