/** Incidents: list, one with its story, and what people do about it. */

import { z } from 'zod';
import { subjectText } from '../../model/alert-change.ts';
import { closedEvaluation } from '../../model/closing.ts';
import { type Incident, isOpen } from '../../model/incident.ts';
import { type ActionBy, NOTE_MAX, REASON_MAX } from '../../model/incident-actions.ts';
import { HOUR, MINUTE } from '../../model/time.ts';
import { listApps } from '../../store/apps.ts';
import {
  type Acted,
  acknowledgeIncident,
  noteIncident,
  resolveIncident,
  setIncidentCause,
  snoozeIncident,
} from '../../store/incident-actions.ts';
import { listIncidentEvents } from '../../store/incident-events.ts';
import {
  countOpenIncidents,
  type IncidentCursor,
  type IncidentRow,
  listIncidents,
  readIncident,
} from '../../store/incidents.ts';
import { type Client, type Queryable, withTransaction } from '../../store/pool.ts';
import { listDeliveries } from '../../store/reads/deliveries.ts';
import { readEvents } from '../../store/reads/events.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import { listRules } from '../../store/rules.ts';
import { listSlos, type SloRow } from '../../store/slos.ts';
import { audit, nameOf } from '../author.ts';
import type {
  AcknowledgeRequest,
  CauseRequest,
  IncidentAnswer,
  IncidentListAnswer,
  IncidentRow as IncidentRowAnswer,
  NoteRequest,
  ResolveRequest,
  SnoozeRequest,
  TimelineEntry,
} from '../contract/incidents.ts';
import { ApiError } from '../error.ts';
import { describeEvent } from '../event-text.ts';
import { drawIncident } from '../incident-chart.ts';
import { findHints } from '../incident-hints.ts';
import { type IncidentNames, toIncidentRow } from '../incident-shape.ts';
import { renderMarkdown, sayEvent, sayIncident, sayWhat } from '../incident-text.ts';
import { limit, parseInstantMs } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { cleanLines, cleanText } from '../schemas.ts';
import { toGap } from '../shape.ts';
import { describeDelivery } from './receivers.ts';
import { needApps } from './slos.ts';

const EVENTS_MAX = 300;
const DELIVERIES_MAX = 100;
/** Shown before the beginning and after the end. */
const BEFORE_MS = HOUR;
const AFTER_MS = 30 * MINUTE;
/** A chart shows no more than its beginning and its newest day. */
const SHOWN_MAX_MS = 24 * HOUR;

const severity = z.enum(['page', 'ticket', 'info']);
const instant = z.string().max(40);
const listQuery = z.strictObject({
  app: z.string().max(63).optional(),
  state: z.enum(['open', 'resolved', 'all']).default('all'),
  severity: severity.optional(),
  from: instant.optional().describe('Only those that were not over before it'),
  to: instant.optional().describe('Only those that began before it'),
  limit: limit(50, 200),
  cursor: z
    .string()
    .regex(/^[01]\.\d{1,16}\.\d{1,10}$/)
    .optional(),
});

const reason = cleanText(REASON_MAX);
const acknowledgeRequest = z.strictObject({ reason });
const snoozeRequest = z.strictObject({
  untilMs: z.number().int().min(0).nullable(),
  reason: reason.optional(),
});
const noteRequest = z.strictObject({ text: cleanLines(NOTE_MAX) });
const causeRequest = z.strictObject({
  release: z.number().int().min(1).max(2_147_483_647).nullable().optional(),
  text: reason.optional(),
});

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const INCIDENT_CONTRACT_HOLDS: [
  Same<z.input<typeof acknowledgeRequest>, AcknowledgeRequest & ResolveRequest>,
  Same<z.input<typeof snoozeRequest>, SnoozeRequest>,
  Same<z.input<typeof noteRequest>, NoteRequest>,
  Same<z.input<typeof causeRequest>, CauseRequest>,
] = [true, true, true, true];

const ACT = { method: 'POST', permission: 'editor', answer: 'IncidentRow' } as const;

export const incidentRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/incidents',
    permission: 'viewer',
    summary: 'Incidents, open ones first, then the newest',
    answer: 'IncidentListAnswer',
    query: listQuery,
    handle: list,
  }),
  route({
    method: 'GET',
    path: '/incidents/:id',
    permission: 'viewer',
    summary: 'One incident: what fired, its story, who was told, what stands out',
    answer: 'IncidentAnswer',
    handle: detail,
  }),
  route({
    ...ACT,
    path: '/incidents/:id/acknowledge',
    summary: 'Ends reminders and escalation until it recovers, or becomes a page',
    body: acknowledgeRequest,
    handle: (call) =>
      act(call, 'incident.acknowledge', { reason: call.body.reason }, (tx, id, by) =>
        acknowledgeIncident(tx, id, call.body.reason, by),
      ),
  }),
  route({
    ...ACT,
    path: '/incidents/:id/snooze',
    summary: 'Tells nothing of it until then, but its end, and when it becomes a page; null ends the snooze',
    body: snoozeRequest,
    handle: (call) =>
      act(call, 'incident.snooze', { ...call.body }, (tx, id, by) => snoozeIncident(tx, id, call.body, by)),
  }),
  route({
    ...ACT,
    path: '/incidents/:id/resolve',
    summary: 'Ends it although its alert may fire on; only what fires anew brings it back',
    body: acknowledgeRequest,
    handle: (call) =>
      act(call, 'incident.resolve', { reason: call.body.reason }, (tx, id, by) =>
        resolveIncident(tx, id, call.body.reason, by),
      ),
  }),
  route({
    method: 'POST',
    path: '/incidents/:id/notes',
    permission: 'editor',
    summary: 'Adds a note to the timeline',
    answer: 'TimelineEntry',
    status: 201,
    body: noteRequest,
    handle: addNote,
  }),
  route({
    method: 'PUT',
    path: '/incidents/:id/cause',
    permission: 'editor',
    summary: 'Says what caused it: a release, words, or both; neither takes it back',
    answer: 'IncidentRow',
    body: causeRequest,
    handle: (call) => {
      const cause = { release: call.body.release ?? null, text: call.body.text ?? '' };
      return act(call, 'incident.cause', cause, (tx, id, by) => setIncidentCause(tx, id, cause, by));
    },
  }),
];

async function readNames(db: Queryable): Promise<IncidentNames> {
  const apps = await listApps(db);
  const ids = apps.map((app) => app.id);
  return { apps, slos: await listSlos(db), rules: await listRules(db, ids) };
}

async function list(call: Call<undefined, z.output<typeof listQuery>>): Promise<IncidentListAnswer> {
  const { deps, query, nowMs } = call;
  return reading(deps.pool, async (db) => {
    // Of an app that was removed nothing can be opened, so nothing is listed.
    const appIds = (await needApps(db, query.app)).map((app) => app.id);
    const filter = {
      appIds,
      states: STATES[query.state],
      severities: query.severity === undefined ? [] : [query.severity],
      ...readBound('fromMs', query.from, nowMs),
      ...readBound('toMs', query.to, nowMs),
    };
    const rows = await listIncidents(db, filter, { limit: query.limit, after: readCursor(query.cursor) });
    const names = await readNames(db);
    const last = rows.at(-1);
    return {
      nowMs,
      open: (await countOpenIncidents(db, appIds)).bySeverity,
      incidents: rows.map((row) => toIncidentRow(row, names, nowMs)),
      cursor: last && rows.length === query.limit ? writeCursor(last) : null,
    };
  });
}

const STATES = { open: ['open', 'acknowledged'], resolved: ['resolved'], all: [] } as const;

function readBound(name: 'fromMs' | 'toMs', text: string | undefined, nowMs: number) {
  if (text === undefined) return {};
  const ms = parseInstantMs(text, nowMs);
  if (ms !== null) return { [name]: ms };
  const field = name === 'fromMs' ? 'from' : 'to';
  throw new ApiError('badRange', {
    detail: `\`${field}\` is no instant: use epoch seconds, ISO 8601 with a zone, or now-1h.`,
  });
}

function readCursor(text: string | undefined): IncidentCursor | undefined {
  if (text === undefined) return undefined;
  const [isOver, startedAtMs, number] = text.split('.').map(Number);
  return { isOver: isOver === 1, startedAtMs: startedAtMs ?? 0, number: number ?? 0 };
}

function writeCursor(row: IncidentRow): string {
  return `${isOpen(row) ? 0 : 1}.${row.startedAtMs}.${row.number}`;
}

/** Of an app that was removed an incident is not there any more either. */
async function needIncident(
  db: Queryable,
  id: string | undefined,
  names: IncidentNames,
): Promise<IncidentRow> {
  const row = await readIncident(db, id ?? '');
  if (!row || !names.apps.some((app) => app.id === row.appId)) throw notThere();
  return row;
}

function notThere(): ApiError {
  return new ApiError('notFound', { detail: 'There is no such incident.' });
}

/** What is shown around it: an hour before, half an hour after its end; of a long one its newest day. */
function spanOf(incident: Incident, nowMs: number): { fromMs: number; toMs: number } {
  const endMs = Math.min(nowMs, (incident.resolved?.atMs ?? nowMs) + AFTER_MS);
  const toMs = Math.max(endMs, incident.startedAtMs + MINUTE);
  return { fromMs: Math.max(incident.startedAtMs - BEFORE_MS, toMs - SHOWN_MAX_MS), toMs };
}

async function detail(call: Call<undefined, undefined>): Promise<IncidentAnswer> {
  const { deps, params, nowMs } = call;
  return reading(deps.pool, async (db) => {
    const names = await readNames(db);
    const row = await needIncident(db, params.id, names);
    const span = spanOf(row, nowMs);
    const slo = row.subject.kind === 'rule' ? undefined : names.slos.find((one) => one.id === sloIdOf(row));
    const rule = names.rules.find((one) => row.subject.kind === 'rule' && one.id === row.subject.ruleId);
    const app = names.apps.find((one) => one.id === row.appId)?.name ?? '';
    const timeline = (await listIncidentEvents(db, row.id)).map(
      (event): TimelineEntry => ({
        id: String(event.id),
        atMs: event.atMs,
        kind: event.kind,
        actor: event.actor,
        text: sayEvent(event, nowMs),
        detail: { ...event.detail },
      }),
    );
    const around = { appId: row.appId, fromMs: span.fromMs - AFTER_MS, toMs: span.toMs + AFTER_MS };
    const events = await readEvents(db, { ...around, limit: EVENTS_MAX });
    const drawn = await drawIncident(db, {
      incident: row,
      app,
      slo,
      rule,
      span,
      minute: closedEvaluation(nowMs),
    });
    const runbookUrl = slo?.version.definition.runbookUrl ?? rule?.runbookUrl ?? '';
    const found = await findHints(db, { incident: row, app, slo, runbookUrl, span, nowMs });
    const answer: Omit<IncidentAnswer, 'markdown'> = {
      nowMs,
      incident: toIncidentRow(row, names, nowMs),
      verdict: sayIncident(row, nowMs, slo?.version.definition.indicator),
      failure: sayWhat(row.evidence, slo?.version.definition.indicator ?? null),
      sinceMs: row.evidence.sinceMs || row.startedAtMs,
      ...drawn,
      gaps: (await readGaps(db, row.appId, span.fromMs, span.toMs)).map(toGap),
      events: events.map(describeEvent).reverse(),
      timeline,
      deliveries: (await listDeliveries(db, { incidentId: row.id, limit: DELIVERIES_MAX })).map(
        describeDelivery,
      ),
      ...found,
      runbookUrl,
      slo: slo ? describeOwner(app, slo) : null,
      rule: rule ? { app, id: rule.publicId, title: rule.title } : null,
      cause: row.cause,
    };
    return { ...answer, markdown: renderMarkdown(answer) };
  });
}

function describeOwner(app: string, { publicId, slug, version }: SloRow): IncidentAnswer['slo'] {
  const { title, target, indicator } = version.definition;
  const thresholdMs = indicator.kind === 'latency' ? indicator.thresholdMs : null;
  return { app, id: publicId, slug, title, kind: indicator.kind, target, thresholdMs };
}

function sloIdOf({ subject }: Incident): number | null {
  return subject.kind === 'rule' ? null : subject.sloId;
}

type Act = (tx: Client, id: string, by: ActionBy) => Promise<Acted>;

async function act(
  call: Call<unknown, undefined>,
  action: string,
  after: Record<string, unknown>,
  work: Act,
): Promise<IncidentRowAnswer> {
  const { deps, params, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const names = await readNames(tx);
    const before = await needIncident(tx, params.id, names);
    const row = await perform(tx, before.id, call, work);
    await audit(tx, call, {
      action,
      subject: subjectText(row.subject),
      before: { state: before.state },
      after: { incident: row.number, state: row.state, ...after },
    });
    return toIncidentRow(row, names, nowMs);
  });
}

async function perform(
  tx: Client,
  id: string,
  { caller, nowMs }: Call<unknown, undefined>,
  work: Act,
): Promise<IncidentRow> {
  const acted = await work(tx, id, { by: nameOf(caller), nowMs });
  if (acted === null) throw notThere();
  if (acted.ok) return acted.value;
  const { fault, message } = acted.error;
  throw new ApiError(fault === 'over' || fault === 'notSnoozed' ? 'conflict' : 'invalid', {
    detail: message,
    ...(FIELDS[fault] !== undefined && { faults: [{ field: FIELDS[fault], message }] }),
  });
}

const FIELDS: Record<string, string> = { noReason: 'reason', badTime: 'untilMs', nothing: 'text' };

async function addNote(call: Call<z.output<typeof noteRequest>, undefined>): Promise<TimelineEntry> {
  const { deps, params, body, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const names = await readNames(tx);
    const { id } = await needIncident(tx, params.id, names);
    const row = await perform(tx, id, call, (client, incidentId, by) =>
      noteIncident(client, incidentId, body.text, by),
    );
    const entry = (await listIncidentEvents(tx, row.id)).findLast((event) => event.kind === 'note');
    if (!entry) throw new Error('the note was not entered');
    await audit(tx, call, {
      action: 'incident.note',
      subject: subjectText(row.subject),
      after: { incident: row.number, text: body.text },
    });
    const { id: eventId, atMs, kind, actor, detail: own } = entry;
    return { id: String(eventId), atMs, kind, actor, text: sayEvent(entry, nowMs), detail: { ...own } };
  });
}
