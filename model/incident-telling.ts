/**
 * What receivers are told of an incident. They are brought from what they believe (`toldSeverity`) to what is so, by
 * one message, unless something speaks against it: a silence, a snooze, nobody to tell, or that too much was said
 * already. What was not told is looked at again at `nextAtMs`. Pure.
 */
import { type Incident, type IncidentEvent, type IncidentEventKind, isOpen, rankOf } from './incident.ts';
import { beginsToFlap, endIsHeldBack, mayUpdate } from './incident-flapping.ts';
import { isKnownToPeople, planNext } from './incident-next.ts';
import { type Gate, recordTell, type Telling, type Wanted } from './tell.ts';

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
  const gated = passGate(incident, wanted, gate, nowMs);
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
  // Somebody takes care already of what was kept back.
  if (isKnownToPeople(incident)) return null;
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

/**
 * Silences and snoozes keep back what begins or goes on, never an end: what was opened at a receiver is closed there.
 */
function passGate(
  incident: Incident,
  wanted: Wanted,
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
  return { passes: incident.snoozed === null || incident.snoozed.untilMs <= nowMs, incident, events: [] };
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

function ours(kind: IncidentEventKind, atMs: number, detail: Record<string, unknown>): IncidentEvent {
  return { kind, atMs, actor: '', detail };
}
