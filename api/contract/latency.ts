/** How long requests took, as counts over time and duration: what a heatmap draws. */
import type { GapAnswer, RangeAnswer } from './time.ts';

/** GET /api/v1/apps/:app/latency?from&to&step&proc&dyno */
export interface LatencyAnswer {
  app: string;
  range: RangeAnswer;
  gaps: GapAnswer[];
  /** Starts of the points, epoch s. */
  t: number[];
  /** Lowest duration of each row, ms, ascending; four rows an octave. Rows without a request at either end are left out. */
  lowMs: number[];
  /** End of the last row, ms. */
  highMs: number;
  /** Requests by point, then by row; null for a point without any. */
  counts: (number[] | null)[];
}
