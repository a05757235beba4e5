/** How objectives stand by their newest evaluation (tables slo_states, incidents). */
import type { AlertMemory } from '../../model/alert.ts';
import type { Queryable } from '../pool.ts';

export interface SloStanding {
  /** The evaluation to be made next: everything before it has been judged. */
  nextMinute: number;
  /** By number of the tier. */
  tiers: AlertMemory[];
  /** The open incident of its burn; null when there is none. */
  incidentId: string | null;
}

/** By objective; those that were never evaluated have no tiers. */
export async function readStandings(
  db: Queryable,
  sloIds: readonly number[],
): Promise<Map<number, SloStanding>> {
  const { rows } = await db.query<{
    slo_id: number;
    next_minute: number;
    tiers: AlertMemory[];
    incident_id: string | null;
  }>(
    `SELECT s.slo_id, s.next_minute, s.tiers, i.id AS incident_id
     FROM slo_states s LEFT JOIN incidents i ON i.subject = 'slo:' || s.slo_id AND i.state <> 'resolved'
     WHERE s.slo_id = ANY ($1::int[])`,
    [sloIds],
  );
  return new Map(
    rows.map((row) => [
      row.slo_id,
      { nextMinute: row.next_minute, tiers: row.tiers, incidentId: row.incident_id },
    ]),
  );
}
