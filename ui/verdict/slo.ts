/**
 * The sentence over an objective, and the one over the list of them: how it stands and since when, what is left, how
 * fast it goes and where most of it went. Rules over the numbers of the answer; each clause leads on. Pure.
 */
import type { BurnedAnswer, SloDetailAnswer, SloRow } from '../../api/contract/slos.ts';
import {
  formatClock,
  formatCount,
  formatDay,
  formatRatio,
  formatSpan,
  plural,
  type Zone,
  zoneSuffix,
} from '../format.ts';
import { heldWords } from '../incidentWords.ts';
import { incidentPath, sloPath } from '../paths.ts';
import { budgetWords, formatBudget, formatBurn, sloState } from '../sloWords.ts';
import type { Clause } from '../verdict.ts';

/** What carries less than this of the bad is one of several. */
const SHARE_MIN = 0.3;

/** Clauses in the order they are read; never empty. `burned`: null until it is known. */
export function saySloClauses(
  data: SloDetailAnswer,
  burned: BurnedAnswer | null,
  nowMs: number,
  zone: Zone,
): Clause[] {
  const { slo } = data;
  const { budget } = slo;
  if (budget.remaining === null)
    return [
      slo.state === 'noData'
        ? { text: 'No line of this app for longer than is usual: nothing is known.', href: healthOf(slo) }
        : { text: 'No requests in this period yet.' },
    ];
  const standing = [stateClause(data, nowMs, zone), { text: `${leftText(slo)}.`, href: '#chart-budget' }];
  return [
    // What is lost comes before what is quiet.
    ...(slo.state === 'exhausted' ? standing.reverse() : standing),
    ...burnClauses(slo, nowMs),
    ...burnedClause(slo, burned),
    ...unknownClause(slo),
  ];
}

function stateClause({ slo, incidents }: SloDetailAnswer, nowMs: number, zone: Zone): Clause {
  const since = slo.sinceMs === null ? '' : ` since ${at(slo.sinceMs, nowMs, zone)}`;
  const href = slo.incidentId === null ? '#burn-table' : incidentPath(slo.incidentId);
  switch (slo.state) {
    case 'firing':
      return { text: `${slo.severity === 'page' ? 'Paging' : 'Alerting'}${since}.`, href };
    case 'held': {
      const why = slo.held ? `${heldWords(slo.held.reason)} since ${at(slo.held.sinceMs, nowMs, zone)}` : '';
      return { text: `Held: ${why}; last known: alerting${since}.`, href };
    }
    case 'noData':
      return { text: `No data${since}: nothing is known of now.`, href: healthOf(slo) };
    case 'learning':
      return { text: 'Less than a day of counts: too little to judge.', href: '#chart-requests' };
    default:
      return { text: calmText(incidents, nowMs), href: '#slo-incidents' };
  }
}

/** Nothing fires, and for how long that has been so. */
function calmText(incidents: SloDetailAnswer['incidents'], nowMs: number): string {
  const over = incidents.flatMap((one) => (one.resolvedAtMs === null ? [] : [one.resolvedAtMs]));
  if (over.length === 0) return 'Nothing fires, and it never has.';
  return `Nothing fires, for ${formatSpan(nowMs - Math.max(...over))}.`;
}

function leftText({ budget }: SloRow): string {
  const { remaining } = budget;
  if (remaining === null) return 'Nothing is counted';
  if (remaining <= 0) return `The budget is spent: ${budgetWords(budget)}`;
  return `${formatBudget(remaining)} of the budget is left: ${budgetWords(budget).replace(/ left$/, '')}`;
}

/** The last hour, where it says something, and what follows from it. */
function burnClauses({ burn, budget, lowTraffic }: SloRow, nowMs: number): Clause[] {
  const hour = burn.find((one) => one.window === '1h');
  if (!hour || hour.burn === null)
    return [{ text: 'No requests in the last hour.', href: '#chart-requests' }];
  const counted = `${formatCount(hour.bad)} of ${formatCount(hour.events)}`;
  if (lowTraffic)
    return [{ text: `Few requests: ${counted} in the last hour, too few to judge.`, href: '#chart-burn' }];
  if (hour.bad === 0) return [{ text: 'Nothing was bad in the last hour.', href: '#chart-burn' }];
  const spends = hour.burn > 1 ? '' : ', no faster than it may';
  const gone =
    budget.exhaustedAtMs !== null && (budget.remaining ?? 0) > 0
      ? ` At that rate it is gone in ${formatSpan(budget.exhaustedAtMs - nowMs)}.`
      : '';
  return [
    {
      text: `In the last hour it burned ${formatBurn(hour.burn)} (${counted})${spends}.${gone}`,
      href: '#chart-burn',
    },
  ];
}

/** The code, or else the path, that most of it went to. */
function burnedClause({ budget }: SloRow, burned: BurnedAnswer | null): Clause[] {
  if (!burned || burned.bad === 0 || budget.bad === 0) return [];
  for (const by of ['code', 'pathShape', 'release'] as const) {
    const top = burned.tables.find((table) => table.by === by)?.rows[0];
    if (!top || top.share < SHARE_MIN || top.name === 'no code') continue;
    return [
      {
        // A release that ran at the time need not have done it.
        text:
          by === 'release'
            ? `${formatRatio(top.share)} of it was spent while ${top.name} ran.`
            : `${top.name} is ${formatRatio(top.share)} of what was spent.`,
        href: top.link === '' ? '#burned' : top.link,
      },
    ];
  }
  return [{ text: 'No single code or path spent most of it.', href: '#burned' }];
}

function unknownClause(slo: SloRow): Clause[] {
  const { verdict, missingMinutes, uncertainMinutes } = slo.budget;
  if (verdict !== 'unknown') return [];
  const parts = [
    missingMinutes > 0 && `${minutesText(missingMinutes)} without data`,
    uncertainMinutes > 0 && `${minutesText(uncertainMinutes)} with lost lines`,
  ].filter(Boolean);
  return [
    {
      text: `${parts.join(' and ') || 'Lines are missing'}: whether it is met cannot be said.`,
      href: healthOf(slo),
    },
  ];
}

function minutesText(minutes: number): string {
  return minutes < 90 ? plural(minutes, 'minute') : formatSpan(minutes * 60_000);
}

/** Over the list: what burns first, what is spent, what is not known; or that all is well. */
export function saySloListClauses(rows: readonly SloRow[], isAway: boolean): Clause[] {
  if (rows.length === 0) return [];
  const of = (states: readonly SloRow['state'][]) => rows.filter((row) => states.includes(row.state));
  const firing = of(['firing', 'held']).sort((a, b) => (b.burn[0]?.burn ?? 0) - (a.burn[0]?.burn ?? 0));
  const clauses: Clause[] = [];
  const [worst] = firing;
  if (worst) {
    const more = firing.length > 1 ? `, and ${firing.length - 1} more` : '';
    const burn = worst.burn[0]?.burn ?? null;
    clauses.push({
      text: `${nameOf(worst)} is ${sloState(worst, isAway).word}${burn === null ? '' : `, burning ${formatBurn(burn)}`}${more}.`,
      href: worst.incidentId ? incidentPath(worst.incidentId) : sloPath(worst.app, worst.slug),
    });
  }
  const spent = rows.filter((row) => (row.budget.remaining ?? 1) <= 0);
  const soon = rows
    .filter(
      (row) => (row.budget.remaining ?? 0) > 0 && row.budget.exhaustedAtMs !== null && !firing.includes(row),
    )
    .sort((a, b) => (a.budget.exhaustedAtMs ?? 0) - (b.budget.exhaustedAtMs ?? 0));
  if (spent[0])
    clauses.push({
      text: `${nameOf(spent[0])}${spent.length > 1 ? ` and ${spent.length - 1} more have` : ' has'} no budget left.`,
      href: sloPath(spent[0].app, spent[0].slug),
    });
  if (soon[0])
    clauses.push({
      text: `${nameOf(soon[0])} burns faster than it may${soon.length > 1 ? `, and ${soon.length - 1} more` : ''}.`,
      href: sloPath(soon[0].app, soon[0].slug),
    });
  const unknown = of(['noData', 'incomplete']);
  if (unknown[0])
    clauses.push({
      text: `Of ${unknown.length === 1 ? nameOf(unknown[0]) : plural(unknown.length, 'objective')} not all is known.`,
      href: `/a/${encodeURIComponent(unknown[0].app)}/health`,
    });
  if (clauses.length > 0) return clauses;
  const least = rows
    .filter((row) => row.budget.remaining !== null)
    .sort((a, b) => (a.budget.remaining ?? 0) - (b.budget.remaining ?? 0))[0];
  const left = least ? `; the least left is ${formatBudget(least.budget.remaining)} of ${nameOf(least)}` : '';
  const text = rows.length === 1 ? 'It is within its budget' : `All ${rows.length} are within their budgets`;
  return [
    {
      text: `${isAway ? `When last known: ${text.toLowerCase()}` : text}${left}.`,
      ...(least && { href: sloPath(least.app, least.slug) }),
    },
  ];
}

function nameOf({ title, app }: SloRow): string {
  return title.toLowerCase().includes(app.toLowerCase()) ? title : `${title} (${app})`;
}

function healthOf({ app }: SloRow): string {
  return `/a/${encodeURIComponent(app)}/health`;
}

function at(ms: number, nowMs: number, zone: Zone): string {
  const day = formatDay(ms, zone, nowMs);
  const clock = `${formatClock(ms, zone, false)}${zoneSuffix(ms, zone)}`;
  return day === formatDay(nowMs, zone, nowMs) ? clock : `${day} ${clock}`;
}
