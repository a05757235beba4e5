import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { claimLease, LeaseLostError, releaseLease, renewLease, requireLease } from './leases.ts';
import { type Pool, withTransaction } from './pool.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
});
afterAll(() => database.close());
beforeEach(() => pool.query('TRUNCATE leases'));

/** As if 15 s had passed without a sign. */
const runOut = () => pool.query("UPDATE leases SET expires_at = clock_timestamp() - interval '1 ms'");

test('T-07 one holder at a time, by the clock of the database', async () => {
  const claims = await Promise.all(['a', 'b', 'c'].map((holder) => claimLease(pool, 'retention', holder)));
  expect(claims.filter((lease) => lease !== null)).toHaveLength(1);
  const { rows } = await pool.query(
    `SELECT expires_at > clock_timestamp() + interval '14 s' AND expires_at < clock_timestamp() + interval '16 s' AS ok FROM leases`,
  );
  expect(rows).toEqual([{ ok: true }]);
});

test('leases of other names do not meet', async () => {
  expect(await claimLease(pool, 'retention', 'a')).not.toBeNull();
  expect(await claimLease(pool, 'compaction', 'b')).not.toBeNull();
});

test('K-15 one that ran out is taken over with a greater epoch, and its former holder is refused', async () => {
  const first = (await claimLease(pool, 'retention', 'a'))!;
  await runOut();
  const second = (await claimLease(pool, 'retention', 'b'))!;
  expect(second.epoch).toBeGreaterThan(first.epoch);
  expect(await renewLease(pool, first)).toBe(false);
  await expect(requireLease(pool, first)).rejects.toThrow(LeaseLostError);
  await releaseLease(pool, first);
  expect(await claimLease(pool, 'retention', 'c')).toBeNull();
  await requireLease(pool, second);
});

test('one that ran out but was missed by nobody is renewed', async () => {
  const lease = (await claimLease(pool, 'retention', 'a'))!;
  await runOut();
  expect(await renewLease(pool, lease)).toBe(true);
  expect(await claimLease(pool, 'retention', 'b')).toBeNull();
});

test('one that is released is free at once', async () => {
  const lease = (await claimLease(pool, 'retention', 'a'))!;
  await releaseLease(pool, lease);
  expect(await claimLease(pool, 'retention', 'b')).not.toBeNull();
});

test('K-15 a transaction that required its lease ends before anybody takes the lease over', async () => {
  const lease = (await claimLease(pool, 'retention', 'a'))!;
  await runOut();
  let takenOver = false;
  let claiming: Promise<unknown> | undefined;
  await withTransaction(pool, async (client) => {
    await requireLease(client, lease);
    claiming = claimLease(pool, 'retention', 'b').then(() => {
      takenOver = true;
    });
    await pool.query('SELECT pg_sleep(0.1)');
    expect(takenOver).toBe(false);
  });
  await claiming;
  expect(takenOver).toBe(true);
});
