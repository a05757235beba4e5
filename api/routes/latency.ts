/** Durations of requests over time, as a heatmap draws them. */
import type { z } from 'zod';
import { readGaps } from '../../store/reads/gaps.ts';
import { readLatencyGrid } from '../../store/reads/latency-grid.ts';
import type { LatencyAnswer } from '../contract/latency.ts';
import { dynoName, processType, rangeQuery, readRange } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { toGap, toRange } from '../shape.ts';

const latencyQuery = rangeQuery.extend({ proc: processType.optional(), dyno: dynoName.optional() });

export const latencyRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/latency',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'How many requests took how long, over time',
    answer: 'LatencyAnswer',
    query: latencyQuery,
    handle: latency,
  }),
];

async function latency(call: Call<undefined, z.output<typeof latencyQuery>>): Promise<LatencyAnswer> {
  const { deps, app, query, nowMs } = call;
  const range = readRange(query, nowMs, deps.config);
  return reading(deps.pool, async (db) => ({
    app: app.name,
    range: toRange(range),
    gaps: (await readGaps(db, app.id, range.fromS * 1000, range.toS * 1000)).map(toGap),
    t: range.t,
    ...(await readLatencyGrid(db, app.id, range, { processType: query.proc, dyno: query.dyno })),
  }));
}
