/** One metric of one app over time, whole or cut by one label. */
import { QUANTILE_ERROR_RATIO } from '../../model/histogram.ts';
import {
  SERIES_ADDON_METRIC,
  SERIES_CODE,
  SERIES_CUSTOM,
  SERIES_DYNO,
  SERIES_DYNO_METRIC,
  SERIES_HOST,
  SERIES_MESSAGE,
  SERIES_PATH,
  SERIES_RELEASE,
  SERIES_STATUS,
} from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { type CountColumn, readCountPoints } from './count-points.ts';
import { type Latencies, mergeLatencies, quantileOf, readLatencies } from './histograms.ts';
import type { Slice } from './plan.ts';
import { type ColumnSeries, pointOf, type ReadRange } from './range.ts';
import { KINDS_OF_TOTAL, totalNames } from './requests-over-time.ts';
import { readSamplePoints, type SampleColumn } from './sample-points.ts';
import { averagesOf, customValues } from './samples-over-time.ts';
import { processTypeOf, readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';
import { addonMetricUnit, dynoMetricUnit } from './units-of-measure.ts';

export const CUTS = [
  'none',
  'dyno',
  'processType',
  'code',
  'status',
  'path',
  'host',
  'release',
  'method',
] as const;
export type Cut = (typeof CUTS)[number];

/** What is asked for, read from `metric` by parseMetric. */
export type Metric =
  | { family: 'sum'; column: 'count' | 'bad' | 'bytes' }
  | { family: 'failedRatio' }
  | { family: 'quantile'; of: 'service' | 'connect'; q: number }
  | { family: 'lines'; kind: number; key: string }
  | { family: 'dyno'; metric: string }
  | { family: 'addon'; addon: string; metric: string }
  | { family: 'custom'; name: string };

const PLAIN: Record<string, Metric> = {
  requests: { family: 'sum', column: 'count' },
  bad: { family: 'sum', column: 'bad' },
  bytes: { family: 'sum', column: 'bytes' },
  failed_ratio: { family: 'failedRatio' },
  p50: { family: 'quantile', of: 'service', q: 0.5 },
  p95: { family: 'quantile', of: 'service', q: 0.95 },
  p99: { family: 'quantile', of: 'service', q: 0.99 },
  connect_p95: { family: 'quantile', of: 'connect', q: 0.95 },
};

/** `requests`, `p95`, `code:H12`, `status:503`, `messages:request`, `dyno:memory_total`, `addon:NAME:METRIC`, `custom:NAME`. */
export function parseMetric(text: string): Metric | null {
  if (Object.hasOwn(PLAIN, text)) return PLAIN[text] ?? null;
  const [family, first = '', ...rest] = text.split(':');
  if (first === '') return null;
  const all = [first, ...rest].join(':');
  if (family === 'code') return { family: 'lines', kind: SERIES_CODE, key: all };
  if (family === 'status') return { family: 'lines', kind: SERIES_STATUS, key: all };
  if (family === 'messages') return { family: 'lines', kind: SERIES_MESSAGE, key: all };
  if (family === 'dyno') return { family: 'dyno', metric: all };
  if (family === 'custom') return { family: 'custom', name: all };
  return family === 'addon' && rest.length > 0
    ? { family: 'addon', addon: first, metric: rest.join(':') }
    : null;
}

/** Which cuts are stored for a metric: a request is counted in each cut by itself, not in their crossings. */
export function cutsOf(metric: Metric): readonly Cut[] {
  if (metric.family === 'dyno') return ['none', 'dyno', 'processType'];
  if (metric.family === 'lines' || metric.family === 'addon' || metric.family === 'custom') return ['none'];
  if (metric.family === 'quantile' && metric.of === 'connect') return ['none', 'dyno', 'processType'];
  const requests: Cut[] = ['none', 'dyno', 'processType', 'path', 'host', 'release', 'method'];
  return metric.family === 'sum' && metric.column === 'count' ? [...requests, 'code', 'status'] : requests;
}

const KIND_OF_CUT: Record<Exclude<Cut, 'none'>, number> = {
  dyno: SERIES_DYNO,
  processType: SERIES_DYNO,
  code: SERIES_CODE,
  status: SERIES_STATUS,
  path: SERIES_PATH,
  method: SERIES_PATH,
  host: SERIES_HOST,
  release: SERIES_RELEASE,
};

/** Name of the group a series belongs to. */
function groupOf(key: string, cut: Cut): string {
  if (cut === 'none') return '';
  if (cut === 'processType') return processTypeOf(key);
  return cut === 'method' ? (key.split(' ')[0] ?? '') : key;
}

/** More lines than this are not readable; of sums the rest is one line `other`. */
export const GROUPS_MAX = 20;
const REST = 'other';

export interface SeriesQuery {
  appId: number;
  metric: Metric;
  by: Cut;
  /** Kept to one group of the cut. */
  filter?: { by: Cut; value: string } | undefined;
  range: ReadRange;
}

export interface SeriesResult {
  series: ColumnSeries[];
  /** Stated error of a quantile, as a fraction; 0 for exact metrics. */
  errorRatio: number;
}

/** Biggest group first. */
export async function readSeries(db: Queryable, query: SeriesQuery): Promise<SeriesResult> {
  const slices = await readSlices(db, query.appId, query.range, query.range.resolutionS);
  const { metric } = query;
  if (metric.family === 'dyno' || metric.family === 'addon' || metric.family === 'custom') {
    return { series: await readMeasuredSeries(db, query, slices, metric), errorRatio: 0 };
  }
  if (metric.family === 'quantile') {
    return { series: await readQuantiles(db, query, slices, metric), errorRatio: QUANTILE_ERROR_RATIO };
  }
  return { series: await readSums(db, query, slices), errorRatio: 0 };
}

/** Series of the cut, by group; only what the filter lets through. */
async function readGroups(db: Queryable, query: SeriesQuery): Promise<Map<string, SeriesName[]>> {
  const kind = kindOf(query);
  const names =
    kind === null
      ? totalNames(await readSeriesNames(db, [query.appId], KINDS_OF_TOTAL), query.range.t.length)
      : await readSeriesNames(db, [query.appId], [kind]);
  const { filter, metric } = query;
  const groups = new Map<string, SeriesName[]>();
  for (const name of names) {
    if (filter && groupOf(name.key, filter.by) !== filter.value) continue;
    if (metric.family === 'lines' && name.key !== metric.key) continue;
    const group = metric.family === 'lines' ? '' : groupOf(name.key, query.by);
    const members = groups.get(group);
    if (members) members.push(name);
    else groups.set(group, [name]);
  }
  return groups;
}

/** null: any cut that adds up to all requests. Times to connect have always been counted by dyno. */
function kindOf(query: SeriesQuery): number | null {
  if (query.metric.family === 'lines') return query.metric.kind;
  const cut = query.by === 'none' && query.filter ? query.filter.by : query.by;
  if (cut !== 'none') return KIND_OF_CUT[cut];
  return query.metric.family === 'quantile' && query.metric.of === 'connect' ? SERIES_DYNO : null;
}

/** The biggest groups by requests in the range: their lines are worth reading point by point. */
async function chooseGroups(
  db: Queryable,
  query: SeriesQuery,
  slices: readonly Slice[],
): Promise<{ chosen: Map<string, SeriesName[]>; rest: SeriesName[] }> {
  const groups = await readGroups(db, query);
  if (query.by === 'none') return { chosen: groups, rest: [] };
  const points = await readCountPoints(db, {
    target: { appId: query.appId, seriesIds: [...groups.values()].flat().map((name) => name.id) },
    slices,
    columns: ['count'],
    stepS: null,
    by: 'series',
  });
  const counts = new Map(points.map((point) => [point.seriesId, point.sums.count]));
  const sized = [...groups.entries()]
    .map(([group, names]) => ({
      group,
      names,
      count: names.reduce((sum, name) => sum + (counts.get(name.id) ?? 0), 0),
    }))
    .filter((entry) => entry.count > 0)
    .sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1));
  return {
    chosen: new Map(sized.slice(0, GROUPS_MAX).map(({ group, names }) => [group, names])),
    rest: sized.slice(GROUPS_MAX).flatMap(({ names }) => names),
  };
}

function labelOf(group: string, query: SeriesQuery): string {
  if (query.by === 'none') return 'all';
  if (group !== '') return query.by === 'release' && /^\d+$/.test(group) ? `v${group}` : group;
  return query.by === 'release' ? 'before the first release seen' : '(none)';
}

async function readSums(
  db: Queryable,
  query: SeriesQuery,
  slices: readonly Slice[],
): Promise<ColumnSeries[]> {
  const { chosen, rest } = await chooseGroups(db, query, slices);
  const columns: CountColumn[] =
    query.metric.family === 'failedRatio'
      ? ['count', 'bad']
      : [query.metric.family === 'sum' ? query.metric.column : 'count'];
  const groups = [...chosen.entries()];
  if (rest.length > 0 && query.metric.family === 'sum') groups.push([REST, rest]);
  const ids = groups.flatMap(([, names]) => names.map((name) => name.id));
  const points = await readCountPoints(db, {
    target: { appId: query.appId, seriesIds: ids },
    slices,
    columns,
    stepS: query.range.stepS,
    by: 'series',
  });
  const groupById = new Map(
    groups.flatMap(([group, names]) => names.map((name) => [name.id, group] as const)),
  );
  const sums = new Map<string, Map<number, Record<CountColumn, number>>>();
  for (const point of points) {
    const at = pointOf(query.range, point.t);
    const byPoint =
      sums.get(groupById.get(point.seriesId) ?? '') ?? new Map<number, Record<CountColumn, number>>();
    sums.set(groupById.get(point.seriesId) ?? '', byPoint);
    const known = byPoint.get(at);
    if (!known) byPoint.set(at, { ...point.sums });
    else for (const column of columns) known[column] += point.sums[column];
  }
  const unit =
    query.metric.family === 'failedRatio' ? 'fraction' : columns[0] === 'bytes' ? 'bytes' : 'count';
  return groups.map(([group]) => ({
    id: query.by === 'none' ? 'all' : group,
    label: labelOf(group, query),
    unit,
    values: query.range.t.map((_, at) =>
      sumValue(sums.get(group)?.get(at), query.metric, columns[0] ?? 'count'),
    ),
  }));
}

function sumValue(
  sums: Record<CountColumn, number> | undefined,
  metric: Metric,
  column: CountColumn,
): number | null {
  if (!sums) return null;
  if (metric.family !== 'failedRatio') return sums[column];
  return sums.count > 0 ? sums.bad / sums.count : null;
}

async function readQuantiles(
  db: Queryable,
  query: SeriesQuery,
  slices: readonly Slice[],
  metric: Extract<Metric, { family: 'quantile' }>,
): Promise<ColumnSeries[]> {
  const { chosen } = await chooseGroups(db, query, slices);
  const { byOwner } = await readLatencies(db, {
    target: { appId: query.appId, seriesIds: [...chosen.values()].flat().map((name) => name.id) },
    slices,
    of: metric.of,
    stepS: query.range.stepS,
    by: 'series',
  });
  return [...chosen.entries()].map(([group, names]) => {
    const parts = names.map((name) => byOwner.get(name.id)).filter((part) => part !== undefined);
    return {
      id: query.by === 'none' ? 'all' : group,
      label: labelOf(group, query),
      unit: 'ms',
      values: query.range.t.map((t) => quantileOf(joined(parts, t), metric.q)),
    };
  });
}

function joined(parts: readonly Map<number, Latencies>[], t: number): Latencies | undefined {
  const points = parts.map((part) => part.get(t)).filter((point) => point !== undefined);
  return points.length <= 1 ? points[0] : mergeLatencies(points);
}

async function readMeasuredSeries(
  db: Queryable,
  query: SeriesQuery,
  slices: readonly Slice[],
  metric: Extract<Metric, { family: 'dyno' | 'addon' | 'custom' }>,
): Promise<ColumnSeries[]> {
  const kind = { dyno: SERIES_DYNO_METRIC, addon: SERIES_ADDON_METRIC, custom: SERIES_CUSTOM }[metric.family];
  const names = (await readSeriesNames(db, [query.appId], [kind])).filter((name) =>
    isOf(name, query, metric),
  );
  const columns = await readSamplePoints(db, {
    appId: query.appId,
    seriesIds: names.map((name) => name.id),
    slices,
    fromS: query.range.fromS,
    stepS: query.range.stepS,
    points: query.range.t.length,
  });
  const groups = new Map<string, SeriesName[]>();
  for (const name of names) {
    if (!columns.has(name.id)) continue;
    const group = metric.family === 'dyno' ? groupOf(name.key.split('\t')[0] ?? '', query.by) : '';
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return [...groups.entries()].slice(0, GROUPS_MAX).map(([group, members]) => {
    const column = joinColumns(
      members.flatMap((name) => columns.get(name.id) ?? []),
      query.range.t.length,
    );
    const [first] = members;
    const unit = unitOf(metric, first);
    return {
      id: query.by === 'none' ? 'all' : group,
      label: labelOf(group, query),
      unit,
      values:
        metric.family === 'custom'
          ? customValues(column, first?.key.split('\t')[0] ?? '')
          : averagesOf(column, unit),
    };
  });
}

function isOf(
  name: SeriesName,
  query: SeriesQuery,
  metric: Extract<Metric, { family: 'dyno' | 'addon' | 'custom' }>,
): boolean {
  const [first = '', second = '', third = ''] = name.key.split('\t');
  if (metric.family === 'custom') return second === metric.name;
  if (metric.family === 'addon') return second === metric.addon && third === metric.metric;
  if (query.filter && groupOf(first, query.filter.by) !== query.filter.value) return false;
  return second === metric.metric;
}

function unitOf(metric: Metric, name: SeriesName | undefined): string {
  if (metric.family === 'dyno') return dynoMetricUnit(metric.metric);
  if (metric.family === 'addon') return addonMetricUnit(metric.metric);
  return name?.label ?? 'count';
}

function joinColumns(columns: SampleColumn[], points: number): SampleColumn {
  const [only] = columns;
  if (only && columns.length === 1) return only;
  const all = { counts: new Float64Array(points), sums: new Float64Array(points) };
  for (const column of columns) {
    for (let at = 0; at < points; at++) {
      all.counts[at] = (all.counts[at] ?? 0) + (column.counts[at] ?? 0);
      all.sums[at] = (all.sums[at] ?? 0) + (column.sums[at] ?? 0);
    }
  }
  return all;
}
