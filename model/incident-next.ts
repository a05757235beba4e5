/** When time alone may change what is told of an incident. Pure. */
import { type Incident, isOpen } from './incident.ts';
import { END_HELD_BACK_MS, FLAPPING_QUIET_MS } from './incident-flapping.ts';
import type { Severity } from './slo.ts';
import { HOUR, MINUTE } from './time.ts';

/** What waits for the end of a silence, or for a route, is looked at this often. */
const LOOK_AGAIN_MS = MINUTE;
export const REMIND_AFTER_MS: Record<Severity, number | null> = {
  page: 4 * HOUR,
  ticket: 24 * HOUR,
  info: null,
};

/** Acknowledged before receivers heard of it: then they need not. */
export function isKnownToPeople({ state, toldSeverity }: Incident): boolean {
  return state === 'acknowledged' && toldSeverity === null;
}

/** The incident with the instant at which time alone may change something; null: never. */
export function planNext(incident: Incident, nowMs: number): Incident {
  const { snoozed, flappingSinceMs, changedAtMs, toldSeverity } = incident;
  const isOther = isOpen(incident) && incident.severity !== toldSeverity && !isKnownToPeople(incident);
  const isUntold = isOther && (flappingSinceMs === null || toldSeverity === null);
  const isEndUntold = !isOpen(incident) && toldSeverity !== null;
  const candidates: (number | null)[] = [
    // What a person put off is left alone until then, whatever else is due.
    snoozed === null && isUntold ? nowMs + LOOK_AGAIN_MS : null,
    snoozed?.untilMs ?? null,
    flappingSinceMs === null ? null : changedAtMs + FLAPPING_QUIET_MS,
    isEndUntold && flappingSinceMs === null ? changedAtMs + END_HELD_BACK_MS : null,
    snoozed === null ? reminderAt(incident) : null,
  ];
  const due = candidates.filter((atMs) => atMs !== null);
  const firstMs = Math.min(...due);
  // What is overdue and still kept back is not looked at without a pause.
  const nextAtMs = due.length === 0 ? null : firstMs > nowMs ? firstMs : nowMs + LOOK_AGAIN_MS;
  return nextAtMs === incident.nextAtMs ? incident : { ...incident, nextAtMs };
}

/** When it is told again because nobody acknowledged it; null: never. */
export function reminderAt({ state, toldSeverity, severity, toldAtMs }: Incident): number | null {
  const afterMs = REMIND_AFTER_MS[severity];
  const lastMs = toldAtMs.at(-1);
  if (state !== 'open' || toldSeverity === null || afterMs === null || lastMs === undefined) return null;
  return lastMs + afterMs;
}
