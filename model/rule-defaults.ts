/**
 * The rules that every app begins with: few, and each about something that somebody has to do. What an objective sees
 * (failed and slow requests) is left to objectives.
 */
import type { OnNoData, RuleDraft, RuleKind, SettingsByKind } from './rule.ts';
import { ruleKind } from './rule-kinds.ts';

/** Grows when the list does: apps are given what they lack of it once, and what people deleted stays deleted. */
export const RULE_DEFAULTS_VERSION = 1;

export interface DefaultRule {
  /** Never changes: it says which rule of an app was made from which default. */
  key: string;
  /** Version of the list that it came with. */
  since: number;
  draft: RuleDraft;
}

/**
 * Pages: the two in which nothing else can alert. Without lines every other alert is blind, and where requests stop
 * none fails. A silent drain pages only for apps that usually write each minute (model/rules/drain.ts).
 */
export const RULE_DEFAULTS: readonly DefaultRule[] = [
  make('drain-silent', 'drainSilent', 'Drain silent', {}),
  make('traffic-collapse', 'trafficCollapse', 'Traffic collapse', {}),
  make('crashes', 'crashes', 'Dynos crash again and again', {}),
  make('memory-code', 'memoryCode', 'Memory quota exceeded (R14, R15)', {}),
  make('memory-leak', 'memoryLeak', 'Memory leak reaches the quota before the daily restart', {}),
  make('release-phase', 'releasePhaseFailed', 'Release phase failed', {}),
  make('drain-dropping', 'drainDropping', 'Heroku drops log lines', {}),
  make('incomplete', 'incompleteData', 'Incomplete data', {}),
  make('addon-connections', 'addon', 'Add-on nearly out of connections', {
    measure: 'connections',
    value: 0.9,
  }),
  make('addon-disk', 'addon', 'Add-on nearly out of disk', { measure: 'disk', value: 0.9 }),
];

function make<Kind extends RuleKind>(
  key: string,
  kind: Kind,
  title: string,
  settings: Partial<SettingsByKind[Kind]>,
): DefaultRule {
  const spec = ruleKind(kind);
  if (spec === undefined) throw new Error(`no kind of rule ${kind}`);
  const { severity, forMinutes, keepFiringMinutes, onNoData } = spec.defaults;
  const common = { title, severity, isOn: true, forMinutes, keepFiringMinutes, runbookUrl: '' };
  const draft: unknown = {
    ...common,
    kind,
    onNoData: onNoData satisfies OnNoData,
    settings: { ...spec.defaults.settings, ...settings },
  };
  // checkRule holds for each of them: rule-check.test.ts.
  return { key, since: 1, draft: draft as RuleDraft };
}
