/** Objectives: list, make, change, remove. */

import { z } from 'zod';
import { closedEvaluation } from '../../model/closing.ts';
import type { SloDefinition } from '../../model/slo.ts';
import { MINUTE } from '../../model/time.ts';
import { type AppRow, listApps } from '../../store/apps.ts';
import { readInstance } from '../../store/instance.ts';
import { type Client, type Queryable, withTransaction } from '../../store/pool.ts';
import {
  addSloVersion,
  createSlo,
  listSlos,
  readSlo,
  removeSlo,
  type SloRow as StoredSlo,
} from '../../store/slos.ts';
import { audit, type Doer, nameOf } from '../author.ts';
import { baseUrlOf } from '../client.ts';
import type { SloListAnswer, SloRow, SloSavedAnswer } from '../contract/slos.ts';
import { ApiError } from '../error.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { needDefinition, SLUG, sloChange, sloCreate, slugOf } from '../slo-body.ts';
import { membersOf, readFacts, type SloFacts, withSums } from '../slo-facts.ts';
import { buildView, describeSlo } from '../slo-view.ts';
import type { Sums } from '../slo-windows.ts';

/** Each objective costs counting at every request and an evaluation a minute. */
export const SLOS_PER_APP_MAX = 200;

const appQuery = z.strictObject({ app: z.string().max(63).optional() });

export const sloRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/slos',
    permission: 'viewer',
    wall: true,
    part: 'dashboards',
    summary: 'Objectives with budget, burn and state; least budget first',
    answer: 'SloListAnswer',
    query: appQuery,
    handle: listOfSlos,
  }),
  route({
    method: 'POST',
    path: '/apps/:app/slos',
    permission: 'editor',
    summary: 'Makes an objective; it counts from the next whole minute on, and its past is counted after',
    answer: 'SloSavedAnswer',
    status: 201,
    body: sloCreate,
    handle: addSlo,
  }),
  route({
    method: 'PUT',
    path: '/apps/:app/slos/:id',
    permission: 'editor',
    summary: 'A new version of an objective; what was counted under the one before stays as it was',
    answer: 'SloSavedAnswer',
    body: sloChange,
    handle: changeSlo,
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app/slos/:id',
    permission: 'editor',
    summary: 'Removes an objective: its open incident ends, its counts go with retention',
    answer: '',
    status: 204,
    handle: dropSlo,
  }),
];

/** The apps asked for: one by name, or all. */
export async function needApps(db: Queryable, name: string | undefined): Promise<AppRow[]> {
  const apps = await listApps(db);
  if (name === undefined) return apps;
  const own = apps.filter((app) => app.name === name);
  if (own.length === 0) throw new ApiError('notFound', { detail: 'There is no app by that name.' });
  return own;
}

async function listOfSlos({
  deps,
  query,
  nowMs,
}: Call<undefined, z.output<typeof appQuery>>): Promise<SloListAnswer> {
  return reading(deps.pool, async (db) => readSloList(db, await needApps(db, query.app), nowMs));
}

/** The objectives of apps as they stand, least budget first. */
export async function readSloList(
  db: Client,
  apps: readonly AppRow[],
  nowMs: number,
): Promise<SloListAnswer> {
  const minute = closedEvaluation(nowMs);
  const names = new Map((await listApps(db)).map((app) => [app.id, app.name]));
  const slos = await listSlos(
    db,
    apps.map((app) => app.id),
  );
  const { facts, members } = await readFacts(db, slos, minute);
  const rows = await withSums(db, (sumsOf) => describeAll(facts, members, names, minute, sumsOf));
  rows.sort((a, b) => leftOf(a) - leftOf(b) || a.app.localeCompare(b.app) || a.slug.localeCompare(b.slug));
  return { nowMs, countedThroughMs: slos.length === 0 ? null : minute * MINUTE, slos: rows };
}

/** Rows in the order of the facts; a composite's state is that of its least healthy member. */
export function describeAll(
  facts: readonly SloFacts[],
  members: ReadonlyMap<string, SloFacts>,
  names: ReadonlyMap<number, string>,
  minute: number,
  sumsOf: (sloId: number) => Sums,
): SloRow[] {
  const describe = (one: SloFacts): SloRow => {
    const view = buildView(one, names.get(one.slo.appId) ?? '', minute, sumsOf);
    const own = membersOf(one.slo).flatMap((id) => members.get(id) ?? []);
    // A composite cannot be a member, so this is one level deep.
    return describeSlo(view, own.map(describe));
  };
  return facts.map(describe);
}

/** Without events nothing is known to be spent: last. */
function leftOf({ budget }: SloRow): number {
  return budget.remaining ?? Number.MAX_VALUE;
}

/** The objective of the address, by uuid or slug, of this app; removed ones are not there. */
export async function needSlo(db: Queryable, app: AppRow, id: string | undefined): Promise<StoredSlo> {
  const text = id ?? '';
  const slo =
    SLUG.test(text) && !/^[0-9a-f]{8}-/.test(text)
      ? (await listSlos(db, [app.id])).find((one) => one.slug === text)
      : await readSlo(db, text);
  if (!slo || slo.appId !== app.id || slo.removedAtMs !== null) {
    throw new ApiError('notFound', { detail: 'This app has no such objective.' });
  }
  return slo;
}

async function addSlo(call: Call<z.output<typeof sloCreate>, undefined>): Promise<SloSavedAnswer> {
  const { deps, app, body } = call;
  const definition = needDefinition(body.definition);
  const slo = await withTransaction(deps.pool, (tx) =>
    insertSlo(tx, { app, definition, slug: body.slug, doer: call }),
  );
  return saved(call, slo, 'POST', `/apps/${app.name}/slos`);
}

/** Makes an objective. A slug that was asked for must be free; one made of the title is made so. */
export async function insertSlo(
  tx: Client,
  input: {
    app: AppRow;
    definition: SloDefinition;
    slug?: string | undefined;
    doer: Doer;
  },
): Promise<StoredSlo> {
  const { app, definition, doer } = input;
  await requireMembers(tx, definition);
  const taken = await listSlos(tx, [app.id]);
  if (taken.length >= SLOS_PER_APP_MAX) {
    throw new ApiError('conflict', { detail: `An app has at most ${SLOS_PER_APP_MAX} objectives.` });
  }
  const slug = input.slug ?? freeSlug(slugOf(definition.title), new Set(taken.map((one) => one.slug)));
  const author = nameOf(doer.caller);
  const slo = await createSlo(tx, { appId: app.id, slug, definition, author, nowMs: doer.nowMs });
  if (slo === null) {
    const message = `is taken: ${app.name} has an objective "${slug}" already`;
    throw new ApiError('conflict', {
      detail: `The slug ${message}.`,
      faults: [{ field: 'slug', message }],
    });
  }
  await audit(tx, doer, {
    action: 'slo.create',
    subject: `${app.name}/${slug}`,
    after: { ...definition },
  });
  return slo;
}

function freeSlug(wanted: string, taken: ReadonlySet<string>): string {
  let slug = wanted;
  for (let number = 2; taken.has(slug); number++) slug = `${wanted}-${number}`;
  return slug;
}

/** Members must be there, and be no composites themselves: then nothing can go round in circles. */
export async function requireMembers(db: Queryable, { indicator }: SloDefinition): Promise<void> {
  if (indicator.kind !== 'composite') return;
  const known = new Map((await listSlos(db)).map((slo) => [slo.publicId, slo]));
  const faults = indicator.members.flatMap((id, at) => {
    const field = `definition.indicator.members.${at}`;
    const kind = known.get(id)?.version.definition.indicator.kind;
    if (kind === undefined) return [{ field, message: 'is the id of no objective' }];
    return kind === 'composite' ? [{ field, message: 'is a composite itself: name its members' }] : [];
  });
  const [first] = faults;
  if (first)
    throw new ApiError('invalid', { detail: `Not accepted: ${first.field} ${first.message}.`, faults });
}

async function changeSlo(call: Call<z.output<typeof sloChange>, undefined>): Promise<SloSavedAnswer> {
  const { deps, app, body, params } = call;
  const definition = needDefinition(body.definition);
  const slo = await withTransaction(deps.pool, async (tx) => {
    const before = await needSlo(tx, app, params.id);
    await updateSlo(tx, { app, before, definition, ifVersion: body.version, doer: call });
    return needSlo(tx, app, before.publicId);
  });
  return saved(call, slo, 'PUT', `/apps/${app.name}/slos/${slo.slug}`);
}

/** Adds a version. An objective stays what it is about: a composite is none of its own counts. */
export async function updateSlo(
  tx: Client,
  input: {
    app: AppRow;
    before: StoredSlo;
    definition: SloDefinition;
    ifVersion?: number;
    doer: Doer;
  },
): Promise<void> {
  const { app, before, definition, doer, ifVersion } = input;
  const kinds = [before.version.definition.indicator.kind, definition.indicator.kind];
  if (kinds[0] !== kinds[1] && kinds.includes('composite')) {
    const message = 'cannot change between a composite and one with counts of its own: make a new objective';
    throw new ApiError('invalid', {
      detail: `Not accepted: definition.indicator.kind ${message}.`,
      faults: [{ field: 'definition.indicator.kind', message }],
    });
  }
  await requireMembers(tx, definition);
  const outcome = await addSloVersion(tx, {
    sloId: before.id,
    definition,
    author: nameOf(doer.caller),
    nowMs: doer.nowMs,
    ...(ifVersion !== undefined && { ifVersion }),
  });
  if (outcome.kind === 'gone') throw new ApiError('notFound');
  if (outcome.kind === 'conflict') {
    throw new ApiError('conflict', {
      detail: 'Somebody changed this objective meanwhile: load it again and make your change there.',
    });
  }
  await audit(tx, doer, {
    action: 'slo.change',
    subject: `${app.name}/${before.slug}`,
    before: { ...before.version.definition },
    after: { ...definition },
  });
}

async function dropSlo({ deps, app, params, ...doer }: Call<undefined, undefined>): Promise<void> {
  await withTransaction(deps.pool, async (tx) => {
    const slo = await needSlo(tx, app, params.id);
    const users = (await listSlos(tx)).filter((one) => membersOf(one).includes(slo.publicId));
    if (users.length > 0) {
      const names = users.map((one) => `"${one.version.definition.title}"`).join(', ');
      throw new ApiError('conflict', {
        detail: `It is a member of ${names}: take it out there first.`,
      });
    }
    if (!(await removeSlo(tx, slo.id, doer.nowMs))) throw new ApiError('notFound');
    await audit(tx, doer, {
      action: 'slo.remove',
      subject: `${app.name}/${slo.slug}`,
      before: { ...slo.version.definition },
    });
  });
}

async function saved(
  { c, deps, app, body }: Call<unknown, undefined>,
  slo: StoredSlo,
  method: 'POST' | 'PUT',
  path: string,
): Promise<SloSavedAnswer> {
  const base = baseUrlOf(c, deps.config, (await readInstance(deps.pool)).baseUrl);
  return {
    id: slo.publicId,
    app: app.name,
    slug: slo.slug,
    version: slo.version.version,
    validFromMs: slo.version.validFromS * 1000,
    equivalent: {
      curl: renderCurl(method, `${base}/api/v1${path}`, body),
      cli: `drainboard slo import --app ${app.name} ${slo.slug}.yaml`,
    },
  };
}

/** A line for a shell; single quotes in the body are written as a shell wants them. */
export function renderCurl(method: string, url: string, body: unknown): string {
  const json = JSON.stringify(body).replaceAll("'", `'\\''`);
  return `curl -X ${method} '${url}' -H "Authorization: Bearer $DRAINBOARD_TOKEN" -H 'Content-Type: application/json' -d '${json}'`;
}
