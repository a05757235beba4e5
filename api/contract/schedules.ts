/** Who is on call, who is told after whom, and which alerts go where. */
import type { SubjectKind } from '../../model/alert-change.ts';
import type { Severity } from '../../model/slo.ts';

/** Turns in a time zone: everybody in `people` once, each for `days`, handing over at a local time. */
export interface RotationAnswer {
  /** uuid; left out when new. */
  id: string;
  title: string;
  /** ids of people, in order. */
  people: string[];
  /** Length of a turn. */
  turn: { unit: 'day' | 'week'; count: number };
  /** First day of the first turn, `2026-11-23`. */
  startsOn: string;
  /** Local time of handing over, `09:00`. */
  handoverAt: string;
  /** Hours of the week it covers; empty: always. */
  hours: { weekdays: number[]; from: string; to: string }[];
}

export interface OnCallAnswer {
  personId: string;
  name: string;
  email: string;
  fromMs: number;
  toMs: number;
  via: 'rotation' | 'override';
}

export interface OverrideAnswer {
  id: string;
  personId: string;
  name: string;
  fromMs: number;
  toMs: number;
  reason: string;
  author: string;
}

export interface ScheduleAnswer {
  id: string;
  title: string;
  zone: string;
  /** Later rotations lie over earlier ones. */
  rotations: RotationAnswer[];
  overrides: OverrideAnswer[];
  /** null: nobody. */
  now: OnCallAnswer | null;
  next: OnCallAnswer | null;
  /** The next 14 days, in order; holes are told as `gaps`. */
  turns: OnCallAnswer[];
  gaps: { fromMs: number; toMs: number }[];
  /** Names of escalation policies that use it. */
  usedBy: string[];
  /** Sentences: nobody is on call next week, somebody on call has no receiver, somebody was disabled. */
  warnings: string[];
  version: number;
}

/** GET /api/v1/schedules */
export interface ScheduleListAnswer {
  nowMs: number;
  schedules: ScheduleAnswer[];
  /** People a rotation can name. */
  people: OnCallPerson[];
}

/** `receivers`: uuids of what reaches this person; without any, an escalation to them reaches nobody. */
export interface OnCallPerson {
  id: string;
  name: string;
  email: string;
  receivers: string[];
}

/** PUT /api/v1/people/:id/receivers → OnCallPerson */
export interface PersonReceiversRequest {
  receivers: string[];
}

/** POST /api/v1/schedules, PUT /api/v1/schedules/:id → ScheduleAnswer ; POST …/preview → SchedulePreviewAnswer */
export interface ScheduleRequest {
  title: string;
  zone: string;
  rotations: (Omit<RotationAnswer, 'id'> & { id?: string | undefined })[];
}
export interface SchedulePreviewAnswer {
  turns: OnCallAnswer[];
  gaps: { fromMs: number; toMs: number }[];
}

/** POST /api/v1/schedules/:id/overrides → ScheduleAnswer ; DELETE …/overrides/:override */
export interface OverrideRequest {
  personId: string;
  fromMs: number;
  toMs: number;
  reason?: string | undefined;
}

/** GET /api/v1/on-call : for a wallboard, a chat bot. */
export interface OnCallNowAnswer {
  nowMs: number;
  schedules: { id: string; title: string; now: OnCallAnswer | null; next: OnCallAnswer | null }[];
}

/** id: uuid. */
export interface EscalationTarget {
  kind: 'receiver' | 'schedule';
  id: string;
}

export interface EscalationLevel {
  /** After the level before (the first: after the alert). */
  delayMinutes: number;
  targets: EscalationTarget[];
}

export interface EscalationPolicyAnswer {
  id: string;
  title: string;
  /** `After 5 min: Slack ops; after 10 min more: whoever is on call in Primary. Gone through 3 times.` */
  sentence: string;
  levels: EscalationLevel[];
  /** How often the whole ladder is gone through until somebody acknowledges, 1–10. */
  rounds: number;
  usedBy: string[];
}

/** GET /api/v1/escalation-policies ; POST, PUT …/:id → EscalationPolicyAnswer ; DELETE …/:id */
export interface EscalationPolicyListAnswer {
  policies: EscalationPolicyAnswer[];
}
export interface EscalationPolicyRequest {
  title: string;
  levels: EscalationLevel[];
  rounds?: number | undefined;
}

/** All routes that fit count, the fallback only where none does. Empty lists fit everything. */
export interface RouteAnswer {
  id: string;
  name: string;
  isEnabled: boolean;
  isFallback: boolean;
  apps: string[];
  severities: Severity[];
  subjectKinds: SubjectKind[];
  /** Told at once and of everything that becomes of it; uuids. */
  receivers: string[];
  /** uuids. */
  escalationPolicies: string[];
}

/** GET /api/v1/notification-routes, in the order they are shown. */
export interface RouteListAnswer {
  routes: RouteAnswer[];
  /** Severities and apps that nobody would be told of. */
  warnings: string[];
}

/** POST /api/v1/notification-routes, PUT …/:id → RouteAnswer ; DELETE …/:id */
export interface RouteRequest {
  name: string;
  isEnabled?: boolean | undefined;
  isFallback?: boolean | undefined;
  apps?: string[] | undefined;
  severities?: Severity[] | undefined;
  subjectKinds?: SubjectKind[] | undefined;
  receivers?: string[] | undefined;
  escalationPolicies?: string[] | undefined;
}

/** POST /api/v1/notification-routes/preview {app, severity, subjectKind?} */
export interface RoutePreviewRequest {
  app: string;
  severity: Severity;
  subjectKind?: SubjectKind | undefined;
}
export interface RoutePreviewAnswer {
  routes: string[];
  receivers: { id: string; name: string; afterMinutes: number; via: string }[];
}
