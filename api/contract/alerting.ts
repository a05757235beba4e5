/** Whether alerting itself works, the whole configuration as one file, and what open pages are told. */
import type { SubjectKind } from '../../model/alert-change.ts';
import type { ReceiverKind } from '../../model/delivery.ts';
import type { Severity } from '../../model/slo.ts';
import type { ScheduleRequest } from './schedules.ts';

/** SSE event `alerts`: at once, and when it changes (looked at every 5 s). Without an id. */
export interface AlertsMessage {
  atMs: number;
  /** Open incidents, by severity, of the apps the stream is for. */
  open: Record<Severity, number>;
  /** Of those, not acknowledged. */
  unacknowledged: number;
  /** Newest change of any incident, epoch ms: lists that are older ask again. */
  changedAtMs: number | null;
}

/** GET /api/v1/alerting/health : the watchman, watched. */
export interface AlertingHealthAnswer {
  nowMs: number;
  state: 'ok' | 'late' | 'broken' | 'unknown';
  /** Sentences, worst first; empty when all is well. */
  problems: { code: string; text: string }[];
  /** Newest whole round of an evaluating process. */
  lastRoundMs: number | null;
  /** How far the most behind objective or rule is behind its closed minutes, ms. */
  evaluationLagMs: number | null;
  /** Age of the oldest notification that is due, ms; null when none waits. */
  outboxAgeMs: number | null;
  /** Given up in the last 24 h. */
  deadDeliveries: number;
  /** The outside watchdog: `lastSentMs` null when no address is set or none was tried; reason of the last failure. */
  heartbeat: { lastSentMs: number | null; reason: string };
  /** A line sent through the whole path each minute; null before the first. */
  synthetic: { lastSentMs: number | null; lastSeenMs: number | null } | null;
}

/**
 * GET /api/v1/config ; POST /api/v1/config {file, dryRun?} → ConfigImportAnswer. Holds no secrets. Things are named as
 * people name them: apps, receivers, schedules, policies by name, people by e-mail, objectives as `app/slug`.
 */
export interface ConfigFile {
  format: 'drainboard.config';
  version: 1;
  exportedAtMs: number;
  apps: {
    name: string;
    customMetrics: boolean;
    strictTokens: boolean;
    /** model/slo.ts, SloDefinition; members of composites as `app/slug`. */
    slos: { slug: string; definition: Record<string, unknown> }[];
    /** model/rule.ts, RuleDraft. */
    rules: Record<string, unknown>[];
  }[];
  /** `secretsNeeded`: what must be typed in again after an import. */
  receivers: {
    name: string;
    kind: ReceiverKind;
    settings: Record<string, unknown>;
    secretsNeeded: string[];
    isEnabled: boolean;
    tellsOwners: boolean;
  }[];
  /** How people on call are reached. */
  people: { email: string; receivers: string[] }[];
  schedules: ScheduleRequest[];
  escalationPolicies: {
    title: string;
    rounds: number;
    levels: { delayMinutes: number; targets: { kind: 'receiver' | 'schedule'; name: string }[] }[];
  }[];
  routes: {
    name: string;
    isEnabled: boolean;
    isFallback: boolean;
    apps: string[];
    severities: Severity[];
    subjectKinds: SubjectKind[];
    receivers: string[];
    escalationPolicies: string[];
  }[];
}

export interface ConfigImportRequest {
  file: ConfigFile;
  dryRun?: boolean | undefined;
}
export interface ConfigImportAnswer {
  dryRun: boolean;
  /** false: nothing was changed, for something was refused or it was a dry run. */
  isKept: boolean;
  /** One line a thing, in the order of the file. Nothing is removed. When one is refused, nothing is changed. */
  changes: {
    what: 'app' | 'slo' | 'rule' | 'receiver' | 'person' | 'schedule' | 'escalationPolicy' | 'route';
    name: string;
    outcome: 'created' | 'changed' | 'unchanged' | 'refused';
    faults: string[];
  }[];
  /** Drain addresses of apps that were made; each holds a secret shown this once. */
  created: { app: string; drainUrl: string; commands: string[] }[];
  /** Receivers that cannot send until their secrets are typed in. */
  secretsNeeded: { receiver: string; secrets: string[] }[];
}
