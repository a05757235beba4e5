/** Fire drills: an incident on purpose, through the real rule, routes and receivers, deleted afterwards. */
import type { DrillEnd, DrillState, DrillStep } from '../../model/fire-drill.ts';
import type { Severity } from '../../model/slo.ts';

export interface FireDrill {
  id: string;
  state: DrillState;
  severity: Severity;
  author: string;
  startedAtMs: number;
  /** It ends by itself then. */
  endsAtMs: number;
  endReason: DrillEnd | null;
  /** While it is there; afterwards nothing is found at its address. */
  incidentId: string | null;
  incidentNumber: number | null;
  steps: DrillStep[];
}

/** GET /api/v1/apps/:app/fire-drill */
export interface FireDrillAnswer {
  nowMs: number;
  /** The one under way, else the last one; null when there was none. */
  drill: FireDrill | null;
  /** Why none can be started now, in words; empty when one can. */
  obstacle: string;
  /** Names of receivers that are told of something of this app and severity; whoever escalations add comes later. */
  willTell: Record<Severity, string[]>;
}

/** POST /api/v1/apps/:app/fire-drill → FireDrillAnswer ; DELETE ends the one under way → FireDrillAnswer */
export interface FireDrillRequest {
  severity?: Severity | undefined;
  /** Ends by itself after so long, 2 to 60. */
  minutes?: number | undefined;
}
