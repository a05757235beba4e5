/** Counts of lines over time under the same filter, and the errors of late by pattern: for the chart and the sentence. */
import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { LogHistogramAnswer, LogPatternsAnswer } from '../../api/contract/logs.ts';
import { recentSpan } from '../verdict/logs.ts';
import { keepTrying, whenChanged } from './again.ts';
import type { State } from './context.ts';
import type { Logs } from './logs.ts';
import { logsCall, rangeAndFilter } from './logsCalls.ts';
import { filterQuery } from './logsFilter.ts';
import { refreshMs } from './overview.ts';
import { buildResource, type Resource } from './resource.ts';
import { stepFor } from './step.ts';

export interface LogsCounts {
  resource: Resource<LogHistogramAnswer>;
  /** On the screen: the newest answer, or the one before while somebody reads the chart. */
  shown: ReadonlySignal<LogHistogramAnswer | null>;
  /** Patterns of the errors of late; null while there are none or they are not known. */
  errors: ReadonlySignal<LogPatternsAnswer | null>;
  dispose(): void;
}

/** Requests with one code have many patterns, by method and host: enough of them to count the code. */
const PATTERNS = 20;

export function buildLogsCounts(app: string, logs: Logs, state: State): LogsCounts {
  const { client, range, clock, cursor } = state;
  const shown = signal<LogHistogramAnswer | null>(null);
  const resource = buildResource<LogHistogramAnswer>((abort) => {
    const { fromMs, toMs } = range.resolve();
    const query = rangeAndFilter(state, logs.filter.peek());
    return client.get(
      logsCall(app, '/histogram', [...query, ['step', stepFor(toMs - fromMs)]]),
      undefined,
      abort,
    );
  });
  const errors = buildResource<LogPatternsAnswer>((abort) => {
    const histogram = resource.data.peek();
    const span = histogram ? recentSpan(histogram, clock.now()) : range.resolve();
    const rest = filterQuery(logs.filter.peek()).filter(([name]) => name !== 'level');
    const query = [
      ['from', span.fromMs],
      ['to', span.toMs],
      ['level', 'error'],
      ...rest,
      ['limit', PATTERNS],
    ] as const;
    return client.get(logsCall(app, '/patterns', query), undefined, abort);
  });
  const lastErrors = signal<LogPatternsAnswer | null>(null);

  const mayAsk = () => state.session.person.peek() !== null && !clock.hidden.peek();
  let timer: ReturnType<typeof setTimeout> | undefined;
  function again() {
    clearTimeout(timer);
    const { fromMs, toMs } = range.resolve();
    // Twice as slow as charts of requests: lines are counted for each asker.
    timer = setTimeout(
      () => {
        if (range.live.peek() && !cursor.held.peek() && mayAsk()) resource.refresh();
        again();
      },
      2 * refreshMs(toMs - fromMs),
    );
  }

  const stops = [
    effect(() => {
      // The answer belongs to this filter and range; so does the one before, until it is there.
      void [new URLSearchParams(filterQuery(logs.filter.value)).toString(), range.text.value];
      if (!mayAsk()) return;
      cursor.release();
      errors.clear();
      void resource.load();
      again();
    }),
    whenChanged(
      () => clock.hidden.value,
      () => {
        if (!mayAsk()) return;
        cursor.release();
        resource.refresh();
        again();
      },
    ),
    keepTrying(resource, state),
    keepTrying(errors, state),
    effect(() => {
      const found = resource.data.value;
      const isHeld = cursor.held.value;
      // Taking up or letting go of the cursor alone changes nothing, and asks for nothing.
      if (!found || found === shown.peek() || (isHeld && shown.peek())) return;
      shown.value = found;
      const some = found.columns.series.find((series) => series.id === 'level:error');
      if (some?.values.some((value) => (value ?? 0) > 0)) errors.refresh();
      else lastErrors.value = null;
    }),
    effect(() => {
      if (errors.data.value) lastErrors.value = errors.data.value;
    }),
  ];
  return {
    resource,
    shown,
    errors: lastErrors,
    dispose() {
      clearTimeout(timer);
      for (const stop of stops) stop();
      resource.dispose();
      errors.dispose();
    },
  };
}
