/** A lane of one dyno made ready to be drawn: memory in five steps of its quota, and where marks stand. Pure. */

/** Lower ends of the steps, as shares of the quota. */
export const STEPS: readonly number[] = [0, 0.5, 0.75, 0.9, 1];
export const STEP_WORDS: readonly string[] = [
  'under 50 %',
  '50–75 %',
  '75–90 %',
  '90–100 %',
  'over the quota',
];

/** Step of a share of the quota, 0 to 4; exactly the quota is not over it. */
export function stepOf(ratio: number): number {
  if (ratio > 1) return 4;
  let step = 0;
  while (step < 3 && ratio >= (STEPS[step + 1] ?? 1)) step++;
  return step;
}

export interface LaneCells {
  /** Points a cell covers. */
  per: number;
  /** Highest value of each cell; null where nothing was said. */
  values: (number | null)[];
}

/** Joins points so that there are at most `max` cells: the highest of each, for a peak must be seen. */
export function laneCells(values: readonly (number | null)[], max: number): LaneCells {
  const per = Math.max(1, Math.ceil(values.length / Math.max(1, max)));
  const cells: (number | null)[] = [];
  for (let at = 0; at < values.length; at += per) {
    const known = values.slice(at, at + per).filter((value) => value !== null);
    cells.push(known.length === 0 ? null : Math.max(...known));
  }
  return { per, values: cells };
}

/** Dynos speak about every 20 s: a cell without a word between two with one is no hole. Longer holes stay. */
export function bridge(values: readonly (number | null)[], most: number): (number | null)[] {
  const filled = [...values];
  let last = -1;
  for (let at = 0; at < filled.length; at++) {
    if (filled[at] === null) continue;
    if (last >= 0 && at - last - 1 <= most)
      for (let gap = last + 1; gap < at; gap++) filled[gap] = filled[last] ?? null;
    last = at;
  }
  return filled;
}

/** Height of the drawing of a lane, in its own units; the top is kept for marks of R14 and R15. */
export const LANE_HEIGHT = 24;
export const LANE_MARKS = 5;
/** What is left for memory. */
const LANE_BARS = LANE_HEIGHT - LANE_MARKS;

/**
 * One path a step over 1,000 units of width: the higher the step the higher the bar, so that colour is not all that
 * tells it. Neighbours of one step are one rectangle.
 */
export function lanePaths(ratios: readonly (number | null)[]): string[] {
  const paths = STEPS.map(() => '');
  const width = 1000 / Math.max(1, ratios.length);
  for (let at = 0; at < ratios.length; ) {
    const ratio = ratios[at] ?? null;
    let end = at + 1;
    if (ratio === null) {
      at = end;
      continue;
    }
    const step = stepOf(ratio);
    while (end < ratios.length && ratios[end] !== null && stepOf(ratios[end] ?? 0) === step) end++;
    const height = ((step + 1) / STEPS.length) * LANE_BARS;
    paths[step] +=
      `M${(at * width).toFixed(2)} ${(LANE_HEIGHT - height).toFixed(1)}h${((end - at) * width).toFixed(2)}v${height.toFixed(1)}h-${((end - at) * width).toFixed(2)}z`;
    at = end;
  }
  return paths;
}
