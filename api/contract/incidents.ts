/** Incidents: what people see, and what they do about it. */
import type { HeldReason } from '../../model/alert.ts';
import type { SubjectKind } from '../../model/alert-change.ts';
import type { NoticeCause, NoticeCode, NoticeRelease } from '../../model/notice.ts';
import type { Severity } from '../../model/slo.ts';
import type { EventAnswer } from './events.ts';
import type { DeliveryAnswer } from './receivers.ts';
import type { BudgetAnswer } from './slos.ts';
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

export type IncidentState = 'open' | 'acknowledged' | 'resolved';

export interface IncidentRow {
  id: string;
  /** Small, for talking about it: #214. */
  number: number;
  app: string;
  title: string;
  state: IncidentState;
  /** Worst tier or rule firing now; of a resolved one the worst there was. */
  severity: Severity;
  worstSeverity: Severity;
  /** `id`: uuid of the objective or rule; null when it was removed. */
  subject: { kind: SubjectKind; id: string | null; title: string; key: string };
  openedAtMs: number;
  /** Of this time round when it was reopened. */
  firingSinceMs: number;
  resolvedAtMs: number | null;
  /** Why it ended: `recovered`, `by hand`, `removed`; empty while open. */
  resolution: string;
  acknowledgedAtMs: number | null;
  acknowledgedBy: string | null;
  acknowledgeReason: string;
  snoozedUntilMs: number | null;
  /** Nobody was told yet: because of a silence or maintenance, or because no route leads anywhere. */
  withheld: 'silence' | 'noRoute' | null;
  reopened: number;
  isFlapping: boolean;
  held: { reason: HeldReason; sinceMs: number } | null;
  /** Found this much later than it began because nobody could evaluate; 0: in time. */
  detectedLateMs: number;
  /** Fired and ended while nobody could evaluate: nobody was told. */
  isOverBeforeTold: boolean;
  /** One sentence: what failed, since when, by how much. */
  summary: string;
  /** What was left of the budget at its deciding moment, 0.25 = a quarter; null for rules. */
  budgetRemaining: number | null;
}

/** GET /api/v1/incidents?app&state&severity&from&to&limit&cursor : open first, then newest. */
export interface IncidentListAnswer {
  nowMs: number;
  /** Open ones of the apps asked for, by severity. */
  open: Record<Severity, number>;
  incidents: IncidentRow[];
  cursor: string | null;
}

/** Writes itself; people add notes. */
export interface TimelineEntry {
  id: string;
  atMs: number;
  kind:
    | 'opened'
    | 'raised'
    | 'lowered'
    | 'held'
    | 'dataReturned'
    | 'recovered'
    | 'resolved'
    | 'reopened'
    | 'flapping'
    | 'told'
    | 'notTold'
    | 'escalated'
    | 'acknowledged'
    | 'unacknowledged'
    | 'snoozed'
    | 'unsnoozed'
    | 'silenced'
    | 'note'
    | 'cause'
    | 'release'
    | 'changed';
  /** A person's name, a receiver's, or empty for ourselves. */
  actor: string;
  /** One plain sentence. */
  text: string;
  detail: Record<string, unknown>;
}

/** Likely causes, each from a number that can be looked at. */
export interface CauseHint {
  kind: 'release' | 'code' | 'dyno' | 'pathShape' | 'crash' | 'config' | 'scale' | 'said';
  /** `Since v214 (10:42): failed share 0.1 % → 2.3 %.` */
  text: string;
  link: string;
}

/** GET /api/v1/incidents/:id */
export interface IncidentAnswer {
  nowMs: number;
  incident: IncidentRow;
  /** The sentence over the page. */
  verdict: string;
  /** What failed at the deciding moment, in one sentence: `1,204 of 52,310 requests in the last hour failed (2.3 %)…`. */
  failure: string;
  /** Since when it is bad; it fired after (`incident.firingSinceMs`), once that had lasted. */
  sinceMs: number;
  range: RangeAnswer;
  /** What fired: the objective's `good` and `bad` or the rule's value, an hour before to now or 30 min after its end. */
  chart: Columns;
  /** Line of the threshold in the chart's unit; null where there is none. */
  threshold: number | null;
  /** Of objectives: the share of bad requests above which it fired, factor × (1 − target); null for rules and budgets. */
  thresholdShare: number | null;
  /** The factor of the pair of windows that decided; null where there is none. */
  factor: number | null;
  /** Windows of the deciding moment, shaded on the chart. */
  windows: { fromMs: number; toMs: number; label: string; bad: number; events: number; burn: number }[];
  gaps: GapAnswer[];
  /** ±30 min. */
  events: EventAnswer[];
  timeline: TimelineEntry[];
  /** Whom it told and how that went, newest first, at most 100. */
  deliveries: DeliveryAnswer[];
  /** The same causes as its messages name, strongest first, as numbers; `hints` are their sentences. */
  causes: NoticeCause[];
  /** The newest release before it; null when none is known. */
  release: NoticeRelease | null;
  /** Codes seen since it began, most frequent first. */
  codes: NoticeCode[];
  hints: CauseHint[];
  /** First things to check: from the table of codes, and the runbook. */
  checks: { text: string; link: string }[];
  runbookUrl: string;
  budget: BudgetAnswer | null;
  /**
   * What it cost so far: bad requests from its beginning to its end, or now, and their share of the period's budget
   * (1 = all of it; null when that allows none). null for rules.
   */
  spent: { fromMs: number; toMs: number; bad: number; events: number; budgetShare: number | null } | null;
  slo: {
    app: string;
    id: string;
    slug: string;
    title: string;
    kind: 'availability' | 'latency' | 'composite';
    /** Exact decimal, `0.999`. */
    target: string;
    /** Of latency objectives, ms. */
    thresholdMs: number | null;
  } | null;
  rule: { app: string; id: string; title: string } | null;
  cause: { release: number | null; text: string; author: string; atMs: number } | null;
  /** Whole story as Markdown, for a review. */
  markdown: string;
}

/** POST /api/v1/incidents/:id/acknowledge → IncidentRow. Clears when it recovers. */
export interface AcknowledgeRequest {
  reason: string;
}
/** POST /api/v1/incidents/:id/snooze → IncidentRow. At most 7 days ahead. `untilMs: null` ends it. */
export interface SnoozeRequest {
  untilMs: number | null;
  reason?: string | undefined;
}
/** POST /api/v1/incidents/:id/resolve → IncidentRow. */
export interface ResolveRequest {
  reason: string;
}
/** POST /api/v1/incidents/:id/notes → TimelineEntry */
export interface NoteRequest {
  text: string;
}
/** PUT /api/v1/incidents/:id/cause → IncidentRow. */
export interface CauseRequest {
  release?: number | null | undefined;
  text?: string | undefined;
}
