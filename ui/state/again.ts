/** What failed and may pass is asked again by itself, also where nothing else would ask: a range that has ended. */
import { effect, type ReadonlySignal, untracked } from '@preact/signals';
import type { State } from './context.ts';

const RETRY_MS = 10_000;

export interface Failing {
  /** The newest try failed in a way that may pass. Read as a signal. */
  isFailing(): boolean;
  busy: ReadonlySignal<boolean>;
  refresh(): void;
}

/** Asks every 10 s while it fails and the tab is seen, and at once when a stream stands. Call the answer to stop. */
export function keepTrying(of: Failing, { clock, live, session }: State): () => void {
  const ask = () => {
    if (!clock.hidden.peek() && session.mayRead.peek()) of.refresh();
  };
  const stopRetries = effect(() => {
    // Every try that lands runs this anew.
    if (!of.isFailing() || of.busy.value || clock.hidden.value) return;
    const timer = setTimeout(ask, RETRY_MS);
    return () => clearTimeout(timer);
  });
  const stopReturns = whenChanged(
    () => live.nudges.value,
    () => {
      if (of.isFailing()) ask();
    },
  );
  return () => {
    stopRetries();
    stopReturns();
  };
}

/** Acts whenever what `read` answers has changed; not on what it answers first. Call the answer to stop. */
export function whenChanged(read: () => unknown, act: () => void): () => void {
  let before = untracked(read);
  return effect(() => {
    const now = read();
    if (now === before) return;
    before = now;
    untracked(act);
  });
}
