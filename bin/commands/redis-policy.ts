/** What a Redis does when its memory is full. */
import { Redis } from 'ioredis';

const TIMEOUT_MS = 3_000;

/** `noeviction`, `allkeys-lru` … Throws when it cannot be asked. */
export async function readEvictionPolicy(url: string, onHeroku: boolean): Promise<string> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    // Heroku's Redis has a certificate of its own making.
    ...(url.startsWith('rediss:') && onHeroku && { tls: { rejectUnauthorized: false } }),
  });
  // Told by the call that fails; without a listener it would end the process.
  redis.on('error', () => {});
  try {
    await redis.connect();
    // CONFIG is closed on managed servers, INFO is not.
    const info = await redis.info('memory');
    return /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  } finally {
    redis.disconnect();
  }
}
