/** Which rows of a long list are drawn: heights by row, measured once seen and guessed before. Pixels throughout. */

export interface Rows {
  readonly count: number;
  /** Height of all rows. */
  readonly totalPx: number;
  /** Top of a row; `count` gives the end. */
  topOf(index: number): number;
  /** The row at a distance from the top, within 0 … count − 1; −1 without rows. */
  indexAt(px: number): number;
}

/** Rows of one height: no arrays are needed. */
export function evenRows(count: number, heightPx: number): Rows {
  return {
    count,
    totalPx: count * heightPx,
    topOf: (index) => Math.min(Math.max(index, 0), count) * heightPx,
    indexAt: (px) => Math.min(Math.max(Math.floor(px / heightPx), 0), count - 1),
  };
}

/** Rows of many heights; built anew when rows or heights change (20,000 rows take about a millisecond). */
export function unevenRows(count: number, heightOf: (index: number) => number): Rows {
  const tops = new Float64Array(count + 1);
  for (let index = 0; index < count; index++) tops[index + 1] = (tops[index] as number) + heightOf(index);
  return {
    count,
    totalPx: tops[count] as number,
    topOf: (index) => tops[Math.min(Math.max(index, 0), count)] as number,
    indexAt(px) {
      let low = 0;
      let high = count - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((tops[middle] as number) <= px) low = middle;
        else high = middle - 1;
      }
      return count === 0 ? -1 : low;
    },
  };
}

/** Rows that are drawn, `to` exclusive. */
export interface Window {
  from: number;
  to: number;
}

/** The rows in sight and some more on both sides, so that a fast scroll finds them drawn. */
export function windowOf(rows: Rows, scrollPx: number, heightPx: number, spareRows: number): Window {
  if (rows.count === 0) return { from: 0, to: 0 };
  const first = rows.indexAt(scrollPx);
  const last = rows.indexAt(scrollPx + heightPx);
  return { from: Math.max(0, first - spareRows), to: Math.min(rows.count, last + 1 + spareRows) };
}

/**
 * Height of a wrapped line before it is seen: as many lines as its letters fill, `letters` to a line. Wide letters and
 * wrapping at words make it a guess.
 */
export function guessHeightPx(textLength: number, letters: number, linePx: number, restPx: number): number {
  return Math.max(1, Math.ceil(textLength / Math.max(letters, 1))) * linePx + restPx;
}
