/** Routes: which alerts go to which receivers and escalation policies. Pure. */
import type { SubjectKind } from './alert-change.ts';
import type { Severity } from './slo.ts';

/** Empty lists fit everything. */
export interface Route {
  id: number;
  name: string;
  isEnabled: boolean;
  /** Counts only where no other route fits; its own conditions still hold. */
  isFallback: boolean;
  appIds: number[];
  severities: Severity[];
  subjectKinds: SubjectKind[];
  /** Told at once and of everything that becomes of it. */
  receiverIds: number[];
  policyIds: number[];
}

export interface RouteTarget {
  appId: number;
  severity: Severity;
  subjectKind: SubjectKind;
}

export interface Routed {
  receiverIds: number[];
  policyIds: number[];
  /** Names of the routes that fit. */
  via: string[];
}

/** All routes that fit, together; the fallback where none does. Nobody: both lists are empty. */
export function routeAlert(routes: readonly Route[], target: RouteTarget): Routed {
  const fitting = routes.filter((route) => route.isEnabled && fitsRoute(route, target));
  const proper = fitting.filter((route) => !route.isFallback && leadsSomewhere(route));
  const taken = proper.length > 0 ? proper : fitting.filter((route) => route.isFallback);
  const distinct = (ids: number[]) => [...new Set(ids)].sort((a, b) => a - b);
  return {
    receiverIds: distinct(taken.flatMap((route) => route.receiverIds)),
    policyIds: distinct(taken.flatMap((route) => route.policyIds)),
    via: taken.map((route) => route.name),
  };
}

function fitsRoute(route: Route, target: RouteTarget): boolean {
  const isAmong = <Value>(list: readonly Value[], value: Value) => list.length === 0 || list.includes(value);
  return (
    isAmong(route.appIds, target.appId) &&
    isAmong(route.severities, target.severity) &&
    isAmong(route.subjectKinds, target.subjectKind)
  );
}

/** A route without anybody at its end must not keep the fallback from being told. */
function leadsSomewhere({ receiverIds, policyIds }: Route): boolean {
  return receiverIds.length > 0 || policyIds.length > 0;
}

/** Pages and tickets that nobody would be told of, by app; for a warning beside the routes. */
export function listUnrouted(
  routes: readonly Route[],
  appIds: readonly number[],
): { appId: number; severity: Severity }[] {
  const severities: Severity[] = ['page', 'ticket'];
  return appIds.flatMap((appId) =>
    severities
      .filter((severity) =>
        (['slo', 'rule'] as const).some((subjectKind) => {
          const { receiverIds, policyIds } = routeAlert(routes, { appId, severity, subjectKind });
          return receiverIds.length === 0 && policyIds.length === 0;
        }),
      )
      .map((severity) => ({ appId, severity })),
  );
}
