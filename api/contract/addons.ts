/** Add-ons that write metrics into the log of an app. */
import type { HealthSummary } from './health.ts';
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

/** GET /api/v1/apps/:app/addons?from&to&step */
export interface AddonsAnswer {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
  gaps: GapAnswer[];
  /** Whether any add-on of the app ever wrote a metric. */
  everSeen: boolean;
  addons: AddonAnswer[];
}

export interface AddonAnswer {
  addon: string;
  /** Attachment name, such as DATABASE. */
  source: string | null;
  /** heroku-postgres, heroku-redis, heroku-pgbouncer, … */
  service: string;
  lastSeenMs: number | null;
  /** Newest value of each metric in the range. */
  latest: { metric: string; value: number; unit: string }[];
  /** Averages per point; null where nothing was said. */
  metrics: Columns;
}
