/**
 * Evaluates one rule minute by minute: readings through the step of an alert, a memory for each thing that is not well.
 * The evaluation and the back-test walk alike.
 */
import { type AlertMemory, initialMemory, isFiring, type Reading, step, type Transition } from './alert.ts';
import type { RuleDraft } from './rule.ts';
import { type AppFacts, isPausing, lastLineBefore, type MinuteSpan, missingOf } from './rule-facts.ts';
import type { KeyReading } from './rule-reader.ts';
import { everyMinutesOf, goneAfterMinutes, isDue, lookBackMinutes, readRule } from './rule-reading.ts';
import type { Severity } from './slo.ts';

/** How one thing that a rule watches stands. */
export interface KeyMemory {
  alert: AlertMemory;
  /** Newest evaluation that had something to judge by. */
  seenMinute: number;
  /** Since when the condition holds that made it fire; while it fires, recovers or waits. */
  aboveSinceMinute: number;
  /** Of the rule, or less where the reading says so. */
  severity: Severity;
  /** Newest reading; null: none since it was read from the database. */
  reading: KeyReading | null;
  /** In the rule's unit, of the newest reading with one. */
  value: number | null;
}

/** A change of one thing at one evaluation; `after` as it stood then. */
export interface RuleTransition {
  key: string;
  minute: number;
  transition: Transition;
  after: KeyMemory;
}

/** What a rule's walk needs of the rule. */
export type WalkedRule = RuleDraft & { appId: number };

/**
 * Walks the evaluations of a span in order. `memories` is changed: things that are well leave it. An app of which no
 * line was ever heard is not judged.
 */
export function walkRule(
  rule: WalkedRule,
  facts: AppFacts,
  evaluations: MinuteSpan,
  memories: Map<string, KeyMemory>,
): RuleTransition[] {
  const transitions: RuleTransition[] = [];
  for (let minute = evaluations.from; minute < evaluations.to; minute++) {
    if (!isDue(rule, rule.appId, minute) || lastLineBefore(facts, minute) === null) continue;
    if (everyMinutesOf(rule) > 1 && minute < facts.seldomFrom) continue;
    evaluateAt(rule, facts, minute, memories, transitions);
  }
  return transitions;
}

function evaluateAt(
  rule: WalkedRule,
  facts: AppFacts,
  minute: number,
  memories: Map<string, KeyMemory>,
  transitions: RuleTransition[],
): void {
  const fires = (key: string): boolean => {
    const known = memories.get(key);
    return known !== undefined && isFiring(known.alert);
  };
  const readings = new Map(readRule(rule, facts, minute, fires).map((reading) => [reading.key, reading]));
  const isNothing = readings.size === 0 && rule.onNoData === 'alert' && goneAfterMinutes(rule) > 0;
  // Nothing reports at all: that is about the app.
  const keys = new Set([...readings.keys(), ...memories.keys(), ...(isNothing ? [''] : [])]);
  for (const key of keys) {
    const reading = readings.get(key) ?? null;
    const before = memories.get(key) ?? newMemory(rule, minute);
    const seen =
      reading === null ? absent(rule, facts, minute, before, readings.size > 0 && key === '') : reading;
    const { memory, transition } = step(
      before.alert,
      toReading(rule, seen, isPausing(facts, minute)),
      minute,
      {
        forMinutes: rule.forMinutes,
        keepFiringMinutes: rule.keepFiringMinutes,
        holdOnMissing: true,
      },
    );
    const after = remember(before, memory, { rule, reading, minute });
    if (transition !== null) transitions.push({ key, minute, transition, after });
    if (memory.state === 'ok') memories.delete(key);
    else memories.set(key, after);
  }
}

function newMemory(rule: WalkedRule, minute: number): KeyMemory {
  return {
    alert: initialMemory(minute),
    seenMinute: minute,
    aboveSinceMinute: minute,
    severity: rule.severity,
    reading: null,
    value: null,
  };
}

type Seen = Pick<KeyReading, 'isAbove' | 'missing'>;

/** A thing that is not among the readings: zero where absence is one, else without data until it is gone. */
function absent(
  rule: WalkedRule,
  facts: AppFacts,
  minute: number,
  before: KeyMemory,
  othersReport: boolean,
): Seen {
  const missing = missingOf(facts, minute, Math.max(1, lookBackMinutes(rule)));
  const goneAfter = goneAfterMinutes(rule);
  if (missing !== null && missing !== 'gap') return { isAbove: false, missing };
  if (goneAfter === 0) return { isAbove: false, missing };
  const isGone = othersReport || minute - before.seenMinute >= goneAfter;
  const isStillNothing = before.value === null && !othersReport;
  return { isAbove: false, missing: isGone && !isStillNothing ? null : 'noData' };
}

/** Lost lines, late counts and pauses always hold; what no data does is the rule's to say. */
function toReading(rule: WalkedRule, { isAbove, missing }: Seen, isPause: boolean): Reading {
  if (missing === 'noData' && rule.onNoData !== 'hold' && !isPause) {
    return { isAbove: rule.onNoData === 'alert', isMissing: null };
  }
  return { isAbove, isMissing: missing };
}

function remember(
  before: KeyMemory,
  alert: AlertMemory,
  { rule, reading, minute }: { rule: WalkedRule; reading: KeyReading | null; minute: number },
): KeyMemory {
  const isWaiting = before.alert.state === 'ok' || (before.alert.state === 'pending' && alert.state === 'ok');
  return {
    alert,
    seenMinute: reading !== null && reading.missing === null ? minute : before.seenMinute,
    aboveSinceMinute: isWaiting ? minute : before.aboveSinceMinute,
    severity: reading === null ? before.severity : atMost(rule.severity, reading.atMost),
    reading: reading ?? before.reading,
    value: reading?.value ?? before.value,
  };
}

const RANK: Record<Severity, number> = { page: 2, ticket: 1, info: 0 };

function atMost(severity: Severity, bound: Severity | undefined): Severity {
  return bound !== undefined && RANK[bound] < RANK[severity] ? bound : severity;
}
