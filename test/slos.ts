/** SLOs for tests. */
import type { Indicator, SloDefinition, SloScope } from '../model/slo.ts';

const EVERYTHING: SloScope = {
  processTypes: [],
  methods: [],
  hosts: [],
  pathShapes: [],
  excludedPathShapes: [],
};

/** Availability of everything at 99.9 % over 30 days, with one tier; what is given is put in its place. */
export function exampleSlo(
  more: Partial<Omit<SloDefinition, 'scope' | 'indicator'>> & {
    scope?: Partial<SloScope>;
    indicator?: Indicator;
  } = {},
): SloDefinition {
  return {
    title: 'Requests succeed',
    description: '',
    target: '0.999',
    period: { kind: 'rolling', days: 30 },
    budgeting: { kind: 'occurrences' },
    tiers: [
      {
        severity: 'page',
        longMinutes: 60,
        shortMinutes: 5,
        factor: 14.4,
        forMinutes: 2,
        keepFiringMinutes: 10,
        minBad: 5,
      },
    ],
    useCoverage: true,
    holdOnMissing: true,
    tags: [],
    runbookUrl: '',
    budgetAlerts: [50, 25, 10, 0],
    ...more,
    indicator: more.indicator ?? { kind: 'availability', codes: {}, badStatuses: [] },
    scope: { ...EVERYTHING, ...more.scope },
  };
}

export function latencyIndicator(thresholdMs: number, excludeLongLived = false): Indicator {
  return { kind: 'latency', thresholdMs, excludeLongLived };
}
