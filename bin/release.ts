import { MigrationError, migrate, readMigrationState } from '../store/migrate.ts';
import { buildPool } from '../store/pool.ts';
import { loadConfig } from './env.ts';
import { buildProcessLog } from './log.ts';

/** The release phase: applies what is missing and exits. A failure leaves the release before serving. */
async function release(): Promise<number> {
  const config = loadConfig(['databaseUrl']);
  const log = buildProcessLog('release');
  const pool = buildPool({
    url: config.databaseUrl,
    ca: config.databaseCa,
    onHeroku: config.onHeroku,
    max: 2,
    applicationName: 'drainboard-release',
    log,
  });
  try {
    const applied = await migrate(pool, { log });
    const { ahead } = await readMigrationState(pool);
    log.info('release.done', { applied, ...(ahead.length > 0 && { ahead }) });
    return 0;
  } catch (error) {
    log.error('release.failed', { ...(error instanceof MigrationError && { fault: error.fault }), error });
    return 1;
  } finally {
    await pool.end();
  }
}

process.exitCode = await release();
