/** What time alone brings to an incident. Pure. */
import { type Incident, type IncidentEvent, isOpen } from './incident.ts';
import { FLAPPING_QUIET_MS } from './incident-flapping.ts';
import { planNext, reminderAt } from './incident-next.ts';
import { tellOf } from './incident-telling.ts';
import { type Gate, recordTell, type Telling, type Wanted } from './tell.ts';

/**
 * The end of a snooze or of flapping, an end that was held back, what a silence kept back,
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

function ours(kind: IncidentEvent['kind'], atMs: number, detail: Record<string, unknown>): IncidentEvent {
  return { kind, atMs, actor: '', detail };
}
