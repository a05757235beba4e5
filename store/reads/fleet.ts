/** Figures of every app for the fleet page, in a bounded number of queries whatever the number of apps. */

import { codeOf } from '../../model/codes.ts';
import {
  SERIES_CODE,
  SERIES_DYNO_METRIC,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_MESSAGE,
} from '../../model/series.ts';
import { DAY, HOUR } from '../../model/time.ts';
import { type Labels, NO_LABELS, readLabels } from '../labels.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { listDrains, type StreamHealth, streamHealthOf } from './drains.ts';
import { readLastReleases } from './events.ts';
import { readLostMessages } from './gaps.ts';
import { addLatencies, emptyLatencies, type Latencies, quantileOf } from './histograms.ts';
import { type AppIncidents, readIncidentsByApp } from './open-incidents.ts';
import type { Lend } from './overview.ts';
import { planSlices, type Slice } from './plan.ts';
import { readRequestPoints } from './request-points.ts';
import { KINDS_OF_TOTAL, totalNames } from './requests-over-time.ts';
import { readNewestSamples } from './sample-points.ts';
import { readNamesByApp, type SeriesName } from './series-names.ts';
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
  lastRelease: { version: number; atMs: number; byHash: string | null } | null;
  incidents: AppIncidents | null;
  labels: Labels;
}

const KINDS = [...KINDS_OF_TOTAL, SERIES_CODE, SERIES_MESSAGE, SERIES_FILED, SERIES_FRAME];
const MEMORY = ['memory_total', 'memory_quota'];

/**
 * By app. The hour is the last 60 closed minutes. Two connections at a time, however many apps: more would only
 * take them from other pages.
 */
export async function readFleet(
  lend: Lend,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, FleetFigures>> {
  const toS = Math.floor(nowMs / 60_000) * MINUTE_S;
  const hour = { fromS: toS - MINUTES * MINUTE_S, toS };
  const { groups, names } = await lend(async (db) => ({
    groups: await readSliceGroups(db, appIds, hour),
    names: await readNamesByApp(db, appIds, KINDS, MEMORY),
  }));
  const [{ requests, weekAgo, drains }, { lines, codes, memory, releases, lost, incidents, labels }] =
    await Promise.all([
      lend(async (db) => ({
        requests: await readRequests(db, groups, names),
        weekAgo: await readWeekAgo(db, names, hour.fromS),
        drains: await listDrains(db, appIds),
      })),
      lend(async (db) => ({
        lines: await readLines(db, groups, names),
        codes: await readTopCodes(db, groups, names),
        memory: await readWorstMemory(db, names, Math.ceil(nowMs / 10_000) * 10),
        releases: await readLastReleases(db, appIds, nowMs - RELEASE_WITHIN_MS, nowMs + HOUR),
        lost: await readLostMessages(db, appIds, nowMs - HOUR, nowMs + HOUR),
        incidents: await readIncidentsByApp(db, appIds),
        labels: await readLabels(db),
      })),
    ]);
  const figures = new Map<number, FleetFigures>();
  for (const appId of appIds) {
    const minutes = requests.get(appId)?.minutes ?? new Map<number, Minute>();
    const seen = lines.get(appId);
    const sparkline = Array.from({ length: MINUTES }, (_, n) => {
      const t = hour.fromS + n * MINUTE_S;
      // Where lines came and no request, there were none.
      return minutes.get(t)?.count ?? (seen?.alive.has(t) ? 0 : null);
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
      messages: seen?.messages ?? 0,
      requests: sumOf(minutes.values(), 'count'),
      failed: sumOf(minutes.values(), 'failed'),
      requestsNow: sumOf(now, 'count'),
      failedNow: sumOf(now, 'failed'),
      sparkline,
      requestsPerMinute: perMinute(sparkline.slice(-RPM_MINUTES)),
      requestsWeekAgo: then?.count ?? 0,
      failedWeekAgo: then?.failed ?? 0,
      p95Ms: quantileOf(requests.get(appId)?.latencies, 0.95),
      p95MsWeekAgo: quantileOf(then?.latencies, 0.95),
      topCode: codes.get(appId) ?? null,
      worstMemory: memory.get(appId) ?? null,
      lastRelease: releases.get(appId) ?? null,
      incidents: incidents.get(appId) ?? null,
      labels: labels.get(appId) ?? NO_LABELS,
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

type Names = ReadonlyMap<number, readonly SeriesName[]>;

/** Series to read of each app of a group. */
function targetOf(
  names: Names,
  group: SliceGroup | null,
  choose: (own: readonly SeriesName[]) => readonly SeriesName[],
): { pairs: SeriesName[] } {
  const appIds = group?.appIds ?? [...names.keys()];
  return { pairs: appIds.flatMap((appId) => choose(names.get(appId) ?? [])) };
}

const ofKind = (kind: number) => (own: readonly SeriesName[]) => own.filter((name) => name.kind === kind);

interface Requests {
  minutes: Map<number, Minute>;
  latencies: Latencies;
}

async function readRequests(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: Names,
): Promise<Map<number, Requests>> {
  const byApp = new Map<number, Requests>();
  for (const group of groups) {
    const found = await readRequestPoints(db, {
      target: targetOf(names, group, (own) => totalNames(own, MINUTES)),
      slices: group.slices,
      columns: ['count', 'bad'],
      latencies: ['service'],
      stepS: MINUTE_S,
      by: 'app',
    });
    for (const [appId, { t, sums, eachLatency }] of found) {
      const latencies = emptyLatencies();
      eachLatency('service', (_, minute) => addLatencies(latencies, minute));
      const minutes = new Map<number, Minute>();
      t.forEach((at, i) => {
        minutes.set(at, { count: sums.count[i] ?? 0, failed: sums.bad[i] ?? 0 });
      });
      byApp.set(appId, { minutes, latencies });
    }
  }
  return byApp;
}

interface Lines {
  messages: number;
  /** Minutes in which any line was filed. */
  alive: Set<number>;
}

/** What shows that lines came: messages as filed, or else frames; and how many. */
async function readLines(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: Names,
): Promise<Map<number, Lines>> {
  const byApp = new Map<number, Lines>();
  for (const group of groups) {
    const target = targetOf(names, group, (own) => {
      const filed = own.filter((name) => name.kind === SERIES_FILED);
      return filed.length > 0
        ? filed
        : own.filter((name) => name.kind === SERIES_FRAME || name.kind === SERIES_MESSAGE);
    });
    const kinds = new Map(target.pairs.map((name) => [name.id, name.kind]));
    const points = await readCountPoints(db, {
      target,
      slices: group.slices,
      columns: ['count'],
      stepS: MINUTE_S,
      by: 'series',
    });
    for (const { appId, seriesId, t, sums } of points) {
      const lines = byApp.get(appId) ?? { messages: 0, alive: new Set() };
      byApp.set(appId, lines);
      const kind = kinds.get(seriesId);
      if (kind !== SERIES_FRAME) lines.messages += sums.count;
      if (kind !== SERIES_MESSAGE) lines.alive.add(t);
    }
  }
  return byApp;
}

/** The most frequent code of each app; one that counts against availability goes before all that do not. */
async function readTopCodes(
  db: Queryable,
  groups: readonly SliceGroup[],
  names: Names,
): Promise<Map<number, { code: string; count: number }>> {
  const top = new Map<number, { code: string; count: number }>();
  for (const group of groups) {
    const target = targetOf(names, group, ofKind(SERIES_CODE));
    const keys = new Map(target.pairs.map((name) => [name.id, name.key]));
    const points = await readCountPoints(db, {
      target,
      slices: group.slices,
      columns: ['count'],
      stepS: null,
      by: 'series',
    });
    for (const { appId, seriesId, sums } of points) {
      const found = { code: keys.get(seriesId) ?? '', count: sums.count };
      const known = top.get(appId);
      if (found.count > 0 && (!known || compareCodes(found, known) < 0)) top.set(appId, found);
    }
  }
  return top;
}

function compareCodes(a: { code: string; count: number }, b: { code: string; count: number }): number {
  const [countsA, countsB] = [a, b].map(({ code }) => codeOf(code)?.defaultCounted ?? code.startsWith('H'));
  if (countsA !== countsB) return countsA ? -1 : 1;
  return b.count - a.count || (a.code < b.code ? -1 : 1);
}

/** The clock hour that held the same time a week ago: from rows of an hour, which are long made by then. */
async function readWeekAgo(
  db: Queryable,
  names: Names,
  fromS: number,
): Promise<Map<number, Minute & { latencies: Latencies | undefined }>> {
  const thenS = fromS - WEEK_S;
  const startS = thenS - (thenS % 3600);
  const slices: Slice[] = [{ resolutionS: 3600, fromS: startS, toS: startS + 3600 }];
  const found = await readRequestPoints(db, {
    target: targetOf(names, null, (own) => totalNames(own, 1)),
    slices,
    columns: ['count', 'bad'],
    latencies: ['service'],
    stepS: null,
    by: 'app',
  });
  return new Map(
    [...found].map(([appId, { sums, eachLatency }]) => {
      const latencies = emptyLatencies();
      eachLatency('service', (_, hour) => addLatencies(latencies, hour));
      return [appId, { count: sums.count[0] ?? 0, failed: sums.bad[0] ?? 0, latencies }];
    }),
  );
}

/** The dyno nearest to (or furthest beyond) its quota, of those heard in the last minutes. */
async function readWorstMemory(
  db: Queryable,
  names: Names,
  toS: number,
): Promise<Map<number, { dyno: string; ratio: number }>> {
  const own = targetOf(names, null, ofKind(SERIES_DYNO_METRIC)).pairs.map((name) => ({
    ...name,
    dyno: name.key.split('\t')[0] ?? '',
    metric: name.key.split('\t')[1] ?? '',
  }));
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
