import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { dropDatabase, ensureDatabase, withDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { buildPool } from '../store/pool.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the server the tests may use. */
    databaseUrl: string;
    /** A migrated, empty database that nobody connects to, to be cloned. */
    templateDatabase: string;
  }
}

/**
 * One real Postgres for a test run: TEST_DATABASE_URL (a role that may create databases), or an embedded
 * one in a temporary folder. The migrated template is made once and cloned per test file by test/pg.ts.
 */
export default async function setupPostgres(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  const template = `drainboard_template_${process.pid}_${project.name}`;
  await dropDatabase(server.url, template, silentLog);
  await ensureDatabase(withDatabase(server.url, template), silentLog);
  const pool = buildPool({
    url: withDatabase(server.url, template),
    max: 2,
    applicationName: 'drainboard-test-template',
    log: silentLog,
  });
  try {
    await migrate(pool, { log: silentLog });
  } finally {
    await pool.end();
  }
  project.provide('databaseUrl', server.url);
  project.provide('templateDatabase', template);
  return async () => {
    await dropDatabase(server.url, template, silentLog);
    await server.stop();
  };
}

async function startServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== '') return { url: given, stop: async () => {} };
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-test-'));
  const server = await startEmbedded({ dataDir, log: silentLog, settings: { max_connections: '200' } });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
