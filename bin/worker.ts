/** The worker process: partitions ahead, compaction, retention, for installations whose web process leaves them out. */
import { buildPool } from '../store/pool.ts';
import { loadConfig } from './env.ts';
import { buildProcessLog } from './log.ts';
import { instanceOf } from './own-signs.ts';
import { dieOnMistakes } from './serve.ts';
import { startWorkerLoops } from './worker-loops.ts';

/** From the signal to the exit, at most; Heroku kills at 30 s. */
const DEADLINE_MS = 9_500;

function work(): void {
  const config = loadConfig(['databaseUrl']);
  const log = buildProcessLog(
    'worker',
    config.secret === undefined ? {} : { instance: instanceOf(config.secret) },
  );
  dieOnMistakes(log);
  const pool = buildPool({
    url: config.databaseUrl,
    ca: config.databaseCa,
    onHeroku: config.onHeroku,
    // Cancelling a statement and renewing a lease need one beside the one that works.
    max: Math.max(2, config.workerConnections),
    applicationName: 'drainboard-worker',
    log,
  });
  const loops = startWorkerLoops({ pool, config, log, nowMs: Date.now });
  log.info('worker.started', { connections: config.workerConnections });

  let isStopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info('process.stopping', { reason });
    setTimeout(() => process.exit(1), DEADLINE_MS).unref();
    await loops.stop();
    await pool.end();
    log.info('process.stopped', { reason });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
}

work();
