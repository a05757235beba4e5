/** Dynos, and single series. */
import type { EventAnswer } from './events.ts';
import type { HealthSummary } from './health.ts';
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

/** GET /api/v1/apps/:app/dynos?from&to&step : dynos that did or said anything in a range, web.2 before web.10. */
export interface DynosAnswer {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
  gaps: GapAnswer[];
  /** Whether any dyno of the app ever wrote a memory sample. */
  hasRuntimeMetrics: boolean;
  /** Starts of the points of lanes, epoch s. */
  t: number[];
  dynos: DynoAnswer[];
  /** Dynos beyond the bound of a page, left out. */
  leftOut: number;
  types: DynoTypeAnswer[];
}

export interface DynoAnswer {
  dyno: string;
  processType: string;
  state: string | null;
  stateSinceMs: number | null;
  requests: number;
  bad: number;
  p95Ms: number | null;
  memoryBytes: number | null;
  memoryQuotaBytes: number | null;
  /** `line`: the dyno's own runtime metrics; `size`: the table of sizes, for lines without a quota. */
  quotaSource: 'line' | 'size' | null;
  memoryRatio: number | null;
  load1m: number | null;
  restarts: number;
  crashes: number;
  lastSeenMs: number | null;
  /** memory_total per point, bytes; empty when it never said any. */
  memory: (number | null)[];
  /** memory_swap per point, bytes; empty when it never swapped. */
  swap: (number | null)[];
  marks: DynoMark[];
  /** Last start known at the end of the range. */
  startedMs: number | null;
  leak: LeakAnswer;
  life: DynoLife;
}

export interface DynoMark {
  atMs: number;
  /** End of an episode; equals atMs for a point. */
  untilMs: number;
  /** `cycle`: the daily restart; `restart`: any other that was asked for. */
  kind: 'restart' | 'cycle' | 'crash' | 'R14' | 'R15';
  count: number;
}

/** Memory since the last start, as at the end of the range. */
export interface LeakAnswer {
  /** Points of ten minutes that were looked at, and the time from the first to the last. */
  points: number;
  spanMinutes: number;
  /** null: it does not grow steadily, or `isEnough` is false. */
  growth: { bytesPerHour: number; minutesToQuota: number; minutesToCycle: number; isLeak: boolean } | null;
  /** Enough points since the start, warm-up left out, and a quota to compare with. */
  isEnough: boolean;
}

export interface DynoLife {
  boots: number;
  /** Daily restarts. */
  cycles: number;
  /** Ends of its process by exit status, most frequent first; null: the line had no status. */
  exits: { status: number | null; count: number }[];
  /** From `starting` to `up`, of the newest boot in the range; null without one. */
  bootMs: number | null;
  /** From that `starting` to the first request, as exact as 10 s; null where none came, or it is no web dyno. */
  firstRequestMs: number | null;
}

/** What is known about the dynos of a process type, and from where. */
export interface DynoTypeAnswer {
  processType: string;
  /** Dynos in the answer. */
  dynos: number;
  size: string | null;
  /** `you`: set here; `heroku`: the newest "Scaled to …" line. */
  sizeSource: 'you' | 'heroku' | null;
  sizeAtMs: number | null;
  /** Never guessed from a size of Cedar: `name` is that of a Fir size. */
  cores: number | null;
  coresSource: 'you' | 'name' | null;
}

/** GET /api/v1/apps/:app/dynos/:dyno?from&to&step : one dyno beside those of its process type. */
export interface DynoDetailAnswer {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
  gaps: GapAnswer[];
  hasRuntimeMetrics: boolean;
  processType: string;
  type: DynoTypeAnswer | null;
  /** null: it said nothing in the range. */
  dyno: DynoAnswer | null;
  siblings: string[];
  comparisons: DynoComparison[];
  events: EventAnswer[];
}

export interface DynoComparison {
  /** share: of the requests of its process type. failed: of its own requests. */
  of: 'memory' | 'load' | 'share' | 'p95' | 'failed';
  unit: string;
  /** Over the whole range; null where it is not known. `low` and `high` are the least and most of siblings. */
  own: number | null;
  median: number | null;
  low: number | null;
  high: number | null;
  /**
   * Series `own`, `median`, `low`, `high`, the last three only with siblings. Of p95 `median` is that of all siblings'
   * requests together, and there are no bounds.
   */
  columns: Columns;
}

/** PUT /api/v1/apps/:app/dyno-sizes/:type */
export interface DynoSizeRequest {
  /** Of the table of sizes; null: as Heroku's lines say. */
  size: string | null;
  cores: number | null;
}

/**
 * GET /api/v1/apps/:app/series?metric&from&to&step&by&filter
 * metric: requests, bad, failed_ratio, p50, p95, p99, connect_p95, bytes, code:<H12>, status:<503>,
 * messages:<kind>, dyno:<metric name>, addon:<addon>:<metric>, custom:<name>
 * by: none (default), dyno, processType, code, status, path, host, release, method
 */
export interface SeriesAnswer extends Columns {
  metric: string;
  by: string;
  range: RangeAnswer;
  gaps: GapAnswer[];
  dataThroughMs: number | null;
  /** Stated error of a quantile, as a fraction; 0 for exact metrics. */
  errorRatio: number;
}
