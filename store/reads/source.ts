/** SQL text for reading buckets from the slices of a range. No connection in sight: text and values. */
import type { ResolutionS } from '../../model/time.ts';
import type { Slice } from './plan.ts';

/** Collects the values of a statement while its text is written. */
export class Parameters {
  readonly values: unknown[] = [];

  /** `$n` for a value. */
  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** Series to read: of one app, or pairs of app and series. */
export type Target =
  | { appId: number; seriesIds: readonly number[] }
  | { pairs: readonly { appId: number; id: number }[] };

const SUFFIX: Record<ResolutionS, Suffix> = { 10: '10s', 60: '1m', 3600: '1h' };

/** Up to this many slices of one width get a branch each; more are joined as a list. */
const BRANCHES_MAX = 3;

/**
 * A sub-select over all slices, giving `columns` (of a closed list, never from outside) of every matching row:
 * `(SELECT … UNION ALL SELECT …)`. Both time bounds of each table are parameters, so that partitions are chosen
 * when planning.
 */
export function selectSlices(
  family: 'count' | 'sample',
  columns: readonly string[],
  target: Target,
  slices: readonly Slice[],
  parameters: Parameters,
): string {
  const from = buildTarget(target, parameters);
  const branches: string[] = [];
  for (const resolutionS of [3600, 60, 10] as const) {
    const own = slices.filter((slice) => slice.resolutionS === resolutionS);
    const table = `${family}_buckets_${SUFFIX[resolutionS]}`;
    if (own.length > BRANCHES_MAX) branches.push(selectMany(table, columns, from, own, parameters));
    else for (const slice of own) branches.push(selectOne(table, columns, from, slice, parameters));
  }
  return `(${branches.join(' UNION ALL ')})`;
}

interface TargetSql {
  join: string;
  where: string;
}

/** Pairs are joined, not matched against two lists: before version 18 Postgres would try every combination. */
function buildTarget(target: Target, parameters: Parameters): TargetSql {
  if ('pairs' in target) {
    const apps = parameters.add(target.pairs.map((pair) => pair.appId));
    const ids = parameters.add(target.pairs.map((pair) => pair.id));
    return {
      join: `JOIN unnest(${apps}::int[], ${ids}::int[]) AS p (app_id, series_id) ON b.app_id = p.app_id AND b.series_id = p.series_id`,
      where: 'true',
    };
  }
  const app = parameters.add(target.appId);
  const ids = parameters.add(target.seriesIds);
  return { join: '', where: `b.app_id = ${app} AND b.series_id = ANY (${ids}::int[])` };
}

function selectOne(
  table: string,
  columns: readonly string[],
  target: TargetSql,
  slice: Slice,
  parameters: Parameters,
): string {
  const [from, to] = [parameters.add(slice.fromS), parameters.add(slice.toS)];
  return `SELECT ${renderColumns(columns)} FROM ${table} b ${target.join}
    WHERE ${target.where} AND b.bucket_s >= ${from} AND b.bucket_s < ${to}`;
}

function selectMany(
  table: string,
  columns: readonly string[],
  target: TargetSql,
  slices: readonly Slice[],
  parameters: Parameters,
): string {
  const froms = parameters.add(slices.map((slice) => slice.fromS));
  const tos = parameters.add(slices.map((slice) => slice.toS));
  const first = parameters.add(slices[0]?.fromS);
  const last = parameters.add(slices[slices.length - 1]?.toS);
  return `SELECT ${renderColumns(columns)} FROM unnest(${froms}::int[], ${tos}::int[]) AS r (from_s, to_s)
    JOIN ${table} b ON b.bucket_s >= r.from_s AND b.bucket_s < r.to_s ${target.join}
    WHERE ${target.where} AND b.bucket_s >= ${first} AND b.bucket_s < ${last}`;
}

function renderColumns(columns: readonly string[]): string {
  return columns.map((column) => `b.${column}`).join(', ');
}

/** Whether a target names no series: then there is nothing to ask Postgres. */
export function isEmptyTarget(target: Target): boolean {
  return 'pairs' in target ? target.pairs.length === 0 : target.seriesIds.length === 0;
}

export type Suffix = '10s' | '1m' | '1h';

/** First and last bound of the slices of each width. */
export function boundsByWidth(slices: readonly Slice[]): [Suffix, number, number][] {
  return ([10, 60, 3600] as const).flatMap((resolutionS): [Suffix, number, number][] => {
    const own = slices.filter((slice) => slice.resolutionS === resolutionS);
    const [first, last] = [own[0], own[own.length - 1]];
    return first && last ? [[SUFFIX[resolutionS], first.fromS, last.toS]] : [];
  });
}

/** What of the slices lies in [fromS, toS), which are on whole buckets of each of them. */
export function clipSlices(slices: readonly Slice[], fromS: number, toS: number): Slice[] {
  return slices
    .map((slice) => ({ ...slice, fromS: Math.max(slice.fromS, fromS), toS: Math.min(slice.toS, toS) }))
    .filter((slice) => slice.fromS < slice.toS);
}
