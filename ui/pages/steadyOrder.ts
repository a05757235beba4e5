/** The order of a list stands still while pointer or focus is in it; when it would differ, that is said instead. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FleetItem } from '../fleetItems.ts';
import { keepOrder, type Sort, sortItems } from '../fleetOrder.ts';

export function useSteadyOrder(items: readonly FleetItem[], sort: Sort) {
  const held = useRef<string[] | null>(null);
  const inside = useRef({ pointer: false, focus: false });
  const [, again] = useState(0);
  const sorted = useMemo(() => sortItems(items, sort), [items, sort.key, sort.reversed]);
  const urgent = useMemo(() => sortItems(items, { key: 'state', reversed: false }), [items]);
  // Another order was asked for: that of before is not what the reader wants to keep.
  const order = `${sort.key} ${sort.reversed}`;
  const asked = useRef(order);
  if (asked.current !== order) {
    asked.current = order;
    if (held.current) held.current = sorted.map(({ row }) => row.app);
  }
  const steady = held.current ? keepOrder(sorted, held.current) : sorted;
  const redraw = () => again((count) => count + 1);
  useEffect(() => () => (held.current = null), []);
  function hold() {
    held.current ??= steady.map(({ row }) => row.app);
  }
  function release() {
    if (!held.current || inside.current.pointer || inside.current.focus) return;
    held.current = null;
    redraw();
  }
  return {
    items: steady,
    /** Worst first, whatever is asked for: what the sentence speaks of. */
    urgent,
    moved: steady.some((item, index) => item !== sorted[index]),
    /** For the element around the list and around the button that sorts again. */
    region: {
      onPointerEnter() {
        inside.current.pointer = true;
        hold();
      },
      onPointerLeave() {
        inside.current.pointer = false;
        release();
      },
      onFocusIn() {
        inside.current.focus = true;
        hold();
      },
      onFocusOut(event: FocusEvent) {
        const { currentTarget: around, relatedTarget: next } = event;
        if (around instanceof Node && next instanceof Node && around.contains(next)) return;
        inside.current.focus = false;
        release();
      },
    },
    resort() {
      held.current = sorted.map(({ row }) => row.app);
      redraw();
    },
  };
}
