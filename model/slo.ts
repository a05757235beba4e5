/** A service level objective: what is measured, over which requests, the promise, and when it alerts. */
import type { Result } from './result.ts';
import { readDefinition } from './slo-check.ts';

export type Severity = 'page' | 'ticket' | 'info';

/** Which requests count. An empty list takes all; a `*` at the end of a path shape takes all that begin so. */
export interface SloScope {
  processTypes: string[];
  /** Upper case. */
  methods: string[];
  /** Lower case. */
  hosts: string[];
  /** Shapes of path-shape.ts. */
  pathShapes: string[];
  excludedPathShapes: string[];
}

export type Indicator =
  | {
      kind: 'availability';
      /** Codes whose counting is configurable (outcome.ts): whether they count here. */
      codes: Record<string, boolean>;
      /** More statuses that are bad: `404`, or `4xx` for a whole class. */
      badStatuses: string[];
    }
  | {
      kind: 'latency';
      /** Requests above it are bad, and those that ended without a duration of their own (H12 and its like). */
      thresholdMs: number;
      /** Leaves out connections that live long by nature: WebSockets, event streams, long polls. */
      excludeLongLived: boolean;
    }
  | {
      kind: 'composite';
      /** Public ids of SLOs of any app; pooled events for the budget, the least healthy for the status. */
      members: string[];
    };

/** One pair of windows that alerts. */
export interface Tier {
  severity: 'page' | 'ticket';
  longMinutes: number;
  shortMinutes: number;
  /** Burn rate that both windows must exceed. */
  factor: number;
  forMinutes: number;
  keepFiringMinutes: number;
  /** Bad events that the long window must hold; 0 switches the guard off. */
  minBad: number;
}

export type Period =
  | { kind: 'rolling'; days: number }
  | {
      kind: 'calendar';
      unit: 'week' | 'month' | 'quarter';
      /** IANA name. */
      zone: string;
    };

export type Budgeting =
  | { kind: 'occurrences' }
  | {
      kind: 'timeslices' | 'ratioTimeslices';
      /** Divides an hour. */
      sliceMinutes: number;
      /** Exact decimal: below it a slice is bad. Without meaning for `ratioTimeslices`. */
      sliceTarget: string;
    };

export interface SloDefinition {
  title: string;
  description: string;
  indicator: Indicator;
  scope: SloScope;
  /** Exact decimal between 0 and 1, such as `0.999`. */
  target: string;
  period: Period;
  budgeting: Budgeting;
  tiers: Tier[];
  /** Whether the long window's ratio is scaled by the share of its minutes with data. */
  useCoverage: boolean;
  holdOnMissing: boolean;
  tags: string[];
  /** '' for none. */
  runbookUrl: string;
  /** Per cent of the budget that remains, each told once when crossed. */
  budgetAlerts: number[];
}

/** What is wrong with a definition, in words. */
export interface SloFault {
  /** `tiers.0.factor`. */
  path: string;
  text: string;
  /** What to write instead; '' when it is plain. */
  advice: string;
}

/**
 * A definition from outside, with defaults for what it leaves out (the tiers of its period, all guards on), or
 * every fault at once in words with advice: a tier that can never fire comes with the nearest usable share.
 */
export function checkSlo(definition: unknown): Result<SloDefinition, SloFault[]> {
  return readDefinition(definition);
}
