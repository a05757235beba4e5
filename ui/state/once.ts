/** Resources of pages that are not the app page: fetched for a key and a range, and again every so often. */
import { effect, untracked } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Query } from '../client.ts';
import { keepTrying, whenChanged } from './again.ts';
import { type State, useApp } from './context.ts';
import { queryRange } from './rangeText.ts';
import { buildResource, type Resource } from './resource.ts';
import { stepFor } from './step.ts';

interface Options {
  /**
   * Sends from and to (and the width of a point), and fetches again when the range changes. They are read off the range
   * when it is fetched: instants read off the clock in a `query` would be another question every time one looks.
   */
  ranged?: 'span' | 'points';
  query?: Query;
  /** Fetches again this often while the tab is seen (and, when ranged, while live). */
  everyMs?: number;
  /** Fetches every `everyMs` also where the range has ended: more than the range is told. */
  tellsNow?: boolean;
}

/** GET of a path for as long as the component stands. A new path, query or kind of range is a new resource. */
export function useAnswer<T>(path: string, options: Options = {}): Resource<T> {
  const state = useApp();
  const queryKey = JSON.stringify(options.query ?? {});
  const { resource, keep } = useMemo(
    () => buildAnswer<T>(state, path, options),
    [path, queryKey, options.ranged, options.everyMs],
  );
  useEffect(keep, [resource]);
  return resource;
}

function buildAnswer<T>(state: State, path: string, { ranged, query, everyMs, tellsNow }: Options) {
  const { client, range, clock, session, instance } = state;
  const period = () => (everyMs && (!ranged || tellsNow || range.live.value) ? everyMs : null);
  const resource = buildResource<T>(
    (abort) => client.get<T>(path, { ...query, ...(ranged ? rangeQuery(state, ranged) : {}) }, abort),
    period,
  );
  function keep() {
    const refresh = () => {
      // Signing out changes the address before the page is taken away.
      if (!clock.hidden.peek() && session.mayRead.peek()) resource.refresh();
    };
    const stops = [
      effect(() => {
        if (ranged) void range.text.value;
        // Another range is another question.
        untracked(() => {
          if (!clock.hidden.peek() && session.mayRead.peek()) void resource.load();
        });
      }),
      whenChanged(() => clock.hidden.value, refresh),
      // What was asked for while the database was away is asked for again when it is back.
      whenChanged(() => instance.returns.value, refresh),
      keepTrying(resource, state),
    ];
    const timer = everyMs
      ? setInterval(() => {
          if (untracked(period) !== null) refresh();
        }, everyMs)
      : undefined;
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
      resource.dispose();
    };
  }
  return { resource, keep };
}

/** from and to; for points also their width in seconds. */
export function rangeQuery(state: State, kind: 'span' | 'points'): Query {
  const { fromMs, toMs } = state.range.resolve();
  const span = queryRange(state.range.text.peek(), state.clock.now());
  return kind === 'span' ? span : { ...span, step: stepFor(toMs - fromMs) };
}
