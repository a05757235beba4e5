/** What people do about incidents, each in a transaction of the caller's that locks the incident. */
import type { Incident } from '../model/incident.ts';
import {
  type ActionBy,
  type ActionFault,
  type ActionResult,
  acknowledge,
  addNote,
  endSnooze,
  resolveByHand,
  setCause,
  snooze,
} from '../model/incident-actions.ts';
import { ok, type Result } from '../model/result.ts';
import type { IncidentRow } from './incident-row.ts';
import { readTellingRules, writeTellings } from './incident-telling.ts';
import { lockIncident } from './incident-writes.ts';
import type { Client } from './pool.ts';

/** The incident after it; null when there is none by that id. */
export type Acted = Result<IncidentRow, ActionFault> | null;

export function acknowledgeIncident(
  client: Client,
  id: string,
  reason: string,
  by: ActionBy,
): Promise<Acted> {
  return act(client, id, by, (incident) => acknowledge(incident, reason, by));
}

/** untilMs null ends the snooze. */
export function snoozeIncident(
  client: Client,
  id: string,
  { untilMs, reason }: { untilMs: number | null; reason?: string | undefined },
  by: ActionBy,
): Promise<Acted> {
  return act(client, id, by, (incident) =>
    untilMs === null ? endSnooze(incident, by) : snooze(incident, { untilMs, reason: reason ?? '' }, by),
  );
}

export function resolveIncident(client: Client, id: string, reason: string, by: ActionBy): Promise<Acted> {
  return act(client, id, by, (incident) => resolveByHand(incident, reason, by));
}

export function noteIncident(client: Client, id: string, text: string, by: ActionBy): Promise<Acted> {
  return act(client, id, by, (incident) => addNote(incident, text, by));
}

export function setIncidentCause(
  client: Client,
  id: string,
  cause: { release: number | null; text: string },
  by: ActionBy,
): Promise<Acted> {
  return act(client, id, by, (incident) => setCause(incident, cause, by));
}

async function act(
  client: Client,
  id: string,
  { nowMs }: ActionBy,
  work: (incident: Incident) => ActionResult,
): Promise<Acted> {
  const row = await lockIncident(client, id);
  if (row === null) return null;
  const { number, ...incident } = row;
  const result = work(incident);
  if (!result.ok) return result;
  await writeTellings(client, [result.value], await readTellingRules(client, nowMs), nowMs);
  return ok({ ...result.value.incident, number });
}
