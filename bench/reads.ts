/**
 * How long the pages take at full size: a month of 100 apps with 20 dynos (bench/month.ts), a real web process, its
 * API over HTTP with tokens; idle, and while 5,000 messages a second come in. The baseline of the same run is a
 * route that does nothing but SELECT 1. CPU is that of the web process and of all of Postgres, per request.
 *
 *   node bench/reads.ts [--quick] [--data DIR] [--profile DIR] [--page TEXT] [--idle]
 *
 * DIR of --data is kept, and used again while its rows still reach up to now; --profile writes CPU profiles.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { DAY } from '../model/time.ts';
import { compactDue } from '../store/compaction.ts';
import { migrate } from '../store/migrate.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { applyRetention, storageReport } from '../store/retention.ts';
import { createToken } from '../store/tokens.ts';
import { buildBody } from './bodies.ts';
import { appName, FULL, generateMonth, KEPT, type Month, QUICK } from './month.ts';
import { readCounters } from './postgres.ts';
import { type Asked, ask } from './reads-client.ts';

const KEY = 'benchmark-key-of-no-importance-000000';
const REQUESTS = 100;
/** A look-up in the durable log reads a lot of it. */
const REQUESTS_FEW = 10;
const WARM_UP = 10;
const MESSAGES_PER_SECOND = 5_000;
const MESSAGES_PER_POST = 75;
const MEBIBYTE = 1024 * 1024;

interface Page {
  name: string;
  path: string;
  /** Target of the 95th percentile, ms. */
  targetMs?: number;
  requests?: number;
  /** Only while messages come in: what it looks for arrived a moment ago. */
  needsLoad?: boolean;
}

export interface ReadOptions {
  quick: boolean;
  dataDir?: string | undefined;
  profileDir?: string | undefined;
  /** Only pages with this in their names. */
  page?: string | undefined;
  /** Without the part under load. */
  idle?: boolean | undefined;
}

/** Generates, measures and prints. */
export async function measureReads(options: ReadOptions): Promise<void> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'drainboard-reads-'));
  const server = await startEmbedded({ dataDir, log: silentLog });
  const pool = buildPool({ url: server.url, max: 4, applicationName: 'bench-reads', log: silentLog });
  try {
    await migrate(pool, { log: silentLog });
    const month = await prepare(pool, dataDir, options.quick);
    await printSizes(pool);
    await measureUpkeep(pool);
    const web = await startWeb(server.url, options.profileDir);
    try {
      await measurePages(pool, server.url, web, month, options);
    } finally {
      web.child.kill('SIGTERM');
      await once(web.child, 'exit');
    }
  } finally {
    await pool.end();
    await server.stop();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}

async function prepare(pool: Pool, dataDir: string, quick: boolean): Promise<Month> {
  const file = join(dataDir, 'month.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Month;
  const startMs = performance.now();
  const month = await generateMonth(pool, quick ? QUICK : FULL, KEY);
  writeFileSync(file, JSON.stringify(month));
  console.log(`A month generated in ${((performance.now() - startMs) / 1000).toFixed(0)} s.\n`);
  return month;
}

async function printSizes(pool: Pool): Promise<void> {
  console.log('| table | rows | MiB | bytes a row, with indexes | partitions |\n|---|---|---|---|---|');
  for (const { table, rows, bytes, partitions } of await storageReport(pool)) {
    if (bytes < MEBIBYTE / 2) continue;
    console.log(
      `| ${table} | ${(rows ?? 0).toLocaleString('en')} | ${(bytes / MEBIBYTE).toFixed(0)} | ` +
        `${rows ? (bytes / rows).toFixed(0) : ''} | ${partitions || ''} |`,
    );
  }
}

/** What the worker's rounds cost at this size: each app has a unit of ten minutes that is due. */
async function measureUpkeep(pool: Pool): Promise<void> {
  const nowMs = Date.now();
  const time = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const startMs = performance.now();
    return [await work(), performance.now() - startMs];
  };
  const [{ units }, compactMs] = await time(() => compactDue(pool, { nowMs, limit: 10_000 }));
  const [, idleMs] = await time(() => compactDue(pool, { nowMs, limit: 10_000 }));
  const [, retainMs] = await time(() => applyRetention(pool, { nowMs, config: KEPT }));
  const each = units > 0 ? ` (${(compactMs / units).toFixed(0)} ms each)` : '';
  console.log(
    `\nUpkeep: ${units} units of compaction in ${compactMs.toFixed(0)} ms${each}, a round with nothing to do ` +
      `${idleMs.toFixed(0)} ms, a round of retention with nothing to do ${retainMs.toFixed(0)} ms.\n`,
  );
}

interface Web {
  child: ChildProcess;
  port: number;
}

async function startWeb(url: string, profileDir: string | undefined): Promise<Web> {
  const port = await freePort();
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const child = spawn(
    process.execPath,
    [...profile, fileURLToPath(new URL('../bin/web.ts', import.meta.url))],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env.PATH, DATABASE_URL: url, DRAINBOARD_SECRET: KEY, PORT: String(port) },
    },
  );
  for (let tried = 0; tried < 200; tried++) {
    const isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return { child, port };
    await sleep(100);
  }
  child.kill('SIGKILL');
  throw new Error('the web process did not get ready');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function listPages(pool: Pool): Promise<Page[]> {
  const nowS = Math.floor(Date.now() / 1000);
  const app = `/api/v1/apps/${appName(1)}`;
  const last = (spanS: number, stepS: number): string => `from=${nowS - spanS}&to=${nowS}&step=${stepS}`;
  const { rows } = await pool.query<{ request_id: string }>(
    `SELECT request_id FROM request_details WHERE app_id = 1 AND at_ms < $1 ORDER BY at_ms DESC LIMIT 1`,
    [(nowS * 1000 - DAY).toString()],
  );
  return [
    { name: 'SELECT 1 (baseline)', path: '/readyz' },
    { name: 'app page, 24 h at 1 min, 20 dynos', path: `${app}/overview?${last(86_400, 60)}`, targetMs: 100 },
    { name: 'fleet page, all apps', path: '/api/v1/apps', targetMs: 150 },
    {
      name: 'app page, 30 d at 1 h, 20 dynos',
      path: `${app}/overview?${last(30 * 86_400, 3600)}`,
      targetMs: 100,
    },
    { name: 'app page, 24 h at 5 min', path: `${app}/overview?${last(86_400, 300)}` },
    { name: 'app page, 1 h at 10 s', path: `${app}/overview?${last(3600, 10)}` },
    { name: 'app page, 7 d at 30 min', path: `${app}/overview?${last(7 * 86_400, 1800)}` },
    { name: 'app page, 24 h, one dyno', path: `${app}/overview?${last(86_400, 60)}&dyno=web.3` },
    { name: 'codes, 24 h', path: `${app}/codes?${last(86_400, 60)}` },
    { name: 'dynos, 24 h', path: `${app}/dynos?${last(86_400, 60)}` },
    { name: 'p95 by path, 24 h', path: `${app}/series?metric=p95&by=path&${last(86_400, 300)}` },
    { name: 'exact counts, 30 d', path: `${app}/counts?${last(30 * 86_400, 3600)}` },
    { name: 'events, 7 d', path: `${app}/events?${last(7 * 86_400, 3600)}` },
    { name: 'health of an app', path: `${app}/health` },
    { name: 'health of all', path: '/api/v1/health' },
    { name: 'request id, kept', path: `${app}/requests?requestId=${rows[0]?.request_id ?? 'none'}` },
    {
      name: 'request id, in the log only',
      path: `${app}/requests?requestId=${aLoadedRequestId()}`,
      requests: REQUESTS_FEW,
      needsLoad: true,
    },
  ];
}

const LOAD_SEED = 7;

/** One of the requests that the load will send to the first app. */
function aLoadedRequestId(): string {
  const body = buildBody(LOAD_SEED, MESSAGES_PER_POST, Date.now()).toString('latin1');
  return /request_id=(\S+)/.exec(body)?.[1] ?? 'none';
}

async function measurePages(
  pool: Pool,
  url: string,
  web: Web,
  month: Month,
  options: ReadOptions,
): Promise<void> {
  const all = await listPages(pool);
  const pages = all.filter(
    (page, index) => index === 0 || options.page === undefined || page.name.includes(options.page),
  );
  console.log('Idle:\n');
  await measureAll(
    pool,
    url,
    web,
    pages.filter((page) => !page.needsLoad),
  );
  if (options.idle) return;
  const load = startLoad(web.port, month.authorizations);
  // The first roll-ups make series and warm the receiver.
  await sleep(5_000);
  console.log(`\nWhile ${MESSAGES_PER_SECOND.toLocaleString('en')} messages a second come in:\n`);
  await measureAll(pool, url, web, pages);
  const { p50Ms, p99Ms, statuses } = await load.stop();
  console.log(
    `\nThe drain meanwhile answered in ${p50Ms.toFixed(0)}/${p99Ms.toFixed(0)} ms (p50/p99), ${JSON.stringify(statuses)}.`,
  );
}

async function measureAll(pool: Pool, url: string, web: Web, pages: readonly Page[]): Promise<void> {
  console.log(
    '| page | at once | p50 ms | p95 ms | target | p95 × baseline | web CPU ms | Postgres CPU ms | KiB | load |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  const baseline = new Map<number, Asked>();
  for (const page of pages) {
    for (const concurrency of [1, 4]) {
      const { token } = await createToken(pool, {
        name: 'bench',
        role: 'viewer',
        createdBy: null,
        key: KEY,
        nowMs: Date.now(),
      });
      const requests = page.requests ?? REQUESTS;
      const one = { port: web.port, path: page.path, token, concurrency };
      await ask({ ...one, requests: Math.min(WARM_UP, requests) });
      const before = await readCpu(url, web);
      const asked = await ask({ ...one, requests });
      const after = await readCpu(url, web);
      if (!baseline.has(concurrency)) baseline.set(concurrency, asked);
      const ratio = asked.p95Ms / (baseline.get(concurrency)?.p95Ms ?? Number.NaN);
      const cells = [
        page.name,
        concurrency,
        asked.p50Ms.toFixed(1),
        asked.p95Ms.toFixed(1),
        page.targetMs === undefined ? '' : `≤ ${page.targetMs}`,
        ratio.toFixed(0),
        ((1000 * (after.web - before.web)) / requests).toFixed(1),
        ((1000 * (after.postgres - before.postgres)) / requests).toFixed(1),
        (asked.bytes / 1024).toFixed(1),
        loadavg()[0]?.toFixed(1),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

async function readCpu(url: string, web: Web): Promise<{ web: number; postgres: number }> {
  const stat = readFileSync(`/proc/${web.child.pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { web: ticks / 100, postgres: (await readCounters(url))?.cpuSeconds ?? Number.NaN };
}

interface LoadResult {
  p50Ms: number;
  p99Ms: number;
  statuses: Record<string, number>;
}

/** Messages to many apps at a steady rate, for as long as it takes. */
function startLoad(port: number, authorizations: string[]): { stop(): Promise<LoadResult> } {
  const child = fork(fileURLToPath(new URL('./reads-ingest.ts', import.meta.url)), [
    JSON.stringify({
      port,
      authorizations,
      messagesPerPost: MESSAGES_PER_POST,
      rate: MESSAGES_PER_SECOND,
      seed: LOAD_SEED,
    }),
  ]);
  const result = once(child, 'message') as Promise<[LoadResult]>;
  return {
    stop: async () => {
      child.send('stop');
      return (await result)[0];
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      idle: { type: 'boolean', default: false },
      data: { type: 'string' },
      profile: { type: 'string' },
      page: { type: 'string' },
    },
  });
  await measureReads({ ...values, dataDir: values.data, profileDir: values.profile });
}
