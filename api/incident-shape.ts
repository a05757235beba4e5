/** Incidents as the contract's rows. */
import type { Incident } from '../model/incident.ts';
import type { SloDefinition } from '../model/slo.ts';
import type { AppRow } from '../store/apps.ts';
import type { IncidentRow } from '../store/incidents.ts';
import type { RuleRow } from '../store/rules.ts';
import type { SloRow } from '../store/slos.ts';
import type { IncidentRow as IncidentAnswerRow } from './contract/incidents.ts';
import { sayFailure } from './incident-text.ts';

/** What incidents are named by. */
export interface IncidentNames {
  apps: readonly AppRow[];
  slos: readonly SloRow[];
  rules: readonly RuleRow[];
}

export function toIncidentRow(incident: IncidentRow, names: IncidentNames, nowMs: number): IncidentAnswerRow {
  const { acknowledged, resolved, evidence } = incident;
  return {
    id: incident.id,
    number: incident.number,
    app: names.apps.find((app) => app.id === incident.appId)?.name ?? '',
    title: incident.title,
    state: incident.state,
    severity: incident.severity,
    worstSeverity: incident.worstSeverity,
    subject: {
      kind: incident.subject.kind,
      id: subjectId(incident, names),
      title: evidence.title ?? incident.title,
      key: incident.subject.kind === 'rule' ? incident.subject.key : '',
    },
    openedAtMs: incident.openedAtMs,
    firingSinceMs: incident.startedAtMs,
    resolvedAtMs: resolved?.atMs ?? null,
    resolution: resolved === null ? '' : resolutionOf(resolved),
    acknowledgedAtMs: acknowledged?.atMs ?? null,
    acknowledgedBy: acknowledged?.by ?? null,
    acknowledgeReason: acknowledged?.reason ?? '',
    snoozedUntilMs: incident.snoozed?.untilMs ?? null,
    withheld: incident.withheld,
    reopened: incident.reopened,
    isFlapping: incident.flappingSinceMs !== null,
    held: incident.held,
    detectedLateMs: incident.detectedLateMs,
    isOverBeforeTold: incident.isOverBeforeTold,
    summary: sayFailure(evidence, nowMs, indicatorOf(incident, names)),
    budgetRemaining: evidence.budgetRemaining ?? null,
  };
}

function resolutionOf({ by, reason }: NonNullable<Incident['resolved']>): string {
  return by === null ? reason || 'recovered' : `by ${by}${reason === '' ? '' : `: ${reason}`}`;
}

function indicatorOf({ subject }: IncidentRow, { slos }: IncidentNames): SloDefinition['indicator'] | null {
  if (subject.kind === 'rule') return null;
  return slos.find((slo) => slo.id === subject.sloId)?.version.definition.indicator ?? null;
}

function subjectId({ subject }: IncidentRow, { slos, rules }: IncidentNames): string | null {
  if (subject.kind === 'rule') return rules.find((rule) => rule.id === subject.ruleId)?.publicId ?? null;
  return slos.find((slo) => slo.id === subject.sloId)?.publicId ?? null;
}
