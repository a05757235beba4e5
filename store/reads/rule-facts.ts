/**
 * Facts of many apps over the same evaluations, in a number of statements that does not grow with them: an evaluation
 * reads all apps of a minute, a back-test one app and many days.
 */
import {
  type AppFacts,
  emptyFacts,
  isSilent,
  type MinuteSpan,
  markLossy,
  setLines,
} from '../../model/rule-facts.ts';
import type { FactNeeds } from '../../model/rule-needs.ts';
import { everyMinutesOf } from '../../model/rule-reading.ts';
import { normalMetric } from '../../model/rules/addons.ts';
import {
  SERIES_ADDON_METRIC,
  SERIES_CODE,
  SERIES_CUSTOM,
  SERIES_DYNO_METRIC,
  SERIES_FILED,
} from '../../model/series.ts';
import { MINUTE } from '../../model/time.ts';
import type { Completeness } from '../completeness.ts';
import { readLineMinutes, readLiveness } from '../liveness.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { readRequestPoints } from './request-points.ts';
import { KINDS_OF_TOTAL, totalNames } from './requests-over-time.ts';
import { readBuckets } from './rule-buckets.ts';
import { readFactEvents, readFactLosses, readSleepingApps } from './rule-events.ts';
import { readLeakFacts } from './rule-leaks.ts';
import { readSamplesByStep } from './rule-series.ts';
import { readNamesByApp, type SeriesName } from './series-names.ts';
import { readSliceGroups, readSlices, type SliceGroup } from './units.ts';

export interface FactsQuery {
  apps: readonly { appId: number; needs: FactNeeds }[];
  /** The same for all apps; evaluation n sees minutes up to n − 1. */
  evaluations: MinuteSpan;
  /** How far what arrived is counted; null: it is all counted, as of history. */
  completeness: Completeness | null;
  /** Evaluations of leaks and buckets before this one are left out: catching up need not know each of them. */
  seldomFrom: number;
  /** The minute it is, whatever is evaluated: what is younger is read from the finest rows. */
  nowMinute: number;
  /** Where lines by minute come from: counts by hour as alerts follow them, or series, which reach further back. */
  linesFrom: 'hours' | 'series';
}

/** Lines are looked at this far back, so that a short silence is seen whole. */
const LINES_BACK_MINUTES = 60;
const MINUTE_S = 60;

type Names = ReadonlyMap<number, readonly SeriesName[]>;
type FactsByApp = ReadonlyMap<number, AppFacts>;

/** By app. Every app asked for is there. */
export async function readFacts(db: Queryable, query: FactsQuery): Promise<Map<number, AppFacts>> {
  const { apps, evaluations } = query;
  const lookBack = Math.max(...apps.map(({ needs }) => needs.lookBackMinutes));
  const span = { from: evaluations.from - lookBack, to: evaluations.to - 1 };
  const facts = new Map(apps.map(({ appId }) => [appId, emptyFacts(appId, span)]));
  for (const own of facts.values()) {
    own.staleFromMinute = countedTo(query, own.appId);
    own.seldomFrom = query.seldomFrom;
  }
  const names = await readNames(db, apps);
  const counted = appsWith(query, ({ requests, codes }) => requests || codes.size > 0);
  const sampled = appsWith(
    query,
    ({ dynoMetrics, addonMetrics, customs }) => dynoMetrics.size + addonMetrics.size + customs.size > 0,
  );
  const groups = await readSliceGroups(db, [...new Set([...counted, ...sampled])], {
    fromS: span.from * MINUTE_S,
    toS: span.to * MINUTE_S,
  });
  await addRequests(db, query, groups, names, facts);
  await addCodes(db, query, groups, names, facts);
  await addSamples(db, query, groups, names, facts);
  await addEvents(db, query, span, facts);
  await addStream(db, query, span, facts);
  await addSeldom(db, query, names, facts);
  return facts;
}

/** From which minute on lines may be on their way. */
function countedTo({ completeness, evaluations }: FactsQuery, appId: number): number | null {
  if (completeness === null) return null;
  const from = completeness.fromMinute ?? Number.POSITIVE_INFINITY;
  const earliest = Math.min(from, completeness.byApp.get(appId) ?? from);
  return earliest < evaluations.to ? earliest : null;
}

function appsWith(query: FactsQuery, has: (needs: FactNeeds) => boolean): number[] {
  return query.apps.filter(({ needs }) => has(needs)).map(({ appId }) => appId);
}

/** Names of the series that any rule asks for. */
async function readNames(db: Queryable, apps: FactsQuery['apps']): Promise<Map<number, SeriesName[]>> {
  const any = (has: (needs: FactNeeds) => boolean): boolean => apps.some(({ needs }) => has(needs));
  const kinds = [
    ...(any(({ requests, anomalies }) => requests || anomalies.size > 0) ? KINDS_OF_TOTAL : []),
    ...(any(({ codes }) => codes.size > 0) ? [SERIES_CODE] : []),
    ...(any(({ addonMetrics }) => addonMetrics.size > 0) ? [SERIES_ADDON_METRIC] : []),
    ...(any(({ customs }) => customs.size > 0) ? [SERIES_CUSTOM] : []),
  ];
  const metrics = new Set(apps.flatMap(({ needs }) => [...needs.dynoMetrics]));
  if (any(({ leaks }) => leaks)) metrics.add('memory_total').add('memory_quota');
  if (any(({ anomalies }) => anomalies.has('memory'))) metrics.add('memory_total');
  if (any(({ anomalies }) => anomalies.has('load'))) metrics.add('load_avg_1m');
  return readNamesByApp(
    db,
    apps.map(({ appId }) => appId),
    kinds,
    [...metrics],
  );
}

/** The apps of a group that a choice keeps, with the series it takes of each. */
function pairsOf(
  group: SliceGroup,
  query: FactsQuery,
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
  query: FactsQuery,
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
  query: FactsQuery,
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
  query: FactsQuery,
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
      if (own !== undefined && values !== undefined) fileSamples(own, name, values);
    }
  }
}

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

type Samples = NonNullable<
  Awaited<ReturnType<typeof readSamplesByStep>> extends Map<number, infer S> ? S : never
>;

function fileSamples(own: AppFacts, name: SeriesName, { t, sums, counts }: Samples): void {
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

async function addEvents(
  db: Queryable,
  query: FactsQuery,
  span: MinuteSpan,
  facts: FactsByApp,
): Promise<void> {
  const [fromMs, toMs] = [span.from * MINUTE, span.to * MINUTE];
  const events = await readFactEvents(
    db,
    appsWith(query, (needs) => needs.events),
    fromMs,
    toMs,
  );
  for (const [appId, own] of events) facts.get(appId)?.events.push(...own);
  const losses = await readFactLosses(
    db,
    query.apps.map(({ appId }) => appId),
    fromMs,
    toMs,
  );
  for (const [appId, own] of losses) {
    const app = facts.get(appId);
    if (app === undefined) continue;
    app.losses.push(...own);
    markLossy(app);
  }
}

/** Lines by minute, and what is known of the app's silences. */
async function addStream(
  db: Queryable,
  query: FactsQuery,
  span: MinuteSpan,
  facts: FactsByApp,
): Promise<void> {
  const appIds = query.apps.map(({ appId }) => appId);
  const fromMinute = span.from - LINES_BACK_MINUTES;
  const liveness = await readLiveness(db, appIds);
  const lines =
    query.linesFrom === 'hours'
      ? await readLineMinutes(
          db,
          appIds.map((appId) => ({ appId, fromMinute })),
          span.to,
        )
      : await readFiledMinutes(db, appIds, { from: fromMinute, to: span.to });
  for (const [appId, own] of facts) {
    const known = liveness.get(appId);
    if (known !== undefined) own.silentAfterMinutes = known.limitMinutes;
    // Nobody has looked further whether the drain lives.
    if (known !== undefined && query.linesFrom === 'hours' && known.nextMinute < query.evaluations.to - 1)
      own.staleFromMinute = Math.min(own.staleFromMinute ?? known.nextMinute, known.nextMinute);
    // Newer than the lines that were read, it was heard after them.
    const last = known?.lastLineMinute ?? null;
    setLines(own, lines.get(appId) ?? [], last !== null && last < fromMinute ? last : null);
  }
  const silent = [...facts.values()].filter((own) => isSilent(own, query.evaluations.to - 1));
  const asleep = await readSleepingApps(
    db,
    silent.map((own) => own.appId),
    span.to * MINUTE,
  );
  for (const appId of asleep) {
    const own = facts.get(appId);
    if (own !== undefined) own.isAsleep = true;
  }
}

/** Minutes with lines, ascending, from the series of what was filed. */
async function readFiledMinutes(
  db: Queryable,
  appIds: readonly number[],
  { from, to }: MinuteSpan,
): Promise<Map<number, number[]>> {
  const names = await readNamesByApp(db, appIds, [SERIES_FILED], []);
  const lines = new Map<number, number[]>();
  for (const appId of appIds) {
    const slices = await readSlices(db, appId, { fromS: from * MINUTE_S, toS: to * MINUTE_S }, 60);
    const points = await readCountPoints(db, {
      target: { pairs: names.get(appId) ?? [] },
      slices,
      columns: ['count'],
      stepS: MINUTE_S,
      by: 'none',
    });
    const minutes = points.filter(({ sums }) => sums.count > 0).map(({ t }) => t / MINUTE_S);
    lines.set(
      appId,
      minutes.sort((a, b) => a - b),
    );
  }
  return lines;
}

/** What is judged every few minutes only, and read for those evaluations only. */
async function addSeldom(db: Queryable, query: FactsQuery, names: Names, facts: FactsByApp): Promise<void> {
  const { evaluations, seldomFrom } = query;
  const minutes: number[] = [];
  for (let minute = Math.max(evaluations.from, seldomFrom); minute < evaluations.to; minute++)
    minutes.push(minute);
  const every = everyMinutesOf({ kind: 'anomaly' });
  const buckets = await readBuckets(db, {
    apps: query.apps,
    names,
    evaluations: minutes.filter((minute) => minute % every === 0),
    nowMinute: query.nowMinute,
  });
  for (const [appId, own] of buckets) {
    const app = facts.get(appId);
    if (app !== undefined) app.buckets = own;
  }
  // Of several evaluations the last one that is due.
  const due = query.apps.filter(
    ({ appId, needs }) => needs.leaks && minutes.some((at) => isLeakDue(appId, at)),
  );
  const last = minutes.at(-1);
  if (due.length === 0 || last === undefined) return;
  const leaks = await readLeakFacts(
    db,
    due.flatMap(({ appId }) => (names.get(appId) ?? []).filter((name) => name.kind === SERIES_DYNO_METRIC)),
    last,
  );
  for (const [appId, own] of leaks) {
    const app = facts.get(appId);
    if (app !== undefined) app.leaks = own;
  }
}

function isLeakDue(appId: number, minute: number): boolean {
  return (minute + appId) % everyMinutesOf({ kind: 'memoryLeak' }) === 0;
}
