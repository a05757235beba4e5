import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { MIGRATIONS_DIRECTORY } from '../../store/migrate.ts';
import { compareBuckets, readCounts } from '../account.ts';
import { type Child, startChild } from '../child.ts';
import { addApp, rolledUp, type TestApp, until } from '../drain.ts';
import {
  freePort,
  killAll,
  startServer,
  startWeb,
  stopAll,
  type TestServer,
  type Web,
} from '../processes.ts';
import { PULSE_MESSAGES, type Pulse, startPulse } from './pulse.ts';

const RUNNER = fileURLToPath(new URL('../run-release.ts', import.meta.url));

let server: TestServer;
let web: Web;
/** The product's migrations, and those that a test adds. */
let directory: string;
/** Numbers go on: what one test applied stays. */
let version = 9_000;
const releases: Child[] = [];

beforeAll(async () => {
  server = await startServer();
  web = await startWeb(server, { port: await freePort() });
  directory = mkdtempSync(join(tmpdir(), 'drainboard-migrations-'));
  cpSync(MIGRATIONS_DIRECTORY, directory, { recursive: true });
});
beforeEach(() => {
  version++;
});
afterEach(async () => {
  for (const release of releases.splice(0)) {
    release.kill('SIGKILL');
    await release.exit;
  }
});
afterAll(async () => {
  await killAll();
  rmSync(directory, { recursive: true, force: true });
  await server.close();
});

/** Adds the next migration. */
function write(sql: string, name = 'test'): void {
  writeFileSync(join(directory, `${version}_${name}.sql`), `${sql}\n`);
}

function startRelease(lockTries = 20): Child {
  const release = startChild(RUNNER, [directory, String(lockTries)], { env: { DATABASE_URL: server.url } });
  releases.push(release);
  return release;
}

function lastEvent(release: Child): Record<string, unknown> {
  return JSON.parse(release.stdout().trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

async function isApplied(): Promise<boolean> {
  const { rowCount } = await server.pool.query('SELECT FROM schema_migrations WHERE version = $1', [version]);
  return rowCount === 1;
}

async function one<T>(sql: string): Promise<T | undefined> {
  const { rows } = await server.pool.query<{ value: T }>(sql);
  return rows[0]?.value;
}

/** An open transaction that has done one thing; ends it and gives its connection back. */
async function open(statement: string): Promise<{ end(): Promise<void> }> {
  const client = await server.pool.connect();
  await client.query(`BEGIN; ${statement}`);
  return {
    end: async () => {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

/** Ends the pulse: everything was answered 204, 99 % within a second, and every message counts once. */
async function expectUndisturbed(pulse: Pulse, app: TestApp): Promise<void> {
  const seen = await pulse.stop();
  expect(seen).toMatchObject({ refused: 0 });
  expect(seen.sent).toBeGreaterThan(50);
  expect(seen.p99Ms, JSON.stringify(seen)).toBeLessThan(1_000);
  await rolledUp(server.pool);
  expect((await readCounts(server.pool, app.id)).requests).toBe(seen.sent * PULSE_MESSAGES);
}

test('K-12 R-15 a release killed in the middle of a migration: nothing of it stays, the old release serves, a rerun completes', async () => {
  write('CREATE TABLE half_way (a int);\nSELECT pg_sleep(1.2);\nCREATE TABLE all_the_way (a int);');
  const app = await addApp(server.pool);
  const killed = startRelease();
  await until(() =>
    one(
      `SELECT true AS value FROM pg_stat_activity WHERE query LIKE '%half_way%' AND wait_event = 'PgSleep'`,
    ),
  );
  killed.kill('SIGKILL');
  expect(await killed.exit).toBe('SIGKILL');
  expect(await isApplied()).toBe(false);
  const pulse = startPulse(web.port, app);
  const rerun = startRelease();
  expect(await rerun.exit).toBe(0);
  expect(lastEvent(rerun)).toMatchObject({ event: 'release.done', applied: [version] });
  expect(await isApplied()).toBe(true);
  expect(await one(`SELECT to_regclass('all_the_way') IS NOT NULL AS value`)).toBe(true);
  await expectUndisturbed(pulse, app);
});

test('K-12 killed while an index was being built concurrently: what is left of it is built anew by the rerun', async () => {
  write('-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS gaps_test ON gaps (cause);\nSELECT 1;');
  const isValid = (): Promise<boolean | undefined> =>
    one(`SELECT indisvalid AS value FROM pg_index WHERE indexrelid = to_regclass('gaps_test')`);
  const writer = await open('LOCK TABLE gaps IN ROW EXCLUSIVE MODE');
  const killed = startRelease();
  // The build waits for whoever may be writing.
  await until(async () => (await isValid()) === false);
  killed.kill('SIGKILL');
  await killed.exit;
  await server.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drainboard-release'`,
  );
  await writer.end();
  expect([await isValid(), await isApplied()]).toEqual([false, false]);
  const rerun = startRelease();
  expect(await rerun.exit).toBe(0);
  expect([await isValid(), await isApplied()]).toEqual([true, true]);
});

test('U-03 R-15 a migration meets a lock that stays: tried again, then one sentence and exit 1; the old release answers meanwhile', async () => {
  write('ALTER TABLE chunks ADD COLUMN test_note text;');
  const app = await addApp(server.pool);
  // A long reader: it would be in nobody's way, if nobody waited for an exclusive lock.
  const reader = await open('SELECT count(*) FROM chunks');
  const pulse = startPulse(web.port, app);
  const failed = startRelease(3);
  expect(await failed.exit).toBe(1);
  const last = lastEvent(failed);
  expect(last).toMatchObject({ event: 'release.failed', fault: 'lockTimeout' });
  expect(String(last.hint)).toContain('the release before goes on serving');
  expect(failed.stdout().split('"migration.lockWait"')).toHaveLength(3);
  expect(await isApplied()).toBe(false);
  await expectUndisturbed(pulse, app);
  const patient = startRelease();
  await patient.says(/migration\.lockWait/);
  await reader.end();
  expect(await patient.exit).toBe(0);
  expect(await isApplied()).toBe(true);
});

test('U-04 two releases migrate at once: one works, the other waits and finds it done', async () => {
  write('CREATE TABLE of_two (a int);\nSELECT pg_sleep(0.4);');
  const both = [startRelease(), startRelease()];
  expect(await Promise.all(both.map(({ exit }) => exit))).toEqual([0, 0]);
  const applied = both.map((release) => lastEvent(release).applied);
  expect(applied).toContainEqual([version]);
  expect(applied).toContainEqual([]);
});

test('R-15 U-01 a release that adds columns and indexes while frames flow: 99 % are answered within a second, counts are exact', async () => {
  const app = await addApp(server.pool);
  const pulse = startPulse(web.port, app);
  await sleep(500);
  write(
    `ALTER TABLE chunks ADD COLUMN test_kind smallint NOT NULL DEFAULT 0;
ALTER TABLE frames ADD COLUMN test_kind smallint;
ALTER TABLE count_buckets_10s ADD COLUMN test_kind bigint;
ALTER TABLE drains ADD COLUMN test_kind text NOT NULL DEFAULT '';
CREATE INDEX chunks_test ON chunks (seq);
CREATE TABLE test_things (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, app_id int REFERENCES apps (id));`,
  );
  const release = startRelease();
  expect(await release.exit).toBe(0);
  version++;
  write(
    `-- no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS series_test ON series (created_at_ms);
ALTER TABLE series ADD COLUMN IF NOT EXISTS test_kind text;`,
  );
  const second = startRelease();
  expect(await second.exit).toBe(0);
  expect(await isApplied()).toBe(true);
  await sleep(300);
  await expectUndisturbed(pulse, app);
  await stopAll();
  expect(await compareBuckets(server.pool)).toEqual([]);
  expect(web.stdout()).not.toContain('"level":"error"');
});
