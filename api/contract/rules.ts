/** Rules: everything that alerts and is no objective's burn. */

import type { HeldReason } from '../../model/alert.ts';
import type { OnNoData, RuleKind, RuleSettings } from '../../model/rule.ts';
import type { RuleField } from '../../model/rule-kinds.ts';
import type { Severity } from '../../model/slo.ts';
import type { Columns } from './time.ts';

/** One thing a rule watches (a dyno, a code, an add-on, or `` for the app as a whole), and how it stands. */
export interface RuleKeyAnswer {
  key: string;
  state: 'ok' | 'pending' | 'firing' | 'recovering' | 'held';
  sinceMs: number | null;
  held: { reason: HeldReason; sinceMs: number } | null;
  value: number | null;
}

export interface RuleAnswer {
  id: string;
  app: string;
  kind: RuleKind;
  title: string;
  /** What it does, in words: `Tickets when p95 is over 800 ms for 5 min.` */
  sentence: string;
  severity: Severity;
  isOn: boolean;
  settings: RuleSettings;
  forMinutes: number;
  keepFiringMinutes: number;
  onNoData: OnNoData;
  runbookUrl: string;
  /** Made for every new app, and not edited since. */
  isDefault: boolean;
  /** Grows with every edit. */
  version: number;
  /** Worst of its keys; `ok` without any. */
  state: RuleKeyAnswer['state'];
  keys: RuleKeyAnswer[];
  lastFiredMs: number | null;
  /** Of the last 30 days. */
  firings: number;
  acknowledged: number;
  /** Never acknowledged in its last five firings. */
  isNoisy: boolean;
  incidentId: string | null;
  /**
   * Of rules about what is usual, while the app is too young to know it: they say nothing yet, which is no "all is
   * well". null once it is known, and for other rules.
   */
  learning: { day: number; of: number } | null;
}

/** GET /api/v1/rules?app */
export interface RuleListAnswer {
  nowMs: number;
  rules: RuleAnswer[];
}

/** GET /api/v1/rules/kinds : what can be made, with the form of each. */
export interface RuleKindsAnswer {
  kinds: {
    kind: RuleKind;
    title: string;
    /** What it is good for, one sentence. */
    help: string;
    fields: RuleField[];
    defaults: {
      severity: Severity;
      forMinutes: number;
      keepFiringMinutes: number;
      onNoData: OnNoData;
      settings: RuleSettings;
    };
    /** Whether stored history can say what it would have done. */
    canBacktest: boolean;
  }[];
}

/** POST /api/v1/apps/:app/rules → RuleAnswer ; PUT /api/v1/apps/:app/rules/:id takes the same. */
export interface RuleRequest {
  kind: RuleKind;
  /** What is left out has the default of its kind. */
  title?: string | undefined;
  severity?: Severity | undefined;
  isOn?: boolean | undefined;
  settings?: Record<string, unknown> | undefined;
  forMinutes?: number | undefined;
  keepFiringMinutes?: number | undefined;
  onNoData?: OnNoData | undefined;
  runbookUrl?: string | undefined;
}

/** PATCH /api/v1/apps/:app/rules/:id → RuleAnswer : the switches of the list. DELETE …/rules/:id removes it. */
export interface RuleSwitchRequest {
  isOn?: boolean | undefined;
  severity?: Severity | undefined;
}

/** POST /api/v1/apps/:app/rules/preview {rule, days?} : what it would have done. Nothing is saved. */
export interface RulePreviewRequest {
  rule: RuleRequest;
  /** 1 to 30, default 14. */
  days?: number | undefined;
}
export interface RulePreviewAnswer {
  fromMs: number;
  toMs: number;
  /** `Would have paged 3 times in 14 days.` */
  sentence: string;
  firings: { fromMs: number; toMs: number | null; key: string; peak: number | null }[];
  perWeek: number;
  /** What was watched, one series a key (worst ten), and `threshold`. */
  series: Columns;
  unit: string;
  warnings: string[];
}

/** POST /api/v1/apps/:app/rules/defaults {} : makes again what a new app has and this one lacks. */
export interface RuleDefaultsAnswer {
  created: string[];
}
