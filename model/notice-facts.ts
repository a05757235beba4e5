/** The numbers of a notice as labelled lines, most telling first: at most eight, as many as every receiver takes. */
import { sayLeft } from './budget-left.ts';
import type { Notice } from './notice.ts';
import { sayCount, sayInstant, sayShare, saySpan, sayTarget, sayWindow } from './notice-numbers.ts';
import { badWords } from './notice-sentence.ts';

export interface Fact {
  label: string;
  value: string;
}

const FACTS_MAX = 8;
/** More names than this are a list to look at, not a line to read. */
const NAMES_MAX = 3;

export function noticeFacts(notice: Notice): Fact[] {
  const facts = [
    since(notice),
    ...windows(notice),
    budget(notice),
    where(notice),
    codes(notice),
    dynos(notice),
    release(notice),
    coverage(notice),
    objective(notice),
  ];
  return facts.filter((fact) => fact !== null).slice(0, FACTS_MAX);
}

function since({ incident, evidence, watch, atMs, state }: Notice): Fact | null {
  const sinceMs = watch?.sinceMs ?? incident?.startedAtMs ?? evidence?.sinceMs ?? null;
  if (sinceMs === null) return null;
  const endMs = state === 'resolved' || state === 'over' ? (incident?.resolvedAtMs ?? atMs) : atMs;
  const spanMs = endMs - sinceMs;
  return {
    label: 'Since',
    value: `${sayInstant(sinceMs, atMs)}${spanMs < 60_000 ? '' : ` (${saySpan(spanMs)})`}`,
  };
}

/** The long window and the short one: numerator, denominator, share. */
function windows({ evidence, budget: of }: Notice): Fact[] {
  return (evidence?.windows ?? []).slice(0, 2).map((window) => {
    const share = window.events > 0 ? ` (${sayShare(window.bad / window.events)})` : '';
    const counted = `${sayCount(window.bad)} of ${sayCount(window.events)} requests ${badWords(of)}`;
    return { label: `Last ${sayWindow(window.minutes)}`, value: `${counted}${share}` };
  });
}

function budget({ budget: of, atMs, state }: Notice): Fact | null {
  if (of === null || of.remaining === null) return null;
  const period = of.period === '' ? '' : ` (${of.period})`;
  const left = of.remaining < 0 ? `overspent by ${sayLeft(of.remaining)}` : sayLeft(of.remaining);
  const isOver = state === 'resolved' || state === 'over' || of.remaining <= 0;
  const until =
    of.exhaustedAtMs === null || isOver ? '' : `, gone at ${sayInstant(of.exhaustedAtMs, atMs)} at this rate`;
  return { label: 'Error budget left', value: `${left}${period}${until}` };
}

function where({ evidence, incident }: Notice): Fact | null {
  const key = incident?.key || evidence?.key || '';
  return key === '' ? null : { label: 'Where', value: key };
}

function codes(notice: Notice): Fact | null {
  if (notice.codes.length === 0) return null;
  const named = notice.codes.slice(0, NAMES_MAX).map(({ code, count, title }) => {
    return `${code}${title === '' ? '' : ` ${title}`} ×${sayCount(count)}`;
  });
  return { label: 'Codes', value: withRest(named, notice.codes.length) };
}

function dynos(notice: Notice): Fact | null {
  if (notice.dynos.length === 0) return null;
  const named = notice.dynos
    .slice(0, NAMES_MAX)
    .map(({ dyno, bad, events }) => `${dyno} (${sayCount(bad)} of ${sayCount(events)} bad)`);
  return { label: 'Dynos', value: withRest(named, notice.dynos.length) };
}

function withRest(named: readonly string[], all: number): string {
  const rest = all - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function release({ release: of, incident, evidence, atMs }: Notice): Fact | null {
  if (of === null) return null;
  const startedMs = incident?.startedAtMs ?? evidence?.sinceMs ?? atMs;
  const beforeMs = startedMs - of.atMs;
  const when = beforeMs >= 0 ? `${saySpan(beforeMs)} before` : `${saySpan(-beforeMs)} after it began`;
  const what = [of.what, of.by === '' ? '' : `by ${of.by}`].filter((part) => part !== '').join(' ');
  return {
    label: 'Release before it',
    value: `v${of.version}, ${when} at ${sayInstant(of.atMs, atMs)}${what === '' ? '' : ` (${what})`}`,
  };
}

function coverage({ evidence }: Notice): Fact | null {
  if (evidence === null || evidence.coverage >= 1 || evidence.windows.length === 0) return null;
  return { label: 'Data', value: `there for ${sayShare(evidence.coverage)} of the time` };
}

function objective({ evidence, budget: of }: Notice): Fact | null {
  const target = evidence?.target ?? of?.target ?? null;
  return target === null ? null : { label: 'Objective', value: sayTarget(target) };
}
