/** From changes of alerts to incidents, timelines and messages: the one place where evaluators hand over. */
import { randomUUID } from 'node:crypto';
import { type AlertChange, subjectText } from '../model/alert-change.ts';
import { gateOf, type TellingRules } from '../model/gate.ts';
import type { Incident, IncidentEvent } from '../model/incident.ts';
import { step } from '../model/incident-step.ts';
import { tellOf } from '../model/incident-telling.ts';
import type { Telling } from '../model/tell.ts';
import { insertIncidentEvents, readReleasesBefore } from '../store/incident-events.ts';
import { address, readTellingRules, writeAround } from '../store/incident-telling.ts';
import { insertIncidents, lockNewestIncidents, updateIncidents } from '../store/incident-writes.ts';
import type { Client } from '../store/pool.ts';

/** Another transaction opened the same subject's incident at the same time: its rows are read again so often. */
const TRIES = 3;

/**
 * Makes incidents of changes, in the evaluator's transaction: called once a transaction, with all of its changes, so
 * that rows are locked in one order. What a call finds and what it leaves is all that is told: an alert that fired
 * and recovered within it is on the record, and nobody hears of it.
 */
export async function applyAlertChanges(
  client: Client,
  changes: readonly AlertChange[],
  nowMs: number,
): Promise<void> {
  let open = bySubject(changes);
  for (let attempt = 0; open.size > 0; attempt++) {
    if (attempt === TRIES) throw new Error('incidents of the same subjects are opened again and again');
    open = await applyOnce(client, open, nowMs);
  }
}

type Changes = ReadonlyMap<string, readonly AlertChange[]>;

/** By subject in one order; those of a subject in the order given, which is that of time. */
function bySubject(changes: readonly AlertChange[]): Changes {
  const grouped = Map.groupBy(changes, ({ subject }) => subjectText(subject));
  return new Map([...grouped].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Gives back what another transaction was quicker with. */
async function applyOnce(client: Client, changes: Changes, nowMs: number): Promise<Changes> {
  const known = await lockNewestIncidents(client, [...changes.keys()]);
  const stepped: Stepped[] = [];
  for (const [subject, ofSubject] of changes) {
    stepped.push(...stepAll(subject, known.get(subject) ?? null, ofSubject, nowMs));
  }
  if (stepped.length === 0) return new Map();
  const rules = await readTellingRules(client, nowMs);
  const decided = stepped.map((one) => ({ ...one, addressed: address(decide(one, rules, nowMs), rules) }));
  // First what ends: a subject that ended and began anew has one open incident at any moment.
  await updateIncidents(
    client,
    decided.filter(({ isNew }) => !isNew).map(({ addressed }) => addressed.incident),
  );
  const fresh = decided.filter(({ isNew }) => isNew).map(({ addressed }) => addressed.incident);
  const entered = await insertIncidents(client, fresh);
  const written = decided.filter(({ isNew, after }) => !isNew || entered.has(after.id));
  await writeAround(
    client,
    written.map(({ addressed }) => addressed),
    nowMs,
  );
  const begun = written.filter(({ events }) => events.some(({ kind }) => BEGINS.has(kind)));
  const releases = await readReleasesBefore(
    client,
    begun.map(({ after }) => after),
  );
  await insertIncidentEvents(client, releases);
  const missed = decided.filter((one) => !written.includes(one)).map(({ subject }) => subject);
  return new Map([...changes].filter(([subject]) => missed.includes(subject)));
}

const BEGINS = new Set<IncidentEvent['kind']>(['opened', 'reopened']);

interface Stepped {
  subject: string;
  after: Incident;
  events: IncidentEvent[];
  isNew: boolean;
}

/** One an incident: several changes may end one incident and list or open another. */
function stepAll(
  subject: string,
  known: Incident | null,
  changes: readonly AlertChange[],
  nowMs: number,
): Stepped[] {
  const touched = new Map<string, Stepped>();
  let before = known;
  for (const change of changes) {
    const { incident, events } = step(before, change, { nowMs, newId: randomUUID() });
    if (incident === null || incident === before) continue;
    const last = touched.get(incident.id);
    const isNew = last?.isNew ?? incident.id !== known?.id;
    touched.set(incident.id, {
      subject,
      after: incident,
      events: [...(last?.events ?? []), ...events],
      isNew,
    });
    // What is only listed is nobody's past: the next change goes on from what there was.
    if (!incident.isOverBeforeTold) before = incident;
  }
  return [...touched.values()];
}

function decide({ after, events }: Stepped, rules: TellingRules, nowMs: number): Telling {
  const kinds = events.map(({ kind }) => kind);
  const telling = tellOf(after, kinds, gateOf(rules, after, nowMs), nowMs);
  return { ...telling, events: [...events, ...telling.events] };
}
