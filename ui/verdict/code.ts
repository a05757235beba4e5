/**
 * The sentence of a code's page: how often, since when, under which release, where it is denser than requests are, and
 * what the special question of its kind gave. Rules over the answer that the page is drawn from.
 */
import type { CodeAnswer, CodeBreakdown, CodeSpecial, CodesAnswer } from '../../api/contract/codes.ts';
import {
  formatCount,
  formatInstant,
  formatNumber,
  formatRatio,
  formatSpan,
  plural,
  type Zone,
} from '../format.ts';
import { logsPath } from '../paths.ts';
import { spanText } from '../spanText.ts';
import type { Clause, Verdict } from '../verdict.ts';
import { appPath, doubts, type Heard, unheard, withDoubts } from './stream.ts';

/** Fewer of them say nothing about where they come from. */
const FEW = 5;
/** Parts that hold this share each, and this many times their share of all requests, are named when they hold enough. */
const PART_SHARE = 0.2;
const DENSE_FACTOR = 1.4;
const DENSE_SHARE = 0.4;
const ONE_NETWORK_SHARE = 0.8;
/** From this on a change against the range before is told. */
const CHANGE_FACTOR = 1.5;

export function buildCodeVerdict(answer: CodeAnswer, zone: Zone): Verdict {
  const nothing = unheard(answer, zone);
  if (nothing) return nothing;
  if (answer.count === 0) return absent(answer, zone);
  const level = levelOf(answer);
  return withDoubts(answer, zone, {
    level,
    word: WORDS[level] ?? 'Seen',
    clauses: [
      howOften(answer, zone),
      ...change(answer),
      ...sinceRelease(answer),
      ...dense(answer),
      ...special(answer),
    ],
  });
}

const WORDS: Record<string, string> = { critical: 'Acute', warning: 'Seen', ok: 'Seen', unknown: 'Seen' };
/** Seen so lately it counts as going on. */
const GOING_ON_MS = 5 * 60_000;

/** Old ones are history; of those that go on the table says how grave they are. */
function levelOf({ info, lastSeenMs, range, nowMs }: CodeAnswer): Verdict['level'] {
  const live = range.to * 1000 >= nowMs - 2000 * range.step;
  const goesOn = live && lastSeenMs !== null && nowMs - lastSeenMs < GOING_ON_MS + 1000 * range.step;
  if (info.severity === 'info' || info.severity === 'low') return 'unknown';
  return goesOn && (info.severity === 'critical' || info.severity === 'high') ? 'critical' : 'warning';
}

function absent(answer: CodeAnswer, zone: Zone): Verdict {
  const { info, everFirstSeenMs } = answer;
  const before =
    everFirstSeenMs === null
      ? `This app never had ${info.code}.`
      : `This app had it for the first time on ${formatInstant(everFirstSeenMs, zone, false)}.`;
  return noneOf(answer, zone, `${info.code} did not occur`, [{ text: before }]);
}

/** Where something is missing, only of what arrived it is known that there was none. */
function noneOf(heard: Heard, zone: Zone, what: string, more: Clause[]): Verdict {
  const missing = doubts(heard, zone);
  const isKnown = missing.length === 0;
  return {
    level: isKnown ? 'ok' : 'unknown',
    word: isKnown ? 'None' : 'None known',
    clauses: [{ text: `${what} in ${isKnown ? 'this range' : 'what arrived'}.` }, ...more, ...missing],
  };
}

function howOften(answer: CodeAnswer, zone: Zone): Clause {
  const { info, count, shareOfRequests, firstSeenMs, lastSeenMs, range } = answer;
  const share = shareOfRequests === null ? '' : `, ${formatRatio(shareOfRequests)} of requests`;
  const when =
    firstSeenMs === null || lastSeenMs === null
      ? ''
      : ` ${spanText(firstSeenMs / 1000, lastSeenMs - firstSeenMs <= 1000 * range.step ? firstSeenMs / 1000 : lastSeenMs / 1000, zone)}`;
  const noun = info.code.startsWith('H') ? plural(count, 'request') : plural(count, 'line');
  return { text: `${noun} with ${info.code}${when}${share}.`, href: '#chart-code' };
}

function change({ count, countBefore }: CodeAnswer): Clause[] {
  if (countBefore === null) return [];
  if (countBefore === 0) return count >= FEW ? [{ text: 'None in the same time before.' }] : [];
  const factor = count / countBefore;
  if (count + countBefore < 2 * FEW || (factor < CHANGE_FACTOR && factor > 1 / CHANGE_FACTOR)) return [];
  const before = formatCount(countBefore);
  const text =
    factor >= 1
      ? `${formatNumber(round(factor))} times the ${before} of the same time before.`
      : `Fewer than the ${before} of the same time before.`;
  return [{ text }];
}

/** The newest release after which the share of requests is clearly another than before it. */
function sinceRelease({ app, releases, info }: CodeAnswer): Clause[] {
  if (!info.code.startsWith('H')) return [];
  for (let at = releases.length - 1; at > 0; at--) {
    const [before, after] = [releases[at - 1], releases[at]];
    // Of several releases together no share is that of before.
    if (
      !before ||
      !after ||
      before.isSeveral ||
      after.version === null ||
      after.requests < 20 ||
      before.requests < 20
    )
      continue;
    const [was, is] = [before.count / before.requests, after.count / after.requests];
    if (after.count < FEW || is < Math.max(2 * was, 0.0005)) continue;
    return [
      {
        text: `Since v${after.version}: ${formatRatio(is)} of requests, before ${formatRatio(was)}.`,
        href: `${appPath(app)}/releases/${after.version}`,
      },
    ];
  }
  return [];
}

/** Parts that hold far more of the code than of all requests; several that do are told together. */
function dense(answer: CodeAnswer): Clause[] {
  // Codes of dynos say by themselves which dynos have them.
  if (answer.count < FEW || answer.special.kind === 'memory') return [];
  return answer.breakdowns.flatMap(({ by, rows }) => {
    if (by === 'network') return oneNetwork(rows[0]);
    if (by !== 'path' && by !== 'dyno') return [];
    const apart = rows
      .filter(
        ({ share, baseline }) => share >= PART_SHARE && baseline !== null && share >= baseline * DENSE_FACTOR,
      )
      .slice(0, 3);
    const share = apart.reduce((sum, row) => sum + row.share, 0);
    const beside = apart.reduce((sum, row) => sum + (row.baseline ?? 0), 0);
    if (share < DENSE_SHARE) return [];
    const where =
      apart.length === 1 && apart[0]?.key === ''
        ? 'reached no dyno'
        : `on ${listOf(apart.map(({ key }) => key || 'no dyno'))}`;
    const text = `${formatRatio(share)} ${where}, where ${formatRatio(beside)} of requests go.`;
    return [{ text, href: `#by-${by}` }];
  });
}

/** All requests are not counted by network: only one that holds nearly all of a code is worth telling. */
function oneNetwork(row: CodeBreakdown['rows'][number] | undefined): Clause[] {
  if (!row || row.key === '' || row.share < ONE_NETWORK_SHARE) return [];
  return [{ text: `${formatRatio(row.share)} from one network (${row.key}).`, href: '#by-network' }];
}

function special(answer: CodeAnswer): Clause[] {
  const { app, special: asked } = answer;
  const says = describeSpecial(asked);
  if (says === null) return [];
  const href =
    asked.kind === 'drain'
      ? `${appPath(app)}/health`
      : asked.kind === 'boot' && asked.dyno !== null && asked.atMs !== null
        ? logsPath(app, { from: asked.atMs - 300_000, to: asked.atMs + 120_000, dyno: asked.dyno })
        : '#special';
  return [{ text: says, href }];
}

/** Load per core from which a dyno computes rather than waits; where cores are not known, of the dyno as a whole. */
const BUSY_PER_CORE = 0.7;
const BUSY_PER_DYNO = 1.5;
/** So many times the requests in a dyno at once are a queue. */
const CROWDED_FACTOR = 2;

/** What the special question of a code gave, in a sentence; null where there is nothing to say. */
export function describeSpecial(asked: CodeSpecial): string | null {
  switch (asked.kind) {
    case 'concurrency':
      return describeConcurrency(asked);
    case 'restarts':
      return describeRestarts(asked);
    case 'boot':
      return asked.dyno === null ? null : `Read what ${asked.dyno} wrote before it ended.`;
    case 'memory':
      return asked.dynos.length > 0
        ? `${listOf(asked.dynos)} ${asked.dynos.length === 1 ? 'has' : 'have'} it.`
        : null;
    case 'drain':
      return asked.stretches > 0 ? 'Drain health says which stretches are incomplete.' : null;
    default:
      return null;
  }
}

function describeRestarts(asked: Extract<CodeSpecial, { kind: 'restarts' }>): string | null {
  const { near, byChance, partMs, restarts, crashes } = asked;
  const within = formatSpan(asked.withinMs);
  const part = partMs === null ? '' : `the last ${formatSpan(partMs)} of this range`;
  if (near === null)
    return part === ''
      ? null
      : `Whether they fall on restarts is not known: dynos changed too often to look at more than ${part}.`;
  const more = part === '' ? '' : ` Only ${part} was looked at: dynos changed too often for more.`;
  if (near >= 0.3 && near >= 3 * (byChance ?? 0))
    return `${formatRatio(near)} fell within ${within} of a restart of their dyno: requests in flight are cut.${more}`;
  return restarts + crashes === 0
    ? `No dyno restarted in this range: look at keep-alive and time-outs of the server.${more}`
    : `They do not fall on restarts (${formatRatio(near)} within ${within} of one): look at keep-alive and time-outs of the server.${more}`;
}

function describeConcurrency(asked: Extract<CodeSpecial, { kind: 'concurrency' }>): string | null {
  const { during, otherwise, cores } = asked;
  if (during.inFlight === null || during.points === 0) return null;
  const usual = otherwise.inFlight === null ? '' : ` (otherwise ${formatNumber(round(otherwise.inFlight))})`;
  const crowd = `Meanwhile each web dyno had ${formatNumber(round(during.inFlight))} requests at once${usual}`;
  if (during.load === null) return `${crowd}.`;
  const isBusy = during.load >= (cores === null ? BUSY_PER_DYNO : cores * BUSY_PER_CORE);
  const load = `load ${formatNumber(round(during.load))}${cores === null ? '' : ` on ${plural(cores, 'core')}`}`;
  if (isBusy) return `${crowd} at ${load}: they compute; more dynos or less work a request.`;
  const isCrowded = otherwise.inFlight !== null && during.inFlight >= CROWDED_FACTOR * otherwise.inFlight;
  return `${crowd} at ${load}: ${isCrowded ? 'they wait, for a database, a lock or another service' : 'neither crowded nor busy'}.`;
}

function round(value: number): number {
  return Number(value.toPrecision(2));
}

export function listOf(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? '';
  if (names.length > 3) return `${names.slice(0, 2).join(', ')} and ${names.length - 2} others`;
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/** The sentence over the list of codes. */
export function buildCodesVerdict(answer: CodesAnswer, zone: Zone): Verdict {
  const nothing = unheard(answer, zone);
  if (nothing) return nothing;
  if (answer.codes.length === 0) return noneOf(answer, zone, 'No H, R or L code', []);
  const grave = answer.codes.filter(({ severity }) => severity === 'critical' || severity === 'high');
  const lead = grave[0] ?? answer.codes[0];
  const bad = answer.codes
    .filter((code) => code.countsAgainstAvailability && code.code.startsWith('H'))
    .reduce((sum, code) => sum + code.count, 0);
  const clauses: Clause[] = [
    {
      text: `${plural(answer.codes.length, 'code')}, first of all ${lead?.code} (${lead?.title.toLowerCase()}) ×${formatCount(lead?.count ?? 0)}.`,
      href: `${appPath(answer.app)}/codes/${lead?.code}`,
    },
  ];
  if (bad > 0 && answer.requests > 0)
    clauses.push({
      text: `${formatRatio(bad / answer.requests)} of requests ended in one that counts as failed.`,
    });
  return withDoubts(answer, zone, {
    level: grave.length > 0 ? 'warning' : 'unknown',
    word: grave.length > 0 ? 'Look' : 'Minor',
    clauses,
  });
}
