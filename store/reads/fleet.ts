/** Figures of every app for the fleet page, in a bounded number of queries whatever the number of apps. */

import {
  SERIES_CODE,
  SERIES_DYNO_METRIC,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_MESSAGE,
} from '../../model/series.ts';
import { DAY, HOUR } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { listDrains, type StreamHealth, streamHealthOf } from './drains.ts';
import { readLastReleases } from './events.ts';
import { readLostMessages } from './gaps.ts';
import { type Latencies, mergeLatencies, quantileOf, readLatencies } from './histograms.ts';
import { planSlices } from './plan.ts';
import { KIND_OF_TOTAL } from './requests-over-time.ts';
import { readNewestSamples } from './sample-points.ts';
import { readSeriesNames, type SeriesName } from './series-names.ts';
import { readSliceGroups, type SliceGroup } from './units.ts';

const MINUTE_S = 60;
const MINUTES = 60;
const RPM_MINUTES = 5;
const WEEK_S = 7 * 86_400;
/** A dyno reports about every 20 s; one not heard for this long is gone. */
const MEMORY_WITHIN_S = 600;
const RELEASE_WITHIN_MS = 90 * DAY;

export interface FleetFigures extends StreamHealth {
  lostMessages: number;
  messages: number;
  requests: number;
  requestsPerMinute: number | null;
  sparkline: (number | null)[];
  failed: number;
  /** Of the last 5 closed minutes. */
  requestsNow: number;
  failedNow: number;
  failedWeekAgo: number;
  requestsWeekAgo: number;
  p95Ms: number | null;
  p95MsWeekAgo: number | null;
  topCode: { code: string; count: number } | null;
  worstMemory: { dyno: string; ratio: number } | null;
  lastRelease: { version: number; atMs: number } | null;
}

/** By app. The hour is the last 60 closed minutes. */
export async function readFleet(
  db: Queryable,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, FleetFigures>> {
  const toS = Math.floor(nowMs / 60_000) * MINUTE_S;
  const hour = { fromS: toS - MINUTES * MINUTE_S, toS };
  const [groups, names] = await Promise.all([
    readSliceGroups(db, appIds, hour),
    readSeriesNames(db, appIds, [
      KIND_OF_TOTAL,
      SERIES_CODE,
      SERIES_MESSAGE,
      SERIES_FILED,
      SERIES_FRAME,
      SERIES_DYNO_METRIC,
    ]),
  ]);
  const [requests, filed, frames, messages, latencies, codes] = await Promise.all([
    readMinutes(db, groups, names, KIND_OF_TOTAL),
    // Where lines came and no request, there were none.
    readMinutes(db, groups, names, SERIES_FILED),
    readMinutes(db, groups, names, SERIES_FRAME),
    readMessages(db, groups, names),
    readHourLatencies(db, groups, names),
    readTopCodes(db, groups, names),
  ]);
  const [weekAgo, memory, releases, drains, lost] = await Promise.all([
    readWeekAgo(db, names, hour.fromS),
    readWorstMemory(db, names, Math.ceil(nowMs / 10_000) * 10),
    readLastReleases(db, appIds, nowMs - RELEASE_WITHIN_MS, nowMs + HOUR),
    listDrains(db, appIds),
    readLostMessages(db, appIds, nowMs - HOUR, nowMs + HOUR),
  ]);
  const figures = new Map<number, FleetFigures>();
  for (const appId of appIds) {
    const minutes = requests.get(appId) ?? new Map<number, Minute>();
    const sparkline = Array.from({ length: MINUTES }, (_, n) => {
      const t = hour.fromS + n * MINUTE_S;
      return minutes.get(t)?.count ?? (filed.get(appId)?.has(t) || frames.get(appId)?.has(t) ? 0 : null);
    });
    const nowFromS = hour.toS - RPM_MINUTES * MINUTE_S;
    const now = [...minutes].filter(([t]) => t >= nowFromS).map(([, minute]) => minute);
    const then = weekAgo.get(appId);
    figures.set(appId, {
      ...streamHealthOf(
        drains.filter((drain) => drain.appId === appId),
        nowMs,
      ),
      lostMessages: lost.get(appId) ?? 0,
      messages: messages.get(appId) ?? 0,
      requests: sumOf(minutes.values(), 'count'),
      failed: sumOf(minutes.values(), 'failed'),
      requestsNow: sumOf(now, 'count'),
      failedNow: sumOf(now, 'failed'),
      sparkline,
      requestsPerMinute: perMinute(sparkline.slice(-RPM_MINUTES)),
      requestsWeekAgo: then?.count ?? 0,
      failedWeekAgo: then?.failed ?? 0,
      p95Ms: quantileOf(latencies.get(appId), 0.95),
      p95MsWeekAgo: quantileOf(then?.latencies, 0.95),
      topCode: codes.get(appId) ?? null,
      worstMemory: memory.get(appId) ?? null,
      lastRelease: releases.get(appId) ?? null,
    });
  }
  return figures;
}

interface Minute {
  count: number;
  failed: number;
}

function sumOf(minutes: Iterable<Minute>, what: keyof Minute): number {
  let sum = 0;
  for (const minute of minutes) sum += minute[what];
  return sum;
}

/** Average over the minutes in which anything was known. */
function perMinute(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function pairsOf(
  names: readonly SeriesName[],
  kind: number,
  group?: SliceGroup,
): { appId: number; id: number }[] {
  const members = group ? new Set(group.appIds) : null;
  return names.filter((name) => name.kind === kind && (members === null || members.has(name.appId)));
}

async function readMinutes(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: readonly SeriesName[],
  kind: number,
): Promise<Map<number, Map<number, Minute>>> {
  const byApp = new Map<number, Map<number, Minute>>();
  for (const group of groups) {
    const points = await readCountPoints(db, {
      target: { pairs: pairsOf(names, kind, group) },
      slices: group.slices,
      columns: ['count', 'bad'],
      stepS: MINUTE_S,
      by: 'app',
    });
    for (const { appId, t, sums } of points) {
      const minutes = byApp.get(appId) ?? new Map<number, Minute>();
      byApp.set(appId, minutes);
      minutes.set(t, { count: sums.count, failed: sums.bad });
    }
  }
  return byApp;
}

async function readMessages(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: readonly SeriesName[],
): Promise<Map<number, number>> {
  const byApp = new Map<number, number>();
  for (const group of groups) {
    const points = await readCountPoints(db, {
      target: { pairs: pairsOf(names, SERIES_MESSAGE, group) },
      slices: group.slices,
      columns: ['count'],
      stepS: null,
      by: 'app',
    });
    for (const { appId, sums } of points) byApp.set(appId, sums.count);
  }
  return byApp;
}

async function readHourLatencies(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: readonly SeriesName[],
): Promise<Map<number, Latencies>> {
  const byApp = new Map<number, Latencies>();
  for (const group of groups) {
    const { byOwner } = await readLatencies(db, {
      target: { pairs: pairsOf(names, KIND_OF_TOTAL, group) },
      slices: group.slices,
      of: 'service',
      stepS: null,
      by: 'app',
    });
    for (const [appId, points] of byOwner) byApp.set(appId, mergeLatencies(points.values()));
  }
  return byApp;
}

async function readTopCodes(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: readonly SeriesName[],
): Promise<Map<number, { code: string; count: number }>> {
  const keys = new Map(names.filter((name) => name.kind === SERIES_CODE).map((name) => [name.id, name.key]));
  const top = new Map<number, { code: string; count: number }>();
  for (const group of groups) {
    const points = await readCountPoints(db, {
      target: { pairs: pairsOf(names, SERIES_CODE, group) },
      slices: group.slices,
      columns: ['count'],
      stepS: null,
      by: 'series',
    });
    for (const { appId, seriesId, sums } of points) {
      const code = keys.get(seriesId) ?? '';
      const known = top.get(appId);
      const isMore = !known || sums.count > known.count || (sums.count === known.count && code < known.code);
      if (isMore && sums.count > 0) top.set(appId, { code, count: sums.count });
    }
  }
  return top;
}

/** The clock hour that held the same time a week ago: from rows of an hour, which are long made by then. */
async function readWeekAgo(
  db: Queryable,
  names: readonly SeriesName[],
  fromS: number,
): Promise<Map<number, Minute & { latencies: Latencies | undefined }>> {
  const thenS = fromS - WEEK_S;
  const startS = thenS - (thenS % 3600);
  const target = { pairs: pairsOf(names, KIND_OF_TOTAL) };
  const slices = [{ resolutionS: 3600 as const, fromS: startS, toS: startS + 3600 }];
  const points = await readCountPoints(db, {
    target,
    slices,
    columns: ['count', 'bad'],
    stepS: null,
    by: 'app',
  });
  const { byOwner } = await readLatencies(db, { target, slices, of: 'service', stepS: null, by: 'app' });
  return new Map(
    points.map(({ appId, sums }) => [
      appId,
      {
        count: sums.count,
        failed: sums.bad,
        latencies: byOwner.get(appId)?.get(0),
      },
    ]),
  );
}

/** The dyno nearest to (or furthest beyond) its quota, of those heard in the last minutes. */
async function readWorstMemory(
  db: Queryable,
  names: readonly SeriesName[],
  toS: number,
): Promise<Map<number, { dyno: string; ratio: number }>> {
  const own = names
    .filter((name) => name.kind === SERIES_DYNO_METRIC)
    .map((name) => ({ ...name, dyno: name.key.split('\t')[0] ?? '', metric: name.key.split('\t')[1] ?? '' }))
    .filter((name) => name.metric === 'memory_total' || name.metric === 'memory_quota');
  const newest = await readNewestSamples(db, {
    pairs: own,
    slices: planSlices({ fromS: toS - MEMORY_WITHIN_S, toS }, 10, []),
  });
  const quotas = new Map(
    own
      .filter((name) => name.metric === 'memory_quota')
      .map((name) => [`${name.appId}\t${name.dyno}`, newest.get(name.id)?.value ?? 0]),
  );
  const worst = new Map<number, { dyno: string; ratio: number }>();
  for (const name of own) {
    const used = name.metric === 'memory_total' ? newest.get(name.id)?.value : undefined;
    const quota = quotas.get(`${name.appId}\t${name.dyno}`) ?? 0;
    if (used === undefined || quota <= 0) continue;
    const ratio = used / quota;
    if (ratio > (worst.get(name.appId)?.ratio ?? -1)) worst.set(name.appId, { dyno: name.dyno, ratio });
  }
  return worst;
}
