/** Lines of an app's log: searched, counted, around a request, by pattern. Followed: log-tail.ts. */
import type { z } from 'zod';
import { passesChoice } from '../../model/log-filter.ts';
import type { LogLineKey } from '../../model/log-line.ts';
import { countMasks } from '../../model/log-mask.ts';
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { asksCountsAlone } from '../../store/reads/log-columns.ts';
import { readLogContext } from '../../store/reads/log-context.ts';
import { countLogs } from '../../store/reads/log-histogram.ts';
import { tallyLogPatterns } from '../../store/reads/log-patterns.ts';
import type { LogBudget, LogScan, ReadStore } from '../../store/reads/log-pieces.ts';
import { type FoundLogs, searchLogs } from '../../store/reads/logs.ts';
import { searchLogsAfter } from '../../store/reads/logs-after.ts';
import type {
  LogContextAnswer,
  LogHistogramAnswer,
  LogPatternsAnswer,
  LogsAnswer,
} from '../contract/logs.ts';
import { formatLogCursor } from '../log-cursor.ts';
import { type LogFacts, LogFactsReader, whyEmpty } from '../log-facts.ts';
import { LogGate } from '../log-gate.ts';
import {
  badLogQuery,
  logContextQuery,
  logHistogramQuery,
  logPatternsQuery,
  logsQuery,
  readLogCursor,
  readLogFilter,
} from '../log-query.ts';
import { countHeld, toLeftOut, toLogLine, toLogSearch } from '../log-shape.ts';
import { parseInstantMs, readSpan } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import type { Streams } from '../streams.ts';
import { logTailRoutes } from './log-tail.ts';

const VIEWER = { method: 'GET', permission: 'viewer', part: 'dashboards' } as const;

const MIB = 1024 * 1024;
/** A page asks on by itself until it has lines or the search is complete: it hears of progress once a second. */
const SEARCH: LogBudget = { timeMs: 1_000, bytes: 256 * MIB };
/** A request is asked for once: without a hint all that is kept may have to be looked through. */
const CONTEXT: LogBudget = { timeMs: 5_000, bytes: 1_024 * MIB };
const PATTERNS: LogBudget = { timeMs: 800, bytes: 64 * MIB };
const COUNTED: LogBudget = { timeMs: 600, bytes: 256 * MIB };
/** Columns are known already, only what is beside them has to be looked at. */
const COUNTED_ASIDE: LogBudget = { timeMs: 150, bytes: 64 * MIB };

const AROUND_S = 30;
const AROUND_MAX_S = 300;
const COLUMNS_WANTED = 120;
const COLUMNS_MAX = 2_000;
const STEPS_S = [10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
const FACET_MAX = 50;

export function logRoutes(streams: Streams): Route[] {
  const own: Own = { gate: new LogGate(), facts: new LogFactsReader() };
  return [
    route({
      ...VIEWER,
      path: '/apps/:app/logs',
      summary: 'Lines of a log that fit a filter, the newest of a range or those before or after a place',
      answer: 'LogsAnswer',
      query: logsQuery,
      handle: (call) => unlessGone(call, () => logs(call, own)),
    }),
    route({
      ...VIEWER,
      path: '/apps/:app/logs/histogram',
      summary: 'Lines of a log over time, by source and level',
      answer: 'LogHistogramAnswer',
      query: logHistogramQuery,
      handle: (call) => unlessGone(call, () => histogram(call, own)),
    }),
    route({
      ...VIEWER,
      path: '/apps/:app/logs/context',
      summary: 'What app, platform and router said around a request or a line',
      answer: 'LogContextAnswer',
      query: logContextQuery,
      handle: (call) => unlessGone(call, () => context(call, own)),
    }),
    route({
      ...VIEWER,
      path: '/apps/:app/logs/patterns',
      summary: 'Lines of a log grouped by what they have in common',
      answer: 'LogPatternsAnswer',
      query: logPatternsQuery,
      handle: (call) => unlessGone(call, () => patterns(call, own)),
    }),
    ...logTailRoutes(streams, own.facts),
  ];
}

/** A status that nobody reads, for the log of a proxy. */
const CLIENT_GONE = 499;

/** Whoever left while it was searched is told nothing, and it is no fault of ours. */
async function unlessGone<T>({ c }: Pick<LogCall, 'c'>, work: () => Promise<T>): Promise<T | Response> {
  try {
    return await work();
  } catch (error) {
    if (!c.req.raw.signal.aborted) throw error;
    return new Response(null, { status: CLIENT_GONE });
  }
}

interface Own {
  gate: LogGate;
  facts: LogFactsReader;
}

type LogCall = Call<undefined, Record<string, unknown>>;

/** What every search needs: connections one piece at a time, and the facts of the app beside it. */
async function search<T>(
  call: LogCall,
  { gate, facts }: Own,
  usual: LogBudget,
  work: (
    read: ReadStore,
    scan: Pick<LogScan, 'appId' | 'filter' | 'nowMs' | 'budget' | 'signal'>,
  ) => Promise<T>,
): Promise<{ found: T; facts: LogFacts }> {
  const { c, deps, app, nowMs } = call;
  const read: ReadStore = (query) => reading(deps.pool, query);
  const { signal } = c.req.raw;
  const filter = readLogFilter(c.req.url);
  const budget = { ...usual, timeMs: deps.logSearchMs ?? usual.timeMs };
  const found = await gate.run(signal, () => work(read, { appId: app.id, filter, nowMs, budget, signal }));
  return { found, facts: await facts.read(read, deps.config, app.id, nowMs) };
}

async function logs(call: Call<undefined, z.output<typeof logsQuery>>, own: Own): Promise<LogsAnswer> {
  const { app, query, nowMs } = call;
  const span = readSpan(query, nowMs);
  const before = readLogCursor('before', query.before);
  const after = readLogCursor('after', query.after);
  if (before && after) throw badLogQuery('after', 'and `before` exclude each other');
  const { found, facts } = await search(call, own, SEARCH, async (read, scan) => {
    if (!after) return searchLogs(read, { ...scan, ...span, before: before?.key, limit: query.limit });
    const { newer, ...rest } = await searchLogsAfter(read, {
      ...scan,
      toMs: span.toMs,
      after: later(after.key, span.fromMs),
      limit: query.limit,
    });
    return { ...rest, newer, older: rest.lines[0] ?? after.key };
  });
  const looked = after
    ? { fromMs: after.key.atMs, toMs: found.reachedMs }
    : { fromMs: found.reachedMs, toMs: Math.min(span.toMs, before?.key.atMs ?? span.toMs) };
  const searched = toLogSearch(found);
  const { complete } = searched;
  const heldInRange = countHeld(found.counts, looked);
  return {
    app: app.name,
    nowMs,
    ...span,
    lines: found.lines.map(toLogLine),
    older: found.older && formatLogCursor({ key: found.older, position: null }),
    newer: newerOf(found, { ...span, nowMs, isNewest: !before }),
    search: searched,
    leftOut: toLeftOut(found.counts, looked),
    redactions: countMasks(found.lines),
    ...facts,
    empty: whyEmpty(facts, { shown: found.lines.length, complete, heldInRange, toMs: span.toMs, nowMs }),
  };
}

/** Never before the range. */
function later(key: LogLineKey, fromMs: number): LogLineKey {
  return key.atMs < fromMs ? { atMs: fromMs, writerId: 0, seq: 0, index: 0 } : key;
}

/** Where a reader goes on: behind the newest line, and behind the newest commit where that was seen. */
function newerOf(
  found: FoundLogs | (Omit<FoundLogs, 'older'> & { newer: LogLineKey | null }),
  { fromMs, toMs, nowMs, isNewest }: { fromMs: number; toMs: number; nowMs: number; isNewest: boolean },
): string | null {
  const newest = found.lines.at(-1);
  if ('newer' in found && found.newer) return formatLogCursor({ key: found.newer, position: null });
  const isLive = isNewest && toMs >= nowMs - SECOND;
  if (!isLive && !newest) return null;
  const key = newest ?? { atMs: Math.max(fromMs, nowMs - MINUTE), writerId: 0, seq: 0, index: 0 };
  return formatLogCursor({ key, position: isLive ? found.position : null });
}

async function histogram(
  call: Call<undefined, z.output<typeof logHistogramQuery>>,
  own: Own,
): Promise<LogHistogramAnswer> {
  const { c, app, query, nowMs } = call;
  const span = readSpan(query, nowMs);
  const stepS = stepOf(span, query.step === undefined ? null : Number(query.step));
  const budget = asksCountsAlone(readLogFilter(c.req.url)) ? COUNTED_ASIDE : COUNTED;
  const { found, facts } = await search(call, own, budget, (read, scan) =>
    countLogs(read, { ...scan, ...span, stepS }),
  );
  const facets = found.facets;
  const heldInRange = countHeld(found.counts, span, stepS);
  const { sources } = readLogFilter(c.req.url);
  return {
    app: app.name,
    ...span,
    step: stepS,
    columns: {
      t: found.t,
      series: [...found.series].map(([id, values]) => ({
        id,
        label: id.slice(id.indexOf(':') + 1),
        unit: 'count',
        values,
      })),
    },
    total: Math.round(found.total),
    estimated: found.isEstimated,
    lookedAtShare: found.lookedAtShare,
    facetsEstimated: found.isFacetsEstimated,
    facets: {
      source: facets.source.slice(0, FACET_MAX),
      level: facets.level.slice(0, FACET_MAX),
      dyno: facets.dyno.slice(0, FACET_MAX),
      code: facets.code.slice(0, FACET_MAX),
      status: facets.status.slice(0, FACET_MAX),
    },
    leftOut: toLeftOut(
      found.counts.filter(({ source }) => passesChoice(sources, source)),
      span,
      stepS,
    ),
    retention: facts.retention,
    empty: whyEmpty(facts, {
      shown: found.total,
      complete: !found.isEstimated,
      heldInRange,
      toMs: span.toMs,
      nowMs,
    }),
  };
}

/** A multiple of ten seconds: what lines are counted by. */
function stepOf({ fromMs, toMs }: { fromMs: number; toMs: number }, askedS: number | null): number {
  const spanS = (toMs - fromMs) / 1000;
  const wanted = askedS ?? spanS / COLUMNS_WANTED;
  const least = Math.max(wanted, spanS / COLUMNS_MAX);
  if (askedS !== null) return Math.ceil(least / 10) * 10;
  return STEPS_S.find((stepS) => stepS >= least) ?? Math.ceil(least / 86_400) * 86_400;
}

async function context(
  call: Call<undefined, z.output<typeof logContextQuery>>,
  own: Own,
): Promise<LogContextAnswer> {
  const { app, query, nowMs, deps } = call;
  const line = readLogCursor('line', query.line);
  if ((query.rid === undefined) === (line === null))
    throw badLogQuery('rid', 'or `line` is needed, and not both');
  const atMs = query.at === undefined ? undefined : (parseInstantMs(query.at, nowMs) ?? undefined);
  const hours = Math.max(1, deps.config.keepLogsHours ?? 24);
  const span = readSpan(query, nowMs, hours * HOUR);
  const aroundMs = Math.min(AROUND_MAX_S, Number(query.around ?? AROUND_S)) * SECOND;
  const { found, facts } = await search(call, own, CONTEXT, (read, scan) =>
    readLogContext(read, {
      ...scan,
      ...span,
      filter: { ...scan.filter, requestId: null },
      about: line ? { line: line.key } : { requestId: query.rid ?? '' },
      atMs,
      aroundMs,
      limit: query.limit,
    }),
  );
  const searched = toLogSearch(found.search);
  const heldInRange = found.atMs === null ? 1 : countHeld(found.counts, found);
  return {
    app: app.name,
    requestId: found.requestId,
    atMs: found.atMs,
    fromMs: found.fromMs,
    toMs: found.toMs,
    lines: found.lines.map((each) => ({ ...toLogLine(each), isOwn: found.isOwn(each) })),
    cutBefore: found.cutBefore,
    cutAfter: found.cutAfter,
    search: searched,
    leftOut: toLeftOut(found.counts, found),
    empty: whyEmpty(facts, {
      shown: found.lines.length,
      complete: searched.complete,
      heldInRange,
      toMs: found.toMs,
      nowMs,
    }),
  };
}

async function patterns(
  call: Call<undefined, z.output<typeof logPatternsQuery>>,
  own: Own,
): Promise<LogPatternsAnswer> {
  const { app, query, nowMs } = call;
  const span = readSpan(query, nowMs);
  const { found, facts } = await search(call, own, PATTERNS, (read, scan) =>
    tallyLogPatterns(read, { ...scan, ...span }),
  );
  const { tally } = found;
  const top = tally.top(query.limit);
  const looked = { fromMs: found.reachedMs, toMs: span.toMs };
  const heldInRange = countHeld(found.counts, looked);
  const searched = toLogSearch(found);
  return {
    app: app.name,
    ...span,
    patterns: top.map(({ example, ...pattern }) => ({
      ...pattern,
      share: pattern.count / tally.lines,
      example: toLogLine(example),
    })),
    lines: tally.lines,
    restLines: tally.lines - top.reduce((sum, { count }) => sum + count, 0),
    search: searched,
    leftOut: toLeftOut(found.counts, looked),
    retention: facts.retention,
    empty: whyEmpty(facts, {
      shown: tally.lines,
      complete: searched.complete,
      heldInRange,
      toMs: span.toMs,
      nowMs,
    }),
  };
}
