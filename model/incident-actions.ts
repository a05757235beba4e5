/** What people do about an incident: acknowledge, put off, end, write down. Pure. */
import { type Incident, type IncidentEvent, type IncidentEventKind, isOpen } from './incident.ts';
import { planNext } from './incident-next.ts';
import { err, ok, type Result } from './result.ts';
import { recordTell, type Telling, type Wanted } from './tell.ts';
import { DAY } from './time.ts';

/** The message is made for people. */
export interface ActionFault {
  fault: 'over' | 'noReason' | 'tooLong' | 'badTime' | 'nothing' | 'notSnoozed';
  message: string;
}

export interface ActionBy {
  /** A person's name as others read it. */
  by: string;
  nowMs: number;
}

export type ActionResult = Result<Telling, ActionFault>;

export const SNOOZE_MAX_MS = 7 * DAY;
export const REASON_MAX = 1000;
export const NOTE_MAX = 10_000;

/** Ends reminders and escalation until it recovers, or becomes a page. Again: another name and reason. */
export function acknowledge(incident: Incident, reason: string, { by, nowMs }: ActionBy): ActionResult {
  const fault =
    faultOfOpen(incident) ?? faultOfText(reason, 'Say in a few words what you are doing about it.');
  if (fault !== null) return err(fault);
  const acknowledged: Incident = {
    ...incident,
    state: 'acknowledged',
    acknowledged: { atMs: nowMs, by, reason: reason.trim() },
  };
  const event = theirs('acknowledged', by, nowMs, { reason: reason.trim() });
  return ok(tellIfKnown(acknowledged, [event], { kind: 'acknowledge', why: 'acknowledged' }, nowMs));
}

/** Nothing is told of it until then, but its end, and when it becomes a page. */
export function snooze(
  incident: Incident,
  { untilMs, reason = '' }: { untilMs: number; reason?: string },
  { by, nowMs }: ActionBy,
): ActionResult {
  const fault = faultOfOpen(incident) ?? faultOfLength(reason, REASON_MAX);
  if (fault !== null) return err(fault);
  if (!Number.isInteger(untilMs) || untilMs <= nowMs || untilMs > nowMs + SNOOZE_MAX_MS) {
    return err({ fault: 'badTime', message: 'A snooze ends in the future, at most 7 days ahead.' });
  }
  const event = theirs('snoozed', by, nowMs, { untilMs, reason: reason.trim() });
  return ok(quietly({ ...incident, snoozed: { untilMs, by } }, [event], nowMs));
}

export function endSnooze(incident: Incident, { by, nowMs }: ActionBy): ActionResult {
  if (incident.snoozed === null) return err({ fault: 'notSnoozed', message: 'It is not snoozed.' });
  const event = theirs('unsnoozed', by, nowMs, { reason: 'byHand' });
  return ok(quietly({ ...incident, snoozed: null }, [event], nowMs));
}

/** Ends it although its alert may fire on; only what fires anew brings it back. */
export function resolveByHand(incident: Incident, reason: string, { by, nowMs }: ActionBy): ActionResult {
  const fault = faultOfOpen(incident) ?? faultOfText(reason, 'Say in a few words why it is over.');
  if (fault !== null) return err(fault);
  const resolved: Incident = {
    ...incident,
    state: 'resolved',
    resolved: { atMs: nowMs, by, reason: reason.trim() },
    held: null,
    snoozed: null,
    flappingSinceMs: null,
  };
  const event = theirs('resolved', by, nowMs, { reason: reason.trim() });
  return ok(tellIfKnown(resolved, [event], { kind: 'resolve', why: 'byHand' }, nowMs));
}

/** A note changes nothing but the timeline. */
export function addNote(incident: Incident, text: string, { by, nowMs }: ActionBy): ActionResult {
  if (text.trim() === '') return err({ fault: 'nothing', message: 'The note is empty.' });
  const fault = faultOfLength(text, NOTE_MAX);
  if (fault !== null) return err(fault);
  return ok({ incident, events: [theirs('note', by, nowMs, { text: text.trim() })], tell: null });
}

/** What people say it was caused by: a release, words, or both; neither takes it back. */
export function setCause(
  incident: Incident,
  { release, text }: { release: number | null; text: string },
  { by, nowMs }: ActionBy,
): ActionResult {
  const fault = faultOfLength(text, REASON_MAX);
  if (fault !== null) return err(fault);
  const isNone = release === null && text.trim() === '';
  const cause = isNone ? null : { release, text: text.trim(), author: by, atMs: nowMs };
  const event = theirs('cause', by, nowMs, { release, text: text.trim() });
  return ok({ incident: { ...incident, cause }, events: [event], tell: null });
}

/** Receivers that do not know of the incident hear nothing of what people do about it. */
function tellIfKnown(incident: Incident, events: IncidentEvent[], what: Wanted, nowMs: number): Telling {
  if (incident.toldSeverity === null) return quietly(incident, events, nowMs);
  const told = recordTell(incident, { ...what, isQuiet: false }, nowMs);
  return { incident: planNext(told.incident, nowMs), events, tell: told.tell };
}

function quietly(incident: Incident, events: IncidentEvent[], nowMs: number): Telling {
  return { incident: planNext(incident, nowMs), events, tell: null };
}

function faultOfOpen(incident: Incident): ActionFault | null {
  return isOpen(incident) ? null : { fault: 'over', message: 'It is over already.' };
}

function faultOfText(text: string, message: string): ActionFault | null {
  return text.trim() === '' ? { fault: 'noReason', message } : faultOfLength(text, REASON_MAX);
}

function faultOfLength(text: string, max: number): ActionFault | null {
  return text.length <= max ? null : { fault: 'tooLong', message: `At most ${max} characters.` };
}

function theirs(
  kind: IncidentEventKind,
  actor: string,
  atMs: number,
  detail: Record<string, unknown>,
): IncidentEvent {
  return { kind, actor, atMs, detail };
}
