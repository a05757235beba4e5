/** What of the fleet is on a wall when. Pure. */

/**
 * Pages of at most `capacity` of `items`. The first `worst` of them stand on every page, so that what burns never
 * leaves the wall; where they alone would fill it, half of it is theirs and the others take turns below.
 */
export function wallPages<T>(items: readonly T[], worst: number, capacity: number): T[][] {
  const room = Math.max(2, Math.floor(capacity));
  if (items.length <= room) return [[...items]];
  const pinned = items.slice(0, Math.min(worst, Math.floor(room / 2)));
  const others = items.slice(pinned.length);
  const each = room - pinned.length;
  const pages: T[][] = [];
  for (let at = 0; at < others.length; at += each) pages.push([...pinned, ...others.slice(at, at + each)]);
  return pages;
}

/** The page to show `elapsedMs` after the first was shown. */
export function wallPageAt(pages: number, elapsedMs: number, everyMs: number): number {
  if (pages <= 1 || everyMs <= 0) return 0;
  return Math.floor(Math.max(0, elapsedMs) / everyMs) % pages;
}

/** Figures older than this are told in big letters: whoever passes must see that the wall stands still. */
export const WALL_STALE_MS = 60_000;
