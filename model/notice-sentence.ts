/** What failed, as one or two sentences with the numbers that decided. */
import type { HeldReason } from './alert.ts';
import type { Evidence } from './alert-change.ts';
import { sayLeft } from './budget-left.ts';
import { codeOf } from './codes.ts';
import type { Notice, NoticeBudget } from './notice.ts';
import {
  sayCount,
  sayInstant,
  sayNumber,
  sayShare,
  saySpan,
  sayTarget,
  sayValue,
  sayWindow,
} from './notice-numbers.ts';
import type { RuleKind } from './rule.ts';

/** `1,204 of 52,310 requests in the last hour failed (2.3 %): 23 times as many as the objective of 99.9 % allows.` */
export function failureSentence({ evidence, budget }: Notice): string {
  return evidence === null ? '' : evidenceSentence(evidence, budget);
}

/** The same of an incident of which no more is at hand than its numbers. */
export function evidenceSentence(evidence: Evidence, budget: NoticeBudget | null): string {
  if (evidence.what === 'burn') return burnSentence(evidence, budget);
  if (evidence.what === 'budget') return budgetSentence(evidence, budget);
  return ruleSentence(evidence);
}

/** What is bad about a bad request of this objective. */
export function badWords(budget: NoticeBudget | null): string {
  const indicator = budget?.indicator ?? null;
  if (indicator === null || indicator.kind === 'composite') return 'were bad';
  return indicator.kind === 'latency' ? `took over ${sayValue(indicator.thresholdMs, 'ms')}` : 'failed';
}

function burnSentence(evidence: Evidence, budget: NoticeBudget | null): string {
  const [first] = evidence.windows;
  if (first === undefined || first.events === 0) return 'Too many requests are bad.';
  const share = sayShare(first.bad / first.events);
  const counted = `${sayCount(first.bad)} of ${sayCount(first.events)} requests in the last ${sayWindow(first.minutes)}`;
  const target = evidence.target ?? budget?.target ?? null;
  const promise = target === null ? 'the objective' : `the objective of ${sayTarget(target)}`;
  const times = first.burn >= 1.05 ? `: ${timesWords(first.burn)} as many as ${promise} allows` : '';
  return `${counted} ${badWords(budget)} (${share})${times}.`;
}

function timesWords(burn: number): string {
  return `${burn >= 10 ? sayCount(burn) : sayNumber(Number(burn.toFixed(1)))} times`;
}

function budgetSentence(evidence: Evidence, budget: NoticeBudget | null): string {
  const left = evidence.budgetRemaining ?? budget?.remaining ?? null;
  const target = evidence.target ?? budget?.target ?? null;
  const of = [
    budget && budget.period !== '' ? ` of ${budget.period}` : '',
    target === null ? '' : ` (objective ${sayTarget(target)})`,
  ].join('');
  if (left === null) return `The error budget${of} shrinks.`;
  if (left < 0) return `The error budget${of} is overspent by ${sayLeft(left)}.`;
  return left === 0
    ? `The error budget${of} is spent.`
    : `${sayLeft(left)} of the error budget${of} is left.`;
}

/** What a rule's value is; KEY stands for what it is about, VALUE for the value with its unit. */
const RULE_PHRASES: Record<RuleKind, string> = {
  codeRate: 'KEY comes VALUE',
  failedShare: 'VALUE of requests failed',
  latency: 'Response time is VALUE',
  requestRate: 'Requests come VALUE',
  memory: 'KEY uses VALUE of its memory quota',
  swap: 'KEY swaps VALUE',
  load: 'Load of KEY is VALUE',
  restarts: 'KEY: VALUE',
  crashes: 'KEY: VALUE',
  memoryCode: 'KEY: over the memory quota for VALUE',
  // The key says who reaches what when (model/rules/memory-leak.ts).
  memoryLeak: 'KEY: its memory grows by VALUE',
  addon: 'KEY is at VALUE',
  custom: 'KEY is at VALUE',
  drainSilent: 'No log line of the app has come for VALUE',
  drainDropping: 'Heroku lost at least VALUE',
  incompleteData: 'Log lines are known to be missing in VALUE',
  trafficCollapse: 'Requests are far below what is usual at this time, VALUE',
  anomaly: 'KEY is far from what is usual at this time, VALUE',
  releasePhaseFailed: 'The release phase failed: KEY',
};

/** What is said where there is no value: the part before it. */
const RULE_PHRASES_BARE: Partial<Record<RuleKind, string>> = {
  failedShare: 'Too many requests failed',
  latency: 'Responses are slow',
  requestRate: 'The rate of requests is out of bounds',
  drainSilent: 'No log line of the app has come',
  drainDropping: 'Heroku lost log lines',
  incompleteData: 'Log lines are known to be missing',
  trafficCollapse: 'Requests are far below what is usual at this time',
};

function ruleSentence(evidence: Evidence): string {
  const kind = Object.hasOwn(RULE_PHRASES, evidence.what) ? (evidence.what as RuleKind) : null;
  if (kind === null) return `${evidence.title}${valueWords(evidence)}.`;
  const { value, threshold, unit } = evidence;
  const phrase = RULE_PHRASES[kind];
  if (!phrase.includes('VALUE')) return `${withKey(phrase, evidence)}.`;
  if (value === null) {
    return `${withKey(RULE_PHRASES_BARE[kind] ?? phrase.replace(/(?: (?:by|is|at|for|uses|comes))?[:,]? VALUE.*$/, ''), evidence)}.`;
  }
  const limit = threshold === null ? '' : ` (threshold ${sayValue(threshold, unit)})`;
  // Names come from logs and may hold what String.replace takes for a pattern: given as a function.
  const said = phrase.replace('VALUE', () => sayValue(value, unit));
  return `${withKey(said, evidence)}${limit}.`;
}

function valueWords({ value, threshold, unit }: Evidence): string {
  if (value === null) return '';
  const limit = threshold === null ? '' : ` (threshold ${sayValue(threshold, unit)})`;
  return `: ${sayValue(value, unit)}${limit}`;
}

function withKey(phrase: string, evidence: Evidence): string {
  const code = codeOf(evidence.key);
  const key = code === undefined ? evidence.key : `${code.code} (${code.title})`;
  return phrase.replace('KEY', () => (key === '' ? 'It' : key));
}

/** `There has been no data since 10:42 UTC; last known: firing.` */
export function heldSentence(held: { reason: HeldReason; sinceMs: number }, nowMs: number): string {
  const since = sayInstant(held.sinceMs, nowMs);
  const why: Record<HeldReason, string> = {
    noData: `There has been no data since ${since}`,
    gap: `Log lines are known to be missing since ${since}`,
    stale: `Data has come too late to judge since ${since}`,
  };
  return `${why[held.reason]}; last known: firing.`;
}

/** `At this rate the error budget is gone on 22 Nov 08:00 UTC, in 21 h.`; '' when it is not known, or will last. */
export function exhaustionSentence(budget: NoticeBudget | null, nowMs: number): string {
  const atMs = budget?.exhaustedAtMs ?? null;
  if (budget === null || atMs === null || (budget.remaining ?? 0) <= 0) return '';
  if (atMs <= nowMs) return 'The error budget is gone.';
  return `At this rate the error budget is gone at ${sayInstant(atMs, nowMs)}, in ${saySpan(atMs - nowMs)}.`;
}
