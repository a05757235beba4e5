/** Silences and maintenance windows. */
import { z } from 'zod';
import { checkRecurrence } from '../../model/recurrence.ts';
import {
  fits,
  isActive,
  listActiveSpans,
  nextSpan,
  type Silence,
  type SilenceTarget,
  silenceState,
} from '../../model/silence.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import { insertCorrection, listCorrections, undoCorrection } from '../../store/corrections.ts';
import { type IncidentRow, listIncidents } from '../../store/incidents.ts';
import { type Client, type Queryable, withTransaction } from '../../store/pool.ts';
import { readMaintenanceSeen } from '../../store/reads/maintenance.ts';
import { readTold } from '../../store/reads/told.ts';
import {
  endSilence,
  insertSilence,
  listLiveSilences,
  listPastSilences,
  type NewSilence,
  readSilence,
  type SilenceRow,
  updateSilence,
} from '../../store/silences.ts';
import { audit, nameOf } from '../author.ts';
import type {
  SilenceAnswer,
  SilenceListAnswer,
  SilencePreviewAnswer,
  SilenceRequest,
} from '../contract/silences.ts';
import { ApiError } from '../error.ts';
import { uuid } from '../params.ts';
import { reading } from '../reading.ts';
import { sayRecurrence } from '../recurrence-text.ts';
import { type Call, type Route, route } from '../route.ts';
import { cleanText, emptyRequest } from '../schemas.ts';
import { type Nameable, namesOf, readNameable, toInner, toOuter } from '../silence-match.ts';
import { sayMatch } from '../silence-text.ts';
import { repeat } from '../slo-body.ts';

const AHEAD_MAX_MS = 400 * DAY;
/** A single silence is for an outage or an upgrade; what lasts longer is a rule to switch off. */
const SINGLE_MAX_MS = 90 * DAY;
const PAST_MAX = 100;
const INCIDENTS_MAX = 500;
const TOLD_MS = 7 * DAY;
/** H80 seen this recently means that maintenance mode is on. */
const OFFER_MS = 10 * MINUTE;

const names = z.array(z.string().min(1).max(100)).max(100);
const silenceRequest = z.strictObject({
  kind: z.enum(['silence', 'maintenance']),
  title: cleanText(120).optional(),
  reason: cleanText(1000).refine((text) => text !== '', 'is needed: others will ask why nothing was told'),
  match: z.strictObject({
    apps: names.optional(),
    severities: z
      .array(z.enum(['page', 'ticket', 'info']))
      .max(3)
      .optional(),
    slos: names.optional(),
    rules: names.optional(),
    keys: names.optional(),
    tags: names.optional(),
  }),
  fromMs: z.number().int().min(0),
  toMs: z.number().int().min(0),
  repeat: repeat.optional(),
  correctsBudgets: z.boolean().optional(),
});
type Body = z.output<typeof silenceRequest>;

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const SILENCE_CONTRACT_HOLDS: Same<z.input<typeof silenceRequest>, SilenceRequest> = true;

export const silenceRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/silences',
    permission: 'viewer',
    summary: 'Silences and maintenance windows, with apps in maintenance mode that have none',
    answer: 'SilenceListAnswer',
    query: z.strictObject({ state: z.enum(['current', 'over']).default('current') }),
    handle: ({ deps, query, nowMs }): Promise<SilenceListAnswer> =>
      reading(deps.pool, async (db) => {
        const rows =
          query.state === 'over'
            ? await listPastSilences(db, nowMs, PAST_MAX)
            : await listLiveSilences(db, nowMs);
        const known = await readNameable(db);
        const open = await listOpen(db, known);
        const live = await listLiveSilences(db, nowMs);
        return {
          nowMs,
          silences: rows.map((row) => describe(row, known, open, nowMs)),
          offers: await offers(db, known, live, nowMs),
        };
      }),
  }),
  route({
    method: 'POST',
    path: '/silences',
    permission: 'editor',
    summary: 'Withholds notices of what it fits; incidents go on as ever, and are seen',
    answer: 'SilenceAnswer',
    status: 201,
    body: silenceRequest,
    handle: addSilence,
  }),
  route({
    method: 'POST',
    path: '/silences/preview',
    permission: 'editor',
    summary: 'What a silence fits now, and would have withheld in the last 7 days; nothing is saved',
    answer: 'SilencePreviewAnswer',
    body: silenceRequest,
    handle: preview,
  }),
  route({
    method: 'PUT',
    path: '/silences/:id',
    permission: 'editor',
    summary: 'Changes a silence that is not over',
    answer: 'SilenceAnswer',
    body: silenceRequest,
    handle: changeSilence,
  }),
  route({
    method: 'POST',
    path: '/silences/:id/end',
    permission: 'editor',
    summary: 'Ends a silence now; it stays listed',
    answer: 'SilenceAnswer',
    body: emptyRequest,
    handle: stopSilence,
  }),
];

function refuse(field: string, message: string): never {
  throw new ApiError('invalid', {
    detail: `Not accepted: ${field} ${message}.`,
    faults: [{ field, message }],
  });
}

function readBody(body: Body, known: Nameable, nowMs: number): Omit<NewSilence, 'author'> {
  const [fault] = body.repeat ? checkRecurrence(body.repeat) : [];
  if (fault !== undefined) refuse('repeat', fault);
  if (body.toMs <= body.fromMs) refuse('toMs', 'must be after the start');
  if (body.toMs <= nowMs) refuse('toMs', 'is in the past: it would withhold nothing');
  if (body.toMs > nowMs + AHEAD_MAX_MS) refuse('toMs', 'is more than 400 days ahead');
  if (!body.repeat && body.toMs - body.fromMs > SINGLE_MAX_MS) {
    refuse('toMs', 'is more than 90 days after the start: switch the rule off instead');
  }
  const correctsBudgets = body.correctsBudgets ?? false;
  if (correctsBudgets && body.kind !== 'maintenance') refuse('correctsBudgets', 'is for maintenance only');
  if (correctsBudgets && (body.match.apps ?? []).length === 0) {
    refuse('correctsBudgets', 'needs the apps it is about, by name');
  }
  return {
    kind: body.kind,
    title: body.title ?? '',
    reason: body.reason,
    match: toInner(body.match, known),
    startsAtMs: body.fromMs,
    endsAtMs: body.toMs,
    recurrence: body.repeat ?? null,
    correctsBudgets,
  };
}

async function addSilence(call: Call<Body, undefined>): Promise<SilenceAnswer> {
  const { deps, body, nowMs, caller } = call;
  return withTransaction(deps.pool, async (tx) => {
    const known = await readNameable(tx);
    const row = await insertSilence(tx, { ...readBody(body, known, nowMs), author: nameOf(caller) }, nowMs);
    await correct(tx, row);
    const answer = describe(row, known, await listOpen(tx, known), nowMs);
    await audit(tx, call, { action: 'silence.create', subject: answer.matchText, after: { ...answer } });
    return answer;
  });
}

async function changeSilence(call: Call<Body, undefined>): Promise<SilenceAnswer> {
  const { deps, body, nowMs, params } = call;
  return withTransaction(deps.pool, async (tx) => {
    const known = await readNameable(tx);
    const before = await needSilence(tx, params.id);
    const row = await updateSilence(tx, before.id, readBody(body, known, nowMs), nowMs);
    if (row === null) throw new ApiError('conflict', { detail: 'It is over: make a new one.' });
    await uncorrect(tx, before, call);
    await correct(tx, row);
    const open = await listOpen(tx, known);
    const answer = describe(row, known, open, nowMs);
    await audit(tx, call, {
      action: 'silence.change',
      subject: answer.matchText,
      before: { ...describe(before, known, open, nowMs) },
      after: { ...answer },
    });
    return answer;
  });
}

async function stopSilence(call: Call<unknown, undefined>): Promise<SilenceAnswer> {
  const { deps, nowMs, params, caller } = call;
  return withTransaction(deps.pool, async (tx) => {
    const before = await needSilence(tx, params.id);
    const row = await endSilence(tx, before.id, { by: nameOf(caller), nowMs });
    if (row === null) throw new ApiError('conflict', { detail: 'It is over already.' });
    // What was silenced so far stays out of the budgets; what would have come counts.
    await uncorrect(tx, before, call);
    if (row.startsAtMs < nowMs) await correct(tx, { ...row, endsAtMs: Math.min(row.endsAtMs, nowMs) });
    const known = await readNameable(tx);
    const answer = describe(row, known, await listOpen(tx, known), nowMs);
    await audit(tx, call, { action: 'silence.end', subject: answer.matchText, after: { ...answer } });
    return answer;
  });
}

async function needSilence(db: Queryable, id: string | undefined): Promise<SilenceRow> {
  const known = uuid.safeParse(id);
  const row = known.success ? await readSilence(db, known.data) : null;
  if (!row) throw new ApiError('notFound', { detail: 'There is no such silence.' });
  return row;
}

/** The reason by which corrections of a window are found again. */
function correctionReason({ id, title, reason }: SilenceRow): string {
  const text = title === '' ? reason : `${title}: ${reason}`;
  return `Maintenance: ${text.slice(0, 900)} (window ${id})`;
}

async function correct(tx: Client, row: SilenceRow): Promise<void> {
  if (!row.correctsBudgets) return;
  for (const appId of row.match.appIds) {
    await insertCorrection(tx, {
      appId,
      sloId: null,
      fromMinute: Math.floor(row.startsAtMs / MINUTE),
      toMinute: Math.ceil(row.endsAtMs / MINUTE),
      recurrence: row.recurrence,
      reason: correctionReason(row),
      author: row.author,
      nowMs: row.createdAtMs,
    });
  }
}

async function uncorrect(
  tx: Client,
  row: SilenceRow,
  { caller, nowMs }: Call<unknown, undefined>,
): Promise<void> {
  if (!row.correctsBudgets) return;
  for (const appId of row.match.appIds) {
    const own = (await listCorrections(tx, appId)).filter(
      (each) => each.undoneAtMs === null && each.reason.endsWith(`(window ${row.id})`),
    );
    for (const { publicId } of own) await undoCorrection(tx, { publicId, author: nameOf(caller), nowMs });
  }
}

interface OpenIncident {
  row: IncidentRow;
  target: SilenceTarget;
}

async function listOpen(db: Queryable, known: Nameable): Promise<OpenIncident[]> {
  const filter = { appIds: null, states: ['open', 'acknowledged'] as const, severities: [] };
  const rows = await listIncidents(db, filter, { limit: INCIDENTS_MAX });
  return rows.map((row) => ({ row, target: targetOf(row, known) }));
}

function targetOf(
  { appId, severity, subject }: Omit<SilenceTarget, 'tags'>,
  { slos }: Pick<Nameable, 'slos'>,
): SilenceTarget {
  const slo = subject.kind === 'rule' ? undefined : slos.find((one) => one.id === subject.sloId);
  return { appId, severity, subject, tags: slo?.version.definition.tags ?? [] };
}

function describe(
  row: SilenceRow,
  known: Nameable,
  open: readonly OpenIncident[],
  nowMs: number,
): SilenceAnswer {
  const match = toOuter(row.match, known);
  const next = row.recurrence ? nextSpan(row, nowMs) : null;
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    reason: row.reason,
    author: row.author,
    match,
    matchText: sayMatch(match, namesOf(known)),
    fromMs: row.startsAtMs,
    toMs: Math.min(row.endsAtMs, row.endedAtMs ?? row.endsAtMs),
    repeat: row.recurrence,
    repeatText: row.recurrence ? sayRecurrence(row.recurrence) : '',
    state: silenceState(row, nowMs),
    nextFromMs: next?.fromMs ?? null,
    nextToMs: next?.toMs ?? null,
    correctsBudgets: row.correctsBudgets,
    createdAtMs: row.createdAtMs,
    endedBy: row.endedBy,
    withholds: isActive(row, nowMs) ? open.filter(({ target }) => fits(row.match, target)).length : 0,
  };
}

/** Apps in maintenance mode that no window is about yet. */
async function offers(
  db: Queryable,
  { apps }: Nameable,
  live: readonly SilenceRow[],
  nowMs: number,
): Promise<SilenceListAnswer['offers']> {
  const covered = live.filter((row) => row.kind === 'maintenance' && isActive(row, nowMs));
  const seen = await readMaintenanceSeen(db, nowMs - OFFER_MS, nowMs + MINUTE);
  return seen.flatMap(({ appId, sinceMs, requests }) => {
    const app = apps.find((one) => one.id === appId);
    const isCovered = covered.some(({ match }) => match.appIds.length === 0 || match.appIds.includes(appId));
    return app && !isCovered ? [{ app: app.name, sinceMs, requests }] : [];
  });
}

async function preview(call: Call<Body, undefined>): Promise<SilencePreviewAnswer> {
  const { deps, body, nowMs } = call;
  return reading(deps.pool, async (db) => {
    const known = await readNameable(db);
    const draft = readBody(body, known, nowMs);
    const silence: Silence = { ...draft, id: '', endedAtMs: null };
    const appOf = (id: number) => known.apps.find((app) => app.id === id)?.name ?? '';
    const severities = (['page', 'ticket', 'info'] as const).filter(
      (one) => draft.match.severities.length === 0 || draft.match.severities.includes(one),
    );
    const isFitting = (appId: number, subject: SilenceTarget['subject']) =>
      severities.some((severity) => fits(draft.match, targetOf({ appId, severity, subject }, known)));
    const told = (await readTold(db, nowMs - TOLD_MS)).filter((notice) =>
      fits(draft.match, targetOf(notice, known)),
    );
    const open = (await listOpen(db, known)).filter(({ target }) => fits(draft.match, target));
    const matchText = sayMatch(toOuter(draft.match, known), namesOf(known));
    return {
      matchText,
      slos: known.slos
        .filter((slo) => isFitting(slo.appId, { kind: 'slo', sloId: slo.id }))
        .map((slo) => ({ app: appOf(slo.appId), id: slo.publicId, title: slo.version.definition.title })),
      rules: known.rules
        .filter((rule) =>
          // Which keys a rule will have is not known: one that the silence names will do.
          (draft.match.keys.length === 0 ? [''] : draft.match.keys).some((key) =>
            isFitting(rule.appId, { kind: 'rule', ruleId: rule.id, key: key.replace(/\*$/, '') }),
          ),
        )
        .map((rule) => ({ app: appOf(rule.appId), id: rule.publicId, title: rule.title })),
      incidents: open.map(({ row }) => ({
        id: row.id,
        number: row.number,
        app: appOf(row.appId),
        title: row.title,
        severity: row.severity,
      })),
      notices7d: told.length,
      spans: listActiveSpans(silence, Math.max(nowMs, draft.startsAtMs), draft.endsAtMs).slice(0, 5),
      warnings: warningsOf(draft, nowMs),
    };
  });
}

function warningsOf({ match, startsAtMs, recurrence }: Omit<NewSilence, 'author'>, nowMs: number): string[] {
  const warnings: string[] = [];
  const isWide = [match.appIds, match.sloIds, match.ruleIds, match.keys, match.tags].every(
    (list) => list.length === 0,
  );
  const holdsPages = match.severities.length === 0 || match.severities.includes('page');
  if (isWide) warnings.push(`It fits every ${holdsPages ? 'alert, pages too,' : 'such alert'} of every app.`);
  else if (holdsPages) warnings.push('It withholds pages.');
  if (startsAtMs < nowMs - MINUTE && recurrence === null) {
    warnings.push('It begins in the past: what was told since then stays told.');
  }
  return warnings;
}
