/** The present as a signal, once a second while the tab is seen. Corrected to the server's clock. */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Clock {
  /** Epoch ms by the server's clock. */
  nowMs: ReadonlySignal<number>;
  /** Epoch ms by the server's clock at this very moment. */
  now(): number;
  /** true while the tab is hidden; nothing is drawn or fetched then. */
  hidden: ReadonlySignal<boolean>;
  /** Takes the server's time from an answer, so that ages are right on a machine with a wrong clock. */
  correct(serverMs: number): void;
  start(): () => void;
}

export function buildClock(): Clock {
  let offsetMs = 0;
  const now = () => Date.now() + offsetMs;
  const nowMs = signal(now());
  const hidden = signal(document.hidden);
  return {
    nowMs,
    now,
    hidden,
    correct(serverMs) {
      const seen = serverMs - Date.now();
      // Below two seconds it is the network's delay rather than a wrong clock.
      offsetMs = Math.abs(seen) < 2000 ? 0 : seen;
    },
    start() {
      const timer = setInterval(() => {
        if (!document.hidden) nowMs.value = now();
      }, 1000);
      const onVisibility = () => {
        hidden.value = document.hidden;
        if (!document.hidden) nowMs.value = now();
      };
      document.addEventListener('visibilitychange', onVisibility);
      return () => {
        clearInterval(timer);
        document.removeEventListener('visibilitychange', onVisibility);
      };
    },
  };
}
