/** Rules: what can be made, list, make, change, back-test. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { copyHerokuAlert } from '../../model/heroku-alert.ts';
import type { RuleDraft } from '../../model/rule.ts';
import { RULE_KINDS } from '../../model/rule-kinds.ts';
import { ruleSentence } from '../../model/rule-words.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import type { AppRow } from '../../store/apps.ts';
import { type Queryable, withTransaction } from '../../store/pool.ts';
import { backtestOverHistory } from '../../store/reads/rule-history.ts';
import { readLearningApps } from '../../store/reads/rule-learning.ts';
import { type RuleRecord, readRuleRecords } from '../../store/reads/rule-record.ts';
import { type RuleState, readRuleStates } from '../../store/rule-states.ts';
import {
  insertMissingDefaults,
  insertRule,
  listRules,
  type RuleRow,
  readRuleOf,
  removeRule,
  updateRule,
} from '../../store/rules.ts';
import { audit, type Doer, nameOf } from '../author.ts';
import type {
  RuleAnswer,
  RuleDefaultsAnswer,
  RuleKeyAnswer,
  RuleKindsAnswer,
  RuleListAnswer,
  RulePreviewAnswer,
} from '../contract/rules.ts';
import type { HerokuAlertAnswer } from '../contract/slos.ts';
import { ApiError } from '../error.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { needRule, rulePreview, ruleRequest, ruleSwitch } from '../rule-body.ts';
import { emptyRequest } from '../schemas.ts';
import { herokuAlerts } from '../slo-body.ts';
import { needApps } from './slos.ts';

export const RULES_PER_APP_MAX = 500;
/** How often a rule fired is told of so long. */
const RECORD_MS = 30 * DAY;
/** A rule nobody acknowledged in so many firings is asked about. */
const NOISY_AFTER = 5;

const appQuery = z.strictObject({ app: z.string().max(63).optional() });

export const ruleRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/rules',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'Rules, how each thing they watch stands, how often they fired',
    answer: 'RuleListAnswer',
    query: appQuery,
    handle: async ({ deps, query, nowMs }): Promise<RuleListAnswer> => ({
      nowMs,
      rules: await reading(deps.pool, async (db) => describeRules(db, await needApps(db, query.app), nowMs)),
    }),
  }),
  route({
    method: 'GET',
    path: '/rules/kinds',
    permission: 'viewer',
    summary: 'What rules there can be, with the form of each',
    answer: 'RuleKindsAnswer',
    handle: async (): Promise<RuleKindsAnswer> => ({ kinds: [...RULE_KINDS] }),
  }),
  route({
    method: 'POST',
    path: '/apps/:app/rules',
    permission: 'editor',
    summary: 'Makes a rule; it is evaluated from the next minute on',
    answer: 'RuleAnswer',
    status: 201,
    body: ruleRequest,
    handle: async (call) => {
      const draft = needRule(call.body);
      const row = await withTransaction(call.deps.pool, (tx) => addRule(tx, call.app, draft, call));
      return describeOne(call.deps.pool, call.app, row, call.nowMs);
    },
  }),
  route({
    method: 'GET',
    path: '/apps/:app/rules/:id',
    permission: 'viewer',
    summary: 'One rule',
    answer: 'RuleAnswer',
    handle: async ({ deps, app, params, nowMs }) =>
      describeOne(deps.pool, app, await needRow(deps.pool, app, params.id), nowMs),
  }),
  route({
    method: 'PUT',
    path: '/apps/:app/rules/:id',
    permission: 'editor',
    summary: 'Writes a rule anew; its kind stays',
    answer: 'RuleAnswer',
    body: ruleRequest,
    handle: async (call) => changeRule(call, () => needRule(call.body)),
  }),
  route({
    method: 'PATCH',
    path: '/apps/:app/rules/:id',
    permission: 'editor',
    summary: 'Switches a rule on or off, or changes its severity',
    answer: 'RuleAnswer',
    body: ruleSwitch,
    handle: async (call) =>
      changeRule(call, (row) => ({
        ...draftOf(row),
        ...(call.body.isOn !== undefined && { isOn: call.body.isOn }),
        ...(call.body.severity !== undefined && { severity: call.body.severity }),
      })),
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app/rules/:id',
    permission: 'editor',
    summary: 'Removes a rule; what it fires for is resolved with the next evaluation',
    answer: '',
    status: 204,
    handle: async (call) => {
      const { deps, app, params, nowMs } = call;
      await withTransaction(deps.pool, async (tx) => {
        const row = await needRow(tx, app, params.id);
        if (!(await removeRule(tx, { appId: app.id, publicId: row.publicId, nowMs }))) {
          throw new ApiError('notFound');
        }
        await audit(tx, call, { action: 'rule.remove', subject: nameRule(app, row), before: draftOf(row) });
      });
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:app/rules/preview',
    permission: 'editor',
    part: 'dashboards',
    summary: 'What a rule would have done over stored history; nothing is saved',
    answer: 'RulePreviewAnswer',
    body: rulePreview,
    handle: preview,
  }),
  route({
    method: 'POST',
    path: '/apps/:app/rules/defaults',
    permission: 'editor',
    summary: 'Makes again what a new app has and this one lacks',
    answer: 'RuleDefaultsAnswer',
    body: emptyRequest,
    handle: restoreDefaults,
  }),
  route({
    method: 'POST',
    path: '/apps/:app/heroku-alerts',
    permission: 'editor',
    summary: "Heroku's own threshold alerts as rules; dryRun shows them first",
    answer: 'HerokuAlertAnswer',
    body: herokuAlerts,
    handle: copyAlerts,
  }),
];

function nameRule(app: AppRow, { title }: { title: string }): string {
  return `${app.name}: ${title}`;
}

/** What people decide about a rule, without what its table knows. */
export function draftOf(row: RuleDraft): RuleDraft & Record<string, unknown> {
  const { kind, settings, title, severity, isOn, forMinutes, keepFiringMinutes, onNoData, runbookUrl } = row;
  const what = { kind, settings } as RuleDraft;
  return { ...what, title, severity, isOn, forMinutes, keepFiringMinutes, onNoData, runbookUrl };
}

async function needRow(db: Queryable, app: AppRow, id: string | undefined): Promise<RuleRow> {
  const row = await readRuleOf(db, app.id, id ?? '');
  if (!row) throw new ApiError('notFound', { detail: 'This app has no such rule.' });
  return row;
}

/** Makes a rule that was checked; `defaultKey`: the default that it is, when it comes from elsewhere with its app. */
export async function addRule(
  tx: Queryable,
  app: AppRow,
  draft: RuleDraft,
  doer: Doer,
  defaultKey?: string,
): Promise<RuleRow> {
  const own = await listRules(tx, [app.id]);
  if (own.length >= RULES_PER_APP_MAX) {
    throw new ApiError('conflict', { detail: `An app has at most ${RULES_PER_APP_MAX} rules.` });
  }
  const row = await insertRule(tx, {
    appId: app.id,
    draft,
    author: nameOf(doer.caller),
    nowMs: doer.nowMs,
    ...(defaultKey !== undefined && { defaultKey }),
  });
  await audit(tx, doer, { action: 'rule.create', subject: nameRule(app, row), after: draftOf(row) });
  return row;
}

async function changeRule(
  call: Call<unknown, undefined>,
  change: (row: RuleRow) => RuleDraft,
): Promise<RuleAnswer> {
  const { deps, app, params } = call;
  const after = await withTransaction(deps.pool, async (tx) => {
    const before = await needRow(tx, app, params.id);
    return rewriteRule(tx, { app, before, draft: change(before), doer: call });
  });
  return describeOne(deps.pool, app, after, call.nowMs);
}

export async function rewriteRule(
  tx: Queryable,
  { app, before, draft, doer }: { app: AppRow; before: RuleRow; draft: RuleDraft; doer: Doer },
): Promise<RuleRow> {
  if (draft.kind !== before.kind) {
    const message = 'A rule keeps its kind: make a new one of the other kind.';
    throw new ApiError('invalid', { detail: message, faults: [{ field: 'kind', message }] });
  }
  const after = await updateRule(tx, {
    appId: app.id,
    publicId: before.publicId,
    draft,
    author: nameOf(doer.caller),
    nowMs: doer.nowMs,
  });
  if (after === null) throw new ApiError('notFound');
  await audit(tx, doer, {
    action: 'rule.change',
    subject: nameRule(app, after),
    before: draftOf(before),
    after: draftOf(after),
  });
  return after;
}

async function describeOne(db: Queryable, app: AppRow, row: RuleRow, nowMs: number): Promise<RuleAnswer> {
  const [answer] = await describeRows(db, new Map([[app.id, app.name]]), [row], nowMs);
  if (!answer) throw new ApiError('notFound');
  return answer;
}

async function describeRules(db: Queryable, apps: readonly AppRow[], nowMs: number): Promise<RuleAnswer[]> {
  const names = new Map(apps.map((app) => [app.id, app.name]));
  return describeRows(db, names, await listRules(db, [...names.keys()]), nowMs);
}

async function describeRows(
  db: Queryable,
  names: ReadonlyMap<number, string>,
  rows: readonly RuleRow[],
  nowMs: number,
): Promise<RuleAnswer[]> {
  const ids = rows.map((row) => row.id);
  const states = Map.groupBy(await readRuleStates(db, ids), (state) => state.ruleId);
  const records = await readRuleRecords(db, ids, nowMs - RECORD_MS);
  const young = rows.filter((row) => ABOUT_USUAL.has(row.kind)).map((row) => row.appId);
  const learning = await readLearningApps(db, [...new Set(young)], nowMs);
  return rows.map((row) => ({
    ...describeRule(row, names.get(row.appId) ?? '', states.get(row.id) ?? [], records.get(row.id)),
    learning: ABOUT_USUAL.has(row.kind) ? (learning.get(row.appId) ?? null) : null,
  }));
}

/** These compare with what is usual at the time of the week. */
const ABOUT_USUAL: ReadonlySet<RuleDraft['kind']> = new Set(['anomaly', 'trafficCollapse']);

/** Worst first. */
const STATES: readonly RuleKeyAnswer['state'][] = ['firing', 'held', 'recovering', 'pending', 'ok'];

function describeRule(
  row: RuleRow,
  app: string,
  states: readonly RuleState[],
  record: RuleRecord | undefined,
): Omit<RuleAnswer, 'learning'> {
  const keys = row.isOn ? states.map(describeKey) : [];
  keys.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || a.key.localeCompare(b.key));
  const { incidents = 0, acknowledged = 0 } = record?.lastFive ?? {};
  return {
    id: row.publicId,
    app,
    kind: row.kind,
    title: row.title,
    sentence: ruleSentence(row),
    severity: row.severity,
    isOn: row.isOn,
    settings: row.settings,
    forMinutes: row.forMinutes,
    keepFiringMinutes: row.keepFiringMinutes,
    onNoData: row.onNoData,
    runbookUrl: row.runbookUrl,
    isDefault: row.isDefault,
    version: row.version,
    state: keys[0]?.state ?? 'ok',
    keys,
    lastFiredMs: record?.lastFiredMs ?? null,
    firings: record?.firings ?? 0,
    acknowledged: record?.acknowledged ?? 0,
    isNoisy: incidents >= NOISY_AFTER && acknowledged === 0,
    incidentId: record?.incidentId ?? null,
  };
}

function describeKey({ key, state, sinceMinute, held, value }: RuleState): RuleKeyAnswer {
  return {
    key,
    state: held && (state === 'firing' || state === 'recovering') ? 'held' : state,
    sinceMs: sinceMinute * MINUTE,
    held: held && { reason: held.reason, sinceMs: held.sinceMinute * MINUTE },
    value,
  };
}

async function preview(call: Call<z.output<typeof rulePreview>, undefined>): Promise<RulePreviewAnswer> {
  const { deps, app, body, nowMs } = call;
  const draft = needRule(body.rule, 'rule');
  const result = await reading(deps.pool, (db) =>
    backtestOverHistory(db, {
      appId: app.id,
      draft,
      nowMs,
      ...(body.days !== undefined && { days: body.days }),
    }),
  );
  const { t, series, threshold, unit, ...rest } = result;
  const lines = series.map(({ key, values }) => ({ id: key, label: key === '' ? 'app' : key, unit, values }));
  if (threshold !== null) {
    lines.push({ id: 'threshold', label: 'Threshold', unit, values: t.map(() => threshold) });
  }
  return { ...rest, unit, series: { t, series: lines } };
}

async function restoreDefaults(call: Call<unknown, undefined>): Promise<RuleDefaultsAnswer> {
  const { deps, app, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const made = await insertMissingDefaults(tx, { appIds: [app.id], afterVersion: 0, nowMs });
    const created = made.get(app.id) ?? [];
    if (created.length > 0) {
      await audit(tx, call, { action: 'rule.defaults', subject: app.name, after: { created } });
    }
    return { created };
  });
}

async function copyAlerts(call: Call<z.output<typeof herokuAlerts>, undefined>): Promise<HerokuAlertAnswer> {
  const { deps, app, body } = call;
  const dryRun = body.dryRun ?? false;
  return withTransaction(deps.pool, async (tx) => {
    const known = (await listRules(tx, [app.id])).map(draftOf);
    const rules: HerokuAlertAnswer['rules'] = [];
    for (const alert of body.alerts) {
      const copied = copyHerokuAlert(alert);
      if (!copied.ok) {
        const fault = copied.error.join('; ');
        rules.push({ id: null, title: alert.kind, sentence: '', notes: [], outcome: 'refused', fault });
        continue;
      }
      const { draft, notes } = copied.value;
      const said = { title: draft.title, sentence: ruleSentence(draft), notes, fault: '' };
      if (known.some((one) => isDeepStrictEqual(one, draftOf(draft)))) {
        rules.push({ id: null, ...said, outcome: 'unchanged' });
        continue;
      }
      known.push(draftOf(draft));
      const row = dryRun ? null : await addRule(tx, app, draft, call);
      rules.push({ id: row?.publicId ?? null, ...said, outcome: 'created' });
    }
    return { dryRun, rules };
  });
}
