/** The whole configuration as one file. */
import { z } from 'zod';
import { readInstance } from '../../store/instance.ts';
import { audit } from '../author.ts';
import { baseUrlOf } from '../client.ts';
import { configFile, exportConfig } from '../config-file.ts';
import { importConfig } from '../config-import.ts';
import type { ConfigFile, ConfigImportAnswer, ConfigImportRequest } from '../contract/alerting.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';

const importRequest = z.strictObject({ file: configFile, dryRun: z.boolean().optional() });

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const CONFIG_REQUEST_HOLDS: Same<z.input<typeof importRequest>, ConfigImportRequest> = true;

export const configRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/config',
    permission: 'admin',
    fresh: true,
    part: 'exports',
    summary: 'Apps, objectives, rules, receivers, schedules and routes as one file; secrets are left out',
    answer: 'ConfigFile',
    handle: async (call): Promise<ConfigFile> => {
      const { deps, nowMs } = call;
      const file = await reading(deps.pool, (db) => exportConfig(db, nowMs));
      await audit(deps.pool, call, { action: 'config.export', subject: `${file.apps.length} apps` });
      return file;
    },
  }),
  route({
    method: 'POST',
    path: '/config',
    permission: 'admin',
    fresh: true,
    summary: 'Takes such a file in: makes and changes, removes nothing; all of it or nothing',
    answer: 'ConfigImportAnswer',
    body: importRequest,
    handle: takeIn,
  }),
];

async function takeIn(call: Call<z.output<typeof importRequest>, undefined>): Promise<ConfigImportAnswer> {
  const { c, deps, body } = call;
  return importConfig(deps.pool, {
    file: body.file,
    dryRun: body.dryRun ?? false,
    doer: call,
    key: deps.config.secret,
    ownAppName: deps.config.herokuAppName,
    baseUrl: baseUrlOf(c, deps.config, (await readInstance(deps.pool)).baseUrl),
  });
}
