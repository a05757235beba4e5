/** The step of a round that brings fire drills on: what became of each is noted, ended when it is time, then deleted. */
import { type DrillFacts, nextMove } from '../model/fire-drill.ts';
import { killPoint } from '../model/kill-point.ts';
import { DAY } from '../model/time.ts';
import {
  cleanFireDrill,
  endFireDrill,
  type FireDrillRow,
  lockFireDrills,
  noteDrillSight,
  readDrillSight,
  trimFireDrills,
} from '../store/fire-drills.ts';
import { type Client, type Pool, withTransaction } from '../store/pool.ts';

/** One an app at most; a few are under way at any time. */
const BATCH = 50;
/** A frozen process lets go of the drills it holds (K-15). */
const IDLE_LIMIT_MS = 10_000;
/** How it went is kept as long as what people did. */
const KEPT_MS = 366 * DAY;

/**
 * Brings on what is under way; gives how many. Everything is in tables: a process that dies in the middle leaves the
 * drill as it was, and the next round of any process goes on with it.
 */
export async function followFireDrills(pool: Pool, nowMs: number): Promise<number> {
  const followed = await withTransaction(
    pool,
    async (client) => {
      const drills = await lockFireDrills(client, BATCH);
      for (const drill of drills) await follow(client, drill, nowMs);
      killPoint('drill.before');
      return drills.length;
    },
    { idleLimitMs: IDLE_LIMIT_MS },
  );
  if (followed > 0) await trimFireDrills(pool, nowMs - KEPT_MS);
  return followed;
}

async function follow(client: Client, drill: FireDrillRow, nowMs: number): Promise<void> {
  const sight = await readDrillSight(client, drill.ruleId);
  const facts = withKnown(drill.facts, sight.facts, nowMs);
  await noteDrillSight(client, drill.id, { incidentId: sight.incidentId ?? drill.incidentId, facts });
  const move = nextMove({ ...drill, ...sight, facts }, nowMs);
  if (move.do === 'end') await endFireDrill(client, drill, move.why, nowMs);
  if (move.do === 'clean') await cleanFireDrill(client, drill, nowMs);
}

/**
 * What was seen once stays. Incidents have the minute that decided as their time, which may lie before the drill's own
 * start: people are told when it was seen, seconds later.
 */
function withKnown(known: DrillFacts, seen: DrillFacts, nowMs: number): DrillFacts {
  const isAcknowledged = seen.acknowledgedAtMs !== null;
  return {
    ...seen,
    incidentNumber: seen.incidentNumber ?? known.incidentNumber,
    openedAtMs: known.openedAtMs ?? (seen.openedAtMs === null ? null : nowMs),
    acknowledgedAtMs: isAcknowledged ? seen.acknowledgedAtMs : known.acknowledgedAtMs,
    acknowledgedBy: isAcknowledged ? seen.acknowledgedBy : known.acknowledgedBy,
    resolvedAtMs: known.resolvedAtMs ?? (seen.resolvedAtMs === null ? null : nowMs),
  };
}
