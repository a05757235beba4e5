/** What the Redis server of the spool is like, asked once: for `drainboard doctor`. */
import { Redis } from 'ioredis';
import { parseMemory, SPOOL_KEY } from './spool.ts';

const TIMEOUT_MS = 3_000;

export interface SpoolServer {
  version: string;
  /** `noeviction`, `allkeys-lru` …; `unknown` when it does not say. */
  policy: string;
  usedBytes: number;
  /** 0: no limit. */
  maxBytes: number;
  /** Writes what it holds to an append-only file; false: a crash loses what waits. */
  isPersistent: boolean;
  /** Entries of the spool that wait, of all processes. */
  entries: number;
}

/** Asks over a connection of its own. Throws when the server does not answer, or does not let us in. */
export async function readSpoolServer(url: string, onHeroku: boolean): Promise<SpoolServer> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    protocol: 2,
    disableClientInfo: true,
    // Heroku's Redis has a certificate of its own making.
    ...(url.startsWith('rediss:') && onHeroku && { tls: { rejectUnauthorized: false } }),
  });
  let cause: Error | undefined;
  // Without a listener it would end the process; and it knows better why than the call that fails.
  redis.on('error', (error: Error) => {
    cause = error;
  });
  try {
    await redis.connect();
    // CONFIG is closed on managed servers, INFO is not.
    const [memory, persistence, server, entries] = await Promise.all([
      redis.info('memory'),
      redis.info('persistence'),
      redis.info('server'),
      redis.xlen(SPOOL_KEY),
    ]);
    return {
      ...parseMemory(memory),
      version: /^redis_version:(\S+)/m.exec(server)?.[1] ?? 'unknown',
      isPersistent: /^aof_enabled:1/m.test(persistence),
      entries,
    };
  } catch (error) {
    throw cause ?? error;
  } finally {
    redis.disconnect();
  }
}
