/** What the pages of one app draw and list. */
import { z } from 'zod';
import { DAY } from '../../model/time.ts';
import { readAnnotations } from '../../store/annotations.ts';
import { readCounts } from '../../store/reads/counts.ts';
import { type EventRow, readEvents } from '../../store/reads/events.ts';
import { readGaps } from '../../store/reads/gaps.ts';
import { readHealth } from '../../store/reads/health.ts';
import { readKeptFromS } from '../../store/reads/kept-from.ts';
import { readOverview } from '../../store/reads/overview.ts';
import { type KeptRequest, readRequests } from '../../store/reads/requests.ts';
import { CUTS, type Cut, cutsOf, parseMetric, readSeries } from '../../store/reads/series.ts';
import { annotationEvent } from '../annotation-shape.ts';
import type { OverviewAnswer } from '../contract/apps.ts';
import type { RequestsAnswer } from '../contract/codes.ts';
import type { SeriesAnswer } from '../contract/dynos.ts';
import type { EventsAnswer } from '../contract/events.ts';
import type { CountsAnswer } from '../contract/health.ts';
import { ApiError } from '../error.ts';
import { describeEvent } from '../event-text.ts';
import {
  codeName,
  dynoName,
  limit,
  processType,
  type RangeQuery,
  rangeQuery,
  readRange,
  readSpan,
} from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { toGap, toHealth, toRange } from '../shape.ts';

const VIEWER = { method: 'GET', permission: 'viewer', part: 'dashboards' } as const;
/** On one page; a list with a cursor holds them all. */
const OVERVIEW_EVENTS_MAX = 500;

const overviewQuery = rangeQuery.extend({ proc: processType.optional(), dyno: dynoName.optional() });
const seriesQuery = rangeQuery.extend({
  metric: z
    .string()
    .min(1)
    .max(500)
    .describe('requests, p95, code:H12, dyno:memory_total … (see the description)'),
  by: z.enum(CUTS).default('none'),
  filter: z
    .string()
    .max(600)
    .optional()
    .describe('One group of a cut, such as dyno:web.1 or path:GET /cart/{id}'),
});
const eventsQuery = rangeQuery.extend({
  kind: z
    .string()
    .regex(/^[A-Za-z,]{1,200}$/)
    .optional()
    .describe('One or more kinds, separated by commas'),
  limit: limit(100, 500),
  cursor: z
    .string()
    .regex(/^\d{1,16}\.\d{1,16}$/)
    .optional(),
});
const requestsQuery = rangeQuery.extend({
  code: codeName.optional(),
  status: z
    .string()
    .regex(/^[1-5]\d\d$/)
    .optional(),
  dyno: dynoName.optional(),
  // Whatever a client sent: it is only compared.
  requestId: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/)
    .optional(),
  limit: limit(50, 500),
});

export const chartRoutes: Route[] = [
  route({
    ...VIEWER,
    path: '/apps/:app/overview',
    summary: 'Everything on the page of an app, in one call',
    answer: 'OverviewAnswer',
    query: overviewQuery,
    handle: overview,
  }),
  route({
    ...VIEWER,
    path: '/apps/:app/series',
    summary: 'One metric over time, whole or by one label',
    answer: 'SeriesAnswer',
    query: seriesQuery,
    handle: series,
  }),
  route({
    ...VIEWER,
    path: '/apps/:app/counts',
    summary: 'Exact totals over [from, to)',
    answer: 'CountsAnswer',
    query: rangeQuery,
    handle: counts,
  }),
  route({
    ...VIEWER,
    path: '/apps/:app/events',
    summary: 'Releases, scaling, dyno states, R codes; newest first',
    answer: 'EventsAnswer',
    query: eventsQuery,
    handle: events,
  }),
  route({
    ...VIEWER,
    path: '/apps/:app/requests',
    summary: 'Single requests that were kept; newest first',
    answer: 'RequestsAnswer',
    query: requestsQuery,
    handle: requests,
  }),
];

async function overview(call: Call<undefined, z.output<typeof overviewQuery>>): Promise<OverviewAnswer> {
  const { deps, app, query, nowMs } = call;
  const range = readRange(query, nowMs, deps.config);
  const [fromMs, toMs] = [range.fromS * 1000, range.toS * 1000];
  const filter = { processType: query.proc, dyno: query.dyno };
  const [figures, rest] = await Promise.all([
    readOverview((work) => reading(deps.pool, work), app.id, range, filter),
    reading(deps.pool, async (db) => ({
      gaps: await readGaps(db, app.id, fromMs, toMs),
      health: await readHealth(db, [app.id], nowMs),
      events: await readEvents(db, { appId: app.id, fromMs, toMs, limit: OVERVIEW_EVENTS_MAX }),
      notes: await readAnnotations(db, app.id, fromMs, toMs),
      retainedFrom: await readKeptFromS(db, range, nowMs, deps.config),
    })),
  ]);
  const { totals, ...columns } = figures;
  return {
    app: app.name,
    nowMs,
    range: toRange(range),
    retainedFrom: rest.retainedFrom,
    health: toHealth(needHealth(rest.health.get(app.id))),
    gaps: rest.gaps.map(toGap),
    events: [
      ...rest.events.map(describeEvent).reverse(),
      ...rest.notes.map((note) => annotationEvent(note, call.caller)),
    ].sort((a, b) => a.atMs - b.atMs),
    totals: {
      requests: totals.count,
      bad: totals.bad,
      excluded: totals.excluded,
      status1xx: totals.status_1xx,
      status2xx: totals.status_2xx,
      status3xx: totals.status_3xx,
      status4xx: totals.status_4xx,
      status5xx: totals.status_5xx,
      platform: totals.platform,
      p50Ms: totals.p50Ms,
      p95Ms: totals.p95Ms,
      p99Ms: totals.p99Ms,
      bytes: totals.bytes,
    },
    ...columns,
  };
}

export function needHealth<T>(health: T | undefined): T {
  if (health === undefined) throw new Error('an app that was asked for has no health');
  return health;
}

async function series(call: Call<undefined, z.output<typeof seriesQuery>>): Promise<SeriesAnswer> {
  const { deps, app, query, nowMs } = call;
  const metric = parseMetric(query.metric);
  if (!metric)
    throw invalidQuery('metric', 'is not a metric: such as requests, p95, code:H12, dyno:memory_total');
  const cuts = cutsOf(metric);
  if (!cuts.includes(query.by)) throw invalidQuery('by', `for this metric is one of ${cuts.join(', ')}`);
  const filter = query.filter === undefined ? undefined : parseFilter(query.filter);
  const isCrossing = filter && query.by !== 'none' && query.by !== filter.by;
  const known = filter === undefined || (filter.by !== 'none' && cuts.includes(filter.by));
  if (!known || (isCrossing && !(query.by === 'dyno' && filter.by === 'processType'))) {
    throw invalidQuery('filter', 'must be of the same cut as `by`: crossings of cuts are not stored');
  }
  const range = readRange(query, nowMs, deps.config);
  return reading(deps.pool, async (db) => {
    const found = await readSeries(db, { appId: app.id, metric, by: query.by, filter, range });
    const gaps = await readGaps(db, app.id, range.fromS * 1000, range.toS * 1000);
    const health = needHealth((await readHealth(db, [app.id], nowMs)).get(app.id));
    return {
      t: range.t,
      series: found.series,
      metric: query.metric,
      by: query.by,
      range: toRange(range),
      gaps: gaps.map(toGap),
      dataThroughMs: health.dataThroughMs,
      errorRatio: found.errorRatio,
    };
  });
}

function parseFilter(text: string): { by: Cut; value: string } {
  const at = text.indexOf(':');
  const by = CUTS.find((cut) => cut === text.slice(0, at));
  if (at < 0 || by === undefined) throw invalidQuery('filter', 'has the form dyno:web.1');
  return { by, value: text.slice(at + 1) };
}

function invalidQuery(field: string, message: string): ApiError {
  return new ApiError('badRequest', { detail: `\`${field}\` ${message}.`, faults: [{ field, message }] });
}

/** Without bounds: everything that is kept. */
async function counts(call: Call<undefined, RangeQuery>): Promise<CountsAnswer> {
  const { deps, app, query, nowMs } = call;
  const span =
    query.from === undefined && query.to === undefined
      ? { fromMs: nowMs - deps.config.keep1hMs, toMs: nowMs + DAY / 24 }
      : readSpan(query, nowMs);
  const {
    fromS,
    toS,
    skipped: _,
    ...found
  } = await reading(deps.pool, (db) => readCounts(db, app.id, span, nowMs, deps.config));
  return { app: app.name, from: fromS, to: toS, ...found };
}

async function events(call: Call<undefined, z.output<typeof eventsQuery>>): Promise<EventsAnswer> {
  const { deps, app, query, nowMs } = call;
  const span = readSpan(query, nowMs, 7 * DAY);
  const [atMs, id] = query.cursor?.split('.').map(Number) ?? [];
  const found = await reading(deps.pool, (db) =>
    readEvents(db, {
      appId: app.id,
      ...span,
      kinds: query.kind?.split(','),
      limit: query.limit + 1,
      after: atMs === undefined || id === undefined ? undefined : { atMs, id },
    }),
  );
  const page = found.slice(0, query.limit);
  const last = found.length > query.limit ? page[page.length - 1] : undefined;
  return { events: page.map(describeEvent), cursor: last ? cursorOf(last) : null };
}

function cursorOf(event: EventRow): string {
  return `${event.atMs}.${event.id}`;
}

async function requests(call: Call<undefined, z.output<typeof requestsQuery>>): Promise<RequestsAnswer> {
  const { deps, app, query, nowMs } = call;
  // A request id is looked for in everything that is kept, unless a range is given.
  const spanMs = query.requestId === undefined ? DAY : deps.config.keepDetailsMs;
  const span = readSpan(query, nowMs, spanMs);
  const kept = await reading(deps.pool, (db) =>
    readRequests(db, {
      appId: app.id,
      ...span,
      code: query.code,
      status: query.status === undefined ? undefined : Number(query.status),
      dyno: query.dyno,
      requestId: query.requestId,
      limit: query.limit,
    }),
  );
  const { requestId } = query;
  const logged =
    requestId === undefined || !deps.findRequestInChunks
      ? []
      : await deps.findRequestInChunks({ appId: app.id, requestId, ...span });
  return { requests: joinRequests(kept, logged, query.limit) };
}

/** A kept row says why it was kept; the same request in the durable log adds nothing to it. */
function joinRequests(kept: KeptRequest[], logged: KeptRequest[], max: number): KeptRequest[] {
  const known = new Set(kept.map((row) => `${row.requestId}\t${row.atMs}\t${row.dyno}`));
  const more = logged.filter((row) => !known.has(`${row.requestId}\t${row.atMs}\t${row.dyno}`));
  return [...kept, ...more].sort((a, b) => b.atMs - a.atMs).slice(0, max);
}
