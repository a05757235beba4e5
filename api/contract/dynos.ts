/** Dynos, add-ons, and single series. */
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

/** GET /api/v1/apps/:app/dynos?from&to */
export interface DynosAnswer {
  range: RangeAnswer;
  dynos: {
    dyno: string;
    processType: string;
    state: string | null;
    stateSinceMs: number | null;
    requests: number;
    bad: number;
    p95Ms: number | null;
    memoryBytes: number | null;
    memoryQuotaBytes: number | null;
    memoryRatio: number | null;
    load1m: number | null;
    restarts: number;
    crashes: number;
    lastSeenMs: number | null;
  }[];
}

/** GET /api/v1/apps/:app/addons?from&to */
export interface AddonsAnswer {
  range: RangeAnswer;
  addons: {
    addon: string;
    source: string | null;
    service: string;
    lastSeenMs: number | null;
    latest: { metric: string; value: number; unit: string }[];
  }[];
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
