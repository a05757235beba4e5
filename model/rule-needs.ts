/** Which facts rules are judged by: nothing else is read. */
import type { AnomalyMetric, RuleKind, RuleWhat } from './rule.ts';
import { eventsBackMinutes, lookBackMinutes } from './rule-reading.ts';
import { addonMetricsOf } from './rules/addons.ts';

export interface FactNeeds {
  /** Minutes before the first evaluation: of lines and losses; and, often fewer, of series and of events. */
  lookBackMinutes: number;
  seriesBackMinutes: number;
  eventsBackMinutes: number;
  requests: boolean;
  latencies: boolean;
  codes: Set<string>;
  dynoMetrics: Set<string>;
  /** As facts name them. */
  addonMetrics: Set<string>;
  customs: Set<string>;
  events: boolean;
  /** Metrics of buckets, and the zones of those who ask. */
  anomalies: Set<AnomalyMetric>;
  zones: Set<string>;
  leaks: boolean;
}

/** Losses and lines are judged a few minutes back whatever the rules say. */
const LOOK_BACK_MIN_MINUTES = 10;

/** Kinds that are judged by minutes of series, and by events. */
const SERIES_KINDS: ReadonlySet<RuleKind> = new Set([
  'codeRate',
  'failedShare',
  'latency',
  'requestRate',
  'memory',
  'swap',
  'load',
  'addon',
  'custom',
]);
const EVENT_KINDS: ReadonlySet<RuleKind> = new Set([
  'restarts',
  'crashes',
  'memoryCode',
  'releasePhaseFailed',
]);

/** What the rules of one app need together. */
export function needsOf(rules: Iterable<RuleWhat>): FactNeeds {
  const needs: FactNeeds = {
    lookBackMinutes: LOOK_BACK_MIN_MINUTES,
    seriesBackMinutes: 0,
    eventsBackMinutes: 0,
    requests: false,
    latencies: false,
    codes: new Set(),
    dynoMetrics: new Set(),
    addonMetrics: new Set(),
    customs: new Set(),
    events: false,
    anomalies: new Set(),
    zones: new Set(),
    leaks: false,
  };
  for (const rule of rules) {
    needs.lookBackMinutes = Math.max(needs.lookBackMinutes, lookBackMinutes(rule));
    addNeeds(needs, rule);
    if (SERIES_KINDS.has(rule.kind))
      needs.seriesBackMinutes = Math.max(needs.seriesBackMinutes, lookBackMinutes(rule));
    if (EVENT_KINDS.has(rule.kind))
      needs.eventsBackMinutes = Math.max(needs.eventsBackMinutes, eventsBackMinutes(rule));
  }
  return needs;
}

function addNeeds(needs: FactNeeds, rule: RuleWhat): void {
  switch (rule.kind) {
    case 'codeRate':
      for (const code of rule.settings.codes) needs.codes.add(code);
      break;
    case 'failedShare':
    case 'requestRate':
      needs.requests = true;
      break;
    case 'latency':
      needs.requests = true;
      needs.latencies = true;
      break;
    case 'memory':
      needs.dynoMetrics.add('memory_total').add('memory_quota');
      break;
    case 'swap':
      needs.dynoMetrics.add('memory_swap');
      break;
    case 'load':
      needs.dynoMetrics.add('load_avg_1m');
      break;
    case 'restarts':
    case 'crashes':
    case 'memoryCode':
    case 'releasePhaseFailed':
      needs.events = true;
      break;
    case 'memoryLeak':
      needs.leaks = true;
      break;
    case 'addon':
      for (const metric of addonMetricsOf(rule.settings)) needs.addonMetrics.add(metric);
      break;
    case 'custom':
      needs.customs.add(rule.settings.metric);
      break;
    case 'trafficCollapse':
      needs.anomalies.add('requests');
      needs.zones.add(rule.settings.zone);
      break;
    case 'anomaly':
      needs.anomalies.add(rule.settings.metric);
      needs.zones.add(rule.settings.zone);
      break;
    case 'drainSilent':
    case 'drainDropping':
    case 'incompleteData':
      break;
  }
}
