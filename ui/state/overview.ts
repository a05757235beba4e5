/** The answer an app page stands on: fetched for the range, again at ticks, held while someone reads. */
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import type { SeriesAnswer } from '../../api/contract/dynos.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { type CompareTo, compareLabel, compareShiftS, readCompare } from '../charts/compare.ts';
import { keepTrying, whenChanged } from './again.ts';
import type { State } from './context.ts';
import { queryRange } from './rangeText.ts';
import { buildResource, type Resource } from './resource.ts';
import { stepFor } from './step.ts';

/** Requests and p95 of another range, as wide points as those shown. */
export interface ComparedRange {
  to: CompareTo;
  shiftS: number;
  label: string;
  requests: SeriesAnswer;
  p95: SeriesAnswer;
}

export interface Overview {
  /** The other range that is asked for, of the answer shown; null while none is, or it is not there yet. */
  compared: ReadonlySignal<ComparedRange | null>;
  resource: Resource<OverviewAnswer>;
  /** What is on the screen: the newest answer, or the one before while the reader holds it. */
  shown: ReadonlySignal<OverviewAnswer | null>;
  dispose(): void;
}

/** Buckets are 10 s wide: asking more often than every 5 s shows nothing new. */
const REFRESH_MIN_MS = 5 * SECOND;
/** Without ticks an app may have gone silent: its age still has to be told. */
const REFRESH_MAX_MS = 30 * SECOND;
/** How often a live range is worth fetching: wide buckets change slowly. */
export function refreshMs(spanMs: number): number {
  if (spanMs <= HOUR) return REFRESH_MIN_MS;
  if (spanMs <= 12 * HOUR) return 15 * SECOND;
  return spanMs <= DAY ? 30 * SECOND : MINUTE;
}

export function buildOverview(app: string, state: State): Overview {
  const { client, range, clock, live, cursor, page, instance } = state;
  const resource = buildResource<OverviewAnswer>(fetchIt, () => (range.live.value ? againMs() : null));
  async function fetchIt(abort: AbortSignal) {
    const { fromMs, toMs } = range.resolve();
    const query = {
      ...queryRange(range.text.peek(), clock.now()),
      step: stickyStep(toMs - fromMs),
      proc: range.proc.peek(),
      dyno: range.dyno.peek(),
    };
    const answer = await client.get<OverviewAnswer>(
      `/apps/${encodeURIComponent(app)}/overview`,
      query,
      abort,
    );
    clock.correct(answer.nowMs);
    return answer;
  }
  const shown = signal<OverviewAnswer | null>(null);
  const compareTo = computed(() => readCompare(state.router.params.value.get('cmp')));
  const comparing = buildResource<ComparedRange>(compare);
  /** What the other range is asked for; it moves along with the answer shown. */
  let compareKey = '';
  let chosen = { key: '', step: 0 };
  const returnsBefore = instance.returns.peek();
  const writesBefore = page.writes.peek();
  let lastMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Requests per second as far as they are known: from the newest answer, else from the app's row of the fleet. */
  function rate(): number | null {
    const answer = resource.data.peek();
    if (answer) return answer.totals.requests / (answer.range.to - answer.range.from);
    const row = state.fleet.data.peek()?.apps.find((one) => one.app === app);
    return row ? row.requests / (HOUR / SECOND) : null;
  }

  /** Chosen once for a range and its filters, so that bars keep their width while one watches. */
  function stickyStep(spanMs: number): number {
    const { from, to } = range.text.peek();
    const key = [from, to, range.proc.peek(), range.dyno.peek()].join(' ');
    if (chosen.key !== key) chosen = { key, step: stepFor(spanMs, rate()) };
    return chosen.step;
  }

  /** The other range of the answer shown. */
  async function compare(abort: AbortSignal): Promise<ComparedRange> {
    const [answer, to] = [shown.peek(), compareTo.peek()];
    if (!answer || !to) throw new Error('There is nothing to compare.');
    const { from, to: end, step } = answer.range;
    const shiftS = compareShiftS(to, from, end, step);
    const filter = range.dyno.peek()
      ? `dyno:${range.dyno.peek()}`
      : range.proc.peek()
        ? `processType:${range.proc.peek()}`
        : undefined;
    const read = (metric: string) =>
      client.get<SeriesAnswer>(
        `/apps/${encodeURIComponent(app)}/series`,
        { metric, from: from - shiftS, to: end - shiftS, step, filter },
        abort,
      );
    const [requests, p95] = await Promise.all([read('requests'), read('p95')]);
    return { to, shiftS, label: compareLabel(shiftS), requests, p95 };
  }

  /** `ask`: at once for another question; otherwise what is under way comes first. */
  function fetchBy(ask: () => void) {
    // Signing out changes the address before this page is taken away.
    if (!state.session.person.peek()) return;
    clearTimeout(timer);
    timer = undefined;
    lastMs = Date.now();
    ask();
  }
  const load = () => fetchBy(() => void resource.load());
  const refresh = () => fetchBy(resource.refresh);

  /** Fetches soon: at once when the last time is long enough ago, else when it will be. */
  function refreshSoon(minMs: number) {
    if (timer !== undefined || clock.hidden.peek()) return;
    timer = setTimeout(refresh, Math.max(0, lastMs + minMs - Date.now()));
  }

  function span(): number {
    const { fromMs, toMs } = range.resolve();
    return toMs - fromMs;
  }

  /** Without ticks. */
  function againMs(): number {
    return Math.max(REFRESH_MAX_MS, refreshMs(span()));
  }

  function letGo() {
    cursor.release();
    cursor.span.value = null;
  }

  const stops = [
    // A range, a filter, or the return to a hidden tab: at once, and whatever was held lets go.
    effect(() => {
      void [range.text.value, range.proc.value, range.dyno.value];
      if (clock.hidden.peek()) return;
      letGo();
      load();
    }),
    whenChanged(
      () => clock.hidden.value,
      () => {
        if (clock.hidden.peek()) return;
        letGo();
        refresh();
      },
    ),
    effect(() => {
      if (live.tick.value?.app === app && range.live.value) refreshSoon(refreshMs(span()));
    }),
    effect(() => {
      if (live.nudges.value > 0 && range.live.peek()) refreshSoon(REFRESH_MIN_MS);
    }),
    effect(() => {
      if (instance.returns.value > returnsBefore) refresh();
    }),
    effect(() => {
      if (page.writes.value > writesBefore) load();
    }),
    keepTrying(resource, state),
    effect(() => {
      const answer = resource.data.value;
      if (answer && !(cursor.held.value && shown.peek())) shown.value = answer;
    }),
    effect(() => {
      const [answer, to] = [shown.value, compareTo.value];
      const key = answer && to ? [to, chosen.key, answer.range.step].join(' ') : '';
      // The same comparison of a newer answer waits for that of the one before.
      if (key === '') comparing.clear();
      else if (key === compareKey) comparing.refresh();
      else void comparing.load();
      compareKey = key;
    }),
    keepTrying(comparing, state),
    effect(() => {
      page.health.value = resource.data.value?.health ?? null;
      page.events.value = shown.value?.events ?? [];
    }),
  ];
  const slow = setInterval(() => {
    if (range.live.peek()) refreshSoon(againMs());
  }, REFRESH_MAX_MS);

  return {
    resource,
    shown,
    // What cannot be had is left out, for the page stands without it.
    compared: computed(() => (comparing.error.value === null ? comparing.data.value : null)),
    dispose() {
      clearInterval(slow);
      clearTimeout(timer);
      for (const stop of stops) stop();
      resource.dispose();
      comparing.dispose();
      page.health.value = null;
      page.events.value = [];
      cursor.span.value = null;
    },
  };
}
