/** Drawing a stretch of time over what is no plot: the lanes of events, the strip of codes, the heatmap. */
import { useRef, useState } from 'preact/hooks';
import type { RangeAnswer } from '../../api/contract/time.ts';
import { useApp } from '../state/context.ts';

/** Both ends as shares of the range, 0 to 1. */
type Shares = [from: number, to: number];

/** Shorter ones are clicks. */
const SHARE_MIN = 0.005;

/**
 * Handlers for elements as wide as the range: dragging sideways marks a stretch, letting go asks what to do with it. A
 * finger scrolls instead; it has the list of the chart.
 */
export function useSpanDrag(chart: string, range: RangeAnswer) {
  const { cursor, page } = useApp();
  const [selection, setSelection] = useState<Shares | null>(null);
  const start = useRef<number | null>(null);
  const share = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  function end() {
    start.current = null;
    setSelection(null);
  }
  return {
    selection,
    handlers: {
      onPointerDown(event: PointerEvent) {
        const isOurs = event.pointerType !== 'touch' && event.button === 0 && page.app.peek() !== null;
        // A mark is for activating.
        if (!isOurs || (event.target as Element).closest('button')) return;
        start.current = share(event);
        (event.currentTarget as Element).setPointerCapture(event.pointerId);
      },
      onPointerMove(event: PointerEvent) {
        if (start.current === null) return;
        const at = share(event);
        setSelection([Math.min(start.current, at), Math.max(start.current, at)]);
      },
      onPointerUp() {
        const span = range.to - range.from;
        if (selection && selection[1] - selection[0] > SHARE_MIN)
          cursor.choose(chart, range.from + selection[0] * span, range.from + selection[1] * span);
        end();
      },
      onPointerCancel: end,
    },
  };
}

/** What is being drawn, in a box as wide as the range. */
export function Selection({ of }: { of: Shares | null }) {
  if (of === null) return null;
  return (
    <div class="lane-selection" style={{ left: `${of[0] * 100}%`, width: `${(of[1] - of[0]) * 100}%` }} />
  );
}
