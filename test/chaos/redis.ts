/** A redis-server with an append-only file, that a run may hurt. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../processes.ts';

export interface RedisServer {
  port: number;
  /** Killed, or ended in order. Down until `start`. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
  /** Entries in all streams. */
  waiting(): Promise<number>;
  /** Everything in it is gone. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'drainboard-chaos-redis-'));
  const port = await freePort();
  let child = await run(port, folder);
  const stop = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  return {
    port,
    stop,
    start: async () => {
      if (child.exitCode === null && child.signalCode === null) return;
      child = await run(port, folder);
    },
    waiting: () => ask(port, countEntries),
    flush: () => ask(port, async (redis) => void (await redis.flushall())),
    close: async () => {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function countEntries(redis: Redis): Promise<number> {
  let entries = 0;
  for (const key of await redis.keys('*')) {
    if ((await redis.type(key)) === 'stream') entries += await redis.xlen(key);
  }
  return entries;
}

async function ask<Value>(port: number, question: (redis: Redis) => Promise<Value>): Promise<Value> {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

async function run(port: number, folder: string): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = spawn('redis-server', [...options, '--appendonly', 'yes', '--appendfsync', 'everysec'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    child.stdout.on('data', (text: Buffer) => {
      if (text.includes('Ready to accept connections')) resolve();
    });
  });
  return child;
}
