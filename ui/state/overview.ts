/** The answer an app page stands on: fetched for the range, again at ticks, held while someone reads. */
import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { OverviewAnswer } from '../../api/contract/apps.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../model/time.ts';
import type { State } from './context.ts';
import { queryRange } from './rangeText.ts';
import { buildResource, type Resource } from './resource.ts';

export interface Overview {
  resource: Resource<OverviewAnswer>;
  /** What is on the screen: the newest answer, or the one before while the reader holds it. */
  shown: ReadonlySignal<OverviewAnswer | null>;
  dispose(): void;
}

/** Buckets are 10 s wide: asking more often than every 5 s shows nothing new. */
const REFRESH_MIN_MS = 5 * SECOND;
/** Without ticks an app may have gone silent: its age still has to be told. */
const REFRESH_MAX_MS = 30 * SECOND;
/** More points than this cannot be told apart on a screen. */
const POINTS_MAX = 400;
const STEPS_S = [10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Width of a point in seconds for a span, so that a chart has at most POINTS_MAX of them. */
export function stepFor(spanMs: number): number {
  return STEPS_S.find((step) => spanMs / (step * SECOND) <= POINTS_MAX) ?? DAY / SECOND;
}

/** How often a live range is worth fetching: wide buckets change slowly. */
export function refreshMs(spanMs: number): number {
  if (spanMs <= HOUR) return REFRESH_MIN_MS;
  if (spanMs <= 12 * HOUR) return 15 * SECOND;
  return spanMs <= DAY ? 30 * SECOND : MINUTE;
}

export function buildOverview(app: string, state: State): Overview {
  const { client, range, clock, live, cursor, page } = state;
  const resource = buildResource<OverviewAnswer>(async (abort) => {
    const { fromMs, toMs } = range.resolve();
    const query = {
      ...queryRange(range.text.peek(), clock.now()),
      step: stepFor(toMs - fromMs),
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
  });
  const shown = signal<OverviewAnswer | null>(null);
  let lastMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function load() {
    // Signing out changes the address before this page is taken away.
    if (!state.session.person.peek()) return;
    clearTimeout(timer);
    timer = undefined;
    lastMs = Date.now();
    void resource.load();
  }

  /** Fetches soon: at once when the last time is long enough ago, else when it will be. */
  function loadSoon(minMs: number) {
    if (timer !== undefined || clock.hidden.peek()) return;
    timer = setTimeout(load, Math.max(0, lastMs + minMs - Date.now()));
  }

  function span(): number {
    const { fromMs, toMs } = range.resolve();
    return toMs - fromMs;
  }

  const stops = [
    // A range, a filter, or the return to a hidden tab: at once, and whatever was held lets go.
    effect(() => {
      void [range.text.value, range.proc.value, range.dyno.value];
      if (clock.hidden.value) return;
      cursor.release();
      load();
    }),
    effect(() => {
      if (live.tick.value?.app === app && range.live.value) loadSoon(refreshMs(span()));
    }),
    effect(() => {
      if (live.nudges.value > 0 && range.live.peek()) loadSoon(REFRESH_MIN_MS);
    }),
    effect(() => {
      const answer = resource.data.value;
      if (answer && !(cursor.held.value && shown.peek())) shown.value = answer;
    }),
    effect(() => {
      page.health.value = resource.data.value?.health ?? null;
      page.events.value = shown.value?.events ?? [];
      const releases = (shown.value?.events ?? []).filter((event) => event.lane === 'release');
      range.lastReleaseMs.value =
        releases.length > 0 ? Math.max(...releases.map((event) => event.atMs)) : null;
    }),
  ];
  const slow = setInterval(() => {
    if (range.live.peek()) loadSoon(Math.max(REFRESH_MAX_MS, refreshMs(span())));
  }, REFRESH_MAX_MS);

  return {
    resource,
    shown,
    dispose() {
      clearInterval(slow);
      clearTimeout(timer);
      for (const stop of stops) stop();
      resource.dispose();
      page.health.value = null;
      page.events.value = [];
    },
  };
}
