/** The sentences a comparison of two windows opens with: Explain's, and that of a release. Pure. */
import type { ExplainAnswer, ExplainRow } from '../../api/contract/explain.ts';
import type { ReleaseAnswer, ReleaseWindow } from '../../api/contract/releases.ts';
import { leastDifference } from '../../model/proportion.ts';
import { formatCount, formatMs, formatRatio, formatSpan, plural, type Zone } from '../format.ts';
import type { Level } from '../parts/state.tsx';
import { codePath, dynoPath, logsPath, releasePath } from '../paths.ts';
import { spanText, timeText } from '../spanText.ts';
import type { Clause, Verdict } from '../verdict.ts';

/** Fewer requests than this on either side say nothing about a share. */
const REQUESTS_MIN = 60;
/** A p95 that moved by less is noise. */
const SLOWER_TIMES = 1.25;

interface Side {
  requests: number;
  bad: number;
  p95Ms: number | null;
}

export const ratioOf = ({ requests, bad }: Pick<Side, 'requests' | 'bad'>): number | null =>
  requests > 0 ? bad / requests : null;

/** Whether more (1) or fewer (−1) requests fail than before, as far as that can be told; 0 where it cannot. */
export function failsMore(now: Side, then: Side): -1 | 0 | 1 {
  const [a, b] = [
    { hits: now.bad, of: now.requests },
    { hits: then.bad, of: then.requests },
  ];
  if (leastDifference(a, b) > 0) return 1;
  return leastDifference(b, a) > 0 ? -1 : 0;
}

/** Whether the p95 rose (1) or fell (−1) by a quarter at least. */
export function isSlower(now: Side, then: Side): -1 | 0 | 1 {
  if (!now.p95Ms || !then.p95Ms) return 0;
  if (now.p95Ms >= then.p95Ms * SLOWER_TIMES) return 1;
  return now.p95Ms * SLOWER_TIMES <= then.p95Ms ? -1 : 0;
}

/** `Failed: 0.1 % → 2.3 %, p95 310 ms → 2.9 s.` */
function changesText(now: Side, then: Side): string {
  const failed =
    now.bad + then.bad === 0
      ? 'none failed'
      : `failed ${formatRatio(ratioOf(then))} → ${formatRatio(ratioOf(now))}`;
  return `${failed}, p95 ${formatMs(then.p95Ms)} → ${formatMs(now.p95Ms)}`;
}

function levelOf(now: Side, then: Side): { level: Level; word: string } {
  const [fails, slow] = [failsMore(now, then), isSlower(now, then)];
  const many = (ratioOf(now) ?? 0) >= 0.01;
  if (fails > 0) return { level: many ? 'critical' : 'warning', word: 'More fail' };
  if (slow > 0) return { level: 'warning', word: 'Slower' };
  if (fails < 0) return { level: 'ok', word: 'Fewer fail' };
  return slow < 0 ? { level: 'ok', word: 'Faster' } : { level: 'ok', word: 'No change' };
}

/** Where a value of an attribute leads: its page, or the lines with it, within a range. */
export function hrefOf(app: string, row: ExplainRow, span: { from: string; to: string }): Partial<Clause> {
  const { attribute, value } = row;
  if (attribute === 'code') {
    return value.startsWith('H')
      ? { href: codePath(app, value), query: span }
      : { href: logsPath(app, { source: 'router', status: '5xx' }), query: span };
  }
  if (attribute === 'dyno' && value !== '') return { href: dynoPath(app, value), query: span };
  if (attribute === 'release' && value !== '') return { href: releasePath(app, Number(value)) };
  if (attribute === 'status')
    return { href: logsPath(app, { source: 'router', status: value }), query: span };
  const text = attribute === 'path' ? (value.split(' ')[1] ?? '').replace(/\{.*$/, '') : value;
  const q = attribute === 'method' ? `method=${value}` : text.length > 1 ? text : undefined;
  return { href: logsPath(app, { source: 'router', ...(q !== undefined && { q }) }), query: span };
}

/** What differs between the range and its baseline, and what carries it. */
export function describeExplain(answer: ExplainAnswer, zone: Zone): Verdict {
  const { range, baseline } = answer;
  const when = spanText(range.from, range.to, zone);
  const against =
    answer.base === 'week'
      ? 'a week before'
      : `the ${formatSpan((baseline.to - baseline.from) * 1000)} before`;
  if (range.requests === 0 && range.timed === 0)
    return {
      level: 'unknown',
      word: 'No requests',
      clauses: [{ text: `There were no requests ${when}, so there is nothing to explain.` }],
    };
  const head: Clause = {
    text: `${plural(range.requests, 'request')} ${when}, against ${against}: ${changesText(range, baseline)}.`,
  };
  if (baseline.requests === 0) {
    const text = `${plural(range.requests, 'request')} ${when}, ${formatRatio(ratioOf(range))} failed, p95 ${formatMs(range.p95Ms)}. Nothing is known of ${against}: shares are held against the share of the traffic.`;
    return { level: 'unknown', word: 'No baseline', clauses: [{ text }, ...topClauses(answer)] };
  }
  if (Math.min(range.requests, baseline.requests) < REQUESTS_MIN)
    return {
      level: 'unknown',
      word: 'Few requests',
      clauses: [head, { text: 'Too few to say more.' }],
    };
  return { ...levelOf(range, baseline), clauses: [head, ...topClauses(answer), ...missing(answer)] };
}

/** The most telling value of each attribute, at most three: `Of the bad, 96 % are H12 (before 2 %).` */
function topClauses(answer: ExplainAnswer): Clause[] {
  const span = {
    from: `${new Date(answer.range.from * 1000).toISOString().slice(0, 19)}Z`,
    to: `${new Date(answer.range.to * 1000).toISOString().slice(0, 19)}Z`,
  };
  const told = (rows: readonly ExplainRow[], lens: 'bad' | 'slow', max: number): Clause[] =>
    distinct(rows)
      .slice(0, max)
      .map((row, index, all) => ({
        ...hrefOf(answer.app, row, span),
        text: `${index === 0 ? `Of the ${lens} ` : ''}${shareText(row)}${index === all.length - 1 ? '.' : ','}`,
      }));
  // What has more of fewer failures than before is in the tables; it is no news.
  const { range, baseline } = answer;
  const clauses = [
    ...((ratioOf(range) ?? 0) > (ratioOf(baseline) ?? 0) ? told(answer.bad, 'bad', 3) : []),
    ...(slowRatio(range) > slowRatio(baseline) ? told(answer.slow, 'slow', 2) : []),
  ];
  if (answer.bad.length > 0 || answer.range.bad < 20) return clauses;
  return [{ text: 'The bad requests are spread as all requests are.' }, ...clauses];
}

function slowRatio({ slow, timed }: { slow: number; timed: number }): number {
  return timed > 0 ? slow / timed : 0;
}

/** One value an attribute; what a path has is not told again by its method. */
function distinct(rows: readonly ExplainRow[]): ExplainRow[] {
  const seen = new Set<string>();
  return rows.filter(({ attribute }) => {
    if (attribute === 'method' || attribute === 'status' || seen.has(attribute)) return false;
    return Boolean(seen.add(attribute));
  });
}

function shareText({ name, range, baseline }: ExplainRow): string {
  return `${formatRatio(range.share)} are ${name} (before ${shareBefore(baseline)})`;
}

/** Of so few a share says more than is known: their number is told. */
const FEW_HITS = 20;

/** What a value had of the hits in the baseline: `none`, `2 of 7`, `11 %`. */
export function shareBefore({ hits, share }: ExplainRow['baseline']): string {
  if (hits === 0 || share === null || share === 0) return 'none';
  const all = Math.round(hits / share);
  return all < FEW_HITS ? `${formatCount(hits)} of ${formatCount(all)}` : formatRatio(share);
}

function missing({ range, baseline, app }: ExplainAnswer): Clause[] {
  const lost = [...range.gaps, ...baseline.gaps];
  if (lost.length === 0) return [];
  return [
    {
      text: `Lines are missing in ${range.gaps.length > 0 ? 'the range' : 'the baseline'}: shares are of what arrived.`,
      href: `/a/${encodeURIComponent(app)}/health`,
    },
  ];
}

/** Since a release, against as long before it. */
export function describeRelease(answer: ReleaseAnswer, zone: Zone): Verdict {
  const { before, after, version } = answer;
  const since = `Since v${version} at ${timeText(answer.atMs / 1000, zone)}`;
  const length = formatSpan((after.to - after.from) * 1000);
  if (Math.min(before.requests, after.requests) < REQUESTS_MIN)
    return {
      level: 'unknown',
      word: answer.isRunning ? 'Too early' : 'Few requests',
      clauses: [
        {
          text: `${since}: ${plural(after.requests, 'request')} in ${length}, ${formatCount(before.requests)} in as long before. Too few to say whether anything changed.`,
        },
      ],
    };
  const { level, word } = levelOf(after, before);
  const calm = failsMore(after, before) === 0 && isSlower(after, before) === 0;
  const text = calm
    ? `${since} nothing changed that can be told from chance: ${changesText(after, before)}, over ${length} on both sides.`
    : `${since}: ${changesText(after, before)}, over ${length} on both sides.`;
  return {
    level,
    word,
    clauses: [{ text }, ...codesClause(answer), ...memoryClause(answer), ...carriers(answer)],
  };
}

function codesClause({ app, before, after }: ReleaseAnswer): Clause[] {
  const were = new Map(before.codes.map((one) => [one.code, one.count]));
  const scale = before.requests > 0 ? after.requests / before.requests : 1;
  const grown = after.codes
    .map((one) => ({ ...one, was: (were.get(one.code) ?? 0) * scale }))
    .filter((one) => one.count >= 5 && one.count >= 2 * one.was)
    .sort((a, b) => b.count - b.was - (a.count - a.was))[0];
  if (!grown) return [];
  const was = were.get(grown.code) ?? 0;
  const text = `${grown.code}: ${was === 0 ? 'none' : formatCount(was)} → ${formatCount(grown.count)}.`;
  return [{ text, href: codePath(app, grown.code) }];
}

/** Only growth: dynos that have just started use less, whatever was released. */
function memoryClause({ before, after }: { before: ReleaseWindow; after: ReleaseWindow }): Clause[] {
  if (before.memoryMeanBytes === null || after.memoryMeanBytes === null) return [];
  const ratio = after.memoryMeanBytes / before.memoryMeanBytes - 1;
  if (ratio < 0.1) return [];
  return [{ text: `A dyno uses ${formatRatio(ratio)} more memory.`, href: '#release-memory' }];
}

function carriers({ bad }: ReleaseAnswer): Clause[] {
  const row = bad.find(({ attribute }) => attribute === 'dyno' || attribute === 'path');
  return row ? [{ text: `Of the bad, ${row.sentence}`, href: '#release-bad' }] : [];
}
