/** Escalation: the next level is told when nobody acknowledged in time. */
import { type EscalationStep, type EscalationTarget, stepEscalation } from '../model/escalation.ts';
import { gateOf, type TellingRules } from '../model/gate.ts';
import { type Incident, type IncidentEvent, isOpen } from '../model/incident.ts';
import { recordTell, type Tell } from '../model/tell.ts';
import { MINUTE } from '../model/time.ts';
import {
  deleteEscalation,
  type EscalationRow,
  lockDueEscalations,
  updateEscalations,
} from '../store/escalations.ts';
import { readTellingRules, toMessage, writeTellings } from '../store/incident-telling.ts';
import { readIncidents } from '../store/incidents.ts';
import { enqueueNotifications } from '../store/notifications.ts';
import { type Client, type Pool, withTransaction } from '../store/pool.ts';
import { type Reached, readOnCall } from '../store/schedules.ts';

const BATCH = 100;
/** An escalation that may not go on now (snoozed, silenced, recovered for the moment) is looked at again after it. */
const LOOK_AGAIN_MS = MINUTE;

/** One round; any number of workers may do it at once. */
export async function escalateDue(pool: Pool, nowMs: number): Promise<{ seen: number; isDone: boolean }> {
  return withTransaction(pool, async (client) => {
    const due = await lockDueEscalations(client, nowMs, BATCH);
    if (due.length === 0) return { seen: 0, isDone: true };
    const rules = await readTellingRules(client, nowMs);
    const onCall = await readOnCall(client, scheduleIdsOf(rules), nowMs);
    // One after the other: two policies of one incident count its sequence up in turn.
    for (const escalation of due) await escalate(client, escalation, { rules, onCall, nowMs });
    return { seen: due.length, isDone: due.length < BATCH };
  });
}

interface Now {
  rules: TellingRules;
  onCall: ReadonlyMap<number, Reached>;
  nowMs: number;
}

function scheduleIdsOf({ policies }: TellingRules): number[] {
  const targets = [...policies.values()].flatMap(({ definition }) =>
    definition.levels.flatMap((level) => level.targets),
  );
  return [...new Set(targets.filter(({ kind }) => kind === 'schedule').map(({ id }) => id))];
}

async function escalate(client: Client, row: EscalationRow, now: Now): Promise<void> {
  const { nowMs, rules } = now;
  const incident = (await readIncidents(client, [row.incidentId])).get(row.incidentId);
  const policy = rules.policies.get(row.policyId);
  if (incident === undefined || policy === undefined || incident.state === 'acknowledged') {
    return deleteEscalation(client, row);
  }
  if (mustWait(incident, rules, nowMs)) {
    return updateEscalations(client, [{ ...row, nextAtMs: nowMs + LOOK_AGAIN_MS }]);
  }
  const due = stepEscalation(policy.definition, row, nowMs);
  if (due === null) return;
  const reached = reachedBy(due.targets, now);
  // Whoever heard of it as it opened need not hear of it again from the first level.
  const isFirst = due.level === 0 && due.round === 0;
  const toWhom = isFirst ? reached.ids.filter((id) => !incident.receiverIds.includes(id)) : reached.ids;
  await tellLevel(client, incident, { due, policy: policy.name, toWhom, reached }, now);
  if (due.next === null) return deleteEscalation(client, row);
  // A level that reached nobody is no reason to wait for an answer.
  const next = reached.ids.length === 0 ? { ...due.next, nextAtMs: nowMs } : due.next;
  await updateEscalations(client, [{ ...row, ...next }]);
}

function mustWait(incident: Incident, rules: TellingRules, nowMs: number): boolean {
  if (!isOpen(incident) || incident.toldSeverity === null) return true;
  if (incident.snoozed !== null && incident.snoozed.untilMs > nowMs) return true;
  return gateOf(rules, incident, nowMs).silencedBy !== null;
}

interface ReachedAll {
  ids: number[];
  /** Names of people on call. */
  people: string[];
}

function reachedBy(targets: readonly EscalationTarget[], { rules, onCall }: Now): ReachedAll {
  const people = targets.flatMap(({ kind, id }) => (kind === 'schedule' ? (onCall.get(id) ?? []) : []));
  const direct = targets.filter(({ kind }) => kind === 'receiver').map(({ id }) => id);
  const ids = [...direct, ...people.flatMap(({ receiverIds }) => receiverIds)];
  return {
    ids: [...new Set(ids)].filter((id) => rules.receiverIds.has(id)),
    people: people.filter(({ personId }) => personId !== null).map(({ name }) => name),
  };
}

interface Level {
  due: EscalationStep;
  policy: string;
  toWhom: number[];
  reached: ReachedAll;
}

async function tellLevel(
  client: Client,
  incident: Incident,
  { due, policy, toWhom, reached }: Level,
  { rules, nowMs }: Now,
): Promise<void> {
  const detail = { policy, level: due.level + 1, round: due.round + 1, people: reached.people };
  if (toWhom.length === 0) {
    const isSilent = reached.ids.length === 0 && due.targets.length > 0;
    if (!isSilent) return;
    const events = [ours('notTold', nowMs, { ...detail, reason: 'nobodyOnCall' })];
    return writeTellings(client, [{ incident, events, tell: null }], rules, nowMs);
  }
  const told = recordTell(incident, { kind: 'reminder', why: 'escalated', isQuiet: false }, nowMs);
  const messages = toWhom.map((receiverId) => {
    const isKnown = incident.receiverIds.includes(receiverId);
    const tell: Tell = { ...told.tell, kind: isKnown ? 'reminder' : 'trigger' };
    return toMessage(incident, tell, receiverId, detail);
  });
  await enqueueNotifications(client, messages, nowMs);
  const receiverIds = [...new Set([...incident.receiverIds, ...toWhom])];
  const events = [ours('escalated', nowMs, { ...detail, receiverIds: toWhom })];
  await writeTellings(
    client,
    [{ incident: { ...told.incident, receiverIds }, events, tell: null }],
    rules,
    nowMs,
  );
}

function ours(kind: IncidentEvent['kind'], atMs: number, detail: Record<string, unknown>): IncidentEvent {
  return { kind, atMs, actor: '', detail };
}
