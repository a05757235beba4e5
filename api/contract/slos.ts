/** Objectives: list, one in detail, proposals, preview over stored history, OpenSLO, copy of Heroku's alerts. */
import type { AlertState, HeldReason } from '../../model/alert.ts';
import type { Severity, SloDefinition } from '../../model/slo.ts';
import type { EventAnswer } from './events.ts';
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

/**
 * How an objective stands, worst first:
 * `firing` (a tier fires), `held` (it fired or waited and there is no data now), `noData` (no line of the app in its
 * usual time), `exhausted` (no budget left, nothing fires), `burning` (burn over 1 in the last hour, nothing fires),
 * `incomplete` (lines are known to be lost inside the period: neither met nor missed), `learning` (less than a day
 * of counts), `ok`.
 */
export type SloState =
  | 'firing'
  | 'held'
  | 'noData'
  | 'exhausted'
  | 'burning'
  | 'incomplete'
  | 'learning'
  | 'ok';

/** Burn rate of one window: share of bad events ÷ allowed share. null without events. */
export interface BurnAnswer {
  /** `5m`, `1h`, `6h`, `1d`, `3d`. */
  window: string;
  minutes: number;
  events: number;
  bad: number;
  burn: number | null;
  /** Minutes of the window with a live drain ÷ minutes of the window, 0–1. */
  coverage: number;
}

/** The budget over the period that is running now. */
export interface BudgetAnswer {
  fromMs: number;
  toMs: number;
  events: number;
  bad: number;
  /** Bad events the target allows among `events`, rounded down; for time slices, slices. */
  allowed: number;
  /** `events`, or `slices` when the budget is counted in slices of time. */
  unit: 'events' | 'slices';
  /** Share of good events, 0–1; null without events. */
  achieved: number | null;
  /** 1 − bad ÷ (events × (1 − target)): 1 is untouched, negative is overspent; null without events. */
  remaining: number | null;
  /** Calendar periods only: the same with the events expected until the period ends. */
  remainingProjected: number | null;
  /** When it runs out at the burn of the last hour; null when it does not within the period. */
  exhaustedAtMs: number | null;
  /** `met` so far, `missed`, or `unknown`: lines are missing, so that neither can be said. */
  verdict: 'met' | 'missed' | 'unknown';
  /** Minutes of the period without data, and with data known to be incomplete. */
  missingMinutes: number;
  uncertainMinutes: number;
  /** Minutes taken out by corrections. */
  correctedMinutes: number;
  /** Rolling periods: the largest piece that comes back by itself, when its bad days have aged out; null when nothing is spent. */
  recovers: { atMs: number; share: number } | null;
  /** true while counts before the objective was made come from histograms: near, not exact. */
  approximate: boolean;
}

/** A row of GET /slos. */
export interface SloRow {
  /** uuid. */
  id: string;
  app: string;
  /** Unique in its app; used in addresses. */
  slug: string;
  title: string;
  /** `99.9 % of requests succeed`, `95 % of requests within 800 ms`. */
  objective: string;
  kind: 'availability' | 'latency' | 'composite';
  /** Exact decimal, `0.999`. */
  target: string;
  /** `30 days`, `calendar month (Europe/Berlin)`. */
  period: string;
  state: SloState;
  severity: Severity | null;
  held: { reason: HeldReason; sinceMs: number } | null;
  /** Since when it is in this state; null when not known. */
  sinceMs: number | null;
  budget: BudgetAnswer;
  /** 1h, 6h and 3d, in this order. */
  burn: BurnAnswer[];
  /** Remaining budget over the period, about 30 points, oldest first; null where it was not known. */
  sparkline: (number | null)[];
  /** Too few requests for one failure to say much: fewer than 1 ÷ (highest factor × (1 − target)) in the last hour. */
  lowTraffic: boolean;
  /** Newest open incident of it. */
  incidentId: string | null;
  tags: string[];
  version: number;
}

/** GET /api/v1/slos?app : by remaining budget, least first. */
export interface SloListAnswer {
  nowMs: number;
  /** Minutes are closed this long after their end, so counts go to here, epoch ms. */
  countedThroughMs: number | null;
  slos: SloRow[];
}

/** One line of the burn table: a pair of windows. */
export interface TierAnswer {
  severity: 'page' | 'ticket';
  /** `1h`, `5m`. */
  longWindow: string;
  shortWindow: string;
  factor: number;
  /** Share of the period's budget that goes in the long window at this factor, 0–1. */
  budgetShare: number;
  forMinutes: number;
  keepFiringMinutes: number;
  minBad: number;
  long: BurnAnswer;
  short: BurnAnswer;
  state: AlertState;
  sinceMs: number | null;
  held: { reason: HeldReason; sinceMs: number } | null;
  /** `Pages if 2 % of the 30-day budget goes in 1 h (14.4×) and is still going in the last 5 min. Now 0.8×.` */
  sentence: string;
}

/** Where the budget goes if it burns on as in the last hour or day. */
export interface ProjectionAnswer {
  window: '1h' | '24h';
  burn: number;
  exhaustedAtMs: number | null;
  /** Epoch seconds and remaining, to the exhaustion or the end of the chart. */
  t: number[];
  remaining: number[];
}

/** Minutes that do not count, with who says so and why. */
export interface CorrectionAnswer {
  id: string;
  /** null: for every objective of the app. */
  sloId: string | null;
  /** Of a repeated one: when its repeating begins and ends; null: without end. */
  fromMs: number;
  toMs: number | null;
  repeat: RepeatRequest | null;
  reason: string;
  author: string;
  createdAtMs: number;
  /** Set once it was taken back; it then counts for nothing but stays listed. */
  undoneAtMs: number | null;
  undoneBy: string | null;
  /** A repeated one: how often, in words (`every Sunday at 02:00 for 60 min (Europe/Berlin)`); null for a single range. */
  repeats: string | null;
}

/** Recurrence of a correction or maintenance window, in local time of its zone. */
export interface RepeatRequest {
  /** 0 Sunday … 6 Saturday; all seven for daily. */
  weekdays: number[];
  /** `02:00`. */
  at: string;
  minutes: number;
  /** IANA name. */
  zone: string;
}

/** One definition as it was valid for a while. */
export interface SloVersionAnswer {
  version: number;
  validFromMs: number;
  /** null: valid without end. */
  validToMs: number | null;
  author: string;
  createdAtMs: number;
  target: string;
  /** What changed against the version before, in words; empty for the first. */
  changes: string[];
  definition: SloDefinition;
}

/** Which lines count as what, as sentences for the page. */
export interface CountingAnswer {
  good: string[];
  bad: string[];
  ignored: string[];
}

/** GET /api/v1/apps/:app/slos/:id?from&to ; id is the uuid or the slug. Default range: the period. */
export interface SloDetailAnswer {
  nowMs: number;
  countedThroughMs: number | null;
  slo: SloRow;
  definition: SloDefinition;
  counting: CountingAnswer;
  /** First tile's text and so on are made from `slo.budget`; this is the sentence over the tiles. */
  verdict: string;
  range: RangeAnswer;
  gaps: GapAnswer[];
  events: EventAnswer[];
  /** Series `remaining` (fraction) and, where there are corrections, `uncorrected`. */
  budgetLine: Columns;
  projections: ProjectionAnswer[];
  tiers: TierAnswer[];
  /** Windows that appear on the page besides those of the tiers: 5m, 30m, 1h, 6h, 1d, 3d. */
  burn: BurnAnswer[];
  /** Series `good` and `bad`, counts per point. */
  requests: Columns;
  /** Series `burn` per point over the tier's longest factor line; null without events. */
  burnLine: Columns;
  corrections: CorrectionAnswer[];
  versions: SloVersionAnswer[];
  /** Of composites, each member. */
  members: SloRow[];
  incidents: {
    id: string;
    number: number;
    title: string;
    severity: Severity;
    openedAtMs: number;
    resolvedAtMs: number | null;
  }[];
  /** The objective as OpenSLO v1 YAML. */
  text: string;
}

export type BurnedBy =
  | 'code'
  | 'pathShape'
  | 'processType'
  | 'release'
  | 'day'
  | 'dyno'
  | 'method'
  | 'status';

export interface BurnedRow {
  /** `H12`, `/orders/:id`, `web`, `v214`, `2026-11-20`. */
  name: string;
  bad: number;
  /** Events of that name; null where totals are not kept apart by it. */
  events: number | null;
  /** Share of all bad events of the range, 0–1. */
  share: number;
  /** Share of the whole period's budget that it spent, 1 = all of it. */
  budgetShare: number;
  /** Leads to the requests behind it. */
  link: string;
}

/** GET /api/v1/apps/:app/slos/:id/burned?from&to : who burned it. */
export interface BurnedAnswer {
  range: { fromMs: number; toMs: number };
  bad: number;
  /** Bad events the budget of the period allows. */
  allowed: number;
  tables: {
    by: BurnedBy;
    rows: BurnedRow[];
    /** `exact`: from the objective's own counts or cuts that match it; `sampled`: from kept requests, scaled. */
    method: 'exact' | 'sampled';
    /** What a reader must know of this table; empty when nothing. */
    note: string;
  }[];
}

/** POST /api/v1/apps/:app/slos → SloSavedAnswer */
export interface SloCreateRequest {
  definition: SloDefinition;
  /** Made from the title when left out. */
  slug?: string | undefined;
}

/** PUT /api/v1/apps/:app/slos/:id → SloSavedAnswer. `version`: the one that was edited; another since → 409. */
export interface SloChangeRequest {
  definition: SloDefinition;
  version: number;
}

export interface SloSavedAnswer {
  id: string;
  app: string;
  slug: string;
  version: number;
  /** The version counts from this minute on. */
  validFromMs: number;
  /** The same done by a script. */
  equivalent: { curl: string; cli: string };
}

/** Firing times of one tier over stored history. */
export interface BacktestTierAnswer {
  severity: 'page' | 'ticket';
  longWindow: string;
  shortWindow: string;
  factor: number;
  /** [first evaluation firing, first not firing) in epoch ms; null: fires still. */
  firing: { fromMs: number; toMs: number | null }[];
}

/** POST /api/v1/apps/:app/slos/preview {definition, days?} : what it would have done. Nothing is saved. */
export interface SloPreviewRequest {
  definition: SloDefinition;
  /** 1 to 30, default 14; as much as is stored. */
  days?: number | undefined;
}
export interface SloPreviewAnswer {
  fromMs: number;
  toMs: number;
  /** `Would have paged 3 times in 14 days, and made 1 ticket.` */
  sentence: string;
  tiers: BacktestTierAnswer[];
  pages: number;
  tickets: number;
  pagesPerWeek: number;
  budget: { events: number; bad: number; allowed: number; achieved: number | null; remaining: number | null };
  /** Series `good` and `bad`. */
  requests: Columns;
  /** Series `remaining`. */
  budgetLine: Columns;
  counting: CountingAnswer;
  /** `exact` while chunks hold every request; else `approximate`, and `exactFromMs` says from when on it is exact. */
  method: 'exact' | 'approximate';
  exactFromMs: number | null;
  /** What else is worth knowing: impossible tiers, too little traffic. */
  warnings: string[];
}

/** GET /api/v1/apps/:app/slos/proposals : three objectives from the app's last 7 days, or what is missing for them. */
export interface SloProposalsAnswer {
  fromMs: number;
  toMs: number;
  /** Requests seen in that time. */
  requests: number;
  /** Proposals from under a day of data are provisional. */
  isProvisional: boolean;
  proposals: SloProposal[];
  /** Why there are none or fewer; empty otherwise. */
  note: string;
}
export interface SloProposal {
  name: 'availability' | 'latency' | 'platform';
  definition: SloDefinition;
  /** Why these numbers: `Your p95 of the last 7 days is 640 ms; 95 % within 800 ms leaves room.` */
  why: string;
  /** What it would have spent of its budget over `fromMs`…`toMs`, and how often it would have fired. */
  spent: number | null;
  achieved: number | null;
  pages: number;
  tickets: number;
  /** Slug of an objective of the app that says the same already; null when there is none. */
  existing: string | null;
}

/** POST /api/v1/slos/import {text, app?, dryRun?} : OpenSLO YAML or JSON, several documents allowed. */
export interface SloImportRequest {
  text: string;
  /** Where objectives go that name no app. */
  app?: string | undefined;
  dryRun?: boolean | undefined;
}
export interface SloImportAnswer {
  dryRun: boolean;
  /** false: nothing was changed, for one was refused or it was a dry run. */
  isKept: boolean;
  results: {
    /** metadata.name, or `document 3`. */
    name: string;
    app: string | null;
    outcome: 'created' | 'changed' | 'unchanged' | 'refused';
    slug: string | null;
    faults: string[];
    warnings: string[];
  }[];
}

/** GET /api/v1/slos/export?app */
export interface SloExportAnswer {
  count: number;
  /** OpenSLO v1 YAML, one document an objective. */
  text: string;
}

/** POST /api/v1/apps/:app/heroku-alerts {alerts, dryRun?} : Heroku's own threshold alerts as rules of ours. */
export interface HerokuAlertRequest {
  alerts: {
    kind: 'LATENCY' | 'ERROR_RATE';
    /** Milliseconds (from 50), or a share 0.005–1. */
    value: number;
    /** Minutes at or above: 1, 5 or 10. */
    sensitivityMinutes: 1 | 5 | 10;
    /** 5, 60 or 1440. */
    reminderMinutes: 5 | 60 | 1440;
    processType?: string | undefined;
    isActive?: boolean | undefined;
  }[];
  dryRun?: boolean | undefined;
}
export interface HerokuAlertAnswer {
  dryRun: boolean;
  rules: {
    id: string | null;
    title: string;
    sentence: string;
    /** What is different from Heroku's. */
    notes: string[];
    outcome: 'created' | 'unchanged' | 'refused';
    fault: string;
  }[];
}

/**
 * POST /api/v1/apps/:app/corrections → CorrectionAnswer ; DELETE …/corrections/:id takes it back, POST
 * …/corrections/:id/end {} ends a repeated one and leaves what is past.
 */
export interface CorrectionRequest {
  /** uuid or slug; left out: every objective of the app. */
  slo?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
  repeat?: RepeatRequest | undefined;
  reason: string;
}
