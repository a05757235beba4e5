/** Canned answers of Explain, heatmap, release comparison and the other range of Compare, beside those of ui/fixtures.ts. */
import type { SeriesAnswer } from '../api/contract/dynos.ts';
import type { ExplainAnswer, ExplainRow, ExplainWindow } from '../api/contract/explain.ts';
import type { LatencyAnswer } from '../api/contract/latency.ts';
import type { ReleaseAnswer, ReleaseWindow } from '../api/contract/releases.ts';
import { nameOfValue, sayFinding } from '../model/explain-sentence.ts';
import { noise, rangeOf } from './fixtures.ts';

interface Query {
  fromMs: number;
  toMs: number;
  step: number;
  nowMs: number;
}

const BUSY = ['shop', 'feed'];

function windowOf(from: number, to: number, perSecond: number, failing: number, slow: number): ExplainWindow {
  const requests = Math.round((to - from) * perSecond);
  return {
    from,
    to,
    requests,
    bad: Math.round(requests * failing),
    timed: requests,
    slow: Math.round(requests * slow),
    p50Ms: slow > 0.1 ? 64 : 41,
    p95Ms: slow > 0.1 ? 2900 : 310,
    p99Ms: slow > 0.1 ? 30_000 : 720,
    gaps: [],
  };
}

type Told = [
  ExplainRow['attribute'],
  string,
  now: number,
  then: number,
  own: number | null,
  others: number | null,
];

const BAD: Told[] = [
  ['release', '214', 1, 0, 0.023, null],
  ['code', 'H12', 0.96, 0.02, null, null],
  ['path', 'POST /cart/{id}/checkout', 0.92, 0.11, 0.31, 0.001],
  ['dyno', 'web.3', 0.61, 0.02, 0.38, 0.002],
  ['method', 'POST', 0.93, 0.31, 0.11, 0.002],
  ['dyno', 'web.4', 0.27, 0.03, 0.12, 0.014],
];
const SLOW: Told[] = [
  ['release', '214', 1, 0, 0.16, null],
  ['path', 'POST /cart/{id}/checkout', 0.58, 0.08, 0.71, 0.06],
  ['status', '503', 0.14, 0.01, null, null],
  ['dyno', 'web.3', 0.41, 0.25, 0.35, 0.11],
];

function rowsOf(
  told: Told[],
  lens: 'bad' | 'slow',
  range: ExplainWindow,
  baseline: ExplainWindow,
): ExplainRow[] {
  return told.map(([attribute, value, now, then, own, rest]) => {
    const [hits, was] = [Math.round(range[lens] * now), Math.round(baseline[lens] * then)];
    const requests = own === null ? 0 : Math.round(hits / own);
    const finding = {
      attribute,
      value,
      range: { requests, hits, share: now, ratio: own },
      baseline: { requests: requests * 4, hits: was, share: then, ratio: own === null ? null : 0.001 },
      others:
        rest === null ? null : { requests: range.requests - requests, hits: range[lens] - hits, ratio: rest },
      ofIncrease: now,
      score: Math.max(0.02, now - then - 0.02),
      isEstimate: attribute === 'status',
    };
    return { ...finding, name: nameOfValue(attribute, value), sentence: sayFinding(finding, lens) };
  });
}

/** `shop` fails and is slow since v214, `feed` fails evenly, everything else is calm, and `batch-export` has no requests. */
export function explain(app: string, { fromMs, toMs, nowMs }: Query, base: string | null): ExplainAnswer {
  const [from, to] = [Math.floor(fromMs / 10_000) * 10, Math.floor(toMs / 10_000) * 10];
  const shift = base === 'week' ? 7 * 86_400 : 0;
  const bFrom = shift > 0 ? from - shift : from - 4 * (to - from);
  const bTo = shift > 0 ? to - shift : from;
  const idle = app === 'batch-export' || app === 'new-landing';
  const fails = BUSY.includes(app);
  const range = windowOf(from, to, idle ? 0 : 38, fails ? 0.023 : 0.0004, app === 'shop' ? 0.16 : 0.048);
  const baseline = windowOf(bFrom, bTo, idle ? 0 : 36, 0.0011, 0.047);
  if (idle)
    for (const one of [range, baseline]) Object.assign(one, { p50Ms: null, p95Ms: null, p99Ms: null });
  const isShop = app === 'shop';
  return {
    app,
    nowMs,
    base: base === 'week' ? 'week' : 'before',
    range,
    baseline,
    slowFromMs: idle ? null : 332,
    bad: isShop ? rowsOf(BAD, 'bad', range, baseline) : [],
    slow: isShop ? rowsOf(SLOW, 'slow', range, baseline) : [],
    releases: isShop ? [{ version: 214, atMs: nowMs - 19 * 60_000 }] : [],
    tookMs: 84,
  };
}

/** A hump around 50 ms, and while the incident lasts a second one at the router's timeout. */
export function latency(app: string, query: Query): LatencyAnswer {
  const range = rangeOf(query.fromMs, query.toMs, query.step, query.nowMs);
  const t: number[] = [];
  for (let at = range.from; at < Math.min(range.to, query.nowMs / 1000); at += range.step) t.push(at);
  const slow = app === 'shop';
  const rows = slow ? 50 : 28;
  const lowMs = Array.from({ length: rows }, (_, row) => Math.round(10 * 2 ** (row / 4)));
  const counts = t.map((at) => {
    const isBad = slow && at > query.nowMs / 1000 - 17 * 60;
    return lowMs.map((low, row) => {
      const usual = 240 * Math.exp(-((row - 9 - noise(app, at) * 0.8) ** 2) / (isBad ? 26 : 9));
      const timeouts = isBad && low > 26_000 && low < 37_000 ? 6 : 0;
      return Math.floor(usual + timeouts + (noise(app, at, row) < usual % 1 ? 1 : 0));
    });
  });
  const highMs = Math.round(10 * 2 ** (rows / 4));
  return { app, range, gaps: [], t, lowMs, highMs, counts };
}

/** Of requests and p95: a calm day. */
export function series(app: string, query: Query, metric: string): SeriesAnswer {
  const range = rangeOf(query.fromMs, query.toMs, query.step, query.nowMs);
  const t: number[] = [];
  for (let at = range.from; at < range.to; at += range.step) t.push(at);
  const value = (at: number) =>
    metric === 'p95'
      ? Math.round(280 + 60 * noise(app, metric, at))
      : Math.round(34 * query.step * (0.9 + 0.2 * noise(app, metric, at)));
  return {
    t,
    series: [{ id: metric, label: metric, unit: metric === 'p95' ? 'ms' : 'count', values: t.map(value) }],
    metric,
    by: 'none',
    range,
    gaps: [],
    dataThroughMs: query.nowMs,
    errorRatio: 0,
  };
}

/** v214 made `shop` fail; v213 changed nothing; a newer one has hardly begun. */
export function release(app: string, version: number, nowMs: number): ReleaseAnswer | null {
  const minutes: Record<number, number> = { 214: 19, 213: 31, 212: 220, 38: 95, 215: 1 };
  const ago = minutes[version];
  if (ago === undefined) return null;
  const atMs = nowMs - ago * 60_000;
  const from = Math.floor(atMs / 10_000) * 10;
  const length = version === 213 ? 720 : Math.min(3600, Math.floor((nowMs / 1000 - from) / 10) * 10);
  const bad = version === 214;
  const calm = windowOf(from - length, from, version === 215 ? 0.2 : 36, 0.0011, 0.048);
  const after = bad
    ? windowOf(from, from + length, 38, 0.023, 0.16)
    : windowOf(from, from + length, version === 215 ? 0.2 : 37, 0.001, 0.048);
  const withMemory = (
    window: ExplainWindow,
    bytes: number,
    codes: ReleaseWindow['codes'],
  ): ReleaseWindow => ({
    ...window,
    codes,
    memoryMeanBytes: bytes,
    memoryWorst: { dyno: 'web.3', bytes: bytes * 1.2 },
  });
  const isShop = app === 'shop' && bad;
  return {
    app,
    nowMs,
    version,
    atMs,
    events: [],
    previous: { version: version - 1, atMs: atMs - 720_000 },
    next: version === 213 ? { version: 214, atMs: nowMs - 19 * 60_000 } : null,
    before: withMemory(calm, 280e6, [{ code: 'H27', count: 4 }]),
    after: withMemory(after, bad ? 331e6 : 282e6, [
      ...(bad
        ? [
            { code: 'H12', count: 958 },
            { code: 'H13', count: 38 },
          ]
        : []),
      { code: 'H27', count: 5 },
    ]),
    isRunning: version !== 213,
    slowFromMs: 332,
    bad: isShop ? rowsOf(BAD, 'bad', after, calm).filter((row) => row.attribute !== 'release') : [],
    slow: isShop ? rowsOf(SLOW, 'slow', after, calm).filter((row) => row.attribute !== 'release') : [],
  };
}
