/** What requests with one code have in common, beside all requests: shares, quantiles, nearness to restarts. Pure. */

export interface WeightedKey {
  key: string;
  weight: number;
}

export interface Part {
  key: string;
  /** 0–1 of the weight of all. */
  share: number;
  /** 0–1 of all requests; null where it is not counted. */
  baseline: number | null;
}

export interface Parts {
  rows: Part[];
  others: { keys: number; share: number };
}

/**
 * Parts by weight, biggest first, at most `max`; what is left out is told as others.
 * baseline: requests by key; undefined where they are not counted by it.
 */
export function partsOf(
  items: readonly WeightedKey[],
  baseline: ReadonlyMap<string, number> | undefined,
  max: number,
): Parts {
  const weights = new Map<string, number>();
  for (const { key, weight } of items) weights.set(key, (weights.get(key) ?? 0) + weight);
  const all = sumOf(weights.values());
  const requests = baseline === undefined ? 0 : sumOf(baseline.values());
  const sorted = [...weights].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const rows = sorted.slice(0, max).map(([key, weight]) => ({
    key,
    share: all > 0 ? weight / all : 0,
    baseline: baseline !== undefined && requests > 0 ? (baseline.get(key) ?? 0) / requests : null,
  }));
  const rest = sorted.slice(max).reduce((sum, [, weight]) => sum + weight, 0);
  return { rows, others: { keys: Math.max(0, sorted.length - max), share: all > 0 ? rest / all : 0 } };
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/** Quantile q in [0, 1] by weight: the smallest value up to which lies q of the weight; null of nothing. */
export function weightedQuantile(
  items: readonly { value: number; weight: number }[],
  q: number,
): number | null {
  const sorted = [...items].sort((a, b) => a.value - b.value);
  const goal = q * sumOf(sorted.map((item) => item.weight));
  let seen = 0;
  for (const { value, weight } of sorted) {
    seen += weight;
    if (seen >= goal) return value;
  }
  return null;
}

/** Something that happened to a dyno at an instant. */
export interface DynoInstant {
  dyno: string;
  atMs: number;
}

export interface Nearness {
  /** Share of the weight within `withinMs` of an event of the same dyno; null when none names a dyno. */
  near: number | null;
  /** The share that requests spread evenly over the range would have. */
  byChance: number | null;
}

/** Whether requests fall near events of their dyno more than chance would have it. */
export function nearnessOf(
  items: readonly (DynoInstant & { weight: number })[],
  events: readonly DynoInstant[],
  { fromMs, toMs, withinMs }: { fromMs: number; toMs: number; withinMs: number },
): Nearness {
  const placed = items.filter((item) => item.dyno !== '');
  const all = sumOf(placed.map((item) => item.weight));
  if (all === 0 || toMs <= fromMs) return { near: null, byChance: null };
  const byDyno = new Map<string, number[]>();
  for (const { dyno, atMs } of events) {
    const own = byDyno.get(dyno);
    if (own) own.push(atMs);
    else byDyno.set(dyno, [atMs]);
  }
  for (const own of byDyno.values()) own.sort((a, b) => a - b);
  let near = 0;
  let chance = 0;
  const covered = new Map<string, number>();
  for (const { dyno, atMs, weight } of placed) {
    const own = byDyno.get(dyno) ?? [];
    if (own.some((eventMs) => Math.abs(eventMs - atMs) <= withinMs)) near += weight;
    const share = covered.get(dyno) ?? coveredMs(own, withinMs, fromMs, toMs) / (toMs - fromMs);
    covered.set(dyno, share);
    chance += weight * share;
  }
  return { near: near / all, byChance: chance / all };
}

/** Time of the range that lies within `withinMs` of any of the instants, which ascend. */
function coveredMs(instants: readonly number[], withinMs: number, fromMs: number, toMs: number): number {
  let sum = 0;
  let end = fromMs;
  for (const atMs of instants) {
    const start = Math.max(end, atMs - withinMs);
    const stop = Math.min(toMs, atMs + withinMs);
    if (stop <= start) continue;
    sum += stop - start;
    end = stop;
  }
  return sum;
}
