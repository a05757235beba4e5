import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';

test('the tests of the spool have a real Redis with streams', async () => {
  const redis = new Redis(inject('redisUrl'));
  const id = await redis.xadd('frames', '*', 'body', 'a');
  expect(await redis.xrange('frames', '-', '+')).toEqual([[id, ['body', 'a']]]);
  await redis.quit();
});
