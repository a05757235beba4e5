/** Escalation: whom to tell one level after the other, again and again, until somebody acknowledges. Pure. */
import { MINUTE } from './time.ts';

export type EscalationTarget = { kind: 'receiver'; id: number } | { kind: 'schedule'; id: number };

export interface EscalationLevel {
  /** After the level before; the first after the alert. */
  delayMinutes: number;
  targets: EscalationTarget[];
}

export interface EscalationDefinition {
  levels: EscalationLevel[];
  /** How often the whole ladder is gone through, 1–10. */
  rounds: number;
}

/** What is told next, and when. */
export interface EscalationState {
  /** From 0. */
  level: number;
  /** From 0. */
  round: number;
  nextAtMs: number;
}

export interface EscalationStep {
  targets: EscalationTarget[];
  /** Of what is told now, from 0. */
  level: number;
  round: number;
  /** null: it was the last level of the last round. */
  next: EscalationState | null;
}

export const LEVELS_MAX = 20;
export const ROUNDS_MAX = 10;
/** Two levels at once would be one, and a ladder without any delay would tell everybody without end. */
const DELAY_MIN_MINUTES = 1;
const DELAY_MAX_MINUTES = 24 * 60;

/** Where an escalation begins; null for a policy without levels. */
export function startEscalation(definition: EscalationDefinition, nowMs: number): EscalationState | null {
  const first = definition.levels[0];
  if (first === undefined) return null;
  return { level: 0, round: 0, nextAtMs: nowMs + first.delayMinutes * MINUTE };
}

/**
 * The level that is due; null when none is yet. Delays count from when a level was told, so that a worker that comes
 * late does not tell several levels at once. A policy that was shortened meanwhile goes on from its first level.
 */
export function stepEscalation(
  definition: EscalationDefinition,
  state: EscalationState,
  nowMs: number,
): EscalationStep | null {
  if (state.nextAtMs > nowMs) return null;
  const isPast = state.level >= definition.levels.length;
  const level = isPast ? 0 : state.level;
  const round = isPast ? state.round + 1 : state.round;
  const now = definition.levels[level];
  if (now === undefined || round >= definition.rounds) return { targets: [], level, round, next: null };
  return { targets: now.targets, level, round, next: following(definition, { level, round }, nowMs) };
}

function following(
  { levels, rounds }: EscalationDefinition,
  { level, round }: { level: number; round: number },
  nowMs: number,
): EscalationState | null {
  const isLast = level + 1 >= levels.length;
  const next = { level: isLast ? 0 : level + 1, round: isLast ? round + 1 : round };
  const delayMinutes = levels[next.level]?.delayMinutes;
  if (delayMinutes === undefined || next.round >= rounds) return null;
  return { ...next, nextAtMs: nowMs + Math.max(DELAY_MIN_MINUTES, delayMinutes) * MINUTE };
}

/** What is wrong with a definition, each fault in words; empty when nothing is. */
export function checkEscalation({ levels, rounds }: EscalationDefinition): string[] {
  const faults: string[] = [];
  if (levels.length < 1 || levels.length > LEVELS_MAX) faults.push(`A policy has 1 to ${LEVELS_MAX} levels.`);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    faults.push(`The levels may be gone through 1 to ${ROUNDS_MAX} times.`);
  }
  for (const [index, { delayMinutes, targets }] of levels.entries()) {
    const min = index === 0 ? 0 : DELAY_MIN_MINUTES;
    if (!Number.isInteger(delayMinutes) || delayMinutes < min || delayMinutes > DELAY_MAX_MINUTES) {
      faults.push(`Level ${index + 1}: the delay is ${min} to ${DELAY_MAX_MINUTES} minutes.`);
    }
    if (targets.length === 0) faults.push(`Level ${index + 1} tells nobody.`);
  }
  return faults;
}
