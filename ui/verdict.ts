/**
 * The sentence an app page opens with: what the numbers of the range say, worst first. Rules over the same answer the
 * charts are drawn from; every clause leads to where it can be seen. Open buckets are left out. Only a range known in
 * full may be called well, and nothing is called over while something is missing since.
 */
import type { OverviewAnswer } from '../api/contract/apps.ts';
import { type Buckets, closedBuckets } from './buckets.ts';
import { type CodeTable, explainExcluded, explainFailures } from './failures.ts';
import { formatCount, formatMs, formatRatio, formatSpan, plural, type Zone } from './format.ts';
import { describeHoles, describeNotKept, findHoles, type Holes, hasHoles } from './holes.ts';
import { describeIncident, REQUESTS_MIN } from './incident.ts';
import { type Level, LOOK_RATIO } from './parts/state.tsx';
import { RETENTION_PATH } from './paths.ts';
import { timeText } from './spanText.ts';
import { type Doubt, withDoubt } from './verdict/doubt.ts';

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
  /** When requests failed more than they may, epoch s; `toS` null while they do. */
  span?: { fromS: number; toS: number | null };
}

/** What all rules look at. */
export interface Case {
  answer: OverviewAnswer;
  table: CodeTable;
  zone: Zone;
  base: string;
  holes: Holes;
  /** true when the range ends now, so that its end may be called now. */
  live: boolean;
}

export function buildVerdict(
  answer: OverviewAnswer,
  nowMs: number,
  zone: Zone,
  table: CodeTable,
  doubt: Doubt | null = null,
): Verdict {
  return withDoubt(answer, zone, buildKnown(answer, nowMs, zone, table), doubt);
}

function buildKnown(answer: OverviewAnswer, nowMs: number, zone: Zone, table: CodeTable): Verdict {
  const { health, range } = answer;
  const base = `/a/${encodeURIComponent(answer.app)}`;
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
  const live = range.to * 1000 >= nowMs - 2000 * range.step;
  const about: Case = { answer, table, zone, base, holes: findHoles(answer, nowMs), live };
  const throughMs = health.dataThroughMs;
  if (health.state === 'silent' && throughMs !== null && range.to * 1000 > throughMs) {
    const since: Clause = {
      text: `No line has arrived for ${formatSpan(nowMs - throughMs)}, since ${timeText(throughMs / 1000, zone)}.`,
      href: `${base}/health`,
    };
    const before =
      answer.totals.requests === 0 ? [] : [{ text: 'Before that:' }, ...describeKnown(about).clauses];
    return { level: 'critical', word: 'Silent', clauses: [since, ...before] };
  }
  return describeKnown(about);
}

/** What is known first, then what is missing; the word is that of the worse of both. */
function describeKnown(about: Case): Verdict {
  const { answer, holes, zone, base } = about;
  const deleted = notKeptClause(about);
  if (holes.nothing && deleted.length > 0)
    return {
      level: 'unknown',
      word: 'Not kept',
      clauses: [...deleted, { text: 'Nothing can be said about this range.' }],
    };
  if (holes.nothing)
    return {
      level: 'unknown',
      word: 'No data',
      clauses: [
        { text: 'No line arrived in this range, so nothing can be said about it.', href: `${base}/health` },
      ],
    };
  const traffic = describeTraffic(about);
  const memory = memoryClauses(answer);
  const missing = describeHoles(holes, zone).map((text) => ({ text, href: `${base}/health` }));
  const begins = holes.beginsS === null ? [] : [{ text: `Data begins at ${timeText(holes.beginsS, zone)}.` }];
  const clauses = [...deleted, ...begins, ...traffic.clauses, ...memory, ...missing];
  const calm = traffic.level === 'ok' || traffic.level === 'unknown';
  if (calm && memory.length > 0) return { level: 'warning', word: 'Memory', clauses };
  if (calm && missing.length > 0) return { level: 'warning', word: 'Incomplete', clauses };
  if (traffic.level === 'ok' && deleted.length > 0) return { level: 'unknown', word: 'Partly kept', clauses };
  if (traffic.level === 'ok' && holes.beginsS !== null)
    return { level: 'unknown', word: 'Collecting', clauses };
  return { ...traffic, clauses };
}

/** What retention has deleted of the range, and where that is set. */
function notKeptClause({ answer, holes, zone }: Case): Clause[] {
  if (holes.keptFromS === null) return [];
  return [{ text: describeNotKept(answer, holes.keptFromS, zone), href: RETENTION_PATH }];
}

/** Requests and failures, whatever else there is. */
function describeTraffic(about: Case): Verdict {
  const { answer, table, holes } = about;
  const { totals } = answer;
  const known = hasHoles(holes) ? 'Of what arrived: ' : '';
  if (totals.requests === 0) {
    const text = known
      ? 'Of what arrived: no requests.'
      : 'The stream is alive, but there were no requests in this range.';
    return { level: 'unknown', word: 'No traffic', clauses: [{ text }] };
  }
  const excluded = explainExcluded(about);
  if (totals.excluded >= totals.requests) {
    const text = `${known}${plural(totals.requests, 'request')}, none of which counts for availability.`;
    return { level: 'unknown', word: 'None count', clauses: [{ text, href: '#chart-codes' }, ...excluded] };
  }
  const buckets = closedBuckets(answer, table);
  if (totals.requests - totals.excluded < REQUESTS_MIN) return describeFew(about, buckets, known, excluded);
  const incident = describeIncident(about, buckets);
  if (incident) return { ...incident, clauses: [...incident.clauses, ...excluded] };
  // A share of what counts, as in the fleet and in objectives.
  const ratio = totals.bad / (totals.requests - totals.excluded);
  const share =
    totals.bad === 0 ? 'none failed' : `${formatRatio(ratio)} failed (${formatCount(totals.bad)})`;
  const text = `${known}${plural(totals.requests, 'request')}, ${share}${p95Text(answer)}.`;
  const look = ratio >= LOOK_RATIO;
  return {
    level: look ? 'warning' : 'ok',
    word: look ? 'Some fail' : 'All well',
    clauses: [
      { text, href: '#chart-throughput' },
      ...(look ? explainFailures(about, buckets, 0, buckets.t.length) : calmClause(about)),
      ...excluded,
    ],
  };
}

/** How long it has been well: as far as is looked at. */
function calmClause({ answer, holes, live }: Case): Clause[] {
  if (hasHoles(holes)) return [];
  const fromS = holes.beginsS ?? holes.keptFromS ?? answer.range.from;
  const toS = Math.min(answer.range.to, answer.nowMs / 1000);
  return [
    { text: `${live ? 'It has been so' : 'It was so'} for all of ${formatSpan((toS - fromS) * 1000)}.` },
  ];
}

function describeFew(about: Case, buckets: Buckets, known: string, excluded: Clause[]): Verdict {
  const { answer } = about;
  const { requests, bad } = answer.totals;
  const failed = bad === 0 ? 'none' : formatCount(bad);
  return {
    level: bad > 0 ? 'warning' : 'ok',
    word: 'Low traffic',
    clauses: [
      {
        text: `${known}${plural(requests, 'request')}, ${failed} failed${p95Text(answer)}. Too few to say more.`,
        href: '#chart-throughput',
      },
      ...explainFailures(about, buckets, 0, buckets.t.length),
      ...excluded,
    ],
  };
}

function p95Text(answer: OverviewAnswer): string {
  return answer.totals.p95Ms === null ? '' : `, p95 ${formatMs(answer.totals.p95Ms)}`;
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
