/** Scripted trouble, as data. Times are ms since the epoch. */

interface Scripted {
  app: string;
  atMs: number;
}

/** Service times climb, two dynos answer H12, the database's connections wait. */
export interface SlowDatabase extends Scripted {
  kind: 'slowDatabase';
  minutes: number;
}
/** A dyno grows past its quota (R14) until the platform kills it (R15) after `minutes`. */
export interface MemoryLeak extends Scripted {
  kind: 'memoryLeak';
  dyno: string;
  minutes: number;
}
/** A release that fails `errorRatio` of its requests and slows the rest, then is rolled back. */
export interface BadDeploy extends Scripted {
  kind: 'badDeploy';
  errorRatio: number;
  slowdown: number;
  rollbackAfterMinutes: number;
}
/** A dyno exits and fails to come back `crashes` times; the only web dyno's visitors see H10. */
export interface CrashLoop extends Scripted {
  kind: 'crashLoop';
  dyno: string;
  crashes: number;
  /** The boot runs into R10 instead of exiting at once. */
  bootTimeout?: boolean;
}
/** Maintenance mode: every request is H80. */
export interface Maintenance extends Scripted {
  kind: 'maintenance';
  minutes: number;
}
/** The log pipeline overflows: this share of the lines of some seconds is dropped and reported by L10. */
export interface LogDrop extends Scripted {
  kind: 'logDrop';
  seconds: number;
  share: number;
}
/** An ordinary deploy or change of a config var at a given time. */
export interface PlannedRelease extends Scripted {
  kind: 'release';
  reason: 'deploy' | 'config';
}

export type Incident =
  | SlowDatabase
  | MemoryLeak
  | BadDeploy
  | CrashLoop
  | Maintenance
  | LogDrop
  | PlannedRelease;

const MINUTE = 60_000;

/**
 * How bad the database is at an instant, 0–1: climbs over the first quarter, holds, eases over the last
 * sixth of the incident.
 */
export function databaseTrouble(incidents: readonly Incident[], timeMs: number): number {
  let worst = 0;
  for (const incident of incidents) {
    if (incident.kind !== 'slowDatabase') continue;
    const share = (timeMs - incident.atMs) / (incident.minutes * MINUTE);
    if (share <= 0 || share >= 1) continue;
    worst = Math.max(worst, Math.min(1, share * 4, (1 - share) * 6));
  }
  return worst;
}

/** Whether the app is in maintenance mode. */
export function inMaintenance(incidents: readonly Incident[], timeMs: number): boolean {
  return incidents.some(
    (incident) =>
      incident.kind === 'maintenance' &&
      timeMs >= incident.atMs &&
      timeMs < incident.atMs + incident.minutes * MINUTE,
  );
}

/** Share of the lines of an instant that the pipeline drops, 0–1. */
export function droppedShare(incidents: readonly Incident[], timeMs: number): number {
  const drop = incidents.find(
    (incident) =>
      incident.kind === 'logDrop' &&
      timeMs >= incident.atMs &&
      timeMs < incident.atMs + incident.seconds * 1000,
  );
  return drop?.kind === 'logDrop' ? drop.share : 0;
}
