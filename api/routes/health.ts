/** Health of an app's stream, of this instance, and the table of codes. */
import { idleIngest, SPOOL_OFF } from '../../model/ingest-health.ts';
import type { OwnProcess, Roles } from '../../model/process.ts';
import { DAY, HOUR } from '../../model/time.ts';
import { listApps } from '../../store/apps.ts';
import { ARCHIVED_AFTER_MS } from '../../store/drains.ts';
import { readPartitionLeadMs } from '../../store/partitions.ts';
import { listProcesses, type ProcessRow } from '../../store/processes.ts';
import { readCounts } from '../../store/reads/counts.ts';
import { readDatabase } from '../../store/reads/database.ts';
import { readFramesOfLastHour } from '../../store/reads/drain-table.ts';
import { type DrainInfo, listDrains, listRefusedSenders, streamHealthOf } from '../../store/reads/drains.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import { readHealth, readQuarantine } from '../../store/reads/health.ts';
import { countDueCompactions, listWriters, readServer, readStorage } from '../../store/reads/instance.ts';
import { listWatchAlerts } from '../../store/watch.ts';
import type { CodeTableAnswer } from '../contract/codes.ts';
import type {
  AppHealthAnswer,
  DatabaseHealthAnswer,
  DrainAnswer,
  DrainsAnswer,
  InstanceHealthAnswer,
  ProcessAnswer,
} from '../contract/health.ts';
import type { ApiDeps } from '../deps.ts';
import { toApiError } from '../error.ts';
import { DATABASE_AWAY, noticesOf, ownNotices } from '../notices.ts';
import { type RangeQuery, rangeQuery, readSpan } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { CODE_TABLE, toGap, toHealth } from '../shape.ts';
import { needHealth } from './charts.ts';

const QUARANTINE_MAX = 20;
const REFUSED_MAX = 50;
const PROCESSES_MAX = 100;

export const healthRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/health',
    permission: 'viewer',
    summary: 'How far the data of an app goes; what was lost, doubled or left out',
    answer: 'AppHealthAnswer',
    query: rangeQuery,
    handle: appHealth,
  }),
  route({
    method: 'GET',
    path: '/health',
    permission: 'viewer',
    summary: 'Health of this instance',
    answer: 'InstanceHealthAnswer',
    handle: instanceHealth,
  }),
  route({
    method: 'GET',
    path: '/drains',
    permission: 'viewer',
    part: 'dashboards',
    summary:
      'Every app with its drains: tokens, first and last frame, lag, what was lost and doubled in the last hour',
    answer: 'DrainsAnswer',
    handle: drainTable,
  }),
  route({
    method: 'GET',
    path: '/health/database',
    permission: 'admin',
    summary: 'Size and connections of the database, and its slowest statements where the server counts them',
    answer: 'DatabaseHealthAnswer',
    handle: ({ deps }): Promise<DatabaseHealthAnswer> => reading(deps.pool, readDatabase),
  }),
  route({
    method: 'GET',
    path: '/codes',
    permission: 'viewer',
    wall: true,
    summary: 'Every code Heroku writes, in words',
    answer: 'CodeTableAnswer',
    handle: async (): Promise<CodeTableAnswer> => ({ codes: CODE_TABLE }),
  }),
];

async function appHealth(call: Call<undefined, RangeQuery>): Promise<AppHealthAnswer> {
  const { deps, app, query, nowMs } = call;
  const span = readSpan(query, nowMs);
  return reading(deps.pool, async (db) => {
    const health = needHealth((await readHealth(db, [app.id], nowMs)).get(app.id));
    const counts = await readCounts(db, app.id, span, nowMs, deps.config);
    const drains = (await listDrains(db, [app.id])).filter((drain) => !isArchived(drain, nowMs));
    const { redacted = 0, ...skipped } = counts.skipped;
    return {
      ...toHealth(health),
      app: app.name,
      from: counts.fromS,
      to: counts.toS,
      framesAccepted: counts.framesAccepted,
      framesDuplicate: counts.framesDuplicate,
      messagesByKind: counts.messagesByKind,
      skipped,
      redactions: redacted,
      gaps: (await readGaps(db, app.id, span.fromMs, span.toMs)).map(toGap),
      drains: drains.map(toDrain),
      unknownTokens: drains.filter((drain) => drain.state === 'new').length,
      quarantine: await readQuarantine(db, app.id, QUARANTINE_MAX),
    };
  });
}

async function drainTable({ deps, nowMs }: Call<undefined, undefined>): Promise<DrainsAnswer> {
  return reading(deps.pool, async (db) => {
    const apps = await listApps(db);
    const ids = apps.map((app) => app.id);
    const health = await readHealth(db, ids, nowMs);
    const frames = await readFramesOfLastHour(db, ids, nowMs);
    const drains = (await listDrains(db, ids)).filter((drain) => !isArchived(drain, nowMs));
    const refused = await listRefusedSenders(db, nowMs - HOUR, REFUSED_MAX);
    const names = new Set(apps.map((app) => app.name));
    return {
      nowMs,
      apps: apps.map((app) => ({
        app: app.name,
        createdAtMs: app.createdAtMs,
        strictTokens: app.strictTokens,
        customMetrics: app.customMetrics,
        health: toHealth(needHealth(health.get(app.id))),
        framesAccepted: frames.get(app.id)?.accepted ?? 0,
        framesDuplicate: frames.get(app.id)?.duplicate ?? 0,
        refused: refused.find(({ userName }) => userName === app.name)?.attempts ?? 0,
        drains: drains.filter((drain) => drain.appId === app.id).map(toDrain),
      })),
      strangers: refused.filter(({ userName }) => !names.has(userName)),
    };
  });
}

/** Long silent and never accepted: a review app that is gone (C-03). What it sent is in the app's history. */
function isArchived(drain: DrainInfo, nowMs: number): boolean {
  return drain.state === 'new' && nowMs - drain.lastReceivedMs > ARCHIVED_AFTER_MS;
}

/** Silent for so long that it is no news any more. */
function isLongSilent(drains: readonly DrainInfo[], appId: number, nowMs: number): boolean {
  return drains.every((drain) => drain.appId !== appId || nowMs - drain.lastReceivedMs > ARCHIVED_AFTER_MS);
}

function toDrain(drain: DrainInfo): DrainAnswer {
  const { appId: _appId, ...answer } = drain;
  return answer;
}

/** Answers also while the database is away: that is the time it is looked at. */
async function instanceHealth({ deps, nowMs }: Call<undefined, undefined>): Promise<InstanceHealthAnswer> {
  try {
    return await reading(deps.pool, async (db) => {
      const server = await readServer(db);
      const apps = await listApps(db);
      const listed = await listDrains(
        db,
        apps.map((app) => app.id),
      );
      const drains = listed.filter((drain) => !isArchived(drain, nowMs));
      const facts = {
        nowMs,
        server,
        processes: processesOf(
          deps.ownProcess?.() ?? null,
          await listProcesses(db, nowMs - HOUR, PROCESSES_MAX),
          nowMs,
        ),
        alerting: await listWatchAlerts(db),
        writers: await listWriters(db),
        compactionsDue: await countDueCompactions(db, nowMs),
        partitionLeadMs: await readPartitionLeadMs(db, nowMs),
        refusedSenders: await listRefusedSenders(db, nowMs - DAY, REFUSED_MAX),
        unknownTokens: drains.filter((drain) => drain.state === 'new').length,
        silentApps: apps
          .filter(
            (app) =>
              streamHealthOf(
                drains.filter((drain) => drain.appId === app.id),
                nowMs,
              ).state === 'silent' && !isLongSilent(listed, app.id, nowMs),
          )
          .map((app) => app.name),
      };
      return {
        database: 'ok' as const,
        serverTimeMs: nowMs,
        version: deps.version ?? '',
        refusedSenders: facts.refusedSenders,
        writers: facts.writers,
        compactionsDue: facts.compactionsDue,
        storage: await readStorage(db),
        processes: facts.processes,
        notices: noticesOf(facts),
      };
    });
  } catch (error) {
    if (toApiError(error).code !== 'databaseAway') throw error;
    return awayAnswer(deps, nowMs);
  }
}

/** This process as it is now, then the others as they last reported. */
function processesOf(own: OwnProcess | null, rows: readonly ProcessRow[], nowMs: number): ProcessAnswer[] {
  const others = rows.filter((row) => row.holder !== own?.holder);
  return [...(own === null ? [] : [ownAnswer(own, nowMs)]), ...others.map(toProcess)];
}

function ownAnswer(own: OwnProcess, nowMs: number): ProcessAnswer {
  const { startedAtMs, database: _, ...rest } = own;
  return { ...rest, startedMs: startedAtMs, seenMs: nowMs, isThis: true };
}

function toProcess({ startedAtMs, seenAtMs, status, roles, ...row }: ProcessRow): ProcessAnswer {
  return {
    ...row,
    roles: roles as Roles,
    startedMs: startedAtMs,
    seenMs: seenAtMs,
    isThis: false,
    // Of another release a field may be missing.
    ingest: status === null ? null : { ...idleIngest(), ...status, spool: { ...SPOOL_OFF, ...status.spool } },
  };
}

function awayAnswer(deps: ApiDeps, nowMs: number): InstanceHealthAnswer {
  const own = deps.ownProcess?.();
  return {
    database: 'away',
    serverTimeMs: nowMs,
    version: deps.version ?? '',
    refusedSenders: [],
    writers: [],
    compactionsDue: 0,
    storage: [],
    processes: own === undefined ? [] : [ownAnswer(own, nowMs)],
    notices: own === undefined ? [DATABASE_AWAY] : ownNotices({ ...own, database: 'away' }),
  };
}
