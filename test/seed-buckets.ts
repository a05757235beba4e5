/**
 * Fills bucket tables of a test database straight, with what roll-up and compaction would leave: rows of 10 s for
 * every series, and for the units said to be compacted the rows of 1 min and 1 h beside them.
 */
import { BINS, binOf, encodeBins } from '../model/histogram.ts';
import { ensurePartitionsForRange } from '../store/partitions.ts';
import type { Pool } from '../store/pool.ts';

/** Partitions of every bucket table, and of events and kept requests, that cover [fromS, toS). */
export async function makePartitions(pool: Pool, fromS: number, toS: number): Promise<void> {
  for (const family of ['count', 'sample'] as const) {
    for (const width of ['10s', '1m', '1h'] as const) {
      await ensurePartitionsForRange(pool, `${family}_buckets_${width}`, fromS, toS);
    }
  }
  await ensurePartitionsForRange(pool, 'events', fromS * 1000, toS * 1000);
  await ensurePartitionsForRange(pool, 'request_details', fromS * 1000, toS * 1000);
}

export interface CountSeed {
  appId: number;
  kind: number;
  key: string;
  bucketS: number;
  count: number;
  bad?: number;
  excluded?: number;
  status1xx?: number;
  status2xx?: number;
  status3xx?: number;
  status4xx?: number;
  status5xx?: number;
  platform?: number;
  bytes?: number;
  /** Latencies of single requests, ms. */
  serviceMs?: number[];
  connectMs?: number[];
}

export interface SampleSeed {
  appId: number;
  kind: number;
  key: string;
  label?: string;
  bucketS: number;
  values: number[];
}

function histogramOf(valuesMs: number[]): Buffer {
  const bins = new Uint32Array(BINS);
  for (const ms of valuesMs) bins[binOf(ms)]! += 1;
  return Buffer.from(encodeBins(bins));
}

function sumOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Ids of the series named, made when new. */
export async function seriesIds(
  pool: Pool,
  names: { appId: number; kind: number; key: string; label?: string | undefined }[],
): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: number; app_id: number; kind: number; key: string }>(
    `INSERT INTO series (app_id, kind, key, label, created_at_ms)
     SELECT DISTINCT ON (a, k, t) a, k, t, l, 0
     FROM unnest($1::int[], $2::smallint[], $3::text[], $4::text[]) AS n (a, k, t, l)
     ON CONFLICT (app_id, kind, key) DO UPDATE SET key = excluded.key RETURNING id, app_id, kind, key`,
    [
      names.map((name) => name.appId),
      names.map((name) => name.kind),
      names.map((name) => name.key),
      names.map((name) => name.label ?? null),
    ],
  );
  return new Map(rows.map((row) => [`${row.app_id}\t${row.kind}\t${row.key}`, row.id]));
}

/** Adds rows of counts to a table of any width. */
export async function insertCounts(
  pool: Pool,
  seeds: CountSeed[],
  table = 'count_buckets_10s',
  writerId = 1,
) {
  const ids = await seriesIds(pool, seeds);
  const rows = seeds.map((seed) => ({
    bucket_s: seed.bucketS,
    app_id: seed.appId,
    series_id: ids.get(`${seed.appId}\t${seed.kind}\t${seed.key}`),
    writer_id: writerId,
    count: seed.count,
    bad: seed.bad,
    excluded: seed.excluded,
    status_1xx: seed.status1xx,
    status_2xx: seed.status2xx,
    status_3xx: seed.status3xx,
    status_4xx: seed.status4xx,
    status_5xx: seed.status5xx,
    platform: seed.platform,
    bytes: seed.bytes,
    connect_count: seed.connectMs?.length,
    connect_sum_ms: seed.connectMs && sumOf(seed.connectMs),
    connect_max_ms: seed.connectMs && Math.max(...seed.connectMs),
    connect_hist: seed.connectMs && `\\x${histogramOf(seed.connectMs).toString('hex')}`,
    service_count: seed.serviceMs?.length,
    service_sum_ms: seed.serviceMs && sumOf(seed.serviceMs),
    service_max_ms: seed.serviceMs && Math.max(...seed.serviceMs),
    service_hist: seed.serviceMs && `\\x${histogramOf(seed.serviceMs).toString('hex')}`,
  }));
  await pool.query(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [
    JSON.stringify(rows),
  ]);
}

/** Adds rows of samples to a table of any width. */
export async function insertSamples(
  pool: Pool,
  seeds: SampleSeed[],
  table = 'sample_buckets_10s',
  writerId = 1,
) {
  const ids = await seriesIds(pool, seeds);
  const rows = seeds.map((seed) => ({
    bucket_s: seed.bucketS,
    app_id: seed.appId,
    series_id: ids.get(`${seed.appId}\t${seed.kind}\t${seed.key}`),
    writer_id: writerId,
    count: seed.values.length,
    sum: sumOf(seed.values),
    min: Math.min(...seed.values),
    max: Math.max(...seed.values),
    last: seed.values.at(-1),
    last_at_ms: seed.bucketS * 1000 + 5000,
  }));
  await pool.query(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [
    JSON.stringify(rows),
  ]);
}

/** Makes the rows of 1 min (or 1 h) of one unit from those of 10 s, as compaction does, and marks it done. */
export async function compactUnit(
  pool: Pool,
  appId: number,
  resolutionS: 60 | 3600,
  unitS: number,
): Promise<void> {
  const [suffix, widthS] = resolutionS === 60 ? ['1m', 600] : ['1h', 3600];
  await pool.query(
    `DELETE FROM count_buckets_${suffix} WHERE app_id = $1 AND bucket_s >= $2 AND bucket_s < $3`,
    [appId, unitS, unitS + widthS],
  );
  await pool.query(
    `INSERT INTO count_buckets_${suffix}
     SELECT bucket_s - bucket_s % $4, app_id, series_id, 0, sum(count), sum(bad), sum(excluded), sum(status_1xx),
       sum(status_2xx), sum(status_3xx), sum(status_4xx), sum(status_5xx), sum(platform), sum(bytes),
       sum(connect_count), sum(connect_sum_ms), max(connect_max_ms), string_agg(connect_hist, ''::bytea),
       sum(service_count), sum(service_sum_ms), max(service_max_ms), string_agg(service_hist, ''::bytea)
     FROM count_buckets_10s WHERE app_id = $1 AND bucket_s >= $2 AND bucket_s < $3 GROUP BY 1, 2, 3`,
    [appId, unitS, unitS + widthS, resolutionS],
  );
  await pool.query(
    `DELETE FROM sample_buckets_${suffix} WHERE app_id = $1 AND bucket_s >= $2 AND bucket_s < $3`,
    [appId, unitS, unitS + widthS],
  );
  await pool.query(
    `INSERT INTO sample_buckets_${suffix}
     SELECT bucket_s - bucket_s % $4, app_id, series_id, 0, sum(count), sum(sum), min(min), max(max),
       (array_agg(last ORDER BY last_at_ms DESC))[1], max(last_at_ms)
     FROM sample_buckets_10s WHERE app_id = $1 AND bucket_s >= $2 AND bucket_s < $3 GROUP BY 1, 2, 3`,
    [appId, unitS, unitS + widthS, resolutionS],
  );
  await pool.query(
    `INSERT INTO compactions (app_id, resolution_s, unit_s, version, done_version) VALUES ($1, $2, $3, 1, 1)
     ON CONFLICT (app_id, resolution_s, unit_s) DO UPDATE SET done_version = compactions.version`,
    [appId, resolutionS, unitS],
  );
}

/** What a late row does to the units it falls into. */
export async function markDue(pool: Pool, appId: number, bucketS: number): Promise<void> {
  await pool.query(
    `INSERT INTO compactions (app_id, resolution_s, unit_s)
     VALUES ($1, 60, $2), ($1, 3600, $3)
     ON CONFLICT (app_id, resolution_s, unit_s) DO UPDATE SET version = compactions.version + 1`,
    [appId, bucketS - (bucketS % 600), bucketS - (bucketS % 3600)],
  );
}
