/** The one cursor of a page: what the pointer or the keys point at, in every chart, lane and strip at once. */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';

export interface Cursor {
  /** Instant pointed at, epoch seconds; null when nothing is. */
  atS: Signal<number | null>;
  /** A stretch that was drawn in a chart or a lane, and what it was drawn in; null when there is none. */
  span: Signal<ChosenSpan | null>;
  /**
   * true while someone reads a chart: new data waits, so that nothing moves under the reader. A pointer left
   * lying on a chart stops counting after a minute without movement.
   */
  held: ReadonlySignal<boolean>;
  /** A stretch was drawn: what is on the screen is held until it is let go. */
  choose(chart: string, fromS: number, toS: number): void;
  /** Says that a chart is being read (pointer moved in it, key pressed in it). */
  read(): void;
  /** The pointer or the focus has left. */
  release(): void;
}

export interface ChosenSpan {
  /** Epoch s. */
  fromS: number;
  toS: number;
  /** Id of the chart, or of the lane, that asks what to do with it. */
  chart: string;
  /** Another one for each that is drawn; the same while its ends are set by hand. */
  drawn: number;
}

const HELD_MAX_MS = 60_000;

export function buildCursor(): Cursor {
  const atS = signal<number | null>(null);
  const span = signal<ChosenSpan | null>(null);
  const reading = signal(false);
  let drawn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  function release() {
    clearTimeout(timer);
    reading.value = false;
  }
  return {
    atS,
    span,
    held: computed(() => reading.value || span.value !== null),
    read() {
      reading.value = true;
      clearTimeout(timer);
      timer = setTimeout(release, HELD_MAX_MS);
    },
    choose(chart, fromS, toS) {
      drawn++;
      span.value = { chart, fromS, toS, drawn };
    },
    release,
  };
}
