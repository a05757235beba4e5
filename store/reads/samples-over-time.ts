/** Dyno metrics, add-on metrics and custom metrics of one app over time. */
import { SERIES_ADDON_METRIC, SERIES_CUSTOM, SERIES_DYNO_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import type { ColumnSeries, ColumnSet } from './range.ts';
import { matchesDyno, type Reading } from './requests-over-time.ts';
import { readNewestSamples, readSamplePoints, type SampleColumn } from './sample-points.ts';
import { compareDynos, type SeriesName } from './series-names.ts';
import { addonMetricUnit, dynoMetricUnit, rounderFor } from './units-of-measure.ts';

/** A chart with more lines helps nobody; the busiest are kept. */
const CUSTOM_SERIES_MAX = 50;

/** Average per point; null where nothing was said. */
export function averagesOf(column: SampleColumn, unit: string): (number | null)[] {
  const { counts, sums } = column;
  const round = rounderFor(unit);
  // A page has 86,400 of them: a plain loop takes a third of the time.
  const values: (number | null)[] = new Array(counts.length).fill(null);
  for (let point = 0; point < counts.length; point++) {
    const count = counts[point] ?? 0;
    if (count > 0) values[point] = round((sums[point] ?? 0) / count);
  }
  return values;
}

function partsOf(name: SeriesName): [string, string, string] {
  const [first = '', second = '', third = ''] = name.key.split('\t');
  return [first, second, third];
}

export interface MeasuredColumns {
  /** Metric of log-runtime-metrics → one series a dyno. */
  dynoMetrics: Map<string, ColumnSet>;
  addons: { addon: string; source: string | null; service: string; metrics: ColumnSet }[];
  custom: ColumnSet;
  /** Dynos that said anything. */
  dynos: string[];
}

/** Averages per point of the dyno metrics asked for, of every add-on and of every custom metric, in one query. */
export async function readMeasured(
  db: Queryable,
  reading: Reading,
  dynoMetrics: readonly string[],
): Promise<MeasuredColumns> {
  const wanted = reading.names.filter((name) => isWanted(name, reading, dynoMetrics));
  const columns = await readSamplePoints(db, {
    appId: reading.appId,
    seriesIds: wanted.map((name) => name.id),
    slices: reading.slices,
    fromS: reading.range.fromS,
    stepS: reading.range.stepS,
    points: reading.range.t.length,
  });
  const present = wanted.filter((name) => columns.has(name.id));
  const t = reading.range.t;
  return {
    dynoMetrics: new Map(
      dynoMetrics.map((metric) => [metric, { t, series: dynoSeries(present, columns, metric) }]),
    ),
    addons: addonsOf(present, columns, t),
    custom: { t, series: customSeries(present, columns) },
    dynos: [
      ...new Set(present.filter((name) => name.kind === SERIES_DYNO_METRIC).map((name) => partsOf(name)[0])),
    ],
  };
}

function isWanted(name: SeriesName, reading: Reading, dynoMetrics: readonly string[]): boolean {
  if (name.kind === SERIES_ADDON_METRIC || name.kind === SERIES_CUSTOM) return true;
  if (name.kind !== SERIES_DYNO_METRIC) return false;
  const [dyno, metric] = partsOf(name);
  return dynoMetrics.includes(metric) && matchesDyno(dyno, reading.filter);
}

function dynoSeries(names: SeriesName[], columns: Map<number, SampleColumn>, metric: string): ColumnSeries[] {
  const unit = dynoMetricUnit(metric);
  return names
    .filter((name) => name.kind === SERIES_DYNO_METRIC && partsOf(name)[1] === metric)
    .map((name) => ({ name, dyno: partsOf(name)[0] }))
    .sort((a, b) => compareDynos(a.dyno, b.dyno))
    .map(({ name, dyno }) => ({ id: dyno, label: dyno, unit, values: valuesOf(columns, name, unit) }));
}

function valuesOf(columns: Map<number, SampleColumn>, name: SeriesName, unit: string): (number | null)[] {
  const column = columns.get(name.id);
  return column ? averagesOf(column, unit) : [];
}

function addonsOf(
  names: SeriesName[],
  columns: Map<number, SampleColumn>,
  t: number[],
): MeasuredColumns['addons'] {
  const addons = new Map<string, MeasuredColumns['addons'][number]>();
  for (const name of names) {
    if (name.kind !== SERIES_ADDON_METRIC) continue;
    const [service, addon, metric] = partsOf(name);
    const key = `${service}\t${addon}`;
    const entry = addons.get(key) ?? { addon, source: name.label, service, metrics: { t, series: [] } };
    addons.set(key, entry);
    const unit = addonMetricUnit(metric);
    entry.metrics.series.push({ id: metric, label: metric, unit, values: valuesOf(columns, name, unit) });
  }
  return [...addons.values()];
}

/** `count#` is a sum per point, the others an average (l2met: FORMATS 6.4). */
function customSeries(names: SeriesName[], columns: Map<number, SampleColumn>): ColumnSeries[] {
  return names
    .filter((name) => name.kind === SERIES_CUSTOM)
    .slice(0, CUSTOM_SERIES_MAX)
    .map((name) => {
      const [type, metric] = partsOf(name);
      const column = columns.get(name.id);
      const unit = name.label ?? 'count';
      return {
        id: name.key.replace('\t', ':'),
        label: metric,
        unit,
        values: column ? customValues(column, type) : [],
      };
    });
}

export function customValues(column: SampleColumn, type: string): (number | null)[] {
  if (type !== 'count') return averagesOf(column, 'custom');
  const round = rounderFor('custom');
  return Array.from(column.counts, (count, point) => (count > 0 ? round(column.sums[point] ?? 0) : null));
}

/** Newest value of one metric of each dyno in the range. */
export async function readNewestByDyno(
  db: Queryable,
  reading: Pick<Reading, 'appId' | 'slices' | 'names' | 'filter'>,
  metric: string,
): Promise<Map<string, { value: number; atMs: number }>> {
  const own = reading.names.filter(
    (name) =>
      name.kind === SERIES_DYNO_METRIC &&
      partsOf(name)[1] === metric &&
      matchesDyno(partsOf(name)[0], reading.filter),
  );
  const newest = await readNewestSamples(db, {
    pairs: own.map((name) => ({ appId: reading.appId, id: name.id })),
    slices: reading.slices,
  });
  return new Map(
    own.flatMap((name) => {
      const sample = newest.get(name.id);
      return sample ? [[partsOf(name)[0], sample] as const] : [];
    }),
  );
}
