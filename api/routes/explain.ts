/** Why a range differs from a baseline. */
import { z } from 'zod';
import { BIN_LOW_MS } from '../../model/histogram.ts';
import { DAY } from '../../model/time.ts';
import { alignCounts } from '../../store/reads/counts.ts';
import { readEvents } from '../../store/reads/events.ts';
import { readCutFigures, readKeptLike } from '../../store/reads/explain.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import { quantileOf } from '../../store/reads/histograms.ts';
import { readSeriesNames } from '../../store/reads/series-names.ts';
import type { ExplainAnswer, ExplainBase, ExplainWindow } from '../contract/explain.ts';
import { ApiError } from '../error.ts';
import {
  countFrom,
  EXPLAIN_KINDS,
  explainBad,
  explainSlow,
  slowFromBin,
  totalsOf,
  type WindowTotals,
} from '../explain.ts';
import { rangeQuery, readSpan } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { toGap } from '../shape.ts';

/** The baseline is as many times longer than the range, so that it says what was usual. */
const BEFORE_TIMES = 4;
/** Longer ranges are no incident, and their baseline would be months. */
const RANGE_MAX_MS = 31 * DAY;
const RELEASES_MAX = 50;

const explainQuery = rangeQuery.omit({ step: true }).extend({
  base: z
    .enum(['before', 'week'])
    .default('before')
    .describe('`before`: four times the length just before; `week`: the same time a week ago'),
  slowMs: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'is a whole number of milliseconds')
    .optional()
    .describe('From here on a request is slow. Default: the p95 of the baseline.'),
});

export const explainRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/explain',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'Attributes whose share of the bad or slow requests grew most against a baseline',
    answer: 'ExplainAnswer',
    query: explainQuery,
    handle: explain,
  }),
];

interface Span {
  fromS: number;
  toS: number;
}

async function explain(call: Call<undefined, z.output<typeof explainQuery>>): Promise<ExplainAnswer> {
  const { deps, app, query, nowMs } = call;
  const startMs = performance.now();
  const asked = readSpan(query, nowMs);
  if (asked.toMs - asked.fromMs > RANGE_MAX_MS)
    throw new ApiError('badRange', {
      detail: 'Ranges of up to 31 days can be explained.',
      faults: [{ field: 'from', message: 'is more than 31 days before `to`' }],
    });
  // The bucket that still fills would count as less of everything.
  const range = alignCounts({ ...asked, toMs: Math.min(asked.toMs, nowMs) }, nowMs, deps.config);
  const baseline = alignCounts(baselineOf(range, query.base), nowMs, deps.config);
  const names = await reading(deps.pool, (db) => readSeriesNames(db, [app.id], EXPLAIN_KINDS));
  const read = (span: Span) => reading(deps.pool, (db) => readCutFigures(db, app.id, names, span));
  const [now, then] = await Promise.all([read(range), read(baseline)]);
  const totals = { range: totalsOf(now), baseline: totalsOf(then) };
  const asks = query.slowMs === undefined ? undefined : Number(query.slowMs);
  const fromBin = slowFromBin(asks, totals.range.latencies, totals.baseline.latencies);
  const slowFromMs = fromBin === null ? null : (BIN_LOW_MS[fromBin] ?? null);
  const kept = (span: Span) =>
    reading(deps.pool, async (db) => ({
      like: await readKeptLike(db, app.id, { ...msOf(span), slowFromMs: slowFromMs ?? 0 }),
      gaps: await readGaps(db, app.id, span.fromS * 1000, span.toS * 1000),
    }));
  const [nowKept, thenKept, releases] = await Promise.all([
    kept(range),
    kept(baseline),
    readReleases(call, Math.min(baseline.fromS, range.fromS), range.toS),
  ]);
  const inputs = {
    range: { cuts: now, kept: nowKept.like },
    baseline: { cuts: then, kept: thenKept.like },
    totals,
  };
  return {
    app: app.name,
    nowMs,
    base: query.base,
    range: windowOf(range, totals.range, fromBin, nowKept.gaps),
    baseline: windowOf(baseline, totals.baseline, fromBin, thenKept.gaps),
    slowFromMs,
    bad: explainBad(inputs),
    slow: fromBin === null ? [] : explainSlow(inputs, fromBin),
    releases,
    tookMs: Math.round(performance.now() - startMs),
  };
}

function baselineOf({ fromS, toS }: Span, base: ExplainBase): { fromMs: number; toMs: number } {
  if (base === 'week') return { fromMs: fromS * 1000 - 7 * DAY, toMs: toS * 1000 - 7 * DAY };
  return { fromMs: (fromS - BEFORE_TIMES * (toS - fromS)) * 1000, toMs: fromS * 1000 };
}

function msOf({ fromS, toS }: Span): { fromMs: number; toMs: number } {
  return { fromMs: fromS * 1000, toMs: toS * 1000 };
}

function windowOf(
  { fromS, toS }: Span,
  totals: WindowTotals,
  fromBin: number | null,
  gaps: Parameters<typeof toGap>[0][],
): ExplainWindow {
  const { latencies, requests, bad } = totals;
  return {
    from: fromS,
    to: toS,
    requests,
    bad,
    timed: countFrom(latencies.bins, 0),
    slow: fromBin === null ? 0 : countFrom(latencies.bins, fromBin),
    p50Ms: quantileOf(latencies, 0.5),
    p95Ms: quantileOf(latencies, 0.95),
    p99Ms: quantileOf(latencies, 0.99),
    gaps: gaps.map(toGap),
  };
}

async function readReleases(
  { deps, app }: Call<undefined, unknown>,
  fromS: number,
  toS: number,
): Promise<ExplainAnswer['releases']> {
  const events = await reading(deps.pool, (db) =>
    readEvents(db, {
      appId: app.id,
      fromMs: fromS * 1000,
      toMs: toS * 1000,
      kinds: ['release'],
      limit: RELEASES_MAX,
    }),
  );
  return events
    .flatMap(({ version, atMs }) => (version === null ? [] : [{ version, atMs }]))
    .sort((a, b) => a.atMs - b.atMs);
}
