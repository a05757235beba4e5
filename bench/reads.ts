/**
 * How long the pages take at full size: a month of 100 apps with 20 dynos (bench/month.ts), a real web process, its
 * API over HTTP with tokens; idle, and while 5,000 messages a second come in. The baseline of the same run is a
 * route that does nothing but SELECT 1. CPU is that of the web process and of all of Postgres, per request.
 *
 *   node bench/reads.ts [--quick] [--apps 100] [--data DIR] [--profile DIR] [--page TEXT] [--idle]
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
import { appName, FULL, generateMonth, KEPT, type Month, type MonthScale, QUICK } from './month.ts';
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
  apps?: number | undefined;
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
    const scale = options.quick ? QUICK : FULL;
    const month = await prepare(pool, dataDir, { ...scale, apps: options.apps ?? scale.apps });
    await printSizes(pool);
    await measureUpkeep(pool, server.url);
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

async function prepare(pool: Pool, dataDir: string, scale: MonthScale): Promise<Month> {
  const file = join(dataDir, 'month.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Month;
  const startMs = performance.now();
  const month = await generateMonth(pool, scale, KEY);
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

/** What the worker's rounds cost at this size: each app has units of ten minutes that are due. */
async function measureUpkeep(pool: Pool, url: string): Promise<void> {
  const nowMs = Date.now();
  const compact = () => compactDue(pool, { nowMs, limit: 10_000 });
  const [{ units }, first] = await cost(url, compact);
  const [, idle] = await cost(url, compact);
  const [, retention] = await cost(url, () => applyRetention(pool, { nowMs, config: KEPT }));
  const tell = ({ ms, ownMs, postgresMs }: Cost, of = 1): string =>
    `${(ms / of).toFixed(0)} ms (CPU ${(ownMs / of).toFixed(1)} ms here, ${(postgresMs / of).toFixed(1)} ms in Postgres)`;
  console.log(
    `\nUpkeep: ${units} units of compaction took ${tell(first, Math.max(1, units))} each, a round with nothing to do ` +
      `${tell(idle)}, a round of retention with nothing to do ${tell(retention)}.\n`,
  );
}

interface Cost {
  ms: number;
  ownMs: number;
  postgresMs: number;
}

async function cost<T>(url: string, work: () => Promise<T>): Promise<[T, Cost]> {
  const before = await readCounters(url);
  const [startMs, own] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const [ms, { user, system }] = [performance.now() - startMs, process.cpuUsage(own)];
  const after = await readCounters(url);
  const postgresMs = 1000 * ((after?.cpuSeconds ?? Number.NaN) - (before?.cpuSeconds ?? Number.NaN));
  return [result, { ms, ownMs: (user + system) / 1000, postgresMs }];
}

interface Web {
  child: ChildProcess;
  port: number;
}

async function startWeb(url: string, profileDir: string | undefined): Promise<Web> {
  const port = await freePort();
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const child = startProcess('web', url, profile, port);
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

function startProcess(name: 'web' | 'worker', url: string, flags: string[], port = 0): ChildProcess {
  const file = fileURLToPath(new URL(`../bin/${name}.ts`, import.meta.url));
  return spawn(process.execPath, [...flags, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: url,
      DRAINBOARD_SECRET: KEY,
      PORT: String(port),
      DRAINBOARD_WORKER: 'separate',
    },
  });
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
    false,
  );
  if (options.idle) return;
  const worker = startProcess('worker', url, []);
  const load = startLoad(web.port, month.authorizations);
  // The first roll-ups make series and warm the receiver.
  await sleep(5_000);
  console.log(`\nWhile ${MESSAGES_PER_SECOND.toLocaleString('en')} messages a second come in:\n`);
  await measureAll(pool, url, web, pages, true);
  const { p50Ms, p99Ms, statuses } = await load.stop();
  worker.kill('SIGTERM');
  console.log(
    `\nThe drain meanwhile answered in ${p50Ms.toFixed(0)}/${p99Ms.toFixed(0)} ms (p50/p99), ${JSON.stringify(statuses)}.`,
  );
}

async function measureAll(
  pool: Pool,
  url: string,
  web: Web,
  pages: readonly Page[],
  isLoaded: boolean,
): Promise<void> {
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
      // A worker would: as it does not run beside the idle part, its CPU is in no figure.
      if (!isLoaded) await compactDue(pool, { nowMs: Date.now(), limit: 10_000 });
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
      apps: { type: 'string' },
      idle: { type: 'boolean', default: false },
      data: { type: 'string' },
      profile: { type: 'string' },
      page: { type: 'string' },
    },
  });
  const apps = values.apps === undefined ? undefined : Number(values.apps);
  await measureReads({ ...values, apps, dataDir: values.data, profileDir: values.profile });
}
