/** What incidents are told of a rule's walk: how each thing stands now, against what was told before. */
import { isFiring, type TransitionReason } from '../../model/alert.ts';
import type { AlertChange, Evidence } from '../../model/alert-change.ts';
import type { Rule } from '../../model/rule.ts';
import type { KeyReading } from '../../model/rule-reader.ts';
import type { KeyMemory, RuleTransition } from '../../model/rule-walk.ts';
import type { Severity } from '../../model/slo.ts';
import { MINUTE } from '../../model/time.ts';

/** What was known of a thing before the walk. */
export interface Told {
  severity: Severity | null;
  version: number;
  wasHeld: boolean;
}

export const NOTHING_TOLD: Told = { severity: null, version: 0, wasHeld: false };

export interface Walked {
  rule: Pick<Rule, 'id' | 'appId' | 'kind' | 'title' | 'version' | 'severity'>;
  key: string;
  told: Told;
  /** Its own, in order. */
  transitions: readonly RuleTransition[];
  /** As it stands after the walk; null: well. */
  after: KeyMemory | null;
  /** Last evaluation of the walk. */
  minute: number;
}

/** Evaluations come this long after their minute at the latest; beyond it they are late. */
const LATE_AFTER_MS = 3 * MINUTE;

/**
 * At most one change of a thing and walk, however many minutes were caught up: how it stands now, if that is news. What
 * fired and ended in between is handed over as such.
 */
export function changeOf(walked: Walked, nowMs: number): AlertChange | null {
  const { told, after, rule, transitions } = walked;
  const severity = after !== null && isFiring(after.alert) ? after.severity : null;
  const isHeld = after !== null && severity !== null && after.alert.held !== null;
  const isEdited = severity !== null && told.severity !== null && told.version !== rule.version;
  if (severity !== told.severity || isEdited) return build(walked, severity, isEdited, nowMs);
  if (severity !== null && isHeld !== told.wasHeld) return build(walked, severity, false, nowMs);
  const fired =
    severity === null ? transitions.find(({ transition }) => transition.to === 'firing') : undefined;
  return fired === undefined ? null : buildOver(walked, fired, nowMs);
}

function build(walked: Walked, severity: Severity | null, isEdited: boolean, nowMs: number): AlertChange {
  const { rule, key, transitions, after, told, minute } = walked;
  const deciding = decidingOf(transitions, severity);
  const memory = deciding?.after ?? after;
  const at = deciding?.minute ?? minute;
  const held = after?.alert.held ?? null;
  return {
    appId: rule.appId,
    subject: { kind: 'rule', ruleId: rule.id, key },
    minute: at,
    atMs: at * MINUTE,
    severity,
    held:
      held === null || severity === null ? null : { reason: held.reason, sinceMs: held.sinceMinute * MINUTE },
    reason: isEdited ? 'ruleChanged' : (deciding?.transition.reason ?? reasonOf(told.severity, severity)),
    evidence: evidenceOf(rule, key, memory, at),
    detectedLateMs: lateMs(at, nowMs),
    overBeforeTold: false,
  };
}

/** The first that fired, of what fires; else the last there was. */
function decidingOf(
  transitions: readonly RuleTransition[],
  severity: Severity | null,
): RuleTransition | undefined {
  const last = transitions.at(-1);
  if (severity === null || last?.transition.from === last?.transition.to) return last;
  return (
    transitions.findLast(({ transition: { from, to } }) => to === 'firing' && from !== 'recovering') ?? last
  );
}

function reasonOf(before: Severity | null, now: Severity | null): TransitionReason {
  return now === null ? 'recovered' : before === null ? 'threshold' : 'ruleChanged';
}

function buildOver(walked: Walked, fired: RuleTransition, nowMs: number): AlertChange {
  const { rule, key } = walked;
  return {
    appId: rule.appId,
    subject: { kind: 'rule', ruleId: rule.id, key },
    minute: fired.minute,
    atMs: fired.minute * MINUTE,
    severity: fired.after.severity,
    held: null,
    reason: fired.transition.reason,
    evidence: evidenceOf(rule, key, fired.after, fired.minute),
    detectedLateMs: Math.max(1, nowMs - fired.minute * MINUTE),
    overBeforeTold: true,
  };
}

function lateMs(minute: number, nowMs: number): number {
  const agoMs = nowMs - minute * MINUTE;
  return agoMs > LATE_AFTER_MS ? agoMs : 0;
}

/** A rule that was deleted, switched off, or whose app was: nothing of it fires any more. */
export function removalOf(
  rule: Walked['rule'],
  key: string,
  { minute, reason }: { minute: number; reason: TransitionReason },
): AlertChange {
  return {
    appId: rule.appId,
    subject: { kind: 'rule', ruleId: rule.id, key },
    minute,
    atMs: minute * MINUTE,
    severity: null,
    held: null,
    reason,
    evidence: evidenceOf(rule, key, null, minute),
    detectedLateMs: 0,
    overBeforeTold: false,
  };
}

/** Numbers of the deciding moment. The key is what it is about: the worst dyno rather than its type. */
export function evidenceOf(
  rule: Pick<Rule, 'kind' | 'title'>,
  key: string,
  memory: KeyMemory | null,
  minute: number,
): Evidence {
  const reading = memory?.reading ?? null;
  return {
    what: rule.kind,
    title: rule.title,
    windows: reading === null ? [] : windowsOf(reading),
    value: memory?.value ?? null,
    threshold: reading?.threshold ?? null,
    unit: reading?.unit ?? '',
    coverage: 1,
    budgetRemaining: null,
    exhaustedAtMs: null,
    sinceMs: (memory?.aboveSinceMinute ?? minute) * MINUTE,
    key: reading?.about || key,
    target: null,
  };
}

function windowsOf({ windowMinutes, bad, events }: KeyReading): Evidence['windows'] {
  if (bad === undefined && events === undefined) return [];
  return [{ minutes: windowMinutes, bad: bad ?? 0, events: events ?? 0, burn: 0 }];
}
