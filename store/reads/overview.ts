/** Everything the page of one app draws, in as few queries as it takes. */
import {
  SERIES_ADDON_METRIC,
  SERIES_CODE,
  SERIES_CUSTOM,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_MESSAGE,
} from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readCodes } from './codes.ts';
import { quantileOf } from './histograms.ts';
import type { ColumnSet, ReadRange } from './range.ts';
import {
  type DynoFilter,
  KIND_OF_TOTAL,
  type Reading,
  type RequestSums,
  readAlive,
  readConnectTimes,
  readResponseTimes,
  readThroughput,
} from './requests-over-time.ts';
import { type MeasuredColumns, readMeasured, readNewestByDyno } from './samples-over-time.ts';
import { compareDynos, processTypeOf, readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

const KINDS = [
  SERIES_DYNO,
  KIND_OF_TOTAL,
  SERIES_CODE,
  SERIES_MESSAGE,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_DYNO_METRIC,
  SERIES_ADDON_METRIC,
  SERIES_CUSTOM,
];

export interface Overview {
  totals: RequestSums & { p50Ms: number | null; p95Ms: number | null; p99Ms: number | null };
  throughput: ColumnSet;
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
  const { all, columns } = counted.times;
  return {
    totals: {
      ...counted.totals,
      p50Ms: quantileOf(all, 0.5),
      p95Ms: quantileOf(all, 0.95),
      p99Ms: quantileOf(all, 0.99),
    },
    throughput: counted.throughput,
    responseTime: {
      t: columns.t,
      series: [
        ...columns.series,
        { id: 'connect_p95', label: 'connect p95', unit: 'ms', values: counted.connect },
      ],
    },
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
  const alive = await readAlive(db, reading);
  const { totals, throughput } = await readThroughput(db, reading, alive);
  const times = await readResponseTimes(db, reading);
  const { columns: codes } = await readCodes(db, reading, alive);
  const connect = await readConnectTimes(db, reading);
  return { totals, throughput, times, codes, connect: connect.values, dynos: connect.dynos };
}

async function readMeasuredThings(db: Queryable, reading: Reading) {
  const measured = await readMeasured(db, reading, DYNO_METRICS);
  const newest = await readNewestByDyno(db, reading, 'memory_quota');
  const quotas: Record<string, number> = Object.create(null);
  for (const [dyno, sample] of newest) quotas[dyno] = sample.value;
  return { ...measured, quotas };
}
