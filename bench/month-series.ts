/** Which series the apps of a generated month have, and how often each is written. Pure. */
import {
  SERIES_ADDON_METRIC,
  SERIES_CODE,
  SERIES_CUSTOM,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_HOST,
  SERIES_MESSAGE,
  SERIES_PATH,
  SERIES_RELEASE,
  SERIES_SKIPPED,
  SERIES_STATUS,
  seriesKey,
} from '../model/series.ts';

export interface MonthSeries {
  kind: number;
  key: string;
  label: string | null;
  /** Counted things: per second at the daily mean. Measured things: values a second. */
  perSecond: number;
  /** Measured things: usual value, and how far it strays. */
  base: number;
  spread: number;
  /** Share of the month in which the series is written, 0–1: releases follow one another. */
  from: number;
  to: number;
}

/** Requests a second and dyno: a busy web dyno, well below what one can do. */
const REQUESTS_PER_DYNO = 1;
const PATHS = 40;
const RELEASES = 30;

const STATUSES: Record<string, number> = {
  '200': 0.87,
  '201': 0.03,
  '204': 0.01,
  '301': 0.005,
  '302': 0.02,
  '304': 0.04,
  '400': 0.003,
  '401': 0.004,
  '404': 0.015,
  '422': 0.002,
  '500': 0.001,
  '503': 0.001,
};
const CODES: Record<string, number> = { H12: 0.0006, H13: 0.0002, H18: 0.0001, H27: 0.0015, R14: 0.0004 };
const MEBIBYTE = 1024 * 1024;
const DYNO_METRICS: [string, number, number][] = [
  ['memory_total', 380 * MEBIBYTE, 60 * MEBIBYTE],
  ['memory_rss', 350 * MEBIBYTE, 60 * MEBIBYTE],
  ['memory_cache', 20 * MEBIBYTE, 5 * MEBIBYTE],
  ['memory_swap', 4 * MEBIBYTE, 2 * MEBIBYTE],
  ['memory_pgpgin', 160_000, 20_000],
  ['memory_pgpgout', 150_000, 20_000],
  ['memory_quota', 512 * MEBIBYTE, 0],
  ['load_avg_1m', 0.6, 0.3],
  ['load_avg_5m', 0.6, 0.2],
  ['load_avg_15m', 0.6, 0.1],
];
const POSTGRES_METRICS: [string, number, number][] = [
  ['db_size', 3e9, 1e6],
  ['tables', 84, 0],
  ['active-connections', 22, 6],
  ['waiting-connections', 0, 0],
  ['index-cache-hit-rate', 0.99, 0.005],
  ['table-cache-hit-rate', 0.98, 0.01],
  ['load-avg-1m', 0.3, 0.1],
  ['load-avg-5m', 0.3, 0.1],
  ['read-iops', 40, 20],
  ['write-iops', 70, 30],
  ['memory-total', 4e9, 0],
  ['memory-free', 2e8, 5e7],
  ['memory-postgres', 2e8, 2e7],
];

/** The series of one app with so many web dynos. */
export function monthSeries(dynos: number): MonthSeries[] {
  const perSecond = dynos * REQUESTS_PER_DYNO;
  const names = Array.from({ length: dynos }, (_, index) => `web.${index + 1}`);
  const harmonic = Array.from({ length: PATHS }, (_, n) => 1 / (n + 1)).reduce((sum, part) => sum + part, 0);
  const shared = (kind: number, shares: Record<string, number>): MonthSeries[] =>
    Object.entries(shares).map(([key, share]) => counted(kind, key, perSecond * share));
  return [
    ...names.map((dyno) => counted(SERIES_DYNO, dyno, REQUESTS_PER_DYNO)),
    counted(SERIES_DYNO, '', perSecond * 0.001),
    ...shared(SERIES_CODE, CODES),
    ...shared(SERIES_STATUS, STATUSES),
    ...Array.from({ length: PATHS }, (_, n) =>
      counted(SERIES_PATH, `${n % 4 === 3 ? 'POST' : 'GET'} /area-${n}/{id}`, perSecond / (n + 1) / harmonic),
    ),
    ...shared(SERIES_HOST, { 'www.example.com': 0.9, 'api.example.com': 0.1 }),
    ...Array.from({ length: RELEASES }, (_, n) => ({
      ...counted(SERIES_RELEASE, String(n + 1), perSecond),
      from: n / RELEASES,
      to: n === RELEASES - 1 ? 2 : (n + 1) / RELEASES,
    })),
    ...shared(SERIES_MESSAGE, { request: 1, app: 2, dynoSample: 0.1, dynoEvent: 0.0005, addonSample: 0.001 }),
    counted(SERIES_SKIPPED, 'redacted', perSecond * 0.01),
    counted(SERIES_FRAME, 'accepted', perSecond / 10),
    counted(SERIES_FILED, '', perSecond * 3),
    // A dyno tells its figures about every 20 s, an add-on about every minute.
    ...names.flatMap((dyno) =>
      DYNO_METRICS.map((metric) => measured(SERIES_DYNO_METRIC, [dyno], metric, 1 / 20)),
    ),
    ...POSTGRES_METRICS.map((metric) => ({
      ...measured(SERIES_ADDON_METRIC, ['heroku-postgresql', 'postgresql-cubed-1'], metric, 1 / 60),
      label: 'DATABASE',
    })),
    measured(SERIES_CUSTOM, ['count'], ['orders.created', 1, 0], 0.5),
    { ...measured(SERIES_CUSTOM, ['measure'], ['checkout.time', 240, 80], 0.5), label: 'ms' },
  ];
}

function counted(kind: number, key: string, perSecond: number): MonthSeries {
  return { kind, key, label: null, perSecond, base: 0, spread: 0, from: 0, to: 2 };
}

function measured(
  kind: number,
  parts: string[],
  [metric, base, spread]: [string, number, number],
  perSecond: number,
): MonthSeries {
  return {
    kind,
    key: seriesKey(...parts, metric),
    label: null,
    perSecond,
    base,
    spread,
    from: 0,
    to: 2,
  };
}
