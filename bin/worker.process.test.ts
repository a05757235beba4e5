import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { migrate } from '../store/migrate.ts';
import { listPartitions } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { type Child, startChild } from '../test/child.ts';
import { type Embedded, startEmbedded } from './embedded/server.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-worker-'));
let server: Embedded;
let pool: Pool;
let child: Child | undefined;

beforeAll(async () => {
  server = await startEmbedded({ dataDir, log: silentLog });
  pool = buildPool({ url: server.url, max: 2, applicationName: 'test', log: silentLog });
  await migrate(pool, { log: silentLog });
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await pool.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test('P-21 K-13 a worker makes the partitions of now and ends cleanly on SIGTERM', async () => {
  child = startChild('bin/worker.ts', [], {
    env: { DATABASE_URL: server.url, DRAINBOARD_SECRET: 'k'.repeat(40) },
  });
  await child.says(/partitions\.made/);
  const now = Date.now();
  const partitions = (await listPartitions(pool)).filter(({ table }) => table === 'chunks');
  expect(partitions.some(({ from, to }) => from <= now && now < to)).toBe(true);
  const startedMs = performance.now();
  child.kill('SIGTERM');
  expect(await child.exit).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(child.stdout()).toContain('process.stopped');
});

test('U-07 without a database it says what is missing and ends', async () => {
  const lost = startChild('bin/worker.ts');
  expect(await lost.exit).toBe(1);
  expect(lost.stderr()).toContain('DATABASE_URL');
});
