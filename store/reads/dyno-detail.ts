/** One dyno beside those of its process type: memory, load, share of requests, p95, failures. */
import { typeOfDyno } from '../../model/dyno-size.ts';
import { SERIES_DYNO, SERIES_DYNO_METRIC } from '../../model/series.ts';
import { besideColumns, besideSiblings } from '../../model/siblings.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { quantileOf } from './histograms.ts';
import type { Slice } from './plan.ts';
import { type ColumnSet, pointOf, type ReadRange } from './range.ts';
import { readRequestPoints } from './request-points.ts';
import { readSamplePoints } from './sample-points.ts';
import { averagesOf } from './samples-over-time.ts';
import { compareDynos, readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

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
    ...(await readRequests(db, appId, range, names, dyno)),
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
  const together = points.get(TOGETHER);
  const others = together ? [together] : siblings.map((name) => points.get(name) ?? []);
  const columns = besideColumns(points.get(dyno) ?? [], others, range.t.length);
  const labels = {
    own: dyno,
    median: together ? 'siblings together' : 'median of siblings',
    low: 'least',
    high: 'most',
  };
  const ids = together ? (['own', 'median'] as const) : (['own', 'median', 'low', 'high'] as const);
  const series = ids
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

/** Siblings as one: a quantile of each of twenty a point would cost several times as much as all else on the page. */
const TOGETHER = '';

async function readRequests(
  db: Queryable,
  appId: number,
  range: ReadRange,
  names: readonly SeriesName[],
  dyno: string,
): Promise<Record<'share' | 'p95' | 'failed', Measured>> {
  const dynos = names.filter((name) => name.kind === SERIES_DYNO && name.key !== '');
  const measures = { share: emptyMeasured(), p95: emptyMeasured(), failed: emptyMeasured() };
  await addWhole(db, appId, range, dynos, measures);
  const slices = await readSlices(db, appId, range, range.resolutionS);
  await addCounts(db, appId, { range, slices }, dynos, measures);
  const own = dynos.filter((name) => name.key === dyno);
  const others = dynos.filter((name) => name.key !== dyno && measures.share.whole.has(name.key));
  for (const [key, members] of [
    [dyno, own],
    [TOGETHER, others],
  ] as const) {
    const p95 = await readP95(db, appId, { range, slices }, members);
    if (p95) measures.p95.points.set(key, p95);
  }
  return measures;
}

/** Over the whole range, by dyno: exact from rows of an hour. */
async function addWhole(
  db: Queryable,
  appId: number,
  range: ReadRange,
  dynos: readonly SeriesName[],
  measures: Record<'share' | 'p95' | 'failed', Measured>,
): Promise<void> {
  const whole = await readRequestPoints(db, {
    target: { appId, seriesIds: dynos.map((name) => name.id) },
    slices: await readSlices(db, appId, range, 3600),
    columns: ['count', 'bad', 'excluded'],
    latencies: ['service'],
    stepS: null,
    by: 'series',
  });
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
  }
}

/** Share of requests and of failures per point, by dyno. */
async function addCounts(
  db: Queryable,
  appId: number,
  { range, slices }: { range: ReadRange; slices: readonly Slice[] },
  dynos: readonly SeriesName[],
  measures: Record<'share' | 'failed', Measured>,
): Promise<void> {
  const points = await readCountPoints(db, {
    target: { appId, seriesIds: dynos.map((name) => name.id) },
    slices,
    columns: ['count', 'bad', 'excluded'],
    stepS: range.stepS,
    by: 'series',
  });
  const all = new Float64Array(range.t.length);
  for (const { t, sums } of points) {
    const at = pointOf(range, t);
    if (at >= 0) all[at]! += sums.count;
  }
  const keys = new Map(dynos.map((name) => [name.id, name.key]));
  // Where others answered and one did not, its share is none, and not unknown.
  const noShare = () => Array.from(all, (count) => (count > 0 ? 0 : null));
  for (const { t, seriesId, sums } of points) {
    const [key, at] = [keys.get(seriesId), pointOf(range, t)];
    if (key === undefined || at < 0) continue;
    const share = measures.share.points.get(key) ?? noShare();
    const failed = measures.failed.points.get(key) ?? new Array<number | null>(range.t.length).fill(null);
    measures.share.points.set(key, share);
    measures.failed.points.set(key, failed);
    const [every, judged] = [all[at] ?? 0, sums.count - sums.excluded];
    share[at] = every > 0 ? sums.count / every : null;
    failed[at] = judged > 0 ? sums.bad / judged : null;
  }
}

/** p95 of some dynos together, per point; null without any request. */
async function readP95(
  db: Queryable,
  appId: number,
  { range, slices }: { range: ReadRange; slices: readonly Slice[] },
  dynos: readonly SeriesName[],
): Promise<(number | null)[] | null> {
  const found = await readRequestPoints(db, {
    target: { appId, seriesIds: dynos.map((name) => name.id) },
    slices,
    columns: [],
    latencies: ['service'],
    stepS: range.stepS,
    by: 'none',
  });
  const points = found.get(0);
  if (!points) return null;
  const p95 = new Array<number | null>(range.t.length).fill(null);
  points.eachLatency('service', (t, latencies) => {
    const at = pointOf(range, t);
    if (at >= 0) p95[at] = quantileOf(latencies, 0.95);
  });
  return p95;
}
