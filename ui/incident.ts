/** When requests failed more than they may: since when, beside which release, and whether it is over. */
import type { OverviewAnswer } from '../api/contract/apps.ts';
import type { Series } from '../api/contract/time.ts';
import { type Buckets, type Span, sumSpan } from './buckets.ts';
import { explainFailures } from './failures.ts';
import { formatCount, formatMs, formatRatio, formatSpan, plural } from './format.ts';
import { hasHoles } from './holes.ts';
import { FAILING_RATIO } from './parts/state.tsx';
import { spanText, timeText } from './spanText.ts';
import type { Case, Clause, Verdict } from './verdict.ts';

/** Fewer requests than this say nothing about a share. */
export const REQUESTS_MIN = 60;
/** Fewer failures than this are no incident, whatever their share. */
const FAILURES_MIN = 3;
/** What counts as now: the last five minutes, or the newest bucket where it is wider. */
const NOW_S = 300;

interface Stretch {
  /** Index of the first bucket of a stretch, and of the first after it. */
  from: number;
  to: number;
  bad: number;
}

/** Stretches with failures, by time: buckets above the limit, joined over pauses of up to two minutes. */
function findStretches(buckets: Buckets, stepS: number): Stretch[] {
  const join = Math.max(1, Math.round(120 / stepS));
  const found: Stretch[] = [];
  for (const [index, requests] of buckets.requests.entries()) {
    const bad = (buckets.fromApp[index] ?? 0) + (buckets.platform[index] ?? 0);
    // One bad request in a quiet bucket is no incident.
    if (bad < FAILURES_MIN || bad / requests < FAILING_RATIO) continue;
    const open = found.at(-1);
    if (open && index - open.to <= join) {
      open.to = index + 1;
      open.bad += bad;
    } else found.push({ from: index, to: index + 1, bad });
  }
  return found;
}

/** What goes wrong now, or went most wrong in the range; null when nothing did. */
export function describeIncident(about: Case, buckets: Buckets): Verdict | null {
  const { step } = about.answer.range;
  const count = buckets.t.length;
  const recent = Math.max(1, Math.ceil(NOW_S / step));
  // Where a point is wider than "now", the filling one is nearer to it than the last closed one.
  const filling = step > NOW_S && buckets.open && buckets.open.requests >= 20 ? buckets.open : null;
  const now = filling ?? sumSpan(buckets, count - recent, count);
  const stretches = findStretches(buckets, step);
  if (now.bad >= FAILURES_MIN && now.requests >= 20 && (now.ratio ?? 0) >= FAILING_RATIO) {
    const last = stretches.at(-1);
    const stretch = last && last.to > count - recent ? last : null;
    // A stretch younger than "now" is not thinned by the calm before it.
    const span = filling ?? sumSpan(buckets, Math.max(stretch?.from ?? 0, count - recent), count);
    return describeOngoing(about, buckets, stretch, span);
  }
  const worst = Math.max(0, ...stretches.map((stretch) => stretch.bad));
  // The newest of those that are not small beside the worst; the worst of the others is named after it.
  const newest = stretches.findLast((stretch) => stretch.bad >= worst / 4);
  if (!newest) return null;
  const others = stretches.filter((stretch) => stretch !== newest).sort((a, b) => b.bad - a.bad);
  return describePast(about, buckets, newest, others, now);
}

function beforeText(buckets: Buckets, stretch: Stretch | null): string {
  const before = sumSpan(buckets, 0, stretch?.from ?? 0);
  return before.requests < REQUESTS_MIN ? '' : `, before ${formatRatio(before.ratio)}`;
}

function describeOngoing(about: Case, buckets: Buckets, stretch: Stretch | null, now: Span): Verdict {
  const { answer, live } = about;
  const startS = stretch ? (buckets.t[stretch.from] ?? null) : null;
  const from = stretch?.from ?? 0;
  const text = `${sinceText(about, stretch, startS)}${formatRatio(now.ratio)} of requests ${live ? 'fail' : 'failed'}${beforeText(buckets, stretch)}.`;
  return {
    level: 'critical',
    span: { fromS: startS ?? answer.range.from, toS: live ? null : answer.range.to },
    word: live ? 'Failing' : 'Failed',
    clauses: [
      { text, href: '#chart-throughput' },
      ...explainFailures(about, buckets, from, buckets.t.length),
      ...slowerClause(answer, startS),
    ],
  };
}

function describePast(
  about: Case,
  buckets: Buckets,
  stretch: Stretch,
  others: Stretch[],
  now: Span,
): Verdict {
  const { answer, zone, live, holes } = about;
  const startS = buckets.t[stretch.from] ?? 0;
  const endS = (buckets.t[stretch.to - 1] ?? 0) + answer.range.step;
  const during = sumSpan(buckets, stretch.from, stretch.to);
  const after = sumSpan(buckets, stretch.to, buckets.t.length);
  const open = hasHoles(holes, endS);
  const release = releaseBefore(answer, startS);
  const text = `${formatRatio(during.ratio)} of requests failed ${spanText(startS, endS, zone)}${beforeText(buckets, stretch)}; ${afterText(now, after, live, open)}.`;
  const began = release
    ? [
        {
          text: beganText(startS * 1000 - release.atMs, release.version),
          href: '#chart-events',
        },
      ]
    : [];
  return {
    level: 'warning',
    span: { fromS: startS, toS: endS },
    // Whether it is over cannot be told from a stretch that is not known in full.
    word: open ? 'Incomplete' : 'Recovered',
    clauses: [
      { text, href: '#chart-throughput' },
      ...explainFailures(about, buckets, stretch.from, stretch.to),
      ...began,
      ...endedClause(answer, startS, endS),
      ...slowerClause(answer, startS),
      ...othersClause(about, buckets, others),
    ],
  };
}

/** The worst of the other stretches, and how many more there are. */
function othersClause({ answer, zone }: Case, buckets: Buckets, others: Stretch[]): Clause[] {
  const worst = others[0];
  if (!worst) return [];
  const ratio = formatRatio(sumSpan(buckets, worst.from, worst.to).ratio);
  const endS = (buckets.t[worst.to - 1] ?? 0) + answer.range.step;
  const more =
    others.length > 1 ? `, and ${plural(others.length - 1, 'shorter stretch', 'shorter stretches')}` : '';
  return [
    {
      text: `Also ${ratio} ${spanText(buckets.t[worst.from] ?? 0, endS, zone)}${more}.`,
      href: '#chart-throughput',
    },
  ];
}

/** `Since v421 at 08:32 UTC `, or since the first bad bucket; empty when it was so from the start. */
function sinceText({ answer, zone }: Case, stretch: Stretch | null, startS: number | null): string {
  if (!stretch || startS === null) return '';
  const release = releaseBefore(answer, startS);
  if (release) return `Since v${release.version} at ${timeText(release.atMs / 1000, zone)} `;
  return stretch.from === 0 ? '' : `Since ${timeText(startS, zone)} `;
}

function afterText(now: Span, after: Span, live: boolean, open: boolean): string {
  const span = live && !open ? now : after;
  if (span.ratio === null) return 'no requests since';
  // A share of a handful says nothing.
  if (span.requests < 20) return `since then ${formatCount(span.bad)} of ${formatCount(span.requests)}`;
  const word = open ? 'since then, of what arrived,' : live ? 'now' : 'afterwards';
  return `${word} ${formatRatio(span.ratio)}`;
}

/** The last release within 15 minutes before an instant (one bucket of slack, for instants are bucket starts). */
function releaseBefore(answer: OverviewAnswer, startS: number) {
  return lastRelease(answer, startS - 900, startS + answer.range.step);
}

/** A release while it went on, up to its last minutes, that may have ended it: a rollback. */
function endedClause(answer: OverviewAnswer, startS: number, endS: number): Clause[] {
  const slackS = Math.max(180, answer.range.step);
  const release = lastRelease(answer, startS + 2 * answer.range.step, endS + slackS);
  if (!release || endS - release.atMs / 1000 > 300) return [];
  return [{ text: `It ended at v${release.version}.`, href: '#chart-events' }];
}

function lastRelease(answer: OverviewAnswer, fromS: number, toS: number) {
  return (
    answer.events
      .filter((event) => event.lane === 'release' && event.version !== null)
      .filter((event) => event.atMs / 1000 >= fromS && event.atMs / 1000 <= toS)
      .sort((a, b) => b.atMs - a.atMs)[0] ?? null
  );
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

/** Buckets are 10 s wide at best: less than two of them apart is at the same time. */
const TOGETHER_MS = 20_000;

function beganText(leadMs: number, version: number | null): string {
  return leadMs < TOGETHER_MS
    ? `It began as v${version} went out.`
    : `It began ${formatSpan(leadMs)} after v${version}.`;
}
