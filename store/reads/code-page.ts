/** One code on one app: how often, since when, under which releases, and what the requests of it have in common. */
import { type Parts, partsOf } from '../../model/code-evidence.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_HOST, SERIES_PATH } from '../../model/series.ts';
import { DAY } from '../../model/time.ts';
import { mergeRanges, rangesWithout } from '../../model/window-sums.ts';
import type { Queryable } from '../pool.ts';
import { type KeptOfCode, readKeptOfCode } from './code-kept.ts';
import { KINDS_OF_LINES, readLines } from './codes.ts';
import { readCountPoints } from './count-points.ts';
import { readEvents, readLastReleases } from './events.ts';
import { quantileOf } from './histograms.ts';
import type { Slice } from './plan.ts';
import { type ColumnSet, pointOf, type ReadRange } from './range.ts';
import { readRequestPoints } from './request-points.ts';
import { KINDS_OF_TOTAL, totalNames } from './requests-over-time.ts';
import { readSeriesNames, type SeriesName } from './series-names.ts';
import { readAppSpans } from './slo-spans.ts';
import { readSlices } from './units.ts';

/** Parts of a list that are shown; more are `others`. */
const PARTS_MAX = 8;
/** A release of longer ago is not looked for. */
const RELEASE_WITHIN_MS = 60 * DAY;
/** Stretches that are told apart; what lies before the oldest of them is one. */
const RELEASES_MAX = 50;

export type CutOfCode = 'path' | 'dyno' | 'host' | 'network' | 'status';

/** Cuts in which all requests are counted, by which a share can be compared. */
const KIND_OF_CUT: Partial<Record<CutOfCode, number>> = {
  path: SERIES_PATH,
  dyno: SERIES_DYNO,
  host: SERIES_HOST,
};

export interface ReleaseStretch {
  version: number | null;
  /** Of more releases than are told apart; left out: of one, or of none that is known. */
  isSeveral?: true;
  fromMs: number;
  toMs: number;
  count: number;
  requests: number;
}

export interface CodeFigures {
  count: number;
  countBefore: number | null;
  requests: number;
  firstSeenMs: number | null;
  lastSeenMs: number | null;
  everFirstSeenMs: number | null;
  counts: ColumnSet;
  releases: ReleaseStretch[];
  kept: { rows: number; clients: number | null; read: KeptOfCode[] } | null;
  breakdowns: ({ by: CutOfCode } & Parts)[];
  /** Latency of all requests, ms. */
  all: Record<'connect' | 'service', { p50Ms: number | null; p95Ms: number | null }>;
}

interface Question {
  appId: number;
  range: ReadRange;
  code: string;
}

export async function readCodePage(db: Queryable, question: Question): Promise<CodeFigures> {
  const { appId, range, code } = question;
  const slices = await readSlices(db, appId, range, range.resolutionS);
  const names = await readSeriesNames(db, [appId], [...KINDS_OF_TOTAL, ...KINDS_OF_LINES, SERIES_DYNO]);
  const own = names.filter((name) => name.kind !== SERIES_CODE || name.key === code);
  // Sums over the whole range are exact from rows of an hour: of 500 paths a day is a fraction of its minutes.
  const hours = await readSlices(db, appId, range, 3600);
  const lines = await readLines(db, { appId, range, slices, names: own });
  const seen = lines.codes[0];
  const totals = await readTotals(db, question, { slices, hours }, names);
  const counts = countsOf(lines.columns, lines.alive, code);
  const isRequest = code.startsWith('H');
  const kept = isRequest ? await readKeptOfCode(db, { appId, code, ...spanOf(range) }) : null;
  return {
    count: seen?.count ?? 0,
    countBefore: await readCountBefore(db, question, own),
    requests: totals.requests,
    firstSeenMs: seen?.firstSeenMs ?? null,
    lastSeenMs: seen?.lastSeenMs ?? null,
    everFirstSeenMs: await readEverFirst(db, appId, code),
    counts,
    releases: await readReleases(db, question, counts, totals.perPoint),
    kept,
    breakdowns: isRequest
      ? breakRequests(kept?.read ?? [], await readBaselines(db, appId, hours, names))
      : await breakEpisodes(db, question),
    all: totals.all,
  };
}

function spanOf(range: ReadRange): { fromMs: number; toMs: number } {
  return { fromMs: range.fromS * 1000, toMs: range.toS * 1000 };
}

/** A code that never occurred has a column too: none where lines arrived, nothing where the stream was silent. */
function countsOf({ t, series }: ColumnSet, alive: readonly boolean[], code: string): ColumnSet {
  if (series.length > 0) return { t, series };
  return {
    t,
    series: [{ id: code, label: code, unit: 'count', values: alive.map((heard) => (heard ? 0 : null)) }],
  };
}

interface Totals {
  requests: number;
  perPoint: Float64Array;
  all: CodeFigures['all'];
}

async function readTotals(
  db: Queryable,
  { appId, range }: Question,
  { slices, hours }: { slices: readonly Slice[]; hours: readonly Slice[] },
  names: readonly SeriesName[],
): Promise<Totals> {
  const target = { appId, seriesIds: totalNames(names, range.t.length).map((name) => name.id) };
  const perPoint = new Float64Array(range.t.length);
  const points = await readCountPoints(db, {
    target,
    slices,
    columns: ['count'],
    stepS: range.stepS,
    by: 'none',
  });
  for (const { t, sums } of points) {
    const at = pointOf(range, t);
    if (at >= 0) perPoint[at]! += sums.count;
  }
  // Times to connect have always been counted by dyno, and there alone.
  const dynos = names.filter((name) => name.kind === SERIES_DYNO).map((name) => name.id);
  const all = { connect: NO_QUANTILES, service: NO_QUANTILES };
  const [whole] = (
    await readRequestPoints(db, {
      target: { appId, seriesIds: dynos },
      slices: hours,
      columns: ['count'],
      latencies: ['connect', 'service'],
      stepS: null,
      by: 'none',
    })
  ).values();
  for (const kind of ['connect', 'service'] as const) {
    whole?.eachLatency(kind, (_, latencies) => {
      all[kind] = { p50Ms: quantileOf(latencies, 0.5), p95Ms: quantileOf(latencies, 0.95) };
    });
  }
  return { requests: perPoint.reduce((sum, count) => sum + count, 0), perPoint, all };
}

const NO_QUANTILES: { p50Ms: number | null; p95Ms: number | null } = { p50Ms: null, p95Ms: null };

/** A count of less of its time than this is no count of the time before. */
const KNOWN_SHARE = 0.9;

/** Of a range of the same length just before; null where the app was not heard in nearly all of it. */
async function readCountBefore(
  db: Queryable,
  { appId, range, code }: Question,
  names: readonly SeriesName[],
): Promise<number | null> {
  const before = { fromS: 2 * range.fromS - range.toS, toS: range.fromS };
  if ((await readKnownShare(db, appId, before)) < KNOWN_SHARE) return null;
  const lines = names.filter((name) => KINDS_OF_LINES.includes(name.kind));
  const points = await readCountPoints(db, {
    target: { appId, seriesIds: lines.map((name) => name.id) },
    slices: await readSlices(db, appId, before, 3600),
    columns: ['count'],
    stepS: null,
    by: 'series',
  });
  if (points.length === 0) return null;
  const own = new Set(lines.filter((name) => name.key === code).map((name) => name.id));
  return points.reduce((sum, point) => sum + (own.has(point.seriesId) ? point.sums.count : 0), 0);
}

/** Share of a time in which the app was followed, its drain alive, and no line known to be lost. */
async function readKnownShare(
  db: Queryable,
  appId: number,
  { fromS, toS }: { fromS: number; toS: number },
): Promise<number> {
  const [from, to] = [Math.floor(fromS / 60), Math.ceil(toS / 60)];
  const spans = (await readAppSpans(db, [appId], from, to)).get(appId);
  if (!spans) throw new Error('the app was not answered for');
  const { firstMinute, quiet, uncertain } = spans;
  const unknown = mergeRanges([...quiet, ...uncertain]);
  const known = rangesWithout(Math.max(from, firstMinute ?? to), to, unknown);
  return known.reduce((sum, one) => sum + one.to - one.from, 0) / (to - from);
}

/** Series are made with their first bucket. */
async function readEverFirst(db: Queryable, appId: number, code: string): Promise<number | null> {
  const { rows } = await db.query<{ at_ms: number }>(
    'SELECT created_at_ms AS at_ms FROM series WHERE app_id = $1 AND kind = $2 AND key = $3',
    [appId, SERIES_CODE, code],
  );
  return rows[0]?.at_ms ?? null;
}

/** The range cut at its releases; a point belongs to the release that was current at its start. */
async function readReleases(
  db: Queryable,
  { appId, range }: Question,
  counts: ColumnSet,
  requests: Float64Array,
): Promise<ReleaseStretch[]> {
  const { fromMs, toMs } = spanOf(range);
  const limit = RELEASES_MAX + 1;
  const events = await readEvents(db, { appId, fromMs, toMs, kinds: ['release'], limit });
  const isCut = events.length === limit;
  const before = isCut
    ? undefined
    : (await readLastReleases(db, [appId], fromMs - RELEASE_WITHIN_MS, fromMs)).get(appId);
  const starts = events
    .slice(0, RELEASES_MAX)
    .flatMap(({ atMs, version }) => (version === null ? [] : [{ atMs, version: version as number | null }]))
    .reverse();
  const first = {
    atMs: fromMs,
    version: before?.version ?? null,
    ...(isCut && { isSeveral: true as const }),
  };
  const cuts: { atMs: number; version: number | null; isSeveral?: true }[] = [first, ...starts];
  const values = counts.series[0]?.values ?? [];
  const stretches = cuts.map(({ atMs, ...release }, i): ReleaseStretch => {
    return { ...release, fromMs: atMs, toMs: cuts[i + 1]?.atMs ?? toMs, count: 0, requests: 0 };
  });
  let current = 0;
  for (const [point, t] of range.t.entries()) {
    while (t * 1000 >= (stretches[current + 1]?.fromMs ?? Number.POSITIVE_INFINITY)) current++;
    const stretch = stretches[current];
    if (!stretch) continue;
    stretch.count += values[point] ?? 0;
    stretch.requests += requests[point] ?? 0;
  }
  return stretches.filter((stretch) => stretch.toMs > stretch.fromMs);
}

/** Requests in the range by key, for each cut in which all of them are counted. */
async function readBaselines(
  db: Queryable,
  appId: number,
  slices: readonly Slice[],
  known: readonly SeriesName[],
): Promise<Map<number, Map<string, number>>> {
  const kinds = Object.values(KIND_OF_CUT);
  const missing = kinds.filter((kind) => !known.some((name) => name.kind === kind));
  const names = [
    ...known.filter((name) => kinds.includes(name.kind)),
    ...(missing.length > 0 ? await readSeriesNames(db, [appId], missing) : []),
  ];
  const points = await readCountPoints(db, {
    target: { appId, seriesIds: names.map((name) => name.id) },
    slices,
    columns: ['count'],
    stepS: null,
    by: 'series',
  });
  const byId = new Map(names.map((name) => [name.id, name]));
  const baselines = new Map<number, Map<string, number>>();
  for (const { seriesId, sums } of points) {
    const name = byId.get(seriesId);
    if (!name) continue;
    const own = baselines.get(name.kind) ?? new Map<string, number>();
    baselines.set(name.kind, own.set(name.key, sums.count));
  }
  return baselines;
}

const CUTS: [by: CutOfCode, keyOf: (kept: KeptOfCode) => string][] = [
  ['path', (kept) => kept.path],
  ['dyno', (kept) => kept.dyno],
  ['network', (kept) => kept.client],
  ['host', (kept) => kept.host],
  ['status', (kept) => kept.status],
];

function breakRequests(
  kept: readonly KeptOfCode[],
  baselines: ReadonlyMap<number, Map<string, number>>,
): ({ by: CutOfCode } & Parts)[] {
  return CUTS.map(([by, keyOf]) => {
    const kind = KIND_OF_CUT[by];
    const baseline = kind === undefined ? undefined : baselines.get(kind);
    const items = kept.map((one) => ({ key: keyOf(one), weight: one.weight }));
    return { by, ...partsOf(items, baseline, PARTS_MAX) };
  }).filter(({ rows }) => rows.length > 0);
}

/** Codes of dynos are events with their number; those of the log pipeline name no dyno. */
async function breakEpisodes(
  db: Queryable,
  { appId, range, code }: Question,
): Promise<({ by: CutOfCode } & Parts)[]> {
  const items = await readEpisodeDynos(db, appId, code, spanOf(range));
  return items.length === 0 ? [] : [{ by: 'dyno', ...partsOf(items, undefined, PARTS_MAX) }];
}

/** Dynos with a code of theirs in the range, most often first. */
export async function readEpisodeDynos(
  db: Queryable,
  appId: number,
  code: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<{ key: string; weight: number }[]> {
  const { rows } = await db.query<{ dyno: string; lines: number }>(
    `SELECT dyno, sum(count)::float8 AS lines FROM events
     WHERE app_id = $1 AND kind = 'code' AND code = $2 AND dyno IS NOT NULL
       AND at_ms >= $3::bigint - ${2 * DAY} AND at_ms < $4 AND until_ms >= $3
     GROUP BY dyno ORDER BY 2 DESC, 1 LIMIT 200`,
    [appId, code, fromMs, toMs],
  );
  return rows.map((row) => ({ key: row.dyno, weight: row.lines }));
}
