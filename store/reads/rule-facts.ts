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
import { readReceivedMinutes } from './drains.ts';
import { KINDS_OF_TOTAL } from './requests-over-time.ts';
import { readBuckets } from './rule-buckets.ts';
import { readFactEvents, readFactLosses, readSleepingApps } from './rule-events.ts';
import { addSeries } from './rule-fact-series.ts';
import { readLeakFacts } from './rule-leaks.ts';
import { readNamesByApp, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

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
  const seriesBack = Math.max(...apps.map(({ needs }) => needs.seriesBackMinutes));
  await addSeries(
    db,
    { apps, span: { from: evaluations.from - Math.min(seriesBack, lookBack), to: span.to } },
    names,
    facts,
  );
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

async function addEvents(
  db: Queryable,
  query: FactsQuery,
  span: MinuteSpan,
  facts: FactsByApp,
): Promise<void> {
  const [fromMs, toMs] = [span.from * MINUTE, span.to * MINUTE];
  const eventsBack = Math.max(...query.apps.map(({ needs }) => needs.eventsBackMinutes));
  const events = await readFactEvents(
    db,
    appsWith(query, (needs) => needs.events),
    (query.evaluations.from - eventsBack) * MINUTE,
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
  const silentIds = silent.map((own) => own.appId);
  const asleep = await readSleepingApps(db, silentIds, span.to * MINUTE);
  // Of the past nobody knows when its frames came.
  const received = query.linesFrom === 'hours' ? await readReceivedMinutes(db, silentIds) : new Map();
  for (const own of silent) own.receivedMinute = received.get(own.appId) ?? null;
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
