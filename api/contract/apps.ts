/** Apps: the fleet, one app's page, onboarding. */
import type { EventAnswer } from './events.ts';
import type { HealthSummary } from './health.ts';
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

/** A row of the fleet page. Figures cover the last 60 min unless said otherwise. */
export interface FleetRow {
  app: string;
  createdAtMs: number;
  health: HealthSummary;
  requests: number;
  /** Requests per minute of the last 5 closed minutes; null without data. */
  requestsPerMinute: number | null;
  /** Requests per minute for each of the last 60 minutes, oldest first; null = no data in that minute. */
  sparkline: (number | null)[];
  /** Bad requests (what counts against availability by default) as a share of all, 0–1; null without requests. */
  failedRatio: number | null;
  /** The same of the last 5 closed minutes, for an incident that has begun; null with too few requests or failures. */
  failedRatioNow?: number | null;
  /** The same, same hour one week ago; null without data. */
  failedRatioWeekAgo: number | null;
  /** true when there were too few requests (< 60 in the hour) for ratios to say anything. */
  lowTraffic: boolean;
  p95Ms: number | null;
  p95MsWeekAgo: number | null;
  /**
   * The most frequent code of the hour: of those that count against availability, where there are any. `blames`: it
   * counts against availability or tells of the app's own trouble.
   */
  topCode: { code: string; count: number; title: string; blames: boolean } | null;
  worstMemory: { dyno: string; ratio: number } | null;
  /** `by`: who did it, where it is somebody with an account here; null otherwise, and on a wall. */
  lastRelease: { version: number; atMs: number; by: string | null } | null;
  /** Requests of the hour one week ago. */
  requestsWeekAgo: number;
  /** Open incidents; null without any. */
  incidents: OpenIncidentsAnswer | null;
  labels: LabelsAnswer;
}

export interface OpenIncidentsAnswer {
  page: number;
  ticket: number;
  info: number;
  unacknowledged: number;
  /** Since when the one that is open longest is. */
  sinceMs: number;
  /** The gravest of them, the newest of those. */
  id: string;
}

/** PUT /api/v1/apps/:app/labels replaces all of them. Only for grouping: nothing is decided by them. */
export interface LabelsAnswer {
  /** `production`, `staging`; null when not said. */
  stage: string | null;
  team: string | null;
  tags: string[];
}

/** GET /api/v1/apps */
export interface FleetAnswer {
  nowMs: number;
  apps: FleetRow[];
}

/** POST /api/v1/apps {name} ; the secret is inside drainUrl and is shown this once. */
export interface AppCreatedAnswer {
  app: string;
  drainUrl: string;
  /** To paste into a terminal, one command each. */
  commands: string[];
}

/** POST /api/v1/apps/:app/rotate {now?} */
export interface AppRotatedAnswer extends AppCreatedAnswer {
  /** Until then the old secret is taken too. */
  oldValidUntilMs: number;
}

/** GET and PATCH /api/v1/apps/:app {customMetrics?, strictTokens?, historyHours?} */
export interface AppAnswer {
  app: string;
  createdAtMs: number;
  customMetrics: boolean;
  /** Refuse drain tokens that nobody accepted. */
  strictTokens: boolean;
  /** Until then old lines keep their own time. */
  historyOpenUntilMs: number;
}

/** Why a step does not go on. */
export interface AttachCause {
  says: string;
  /** What to run to find out, or to put it right. */
  command: string | null;
  /** There is a sign of it; otherwise it is what it usually is. */
  isSeen: boolean;
}

/** GET /api/v1/apps/:app/checklist : ticks by itself on the set-up page. */
export interface ChecklistAnswer {
  app: string;
  steps: {
    id: 'drain' | 'firstLine' | 'routerLine' | 'runtimeMetrics' | 'release';
    /** `done`, `waiting`, or `stalled` (waiting for over 60 s while the step before is done). */
    state: 'done' | 'waiting' | 'stalled';
    doneAtMs: number | null;
    title: string;
    /** What to do or the likely cause when it stalls; empty when done. */
    hint: string;
    command: string | null;
    /** Likeliest first; only of a step that stalls. */
    causes: AttachCause[];
  }[];
  /** 401s seen with this app's name as user, last hour. */
  refused: number;
}

/** GET /api/v1/apps/:app/overview?from&to&step&proc&dyno : everything on the app page in one call. */
export interface OverviewAnswer {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  /**
   * First second that is still kept at the width the range is read in (`range.resolution`), epoch s: what lies before was
   * deleted by retention. Behind the end of the range when none of it is kept; null, or left out, when all of it is.
   */
  retainedFrom?: number | null;
  health: HealthSummary;
  gaps: GapAnswer[];
  events: EventAnswer[];
  totals: {
    requests: number;
    bad: number;
    excluded: number;
    status1xx: number;
    status2xx: number;
    status3xx: number;
    status4xx: number;
    status5xx: number;
    /** Requests that ended in an H code that counts as bad; not contained in status5xx. */
    platform: number;
    p50Ms: number | null;
    p95Ms: number | null;
    p99Ms: number | null;
    bytes: number;
  };
  /** Requests per point by class, in this order: platform, status_5xx, status_4xx, status_3xx, status_2xx, status_1xx, none. */
  throughput: Columns;
  /**
   * Beside throughput, per point, of whatever class: `bad`, requests that failed by what counts against availability,
   * and `excluded`, those that do not count (maintenance, the client left). `status_5xx` holds excluded answers too:
   * what the app failed by itself is `bad` − `platform`, and the 5xx that do not count are
   * `status_5xx` − (`bad` − `platform`).
   */
  outcomes?: Columns;
  /** p50, p95, p99 of service time plus connect (`total`), and of connect alone as connect_p95; unit ms. */
  responseTime: Columns;
  /** One series a code seen, count per point. */
  codes: Columns;
  /** memory_total per dyno in bytes; quota per dyno in `quotas`. Null values where a dyno said nothing. */
  memory: Columns;
  swap: Columns;
  quotas: Record<string, number>;
  load: Columns;
  /** One group per add-on, with its metrics; series of different units. */
  addons: { addon: string; source: string | null; service: string; metrics: Columns }[];
  custom: Columns;
  /** false when no runtime metrics were ever seen for the app: show how to enable them. */
  hasRuntimeMetrics: boolean;
  dynos: string[];
  processTypes: string[];
}
