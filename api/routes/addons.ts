/** Add-ons of an app: their metrics over time and the newest values. */
import { readAddons } from '../../store/reads/addons.ts';
import type { AddonsAnswer } from '../contract/addons.ts';
import { rangeQuery, readRange } from '../params.ts';
import { reading } from '../reading.ts';
import { type Route, route } from '../route.ts';
import { toRange } from '../shape.ts';
import { readState } from './codes.ts';

export const addonRoutes: Route[] = [
  route({
    method: 'GET',
    permission: 'viewer',
    part: 'dashboards',
    path: '/apps/:app/addons',
    summary: 'Metrics of the add-ons in a range, over time and newest',
    answer: 'AddonsAnswer',
    query: rangeQuery,
    handle: async ({ deps, app, query, nowMs }): Promise<AddonsAnswer> => {
      const range = readRange(query, nowMs, deps.config);
      return reading(deps.pool, async (db) => ({
        app: app.name,
        nowMs,
        range: toRange(range),
        ...(await readState(db, app.id, range, nowMs)),
        ...(await readAddons(db, app.id, range)),
      }));
    },
  }),
];
