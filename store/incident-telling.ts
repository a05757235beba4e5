/**
 * From a decision about incidents to rows: incidents, timelines, the outbox and escalations, in the transaction of
 * whoever decided. Alerts and people's actions end here alike.
 */
import type { NewNotification } from '../model/delivery.ts';
import { startEscalation } from '../model/escalation.ts';
import { gateOf, type TellingRules } from '../model/gate.ts';
import { type Incident, isOpen } from '../model/incident.ts';
import type { Silence } from '../model/silence.ts';
import type { Tell, Telling } from '../model/tell.ts';
import { deleteEscalations, type EscalationRow, insertEscalations } from './escalations.ts';
import { insertIncidentEvents } from './incident-events.ts';
import { updateIncidents } from './incident-writes.ts';
import { enqueueNotifications } from './notifications.ts';
import type { Client, Queryable } from './pool.ts';
import { listPolicies, listRoutes } from './routes.ts';
import { listLiveSilences } from './silences.ts';

/** Everything that says who is told, as it is now. */
export async function readTellingRules(client: Queryable, nowMs: number): Promise<TellingRules> {
  const routes = await listRoutes(client);
  const silences = await listLiveSilences(client, nowMs);
  const policies = await listPolicies(client);
  return {
    routes,
    silences,
    receiverIds: await readTellable(client),
    policies: new Map(policies.map(({ id, name, definition }) => [id, { name, definition }])),
    tagsBySlo: await readTags(client, silences),
  };
}

/** Those that are there and switched on. Change events of PagerDuty take releases, never incidents. */
async function readTellable(db: Queryable): Promise<Set<number>> {
  const { rows } = await db.query<{ id: number }>(
    `SELECT id FROM receivers WHERE is_enabled AND removed_at_ms IS NULL AND kind <> 'pagerdutyChange'`,
  );
  return new Set(rows.map(({ id }) => id));
}

async function readTags(db: Queryable, silences: readonly Silence[]): Promise<Map<number, string[]>> {
  if (silences.every(({ match }) => match.tags.length === 0)) return new Map();
  const { rows } = await db.query<{ slo_id: number; tags: string[] | null }>(
    `SELECT DISTINCT ON (slo_id) slo_id, definition -> 'tags' AS tags FROM slo_versions
     ORDER BY slo_id, version DESC`,
  );
  return new Map(rows.map(({ slo_id, tags }) => [slo_id, tags ?? []]));
}

/**
 * Writes incidents that are locked, with what is told of them. Decides here who: the routes for what begins, those
 * who were told before for what follows.
 */
export async function writeTellings(
  client: Client,
  tellings: readonly Telling[],
  rules: TellingRules,
  nowMs: number,
): Promise<void> {
  const addressed = tellings.map((telling) => address(telling, rules));
  await updateIncidents(
    client,
    addressed.map(({ incident }) => incident),
  );
  await writeAround(client, addressed, nowMs);
}

/** A decision with everybody who is told by it. */
export interface Addressed extends Telling {
  toWhom: number[];
  escalations: EscalationRow[];
}

export function address(telling: Telling, rules: TellingRules): Addressed {
  const { incident, tell } = telling;
  if (tell === null) return { ...telling, toWhom: [], escalations: [] };
  const known = incident.receiverIds.filter((id) => rules.receiverIds.has(id));
  if (tell.kind !== 'trigger') return { ...telling, toWhom: known, escalations: [] };
  const { routed } = gateOf(rules, incident, tell.dueAtMs);
  // A receiver that knows of it goes on hearing of it, whatever its routes are by now.
  const toWhom = [...new Set([...(tell.before === null ? [] : known), ...routed.receiverIds])];
  return {
    ...telling,
    incident: { ...incident, receiverIds: toWhom },
    toWhom,
    escalations: routed.policyIds.flatMap((policyId) => {
      const definition = rules.policies.get(policyId)?.definition;
      const state = definition && startEscalation(definition, tell.dueAtMs);
      return state ? [{ incidentId: incident.id, policyId, ...state }] : [];
    }),
  };
}

/** What belongs to incidents that are written. */
export async function writeAround(
  client: Client,
  addressed: readonly Addressed[],
  nowMs: number,
): Promise<void> {
  await insertIncidentEvents(
    client,
    addressed.flatMap(({ incident, events }) =>
      events.map((event) => ({ ...event, incidentId: incident.id })),
    ),
  );
  const messages = addressed.flatMap(({ incident, tell, toWhom }) =>
    tell === null ? [] : toWhom.map((receiverId) => toMessage(incident, tell, receiverId)),
  );
  await enqueueNotifications(client, messages, nowMs);
  const pages = addressed.filter(({ tell }) => tell?.kind === 'trigger' && tell.severity === 'page');
  await hastenCollected(
    client,
    pages.filter(({ tell }) => tell?.before !== null).map(({ incident }) => incident.id),
    nowMs,
  );
  await deleteEscalations(
    client,
    addressed.filter(({ incident }) => isEscalationOver(incident)).map(({ incident }) => incident.id),
  );
  await insertEscalations(
    client,
    addressed.flatMap(({ escalations }) => escalations),
  );
}

/** A ticket that is still being collected must not hold up the page it became: a receiver is told in order. */
async function hastenCollected(client: Client, incidentIds: readonly string[], nowMs: number): Promise<void> {
  if (incidentIds.length === 0) return;
  await client.query(
    `UPDATE notifications SET due_at_ms = $2, next_at_ms = $2
     WHERE incident_id = ANY ($1::uuid[]) AND state = 'waiting' AND attempts = 0 AND due_at_ms > $2
       AND next_at_ms = due_at_ms`,
    [incidentIds, nowMs],
  );
}

/** While its end is not told it may come back, and goes on where it was. */
function isEscalationOver(incident: Incident): boolean {
  return incident.state === 'acknowledged' || (!isOpen(incident) && incident.toldSeverity === null);
}

/** One message to one receiver. `details.why` says what it is about (model/tell.ts, TellReason). */
export function toMessage(
  { id, severity }: Incident,
  tell: Tell,
  receiverId: number,
  details: Record<string, unknown> = {},
): NewNotification {
  return {
    dedupeKey: `${id}/${tell.sequence}/${receiverId}`,
    incidentId: id,
    sequence: tell.sequence,
    receiverId,
    kind: tell.kind,
    severity: tell.severity,
    dueAtMs: tell.dueAtMs,
    details: { why: tell.why, from: tell.before, to: severity, isQuiet: tell.isQuiet, ...details },
  };
}
