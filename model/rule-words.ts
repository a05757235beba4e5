/** What rules say of themselves, in words. */
import type { RuleDraft, RuleWhat } from './rule.ts';
import { ruleKind } from './rule-kinds.ts';
import { percentOf } from './rule-reader.ts';
import type { Severity } from './slo.ts';

const VERBS: Record<Severity, string> = { page: 'Pages', ticket: 'Tickets', info: 'Tells' };

/** `Tickets when p95 is at or over 800 ms in the last 5 min, for 2 min.` */
export function ruleSentence(rule: RuleDraft): string {
  const lasting = rule.forMinutes > 0 ? `, for ${rule.forMinutes} min` : '';
  return `${VERBS[rule.severity]} when ${condition(rule)}${lasting}.`;
}

const percent = (ratio: number): string => `${percentOf(ratio)} %`;
const inLast = (minutes: number): string => `in the last ${minutes} min`;

function of(processTypes: readonly string[]): string {
  return processTypes.length === 0 ? 'a dyno' : `a dyno of ${processTypes.join(', ')}`;
}

function side(direction: 'over' | 'under'): string {
  return direction === 'over' ? 'at or over' : 'under';
}

function condition(rule: RuleWhat): string {
  switch (rule.kind) {
    case 'codeRate': {
      const { codes, perMinute, windowMinutes } = rule.settings;
      return `${codes.join(' or ')} comes ${perMinute} times a minute or more ${inLast(windowMinutes)}`;
    }
    case 'failedShare': {
      const { ratio, minRequests, windowMinutes } = rule.settings;
      return `${percent(ratio)} or more of at least ${minRequests} requests failed ${inLast(windowMinutes)}`;
    }
    case 'latency': {
      const { quantile, ms, windowMinutes } = rule.settings;
      return `${quantile} is at or over ${ms} ms ${inLast(windowMinutes)}`;
    }
    case 'requestRate': {
      const { direction, perMinute, windowMinutes } = rule.settings;
      return `requests are ${side(direction)} ${perMinute} a minute ${inLast(windowMinutes)}`;
    }
    case 'memory':
      return `${of(rule.settings.processTypes)} uses ${percent(rule.settings.ratio)} of its memory or more`;
    case 'swap':
      return `${of(rule.settings.processTypes)} swaps ${rule.settings.mb} MB or more`;
    case 'load':
      return `${of(rule.settings.processTypes)} has a load of ${rule.settings.load} or more`;
    case 'restarts':
      return `dynos restart unasked ${rule.settings.count} times or more ${inLast(rule.settings.windowMinutes)}`;
    case 'crashes':
      return `dynos crash ${rule.settings.count} times or more ${inLast(rule.settings.windowMinutes)}`;
    case 'memoryCode':
      return memoryCodes(rule.settings);
    case 'memoryLeak':
      return `${of(rule.settings.processTypes)} will reach its memory quota before the daily restart`;
    case 'addon':
      return addonCondition(rule.settings);
    case 'custom': {
      const { metric, direction, value, windowMinutes } = rule.settings;
      return `${metric} is ${side(direction)} ${value} ${inLast(windowMinutes)}`;
    }
    case 'drainSilent': {
      const { silentMinutes } = rule.settings;
      const long = silentMinutes > 0 ? `for ${silentMinutes} min` : 'for longer than is usual';
      return `no line of the app comes ${long}`;
    }
    case 'drainDropping': {
      const { messages, windowMinutes } = rule.settings;
      return `Heroku dropped ${messages} lines or more ${inLast(windowMinutes)}`;
    }
    case 'incompleteData': {
      const { minutes, windowMinutes } = rule.settings;
      return `lines were lost in ${minutes} or more of the last ${windowMinutes} min`;
    }
    case 'trafficCollapse':
      return `requests fall below ${percent(rule.settings.ratio)} of what is usual at this time of the week`;
    case 'anomaly':
      return anomalyCondition(rule.settings);
    case 'releasePhaseFailed':
      return 'the release phase fails';
  }
}

function memoryCodes({ codes, minMinutes }: { codes: string[]; minMinutes: number }): string {
  const said = [
    ...(codes.includes('R14') ? [`R14 lasts ${minMinutes} min`] : []),
    ...(codes.includes('R15') ? ['R15 comes'] : []),
  ];
  return said.join(' or ');
}

type SettingsOf<Kind extends RuleWhat['kind']> = Extract<RuleWhat, { kind: Kind }>['settings'];

function addonCondition({ measure, metric, addon, direction, value }: SettingsOf<'addon'>): string {
  const choice = ruleKind('addon')
    ?.fields.find(({ name }) => name === 'measure')
    ?.choices.find((known) => known.value === measure);
  const what = measure === 'metric' ? metric : (choice?.label ?? measure).toLowerCase();
  const isShare = ['connections', 'cacheHits', 'disk', 'memory', 'iops'].includes(measure);
  const bound = isShare ? percent(value) : String(value);
  return `${what} of ${addon === '' ? 'an add-on' : addon} is ${side(direction)} ${bound}`;
}

function anomalyCondition({ metric, direction }: SettingsOf<'anomaly'>): string {
  const choice = ruleKind('anomaly')
    ?.fields.find(({ name }) => name === 'metric')
    ?.choices.find((known) => known.value === metric);
  const far = { both: 'far from', over: 'far above', under: 'far below' }[direction];
  return `${(choice?.label ?? metric).toLowerCase()} are or is ${far} what is usual at this time of the week`
    .replace('requests are or is', 'requests are')
    .replace(' are or is', ' is');
}
