/**
 * The sentence a page of logs opens with: how much is said, how many errors there are lately and which, whether they
 * rise, and what of it all is not shown. Rules over the same counts that the chart is drawn from; open columns are left out.
 */
import type {
  LogHistogramAnswer,
  LogLeftOut,
  LogPattern,
  LogPatternsAnswer,
} from '../../api/contract/logs.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { showHidden } from '../clean.ts';
import {
  formatClock,
  formatCount,
  formatNumber,
  formatRatio,
  formatSpan,
  plural,
  type Zone,
} from '../format.ts';
import { stripAnsi } from '../logsAnsi.ts';
import { rateText } from '../logsWords.ts';
import { logsPath } from '../paths.ts';
import type { Clause, Verdict } from '../verdict.ts';

export interface LogsCase {
  histogram: LogHistogramAnswer;
  /** Patterns of the error lines of `recentSpan`; null while they are not known. */
  errors: LogPatternsAnswer | null;
  /** Whether a filter narrows what is counted. */
  isFiltered: boolean;
  /** Whether the range ends now. */
  live: boolean;
  nowMs: number;
  zone: Zone;
}

/** How much of the end of a range is called "lately". */
const RECENT_MS = 15 * MINUTE;
/** From this many times the rate before, and this many lines, errors are said to rise. */
const RISE_FACTOR = 3;
const RISE_MIN = 5;
const EXAMPLE_MAX = 80;

/** The last 15 minutes of closed columns, or the whole range where it is shorter; epoch ms. */
export function recentSpan(histogram: LogHistogramAnswer, nowMs: number): { fromMs: number; toMs: number } {
  const width = histogram.step * SECOND;
  const toMs = Math.min(histogram.toMs, Math.floor(nowMs / width) * width);
  return { fromMs: Math.max(histogram.fromMs, toMs - RECENT_MS), toMs };
}

export function buildLogsVerdict(about: LogsCase): Verdict {
  const { histogram, live, nowMs, zone, isFiltered } = about;
  const unknown = emptyVerdict(about);
  if (unknown) return unknown;
  const span = recentSpan(histogram, nowMs);
  const lines = sumIn(histogram, 'source:', span);
  const errors = sumIn(histogram, 'level:error', span);
  const spanMs = Math.max(span.toMs - span.fromMs, SECOND);
  const whole = span.fromMs <= histogram.fromMs && !live;
  const when = whole
    ? 'in this range'
    : live
      ? `in the last ${formatSpan(spanMs)}`
      : `in its last ${formatSpan(spanMs)}`;
  const about1 = histogram.estimated ? 'about ' : '';
  const rate = `${about1}${rateText(lines / (spanMs / MINUTE))}${isFiltered ? ' that fit' : ''}`;
  const rise = riseOf(histogram, span, errors);
  const clauses: Clause[] = [
    { text: `${upperFirst(rate)}${errors === 0 ? `, no errors ${when}.` : '.'}`, href: '#log-lines' },
    ...(errors === 0 ? [] : errorClauses(about, errors, `${about1}${plural(errors, 'error')} ${when}`)),
    ...(rise === null ? [] : [{ text: rise, href: '#chart-logs' }]),
    ...codeClauses(histogram),
    ...doubtClauses(histogram, zone),
  ];
  if (rise !== null) return { level: 'critical', word: 'Errors rise', clauses };
  if (errors > 0) return { level: 'warning', word: 'Some errors', clauses };
  // Over lines that were not looked at nothing is called well.
  return histogram.estimated
    ? { level: 'unknown', word: 'Not all looked at', clauses }
    : { level: 'ok', word: 'No errors', clauses };
}

/** Ranges without lines say why there are none. */
function emptyVerdict({ histogram, isFiltered, live }: LogsCase): Verdict | null {
  const base = `/a/${encodeURIComponent(histogram.app)}`;
  const { retention } = histogram;
  const say = (word: string, text: string, href?: string): Verdict => ({
    level: 'unknown',
    word,
    clauses: [{ text, href }],
  });
  switch (histogram.empty) {
    case 'off':
      return say('Not kept', 'Lines of this app are not kept. Charts and alerts do not need them.');
    case 'notSetUp':
      return {
        ...say('Waiting', 'No line has arrived from this app yet.'),
        clauses: [
          { text: 'No line has arrived from this app yet.' },
          { text: 'See what is missing', href: '/setup', query: { app: histogram.app } },
        ],
      };
    case 'tooOld':
      return say(
        'Not kept any more',
        `This range is older than what is kept: ${formatSpan(retention.hours * 60 * MINUTE)}.`,
      );
    case 'silent':
      return {
        ...say('Silent', 'No line arrived in this range.', `${base}/health`),
        level: live ? 'critical' : 'unknown',
      };
    case 'none':
      return say(
        'Nothing fits',
        isFiltered
          ? 'Lines arrived in this range, and none fits the filter.'
          : 'No lines are kept of this range.',
      );
    default:
      return null;
  }
}

function errorClauses({ errors, histogram }: LogsCase, count: number, text: string): Clause[] {
  const href = logsPath(histogram.app);
  const top = errors ? mostOf(errors) : null;
  const said = { text: `${upperFirst(text)}.`, href, query: { level: 'error' } };
  if (!errors || !top) return [said];
  if (count === 1)
    return [
      { ...said, text: `${upperFirst(text)}:` },
      { text: `${top.name}.`, href, query: top.query },
    ];
  // Where not every line was looked at, a share is known and a count is not.
  const { complete } = errors.search;
  const part =
    complete && top.count >= count
      ? 'all'
      : complete
        ? formatCount(top.count)
        : formatRatio(top.count / Math.max(errors.lines, 1));
  return [
    { ...said, text: `${upperFirst(text)},` },
    { text: `${part} of them ${top.name}.`, href, query: top.query },
  ];
}

/** What most errors have in common: a code, whatever else the lines say, or a pattern. */
interface Common {
  count: number;
  name: string;
  query: Record<string, string>;
}

/** The most frequent that says something by itself: lines of a stack trace do not. */
function mostOf({ patterns }: LogPatternsAnswer): Common | null {
  const found = new Map<string, Common>();
  const telling = patterns.filter(({ example }) => !/^\s/.test(stripAnsi(example.text)));
  for (const pattern of telling.length > 0 ? telling : patterns) {
    const { source, code, status } = pattern.example;
    // A router line without a code says nothing but its status: its text is all paths and ids.
    const answered = source === 'router' && code === null ? status : null;
    const key = code ?? (answered === null ? pattern.id : `status ${answered}`);
    const known = found.get(key);
    if (known) known.count += pattern.count;
    else if (answered !== null)
      found.set(key, { count: pattern.count, name: key, query: { status: String(answered) } });
    else
      found.set(key, {
        count: pattern.count,
        name: code ?? quotedText(pattern),
        query: code === null ? { pattern: pattern.id } : { code },
      });
  }
  return [...found.values()].toSorted((a, b) => b.count - a.count)[0] ?? null;
}

/** What the newest line of a pattern says, without the id that frameworks put before it. */
function quotedText({ example }: LogPattern): string {
  const whole = showHidden(stripAnsi(example.text).trim());
  const text = whole.replace(/^\[[0-9a-f-]{32,36}\]\s+/i, '');
  return `“${text.length > EXAMPLE_MAX ? `${text.slice(0, EXAMPLE_MAX - 1)}…` : text}”`;
}

/** `That is 4 times the rate before.`, or null where errors do not rise, or nothing is known of before. */
function riseOf(
  histogram: LogHistogramAnswer,
  span: { fromMs: number; toMs: number },
  errors: number,
): string | null {
  const before = { fromMs: histogram.fromMs, toMs: span.fromMs };
  const beforeMs = before.toMs - before.fromMs;
  const spanMs = span.toMs - span.fromMs;
  if (errors < RISE_MIN || beforeMs < spanMs / 2 || knownMs(histogram, before) < spanMs / 2) return null;
  const earlier = sumIn(histogram, 'level:error', before);
  if (earlier === 0) return `There were none in the ${formatSpan(beforeMs)} before.`;
  const factor = errors / spanMs / (earlier / beforeMs);
  return factor >= RISE_FACTOR ? `That is ${formatNumber(Math.round(factor))} times the rate before.` : null;
}

function codeClauses({ facets, facetsEstimated, app }: LogHistogramAnswer): Clause[] {
  const codes = facets.code.slice(0, 3);
  return codes.map(({ value, count }, index) => ({
    text: `${index === 0 ? 'Codes in this range: ' : ''}${value} ${facetsEstimated ? 'about ' : ''}×${formatCount(count)}${index === codes.length - 1 ? '.' : ','}`,
    href: logsPath(app),
    query: { code: value },
  }));
}

function doubtClauses({ estimated, lookedAtShare, leftOut }: LogHistogramAnswer, zone: Zone): Clause[] {
  const clauses: Clause[] = [];
  if (estimated)
    clauses.push({
      text: `Counts are estimated from ${formatRatio(lookedAtShare)} of the lines.`,
      href: '#log-foot',
    });
  const worst = leftOut.toSorted((a, b) => b.leftOut - a.leftOut)[0];
  if (worst) clauses.push({ text: leftOutText(worst, zone), href: '#log-foot' });
  return clauses;
}

/** What was not kept, and that nothing that matters is among it. */
export function leftOutText({ source, fromMs, toMs, oneIn }: LogLeftOut, zone: Zone): string {
  const when = `${formatClock(fromMs, zone, false)}–${formatClock(toMs, zone, false)}`;
  return `Showing 1 in ${formatCount(oneIn)} of the ${source} lines ${when}; lines with errors, codes and 5xx are kept first.`;
}

/** Sum of the series whose id begins so, over closed columns that begin in a span. */
function sumIn(
  { columns }: LogHistogramAnswer,
  prefix: string,
  span: { fromMs: number; toMs: number },
): number {
  let sum = 0;
  for (const series of columns.series) {
    if (!series.id.startsWith(prefix)) continue;
    for (const [index, at] of columns.t.entries()) if (isIn(at, span)) sum += series.values[index] ?? 0;
  }
  return sum;
}

function isIn(atS: number, { fromMs, toMs }: { fromMs: number; toMs: number }): boolean {
  return atS * SECOND >= fromMs && atS * SECOND < toMs;
}

/** How much of a span is known, ms: columns of which any series has a value. */
function knownMs({ columns, step }: LogHistogramAnswer, span: { fromMs: number; toMs: number }): number {
  const known = columns.t.filter(
    (at, index) => isIn(at, span) && columns.series.some((series) => (series.values[index] ?? null) !== null),
  );
  return known.length * step * SECOND;
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
