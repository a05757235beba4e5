/**
 * An alert: the state of one tier of an objective, or of one rule, and the step from one minute's evaluation to
 * the next. A minute is `floor(epoch seconds / 60)`; the evaluation called `minute` sees what lies before it.
 */

export type AlertState = 'ok' | 'pending' | 'firing' | 'recovering';
/** Why an evaluation cannot judge: no live drain, lines known lost, or data too old. */
export type HeldReason = 'noData' | 'gap' | 'stale';

export interface AlertMemory {
  state: AlertState;
  /**
   * First evaluation in this state. While pending, minutes that were held do not count as waited: they push this
   * on when data returns.
   */
  sinceMinute: number;
  /** While recovering: the first evaluation that was below, pushed on by held minutes as above; else null. */
  falseSinceMinute: number | null;
  /** While nothing can be judged: why, and the first such evaluation. State and timers stand still. */
  held: { reason: HeldReason; sinceMinute: number } | null;
}

/** What one evaluation saw. */
export interface Reading {
  isAbove: boolean;
  /** Not null: the evaluation may not decide, where the alert holds on missing data. */
  isMissing: HeldReason | null;
}

export type TransitionReason =
  | 'threshold'
  | 'recovered'
  | 'held'
  | 'dataReturned'
  | 'sloChanged'
  | 'ruleChanged'
  | 'silenced'
  | 'correction'
  | 'lateData'
  | 'removed'
  | 'byHand';

export interface Transition {
  from: AlertState;
  /** The same as `from` when only `held` began or ended. */
  to: AlertState;
  reason: TransitionReason;
}

export interface AlertTiming {
  /** Minutes that the condition must have been true without a break; 0 fires at once. */
  forMinutes: number;
  /** Minutes that it goes on firing after it was below for the first time; 0 ends at once. */
  keepFiringMinutes: number;
  /** Whether missing data makes state and timers stand still; otherwise `isAbove` decides alone. */
  holdOnMissing: boolean;
}

/** An alert that never fired. */
export function initialMemory(minute: number): AlertMemory {
  return { state: 'ok', sinceMinute: minute, falseSinceMinute: null, held: null };
}

/** Whether people are to see it as firing: it fires, or keeps firing for a while. */
export function isFiring(memory: Pick<AlertMemory, 'state'>): boolean {
  return memory.state === 'firing' || memory.state === 'recovering';
}

/**
 * One evaluation. Every minute is stepped once, in order. The transition is null when nothing changed; an alert
 * that is `ok` is held without one, for a silent drain is told once and not once a tier.
 */
export function step(
  memory: AlertMemory,
  reading: Reading,
  minute: number,
  timing: AlertTiming,
): { memory: AlertMemory; transition: Transition | null } {
  if (reading.isMissing !== null && timing.holdOnMissing) return hold(memory, reading.isMissing, minute);
  const resumed = resume(memory, minute);
  const next = decide(resumed, reading.isAbove, minute, timing);
  return { memory: next, transition: transitionBetween(memory, next) };
}

function hold(
  memory: AlertMemory,
  reason: HeldReason,
  minute: number,
): { memory: AlertMemory; transition: Transition | null } {
  if (memory.held) {
    const isSame = memory.held.reason === reason;
    return {
      memory: isSame ? memory : { ...memory, held: { ...memory.held, reason } },
      transition: null,
    };
  }
  const { state } = memory;
  return {
    memory: { ...memory, held: { reason, sinceMinute: minute } },
    transition: state === 'ok' ? null : { from: state, to: state, reason: 'held' },
  };
}

/** The timers go on where they stood: what was held is not waited. */
function resume(memory: AlertMemory, minute: number): AlertMemory {
  if (memory.held === null) return memory;
  const stoodMinutes = minute - memory.held.sinceMinute;
  return {
    state: memory.state,
    sinceMinute: memory.state === 'pending' ? memory.sinceMinute + stoodMinutes : memory.sinceMinute,
    falseSinceMinute: memory.falseSinceMinute === null ? null : memory.falseSinceMinute + stoodMinutes,
    held: null,
  };
}

function decide(memory: AlertMemory, isAbove: boolean, minute: number, timing: AlertTiming): AlertMemory {
  if (isAbove) {
    if (memory.state === 'firing') return memory;
    if (memory.state === 'recovering') return enter('firing', minute);
    const sinceMinute = memory.state === 'pending' ? memory.sinceMinute : minute;
    if (minute - sinceMinute >= timing.forMinutes) return enter('firing', minute);
    return memory.state === 'pending' ? memory : enter('pending', minute);
  }
  if (memory.state === 'ok') return memory;
  if (memory.state === 'pending') return enter('ok', minute);
  const falseSinceMinute = memory.falseSinceMinute ?? minute;
  if (minute - falseSinceMinute >= timing.keepFiringMinutes) return enter('ok', minute);
  return memory.state === 'recovering' ? memory : { ...enter('recovering', minute), falseSinceMinute };
}

function enter(state: AlertState, minute: number): AlertMemory {
  return { state, sinceMinute: minute, falseSinceMinute: null, held: null };
}

function transitionBetween(before: AlertMemory, after: AlertMemory): Transition | null {
  const { state: from } = before;
  const { state: to } = after;
  if (from !== to) {
    return { from, to, reason: to === 'pending' || to === 'firing' ? 'threshold' : 'recovered' };
  }
  return before.held !== null && from !== 'ok' ? { from, to, reason: 'dataReturned' } : null;
}
