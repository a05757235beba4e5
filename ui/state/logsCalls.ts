/** Calls about the lines of one app: the range of the page and the filter as the API wants them. */
import type { State } from './context.ts';
import { filterQuery, type LogsFilter } from './logsFilter.ts';
import { queryRange } from './rangeText.ts';

/** `/apps/shop/logs/tail?source=app`: a path below /api/v1 with its query; values may be repeated. */
export function logsCall(
  app: string,
  what: '' | '/histogram' | '/context' | '/patterns' | '/tail',
  query: readonly (readonly [name: string, value: string | number | null | undefined])[],
): string {
  const params = new URLSearchParams();
  for (const [name, value] of query) {
    if (value !== null && value !== undefined && value !== '') params.append(name, String(value));
  }
  const text = params.toString();
  return `/apps/${encodeURIComponent(app)}/logs${what}${text && `?${text}`}`;
}

/** from, to and the filter. */
export function rangeAndFilter(state: State, filter: LogsFilter): [string, string][] {
  const range = queryRange(state.range.text.peek(), state.clock.now());
  return [
    ...Object.entries(range).map(([name, value]): [string, string] => [name, String(value)]),
    ...filterQuery(filter),
  ];
}
