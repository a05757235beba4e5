/** One dyno beside those of its process type: memory, load, share of requests, p95, failures. */
import { typeOfDyno } from '../../model/dyno-size.ts';
import { SERIES_DYNO, SERIES_DYNO_METRIC } from '../../model/series.ts';
import { besideColumns, besideSiblings } from '../../model/siblings.ts';
import type { Queryable } from '../pool.ts';
import { quantileOf } from './histograms.ts';
import { type ColumnSet, pointOf, type ReadRange } from './range.ts';
import { type RequestPoints, readRequestPoints } from './request-points.ts';
import { readSamplePoints } from './sample-points.ts';
import { averagesOf } from './samples-over-time.ts';
import { compareDynos, readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

/** Histograms of dynos and points at once; beyond that latency is compared over the whole range only. */
const LATENCY_POINTS_MAX = 12_000;

export type ComparedOf = 'memory' | 'load' | 'share' | 'p95' | 'failed';

export interface Comparison {
  of: ComparedOf;
  unit: string;
  own: number | null;
  median: number | null;
  low: number | null;
  high: number | null;
  columns: ColumnSet;
}

export interface DynoDetail {
  siblings: string[];
  comparisons: Comparison[];
}

/** Values of one measure by dyno: per point, and over the whole range. */
interface Measured {
  points: Map<string, (number | null)[]>;
  whole: Map<string, number | null>;
}

const METRICS: Record<string, ComparedOf> = { memory_total: 'memory', load_avg_1m: 'load' };
const UNITS: Record<ComparedOf, string> = {
  memory: 'bytes',
  load: 'load',
  share: 'fraction',
  p95: 'ms',
  failed: 'fraction',
};

/** `dyno` as series name it: `web.1`, `run`. Siblings are those that did or said anything in the range. */
export async function readDynoDetail(
  db: Queryable,
  appId: number,
  range: ReadRange,
  dyno: string,
): Promise<DynoDetail> {
  const names = (await readSeriesNames(db, [appId], [SERIES_DYNO, SERIES_DYNO_METRIC])).filter(
    (name) => typeOfDyno(dynoOf(name)) === typeOfDyno(dyno),
  );
  const measures = {
    ...(await readMetrics(db, appId, range, names)),
    ...(await readRequests(db, appId, range, names)),
  };
  const seen = new Set(Object.values(measures).flatMap(({ whole }) => [...whole.keys()]));
  seen.delete(dyno);
  const siblings = [...seen].sort(compareDynos);
  const order: ComparedOf[] = ['memory', 'load', 'share', 'p95', 'failed'];
  return {
    siblings,
    comparisons: order.map((of) => compare(of, measures[of], { dyno, siblings, range })),
  };
}

function dynoOf(name: SeriesName): string {
  return name.key.split('\t')[0] ?? '';
}

function compare(
  of: ComparedOf,
  { points, whole }: Measured,
  { dyno, siblings, range }: { dyno: string; siblings: string[]; range: ReadRange },
): Comparison {
  const columns = besideColumns(
    points.get(dyno) ?? [],
    siblings.flatMap((name) => (points.has(name) ? [points.get(name) ?? []] : [])),
    range.t.length,
  );
  const labels = { own: dyno, median: 'median of siblings', low: 'least', high: 'most' };
  const series = (['own', 'median', 'low', 'high'] as const)
    .filter((id) => columns[id].some((value) => value !== null))
    .map((id) => ({ id, label: labels[id], unit: UNITS[of], values: columns[id] }));
  return {
    of,
    unit: UNITS[of],
    ...besideSiblings(
      whole.get(dyno) ?? null,
      siblings.map((name) => whole.get(name) ?? null),
    ),
    columns: { t: range.t, series },
  };
}

async function readMetrics(
  db: Queryable,
  appId: number,
  range: ReadRange,
  names: readonly SeriesName[],
): Promise<Record<'memory' | 'load', Measured>> {
  const wanted = names.filter((name) => METRICS[name.key.split('\t')[1] ?? ''] !== undefined);
  const columns = await readSamplePoints(db, {
    appId,
    seriesIds: wanted.map((name) => name.id),
    slices: await readSlices(db, appId, range, range.resolutionS),
    fromS: range.fromS,
    stepS: range.stepS,
    points: range.t.length,
  });
  const measures = { memory: emptyMeasured(), load: emptyMeasured() };
  for (const name of wanted) {
    const of = METRICS[name.key.split('\t')[1] ?? ''] as 'memory' | 'load' | undefined;
    const column = columns.get(name.id);
    if (!of || !column) continue;
    const [count, sum] = [total(column.counts), total(column.sums)];
    if (count === 0) continue;
    measures[of].points.set(dynoOf(name), averagesOf(column, UNITS[of]));
    measures[of].whole.set(dynoOf(name), sum / count);
  }
  return measures;
}

function emptyMeasured(): Measured {
  return { points: new Map(), whole: new Map() };
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

type Counted = RequestPoints<'count' | 'bad' | 'excluded'>;

async function readRequests(
  db: Queryable,
  appId: number,
  range: ReadRange,
  names: readonly SeriesName[],
): Promise<Record<'share' | 'p95' | 'failed', Measured>> {
  const dynos = names.filter((name) => name.kind === SERIES_DYNO && name.key !== '');
  const query = {
    target: { appId, seriesIds: dynos.map((name) => name.id) },
    slices: await readSlices(db, appId, range, range.resolutionS),
    columns: ['count', 'bad', 'excluded'] as const,
    by: 'series' as const,
  };
  const isFine = dynos.length * range.t.length <= LATENCY_POINTS_MAX;
  const whole = await readRequestPoints(db, { ...query, latencies: ['service'], stepS: null });
  const points = await readRequestPoints(db, {
    ...query,
    latencies: isFine ? ['service'] : [],
    stepS: range.stepS,
  });
  const measures = { share: emptyMeasured(), p95: emptyMeasured(), failed: emptyMeasured() };
  const all = new Float64Array(range.t.length);
  for (const one of points.values()) {
    for (const [i, t] of one.t.entries()) all[pointOf(range, t)]! += one.sums.count[i] ?? 0;
  }
  const every = [...whole.values()].reduce((sum, one) => sum + total(one.sums.count), 0);
  for (const { id, key } of dynos) {
    const own = whole.get(id);
    if (!own || every === 0) continue;
    const count = total(own.sums.count);
    const judged = count - total(own.sums.excluded);
    measures.share.whole.set(key, count / every);
    measures.failed.whole.set(key, judged > 0 ? total(own.sums.bad) / judged : null);
    own.eachLatency('service', (_, latencies) => {
      measures.p95.whole.set(key, quantileOf(latencies, 0.95));
    });
    const fine = points.get(id);
    if (fine) addPoints(measures, key, fine, { range, all, isFine });
  }
  return measures;
}

function addPoints(
  measures: Record<'share' | 'p95' | 'failed', Measured>,
  key: string,
  fine: Counted,
  { range, all, isFine }: { range: ReadRange; all: Float64Array; isFine: boolean },
): void {
  const empty = () => new Array<number | null>(range.t.length).fill(null);
  const [share, failed, p95] = [empty(), empty(), empty()];
  for (const [i, t] of fine.t.entries()) {
    const at = pointOf(range, t);
    if (at < 0) continue;
    const count = fine.sums.count[i] ?? 0;
    const judged = count - (fine.sums.excluded[i] ?? 0);
    const every = all[at] ?? 0;
    share[at] = every > 0 ? count / every : null;
    failed[at] = judged > 0 ? (fine.sums.bad[i] ?? 0) / judged : null;
  }
  if (isFine) {
    fine.eachLatency('service', (t, latencies) => {
      const at = pointOf(range, t);
      if (at >= 0) p95[at] = quantileOf(latencies, 0.95);
    });
  }
  // Where others answered and this one did not, its share is none, and not unknown.
  for (let at = 0; at < share.length; at++) if (share[at] === null && (all[at] ?? 0) > 0) share[at] = 0;
  measures.share.points.set(key, share);
  measures.failed.points.set(key, failed);
  if (isFine) measures.p95.points.set(key, p95);
}
