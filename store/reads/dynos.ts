/** Dynos of one app in a range: their share of requests, memory, load, and life. */

import { seriesDynoName } from '../../model/heroku.ts';
import { SERIES_DYNO, SERIES_DYNO_METRIC } from '../../model/series.ts';
import { DAY } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { readDynoLives } from './events.ts';
import { quantileOf } from './histograms.ts';
import type { ReadRange } from './range.ts';
import { type RequestPoints, readRequestPoints } from './request-points.ts';
import { readNewestByDyno } from './samples-over-time.ts';
import { compareDynos, processTypeOf, readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';

export interface DynoFigures {
  dyno: string;
  processType: string;
  state: string | null;
  stateSinceMs: number | null;
  requests: number;
  bad: number;
  p95Ms: number | null;
  memoryBytes: number | null;
  memoryQuotaBytes: number | null;
  memoryRatio: number | null;
  load1m: number | null;
  restarts: number;
  crashes: number;
  /** Newest runtime metric or state, ms. */
  lastSeenMs: number | null;
}

/** A dyno's last state may have been told long before the range: it lives a day and a bit. */
const STATE_WITHIN_MS = 2 * DAY;

/** Dynos that did or said anything in the range, web.2 before web.10. */
export async function readDynos(db: Queryable, appId: number, range: ReadRange): Promise<DynoFigures[]> {
  const slices = await readSlices(db, appId, range, range.resolutionS);
  // Sums over the whole range are exact from rows of an hour: a day of 20 dynos is 28,800 rows of minutes.
  const whole = await readSlices(db, appId, range, 3600);
  const names = await readSeriesNames(db, [appId], [SERIES_DYNO, SERIES_DYNO_METRIC]);
  const dynos = new Map(names.filter((name) => name.kind === SERIES_DYNO).map((name) => [name.key, name.id]));
  const found = await readRequestPoints(db, {
    target: { appId, seriesIds: [...dynos.values()] },
    slices: whole,
    columns: ['count', 'bad'],
    latencies: ['service'],
    stepS: null,
    by: 'series',
  });
  const requestsOf = (id: number): number => found.get(id)?.sums.count[0] ?? 0;
  const reading = { appId, slices, names, filter: {} };
  const memory = await readNewestByDyno(db, reading, 'memory_total');
  const quota = await readNewestByDyno(db, reading, 'memory_quota');
  const load = await readNewestByDyno(db, reading, 'load_avg_1m');
  const [fromMs, toMs] = [range.fromS * 1000, range.toS * 1000];
  const lives = foldOneOffs(await readDynoLives(db, appId, fromMs, toMs));
  const states = foldOneOffs(await readDynoLives(db, appId, toMs - STATE_WITHIN_MS, toMs));
  const seen = new Set<string>([...memory.keys(), ...load.keys(), ...lives.keys()]);
  for (const [dyno, id] of dynos) if (dyno !== '' && requestsOf(id) > 0) seen.add(dyno);
  return [...seen].sort(compareDynos).map((dyno) => {
    const id = dynos.get(dyno) ?? 0;
    const [used, of] = [memory.get(dyno)?.value ?? null, quota.get(dyno)?.value ?? null];
    const [life, state] = [lives.get(dyno), states.get(dyno)];
    const seenMs = Math.max(memory.get(dyno)?.atMs ?? 0, load.get(dyno)?.atMs ?? 0, state?.sinceMs ?? 0);
    return {
      dyno,
      processType: processTypeOf(dyno),
      state: state?.state ?? null,
      stateSinceMs: state?.sinceMs ?? null,
      requests: requestsOf(id),
      bad: found.get(id)?.sums.bad[0] ?? 0,
      p95Ms: p95Of(found.get(id)),
      memoryBytes: used,
      memoryQuotaBytes: of,
      memoryRatio: used !== null && of !== null && of > 0 ? used / of : null,
      load1m: load.get(dyno)?.value ?? null,
      restarts: life?.restarts ?? 0,
      crashes: life?.crashes ?? 0,
      lastSeenMs: seenMs > 0 ? seenMs : null,
    };
  });
}

type Lives = Awaited<ReturnType<typeof readDynoLives>>;

/** One-off dynos have a new name each time: they are told under that of their series, as their metrics are. */
function foldOneOffs(lives: Lives): Lives {
  const folded: Lives = new Map();
  for (const [dyno, life] of lives) {
    const name = seriesDynoName(dyno);
    const known = folded.get(name);
    if (!known) folded.set(name, { ...life });
    else {
      const newer = (life.sinceMs ?? 0) > (known.sinceMs ?? 0) ? life : known;
      folded.set(name, {
        state: newer.state,
        sinceMs: newer.sinceMs,
        restarts: known.restarts + life.restarts,
        crashes: known.crashes + life.crashes,
      });
    }
  }
  return folded;
}

function p95Of(points: RequestPoints<'count' | 'bad'> | undefined): number | null {
  let p95Ms: number | null = null;
  points?.eachLatency('service', (_, latencies) => {
    p95Ms = quantileOf(latencies, 0.95);
  });
  return p95Ms;
}
