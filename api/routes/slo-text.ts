/** Objectives as OpenSLO text, in and out. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { exportOpenSlo } from '../../model/openslo-export.ts';
import { type ImportedSlo, importOpenSlo } from '../../model/openslo-import.ts';
import { type AppRow, listApps } from '../../store/apps.ts';
import { type Client, type Pool, type Queryable, withTransaction } from '../../store/pool.ts';
import { listSlos } from '../../store/slos.ts';
import type { Doer } from '../author.ts';
import type { SloExportAnswer, SloImportAnswer } from '../contract/slos.ts';
import { ApiError } from '../error.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { SLUG, sloImport } from '../slo-body.ts';
import { insertSlo, needApps, updateSlo } from './slos.ts';

export const sloTextRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/slos/export',
    permission: 'viewer',
    summary: 'Objectives as OpenSLO v1, one document each; what OpenSLO cannot say stands in annotations',
    answer: 'SloExportAnswer',
    query: z.strictObject({ app: z.string().max(63).optional() }),
    handle: ({ deps, query }): Promise<SloExportAnswer> =>
      reading(deps.pool, async (db) => exportText(db, await needApps(db, query.app))),
  }),
  route({
    method: 'POST',
    path: '/slos/import',
    permission: 'editor',
    summary: 'Makes and changes objectives from OpenSLO; when one is refused nothing is changed',
    answer: 'SloImportAnswer',
    body: sloImport,
    handle: importSlos,
  }),
];

type Result = SloImportAnswer['results'][number];

async function importSlos(call: Call<z.output<typeof sloImport>, undefined>): Promise<SloImportAnswer> {
  const { deps, body } = call;
  return importText(deps.pool, { ...body, dryRun: body.dryRun ?? false, doer: call });
}

/** Takes OpenSLO text in, all of it or nothing. `app`: for objectives that name none, or one that is not here. */
export async function importText(
  pool: Pool,
  input: { text: string; app?: string | undefined; dryRun: boolean; doer: Doer },
): Promise<SloImportAnswer> {
  const { dryRun } = input;
  const imported = importOpenSlo(input.text);
  let results: Result[] = [];
  await withTransaction(pool, async (tx) => {
    results = await applySlos(tx, imported, input);
    // What was written is only kept when all of it could be, and was meant.
    if (dryRun || results.some(({ outcome }) => outcome === 'refused')) throw new NotKept();
  }).catch((error: unknown) => {
    if (!(error instanceof NotKept)) throw error;
  });
  return { dryRun, isKept: !dryRun && results.every(({ outcome }) => outcome !== 'refused'), results };
}

/** The objectives of apps as OpenSLO v1; '' without any. */
export async function exportText(db: Queryable, apps: readonly AppRow[]): Promise<SloExportAnswer> {
  const names = new Map(apps.map((app) => [app.id, app.name]));
  const slos = await listSlos(db, [...names.keys()]);
  const named = slos.map(({ slug, appId, version }) => ({
    slug,
    app: names.get(appId) ?? '',
    definition: version.definition,
  }));
  return { count: named.length, text: named.length === 0 ? '' : exportOpenSlo(named) };
}

/** Ends a transaction whose result is wanted and whose writes are not. */
class NotKept extends Error {}

async function applySlos(
  tx: Client,
  imported: readonly ImportedSlo[],
  input: { app?: string | undefined; doer: Doer },
): Promise<Result[]> {
  const apps = await listApps(tx);
  const results: Result[] = [];
  const seen = new Set<string>();
  for (const one of imported) {
    const name = one.app === '' ? (input.app ?? '') : one.app;
    // A file made for another app can be brought into the one that was asked for.
    const app = apps.find((row) => row.name === name) ?? apps.find((row) => row.name === input.app);
    const faults = [...one.faults];
    if (!app) {
      faults.push(name === '' ? 'It names no app, and none was given.' : `There is no app "${name}".`);
    }
    const place = `${app?.id ?? 0}/${one.slug}`;
    if (app && seen.has(place)) faults.push(`"${one.slug}" stands there twice.`);
    seen.add(place);
    const said = { name: one.name, app: app?.name ?? null, warnings: one.warnings };
    if (!app || one.definition === null || faults.length > 0) {
      results.push({ ...said, outcome: 'refused', slug: null, faults });
      continue;
    }
    results.push({
      ...said,
      ...(await applySlo(tx, app, { ...one, definition: one.definition }, input.doer)),
    });
  }
  return results;
}

/** Makes the objective of a slug, or a new version of it where something differs. */
export async function applySlo(
  tx: Client,
  app: AppRow,
  { slug, definition }: Pick<ImportedSlo, 'slug'> & { definition: NonNullable<ImportedSlo['definition']> },
  doer: Doer,
): Promise<Pick<Result, 'outcome' | 'slug' | 'faults'>> {
  const before = (await listSlos(tx, [app.id])).find((row) => row.slug === slug);
  try {
    if (!before) {
      if (!SLUG.test(slug)) throw new ApiError('invalid', { detail: `"${slug}" is no slug.` });
      await insertSlo(tx, { app, definition, slug, doer });
      return { outcome: 'created', slug, faults: [] };
    }
    if (isDeepStrictEqual(before.version.definition, definition)) {
      return { outcome: 'unchanged', slug, faults: [] };
    }
    await updateSlo(tx, { app, before, definition, doer });
    return { outcome: 'changed', slug, faults: [] };
  } catch (error) {
    // Our own no: it is told with the others. Anything else ends the import.
    if (!(error instanceof ApiError)) throw error;
    return { outcome: 'refused', slug, faults: [error.message] };
  }
}
