/** The one cursor of a page: what the pointer or the keys point at, in every chart, lane and strip at once. */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';

export interface Cursor {
  /** Instant pointed at, epoch seconds; null when nothing is. */
  atS: Signal<number | null>;
  /**
   * true while someone reads a chart: new data waits, so that nothing moves under the reader. A pointer left
   * lying on a chart stops counting after a minute without movement.
   */
  held: ReadonlySignal<boolean>;
  /** Says that a chart is being read (pointer moved in it, key pressed in it). */
  read(): void;
  /** The pointer or the focus has left. */
  release(): void;
}

const HELD_MAX_MS = 60_000;

export function buildCursor(): Cursor {
  const atS = signal<number | null>(null);
  const held = signal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  function release() {
    clearTimeout(timer);
    held.value = false;
  }
  return {
    atS,
    held,
    read() {
      held.value = true;
      clearTimeout(timer);
      timer = setTimeout(release, HELD_MAX_MS);
    },
    release,
  };
}
