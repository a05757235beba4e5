/** Who is told: escalation policies, and routes from alerts to receivers. */

import type { z } from 'zod';
import { checkEscalation, type EscalationDefinition, type EscalationTarget } from '../../model/escalation.ts';
import { listUnrouted, routeAlert } from '../../model/routing.ts';
import { type AppRow, listApps } from '../../store/apps.ts';
import { type Queryable, withTransaction } from '../../store/pool.ts';
import { listReceivers, type ReceiverRow } from '../../store/receivers.ts';
import {
  deleteRoute,
  insertPolicy,
  insertRoute,
  listPolicies,
  listRoutes,
  type PolicyRow,
  type RouteInput,
  type RouteRow,
  removePolicy,
  updatePolicy,
  updateRoute,
} from '../../store/routes.ts';
import { listSchedules, type ScheduleRow } from '../../store/schedules.ts';
import { audit } from '../author.ts';
import type {
  EscalationPolicyAnswer,
  EscalationPolicyListAnswer,
  RouteAnswer,
  RouteListAnswer,
  RoutePreviewAnswer,
} from '../contract/schedules.ts';
import { ApiError } from '../error.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { policyRequest, routePreview, routeRequest } from '../schedule-body.ts';

export const tellingRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/escalation-policies',
    permission: 'viewer',
    summary: 'Whom to tell one after the other until somebody acknowledges',
    answer: 'EscalationPolicyListAnswer',
    handle: ({ deps, nowMs }): Promise<EscalationPolicyListAnswer> =>
      reading(deps.pool, async (db) => {
        const around = await readAround(db, nowMs);
        return { policies: around.policies.map((row) => describePolicy(row, around)) };
      }),
  }),
  route({
    method: 'POST',
    path: '/escalation-policies',
    permission: 'admin',
    summary: 'Makes an escalation policy',
    answer: 'EscalationPolicyAnswer',
    status: 201,
    body: policyRequest,
    handle: addPolicy,
  }),
  route({
    method: 'PUT',
    path: '/escalation-policies/:id',
    permission: 'admin',
    summary: 'Writes an escalation policy anew; escalations under way go on by it',
    answer: 'EscalationPolicyAnswer',
    body: policyRequest,
    handle: changePolicy,
  }),
  route({
    method: 'DELETE',
    path: '/escalation-policies/:id',
    permission: 'admin',
    summary: 'Removes an escalation policy that no route uses',
    answer: '',
    status: 204,
    handle: dropPolicy,
  }),
  route({
    method: 'GET',
    path: '/notification-routes',
    permission: 'viewer',
    summary: 'Which alerts go to whom, and what nobody would be told of',
    answer: 'RouteListAnswer',
    handle: ({ deps, nowMs }): Promise<RouteListAnswer> =>
      reading(deps.pool, async (db) => {
        const around = await readAround(db, nowMs);
        return {
          routes: around.routes.map((row) => describeRoute(row, around)),
          warnings: warningsOf(around),
        };
      }),
  }),
  route({
    method: 'POST',
    path: '/notification-routes',
    permission: 'admin',
    summary: 'Makes a route',
    answer: 'RouteAnswer',
    status: 201,
    body: routeRequest,
    handle: addRoute,
  }),
  route({
    method: 'POST',
    path: '/notification-routes/preview',
    permission: 'viewer',
    summary: 'Who would be told of an alert, and when; nothing is sent',
    answer: 'RoutePreviewAnswer',
    body: routePreview,
    handle: preview,
  }),
  route({
    method: 'PUT',
    path: '/notification-routes/:id',
    permission: 'admin',
    summary: 'Writes a route anew',
    answer: 'RouteAnswer',
    body: routeRequest,
    handle: changeRoute,
  }),
  route({
    method: 'DELETE',
    path: '/notification-routes/:id',
    permission: 'admin',
    summary: 'Removes a route',
    answer: '',
    status: 204,
    handle: async (call) => {
      const { deps, params, nowMs } = call;
      await withTransaction(deps.pool, async (tx) => {
        const around = await readAround(tx, nowMs);
        const row = needRoute(around, params.id);
        await deleteRoute(tx, row.publicId);
        await audit(tx, call, {
          action: 'route.remove',
          subject: row.name,
          before: { ...describeRoute(row, around) },
        });
      });
    },
  }),
];

interface Around {
  apps: AppRow[];
  receivers: ReceiverRow[];
  schedules: ScheduleRow[];
  policies: PolicyRow[];
  routes: RouteRow[];
}

async function readAround(db: Queryable, nowMs: number): Promise<Around> {
  return {
    apps: await listApps(db),
    receivers: await listReceivers(db),
    schedules: await listSchedules(db, nowMs),
    policies: await listPolicies(db),
    routes: await listRoutes(db),
  };
}

function refuse(field: string, message: string): never {
  throw new ApiError('invalid', { detail: `Not accepted: ${message}`, faults: [{ field, message }] });
}

/** Internal ids of things named by uuid; one that is not there is a fault at its place. */
function idsOf(
  rows: readonly { id: number; publicId: string }[],
  wanted: readonly string[],
  field: string,
  what: string,
): number[] {
  return wanted.map((publicId, at) => {
    const row = rows.find((one) => one.publicId === publicId);
    return row?.id ?? refuse(`${field}.${at}`, `There is no such ${what}.`);
  });
}

function describePolicy(row: PolicyRow, around: Around): EscalationPolicyAnswer {
  const { levels, rounds } = row.definition;
  return {
    id: row.publicId,
    title: row.name,
    sentence: sayPolicy(row.definition, around),
    // What was removed since is left out: an escalation skips it too.
    levels: levels.map(({ delayMinutes, targets }) => ({
      delayMinutes,
      targets: targets.flatMap((target) => {
        const id = findTarget(target, around)?.publicId;
        return id === undefined ? [] : [{ kind: target.kind, id }];
      }),
    })),
    rounds,
    usedBy: around.routes.filter(({ policyIds }) => policyIds.includes(row.id)).map(({ name }) => name),
  };
}

function findTarget(target: EscalationTarget, { receivers, schedules }: Around) {
  const rows: readonly { id: number; publicId: string; name: string }[] =
    target.kind === 'receiver' ? receivers : schedules;
  return rows.find((row) => row.id === target.id);
}

function sayTarget(target: EscalationTarget, around: Around): string {
  const name = findTarget(target, around)?.name;
  if (name === undefined) return `a ${target.kind} that was removed`;
  return target.kind === 'receiver' ? name : `whoever is on call in ${name}`;
}

function sayPolicy({ levels, rounds }: EscalationDefinition, around: Around): string {
  const steps = levels.map(({ delayMinutes, targets }, at) => {
    const more = at === 0 ? '' : ' more';
    const when = delayMinutes === 0 ? (at === 0 ? 'at once' : 'then') : `after ${delayMinutes} min${more}`;
    return `${when}: ${targets.map((target) => sayTarget(target, around)).join(', ')}`;
  });
  const text = steps.join('; ');
  const again = rounds > 1 ? ` Gone through ${rounds} times.` : '';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.${again}`;
}

function readPolicy(body: z.output<typeof policyRequest>, around: Around) {
  const definition: EscalationDefinition = {
    rounds: body.rounds ?? 1,
    levels: body.levels.map(({ delayMinutes, targets }, level) => ({
      delayMinutes,
      targets: targets.map(({ kind, id }, at): EscalationTarget => {
        const rows = kind === 'receiver' ? around.receivers : around.schedules;
        const [inner] = idsOf(rows, [id], `levels.${level}.targets.${at}`, kind);
        return { kind, id: inner ?? 0 };
      }),
    })),
  };
  const [fault] = checkEscalation(definition);
  if (fault !== undefined) refuse('levels', fault);
  return { name: body.title, definition };
}

function needPolicy({ policies }: Around, id: string | undefined): PolicyRow {
  const row = policies.find(({ publicId }) => publicId === id);
  if (!row) throw new ApiError('notFound', { detail: 'There is no such escalation policy.' });
  return row;
}

function policyTaken(): ApiError {
  const message = 'There is an escalation policy by that name already.';
  return new ApiError('conflict', { detail: message, faults: [{ field: 'title', message }] });
}

async function addPolicy(
  call: Call<z.output<typeof policyRequest>, undefined>,
): Promise<EscalationPolicyAnswer> {
  const { deps, body, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx, nowMs);
    const row = await insertPolicy(tx, readPolicy(body, around), nowMs);
    if (row === null) throw policyTaken();
    const answer = describePolicy(row, around);
    await audit(tx, call, { action: 'escalation.create', subject: row.name, after: { ...answer } });
    return answer;
  });
}

async function changePolicy(
  call: Call<z.output<typeof policyRequest>, undefined>,
): Promise<EscalationPolicyAnswer> {
  const { deps, body, params, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx, nowMs);
    const before = needPolicy(around, params.id);
    const row = await updatePolicy(tx, before.publicId, readPolicy(body, around), nowMs);
    if (row === null) throw policyTaken();
    const answer = describePolicy(row, around);
    await audit(tx, call, {
      action: 'escalation.change',
      subject: row.name,
      before: { ...describePolicy(before, around) },
      after: { ...answer },
    });
    return answer;
  });
}

async function dropPolicy(call: Call<undefined, undefined>): Promise<void> {
  const { deps, params, nowMs } = call;
  await withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx, nowMs);
    const row = needPolicy(around, params.id);
    const answer = describePolicy(row, around);
    if (answer.usedBy.length > 0) {
      const names = answer.usedBy.map((name) => `"${name}"`).join(', ');
      throw new ApiError('conflict', { detail: `Route ${names} uses it: change that first.` });
    }
    await removePolicy(tx, row.publicId, nowMs);
    await audit(tx, call, { action: 'escalation.remove', subject: row.name, before: { ...answer } });
  });
}

function describeRoute(row: RouteRow, { apps, receivers, policies }: Around): RouteAnswer {
  return {
    id: row.publicId,
    name: row.name,
    isEnabled: row.isEnabled,
    isFallback: row.isFallback,
    apps: apps.filter(({ id }) => row.appIds.includes(id)).map(({ name }) => name),
    severities: row.severities,
    subjectKinds: row.subjectKinds,
    receivers: receivers.filter(({ id }) => row.receiverIds.includes(id)).map(({ publicId }) => publicId),
    escalationPolicies: policies
      .filter(({ id }) => row.policyIds.includes(id))
      .map(({ publicId }) => publicId),
  };
}

/** What nobody would be told of, in sentences. */
function warningsOf({ apps, routes, receivers }: Around): string[] {
  const unrouted = listUnrouted(
    routes,
    apps.map(({ id }) => id),
  );
  const warnings: string[] = [];
  for (const severity of ['page', 'ticket'] as const) {
    const ids = unrouted.filter((one) => one.severity === severity).map(({ appId }) => appId);
    if (ids.length === 0) continue;
    const names = apps.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
    const whose = names.length === apps.length ? 'any app' : names.join(', ');
    warnings.push(`Nobody is told of ${severity}s of ${whose}.`);
  }
  const away = receivers.filter(({ isEnabled, health }) => !isEnabled || health === 'broken');
  for (const { id, name, isEnabled } of away) {
    const isUsed = routes.some((row) => row.isEnabled && row.receiverIds.includes(id));
    if (isUsed) warnings.push(`${name} is ${isEnabled ? 'broken' : 'switched off'}, and routes lead to it.`);
  }
  return warnings;
}

function readRoute(body: z.output<typeof routeRequest>, around: Around, position: number): RouteInput {
  return {
    name: body.name,
    position,
    isEnabled: body.isEnabled ?? true,
    isFallback: body.isFallback ?? false,
    appIds: (body.apps ?? []).map((name, at) => {
      const app = around.apps.find((one) => one.name === name);
      return app?.id ?? refuse(`apps.${at}`, `There is no app "${name}".`);
    }),
    severities: body.severities ?? [],
    subjectKinds: body.subjectKinds ?? [],
    receiverIds: idsOf(around.receivers, body.receivers ?? [], 'receivers', 'receiver'),
    policyIds: idsOf(
      around.policies,
      body.escalationPolicies ?? [],
      'escalationPolicies',
      'escalation policy',
    ),
  };
}

function needRoute({ routes }: Around, id: string | undefined): RouteRow {
  const row = routes.find(({ publicId }) => publicId === id);
  if (!row) throw new ApiError('notFound', { detail: 'There is no such route.' });
  return row;
}

function fallbackTaken(): ApiError {
  const message = 'There is a fallback already: there can be one.';
  return new ApiError('conflict', { detail: message, faults: [{ field: 'isFallback', message }] });
}

async function addRoute(call: Call<z.output<typeof routeRequest>, undefined>): Promise<RouteAnswer> {
  const { deps, body, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx, nowMs);
    const last = Math.max(0, ...around.routes.map(({ position }) => position));
    const row = await insertRoute(tx, readRoute(body, around, last + 1), nowMs);
    if (row === null) throw fallbackTaken();
    const answer = describeRoute(row, around);
    await audit(tx, call, { action: 'route.create', subject: row.name, after: { ...answer } });
    return answer;
  });
}

async function changeRoute(call: Call<z.output<typeof routeRequest>, undefined>): Promise<RouteAnswer> {
  const { deps, body, params, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx, nowMs);
    const before = needRoute(around, params.id);
    const row = await updateRoute(tx, before.publicId, readRoute(body, around, before.position), nowMs);
    if (row === null) throw fallbackTaken();
    const answer = describeRoute(row, around);
    await audit(tx, call, {
      action: 'route.change',
      subject: row.name,
      before: { ...describeRoute(before, around) },
      after: { ...answer },
    });
    return answer;
  });
}

async function preview(call: Call<z.output<typeof routePreview>, undefined>): Promise<RoutePreviewAnswer> {
  const { deps, body, nowMs } = call;
  const around = await reading(deps.pool, (db) => readAround(db, nowMs));
  const app = around.apps.find(({ name }) => name === body.app);
  if (!app) refuse('app', `There is no app "${body.app}".`);
  const { receiverIds, policyIds, via } = routeAlert(around.routes, {
    appId: app.id,
    severity: body.severity,
    subjectKind: body.subjectKind ?? 'slo',
  });
  const told = receiverIds.flatMap((id) => {
    const row = around.receivers.find((one) => one.id === id);
    return row ? [{ id: row.publicId, name: row.name, afterMinutes: 0, via: via.join(', ') }] : [];
  });
  const escalated = policyIds.flatMap((id) => {
    const policy = around.policies.find((one) => one.id === id);
    let afterMinutes = 0;
    return (policy?.definition.levels ?? []).flatMap(({ delayMinutes, targets }) => {
      afterMinutes += delayMinutes;
      const at = afterMinutes;
      return targets.map((target) => ({
        id: findTarget(target, around)?.publicId ?? '',
        name: sayTarget(target, around),
        afterMinutes: at,
        via: policy?.name ?? '',
      }));
    });
  });
  return { routes: via, receivers: [...told, ...escalated] };
}
