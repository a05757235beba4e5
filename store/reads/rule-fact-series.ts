/** Facts by minute that come from series: requests, codes, samples. For many apps at once. */
import type { AppFacts, MinuteSpan } from '../../model/rule-facts.ts';
import type { FactNeeds } from '../../model/rule-needs.ts';
import { normalMetric } from '../../model/rules/addons.ts';
import { SERIES_ADDON_METRIC, SERIES_CODE, SERIES_CUSTOM, SERIES_DYNO_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { readRequestPoints } from './request-points.ts';
import { totalNames } from './requests-over-time.ts';
import { readSamplesByStep, type SampledSeries } from './rule-series.ts';
import type { SeriesName } from './series-names.ts';
import { readSliceGroups, type SliceGroup } from './units.ts';

export interface SeriesQuery {
  apps: readonly { appId: number; needs: FactNeeds }[];
  /** Within the span of the facts. */
  span: MinuteSpan;
}

const MINUTE_S = 60;

type Names = ReadonlyMap<number, readonly SeriesName[]>;
type FactsByApp = ReadonlyMap<number, AppFacts>;

/** Adds what the apps need of them. names: of the apps, by app. */
export async function addSeries(
  db: Queryable,
  query: SeriesQuery,
  names: Names,
  facts: FactsByApp,
): Promise<void> {
  const reading = query.apps.filter(({ needs }) => readsSeries(needs)).map(({ appId }) => appId);
  if (reading.length === 0) return;
  const groups = await readSliceGroups(db, reading, {
    fromS: query.span.from * MINUTE_S,
    toS: query.span.to * MINUTE_S,
  });
  await addRequests(db, query, groups, names, facts);
  await addCodes(db, query, groups, names, facts);
  await addSamples(db, query, groups, names, facts);
}

function readsSeries({ requests, codes, dynoMetrics, addonMetrics, customs }: FactNeeds): boolean {
  return requests || codes.size + dynoMetrics.size + addonMetrics.size + customs.size > 0;
}

/** The apps of a group that a choice keeps, with the series it takes of each. */
function pairsOf(
  group: SliceGroup,
  query: SeriesQuery,
  names: Names,
  choose: (own: readonly SeriesName[], needs: FactNeeds) => readonly SeriesName[],
): SeriesName[] {
  const needs = new Map(query.apps.map((app) => [app.appId, app.needs]));
  return group.appIds.flatMap((appId) => {
    const own = needs.get(appId);
    return own === undefined ? [] : choose(names.get(appId) ?? [], own);
  });
}

async function addRequests(
  db: Queryable,
  query: SeriesQuery,
  groups: readonly SliceGroup[],
  names: Names,
  facts: FactsByApp,
): Promise<void> {
  for (const group of groups) {
    for (const withLatencies of [false, true]) {
      const pairs = pairsOf(group, query, names, (own, needs) =>
        needs.requests && needs.latencies === withLatencies ? totalNames(own, 30) : [],
      );
      const found = await readRequestPoints(db, {
        target: { pairs },
        slices: group.slices,
        columns: ['count', 'bad', 'excluded'],
        latencies: withLatencies ? ['service'] : [],
        stepS: MINUTE_S,
        by: 'app',
      });
      for (const [appId, points] of found) {
        const own = facts.get(appId);
        if (own === undefined) continue;
        points.t.forEach((t, i) => {
          const at = t / MINUTE_S - own.span.from;
          own.requests[at] = points.sums.count[i] ?? 0;
          own.bad[at] = points.sums.bad[i] ?? 0;
          own.excluded[at] = points.sums.excluded[i] ?? 0;
        });
        if (!withLatencies) continue;
        points.eachLatency('service', (t, { bins, maxMs }) => {
          own.latencies.set(t / MINUTE_S, { bins: bins.slice(), maxMs });
        });
      }
    }
  }
}

async function addCodes(
  db: Queryable,
  query: SeriesQuery,
  groups: readonly SliceGroup[],
  names: Names,
  facts: FactsByApp,
): Promise<void> {
  for (const group of groups) {
    const pairs = pairsOf(group, query, names, (own, needs) =>
      own.filter((name) => name.kind === SERIES_CODE && needs.codes.has(name.key)),
    );
    const codes = new Map(pairs.map((name) => [name.id, name.key]));
    const points = await readCountPoints(db, {
      target: { pairs },
      slices: group.slices,
      columns: ['count'],
      stepS: MINUTE_S,
      by: 'series',
    });
    for (const { appId, seriesId, t, sums } of points) {
      const own = facts.get(appId);
      if (own === undefined) continue;
      const code = codes.get(seriesId) ?? '';
      const minutes = own.codes.get(code) ?? new Float64Array(own.lossy.length);
      own.codes.set(code, minutes);
      minutes[t / MINUTE_S - own.span.from] = sums.count;
    }
  }
}

async function addSamples(
  db: Queryable,
  query: SeriesQuery,
  groups: readonly SliceGroup[],
  names: Names,
  facts: FactsByApp,
): Promise<void> {
  for (const group of groups) {
    const series = pairsOf(group, query, names, (own, needs) => own.filter((name) => isSampled(name, needs)));
    const found = await readSamplesByStep(db, { series, slices: group.slices, stepS: MINUTE_S });
    for (const name of series) {
      const own = facts.get(name.appId);
      const values = found.get(name.id);
      // That a metric is a count is known without a row of it, and then there were none.
      if (own !== undefined && (values !== undefined || name.kind === SERIES_CUSTOM))
        fileSamples(own, name, values ?? NO_SAMPLES);
    }
  }
}

const NO_SAMPLES: SampledSeries = {
  t: new Int32Array(),
  sums: new Float64Array(),
  counts: new Float64Array(),
};

function isSampled(name: SeriesName, needs: FactNeeds): boolean {
  const parts = name.key.split('\t');
  switch (name.kind) {
    case SERIES_DYNO_METRIC:
      return needs.dynoMetrics.has(parts[1] ?? '');
    case SERIES_ADDON_METRIC:
      return needs.addonMetrics.has(normalMetric(parts[2] ?? ''));
    case SERIES_CUSTOM:
      return needs.customs.has(parts[1] ?? '');
    default:
      return false;
  }
}

function fileSamples(own: AppFacts, name: SeriesName, { t, sums, counts }: SampledSeries): void {
  const length = own.lossy.length;
  const [first = '', second = '', third = ''] = name.key.split('\t');
  if (name.kind === SERIES_CUSTOM) {
    const facts = { type: first, sums: new Float64Array(length), counts: new Float64Array(length) };
    own.customs.set(second, [...(own.customs.get(second) ?? []), facts]);
    t.forEach((at, i) => {
      facts.sums[at / MINUTE_S - own.span.from] = sums[i] ?? 0;
      facts.counts[at / MINUTE_S - own.span.from] = counts[i] ?? 0;
    });
    return;
  }
  const minutes = new Float64Array(length).fill(Number.NaN);
  t.forEach((at, i) => {
    const count = counts[i] ?? 0;
    if (count > 0) minutes[at / MINUTE_S - own.span.from] = (sums[i] ?? 0) / count;
  });
  if (name.kind === SERIES_DYNO_METRIC) {
    const metrics = own.dynos.get(first) ?? new Map<string, Float64Array>();
    own.dynos.set(first, metrics.set(second, minutes));
    return;
  }
  const addon = own.addons.get(second) ?? { service: first, metrics: new Map<string, Float64Array>() };
  own.addons.set(second, addon);
  addon.metrics.set(normalMetric(third), minutes);
}
