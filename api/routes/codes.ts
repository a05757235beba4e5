/** H, R and L codes of an app: which were seen, and all about one of them. */
import { weightedQuantile } from '../../model/code-evidence.ts';
import { codeGuide } from '../../model/code-guide.ts';
import type { Client } from '../../store/pool.ts';
import type { KeptOfCode } from '../../store/reads/code-kept.ts';
import { type CodeFigures, readCodePage, readEpisodeDynos } from '../../store/reads/code-page.ts';
import { NEAR_RESTART_MS, readBoot, readPressures, readRestarts } from '../../store/reads/code-special.ts';
import { KINDS_OF_LINES, readLines } from '../../store/reads/codes.ts';
import { readCountPoints } from '../../store/reads/count-points.ts';
import { readTypes } from '../../store/reads/dyno-page.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import { readHealth } from '../../store/reads/health.ts';
import type { ReadRange } from '../../store/reads/range.ts';
import { readRequests } from '../../store/reads/requests.ts';
import { KINDS_OF_TOTAL, totalNames } from '../../store/reads/requests-over-time.ts';
import { readSeriesNames } from '../../store/reads/series-names.ts';
import { readSlices } from '../../store/reads/units.ts';
import type { CodeAnswer, CodeDurations, CodeSpecial, CodesAnswer } from '../contract/codes.ts';
import type { HealthSummary } from '../contract/health.ts';
import type { GapAnswer } from '../contract/time.ts';
import { ApiError } from '../error.ts';
import { describeEvent } from '../event-text.ts';
import { codeName, type RangeQuery, rangeQuery, readRange } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { codeInfo, toGap, toHealth, toRange } from '../shape.ts';

const VIEWER = { method: 'GET', permission: 'viewer', part: 'dashboards' } as const;
const SAMPLES_MAX = 100;

export const codeRoutes: Route[] = [
  route({
    ...VIEWER,
    path: '/apps/:app/codes',
    summary: 'H, R and L codes seen in a range',
    answer: 'CodesAnswer',
    query: rangeQuery,
    handle: codes,
  }),
  route({
    ...VIEWER,
    path: '/apps/:app/codes/:code',
    summary: 'One code: what it means, how often, under which releases, and what its requests have in common',
    answer: 'CodeAnswer',
    query: rangeQuery,
    handle: code,
  }),
];

/** How well the stream of an app is known in a range: every page about a range tells it. */
export async function readState(
  db: Client,
  appId: number,
  range: ReadRange,
  nowMs: number,
): Promise<{ health: HealthSummary; gaps: GapAnswer[] }> {
  const health = (await readHealth(db, [appId], nowMs)).get(appId);
  if (health === undefined) throw new Error('an app that was asked for has no health');
  const gaps = await readGaps(db, appId, range.fromS * 1000, range.toS * 1000);
  return { health: toHealth(health), gaps: gaps.map(toGap) };
}

async function codes(call: Call<undefined, RangeQuery>): Promise<CodesAnswer> {
  const { deps, app, query, nowMs } = call;
  const range = readRange(query, nowMs, deps.config);
  return reading(deps.pool, async (db) => {
    const slices = await readSlices(db, app.id, range, range.resolutionS);
    const names = await readSeriesNames(db, [app.id], [...KINDS_OF_TOTAL, ...KINDS_OF_LINES]);
    const found = await readLines(db, { appId: app.id, range, slices, names });
    const [requests] = await readCountPoints(db, {
      target: { appId: app.id, seriesIds: totalNames(names, range.t.length).map((name) => name.id) },
      slices,
      columns: ['count'],
      stepS: null,
      by: 'none',
    });
    const total = requests?.sums.count ?? 0;
    return {
      app: app.name,
      nowMs,
      range: toRange(range),
      ...(await readState(db, app.id, range, nowMs)),
      requests: total,
      codes: found.codes.map(({ code: name, ...figures }) => ({
        ...codeInfo(name),
        ...figures,
        // Known to the point only: never later than now.
        lastSeenMs: Math.min(figures.lastSeenMs, nowMs),
        shareOfRequests: shareOf(name, figures.count, total),
      })),
      counts: found.columns,
    };
  });
}

function shareOf(name: string, count: number, requests: number): number | null {
  return name.startsWith('H') && requests > 0 ? count / requests : null;
}

async function code(call: Call<undefined, RangeQuery>): Promise<CodeAnswer> {
  const { deps, app, query, params, nowMs } = call;
  const parsed = codeName.safeParse(params.code);
  if (!parsed.success)
    throw new ApiError('badRequest', {
      detail: '`code` is H, R or L and two digits.',
      faults: [{ field: 'code', message: 'is H, R or L and two digits' }],
    });
  const name = parsed.data;
  const range = readRange(query, nowMs, deps.config);
  return reading(deps.pool, async (db) => {
    const figures = await readCodePage(db, { appId: app.id, range, code: name });
    const state = await readState(db, app.id, range, nowMs);
    const samples = figures.kept === null ? [] : await readSamples(db, app.id, range, name);
    const { kept, all, ...rest } = figures;
    return {
      app: app.name,
      nowMs,
      range: toRange(range),
      ...state,
      info: codeInfo(name),
      guide: codeGuide(name),
      ...rest,
      // A history that arrived later is older than its series.
      everFirstSeenMs: earlier(rest.everFirstSeenMs, rest.firstSeenMs),
      lastSeenMs: rest.lastSeenMs === null ? null : Math.min(rest.lastSeenMs, nowMs),
      shareOfRequests: shareOf(name, rest.count, rest.requests),
      releases: [...rest.releases],
      kept: kept && { rows: kept.rows, read: kept.read.length, clients: kept.clients },
      breakdowns: rest.breakdowns.map(({ rows, ...breakdown }) => ({
        ...breakdown,
        rows: rows.map((row) => ({ ...row, count: Math.round(row.share * rest.count) })),
      })),
      durations: kept === null ? [] : durationsOf(kept.read, all),
      samples,
      special: await readSpecial(db, { appId: app.id, range, nowMs }, name, figures, state.gaps),
    };
  });
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

async function readSamples(db: Client, appId: number, range: ReadRange, name: string) {
  return readRequests(db, {
    appId,
    fromMs: range.fromS * 1000,
    toMs: range.toS * 1000,
    code: name,
    limit: SAMPLES_MAX,
  });
}

function durationsOf(kept: readonly KeptOfCode[], all: CodeFigures['all']): CodeDurations[] {
  return (['connect', 'service'] as const).map((of) => {
    const items = kept.flatMap((one) => {
      const value = of === 'connect' ? one.connectMs : one.serviceMs;
      return value === null ? [] : [{ value, weight: one.weight }];
    });
    return {
      of,
      p50Ms: weightedQuantile(items, 0.5),
      p95Ms: weightedQuantile(items, 0.95),
      maxMs: weightedQuantile(items, 1),
      allP50Ms: all[of].p50Ms,
      allP95Ms: all[of].p95Ms,
    };
  });
}

const CONCURRENCY: readonly string[] = ['H11', 'H12', 'H19', 'H22'];
const RESTARTS: readonly string[] = ['H13', 'H18', 'H21', 'H33', 'H34'];
const BOOTS: readonly string[] = ['H10', 'H20', 'R10', 'R11', 'R17', 'R99'];
const MEMORY: readonly string[] = ['R14', 'R15'];

async function readSpecial(
  db: Client,
  { appId, range }: { appId: number; range: ReadRange; nowMs: number },
  name: string,
  figures: CodeFigures,
  gaps: readonly GapAnswer[],
): Promise<CodeSpecial> {
  if (name.startsWith('L')) {
    const lost = gaps.filter((gap) => gap.messages !== 0);
    return {
      kind: 'drain',
      lostMessages: lost.reduce((sum, gap) => sum + (gap.messages ?? 0), 0),
      stretches: lost.length,
    };
  }
  if (CONCURRENCY.includes(name)) {
    const counts = figures.counts.series[0]?.values ?? [];
    const pressures = await readPressures(db, appId, range, counts);
    const types = await readTypes(db, appId, range.toS * 1000, [{ dyno: 'web.1' }]);
    return { kind: 'concurrency', ...pressures, cores: types.get('web')?.cores ?? null };
  }
  if (RESTARTS.includes(name)) {
    const found = await readRestarts(db, appId, range, figures.kept?.read ?? []);
    return { kind: 'restarts', ...found, withinMs: NEAR_RESTART_MS };
  }
  if (BOOTS.includes(name)) {
    const { events, ...boot } = await readBoot(db, appId, figures.firstSeenMs);
    return { kind: 'boot', ...boot, events: events.map(describeEvent) };
  }
  if (MEMORY.includes(name)) {
    const span = { fromMs: range.fromS * 1000, toMs: range.toS * 1000 };
    const dynos = await readEpisodeDynos(db, appId, name, span);
    return { kind: 'memory', dynos: dynos.map((one) => one.key) };
  }
  return { kind: 'none' };
}
