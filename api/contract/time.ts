/** Shared shapes of ranges and columns. Seconds live only here and in charts; elsewhere milliseconds. */

/** A range as it was understood: instants in epoch seconds, `to` exclusive. */
export interface RangeAnswer {
  from: number;
  to: number;
  /** Width of a point, seconds. */
  step: number;
  /** Width of the stored buckets that were read, seconds: 10, 60 or 3600. */
  resolution: number;
  /** Start of the bucket that is still filling (epoch s), or null when the range ends before it. */
  openFrom: number | null;
}

/** Columns: `t` epoch seconds ascending, each series one array of the same length, null for nothing. */
export interface Columns {
  t: number[];
  series: Series[];
}

export interface Series {
  /** Stable id within the answer, e.g. `status_5xx`, `web.1`, `p95`. */
  id: string;
  label: string;
  /** `count`, `ms`, `bytes`, `fraction`, `load`, `perSecond` … */
  unit: string;
  values: (number | null)[];
}

/** A known loss inside the range, drawn as incomplete. */
export interface GapAnswer {
  from: number;
  to: number;
  /** Upper bound of messages lost, null when unknown. */
  messages: number | null;
  cause: string;
}
