#!/usr/bin/env node
/** The web process: drain, API and UI on one port, and the worker's loops at small size. */
import { hostname } from 'node:os';
import { getRequestListener } from '@hono/node-server';
import { buildApi } from '../api/app.ts';
import { buildDrain, type Drain, type DrainOptions } from '../drain/drain.ts';
import { findRequestInChunks } from '../drain/lookup.ts';
import { isDrainPath } from '../drain/request.ts';
import { countLogged } from '../drain/slo-history.ts';
import { armKillPoints } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { HOUR } from '../model/time.ts';
import packageJson from '../package.json' with { type: 'json' };
import { onPartitionMissed } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { isClusterChild, obeyPrimary } from './cluster-child.ts';
import { type Delivery, startDelivery, startWatchman } from './delivery.ts';
import type { ConfigWith } from './env.ts';
import { findBaseUrl, loadConfig } from './env.ts';
import { Health } from './health.ts';
import { countMessages, heldShareOf, ingestHealth } from './ingest-health.ts';
import { Live } from './live.ts';
import { forgetSetupToken } from './local.ts';
import { buildProcessLog } from './log.ts';
import { memoryLimitBytes, readMemoryFacts } from './memory-limit.ts';
import { instanceOf, ownSignsOf } from './own-signs.ts';
import { Peers } from './peers.ts';
import { buildHttpServer, dieOnMistakes, type Running, type StopStep, serve } from './serve.ts';
import { PROJECT_FOLDER } from './settings.ts';
import { Shedder } from './shedder.ts';
import { runWebCluster } from './web-cluster.ts';
import { startWorkerLoops, WORKER_IDLE_LIMIT_MS } from './worker-loops.ts';

const VERSION = packageJson.version;

export type WebConfig = ConfigWith<'databaseUrl' | 'secret'>;

/** Replies of a commit that do not come within this are given up, and asked for again (P-17). */
const COMMIT_REPLY_MS = 5_000;
const ROLLUP_REPLY_MS = 60_000;
const QUERY_TIMEOUT_MS = 10_000;
/** A form that shows what an objective would have done waits about so long for the exact part of it. */
const COUNT_IN_LOG_MS = 3_000;

const NOT_AHEAD =
  'no worker has made partitions ahead: they are made as frames need them and nothing is lost, but check the worker';

/** Starts everything a web process does and listens; the answer stops it in order, `last` after everything else. */
export async function runWeb(config: WebConfig, log: Log, last?: StopStep): Promise<Running> {
  const stopping = new AbortController();
  const base = {
    url: config.databaseUrl,
    ca: config.databaseCa,
    onHeroku: config.onHeroku,
    log,
  };
  const pools: Record<'commit' | 'ingest' | 'api' | 'worker', Pool> = {
    // Reserved for commits: a busy dashboard never makes a frame wait for a connection (P-10).
    commit: buildPool({
      ...base,
      max: 1,
      keep: 1,
      applicationName: 'drainboard-commit',
      queryTimeoutMs: COMMIT_REPLY_MS,
    }),
    ingest: buildPool({
      ...base,
      max: Math.max(2, config.ingestConnections - 1),
      keep: 1,
      applicationName: 'drainboard-ingest',
      queryTimeoutMs: ROLLUP_REPLY_MS,
    }),
    // Its own: retention waits for locks on two connections, and no roll-up may wait behind that.
    worker: buildPool({
      ...base,
      max: Math.max(2, config.workerConnections),
      applicationName: 'drainboard-worker',
      idleLimitMs: WORKER_IDLE_LIMIT_MS,
    }),
    api: buildPool({
      ...base,
      max: config.apiConnections,
      applicationName: 'drainboard-api',
      statementTimeoutMs: QUERY_TIMEOUT_MS,
      queryTimeoutMs: QUERY_TIMEOUT_MS + 2_000,
    }),
  };
  for (const pool of [pools.commit, pools.ingest]) {
    onPartitionMissed(pool, (table) => log.error('partitions.notAhead', { table, hint: NOT_AHEAD }));
  }
  const live = new Live({
    pool: pools.api,
    log,
    nowMs: Date.now,
    redisUrl: config.redisUrl,
    onHeroku: config.onHeroku,
  });
  const holder = `${config.dyno ?? hostname()}:${process.pid}`;
  let messages = 0;
  const shedder = new Shedder({
    log,
    limitBytes: limitOf(config),
    held: () => heldShareOf(drain, config.heldBytes),
    onChange: (parts) => drain?.squeeze(parts.includes('ingest')),
  });
  const drain =
    config.roles === 'api'
      ? undefined
      : buildDrainOf(config, pools, log, holder, {
          delayRollUp: () => shedder.gaveWay('rollUps'),
          onRolledUp: (apps) => {
            messages += countMessages(apps);
            live.onRolledUp(apps);
          },
        });
  const streamGauge = { open: 0, refused: 0 };
  const health = new Health({
    pool: pools.ingest,
    log,
    nowMs: Date.now,
    who: { holder, dyno: config.dyno ?? hostname(), version: VERSION, roles: config.roles },
    ingest: () =>
      drain === undefined ? null : ingestHealth({ config, drain, peers, shedder, streamGauge, messages }),
  });
  const api = buildApi({
    pool: pools.api,
    config,
    nowMs: Date.now,
    live,
    log,
    setupToken: config.setupToken ?? '',
    version: VERSION,
    uiDir: `${PROJECT_FOLDER}dist/ui`,
    stopping: stopping.signal,
    ownProcess: () => health.own(),
    gaveWay: (part) => shedder.gaveWay(part),
    streamGauge,
    onClaimed: () => {
      if (!config.onHeroku) forgetSetupToken(config.dataDir);
    },
    findRequestInChunks: async ({ appId, requestId, fromMs, toMs }) => {
      const found = await findRequestInChunks(pools.api, appId, requestId, fromMs, toMs);
      return found.map(({ reason, ...request }) => ({ ...request, why: reason }));
    },
    countInLog: (query) => countLogged(pools.api, { ...query, timeMs: COUNT_IN_LOG_MS }),
  });
  const apiListener = getRequestListener(api.fetch);
  const server = buildHttpServer((request, response) => {
    if (isDrainPath(request.url ?? '')) {
      if (drain !== undefined) drain.handle(request, response);
      else response.writeHead(404, { 'content-length': '0' }).end();
      return;
    }
    void apiListener(request, response);
  });
  const peers = new Peers(server, { max: config.maxConnections });
  const steps: StopStep[] = [
    ...(last === undefined ? [] : [last]),
    ...Object.entries(pools).map(([name, pool]) => ({ name: `pool ${name}`, stop: () => pool.end() })),
    { name: 'live', stop: () => live.stop() },
    { name: 'health', stop: () => health.stop() },
    { name: 'shedder', stop: async () => shedder.stop() },
  ];
  let watchman: Pick<Delivery, 'stop'> | undefined;
  steps.push({ name: 'watchman', stop: async () => watchman?.stop() });
  const tells = { config, log, version: VERSION, baseUrl: findBaseUrl(config, config.port) };
  const delivery = config.worker === 'in-web' ? startDelivery({ ...tells, pool: pools.worker }) : undefined;
  if (delivery !== undefined) steps.push({ name: 'delivery', stop: () => delivery.stop() });
  if (drain !== undefined) steps.push({ name: 'drain', stop: () => drain.stop() });
  if (config.worker === 'in-web') {
    const loops = startWorkerLoops({
      beat: delivery?.beat,
      pool: pools.worker,
      config,
      logs: { hours: config.keepLogsHours, bytesMax: config.logsBytes },
      log,
      nowMs: Date.now,
      gaveWay: () => shedder.gaveWay('evaluation'),
    });
    steps.push({ name: 'worker loops', stop: () => loops.stop() });
  }
  health.start();
  const running = await serve({ server, port: config.port, stopping, onStop: steps, log });
  obeyPrimary(server, running);
  // Beside the pool of a worker in this process, which it looks after.
  watchman = startWatchman({
    ...tells,
    pool: pools.api,
    drainUrl: drain === undefined ? undefined : `http://127.0.0.1:${running.port}`,
  });
  return running;
}

function limitOf(config: WebConfig): number {
  return memoryLimitBytes(
    readMemoryFacts({
      limitMib: config.memoryMib,
      perProcessMib: config.webMemoryMib,
      processes: config.webConcurrency,
    }),
  );
}

function buildDrainOf(
  config: WebConfig,
  pools: { commit: Pool; ingest: Pool },
  log: Log,
  holder: string,
  hooks: Pick<DrainOptions, 'onRolledUp' | 'delayRollUp'>,
): Drain {
  // Opened at once, and kept: who comes first has a connection when there are no more (P-10).
  pools.commit.query('SELECT 1').catch(() => {});
  return buildDrain({
    commitPool: pools.commit,
    pool: pools.ingest,
    log,
    key: config.secret,
    holder,
    maxBodyBytes: config.maxBodyBytes,
    maxMessages: config.maxMessages,
    heldBytesMax: config.heldBytes,
    frameMemoryHours: config.frameMemoryMs / HOUR,
    storeClientAddresses: config.storeClientAddresses,
    logs: {
      byDefault: config.keepLogsHours > 0,
      linesPerSecond: config.logLinesPerSecond,
      routerLinesPerSecond: config.logRouterLinesPerSecond,
    },
    ownSigns: ownSignsOf(config),
    ...hooks,
    ...(config.redisUrl !== undefined && {
      spool: { url: config.redisUrl, onHeroku: config.onHeroku, plannedBytes: config.spoolBytes },
    }),
  });
}

if (import.meta.main) {
  const config = loadConfig(['databaseUrl', 'secret']);
  const log = buildProcessLog('web', { instance: instanceOf(config.secret) });
  dieOnMistakes(log);
  if (config.webConcurrency > 1 && !isClusterChild()) {
    await runWebCluster(config, log);
  } else {
    armKillPoints(config.killPoints ?? '');
    const running = await runWeb(config, log);
    log.info('web.listening', { port: running.port, pid: process.pid });
  }
}
