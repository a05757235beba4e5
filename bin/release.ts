/** The release phase: applies what is missing of the schema and exits. A failure leaves the release before serving. */
import type { Log } from '../model/log.ts';
import {
  type MigrateOptions,
  MigrationError,
  type MigrationFault,
  migrate,
  readMigrationState,
} from '../store/migrate.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { type ConfigWith, loadConfig } from './env.ts';
import { buildProcessLog } from './log.ts';

/** What to do about a failure, where that is not in its message. */
const HINTS: Partial<Record<MigrationFault, string>> = {
  lockTimeout:
    'the release before goes on serving; end what keeps the table locked (a long transaction, a backup) and deploy again',
  failed:
    'the release before goes on serving; what was applied stays, and the next release goes on from there',
};

/** Gives the status to exit with. Safe twice, beside another one, and after one that was killed half-way. */
export async function runRelease(
  config: ConfigWith<'databaseUrl'>,
  log: Log,
  options: Omit<MigrateOptions, 'log'> = {},
): Promise<number> {
  const pool = buildPool({
    url: config.databaseUrl,
    ca: config.databaseCa,
    onHeroku: config.onHeroku,
    max: 2,
    applicationName: 'drainboard-release',
    log,
  });
  try {
    const applied = await migrate(pool, { ...options, log });
    const { ahead } = await readMigrationState(pool, options.directory);
    await makePartitions(pool, log);
    log.info('release.done', { applied, ...(ahead.length > 0 && { ahead }) });
    return 0;
  } catch (error) {
    const fault = error instanceof MigrationError ? error.fault : undefined;
    const hint = fault === undefined ? undefined : HINTS[fault];
    log.error('release.failed', {
      ...(fault !== undefined && { fault }),
      error,
      ...(hint !== undefined && { hint }),
    });
    return 1;
  } finally {
    await pool.end();
  }
}

/** The first frames need not wait for the first round of a worker. Theirs is not to fail a release. */
async function makePartitions(pool: Pool, log: Log): Promise<void> {
  try {
    await ensurePartitions(pool, { nowMs: Date.now(), ahead: 3 });
  } catch (error) {
    log.warn('release.noPartitions', { error });
  }
}

if (import.meta.main) {
  process.exitCode = await runRelease(loadConfig(['databaseUrl']), buildProcessLog('release'));
}
