/** Objectives in words: what is promised, over what, which lines count, when a tier alerts, what a version changed. */
import { HEROKU_CODES } from '../model/codes.ts';
import { sayCount, sayNumber, sayShare, sayTarget, sayWindow } from '../model/notice-numbers.ts';
import type { Budgeting, Period, SloDefinition, SloScope, Tier } from '../model/slo.ts';
import { budgetShare } from '../model/tiers.ts';
import type { CountingAnswer } from './contract/slos.ts';

/** `99.9 % of requests succeed`, `95 % of GET requests to /cart/* within 800 ms`, `99.9 % over 3 objectives`. */
export function sayObjective({ indicator, scope, target }: SloDefinition): string {
  const share = sayTarget(target);
  if (indicator.kind === 'composite') return `${share} over ${indicator.members.length} objectives`;
  const requests = sayRequests(scope);
  return indicator.kind === 'latency'
    ? `${share} of ${requests} within ${sayNumber(indicator.thresholdMs)} ms`
    : `${share} of ${requests} succeed`;
}

/** `30 days`, `calendar month (Europe/Berlin)`. */
export function sayPeriod(period: Period): string {
  if (period.kind === 'calendar') return `calendar ${period.unit} (${period.zone})`;
  return period.days === 1 ? '1 day' : `${period.days} days`;
}

/** `requests`, `GET requests of web to /cart/*`. */
function sayRequests(scope: SloScope): string {
  const parts = [
    scope.methods.length > 0 ? `${sayList(scope.methods, 'or')} requests` : 'requests',
    scope.processTypes.length > 0 ? `of ${sayList(scope.processTypes, 'and')}` : '',
    scope.hosts.length > 0 ? `for ${sayList(scope.hosts, 'and')}` : '',
    scope.pathShapes.length > 0 ? `to ${sayList(scope.pathShapes, 'and')}` : '',
    scope.excludedPathShapes.length > 0 ? `except to ${sayList(scope.excludedPathShapes, 'and')}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** Of long lists the first three, and how many more. */
function sayList(words: readonly string[], joint: 'and' | 'or'): string {
  if (words.length > 4) return `${words.slice(0, 3).join(', ')} ${joint} ${words.length - 3} more`;
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1) ?? ''}`;
}

/** `1h`, `5m`, `3d`: windows as the burn table names them. */
export function nameWindow(minutes: number): string {
  if (minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

/** `Pages if 2 % of the 30-day budget goes in 1 h (14.4×) and is still going in the last 5 min. Now 0.8×.` */
export function sayTier(tier: Tier, period: Period, burn: number | null): string {
  const does = tier.severity === 'page' ? 'Pages' : 'Opens a ticket';
  const share = sayShare(budgetShare(tier, period));
  const budget = period.kind === 'rolling' ? `${period.days}-day budget` : `${period.unit}'s budget`;
  const long = tier.longMinutes === 60 ? '1 h' : sayWindow(tier.longMinutes);
  const now = burn === null ? 'No requests now.' : `Now ${sayNumber(burn)}×.`;
  const last = `in the last ${sayWindow(tier.shortMinutes)}`;
  return `${does} if ${share} of the ${budget} goes in ${long} (${sayNumber(tier.factor)}×) and is still going ${last}. ${now}`;
}

/** Which lines are good, bad, or ignored: sentences of the page and of the form. */
export function sayCounting(definition: SloDefinition): CountingAnswer {
  const { indicator } = definition;
  if (indicator.kind === 'composite') {
    return {
      good: [`What is good for each of the ${indicator.members.length} members, added up.`],
      bad: ['What is bad for any member, added up. The status is that of the least healthy one.'],
      ignored: ['What a member ignores.'],
    };
  }
  const counting = indicator.kind === 'latency' ? countLatency(indicator) : countAvailability(indicator);
  const outside = sayOutside(definition.scope);
  if (outside !== '') counting.ignored.push(outside);
  if (definition.budgeting.kind !== 'occurrences') counting.bad.push(saySlices(definition.budgeting));
  return counting;
}

const H_CODES = HEROKU_CODES.filter(({ code }) => code.startsWith('H'));

function countAvailability(indicator: Extract<SloDefinition['indicator'], { kind: 'availability' }>) {
  const isCounted = ({ code, counts, defaultCounted }: (typeof H_CODES)[number]): boolean =>
    (counts === 'configurable' ? indicator.codes[code] : undefined) ?? defaultCounted;
  const counted = H_CODES.filter(isCounted).map(({ code }) => code);
  const ignored = H_CODES.filter((code) => !isCounted(code)).map(({ code }) => code);
  const { badStatuses } = indicator;
  const statuses =
    badStatuses.length > 0 ? [`Statuses ${badStatuses.join(', ')}, where the line has no code.`] : [];
  return {
    good: ['Every other answer: 1xx, 2xx, 3xx, and 4xx.'],
    bad: ['Answers of 500 and more.', `Lines with a code of ${counted.join(', ')}.`, ...statuses],
    ignored: [`Lines with ${ignored.join(', ')}, unless they were answered 2xx or 3xx.`, 'Status 499.'],
  };
}

function countLatency({ thresholdMs, excludeLongLived }: { thresholdMs: number; excludeLongLived: boolean }) {
  const longLived =
    'H15, and answers of more than 30 s without a code: event streams, long polls, downloads.';
  return {
    good: [`Requests with a service time of ${sayCount(thresholdMs)} ms or less.`],
    bad: [
      `Requests with a service time over ${sayCount(thresholdMs)} ms.`,
      'Requests that failed without a duration of their own: H12, H13 and the like.',
    ],
    ignored: [
      'Connections that were upgraded (101), and H27, H28, H80 to H83: they have no duration of the app.',
      ...(excludeLongLived ? [longLived] : []),
    ],
  };
}

function sayOutside(scope: SloScope): string {
  const parts = [
    scope.methods.length > 0 ? `methods other than ${sayList(scope.methods, 'and')}` : '',
    scope.processTypes.length > 0 ? `process types other than ${sayList(scope.processTypes, 'and')}` : '',
    scope.hosts.length > 0 ? `hosts other than ${sayList(scope.hosts, 'and')}` : '',
    scope.pathShapes.length > 0 ? `paths other than ${sayList(scope.pathShapes, 'and')}` : '',
    scope.excludedPathShapes.length > 0 ? `the paths ${sayList(scope.excludedPathShapes, 'and')}` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `Everything outside of it: ${parts.join('; ')}.`;
}

function saySlices(budgeting: Exclude<Budgeting, { kind: 'occurrences' }>): string {
  return budgeting.kind === 'timeslices'
    ? `The budget counts time: ${budgeting.sliceMinutes} min are bad when fewer than ${sayTarget(budgeting.sliceTarget)} of their requests are good.`
    : `The budget counts time: the share of bad requests of every ${budgeting.sliceMinutes} min, each as much as the others.`;
}

/** What a version changed against the one before, one line a thing. */
export function sayChanges(before: SloDefinition, after: SloDefinition): string[] {
  const lines: string[] = [];
  const add = (name: string, from: string, to: string) => {
    if (from !== to) lines.push(`${name}: ${from} → ${to}`);
  };
  add('Title', before.title, after.title);
  add('Target', sayTarget(before.target), sayTarget(after.target));
  add('Period', sayPeriod(before.period), sayPeriod(after.period));
  if (before.target === after.target) add('Objective', sayObjective(before), sayObjective(after));
  add('Budget in', before.budgeting.kind, after.budgeting.kind);
  const differs = (name: keyof SloDefinition) => JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  if (differs('indicator') && lines.every((line) => !line.startsWith('Objective'))) {
    lines.push('What counts as bad');
  }
  if (differs('scope')) lines.push('Which requests count');
  if (differs('tiers')) lines.push('Burn alerts');
  if (differs('useCoverage')) lines.push(`Coverage: ${after.useCoverage ? 'on' : 'off'}`);
  if (differs('holdOnMissing')) lines.push(`Holding without data: ${after.holdOnMissing ? 'on' : 'off'}`);
  if (differs('budgetAlerts')) lines.push('Budget alerts');
  if (differs('runbookUrl')) lines.push('Runbook');
  if (differs('description')) lines.push('Description');
  if (differs('tags')) lines.push('Tags');
  return lines;
}
