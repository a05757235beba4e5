/**
 * Likely causes of failing requests, each from numbers that stand out. A cause is named only where the numbers carry
 * it; none is better than a wrong one at three in the morning. Pure.
 */
import { codeOf } from './codes.ts';
import type { NoticeCause, NoticeCode, NoticeDyno, Share } from './notice.ts';
import { MINUTE } from './time.ts';

export interface CauseFacts {
  startedAtMs: number;
  /** Since it began. */
  codes: readonly { code: string; count: number }[];
  dynos: readonly { name: string; bad: number; events: number }[];
  paths: readonly { name: string; bad: number; events: number }[];
  /** The newest release before it, with requests of as long before and after it; null when there is none. */
  release: { version: number; atMs: number; before: Share; after: Share } | null;
  /** Newest first. */
  events: readonly { kind: string; atMs: number; dyno: string; what: string }[];
  /** What a person said; null for nobody. */
  said: { by: string; version: number } | null;
}

/** Fewer bad requests say nothing about where they come from. */
const BAD_MIN = 5;
/** Share of the bad requests that makes something stand out. */
const SHARE_MIN = 0.5;
/** Times the share of requests it has anyway. */
const TIMES_MIN = 2;
/** A release that long before the beginning is none of its causes. */
const RELEASE_WITHIN_MS = 120 * MINUTE;
const EVENT_WITHIN_MS = 30 * MINUTE;
const CAUSES_MAX = 4;
/** As many names as one looks at. */
const NAMES_MAX = 10;

/** Strongest first; what a person said comes before all. */
export function likelyCauses(facts: CauseFacts): NoticeCause[] {
  const causes = [
    facts.said === null ? null : ({ kind: 'said', ...facts.said } as const),
    releaseCause(facts),
    codeCause(facts),
    dynoCause(facts),
    pathCause(facts),
    crashCause(facts),
    eventCause(facts, 'config'),
    eventCause(facts, 'scale'),
  ];
  return causes.filter((cause) => cause !== null).slice(0, CAUSES_MAX);
}

function releaseCause({ release, startedAtMs }: CauseFacts): NoticeCause | null {
  if (release === null || startedAtMs - release.atMs > RELEASE_WITHIN_MS) return null;
  const { version, atMs, before, after } = release;
  // Nothing to compare with is no reason to accuse it.
  if (before.events === 0 || after.bad < BAD_MIN) return null;
  const isWorse = after.bad * before.events >= TIMES_MIN * before.bad * after.events;
  return isWorse ? { kind: 'release', version, releasedAtMs: atMs, before, after } : null;
}

function codeCause({ codes, dynos }: CauseFacts): NoticeCause | null {
  const bad = badOf(dynos);
  const [first] = codes.filter(({ code }) => codeOf(code)?.defaultCounted === true && code.startsWith('H'));
  if (first === undefined || first.count < BAD_MIN || bad === 0 || first.count > bad) return null;
  if (first.count < SHARE_MIN * bad) return null;
  return {
    kind: 'code',
    code: first.code,
    title: codeOf(first.code)?.title ?? '',
    bad: first.count,
    ofBad: bad,
  };
}

/** One dyno of several; requests that reached none (key '') are nobody's. */
function dynoCause({ dynos }: CauseFacts): NoticeCause | null {
  const serving = dynos.filter(({ name, events }) => name !== '' && events > 0);
  const worst = standsOut(serving, badOf(dynos));
  if (worst === null || serving.length < 2) return null;
  return { kind: 'dyno', dyno: worst.name, bad: worst.bad, ofBad: badOf(dynos), dynos: serving.length };
}

function pathCause({ paths }: CauseFacts): NoticeCause | null {
  const worst = paths.length < 2 ? null : standsOut(paths, badOf(paths));
  return worst === null ? null : { kind: 'path', path: worst.name, bad: worst.bad, ofBad: badOf(paths) };
}

/** The one that carries at least half of the bad ones, and twice what its requests would be reason for. */
function standsOut<Counts extends { bad: number; events: number }>(
  all: readonly Counts[],
  bad: number,
): Counts | null {
  const events = all.reduce((sum, one) => sum + one.events, 0);
  const [worst] = [...all].sort((a, b) => b.bad - a.bad);
  if (worst === undefined || worst.bad < BAD_MIN || worst.bad < SHARE_MIN * bad) return null;
  return worst.bad * events >= TIMES_MIN * worst.events * bad ? worst : null;
}

function badOf(all: readonly { bad: number }[]): number {
  return all.reduce((sum, one) => sum + one.bad, 0);
}

function crashCause({ events, startedAtMs }: CauseFacts): NoticeCause | null {
  const crashes = events.filter(
    ({ kind, atMs }) => kind === 'crash' && atMs >= startedAtMs - EVENT_WITHIN_MS,
  );
  const first = crashes.at(-1);
  return first === undefined
    ? null
    : { kind: 'crash', dyno: first.dyno, atMs: first.atMs, count: crashes.length };
}

function eventCause({ events, startedAtMs }: CauseFacts, kind: 'config' | 'scale'): NoticeCause | null {
  const last = events.find((event) => event.kind === kind && event.atMs <= startedAtMs);
  if (last === undefined || startedAtMs - last.atMs > EVENT_WITHIN_MS) return null;
  return { kind, what: last.what, atMs: last.atMs };
}

/** Codes with their titles, as a notice names them. */
export function namedCodes(codes: CauseFacts['codes']): NoticeCode[] {
  return codes
    .slice(0, NAMES_MAX)
    .map(({ code, count }) => ({ code, count, title: codeOf(code)?.title ?? '' }));
}

/** Dynos with bad requests, where not all of them are alike: those above the share of the whole. */
export function worstDynos(dynos: CauseFacts['dynos']): NoticeDyno[] {
  const serving = dynos.filter(({ name, events }) => name !== '' && events > 0);
  const [bad, events] = [badOf(serving), serving.reduce((sum, one) => sum + one.events, 0)];
  if (serving.length < 2 || bad < BAD_MIN) return [];
  return serving
    .filter((one) => one.bad > 0 && one.bad * events > TIMES_MIN * one.events * bad)
    .sort((a, b) => b.bad - a.bad)
    .slice(0, NAMES_MAX)
    .map(({ name, ...counts }) => ({ dyno: name, bad: counts.bad, events: counts.events }));
}
