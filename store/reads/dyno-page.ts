/** The page of an app's dynos: a lane of memory for each, its life, and what is known of its size. */
import { type Life, lifeOf } from '../../model/dyno-life.ts';
import { coresOf, quotaMibOf, typeOfDyno } from '../../model/dyno-size.ts';
import { type LeakReading, readLeak } from '../../model/leak.ts';
import type { LeakFacts } from '../../model/rule-facts.ts';
import { SERIES_DYNO, SERIES_DYNO_METRIC } from '../../model/series.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import { listDynoSizes } from '../dyno-sizes.ts';
import type { Queryable } from '../pool.ts';
import { readLives } from './dyno-lives.ts';
import { type DynoFigures, readDynos } from './dynos.ts';
import { readEvents } from './events.ts';
import type { ReadRange } from './range.ts';
import { readLeakFacts } from './rule-leaks.ts';
import { readSamplePoints } from './sample-points.ts';
import { averagesOf } from './samples-over-time.ts';
import { readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

/** Lanes of a page; formations end at 100 dynos a type. */
export const DYNOS_MAX = 120;

export interface TypeFacts {
  processType: string;
  dynos: number;
  size: string | null;
  sizeSource: 'you' | 'heroku' | null;
  sizeAtMs: number | null;
  cores: number | null;
  coresSource: 'you' | 'name' | null;
}

export interface DynoLane extends DynoFigures {
  quotaSource: 'line' | 'size' | null;
  memory: (number | null)[];
  swap: (number | null)[];
  life: Life;
  startedMs: number | null;
  leak: LeakReading;
  firstRequestMs: number | null;
}

export interface DynoPage {
  hasRuntimeMetrics: boolean;
  dynos: DynoLane[];
  leftOut: number;
  types: TypeFacts[];
}

/** Dynos of a range, web.2 before web.10; or one of them, with what is known of all types. */
export async function readDynoPage(
  db: Queryable,
  query: { appId: number; range: ReadRange; nowMs: number; only?: string },
): Promise<DynoPage> {
  const { appId, range, nowMs, only } = query;
  const figures = await readDynos(db, appId, range);
  const shown = figures.filter((one) => only === undefined || one.dyno === only).slice(0, DYNOS_MAX);
  const names = await readSeriesNames(db, [appId], [SERIES_DYNO, SERIES_DYNO_METRIC]);
  const types = await readTypes(db, appId, range.toS * 1000, figures);
  const lives = await readLives(db, appId, range);
  const minute = Math.floor(Math.min(nowMs, range.toS * 1000) / MINUTE);
  const wanted = new Set(shown.map((one) => one.dyno));
  const own = names.filter((name) => wanted.has(name.key.split('\t')[0] ?? ''));
  const lanes = await readLanes(db, query, own);
  const leaks = await readLeaks(db, appId, own, minute);
  const boots = new Map(
    [...lives].flatMap(([dyno, { boot }]) => (boot && wanted.has(dyno) ? [[dyno, boot] as const] : [])),
  );
  const first = await readFirstRequests(db, appId, names, boots);
  const dynos = shown.map((one): DynoLane => {
    const life = lives.get(one.dyno) ?? lifeOf([]);
    const facts = leaks.get(one.dyno);
    const started = facts?.startedMinute ?? null;
    return {
      ...withQuota(one, types.get(one.processType)),
      memory: lanes.memory.get(one.dyno) ?? [],
      swap: lanes.swap.get(one.dyno) ?? [],
      life,
      startedMs: life.startedMs ?? (started === null ? null : started * MINUTE),
      leak: readLeak(facts ?? NO_FACTS, minute),
      firstRequestMs: first.get(one.dyno) ?? null,
    };
  });
  return {
    hasRuntimeMetrics: names.some((name) => name.key.endsWith('\tmemory_total')),
    dynos,
    leftOut: only === undefined ? figures.length - shown.length : 0,
    types: [...types.values()],
  };
}

const NO_FACTS: LeakFacts = { dyno: '', startedMinute: null, quotaBytes: null, points: [] };

/** The quota of the line itself; the table of sizes only where lines have none. */
function withQuota(
  one: DynoFigures,
  type: TypeFacts | undefined,
): DynoFigures & Pick<DynoLane, 'quotaSource'> {
  if (one.memoryQuotaBytes !== null) return { ...one, quotaSource: 'line' };
  const mib = type?.size ? quotaMibOf(type.size) : null;
  if (mib === null) return { ...one, quotaSource: null };
  const bytes = mib * 2 ** 20;
  return {
    ...one,
    quotaSource: 'size',
    memoryQuotaBytes: bytes,
    memoryRatio: one.memoryBytes === null ? null : one.memoryBytes / bytes,
  };
}

const LANES: Readonly<Record<string, 'memory' | 'swap'>> = { memory_total: 'memory', memory_swap: 'swap' };

async function readLanes(
  db: Queryable,
  { appId, range }: { appId: number; range: ReadRange },
  names: readonly SeriesName[],
): Promise<Record<'memory' | 'swap', Map<string, (number | null)[]>>> {
  const wanted = names.flatMap((name) => {
    const [dyno = '', metric = ''] = name.key.split('\t');
    const lane = LANES[metric];
    return name.kind === SERIES_DYNO_METRIC && lane ? [{ id: name.id, dyno, lane }] : [];
  });
  const columns = await readSamplePoints(db, {
    appId,
    seriesIds: wanted.map((one) => one.id),
    slices: await readSlices(db, appId, range, range.resolutionS),
    fromS: range.fromS,
    stepS: range.stepS,
    points: range.t.length,
  });
  const lanes = { memory: new Map<string, (number | null)[]>(), swap: new Map<string, (number | null)[]>() };
  for (const { id, dyno, lane } of wanted) {
    const column = columns.get(id);
    // Swap that was never used is said by an empty lane: most answers carry none.
    if (!column || (lane === 'swap' && column.sums.every((sum) => sum === 0))) continue;
    lanes[lane].set(dyno, averagesOf(column, 'bytes'));
  }
  return lanes;
}

async function readLeaks(
  db: Queryable,
  appId: number,
  names: readonly SeriesName[],
  minute: number,
): Promise<Map<string, LeakFacts>> {
  const memory = names.filter((name) => /\tmemory_(total|quota)$/.test(name.key));
  const facts = await readLeakFacts(db, memory, minute);
  return new Map((facts.get(appId) ?? []).map((one) => [one.dyno, one]));
}

/** A request this long after the start has nothing to do with it. */
const FIRST_WITHIN_S = 1_800;

/** From the start of the newest boot to its first request, ms by dyno: rows of 10 s, so as exact as that. */
async function readFirstRequests(
  db: Queryable,
  appId: number,
  names: readonly SeriesName[],
  boots: ReadonlyMap<string, { startingMs: number; upMs: number }>,
): Promise<Map<string, number>> {
  const asked = names.flatMap(({ kind, id, key }) => {
    const boot = kind === SERIES_DYNO ? boots.get(key) : undefined;
    return boot ? [{ id, dyno: key, boot }] : [];
  });
  if (asked.length === 0) return new Map();
  // A bucket that was open when it came up may hold requests of the process before: the next one is the first of it.
  const froms = asked.map(({ boot }) => Math.ceil(boot.upMs / 10_000) * 10);
  const { rows } = await db.query<{ series_id: number; bucket_s: number }>(
    `SELECT p.series_id, b.bucket_s FROM unnest($2::int[], $3::int[]) AS p (series_id, from_s), LATERAL (
       SELECT bucket_s FROM count_buckets_10s b
       WHERE b.app_id = $1 AND b.series_id = p.series_id AND b.bucket_s >= p.from_s
         AND b.bucket_s < p.from_s + ${FIRST_WITHIN_S} AND b.bucket_s >= $4 AND b.bucket_s < $5
       ORDER BY b.bucket_s LIMIT 1
     ) AS b`,
    [appId, asked.map((one) => one.id), froms, Math.min(...froms), Math.max(...froms) + FIRST_WITHIN_S],
  );
  const byId = new Map(rows.map((row) => [row.series_id, row.bucket_s]));
  return new Map(
    asked.flatMap(({ id, dyno, boot }) => {
      const bucketS = byId.get(id);
      return bucketS === undefined ? [] : [[dyno, bucketS * 1000 - boot.startingMs] as const];
    }),
  );
}

/** The formation of long ago says nothing of today. */
const SCALE_WITHIN_MS = 60 * DAY;

/** What is known of the process types that have dynos: what people said, else the newest "Scaled to …" line. */
export async function readTypes(
  db: Queryable,
  appId: number,
  untilMs: number,
  dynos: readonly { dyno: string }[],
): Promise<Map<string, TypeFacts>> {
  const said = await listDynoSizes(db, appId);
  const [scaled] = await readEvents(db, {
    appId,
    fromMs: untilMs - SCALE_WITHIN_MS,
    toMs: untilMs,
    kinds: ['scale'],
    limit: 1,
  });
  const formation = scaled ? sizesOf(scaled.detail.formation) : new Map<string, string>();
  const types = new Map<string, TypeFacts>();
  for (const { dyno } of dynos) {
    const processType = typeOfDyno(dyno);
    const known = types.get(processType);
    if (known) {
      known.dynos++;
      continue;
    }
    const own = said.get(processType);
    const told = formation.get(processType) ?? null;
    const size = own?.size ?? told;
    const named = size === null ? null : coresOf(size);
    const cores = own?.cores ?? named;
    types.set(processType, {
      processType,
      dynos: 1,
      size,
      sizeSource: own?.size ? 'you' : told === null ? null : 'heroku',
      sizeAtMs: own?.size ? own.setAtMs : told === null ? null : (scaled?.atMs ?? null),
      cores,
      coresSource: own?.cores ? 'you' : named === null ? null : 'name',
    });
  }
  return types;
}

/** `formation` of a scale event: sizes by process type. Written by a line, so nothing of it is taken for granted. */
function sizesOf(formation: unknown): Map<string, string> {
  const sizes = new Map<string, string>();
  for (const part of Array.isArray(formation) ? (formation as unknown[]) : []) {
    const { type, size } = (part ?? {}) as Record<string, unknown>;
    if (typeof type === 'string' && typeof size === 'string') sizes.set(type, size.slice(0, 64));
  }
  return sizes;
}
