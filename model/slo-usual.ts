/** Whether an objective counts what is counted for every app anyway. Pure. */
import type { SloDefinition } from './slo.ts';

/**
 * true for availability of all requests with the usual codes: then counts by code, dyno, path and release are about its
 * own bad requests. Of any other (slow ones, one path, other codes) they are not.
 */
export function countsAsUsual({ indicator, scope }: Pick<SloDefinition, 'indicator' | 'scope'>): boolean {
  return (
    indicator.kind === 'availability' &&
    Object.keys(indicator.codes).length === 0 &&
    indicator.badStatuses.length === 0 &&
    Object.values(scope).every((list) => list.length === 0)
  );
}
