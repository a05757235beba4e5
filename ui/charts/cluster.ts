/** Marks that would overlap, gathered. */

export interface Cluster<T> {
  items: T[];
  /** Position of the first and the last item, in the unit that `positionOf` gives. */
  first: number;
  last: number;
}

/** Items sorted by position; a neighbour closer than `minDistance` to the end of a cluster joins it. */
export function clusterMarks<T>(
  items: T[],
  positionOf: (item: T) => number,
  minDistance: number,
): Cluster<T>[] {
  const sorted = items.map((item) => ({ item, at: positionOf(item) })).sort((a, b) => a.at - b.at);
  const clusters: Cluster<T>[] = [];
  for (const { item, at } of sorted) {
    const open = clusters.at(-1);
    // Measured from the first mark, so that a long chain of near ones does not become one blob.
    if (open && at - open.first < minDistance) {
      open.items.push(item);
      open.last = at;
    } else clusters.push({ items: [item], first: at, last: at });
  }
  return clusters;
}
