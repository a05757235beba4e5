/** Resources of pages that are not the app page: fetched for a key and a range, and again every so often. */
import { effect } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Query } from '../client.ts';
import { type State, useApp } from './context.ts';
import { queryRange } from './rangeText.ts';
import { buildResource, type Resource } from './resource.ts';
import { stepFor } from './step.ts';

interface Options {
  /** Sends from and to (and the width of a point), and fetches again when the range changes. */
  ranged?: 'span' | 'points';
  query?: Query;
  /** Fetches again this often while the tab is seen (and, when ranged, while live). */
  everyMs?: number;
}

/** GET of a path for as long as the component stands. A new path is a new resource. */
export function useAnswer<T>(path: string, options: Options = {}): Resource<T> {
  const state = useApp();
  const queryKey = JSON.stringify(options.query ?? {});
  const resource = useMemo(
    () =>
      buildResource<T>((abort) =>
        state.client.get<T>(
          path,
          { ...options.query, ...(options.ranged ? rangeQuery(state, options.ranged) : {}) },
          abort,
        ),
      ),
    [path, queryKey],
  );
  useEffect(() => {
    const stop = effect(() => {
      if (options.ranged) void state.range.text.value;
      // What was asked for while the database was away is asked for again when it is back.
      void state.instance.returns.value;
      // Signing out changes the address before the page is taken away.
      if (!state.clock.hidden.value && state.session.mayRead.peek()) void resource.load();
    });
    const timer = options.everyMs
      ? setInterval(() => {
          if (!state.clock.hidden.peek() && (!options.ranged || state.range.live.peek()))
            void resource.load();
        }, options.everyMs)
      : undefined;
    return () => {
      stop();
      clearInterval(timer);
      resource.dispose();
    };
  }, [resource]);
  return resource;
}

/** from and to; for points also their width in seconds. */
export function rangeQuery(state: State, kind: 'span' | 'points'): Query {
  const { fromMs, toMs } = state.range.resolve();
  const span = queryRange(state.range.text.peek(), state.clock.now());
  return kind === 'span' ? span : { ...span, step: stepFor(toMs - fromMs) };
}
