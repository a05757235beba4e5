import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DAY, HOUR } from '../../model/time.ts';
import {
  ensurePartitions,
  ensurePartitionsForRange,
  listPartitions,
  PARTITIONED,
  type PartitionedTable,
  readPartitionLeadMs,
  retirePartitions,
} from '../../store/partitions.ts';
import { compareBuckets, readCounts } from '../account.ts';
import { startChild } from '../child.ts';
import { addApp, rolledUp, TEST_KEY, type TestApp } from '../drain.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { PULSE_MESSAGES, type Pulse, startPulse } from './pulse.ts';

const WORKER = fileURLToPath(new URL('../../bin/worker.ts', import.meta.url));

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
afterEach(killAll);
afterAll(() => server.close());

/** Ends the pulse: everything was answered 204, 99 % within a second, and every message counts once. */
async function expectUndisturbed(pulse: Pulse, app: TestApp): Promise<void> {
  const seen = await pulse.stop();
  expect(seen).toMatchObject({ refused: 0 });
  expect(seen.sent).toBeGreaterThan(50);
  expect(seen.p99Ms, JSON.stringify(seen)).toBeLessThan(1_000);
  await rolledUp(server.pool);
  expect((await readCounts(server.pool, app.id)).requests).toBe(seen.sent * PULSE_MESSAGES);
  expect(await compareBuckets(server.pool)).toEqual([]);
}

test('P-20 P-21 after seven days without maintenance frames get their partitions on demand, the log says so, nothing is lost', async () => {
  await ensurePartitions(server.pool, { nowMs: Date.now() - 7 * DAY, ahead: 3 });
  expect(await readPartitionLeadMs(server.pool, Date.now())).toBe(0);
  const web = await startWeb(server, { port: await freePort(), env: { DRAINBOARD_WORKER: 'separate' } });
  const app = await addApp(server.pool);
  const pulse = startPulse(web.port, app);
  await web.says(/"partitions\.notAhead".*"table":"chunks"/);
  await web.says(/"partitions\.notAhead".*"table":"frames"/);
  await sleep(2_500);
  await expectUndisturbed(pulse, app);
  // No more than was needed was made: it is for a worker to run ahead.
  expect(await readPartitionLeadMs(server.pool, Date.now())).toBeLessThanOrEqual(HOUR);
  expect(web.stdout().split('partitions.notAhead').length).toBeLessThan(7);
  const worker = startChild(WORKER, [], {
    env: { DATABASE_URL: server.url, DRAINBOARD_SECRET: TEST_KEY },
  });
  await worker.says(/partitions\.made/);
  worker.kill('SIGTERM');
  expect(await worker.exit).toBe(0);
  expect(await readPartitionLeadMs(server.pool, Date.now())).toBeGreaterThan(2 * HOUR);
});

const TABLES: PartitionedTable[] = [
  'chunks',
  'frames',
  'count_buckets_10s',
  'sample_buckets_10s',
  'request_details',
];

test('P-12 beside a reader that stays open, partitions are made and dropped under load: 99 % of frames within a second', async () => {
  const nowMs = Date.now();
  const unitsOf = (table: PartitionedTable, ms: number): number => ms / PARTITIONED[table].unitMs;
  await ensurePartitions(server.pool, { nowMs, ahead: 1 });
  for (const table of TABLES) {
    const old = unitsOf(table, nowMs - 20 * DAY);
    await ensurePartitionsForRange(server.pool, table, old, old);
  }
  // Retention of its own would be faster than we are.
  const web = await startWeb(server, { port: await freePort(), env: { DRAINBOARD_WORKER: 'separate' } });
  const app = await addApp(server.pool);
  const client = await server.pool.connect();
  await client.query(`BEGIN; ${TABLES.map((table) => `SELECT count(*) FROM ${table}`).join('; ')}`);
  const pulse = startPulse(web.port, app);
  try {
    await sleep(300);
    for (const table of TABLES) {
      const soon = unitsOf(table, nowMs + 20 * DAY);
      expect(await ensurePartitionsForRange(server.pool, table, soon, soon)).toHaveLength(1);
      // The fault fired: the reader kept the old one from being dropped.
      const before = unitsOf(table, nowMs - 10 * DAY);
      expect(await retirePartitions(server.pool, table, before, { waitMs: 400 })).toEqual([]);
    }
    expect((await listPartitions(server.pool)).filter(({ isPending }) => isPending)).toHaveLength(
      TABLES.length,
    );
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
  for (const table of TABLES) {
    const gone = await retirePartitions(server.pool, table, unitsOf(table, nowMs - 10 * DAY));
    expect(gone.length).toBeGreaterThan(0);
  }
  await expectUndisturbed(pulse, app);
});
