/** What a form about an objective holds while it is typed, and the definition it means. Nothing is judged here. */
import type { Budgeting, Indicator, Period, SloDefinition, Tier } from '../../model/slo.ts';
import { parseTarget } from '../../model/target.ts';
import { defaultTiersFor } from '../../model/tiers.ts';
import { browserZone, minutesText, parseMinutes } from '../localTime.ts';
import { splitList } from '../parts/inputs.tsx';
import { formatTarget, targetOfPercent } from '../sloWords.ts';

export interface TierDraft {
  /** Keeps inputs in place while rows come and go. */
  key: number;
  severity: Tier['severity'];
  long: string;
  short: string;
  factor: string;
  forMinutes: string;
  keepFiringMinutes: string;
  minBad: string;
}

export interface SloDraft {
  title: string;
  description: string;
  kind: Indicator['kind'];
  codes: Record<string, boolean>;
  badStatuses: string;
  thresholdMs: string;
  excludeLongLived: boolean;
  members: string[];
  processTypes: string;
  methods: string;
  hosts: string;
  pathShapes: string;
  excludedPathShapes: string;
  percent: string;
  periodKind: 'rolling' | 'week' | 'month' | 'quarter';
  days: string;
  zone: string;
  budgeting: Budgeting['kind'];
  sliceMinutes: string;
  slicePercent: string;
  tiers: TierDraft[];
  useCoverage: boolean;
  holdOnMissing: boolean;
  tags: string;
  runbookUrl: string;
  budgetAlerts: string;
}

let keys = 0;

export function tierDraft(tier: Tier): TierDraft {
  keys++;
  return {
    key: keys,
    severity: tier.severity,
    long: shortMinutes(tier.longMinutes),
    short: shortMinutes(tier.shortMinutes),
    factor: String(Number(tier.factor.toPrecision(6))),
    forMinutes: String(tier.forMinutes),
    keepFiringMinutes: String(tier.keepFiringMinutes),
    minBad: String(tier.minBad),
  };
}

const shortMinutes = (minutes: number) => minutesText(minutes).replace('\u00a0', ' ');

export function newDraft(): SloDraft {
  const draft: SloDraft = {
    title: '',
    description: '',
    kind: 'availability',
    codes: {},
    badStatuses: '',
    thresholdMs: '1000',
    excludeLongLived: true,
    members: [],
    processTypes: '',
    methods: '',
    hosts: '',
    pathShapes: '',
    excludedPathShapes: '',
    percent: '99.9',
    periodKind: 'rolling',
    days: '30',
    zone: browserZone(),
    budgeting: 'occurrences',
    sliceMinutes: '5',
    slicePercent: '99',
    tiers: [],
    useCoverage: true,
    holdOnMissing: true,
    tags: '',
    runbookUrl: '',
    budgetAlerts: '50, 25, 10, 0',
  };
  return { ...draft, tiers: usualTiers(draft) };
}

export function draftOf(definition: SloDefinition): SloDraft {
  const { indicator, scope, period, budgeting } = definition;
  const start = newDraft();
  return {
    ...start,
    title: definition.title,
    description: definition.description,
    kind: indicator.kind,
    ...(indicator.kind === 'availability' && {
      codes: indicator.codes,
      badStatuses: indicator.badStatuses.join(', '),
    }),
    ...(indicator.kind === 'latency' && {
      thresholdMs: String(indicator.thresholdMs),
      excludeLongLived: indicator.excludeLongLived,
    }),
    ...(indicator.kind === 'composite' && { members: indicator.members }),
    processTypes: scope.processTypes.join(', '),
    methods: scope.methods.join(', '),
    hosts: scope.hosts.join(', '),
    pathShapes: scope.pathShapes.join(', '),
    excludedPathShapes: scope.excludedPathShapes.join(', '),
    percent: formatTarget(definition.target).replace(/[^\d.]/g, ''),
    ...(period.kind === 'rolling'
      ? { periodKind: 'rolling' as const, days: String(period.days) }
      : { periodKind: period.unit, zone: period.zone }),
    budgeting: budgeting.kind,
    ...(budgeting.kind !== 'occurrences' && {
      sliceMinutes: String(budgeting.sliceMinutes),
      slicePercent: formatTarget(budgeting.sliceTarget).replace(/[^\d.]/g, ''),
    }),
    tiers: definition.tiers.map(tierDraft),
    useCoverage: definition.useCoverage,
    holdOnMissing: definition.holdOnMissing,
    tags: definition.tags.join(', '),
    runbookUrl: definition.runbookUrl,
    budgetAlerts: definition.budgetAlerts.join(', '),
  };
}

export function periodOf(draft: SloDraft): Period {
  return draft.periodKind === 'rolling'
    ? { kind: 'rolling', days: numberOf(draft.days) }
    : { kind: 'calendar', unit: draft.periodKind, zone: draft.zone.trim() };
}

/** The four usual tiers for the period and target of a draft; none while these cannot be read. */
export function usualTiers(draft: Pick<SloDraft, 'percent' | 'periodKind' | 'days' | 'zone'>): TierDraft[] {
  const target = parseTarget(targetOfPercent(draft.percent));
  const period = periodOf(draft as SloDraft);
  if (!target.ok || (period.kind === 'rolling' && !(period.days >= 1 && period.days <= 366))) return [];
  return defaultTiersFor(period, target.value).map(tierDraft);
}

/** Not a number becomes NaN, which JSON sends as null: the server says at which field. */
function numberOf(text: string): number {
  const trimmed = text.trim().replace(',', '.');
  return trimmed === '' ? Number.NaN : Number(trimmed);
}

export function definitionOf(draft: SloDraft): SloDefinition {
  return {
    title: draft.title.trim(),
    description: draft.description.trim(),
    indicator: indicatorOf(draft),
    scope: {
      processTypes: splitList(draft.processTypes),
      methods: splitList(draft.methods).map((method) => method.toUpperCase()),
      hosts: splitList(draft.hosts).map((host) => host.toLowerCase()),
      pathShapes: splitList(draft.pathShapes),
      excludedPathShapes: splitList(draft.excludedPathShapes),
    },
    target: targetOfPercent(draft.percent),
    period: periodOf(draft),
    budgeting:
      draft.budgeting === 'occurrences'
        ? { kind: 'occurrences' }
        : {
            kind: draft.budgeting,
            sliceMinutes: numberOf(draft.sliceMinutes),
            sliceTarget: targetOfPercent(draft.slicePercent),
          },
    tiers: draft.kind === 'composite' ? [] : draft.tiers.map(tierOf),
    useCoverage: draft.useCoverage,
    holdOnMissing: draft.holdOnMissing,
    tags: splitList(draft.tags),
    runbookUrl: draft.runbookUrl.trim(),
    budgetAlerts: splitList(draft.budgetAlerts).map(numberOf),
  };
}

function indicatorOf(draft: SloDraft): Indicator {
  if (draft.kind === 'latency')
    return {
      kind: 'latency',
      thresholdMs: numberOf(draft.thresholdMs),
      excludeLongLived: draft.excludeLongLived,
    };
  if (draft.kind === 'composite') return { kind: 'composite', members: draft.members };
  return { kind: 'availability', codes: draft.codes, badStatuses: splitList(draft.badStatuses) };
}

function tierOf(tier: TierDraft): Tier {
  return {
    severity: tier.severity,
    longMinutes: parseMinutes(tier.long) ?? Number.NaN,
    shortMinutes: parseMinutes(tier.short) ?? Number.NaN,
    factor: numberOf(tier.factor),
    forMinutes: numberOf(tier.forMinutes),
    keepFiringMinutes: numberOf(tier.keepFiringMinutes),
    minBad: numberOf(tier.minBad),
  };
}
