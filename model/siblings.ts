/** One of several that should be alike, beside the others: their median, least and most. Pure. */

export interface Beside {
  own: number | null;
  median: number | null;
  low: number | null;
  high: number | null;
}

/** Values without one are left out; without any sibling the last three are null. */
export function besideSiblings(own: number | null, siblings: readonly (number | null)[]): Beside {
  const known = siblings.filter((value) => value !== null).sort((a, b) => a - b);
  const [low, high] = [known[0], known[known.length - 1]];
  if (low === undefined || high === undefined) return { own, median: null, low: null, high: null };
  const [left, right] = [known[(known.length - 1) >> 1] ?? low, known[known.length >> 1] ?? low];
  return { own, median: (left + right) / 2, low, high };
}

export type BesideColumns = Record<keyof Beside, (number | null)[]>;

/** The same for columns, point by point. Shorter columns end in nothing. */
export function besideColumns(
  own: readonly (number | null)[],
  siblings: readonly (readonly (number | null)[])[],
  points: number,
): BesideColumns {
  const columns: BesideColumns = { own: [], median: [], low: [], high: [] };
  for (let point = 0; point < points; point++) {
    const at = besideSiblings(
      own[point] ?? null,
      siblings.map((values) => values[point] ?? null),
    );
    for (const name of ['own', 'median', 'low', 'high'] as const) columns[name].push(at[name]);
  }
  return columns;
}
