import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { SPOOL_KEY } from './spool.ts';
import { readSpoolServer } from './spool-server.ts';

test('a real server says what it is: version, policy, persistence, entries that wait', async () => {
  const url = inject('redisUrl');
  const redis = new Redis(url);
  await redis.del(SPOOL_KEY);
  expect(await readSpoolServer(url, false)).toMatchObject({
    policy: 'noeviction',
    maxBytes: 0,
    isPersistent: false,
    entries: 0,
  });
  await redis.config('SET', 'appendonly', 'yes');
  await redis.xadd(SPOOL_KEY, '*', 'e', 'a');
  const server = await readSpoolServer(url, false);
  expect(server).toMatchObject({ isPersistent: true, entries: 1 });
  expect(server.version).toMatch(/^\d+\.\d+/);
  expect(server.usedBytes).toBeGreaterThan(100_000);
  await redis.config('SET', 'appendonly', 'no');
  await redis.del(SPOOL_KEY);
  await redis.quit();
});
