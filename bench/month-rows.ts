/**
 * Rows of a generated month, made by the server from the list of series: what roll-up leaves (several deltas of a
 * bucket, one for each flush) and what compaction leaves (one row). In the physical order in which those write.
 */
import { binOf, encodeBins } from '../model/histogram.ts';
import {
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_HOST,
  SERIES_PATH,
  SERIES_RELEASE,
} from '../model/series.ts';
import type { Pool, Queryable } from '../store/pool.ts';
import type { MonthSeries } from './month-series.ts';
import { randomFrom } from './random.ts';

/** Part of a bucket table to fill: of the apps numbered [firstApp, lastApp], epoch seconds [fromS, toS). */
export interface Fill {
  stepS: 10 | 60 | 3600;
  fromS: number;
  toS: number;
  firstApp: number;
  lastApp: number;
}

const SUFFIX = { 10: '10s', 60: '1m', 3600: '1h' } as const;
/** A roll-up is flushed every 2 s; a few series miss a flush. */
const DELTAS = 4;
/** Histograms to choose from, of each size. */
const VARIANTS = 24;
/** Requests that a histogram of each size holds. */
const SIZES = [3, 12, 60, 600, 6000];

/** Makes the series of every app, and the list that rows are made from. */
export async function insertSeries(
  pool: Pool,
  apps: number,
  series: readonly MonthSeries[],
  span: { fromS: number; toS: number },
): Promise<void> {
  const column = <T>(of: (one: MonthSeries) => T): T[] => series.map(of);
  const at = (share: number): number => Math.round(span.fromS + share * (span.toS - span.fromS));
  await pool.query(
    `CREATE UNLOGGED TABLE month_series (app_id int, series_id int, kind int, per_second float8, base float8,
       spread float8, from_s int, to_s int)`,
  );
  await pool.query(
    `WITH s AS (
       SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[],
         $7::int[], $8::int[]) AS s (kind, key, label, per_second, base, spread, from_s, to_s)
     ), made AS (
       INSERT INTO series (app_id, kind, key, label, created_at_ms)
       SELECT a.id, s.kind, s.key, s.label, $9 FROM apps a CROSS JOIN s WHERE a.id <= $10
       RETURNING id, app_id, kind, key
     )
     INSERT INTO month_series
     SELECT made.app_id, made.id, s.kind, s.per_second, s.base, s.spread, s.from_s, s.to_s FROM made JOIN s USING (kind, key)`,
    [
      column((one) => one.kind),
      column((one) => one.key),
      column((one) => one.label),
      column((one) => one.perSecond),
      column((one) => one.base),
      column((one) => one.spread),
      column((one) => at(one.from)),
      column((one) => at(one.to)),
      span.fromS * 1000,
      apps,
    ],
  );
  await pool.query('CREATE INDEX ON month_series (app_id); ANALYZE month_series');
}

/** How busy an instant is against the mean of its day, 0.4–1.6. */
const RHYTHM = '(1 + 0.6 * sin(2 * pi() * (b % 86400) / 86400))';
/** A number in [0, 2^20) that depends on the row alone. */
const CHANCE = '(hashint8(b * 64::bigint + d + l.series_id * 1000003::bigint) & 1048575)';

/** In the order of the writers: flush by flush, or a unit of an app at a time. */
function orderOf(stepS: number): string {
  return stepS === 10
    ? 'ORDER BY b, d, l.app_id, l.series_id'
    : `ORDER BY b / ${stepS === 60 ? 600 : 3600}, l.app_id, l.series_id, b`;
}

export async function fillCounts(db: Queryable, fill: Fill): Promise<number> {
  const { stepS } = fill;
  const deltas = stepS === 10 ? DELTAS : 1;
  const kinds = [SERIES_DYNO, SERIES_PATH, SERIES_HOST, SERIES_RELEASE].join(', ');
  const share = (ratio: number): string => `nullif(round(c * ${ratio})::bigint, 0)`;
  const hist = (size: string): string => `($5::bytea[])[1 + ${size} * ${VARIANTS} + h % ${VARIANTS}]`;
  const requests = (value: string): string => `CASE WHEN is_requests THEN ${value} END`;
  const { rowCount } = await db.query(
    `INSERT INTO count_buckets_${SUFFIX[stepS]}
     SELECT b, app_id, series_id, ${stepS === 10 ? 1 : 0}, c, ${requests(share(0.003))}, ${requests(share(0.0015))},
       NULL, ${requests('c - round(c * 0.1)::bigint')}, ${requests(share(0.065))}, ${requests(share(0.024))},
       ${requests(share(0.002))}, ${requests(share(0.001))}, ${requests('c * 8000')},
       ${requests('c')}, ${requests('c')}, ${requests('12')}, CASE WHEN kind <> ${SERIES_PATH} THEN ${requests(hist('(size + 5)'))} END,
       ${requests('c')}, ${requests('c * 90')}, ${requests('900 + h % 9000')}, ${requests(hist('size'))}
     FROM (
       SELECT b, l.app_id, l.series_id, l.kind, h, l.kind IN (${kinds}) AS is_requests,
         greatest(1, round(expected))::bigint AS c,
         CASE WHEN expected < 6 THEN 0 WHEN expected < 30 THEN 1 WHEN expected < 200 THEN 2 WHEN expected < 2000 THEN 3 ELSE 4 END AS size
       FROM generate_series($1::int, $2::int - 1, ${stepS}) b
       CROSS JOIN generate_series(1, ${deltas}) d
       JOIN month_series l ON l.app_id BETWEEN $3 AND $4 AND l.kind < ${SERIES_DYNO_METRIC} AND b >= l.from_s AND b < l.to_s,
       LATERAL (SELECT ${CHANCE} AS h, l.per_second * ${stepS / deltas} * ${RHYTHM} AS expected) e
       WHERE h < 1048576 * (1 - exp(-least(expected, 30)))
       ${orderOf(stepS)}
     ) r`,
    [fill.fromS, fill.toS, fill.firstApp, fill.lastApp, HISTOGRAMS],
  );
  return rowCount ?? 0;
}

export async function fillSamples(db: Queryable, fill: Fill): Promise<number> {
  const { stepS } = fill;
  const { rowCount } = await db.query(
    `INSERT INTO sample_buckets_${SUFFIX[stepS]}
     SELECT b, app_id, series_id, ${stepS === 10 ? 1 : 0}, c, c * value, value - spread, value + spread, value, b * 1000::bigint + 5000
     FROM (
       SELECT b, l.app_id, l.series_id, l.spread, greatest(1, round(expected))::bigint AS c,
         l.base + l.spread * (h / 524288.0 - 1) AS value
       FROM generate_series($1::int, $2::int - 1, ${stepS}) b
       CROSS JOIN generate_series(1, 1) d
       JOIN month_series l ON l.app_id BETWEEN $3 AND $4 AND l.kind >= ${SERIES_DYNO_METRIC},
       LATERAL (SELECT ${CHANCE} AS h, l.per_second * ${stepS} AS expected) e
       WHERE h < 1048576 * expected
       ${orderOf(stepS)}
     ) r`,
    [fill.fromS, fill.toS, fill.firstApp, fill.lastApp],
  );
  return rowCount ?? 0;
}

/** Stored histograms: of whole latencies in each size, then of times to connect. */
const HISTOGRAMS: Buffer[] = [
  ...SIZES.flatMap((size) => variants(size, 60, 1.1)),
  ...SIZES.flatMap((size) => variants(size, 1.2, 0.7)),
];

/** Log-normal about a median, ms. */
function variants(observations: number, medianMs: number, sigma: number): Buffer[] {
  const random = randomFrom(observations);
  return Array.from({ length: VARIANTS }, () => {
    const bins = new Uint32Array(256);
    for (let i = 0; i < observations; i++) {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const bin = binOf(Math.round(medianMs * Math.exp(sigma * normal)));
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    return Buffer.from(encodeBins(bins));
  });
}

/** Releases, daily cycling of dynos, and now and then an episode of R14. */
export async function insertEvents(
  pool: Pool,
  apps: number,
  dynos: number,
  span: { fromS: number; toS: number },
): Promise<void> {
  const days = Math.floor((span.toS - span.fromS) / 86_400);
  await pool.query(
    `INSERT INTO events (at_ms, app_id, kind, dyno, code, version, until_ms, count, detail, dedupe_key)
     SELECT at_ms, app_id, 'release', NULL, NULL, n, at_ms, 1, '{"what": "Deploy 1a2b3c4d"}', 'v' || n
     FROM generate_series(1, $1::int) app_id, generate_series(1, 30) n,
       LATERAL (SELECT ($2::bigint + (n - 1) * ($3::bigint - $2) / 30) * 1000 AS at_ms) t`,
    [apps, span.fromS, span.toS],
  );
  await pool.query(
    `INSERT INTO events (at_ms, app_id, kind, dyno, code, version, until_ms, count, detail, dedupe_key)
     SELECT at_ms, app_id, 'state', 'web.' || dyno, NULL, NULL, at_ms, 1,
       jsonb_build_object('from', (ARRAY['up', 'down', 'starting'])[n], 'to', (ARRAY['down', 'starting', 'up'])[n]),
       dyno || ':' || n
     FROM generate_series(1, $1::int) app_id, generate_series(0, $2::int) day, generate_series(1, $3::int) dyno,
       generate_series(1, 3) n,
       LATERAL (SELECT ($4::bigint + day * 86400 + dyno * 600 + app_id * 31 + n * 4) * 1000 AS at_ms) t
     WHERE at_ms < $5::bigint * 1000`,
    [apps, days, dynos, span.fromS, span.toS],
  );
  await pool.query(
    `INSERT INTO events (at_ms, app_id, kind, dyno, code, version, until_ms, count, detail, dedupe_key)
     SELECT at_ms, app_id, 'code', 'web.3', 'R14', NULL, at_ms + 1200000, 60, '{}', 'R14:' || day
     FROM generate_series(1, $1::int) app_id, generate_series(0, $2::int) day,
       LATERAL (SELECT ($3::bigint + day * 86400 + 40000 + app_id * 17) * 1000 AS at_ms) t
     WHERE at_ms < $4::bigint * 1000`,
    [apps, days, span.fromS, span.toS],
  );
  await pool.query(
    `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
     SELECT app_id, 1, 'L10', at_ms, at_ms + 60000, 120, 'L10:' || day
     FROM generate_series(1, $1::int) app_id, generate_series(0, $2::int) day,
       LATERAL (SELECT ($3::bigint + day * 86400 + 30000 + app_id * 13) * 1000 AS at_ms) t`,
    [apps, days, span.fromS],
  );
}

/** Kept single requests, so many a second and app, over [fromS, toS). Their ids: detailRequestId. */
export async function insertDetails(
  db: Queryable,
  apps: { first: number; last: number },
  span: { fromS: number; toS: number },
  everyMs: number,
): Promise<number> {
  const { rowCount } = await db.query(
    `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, request_id, method, path, path_shape, host,
       client, dyno, release, connect_ms, service_ms, status, bytes, code)
     SELECT at_ms, app_id, (ARRAY['sample', 'sample', 'sample', 'slow', 'bad'])[1 + n], 0.1,
       md5(app_id || ':' || at_ms)::uuid::text, 'GET', '/area-7/' || at_ms % 9000, '/area-7/{id}', 'www.example.com',
       '203.0.113.0', 'web.' || 1 + at_ms % 20, 30, 1, 90 + (at_ms % 3000)::int, CASE WHEN n = 4 THEN 503 ELSE 200 END,
       8000, CASE WHEN n = 4 THEN 'H12' END
     FROM generate_series($1::bigint * 1000, $2::bigint * 1000 - 1, $3::bigint) at_ms, generate_series($4::int, $5::int) app_id,
       LATERAL (SELECT (at_ms / $3::bigint + app_id)::int % 5 AS n) m
     ORDER BY at_ms`,
    [span.fromS, span.toS, everyMs, apps.first, apps.last],
  );
  return rowCount ?? 0;
}
