/** How much is told of one incident: when coming and going is called flapping, and an end is held back. Pure. */
import { FLAPPING_WITHIN_MS, type Incident, type IncidentEventKind } from './incident.ts';
import type { Wanted } from './tell.ts';
import { HOUR, MINUTE } from './time.ts';

export const FLAPPING_REOPENED = 3;
/** No change for so long ends flapping. */
export const FLAPPING_QUIET_MS = HOUR;
/**
 * Messages of one incident in an hour. The last but one says that it flaps; the last is kept for when it
 * becomes a page, which it does once: while it flaps nobody is told that it got better.
 */
export const TOLD_MAX_AN_HOUR = 6;
/** What came back once has to stay away so long before its end is told. */
export const END_HELD_BACK_MS = 10 * MINUTE;
/** While flapping, threads are brought up to date this often at most. */
const QUIET_UPDATE_EVERY_MS = 20 * MINUTE;

/** Whether what happened is told as flapping, and from then on not one by one. */
export function beginsToFlap(
  incident: Incident,
  happened: readonly IncidentEventKind[],
  wanted: Wanted | null,
  nowMs: number,
): boolean {
  if (wanted?.kind === 'resolve' && wanted.why !== 'recovered') return false;
  const lastMs = incident.reopenedAtMs.at(-1) ?? 0;
  const recent = incident.reopenedAtMs.filter((atMs) => lastMs - atMs <= FLAPPING_WITHIN_MS);
  if (happened.includes('reopened') && recent.length >= FLAPPING_REOPENED) return true;
  return wanted !== null && toldInHour(incident, nowMs) >= TOLD_MAX_AN_HOUR - 2;
}

/** Whether threads may be brought up to date while it flaps. */
export function mayUpdate(incident: Incident, nowMs: number): boolean {
  const lastMs = incident.toldAtMs.at(-1) ?? 0;
  return nowMs - lastMs >= QUIET_UPDATE_EVERY_MS && toldInHour(incident, nowMs) < TOLD_MAX_AN_HOUR - 1;
}

function toldInHour({ toldAtMs }: Incident, nowMs: number): number {
  return toldAtMs.filter((atMs) => nowMs - atMs < HOUR).length;
}

/** Whether a recovery has yet to last before it is told. */
export function endIsHeldBack({ reopenedAtMs, resolved, changedAtMs }: Incident, nowMs: number): boolean {
  if (reopenedAtMs.length === 0 || resolved === null || resolved.by !== null) return false;
  return resolved.reason === 'recovered' && nowMs < changedAtMs + END_HELD_BACK_MS;
}
