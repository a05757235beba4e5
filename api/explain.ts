/** Counted cuts and kept requests as what is ranked, and the ranks as rows of an answer. Pure. */
import { HEROKU_CODES } from '../model/codes.ts';
import { type ExplainCell, type ExplainCells, type ExplainTotal, rankChanges } from '../model/explain.ts';
import { type Lens, NO_CODE, nameOfValue, sayFinding } from '../model/explain-sentence.ts';
import { BIN_LOW_MS, BINS, binOf } from '../model/histogram.ts';
import {
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_HOST,
  SERIES_PATH,
  SERIES_RELEASE,
  SERIES_STATUS,
} from '../model/series.ts';
import type { CutFigures, KeptLike } from '../store/reads/explain.ts';
import { addLatencies, emptyLatencies, type Latencies, quantileOf } from '../store/reads/histograms.ts';
import type { ExplainRow } from './contract/explain.ts';

export const EXPLAIN_KINDS = [
  SERIES_DYNO,
  SERIES_PATH,
  SERIES_HOST,
  SERIES_RELEASE,
  SERIES_CODE,
  SERIES_STATUS,
];
const ROWS_MAX = 25;

/** What is known of one window. */
export interface WindowFigures {
  cuts: readonly CutFigures[];
  kept: readonly KeptLike[];
}

/** Requests of a window whole: each is in exactly one cell by dyno. */
export interface WindowTotals {
  /** That count. */
  requests: number;
  bad: number;
  excluded: number;
  latencies: Latencies;
}

export function totalsOf(cuts: readonly CutFigures[]): WindowTotals {
  const totals: WindowTotals = { requests: 0, bad: 0, excluded: 0, latencies: emptyLatencies() };
  for (const cut of cuts) {
    if (cut.kind !== SERIES_DYNO) continue;
    totals.requests += cut.count - cut.excluded;
    totals.bad += cut.bad;
    totals.excluded += cut.excluded;
    if (cut.bins) addLatencies(totals.latencies, { bins: cut.bins, maxMs: cut.maxMs });
  }
  return totals;
}

/**
 * From which bin on a request is slow: the first whole bin from `askedMs` on; not asked, the one after the p95 of the
 * baseline, so that at most one in twenty was slow there, or of the range where nothing was timed before. null when
 * nothing was timed at all.
 */
export function slowFromBin(
  askedMs: number | undefined,
  range: Latencies,
  baseline: Latencies,
): number | null {
  if (askedMs !== undefined) {
    const bin = binOf(askedMs);
    return Math.min(BINS - 1, (BIN_LOW_MS[bin] ?? 0) < askedMs ? bin + 1 : bin);
  }
  const usual = quantileOf(baseline, 0.95) ?? quantileOf(range, 0.95);
  return usual === null ? null : Math.min(BINS - 1, binOf(usual) + 1);
}

/** Observations in `from` and the bins after it. */
export function countFrom(bins: Float64Array | null, from: number): number {
  let count = 0;
  for (let bin = from; bin < BINS; bin++) count += bins?.[bin] ?? 0;
  return count;
}

export interface ExplainInputs {
  range: WindowFigures;
  baseline: WindowFigures;
  totals: { range: WindowTotals; baseline: WindowTotals };
}

/** Bad requests: every cut is exact; statuses are told from kept requests where some 5xx do not count. */
export function explainBad({ range, baseline, totals }: ExplainInputs): ExplainRow[] {
  const isExact = totals.range.excluded + totals.baseline.excluded === 0;
  const cells = (side: WindowFigures, all: WindowTotals): Record<string, ExplainCell[]> => ({
    ...cutCells(side.cuts, (cut) => ({ requests: cut.count - cut.excluded, hits: cut.bad })),
    code: codeCells(side.cuts, all.bad),
    status: isExact
      ? statusCells(side.cuts)
      : keptCells(side.kept, 'bad', all.bad, ({ status }) => String(status ?? 'none')),
  });
  return rank(
    'bad',
    { requests: totals.range.requests, hits: totals.range.bad },
    { requests: totals.baseline.requests, hits: totals.baseline.bad },
    cells(range, totals.range),
    cells(baseline, totals.baseline),
  );
}

/** Slow requests: cuts with durations are exact, codes and statuses are told from kept requests. */
export function explainSlow({ range, baseline, totals }: ExplainInputs, fromBin: number): ExplainRow[] {
  const total = ({ latencies }: WindowTotals): ExplainTotal => ({
    requests: countFrom(latencies.bins, 0),
    hits: countFrom(latencies.bins, fromBin),
  });
  const [now, then] = [total(totals.range), total(totals.baseline)];
  const cells = (side: WindowFigures, hits: number): Record<string, ExplainCell[]> => ({
    ...cutCells(side.cuts, (cut) => ({
      requests: countFrom(cut.bins, 0),
      hits: countFrom(cut.bins, fromBin),
    })),
    code: withRequests(
      keptCells(side.kept, 'slow', hits, ({ code }) => code),
      side.cuts,
      SERIES_CODE,
    ),
    status: withRequests(
      keptCells(side.kept, 'slow', hits, ({ status }) => String(status ?? 'none')),
      side.cuts,
      SERIES_STATUS,
    ),
  });
  return rank('slow', now, then, cells(range, now.hits), cells(baseline, then.hits));
}

function rank(
  lens: Lens,
  range: ExplainTotal,
  baseline: ExplainTotal,
  now: Record<string, ExplainCell[]>,
  then: Record<string, ExplainCell[]>,
): ExplainRow[] {
  const attributes = ['code', 'status', 'release', 'dyno', 'path', 'method', 'host'] as const;
  const cells: ExplainCells[] = attributes.map((attribute) => ({
    attribute,
    range: now[attribute] ?? [],
    baseline: then[attribute] ?? [],
  }));
  return rankChanges({ range, baseline, cells })
    .slice(0, ROWS_MAX)
    .map((finding) => ({
      ...finding,
      name: nameOfValue(finding.attribute, finding.value),
      sentence: sayFinding(finding, lens),
    }));
}

type Figures = Pick<ExplainCell, 'hits'> & { requests: number };

/** Cells of the cuts that hold all requests, by what they are worth here. Methods are the first word of a path's key. */
function cutCells(
  cuts: readonly CutFigures[],
  figuresOf: (cut: CutFigures) => Figures,
): Record<'dyno' | 'path' | 'method' | 'host' | 'release', ExplainCell[]> {
  const of = (kind: number, nameOf: (key: string) => string = (key) => key): ExplainCell[] => {
    const cells = new Map<string, ExplainCell & Figures>();
    for (const cut of cuts) {
      if (cut.kind !== kind) continue;
      const value = nameOf(cut.key);
      const known = cells.get(value) ?? { value, requests: 0, hits: 0 };
      const { requests, hits } = figuresOf(cut);
      cells.set(value, { value, requests: known.requests + requests, hits: known.hits + hits });
    }
    return [...cells.values()];
  };
  return {
    dyno: of(SERIES_DYNO),
    path: of(SERIES_PATH),
    method: of(SERIES_PATH, (key) => (key.includes(' ') ? key.slice(0, key.indexOf(' ')) : key)),
    host: of(SERIES_HOST),
    release: of(SERIES_RELEASE),
  };
}

/** Of codes that count, and of what has none: the app's own 5xx. */
function codeCells(cuts: readonly CutFigures[], bad: number): ExplainCell[] {
  const cells = cuts
    .filter((cut) => cut.kind === SERIES_CODE && cut.key.startsWith('H') && isCounted(cut.key))
    .map((cut) => ({ value: cut.key, requests: null, hits: cut.count }));
  const coded = cells.reduce((sum, cell) => sum + cell.hits, 0);
  return [...cells, { value: NO_CODE, requests: null, hits: Math.max(0, bad - coded) }];
}

function isCounted(code: string): boolean {
  return HEROKU_CODES.find((known) => known.code === code)?.defaultCounted ?? true;
}

function statusCells(cuts: readonly CutFigures[]): ExplainCell[] {
  return cuts
    .filter((cut) => cut.kind === SERIES_STATUS && Number(cut.key) >= 500)
    .map((cut) => ({ value: cut.key, requests: null, hits: cut.count }));
}

/** With all requests of each value, which are counted exactly: an estimate is never of more than there were. */
function withRequests(
  cells: readonly ExplainCell[],
  cuts: readonly CutFigures[],
  kind: number,
): ExplainCell[] {
  const counts = new Map(cuts.filter((cut) => cut.kind === kind).map((cut) => [cut.key, cut.count]));
  return cells.map((cell) => {
    const requests = counts.get(cell.value) ?? cell.hits;
    return { ...cell, requests, hits: Math.min(cell.hits, requests) };
  });
}

/** Shares of kept requests, made to add up to what was counted. */
function keptCells(
  kept: readonly KeptLike[],
  lens: Lens,
  hits: number,
  nameOf: (row: KeptLike) => string | null,
): ExplainCell[] {
  const all = kept.reduce((sum, row) => sum + row[`${lens}Weight`], 0);
  const cells = new Map<string, ExplainCell & { seen: number }>();
  for (const row of kept) {
    const value = nameOf(row);
    if (value === null || row[`${lens}Rows`] === 0) continue;
    const known = cells.get(value) ?? { value, requests: null, hits: 0, seen: 0 };
    cells.set(value, {
      ...known,
      hits: known.hits + (row[`${lens}Weight`] / all) * hits,
      seen: known.seen + row[`${lens}Rows`],
    });
  }
  return [...cells.values()];
}
