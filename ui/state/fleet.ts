/** Keeps the rows of the fleet new for as long as a page shows them. */
import { effect } from '@preact/signals';
import type { State } from './context.ts';

const REFRESH_MS = 10_000;
const JUST_NOW_MS = 1000;

/** Fetches after ticks, at most every 10 s, and when the tab comes back; not while hidden. Call the answer to stop. */
export function keepFleetFresh(state: State): () => void {
  const { fleet, live, clock, instance } = state;
  // The header fetches it, too: what is on its way, or came this moment, is not asked for twice.
  const loadedMs = fleet.loadedMs.peek() ?? 0;
  let lastMs = fleet.busy.peek() || Date.now() - loadedMs < JUST_NOW_MS ? Date.now() : 0;
  const returnsBefore = instance.returns.peek();
  let timer: ReturnType<typeof setTimeout> | undefined;
  function load() {
    clearTimeout(timer);
    timer = undefined;
    if (clock.hidden.peek()) return;
    lastMs = Date.now();
    fleet.refresh();
  }
  /** At once when the last time is long enough ago, else when it will be: what is told once is seen. */
  function loadSoon() {
    if (timer !== undefined || clock.hidden.peek()) return;
    timer = setTimeout(load, Math.max(0, lastMs + REFRESH_MS - Date.now()));
  }
  const stopVisible = effect(() => {
    if (!clock.hidden.value) loadSoon();
  });
  const stopTicks = effect(() => {
    // Both are read, or what comes second is not listened to.
    const [tick, nudges] = [live.tick.value, live.nudges.value];
    if (tick || nudges > 0) loadSoon();
  });
  const stopReturns = effect(() => {
    if (instance.returns.value === returnsBefore) return;
    load();
  });
  const slow = setInterval(loadSoon, 3 * REFRESH_MS);
  return () => {
    clearInterval(slow);
    clearTimeout(timer);
    stopVisible();
    stopTicks();
    stopReturns();
  };
}
