/** What some codes are asked first: whether dynos are busy or wait, restarts, boots, memory, lost lines. */
import { type Nearness, nearnessOf } from '../../model/code-evidence.ts';
import { typeOfDyno } from '../../model/dyno-size.ts';
import { SERIES_DYNO, SERIES_DYNO_METRIC } from '../../model/series.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import type { KeptOfCode } from './code-kept.ts';
import { readCountPoints } from './count-points.ts';
import { type EventRow, readDynoLives, readEvents } from './events.ts';
import { pointOf, type ReadRange } from './range.ts';
import { readSamplePoints } from './sample-points.ts';
import { readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

/** Averages of the points with the code, or without it. */
export interface Pressure {
  points: number;
  /** Requests in one web dyno at once. */
  inFlight: number | null;
  load: number | null;
  requestsPerSecond: number | null;
}

interface Sums {
  points: number;
  inFlight: number;
  dynoPoints: number;
  requests: number;
  load: number;
  samples: number;
}

/** Requests come to the processes of this type alone (Procfile). */
const WEB = 'web';

/**
 * Requests in a dyno at once, by Little's law (requests a second × time in the dyno), and its load: in closed points
 * with the code and in those without. `counts`: of the code, per point; null where the stream was silent.
 */
export async function readPressures(
  db: Queryable,
  appId: number,
  range: ReadRange,
  counts: readonly (number | null)[],
): Promise<{ during: Pressure; otherwise: Pressure; dynos: number }> {
  const names = (await readSeriesNames(db, [appId], [SERIES_DYNO, SERIES_DYNO_METRIC])).filter(
    (name) => typeOfDyno(name.key.split('\t')[0] ?? '') === WEB,
  );
  const slices = await readSlices(db, appId, range, range.resolutionS);
  const requests = await readCountPoints(db, {
    target: { appId, seriesIds: names.filter((name) => name.kind === SERIES_DYNO).map((name) => name.id) },
    slices,
    columns: ['count', 'service_sum_ms'],
    stepS: range.stepS,
    by: 'series',
  });
  const loads = names.filter((name) => name.key.endsWith('\tload_avg_1m'));
  const samples = await readSamplePoints(db, {
    appId,
    seriesIds: loads.map((name) => name.id),
    slices,
    fromS: range.fromS,
    stepS: range.stepS,
    points: range.t.length,
  });
  const parts = { during: emptySums(), otherwise: emptySums() };
  const sumsAt = range.t.map((t, point) => {
    // A point that is still filling holds a part of its requests, over all of its width.
    if (range.openFromS !== null && t >= range.openFromS) return null;
    const count = counts[point] ?? null;
    // Silence is no traffic: of such a point nobody knows what there was, with the code or without.
    if (count === null) return null;
    return count > 0 ? parts.during : parts.otherwise;
  });
  for (const sums of sumsAt) if (sums) sums.points++;
  for (const { t, sums } of requests) {
    const into = sumsAt[pointOf(range, t)];
    if (!into || sums.count === 0) continue;
    into.requests += sums.count;
    into.inFlight += sums.service_sum_ms / (range.stepS * SECOND);
    into.dynoPoints++;
  }
  for (const { counts: n, sums } of samples.values()) {
    for (const [point, count] of n.entries()) {
      const into = sumsAt[point];
      if (!into || count === 0) continue;
      into.load += sums[point] ?? 0;
      into.samples += count;
    }
  }
  return {
    during: pressureOf(parts.during, range.stepS),
    otherwise: pressureOf(parts.otherwise, range.stepS),
    dynos: countDynos(requests, names),
  };
}

function emptySums(): Sums {
  return { points: 0, inFlight: 0, dynoPoints: 0, requests: 0, load: 0, samples: 0 };
}

function pressureOf(sums: Sums, stepS: number): Pressure {
  return {
    points: sums.points,
    inFlight: sums.dynoPoints > 0 ? sums.inFlight / sums.dynoPoints : null,
    load: sums.samples > 0 ? sums.load / sums.samples : null,
    requestsPerSecond: sums.points > 0 ? sums.requests / (sums.points * stepS) : null,
  };
}

function countDynos(
  points: readonly { seriesId: number; sums: { count: number } }[],
  names: readonly SeriesName[],
): number {
  const known = new Set(names.map((name) => name.id));
  return new Set(
    points.filter(({ seriesId, sums }) => known.has(seriesId) && sums.count > 0).map((p) => p.seriesId),
  ).size;
}

/** A request this near to a restart of its dyno was in flight, or came while it went or came up. */
export const NEAR_RESTART_MS = 30 * SECOND;
/** Of a dyno that crashes in a loop there are thousands a day: the newest are looked at. */
const EVENTS_MAX = 4_000;
const ENDING_KINDS = ['state', 'exit', 'stop', 'restarting', 'cycling'];
const ENDING_STATES: readonly unknown[] = ['starting', 'crashed', 'stopping', 'down'];

export interface NearRestarts extends Nearness {
  /** Only so much of the range, at its end, was looked at: there are too many events; null: all of it was. */
  partMs: number | null;
  /** Of all dynos in the range, exact. */
  restarts: number;
  crashes: number;
}

/** Whether requests of a code fall on restarts of their dyno. */
export async function readRestarts(
  db: Queryable,
  appId: number,
  range: ReadRange,
  kept: readonly KeptOfCode[],
): Promise<NearRestarts> {
  const span = { fromMs: range.fromS * 1000, toMs: range.toS * 1000 };
  const read = await readEvents(db, {
    appId,
    fromMs: span.fromMs - NEAR_RESTART_MS,
    toMs: span.toMs + NEAR_RESTART_MS,
    kinds: ENDING_KINDS,
    limit: EVENTS_MAX,
  });
  const events = read.filter((event) => event.kind !== 'state' || ENDING_STATES.includes(event.detail.to));
  const instants = events.flatMap(({ dyno, atMs }) => (dyno === null ? [] : [{ dyno, atMs }]));
  const oldest = read.length < EVENTS_MAX ? undefined : read.at(-1);
  // Of a request before it an event that was not read may be the near one.
  const judgedFromMs = Math.max(span.fromMs, oldest === undefined ? 0 : oldest.atMs + NEAR_RESTART_MS + 1);
  const judged = kept.filter(({ atMs }) => atMs >= judgedFromMs);
  const isPart = judgedFromMs > span.fromMs && kept.some(({ dyno }) => dyno !== '');
  const lives = [...(await readDynoLives(db, appId, span.fromMs, span.toMs)).values()];
  return {
    ...nearnessOf(judged, instants, { fromMs: judgedFromMs, toMs: span.toMs, withinMs: NEAR_RESTART_MS }),
    partMs: isPart ? Math.max(0, span.toMs - judgedFromMs) : null,
    restarts: lives.reduce((sum, life) => sum + life.restarts, 0),
    crashes: lives.reduce((sum, life) => sum + life.crashes, 0),
  };
}

/** What dynos did around the first line of a code: as far before as a boot may take, and a little after. */
const BOOT_BEFORE_MS = 5 * MINUTE;
const BOOT_AFTER_MS = 2 * MINUTE;
const BOOT_EVENTS_MAX = 30;
const BOOT_KINDS = ['state', 'exit', 'start', 'stop', 'code', 'release', 'releasePhase'];

/** Oldest first, and the dyno whose lines tell why: that which crashed last, else that of the newest event. */
export async function readBoot(
  db: Queryable,
  appId: number,
  firstSeenMs: number | null,
): Promise<{ events: EventRow[]; dyno: string | null; atMs: number | null }> {
  if (firstSeenMs === null) return { events: [], dyno: null, atMs: null };
  const newestFirst = await readEvents(db, {
    appId,
    fromMs: firstSeenMs - BOOT_BEFORE_MS,
    toMs: firstSeenMs + BOOT_AFTER_MS,
    kinds: BOOT_KINDS,
    limit: BOOT_EVENTS_MAX,
  });
  const crash =
    newestFirst.find((event) => event.kind === 'state' && event.detail.to === 'crashed') ??
    newestFirst.find((event) => event.kind === 'code' && event.dyno !== null) ??
    newestFirst.find((event) => event.kind === 'exit' && event.dyno !== null);
  return { events: newestFirst.reverse(), dyno: crash?.dyno ?? null, atMs: crash?.atMs ?? firstSeenMs };
}
