/** A release held against the same length of time before it. */
import { z } from 'zod';
import { BIN_LOW_MS } from '../../model/histogram.ts';
import { SERIES_CODE } from '../../model/series.ts';
import { DAY, HOUR, MINUTE } from '../../model/time.ts';
import { alignCounts } from '../../store/reads/counts.ts';
import { readEvents } from '../../store/reads/events.ts';
import { readCutFigures, readKeptLike } from '../../store/reads/explain.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import { quantileOf } from '../../store/reads/histograms.ts';
import { readMemoryMeans, readRelease } from '../../store/reads/releases.ts';
import { readSeriesNames } from '../../store/reads/series-names.ts';
import type { ReleaseAnswer, ReleaseWindow } from '../contract/releases.ts';
import { ApiError } from '../error.ts';
import { describeEvent } from '../event-text.ts';
import { countFrom, EXPLAIN_KINDS, explainBad, explainSlow, slowFromBin, totalsOf } from '../explain.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { toGap } from '../shape.ts';

const SPAN_DEFAULT_MS = HOUR;
const SPAN_MIN_MS = 2 * MINUTE;
const SPAN_MAX_MS = 7 * DAY;
/** Lines that belong to a release: its build and deploy come before it, a release phase after. */
const AROUND_MS = 3 * MINUTE;
const AROUND_KINDS = ['release', 'deploy', 'rollback', 'releasePhase', 'build', 'config'];

const releaseQuery = z.strictObject({
  spanMs: z
    .string()
    .regex(/^[1-9]\d{3,9}$/, 'is a whole number of milliseconds')
    .optional()
    .describe('Length of both windows at most. Default: an hour.'),
});

export const releaseRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/releases/:version',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'A release against the same length of time before it',
    answer: 'ReleaseAnswer',
    query: releaseQuery,
    handle: compare,
  }),
];

interface Span {
  fromS: number;
  toS: number;
}

async function compare(call: Call<undefined, z.output<typeof releaseQuery>>): Promise<ReleaseAnswer> {
  const { deps, app, nowMs, query, params } = call;
  const version = /^v?([1-9]\d{0,8})$/.exec(params.version ?? '')?.[1];
  const found =
    version === undefined ? null : await reading(deps.pool, (db) => readRelease(db, app.id, Number(version)));
  if (!found) throw new ApiError('notFound', { detail: 'No such release was seen in this app’s log.' });
  const { release, previous, next } = found;
  const wantedMs = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, Number(query.spanMs ?? SPAN_DEFAULT_MS)));
  const endMs = Math.min(release.atMs + wantedMs, next?.atMs ?? nowMs, nowMs);
  // Whole buckets, so that requests of the release before are in the window before, but for one bucket at most.
  const after = alignCounts(
    { fromMs: release.atMs, toMs: Math.max(endMs, release.atMs + 1) },
    nowMs,
    deps.config,
  );
  const lengthS = after.toS - after.fromS;
  const before = alignCounts(
    { fromMs: (after.fromS - lengthS) * 1000, toMs: after.fromS * 1000 },
    nowMs,
    deps.config,
  );
  const [then, now, events] = await Promise.all([
    readWindow(call, before),
    readWindow(call, after),
    reading(deps.pool, (db) =>
      readEvents(db, {
        appId: app.id,
        fromMs: release.atMs - AROUND_MS,
        toMs: release.atMs + AROUND_MS,
        kinds: AROUND_KINDS,
        limit: 20,
      }),
    ),
  ]);
  const totals = { range: totalsOf(now.cuts), baseline: totalsOf(then.cuts) };
  const fromBin = slowFromBin(undefined, totals.range.latencies, totals.baseline.latencies);
  const slowFromMs = fromBin === null ? null : (BIN_LOW_MS[fromBin] ?? null);
  const [nowKept, thenKept] = await Promise.all(
    [after, before].map((span) =>
      reading(deps.pool, (db) =>
        readKeptLike(db, app.id, {
          fromMs: span.fromS * 1000,
          toMs: span.toS * 1000,
          slowFromMs: slowFromMs ?? 0,
        }),
      ),
    ),
  );
  const inputs = {
    range: { cuts: now.cuts, kept: nowKept ?? [] },
    baseline: { cuts: then.cuts, kept: thenKept ?? [] },
    totals,
  };
  // That all requests are of this release is no news here.
  const isNews = (row: { attribute: string }) => row.attribute !== 'release';
  return {
    app: app.name,
    nowMs,
    version: release.version,
    atMs: release.atMs,
    events: events.map(describeEvent).reverse(),
    previous,
    next,
    before: windowOf(before, then, fromBin),
    after: windowOf(after, now, fromBin),
    isRunning: endMs === nowMs,
    slowFromMs,
    bad: explainBad(inputs).filter(isNews),
    slow: fromBin === null ? [] : explainSlow(inputs, fromBin).filter(isNews),
  };
}

type Read = Awaited<ReturnType<typeof readWindow>>;

function readWindow({ deps, app }: Call<undefined, unknown>, span: Span) {
  return reading(deps.pool, async (db) => {
    const names = await readSeriesNames(db, [app.id], EXPLAIN_KINDS);
    return {
      cuts: await readCutFigures(db, app.id, names, span),
      memory: await readMemoryMeans(db, app.id, span),
      gaps: await readGaps(db, app.id, span.fromS * 1000, span.toS * 1000),
    };
  });
}

function windowOf({ fromS, toS }: Span, { cuts, memory, gaps }: Read, fromBin: number | null): ReleaseWindow {
  const { requests, bad, latencies } = totalsOf(cuts);
  const worst = memory.toSorted((a, b) => b.bytes - a.bytes)[0] ?? null;
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
    codes: cuts
      .filter((cut) => cut.kind === SERIES_CODE)
      .map((cut) => ({ code: cut.key, count: cut.count }))
      .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
    memoryMeanBytes:
      memory.length === 0 ? null : memory.reduce((sum, one) => sum + one.bytes, 0) / memory.length,
    memoryWorst: worst,
    gaps: gaps.map(toGap),
  };
}
