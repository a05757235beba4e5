/** One message about an incident to everybody concerned, and what the incident remembers of it. Pure. */
import type { NotificationKind } from './delivery.ts';
import type { Incident, IncidentEvent } from './incident.ts';
import type { Severity } from './slo.ts';
import { HOUR, SECOND } from './time.ts';

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

/** What to tell, before it has a number. */
export type Wanted = Pick<Tell, 'kind' | 'why'>;

/** Tickets of so long are collected before anybody is told; a page goes at once (SLO.md 9). */
export const TICKET_COLLECTED_MS = 30 * SECOND;

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
