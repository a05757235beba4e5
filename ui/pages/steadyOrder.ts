/** The order of a list stands still while pointer or focus is in it; when it would differ, that is said instead. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FleetItem } from '../fleetItems.ts';
import { keepOrder, type Sort, sortItems } from '../fleetOrder.ts';

export function useSteadyOrder(items: readonly FleetItem[], sort: Sort) {
  const held = useRef<string[] | null>(null);
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
  return {
    items: steady,
    /** Worst first, whatever is asked for: what the sentence speaks of. */
    urgent,
    moved: steady.some((item, index) => item !== sorted[index]),
    hold() {
      held.current ??= steady.map(({ row }) => row.app);
    },
    release() {
      if (!held.current) return;
      held.current = null;
      redraw();
    },
    resort() {
      held.current = sorted.map(({ row }) => row.app);
      redraw();
    },
  };
}
