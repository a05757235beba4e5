/** Silences and maintenance windows: when notices are withheld, and what they would withhold. */
import type { Severity } from '../../model/slo.ts';
import type { RepeatRequest } from './slos.ts';

/** All that is given must fit; an empty list fits everything. */
export interface SilenceMatch {
  apps: string[];
  severities: Severity[];
  /** uuids of objectives. */
  slos: string[];
  /** uuids of rules. */
  rules: string[];
  /** Dyno, code, add-on; a trailing `*` fits every rest. */
  keys: string[];
  /** Tags of objectives. */
  tags: string[];
}

export interface SilenceAnswer {
  id: string;
  kind: 'silence' | 'maintenance';
  title: string;
  reason: string;
  author: string;
  match: SilenceMatch;
  /** In words: `every alert of shop and api`. */
  matchText: string;
  fromMs: number;
  toMs: number;
  /** Local times of a repeated window; null for a single span. */
  repeat: RepeatRequest | null;
  repeatText: string;
  state: 'planned' | 'active' | 'over';
  /** Next span of a repeated one; null when there is none. */
  nextFromMs: number | null;
  nextToMs: number | null;
  /** Maintenance: its minutes leave the budgets of the apps it names. */
  correctsBudgets: boolean;
  createdAtMs: number;
  endedBy: string | null;
  /** Open incidents it withholds notices of now. */
  withholds: number;
}

/** GET /api/v1/silences?state=current|over ; over: the newest 100. */
export interface SilenceListAnswer {
  nowMs: number;
  silences: SilenceAnswer[];
  /** Apps in Heroku's maintenance mode (H80 seen in the last 10 min) without a window: offered on the page. */
  offers: { app: string; sinceMs: number; requests: number }[];
}

/** POST /api/v1/silences → SilenceAnswer ; PUT /api/v1/silences/:id takes the same. */
export interface SilenceRequest {
  kind: 'silence' | 'maintenance';
  title?: string | undefined;
  reason: string;
  match: Partial<SilenceMatch>;
  fromMs: number;
  /** For a repeated window: when the repeating ends; at most 400 days ahead. */
  toMs: number;
  repeat?: RepeatRequest | undefined;
  correctsBudgets?: boolean | undefined;
}

/** POST /api/v1/silences/:id/end {} → SilenceAnswer */

/** POST /api/v1/silences/preview : what it fits now and would have withheld. */
export interface SilencePreviewAnswer {
  matchText: string;
  slos: { app: string; id: string; title: string }[];
  rules: { app: string; id: string; title: string }[];
  /** Open incidents whose notices it would withhold. */
  incidents: { id: string; number: number; app: string; title: string; severity: Severity }[];
  /** Notices of the last 7 days that would not have been sent. */
  notices7d: number;
  /** First spans, for a repeated one at most five. */
  spans: { fromMs: number; toMs: number }[];
  /** Such as: it fits every page of every app. */
  warnings: string[];
}
