import { expect, test } from 'vitest';
import { listUnrouted, type Route, routeAlert } from './routing.ts';

const route = (id: number, more: Partial<Route> = {}): Route => ({
  id,
  name: `route ${id}`,
  isEnabled: true,
  isFallback: false,
  appIds: [],
  severities: [],
  subjectKinds: [],
  receiverIds: [id * 10],
  policyIds: [],
  ...more,
});
const PAGE = { appId: 1, severity: 'page', subjectKind: 'slo' } as const;

test('all routes that fit count together, each receiver once', () => {
  const routes = [
    route(2, { receiverIds: [20, 10], policyIds: [5] }),
    route(1, { severities: ['page'], receiverIds: [10], policyIds: [5, 4] }),
    route(3, { appIds: [2] }),
    route(4, { subjectKinds: ['rule', 'budget'] }),
    route(6, { isEnabled: false }),
  ];
  expect(routeAlert(routes, PAGE)).toEqual({
    receiverIds: [10, 20],
    policyIds: [4, 5],
    via: ['route 2', 'route 1'],
  });
});

test('the fallback counts where no other route leads to anybody', () => {
  const fallback = route(9, { isFallback: true });
  expect(routeAlert([fallback, route(1)], PAGE).receiverIds).toEqual([10]);
  expect(routeAlert([fallback, route(1, { appIds: [2] })], PAGE).receiverIds).toEqual([90]);
  expect(routeAlert([fallback, route(1, { receiverIds: [] })], PAGE).receiverIds).toEqual([90]);
  expect(routeAlert([route(9, { isFallback: true, severities: ['ticket'] })], PAGE).receiverIds).toEqual([]);
  expect(routeAlert([], PAGE)).toEqual({ receiverIds: [], policyIds: [], via: [] });
});

test('apps and severities that nobody would be told of are listed', () => {
  expect(listUnrouted([], [1])).toEqual([
    { appId: 1, severity: 'page' },
    { appId: 1, severity: 'ticket' },
  ]);
  const routes = [
    route(1, { severities: ['page'] }),
    route(2, { severities: ['ticket'], subjectKinds: ['slo'], appIds: [2] }),
  ];
  expect(listUnrouted(routes, [1, 2])).toEqual([
    { appId: 1, severity: 'ticket' },
    // Its rules' tickets go nowhere.
    { appId: 2, severity: 'ticket' },
  ]);
  expect(listUnrouted([...routes, route(3, { isFallback: true })], [1, 2])).toEqual([]);
});
