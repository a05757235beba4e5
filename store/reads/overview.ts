/** Everything the page of one app draws, in as few queries as it takes. */
import { SERIES_ADDON_METRIC, SERIES_CUSTOM, SERIES_DYNO, SERIES_DYNO_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { KINDS_OF_LINES, readLines } from './codes.ts';
import { quantileOf } from './histograms.ts';
import type { ColumnSet, ReadRange } from './range.ts';
import {
  type DynoFilter,
  KINDS_OF_TOTAL,
  type Reading,
  type RequestSums,
  readDynosSeen,
  readRequestsOverTime,
} from './requests-over-time.ts';
import { type MeasuredColumns, readMeasured, readNewestByDyno } from './samples-over-time.ts';
import { compareDynos, processTypeOf, readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

const KINDS = [
  SERIES_DYNO,
  ...KINDS_OF_TOTAL,
  ...KINDS_OF_LINES,
  SERIES_DYNO_METRIC,
  SERIES_ADDON_METRIC,
  SERIES_CUSTOM,
];

export interface Overview {
  totals: RequestSums & { p50Ms: number | null; p95Ms: number | null; p99Ms: number | null };
  throughput: ColumnSet;
  /** `bad` and `excluded` requests per point. */
  outcomes: ColumnSet;
  responseTime: ColumnSet;
  codes: ColumnSet;
  memory: ColumnSet;
  swap: ColumnSet;
  load: ColumnSet;
  quotas: Record<string, number>;
  addons: MeasuredColumns['addons'];
  custom: ColumnSet;
  /** Whether runtime metrics were ever seen, in any range. */
  hasRuntimeMetrics: boolean;
  dynos: string[];
  processTypes: string[];
}

const DYNO_METRICS = ['memory_total', 'memory_swap', 'load_avg_1m'] as const;

/** Lends a connection for one piece of reading, bounded in time. */
export type Lend = <T>(work: (db: Queryable) => Promise<T>) => Promise<T>;

/** Names and slices once, then counted and measured things side by side, on a connection each. */
export async function readOverview(
  lend: Lend,
  appId: number,
  range: ReadRange,
  filter: DynoFilter,
): Promise<Overview> {
  const { slices, names } = await lend(async (db) => ({
    slices: await readSlices(db, appId, range, range.resolutionS),
    names: await readSeriesNames(db, [appId], KINDS),
  }));
  const reading: Reading = { appId, range, slices, names, filter };
  const [counted, measured] = await Promise.all([
    lend((db) => readCounted(db, reading)),
    lend((db) => readMeasuredThings(db, reading)),
  ]);
  const dynos = [...new Set([...counted.dynos, ...measured.dynos])].sort(compareDynos);
  const { totals, all, throughput, outcomes, responseTime } = counted.requests;
  return {
    totals: {
      ...totals,
      p50Ms: quantileOf(all, 0.5),
      p95Ms: quantileOf(all, 0.95),
      p99Ms: quantileOf(all, 0.99),
    },
    throughput,
    outcomes,
    responseTime,
    codes: counted.codes,
    memory: metric(measured, 'memory_total', range),
    swap: metric(measured, 'memory_swap', range),
    load: metric(measured, 'load_avg_1m', range),
    quotas: measured.quotas,
    addons: measured.addons,
    custom: measured.custom,
    hasRuntimeMetrics: hasRuntimeMetrics(names),
    dynos,
    processTypes: [...new Set(dynos.map(processTypeOf))],
  };
}

function metric(measured: MeasuredColumns, name: string, range: ReadRange): ColumnSet {
  return measured.dynoMetrics.get(name) ?? { t: range.t, series: [] };
}

export function hasRuntimeMetrics(names: readonly SeriesName[]): boolean {
  return names.some((name) => name.kind === SERIES_DYNO_METRIC);
}

async function readCounted(db: Queryable, reading: Reading) {
  const { alive, columns: codes } = await readLines(db, reading);
  const requests = await readRequestsOverTime(db, reading, alive);
  return { requests, codes, dynos: await readDynosSeen(db, reading) };
}

async function readMeasuredThings(db: Queryable, reading: Reading) {
  const measured = await readMeasured(db, reading, DYNO_METRICS);
  const newest = await readNewestByDyno(db, reading, 'memory_quota');
  const quotas: Record<string, number> = Object.create(null);
  for (const [dyno, sample] of newest) quotas[dyno] = sample.value;
  return { ...measured, quotas };
}
