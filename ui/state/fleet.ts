/** Keeps the rows of the fleet new for as long as a page shows them. */
import { effect } from '@preact/signals';
import type { State } from './context.ts';

const REFRESH_MS = 10_000;

/** Fetches at ticks, at most every 10 s, and when the tab comes back; not while hidden. Call the answer to stop. */
export function keepFleetFresh(state: State): () => void {
  const { fleet, live, clock, instance } = state;
  let lastMs = 0;
  const returnsBefore = instance.returns.peek();
  function load() {
    if (clock.hidden.peek() || Date.now() - lastMs < REFRESH_MS - 100) return;
    lastMs = Date.now();
    void fleet.load();
  }
  const stopVisible = effect(() => {
    if (!clock.hidden.value) load();
  });
  const stopTicks = effect(() => {
    void [live.tick.value, live.nudges.value];
    load();
  });
  const stopReturns = effect(() => {
    if (instance.returns.value === returnsBefore) return;
    lastMs = 0;
    load();
  });
  const timer = setInterval(load, 3 * REFRESH_MS);
  return () => {
    clearInterval(timer);
    stopVisible();
    stopTicks();
    stopReturns();
  };
}
