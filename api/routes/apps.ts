/** Apps: the fleet, adding, changing, rotating, removing, their drains, the set-up checklist. */
import type { z } from 'zod';
import { codeOf } from '../../model/codes.ts';
import { keyedHash } from '../../model/secret.ts';
import { HOUR } from '../../model/time.ts';
import { AppNameError, createApp, listApps, removeApp, rotateSecret, updateApp } from '../../store/apps.ts';
import { insertAudit } from '../../store/audit.ts';
import { readInstance } from '../../store/instance.ts';
import { NO_LABELS, readLabels, writeLabels } from '../../store/labels.ts';
import { listPeople } from '../../store/people.ts';
import { withTransaction } from '../../store/pool.ts';
import { setDrainState } from '../../store/reads/drains.ts';
import { type FleetFigures, readFleet } from '../../store/reads/fleet.ts';
import { actorOf } from '../auth.ts';
import { readChecklist } from '../checklist.ts';
import { baseUrlOf } from '../client.ts';
import type {
  AppAnswer,
  AppCreatedAnswer,
  AppRotatedAnswer,
  FleetAnswer,
  FleetRow,
  LabelsAnswer,
} from '../contract/apps.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../error.ts';
import { attachCommands, drainUrl, rotateCommands } from '../onboarding.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { appChange, appRequest, drainChange, labelsRequest, rotateRequest } from '../schemas.ts';
import { toHealth } from '../shape.ts';

/** With fewer requests than this in an hour, a ratio says more about chance than about the app. */
const LOW_TRAFFIC = 60;

export const appRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps',
    permission: 'viewer',
    wall: true,
    part: 'dashboards',
    summary: 'Every app with the figures of its last hour',
    answer: 'FleetAnswer',
    handle: async ({ deps, caller, nowMs }): Promise<FleetAnswer> => {
      const apps = await listApps(deps.pool);
      const ids = apps.map((app) => app.id);
      const figures = await readFleet((work) => reading(deps.pool, work), ids, nowMs);
      // A wall hangs where visitors pass.
      const nameOf = caller.kind === 'wall' ? () => null : await readReleasers(deps);
      return {
        nowMs,
        apps: apps.flatMap((app) => {
          const own = figures.get(app.id);
          return own ? [toFleetRow(app, own, nameOf)] : [];
        }),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/apps',
    permission: 'editor',
    summary: 'Registers an app; the secret in drainUrl is shown this once',
    answer: 'AppCreatedAnswer',
    status: 201,
    body: appRequest,
    handle: addApp,
  }),
  route({
    method: 'GET',
    path: '/apps/:app',
    permission: 'viewer',
    summary: 'Settings of one app',
    answer: 'AppAnswer',
    handle: async ({ app }) => toApp(app),
  }),
  route({
    method: 'PATCH',
    path: '/apps/:app',
    permission: 'editor',
    summary: 'Changes settings of an app',
    answer: 'AppAnswer',
    body: appChange,
    handle: changeApp,
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app',
    permission: 'admin',
    fresh: true,
    summary: 'Removes an app: refused at once, its data deleted within 24 hours',
    answer: '',
    status: 204,
    handle: async ({ deps, caller, app, nowMs, address }) => {
      await withTransaction(deps.pool, async (tx) => {
        if (!(await removeApp(tx, app.id, nowMs))) throw new ApiError('notFound');
        await insertAudit(tx, {
          atMs: nowMs,
          actor: actorOf(caller),
          action: 'app.remove',
          subject: app.name,
          address,
        });
      });
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:app/rotate',
    permission: 'editor',
    fresh: true,
    summary: 'Makes a new drain secret; the old one stays valid for 24 hours, with now: true not at all',
    answer: 'AppRotatedAnswer',
    body: rotateRequest,
    handle: rotateApp,
  }),
  route({
    method: 'PUT',
    path: '/apps/:app/labels',
    permission: 'editor',
    summary: 'Stage, team and tags of an app, by which the fleet is grouped; replaces all of them',
    answer: 'LabelsAnswer',
    body: labelsRequest,
    handle: changeLabels,
  }),
  route({
    method: 'PATCH',
    path: '/apps/:app/drains/:id',
    permission: 'editor',
    summary: 'Accepts or bans a drain of the app',
    answer: '',
    status: 204,
    body: drainChange,
    handle: changeDrain,
  }),
  route({
    method: 'GET',
    path: '/apps/:app/checklist',
    permission: 'viewer',
    summary: 'How far attaching the app has come',
    answer: 'ChecklistAnswer',
    handle: async ({ c, deps, app, nowMs }) => {
      const { baseUrl } = await readInstance(deps.pool);
      return readChecklist(deps.pool, app, baseUrlOf(c, deps.config, baseUrl), nowMs);
    },
  }),
];

function toApp(app: Call<unknown, unknown>['app']): AppAnswer & Record<string, unknown> {
  return {
    app: app.name,
    createdAtMs: app.createdAtMs,
    customMetrics: app.customMetrics,
    strictTokens: app.strictTokens,
    historyOpenUntilMs: app.historyOpenUntilMs,
  };
}

/** Lines name people by a keyed hash (drain/drain.ts); those with an account here are known by it. */
const HASH_CHARACTERS = 12;

type NameOf = (hash: string | null) => string | null;

async function readReleasers(deps: ApiDeps): Promise<NameOf> {
  const people = await listPeople(deps.pool);
  const names = new Map(
    people.map(({ email, displayName }) => [
      keyedHash(deps.config.secret, 'user', email).toString('base64url').slice(0, HASH_CHARACTERS),
      displayName || (email.split('@')[0] ?? ''),
    ]),
  );
  return (hash) => (hash === null ? null : (names.get(hash) ?? null));
}

function toFleetRow(app: Call<unknown, unknown>['app'], figures: FleetFigures, nameOf: NameOf): FleetRow {
  const { failed, requests, failedWeekAgo, requestsWeekAgo, lastRelease } = figures;
  return {
    app: app.name,
    createdAtMs: app.createdAtMs,
    health: toHealth(figures),
    requests,
    requestsPerMinute: figures.requestsPerMinute,
    sparkline: figures.sparkline,
    failedRatio: requests > 0 ? failed / requests : null,
    failedRatioNow: failedRatioNow(figures),
    failedRatioWeekAgo: requestsWeekAgo > 0 ? failedWeekAgo / requestsWeekAgo : null,
    lowTraffic: requests < LOW_TRAFFIC,
    p95Ms: figures.p95Ms,
    p95MsWeekAgo: figures.p95MsWeekAgo,
    topCode: figures.topCode && { ...figures.topCode, ...wordsOf(figures.topCode.code) },
    worstMemory: figures.worstMemory,
    lastRelease: lastRelease && {
      version: lastRelease.version,
      atMs: lastRelease.atMs,
      by: nameOf(lastRelease.byHash),
    },
    requestsWeekAgo,
    incidents: figures.incidents,
    labels: figures.labels,
  };
}

function wordsOf(code: string): { title: string; blames: boolean } {
  const known = codeOf(code);
  return {
    title: known?.title ?? '',
    blames: known === undefined || known.defaultCounted || code.startsWith('R'),
  };
}

/** One failure among a few requests is no incident. */
const NOW_REQUESTS_MIN = 20;
const NOW_FAILURES_MIN = 3;

function failedRatioNow({ requestsNow, failedNow }: FleetFigures): number | null {
  if (requestsNow < NOW_REQUESTS_MIN || failedNow < NOW_FAILURES_MIN) return null;
  return failedNow / requestsNow;
}

async function baseUrl({ c, deps }: { c: Call<unknown, unknown>['c']; deps: ApiDeps }): Promise<string> {
  return baseUrlOf(c, deps.config, (await readInstance(deps.pool)).baseUrl);
}

/** A name that cannot be taken, told at its field. */
function asApiError(error: unknown): never {
  if (!(error instanceof AppNameError)) throw error;
  throw new ApiError(error.fault === 'nameTaken' ? 'conflict' : 'invalid', {
    detail: error.message,
    faults: [{ field: 'name', message: error.message }],
  });
}

async function addApp(call: Call<z.output<typeof appRequest>, undefined>): Promise<AppCreatedAnswer> {
  const { deps, caller, body, nowMs, address } = call;
  const historyMs = (body.historyHours ?? 0) * HOUR;
  const { secret } = await withTransaction(deps.pool, async (tx) => {
    const made = await createApp(tx, {
      name: body.name,
      historyMs,
      key: deps.config.secret,
      nowMs,
      ...(deps.config.herokuAppName !== undefined && { ownAppName: deps.config.herokuAppName }),
    }).catch(asApiError);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'app.create',
      subject: body.name,
      address,
      after: { historyMs },
    });
    return made;
  });
  const url = drainUrl(await baseUrl(call), body.name, secret);
  return { app: body.name, drainUrl: url, commands: attachCommands(body.name, url) };
}

async function changeApp(call: Call<z.output<typeof appChange>, undefined>) {
  const { deps, caller, app, body, nowMs, address } = call;
  const { historyHours, ...settings } = body;
  const change = {
    ...settings,
    ...(historyHours !== undefined && {
      historyOpenUntilMs: historyHours === 0 ? 0 : nowMs + historyHours * HOUR,
    }),
  };
  const after = await withTransaction(deps.pool, async (tx) => {
    const changed = await updateApp(tx, app.id, change);
    if (!changed) throw new ApiError('notFound');
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'app.change',
      subject: app.name,
      address,
      before: toApp(app),
      after: toApp(changed),
    });
    return changed;
  });
  return toApp(after);
}

async function changeLabels(call: Call<z.output<typeof labelsRequest>, undefined>): Promise<LabelsAnswer> {
  const { deps, caller, app, body, nowMs, address } = call;
  await withTransaction(deps.pool, async (tx) => {
    const before = (await readLabels(tx)).get(app.id) ?? NO_LABELS;
    await writeLabels(tx, app.id, body);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'app.labels',
      subject: app.name,
      address,
      before: { ...before },
      after: { ...body },
    });
  });
  return body;
}

async function rotateApp(call: Call<z.output<typeof rotateRequest>, undefined>): Promise<AppRotatedAnswer> {
  const { deps, caller, app, body, nowMs, address } = call;
  const made = await withTransaction(deps.pool, async (tx) => {
    const atOnce = body.now ?? false;
    const rotated = await rotateSecret(tx, { appId: app.id, key: deps.config.secret, nowMs, atOnce });
    if (!rotated) throw new ApiError('notFound');
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'app.rotate',
      subject: app.name,
      address,
      after: { oldValidUntilMs: rotated.oldValidUntilMs },
    });
    return rotated;
  });
  const base = await baseUrl(call);
  const url = drainUrl(base, app.name, made.secret);
  return {
    app: app.name,
    drainUrl: url,
    commands: rotateCommands(app.name, url, new URL(base).host),
    oldValidUntilMs: made.oldValidUntilMs,
  };
}

async function changeDrain(call: Call<z.output<typeof drainChange>, undefined>): Promise<void> {
  const { deps, caller, app, body, params, nowMs, address } = call;
  const drainId = /^\d{1,9}$/.test(params.id ?? '') ? Number(params.id) : 0;
  await withTransaction(deps.pool, async (tx) => {
    const before = await setDrainState(tx, app.id, drainId, body.state);
    if (before === null) throw new ApiError('notFound', { detail: 'This app has no such drain.' });
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'drain.state',
      subject: `${app.name}/${drainId}`,
      address,
      before: { state: before },
      after: { state: body.state },
    });
  });
}
