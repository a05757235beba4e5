import { hostname } from 'node:os';
import { buildLog } from '../bin/log.ts';
import { buildHttpServer, dieOnMistakes, serve } from '../bin/serve.ts';
import { buildDrain } from '../drain/drain.ts';
import { armKillPoints } from '../model/kill-point.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { buildPool } from '../store/pool.ts';

/** A process that takes frames in and does nothing else, for the tests of what happens when it dies. */
export interface ReceiverArguments {
  databaseUrl: string;
  key: string;
  port: number;
  killPoints?: string;
}

const { databaseUrl, key, port, killPoints } = JSON.parse(process.argv[2] ?? '{}') as ReceiverArguments;
const log = buildLog({ out: process.stdout, readable: false });
dieOnMistakes(log);
armKillPoints(killPoints ?? '');

const base = { url: databaseUrl, log };
const commitPool = buildPool({
  ...base,
  max: 1,
  applicationName: 'drainboard-commit',
  queryTimeoutMs: 5_000,
});
const pool = buildPool({ ...base, max: 3, applicationName: 'drainboard-ingest', queryTimeoutMs: 60_000 });
await ensurePartitions(pool, { nowMs: Date.now(), ahead: 1 });
const drain = buildDrain({
  commitPool,
  pool,
  log,
  key,
  holder: `${hostname()}:${process.pid}`,
  maxBodyBytes: 1024 * 1024,
  maxMessages: 10_000,
  heldBytesMax: 64 * 1024 * 1024,
  frameMemoryHours: 6,
  storeClientAddresses: false,
  onRolledUp: () => {},
});
const running = await serve({
  server: buildHttpServer((request, response) => drain.handle(request, response)),
  port,
  host: '127.0.0.1',
  stopping: new AbortController(),
  onStop: [
    { name: 'pool commit', stop: () => commitPool.end() },
    { name: 'pool', stop: () => pool.end() },
    { name: 'drain', stop: () => drain.stop() },
  ],
  log,
});
log.info('listening', { port: running.port });
