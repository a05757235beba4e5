import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { compactDue, markTouched } from './compaction.ts';
import { claimLease, LeaseLostError } from './leases.ts';
import {
  ensurePartitionsFor,
  forgetPartitions,
  listPartitions,
  PARTITIONED,
  PARTITIONED_TABLES,
  type PartitionedTable,
} from './partitions.ts';
import type { Pool } from './pool.ts';
import {
  applyRetention,
  keepMs,
  QUARANTINE_MAX_BYTES,
  type RetentionConfig,
  storageReport,
} from './retention.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
const CONFIG: RetentionConfig = {
  keep10sMs: 48 * HOUR,
  keep1minMs: 30 * DAY,
  keep1hMs: 396 * DAY,
  keepChunksMs: 24 * HOUR,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
  frameMemoryMs: 6 * HOUR,
};
const round = (nowMs = NOW) => applyRetention(pool, { nowMs, config: CONFIG });
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  pool = database.pool;
});
afterAll(() => database.close());
beforeEach(async () => {
  for (const { name } of await listPartitions(pool)) await pool.query(`DROP TABLE ${name}`);
  forgetPartitions(pool);
  await pool.query(`TRUNCATE apps, drains, drain_secrets, writers, series, gaps, quarantine, compactions, leases RESTART IDENTITY CASCADE;
    DELETE FROM audit_log; UPDATE retired SET before_s = 0`);
});

/** Makes the partition that holds an instant and gives its name. */
async function partitionAt(table: PartitionedTable, atMs: number): Promise<string> {
  const value = atMs / PARTITIONED[table].unitMs;
  await ensurePartitionsFor(pool, table, [value]);
  const found = (await listPartitions(pool)).find(
    (p) => p.table === table && p.from <= value && value < p.to,
  );
  return found!.name;
}

async function insertBucket(bucketS: number, appId = 1): Promise<void> {
  await ensurePartitionsFor(pool, 'count_buckets_10s', [bucketS]);
  await ensurePartitionsFor(pool, 'sample_buckets_10s', [bucketS]);
  await pool.query(
    'INSERT INTO count_buckets_10s (bucket_s, app_id, series_id, writer_id, count) VALUES ($1, $2, 1, 1, 5)',
    [bucketS, appId],
  );
  await markTouched(pool, [{ appId, bucketS }]);
}

/** Series 1 of app 1. */
async function insertSeries(): Promise<void> {
  await pool.query(`INSERT INTO series (app_id, kind, key, created_at_ms) VALUES (1, 1, 'web.1', 0)`);
}

async function auditActions(): Promise<{ action: string; after: Record<string, unknown> }[]> {
  const { rows } = await pool.query('SELECT action, after FROM audit_log ORDER BY id');
  return rows;
}

describe('retention', () => {
  test('R-18 in every table what is past its time goes, what is within stays, and it is on record', async () => {
    const old: string[] = [];
    const kept: string[] = [];
    for (const table of PARTITIONED_TABLES) {
      const keep = keepMs(table, CONFIG);
      old.push(await partitionAt(table, NOW - keep - PARTITIONED[table].widthMs));
      kept.push(await partitionAt(table, NOW - keep));
    }
    const { retired } = await round();
    expect(retired.toSorted()).toEqual(old.toSorted());
    expect((await listPartitions(pool)).map(({ name }) => name).toSorted()).toEqual(kept.toSorted());
    expect(await auditActions()).toEqual([
      { action: 'retention.delete', after: { partitions: retired, gaps: 0, quarantine: 0 } },
    ]);
    // Again: nothing to do, and nothing said.
    expect((await round()).retired).toEqual([]);
    expect(await auditActions()).toHaveLength(1);
  });

  test('R-02 the ledger outlives what it has to remember by two slots', async () => {
    const remembered = await partitionAt('frames', NOW - CONFIG.frameMemoryMs - 3 * HOUR);
    await round();
    expect((await listPartitions(pool)).map(({ name }) => name)).toContain(remembered);
  });

  test('R-03 chunks that are not rolled up are kept, for a week at most', async () => {
    const name = await partitionAt('chunks', NOW - 30 * HOUR);
    await pool.query(
      `INSERT INTO writers (holder, seq, checkpoint_seq, checkpoint_at_ms) VALUES ('dead', 5, 3, $1)`,
      [NOW - 30 * HOUR],
    );
    const { heldBack, retired } = await round();
    expect(retired).toEqual([]);
    expect(heldBack).toEqual([{ table: 'chunks', heldMs: 6 * HOUR }]);
    expect((await round(NOW + 8 * DAY)).retired).toContain(name);
  });

  test('rows of 10 s stay until they are compacted; after that a unit before them is not computed again', async () => {
    const bucketS = Math.floor((NOW - 60 * HOUR) / 10_000) * 10;
    await insertSeries();
    await insertBucket(bucketS);
    expect((await round()).retired).toEqual([]);
    await compactDue(pool, { nowMs: NOW });
    expect((await round()).retired).toHaveLength(2);
    // A late row of that time opens a partition of its own; the five of before are still counted.
    await insertBucket(bucketS);
    await compactDue(pool, { nowMs: NOW });
    const { rows } = await pool.query('SELECT sum(count) AS count FROM count_buckets_1m');
    expect(rows).toEqual([{ count: 10 }]);
    expect((await round()).retired.every((name) => name.includes('_10s_'))).toBe(true);
  });

  test('R-06 quarantine keeps seven days and the newest 10 MiB of each app', async () => {
    const insert = (appId: number, atMs: number, count: number, bytes: number) =>
      pool.query(
        `INSERT INTO quarantine (app_id, drain_id, received_at_ms, reason, bytes, size_bytes)
         SELECT $1, 1, $2, 'badHeader', decode(repeat('ab', $4), 'hex'), $4 FROM generate_series(1, $3)`,
        [appId, atMs, count, bytes],
      );
    await insert(1, NOW - 8 * DAY, 3, 10);
    await insert(2, NOW, 12, 1024 * 1024);
    await insert(3, NOW, 3, 10);
    expect((await round()).deleted.quarantine).toBe(3 + 2);
    const { rows } = await pool.query(
      'SELECT app_id, count(*) AS n, min(id) AS oldest, sum(octet_length(bytes)) AS bytes FROM quarantine GROUP BY 1 ORDER BY 1',
    );
    expect(rows).toEqual([
      { app_id: 2, n: 10, oldest: 6, bytes: QUARANTINE_MAX_BYTES },
      { app_id: 3, n: 3, oldest: 16, bytes: 30 },
    ]);
  });

  test('gaps of more than 13 months ago go', async () => {
    await pool.query(
      `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, dedupe_key)
       VALUES (1, 1, 'L10', 1, $1, 'old'), (1, 1, 'L10', 1, $2, 'new')`,
      [NOW - 397 * DAY, NOW - 395 * DAY],
    );
    expect((await round()).deleted.gaps).toBe(1);
  });

  test('K-15 a round whose lease was taken over stops', async () => {
    await partitionAt('chunks', NOW - 3 * DAY);
    const fence = (await claimLease(pool, 'retention', 'a'))!;
    await pool.query('UPDATE leases SET epoch = epoch + 1');
    await expect(applyRetention(pool, { nowMs: NOW, config: CONFIG, fence })).rejects.toThrow(LeaseLostError);
    expect(await listPartitions(pool)).toHaveLength(1);
  });

  test('a round that is told to stop ends between two steps', async () => {
    await partitionAt('chunks', NOW - 3 * DAY);
    expect(
      (await applyRetention(pool, { nowMs: NOW, config: CONFIG, signal: AbortSignal.abort() })).retired,
    ).toEqual([]);
  });

  test('every table is in the storage report, its partitions added up', async () => {
    await insertBucket(NOW / 1000);
    await insertBucket(NOW / 1000 - 7 * 3600);
    const report = await storageReport(pool);
    const buckets = report.find(({ table }) => table === 'count_buckets_10s');
    expect(buckets).toMatchObject({ partitions: 2 });
    expect(buckets!.bytes).toBeGreaterThan(8192);
    expect(report.find(({ table }) => table === 'apps')).toMatchObject({ partitions: 0 });
  });
});

describe('an app that was removed', () => {
  const insertApp = async (name: string, removedAtMs: number | null) => {
    const { rows } = await pool.query<{ id: number }>(
      'INSERT INTO apps (name, created_at_ms, removed_at_ms) VALUES ($1, 0, $2) RETURNING id',
      [name, removedAtMs],
    );
    const id = rows[0]!.id;
    await pool.query(
      `INSERT INTO drains (app_id, token, first_received_at_ms, last_received_at_ms) VALUES ($1, 'd', 0, 0)`,
      [id],
    );
    await pool.query(`INSERT INTO series (app_id, kind, key, created_at_ms) VALUES ($1, 1, 'web.1', 0)`, [
      id,
    ]);
    await pool.query(
      `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, dedupe_key) VALUES ($1, 1, 'L10', $2, $2, 'k')`,
      [id, NOW],
    );
    for (let index = 0; index < 3; index++) await insertBucket(NOW / 1000 - index * 7 * 3600, id);
    return id;
  };
  const insertChunk = (seq: number, sections: [number, string][]) => {
    const ends: number[] = [];
    for (const [, text] of sections) ends.push((ends.at(-1) ?? 0) + text.length);
    return pool.query(
      `INSERT INTO chunks (committed_at_ms, writer_id, seq, app_ids, section_ends, duplicates, messages, body)
       VALUES ($1, 1, $2, $3, $4, '{}', 1, $5)`,
      [NOW, seq, sections.map(([id]) => id), ends, Buffer.from(sections.map(([, text]) => text).join(''))],
    );
  };

  test('R-18 leaves nothing behind but a record; other apps lose nothing', async () => {
    const gone = await insertApp('shop~1', NOW - 6 * MINUTE);
    const stays = await insertApp('blog', null);
    await partitionAt('chunks', NOW);
    await insertChunk(1, [
      [stays, 'aaa'],
      [gone, 'secret'],
      [9, 'cc'],
    ]);
    await insertChunk(2, [[gone, 'secret']]);
    await insertChunk(3, [[stays, 'b']]);
    const { erased } = await round();
    expect(erased).toEqual([{ app: 'shop~1', rows: 3 + 1 + 1 + 6, chunks: 2 }]);
    for (const table of ['drains', 'series', 'gaps', 'compactions', 'count_buckets_10s']) {
      const { rows } = await pool.query(`SELECT DISTINCT app_id FROM ${table}`);
      expect(rows).toEqual([{ app_id: stays }]);
    }
    const { rows: chunks } = await pool.query(
      `SELECT seq, app_ids, section_ends, convert_from(body, 'UTF8') AS body FROM chunks ORDER BY seq`,
    );
    expect(chunks).toEqual([
      { seq: 1, app_ids: [stays, 9], section_ends: [3, 5], body: 'aaacc' },
      { seq: 2, app_ids: [], section_ends: [], body: '' },
      { seq: 3, app_ids: [stays], section_ends: [1], body: 'b' },
    ]);
    expect((await auditActions()).at(0)).toEqual({ action: 'app.erase', after: { rows: 11, chunks: 2 } });
    expect((await round()).erased).toEqual([]);
  });

  test('is left alone for five minutes, and while chunks of before wait for their roll-up', async () => {
    await insertApp('shop~1', NOW - 4 * MINUTE);
    expect((await round()).erased).toEqual([]);
    await pool.query(
      `INSERT INTO writers (holder, seq, checkpoint_seq, checkpoint_at_ms) VALUES ('dead', 5, 3, $1)`,
      [NOW - HOUR],
    );
    expect((await round(NOW + HOUR)).erased).toEqual([]);
    await pool.query('UPDATE writers SET checkpoint_seq = 5');
    expect((await round(NOW + HOUR)).erased).toHaveLength(1);
  });

  test('K-08 is erased by the next round when one was interrupted', async () => {
    await insertApp('shop~1', NOW - HOUR);
    await applyRetention(pool, { nowMs: NOW, config: CONFIG, signal: abortAfter(20) });
    expect((await round()).erased).toHaveLength(1);
    const { rows } = await pool.query('SELECT count(*) AS n FROM count_buckets_10s');
    expect(rows).toEqual([{ n: 0 }]);
  });
});

/** A signal that is found aborted when it is looked at for the nth time. */
function abortAfter(looks: number): AbortSignal {
  let looked = 0;
  return new Proxy(new AbortController().signal, {
    get: (target, name) => (name === 'aborted' ? ++looked >= looks : Reflect.get(target, name)),
  });
}
