import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { silentLog } from '../model/log.ts';
import { cloneDatabase, dropDatabase, ensureDatabase, withDatabase } from '../store/database.ts';
import { buildPool, type Pool } from '../store/pool.ts';

/** A database of one's own on the run's real Postgres. */
export interface TestDatabase {
  url: string;
  name: string;
  pool: Pool;
  /** Closes the pool and removes the database, ending whoever is still connected. */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Without tables, for tests of migrating itself. */
  empty?: boolean;
  /** Most connections of its pool. */
  max?: number;
}

/**
 * Clones the migrated template. Call it in `beforeAll` of a `*.pg.test.ts` (or browser) file and `close()`
 * in `afterAll`: files then cannot disturb one another, however many run at once.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = inject('databaseUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = withDatabase(server, name);
  if (options.empty === true) await ensureDatabase(url, silentLog);
  else await cloneDatabase(server, inject('templateDatabase'), name, silentLog);
  const pool = buildPool({ url, max: options.max ?? 5, applicationName: 'drainboard-test', log: silentLog });
  return {
    url,
    name,
    pool,
    close: async () => {
      await pool.end();
      await dropDatabase(server, name, silentLog);
    },
  };
}
