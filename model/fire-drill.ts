/**
 * A fire drill: a rule whose condition always holds is made for an app, so that evaluation, incident, routes, outbox,
 * receivers and people do what they would do on a bad day. Requests are neither made nor changed. Pure.
 */
import type { RuleDraft } from './rule.ts';
import { checkRule } from './rule-check.ts';
import type { Severity } from './slo.ts';
import { HOUR, MINUTE, SECOND } from './time.ts';

/** In front of everything a drill is called, wherever it is told. */
export const DRILL_MARK = 'DRILL';
export const DRILL_TITLE = `${DRILL_MARK}: nothing is wrong, this is a fire drill`;
/** Nobody needs longer to find the message and press the button. */
export const DRILL_MINUTES = { fallback: 10, min: 2, max: 60 } as const;
/** Rules are judged once a minute, some 45 s after its end: a change is seen within so long at the most. */
export const DRILL_JUDGED_WITHIN_MS = 2 * MINUTE;
/** What is over stays for so long, so that whoever reads its page can come to an end. */
export const DRILL_KEPT_MS = MINUTE;
/** A receiver that does not answer keeps a drill from its end no longer than this. */
export const DRILL_SETTLES_WITHIN_MS = 5 * MINUTE;
/**
 * One that took the trigger and not yet the end does: elsewhere the alert would stay open, and nobody here could close it.
 * The outbox tries for 6 h.
 */
export const DRILL_OWED_WITHIN_MS = 7 * HOUR;

/** More requests a minute than any app has: that there are fewer is always so, as long as lines come in. */
const MORE_THAN_EVER = 10_000_000;

/** The rule of a drill. runbookUrl: the page that explains it; left out where a rule may not have such an address. */
export function drillRule(severity: Severity, runbookUrl: string): RuleDraft {
  const wanted = {
    kind: 'requestRate',
    title: DRILL_TITLE,
    severity,
    settings: { direction: 'under', perMinute: MORE_THAN_EVER, windowMinutes: 1 },
    forMinutes: 0,
    keepFiringMinutes: 0,
    onNoData: 'hold',
  };
  const linked = checkRule({ ...wanted, runbookUrl });
  const checked = linked.ok ? linked : checkRule(wanted);
  if (!checked.ok) throw new Error(`a drill is no rule: ${JSON.stringify(checked.error)}`);
  return checked.value;
}

export type DrillState = 'running' | 'ending' | 'over';
export type DrillEnd = 'acknowledged' | 'resolved' | 'stopped' | 'timeout';

/** How one receiver was told of it. */
export interface DrillTold {
  receiver: string;
  kind: 'trigger' | 'acknowledge' | 'resolve' | 'other';
  state: 'waiting' | 'delivered' | 'failed';
  /** Of the message, epoch ms; null while it waits. */
  atMs: number | null;
  /** From being enqueued to being taken, ms. */
  tookMs: number | null;
  /** In words, when it was not taken. */
  reason: string;
}

/** What is known of a drill's course; times epoch ms, null: has not happened. */
export interface DrillFacts {
  /** #214; null before there is an incident. */
  incidentNumber: number | null;
  openedAtMs: number | null;
  acknowledgedAtMs: number | null;
  acknowledgedBy: string;
  resolvedAtMs: number | null;
  /** Why nobody is told: a silence, or no route. */
  withheld: 'silence' | 'noRoute' | null;
  told: DrillTold[];
}

export const NO_DRILL_FACTS: DrillFacts = {
  incidentNumber: null,
  openedAtMs: null,
  acknowledgedAtMs: null,
  acknowledgedBy: '',
  resolvedAtMs: null,
  withheld: null,
  told: [],
};

/** What is to be done about a drill now. */
export type DrillMove = { do: 'wait' } | { do: 'end'; why: DrillEnd } | { do: 'clean' };

export interface DrillStanding {
  state: DrillState;
  endsAtMs: number;
  endingAtMs: number | null;
  facts: DrillFacts;
  /** Whether the incident was resolved by a person rather than by the end of its rule. */
  isResolvedByHand: boolean;
  /** Whether anything of it may still be written: its rule has a state, messages are on their way. */
  isUnsettled: boolean;
}

/**
 * The next step of a drill. It is cleaned up when its incident is over and told, some time later; one that never fired,
 * once no evaluation that saw its rule can still be under way.
 */
export function nextMove(drill: DrillStanding, nowMs: number): DrillMove {
  const { facts, state, endingAtMs } = drill;
  if (state === 'over') return { do: 'wait' };
  if (state === 'running') {
    if (facts.acknowledgedAtMs !== null) return { do: 'end', why: 'acknowledged' };
    // By a person; or its rule was deleted or switched off under it.
    if (drill.isResolvedByHand || facts.resolvedAtMs !== null) return { do: 'end', why: 'resolved' };
    return nowMs >= drill.endsAtMs ? { do: 'end', why: 'timeout' } : { do: 'wait' };
  }
  const sinceMs = nowMs - (endingAtMs ?? nowMs);
  if (facts.openedAtMs === null) {
    return sinceMs >= DRILL_JUDGED_WITHIN_MS && !drill.isUnsettled ? { do: 'clean' } : { do: 'wait' };
  }
  if (facts.resolvedAtMs === null) return { do: 'wait' };
  const overMs = nowMs - Math.max(facts.resolvedAtMs, endingAtMs ?? 0);
  const settlesWithinMs = isEndOwed(facts) ? DRILL_OWED_WITHIN_MS : DRILL_SETTLES_WITHIN_MS;
  const mayGo = overMs >= DRILL_KEPT_MS && (!drill.isUnsettled || overMs >= settlesWithinMs);
  return mayGo ? { do: 'clean' } : { do: 'wait' };
}

function isEndOwed({ told }: DrillFacts): boolean {
  const began = new Set(
    told.filter((one) => one.kind === 'trigger' && one.state === 'delivered').map(({ receiver }) => receiver),
  );
  return told.some((one) => one.kind === 'resolve' && one.state === 'waiting' && began.has(one.receiver));
}

export type DrillStepId = 'rule' | 'told' | 'acknowledged' | 'resolved' | 'deleted';

export interface DrillStep {
  id: DrillStepId;
  title: string;
  state: 'done' | 'waiting' | 'stalled' | 'skipped';
  atMs: number | null;
  /** What happened, or what is waited for, in one or two sentences. */
  text: string;
}

export interface DrillCourse {
  state: DrillState;
  endReason: DrillEnd | null;
  startedAtMs: number;
  endsAtMs: number;
  overAtMs: number | null;
  facts: DrillFacts;
}

/** The course of a drill as a list that ticks by itself. */
export function drillSteps(drill: DrillCourse, nowMs: number): DrillStep[] {
  return [
    ruleStep(drill, nowMs),
    toldStep(drill, nowMs),
    ackStep(drill),
    resolvedStep(drill),
    deletedStep(drill),
  ];
}

const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / SECOND))} s`;

function ruleStep({ facts, startedAtMs, state }: DrillCourse, nowMs: number): DrillStep {
  const title = 'The rule fires and an incident is opened';
  const { openedAtMs, incidentNumber } = facts;
  if (openedAtMs !== null) {
    return {
      id: 'rule',
      title,
      state: 'done',
      atMs: openedAtMs,
      text: `Incident #${incidentNumber ?? '?'}, ${seconds(openedAtMs - startedAtMs)} after the start. A real alert is judged as often.`,
    };
  }
  if (state !== 'running') {
    return { id: 'rule', title, state: 'skipped', atMs: null, text: 'It ended before the rule had fired.' };
  }
  const isLate = nowMs - startedAtMs > DRILL_JUDGED_WITHIN_MS;
  return {
    id: 'rule',
    title,
    state: isLate ? 'stalled' : 'waiting',
    atMs: null,
    text: isLate
      ? 'The rule has not been judged: the app is silent or lines were lost (then nothing is judged), or no worker evaluates. See drain health and alerting.'
      : 'Rules are judged once a minute, when its last lines are in: up to two minutes.',
  };
}

function toldStep({ facts, state }: DrillCourse, nowMs: number): DrillStep {
  const title = 'Receivers are told';
  const triggers = facts.told.filter(({ kind }) => kind === 'trigger');
  const taken = triggers.filter((one) => one.state === 'delivered');
  const failed = triggers.filter((one) => one.state === 'failed');
  if (taken.length > 0 && taken.length + failed.length === triggers.length) {
    const words = taken.map(({ receiver, tookMs }) => `${receiver} in ${seconds(tookMs ?? 0)}`).join(', ');
    const lost = failed.map(({ receiver, reason }) => ` ${receiver} did not take it: ${reason}.`).join('');
    return {
      id: 'told',
      title,
      state: failed.length > 0 ? 'stalled' : 'done',
      atMs: Math.max(...taken.map(({ atMs }) => atMs ?? 0)),
      text: `Taken by ${words}.${lost}`,
    };
  }
  if (facts.openedAtMs === null) {
    return { id: 'told', title, state: state === 'running' ? 'waiting' : 'skipped', atMs: null, text: '' };
  }
  return {
    id: 'told',
    title,
    state: isStalled(facts, nowMs) ? 'stalled' : 'waiting',
    atMs: null,
    text: untoldText(facts),
  };
}

/** A message that nobody took for half a minute is worth a look. */
const TOLD_WITHIN_MS = 30 * SECOND;

function isStalled({ withheld, openedAtMs, told }: DrillFacts, nowMs: number): boolean {
  const isFailed = told.some(({ state }) => state === 'failed');
  return withheld !== null || isFailed || nowMs - (openedAtMs ?? nowMs) > TOLD_WITHIN_MS;
}

function untoldText({ withheld, told }: DrillFacts): string {
  if (withheld === 'silence') return 'Nobody: a silence or a maintenance window covers this app now.';
  if (withheld === 'noRoute') return 'Nobody: no route leads from this app and severity to a receiver.';
  const failed = told.find(({ kind, state }) => kind === 'trigger' && state === 'failed');
  if (failed !== undefined) return `${failed.receiver} did not take it: ${failed.reason}.`;
  const waiting = told.find(({ kind }) => kind === 'trigger');
  if (waiting === undefined) return 'No message is on its way yet.';
  return waiting.reason === ''
    ? `On its way to ${waiting.receiver}.`
    : `${waiting.receiver} is tried again: ${waiting.reason}.`;
}

function ackStep({ facts, state, endReason, endsAtMs }: DrillCourse): DrillStep {
  const title = 'Somebody acknowledges';
  const { acknowledgedAtMs, acknowledgedBy, openedAtMs } = facts;
  if (acknowledgedAtMs !== null) {
    return {
      id: 'acknowledged',
      title,
      state: 'done',
      atMs: acknowledgedAtMs,
      text: `By ${acknowledgedBy || 'somebody'}, ${seconds(acknowledgedAtMs - (openedAtMs ?? acknowledgedAtMs))} after it was opened.`,
    };
  }
  const common = { id: 'acknowledged' as const, title, atMs: null };
  if (state === 'running') {
    const minutes = Math.max(1, Math.round((endsAtMs - (openedAtMs ?? endsAtMs - 5 * MINUTE)) / MINUTE));
    const text =
      openedAtMs === null
        ? ''
        : `Open the message where it arrived and acknowledge it there. The drill ends by itself after ${minutes} min.`;
    return { ...common, state: 'waiting', text };
  }
  if (endReason === 'timeout')
    return { ...common, state: 'stalled', text: 'Nobody did before the time was over.' };
  const text =
    endReason === 'resolved' ? 'It was resolved by hand instead.' : 'The drill was stopped before.';
  return { ...common, state: 'skipped', text };
}

function resolvedStep({ facts, state }: DrillCourse): DrillStep {
  const title = 'The rule recovers and receivers hear that it is over';
  const { resolvedAtMs, told } = facts;
  if (resolvedAtMs === null) {
    const isSkipped = state === 'over';
    const text =
      state === 'ending' ? 'The rule is taken away; with the next evaluation its incident is over.' : '';
    return { id: 'resolved', title, state: isSkipped ? 'skipped' : 'waiting', atMs: null, text };
  }
  const ends = told.filter(({ kind }) => kind === 'resolve');
  const taken = ends.filter((one) => one.state === 'delivered');
  const text = ends.length === 0 ? '' : `${taken.length} of ${ends.length} receivers took it.`;
  return { id: 'resolved', title, state: 'done', atMs: resolvedAtMs, text };
}

function deletedStep({ state, overAtMs }: DrillCourse): DrillStep {
  const title = 'Rule, incident and messages are deleted';
  if (state !== 'over') return { id: 'deleted', title, state: 'waiting', atMs: null, text: '' };
  const text = 'Nothing of it is in budgets, in the app’s numbers, or in the list of incidents.';
  return { id: 'deleted', title, state: 'done', atMs: overAtMs, text };
}
