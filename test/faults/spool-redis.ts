/** A redis-server of one's own, for tests that hurt it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../processes.ts';

export interface TestRedis {
  port: number;
  url: string;
  /** Connected to it, whatever is done to the others; made anew after each start. */
  client(): Redis;
  /** Ends it: SIGKILL for a crash, SIGTERM in order, SIGSTOP for one that hangs. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, with what its append-only file holds. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** @param args more options of redis-server, such as `--maxmemory 8mb` */
export async function startRedis(args: string[] = []): Promise<TestRedis> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'drainboard-spool-'));
  let server: ChildProcess | undefined;
  let client: Redis | undefined;
  const start = async (): Promise<void> => {
    server = await startServer([
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec'],
      ...args,
    ]);
    client = new Redis(port, '127.0.0.1', { retryStrategy: () => null });
    client.on('error', () => {});
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined) return;
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
      server.kill(signal);
      return;
    }
    client?.disconnect();
    const child = server;
    server = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client: () => {
      if (client === undefined) throw new Error('redis-server does not run');
      return client;
    },
    kill,
    start,
    close: async () => {
      await kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(options: string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    server.stdout.on('data', (text: Buffer) => {
      if (text.includes('Ready to accept connections')) resolve();
    });
  });
  return server;
}

/** The stream as processes name it. */
export const STREAM = 'drainboard:{spool}';

/** Waits until nothing is in the stream any more. */
export async function emptied(redis: TestRedis, patienceMs = 20_000): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const length = await redis.client().xlen(STREAM);
    if (length === 0) return;
    if (performance.now() > untilMs) throw new Error(`${length} entries still wait in the spool`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
