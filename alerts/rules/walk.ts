/** One rule of one app over the evaluations of a round: from its stored states to those to write, and what is news. */
import { type AlertMemory, step } from '../../model/alert.ts';
import type { AlertChange } from '../../model/alert-change.ts';
import type { AppFacts, MinuteSpan } from '../../model/rule-facts.ts';
import { type KeyMemory, type RuleTransition, walkRule } from '../../model/rule-walk.ts';
import { MINUTE } from '../../model/time.ts';
import type { RuleState, RuleTransitionRow } from '../../store/rule-states.ts';
import type { RuleRow } from '../../store/rules.ts';
import { changeOf, evidenceOf, NOTHING_TOLD, removalOf } from './changes.ts';

/** What is written of a rule, and told. */
export interface RuleOutcome {
  states: RuleState[];
  gone: { ruleId: number; key: string }[];
  transitions: RuleTransitionRow[];
  changes: AlertChange[];
}

export interface RuleRun {
  evaluations: MinuteSpan;
  /** Evaluations before these were left out: too many had been missed. */
  isJumped: boolean;
  known: readonly RuleState[];
  nowMs: number;
}

/** Walks a rule that is on. */
export function walkOne(rule: RuleRow, facts: AppFacts, run: RuleRun): RuleOutcome {
  const { evaluations, known, nowMs } = run;
  const memories = new Map(known.map((state) => [state.key, toMemory(rule, state, run)]));
  const transitions = walkRule(rule, facts, evaluations, memories);
  const told = new Map(known.map((state) => [state.key, state]));
  const byKey = Map.groupBy(transitions, ({ key }) => key);
  const outcome: RuleOutcome = { states: [], gone: [], transitions: [], changes: [] };
  for (const key of new Set([...told.keys(), ...memories.keys(), ...byKey.keys()])) {
    const before = told.get(key);
    const after = memories.get(key) ?? null;
    const change = changeOf(
      {
        rule,
        key,
        told:
          before === undefined
            ? NOTHING_TOLD
            : {
                severity: before.toldSeverity,
                version: before.toldVersion,
                wasHeld: before.held !== null,
              },
        transitions: byKey.get(key) ?? [],
        after,
        minute: evaluations.to - 1,
      },
      nowMs,
    );
    if (change !== null) outcome.changes.push(change);
    if (after === null) {
      if (before !== undefined) outcome.gone.push({ ruleId: rule.id, key });
      continue;
    }
    const toldSeverity =
      change === null || change.overBeforeTold ? (before?.toldSeverity ?? null) : change.severity;
    outcome.states.push(toState(rule, key, after, toldSeverity));
  }
  outcome.transitions.push(...transitions.filter(isKept).map((transition) => toRow(rule, transition)));
  return outcome;
}

/** A rule that is off or deleted, or whose app is: what fires of it is over. */
export function removeStates(rule: RuleRow, known: readonly RuleState[], minute: number): RuleOutcome {
  const reason = rule.isOn ? 'removed' : 'ruleChanged';
  return {
    states: [],
    gone: known.map(({ key }) => ({ ruleId: rule.id, key })),
    transitions: known
      .filter((state) => state.toldSeverity !== null)
      .map((state) => ({
        appId: rule.appId,
        ruleId: rule.id,
        key: state.key,
        severity: state.toldSeverity ?? rule.severity,
        minute,
        from: state.state,
        to: 'ok',
        reason,
        numbers: evidenceOf(rule, state.key, null, minute),
        atMs: minute * MINUTE,
      })),
    changes: known
      .filter((state) => state.toldSeverity !== null)
      .map((state) => removalOf(rule, state.key, { minute, reason })),
  };
}

function toMemory(rule: RuleRow, state: RuleState, { evaluations, isJumped }: RuleRun): KeyMemory {
  const first = evaluations.from;
  // A minute of the future was written under a clock that ran ahead (T-06): it is now.
  const now = (minute: number): number => Math.min(minute, first);
  const stored: AlertMemory = {
    state: state.state,
    sinceMinute: now(state.sinceMinute),
    falseSinceMinute: state.falseSinceMinute === null ? null : now(state.falseSinceMinute),
    held: state.held === null ? null : { ...state.held, sinceMinute: now(state.held.sinceMinute) },
  };
  return {
    alert: isJumped ? heldOver(stored, first) : stored,
    seenMinute: now(state.seenMinute),
    aboveSinceMinute: now(state.sinceMinute),
    severity: state.toldSeverity ?? rule.severity,
    reading: null,
    value: state.value,
  };
}

/** Nobody saw the minutes that were jumped over: timers stood. */
function heldOver(memory: AlertMemory, first: number): AlertMemory {
  const timing = { forMinutes: 0, keepFiringMinutes: 0, holdOnMissing: true };
  const held = step(memory, { isAbove: false, isMissing: 'stale' }, first - 1, timing);
  return held.memory;
}

function toState(
  rule: RuleRow,
  key: string,
  { alert, seenMinute, value }: KeyMemory,
  toldSeverity: RuleState['toldSeverity'],
): RuleState {
  return {
    ruleId: rule.id,
    key,
    state: alert.state,
    sinceMinute: alert.sinceMinute,
    falseSinceMinute: alert.falseSinceMinute,
    held: alert.held,
    toldSeverity,
    toldVersion: rule.version,
    value,
    seenMinute,
  };
}

/** Waiting that came to nothing is no news to anybody. */
function isKept({ transition: { from, to } }: RuleTransition): boolean {
  return from === to || to === 'firing' || (to === 'ok' && from !== 'pending') || to === 'recovering';
}

function toRow(rule: RuleRow, { key, minute, transition, after }: RuleTransition): RuleTransitionRow {
  return {
    appId: rule.appId,
    ruleId: rule.id,
    key,
    severity: after.severity,
    minute,
    from: transition.from,
    to: transition.to,
    reason: transition.reason,
    numbers: evidenceOf(rule, key, after, minute),
    atMs: minute * MINUTE,
  };
}
