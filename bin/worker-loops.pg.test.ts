import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogFields, silentLog } from '../model/log.ts';
import { encodeLogSection } from '../model/log-block.ts';
import { DAY, HOUR, MINUTE } from '../model/time.ts';
import { markTouched } from '../store/compaction.ts';
import { linesOf, readLogBlocks } from '../store/log-blocks.ts';
import { ensurePartitionsFor, forgetPartitions, listPartitions } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { startWorkerLoops } from './worker-loops.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
const config = {
  keep10sMs: 48 * HOUR,
  keep1minMs: 30 * DAY,
  keep1hMs: 396 * DAY,
  keepChunksMs: 24 * HOUR,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
  frameMemoryMs: 6 * HOUR,
};
let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  pool = database.pool;
});
afterAll(() => database.close());

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await sleep(20)) {
    if (await condition()) return;
  }
  throw new Error('it did not happen within 10 s');
}

const minutes = async () => {
  const { rows } = await pool.query('SELECT sum(count) AS n FROM count_buckets_1m');
  return rows[0]!.n;
};

test('P-21 K-08 after seven idle days partitions, minutes and retention are made up for, by one of two workers', async () => {
  const bucketS = (NOW - DAY) / 1000;
  await pool.query(`INSERT INTO series (app_id, kind, key, created_at_ms) VALUES (1, 1, 'web.1', 0)`);
  await ensurePartitionsFor(pool, 'count_buckets_10s', [bucketS]);
  await ensurePartitionsFor(pool, 'sample_buckets_10s', [bucketS]);
  await ensurePartitionsFor(pool, 'chunks', [NOW - 7 * DAY]);
  await pool.query(
    'INSERT INTO count_buckets_10s (bucket_s, app_id, series_id, writer_id, count) VALUES ($1, 1, 1, 1, 5)',
    [bucketS],
  );
  await markTouched(pool, [{ appId: 1, bucketS }]);
  const workers = [1, 2].map(() => startWorkerLoops({ pool, config, log: silentLog, nowMs: () => NOW }));
  const names = async () => (await listPartitions(pool)).map(({ name }) => name);
  await waitFor(async () => (await minutes()) === 5);
  await waitFor(async () => !(await names()).includes('chunks_p20261114_07'));
  expect(await names()).toContain('chunks_p20261121_10');
  const startedMs = performance.now();
  await Promise.all(workers.map((worker) => worker.stop()));
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  // The leases are free for a successor.
  const { rows } = await pool.query('SELECT name FROM leases WHERE expires_at > clock_timestamp()');
  expect(rows).toEqual([]);
});

test('P-01 a database that is away at the start is waited for, and said once', async () => {
  const events: string[] = [];
  const say = (event: string, fields?: LogFields) =>
    void events.push(typeof fields?.loop === 'string' ? `${event} ${fields.loop}` : event);
  let isAway = true;
  const flaky = new Proxy(pool, {
    get(target, name) {
      if (isAway && (name === 'query' || name === 'connect')) return () => Promise.reject(new Error('away'));
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  forgetPartitions(flaky);
  const worker = startWorkerLoops({
    pool: flaky,
    config,
    log: { info: say, warn: say, error: say },
    nowMs: () => NOW + DAY,
  });
  await sleep(1_500);
  expect(events.toSorted()).toEqual(['alerting.stepFailed', 'loop.failed partitions']);
  isAway = false;
  await waitFor(async () => events.includes('loop.recovered partitions'));
  await worker.stop();
  expect(events.filter((event) => event.startsWith('loop.failed'))).toHaveLength(1);
});

test('lines of logs are moved into blocks by the worker, and go with their time', async () => {
  const { rows } = await pool.query(
    `INSERT INTO apps (name, created_at_ms) VALUES ('logged', 0) RETURNING id`,
  );
  const appId: number = rows[0].id;
  const line = {
    frame: 0,
    atMs: NOW - 5 * MINUTE,
    source: 'app' as const,
    procid: 'web.1',
    level: null,
    code: null,
    status: null,
    requestId: null,
    text: 'hello',
  };
  const old = { ...line, atMs: NOW - 25 * HOUR, text: 'too old' };
  const body = encodeLogSection({ appId, lines: [line, old], leftOut: [] });
  await ensurePartitionsFor(pool, 'log_chunks', [NOW - 5 * MINUTE]);
  await pool.query(
    `INSERT INTO log_chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, lines, body)
     VALUES ($1, 1, 1, $2::int[], $3::int[], '{}', 2, $4)`,
    [NOW - 5 * MINUTE, [appId], [body.length], body],
  );
  const logs = { hours: 24, bytesMax: 1024 * 1024 * 1024 };
  const kept = async () => {
    const blocks = await readLogBlocks(pool, { appId, fromMs: 0, toMs: NOW, limit: 10 });
    return blocks.flatMap(linesOf).map(({ text }) => text);
  };
  const runUntil = async (nowMs: number, condition: () => Promise<boolean>) => {
    const worker = startWorkerLoops({ pool, config, logs, log: silentLog, nowMs: () => nowMs });
    await waitFor(condition);
    await worker.stop();
  };
  await runUntil(NOW, async () => (await pool.query('SELECT FROM log_chunks')).rowCount === 0);
  expect(await kept()).toEqual(['hello']);
  await runUntil(NOW + 25 * HOUR, async () => (await kept()).length === 0);
});

test('one round of everything can be asked for, and tells what fails', async () => {
  const worker = startWorkerLoops({ pool, config, log: silentLog, nowMs: () => NOW });
  await worker.tickOnce();
  await worker.stop();
  const closed = buildPool({ url: database.url, max: 1, applicationName: 'closed', log: silentLog });
  await closed.end();
  const broken = startWorkerLoops({ pool: closed, config, log: silentLog, nowMs: () => NOW });
  await expect(broken.tickOnce()).rejects.toThrow('pool');
  await broken.stop();
});
