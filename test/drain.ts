/** The receiving half on a real socket and a real database, inside the test's own process. */

import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildHttpServer } from '../bin/serve.ts';
import { buildDrain, type Drain, type DrainOptions } from '../drain/drain.ts';
import type { Body } from '../drain/target.ts';
import type { Log, LogFields } from '../model/log.ts';
import { type AppRow, createApp } from '../store/apps.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';

export type { Body };

export const TEST_KEY = 'k'.repeat(40);

export interface Logged {
  level: 'info' | 'warn' | 'error';
  event: string;
  fields: LogFields;
}

export interface TestDrain {
  port: number;
  drain: Drain;
  /** Every event of the log so far. */
  logged: Logged[];
  /** The pool of commits, for a test that wraps it. */
  commitPool: Pool;
  pool: Pool;
  keepAliveTimeoutMs: number;
  /** A drain URL with credentials. */
  urlOf(app: { name: string; secret: string }, path?: string): string;
  /** Commits and rolls up what waits, closes the writer and the server. Twice is one stop. */
  stop(): Promise<void>;
}

export interface TestDrainOptions extends Partial<DrainOptions> {
  /** Another way to the database than the test's own, such as a proxy. */
  databaseUrl?: string;
  commitReplyMs?: number;
}

export async function startDrain(
  database: { url: string; pool: Pool },
  { databaseUrl = database.url, commitReplyMs = 5_000, ...options }: TestDrainOptions = {},
): Promise<TestDrain> {
  const logged: Logged[] = [];
  const log = recordingLog(logged);
  const base = { url: databaseUrl, log };
  const commitPool =
    options.commitPool ??
    buildPool({ ...base, max: 1, applicationName: 'test-commit', queryTimeoutMs: commitReplyMs });
  const pool = options.pool ?? buildPool({ ...base, max: 3, applicationName: 'test-ingest' });
  await ensurePartitions(database.pool, { nowMs: Date.now(), ahead: 1 });
  const drain = buildDrain({
    key: TEST_KEY,
    holder: 'test',
    maxBodyBytes: 1024 * 1024,
    maxMessages: 10_000,
    heldBytesMax: 64 * 1024 * 1024,
    frameMemoryHours: 6,
    storeClientAddresses: false,
    onRolledUp: () => {},
    rollUpEveryMs: 100,
    refreshEveryMs: 1_000,
    ...options,
    log,
    pool,
    commitPool,
  });
  const server = buildHttpServer((request, response) => drain.handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await drain.stop();
    await Promise.all([pool.end(), commitPool.end()]);
  };
  return {
    port,
    drain,
    logged,
    commitPool,
    pool,
    keepAliveTimeoutMs: server.keepAliveTimeout,
    urlOf: ({ name, secret }, path = '/drain') => `http://${name}:${secret}@127.0.0.1:${port}${path}`,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function recordingLog(into: Logged[]): Log {
  const record =
    (level: Logged['level']) =>
    (event: string, fields: LogFields = {}): void => {
      into.push({ level, event, fields });
    };
  return { info: record('info'), warn: record('warn'), error: record('error') };
}

export type TestApp = AppRow & { secret: string };

let apps = 0;

/** An app of its own for a test, so that tests of one file cannot disturb one another. */
export async function addApp(pool: Pool, name = `app-${++apps}`): Promise<TestApp> {
  const { app, secret } = await createApp(pool, { name, key: TEST_KEY, nowMs: Date.now() });
  return { ...app, secret };
}

/** Waits until everything that is committed is rolled up. */
export async function rolledUp(pool: Pool, patienceMs = 20_000): Promise<void> {
  await until(async () => {
    const { rows } = await pool.query<{ behind: number }>(
      'SELECT count(*) AS behind FROM writers WHERE checkpoint_seq < seq',
    );
    return rows[0]?.behind === 0;
  }, patienceMs);
}

/** Waits until a condition holds; throws when it does not in time. */
export async function until(condition: () => unknown, patienceMs = 10_000): Promise<void> {
  const startedMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedMs > patienceMs)
      throw new Error(`not within ${patienceMs} ms: ${condition}`);
    await sleep(15);
  }
}
