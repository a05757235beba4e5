/**
 * How long the two heaviest pages take on generated data: the page of an app with 20 dynos over 24 h at 1 min, and
 * the fleet of 100 apps; and 30 days at 1 h. Data is what roll-up and compaction leave: rows of 10 s for the last
 * two hours (24 h of the big app), of 1 min and 1 h for what is compacted.
 *
 *   node bench/reads.ts [--explain] [--data DIR]   (DIR is kept, and used again when it has data)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApi } from '../api/app.ts';
import { buildLiveFeed } from '../api/live.ts';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import {
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_FRAME,
  SERIES_MESSAGE,
  SERIES_RELEASE,
} from '../model/series.ts';
import { migrate } from '../store/migrate.ts';
import { ensurePartitions, ensurePartitionsForRange } from '../store/partitions.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { KEPT_DEFAULT } from '../store/reads/plan.ts';
import { createToken } from '../store/tokens.ts';

const NOW_S = 1_795_500_000;
const DAY_S = 86_400;
const KEY = 'a key for measuring only, of length';
const APPS = 100;
const BIG_DYNOS = 20;
const SMALL_DYNOS = 4;
const ROUNDS = 21;
/** 12 of the latency bins, a few requests in each. */
const HIST = "decode('50000a51000b60000570000162000371000280000590000aa00001b0000140000a41000b', 'hex')";

/** Rows lie as the write side leaves them: roll-ups of seconds app by app, compaction a unit of an app at a time. */
const ORDER =
  'ORDER BY CASE WHEN $1::int < 60 THEN b WHEN $1 < 3600 THEN b / 600 ELSE b END, s.app_id, s.id, b';

interface Fill {
  table: string;
  fromS: number;
  toS: number;
  everyS: number;
  where: string;
}

async function fillCounts(pool: Pool, { table, fromS, toS, everyS, where }: Fill): Promise<void> {
  const hasHist = `s.kind IN (${SERIES_DYNO}, ${SERIES_RELEASE})`;
  await pool.query(
    `INSERT INTO ${table} SELECT b, s.app_id, s.id, 0, ${everyS}, 1, 0, 0, ${everyS} - 3, 1, 1, 1, 0, 100000,
       ${everyS}, ${everyS} * 2, 12, CASE WHEN s.kind = ${SERIES_DYNO} THEN ${HIST} END,
       ${everyS}, ${everyS} * 100, 900, CASE WHEN ${hasHist} THEN ${HIST} END
     FROM generate_series(${fromS}, ${toS - 1}, ${everyS}) b, series s
     WHERE s.kind < ${SERIES_DYNO_METRIC} AND ${where}
       -- Codes come now and then, not in every bucket.
       AND (s.kind <> ${SERIES_CODE} OR (b / ${everyS} + s.id) % 7 = 0)
     ${ORDER}`,
    [everyS],
  );
}

async function fillSamples(pool: Pool, { table, fromS, toS, everyS, where }: Fill): Promise<void> {
  await pool.query(
    `INSERT INTO ${table} SELECT b, s.app_id, s.id, 0, 3, 900 + random(), 300, 301, 300.5, b * 1000::bigint
     FROM generate_series(${fromS}, ${toS - 1}, ${everyS}) b, series s WHERE s.kind = ${SERIES_DYNO_METRIC} AND ${where}
     ${ORDER}`,
    [everyS],
  );
}

async function addSeries(pool: Pool, kind: number, keys: string): Promise<void> {
  await pool.query(
    `INSERT INTO series (app_id, kind, key, created_at_ms)
     SELECT a.id, ${kind}, k, 0 FROM apps a, generate_series(1, ${BIG_DYNOS}) d, ${keys}
     WHERE a.name = 'app-1' OR d <= ${SMALL_DYNOS} ON CONFLICT DO NOTHING`,
  );
}

async function generate(pool: Pool): Promise<void> {
  await ensurePartitions(pool, { nowMs: NOW_S * 1000, ahead: 1 });
  for (const family of ['count', 'sample'] as const) {
    await ensurePartitionsForRange(pool, `${family}_buckets_10s`, NOW_S - 2 * DAY_S, NOW_S);
    await ensurePartitionsForRange(pool, `${family}_buckets_1m`, NOW_S - 30 * DAY_S, NOW_S);
    await ensurePartitionsForRange(pool, `${family}_buckets_1h`, NOW_S - 31 * DAY_S, NOW_S);
  }
  await ensurePartitionsForRange(pool, 'events', (NOW_S - 90 * DAY_S) * 1000, NOW_S * 1000);
  await pool.query(
    `INSERT INTO apps (name, created_at_ms) SELECT 'app-' || n, 0 FROM generate_series(1, ${APPS}) n`,
  );
  await addSeries(pool, SERIES_DYNO, "(SELECT 1) x, LATERAL (SELECT 'web.' || d AS k) y");
  await addSeries(
    pool,
    SERIES_DYNO_METRIC,
    `unnest(ARRAY['memory_total','memory_swap','memory_quota','memory_rss','memory_cache','memory_pgpgin',
      'memory_pgpgout','load_avg_1m','load_avg_5m','load_avg_15m']) m, LATERAL (SELECT 'web.' || d || E'\\t' || m AS k) y`,
  );
  await addSeries(pool, SERIES_RELEASE, "unnest(ARRAY['42']) k");
  await addSeries(pool, SERIES_FRAME, "unnest(ARRAY['accepted']) k");
  await addSeries(pool, SERIES_CODE, "unnest(ARRAY['H12', 'H13', 'H27', 'R14', 'L10']) k");
  await addSeries(pool, SERIES_MESSAGE, "unnest(ARRAY['request', 'dynoSample', 'app', 'dynoEvent']) k");
  const big = "s.app_id = (SELECT id FROM apps WHERE name = 'app-1')";
  // Just before the last ten minutes are compacted: the most that is ever read from rows of 10 s.
  const doneS = NOW_S - 600;
  const fills: [(pool: Pool, fill: Fill) => Promise<void>, string][] = [
    [fillCounts, 'count'],
    [fillSamples, 'sample'],
  ];
  for (const [fill, family] of fills) {
    await fill(pool, {
      table: `${family}_buckets_10s`,
      fromS: NOW_S - DAY_S,
      toS: NOW_S,
      everyS: 10,
      where: big,
    });
    await fill(pool, {
      table: `${family}_buckets_10s`,
      fromS: NOW_S - 7200,
      toS: NOW_S,
      everyS: 10,
      where: `NOT ${big}`,
    });
    await fill(pool, {
      table: `${family}_buckets_1m`,
      fromS: NOW_S - DAY_S,
      toS: doneS,
      everyS: 60,
      where: 'true',
    });
    await fill(pool, {
      table: `${family}_buckets_1h`,
      fromS: NOW_S - 31 * DAY_S,
      toS: NOW_S - 7200,
      everyS: 3600,
      where: big,
    });
  }
  await fillCounts(pool, {
    table: 'count_buckets_1h',
    fromS: NOW_S - 8 * DAY_S,
    toS: NOW_S - 7200,
    everyS: 3600,
    where: `NOT ${big}`,
  });
  for (const [resolutionS, widthS, untilS] of [
    [60, 600, doneS],
    [3600, 3600, NOW_S - 7200],
  ] as const) {
    await pool.query(
      `INSERT INTO compactions (app_id, resolution_s, unit_s, version, done_version)
       SELECT a.id, $1, u, 1, 1 FROM apps a, generate_series($2::int, $3::int, $4) u`,
      [resolutionS, NOW_S - 31 * DAY_S, untilS - 1, widthS],
    );
  }
  await pool.query('VACUUM ANALYZE');
}

/** A pool that tells the plan and time of each statement. */
function explaining(pool: Pool): Pool {
  const query = async (text: string, values?: unknown[]) => {
    if (/^\s*SELECT/i.test(text)) {
      const { rows } = await pool.query(`EXPLAIN (ANALYZE, BUFFERS OFF) ${text}`, values);
      console.log(`\n${text.slice(0, 160)}…`);
      console.log(rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n'));
    }
    return pool.query(text, values);
  };
  const connect = async () => {
    const client = await pool.connect();
    return { query: client.query.bind(client), release: client.release.bind(client) };
  };
  return { query, connect } as unknown as Pool;
}

function buildBenchApi(pool: Pool) {
  return buildApi({
    pool,
    config: { ...KEPT_DEFAULT, secret: KEY, onHeroku: false, keepDetailsMs: DAY_S * 1000 },
    nowMs: () => NOW_S * 1000,
    live: buildLiveFeed(),
    log: silentLog,
    setupToken: '',
  });
}

async function measure(pool: Pool): Promise<void> {
  const input = { name: 'bench', role: 'viewer' as const, createdBy: null, key: KEY, nowMs: NOW_S * 1000 };
  const { token } = await createToken(pool, input);
  const headers = { authorization: `Bearer ${token}` };
  const pages: [string, string, number][] = [
    [
      'app page, 24 h at 1 min, 20 dynos',
      `/apps/app-1/overview?from=${NOW_S - DAY_S}&to=${NOW_S}&step=60`,
      100,
    ],
    ['app page, 1 h at 10 s, 20 dynos', `/apps/app-1/overview?from=${NOW_S - 3600}&to=${NOW_S}&step=10`, 100],
    [
      'app page, 30 d at 1 h, 20 dynos',
      `/apps/app-1/overview?from=${NOW_S - 30 * DAY_S}&to=${NOW_S}&step=3600`,
      100,
    ],
    [
      'app page, 24 h, one dyno',
      `/apps/app-1/overview?from=${NOW_S - DAY_S}&to=${NOW_S}&step=60&dyno=web.3`,
      100,
    ],
    ['fleet page, 100 apps', '/apps', 150],
    ['exact counts, 24 h', `/apps/app-1/counts?from=${NOW_S - DAY_S}&to=${NOW_S}`, 100],
  ];
  for (const [name, path, boundMs] of pages) {
    // A fresh server a page: the bound on requests of one caller is no part of the measurement.
    const api = buildBenchApi(pool);
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = performance.now();
      const response = await api.request(`http://localhost/api/v1${path}`, { headers });
      bytes = (await response.arrayBuffer()).byteLength;
      if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
      times.push(performance.now() - startMs);
    }
    times.sort((a, b) => a - b);
    const at = (q: number) => (times[Math.ceil(q * times.length) - 1] ?? 0).toFixed(0);
    console.log(
      `${name.padEnd(36)} p50 ${at(0.5).padStart(4)} ms   p95 ${at(0.95).padStart(4)} ms (at most ${boundMs})   ${(bytes / 1024).toFixed(0)} KiB`,
    );
  }
  if (process.argv.includes('--explain')) {
    const api = buildBenchApi(explaining(pool));
    await api.request(`http://localhost/api/v1/apps`, { headers });
  }
}

const kept = process.argv[process.argv.indexOf('--data') + 1] ?? '';
const isKept = process.argv.includes('--data');
const dataDir = isKept ? kept : mkdtempSync(join(tmpdir(), 'drainboard-bench-'));
const server = await startEmbedded({ dataDir, log: silentLog });
const pool = buildPool({ url: server.url, max: 6, applicationName: 'drainboard-bench', log: silentLog });
try {
  await migrate(pool, { log: silentLog });
  const startMs = performance.now();
  const { rows } = await pool.query('SELECT 1 FROM apps LIMIT 1');
  if (rows.length === 0) await generate(pool);
  console.log(`generated in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  await measure(pool);
} finally {
  await pool.end();
  await server.stop();
  if (!isKept) rmSync(dataDir, { recursive: true, force: true });
}
