/**
 * A month of data in the real tables: 100 apps with 20 dynos each. One app has every row of the month (10 s for
 * 48 h, 1 min for 30 days, 1 h for 31 days); all rows of all 100 would take some 130 GB, so the others have what a
 * page of theirs and the fleet page read: the last hours, and the hours about the same time a week ago.
 *
 *   node bench/month.ts [--apps 100] [--deep 1] [--quick] [--data DIR]
 *
 * The rows reach some minutes beyond now, so that measuring them later still finds a live installation.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { DAY, HOUR } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { migrate } from '../store/migrate.ts';
import { ensurePartitions, ensurePartitionsForRange } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { applyRetention, type RetentionConfig } from '../store/retention.ts';
import {
  type Fill,
  fillCounts,
  fillSamples,
  insertDetails,
  insertEvents,
  insertSeries,
} from './month-rows.ts';
import { monthSeries } from './month-series.ts';
import { tableSizes } from './postgres.ts';

const HOUR_S = 3600;
const DAY_S = 86_400;
/** Generated at once: keeps a statement's sort in memory. */
const WORKERS = 2;

export interface MonthScale {
  apps: number;
  dynos: number;
  /** Apps with every row; the first ones. */
  deepApps: number;
  /** Days of rows of 1 min, and of kept requests, of the deep apps. */
  deepDays: number;
  deep10sHours: number;
  /** Rows of 1 min of the others. */
  otherHours: number;
  /** Rows of 10 s of the others, back from now. */
  other10sMinutes: number;
  /** How far beyond now. */
  aheadMinutes: number;
}

export const FULL: MonthScale = {
  apps: 100,
  dynos: 20,
  deepApps: 1,
  deepDays: 30,
  deep10sHours: 48,
  otherHours: 3,
  other10sMinutes: 30,
  aheadMinutes: 20,
};
export const QUICK: MonthScale = {
  ...FULL,
  apps: 20,
  deepDays: 2,
  deep10sHours: 2,
  otherHours: 1,
  other10sMinutes: 30,
  aheadMinutes: 6,
};

export const KEPT: RetentionConfig = {
  keep10sMs: 48 * HOUR,
  keep1minMs: 30 * DAY,
  keep1hMs: 396 * DAY,
  keepChunksMs: 24 * HOUR,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
  frameMemoryMs: 6 * HOUR,
};

/** Name of the nth app, from 1 on. */
export const appName = (n: number): string => `shop-${n}`;

export interface Month {
  nowS: number;
  /** Basic credentials of each app's drain. */
  authorizations: string[];
}

/** Fills an empty, migrated database. */
export async function generateMonth(pool: Pool, scale: MonthScale, key: string): Promise<Month> {
  const nowS = Math.floor(Date.now() / 1000);
  const toS = Math.ceil((nowS + scale.aheadMinutes * 60) / 600) * 600;
  const monthS = { fromS: Math.floor(nowS / DAY_S) * DAY_S - 31 * DAY_S, toS };
  await makePartitions(pool, nowS, monthS);
  const authorizations: string[] = [];
  for (let n = 1; n <= scale.apps; n++) {
    const { app, secret } = await createApp(pool, { name: appName(n), key, nowMs: monthS.fromS * 1000 });
    authorizations.push(`Basic ${Buffer.from(`${app.name}:${secret}`).toString('base64')}`);
  }
  await insertSeries(pool, scale.apps, monthSeries(scale.dynos), monthS);
  const jobs = listJobs(scale, nowS, monthS);
  await Promise.all(Array.from({ length: WORKERS }, () => work(pool, jobs)));
  await insertEvents(pool, scale.apps, scale.dynos, monthS);
  await pool.query(
    `INSERT INTO drains (app_id, token, state, first_received_at_ms, last_received_at_ms, last_line_at_ms)
     SELECT id, 'd.00000000-0000-4000-8000-000000000000', 'adopted', $1, $2, $2 FROM apps`,
    [monthS.fromS * 1000, toS * 1000],
  );
  await insertCompactions(pool, nowS, monthS);
  await pool.query('DROP TABLE month_series');
  // A month-old installation has retired what is beyond its time, and forgotten the units of that.
  await applyRetention(pool, { nowMs: nowS * 1000, config: KEPT });
  await pool.query('VACUUM ANALYZE');
  // Pages still to be written would be written by whoever reads next.
  await pool.query('CHECKPOINT');
  return { nowS, authorizations };
}

async function makePartitions(pool: Pool, nowS: number, { fromS, toS }: { fromS: number; toS: number }) {
  await ensurePartitions(pool, { nowMs: nowS * 1000, ahead: 3 });
  for (const family of ['count', 'sample'] as const) {
    // One more than is kept, for retention to take.
    await ensurePartitionsForRange(pool, `${family}_buckets_10s`, nowS - 56 * HOUR_S, toS);
    await ensurePartitionsForRange(pool, `${family}_buckets_1m`, nowS - 32 * DAY_S, toS);
    await ensurePartitionsForRange(pool, `${family}_buckets_1h`, fromS, toS);
  }
  await ensurePartitionsForRange(pool, 'events', fromS * 1000, toS * 1000);
  await ensurePartitionsForRange(pool, 'request_details', (nowS - 21 * DAY_S) * 1000, toS * 1000);
}

type Job = (pool: Pool) => Promise<unknown>;

function listJobs(scale: MonthScale, nowS: number, { fromS, toS }: { fromS: number; toS: number }): Job[] {
  const jobs: Job[] = [];
  const deep = { firstApp: 1, lastApp: scale.deepApps };
  const others = { firstApp: scale.deepApps + 1, lastApp: scale.apps };
  const add = (fill: Fill, pieceS: number): void => {
    if (fill.firstApp > fill.lastApp) return;
    for (let at = fill.fromS; at < fill.toS; at += pieceS) {
      const piece = { ...fill, fromS: at, toS: Math.min(fill.toS, at + pieceS) };
      jobs.push(
        (pool) => fillCounts(pool, piece),
        (pool) => fillSamples(pool, piece),
      );
    }
  };
  const hoursToS = floorTo(nowS, HOUR_S) - HOUR_S;
  const minutesToS = floorTo(nowS, 600) - 600;
  const weekAgoS = floorTo(nowS, HOUR_S) - 7 * DAY_S;
  add({ ...deep, stepS: 60, fromS: floorTo(nowS, HOUR_S) - scale.deepDays * DAY_S, toS: minutesToS }, DAY_S);
  add({ ...deep, stepS: 10, fromS: floorTo(nowS, HOUR_S) - scale.deep10sHours * HOUR_S, toS }, 4 * HOUR_S);
  add({ ...deep, stepS: 3600, fromS, toS: hoursToS }, 31 * DAY_S);
  add({ ...others, stepS: 60, fromS: minutesToS - scale.otherHours * HOUR_S, toS: minutesToS }, 600);
  add({ ...others, stepS: 10, fromS: floorTo(nowS, 600) - scale.other10sMinutes * 60, toS }, 300);
  add({ ...others, stepS: 3600, fromS: weekAgoS - 3 * HOUR_S, toS: weekAgoS + 3 * HOUR_S }, DAY_S);
  add({ ...others, stepS: 3600, fromS: hoursToS - 6 * HOUR_S, toS: hoursToS }, DAY_S);
  const detailDays = Math.min(21, scale.deepDays);
  for (let day = 0; day < detailDays; day++) {
    const span = { fromS: nowS - (day + 1) * DAY_S, toS: nowS - day * DAY_S };
    jobs.push((pool) => insertDetails(pool, { first: 1, last: scale.deepApps }, span, 4_000));
    jobs.push((pool) => insertDetails(pool, { first: scale.deepApps + 1, last: scale.apps }, span, 600_000));
  }
  return jobs;
}

async function work(pool: Pool, jobs: Job[]): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job(pool);
}

/** Done up to what a worker would have done a unit ago; one unit of each app is left for measuring. */
async function insertCompactions(
  pool: Pool,
  nowS: number,
  { fromS, toS }: { fromS: number; toS: number },
): Promise<void> {
  for (const [resolutionS, unitS, untilS] of [
    [60, 600, floorTo(nowS, 600) - 600],
    [3600, 3600, floorTo(nowS, HOUR_S) - HOUR_S],
  ] as const) {
    await pool.query(
      `INSERT INTO compactions (app_id, resolution_s, unit_s, version, done_version)
       SELECT a.id, $1, u, 1, CASE WHEN u < $5 THEN 1 ELSE 0 END
       FROM apps a, generate_series($2::int, $3::int, $4::int) u`,
      [resolutionS, fromS, toS - 1, unitS, untilS],
    );
  }
}

function floorTo(value: number, width: number): number {
  return Math.floor(value / width) * width;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      apps: { type: 'string' },
      deep: { type: 'string' },
      quick: { type: 'boolean' },
      data: { type: 'string' },
    },
  });
  const scale = values.quick ? QUICK : FULL;
  const dataDir = values.data ?? mkdtempSync(join(tmpdir(), 'drainboard-month-'));
  const server = await startEmbedded({ dataDir, log: silentLog });
  const pool = buildPool({ url: server.url, max: 4, applicationName: 'bench-month', log: silentLog });
  try {
    await migrate(pool, { log: silentLog });
    const startMs = performance.now();
    await generateMonth(
      pool,
      {
        ...scale,
        apps: Number(values.apps ?? scale.apps),
        deepApps: Number(values.deep ?? scale.deepApps),
      },
      'benchmark-key-of-no-importance-000000',
    );
    console.log(`generated in ${((performance.now() - startMs) / 1000).toFixed(0)} s\n`);
    for (const line of await tableSizes(pool)) console.log(line);
  } finally {
    await pool.end();
    await server.stop();
    if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true });
  }
}
