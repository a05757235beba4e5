/** What stands between an incident and its receivers: silences that fit it, and where its routes lead. Pure. */
import type { EscalationDefinition } from './escalation.ts';
import type { Incident } from './incident.ts';
import { type Route, type Routed, routeAlert } from './routing.ts';
import { type Silence, silenceOf } from './silence.ts';
import type { Gate } from './tell.ts';

/** Everything that says who is told, as it is in one transaction. */
export interface TellingRules {
  routes: readonly Route[];
  /** Those that are not over. */
  silences: readonly Silence[];
  /** Receivers that are there, switched on, and take incidents. */
  receiverIds: ReadonlySet<number>;
  policies: ReadonlyMap<number, { name: string; definition: EscalationDefinition }>;
  /** Tags of objectives, by id; only where a silence asks for any. */
  tagsBySlo: ReadonlyMap<number, readonly string[]>;
}

/** Of the routes of an incident, what still leads to anybody; and whether it is silenced at an instant. */
export function gateOf(
  rules: TellingRules,
  incident: Pick<Incident, 'appId' | 'severity' | 'subject'>,
  atMs: number,
): Gate & { routed: Routed } {
  const { appId, severity, subject } = incident;
  // First who is there: a route whose receivers are all switched off must not keep the fallback from being told.
  const leading = rules.routes.map((route) => ({
    ...route,
    receiverIds: route.receiverIds.filter((id) => rules.receiverIds.has(id)),
    policyIds: route.policyIds.filter((id) => rules.policies.has(id)),
  }));
  const routed = routeAlert(leading, { appId, severity, subjectKind: subject.kind });
  const tags = subject.kind === 'rule' ? [] : (rules.tagsBySlo.get(subject.sloId) ?? []);
  return {
    silencedBy: silenceOf(rules.silences, { appId, severity, subject, tags }, atMs)?.id ?? null,
    isRouted: routed.receiverIds.length > 0 || routed.policyIds.length > 0,
    routed,
  };
}
