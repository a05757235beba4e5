/** Size and visibility of elements, told at most once a frame. One observer each for the whole page. */

type SizeListener = (widthPx: number) => void;
const sizeListeners = new Map<Element, SizeListener>();
const changed = new Map<Element, number>();
let frame = 0;
let sizes: ResizeObserver | null = null;

function flush() {
  frame = 0;
  const due = [...changed];
  changed.clear();
  for (const [element, width] of due) sizeListeners.get(element)?.(width);
}

/** Calls back with the rounded width of an element, first soon after, then at each change. Zero is never told. */
export function observeWidth(element: Element, listener: SizeListener): () => void {
  sizes ??= new ResizeObserver((entries) => {
    for (const entry of entries) {
      const width = Math.round(entry.contentRect.width);
      if (width > 0) changed.set(entry.target, width);
    }
    if (changed.size > 0 && frame === 0) frame = requestAnimationFrame(flush);
  });
  sizeListeners.set(element, listener);
  sizes.observe(element);
  return () => {
    sizes?.unobserve(element);
    sizeListeners.delete(element);
    changed.delete(element);
  };
}

type SeenListener = (seen: boolean) => void;
const seenListeners = new Map<Element, SeenListener>();
let seers: IntersectionObserver | null = null;

/** Calls back when an element comes within half a screen of what is seen, or leaves it. */
export function observeSeen(element: Element, listener: SeenListener): () => void {
  seers ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) seenListeners.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: '50% 0px' },
  );
  seenListeners.set(element, listener);
  seers.observe(element);
  return () => {
    seers?.unobserve(element);
    seenListeners.delete(element);
  };
}
