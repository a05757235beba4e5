/** The web process as several, by WEB_CONCURRENCY: what each of them gets of the dyno's memory and of the database. */
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Log } from '../model/log.ts';
import { readConnectionLimit } from '../store/connections.ts';
import { buildPool } from '../store/pool.ts';
import { runCluster } from './cluster.ts';
import { type ConnectionPlan, planConnections, SPARE_CONNECTIONS } from './connections.ts';
import { type ConfigWith, type Environment, readEnvironment } from './env.ts';
import { heapArguments } from './heap.ts';
import { type Running, requireFreePort, type StopStep } from './serve.ts';
import { SETTINGS } from './settings.ts';

type ClusterConfig = ConfigWith<'databaseUrl' | 'secret'>;

const WEB = fileURLToPath(new URL('web.ts', import.meta.url));

/**
 * Starts WEB_CONCURRENCY web processes, or as many as the database has connections for, and resolves when all of them
 * listen. Throws an Error with a sentence when the port is taken or not even one process fits.
 */
export async function runWebCluster(config: ClusterConfig, log: Log, last?: StopStep): Promise<Running> {
  if (config.port !== 0) await requireFreePort(config.port);
  const plan = await planWeb(config, log);
  return runCluster({
    processes: plan.processes,
    program: WEB,
    nodeArguments: heapArguments({
      perProcessMib: config.webMemoryMib,
      containerBytes: process.constrainedMemory(),
      machineBytes: totalmem(),
      processes: plan.processes,
      given: [...process.execArgv, readEnvironment().NODE_OPTIONS ?? ''],
    }),
    environmentOf: (slot, starts) => environmentOf(config, plan, slot, starts),
    log,
    last,
  });
}

async function planWeb(config: ClusterConfig, log: Log): Promise<ConnectionPlan> {
  const limit = await askLimit(config, log);
  const hasLoops = config.worker === 'in-web';
  const wanted = {
    processes: config.webConcurrency,
    ingestConnections: config.ingestConnections,
    apiConnections: config.apiConnections,
    workerConnections: config.workerConnections,
  };
  const plan = planConnections(wanted, { limit, hasLoops });
  if (plan === null) {
    throw new Error(
      `the database allows ${limit} connections, of which ${SPARE_CONNECTIONS} are kept for releases and commands: ` +
        'that is too few for one web process; take a larger plan',
    );
  }
  const { isFitted, ...facts } = plan;
  if (isFitted)
    log.warn('connections.fitted', { ...facts, limit, wantedProcesses: wanted.processes, hint: HINT });
  else log.info('connections.planned', { ...facts, limit });
  return plan;
}

const HINT =
  'not everything that was asked for fits what the database allows: lower WEB_CONCURRENCY or take a larger plan';

/** null when the database does not answer: the children wait for it, and so need not we. */
async function askLimit(config: ClusterConfig, log: Log): Promise<number | null> {
  const { databaseUrl: url, databaseCa: ca, onHeroku } = config;
  const pool = buildPool({
    url,
    ca,
    onHeroku,
    max: 1,
    applicationName: 'drainboard-primary',
    log,
    queryTimeoutMs: 5_000,
  });
  try {
    return await readConnectionLimit(pool);
  } catch (error) {
    log.warn('connections.unknown', { error });
    return null;
  } finally {
    await pool.end();
  }
}

/** What a child is told beyond what this process was: secrets of the data folder, its share, its duties. */
function environmentOf(
  config: ClusterConfig,
  plan: ConnectionPlan,
  slot: number,
  starts: number,
): Environment {
  return {
    [SETTINGS.databaseUrl.name]: config.databaseUrl,
    [SETTINGS.secret.name]: config.secret,
    [SETTINGS.setupToken.name]: config.setupToken ?? '',
    [SETTINGS.dataDir.name]: config.dataDir,
    [SETTINGS.port.name]: String(config.port),
    [SETTINGS.webConcurrency.name]: String(plan.processes),
    [SETTINGS.ingestConnections.name]: String(plan.ingestConnections),
    [SETTINGS.apiConnections.name]: String(plan.apiConnections),
    [SETTINGS.workerConnections.name]: String(plan.workerConnections),
    // Leases make any number of loops safe; one is enough.
    [SETTINGS.worker.name]: slot === 0 ? config.worker : 'separate',
    // A fault of a test happens once: whoever comes after lives.
    ...(starts > 0 && { [SETTINGS.killPoints.name]: '' }),
  };
}
