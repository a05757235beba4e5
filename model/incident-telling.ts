/**
 * What receivers are told of an incident. They are brought from what they believe (`toldSeverity`) to what is so, by
 * one message, unless something speaks against it: a silence, a snooze, nobody to tell, or that too much was said
 * already. What was not told is looked at again at `nextAtMs`. Pure.
 */
import type { NotificationKind } from './delivery.ts';
import {
  FLAPPING_WITHIN_MS,
  type Incident,
  type IncidentEvent,
  type IncidentEventKind,
  isOpen,
  rankOf,
} from './incident.ts';
import type { Severity } from './slo.ts';
import { HOUR, MINUTE, SECOND } from './time.ts';

/** Why a message is sent: what its text is about. */
export type TellReason =
  | 'opened'
  | 'reopened'
  | 'raised'
  | 'lowered'
  | 'held'
  | 'dataReturned'
  | 'changed'
  | 'flapping'
  /** It stopped coming and going, and fires. */
  | 'steady'
  | 'recovered'
  | 'byHand'
  | 'removed'
  | 'acknowledged'
  | 'reminder'
  | 'escalated';

/** One message to everybody concerned. */
export interface Tell {
  kind: NotificationKind;
  why: TellReason;
  severity: Severity;
  /** The incident's sequence with this message. */
  sequence: number;
  dueAtMs: number;
  /** For threads and edits in place alone: nobody is to be called by it. */
  isQuiet: boolean;
  /** What receivers believed before. */
  before: Severity | null;
}

/** What stands between an incident and its receivers now. */
export interface Gate {
  /** Id of a silence or maintenance window that is active and fits. */
  silencedBy: string | null;
  /** Whether its routes lead to anybody. */
  isRouted: boolean;
}

export interface Telling {
  incident: Incident;
  events: IncidentEvent[];
  tell: Tell | null;
}

/** Tickets of so long are collected before anybody is told; a page goes at once (SLO.md 9). */
export const TICKET_COLLECTED_MS = 30 * SECOND;
export const FLAPPING_REOPENED = 3;
/** No change for so long ends flapping. */
export const FLAPPING_QUIET_MS = HOUR;
/**
 * Messages of one incident in an hour. The last but one says that it flaps; the last is kept for when it
 * becomes a page, which it does once: while it flaps nobody is told that it got better.
 */
export const TOLD_MAX_AN_HOUR = 6;
/** What came back once has to stay away so long before its end is told. */
export const END_HELD_BACK_MS = 10 * MINUTE;
/** While flapping, threads are brought up to date this often at most. */
const QUIET_UPDATE_EVERY_MS = 20 * MINUTE;
/** What waits for the end of a silence, or for a route, is looked at this often. */
const LOOK_AGAIN_MS = MINUTE;
export const REMIND_AFTER_MS: Record<Severity, number | null> = {
  page: 4 * HOUR,
  ticket: 24 * HOUR,
  info: null,
};

type Wanted = Pick<Tell, 'kind' | 'why'>;

/** Tells what is to be told now; `happened`: kinds of the events that led here, none when time has passed only. */
export function tellOf(
  incident: Incident,
  happened: readonly IncidentEventKind[],
  gate: Gate,
  nowMs: number,
): Telling {
  const telling = decide(incident, happened, gate, nowMs);
  return { ...telling, incident: planNext(telling.incident, nowMs) };
}

function decide(
  before: Incident,
  happened: readonly IncidentEventKind[],
  gate: Gate,
  nowMs: number,
): Telling {
  const events: IncidentEvent[] = [];
  let incident = before;
  let wanted = wantedOf(incident, happened);
  let isQuiet = false;
  if (incident.flappingSinceMs !== null) {
    if (wanted?.kind === 'trigger' && incident.toldSeverity === null) {
      wanted = FLAPPING_TRIGGER;
    } else if (!isAlwaysTold(incident, wanted)) {
      wanted = happened.length > 0 && mayUpdate(incident, nowMs) ? FLAPPING : null;
      isQuiet = wanted !== null;
    }
  } else if (beginsToFlap(incident, happened, wanted, nowMs)) {
    // A receiver that believes it over, or no page, has to hear of it as of something new.
    wanted = wanted?.kind === 'trigger' ? FLAPPING_TRIGGER : FLAPPING;
    incident = { ...incident, flappingSinceMs: nowMs };
    events.push(ours('flapping', nowMs, { reopened: incident.reopenedAtMs.length }));
  } else if (wanted?.kind === 'resolve' && endIsHeldBack(incident, nowMs)) {
    wanted = null;
  }
  if (wanted === null) return { incident, events, tell: null };
  const gated = passGate(incident, wanted, happened, gate, nowMs);
  if (!gated.passes) return { incident: gated.incident, events: [...events, ...gated.events], tell: null };
  const told = recordTell(gated.incident, { ...wanted, isQuiet }, nowMs);
  return { ...told, events: [...events, ...gated.events] };
}

const FLAPPING: Wanted = { kind: 'update', why: 'flapping' };
const FLAPPING_TRIGGER: Wanted = { kind: 'trigger', why: 'flapping' };

/** The one message that brings receivers up to date; null when they are. */
function wantedOf(incident: Incident, happened: readonly IncidentEventKind[]): Wanted | null {
  const { toldSeverity, severity } = incident;
  if (incident.isOverBeforeTold) return null;
  if (!isOpen(incident)) {
    if (toldSeverity === null) return null;
    const why = incident.resolved?.by != null ? 'byHand' : incident.resolved?.reason;
    return { kind: 'resolve', why: why === 'byHand' || why === 'removed' ? why : 'recovered' };
  }
  if (toldSeverity === null) return { kind: 'trigger', why: incident.reopened > 0 ? 'reopened' : 'opened' };
  if (rankOf(severity) > rankOf(toldSeverity)) return { kind: 'trigger', why: 'raised' };
  if (happened.includes('changed')) return { kind: 'update', why: 'changed' };
  if (rankOf(severity) < rankOf(toldSeverity)) return { kind: 'update', why: 'lowered' };
  const [isHeld, isBack] = [happened.includes('held'), happened.includes('dataReturned')];
  if (isHeld === isBack) return null;
  return { kind: 'update', why: isHeld ? 'held' : 'dataReturned' };
}

/** What no amount of messages keeps back: it became a page, a person ended it, there is nothing left to watch. */
function isAlwaysTold(incident: Incident, wanted: Wanted | null): boolean {
  if (wanted === null) return false;
  if (wanted.kind === 'resolve') return wanted.why !== 'recovered';
  return wanted.why === 'raised' && incident.severity === 'page';
}

function beginsToFlap(
  incident: Incident,
  happened: readonly IncidentEventKind[],
  wanted: Wanted | null,
  nowMs: number,
): boolean {
  if (wanted?.kind === 'resolve' && wanted.why !== 'recovered') return false;
  const lastMs = incident.reopenedAtMs.at(-1) ?? 0;
  const recent = incident.reopenedAtMs.filter((atMs) => lastMs - atMs <= FLAPPING_WITHIN_MS);
  if (happened.includes('reopened') && recent.length >= FLAPPING_REOPENED) return true;
  return wanted !== null && toldInHour(incident, nowMs) >= TOLD_MAX_AN_HOUR - 2;
}

function mayUpdate(incident: Incident, nowMs: number): boolean {
  const lastMs = incident.toldAtMs.at(-1) ?? 0;
  return nowMs - lastMs >= QUIET_UPDATE_EVERY_MS && toldInHour(incident, nowMs) < TOLD_MAX_AN_HOUR - 1;
}

function toldInHour({ toldAtMs }: Incident, nowMs: number): number {
  return toldAtMs.filter((atMs) => nowMs - atMs < HOUR).length;
}

function endIsHeldBack({ reopenedAtMs, resolved, changedAtMs }: Incident, nowMs: number): boolean {
  if (reopenedAtMs.length === 0 || resolved === null || resolved.by !== null) return false;
  return resolved.reason === 'recovered' && nowMs < changedAtMs + END_HELD_BACK_MS;
}

/**
 * Silences and snoozes keep back what begins or goes on, never an end: what was opened at a receiver is closed there.
 */
function passGate(
  incident: Incident,
  wanted: Wanted,
  happened: readonly IncidentEventKind[],
  gate: Gate,
  nowMs: number,
): { passes: boolean; incident: Incident; events: IncidentEvent[] } {
  if (wanted.kind === 'resolve') return { passes: true, incident, events: [] };
  if (gate.silencedBy !== null) {
    const detail = { silenceId: gate.silencedBy };
    return withhold(incident, wanted, 'silence', ours('silenced', nowMs, detail));
  }
  if (wanted.kind === 'trigger' && !gate.isRouted) {
    return withhold(incident, wanted, 'noRoute', ours('notTold', nowMs, { reason: 'noRoute' }));
  }
  if (incident.snoozed === null || incident.snoozed.untilMs <= nowMs) {
    return { passes: true, incident, events: [] };
  }
  const isPageNow = happened.includes('raised') && incident.severity === 'page';
  if (!isPageNow) return { passes: false, incident, events: [] };
  const events = [ours('unsnoozed', nowMs, { reason: 'raised' })];
  return { passes: true, incident: { ...incident, snoozed: null }, events };
}

function withhold(
  incident: Incident,
  wanted: Wanted,
  withheld: 'silence' | 'noRoute',
  event: IncidentEvent,
): { passes: false; incident: Incident; events: IncidentEvent[] } {
  // An update is not made up for; and the same reason is written down once.
  if (wanted.kind !== 'trigger' || incident.withheld === withheld) {
    return { passes: false, incident, events: [] };
  }
  return { passes: false, incident: { ...incident, withheld }, events: [event] };
}

/** Enters a message into the incident: what receivers believe from now on, and how much was said. */
export function recordTell(
  incident: Incident,
  { kind, why, isQuiet }: Wanted & { isQuiet: boolean },
  nowMs: number,
): Telling & { tell: Tell } {
  const sequence = incident.sequence + 1;
  const severity = kind === 'resolve' ? (incident.toldSeverity ?? incident.severity) : incident.severity;
  const isCollected = kind === 'trigger' && severity !== 'page';
  const dueAtMs = isCollected ? nowMs + TICKET_COLLECTED_MS : nowMs;
  return {
    incident: {
      ...incident,
      sequence,
      toldSeverity: believedAfter(incident, kind, why),
      // A message that says it supersedes why it was not said.
      withheld: kind === 'trigger' || kind === 'resolve' ? null : incident.withheld,
      toldAtMs: [...incident.toldAtMs.filter((atMs) => nowMs - atMs < HOUR), nowMs],
    },
    events: [],
    tell: { kind, why, severity, sequence, dueAtMs, isQuiet, before: incident.toldSeverity },
  };
}

function believedAfter(incident: Incident, kind: NotificationKind, why: TellReason): Severity | null {
  if (kind === 'resolve') return null;
  return kind === 'trigger' || why === 'lowered' || why === 'changed' || why === 'steady'
    ? incident.severity
    : incident.toldSeverity;
}

/**
 * What time alone brings: the end of a snooze or of flapping, an end that was held back, what a silence kept back,
 * a reminder. At most one message.
 */
export function tellDue(before: Incident, gate: Gate, nowMs: number): Telling {
  const events: IncidentEvent[] = [];
  let incident = before;
  let wanted: Wanted | null = null;
  if (incident.snoozed !== null && incident.snoozed.untilMs <= nowMs) {
    incident = { ...incident, snoozed: null };
    events.push(ours('unsnoozed', nowMs, { reason: 'over' }));
    if (incident.state === 'open' && incident.toldSeverity !== null) wanted = REMINDER;
  }
  if (incident.flappingSinceMs !== null && incident.changedAtMs + FLAPPING_QUIET_MS <= nowMs) {
    incident = { ...incident, flappingSinceMs: null, reopenedAtMs: [] };
    events.push(ours('flapping', nowMs, { isOver: true }));
    if (isOpen(incident) && incident.toldSeverity !== null) wanted = { kind: 'update', why: 'steady' };
  }
  const telling = tellOf(incident, [], gate, nowMs);
  events.push(...telling.events);
  if (telling.tell !== null) return { ...telling, events };
  incident = telling.incident;
  const remindAtMs = reminderAt(incident);
  if (wanted === null && remindAtMs !== null && remindAtMs <= nowMs) wanted = REMINDER;
  if (wanted === null || gate.silencedBy !== null || isSnoozed(incident, nowMs))
    return { incident, events, tell: null };
  const told = recordTell(incident, { ...wanted, isQuiet: false }, nowMs);
  return { incident: planNext(told.incident, nowMs), events, tell: told.tell };
}

const REMINDER: Wanted = { kind: 'reminder', why: 'reminder' };

function isSnoozed({ snoozed }: Incident, nowMs: number): boolean {
  return snoozed !== null && snoozed.untilMs > nowMs;
}

function reminderAt({ state, toldSeverity, severity, toldAtMs }: Incident): number | null {
  const afterMs = REMIND_AFTER_MS[severity];
  const lastMs = toldAtMs.at(-1);
  if (state !== 'open' || toldSeverity === null || afterMs === null || lastMs === undefined) return null;
  return lastMs + afterMs;
}

/** The incident with the instant at which time alone may change something; null: never. */
export function planNext(incident: Incident, nowMs: number): Incident {
  const { snoozed, flappingSinceMs, changedAtMs, toldSeverity } = incident;
  const isOther = isOpen(incident) && incident.severity !== toldSeverity;
  const isUntold = isOther && (flappingSinceMs === null || toldSeverity === null);
  const isEndUntold = !isOpen(incident) && toldSeverity !== null;
  const candidates: (number | null)[] = [
    // What a person put off is left alone until then, whatever else is due.
    snoozed === null && isUntold ? nowMs + LOOK_AGAIN_MS : null,
    snoozed?.untilMs ?? null,
    flappingSinceMs === null ? null : changedAtMs + FLAPPING_QUIET_MS,
    isEndUntold && flappingSinceMs === null ? changedAtMs + END_HELD_BACK_MS : null,
    snoozed === null ? reminderAt(incident) : null,
  ];
  const due = candidates.filter((atMs) => atMs !== null);
  const firstMs = Math.min(...due);
  // What is overdue and still kept back is not looked at without a pause.
  const nextAtMs = due.length === 0 ? null : firstMs > nowMs ? firstMs : nowMs + LOOK_AGAIN_MS;
  return nextAtMs === incident.nextAtMs ? incident : { ...incident, nextAtMs };
}

function ours(kind: IncidentEventKind, atMs: number, detail: Record<string, unknown>): IncidentEvent {
  return { kind, atMs, actor: '', detail };
}
