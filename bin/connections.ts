/** How many database connections our processes may open, and how they share what a plan allows. */
import type { Config } from './env.ts';

/** Connections by purpose, as the settings name them. */
export type ConnectionSettings = Pick<Config, 'ingestConnections' | 'apiConnections' | 'workerConnections'>;

export interface ConnectionPlan extends ConnectionSettings {
  /** Web processes: fewer than were wanted where there is not room for all. */
  processes: number;
  /** All of them together, at most. */
  total: number;
  /** Something had to be made smaller. */
  isFitted: boolean;
}

/** Kept for a release phase and for a command at the same time. */
export const SPARE_CONNECTIONS = 2;
/** A frame is committed on one and rolled up on two more: a roll-up and a look for writers that died. */
const COMMIT_CONNECTIONS = 1;
const ROLL_UP_CONNECTIONS_MIN = 2;
const WORKER_CONNECTIONS_MIN = 2;

/** What a web process opens at most; `hasLoops`: it runs the background loops too. */
export function countConnections(settings: ConnectionSettings, hasLoops: boolean): number {
  const ingest = COMMIT_CONNECTIONS + Math.max(ROLL_UP_CONNECTIONS_MIN, settings.ingestConnections - 1);
  const loops = hasLoops ? Math.max(WORKER_CONNECTIONS_MIN, settings.workerConnections) : 0;
  return ingest + settings.apiConnections + loops;
}

/** The least that works: each step takes one away where it is missed least. null when nothing is left to take. */
function makeSmaller(settings: ConnectionSettings): ConnectionSettings | null {
  const { ingestConnections: ingest, apiConnections: api, workerConnections: worker } = settings;
  if (api > 2) return { ...settings, apiConnections: api - 1 };
  if (worker > WORKER_CONNECTIONS_MIN) return { ...settings, workerConnections: worker - 1 };
  if (ingest > COMMIT_CONNECTIONS + ROLL_UP_CONNECTIONS_MIN)
    return { ...settings, ingestConnections: ingest - 1 };
  if (api > 1) return { ...settings, apiConnections: api - 1 };
  return null;
}

/**
 * Shares the connections that the database allows among `processes` web processes, of which one runs the loops
 * when `hasLoops`: first smaller pools, then fewer processes. `limit` null: not known, everything as wanted.
 * null when not even one process fits.
 */
export function planConnections(
  wanted: ConnectionSettings & { processes: number },
  { limit, hasLoops }: { limit: number | null; hasLoops: boolean },
): ConnectionPlan | null {
  const { processes: wantedProcesses, ...wantedSettings } = wanted;
  for (let processes = wantedProcesses; processes > 0; processes--) {
    let settings: ConnectionSettings | null = wantedSettings;
    for (; settings !== null; settings = makeSmaller(settings)) {
      const total = processes * countConnections(settings, false) + loopsOf(settings, hasLoops);
      if (limit !== null && total > limit - SPARE_CONNECTIONS) continue;
      const isFitted = settings !== wantedSettings || processes < wantedProcesses;
      return { ...settings, processes, total, isFitted };
    }
  }
  return null;
}

function loopsOf(settings: ConnectionSettings, hasLoops: boolean): number {
  return countConnections(settings, hasLoops) - countConnections(settings, false);
}
