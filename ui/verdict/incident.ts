/**
 * The sentence over an incident: since when, how bad and now, against what, where most likely, and what is left. Rules
 * over the numbers of its answer; each clause leads to where they can be looked at. Pure.
 */
import type { EventAnswer } from '../../api/contract/events.ts';
import type { IncidentAnswer } from '../../api/contract/incidents.ts';
import type { Columns } from '../../api/contract/time.ts';
import type { NoticeCause } from '../../model/notice.ts';
import {
  formatClock,
  formatCount,
  formatDay,
  formatMs,
  formatRatio,
  formatSpan,
  type Zone,
  zoneSuffix,
} from '../format.ts';
import { type LogsLink, logsPath, releasePath, sloPath } from '../paths.ts';
import { formatBudget, formatBurn, formatTarget } from '../sloWords.ts';
import type { Clause } from '../verdict.ts';

/** What is called now: the last five minutes that are closed. */
const NOW_S = 300;
/** Fewer requests say nothing about a share. */
const REQUESTS_MIN = 20;
/** A sentence read at night names no more places than this. */
const PLACES_MAX = 2;
/** So many of the slow requests timed out that those are the ones to look at. */
const TIMEOUT_SHARE = 0.05;
/** Log lines from shortly before it was bad. */
const BEFORE_MS = 60_000;

/** Clauses in the order they are read; never empty. */
export function sayIncidentClauses(data: IncidentAnswer, nowMs: number, zone: Zone): Clause[] {
  const { incident } = data;
  const isOver = incident.state === 'resolved';
  return [
    ...endClause(data, nowMs, zone),
    ...(incident.subject.kind === 'slo' && data.slo && data.windows.length > 0
      ? burnClauses(data, nowMs, zone, isOver)
      : [{ text: data.failure, href: '#chart-evidence' }, sinceClause(data, nowMs, zone)]),
    ...placeClauses(data, isOver),
    ...(isOver ? [] : budgetClause(data, nowMs)),
  ];
}

/** How it ended, or what it stands on while nothing is known. */
function endClause({ incident }: IncidentAnswer, nowMs: number, zone: Zone): Clause[] {
  if (incident.state === 'resolved' && incident.resolvedAtMs !== null) {
    const lasted = formatSpan(incident.resolvedAtMs - incident.openedAtMs);
    const by = /^by (.+?)(?:: |$)/.exec(incident.resolution)?.[1];
    const how = incident.isOverBeforeTold ? 'Over' : by ? `Resolved by ${by}` : 'Recovered';
    return [{ text: `${how} ${at(incident.resolvedAtMs, nowMs, zone)} after ${lasted}.`, href: '#timeline' }];
  }
  if (incident.held === null) return [];
  const since = at(incident.held.sinceMs, nowMs, zone);
  return [{ text: `No data since ${since}; last known: firing.`, href: `/a/${of(incident.app)}/health` }];
}

function sinceClause({ sinceMs, incident }: IncidentAnswer, nowMs: number, zone: Zone): Clause {
  const fired = Math.abs(incident.firingSinceMs - sinceMs) >= 60_000;
  const text = `Since ${at(sinceMs, nowMs, zone)}${fired ? `; it fired ${at(incident.firingSinceMs, nowMs, zone)}` : ''}.`;
  return { text, href: '#timeline' };
}

/** Since when, from how much to how much; and how far above what is allowed it fired. */
function burnClauses(data: IncidentAnswer, nowMs: number, zone: Zone, isOver: boolean): Clause[] {
  const { slo, windows, incident } = data;
  const [long] = windows;
  if (!slo || !long) return [];
  const release = data.causes.find((cause) => cause.kind === 'release');
  const recent = isOver || incident.held ? null : shareNow(data);
  const share = recent ?? (long.events > 0 ? long.bad / long.events : null);
  const who = `${formatRatio(share)} of requests ${badVerb(slo, isOver)}`;
  const began = release
    ? {
        text: `Since v${release.version} at ${at(release.releasedAtMs, nowMs, zone)}: ${badNoun(slo)} ${shareText(release.before)} → ${shareText(release.after)}${recent === null ? '' : `, now ${formatRatio(recent)}`}.`,
        href: releasePath(incident.app, release.version),
        query: rangeOf(data),
      }
    : {
        text: `${isOver ? 'From' : 'Since'} ${at(data.sinceMs, nowMs, zone)}${isOver ? '' : recent === null ? ':' : '; now'} ${who}.`,
        href: '#chart-evidence',
      };
  const text = `${decidedText(data, nowMs, zone)} at ${formatBurn(long.burn)} what ${formatTarget(slo.target)} allows: ${formatCount(long.bad)} of ${formatCount(long.events)} in ${long.label}.`;
  return [began, { text, href: '#chart-evidence' }];
}

/** When the windows that are told decided: as it fired, or when it got worse since. */
function decidedText({ incident, timeline }: IncidentAnswer, nowMs: number, zone: Zone): string {
  const raised = timeline
    .filter(({ kind, atMs }) => kind === 'raised' && atMs >= incident.firingSinceMs)
    .toSorted((a, b) => b.atMs - a.atMs)[0];
  const to = raised?.detail.severity;
  if (!raised || typeof to !== 'string') return `It fired ${at(incident.firingSinceMs, nowMs, zone)}`;
  return `It became a ${to} ${at(raised.atMs, nowMs, zone)}`;
}

/** Share of bad requests of the last closed minutes of the chart; null where that says little. */
function shareNow({ chart, range }: IncidentAnswer): number | null {
  const good = chart.series.find((series) => series.id === 'good')?.values ?? [];
  const bad = chart.series.find((series) => series.id === 'bad')?.values ?? [];
  const last = bad.findLastIndex((value) => value !== null);
  if (last < 0 || (chart.t[last] ?? 0) < range.to - NOW_S * 2) return null;
  const count = Math.max(1, Math.round(NOW_S / range.step));
  let [badSum, all] = [0, 0];
  for (let index = Math.max(0, last - count + 1); index <= last; index++) {
    badSum += bad[index] ?? 0;
    all += (bad[index] ?? 0) + (good[index] ?? 0);
  }
  return all < REQUESTS_MIN ? null : badSum / all;
}

type Owner = NonNullable<IncidentAnswer['slo']>;

function badVerb({ kind, thresholdMs }: Owner, isOver: boolean): string {
  if (kind === 'latency') return `${isOver ? 'took' : 'take'} over ${formatMs(thresholdMs)}`;
  if (kind === 'composite') return isOver ? 'were bad' : 'are bad';
  return isOver ? 'failed' : 'fail';
}

function badNoun({ kind }: Owner): string {
  return { availability: 'failed requests', latency: 'slow requests', composite: 'bad requests' }[kind];
}

function shareText({ bad, events }: { bad: number; events: number }): string {
  return formatRatio(events === 0 ? null : bad / events);
}

/** The code first, then where: a dyno, or else a path; what was done to the app where nothing else stands out. */
function placeClauses(data: IncidentAnswer, isOver: boolean): Clause[] {
  const said = data.causes.filter(({ kind }) => kind === 'said');
  const places = ['code', 'dyno', 'path', 'crash', 'config', 'scale'].flatMap((kind) =>
    data.causes.filter((cause) => cause.kind === kind),
  );
  const own = places.some(({ kind }) => ['code', 'dyno', 'path'].includes(kind)) ? [] : ownHints(data);
  const clauses = [...said, ...places].map((cause) => placeClause(cause, data, isOver));
  return [...own.map(({ text, link }) => ({ text, href: link })), ...clauses].slice(
    0,
    PLACES_MAX + said.length,
  );
}

/** What the objective's own requests say, where counts of all requests are not about them. */
export function ownHints({
  hints,
  causes,
}: Pick<IncidentAnswer, 'hints' | 'causes'>): IncidentAnswer['hints'] {
  const kinds: string[] = causes.map(({ kind }) => (kind === 'path' ? 'pathShape' : kind));
  return hints.filter((hint) => !kinds.includes(hint.kind));
}

function placeClause(cause: NoticeCause, data: IncidentAnswer, isOver: boolean): Clause {
  const { app } = data.incident;
  const query = rangeOf(data);
  const carry = isOver ? 'carried' : 'carries';
  switch (cause.kind) {
    case 'code':
      return {
        text: `${formatRatio(cause.bad / cause.ofBad)} ${isOver ? 'were' : 'are'} ${cause.code}${cause.title === '' ? '' : ` (${cause.title.toLowerCase()})`}.`,
        href: `/a/${of(app)}/codes/${of(cause.code)}`,
        query,
      };
    case 'dyno':
      return {
        text: `${cause.dyno} ${carry} ${formatRatio(cause.bad / cause.ofBad)} of them, one of ${cause.dynos} dynos.`,
        href: `/a/${of(app)}/dynos/${of(cause.dyno)}`,
        query,
      };
    case 'path':
      return {
        text: `${cause.path} ${carry} ${formatRatio(cause.bad / cause.ofBad)} of them.`,
        href: logsPath(app, { ...failingSpan(data), status: '5xx', q: literalOf(cause.path) }),
      };
    case 'crash':
      return {
        text: `${cause.dyno || 'A dyno'} crashed${cause.count > 1 ? ` ${cause.count} times` : ''}.`,
        href: cause.dyno === '' ? `/a/${of(app)}/dynos` : `/a/${of(app)}/dynos/${of(cause.dyno)}`,
        query,
      };
    case 'config':
      return {
        text: `Config changed ${beforeText(cause.atMs, data)}: ${cause.what}.`,
        href: '#around',
      };
    case 'scale':
      return { text: `Scaled ${beforeText(cause.atMs, data)}: ${cause.what}.`, href: '#around' };
    case 'said':
      return {
        text: `${cause.by} says v${cause.version} caused it.`,
        href: releasePath(app, cause.version),
        query,
      };
    case 'release':
      return {
        text: `v${cause.version} came before it.`,
        href: releasePath(app, cause.version),
        query,
      };
  }
}

function beforeText(atMs: number, { incident }: IncidentAnswer): string {
  return `${formatSpan(Math.abs(incident.firingSinceMs - atMs))} ${atMs <= incident.firingSinceMs ? 'before' : 'after'} it`;
}

/** `20 % of the budget is left, gone in 5.2 h at this rate.` */
function budgetClause({ budget, slo, incident }: IncidentAnswer, nowMs: number): Clause[] {
  if (!budget || !slo || budget.remaining === null || incident.subject.kind === 'budget') return [];
  const left =
    budget.remaining <= 0 ? 'The budget is spent' : `${formatBudget(budget.remaining)} of the budget is left`;
  const until =
    budget.remaining > 0 && budget.exhaustedAtMs !== null
      ? `, gone in ${formatSpan(budget.exhaustedAtMs - nowMs)} at this rate`
      : '';
  return [{ text: `${left}${until}.`, href: sloPath(slo.app, slo.slug), query: {} }];
}

/** The range of the page, for links to where its numbers come from. */
export function rangeOf({ range }: IncidentAnswer): Record<string, string> {
  return { from: instant(range.from * 1000), to: instant(range.to * 1000) };
}

/** From shortly before it was bad to its end, or live. */
export function failingSpan({ sinceMs, incident }: IncidentAnswer): Pick<LogsLink, 'from' | 'to'> {
  const from = Math.min(sinceMs, incident.firingSinceMs) - BEFORE_MS;
  return { from: instant(from), to: incident.resolvedAtMs === null ? 'now' : instant(incident.resolvedAtMs) };
}

/**
 * The log lines that show what fails, one activation from the page: by the code that stands out, else by status; of a
 * rule those of the dyno, code or add-on it is about.
 */
export function failingLogs(data: IncidentAnswer): { text: string; href: string } {
  const { incident, causes, slo, codes, spent } = data;
  const span = failingSpan(data);
  const { key } = incident.subject;
  const link = (text: string, filter: LogsLink) => ({
    text,
    href: logsPath(incident.app, { ...span, ...filter }),
  });
  if (/^[HRL]\d{2}$/.test(key)) return link(`Log lines with ${key}`, { code: key });
  if (/^[a-z][a-z0-9-]*\.\d+$/i.test(key)) return link(`Log lines of ${key}`, { dyno: key });
  const code = causes.find((cause) => cause.kind === 'code');
  if (code) return link(`Failing requests: ${code.code}`, { code: code.code });
  if (slo?.kind === 'latency') {
    // What timed out was slow, too, and is the worst of it.
    const timeouts = codes.find((one) => one.code === 'H12')?.count ?? 0;
    return timeouts >= TIMEOUT_SHARE * (spent?.bad ?? 0) && timeouts > 0
      ? link('Timed out: H12', { code: 'H12' })
      : link('Its router lines', { source: 'router' });
  }
  if (slo || incident.subject.kind !== 'rule') return link('Failing requests', { status: '5xx' });
  return link('Logs of that time', {});
}

/** The longest piece of a path shape that stands in its lines as it is: `/api/orders/` of `POST /api/orders/{id}/pay`. */
export function literalOf(pathShape: string): string {
  const path = pathShape.slice(pathShape.indexOf('/') < 0 ? 0 : pathShape.indexOf('/'));
  const pieces = path.split(/\{[^}]*\}|…|\*/);
  return pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '');
}

const of = encodeURIComponent;

function instant(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** `11:27 CET`, of another day with it. */
export function at(ms: number, nowMs: number, zone: Zone): string {
  const day = formatDay(ms, zone, nowMs);
  const clock = `${formatClock(ms, zone, false)}${zoneSuffix(ms, zone)}`;
  return day === formatDay(nowMs, zone, nowMs) ? clock : `${day} ${clock}`;
}

/** A cause with the numbers it comes from, in the zone of the page. */
export function sayCause(cause: NoticeCause, data: IncidentAnswer, nowMs: number, zone: Zone): string {
  const ofThem = ({ bad, ofBad }: { bad: number; ofBad: number }) =>
    `${formatCount(bad)} of ${formatCount(ofBad)} bad requests (${formatRatio(bad / ofBad)})`;
  switch (cause.kind) {
    case 'release':
      return `Since v${cause.version} (${at(cause.releasedAtMs, nowMs, zone)}, ${beforeText(cause.releasedAtMs, data)}) ${shareText(cause.after)} of requests are bad; before it ${shareText(cause.before)}.`;
    case 'code':
      return `${cause.code}${cause.title === '' ? '' : ` (${cause.title.toLowerCase()})`} is ${ofThem(cause)}.`;
    case 'dyno':
      return `${cause.dyno} alone carries ${ofThem(cause)}; ${cause.dynos} dynos serve.`;
    case 'path':
      return `${cause.path} carries ${ofThem(cause)}.`;
    case 'crash':
      return `${cause.dyno || 'A dyno'} crashed${cause.count > 1 ? ` ${cause.count} times` : ''} at ${at(cause.atMs, nowMs, zone)}.`;
    case 'config':
      return `Config changed at ${at(cause.atMs, nowMs, zone)}, ${beforeText(cause.atMs, data)}: ${cause.what}.`;
    case 'scale':
      return `Scaled at ${at(cause.atMs, nowMs, zone)}, ${beforeText(cause.atMs, data)}: ${cause.what}.`;
    case 'said':
      return `${cause.by} says v${cause.version} caused it.`;
  }
}

/** `1 176 bad requests so far: 1.6 % of the budget.` Empty where nothing was counted. */
export function spentWords({ spent, incident }: IncidentAnswer): string {
  if (!spent || spent.events === 0) return '';
  const so = incident.state === 'resolved' ? '' : ' so far';
  const noun = spent.bad === 1 ? 'bad request' : 'bad requests';
  const share = spent.budgetShare === null ? '' : `: ${formatRatio(spent.budgetShare)} of the budget`;
  return `${formatCount(spent.bad)} ${noun}${so}${share}`;
}

export interface AroundEvent {
  event: EventAnswer;
  /** `4 min before`, `6 min after`, `as it fired`. */
  when: string;
}

/** How far around a moment events are told. */
const AROUND_MS = 30 * 60_000;

/** The last release before it fired, then everything within half an hour that is not a dyno's usual life, by time. */
export function eventsAround({ events, incident }: Pick<IncidentAnswer, 'events' | 'incident'>): {
  rows: AroundEvent[];
  routine: number;
} {
  const fired = incident.firingSinceMs;
  const last = events
    .filter((event) => event.lane === 'release' && event.version !== null && event.atMs <= fired)
    .sort((a, b) => b.atMs - a.atMs)[0];
  const near = events.filter((event) => event !== last && Math.abs(event.atMs - fired) <= AROUND_MS);
  const told = near.filter((event) => !event.routine).sort((a, b) => a.atMs - b.atMs);
  return {
    rows: [...(last ? [last] : []), ...told].map((event) => ({ event, when: offset(event.atMs - fired) })),
    routine: near.length - told.length,
  };
}

function offset(ms: number): string {
  if (Math.abs(ms) < 30_000) return 'as it fired';
  return `${formatSpan(Math.abs(ms))} ${ms < 0 ? 'before' : 'after'}`;
}

/** The share of bad requests of each point; null where there were none. */
export function shareColumns(chart: Columns): Columns {
  const good = chart.series.find((series) => series.id === 'good');
  const bad = chart.series.find((series) => series.id === 'bad');
  const values = chart.t.map((_, index) => {
    const [g, b] = [good?.values[index] ?? null, bad?.values[index] ?? null];
    return g === null || b === null || g + b === 0 ? null : b / (g + b);
  });
  return { t: chart.t, series: [{ id: 'share', label: 'bad', unit: 'fraction', values }] };
}
