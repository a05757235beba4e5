import type { Log } from '../model/log.ts';
import { buildPool, type Pool, parseDatabaseUrl } from './pool.ts';

/**
 * The statements about whole databases that only the embedded server, the command line and the tests
 * need. Each opens a connection of its own and closes it.
 */
async function withOneConnection<T>(url: string, log: Log, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = buildPool({ url, max: 1, applicationName: 'drainboard-admin', log });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

/** Asks the server the simplest question. Throws what the driver throws. */
export async function pingDatabase(url: string, log: Log): Promise<{ versionNumber: number }> {
  return withOneConnection(url, log, async (pool) => {
    const { rows } = await pool.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int AS version`,
    );
    return { versionNumber: rows[0]?.version ?? 0 };
  });
}

/** Makes the database the URL names if it is not there. Needs the right to connect to `postgres`. */
export async function ensureDatabase(url: string, log: Log): Promise<void> {
  const { database } = parseDatabaseUrl(url);
  await withOneConnection(withDatabase(url, 'postgres'), log, async (pool) => {
    const { rowCount } = await pool.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await pool.query(`CREATE DATABASE ${quoteName(database)}`);
  });
}

/** Makes `database` a copy of `template`, to which nobody may be connected. */
export async function cloneDatabase(
  url: string,
  template: string,
  database: string,
  log: Log,
): Promise<void> {
  await withOneConnection(withDatabase(url, 'postgres'), log, async (pool) => {
    await pool.query(`CREATE DATABASE ${quoteName(database)} TEMPLATE ${quoteName(template)}`);
  });
}

/** Removes a database, ending whoever is connected to it. Not there is fine. */
export async function dropDatabase(url: string, database: string, log: Log): Promise<void> {
  await withOneConnection(withDatabase(url, 'postgres'), log, async (pool) => {
    await pool.query(`DROP DATABASE IF EXISTS ${quoteName(database)} WITH (FORCE)`);
  });
}

/**
 * How many other clients are connected to the server, over all databases. Those of `own` application name are none: the
 * server may take a moment to see that their connections are closed.
 */
export async function countOtherClients(url: string, own: string, log: Log): Promise<number> {
  return withOneConnection(url, log, async (pool) => {
    const { rows } = await pool.query<{ clients: number }>(
      `SELECT count(*) AS clients FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> $1`,
      [own],
    );
    return rows[0]?.clients ?? 0;
  });
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
