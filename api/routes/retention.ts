/** How long things are kept: what holds, how large it is, and choosing less. */
import { z } from 'zod';
import {
  type KeptSpans,
  keptNow,
  keptOfApp,
  RETENTION_TIERS,
  type RetentionTierSpec,
  retentionFault,
  retentionTier,
} from '../../model/retention.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import { type AppRow, listApps, readApp } from '../../store/apps.ts';
import { readInstance } from '../../store/instance.ts';
import { readLogHours, setLogHours } from '../../store/log-hours.ts';
import { readLogsBytes } from '../../store/log-retention.ts';
import { type Pool, withTransaction } from '../../store/pool.ts';
import {
  listRetentionSettings,
  type RetentionSettingRow,
  readLogsHours,
  setRetention,
} from '../../store/retention-settings.ts';
import { type AppGrowth, readAppGrowth, readGrowth, type TableGrowth } from '../../store/retention-sizes.ts';
import { audit, nameOf } from '../author.ts';
import type {
  AppRetentionAnswer,
  KeepLogsRequest,
  RetentionAnswer,
  RetentionChangeAnswer,
  RetentionRequest,
  RetentionTierAnswer,
} from '../contract/retention.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../error.ts';
import { mostKept } from '../kept.ts';
import { sayRetention } from '../retention-says.ts';
import { type Call, type Route, route } from '../route.ts';

const TIERS = ['seconds', 'minutes', 'hours', 'requests', 'details', 'quarantine'] as const;
const request = z.strictObject({
  tier: z.enum(TIERS),
  app: z.string().min(1).max(63).optional(),
  keepMs: z
    .number()
    .int()
    .min(1)
    .max(3660 * DAY)
    .nullable(),
  dryRun: z.boolean().optional(),
});

const logsRequest = z.strictObject({ hours: z.number().int().min(0).max(744).nullable() });

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const RETENTION_REQUEST_HOLDS: [
  Same<z.input<typeof request>, RetentionRequest>,
  Same<z.input<typeof logsRequest>, KeepLogsRequest>,
] = [true, true];

/** bin/worker-loops.ts makes rounds this often. */
const EVERY_MS = 10 * MINUTE;

export const retentionRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/retention',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'How long things are kept, how large they are and will be, by tier and app',
    answer: 'RetentionAnswer',
    handle: ({ deps, nowMs }) => describe(deps, nowMs),
  }),
  route({
    method: 'PUT',
    path: '/retention',
    permission: 'admin',
    fresh: true,
    summary:
      'Keeps a tier for a shorter time than the environment says, or as long again; with dryRun says what that does',
    answer: 'RetentionChangeAnswer',
    body: request,
    handle: change,
  }),
  route({
    method: 'PUT',
    path: '/apps/:app/keep-logs',
    permission: 'admin',
    fresh: true,
    summary: 'How many hours lines of the app’s log are kept; 0: none are taken in; null: as the instance',
    answer: '',
    status: 204,
    body: logsRequest,
    handle: changeLogs,
  }),
];

interface Known {
  nowMs: number;
  /** Nothing is older. */
  sinceMs: number;
  most: KeptSpans;
  kept: KeptSpans;
  settings: RetentionSettingRow[];
  growth: Map<string, TableGrowth>;
  ofApps: AppGrowth[];
}

async function readKnown({ pool, kept, config }: ApiDeps, nowMs: number): Promise<Known> {
  const settings = await listRetentionSettings(pool);
  const most = kept?.most ?? mostKept(config);
  const { claimedAtMs } = await readInstance(pool);
  const apps = await listApps(pool);
  const sinceMs = oldestOf(Math.min(claimedAtMs ?? nowMs, ...apps.map((app) => app.createdAtMs)), apps);
  const tables = RETENTION_TIERS.flatMap((spec) => spec.tables);
  return {
    nowMs,
    sinceMs,
    most,
    kept: keptNow(most, settings),
    settings,
    growth: await readGrowth(pool, tables, { nowMs, sinceMs }),
    ofApps: await readAppGrowth(pool, nowMs),
  };
}

/** Lines may be older than the app's entry: history is taken in for some days. */
function oldestOf(sinceMs: number, apps: readonly AppRow[]): number {
  return apps.some((app) => app.historyOpenUntilMs > app.createdAtMs) ? sinceMs - 7 * DAY : sinceMs;
}

async function describe(deps: ApiDeps, nowMs: number): Promise<RetentionAnswer> {
  const known = await readKnown(deps, nowMs);
  const tiers = RETENTION_TIERS.map((spec) => toTier(spec, known));
  const logsHours = await readLogsHours(deps.pool);
  const projected = tiers.map((tier) => tier.projectedBytes);
  return {
    nowMs,
    tiers,
    apps: (await listApps(deps.pool)).map((app) => toApp(app, known, logsHours.get(app.id) ?? null)),
    logs: await readLogs(deps, known),
    totalBytes: tiers.reduce((sum, { bytes }) => sum + bytes, 0),
    projectedBytes: projected.some((bytes) => bytes === null)
      ? null
      : projected.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0),
    everyMs: EVERY_MS,
  };
}

async function readLogs(
  { pool, config }: ApiDeps,
  { nowMs, sinceMs }: Known,
): Promise<RetentionAnswer['logs']> {
  if (config.keepLogsHours === undefined) return null;
  const growth = await readGrowth(pool, ['log_blocks'], { nowMs, sinceMs });
  const { bytesPerDay = null, oldestMs = null } = growth.get('log_blocks') ?? {};
  return {
    keepHours: config.keepLogsHours,
    bytes: await readLogsBytes(pool),
    bytesMax: config.logsBytes ?? null,
    bytesPerDay,
    oldestMs,
  };
}

function sizesOf({ tables }: RetentionTierSpec, growth: Map<string, TableGrowth>) {
  const own = tables.flatMap((table) => growth.get(table) ?? []);
  const told = own.flatMap(({ bytesPerDay }) => bytesPerDay ?? []);
  const oldest = own.flatMap(({ oldestMs }) => oldestMs ?? []);
  return {
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    bytesPerDay: told.length === 0 ? null : told.reduce((sum, rate) => sum + rate, 0),
    oldestMs: oldest.length === 0 ? null : Math.min(...oldest),
  };
}

function toTier(spec: RetentionTierSpec, known: Known): RetentionTierAnswer {
  const keepMs = known.kept[spec.field];
  const sizes = sizesOf(spec, known.growth);
  const { tier, title, lost, needs, unit, setting, wholeMs, perApp } = spec;
  const rate = tier === 'quarantine' ? rateOfApps(known, tier) : sizes.bytesPerDay;
  return {
    ...{ tier, title, lost, needs, unit, setting, wholeMs, perApp },
    keepMs,
    chosen: chosenOf(known, null, spec),
    mostMs: known.most[spec.field],
    leastMs: Math.min(spec.minMs, known.most[spec.field]),
    bytes: sizes.bytes,
    oldestMs: sizes.oldestMs,
    bytesPerDay: rate,
    projectedBytes: rate === null ? null : (rate * (keepMs + wholeMs / 2)) / DAY,
  };
}

function rateOfApps({ ofApps }: Known, tier: string): number {
  return ofApps.filter((one) => one.tier === tier).reduce((sum, { bytesPerDay }) => sum + bytesPerDay, 0);
}

function chosenOf(
  { settings }: Known,
  appId: number | null,
  { tier }: RetentionTierSpec,
): RetentionTierAnswer['chosen'] {
  const found = settings.find((setting) => setting.appId === appId && setting.tier === tier);
  return found === undefined ? null : { keepMs: found.keepMs, author: found.author, atMs: found.updatedAtMs };
}

function toApp(app: AppRow, known: Known, keepLogsHours: number | null): AppRetentionAnswer {
  const tiers = RETENTION_TIERS.filter((spec) => spec.perApp).map((spec) => {
    const keepMs = keptOfApp(known.kept, known.settings, app.id, spec);
    const bytesPerDay = rateOfApp(known, app.id, spec);
    const projectedBytes = (bytesPerDay * keepMs) / DAY;
    return { tier: spec.tier, keepMs, chosen: chosenOf(known, app.id, spec), bytesPerDay, projectedBytes };
  });
  return { app: app.name, tiers, keepLogsHours };
}

function rateOfApp({ ofApps }: Known, appId: number, { tier }: RetentionTierSpec): number {
  return ofApps.find((one) => one.appId === appId && one.tier === tier)?.bytesPerDay ?? 0;
}

async function findApp(pool: Pool, name: string | undefined): Promise<AppRow | null> {
  if (name === undefined) return null;
  const app = await readApp(pool, name);
  if (app === null) throw new ApiError('notFound', { detail: 'There is no such app.' });
  return app;
}

async function change(call: Call<z.output<typeof request>, undefined>): Promise<RetentionChangeAnswer> {
  const { deps, body, nowMs, caller } = call;
  const spec = retentionTier(body.tier);
  if (spec === undefined) throw new ApiError('invalid');
  const app = await findApp(deps.pool, body.app);
  const known = await readKnown(deps, nowMs);
  const without = known.settings.filter(
    ({ appId, tier }) => !(tier === spec.tier && appId === (app?.id ?? null)),
  );
  const wanted = { appId: app?.id ?? null, tier: spec.tier };
  const settings = body.keepMs === null ? without : [...without, { ...wanted, keepMs: body.keepMs }];
  // Taking a choice back is one too: it may be more than coarser points are kept.
  const keepMs = body.keepMs ?? (app === null ? known.most[spec.field] : null);
  const standing = { most: known.most, kept: known.kept, isOfApp: app !== null };
  const fault = keepMs === null ? null : retentionFault(spec, keepMs, standing);
  if (fault !== null)
    throw new ApiError('invalid', { detail: fault, faults: [{ field: 'keepMs', message: fault }] });
  const spanOf = (chosen: typeof settings) => {
    const kept = keptNow(known.most, chosen);
    return app === null ? kept[spec.field] : keptOfApp(kept, chosen, app.id, spec);
  };
  const [beforeMs, afterMs] = [spanOf(known.settings), spanOf(settings)];
  const sizes = sizesOf(spec, known.growth);
  const rate = app === null ? sizes.bytesPerDay : rateOfApp(known, app.id, spec);
  const said = sayRetention({
    spec,
    app: app?.name ?? '',
    beforeMs,
    afterMs,
    nowMs,
    ...sizes,
    bytesPerDay: rate,
  });
  if (body.dryRun !== true) {
    await withTransaction(deps.pool, async (tx) => {
      const input = { ...wanted, keepMs: body.keepMs, author: nameOf(caller), nowMs };
      await setRetention(tx, input);
      await audit(tx, call, {
        action: 'retention.change',
        subject: app === null ? spec.tier : `${app.name}/${spec.tier}`,
        before: { keepMs: beforeMs },
        after: { keepMs: afterMs },
      });
    });
    await deps.kept?.refresh();
  }
  return { dryRun: body.dryRun ?? false, beforeMs, afterMs, ...said };
}

async function changeLogs(call: Call<z.output<typeof logsRequest>, undefined>): Promise<void> {
  const { deps, app, body } = call;
  await withTransaction(deps.pool, async (tx) => {
    const hours = await readLogHours(tx, app.id);
    await setLogHours(tx, app.id, body.hours);
    await audit(tx, call, {
      action: 'retention.logs',
      subject: app.name,
      before: { hours },
      after: { hours: body.hours },
    });
  });
}
