/** A rule: whatever alerts and is no objective's burn. Its kinds are a closed list, each with settings of its own. */
import type { Severity } from './slo.ts';

/** Which side of a value is bad. `over`: at it or above; `under`: below it. */
export type Direction = 'over' | 'under';
export type QuantileName = 'p50' | 'p95' | 'p99';
/** What an add-on reports, under whatever name it does; `metric` takes a name as written. */
export type AddonMeasure =
  | 'connections'
  | 'waitingConnections'
  | 'cacheHits'
  | 'evictions'
  | 'disk'
  | 'replicationLag'
  | 'load'
  | 'memory'
  | 'iops'
  | 'metric';
export type AnomalyMetric = 'requests' | 'p50' | 'p95' | 'failedShare' | 'memory' | 'load';

/** Settings by kind. A window is the last minutes that are judged together; empty process types are all of them. */
export interface SettingsByKind {
  /** Lines with one of the codes, a minute, over the window; each code for itself. */
  codeRate: { codes: string[]; perMinute: number; windowMinutes: number };
  /** Failed requests as a fraction of those that count. */
  failedShare: { ratio: number; minRequests: number; windowMinutes: number };
  latency: { quantile: QuantileName; ms: number; minRequests: number; windowMinutes: number };
  requestRate: { direction: Direction; perMinute: number; windowMinutes: number };
  /** Memory of the worst dyno of each process type as a fraction of its quota. */
  memory: { ratio: number; processTypes: string[]; windowMinutes: number };
  swap: { mb: number; processTypes: string[]; windowMinutes: number };
  load: { load: number; processTypes: string[]; windowMinutes: number };
  /** Starts that were neither the daily cycle nor a release. */
  restarts: { count: number; processTypes: string[]; windowMinutes: number };
  crashes: { count: number; processTypes: string[]; windowMinutes: number };
  /** R14 that lasts so long; R15, which ends a dyno, at once. */
  memoryCode: { codes: string[]; minMinutes: number; processTypes: string[] };
  /** Memory that grows to its quota before the daily restart. */
  memoryLeak: { processTypes: string[] };
  addon: {
    measure: AddonMeasure;
    /** Name as written, for measure `metric`; else ''. */
    metric: string;
    /** Name of one add-on; '' for all. */
    addon: string;
    direction: Direction;
    value: number;
    windowMinutes: number;
  };
  custom: { metric: string; direction: Direction; value: number; windowMinutes: number };
  /** 0 minutes: as long as is unusual for the app. */
  drainSilent: { silentMinutes: number };
  /** Lines that Logplex reports as dropped (L10). */
  drainDropping: { messages: number; windowMinutes: number };
  /** Minutes of the window with known losses. */
  incompleteData: { minutes: number; windowMinutes: number };
  /** Requests far below what they are at this time of the week, while the drain is alive. */
  trafficCollapse: { ratio: number; score: number; zone: string };
  anomaly: { metric: AnomalyMetric; direction: Direction | 'both'; score: number; zone: string };
  /** Over when a later one succeeds, or after so many minutes. */
  releasePhaseFailed: { clearAfterMinutes: number };
}

export type RuleKind = keyof SettingsByKind;
export type RuleSettings = SettingsByKind[RuleKind];
/** What missing data does: stands still, counts as bad, counts as good. */
export type OnNoData = 'hold' | 'alert' | 'ok';

/** A kind with its settings. */
export type RuleWhat = { [Kind in RuleKind]: { kind: Kind; settings: SettingsByKind[Kind] } }[RuleKind];

/** What people decide about a rule. */
export type RuleDraft = RuleWhat & {
  title: string;
  severity: Severity;
  isOn: boolean;
  /** The condition must have been true for so long without a break; 0: at once. */
  forMinutes: number;
  keepFiringMinutes: number;
  onNoData: OnNoData;
  /** '' for none. */
  runbookUrl: string;
};

export type Rule = RuleDraft & {
  id: number;
  publicId: string;
  appId: number;
  /** Made for every new app, and not edited since. */
  isDefault: boolean;
  /** Grows with every edit. */
  version: number;
};

/** What is wrong with a rule, in words. */
export interface RuleFault {
  /** `settings.windowMinutes`. */
  path: string;
  text: string;
  /** What to write instead; '' when it is plain. */
  advice: string;
}
