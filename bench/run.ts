/**
 * `npm run bench`: CPU, answer times and memory of the drain beside two baselines of the same run, a bare `node:http`
 * server and the parser alone. Everything acknowledged is committed: fsync and synchronous_commit stay on. Both
 * receivers run at once and are loaded in turn, several times: a noisy machine is noisy to both.
 *
 *   node bench/run.ts [--messages 1000000] [--quick]
 *                     [--only stages|75|75-redis|75-closed|10|1|50-drains|steady|burst|reads]
 *                     [--rounds 3] [--profile DIR] [--node "--max-semi-space-size=16"]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { HOUR } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { migrate } from '../store/migrate.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { type RedisServer, startRedis } from '../test/chaos/redis.ts';
import { tableSizes } from './postgres.ts';
import { measureReads } from './reads.ts';
import type { Usage } from './receiver.ts';
import { type Cost, type Receiver, type Shape, startReceiver } from './receivers.ts';
import { measureStages } from './stages.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string' },
    quick: { type: 'boolean' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    profile: { type: 'string' },
    node: { type: 'string' },
  },
});
const scale = values.quick ? 0.1 : 1;
const rounds = Number(values.rounds) || (values.quick ? 1 : 3);
const messagesOf = (full: number): number => Math.round((Number(values.messages) || full) * scale);
const KEY = 'benchmark-key-of-no-importance-000000';
const MEBIBYTE = 1024 * 1024;
const APPS = 50;
const HISTORY_MS = 46 * HOUR;
/** R-09. */
const RSS_MAX_BYTES = 400e6;

interface Row {
  name: string;
  cost: Cost;
  /** Bare over drain of the same rounds; absent without a baseline. */
  cpuRatio?: number;
  speedRatio?: number;
  usage: Usage;
}

let seed = 1;

interface Databases {
  url: string;
  /** A Redis that drains of this comparison may spool to. */
  redisUrl?: string;
}

/** Loads the receivers in turn, each several times; one row each, of the rounds' medians. */
async function compare(
  name: string,
  shape: Shape,
  kinds: ('bare' | 'drain')[],
  databases: Databases,
): Promise<Row[]> {
  const receivers: Receiver[] = [];
  for (const kind of kinds) {
    receivers.push(
      await startReceiver(
        { kind, ...databases, key: KEY },
        { profileDir: values.profile, nodeOptions: values.node?.split(' ') ?? [] },
      ),
    );
  }
  const costs = new Map<Receiver, Cost[]>(receivers.map((receiver) => [receiver, []]));
  // Warm-up: the compiler, the connections, the caches.
  for (const receiver of receivers) await receiver.load({ ...shape, messages: shape.messages / 3 }, seed++);
  for (let round = 0; round < rounds; round++) {
    for (const receiver of receivers) costs.get(receiver)!.push(await receiver.load(shape, seed++));
  }
  const rows: Row[] = [];
  for (const receiver of receivers) {
    const usage = await receiver.usage();
    rows.push({ name: `${receiver.kind} ${name}`, cost: medianCost(costs.get(receiver)!), usage });
    await receiver.stop();
  }
  const [bare, drain] = rows;
  if (bare !== undefined && drain !== undefined) {
    drain.cpuRatio = drain.cost.cpuSeconds / bare.cost.cpuSeconds;
    drain.speedRatio = drain.cost.messagesPerSecond / bare.cost.messagesPerSecond;
  }
  return rows;
}

function medianCost(costs: Cost[]): Cost {
  const of = (pick: (cost: Cost) => number): number => median(costs.map(pick));
  return {
    cpuSeconds: of((cost) => cost.cpuSeconds),
    messagesPerSecond: of((cost) => cost.messagesPerSecond),
    p50Ms: of((cost) => cost.p50Ms),
    p99Ms: of((cost) => cost.p99Ms),
    postgres: costs.every((cost) => cost.postgres !== null)
      ? {
          cpuSeconds: of((cost) => cost.postgres?.cpuSeconds ?? 0),
          walBytes: of((cost) => cost.postgres?.walBytes ?? 0),
          transactions: of((cost) => cost.postgres?.transactions ?? 0),
          rowsInserted: of((cost) => cost.postgres?.rowsInserted ?? 0),
        }
      : null,
  };
}

function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const mib = (bytes: number): string => (bytes / MEBIBYTE).toFixed(0);

function print(rows: Row[]): void {
  console.log(
    '| receiver | CPU s / million | × bare | messages/s | of bare | p50 ms | p99 ms | RSS peak MiB | heap peak MiB | Postgres CPU s | WAL MiB | transactions | rows |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|---|---|---|');
  for (const { name, cost, cpuRatio, speedRatio, usage } of rows) {
    const { postgres } = cost;
    const cells = [
      name,
      cost.cpuSeconds.toFixed(2),
      cpuRatio?.toFixed(2) ?? '',
      Math.round(cost.messagesPerSecond).toLocaleString('en'),
      speedRatio === undefined ? '' : `${(100 * speedRatio).toFixed(0)} %`,
      cost.p50Ms.toFixed(1),
      cost.p99Ms.toFixed(1),
      mib(usage.rssPeakBytes),
      mib(usage.heapPeakBytes),
      postgres?.cpuSeconds.toFixed(2) ?? '',
      postgres === null ? '' : mib(postgres.walBytes),
      postgres?.transactions.toFixed(0) ?? '',
      postgres?.rowsInserted.toFixed(0) ?? '',
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log();
}

/** A million lines of two days at once, then quiet: what stays. Exits 1 past the bound. */
async function measureBurst(url: string, authorization: string): Promise<void> {
  const receiver = await startReceiver(
    { kind: 'drain', url, key: KEY },
    { profileDir: values.profile, nodeOptions: values.node?.split(' ') ?? [] },
  );
  const shape = {
    messagesPerPost: 75,
    connections: 64,
    authorizations: [authorization],
    historyMs: HISTORY_MS,
  };
  const { messagesPerSecond } = await receiver.load({ ...shape, messages: messagesOf(1_000_000) }, seed++);
  console.log(`${Math.round(messagesPerSecond).toLocaleString('en')} messages/s`);
  for (const seconds of [0, 10, 20]) {
    await sleep(seconds * 1000);
    const { rssBytes, rssPeakBytes, heapBytes, heapPeakBytes, externalBytes } = await receiver.usage();
    console.log(
      `${seconds} s later: RSS ${mib(rssBytes)} MiB (peak ${mib(rssPeakBytes)}), heap ${mib(heapBytes)} MiB ` +
        `(peak ${mib(heapPeakBytes)}), external ${mib(externalBytes)} MiB`,
    );
    if (rssPeakBytes > RSS_MAX_BYTES) {
      console.error(`RSS of more than ${RSS_MAX_BYTES / 1e6} MB`);
      process.exitCode = 1;
    }
  }
  await receiver.stop();
}

async function createApps(pool: Pool): Promise<string[]> {
  const authorizations: string[] = [];
  for (let i = 0; i < APPS; i++) {
    const input = { name: `bench-${i}`, key: KEY, nowMs: Date.now(), historyMs: HISTORY_MS };
    const { app, secret } = await createApp(pool, input);
    authorizations.push(`Basic ${Buffer.from(`${app.name}:${secret}`).toString('base64')}`);
  }
  return authorizations;
}

/** What is asked for by `--only`; everything without. */
function wanted(name: string): boolean {
  return values.only === undefined || values.only.split(',').includes(name);
}

/** What a spool that stands by costs while Postgres is there. No row, and a sentence, without redis-server. */
async function compareWithRedis(shape: Shape, url: string): Promise<Row[]> {
  let redis: RedisServer;
  try {
    redis = await startRedis();
  } catch (error) {
    console.error(`Left out, redis-server does not start: ${error}`);
    return [];
  }
  try {
    return await compare('75-redis', shape, ['bare', 'drain'], {
      url,
      redisUrl: `redis://127.0.0.1:${redis.port}`,
    });
  } finally {
    await redis.close();
  }
}

async function measureDrain(pool: Pool, url: string): Promise<void> {
  const all = await createApps(pool);
  const one = all.slice(0, 1);
  const shapes: Record<string, Shape> = {
    '75': { messagesPerPost: 75, messages: messagesOf(1_500_000), connections: 256, authorizations: one },
    '75-closed': { messagesPerPost: 75, messages: messagesOf(400_000), connections: 32, authorizations: one },
    '10': { messagesPerPost: 10, messages: messagesOf(400_000), connections: 256, authorizations: one },
    '1': { messagesPerPost: 1, messages: messagesOf(100_000), connections: 256, authorizations: one },
    '50-drains': {
      messagesPerPost: 75,
      messages: messagesOf(1_500_000),
      connections: 256,
      authorizations: all,
    },
  };
  const rows: Row[] = [];
  for (const [name, shape] of Object.entries(shapes)) {
    if (wanted(name)) rows.push(...(await compare(name, shape, ['bare', 'drain'], { url })));
  }
  if (wanted('75-redis')) rows.push(...(await compareWithRedis(shapes['75']!, url)));
  if (rows.length > 0) print(rows);
  if (wanted('steady')) {
    console.log('Answer times at a steady 20,000 messages a second, 75 a POST:\n');
    const messages = messagesOf(200_000);
    const steady = { messagesPerPost: 75, messages, connections: 32, rate: 20_000, authorizations: one };
    print(await compare('steady', steady, ['drain'], { url }));
  }
  if (rows.length > 0) for (const line of await tableSizes(pool)) console.log(line);
  if (wanted('burst')) {
    console.log('\nA history of a million lines over 46 h at once, then quiet:\n');
    await measureBurst(url, all[1]!);
  }
}

async function main(): Promise<void> {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n`);
  if (wanted('stages')) {
    console.log('Stages alone, in one process without network or database:\n');
    for (const line of measureStages(messagesOf(1_000_000))) console.log(line);
    console.log();
  }
  if (values.only !== 'reads') await measureWrites();
  if (wanted('reads')) await measureReads({ quick: values.quick === true, profileDir: values.profile });
}

async function measureWrites(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-bench-'));
  const embedded = await startEmbedded({ dataDir, log: silentLog });
  const pool = buildPool({ url: embedded.url, max: 4, applicationName: 'bench-setup', log: silentLog });
  try {
    await migrate(pool, { log: silentLog });
    await ensurePartitions(pool, { nowMs: Date.now(), ahead: 3 });
    await measureDrain(pool, embedded.url);
  } finally {
    await pool.end();
    await embedded.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await main();
