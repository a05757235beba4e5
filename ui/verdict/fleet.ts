/**
 * The sentence the fleet opens with: whether anything burns, what, since when, and where to go first. Rules over the
 * same rows the table shows; every clause leads on. Nothing is called well over a hole. Pure.
 */
import {
  type CONCERNS,
  type FleetDoubt,
  type FleetItem,
  type ObjectivesDoubt,
  openAlerts,
} from '../fleetItems.ts';
import { formatCount, formatMs, formatRatio, formatSpan, plural, type Zone } from '../format.ts';
import { incidentPath, sloListPath, sloPath } from '../paths.ts';
import { formatBudget } from '../sloWords.ts';
import { timeText } from '../spanText.ts';
import type { Clause, Verdict } from '../verdict.ts';

/** More than this in a sentence is a list: the table is one. */
const NAMED_MAX = 3;
/** A release this long before an incident, or in its first minutes, is worth a look. */
const RELEASE_BEFORE_MS = 20 * 60_000;
const RELEASE_AFTER_MS = 2 * 60_000;

export interface FleetVerdict extends Omit<Verdict, 'clauses'> {
  /** A sentence each; the first is what matters. */
  lines: Clause[][];
}

/** `items` in the order of urgency. `nowMs`: of the answer, for spans. */
export function fleetVerdict(
  items: readonly FleetItem[],
  nowMs: number,
  zone: Zone,
  doubt: FleetDoubt,
): FleetVerdict {
  const { isAway, isMoving, objectives = null } = doubt;
  const troubled = items.filter((item) => item.rank < 4);
  const more = troubled.length - NAMED_MAX;
  const lines = [
    ...(isAway ? [[awayClause(items, zone)]] : []),
    ...troubled.slice(0, NAMED_MAX).map((item) => clausesOf(item, nowMs, zone)),
    objectives && !isAway ? [objectivesClause(objectives, zone)] : [],
    [
      ...(more > 0 ? [{ text: `${plural(more, 'app')} more ${more === 1 ? 'is' : 'are'} in trouble.` }] : []),
      ...restOf(items, troubled.length, doubt),
    ],
    isMoving && !isAway
      ? [{ text: 'Frames of an outage are on their way from Redis: counts still rise.', href: '/health' }]
      : [],
  ];
  return { ...headOf(items, doubt), lines: lines.filter((line) => line.length > 0) };
}

function headOf(
  items: readonly FleetItem[],
  { isAway, isMoving, objectives }: FleetDoubt,
): Pick<Verdict, 'level' | 'word'> {
  const worst = items[0];
  if (worst && worst.rank === 0) return { level: 'critical', word: 'Firing' };
  if (worst?.rank === 1)
    return { level: worst.level, word: worst.word === 'failing' ? 'Failing' : 'Burning' };
  if (worst?.rank === 2) return { level: 'critical', word: 'Silent' };
  if (isAway) return { level: 'unknown', word: 'Not known' };
  if (worst?.rank === 3) return { level: 'warning', word: 'Ticket' };
  if (items.some((item) => item.level === 'warning')) return { level: 'warning', word: 'Worth a look' };
  if (isMoving) return { level: 'warning', word: 'Incomplete' };
  if (!items.some((item) => item.level === 'ok')) return { level: 'unknown', word: 'Waiting' };
  // An objective may be burning that is not among the rows.
  if (objectives) return { level: 'unknown', word: objectives.isLoading ? 'Loading' : 'Half known' };
  return { level: 'ok', word: 'All well' };
}

function objectivesClause({ asOfMs, isLoading }: ObjectivesDoubt, zone: Zone): Clause {
  const href = sloListPath(null);
  if (isLoading) return { text: 'Objectives are still being loaded.', href };
  if (asOfMs === null)
    return { text: 'Objectives could not be loaded: whether a budget burns is not known.', href };
  return {
    text: `Objectives could not be loaded again: budgets and burns are those of ${timeText(asOfMs / 1000, zone)}.`,
    href,
  };
}

function awayClause(items: readonly FleetItem[], zone: Zone): Clause {
  const throughMs = Math.max(0, ...items.map(({ row }) => row.health.dataThroughMs ?? 0));
  const since = throughMs > 0 ? ` newer than ${timeText(throughMs / 1000, zone)}` : '';
  return { text: `Nothing${since} is known: the database does not answer. Until then:`, href: '/health' };
}

/** What is wrong with one app, from the name to the likely place. */
function clausesOf(item: FleetItem, nowMs: number, zone: Zone): Clause[] {
  const { row } = item;
  const base = `/a/${encodeURIComponent(row.app)}`;
  const name = { text: row.app, href: base };
  if (item.rank === 2) {
    const span = formatSpan(nowMs - (row.health.dataThroughMs ?? nowMs));
    return [name, { text: `has sent no line for ${span}.`, href: `${base}/health` }];
  }
  const { incidents } = row;
  if (!incidents) return punctuate([name, { text: verbOf(item) }, ...figuresOf(item)]);
  const since = `since ${timeText(incidents.sinceMs / 1000, zone)}${incidents.unacknowledged === 0 ? ' (acknowledged)' : ''}`;
  const href = incidentPath(incidents.id);
  // What fails now need not be what a ticket was opened for, nor as old.
  if (item.word === 'failing' || item.word === 'burning') {
    const open = { text: `${plural(openAlerts(row), 'ticket')} open ${since}`, href };
    return punctuate([name, { text: `${verbOf(item)} now` }, ...figuresOf(item), ...releaseOf(item), open]);
  }
  const state = { text: `${verbOf(item)} ${since}`, href };
  return punctuate([name, state, ...figuresOf(item), ...releaseOf(item)]);
}

function verbOf({ word, row }: FleetItem): string {
  if (word === 'ticket') return `has ${plural(openAlerts(row), 'ticket')} open`;
  return word === 'failing' ? 'fails' : word === 'burning' ? 'burns its budget' : 'fires';
}

function figuresOf({ row, fastest }: FleetItem): Clause[] {
  const base = `/a/${encodeURIComponent(row.app)}`;
  const failed = row.failedRatioNow ?? (row.lowTraffic ? null : row.failedRatio);
  const found: Clause[] = [];
  if (failed !== null && failed >= 0.001) {
    const before =
      row.failedRatioNow == null || row.failedRatioWeekAgo === null
        ? ''
        : `, ${formatRatio(row.failedRatioWeekAgo)} a week ago`;
    found.push({
      text: `${formatRatio(failed)} of requests fail${before}`,
      href: `${base}#chart-throughput`.split('#')[0] ?? base,
    });
  }
  if (row.topCode)
    found.push({
      text: `${row.topCode.code} ×${formatCount(row.topCode.count)}`,
      href: `${base}/codes/${encodeURIComponent(row.topCode.code)}`,
    });
  if (found.length === 0 && fastest)
    found.push({
      text: `${fastest.title} at ${formatBudget(fastest.budget.remaining)} of its budget`,
      href: sloPath(fastest.app, fastest.slug),
    });
  if (row.worstMemory && row.worstMemory.ratio > 1)
    found.push({
      text: `${row.worstMemory.dyno} at ${formatRatio(row.worstMemory.ratio)} of its memory`,
      href: `${base}/dynos`,
    });
  if (found.length === 0 && row.p95Ms !== null)
    found.push({ text: `p95 ${formatMs(row.p95Ms)}`, href: base });
  return found;
}

/** The release that went out shortly before it began. */
function releaseOf({ row }: FleetItem): Clause[] {
  const { lastRelease, incidents } = row;
  if (!lastRelease || !incidents) return [];
  const lead = incidents.sinceMs - lastRelease.atMs;
  if (lead > RELEASE_BEFORE_MS || lead < -RELEASE_AFTER_MS) return [];
  const when = lead >= 30_000 ? `${Math.max(1, Math.round(lead / 60_000))}\u00a0min before` : 'at that time';
  return [
    {
      text: `v${lastRelease.version} went out ${when}`,
      href: `/a/${encodeURIComponent(row.app)}/releases/${lastRelease.version}`,
    },
  ];
}

/** A name, a verb, then facts: `shop` `fires since …:` `2.3 % of requests fail,` `H12 ×34;` `v214 …` and a full stop. */
function punctuate(clauses: Clause[]): Clause[] {
  const last = clauses.length - 1;
  return clauses.map((clause, index) => {
    if (index === 0) return clause;
    const mark = index === last ? '.' : index === 1 ? ':' : ',';
    return { ...clause, text: clause.text + mark };
  });
}

/** The others, and the least budget among them. */
function restOf(
  items: readonly FleetItem[],
  troubled: number,
  { isAway, objectives = null }: FleetDoubt,
): Clause[] {
  const others = items.slice(troubled);
  const well = others.filter((item) => item.level === 'ok').length;
  const looks = others.filter((item) => item.level === 'warning');
  const quiet = others.length - well - looks.length;
  const clauses: Clause[] = looks.slice(0, NAMED_MAX).map((item) => lookOf(item));
  if (looks.length > NAMED_MAX) clauses.push({ text: `${looks.length - NAMED_MAX} more need a look.` });
  if (well > 0) {
    const all = well === items.length;
    const some = `${plural(well, all ? 'app' : 'other app')} ${well === 1 ? 'is' : 'are'} well${objectives ? ' by their requests' : ''}`;
    clauses.push({ text: `${all && well > 1 ? 'All ' : ''}${some}, for the last hour at least.` });
  }
  if (quiet > 0 && !isAway) {
    const word = quiet === 1 ? 'says' : 'say';
    clauses.push({ text: `${plural(quiet, 'app')} ${word} nothing: no requests, or no line yet.` });
  }
  const least = troubled + looks.length === 0 && objectives === null ? leastBudget(items) : null;
  return least ? [...clauses, least] : clauses;
}

function lookOf({ row, word, slo }: FleetItem): Clause {
  const base = `/a/${encodeURIComponent(row.app)}`;
  if (word === 'no budget' && slo)
    return {
      text: `${row.app} runs well now, but “${slo.title}” has spent its budget: ${formatBudget(slo.budget.remaining)} left.`,
      href: sloPath(slo.app, slo.slug),
    };
  if (word === 'memory' && row.worstMemory)
    return {
      text: `${row.app}: ${row.worstMemory.dyno} uses ${formatRatio(row.worstMemory.ratio)} of its memory.`,
      href: `${base}/dynos`,
    };
  if (word === 'incomplete') {
    const lost = row.health.lostMessages;
    const what = lost > 0 ? `up to ${plural(lost, 'line')} lost` : 'minutes without a line';
    return { text: `${row.app} is not known in full: ${what}.`, href: `${base}/health` };
  }
  return { text: `${row.app}: ${formatRatio(row.failedRatio)} of requests fail.`, href: base };
}

function leastBudget(items: readonly FleetItem[]): Clause | null {
  const known = items.flatMap(({ slo }) => (slo && slo.budget.remaining !== null ? [slo] : []));
  const least = known.toSorted((a, b) => (a.budget.remaining ?? 0) - (b.budget.remaining ?? 0))[0];
  if (!least) return null;
  return {
    text: `Least budget left: ${least.app}, ${least.title}, ${formatBudget(least.budget.remaining)}.`,
    href: sloPath(least.app, least.slug),
  };
}

/** How many apps each concern has, and incidents in all. */
export function countConcerns(items: readonly FleetItem[]): Record<(typeof CONCERNS)[number], number> {
  const counts = { firing: 0, burning: 0, silent: 0, dropping: 0 };
  for (const item of items) {
    for (const concern of item.concerns) counts[concern]++;
  }
  counts.firing = items.reduce((sum, { row }) => sum + openAlerts(row), 0);
  return counts;
}
