/** Shares of counted things, and how far they can be believed. Pure. */

/** 95 % two-sided. */
const Z = 1.96;

/** Wilson's score interval of a share: [low, high] within 0–1; all of it without observations. */
export function wilson(hits: number, of: number): [low: number, high: number] {
  if (of <= 0) return [0, 1];
  const share = Math.min(1, Math.max(0, hits / of));
  const z2 = Z * Z;
  const middle = (share + z2 / (2 * of)) / (1 + z2 / of);
  const half = (Z / (1 + z2 / of)) * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/**
 * How much larger the first share is than the second, at least: the lower end of the 95 % interval of the difference
 * (Newcombe 1998, method 10: made of two Wilson intervals, good for small numbers and shares near 0 or 1).
 * From −1 to 1; 0 or less: no difference can be told.
 */
export function leastDifference(
  first: { hits: number; of: number },
  second: { hits: number; of: number },
): number {
  if (first.of <= 0 || second.of <= 0) return -1;
  const [p1, p2] = [first.hits / first.of, second.hits / second.of];
  const [low] = wilson(first.hits, first.of);
  const [, high] = wilson(second.hits, second.of);
  return p1 - p2 - Math.sqrt((p1 - low) ** 2 + (high - p2) ** 2);
}
