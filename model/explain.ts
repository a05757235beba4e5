/**
 * What sets the requests of a range apart from those of a baseline: the values of attributes (a code, a dyno, a path …)
 * whose share of the bad, or of the slow, requests grew. Pure.
 *
 * The rank of a value is how much larger its share is than before, at least: the lower end of a 95 % interval, so that
 * small numbers never rank (model/proportion.ts). A value that only has more of the bad requests because it has more of
 * all requests explains nothing: its own rate must be above that of the others. Values that everything has in both
 * windows, such as the only host, have no change of share and fall out by themselves.
 */
import { leastDifference } from './proportion.ts';

/** In the order in which equal ones are listed: the most telling first. */
export const ATTRIBUTES = ['code', 'status', 'release', 'dyno', 'path', 'method', 'host'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** Requests with one value of an attribute, in one window. */
export interface ExplainCell {
  value: string;
  /** All with this value; null where only those looked for are told apart (codes, statuses). */
  requests: number | null;
  /** Those looked for: bad, or slow. */
  hits: number;
  /** How many single requests `hits` stands on, where it is an estimate from a sample. */
  seen?: number;
}

export interface ExplainCells {
  attribute: Attribute;
  range: readonly ExplainCell[];
  baseline: readonly ExplainCell[];
}

export interface ExplainTotal {
  requests: number;
  hits: number;
}

export interface ExplainSide extends ExplainTotal {
  /** Of all hits of the window, 0–1; null without any. */
  share: number | null;
  /** Hits of the requests with this value, 0–1; null where those are not known, or none. */
  ratio: number | null;
}

export interface ExplainFinding {
  attribute: Attribute;
  value: string;
  range: ExplainSide;
  baseline: ExplainSide;
  /** Requests of the range without this value; null where they are not known. */
  others: (ExplainTotal & { ratio: number | null }) | null;
  /** Part of the rise of hits (at the number of requests of the range) that has this value, 0–1; null without a rise. */
  ofIncrease: number | null;
  /** By how much the share grew at least, 0–1; the rank. */
  score: number;
  isEstimate: boolean;
}

/** Fewer hits than this in the range cannot be explained. */
export const HITS_MIN = 5;
/** Fewer hits than this with a value say nothing about it. */
const OWN_HITS_MIN = 3;
/** A growth that may be smaller than this is not worth a line. */
const SCORE_MIN = 0.02;
/**
 * So many hits are imagined in the baseline, spread as its requests were: where hardly anything failed before, one
 * failure more or less does not decide what was usual.
 */
const PRIOR_HITS = 20;
/** Others than the value: fewer requests than this are no comparison. */
const OTHERS_MIN = 20;
/** Of many requests the smallest difference is certain, and says nothing: rates differ by so much at least. */
const NOTABLE_TIMES = 1.25;

export interface ExplainInput {
  range: ExplainTotal;
  baseline: ExplainTotal;
  cells: readonly ExplainCells[];
}

/** Values whose share grew, the one that grew most first. Nothing for too few hits. */
export function rankChanges(input: ExplainInput): ExplainFinding[] {
  if (input.range.hits < HITS_MIN) return [];
  return input.cells
    .flatMap((cells) => rankAttribute(input, cells))
    .sort(
      (a, b) =>
        b.score - a.score ||
        ATTRIBUTES.indexOf(a.attribute) - ATTRIBUTES.indexOf(b.attribute) ||
        (a.value < b.value ? -1 : 1),
    );
}

function rankAttribute(input: ExplainInput, cells: ExplainCells): ExplainFinding[] {
  const before = new Map(cells.baseline.map((cell) => [cell.value, cell]));
  return cells.range.flatMap((cell) => {
    const old = before.get(cell.value) ?? {
      value: cell.value,
      requests: cell.requests === null ? null : 0,
      hits: 0,
    };
    const score = scoreOf(input, cell, old);
    return score < SCORE_MIN ? [] : [findingOf(input, cells.attribute, cell, old, score)];
  });
}

/** By how much the share of a value grew at least; 0 and less: nothing can be told. */
function scoreOf({ range, baseline }: ExplainInput, cell: ExplainCell, old: ExplainCell): number {
  const seen = cell.seen ?? cell.hits;
  if (Math.min(seen, cell.hits) < OWN_HITS_MIN) return 0;
  if (!failsMore(range, baseline, cell, old)) return 0;
  const now = believed(cell, range.hits);
  const then = believed(old, baseline.hits);
  // Where enough failed before, it is known what was usual, and nothing needs to be imagined.
  if (then.of >= PRIOR_HITS && now.hits / now.of <= then.hits / then.of) return 0;
  const usual = usualShare(baseline, range, cell, old);
  return leastDifference(now, { hits: then.hits + PRIOR_HITS * usual, of: then.of + PRIOR_HITS });
}

/** Hits of a value and of all as counts of what was really seen, so that an estimate is believed no more than its sample. */
function believed(cell: ExplainCell, all: number): { hits: number; of: number } {
  if (cell.seen === undefined || cell.hits === 0) return { hits: cell.hits, of: Math.max(all, cell.hits) };
  const scale = Math.min(1, cell.seen / cell.hits);
  return { hits: cell.hits * scale, of: Math.max(all, cell.hits) * scale };
}

/** Share of the requests that a value has: what its share of the hits is when it is like the others. */
function usualShare(
  baseline: ExplainTotal,
  range: ExplainTotal,
  cell: ExplainCell,
  old: ExplainCell,
): number {
  if (cell.requests === null || old.requests === null) return 0;
  if (baseline.requests > 0) return Math.min(1, old.requests / baseline.requests);
  return range.requests > 0 ? Math.min(1, cell.requests / range.requests) : 0;
}

/**
 * Whether requests with the value are hit more often than those without it: in the range, or where it has hardly any
 * others, before.
 */
function failsMore(
  range: ExplainTotal,
  baseline: ExplainTotal,
  cell: ExplainCell,
  old: ExplainCell,
): boolean {
  if (cell.requests === null) return true;
  const own = { hits: cell.hits, of: cell.requests };
  const comparison = [without(range, cell), without(baseline, old), baseline]
    .map(({ requests, hits }) => ({ hits, of: requests }))
    .find(({ of }) => of >= OTHERS_MIN);
  if (!comparison) return true;
  const isNotable = own.hits / own.of >= (comparison.hits / comparison.of) * NOTABLE_TIMES;
  return isNotable && leastDifference(own, comparison) > 0;
}

function without(all: ExplainTotal, cell: ExplainCell): ExplainTotal {
  return {
    requests: Math.max(0, all.requests - (cell.requests ?? 0)),
    hits: Math.max(0, all.hits - cell.hits),
  };
}

function findingOf(
  { range, baseline }: ExplainInput,
  attribute: Attribute,
  cell: ExplainCell,
  old: ExplainCell,
  score: number,
): ExplainFinding {
  const scale = baseline.requests > 0 ? range.requests / baseline.requests : 0;
  const rise = range.hits - baseline.hits * scale;
  const own = cell.hits - old.hits * scale;
  const rest = without(range, cell);
  return {
    attribute,
    value: cell.value,
    range: sideOf(cell, range),
    baseline: sideOf(old, baseline),
    others:
      cell.requests === null
        ? null
        : { ...rest, ratio: rest.requests > 0 ? Math.min(1, rest.hits / rest.requests) : null },
    ofIncrease: rise > 0 && own > 0 ? Math.min(1, own / rise) : null,
    score: Math.min(1, score),
    isEstimate: cell.seen !== undefined || old.seen !== undefined,
  };
}

function sideOf(cell: ExplainCell, all: ExplainTotal): ExplainSide {
  return {
    requests: cell.requests ?? 0,
    hits: cell.hits,
    share: all.hits > 0 ? Math.min(1, cell.hits / all.hits) : null,
    ratio: cell.requests === null || cell.requests === 0 ? null : Math.min(1, cell.hits / cell.requests),
  };
}
