/** Objectives as OpenSLO v1: one self-contained SLO document each, and the one target their policies name. */
import { stringify } from 'yaml';
import {
  ANNOTATION,
  API_VERSION,
  type NamedSlo,
  nameOf,
  ROUTER_SOURCE,
  shorthandOf,
  TAG_LABEL,
} from './openslo.ts';
import type { Budgeting, Period, SloDefinition, SloScope, Tier } from './slo.ts';

/** Written before anything else, so that a reader of the file knows what the target means. */
const TARGET_NAME = 'drainboard';

/** YAML documents, or with `json` one JSON list of the same. */
export function exportOpenSlo(slos: readonly NamedSlo[], format: 'yaml' | 'json' = 'yaml'): string {
  const documents = [...slos.map(documentOf), notificationTarget()];
  if (format === 'json') return `${JSON.stringify(documents, null, 2)}\n`;
  return documents
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

function notificationTarget(): object {
  return {
    apiVersion: API_VERSION,
    kind: 'AlertNotificationTarget',
    metadata: { name: TARGET_NAME },
    spec: { description: 'Whoever the routes of Drainboard name', target: TARGET_NAME },
  };
}

function documentOf({ slug, app, definition }: NamedSlo): object {
  return {
    apiVersion: API_VERSION,
    kind: 'SLO',
    metadata: {
      name: slug,
      displayName: definition.title,
      ...(definition.tags.length > 0 && { labels: { [TAG_LABEL]: definition.tags } }),
      annotations: annotationsOf(definition),
    },
    spec: {
      ...(definition.description !== '' && { description: definition.description }),
      service: app,
      ...indicatorOf(slug, app, definition),
      timeWindow: [timeWindowOf(definition.period)],
      budgetingMethod: BUDGETING_METHODS[definition.budgeting.kind],
      objectives: objectivesOf(definition),
      alertPolicies: definition.tiers.map((tier, at) => policyOf(slug, tier, at)),
    },
  };
}

const BUDGETING_METHODS: Record<Budgeting['kind'], string> = {
  occurrences: 'Occurrences',
  timeslices: 'Timeslices',
  ratioTimeslices: 'RatioTimeslices',
};

function annotationsOf({ useCoverage, holdOnMissing, runbookUrl, budgetAlerts, indicator }: SloDefinition) {
  return {
    ...(indicator.kind === 'composite' && { [ANNOTATION.kind]: 'composite' }),
    [ANNOTATION.useCoverage]: String(useCoverage),
    [ANNOTATION.holdOnMissing]: String(holdOnMissing),
    ...(runbookUrl !== '' && { [ANNOTATION.runbookUrl]: runbookUrl }),
    [ANNOTATION.budgetAlerts]: budgetAlerts.join(','),
  };
}

/** A composite has none of its own: its objectives refer to its members. */
function indicatorOf(slug: string, app: string, { indicator, scope }: SloDefinition): object {
  if (indicator.kind === 'composite') return {};
  const source = (more: object) => ({
    metricSource: { type: ROUTER_SOURCE, spec: { app, ...filled(scope), ...more } },
  });
  const metric =
    indicator.kind === 'latency'
      ? { thresholdMetric: source({ excludeLongLived: indicator.excludeLongLived }) }
      : {
          ratioMetric: {
            counter: true,
            bad: source({
              ...(indicator.badStatuses.length > 0 && { badStatuses: indicator.badStatuses }),
              ...(Object.keys(indicator.codes).length > 0 && { codes: indicator.codes }),
            }),
            total: source({}),
          },
        };
  return { indicator: { metadata: { name: nameOf(`${slug.slice(0, 50)}-indicator`) }, spec: metric } };
}

/** Only the lists that narrow something. */
function filled(scope: SloScope): Partial<SloScope> {
  return Object.fromEntries(Object.entries(scope).filter(([, list]) => list.length > 0));
}

const CALENDAR_DURATIONS = { week: '1w', month: '1M', quarter: '1Q' } as const;

function timeWindowOf(period: Period): object {
  if (period.kind === 'rolling') return { duration: `${period.days}d`, isRolling: true };
  return {
    duration: CALENDAR_DURATIONS[period.unit],
    isRolling: false,
    // A Monday, and the first day of a month and of a quarter: right for all three.
    calendar: { startTime: '2024-01-01 00:00:00', timeZone: period.zone },
  };
}

function objectivesOf({ indicator, target, budgeting }: SloDefinition): object[] {
  const promise = {
    target: Number(target),
    ...(budgeting.kind === 'timeslices' && { timeSliceTarget: Number(budgeting.sliceTarget) }),
    ...(budgeting.kind !== 'occurrences' && { timeSliceWindow: shorthandOf(budgeting.sliceMinutes) }),
  };
  if (indicator.kind === 'composite') {
    return indicator.members.map((member) => ({ indicatorRef: member, ...promise }));
  }
  return [indicator.kind === 'latency' ? { op: 'lte', value: indicator.thresholdMs, ...promise } : promise];
}

function policyOf(slug: string, tier: Tier, at: number): object {
  const name = nameOf(`${slug.slice(0, 40)}-${tier.severity}-${at + 1}`);
  return {
    kind: 'AlertPolicy',
    metadata: { name },
    spec: {
      alertWhenBreaching: true,
      alertWhenResolved: true,
      alertWhenNoData: false,
      conditions: [
        {
          kind: 'AlertCondition',
          metadata: {
            name,
            annotations: {
              [ANNOTATION.shortWindow]: shorthandOf(tier.shortMinutes),
              [ANNOTATION.keepFiring]: shorthandOf(tier.keepFiringMinutes),
              [ANNOTATION.minBad]: String(tier.minBad),
            },
          },
          spec: {
            severity: tier.severity,
            condition: {
              kind: 'burnrate',
              op: 'gt',
              threshold: tier.factor,
              lookbackWindow: shorthandOf(tier.longMinutes),
              alertAfter: shorthandOf(tier.forMinutes),
            },
          },
        },
      ],
      notificationTargets: [{ targetRef: TARGET_NAME }],
    },
  };
}
