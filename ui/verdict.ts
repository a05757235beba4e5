/**
 * The sentence an app page opens with: what the numbers of the range say, worst first. Rules over the same answer the
 * charts are drawn from; every clause leads to where it can be seen. Open buckets are left out.
 */
import type { OverviewAnswer } from '../api/contract/apps.ts';
import type { Series } from '../api/contract/time.ts';
import { sumOf } from './charts/align.ts';
import {
  formatClock,
  formatCount,
  formatMs,
  formatRatio,
  formatSpan,
  plural,
  type Zone,
  zoneSuffix,
} from './format.ts';
import { FAILING_RATIO, type Level, LOOK_RATIO } from './parts/state.tsx';

export interface Clause {
  text: string;
  /** A path without query; the page adds the time range. `#id` jumps to a chart. */
  href?: string;
  query?: Record<string, string>;
}

export interface Verdict {
  level: Level;
  word: string;
  clauses: Clause[];
}

/** Fewer requests than this say nothing about a share. */
const REQUESTS_MIN = 60;
/** What counts as now: the last five minutes, or the newest three buckets where they are wider. */
const NOW_S = 300;

export function buildVerdict(answer: OverviewAnswer, nowMs: number, zone: Zone): Verdict {
  const { health, totals, range } = answer;
  const base = `/a/${encodeURIComponent(answer.app)}`;
  const clock = (atS: number) => `${formatClock(atS * 1000, zone, false)}${zoneSuffix(atS * 1000, zone)}`;
  if (health.state === 'waiting') {
    return {
      level: 'unknown',
      word: 'Waiting',
      clauses: [
        { text: 'No line has arrived from this app yet.' },
        { text: 'See what is missing', href: '/setup', query: { app: answer.app } },
      ],
    };
  }
  const silentNow = health.state === 'silent' && range.to * 1000 > (health.dataThroughMs ?? 0);
  const clauses: Clause[] = [];
  if (silentNow && health.dataThroughMs !== null) {
    clauses.push({
      text: `No line has arrived for ${formatSpan(nowMs - health.dataThroughMs)}, since ${clock(health.dataThroughMs / 1000)}.`,
      href: `${base}/health`,
    });
  }
  if (totals.requests === 0) {
    if (!silentNow) clauses.push({ text: 'The stream is alive, but there were no requests in this range.' });
    return {
      level: silentNow ? 'critical' : 'unknown',
      word: silentNow ? 'Silent' : 'No traffic',
      clauses: [...clauses, ...memoryClauses(answer)],
    };
  }
  const failing = describeFailures(answer, base, clock);
  const memory = memoryClauses(answer);
  if (silentNow) clauses.push({ text: 'Before that:' });
  clauses.push(...collecting(answer, clock), ...failing.clauses, ...memory);
  if (health.lostMessages > 0)
    clauses.push({
      text: `Up to ${plural(health.lostMessages, 'line')} lost in the last hour, so counts may be low.`,
      href: `${base}/health`,
    });
  if (silentNow) return { level: 'critical', word: 'Silent', clauses };
  if (failing.level === 'ok' && memory.length > 0) return { level: 'warning', word: 'Memory', clauses };
  return { level: failing.level, word: failing.word, clauses };
}

interface Buckets {
  t: number[];
  requests: number[];
  bad: number[];
  known: boolean[];
}

/** Requests and failures per closed bucket. */
function closedBuckets(answer: OverviewAnswer): Buckets {
  const { throughput, range } = answer;
  const end = range.openFrom ?? range.to;
  const buckets: Buckets = { t: [], requests: [], bad: [], known: [] };
  for (const [index, at] of throughput.t.entries()) {
    if (at >= end) break;
    let requests = 0;
    let bad = 0;
    let known = false;
    for (const series of throughput.series) {
      const value = series.values[index] ?? null;
      if (value === null) continue;
      known = true;
      requests += value;
      if (series.id === 'platform' || series.id === 'status_5xx') bad += value;
    }
    buckets.t.push(at);
    buckets.requests.push(requests);
    buckets.bad.push(bad);
    buckets.known.push(known);
  }
  return buckets;
}

interface Span {
  requests: number;
  bad: number;
  ratio: number | null;
}

function sumSpan(buckets: Buckets, from: number, to: number): Span {
  let requests = 0;
  let bad = 0;
  for (let index = Math.max(0, from); index < to; index++) {
    requests += buckets.requests[index] ?? 0;
    bad += buckets.bad[index] ?? 0;
  }
  return { requests, bad, ratio: requests > 0 ? bad / requests : null };
}

interface Failures {
  level: Level;
  word: string;
  clauses: Clause[];
}

function describeFailures(answer: OverviewAnswer, base: string, clock: (atS: number) => string): Failures {
  const { totals, range } = answer;
  const buckets = closedBuckets(answer);
  const count = buckets.t.length;
  const recent = Math.max(3, Math.ceil(NOW_S / range.step));
  const now = sumSpan(buckets, count - recent, count);
  const ratio = totals.bad / totals.requests;
  const p95 = totals.p95Ms === null ? '' : `, p95 ${formatMs(totals.p95Ms)}`;
  if (totals.requests < REQUESTS_MIN) {
    return {
      level: totals.bad > 0 ? 'warning' : 'ok',
      word: 'Low traffic',
      clauses: [
        {
          text: `${plural(totals.requests, 'request')}, ${totals.bad === 0 ? 'none' : formatCount(totals.bad)} failed${p95}. Too few to say more.`,
          href: '#chart-throughput',
        },
      ],
    };
  }
  const onset = findOnset(buckets, range.step);
  const failingNow = now.requests >= 20 && (now.ratio ?? 0) >= FAILING_RATIO;
  if (failingNow || (onset !== null && onset.peak.ratio >= FAILING_RATIO)) {
    return describeIncident(answer, buckets, onset, failingNow, now, base, clock);
  }
  const level: Level = ratio >= LOOK_RATIO ? 'warning' : 'ok';
  const word = level === 'ok' ? 'All well' : 'Some fail';
  const share =
    totals.bad === 0 ? 'none failed' : `${formatRatio(ratio)} failed (${formatCount(totals.bad)})`;
  return {
    level,
    word,
    clauses: [
      { text: `${plural(totals.requests, 'request')}, ${share}${p95}.`, href: '#chart-throughput' },
      ...(level === 'warning' ? topCodeClause(answer, base) : []),
    ],
  };
}

interface Onset {
  /** Index of the first bucket of the worst stretch, and of the first after it. */
  from: number;
  to: number;
  peak: { ratio: number };
}

/**
 * The stretch with the most failures: buckets above the limit, joined over pauses of up to two minutes. null when no
 * bucket is above it.
 */
function findOnset(buckets: Buckets, stepS: number): Onset | null {
  const join = Math.max(1, Math.round(120 / stepS));
  let best: (Onset & { bad: number }) | null = null;
  let open: (Onset & { bad: number }) | null = null;
  for (const [index, requests] of buckets.requests.entries()) {
    const bad = buckets.bad[index] ?? 0;
    const ratio = requests > 0 ? bad / requests : 0;
    // Three failures or more: one bad request in a quiet bucket is no incident.
    if (bad < 3 || ratio < FAILING_RATIO) continue;
    if (open && index - open.to <= join) {
      open.to = index + 1;
      open.bad += bad;
      open.peak.ratio = Math.max(open.peak.ratio, ratio);
    } else open = { from: index, to: index + 1, bad, peak: { ratio } };
    if (!best || open.bad >= best.bad) best = open;
  }
  return best;
}

function describeIncident(
  answer: OverviewAnswer,
  buckets: Buckets,
  onset: Onset | null,
  failingNow: boolean,
  now: Span,
  base: string,
  clock: (atS: number) => string,
): Failures {
  const clauses: Clause[] = [];
  const before = onset ? sumSpan(buckets, 0, onset.from) : null;
  const during = onset ? sumSpan(buckets, onset.from, onset.to) : now;
  const startS = onset ? (buckets.t[onset.from] ?? 0) : null;
  const release = startS === null ? null : releaseBefore(answer, startS);
  const since = startS === null || !onset || onset.from === 0 ? '' : ` since ${clock(startS)}`;
  const was =
    before?.ratio == null || before.requests < REQUESTS_MIN ? '' : `, before ${formatRatio(before.ratio)}`;
  if (failingNow) {
    clauses.push({
      text: `${formatRatio(now.ratio)} of requests fail${since}${was}.`,
      href: '#chart-throughput',
    });
  } else if (onset && startS !== null) {
    const end = clock((buckets.t[onset.to - 1] ?? 0) + answer.range.step);
    clauses.push({
      text: `${formatRatio(during.ratio)} of requests failed from ${clock(startS)} to ${end}${was}; ${now.ratio === null ? 'nothing since' : `now ${formatRatio(now.ratio)}`}.`,
      href: '#chart-throughput',
    });
  }
  clauses.push(...topCodeClause(answer, base));
  if (release && startS !== null) {
    clauses.push({
      text: `Began ${formatSpan((startS - release.atMs / 1000) * 1000)} after release v${release.version}.`,
      href: '#chart-events',
    });
  }
  clauses.push(...slowerClause(answer, startS));
  return { level: failingNow ? 'critical' : 'warning', word: failingNow ? 'Failing' : 'Recovered', clauses };
}

/** The last release within 15 minutes before an instant (one bucket of slack, for instants are bucket starts). */
function releaseBefore(answer: OverviewAnswer, startS: number) {
  const near = answer.events.filter(
    (event) =>
      event.lane === 'release' &&
      event.version !== null &&
      event.atMs / 1000 <= startS + answer.range.step &&
      startS - event.atMs / 1000 <= 900,
  );
  return near.sort((a, b) => b.atMs - a.atMs)[0] ?? null;
}

function topCodeClause(answer: OverviewAnswer, base: string): Clause[] {
  const counted = answer.codes.series
    .filter((series) => series.id.startsWith('H'))
    .map((series) => ({ code: series.id, count: sumOf(series) ?? 0 }))
    .sort((a, b) => b.count - a.count);
  const top = counted[0];
  if (!top || top.count === 0 || answer.totals.bad === 0) return [];
  const share = Math.min(1, top.count / answer.totals.bad);
  if (share < 0.2) return [];
  return [
    {
      text: `${formatRatio(share)} of failures are ${top.code}.`,
      href: `${base}/codes/${encodeURIComponent(top.code)}`,
    },
  ];
}

/** p95 before and after an instant, when it at least doubled. */
function slowerClause(answer: OverviewAnswer, startS: number | null): Clause[] {
  const p95 = answer.responseTime.series.find((series) => series.id === 'p95');
  if (!p95 || startS === null) return [];
  const middle = (keep: (at: number) => boolean) => medianOf(p95, answer.responseTime.t, keep);
  const before = middle((at) => at < startS);
  const after = middle((at) => at >= startS && at < startS + 1800);
  if (before === null || after === null || after < before * 2) return [];
  return [{ text: `p95 went from ${formatMs(before)} to ${formatMs(after)}.`, href: '#chart-latency' }];
}

function medianOf(series: Series, t: number[], keep: (at: number) => boolean): number | null {
  const kept = series.values
    .filter((value, index): value is number => value !== null && keep(t[index] ?? 0))
    .sort((a, b) => a - b);
  return kept.length < 3 ? null : (kept[Math.floor(kept.length / 2)] ?? null);
}

/** Dynos over their quota in the newest closed bucket that says anything. */
function memoryClauses(answer: OverviewAnswer): Clause[] {
  const over: { dyno: string; ratio: number }[] = [];
  for (const series of answer.memory.series) {
    const quota = answer.quotas[series.id];
    const value = series.values.findLast((one) => one !== null) ?? null;
    if (quota && value !== null && value / quota > 1) over.push({ dyno: series.id, ratio: value / quota });
  }
  const worst = over.sort((a, b) => b.ratio - a.ratio)[0];
  if (!worst) return [];
  const others = over.length > 1 ? `, and ${plural(over.length - 1, 'other dyno')} too` : '';
  return [
    {
      text: `${worst.dyno} uses ${formatRatio(worst.ratio)} of its memory quota${others}.`,
      href: '#chart-memory',
    },
  ];
}

/** While the app is new, the range is not full: say since when there is anything. */
function collecting(answer: OverviewAnswer, clock: (atS: number) => string): Clause[] {
  const { throughput, range } = answer;
  const first = throughput.t.find((_, index) =>
    throughput.series.some((series) => (series.values[index] ?? null) !== null),
  );
  if (first === undefined || first - range.from < (range.to - range.from) * 0.2) return [];
  return [{ text: `Data begins at ${clock(first)}.` }];
}
