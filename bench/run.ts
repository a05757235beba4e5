/**
 * `npm run bench`: CPU, answer times and memory of the drain beside two baselines of the same run, a bare `node:http`
 * server and the parser alone. Everything acknowledged is committed: fsync and synchronous_commit stay on.
 *
 *   node bench/run.ts [--messages 1000000] [--quick] [--only 75|10|1|50-drains|steady]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { createApp } from '../store/apps.ts';
import { migrate } from '../store/migrate.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { buildPool } from '../store/pool.ts';
import { readServerCpuSeconds, tableSizes } from './postgres.ts';
import { measureStages } from './stages.ts';

interface Usage {
  cpuSeconds: number;
  heapBytes: number;
  rssPeakBytes: number;
}

interface LoadResult {
  seconds: number;
  messages: number;
  p50Ms: number;
  p99Ms: number;
  statuses: Record<string, number>;
}

interface Row {
  receiver: string;
  messagesPerPost: number;
  drains: number;
  cpuSecondsPerMillion: number;
  messagesPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  rssMiB: number;
  postgresCpuSecondsPerMillion: number | null;
}

const { values } = parseArgs({
  options: { messages: { type: 'string' }, quick: { type: 'boolean' }, only: { type: 'string' } },
});
const scale = values.quick ? 0.1 : 1;
const messagesOf = (full: number): number => Math.round((Number(values.messages) || full) * scale);
const KEY = 'benchmark-key-of-no-importance-000000';

async function ask(child: ChildProcess, message: string): Promise<Usage> {
  child.send(message);
  const [answer] = (await once(child, 'message')) as [Usage];
  return answer;
}

async function runLoad(options: Record<string, unknown>): Promise<LoadResult> {
  const child = fork(new URL('./load.ts', import.meta.url), [JSON.stringify(options)]);
  const [result] = (await once(child, 'message')) as [LoadResult];
  return result;
}

async function measure(
  kind: 'bare' | 'drain',
  url: string,
  authorizations: string[],
  shape: { messagesPerPost: number; messages: number; connections: number; rate?: number },
  seed: number,
): Promise<Row> {
  const child = fork(new URL('./receiver.ts', import.meta.url), [JSON.stringify({ kind, url, key: KEY })]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const posts = Math.ceil(shape.messages / shape.messagesPerPost);
  const load = { port, authorizations, ...shape, rate: shape.rate ?? 0 };
  // Warm-up: the compiler, the connections, the caches.
  await runLoad({ ...load, posts: Math.ceil(posts / 5), seed: seed + 1000 });
  const before = await ask(child, 'usage');
  const postgresBefore = await readServerCpuSeconds(url);
  const result = await runLoad({ ...load, posts, seed });
  // The roll-up of what was just committed belongs to the price.
  await new Promise((resolve) => setTimeout(resolve, kind === 'drain' ? 3000 : 0));
  const after = await ask(child, 'usage');
  const postgresAfter = await readServerCpuSeconds(url);
  child.send('stop');
  await once(child, 'exit');
  const bad = Object.entries(result.statuses).filter(([status]) => status !== '204');
  if (bad.length > 0) throw new Error(`answers other than 204: ${JSON.stringify(result.statuses)}`);
  const millions = result.messages / 1e6;
  return {
    receiver: kind,
    messagesPerPost: shape.messagesPerPost,
    drains: authorizations.length,
    cpuSecondsPerMillion: (after.cpuSeconds - before.cpuSeconds) / millions,
    messagesPerSecond: result.messages / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    rssMiB: after.rssPeakBytes / 1024 / 1024,
    postgresCpuSecondsPerMillion:
      kind === 'bare' || postgresBefore === null ? null : (postgresAfter! - postgresBefore) / millions,
  };
}

function print(rows: Row[]): void {
  const bare = new Map(
    rows.filter((row) => row.receiver === 'bare').map((row) => [row.messagesPerPost, row]),
  );
  console.log(
    '| receiver | messages a POST | drains | CPU s / million | × bare | messages/s | p50 ms | p99 ms | RSS MiB | Postgres CPU s / million |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  for (const row of rows) {
    const baseline = bare.get(row.messagesPerPost);
    const ratio =
      baseline === undefined ? '' : (row.cpuSecondsPerMillion / baseline.cpuSecondsPerMillion).toFixed(2);
    console.log(
      `| ${row.receiver} | ${row.messagesPerPost} | ${row.drains} | ${row.cpuSecondsPerMillion.toFixed(2)} | ${ratio} | ` +
        `${Math.round(row.messagesPerSecond).toLocaleString('en')} | ${row.p50Ms.toFixed(1)} | ${row.p99Ms.toFixed(1)} | ` +
        `${row.rssMiB.toFixed(0)} | ${row.postgresCpuSecondsPerMillion?.toFixed(2) ?? ''} |`,
    );
  }
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-bench-'));
  const embedded = await startEmbedded({ dataDir, log: silentLog });
  try {
    const pool = buildPool({ url: embedded.url, max: 4, applicationName: 'bench-setup', log: silentLog });
    await migrate(pool, { log: silentLog });
    await ensurePartitions(pool, { nowMs: Date.now(), ahead: 3 });
    const authorizations: string[] = [];
    for (let i = 0; i < 50; i++) {
      const { app, secret } = await createApp(pool, { name: `bench-${i}`, key: KEY, nowMs: Date.now() });
      authorizations.push(`Basic ${Buffer.from(`${app.name}:${secret}`).toString('base64')}`);
    }
    console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n`);
    console.log('Stages alone, in one process without network or database:\n');
    for (const line of measureStages(messagesOf(1_000_000))) console.log(line);
    console.log();
    const one = authorizations.slice(0, 1);
    const rows: Row[] = [];
    const wanted = (name: string): boolean => values.only === undefined || values.only === name;
    const shapes = [
      { name: '75', messagesPerPost: 75, messages: messagesOf(1_500_000), connections: 32 },
      { name: '10', messagesPerPost: 10, messages: messagesOf(500_000), connections: 128 },
      { name: '1', messagesPerPost: 1, messages: messagesOf(100_000), connections: 256 },
    ];
    let seed = 1;
    for (const shape of shapes.filter((shape) => wanted(shape.name))) {
      rows.push(await measure('bare', embedded.url, one, shape, seed++));
      rows.push(await measure('drain', embedded.url, one, shape, seed++));
    }
    if (wanted('50-drains')) {
      const shape = { ...shapes[0]!, connections: 50 };
      rows.push(await measure('drain', embedded.url, authorizations, shape, seed++));
    }
    if (rows.length > 0) print(rows);
    if (wanted('steady')) {
      console.log('\nAnswer times at a steady 20,000 messages a second, 75 a POST:\n');
      const steady = { messagesPerPost: 75, messages: messagesOf(400_000), connections: 32, rate: 20_000 };
      print([await measure('drain', embedded.url, one, steady, seed++)]);
    }
    console.log();
    for (const line of await tableSizes(pool)) console.log(line);
    await pool.end();
  } finally {
    await embedded.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await main();
