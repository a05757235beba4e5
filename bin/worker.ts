/** The worker process: alerting, delivery, partitions ahead, compaction, retention, for installations whose web process leaves them out. */

import { armKillPoints } from '../model/kill-point.ts';
import packageJson from '../package.json' with { type: 'json' };
import { buildPool } from '../store/pool.ts';
import { startDelivery, startWatchman } from './delivery.ts';
import { findBaseUrl, loadConfig } from './env.ts';
import { buildProcessLog } from './log.ts';
import { instanceOf } from './own-signs.ts';
import { dieOnMistakes, SAME_INTERRUPT_MS } from './serve.ts';
import { startWorkerLoops, WORKER_IDLE_LIMIT_MS } from './worker-loops.ts';

/** From the signal to the exit, at most; Heroku kills at 30 s. */
const DEADLINE_MS = 9_500;

function work(): void {
  const config = loadConfig(['databaseUrl', 'secret']);
  const log = buildProcessLog('worker', { instance: instanceOf(config.secret) });
  dieOnMistakes(log);
  armKillPoints(config.killPoints ?? '');
  const pool = buildPool({
    url: config.databaseUrl,
    ca: config.databaseCa,
    onHeroku: config.onHeroku,
    // Cancelling a statement and renewing a lease need one beside the one that works.
    max: Math.max(2, config.workerConnections),
    applicationName: 'drainboard-worker',
    idleLimitMs: WORKER_IDLE_LIMIT_MS,
    log,
  });
  const tells = {
    pool,
    config,
    log,
    version: packageJson.version,
    baseUrl: findBaseUrl(config, config.port),
  };
  const delivery = startDelivery(tells);
  const watchman = startWatchman(tells);
  const loops = startWorkerLoops({
    pool,
    config,
    logs: { hours: config.keepLogsHours, bytesMax: config.logsBytes },
    log,
    nowMs: Date.now,
    beat: delivery.beat,
  });
  log.info('worker.started', { connections: config.workerConnections });

  let stoppingMs: number | undefined;
  const stop = async (reason: string): Promise<void> => {
    if (stoppingMs !== undefined) {
      // SIGTERM may come several times; a person who presses Ctrl-C again means it.
      const isMeant = reason === 'SIGINT' && performance.now() - stoppingMs > SAME_INTERRUPT_MS;
      if (isMeant) process.exit(1);
      return;
    }
    stoppingMs = performance.now();
    log.info('process.stopping', { reason });
    // A database that hangs keeps nothing of ours: leases run out, and every step can be repeated (K-14).
    setTimeout(() => {
      log.warn('process.stopCut', { reason });
      process.exit(0);
    }, DEADLINE_MS).unref();
    await Promise.all([loops.stop(), delivery.stop(), watchman.stop()]);
    await pool.end();
    log.info('process.stopped', { reason });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
}

work();
